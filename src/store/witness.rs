//! The last checkpoint, kept where an option puts it, against which the ledger is judged at start (STORE.md §4.4).

use std::fs;
use std::io;
use std::path::Path;

use super::durable::{Act, IoFailure, failed, replace};
use super::head::Head;
use crate::crypto::{Digest, KeyError};
use crate::ledger::{Checkpoint, CheckpointError, CheckpointKey, VerifierKey};

/// How a good ledger stands to its last checkpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// No entries and no checkpoint yet.
    New,
    /// As the checkpoint says.
    Equal,
    /// Begins as the checkpoint says, and went on.
    Grew {
        /// By how many entries.
        by: u64,
    },
}

/// The ledger is not the one its last checkpoint was signed for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WitnessError {
    /// Entries, but no checkpoint. A store has one before its first entry.
    #[error("the ledger has {entries} entries but its checkpoint is missing")]
    Missing {
        /// Entries in the ledger.
        entries: u64,
    },
    /// Entries are gone.
    #[error("the checkpoint says {checkpoint} entries, entry {ledger} and those after it are gone")]
    Shorter {
        /// Entries in the ledger.
        ledger: u64,
        /// Entries that the checkpoint says.
        checkpoint: u64,
    },
    /// Records were changed.
    #[error(
        "the records of the first {size} entries have Merkle root {found}, the checkpoint says {expected}"
    )]
    Root {
        /// Entries that the checkpoint says.
        size: u64,
        /// The checkpoint's root.
        expected: Digest,
        /// The ledger's root at that size.
        found: Digest,
    },
    /// Sealed bytes were changed.
    #[error("the first {size} entries have hash chain {found}, the checkpoint says {expected}")]
    Chain {
        /// Entries that the checkpoint says.
        size: u64,
        /// The checkpoint's chain.
        expected: Digest,
        /// The ledger's chain at that size.
        found: Digest,
    },
    /// The checkpoint itself is not one.
    #[error("the checkpoint file is refused: {0}")]
    Checkpoint(#[from] CheckpointError),
    /// The checkpoint file is not text.
    #[error("the checkpoint file is not UTF-8 text")]
    NotText,
    /// The checkpoint file cannot be read or written.
    #[error(transparent)]
    Io(#[from] IoFailure),
    /// The checkpoint cannot be signed.
    #[error("the checkpoint cannot be signed: {0}")]
    Sign(#[from] KeyError),
}

/// The checkpoint at `path`, verified; `None` where there is no file.
pub fn read_checkpoint(path: &Path, key: &VerifierKey) -> Result<Option<Checkpoint>, WitnessError> {
    match fs::read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        read => {
            let bytes = read.map_err(failed(Act::Read, path))?;
            let note = str::from_utf8(&bytes).map_err(|_| WitnessError::NotText)?;
            Ok(Some(Checkpoint::verify(note, key)?))
        }
    }
}

/// Signs a checkpoint of `head` and puts it at `path`, whole and synced. Returns the note.
pub fn write_checkpoint(path: &Path, key: &CheckpointKey, head: &Head) -> Result<String, WitnessError> {
    let note = key.sign(head.entries(), head.root(), head.chain())?;
    replace(path, note.as_bytes())?;
    Ok(note)
}

/// Judges a ledger that ends at `head` and was at `then` when it had as many entries as `checkpoint` says (`None` where
/// it never had).
pub fn judge(
    checkpoint: Option<&Checkpoint>,
    head: &Head,
    then: Option<&Head>,
) -> Result<Standing, WitnessError> {
    match (checkpoint, then, head.entries()) {
        (None, _, 0) => Ok(Standing::New),
        (None, _, entries) => Err(WitnessError::Missing { entries }),
        (Some(checkpoint), None, ledger) => {
            Err(WitnessError::Shorter { ledger, checkpoint: checkpoint.size })
        }
        (Some(Checkpoint { size, root, .. }), Some(then), _) if then.root() != *root => {
            Err(WitnessError::Root { size: *size, expected: *root, found: then.root() })
        }
        (Some(Checkpoint { size, chain, .. }), Some(then), _) if then.chain() != *chain => {
            Err(WitnessError::Chain { size: *size, expected: *chain, found: then.chain() })
        }
        (Some(checkpoint), Some(_), entries) => match entries.checked_sub(checkpoint.size) {
            None => Err(WitnessError::Shorter { ledger: entries, checkpoint: checkpoint.size }),
            Some(0) => Ok(Standing::Equal),
            Some(by) => Ok(Standing::Grew { by }),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::{Algorithm, SigningKey};
    use crate::store::engine::SealedEntry;

    fn head(kinds: &[u8]) -> Head {
        let mut head = Head::empty();
        for kind in kinds {
            let record = Digest::of(b"the same");
            head.advance(&SealedEntry { kind: *kind, record, nonce: [0; 12], sealed: vec![0; 16] });
        }
        head
    }

    fn claim(head: &Head) -> Checkpoint {
        Checkpoint { origin: "l".into(), size: head.entries(), root: head.root(), chain: head.chain() }
    }

    #[test]
    fn every_standing_and_every_refusal() {
        let (none, two, three) = (Head::empty(), head(&[1, 2]), head(&[1, 2, 3]));
        assert_eq!(judge(None, &none, None), Ok(Standing::New));
        assert_eq!(judge(Some(&claim(&none)), &none, Some(&none)), Ok(Standing::Equal));
        assert_eq!(judge(Some(&claim(&two)), &two, Some(&two)), Ok(Standing::Equal));
        assert_eq!(judge(Some(&claim(&two)), &three, Some(&two)), Ok(Standing::Grew { by: 1 }));
        assert_eq!(judge(None, &two, None), Err(WitnessError::Missing { entries: 2 }));
        assert_eq!(
            judge(Some(&claim(&three)), &two, None),
            Err(WitnessError::Shorter { ledger: 2, checkpoint: 3 })
        );
        let edited = head(&[1, 9]);
        assert!(matches!(
            judge(Some(&claim(&two)), &edited, Some(&edited)),
            Err(WitnessError::Chain { size: 2, .. })
        ));
        let other = Checkpoint { root: Digest::of(b"other"), ..claim(&two) };
        assert!(matches!(judge(Some(&other), &two, Some(&two)), Err(WitnessError::Root { size: 2, .. })));
    }

    #[test]
    fn a_written_checkpoint_reads_back_and_an_edited_one_does_not() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("checkpoint");
        let key = CheckpointKey::new("l", SigningKey::generate(Algorithm::EdDsa).unwrap()).unwrap();
        assert_eq!(read_checkpoint(&path, key.verifier_key()), Ok(None));
        let head = head(&[1, 2]);
        let note = write_checkpoint(&path, &key, &head).unwrap();
        assert_eq!(read_checkpoint(&path, key.verifier_key()), Ok(Some(claim(&head))));
        fs::write(&path, note.replacen("\n2\n", "\n1\n", 1)).unwrap();
        assert!(matches!(read_checkpoint(&path, key.verifier_key()), Err(WitnessError::Checkpoint(_))));
        fs::write(&path, [0xFF]).unwrap();
        assert_eq!(read_checkpoint(&path, key.verifier_key()), Err(WitnessError::NotText));
    }
}
