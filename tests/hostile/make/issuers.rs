//! Rows 8 and 11: keys that a credential offers, and departments beyond what they are certified for.

use elicense::crypto::Digest;
use elicense::pki::{KnownSigner, TrustStore, Usage};

use super::super::city::{EDDSA, ES256, department, key, signer, trust};
use super::super::craft::{ALG, Draft, ISS, KID, X5CHAIN};
use super::super::item::Item;
use super::{Set, case, cose, fails, undecodable};

const FULL: &str = "eddsa-full";
const FILE: &str = "eddsa-file";
const LONG_TERM: &str = "signed-long-term";

/// Row 8: a credential brings no key that anyone would use.
pub(super) fn offered_keys(set: &mut Set) {
    let outsider = key("outsider");
    let public = outsider.verifying_key();
    let certificate = b"not a certificate of anybody".to_vec();
    let kid = Digest::of(&certificate).as_bytes()[..8].to_vec();
    let by_outsider = || {
        Draft::full().header(|header| header.set(KID, Item::bytes(kid.clone()))).signed_with(key("outsider"))
    };
    let chain = |path: &[Vec<u8>]| Item::Array(path.iter().cloned().map(Item::Bytes).collect());
    let path = Draft::full().path();
    let own = [certificate, path[1].clone(), path[2].clone()];
    set.refuse(
        case(8, "own-chain-own-key", FILE),
        fails(&[("issuer", "issuer_unknown")], ""),
        cose(by_outsider().unprotected(|header| header.set(X5CHAIN, chain(&own))).bytes()),
        "signed by an outsider, whose certificate leads the chain above the city and the root",
    );
    set.refuse(
        case(8, "own-chain-department-kid", FILE),
        fails(&[("issuer", "chain_mismatch"), ("signature", "forged")], ""),
        cose(
            Draft::full()
                .signed_with(key("outsider"))
                .unprotected(|header| header.set(X5CHAIN, chain(&own)))
                .bytes(),
        ),
        "the department's kid, an outsider's chain and signature",
    );
    set.refuse(
        case(8, "department-chain-own-key", FILE),
        fails(&[("signature", "forged")], ""),
        cose(
            Draft::full()
                .signed_with(key("outsider"))
                .unprotected(|header| header.set(X5CHAIN, chain(&path)))
                .bytes(),
        ),
        "the department's kid and chain, an outsider's signature",
    );
    let mut changed = path.clone();
    *changed[1].last_mut().unwrap() ^= 1;
    for (name, path) in [
        ("chain-with-one-byte-changed", changed),
        ("chain-in-another-order", vec![path[0].clone(), path[2].clone(), path[1].clone()]),
        ("chain-without-root", path[..2].to_vec()),
        ("chain-with-root-twice", [path.as_slice(), &path[2..]].concat()),
    ] {
        set.refuse(
            case(8, name, FILE),
            fails(&[("issuer", "chain_mismatch")], ""),
            cose(Draft::full().unprotected(|header| header.set(X5CHAIN, chain(&path))).bytes()),
            "rightly signed, but the chain is not byte for byte the path",
        );
    }
    for (name, path) in [("chain-of-one", path[..1].to_vec()), ("chain-of-five", vec![path[0].clone(); 5])] {
        set.refuse(
            case(8, name, FILE),
            undecodable("expected 2 to 4 certificates"),
            cose(Draft::full().unprotected(|header| header.set(X5CHAIN, chain(&path))).bytes()),
            "rightly signed, but the chain has another number of certificates",
        );
    }
    let cose_key = Item::Map(vec![
        (1.into(), 1.into()),
        ((-1).into(), 6.into()),
        ((-2).into(), Item::bytes(public.as_bytes())),
    ]);
    for (name, label, value) in [
        ("x5u", 35, "https://evil.example/key.der".into()),
        ("x5t", 34, Item::Array(vec![(-16).into(), Item::bytes([0; 32])])),
        ("x5bag", 32, chain(&own)),
        ("cose-key", -1, cose_key.clone()),
        ("inclusion-proof-before-its-time", 396, Item::bytes([0; 32])),
    ] {
        set.refuse(
            case(8, name, FULL),
            undecodable(&format!("header {label} is not allowed in the unprotected header")),
            cose(Draft::full().unprotected(|header| header.set(label, value)).bytes()),
            "rightly signed; an unprotected header offers a key, or where to fetch one",
        );
    }
    for (name, label, value) in [
        ("x5u-protected", 35, "https://evil.example/key.der".into()),
        ("x5chain-protected", 33, chain(&path)),
    ] {
        set.refuse(
            case(8, name, FULL),
            undecodable(&format!("header {label} is not allowed in the protected header")),
            cose(Draft::full().header(|header| header.set(label, value)).bytes()),
            "rightly signed; a protected header offers a key",
        );
    }
    set.refuse(
        case(8, "iss-a-url", FULL),
        undecodable("iss is not valid"),
        cose(Draft::full().claims(|claims| claims.set(ISS, "https://evil.example/.well-known")).bytes()),
        "rightly signed; iss is an address where keys might lie",
    );
    set.refuse(
        case(8, "cnf-with-a-key", FULL),
        undecodable("claim 8 of the claims is not known"),
        cose(Draft::full().claims(|claims| claims.set(8, Item::Map(vec![(1.into(), cose_key)]))).bytes()),
        "rightly signed; claim cnf brings a key",
    );
}

/// The draft with the kid and key of one of the installation's signers.
pub(super) fn signer_draft(draft: Draft, trust: &TrustStore, usage: Usage, name: &str) -> Draft {
    let kid = signer(trust, usage).key_id();
    draft
        .header(|header| {
            header.set(KID, Item::bytes(kid.as_bytes().to_vec()));
            header.set(ALG, -7);
        })
        .signed_with(key(name))
}

