//! `docs/FORMAT.md` shows a golden licence byte by byte; this keeps the page and the file together.
//!
//! The page's part is written by the library's own CBOR reader, with the names of FORMAT.md beside it:
//!
//! ```sh
//! cargo test --test golden -- --ignored write_the_annotated_licence
//! ```

use std::fmt::Write as _;

use elicense::codec::cbor::{Kind, Reader};
use elicense::time::UnixTime;

use super::city::{golden, tree};

const SHOWN: &str = "es256-qr.cose";
const PAGE: &str = "docs/FORMAT.md";
const OPENS: &str = "```text\n0000  d2 ";
const CLOSES: &str = "\n```\n";
/// Bytes of a string that fit into a line.
const WIDTH: usize = 16;

/// The lines of the page: offset, bytes, meaning.
struct Annotation<'a> {
    bytes: &'a [u8],
    offset: usize,
    text: String,
}

#[derive(Clone, Copy)]
enum Map {
    Header,
    Claims,
    Status,
    Licence,
    Fields,
}

fn name(map: Map, key: i64) -> &'static str {
    match (map, key) {
        (Map::Header, 1) => "alg",
        (Map::Header, 4) => "kid",
        (Map::Header, 16) => "typ",
        (Map::Claims, 1) => "iss",
        (Map::Claims, 4) => "exp",
        (Map::Claims, 5) => "nbf",
        (Map::Claims, 6) => "iat",
        (Map::Claims, 65_535) => "status",
        (Map::Claims, -70_001) => "licence",
        (Map::Licence, 1) => "identifier",
        (Map::Licence, 2) => "type name",
        (Map::Licence, 3) => "number",
        (Map::Licence, 4) => "authority name",
        (Map::Licence, 5) => "issue date",
        (Map::Licence, 6) => "valid from",
        (Map::Licence, 7) => "valid to",
        (Map::Licence, 8) => "holders",
        (Map::Licence, 9) => "fields",
        (Map::Licence, 11) => "area code",
        (Map::Licence, 12) => "form",
        (Map::Licence, 13) => "digest of the full form",
        _ => panic!("the golden licence has key {key}, which has no name here"),
    }
}

