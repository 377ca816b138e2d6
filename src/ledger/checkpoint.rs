//! Checkpoints: a ledger's size, root and hash chain as a signed note (C2SP `tlog-checkpoint`).

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::note::{NoteError, VerifierKey, VerifierKeyError};
use crate::crypto::{Digest, KeyError, SigningKey};

/// What a checkpoint says of the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// The ledger's name, also the key's.
    pub origin: String,
    /// Entries.
    pub size: u64,
    /// Merkle root over the entries' records.
    pub root: Digest,
    /// Hash chain over the sealed entries (STORE.md §1), carried as the one extension line.
    pub chain: Digest,
}

/// The Ed25519 key that signs a ledger's checkpoints, with its name.
#[derive(Debug)]
pub struct CheckpointKey {
    key: SigningKey,
    verifier: VerifierKey,
}

/// Text that is not a checkpoint of the expected ledger.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// Not a note, or not signed as expected.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// Not origin, size, root and chain, a line each.
    #[error("a checkpoint is four lines: origin, size, root, chain")]
    Lines,
    /// Another ledger's.
    #[error("the checkpoint is of ledger {found:?}, expected {expected:?}")]
    Origin {
        /// The ledger it should be of.
        expected: String,
        /// The ledger it names.
        found: String,
    },
    /// The size is not a plain decimal number.
    #[error("the size is a decimal number without leading zeros, got {got:?}")]
    Size {
        /// The line as it came.
        got: String,
    },
    /// The root is not 32 bytes in base64.
    #[error("the root is 32 bytes in base64, got {got:?}")]
    Root {
        /// The line as it came.
        got: String,
    },
    /// The extension line is not `chain` and 32 bytes in base64.
    #[error("the fourth line is \"chain\" and 32 bytes in base64, got {got:?}")]
    Chain {
        /// The line as it came.
        got: String,
    },
}

impl CheckpointKey {
    /// Names an Ed25519 key after the ledger's origin.
    pub fn new(origin: &str, key: SigningKey) -> Result<Self, VerifierKeyError> {
        let verifier = VerifierKey::new(origin, key.verifying_key())?;
        Ok(Self { key, verifier })
    }

    /// The public half, as it is given to those who check.
    pub const fn verifier_key(&self) -> &VerifierKey {
        &self.verifier
    }

    /// The origin of the checkpoints that this key signs.
    pub fn origin(&self) -> &str {
        self.verifier.name()
    }

    /// The signed note that says so much of the ledger.
    pub fn sign(&self, size: u64, root: Digest, chain: Digest) -> Result<String, KeyError> {
        let text = Checkpoint { origin: self.origin().to_owned(), size, root, chain }.to_string();
        Ok(self.verifier.note(&text, &self.key.sign(text.as_bytes())?))
    }
}

impl Checkpoint {
    /// Reads a signed checkpoint of the ledger that `key` is named after.
    pub fn verify(note: &str, key: &VerifierKey) -> Result<Self, CheckpointError> {
        let text = key.verify_note(note)?;
        let lines: Vec<&str> = text.strip_suffix('\n').unwrap_or(text).split('\n').collect();
        let [origin, size, root, chain] = *lines else {
            return Err(CheckpointError::Lines);
        };
        if origin != key.name() {
            return Err(CheckpointError::Origin {
                expected: key.name().to_owned(),
                found: origin.to_owned(),
            });
        }
        Ok(Self {
            origin: origin.to_owned(),
            size: size
                .parse()
                .ok()
                .filter(|number: &u64| number.to_string() == size)
                .ok_or_else(|| CheckpointError::Size { got: size.to_owned() })?,
            root: digest(root).ok_or_else(|| CheckpointError::Root { got: root.to_owned() })?,
            chain: chain
                .strip_prefix("chain ")
                .and_then(digest)
                .ok_or_else(|| CheckpointError::Chain { got: chain.to_owned() })?,
        })
    }
}

/// The note's text, which is what is signed.
impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (root, chain) = (STANDARD.encode(self.root.as_bytes()), STANDARD.encode(self.chain.as_bytes()));
        write!(f, "{}\n{}\n{root}\nchain {chain}\n", self.origin, self.size)
    }
}

