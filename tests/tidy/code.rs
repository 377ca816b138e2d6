//! The rules on Rust code. Each returns its complaints, so that each can be shown to fail on made-up code.

use crate::source::{Function, SourceFile, find_word};

/// The layers, lowest first. A module uses modules of the layers before its own, and itself.
const LAYERS: [&[&str]; 10] = [
    &["time"],
    &["crypto"],
    &["licence"],
    &["codec", "access"],
    &["pki", "status", "ledger", "sdjwt"],
    &["verify", "issue"],
    &["store", "render", "pack"],
    &["registry"],
    &["config"],
    &["http", "cli"],
];

/// Uses against the arrows: file (or folder), module used, why.
const LAYER_EXCEPTIONS: [(&str, &str, &str); 2] = [
    ("src/cli/serve", "http", "the command that runs the service"),
    ("src/cli/demo", "http", "the command that makes a demonstration and runs the service on it"),
];

/// Code lines in a file, tests not counted.
const MAX_FILE: usize = 400;
/// Code lines in a function, with its signature.
const MAX_FUNCTION: usize = 60;
/// Parameters of a function besides `self`.
const MAX_PARAMETERS: usize = 5;

/// Files over [`MAX_FILE`], each with the reason.
const LONG_FILES: [(&str, &str); 0] = [];
/// Functions over [`MAX_FUNCTION`], as `file::function`, each with the reason.
const LONG_FUNCTIONS: [(&str, &str); 0] = [];
/// Functions over [`MAX_PARAMETERS`], as `file::function`, each with the reason.
const MANY_PARAMETERS: [(&str, &str); 0] = [];
/// Public functions with a boolean parameter, as `file::function`, each with the reason.
const BOOLEAN_PARAMETERS: [(&str, &str); 0] = [];
/// Files that read a clock or the environment or write logs below the top layers, each with the reason.
const AMBIENT_FILES: [(&str, &str); 0] = [];

/// Where clock, environment, output and logs belong.
const AMBIENT_MODULES: [&str; 4] = ["config", "http", "cli", "main"];

const AMBIENT: [&str; 12] = [
    "SystemTime::now",
    "Instant::now",
    "Timestamp::now",
    "Zoned::now",
    "std::env",
    "env::var",
    "tracing::",
    "println!",
    "eprintln!",
    "print!",
    "eprint!",
    "dbg!",
];

fn excepted(table: &[(&str, &str)], name: &str) -> bool {
    table.iter().any(|(excepted, _)| *excepted == name)
}

fn excepted_function(table: &[(&str, &str)], file: &SourceFile, function: &Function) -> bool {
    excepted(table, &format!("{}::{}", file.path, function.name))
}

/// The top-level module a file belongs to: `src/store/sled.rs` to `store`.
fn module_of(path: &str) -> Option<&str> {
    path.strip_prefix("src/")?.split('/').next().map(|first| first.strip_suffix(".rs").unwrap_or(first))
}

fn layer_of(module: &str) -> Option<usize> {
    LAYERS.iter().position(|layer| layer.contains(&module))
}

/// The arrows: no module uses one of its own or a higher layer.
pub(crate) fn layers(file: &SourceFile) -> Vec<String> {
    let Some(user) = module_of(&file.path).filter(|module| !matches!(*module, "lib" | "main")) else {
        return Vec::new();
    };
    let Some(own_layer) = layer_of(user) else {
        return vec![format!("{}: the module {user} has no layer in tests/tidy/code.rs", file.path)];
    };
    let mut complaints = Vec::new();
    for (line, used) in used_modules(file) {
        if used == "super" {
            complaints.push(format!("{}:{line}: write crate:: in place of super::super::", file.path));
        } else if let Some(layer) = layer_of(&used)
            && used != user
            && layer >= own_layer
            && !LAYER_EXCEPTIONS
                .iter()
                .any(|(path, module, _)| file.path.starts_with(path) && used == *module)
        {
            complaints.push(format!("{}:{line}: {user} uses {used}, which is not below it", file.path));
        }
    }
    complaints
}

/// Every module of this crate that shipped code names, with the line: `crate::a::b` and `crate::{a::b, c}` alike.
fn used_modules(file: &SourceFile) -> Vec<(usize, String)> {
    let lines: Vec<(usize, &str)> = file.shipped().collect();
    let mut found = Vec::new();
    for (index, (line, code)) in lines.iter().enumerate() {
        if code.contains("super::super::") {
            found.push((*line, "super".to_owned()));
        }
        for (at, path) in code.match_indices("crate::") {
            let rest = &code[at + path.len()..];
            if code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == '$') {
                continue;
            }
            if rest.starts_with('{') {
                let following = lines[index + 1..].iter().map(|(_, code)| *code);
                let group: String = std::iter::once(rest).chain(following).collect::<Vec<_>>().join(" ");
                found.extend(names_in_group(&group).into_iter().map(|name| (*line, name)));
            } else {
                found.push((*line, leading_name(rest)));
            }
        }
    }
    found
}

