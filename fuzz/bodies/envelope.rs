//! Bytes as an envelope: what decodes encodes to the same bytes, and nothing but what the golden city signed is believed.

use elicense::codec::cbor::Reader;
use elicense::codec::{Envelope, LicenceClaims, decode_bytes, limits};
use elicense::verify::Verifier;

use super::golden;

/// One input.
pub fn run(data: &[u8]) {
    if let Ok(envelope) = Envelope::decode(data, limits::ENVELOPE) {
        assert_eq!(encode_again(&envelope), data, "an envelope in other bytes than its own");
        if let Ok(claims) = LicenceClaims::decode(envelope.payload()) {
            assert_eq!(claims.encode(), envelope.payload(), "claims in other bytes than their own");
        }
    }
    if let Ok(claims) = LicenceClaims::decode(data) {
        assert_eq!(claims.encode(), data, "claims in other bytes than their own");
    }
    walk(data);
    assert_eq!(decode_bytes(data).is_ok(), Envelope::decode(data, limits::ENVELOPE).is_ok());
    let verdict = Verifier::new(&golden::TRUST).verify_bytes(data, golden::judged());
    golden::assert_only_golden(&verdict, data);
}

fn encode_again(envelope: &Envelope) -> Vec<u8> {
    match envelope.x5chain() {
        [] => envelope.bare_bytes().to_vec(),
        chain => envelope.to_file_bytes(chain),
    }
}

/// Any bytes as CBOR, whatever they hold.
fn walk(data: &[u8]) {
    let mut reader = Reader::new(data);
    while reader.skip().is_ok() {}
}
