//! Any bytes as the ledger's first segment: read frame by frame, walked, and opened for writing. Opening keeps every whole
//! group and every byte: what it cuts off lies aside.

use std::fs;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use elicense::crypto::SystemRandom;
use elicense::store::Head;
use elicense::store::journal::{Journal, SEGMENT_BYTES, Unfinished, Wanted, decode_frame, walk};

/// One input.
pub fn run(data: &[u8]) {
    read_frames(data);
    let dir = folder();
    let segment = dir.path().join("00000000.seg");
    fs::write(&segment, data).unwrap();
    let Ok((head, unfinished)) = walk_all(dir.path()) else { return };
    recover(dir.path(), &head, unfinished.as_ref());
    let kept = fs::read(&segment).unwrap();
    let aside: Vec<u8> = asides(dir.path()).concat();
    assert_eq!([kept, aside].concat(), data, "bytes were lost or made up");
    assert_eq!(walk_all(dir.path()), Ok((head, None)), "another ledger after opening it");
}

/// In memory where there is such a place: opening a ledger syncs several times, which is most of the time otherwise.
fn folder() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }.unwrap()
}

/// Frame after frame from the beginning: none is empty, none reaches past the end.
fn read_frames(data: &[u8]) {
    let mut rest = data;
    while let Ok((_, taken)) = decode_frame(rest) {
        assert!((9..=rest.len()).contains(&taken));
        rest = &rest[taken..];
    }
}

fn walk_all(ledger: &Path) -> Result<(Head, Option<Unfinished>), ()> {
    let mut seen = 0;
    let mut visit = |entry: &elicense::store::StoredEntry| {
        assert_eq!(entry.position, seen);
        seen += 1;
        ControlFlow::Continue(())
    };
    let wanted = Wanted { acknowledged: 0, heads: &[], visit: &mut visit };
    let walked = walk(ledger, wanted).map_err(drop)?;
    assert_eq!(walked.head.entries(), seen);
    Ok((walked.head, walked.unfinished))
}

fn recover(ledger: &Path, head: &Head, unfinished: Option<&Unfinished>) {
    let wanted = Wanted { acknowledged: 0, heads: &[], visit: &mut |_| ControlFlow::Continue(()) };
    let walked = walk(ledger, wanted).unwrap();
    let (journal, aside) = Journal::open(ledger, walked, SEGMENT_BYTES, Arc::new(SystemRandom)).unwrap();
    assert_eq!(aside.map(|aside| aside.group).as_ref(), unfinished);
    assert_eq!(journal.next().head, *head);
    for position in 0..head.entries() {
        assert_eq!(journal.read(position).unwrap().unwrap().position, position);
    }
    assert_eq!(journal.read(head.entries()).unwrap(), None);
}

fn asides(ledger: &Path) -> Vec<Vec<u8>> {
    let files = fs::read_dir(ledger).unwrap().map(|file| file.unwrap().path());
    files
        .filter(|path| path.extension().is_some_and(|end| end == "bin"))
        .map(|path| fs::read(path).unwrap())
        .collect()
}
