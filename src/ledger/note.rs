//! C2SP signed notes with one Ed25519 signature: text, an empty line, signature lines (`signed-note`).

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::crypto::{Algorithm, Digest, KeyError, SignatureError, VerifyingKey};

/// The longest note that is read; a checkpoint takes about 300 bytes, each witness's line about 200 more.
pub(super) const MAX_NOTE_BYTES: usize = 16 * 1024;

/// Signature type Ed25519 of `signed-note`.
const ED25519: u8 = 1;

/// What anyone needs to check a ledger's notes: `name+hash+base64(01 ‖ public key)` (C2SP `signed-note`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifierKey {
    name: String,
    key: VerifyingKey,
    key_hash: [u8; 4],
}

/// A verifier key that cannot be read or used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VerifierKeyError {
    /// Not three parts joined by `+`.
    #[error("a verifier key is name+hash+key, got {got:?}")]
    Form {
        /// The text as it came.
        got: String,
    },
    /// Key names are not empty and have neither space nor `+` (C2SP `signed-note`).
    #[error("a key's name is not empty and has neither white space nor '+', got {got:?}")]
    Name {
        /// The name as it came.
        got: String,
    },
    /// The hash does not belong to name and key.
    #[error("the verifier key's hash is {expected}, the text says {got:?}")]
    Hash {
        /// What name and key hash to.
        expected: String,
        /// What the text says.
        got: String,
    },
    /// Not an Ed25519 key.
    #[error("checkpoints are signed with Ed25519 keys")]
    Algorithm,
    /// The public key's bytes are refused.
    #[error("the verifier key's public key is refused: {0}")]
    Key(#[from] KeyError),
}

impl VerifierKey {
    /// Names an Ed25519 key.
    pub fn new(name: &str, key: VerifyingKey) -> Result<Self, VerifierKeyError> {
        if name.is_empty() || name.contains(|c: char| c.is_whitespace() || c.is_control() || c == '+') {
            return Err(VerifierKeyError::Name { got: name.to_owned() });
        }
        if key.algorithm() != Algorithm::EdDsa {
            return Err(VerifierKeyError::Algorithm);
        }
        let hash = Digest::of_parts(&[name.as_bytes(), b"\n", &[ED25519], key.as_bytes()]);
        let [a, b, c, d, ..] = *hash.as_bytes();
        Ok(Self { name: name.to_owned(), key, key_hash: [a, b, c, d] })
    }

    /// The key's name, which is the ledger's origin.
    pub fn name(&self) -> &str {
        &self.name
    }

    fn hash_text(&self) -> String {
        self.key_hash.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// The note of `text` (which ends with a newline) under a signature made with this key's private half.
    pub(super) fn note(&self, text: &str, signature: &[u8; 64]) -> String {
        let signature = STANDARD.encode([&self.key_hash[..], signature].concat());
        format!("{text}\n\u{2014} {} {signature}\n", self.name)
    }

    /// The text of a note whose signature by this key is there and good. Lines of other keys (witnesses) may stand
    /// beside it and are not looked at.
    pub(super) fn verify_note<'a>(&self, note: &'a str) -> Result<&'a str, NoteError> {
        if note.len() > MAX_NOTE_BYTES {
            return Err(NoteError::TooLong { got: note.len() });
        }
        if note.contains(|c: char| c.is_control() && c != '\n') {
            return Err(NoteError::Control);
        }
        let gap = note.rfind("\n\n").ok_or(NoteError::Form)?;
        let (Some(text), Some(signatures)) = (note.get(..=gap), note.get(gap + 2..)) else {
            return Err(NoteError::Form);
        };
        let signatures = signatures.strip_suffix('\n').ok_or(NoteError::Form)?;
        let mut ours = None;
        for line in signatures.split('\n') {
            if let Some(signature) = self.signature_in(line)?
                && ours.replace(signature).is_some()
            {
                return Err(NoteError::SignedTwice);
            }
        }
        let signature = ours.ok_or_else(|| NoteError::NotSigned { name: self.name.clone() })?;
        self.key.verify(text.as_bytes(), &signature)?;
        Ok(text)
    }

    /// The signature in `line` if it is by this key.
    fn signature_in(&self, line: &str) -> Result<Option<Vec<u8>>, NoteError> {
        let (name, encoded) =
            line.strip_prefix("\u{2014} ").and_then(|rest| rest.split_once(' ')).ok_or(NoteError::Line)?;
        let bytes = STANDARD.decode(encoded).map_err(|_| NoteError::Line)?;
        let (hash, signature) = bytes.split_first_chunk::<4>().ok_or(NoteError::Line)?;
        Ok((name == self.name && *hash == self.key_hash).then(|| signature.to_vec()))
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = STANDARD.encode([&[ED25519], self.key.as_bytes()].concat());
        write!(f, "{}+{}+{key}", self.name, self.hash_text())
    }
}

impl FromStr for VerifierKey {
    type Err = VerifierKeyError;

