//! Bytes as a status list in either form, as its claims, or as its compressed entries: only the two lists of the corpus are
//! believed, and what is read out of anything is what is written again.

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use elicense::codec::deflate::deflate_as_zlib_does;
use elicense::codec::zlib::inflate;
use elicense::codec::{KeyId, Typ, sign_envelope};
use elicense::crypto::SigningKey;
use elicense::status::{EntryBits, LIST_BYTES, LIST_ENTRIES, StatusBits, StatusListToken, StatusSigner};
use elicense::verify::accept_status_list;

use super::golden;

const ADDRESS: &str = "https://licences.example/v1/status-lists/5b0c1f3a9e7d2468-0";
const LISTS: [&[u8]; 2] =
    [include_bytes!("../corpus/status_list/list-cwt"), include_bytes!("../corpus/status_list/list-jwt")];

/// The key of the golden city's status lists, so that claims get as far as being read.
static KEY: LazyLock<SigningKey> =
    LazyLock::new(|| SigningKey::from_pkcs8_pem(include_str!("../../keys/status-list.pem")).unwrap());

/// One input.
pub fn run(data: &[u8]) {
    if accept_status_list(&golden::TRUST, ADDRESS, data, None, golden::judged()).is_ok() {
        assert!(LISTS.contains(&data), "a forged status list is believed");
    }
    match data {
        [0x78, ..] => entries(data),
        [0xa0..0xc0, ..] => {
            let envelope = sign_envelope(Typ::StatusList, key_id(), data.to_vec(), &KEY).unwrap();
            claims(envelope.bare_bytes());
        }
        [b'{', ..] => {
            let header = format!(
                r#"{{"alg":"ES256","kid":"{}","typ":"statuslist+jwt"}}"#,
                URL_SAFE_NO_PAD.encode(key_id().as_bytes())
            );
            let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(data));
            let signature = URL_SAFE_NO_PAD.encode(KEY.sign(signed.as_bytes()).unwrap());
            claims(format!("{signed}.{signature}").as_bytes());
        }
        _ => assert_eq!(inflate(&deflate_as_zlib_does(data), data.len()).as_deref(), Ok(data)),
    }
}

fn key_id() -> KeyId {
    KeyId::from_bytes(*b"fuzzing!")
}

/// Rightly signed claims: what is read of them is signed and read again.
fn claims(token: &[u8]) {
    let key = KEY.verifying_key();
    let Ok(list) = StatusListToken::decode(token).unwrap().verify(&key) else { return };
    assert_eq!(list.bits.entries(), u64::from(LIST_ENTRIES));
    let signer = StatusSigner { key_id: key_id(), key: &KEY };
    let again = list.sign(&list.bits.compress(), signer).unwrap();
    for form in [again.cwt, again.jwt] {
        assert_eq!(StatusListToken::decode(&form).unwrap().verify(&key).as_ref(), Ok(&list));
    }
}

/// A stream: no more than the entries of a list come out of it, and the same again of what zlib makes of them.
fn entries(stream: &[u8]) {
    let Ok(bits) = StatusBits::decompress(EntryBits::Two, stream, LIST_BYTES) else { return };
    assert_eq!(bits.as_bytes().len(), LIST_BYTES);
    assert_eq!(StatusBits::decompress(EntryBits::Two, &bits.compress(), LIST_BYTES), Ok(bits));
}
