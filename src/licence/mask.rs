//! Masking: what the QR form shows of a value that is nobody's business who merely sees the code.

/// Keeps the first and last character and puts `*` for each between; of two characters only the first is kept, and of
/// a single one none. The length stays, so that a window can still compare it with a paper.
pub fn mask(text: &str) -> String {
    let count = text.chars().count();
    let kept = |index: usize| match count {
        0 | 1 => false,
        2 => index == 0,
        _ => index == 0 || index + 1 == count,
    };
    text.chars().enumerate().map(|(index, character)| if kept(index) { character } else { '*' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_ends_are_shown() {
        assert_eq!(mask("11010519491231002X"), "1****************X");
        assert_eq!(mask("幸福路一号"), "幸***号");
        assert_eq!(mask("欧阳𠮷"), "欧*𠮷");
        assert_eq!(mask("张三"), "张*");
        assert_eq!(mask("张"), "*");
        assert_eq!(mask(""), "");
    }

    #[test]
    fn masking_twice_changes_nothing_more() {
        for text in ["11010519491231002X", "张三", "张", "abc"] {
            assert_eq!(mask(&mask(text)), mask(text));
        }
    }
}
