//! Object identifiers: ours, under one arc, and the few of X.509 that a certificate here may carry.
//!
//! The arc is `2.25.N` (X.667) with N random and below 2^63, so that common encoders can write it. The arrays are
//! components, as `rcgen` takes them; the byte strings are the same in DER content form, as they stand in a certificate.

/// Our arc.
pub(crate) const ARC: u64 = 5_239_074_167_859_244_784;
/// `…1`, the credit code of a department.
pub(crate) const CREDIT_CODE: &[u64] = &[2, 25, ARC, 1];
/// `…2`, the type codes that a department may issue.
pub(crate) const TYPE_CODES: &[u64] = &[2, 25, ARC, 2];
/// `…3`, the parent of the extended key usages.
pub(crate) const USAGES: &[u64] = &[2, 25, ARC, 3];
/// X.520 organizationIdentifier, in a department's name.
pub(crate) const ORGANIZATION_IDENTIFIER: &[u64] = &[2, 5, 4, 97];

/// An object identifier as its content octets.
pub(crate) type OidBytes = &'static [u8];

/// `…1`.
pub(crate) const CREDIT_CODE_DER: OidBytes =
    &[0x69, 0xc8, 0xda, 0xbb, 0xc6, 0xaa, 0xb9, 0xb3, 0xdd, 0x70, 0x01];
/// `…2`.
pub(crate) const TYPE_CODES_DER: OidBytes =
    &[0x69, 0xc8, 0xda, 0xbb, 0xc6, 0xaa, 0xb9, 0xb3, 0xdd, 0x70, 0x02];
/// `…3`; one more octet makes a usage of it.
pub(crate) const USAGES_DER: OidBytes = &[0x69, 0xc8, 0xda, 0xbb, 0xc6, 0xaa, 0xb9, 0xb3, 0xdd, 0x70, 0x03];

/// 2.5.29.14 (RFC 5280 §4.2.1.2).
pub(crate) const SUBJECT_KEY_IDENTIFIER_DER: OidBytes = &[0x55, 0x1d, 0x0e];
/// 2.5.29.15 (RFC 5280 §4.2.1.3).
pub(crate) const KEY_USAGE_DER: OidBytes = &[0x55, 0x1d, 0x0f];
/// 2.5.29.19 (RFC 5280 §4.2.1.9).
pub(crate) const BASIC_CONSTRAINTS_DER: OidBytes = &[0x55, 0x1d, 0x13];
/// 2.5.29.30 (RFC 5280 §4.2.1.10): refused wherever it stands.
pub(crate) const NAME_CONSTRAINTS_DER: OidBytes = &[0x55, 0x1d, 0x1e];
/// 2.5.29.35 (RFC 5280 §4.2.1.1).
pub(crate) const AUTHORITY_KEY_IDENTIFIER_DER: OidBytes = &[0x55, 0x1d, 0x23];
/// 2.5.29.37 (RFC 5280 §4.2.1.12).
pub(crate) const EXTENDED_KEY_USAGE_DER: OidBytes = &[0x55, 0x1d, 0x25];

/// 1.3.6.1.5.5.7.3.1, id-kp-serverAuth (RFC 5280 §4.2.1.12).
pub(crate) const SERVER_AUTH_DER: OidBytes = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x01];
/// 1.3.6.1.5.5.7.3.2, id-kp-clientAuth.
pub(crate) const CLIENT_AUTH_DER: OidBytes = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x02];

#[cfg(test)]
mod tests {
    use x509_parser::der_parser::asn1_rs::Oid;

    use super::*;

    #[test]
    fn components_and_octets_are_the_same_identifiers() {
        for (components, octets) in
            [(CREDIT_CODE, CREDIT_CODE_DER), (TYPE_CODES, TYPE_CODES_DER), (USAGES, USAGES_DER)]
        {
            assert_eq!(Oid::from(components).unwrap().as_bytes(), octets);
            const { assert!(ARC < 1 << 63) };
        }
    }
}
