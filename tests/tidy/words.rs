//! The rules on words: what the documentation names exists, the two READMEs agree, nothing names where it was made.

use std::collections::BTreeSet;

/// What marks a task left undone; spelt in halves, so that this file obeys its own rule.
const UNDONE: [&str; 4] =
    [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X"), concat!("HA", "CK")];

/// Paths of a machine and hosts of registries: the tree is to build anywhere, from whatever mirror is set up there.
const PLACES: [&str; 14] = [
    concat!("/ro", "ot/"),
    concat!("/ho", "me/"),
    concat!("/wo", "rk/"),
    concat!("/U", "sers/"),
    concat!("/tm", "p/wt"),
    concat!("crates", ".io"),
    concat!("registry", ".npmjs"),
    concat!("npm", "mirror"),
    concat!("py", "pi.org"),
    concat!("python", "hosted"),
    concat!("deb.", "debian"),
    concat!("proxy.", "golang"),
    concat!("rs", "proxy"),
    concat!("mirrors", "."),
];

/// The lock file's fixed name for the default registry; every Rust project's has it.
const LOCK_FILE_SOURCE: &str = concat!("registry+https://github.com/rust-lang/crates", ".io-index");

/// Crates that must not come in, not even through another's defaults, each with the reason.
const UNWANTED_CRATES: [(&str, &str); 5] = [
    ("openssl-sys", "ring is the one cryptographic library, and the build needs no C toolchain beyond it"),
    ("aws-lc-sys", "ring is the one cryptographic library, and the build needs no C toolchain beyond it"),
    ("aws-lc-rs", "ring is the one cryptographic library, and the build needs no C toolchain beyond it"),
    ("rsa", "its timing leaks the private key, and no release mends it"),
    ("native-tls", "it brings the system's OpenSSL"),
];

/// The manifest pins what it asks for, and builds one thing only: no cargo features of our own.
pub(crate) fn manifest(text: &str) -> Vec<String> {
    let mut complaints = Vec::new();
    let mut section = "";
    for (number, line) in numbered(text) {
        if line.starts_with('[') {
            section = line;
            if line == "[features]" {
                complaints.push(format!("Cargo.toml:{number}: a feature makes two programs of one"));
            }
        } else if section.contains("dependencies")
            && line.contains('=')
            && !line.contains("\"=")
            && !line.starts_with('#')
        {
            complaints.push(format!("Cargo.toml:{number}: {line} is not pinned to one version"));
        }
    }
    complaints
}

/// What the build really takes in: one `ring`, and none of the unwanted.
pub(crate) fn lock_file(text: &str) -> Vec<String> {
    let names: Vec<&str> =
        text.lines().filter_map(|line| line.strip_prefix("name = \"")?.strip_suffix('"')).collect();
    let unwanted = UNWANTED_CRATES.iter().filter(|(name, _)| names.contains(name));
    let mut complaints: Vec<String> =
        unwanted.map(|(name, reason)| format!("Cargo.lock: {name}: {reason}")).collect();
    let rings = names.iter().filter(|name| **name == "ring").count();
    if rings != 1 {
        complaints.push(format!("Cargo.lock: {rings} versions of ring"));
    }
    complaints
}

/// Nothing is left for later without being on the list of issues.
pub(crate) fn nothing_undone(path: &str, text: &str) -> Vec<String> {
    numbered(text)
        .filter(|(_, line)| {
            UNDONE.iter().any(|mark| {
                line.match_indices(mark).any(|(at, _)| {
                    let is_letter = |c: char| c.is_ascii_alphanumeric() || c == '_';
                    !line[..at].ends_with(is_letter) && !line[at + mark.len()..].starts_with(is_letter)
                })
            })
        })
        .map(|(number, _)| format!("{path}:{number}: leaves something undone"))
        .collect()
}

/// Nothing tells where or through which registry it was made.
pub(crate) fn no_places(path: &str, text: &str) -> Vec<String> {
    let mut complaints = Vec::new();
    for (number, line) in numbered(text) {
        let line =
            if path.ends_with("Cargo.lock") { line.replace(LOCK_FILE_SOURCE, "") } else { line.to_owned() };
        if let Some(place) = PLACES.iter().find(|place| line.contains(**place)) {
            complaints.push(format!("{path}:{number}: names {place}"));
        }
    }
    complaints
}

fn numbered(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines().enumerate().map(|(index, line)| (index + 1, line))
}

/// One page, cut into what the rules look at.
pub(crate) struct Page {
    /// Levels of the headings, in order.
    pub(crate) headings: Vec<usize>,
    /// Inside of `…` in running text.
    pub(crate) spans: Vec<String>,
    /// Lines of fenced blocks, with the block's language.
    pub(crate) fenced: Vec<(String, String)>,
    /// Targets of links and pictures.
    pub(crate) links: Vec<String>,
}

impl Page {
    pub(crate) fn parse(text: &str) -> Self {
        let mut page =
            Self { headings: Vec::new(), spans: Vec::new(), fenced: Vec::new(), links: Vec::new() };
        let mut fence: Option<String> = None;
        let mut running = String::new();
        for line in text.lines() {
            if let Some(info) = line.trim_start().strip_prefix("```") {
                fence = if fence.is_some() { None } else { Some(info.trim().to_owned()) };
            } else if let Some(language) = &fence {
                page.fenced.push((language.clone(), line.to_owned()));
            } else {
                let level = line.chars().take_while(|c| *c == '#').count();
                if level > 0 && line[level..].starts_with(' ') {
                    page.headings.push(level);
                }
                running.push_str(line);
                running.push('\n');
            }
        }
        for (index, part) in running.split('`').enumerate() {
            if index % 2 == 1 {
                page.spans.push(part.replace('\n', " "));
            } else {
                let targets = part.split("](").skip(1).filter_map(|rest| rest.split(')').next());
                page.links.extend(targets.map(str::to_owned));
            }
        }
        page
    }

    /// What the page tells its reader to type: the lines of shell blocks, without comments and prompts.
    pub(crate) fn commands(&self) -> Vec<String> {
        self.fenced
            .iter()
            .filter(|(language, _)| matches!(language.as_str(), "sh" | "bash" | "shell" | "console"))
            .filter(|(language, line)| language != "console" || line.starts_with("$ "))
            .map(|(_, line)| line.strip_prefix("$ ").unwrap_or(line))
            .map(|line| line.split(" #").next().unwrap_or(line).trim().to_owned())
            .filter(|line| !line.is_empty() && !line.starts_with('#'))
            .collect()
    }

    /// Our own commands on the page, in blocks and in running text: the words after the binary's name.
    pub(crate) fn subcommands(&self) -> BTreeSet<Vec<String>> {
        let fenced = self.fenced.iter().map(|(_, line)| line.strip_prefix("$ ").unwrap_or(line).to_owned());
        fenced.chain(self.spans.iter().cloned()).filter_map(|line| arguments(&line)).collect()
    }

    /// Paths of the tree that running text and links name. `folder` is the page's own.
    pub(crate) fn paths(&self, folder: &str, top_level: &BTreeSet<String>) -> BTreeSet<String> {
        let in_spans = self.spans.iter().map(String::as_str).chain(self.commands_words());
        let named = in_spans.filter(|word| looks_like_path(word, top_level)).map(str::to_owned);
        let linked = self
            .links
            .iter()
            .filter(|link| !link.contains("://") && !link.starts_with('#') && !link.starts_with("mailto:"))
            .map(|link| normalise(folder, link.split('#').next().unwrap_or(link)));
        named.chain(linked).collect()
    }

    fn commands_words(&self) -> impl Iterator<Item = &str> {
        self.fenced
            .iter()
            .filter(|(language, _)| matches!(language.as_str(), "sh" | "bash" | "shell" | "console"))
            .flat_map(|(_, line)| line.split_whitespace())
    }
}

/// `elicense verify --trust FILE`, also behind `cargo run … --`, to `verify`, `--trust`: the commands and options.
fn arguments(line: &str) -> Option<Vec<String>> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let program =
        words.iter().position(|word| *word == "elicense" || word.ends_with("/elicense")).or_else(|| {
            words
                .starts_with(&["cargo", "run"])
                .then(|| words.iter().position(|word| *word == "--"))
                .flatten()
        })?;
    // In running text `elicense` inside a longer phrase is a name, not a call; a call begins the span.
    let begins = program == 0 || words.iter().take(program).any(|word| *word == "cargo" || *word == "|");
    let rest = &words[program + 1..];
    let command_words =
        rest.iter().take_while(|word| word.chars().all(|c| c.is_ascii_lowercase() || c == '-'));
    let mut wanted: Vec<String> =
        command_words.take_while(|word| !word.starts_with('-')).map(|word| (*word).to_owned()).collect();
    if !begins || wanted.is_empty() {
        return None;
    }
    let options = rest.iter().map(|word| word.trim_matches(|c| "[]()`,;".contains(c)));
    wanted.extend(
        options
            .filter(|word| word.starts_with("--") && word.len() > 2)
            .map(|word| word.split('=').next().unwrap_or(word).to_owned()),
    );
    Some(wanted)
}

