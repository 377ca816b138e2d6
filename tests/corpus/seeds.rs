//! The seeds of `fuzz/corpus`: good things, and each way of being nearly good that the formats know of.

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use elicense::codec::{Envelope, base45, decode_bytes, limits, zlib};
use elicense::crypto::{Digest, Random, RandomError};
use elicense::ledger::CheckpointKey;
use elicense::pki::{Revocation, RevocationReason, TrustList, Usage, sign_trust_list};
use elicense::status::{EntryBits, LIST_BYTES, StatusBits};
use elicense::store::journal::{Journal, SEGMENT_BYTES, Wanted, walk};
use elicense::store::{Group, SealedEntry};

use super::city::{self, golden, golden_text, key, signer, time, tree, trust};
use super::manifest::Body;

/// Longest list among the seeds.
const SHORT: usize = 1_024;

pub(crate) type Seeds = Vec<(String, Vec<u8>)>;

/// Every target's seeds.
pub(crate) fn all() -> Vec<(&'static str, Seeds)> {
    vec![
        ("envelope", envelopes()),
        ("qr_text", qr_texts()),
        ("ledger_frames", ledgers()),
        ("trust_list", trust_lists()),
        ("pack", super::pack_seeds::packs()),
        ("certificate", certificates()),
        ("identifier", identifiers()),
        ("checkpoint", checkpoints()),
        ("request", requests()),
        ("status_list", status_lists()),
    ]
}

const GOLDEN: [&str; 4] = ["es256-full", "es256-qr", "eddsa-full", "eddsa-qr"];

/// CBOR items by themselves, most of them from RFC 8949, Appendix A and §4.2: good, and such as must be refused.
const CBOR: [(&str, &[u8]); 24] = [
    ("cbor-0", b"\x00"),
    ("cbor-23-in-two-bytes", b"\x18\x17"),
    ("cbor-24", b"\x18\x18"),
    ("cbor-largest", b"\x1b\xff\xff\xff\xff\xff\xff\xff\xff"),
    ("cbor-smallest", b"\x3b\xff\xff\xff\xff\xff\xff\xff\xff"),
    ("cbor-bignum", b"\xc2\x49\x01\x00\x00\x00\x00\x00\x00\x00\x00"),
    ("cbor-half", b"\xf9\x3c\x00"),
    ("cbor-not-a-number", b"\xf9\x7e\x00"),
    ("cbor-true", b"\xf5"),
    ("cbor-null", b"\xf6"),
    ("cbor-undefined", b"\xf7"),
    ("cbor-simple-32", b"\xf8\x20"),
    ("cbor-simple-in-two-bytes", b"\xf8\x14"),
    ("cbor-reserved-28", b"\x1c"),
    ("cbor-break-alone", b"\xff"),
    ("cbor-text-not-utf8", b"\x62\xc3\x28"),
    ("cbor-text-not-nfc", b"\x63e\xcc\x81"),
    ("cbor-bytes-without-end", b"\x5f\x42\x01\x02\x41\x03\xff"),
    ("cbor-map-without-end", b"\xbf\x01\x02\xff"),
    ("cbor-map-with-a-key-twice", b"\xa2\x01\x00\x01\x00"),
    ("cbor-map-out-of-order", b"\xa2\x02\x00\x01\x00"),
    ("cbor-length-of-2-to-the-64", b"\x5b\xff\xff\xff\xff\xff\xff\xff\xff"),
    ("cbor-17-arrays", b"\x81\x81\x81\x81\x81\x81\x81\x81\x81\x81\x81\x81\x81\x81\x81\x81\x80"),
    ("cbor-16-arrays", b"\x81\x81\x81\x81\x81\x81\x81\x81\x81\x81\x81\x81\x81\x81\x81\x80"),
];

pub(crate) fn named(name: impl Into<String>, bytes: impl Into<Vec<u8>>) -> (String, Vec<u8>) {
    (name.into(), bytes.into())
}

/// Where `part` stands in `bytes`.
fn place(bytes: &[u8], part: &[u8]) -> usize {
    bytes.windows(part.len()).position(|window| window == part).unwrap()
}

