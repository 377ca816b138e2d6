//! `docs/OPERATIONS.md` as its reader follows it: each block of commands, on the machines that its first line names.

use super::machines::Lan;
use super::tree;

/// A block of commands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Block {
    /// Number of its first line on the page.
    pub(crate) line: usize,
    /// The machines that it is for, in the order in which they follow it.
    pub(crate) machines: Vec<String>,
    pub(crate) commands: String,
}

/// Where a block of the page says for which machines it is.
const FOR: &str = "# on ";

/// The blocks of a page that stand under the heading `title`, without its lesser headings.
pub(crate) fn blocks(page: &str, title: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut inside = false;
    let mut open: Option<Block> = None;
    for (number, line) in page.lines().enumerate() {
        match (&mut open, line) {
            (None, "```sh") if inside => {
                open = Some(Block { line: number + 1, machines: Vec::new(), commands: String::new() });
            }
            (None, _) => {
                if let Some((_, heading)) =
                    line.split_once("# ").filter(|(sharps, _)| sharps.bytes().all(|b| b == b'#'))
                {
                    inside = heading == title;
                }
            }
            (Some(_), "```") => blocks.extend(open.take()),
            (Some(block), line) => {
                if let Some(machines) = line.strip_prefix(FOR).filter(|_| block.commands.is_empty()) {
                    block.machines = machines.split(", ").map(str::to_owned).collect();
                }
                block.commands += line;
                block.commands.push('\n');
            }
        }
    }
    assert!(open.is_none(), "a block without an end");
    blocks
}

/// The headings that have commands under them, in order.
pub(crate) fn titles(page: &str) -> Vec<String> {
    let mut inside = false;
    let mut heading = "";
    let mut titles: Vec<String> = Vec::new();
    for line in page.lines() {
        match line {
            "```sh" => {
                inside = true;
                if titles.last().is_none_or(|last| last != heading) {
                    titles.push(heading.to_owned());
                }
            }
            line if line.starts_with("```") => inside = !inside,
            line if !inside && line.starts_with('#') => heading = line.trim_start_matches('#').trim_start(),
            _ => {}
        }
    }
    titles
}

/// The page.
pub(crate) fn page() -> String {
    std::fs::read_to_string(tree("docs/OPERATIONS.md")).expect("the page")
}

/// Does what stands under a heading, as it stands; says what the commands wrote.
#[track_caller]
pub(crate) fn follow(lan: &Lan, title: &str) -> String {
    follow_on(lan, title, |_| true)
}

/// The same on one machine only: what somebody does who has just started it again.
#[track_caller]
pub(crate) fn follow_only(lan: &Lan, title: &str, machine: &str) -> String {
    follow_on(lan, title, |name| name == machine)
}

#[track_caller]
fn follow_on(lan: &Lan, title: &str, wanted: impl Fn(&str) -> bool) -> String {
    let blocks = blocks(&page(), title);
    let mut done = 0;
    let mut said = String::new();
    for block in &blocks {
        assert!(!block.machines.is_empty(), "line {}: a block that is for no machine", block.line);
        for name in block.machines.iter().filter(|name| wanted(name)) {
            said += &lan.machine(name).run(&block.commands);
            done += 1;
        }
    }
    assert!(done > 0, "the page has no commands under {title:?} for who asks");
    said
}