impl Annotation<'_> {
    fn line(&mut self, length: usize, depth: usize, meaning: &str) {
        let bytes = &self.bytes[self.offset..self.offset + length];
        let hex: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let line =
            format!("{:04x}  {:47}  {:indent$}{meaning}", self.offset, hex.join(" "), "", indent = depth * 2);
        writeln!(self.text, "{}", line.trim_end()).unwrap();
        self.offset += length;
    }

    fn content(&mut self, length: usize, depth: usize) {
        let mut left = length;
        while left > 0 {
            let part = left.min(WIDTH);
            self.line(part, depth, "");
            left -= part;
        }
    }

    /// Length of the item's head and, of a string, of what follows; its number.
    fn head(&self, at: usize) -> (usize, usize, u64) {
        let first = self.bytes[at];
        let width = match first & 0x1f {
            0..24 => 0,
            wide => 1 << (wide - 24),
        };
        let number = self.bytes[at + 1..at + 1 + width].iter().fold(0, |n, byte| n << 8 | u64::from(*byte));
        let number = if width == 0 { u64::from(first & 0x1f) } else { number };
        let is_string = matches!(first >> 5, 2 | 3);
        (1 + width, if is_string { usize::try_from(number).unwrap() } else { 0 }, number)
    }

    /// An item behind a key of `key` bytes, both in one line as far as they fit.
    fn item(&mut self, key: usize, depth: usize, label: &str, map: Option<(Map, i64)>) {
        let at = self.offset + key;
        let (head, content, number) = self.head(at);
        let mut reader = Reader::new(&self.bytes[at..]);
        let with = |what: String| if label.is_empty() { what } else { format!("{label}: {what}") };
        match reader.peek().unwrap() {
            Kind::Unsigned | Kind::Negative => {
                let value = reader.int().unwrap();
                let told = match map {
                    Some((Map::Header, 1)) => "−7, ES256".to_owned(),
                    Some((Map::Claims, 4..=6)) => {
                        format!("{value}, {}", UnixTime::from_seconds(value).unwrap())
                    }
                    _ => value.to_string(),
                };
                self.line(key + head, depth, &with(told));
            }
            Kind::Text => {
                let text = reader.text().unwrap().to_owned();
                self.line(key + head, depth, &with(format!("text of {number} bytes, {text:?}")));
                self.content(content, depth);
            }
            Kind::Bytes => {
                self.line(key + head, depth, &with(format!("byte string of {number}")));
                self.content(content, depth);
            }
            Kind::Array => {
                self.line(key + head, depth, &with(format!("array of {number}")));
                (0..number).for_each(|_| self.item(0, depth + 1, "", None));
            }
            Kind::Map => {
                self.line(key + head, depth, &with(format!("map of {number}")));
                let inner = match map {
                    Some((Map::Claims, 65_535)) => Map::Status,
                    Some((Map::Claims, _)) => Map::Licence,
                    Some((Map::Licence, _)) => Map::Fields,
                    _ => Map::Status,
                };
                self.pairs(number, depth + 1, inner);
            }
            kind => panic!("the golden licence holds {kind}"),
        }
    }

    fn pairs(&mut self, count: u64, depth: usize, map: Map) {
        for _ in 0..count {
            let mut reader = Reader::new(&self.bytes[self.offset..]);
            if reader.peek().unwrap() == Kind::Text {
                let key = format!("{:?}", reader.text().unwrap());
                self.item(reader.position(), depth, &key, None);
            } else {
                let key = reader.int().unwrap();
                self.item(reader.position(), depth, &format!("{} ({key})", name(map, key)), Some((map, key)));
            }
        }
    }

    /// A byte string whose content is CBOR itself.
    fn embedded(&mut self, depth: usize, label: &str, map: Map) {
        let (head, length, _) = self.head(self.offset);
        self.line(head, depth, &format!("{label}: byte string of {length}, in it"));
        let (inner, _, count) = self.head(self.offset);
        self.line(inner, depth + 1, &format!("map of {count}"));
        self.pairs(count, depth + 2, map);
    }
}

/// The envelope, put into words.
fn annotated(bytes: &[u8]) -> String {
    let mut page = Annotation { bytes, offset: 0, text: String::new() };
    page.line(1, 0, "tag 18: COSE_Sign1");
    page.line(1, 0, "array of 4");
    page.embedded(1, "protected", Map::Header);
    page.line(1, 1, "unprotected: map of 0");
    page.embedded(1, "payload", Map::Claims);
    page.item(0, 1, "signature r‖s", None);
    assert_eq!(page.offset, bytes.len());
    page.text
}

/// The page cut at its annotated licence: before, the lines, behind.
fn cut_page() -> [String; 3] {
    let page = std::fs::read_to_string(tree(PAGE)).unwrap();
    let from = page.find(OPENS).expect("the page has an annotated licence") + "```text\n".len();
    let to = from + page[from..].find(CLOSES).expect("its block ends") + 1;
    [&page[..from], &page[from..to], &page[to..]].map(str::to_owned)
}

#[test]
#[ignore = "writes into the tree; see the top of this file"]
fn write_the_annotated_licence() {
    let [before, _, behind] = cut_page();
    std::fs::write(tree(PAGE), [before, annotated(&golden(SHOWN)), behind].concat()).unwrap();
}

#[test]
fn the_hex_on_the_page_put_together_is_the_file() {
    let [_, lines, _] = cut_page();
    let mut bytes = Vec::new();
    for line in lines.lines() {
        let (offset, rest) = line.split_once("  ").unwrap_or_else(|| panic!("{line:?} has no offset"));
        assert_eq!(usize::from_str_radix(offset, 16).unwrap(), bytes.len(), "{line:?}");
        let hex = rest.split("  ").next().unwrap();
        bytes.extend(hex.split(' ').map(|byte| u8::from_str_radix(byte, 16).unwrap()));
    }
    assert_eq!(bytes, golden(SHOWN));
}

#[test]
fn the_words_beside_it_are_what_the_bytes_say() {
    let [_, lines, _] = cut_page();
    assert_eq!(lines, annotated(&golden(SHOWN)));
}
