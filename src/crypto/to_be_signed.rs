//! The only place that makes to-be-signed bytes: issuing and verifying both call it.

/// `["Signature1", protected, h'', payload]` (RFC 9052 §4.4, no external data).
///
/// What keeps a licence from passing as a receipt is `typ` inside `protected`: it is signed with the rest.
pub fn to_be_signed(protected: &[u8], payload: &[u8]) -> Vec<u8> {
    const HEAD: &[u8] = b"\x84\x6aSignature1"; // array of 4, text of 10
    const NO_EXTERNAL_DATA: u8 = 0x40; // byte string of 0
    let mut bytes = Vec::with_capacity(HEAD.len() + protected.len() + payload.len() + 12);
    bytes.extend_from_slice(HEAD);
    push_byte_string(&mut bytes, protected);
    bytes.push(NO_EXTERNAL_DATA);
    push_byte_string(&mut bytes, payload);
    bytes
}

/// A CBOR byte string with the shortest length (RFC 8949 §4.2.1). Written here because `codec` lies above.
fn push_byte_string(out: &mut Vec<u8>, bytes: &[u8]) {
    const MAJOR: u8 = 0x40;
    let length = bytes.len();
    if let Ok(short @ 0..24) = u8::try_from(length) {
        out.push(MAJOR | short);
    } else if let Ok(length) = u8::try_from(length) {
        out.extend_from_slice(&[MAJOR | 24, length]);
    } else if let Ok(length) = u16::try_from(length) {
        out.push(MAJOR | 25);
        out.extend_from_slice(&length.to_be_bytes());
    } else if let Ok(length) = u32::try_from(length) {
        out.push(MAJOR | 26);
        out.extend_from_slice(&length.to_be_bytes());
    } else {
        out.push(MAJOR | 27);
        out.extend_from_slice(&u64::try_from(length).unwrap_or(u64::MAX).to_be_bytes());
    }
    out.extend_from_slice(bytes);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_structure_of_rfc_9052() {
        let expected = [
            &b"\x84"[..],            // array of 4
            b"\x6aSignature1",       // context
            b"\x43\xa1\x01\x26",     // protected: {1: -7}
            b"\x40",                 // external data: none
            b"\x44\x01\x02\x03\x04", // payload
        ]
        .concat();
        assert_eq!(to_be_signed(b"\xa1\x01\x26", &[1, 2, 3, 4]), expected);
    }

    #[test]
    fn lengths_are_the_shortest() {
        for (length, head) in [
            (23, vec![0x57]),
            (24, vec![0x58, 24]),
            (255, vec![0x58, 255]),
            (256, vec![0x59, 1, 0]),
            (65_536, vec![0x5a, 0, 1, 0, 0]),
        ] {
            let mut out = Vec::new();
            push_byte_string(&mut out, &vec![7; length]);
            assert_eq!(out[..head.len()], head);
            assert_eq!(out.len(), head.len() + length);
        }
    }
}