fn replaced(bytes: &[u8], part: &[u8], by: &[u8]) -> Vec<u8> {
    let at = place(bytes, part);
    [&bytes[..at], by, &bytes[at + part.len()..]].concat()
}

fn envelopes() -> Seeds {
    let mut seeds: Seeds = CBOR.map(|(name, bytes)| named(name, bytes)).to_vec();
    for name in GOLDEN {
        let bytes = golden(&format!("{name}.cose"));
        seeds.push(named(format!("{name}-claims"), decode_bytes(&bytes).unwrap().payload()));
        seeds.push(named(name, bytes));
    }
    for name in ["es256", "eddsa"] {
        seeds.push(named(format!("{name}-file"), golden(&format!("{name}-full.elic"))));
    }
    let good = golden("es256-qr.cose");
    let typ = b"application/elicense-licence+cwt";
    seeds.extend([
        named("no-tag", &good[1..]),
        named("mac0", [&[0xd1], &good[1..]].concat()),
        named("tag-in-two-bytes", [&[0xd8, 0x12], &good[1..]].concat()),
        named("array-of-three", [&[0xd2, 0x83], &good[2..]].concat()),
        named("byte-behind", [&good[..], &[0]].concat()),
        named("cut-in-the-signature", &good[..good.len() - 1]),
        named("cut-in-the-payload", &good[..200]),
        named("other-algorithm", replaced(&good, b"\xa3\x01\x26", b"\xa3\x01\x27")),
        named("other-typ", replaced(&good, typ, b"application/elicense-license+cwt")),
        named(
            "receipt-typ",
            replaced(&good, b"\x78\x20application/elicense-licence", b"\x78\x20application/elicense-receipt"),
        ),
    ]);
    seeds
}

fn qr_texts() -> Seeds {
    let mut seeds = Seeds::new();
    for name in ["es256", "eddsa"] {
        seeds.push(named(format!("{name}-qr"), golden_text(&format!("{name}-qr.txt")).trim_end()));
        seeds.push(named(format!("{name}-base64"), base64(&golden(&format!("{name}-full.cose")))));
        seeds.push(named(format!("{name}-file-base64"), base64(&golden(&format!("{name}-full.elic")))));
        let cose = golden(&format!("{name}-qr.cose"));
        seeds.push(named(format!("{name}-stream"), zlib::deflate(&cose)));
        seeds.push(named(format!("{name}-digits"), base45::encode(&zlib::deflate(&cose))));
    }
    let qr = golden_text("es256-qr.txt").trim_end().to_owned();
    let stream = base45::decode(&qr.as_bytes()[4..]).unwrap();
    let packed = |bytes: &[u8]| format!("EL1:{}", base45::encode(bytes));
    seeds.extend([
        named("empty", ""),
        named("prefix-alone", "EL1:"),
        named("other-prefix", qr.replacen("EL1", "EL2", 1)),
        named("lower-case", qr.to_lowercase()),
        named("line-feed-behind", format!("{qr}\n")),
        named("carriage-return-and-line-feed-behind", format!("{qr}\r\n")),
        named("two-line-feeds-behind", format!("{qr}\n\n")),
        named("space-behind", format!("{qr} ")),
        named("space-before", format!(" {qr}")),
        named("cut", &qr[..qr.len() - 1]),
        named("byte-behind-the-stream", packed(&[&stream[..], &[0]].concat())),
        named("stream-twice", packed(&stream.repeat(2))),
        named("stream-without-sum", packed(&stream[..stream.len() - 4])),
        named("deflate-alone", packed(&stream[2..stream.len() - 4])),
        named("bomb", packed(&zlib::deflate(&[0; 1 << 16]))),
        named("file-in-a-qr", packed(&zlib::deflate(&golden("es256-full.elic")))),
        named("base45-rfc-9285-hello", "%69 VD92EX0"),
        named("base45-rfc-9285-ietf", "QED8WEX0"),
        named("base45-largest-triple", "FGW"),
        named("base45-above-the-largest-triple", "GGW"),
        named("base45-largest-pair", "U5"),
        named("base45-above-the-largest-pair", "V5"),
        named("zlib-stored", b"\x78\x01\x01\x01\x00\xfe\xff\x61\x00\x62\x00\x62".as_slice()),
        named("zlib-preset-dictionary", b"\x78\xbb\x00\x00\x00\x00\x4b\x04\x00\x00\x62\x00\x62".as_slice()),
        named(
            "gzip",
            b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\x03\x00\x00\x00\x00\x00\x00\x00\x00\x00".as_slice(),
        ),
        named("base64-of-one-byte", "0g=="),
        named("base64-other-unused-bits", "0h=="),
        named("base64-without-padding", "0g"),
    ]);
    seeds
}

