//! Rust source as the rules see it: code without comments and literals, the part that only tests compile, functions.

use std::collections::BTreeSet;
use std::ops::Range;

/// One file of the tree, by its path from the top with forward slashes.
pub(crate) struct SourceFile {
    pub(crate) path: String,
    /// The lines as they are.
    pub(crate) lines: Vec<String>,
    /// The lines with comments and the insides of literals blanked out; one for each of `lines`.
    pub(crate) code: Vec<String>,
    /// Which of the lines only tests compile.
    test_lines: Vec<bool>,
}

/// A function with a body: where it stands, from its first attribute to its closing brace.
pub(crate) struct Function {
    pub(crate) name: String,
    /// Attributes and signature too; indexes into the file's lines.
    pub(crate) lines: Range<usize>,
    /// From `fn` up to the body's brace, on one line.
    pub(crate) signature: String,
    pub(crate) is_public: bool,
}

impl SourceFile {
    pub(crate) fn new(path: &str, text: &str) -> Self {
        let lines: Vec<String> = text.lines().map(str::to_owned).collect();
        let mut code: Vec<String> = blank_comments_and_literals(text).lines().map(str::to_owned).collect();
        code.resize(lines.len(), String::new());
        let test_lines = mark_test_lines(&code);
        Self { path: path.to_owned(), lines, code, test_lines }
    }

    /// The whole file belongs to tests: its parent declares it under `#[cfg(test)]`.
    pub(crate) fn all_for_tests(mut self) -> Self {
        self.test_lines.fill(true);
        self
    }

    /// Line numbers (from 1) and code of the lines that a build without tests compiles.
    pub(crate) fn shipped(&self) -> impl Iterator<Item = (usize, &str)> {
        self.code
            .iter()
            .zip(&self.test_lines)
            .enumerate()
            .filter(|(_, (_, test))| !**test)
            .map(|(index, (line, _))| (index + 1, line.as_str()))
    }

    /// Lines of shipped code that are not blank and not comment alone.
    pub(crate) fn code_lines(&self) -> usize {
        self.shipped().filter(|(_, line)| !line.trim().is_empty()).count()
    }

    /// The modules that this file declares under `#[cfg(test)]` in files of their own.
    pub(crate) fn test_modules(&self) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        for pair in self.code.windows(2) {
            if is_cfg_test(&pair[0])
                && let Some(name) =
                    pair[1].trim().strip_suffix(';').and_then(|line| line.rsplit("mod ").next())
            {
                found.insert(name.to_owned());
            }
        }
        found
    }

    /// The functions with a body in shipped code.
    pub(crate) fn functions(&self) -> Vec<Function> {
        (0..self.code.len())
            .filter(|&line| !self.test_lines[line])
            .filter_map(|line| self.function_at(line))
            .collect()
    }

    fn function_at(&self, line: usize) -> Option<Function> {
        let head = &self.code[line];
        let at = find_word(head, "fn")?;
        let name: String =
            head[at + 2..].trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        if name.is_empty() {
            return None; // a function pointer's type
        }
        let rest: Vec<&str> =
            std::iter::once(&head[at..]).chain(self.code[line + 1..].iter().map(String::as_str)).collect();
        let (signature, end) = split_function(&rest)?;
        let mut start = line;
        while start > 0 && !self.code[start - 1].trim().is_empty() && !ends_item(&self.code[start - 1]) {
            start -= 1;
        }
        let is_public = head[..at].trim_start().starts_with("pub ");
        Some(Function { name, lines: start..line + end, signature, is_public })
    }
}

/// A line after which a new item or statement begins, so that attributes further down belong to the next one.
fn ends_item(line: &str) -> bool {
    line.trim_end().ends_with(['}', ';', '{', ','])
}

fn is_cfg_test(line: &str) -> bool {
    line.trim_start().starts_with("#[cfg(test)]") || line.trim_start().starts_with("#[cfg(all(test")
}

/// The signature on one line, and how many lines it takes to the brace that closes the body; `None` without a body.
fn split_function(lines: &[&str]) -> Option<(String, usize)> {
    let mut signature = String::new();
    let (mut parentheses, mut braces, mut in_body) = (0_i32, 0_i32, false);
    for (index, line) in lines.iter().enumerate() {
        for c in line.chars() {
            match c {
                '(' | '[' => parentheses += 1,
                ')' | ']' => parentheses -= 1,
                ';' if !in_body && parentheses == 0 => return None,
                '{' => {
                    in_body = true;
                    braces += 1;
                }
                '}' => braces -= 1,
                _ => {}
            }
            if in_body && braces == 0 {
                return Some((signature, index + 1));
            }
            if !in_body {
                signature.push(c);
            }
        }
        signature.push(' ');
    }
    None
}

