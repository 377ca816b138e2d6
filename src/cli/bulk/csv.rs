//! Rows of a CSV file (RFC 4180) as the JSON requests that they stand for. The first record names the columns. Every cell is
//! text, whatever a spreadsheet would make of it.

use std::io::{self, BufRead};

use serde_json::{Map, Value};

/// The columns that a file may have, the first three it must.
const COLUMNS: [&str; 4] = ["identifier", "to", "reason", "legal_basis"];
const REQUIRED: usize = 3;

/// Records of a file, no more than one in memory.
pub(super) struct Csv<R> {
    from: R,
    columns: Vec<&'static str>,
    most: usize,
}

/// One record: the bytes it took, and the request or what is wrong with it.
pub(super) struct Record {
    pub(super) read: u64,
    pub(super) request: Result<Vec<u8>, &'static str>,
}

/// Where in a record a byte stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Begin,
    Plain,
    Quoted,
    /// Behind a quote inside a quoted cell: its end, or half of a quote.
    Quote,
}

impl<R: BufRead> Csv<R> {
    /// Records of at most `most` bytes each.
    pub(super) const fn new(from: R, most: usize) -> Self {
        Self { from, columns: Vec::new(), most }
    }

    /// The next record; `None` at the end. An empty line has an empty request. The first one is the line of names.
    pub(super) fn next(&mut self) -> io::Result<Option<Record>> {
        let (read, cells) = self.cells()?;
        if read == 0 {
            return Ok(None);
        }
        if self.columns.is_empty() {
            self.columns = columns(cells)?;
            return Ok(Some(Record { read, request: Ok(Vec::new()) }));
        }
        let request = cells.and_then(|cells| self.request(&cells));
        Ok(Some(Record { read, request }))
    }

    fn request(&self, cells: &[String]) -> Result<Vec<u8>, &'static str> {
        if cells.iter().all(String::is_empty) {
            return Ok(Vec::new());
        }
        if cells.len() != self.columns.len() {
            return Err("expected as many cells as the first line has names");
        }
        let named = self.columns.iter().zip(cells).filter(|(_, cell)| !cell.is_empty());
        let members: Map<String, Value> =
            named.map(|(name, cell)| ((*name).to_owned(), cell.as_str().into())).collect();
        Ok(Value::Object(members).to_string().into_bytes())
    }

    /// The bytes of a record, and its cells.
    fn cells(&mut self) -> io::Result<(u64, Result<Vec<String>, &'static str>)> {
        let (mut read, mut kept) = (0_u64, 0_usize);
        let (mut cells, mut cell) = (Vec::new(), Vec::new());
        let (mut place, mut wrong) = (Place::Begin, None);
        while let Some(byte) = self.byte()? {
            read += 1;
            kept += 1;
            if kept > self.most {
                // What still comes of it is passed over.
                wrong = Some("the row is too long, or a quote in it is never closed");
                (kept, cells, cell) = (0, Vec::new(), Vec::new());
            }
            place = match (place, byte) {
                (Place::Quoted, b'"') => Place::Quote,
                (Place::Quoted, byte) => {
                    cell.push(byte);
                    Place::Quoted
                }
                (Place::Begin, b'"') => Place::Quoted,
                (Place::Quote, b'"') => {
                    cell.push(b'"');
                    Place::Quoted
                }
                (_, b',') => {
                    cells.push(std::mem::take(&mut cell));
                    Place::Begin
                }
                (_, b'\n') => break,
                (place, b'\r') => place,
                (Place::Quote, _) | (Place::Plain, b'"') => {
                    wrong = wrong.or(Some("a quote stands in the middle of a cell"));
                    Place::Plain
                }
                (Place::Begin | Place::Plain, byte) => {
                    cell.push(byte);
                    Place::Plain
                }
            };
        }
        if place == Place::Quoted {
            wrong = wrong.or(Some("a quote is never closed"));
        }
        cells.push(cell);
        Ok((read, wrong.map_or_else(|| texts(cells), Err)))
    }

    fn byte(&mut self) -> io::Result<Option<u8>> {
        let byte = self.from.fill_buf()?.first().copied();
        self.from.consume(usize::from(byte.is_some()));
        Ok(byte)
    }
}

fn texts(cells: Vec<Vec<u8>>) -> Result<Vec<String>, &'static str> {
    let text = |cell| String::from_utf8(cell).map_err(|_| "the row is not UTF-8");
    cells.into_iter().map(text).collect()
}