fn base64(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

/// The same salt every time, so that the corpus made anew is the same.
struct NotRandom;

impl Random for NotRandom {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomError> {
        bytes.fill(0x5a);
        Ok(())
    }
}

/// A segment of groups with so many entries each.
fn ledger(groups: &[usize]) -> Vec<u8> {
    let dir = tempfile::tempdir().unwrap();
    let wanted = Wanted { acknowledged: 0, heads: &[], visit: &mut |_| ControlFlow::Continue(()) };
    let walked = walk(dir.path(), wanted).unwrap();
    let (journal, _) = Journal::open(dir.path(), walked, SEGMENT_BYTES, Arc::new(NotRandom)).unwrap();
    for (number, count) in groups.iter().enumerate() {
        let entry = |place: usize| {
            let byte = u8::try_from(number * 16 + place).unwrap();
            SealedEntry {
                kind: 6,
                record: Digest::of(&[byte]),
                nonce: [byte; 12],
                sealed: vec![byte; 16 + place],
            }
        };
        journal.append(&Group::new(journal.next(), (0..*count).map(entry).collect(), vec![])).unwrap();
    }
    std::fs::read(dir.path().join(Path::new("00000000.seg"))).unwrap()
}

fn ledgers() -> Seeds {
    const HEADER: usize = 96;
    /// Head and body of a commit mark.
    const MARK: usize = 53;
    let (one, three) = (ledger(&[1]), ledger(&[2, 1, 3]));
    let first = HEADER + 8 + 54 + 16; // the first frame of either
    let changed = |at: usize| {
        let mut bytes = three.clone();
        bytes[at] ^= 1;
        bytes
    };
    let end = three.len();
    vec![
        named("nothing", []),
        named("header-alone", &one[..HEADER]),
        named("header-cut", &one[..HEADER - 1]),
        named("one-group", one.clone()),
        named("three-groups", three.clone()),
        named("eight-groups-of-one", ledger(&[1; 8])),
        named("a-group-of-sixteen", ledger(&[16])),
        named("entry-without-its-mark", &one[..first]),
        named("entry-cut", &one[..first - 1]),
        named("entry-head-cut", &one[..HEADER + 7]),
        named("mark-cut", &one[..one.len() - 1]),
        named("last-mark-cut", &three[..end - 1]),
        named("last-mark-missing", &three[..end - MARK]),
        named("last-group-half", &three[..end - MARK - 40]),
        named("mark-twice", [&one[..], &one[first..]].concat()),
        named("group-twice", [&one[..], &one[HEADER..]].concat()),
        named("mark-before-the-entry", [&one[..HEADER], &one[first..], &one[HEADER..first]].concat()),
        named("first-group-missing", [&three[..HEADER], &three[end - 200..]].concat()),
        named("zeros-behind", [&one[..], &[0; 64]].concat()),
        named("ones-behind", [&one[..], &[0xff; 64]].concat()),
        named("a-page-of-zeros-behind", [&one[..], &[0; 4_096]].concat()),
        named("letters-behind", [&one[..], b"ELICSEG1"].concat()),
        named("magic-changed", changed(0)),
        named("number-changed", changed(11)),
        named("first-position-changed", changed(19)),
        named("salt-changed", changed(30)),
        named("chain-changed", changed(60)),
        named("reserved-changed", changed(86)),
        named("header-sum-changed", changed(95)),
        named("length-changed", changed(HEADER + 3)),
        named("frame-sum-changed", changed(HEADER + 7)),
        named("letter-changed", changed(HEADER + 8)),
        named("position-changed", changed(HEADER + 16)),
        named("sealed-bytes-changed", changed(first - 1)),
        named("last-mark-changed", changed(end - 1)),
        named("frame-alone", &one[HEADER..first]),
        named("mark-alone", &one[first..]),
        named("frames-without-header", &three[HEADER..]),
    ]
}

fn trust_lists() -> Seeds {
    let golden_list = trust().list().clone();
    let by = signer(&trust(), Usage::TrustList).certificate().clone();
    let mut seeds = Seeds::new();
    let mut both = |name: &str, change: &dyn Fn(&mut TrustList)| {
        let mut list = golden_list.clone();
        change(&mut list);
        seeds.push(named(format!("{name}-claims"), list.encode().unwrap()));
        // One bit of the signature is another, so that the body may say that only the golden list is believed.
        let mut signed = sign_trust_list(&list, &key("trust-list"), &by).unwrap().bare_bytes().to_vec();
        *signed.last_mut().unwrap() ^= 1;
        seeds.push(named(name, signed));
    };
    let revoke = |list: &mut TrustList, reason| {
        let department = city::department(&trust(), city::ES256).key_id();
        let entry = list.certificates.iter_mut().find(|entry| entry.certificate.key_id() == department);
        entry.unwrap().revocation = Some(Revocation { reason, at: time(city::JUDGED), position: 7 });
    };
    both("newer", &|list| list.version += 1);
    both("department-superseded", &|list| revoke(list, RevocationReason::Superseded));
    both("department-compromised", &|list| revoke(list, RevocationReason::Compromised));
    both("last-retired", &|list| list.certificates.last_mut().unwrap().retired = Some(time(city::SIGNED)));
    both("no-authorities", &|list| list.authorities.clear());
    both("one-authority", &|list| list.authorities.truncate(1));
    both("two-ledger-keys", &|list| list.ledger_keys.extend(list.ledger_keys.clone()));
    both("another-region", &|list| "云岭市".clone_into(&mut list.region));
    both("another-url", &|list| "http://127.0.0.1:8080".clone_into(&mut list.public_url));
    let good = golden("trust-list.cose");
    let claims = decode_bytes_of_list(&good);
    seeds.extend([
        named("golden", good.clone()),
        named("golden-claims", claims.clone()),
        named("byte-behind", [&good[..], &[0]].concat()),
        named("cut", &good[..good.len() - 1]),
        named("cut-in-a-certificate", &good[..1_000]),
        named("signature-changed", {
            let mut bytes = good.clone();
            *bytes.last_mut().unwrap() ^= 1;
            bytes
        }),
        named("licence-in-its-place", golden("es256-full.cose")),
        named("version-0-claims", replaced(&claims, b"\xa6\x01\x01", b"\xa6\x01\x00")),
        named("version-in-two-bytes-claims", replaced(&claims, b"\xa6\x01\x01", b"\xa6\x01\x18\x01")),
        named("claims-cut", &claims[..claims.len() - 1]),
        named("empty-map", b"\xa0".as_slice()),
        named("list-alone", b"\xa1\x3a\x00\x01\x11\x71\xa0".as_slice()),
    ]);
    seeds
}

fn decode_bytes_of_list(envelope: &[u8]) -> Vec<u8> {
    let limit = limits::TRUST_LIST;
    Envelope::decode(envelope, limit).unwrap().payload().to_vec()
}

fn certificates() -> Seeds {
    let list = trust().list().clone();
    let mut seeds = Seeds::new();
    for (place, entry) in list.certificates.iter().enumerate() {
        let name = match entry.certificate.usage() {
            None if place == 0 => "root".to_owned(),
            None => "city".to_owned(),
            Some(Usage::Licence) => format!("department-{place}"),
            Some(usage) => format!("{usage:?}-signer").to_lowercase(),
        };
        seeds.push(named(name, entry.certificate.der()));
    }
    let city = list.certificates[1..].iter().find(|entry| entry.certificate.is_authority()).unwrap();
    let der = city.certificate.der();
    let mut changed = |name: &str, part: &[u8], by: &[u8]| seeds.push(named(name, replaced(der, part, by)));
    changed("version-2", b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01\x01");
    changed("version-1", b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01\x00");
    changed("path-length-1", b"\x01\x01\xff\x02\x01\x00", b"\x01\x01\xff\x02\x01\x01");
    changed("path-length-negative", b"\x01\x01\xff\x02\x01\x00", b"\x01\x01\xff\x02\x01\x80");
    changed("true-is-1", b"\x01\x01\xff\x02\x01\x00", b"\x01\x01\x01\x02\x01\x00");
    changed("basic-constraints-not-critical", b"\x55\x1d\x13\x01\x01\xff", b"\x55\x1d\x13\x01\x01\x00");
    changed(
        "key-usage-signs-too",
        b"\x55\x1d\x0f\x01\x01\xff\x04\x04\x03\x02\x01\x06",
        b"\x55\x1d\x0f\x01\x01\xff\x04\x04\x03\x02\x01\x86",
    );
    changed("subject-key-twice", b"\x06\x03\x55\x1d\x23", b"\x06\x03\x55\x1d\x0e");
    changed("name-constraints", b"\x06\x03\x55\x1d\x23", b"\x06\x03\x55\x1d\x1e");
    changed("another-curve", b"\x2a\x86\x48\xce\x3d\x03\x01\x07", b"\x2a\x86\x48\xce\x3d\x03\x01\x06");
    changed("another-algorithm", b"\x2a\x86\x48\xce\x3d\x04\x03\x02", b"\x2a\x86\x48\xce\x3d\x04\x03\x03");
    changed("generalized-time-in-2025", b"\x17\x0d", b"\x18\x0d");
    changed("compressed-point", b"\x03\x42\x00\x04", b"\x03\x42\x00\x02");
    let whole = seeds.last().unwrap().1.len();
    seeds.extend([
        named("cut", &der[..whole - 1]),
        named("half", &der[..whole / 2]),
        named("byte-behind", [der, &[0]].concat()),
        named("twice", [der, der].concat()),
        named("length-in-five-bytes", [&[0x30, 0x84, 0, 0], &der[2..]].concat()),
        named("length-without-end", [&[0x30, 0x80], &der[4..], &[0, 0]].concat()),
        named("empty-sequence", b"\x30\x00".as_slice()),
        named(
            "pem",
            golden_text("trust-list.pem").split_inclusive("-----END CERTIFICATE-----").next().unwrap(),
        ),
    ]);
    seeds
}

fn identifiers() -> Seeds {
    let right = "1.2.156.3005.2.11100000000013338W011.11430000006122244L.20230000403.001.U";
    let changed = |name: &str, part: &str, by: &str| named(name, right.replacen(part, by, 1));
    vec![
        named("identifier", right),
        named("identifier-next-version", right.replace(".001.U", ".002.S")),
        named(
            "identifier-check-0",
            "1.2.156.3005.2.11100000000013338W009.11330105002500287C.2025052201.002.0",
        ),
        named(
            "identifier-long-serial",
            "1.2.156.3005.2.11100000000013338W087.11370800MB28559184.37080001202411010001.001.3",
        ),
        changed("identifier-other-check", ".U", ".V"),
        changed("identifier-small-check", ".U", ".u"),
        changed("identifier-other-root", "3005", "3003"),
        changed("identifier-short-root", "1.2.156", "2.156"),
        changed("identifier-longer-root", "1.2.156", "1.1.2.156"),
        changed("identifier-version-0", ".001.", ".000."),
        changed("identifier-version-of-four", ".001.", ".0001."),
        changed("identifier-small-serial", "20230000403", "2023000040a"),
        changed("identifier-no-serial", "20230000403", ""),
        changed("identifier-serial-of-65", "20230000403", &"7".repeat(65)),
        changed("identifier-wide-digits", "001", "００１"),
        changed("identifier-other-issuer", "11430000006122244L", "11430000006122244K"),
        changed("identifier-space-behind", ".U", ".U "),
        named("credit-code", "11430000006122244L"),
        named("credit-code-other-organisation", "11430000006122254L"),
        named("credit-code-with-I", "1143000000612224IL"),
        named("type-code", "11100000000013338W011"),
        named("type-code-letters", "11100000000013338WABC"),
        named("citizen-number", "11010519491231002X"),
        named("citizen-number-small-x", "11010519491231002x"),
        named("citizen-number-no-day", "110105194902310021"),
        named("area-code", "340100"),
        named("serial", "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
        named("version", "999"),
        named("date", "2024-02-29"),
        named("date-no-day", "2023-02-29"),
        named("date-last", "9999-12-30"),
        named("time", "2026-11-24T10:00:00+08:00"),
        named("time-leap-second", "2016-12-31T23:59:60Z"),
        named("time-with-fraction", "2026-11-24T10:00:00.5Z"),
        named("name", "买买提·吐尔逊·阿不都热合曼"),
        named("name-reversed", "张\u{202e}三"),
        named("name-not-nfc", "Cafe\u{301}"),
        named("name-flood-of-marks", format!("x{}", "\u{32a}".repeat(5))),
    ]
}

fn checkpoints() -> Seeds {
    let checkpoints = CheckpointKey::new(city::ORIGIN, key("checkpoint")).unwrap();
    let sign = |size| checkpoints.sign(size, Digest::of(b"root"), Digest::of(b"chain")).unwrap();
    let good = sign(22);
    let outsider = CheckpointKey::new(city::ORIGIN, key("outsider")).unwrap();
    let elsewhere = CheckpointKey::new("elsewhere.example/ledger", key("checkpoint")).unwrap();
    let digests = || (Digest::of(b"root"), Digest::of(b"chain"));
    let by = |key: &CheckpointKey| key.sign(22, digests().0, digests().1).unwrap();
    let their_line = by(&outsider).lines().last().unwrap().to_owned();
    let own_line = good.lines().last().unwrap().to_owned();
    let key_text = checkpoints.verifier_key().to_string();
    let changed = |name: &str, part: &str, with: &str| {
        assert!(good.contains(part), "{name}");
        named(name, good.replacen(part, with, 1))
    };
    vec![
        named("0-entries", sign(0)),
        named("1-entry", sign(1)),
        named("22-entries", good.clone()),
        named("2-to-the-64-less-1-entries", sign(u64::MAX)),
        named("by-an-outsider", by(&outsider)),
        named("of-another-ledger", by(&elsewhere)),
        named("two-signers", format!("{good}{their_line}\n")),
        named("other-signer-first", good.replacen(&own_line, &format!("{their_line}\n{own_line}"), 1)),
        named("signed-twice", format!("{good}{own_line}\n")),
        changed("size-changed", "\n22\n", "\n23\n"),
        changed("size-with-zero-before", "\n22\n", "\n022\n"),
        changed("size-with-plus", "\n22\n", "\n+22\n"),
        changed("size-above-64-bits", "\n22\n", "\n18446744073709551616\n"),
        changed("size-missing", "\n22\n", "\n"),
        changed("chain-missing", "chain ", ""),
        changed("chain-in-capitals", "chain ", "CHAIN "),
        changed("line-more", "\n22\n", "\n22\n22\n"),
        changed("hyphen-for-dash", "\u{2014} ", "- "),
        changed("no-empty-line", "\n\n", "\n"),
        changed("two-empty-lines", "\n\n", "\n\n\n"),
        changed("carriage-returns", "\n", "\r\n"),
        changed("tab", "\n22\n", "\n22\t\n"),
        named("no-line-end", good.trim_end()),
        named("line-end-more", format!("{good}\n")),
        named("text-alone", good.split_once("\n\n").unwrap().0),
        named("signature-alone", format!("{own_line}\n")),
        named("signature-cut", good.replace("=\n", "\n")),
        named("empty", ""),
        named("verifier-key", key_text.clone()),
        named("verifier-key-other-hash", key_text.replacen('+', "+0", 1)),
        named("verifier-key-without-name", key_text.split_once('+').unwrap().1),
        named("verifier-key-cut", &key_text[..key_text.len() - 4]),
        named("verifier-key-known", "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"),
        named(
            "verifier-key-of-another-algorithm",
            "PeterNeumann+c74f20a3+Ahpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        ),
    ]
}

fn requests() -> Seeds {
    let mut samples: Vec<_> =
        std::fs::read_dir(tree("fixtures/licences")).unwrap().map(|file| file.unwrap().path()).collect();
    samples.sort();
    let mut seeds: Seeds = samples
        .iter()
        .step_by(2)
        .map(|path| named(path.file_stem().unwrap().to_str().unwrap(), std::fs::read(path).unwrap()))
        .collect();
    let good = String::from_utf8(std::fs::read(tree("fixtures/licences/work-safety-licence.json")).unwrap())
        .unwrap();
    let first = good.find('{').unwrap() + 1;
    let with = |member: &str| format!("{}{member},{}", &good[..first], &good[first..]);
    seeds.extend([
        named("empty", ""),
        named("not-json", "licence"),
        named("array", "[]"),
        named("empty-object", "{}"),
        named("null", "null"),
        named("number-twice", with(r#""number":"1""#)),
        named("number-twice-escaped", with(r#""n\u0075mber":"1""#)),
        named("unknown-member", with(r#""status":"valid""#)),
        named("byte-order-mark", format!("\u{feff}{good}")),
        named("two-objects", format!("{good}{good}")),
        named("comma-at-the-end", good.trim_end().trim_end_matches('}').to_owned() + ",}"),
        named("cut", &good[..good.len() / 2]),
        named("half-a-surrogate", with(r#""a":"\ud800""#)),
        named("nul-in-text", with(r#""a":"\u0000""#)),
        named("number-too-large", with(r#""a":1e999"#)),
        named("deep", "[".repeat(2_000)),
        named("deep-objects", r#"{"a":"#.repeat(500)),
        named("not-utf8", [good.as_bytes(), &[0xff]].concat()),
    ]);
    seeds
}

/// The hostile lists that are refused, the two that are believed, their claims, and entries in every width.
fn status_lists() -> Seeds {
    let section: serde_json::Value =
        serde_json::from_slice(&city::read("fixtures/hostile/2.5-status.json")).unwrap();
    let list = |one: &serde_json::Value| {
        serde_json::from_value::<Body>(one["present"]["list"].clone()).unwrap().bytes()
    };
    let mut seeds = Seeds::new();
    for twin in section["twins"].as_array().unwrap() {
        let name = twin["name"].as_str().unwrap();
        if ["cwt", "jwt"].contains(&name) {
            seeds.push(named(format!("list-{name}"), list(twin)));
        }
    }
    for fixture in section["fixtures"].as_array().unwrap() {
        let bytes = list(fixture);
        let judged_otherwise = fixture["row"] == 48 || fixture["present"].get("trust_list").is_some();
        let believed_elsewhere = judged_otherwise || fixture["expected"].get("reads").is_some();
        if !believed_elsewhere && bytes.len() <= SHORT && seeds.iter().all(|(_, known)| *known != bytes) {
            seeds.push(named(fixture["name"].as_str().unwrap(), bytes));
        }
    }
    let cwt = Envelope::decode(&seeds[0].1, limits::STATUS_LIST).unwrap();
    seeds.push(named("claims-cwt", cwt.payload()));
    let jwt = String::from_utf8(seeds[1].1.clone()).unwrap();
    let payload = URL_SAFE_NO_PAD.decode(jwt.split('.').nth(1).unwrap()).unwrap();
    seeds.push(named("claims-jwt", payload));
    for (name, entry) in [("entries-good", 0), ("entries-mixed", 0b10_01_00_11), ("entries-all-3", 0xff)] {
        let mut bytes = vec![0; LIST_BYTES];
        bytes.iter_mut().step_by(10_007).for_each(|byte| *byte = entry);
        let bits = StatusBits::from_bytes(EntryBits::Two, bytes);
        seeds.push(named(name, bits.compress()));
        seeds.push(named(format!("{name}-otherwise"), zlib::deflate(bits.as_bytes())));
    }
    seeds.push(named("entries-too-many", zlib::deflate(&vec![0; LIST_BYTES + 1])));
    seeds.push(named("entries-too-few", zlib::deflate(&vec![0; LIST_BYTES - 1])));
    seeds
}
