//! DER that can be put together wrongly, and certificates taken apart and signed again.

use elicense::crypto::{Digest, SigningKey};

pub(crate) const INTEGER: u8 = 2;
pub(crate) const BIT_STRING: u8 = 3;
pub(crate) const OID: u8 = 6;
pub(crate) const SEQUENCE: u8 = 0x30;

/// One element.
pub(crate) fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len();
    let head = match length {
        0..0x80 => vec![tag, u8::try_from(length).unwrap()],
        0x80..0x100 => vec![tag, 0x81, u8::try_from(length).unwrap()],
        _ => [&[tag, 0x82][..], &u16::try_from(length).unwrap().to_be_bytes()].concat(),
    };
    [&head, content].concat()
}

pub(crate) fn sequence(parts: &[&[u8]]) -> Vec<u8> {
    element(SEQUENCE, &parts.concat())
}

/// The elements one behind the other, each whole, and the length of its head.
fn elements(mut bytes: &[u8]) -> Vec<(&[u8], usize)> {
    let mut all = Vec::new();
    while !bytes.is_empty() {
        let (head, length) = match bytes[1] {
            short @ 0..=0x7f => (2, usize::from(short)),
            0x81 => (3, usize::from(bytes[2])),
            _ => (4, usize::from(bytes[2]) << 8 | usize::from(bytes[3])),
        };
        let (one, rest) = bytes.split_at(head + length);
        all.push((one, head));
        bytes = rest;
    }
    all
}

fn inside(element: &[u8]) -> Vec<Vec<u8>> {
    let (whole, head) = elements(element)[0];
    elements(&whole[head..]).into_iter().map(|(one, _)| one.to_vec()).collect()
}

/// An ECDSA signature as X.509 writes it; `extra` octets of zero stand before each number.
pub(crate) fn ecdsa(signature: &[u8], extra: usize) -> Vec<u8> {
    let integer = |number: &[u8]| {
        let mut shortest = number.to_vec();
        while shortest.len() > 1 && shortest[0] == 0 {
            shortest.remove(0);
        }
        if shortest[0] & 0x80 != 0 {
            shortest.insert(0, 0);
        }
        element(INTEGER, &[vec![0; extra], shortest].concat())
    };
    sequence(&[&integer(&signature[..32]), &integer(&signature[32..])])
}

/// A certificate, its signed part cut into its eight elements.
pub(crate) struct Certificate {
    signed: Vec<Vec<u8>>,
    /// Of both algorithm fields.
    pub(crate) algorithm: Vec<u8>,
}

impl Certificate {
    pub(crate) fn take_apart(der: &[u8]) -> Self {
        let whole = inside(der);
        Self { signed: inside(&whole[0]), algorithm: whole[1].clone() }
    }

    /// With another serial number, so that no list has it twice.
    pub(crate) fn renumber(mut self) -> Self {
        *self.signed[1].last_mut().unwrap() ^= 1;
        self
    }

    /// For another key: `key` are the bytes that its identifier is made of, `info` is the whole subjectPublicKeyInfo.
    pub(crate) fn with_key(mut self, info: Vec<u8>, key: &[u8]) -> Self {
        let old = inside(&self.signed[6])[1].clone();
        let old_id = Digest::of(&old[3..]).as_bytes()[..20].to_vec();
        let digest = Digest::of(key);
        let new_id = &digest.as_bytes()[..20];
        let extensions = &mut self.signed[7];
        let at = extensions.windows(20).position(|window| window == old_id).unwrap();
        extensions[at..at + 20].copy_from_slice(new_id);
        self.signed[6] = info;
        self
    }

    pub(crate) fn sign(&self, key: &SigningKey) -> Vec<u8> {
        let mut parts = self.signed.clone();
        parts[2] = self.algorithm.clone();
        let signed = element(SEQUENCE, &parts.concat());
        let signature = ecdsa(&key.sign(&signed).unwrap(), 0);
        let signature = element(BIT_STRING, &[&[0], signature.as_slice()].concat());
        sequence(&[&signed, &self.algorithm, &signature])
    }
}
