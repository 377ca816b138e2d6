//! The check character of GB/T 17710-2008: the hybrid system MOD 37,36 of ISO/IEC 7064.

/// The check character over `parts` as if they were one text. `None` where one of them holds anything but 0-9A-Z.
pub(super) fn check_character<'a>(parts: impl IntoIterator<Item = &'a str>) -> Option<char> {
    let mut product = 36;
    for part in parts {
        for byte in part.bytes() {
            // Both stay below twice their modulus, so a subtraction is the remainder; 0 counts as 36.
            let sum = product + value(byte)?;
            let sum = if sum > 36 { sum - 36 } else { sum };
            product = if 2 * sum < 37 { 2 * sum } else { 2 * sum - 37 };
        }
    }
    char::from_digit((37 - product) % 36, 36).map(|c| c.to_ascii_uppercase())
}

fn value(byte: u8) -> Option<u32> {
    match byte {
        b'0'..=b'9' => Some(u32::from(byte - b'0')),
        b'A'..=b'Z' => Some(u32::from(byte - b'A') + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vector_without_real_data() {
        let body = "11100000000013338W00211320482014138860P201807250201001";
        assert_eq!(check_character([body]), Some('M'));
        assert_eq!(check_character([&body[..21], &body[21..]]), Some('M'));
    }

    #[test]
    fn there_is_no_check_over_other_characters() {
        for wrong in ["a", "1.2", "证", " "] {
            assert_eq!(check_character([wrong]), None);
        }
        assert_eq!(check_character([]), Some('1'));
    }
}
