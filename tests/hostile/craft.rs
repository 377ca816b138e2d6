//! Envelopes with one fault, and everything else right: the signature is over what is there.

use elicense::codec::{base45, zlib};
use elicense::crypto::{SigningKey, to_be_signed};
use elicense::pki::TrustStore;

use super::city::{EDDSA, department, department_key, golden, trust};
use super::item::Item;

pub(crate) const ALG: i64 = 1;
pub(crate) const KID: i64 = 4;
pub(crate) const TYP: i64 = 16;
pub(crate) const X5CHAIN: i64 = 33;
pub(crate) const ISS: i64 = 1;
pub(crate) const EXP: i64 = 4;
pub(crate) const NBF: i64 = 5;
pub(crate) const IAT: i64 = 6;
pub(crate) const STATUS: i64 = 65_535;
pub(crate) const LICENCE: i64 = -70_001;

/// An envelope before it is signed.
pub(crate) struct Draft {
    pub(crate) protected: Item,
    pub(crate) unprotected: Item,
    pub(crate) claims: Item,
    pub(crate) key: SigningKey,
    pub(crate) trust: TrustStore,
}

/// The four parts of a signed envelope.
#[derive(Clone, Debug)]
pub(crate) struct Parts {
    pub(crate) protected: Vec<u8>,
    pub(crate) unprotected: Item,
    pub(crate) payload: Vec<u8>,
    pub(crate) signature: Vec<u8>,
}

impl Draft {
    /// The golden EdDSA licence in the full form, whose signature comes out the same each time.
    pub(crate) fn full() -> Self {
        Self::of("eddsa-full.cose", department_key(EDDSA))
    }

    /// The same licence's qr form.
    pub(crate) fn qr() -> Self {
        Self::of("eddsa-qr.cose", department_key(EDDSA))
    }

    /// Of a golden envelope, to be signed with `key`.
    pub(crate) fn of(name: &str, key: SigningKey) -> Self {
        let parts = Parts::of(&golden(name));
        Self {
            protected: Item::parse(&parts.protected),
            unprotected: Item::Map(Vec::new()),
            claims: Item::parse(&parts.payload),
            key,
            trust: trust(),
        }
    }

    pub(crate) fn header(mut self, change: impl FnOnce(&mut Item)) -> Self {
        change(&mut self.protected);
        self
    }

    pub(crate) fn unprotected(mut self, change: impl FnOnce(&mut Item)) -> Self {
        change(&mut self.unprotected);
        self
    }

    pub(crate) fn claims(mut self, change: impl FnOnce(&mut Item)) -> Self {
        change(&mut self.claims);
        self
    }

    /// Changes the map of claim -70001.
    pub(crate) fn licence(self, change: impl FnOnce(&mut Item)) -> Self {
        self.claims(|claims| change(claims.at(LICENCE)))
    }

    /// Changes the map of fields.
    pub(crate) fn fields(self, change: impl FnOnce(&mut Item)) -> Self {
        self.licence(|licence| change(licence.at(9)))
    }

    /// Changes the map inside claim 65535.
    pub(crate) fn status(self, change: impl FnOnce(&mut Item)) -> Self {
        self.claims(|claims| change(claims.at(STATUS).at("status_list")))
    }

    /// With another key, whatever the header says.
    pub(crate) fn signed_with(mut self, key: SigningKey) -> Self {
        self.key = key;
        self
    }

    /// The path that verifies it, signer first.
    pub(crate) fn path(&self) -> Vec<Vec<u8>> {
        department(&self.trust, EDDSA).path_der().map(<[u8]>::to_vec).collect()
    }

    pub(crate) fn sign(self) -> Parts {
        let (protected, payload) = (self.protected.encode(), self.claims.encode());
        let signature = self.key.sign(&to_be_signed(&protected, &payload)).unwrap().to_vec();
        Parts { protected, unprotected: self.unprotected, payload, signature }
    }

    pub(crate) fn bytes(self) -> Vec<u8> {
        self.sign().bytes()
    }
}

impl Parts {
    pub(crate) fn of(envelope: &[u8]) -> Self {
        let Item::Tag(18, inner) = Item::parse(envelope) else { panic!("no COSE_Sign1") };
        let Item::Array(parts) = *inner else { panic!("no array") };
        let [Item::Bytes(protected), unprotected, Item::Bytes(payload), Item::Bytes(signature)] =
            <[Item; 4]>::try_from(parts).unwrap()
        else {
            panic!("no envelope")
        };
        Self { protected, unprotected, payload, signature }
    }

    pub(crate) fn signature(self, signature: impl Into<Vec<u8>>) -> Self {
        Self { signature: signature.into(), ..self }
    }

    /// The four elements, to be put into another order or number.
    pub(crate) fn elements(&self) -> [Item; 4] {
        [
            Item::bytes(self.protected.clone()),
            self.unprotected.clone(),
            Item::bytes(self.payload.clone()),
            Item::bytes(self.signature.clone()),
        ]
    }

    pub(crate) fn array(&self) -> Item {
        Item::Array(self.elements().to_vec())
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        Item::Tag(18, Box::new(self.array())).encode()
    }
}

/// The QR text of an envelope's bytes, whatever they are.
pub(crate) fn qr_text(envelope: &[u8]) -> String {
    qr_text_of_stream(&zlib::deflate(envelope))
}

/// The QR text of a compressed stream, whatever it is.
pub(crate) fn qr_text_of_stream(stream: &[u8]) -> String {
    format!("EL1:{}", base45::encode(stream))
}