    fn from_str(text: &str) -> Result<Self, VerifierKeyError> {
        let form = || VerifierKeyError::Form { got: text.to_owned() };
        // The base64 at the end may itself hold a '+', the name and the hash may not.
        let mut parts = text.splitn(3, '+');
        let (Some(name), Some(hash), Some(encoded)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(form());
        };
        let bytes = STANDARD.decode(encoded).map_err(|_| form())?;
        let (algorithm, public) = bytes.split_first().ok_or_else(form)?;
        if *algorithm != ED25519 {
            return Err(VerifierKeyError::Algorithm);
        }
        let key = Self::new(name, VerifyingKey::new(Algorithm::EdDsa, public)?)?;
        let expected = key.hash_text();
        if hash == expected {
            Ok(key)
        } else {
            Err(VerifierKeyError::Hash { expected, got: hash.to_owned() })
        }
    }
}

/// Text that is not a note signed by the expected key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// Longer than any note that is read.
    #[error("a note is at most {MAX_NOTE_BYTES} bytes, got {got}")]
    TooLong {
        /// Its length.
        got: usize,
    },
    /// Control characters other than newline.
    #[error("a note holds no control characters but newlines")]
    Control,
    /// No empty line between text and signatures, or no newline at the end.
    #[error("a note is text, an empty line and signature lines, each ended by a newline")]
    Form,
    /// A signature line is not em dash, name, base64.
    #[error("a signature line is an em dash, a name and base64")]
    Line,
    /// No signature by the expected key.
    #[error("the note is not signed by {name:?}")]
    NotSigned {
        /// The expected key's name.
        name: String,
    },
    /// Two signatures by the same key.
    #[error("the note is signed twice by the same key")]
    SignedTwice,
    /// The signature is not good.
    #[error("the note's signature is not good: {0}")]
    Signature(#[from] SignatureError),
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example that the documentation of the first implementation (Go's checksum database) gives.
    const KEY: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    const NOTE: &str = "If you think cryptography is the answer to your problem,\n\
        then you don't know what your problem is.\n\n\
        \u{2014} PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

    #[test]
    fn the_known_note_verifies_and_no_changed_one_does() {
        let key: VerifierKey = KEY.parse().unwrap();
        assert_eq!(key.to_string(), KEY);
        let text = key.verify_note(NOTE).unwrap();
        assert!(text.starts_with("If you") && text.ends_with("is.\n"));
        for at in (0..NOTE.len()).filter(|at| NOTE.is_char_boundary(*at) && NOTE.is_char_boundary(at + 1)) {
            let mut changed = NOTE.as_bytes().to_vec();
            changed[at] ^= 1;
            let changed = String::from_utf8(changed).unwrap();
            assert!(key.verify_note(&changed).is_err(), "byte {at} changed and still verified");
        }
    }

    #[test]
    fn a_witness_beside_is_no_matter() {
        let key: VerifierKey = KEY.parse().unwrap();
        let beside = format!("{NOTE}\u{2014} witness AAAAAAAA\n");
        assert!(key.verify_note(&beside).is_ok());
        let twice = format!("{NOTE}{}", NOTE.split("\n\n").nth(1).unwrap());
        assert_eq!(key.verify_note(&twice), Err(NoteError::SignedTwice));
    }

    #[test]
    fn hostile_notes() {
        let key: VerifierKey = KEY.parse().unwrap();
        let unsigned = "text\n\n\u{2014} other AAAAAAAA\n";
        assert_eq!(key.verify_note(unsigned), Err(NoteError::NotSigned { name: "PeterNeumann".into() }));
        assert_eq!(key.verify_note(""), Err(NoteError::Form));
        assert_eq!(key.verify_note(NOTE.trim_end()), Err(NoteError::Form));
        assert_eq!(key.verify_note(&format!("{NOTE}\n")), Err(NoteError::Form));
        assert_eq!(key.verify_note(&NOTE.replace('\u{2014}', "-")), Err(NoteError::Line));
        assert_eq!(key.verify_note(&NOTE.replace("then", "\rthen")), Err(NoteError::Control));
        let long = "a".repeat(MAX_NOTE_BYTES + 1);
        assert_eq!(key.verify_note(&long), Err(NoteError::TooLong { got: long.len() }));
    }

    #[test]
    fn hostile_verifier_keys() {
        assert!(matches!("a+b".parse::<VerifierKey>(), Err(VerifierKeyError::Form { .. })));
        assert!(matches!(
            KEY.replace("c74f", "c74e").parse::<VerifierKey>(),
            Err(VerifierKeyError::Hash { .. })
        ));
        let spaced = KEY.replace("PeterNeumann", "Peter Neumann");
        assert!(matches!(spaced.parse::<VerifierKey>(), Err(VerifierKeyError::Name { .. })));
        assert_eq!(KEY.replace("+AR", "+BB").parse::<VerifierKey>(), Err(VerifierKeyError::Algorithm));
    }
}
