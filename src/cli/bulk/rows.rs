//! The rows of a file: one request a line, a record of CSV, or the whole file as one. Read on a thread of its own, a few ahead.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::thread;

use tokio::sync::mpsc::{Receiver, channel};

use super::csv::{Csv, Record};
use crate::crypto::Digest;
use crate::licence::Draft;

/// Rows that are read before they are asked for.
const AHEAD: usize = 64;
/// Longest request, and one byte more to see that a row is longer.
const MOST: usize = Draft::MAX_BYTES + 1;

/// Where rows come from.
#[derive(Clone, Debug)]
pub(super) struct Source {
    /// Its name, for messages.
    pub(super) name: String,
    /// Its length in bytes, where that is known.
    pub(super) length: Option<u64>,
    form: Form,
    path: Option<PathBuf>,
}

/// How requests stand in a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Lines,
    Csv,
    Whole,
}

/// One request and where it stands.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Row {
    /// Line, from 1; 1 for a whole file.
    pub(super) number: u64,
    /// Bytes of the source that are read with it.
    pub(super) read: u64,
    /// The request without the white space around it, or the beginning of one that is too long; empty for an empty line.
    pub(super) body: Vec<u8>,
    /// Why there is no request.
    pub(super) wrong: Option<&'static str>,
}

impl Row {
    /// The idempotency key: made of the request alone, so that the same row has it in every run.
    pub(super) fn key(&self) -> String {
        format!("file-{}", Digest::of(&self.body))
    }
}

impl Source {
    /// A file, or `-` for lines on standard input. A file that is not named as one of lines is of the form `otherwise`.
    pub(super) fn of(path: &Path, otherwise: Form) -> io::Result<Self> {
        if path == Path::new("-") {
            let name = "standard input".to_owned();
            return Ok(Self { name, length: None, form: Form::Lines, path: None });
        }
        let metadata = std::fs::metadata(path)?;
        if metadata.is_dir() {
            return Err(io::Error::new(io::ErrorKind::IsADirectory, "this is a directory, expected a file"));
        }
        let named = |names: &[&str]| {
            path.extension().is_some_and(|extension| names.iter().any(|name| extension == *name))
        };
        let form = if named(&["ndjson", "jsonl"]) { Form::Lines } else { otherwise };
        if form == Form::Csv && !named(&["csv"]) {
            let message = "expected a file named .ndjson, .jsonl or .csv";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
        }
        Ok(Self {
            name: path.display().to_string(),
            length: metadata.is_file().then_some(metadata.len()),
            form,
            path: Some(path.to_owned()),
        })
    }

    /// Whether it can hold many rows.
    pub(super) fn is_bulk(&self) -> bool {
        self.form != Form::Whole
    }

    /// Its rows. Nothing is read any more once the receiver is dropped.
    pub(super) fn rows(&self) -> Receiver<io::Result<Row>> {
        let (sender, rows) = channel(AHEAD);
        let source = self.clone();
        thread::spawn(move || {
            let mut reader = match source.open() {
                Ok(reader) => Reader { from: reader, form: source.form, number: 0 },
                Err(error) => return drop(sender.blocking_send(Err(error))),
            };
            let mut next: Box<dyn FnMut() -> io::Result<Option<Row>>> = match source.form {
                Form::Csv => records(reader.from),
                Form::Lines | Form::Whole => Box::new(move || reader.next()),
            };
            while let Some(row) = next().transpose() {
                let last = row.is_err();
                if sender.blocking_send(row).is_err() || last {
                    return;
                }
            }
        });
        rows
    }

    fn open(&self) -> io::Result<Box<dyn BufRead>> {
        Ok(match &self.path {
            Some(path) => Box::new(BufReader::new(File::open(path)?)),
            None => Box::new(BufReader::new(io::stdin())),
        })
    }
}

/// Records of CSV, counted from 1 with the line of names, as spreadsheets do.
fn records(from: Box<dyn BufRead>) -> Box<dyn FnMut() -> io::Result<Option<Row>>> {
    let mut csv = Csv::new(from, Draft::MAX_BYTES);
    let mut number = 0;
    Box::new(move || {
        number += 1;
        Ok(csv.next()?.map(|Record { read, request }| match request {
            Ok(body) => Row { number, read, body, wrong: None },
            Err(wrong) => Row { number, read, body: Vec::new(), wrong: Some(wrong) },
        }))
    })
}