/// Begins in a folder of the tree, or is one of the files at its top.
fn looks_like_path(word: &str, top_level: &BTreeSet<String>) -> bool {
    if word.contains(char::is_whitespace) || word.contains("::") || word.contains(['<', '>', '{', '…', '$'])
    {
        return false;
    }
    match word.strip_prefix("./").unwrap_or(word).split_once('/') {
        Some((first, _)) => top_level.contains(first),
        None => {
            word.ends_with(".md") || word.ends_with(".toml") || word.ends_with(".py") || word.ends_with(".sh")
        }
    }
}

/// A link's target from the top of the tree.
fn normalise(folder: &str, link: &str) -> String {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in link.split('/') {
        match part {
            "." | "" => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// A path that is named is there; `*` stands for any one name.
pub(crate) fn path_exists(path: &str, folder: &str, tracked: &BTreeSet<String>) -> bool {
    let wanted = path.strip_prefix("./").unwrap_or(path).trim_end_matches('/');
    [wanted.to_owned(), normalise(folder, wanted)].iter().any(|wanted| {
        let wanted: Vec<&str> = wanted.split('/').collect();
        tracked.iter().any(|file| {
            let parts: Vec<&str> = file.split('/').collect();
            parts.len() >= wanted.len()
                && wanted.iter().zip(&parts).all(|(wanted, part)| matches(wanted, part))
        })
    })
}

fn matches(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == name,
        Some((before, after)) => {
            name.len() >= before.len() + after.len() && name.starts_with(before) && name.ends_with(after)
        }
    }
}

/// What stands in the one README stands in the other: headings, commands, links.
pub(crate) fn readmes_agree(english: &str, chinese: &str) -> Vec<String> {
    let (english, chinese) = (Page::parse(english), Page::parse(chinese));
    let mut complaints = Vec::new();
    if english.headings != chinese.headings {
        complaints.push(format!("levels of headings: {:?} and {:?}", english.headings, chinese.headings));
    }
    let (ours, theirs) = (english.commands(), chinese.commands());
    if ours != theirs {
        complaints.push(format!("commands: {ours:?} and {theirs:?}"));
    }
    // Each links to the other, which is the one difference.
    let links = |page: &Page| -> BTreeSet<String> {
        page.links.iter().filter(|link| !link.starts_with("README")).cloned().collect()
    };
    if links(&english) != links(&chinese) {
        complaints.push(format!("links: {:?} and {:?}", links(&english), links(&chinese)));
    }
    complaints
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn undone_work_is_found() {
        for mark in UNDONE {
            assert_eq!(
                nothing_undone("a", &format!("x\n// {mark}: later\n")),
                ["a:2: leaves something undone"]
            );
        }
        assert!(nothing_undone("a", &format!("{}S, a{}", UNDONE[0], UNDONE[2])).is_empty());
    }

    #[test]
    fn a_loose_manifest_and_unwanted_crates_are_found() {
        assert!(manifest("[dependencies]\na = \"=1.0.0\"\nb = { version = \"=2.0.0\" }\n").is_empty());
        assert_eq!(manifest("[dev-dependencies]\na = \"1.0.0\"\n[features]\nx = []\n").len(), 2);
        assert!(lock_file("name = \"ring\"\n").is_empty());
        for (name, _) in UNWANTED_CRATES {
            assert_eq!(lock_file(&format!("name = \"ring\"\nname = \"{name}\"\n")).len(), 1, "{name}");
        }
        assert_eq!(lock_file("name = \"ring\"\nname = \"ring\"\n").len(), 1);
    }

    #[test]
    fn places_are_found() {
        for place in PLACES {
            assert_eq!(no_places("a", &format!("x {place}y")).len(), 1, "{place} went unnoticed");
        }
        let source = format!("source = \"{LOCK_FILE_SOURCE}\"");
        assert!(no_places("Cargo.lock", &source).is_empty());
        assert_eq!(no_places("src/a.rs", &source).len(), 1);
    }

    #[test]
    fn commands_and_options_are_found_on_a_page() {
        let page = Page::parse(
            "Run `elicense store check` or the `elicense` binary.\n\n```sh\n$ cargo run --release -- demo --listen=X\n\
             curl x | target/release/elicense verify --server URL -\n```\nthe elicense house\n",
        );
        let found: Vec<String> = page.subcommands().into_iter().map(|words| words.join(" ")).collect();
        assert_eq!(found, ["demo --listen", "store check", "verify --server"]);
    }

    #[test]
    fn paths_are_found_and_missed_ones_told() {
        let tracked = BTreeSet::from(["docs/API.md", "src/store/mod.rs", "README.md"].map(str::to_owned));
        let top_level = BTreeSet::from(["docs", "src"].map(str::to_owned));
        let page = Page::parse(
            "`src/store` `src/gone.rs` `src/*/mod.rs` [x](API.md#y) [z](../LOST.md) `GET /v1/x` `a/b`",
        );
        let missing: Vec<String> = page
            .paths("docs", &top_level)
            .into_iter()
            .filter(|path| !path_exists(path, "docs", &tracked))
            .collect();
        assert_eq!(missing, ["LOST.md", "src/gone.rs"]);
    }

    #[test]
    fn readmes_that_differ_are_told() {
        let english = "# A\n## B\n[p](docs/p.png)\n```sh\nrun # so\n```\n";
        assert!(readmes_agree(english, "# 甲\n## 乙\n[图](docs/p.png)\n```sh\nrun # 这样\n```\n").is_empty());
        for (from, to) in [("## B", "### B"), ("run", "walk"), ("p.png", "q.png")] {
            assert_eq!(readmes_agree(english, &english.replace(from, to)).len(), 1, "{from} for {to}");
        }
    }
}
