//! A status list as it is written, in either form, with anything changed that an honest writer would not change.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use elicense::codec::{KeyId, Typ, sign_envelope};
use elicense::crypto::SigningKey;
use elicense::pki::Usage;
use elicense::status::{EntryBits, StatusBits};
use serde_json::{Map, Value, json};

use super::city::{self, EDDSA, ES256, PUBLIC_URL, STATUS_TAGS, key, signer, time, trust};
use super::item::Item;

/// The entry that is asked for; it is 2.
pub(crate) const INDEX: u32 = 1_993;
pub(crate) const MADE: &str = "2026-11-24T09:59:00+08:00";
pub(crate) const VERSION: u64 = 4_711;

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Cwt,
    Jwt,
}

impl Form {
    pub(crate) const ALL: [Self; 2] = [Self::Cwt, Self::Jwt];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Cwt => "cwt",
            Self::Jwt => "jwt",
        }
    }
}

/// What a list will say, and who will have signed it.
pub(crate) struct Draft {
    pub(crate) sub: String,
    pub(crate) iat: i64,
    pub(crate) exp: i64,
    pub(crate) ttl: Option<i64>,
    pub(crate) version: Option<i64>,
    pub(crate) bits: i64,
    pub(crate) lst: Vec<u8>,
    pub(crate) key_id: KeyId,
    pub(crate) key: SigningKey,
    pub(crate) typ: Typ,
}

/// The address of a list of the department that signs with ES256, or with EdDSA.
pub(crate) fn uri(code: &str, number: &str) -> String {
    let (_, tag) = STATUS_TAGS.iter().find(|(own, _)| *own == code).unwrap();
    format!("{PUBLIC_URL}/v1/status-lists/{tag}-{number}")
}

pub(crate) fn own_uri() -> String {
    uri(ES256, "0")
}

pub(crate) fn other_authoritys_uri() -> String {
    uri(EDDSA, "0")
}

/// Entries of this width, all 0 but for the one.
pub(crate) fn entries(width: EntryBits, value: u8) -> StatusBits {
    let mut bits = StatusBits::from_bytes(width, vec![0; usize::from(width.count()) << 17]);
    bits.set(INDEX, value).unwrap();
    bits
}

impl Draft {
    /// A good list.
    pub(crate) fn new() -> Self {
        let iat = time(MADE).seconds();
        Self {
            sub: own_uri(),
            iat,
            exp: iat + 604_800,
            ttl: Some(300),
            version: Some(VERSION.try_into().unwrap()),
            bits: 2,
            lst: entries(EntryBits::Two, 2).compress(),
            key_id: signer(&trust(), Usage::StatusList).key_id(),
            key: key("status-list"),
            typ: Typ::StatusList,
        }
    }

    /// Signed by another key of the city, which says so.
    pub(crate) fn signed_by(self, name: &str, key_id: KeyId) -> Self {
        Self { key: key(name), key_id, ..self }
    }

    pub(crate) fn with(self, change: impl FnOnce(&mut Self)) -> Self {
        let mut draft = self;
        change(&mut draft);
        draft
    }

    pub(crate) fn write(&self, form: Form) -> Vec<u8> {
        match form {
            Form::Cwt => self.cwt(self.claims()),
            Form::Jwt => self.jwt(&self.header(), &self.payload()),
        }
    }

    pub(crate) fn claims(&self) -> Item {
        let list =
            Item::Map(vec![("lst".into(), Item::bytes(self.lst.clone())), ("bits".into(), self.bits.into())]);
        let mut claims = Item::Map(vec![
            (2.into(), self.sub.as_str().into()),
            (4.into(), self.exp.into()),
            (6.into(), self.iat.into()),
            (65_533.into(), list),
        ]);
        if let Some(ttl) = self.ttl {
            claims.set(65_534, ttl);
        }
        if let Some(version) = self.version {
            claims.set(-70_006, version);
        }
        claims
    }

    pub(crate) fn cwt(&self, claims: Item) -> Vec<u8> {
        let envelope = sign_envelope(self.typ, self.key_id, claims.encode(), &self.key).unwrap();
        envelope.bare_bytes().to_vec()
    }

    pub(crate) fn header(&self) -> Value {
        let kid = URL_SAFE_NO_PAD.encode(self.key_id.as_bytes());
        json!({ "alg": "ES256", "kid": kid, "typ": "statuslist+jwt" })
    }

    pub(crate) fn payload(&self) -> Value {
        let lst = URL_SAFE_NO_PAD.encode(&self.lst);
        let mut payload = Map::new();
        payload.insert("sub".to_owned(), json!(self.sub));
        payload.insert("exp".to_owned(), json!(self.exp));
        payload.insert("iat".to_owned(), json!(self.iat));
        payload.insert("status_list".to_owned(), json!({ "bits": self.bits, "lst": lst }));
        payload.extend(self.ttl.map(|ttl| ("ttl".to_owned(), json!(ttl))));
        payload.extend(self.version.map(|version| ("version".to_owned(), json!(version))));
        Value::Object(payload)
    }

    pub(crate) fn jwt(&self, header: &Value, payload: &Value) -> Vec<u8> {
        self.jwt_of(&header.to_string(), &payload.to_string())
    }

    pub(crate) fn jwt_of(&self, header: &str, payload: &str) -> Vec<u8> {
        let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload));
        let signature = URL_SAFE_NO_PAD.encode(self.key.sign(signed.as_bytes()).unwrap());
        format!("{signed}.{signature}").into_bytes()
    }
}

/// The golden trust list with the entry of the status lists' signer changed, signed again.
pub(crate) fn trust_list(change: impl Fn(&mut Item)) -> Vec<u8> {
    let trust = trust();
    let der = signer(&trust, Usage::StatusList).certificate().der().to_vec();
    let golden = elicense::codec::Envelope::decode(&city::golden("trust-list.cose"), 1 << 22).unwrap();
    let mut claims = Item::parse(golden.payload());
    let entries = claims.at(-70_002).at(3).items();
    let own = Item::bytes(der);
    let place = entries.iter_mut().position(|entry| entry.pairs()[0].1 == own).unwrap();
    change(&mut entries[place]);
    let kid = signer(&trust, Usage::TrustList).key_id();
    sign_envelope(Typ::TrustList, kid, claims.encode(), &key("trust-list")).unwrap().bare_bytes().to_vec()
}
