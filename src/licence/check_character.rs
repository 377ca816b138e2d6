//! The check character of GB/T 17710-2008: the hybrid system MOD 37,36 of ISO/IEC 7064.

/// The check character over `parts` as if they were one text. `None` where one of them holds anything but 0-9A-Z.
pub(super) fn check_character<'a>(parts: impl IntoIterator<Item = &'a str>) -> Option<char> {
    let mut product = 36;
    for character in parts.into_iter().flat_map(str::chars) {
        let sum = (product + value(character)?) % 36;
        product = 2 * (if sum == 0 { 36 } else { sum }) % 37;
    }
    char::from_digit((37 - product) % 36, 36).map(|c| c.to_ascii_uppercase())
}

fn value(character: char) -> Option<u32> {
    if character.is_ascii_lowercase() { None } else { character.to_digit(36) }
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