fn leading_name(path: &str) -> String {
    path.trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

/// The first names in `{a::b, c::{d, e}}`: a and c.
fn names_in_group(group: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut depth = 0;
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if depth == 1 && matches!(c, '{' | ',') {
            names.push(leading_name(&group[at + 1..]));
        }
        if depth == 0 {
            break;
        }
    }
    names
}

/// Files stay short enough to be read in one go.
pub(crate) fn file_length(file: &SourceFile) -> Vec<String> {
    let lines = file.code_lines();
    if lines <= MAX_FILE || excepted(&LONG_FILES, &file.path) {
        return Vec::new();
    }
    vec![format!("{}: {lines} lines of code, more than {MAX_FILE}", file.path)]
}

/// Functions stay short, take few things, and a public one takes no unnamed yes or no.
pub(crate) fn function_shape(file: &SourceFile) -> Vec<String> {
    let mut complaints = Vec::new();
    for function in file.functions() {
        let place = format!("{}:{}: {}", file.path, function.lines.start + 1, function.name);
        let length = file.code[function.lines.clone()].iter().filter(|line| !line.trim().is_empty()).count();
        if length > MAX_FUNCTION && !excepted_function(&LONG_FUNCTIONS, file, &function) {
            complaints.push(format!("{place} has {length} lines, more than {MAX_FUNCTION}"));
        }
        let parameters = parameters(&function.signature);
        if parameters.len() > MAX_PARAMETERS && !excepted_function(&MANY_PARAMETERS, file, &function) {
            complaints
                .push(format!("{place} has {} parameters, more than {MAX_PARAMETERS}", parameters.len()));
        }
        if function.is_public
            && parameters.iter().any(|parameter| parameter.trim_end().ends_with(": bool"))
            && !excepted_function(&BOOLEAN_PARAMETERS, file, &function)
        {
            complaints.push(format!("{place} is public and takes a bool; an enum says what it means"));
        }
    }
    complaints
}

/// The parameters of `fn name<…>(…) -> …` besides `self`.
fn parameters(signature: &str) -> Vec<String> {
    let mut depth = 0;
    let mut all = vec![String::new()];
    let mut started = false;
    let mut previous = ' ';
    for c in signature.chars() {
        match c {
            '(' if !started && depth == 0 => {
                started = true;
                previous = c;
                continue;
            }
            ')' if started && depth == 0 => break,
            '(' | '[' | '<' => depth += 1,
            '>' if previous == '-' => {}
            ')' | ']' | '>' => depth -= 1,
            ',' if started && depth == 0 => all.push(String::new()),
            _ => {}
        }
        previous = c;
        if started
            && !(c == ',' && depth == 0)
            && let Some(last) = all.last_mut()
        {
            last.push(c);
        }
    }
    all.retain(|parameter| !parameter.trim().is_empty() && find_word(parameter, "self").is_none());
    all
}

/// What may panic says why it does not.
///
/// An `expect` is the standard library's when a message follows, which here is blanked out; parsers have one of their own.
pub(crate) fn panics_with_reason(file: &SourceFile) -> Vec<String> {
    const PANICS: [&str; 8] = [
        ".unwrap()",
        ".unwrap_err()",
        ".expect( ",
        ".expect(&format!",
        "panic!",
        "unreachable!",
        "todo!",
        "unimplemented!",
    ];
    let functions = file.functions();
    let whole_file = file.lines.iter().any(|line| line.starts_with("#![expect(") && line.contains("reason"));
    file.shipped()
        .filter(|(_, code)| PANICS.iter().any(|panic| code.contains(panic)))
        .filter(|(line, _)| {
            let around = functions.iter().find(|function| function.lines.contains(&(line - 1)));
            let reasoned = around.is_some_and(|function| {
                file.lines[function.lines.clone()].iter().any(|line| line.contains("reason = "))
            });
            !reasoned && !whole_file && !file.lines[line - 1].contains("reason")
        })
        .map(|(line, _)| format!("{}:{line}: may panic and gives no reason", file.path))
        .collect()
}

/// The core is handed its time, settings and randomness, and says nothing on its own.
pub(crate) fn ambient(file: &SourceFile) -> Vec<String> {
    if module_of(&file.path).is_some_and(|module| AMBIENT_MODULES.contains(&module))
        || excepted(&AMBIENT_FILES, &file.path)
    {
        return Vec::new();
    }
    file.shipped()
        .filter_map(|(line, code)| AMBIENT.iter().find(|name| code.contains(*name)).map(|name| (line, name)))
        .map(|(line, name)| format!("{}:{line}: {name} below http, cli and config", file.path))
        .collect()
}

/// Every file opens by saying what it is.
pub(crate) fn module_doc(file: &SourceFile) -> Vec<String> {
    if file.shipped().next().is_none() && !file.lines.is_empty() {
        return Vec::new(); // a test module's file; its parent says what it tests
    }
    let first = file.lines.iter().find(|line| !line.trim().is_empty() && !line.starts_with("#!["));
    if first.is_some_and(|line| line.starts_with("//! ")) {
        return Vec::new();
    }
    vec![format!("{}: does not begin with what it is (//!)", file.path)]
}