/// The columns that the first record names, in its order.
fn columns(cells: Result<Vec<String>, &'static str>) -> io::Result<Vec<&'static str>> {
    let wrong = || {
        let message = "expected a first line that names the columns: identifier,to,reason and maybe legal_basis, each once";
        io::Error::new(io::ErrorKind::InvalidData, message)
    };
    let mut columns: Vec<&'static str> = Vec::new();
    for (index, cell) in cells.map_err(|_| wrong())?.iter().enumerate() {
        let cell = if index == 0 { cell.trim_start_matches('\u{feff}') } else { cell };
        let name = COLUMNS.into_iter().find(|name| *name == cell).ok_or_else(wrong)?;
        if columns.contains(&name) {
            return Err(wrong());
        }
        columns.push(name);
    }
    let complete = COLUMNS.iter().take(REQUIRED).all(|name| columns.contains(name));
    if complete { Ok(columns) } else { Err(wrong()) }
}

#[cfg(test)]
mod tests {
    use std::io::BufReader;

    use super::*;

    /// The requests of a file, or what is wrong with each row.
    fn rows(text: &[u8]) -> io::Result<Vec<Result<String, &'static str>>> {
        let mut csv = Csv::new(BufReader::with_capacity(3, text), 64);
        let mut rows = Vec::new();
        let mut read = 0;
        while let Some(record) = csv.next()? {
            read += record.read;
            rows.push(record.request.map(|request| String::from_utf8(request).unwrap()));
        }
        assert_eq!(read, u64::try_from(text.len()).unwrap());
        Ok(rows)
    }

    #[test]
    fn a_row_is_the_request_that_its_cells_stand_for() {
        let text = "\u{feff}to,identifier,legal_basis,reason\r\nrevoked,1.2,,\"a, \"\"b\"\"\"\r\n\r\n,=1+1,\"@x\",-y";
        assert_eq!(
            rows(text.as_bytes()).unwrap(),
            [
                Ok(String::new()),
                Ok(r#"{"identifier":"1.2","reason":"a, \"b\"","to":"revoked"}"#.to_owned()),
                Ok(String::new()),
                Ok(r#"{"identifier":"=1+1","legal_basis":"@x","reason":"-y"}"#.to_owned()),
            ]
        );
        let line_end_in_a_cell = b"identifier,to,reason\n1,valid,\"a\nb\"\n";
        let row = rows(line_end_in_a_cell).unwrap().remove(1).unwrap();
        assert_eq!(
            row, r#"{"identifier":"1","reason":"a\nb","to":"valid"}"#,
            "a reason that is refused later"
        );
    }

    #[test]
    fn a_row_that_is_none_is_told_and_the_next_one_is_whole() {
        let long = "x".repeat(200);
        for (bad, why) in [
            ("1,2", "expected as many cells"),
            ("1,2,3,4", "expected as many cells"),
            ("1,2,a\"b", "a quote stands in the middle"),
            ("1,2,\"a\"b", "a quote stands in the middle"),
            (long.as_str(), "too long"),
        ] {
            let rows = rows(format!("identifier,to,reason\n{bad}\n1,2,3\n").as_bytes()).unwrap();
            assert!(rows[1].as_ref().unwrap_err().contains(why), "{bad}: {rows:?}");
            assert_eq!(rows[2].as_deref(), Ok(r#"{"identifier":"1","reason":"3","to":"2"}"#), "{bad}");
        }
        assert!(
            rows(b"identifier,to,reason\n1,2,\xff\n").unwrap()[1].as_ref().unwrap_err().contains("UTF-8")
        );
        assert!(rows(b"identifier,to,reason\n1,2,\"a").unwrap()[1].is_err());
        assert!(rows(format!("identifier,to,reason\n1,2,\"{long}").as_bytes()).unwrap()[1].is_err());
    }

    #[test]
    fn the_first_line_names_the_columns_each_once_and_no_other() {
        for wrong in [
            "\n",
            "identifier,to\n",
            "identifier,to,reason,reason\n",
            "identifier,to,reason,at\n",
            "a,b,c\n",
            "\"x",
        ] {
            assert_eq!(rows(wrong.as_bytes()).unwrap_err().kind(), io::ErrorKind::InvalidData, "{wrong:?}");
        }
        assert_eq!(rows(b"").unwrap(), []);
    }
}