/// Row 11: a key signs what its certificate is for.
pub(super) fn wrong_signers(set: &mut Set) {
    let trust = trust();
    let unscoped = [("issuer", "issuer_wrong_use"), ("scope", "issuer_not_authorised")];
    for (name, usage) in [
        ("receipt", Usage::Receipt),
        ("presentation", Usage::Presentation),
        ("pack", Usage::Pack),
        ("status-list", Usage::StatusList),
        ("trust-list", Usage::TrustList),
    ] {
        set.refuse(
            case(11, &format!("licence-signed-by-{name}"), LONG_TERM),
            fails(&unscoped, ""),
            cose(signer_draft(Draft::full(), &trust, usage, name).bytes()),
            "rightly signed by a key that is certified for something else",
        );
    }
    let path = Draft::full().path();
    for (name, certificate) in [("city", &path[1]), ("root", &path[2])] {
        let kid = Digest::of(certificate).as_bytes()[..8].to_vec();
        let draft = Draft::full().header(|header| {
            header.set(KID, Item::bytes(kid));
            header.set(ALG, -7);
        });
        set.refuse(
            case(11, &format!("licence-signed-by-{name}"), LONG_TERM),
            fails(&[("issuer", "issuer_unknown")], ""),
            cose(draft.signed_with(key(name)).bytes()),
            "rightly signed by an authority, which signs nothing but certificates",
        );
    }
}

/// Row 11 too: a department issues its own types, in its own name, with its own status lists, in its certificate's time.
pub(super) fn scopes(set: &mut Set) {
    let trust = trust();
    let other = |signer: &KnownSigner| trust.authority(signer.credit_code().unwrap()).unwrap().clone();
    let es256 = other(department(&trust, ES256));
    let own = other(department(&trust, EDDSA));
    let outside = "1.2.156.3005.2.11100000MB03271699001.11999900MB000022XP.ABCDEFGHIJKLMNOPQRSTUVWXY.001";
    let theirs = format!("1.2.156.3005.2.11100000MB0143028R001.{ES256}.ABCDEFGHIJKLMNOPQRSTUVWXY.001");
    set.refuse(
        case(11, "type-outside-scope", LONG_TERM),
        fails(&[("scope", "issuer_not_authorised")], "11100000MB03271699001"),
        cose(Draft::full().licence(|licence| licence.set(1, with_check(outside).as_str())).bytes()),
        "a department for business licences signs a real-estate certificate",
    );
    set.refuse(
        case(11, "iss-of-another-department", LONG_TERM),
        fails(&[("issuer", "issuer_mismatch"), ("scope", "status_list_foreign")], ES256),
        cose(
            Draft::full()
                .claims(|claims| claims.set(ISS, ES256))
                .licence(|licence| licence.set(1, with_check(&theirs).as_str()))
                .bytes(),
        ),
        "iss and identifier name the other department, kid and signature are one's own",
    );
    set.refuse(
        case(11, "iss-differs-from-identifier", LONG_TERM),
        fails(&[("format", "inconsistent")], "iss is not the issuer in its identifier"),
        cose(Draft::full().licence(|licence| licence.set(1, with_check(&theirs).as_str())).bytes()),
        "the identifier's issuer part is another department",
    );
    for (name, uri) in [
        ("status-list-of-another-department", format!("{}0", es256.status_uri)),
        ("status-list-without-number", own.status_uri.clone()),
        ("status-list-leading-zero", format!("{}01", own.status_uri)),
        ("status-list-signed-number", format!("{}+1", own.status_uri)),
        ("status-list-with-a-path-behind", format!("{}0/../1", own.status_uri)),
        ("status-list-number-too-large", format!("{}4294967296", own.status_uri)),
        ("status-list-elsewhere", "https://evil.example/v1/status-lists/c4a7e19b60d35f82-0".to_owned()),
        (
            "status-list-with-user",
            own.status_uri.replace("https://", "https://licences.example@evil.example/") + "0",
        ),
    ] {
        set.refuse(
            case(11, name, LONG_TERM),
            fails(&[("scope", "status_list_foreign")], ""),
            cose(Draft::full().status(|status| status.set("uri", uri.as_str())).bytes()),
            "rightly signed, but the status stands where this department has no list",
        );
    }
    let before = 1_735_660_800 - 1; // 2025-01-01T00:00:00+08:00 less a second
    set.refuse(
        case(11, "signed-before-the-certificate-began", LONG_TERM),
        fails(&[("issuer", "issuer_expired")], "valid from"),
        cose(Draft::full().claims(|claims| claims.set(6, before)).bytes()),
        "iat is a second before the department's certificate",
    );
    let after = 2_871_734_399 + 1; // 2060-12-31T23:59:59+08:00 and a second
    set.refuse(
        case(11, "signed-after-the-certificate-ended", LONG_TERM),
        fails(&[("issuer", "issuer_expired"), ("dates", "signed_in_future")], "valid until"),
        cose(Draft::full().claims(|claims| claims.set(6, after)).bytes()),
        "iat is a second after the department's certificate",
    );
}

/// The identifier with the check character that belongs behind it, found by trying.
pub(super) fn with_check(parts: &str) -> String {
    let all = ('0'..='9').chain('A'..='Z').chain(['*']);
    let mut whole = all.map(|check| format!("{parts}.{check}"));
    whole.find(|text| text.parse::<elicense::licence::Identifier>().is_ok()).unwrap()
}