fn mark_test_lines(code: &[String]) -> Vec<bool> {
    let mut marks = vec![false; code.len()];
    let mut line = 0;
    while line < code.len() {
        if is_cfg_test(&code[line]) {
            let rest: Vec<&str> = code[line + 1..].iter().map(String::as_str).collect();
            let length = split_function(&rest).map_or(1, |(_, lines)| lines);
            marks[line..=line + length].fill(true);
            line += length;
        }
        line += 1;
    }
    marks
}

/// Where `word` stands alone, not as part of a longer name.
pub(crate) fn find_word(line: &str, word: &str) -> Option<usize> {
    let is_name = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word)
        .map(|(at, _)| at)
        .find(|&at| !line[..at].ends_with(is_name) && !line[at + word.len()..].starts_with(is_name))
}

/// The text with every comment and the inside of every string and character literal turned into blanks.
fn blank_comments_and_literals(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let opaque = opaque_length(rest, out.chars().next_back());
        if opaque == 0 {
            out.push(c);
            rest = &rest[c.len_utf8()..];
        } else {
            out.extend(rest[..opaque].chars().map(|c| if c == '\n' { '\n' } else { ' ' }));
            rest = &rest[opaque..];
        }
    }
    out
}

/// How many bytes of a comment or literal `rest` begins with; 0 where it begins with code.
fn opaque_length(rest: &str, before: Option<char>) -> usize {
    let to = |end: &str, from: usize| rest[from..].find(end).map_or(rest.len(), |at| from + at + end.len());
    if rest.starts_with("//") {
        return rest.find('\n').unwrap_or(rest.len());
    }
    if rest.starts_with("/*") {
        return to("*/", 2);
    }
    if rest.starts_with('"') {
        return escaped_length(rest, '"');
    }
    let is_raw = rest.starts_with("r\"") || rest.starts_with("r#");
    if is_raw && !before.is_some_and(|c| c.is_alphanumeric() && c != 'b' || c == '_') {
        let hashes = rest[1..].chars().take_while(|c| *c == '#').count();
        if rest[1 + hashes..].starts_with('"') {
            return to(&format!("\"{}", "#".repeat(hashes)), hashes + 2);
        }
    }
    // A character literal, and not a lifetime: it closes after one character or an escape.
    let mut characters = rest.chars();
    match (characters.next(), characters.next(), characters.next()) {
        (Some('\''), Some('\\'), _) => escaped_length(rest, '\''),
        (Some('\''), Some(c), Some('\'')) => c.len_utf8() + 2,
        _ => 0,
    }
}

/// The length of a literal that `quote` opens and closes, with backslash escapes in it.
fn escaped_length(rest: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

#[test]
fn comments_and_literals_are_not_code() {
    let code = blank_comments_and_literals(
        "a(\"panic!\"); // panic!\n/* panic!\n */ b('\"'); c(r#\"panic!\"#) 'x: d",
    );
    assert!(!code.contains("panic!"), "{code}");
    assert_eq!(code.lines().count(), 3);
    for name in ["a(", "b(", "c(", "'x: d"] {
        assert!(code.contains(name), "{name} is lost in {code}");
    }
}

#[test]
fn test_modules_are_told_from_shipped_code() {
    let file = SourceFile::new(
        "src/x.rs",
        "fn a() {\n}\n#[cfg(test)]\nmod tests {\n    fn b() {\n    }\n}\nfn c() {}\n",
    );
    let names: Vec<String> = file.functions().into_iter().map(|function| function.name).collect();
    assert_eq!(names, ["a", "c"]);
    assert_eq!(file.code_lines(), 3);
    let parent =
        SourceFile::new("src/x/mod.rs", "#[cfg(test)]\nmod tests;\n#[cfg(test)]\npub(crate) mod samples;\n");
    assert_eq!(parent.test_modules().into_iter().collect::<Vec<_>>(), ["samples", "tests"]);
}

#[test]
fn a_function_spans_its_attributes_and_its_body() {
    let text = "use a;\n\n#[inline]\npub fn f(\n    x: bool,\n) -> u8 {\n    if x { 1 } else { 2 }\n}\n";
    let function = SourceFile::new("src/x.rs", text).functions().remove(0);
    assert_eq!((function.name.as_str(), function.lines, function.is_public), ("f", 2..8, true));
    assert!(function.signature.contains("x: bool"));
}