/// Re-exports are spelt out, so that the map shows what is on it.
pub(crate) fn no_glob_re_exports(file: &SourceFile) -> Vec<String> {
    file.shipped()
        .filter(|(_, code)| {
            let code = code.trim_start();
            code.starts_with("pub") && find_word(code, "use").is_some() && code.contains("::*")
        })
        .map(|(line, _)| format!("{}:{line}: re-exports a whole module", file.path))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn assert_refused(rule: fn(&SourceFile) -> Vec<String>, path: &str, text: &str) {
        assert_eq!(
            rule(&SourceFile::new(path, text)).len(),
            1,
            "not exactly one complaint about {path}: {text}"
        );
    }

    #[track_caller]
    fn assert_allowed(rule: fn(&SourceFile) -> Vec<String>, path: &str, text: &str) {
        assert_eq!(rule(&SourceFile::new(path, text)), Vec::<String>::new(), "about {path}: {text}");
    }

    #[test]
    fn arrows_point_down_only() {
        assert_refused(layers, "src/codec/qr.rs", "use crate::store::Store;\n");
        assert_refused(
            layers,
            "src/codec/qr.rs",
            "use crate::{\n    crypto::Digest,\n    verify::{Verdict, Check},\n};\n",
        );
        assert_refused(layers, "src/pki/path.rs", "fn f() { crate::ledger::g() }\n");
        assert_refused(layers, "src/pki/deep/path.rs", "use super::super::codec::X;\n");
        assert_refused(layers, "src/surprise.rs", "");
        assert_refused(layers, "src/cli/verify.rs", "use crate::http::serve;\n");
        assert_allowed(layers, "src/cli/serve.rs", "use crate::http::serve;\n");
        assert_allowed(layers, "src/codec/qr.rs", "use crate::crypto::Digest;\nuse crate::codec::cbor;\n");
        assert_allowed(
            layers,
            "src/codec/qr.rs",
            "//! See [`crate::store`].\n#[cfg(test)]\nmod tests {\n    use crate::issue::f;\n}\n",
        );
    }

    #[test]
    fn long_files_and_functions_are_refused() {
        assert_refused(file_length, "src/a.rs", &"x();\n".repeat(MAX_FILE + 1));
        assert_allowed(file_length, "src/a.rs", &"x();\n\n// y\n".repeat(MAX_FILE));
        let body = |lines: usize| format!("fn f() {{\n{}}}\n", "    x();\n".repeat(lines));
        assert_refused(function_shape, "src/a.rs", &body(MAX_FUNCTION - 1));
        assert_allowed(function_shape, "src/a.rs", &body(MAX_FUNCTION - 2));
    }

    #[test]
    fn parameters_are_few_and_say_what_they_mean() {
        assert_refused(
            function_shape,
            "src/a.rs",
            "fn f(a: A, b: B<C, D>, c: &[u8], d: D, e: E, f: F) -> X {\n}\n",
        );
        assert_allowed(
            function_shape,
            "src/a.rs",
            "fn f(&self, a: A, b: fn(A) -> B, c: (C, D), d: D, e: E) {\n}\n",
        );
        assert_refused(function_shape, "src/a.rs", "pub fn f(&self, strict: bool) {\n}\n");
        assert_allowed(function_shape, "src/a.rs", "fn f(strict: bool) {\n}\n");
    }

    #[test]
    fn panics_need_a_reason() {
        for panic in ["x.unwrap()", "x.expect(\"y\")", "panic!(\"y\")", "unreachable!()", "todo!()"] {
            assert_refused(panics_with_reason, "src/a.rs", &format!("fn f() {{\n    {panic};\n}}\n"));
        }
        let reasoned = "#[expect(clippy::expect_used, reason = \"the length was checked\")]\nfn f() {\n    x.expect(\"y\");\n}\n";
        assert_allowed(panics_with_reason, "src/a.rs", reasoned);
        assert_allowed(
            panics_with_reason,
            "src/a.rs",
            "fn f(&mut self) {\n    self.expect(Major::Text);\n}\n",
        );
        assert_allowed(
            panics_with_reason,
            "src/a.rs",
            "#[cfg(test)]\nmod tests {\n    fn f() {\n        x.unwrap();\n    }\n}\n",
        );
    }

    #[test]
    fn the_core_has_no_clock_environment_or_log() {
        for name in AMBIENT {
            assert_refused(ambient, "src/store/group.rs", &format!("fn f() {{ {name} }}\n"));
            assert_allowed(ambient, "src/cli/serve.rs", &format!("fn f() {{ {name} }}\n"));
        }
    }

    #[test]
    fn files_introduce_themselves() {
        assert_refused(module_doc, "src/a.rs", "use b;\n//! Late.\n");
        assert_allowed(module_doc, "src/a.rs", "#![expect(x)]\n//! What it is.\n");
    }

    #[test]
    fn re_exports_are_named() {
        assert_refused(no_glob_re_exports, "src/a.rs", "pub use b::*;\n");
        assert_refused(no_glob_re_exports, "src/a.rs", "pub(crate) use b::c::*;\n");
        assert_allowed(no_glob_re_exports, "src/a.rs", "pub use b::{C, D};\n");
    }
}