struct Reader<R> {
    from: R,
    form: Form,
    number: u64,
}

impl<R: BufRead> Reader<R> {
    /// Never holds more than one request's bytes and a little.
    fn next(&mut self) -> io::Result<Option<Row>> {
        let mut body = Vec::new();
        let mut read = match self.form {
            Form::Lines | Form::Csv => self.line(&mut body)?,
            Form::Whole => self.whole(&mut body)?,
        };
        if read == 0 {
            return Ok(None);
        }
        self.number += 1;
        if body.len() > Draft::MAX_BYTES {
            read += self.rest_of_row()?;
        } else {
            body = body.trim_ascii().to_vec();
        }
        Ok(Some(Row { number: self.number, read, body, wrong: None }))
    }

    /// Up to [`MOST`] bytes of a line, without its end.
    fn line(&mut self, body: &mut Vec<u8>) -> io::Result<u64> {
        let most = u64::try_from(MOST).unwrap_or(u64::MAX);
        let read = self.from.by_ref().take(most).read_until(b'\n', body)?;
        if body.last() == Some(&b'\n') {
            body.pop();
        }
        Ok(u64::try_from(read).unwrap_or(u64::MAX))
    }

    fn whole(&mut self, body: &mut Vec<u8>) -> io::Result<u64> {
        if self.number > 0 {
            return Ok(0);
        }
        let most = u64::try_from(MOST).unwrap_or(u64::MAX);
        let read = self.from.by_ref().take(most).read_to_end(body)?;
        Ok(u64::try_from(read).unwrap_or(u64::MAX))
    }

    /// What is left of a row that is too long is passed over.
    fn rest_of_row(&mut self) -> io::Result<u64> {
        let mut passed = 0;
        if self.form == Form::Whole {
            return Ok(passed);
        }
        loop {
            let buffer = self.from.fill_buf()?;
            let end = buffer.iter().position(|byte| *byte == b'\n');
            let length = end.map_or(buffer.len(), |end| end + 1);
            self.from.consume(length);
            passed += u64::try_from(length).unwrap_or(u64::MAX);
            if end.is_some() || length == 0 {
                return Ok(passed);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(text: &[u8], form: Form) -> Vec<Row> {
        let mut reader = Reader { from: BufReader::with_capacity(7, text), form, number: 0 };
        let rows: Vec<_> = std::iter::from_fn(|| reader.next().unwrap()).collect();
        if form == Form::Lines {
            let read: u64 = rows.iter().map(|row| row.read).sum();
            assert_eq!(read, u64::try_from(text.len()).unwrap());
        }
        rows
    }

    fn bodies(text: &str) -> Vec<(u64, String)> {
        let text_of = |row: Row| (row.number, String::from_utf8(row.body).unwrap());
        rows(text.as_bytes(), Form::Lines).into_iter().map(text_of).collect()
    }

    #[test]
    fn a_row_is_its_line_whatever_ends_it() {
        let expected: Vec<_> = [(1, "{}"), (2, ""), (3, "{1}")].map(|(n, body)| (n, body.to_owned())).into();
        assert_eq!(bodies("{}\n\n{1}\n"), expected);
        assert_eq!(bodies(" {}\r\n \r\n{1}"), expected);
        assert_eq!(bodies(""), []);
    }

    #[test]
    fn a_row_that_is_too_long_is_cut_where_that_shows_and_the_next_is_whole() {
        let fits = " ".repeat(Draft::MAX_BYTES - 2) + "{}";
        let long = "{}".to_owned() + &" ".repeat(Draft::MAX_BYTES) + "garbage";
        let text = format!("{fits}\n{long}\n{{3}}\n{long}");
        let rows = rows(text.as_bytes(), Form::Lines);
        assert_eq!(rows[0].body, b"{}");
        assert_eq!(rows[1].body.len(), MOST, "it must be refused as too long, not read as {{}}");
        assert_eq!(rows[2].body, b"{3}");
        assert_eq!((rows[3].body.len(), rows.len()), (MOST, 4));
    }

    #[test]
    fn a_whole_file_is_one_row() {
        let rows = rows(b"{\n}\n{\n}\n", Form::Whole);
        assert_eq!((rows.len(), rows[0].body.as_slice()), (1, &b"{\n}\n{\n}"[..]));
    }
}