fn digest(base64: &str) -> Option<Digest> {
    Digest::from_slice(&STANDARD.decode(base64).ok()?)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::crypto::Algorithm;

    fn key(origin: &str) -> CheckpointKey {
        CheckpointKey::new(origin, SigningKey::generate(Algorithm::EdDsa).unwrap()).unwrap()
    }

    fn signed(key: &CheckpointKey, text: &str) -> String {
        key.verifier.note(text, &key.key.sign(text.as_bytes()).unwrap())
    }

    #[test]
    fn says_what_was_signed() {
        let key = key("127.0.0.1:8080/ledger/5f0c7a91");
        let (root, chain) = (Digest::of(b"root"), Digest::of(b"chain"));
        let note = key.sign(1207, root, chain).unwrap();
        let again: VerifierKey = key.verifier_key().to_string().parse().unwrap();
        let checkpoint = Checkpoint::verify(&note, &again).unwrap();
        assert_eq!(checkpoint, Checkpoint { origin: key.origin().into(), size: 1207, root, chain });
        assert!(note.starts_with("127.0.0.1:8080/ledger/5f0c7a91\n1207\n"));
    }

    #[test]
    fn no_changed_character_verifies() {
        let key = key("ledger");
        let note = key.sign(7, Digest::of(b"root"), Digest::of(b"chain")).unwrap();
        for at in (0..note.len()).filter(|at| note.is_char_boundary(*at) && note.is_char_boundary(at + 1)) {
            for bit in 0..7 {
                let mut changed = note.clone().into_bytes();
                changed[at] ^= 1 << bit;
                let changed = String::from_utf8(changed).unwrap();
                assert!(Checkpoint::verify(&changed, key.verifier_key()).is_err(), "byte {at} bit {bit}");
            }
        }
    }

    #[test]
    fn another_key_or_ledger_is_refused() {
        let (key, other) = (key("ledger"), key("ledger"));
        let note = key.sign(7, Digest::of(b"root"), Digest::of(b"chain")).unwrap();
        assert!(matches!(
            Checkpoint::verify(&note, other.verifier_key()),
            Err(CheckpointError::Note(NoteError::NotSigned { .. }))
        ));
        let foreign = signed(
            &key,
            &note.replacen("ledger", "elsewhere", 1).split("\n\n").next().map(|t| format!("{t}\n")).unwrap(),
        );
        assert_eq!(
            Checkpoint::verify(&foreign, key.verifier_key()),
            Err(CheckpointError::Origin { expected: "ledger".into(), found: "elsewhere".into() })
        );
    }

    #[test]
    fn signed_nonsense_is_refused() {
        let key = key("ledger");
        let hash = STANDARD.encode([7; 32]);
        let good = signed(&key, &format!("ledger\n7\n{hash}\nchain {hash}\n"));
        assert!(Checkpoint::verify(&good, key.verifier_key()).is_ok());
        let refused =
            |text: String| Checkpoint::verify(&signed(&key, &text), key.verifier_key()).unwrap_err();
        for size in ["", "07", "+7", "-1", " 7", "7 ", "0x7", "18446744073709551616"] {
            let error = refused(format!("ledger\n{size}\n{hash}\nchain {hash}\n"));
            assert_eq!(error, CheckpointError::Size { got: size.into() });
        }
        for root in ["", "AAAA", hash.trim_end_matches('='), &format!("{hash} ")] {
            let error = refused(format!("ledger\n7\n{root}\nchain {hash}\n"));
            assert_eq!(error, CheckpointError::Root { got: root.into() });
        }
        for chain in ["", "chain", "chain AAAA", &hash, &format!("chain  {hash}")] {
            let error = refused(format!("ledger\n7\n{hash}\n{chain}\n"));
            assert_eq!(error, CheckpointError::Chain { got: chain.into() });
        }
        for text in ["ledger\n".to_owned(), format!("ledger\n7\n{hash}\nchain {hash}\nmore\n")] {
            assert_eq!(refused(text), CheckpointError::Lines);
        }
    }

    #[test]
    fn only_ed25519_keys_with_a_plain_name_sign() {
        let key = || SigningKey::generate(Algorithm::EdDsa).unwrap();
        for name in ["", "a b", "a+b", "a\nb"] {
            assert!(CheckpointKey::new(name, key()).is_err(), "{name:?}");
        }
        let es256 = SigningKey::generate(Algorithm::Es256).unwrap();
        assert_eq!(CheckpointKey::new("ledger", es256).unwrap_err(), VerifierKeyError::Algorithm);
    }

    proptest! {
        #[test]
        fn any_checkpoint_says_what_was_signed(
            origin in "[a-z0-9.:/-]{1,80}",
            size: u64,
            root: [u8; 32],
            chain: [u8; 32],
        ) {
            let key = key(&origin);
            let (root, chain) = (Digest::from_bytes(root), Digest::from_bytes(chain));
            let note = key.sign(size, root, chain).unwrap();
            let again: VerifierKey = key.verifier_key().to_string().parse().unwrap();
            prop_assert_eq!(Checkpoint::verify(&note, &again), Ok(Checkpoint { origin, size, root, chain }));
        }

        #[test]
        fn any_text_that_was_not_written_by_us_is_refused(size in "[0-9+ -]{0,21}", more in "\\PC{0,20}") {
            let key = key("ledger");
            let (root, chain) = (Digest::of(b"root"), Digest::of(b"chain"));
            let text = Checkpoint { origin: "ledger".to_owned(), size: 7, root, chain }.to_string();
            let text = text.replacen("\n7\n", &format!("\n{size}{more}\n"), 1);
            let number: Option<u64> = format!("{size}{more}").parse().ok();
            let is_ours = number.is_some_and(|number| number.to_string() == format!("{size}{more}"));
            prop_assert_eq!(Checkpoint::verify(&signed(&key, &text), key.verifier_key()).is_ok(), is_ours);
        }

        #[test]
        fn any_text_is_a_note_or_an_error(text in "(ledger\n)?\\PC{0,60}\n\n(\u{2014} ledger )?\\PC{0,100}\n") {
            prop_assert!(Checkpoint::verify(&text, key("ledger").verifier_key()).is_err());
            let _ = text.parse::<VerifierKey>();
        }
    }
}
