//! Rows 13 to 15, 22, 26 and 27: what stands around an envelope, and pictures of it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use elicense::codec::{base45, zlib};

use super::super::city::{golden, golden_text};
use super::super::craft::{Draft, Parts, X5CHAIN, qr_text, qr_text_of_stream};
use super::super::item::Item;
use super::super::manifest::{Accepted, Body, Call, Presented};
use super::super::pictures;
use super::{Set, base64_texts, case, cose, fails, in_json, plain, problem, undecodable};

const QR: &str = "qr-text";
const LINE_END: &str = "qr-text-with-line-end";
const BASE64: &str = "base64-in-json";
const FILE: &str = "file-in-bytes";

/// Most bytes that a QR text may inflate to.
const QR_ENVELOPE: usize = 16_384;

pub(super) fn add(set: &mut Set) {
    set.twin(QR, Accepted::Valid, plain(golden_text("eddsa-qr.txt")), "the golden EdDSA licence's QR text");
    set.twin("qr-text-in-json", Accepted::Valid, in_json(&golden_text("eddsa-qr.txt")), "the same in JSON");
    set.twin(FILE, Accepted::Valid, cose(golden("eddsa-full.elic")), "the golden EdDSA licence's file");
    set.twin(
        LINE_END,
        Accepted::Valid,
        plain(golden_text("eddsa-qr.txt") + "\r\n"),
        "the QR text with the one line end that scanners add",
    );
    set.twin(
        BASE64,
        Accepted::Valid,
        in_json(&STANDARD.encode(golden("eddsa-full.cose"))),
        "the full form's envelope in base64",
    );
    bombs(set);
    streams(set);
    digits(set);
    surroundings(set);
    base64_texts::base64_variants(set);
    pictures(set);
    addresses(set);
}

fn stream() -> Vec<u8> {
    base45::decode(&golden_text("eddsa-qr.txt").as_bytes()[4..]).unwrap()
}

/// The qr form with fields that fill its envelope to this many bytes.
fn filled(bytes: usize) -> Parts {
    let with = |filling: usize| {
        Draft::qr().fields(|fields| {
            for (index, key) in
                ["fill_a", "fill_b", "fill_c", "fill_d", "fill_e", "fill_f", "fill_g", "fill_h"]
                    .iter()
                    .enumerate()
            {
                let length = filling.saturating_sub(index * 2_000).min(2_000);
                if length > 0 {
                    fields.set(*key, "x".repeat(length).as_str());
                }
            }
        })
    };
    // Every character beyond the first thousands adds one byte, but where a field begins or a length grows.
    let length = |filling| with(filling).bytes().len();
    let start = 12_000;
    let guess = start + (bytes - length(start));
    let filling = (guess - 200..=guess).rev().find(|filling| length(*filling) == bytes).unwrap();
    with(filling).sign()
}

/// Row 13: what inflates to too much stops at the limit.
fn bombs(set: &mut Set) {
    const LARGEST: &str = "largest-qr-envelope";
    set.twin(
        LARGEST,
        Accepted::Signed,
        plain(qr_text(&filled(QR_ENVELOPE).bytes())),
        "rightly signed, fields filled until the text inflates to exactly the limit",
    );
    let too_large = undecodable("inflates to more than 16384 bytes");
    set.refuse(
        case(13, "one-byte-over-the-limit", LARGEST),
        too_large.clone(),
        plain(qr_text(&filled(QR_ENVELOPE + 1).bytes())),
        "rightly signed, and one byte longer",
    );
    let zeros = zlib::deflate(&vec![0; 2_700_000]);
    let text = qr_text_of_stream(&zeros);
    assert!(text.len() > 3_900 && text.len() <= 4_296, "{}", text.len());
    set.refuse(
        case(13, "thousandfold", LARGEST),
        too_large.clone(),
        plain(text),
        "2.7 MB of zeros in a text that a QR symbol holds",
    );
    let padded = [golden("eddsa-qr.cose"), vec![0; 2_000_000]].concat();
    set.refuse(
        case(13, "licence-before-zeros", LARGEST),
        too_large,
        plain(qr_text(&padded)),
        "the golden licence, and 2 MB of zeros behind it in the same stream",
    );
    set.refuse(
        case(13, "text-longer-than-any-symbol", QR),
        undecodable("expected at most 4296 characters, got 4297"),
        plain(format!("EL1:{}", "0".repeat(4_293))),
        "one character more than the largest symbol holds",
    );
    set.refuse(
        case(13, "body-over-its-limit", QR),
        problem(413, "too_large"),
        plain("x".repeat(128 * 1024 + 1)),
        "a body of one byte too many",
    );
    let text = golden_text("eddsa-qr.txt");
    let posted = |coding: Option<&str>, body: &[u8]| {
        let coding = coding.map(|coding| ("content-encoding".to_owned(), coding.to_owned()));
        let media = ("content-type".to_owned(), "text/plain".to_owned());
        Presented::Requests(vec![Call {
            method: "POST".to_owned(),
            path: "/v1/verifications".to_owned(),
            headers: [Some(media), coding].into_iter().flatten().collect(),
            body: Some(Body::of(body)),
        }])
    };
    const POSTED: &str = "posted-without-coding";
    set.twin(POSTED, Accepted::Done, posted(None, text.as_bytes()), "the QR text without a content coding");
    let zeros = zlib::deflate(&vec![0; 6_000_000]);
    for (name, coding, body) in [
        ("content-coding-bomb", "deflate", zeros.as_slice()),
        ("content-coding-gzip", "gzip", text.as_bytes()),
    ] {
        let how = "a body under a content coding, none of which is taken";
        set.refuse(
            case(13, name, POSTED),
            problem(415, "media_type_unsupported"),
            posted(Some(coding), body),
            how,
        );
    }
    set.refuse(
        case(13, "base64-of-a-large-envelope", BASE64),
        undecodable("expected at most 87384 characters, got 87388"),
        in_json(&STANDARD.encode(vec![0xd2; 65_541])),
        "base64 of more than an envelope may have",
    );
}

/// Row 14: one zlib stream, whole, and nothing else.
fn streams(set: &mut Set) {
    let stream = stream();
    let (body, sum) = stream.split_at(stream.len() - 4);
    let envelope = golden("eddsa-qr.cose");
    let with = |at: usize, byte: u8| {
        let mut changed = stream.clone();
        changed[at] = byte;
        changed
    };
    let mut wrong_sum = stream.clone();
    *wrong_sum.last_mut().unwrap() ^= 1;
    let gzip = [b"\x1f\x8b\x08\0\0\0\0\0\0\x03", &body[2..], b"\0\0\0\0", sum].concat();
    let zstd =
        [&b"\x28\xb5\x2f\xfd\x20"[..], &[u8::try_from(envelope.len() % 256).unwrap()], &envelope].concat();
    for (name, bytes, how) in [
        ("byte-behind-the-stream", [stream.as_slice(), b"\0"].concat(), "a byte behind the checksum"),
        ("second-stream", [stream.as_slice(), &stream].concat(), "the same stream again behind it"),
        ("checksum-missing", body.to_vec(), "the last four bytes are missing"),
        ("checksum-cut", stream[..stream.len() - 1].to_vec(), "the last byte is missing"),
        ("checksum-wrong", wrong_sum, "one bit of Adler-32 is wrong"),
        (
            "checksum-little-endian",
            [body, &[sum[3], sum[2], sum[1], sum[0]]].concat(),
            "Adler-32 turned round",
        ),
        ("preset-dictionary", [&b"\x78\xbb\0\0\0\x01"[..], &stream[2..]].concat(), "FDICT is set"),
        ("raw-deflate", body[2..].to_vec(), "neither header nor checksum"),
        ("gzip", gzip, "a gzip header before the deflate data"),
        ("zstd", zstd, "another compression altogether"),
        ("not-compressed", envelope.clone(), "the envelope itself"),
        ("window-too-large", [&b"\x88\x1c"[..], &stream[2..]].concat(), "CINFO says 64 KiB"),
        ("method-not-deflate", [&b"\x79\xbd"[..], &stream[2..]].concat(), "CM is 9"),
        ("header-check-wrong", with(1, stream[1] ^ 1), "FCHECK does not fit"),
        ("block-type-reserved", b"\x78\xda\x07\0\0\0\0\x01".to_vec(), "a block of type 3"),
        (
            "stored-length-wrong",
            b"\x78\x01\x01\x05\0\0\0hello\x06\x2c\x02\x15".to_vec(),
            "LEN and NLEN disagree",
        ),
        (
            "no-last-block",
            [b"\x78\x01\0\x01\0\xfe\xffx", &[0, 121, 0, 121][..]].concat(),
            "no block is the last",
        ),
        ("cut-in-the-middle", stream[..stream.len() / 2].to_vec(), "the second half is missing"),
    ] {
        set.refuse(case(14, name, QR), undecodable("zlib stream"), plain(qr_text_of_stream(&bytes)), how);
    }
    set.refuse(
        case(14, "nothing-compressed", QR),
        undecodable("the input ends at byte 0"),
        plain(qr_text(b"")),
        "a good stream of no bytes",
    );
    let path = Draft::full().path();
    let chained = Draft::qr()
        .unprotected(|header| header.set(X5CHAIN, Item::Array(path.into_iter().map(Item::Bytes).collect())));
    set.refuse(
        case(14, "chain-in-a-qr", QR),
        undecodable("must be empty"),
        plain(qr_text(&chained.bytes())),
        "the file form, with its chain, in a QR text",
    );
}

/// Row 15: what decodes from base45 is the one text that encodes to it.
fn digits(set: &mut Set) {
    let text = golden_text("eddsa-qr.txt");
    let digits = &text[4..];
    let (triple, value) = digits
        .as_bytes()
        .chunks_exact(3)
        .enumerate()
        .map(|(index, triple)| (index, base45::decode(triple).unwrap()))
        .map(|(index, bytes)| (index, u32::from(bytes[0]) << 8 | u32::from(bytes[1])))
        .find(|(_, value)| value + 65_536 < 45 * 45 * 45)
        .unwrap();
    let wrapped = |value: u32| -> String {
        const ALPHABET: &[u8; 45] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";
        let digit = |value: u32| char::from(ALPHABET[usize::try_from(value % 45).unwrap()]);
        [digit(value), digit(value / 45), digit(value / 2_025)].into_iter().collect()
    };
    let at = triple * 3;
    let overflowing = format!("EL1:{}{}{}", &digits[..at], wrapped(value + 65_536), &digits[at + 3..]);
    let short = golden_text("es256-qr.txt");
    for (name, changed, because, how) in [
        (
            "triple-wraps-round",
            overflowing,
            "more than their bytes can hold",
            "a triple 65536 above the right one",
        ),
        (
            "triple-too-large",
            format!("EL1::::{}", &digits[3..]),
            "more than their bytes",
            "the first triple is :::",
        ),
        (
            "pair-too-large",
            format!("{text}::"),
            "more than their bytes can hold",
            "two digits behind it that are above 255",
        ),
        ("one-digit-over", format!("{text}0"), "base45", "a length that leaves one over by three"),
        (
            "lower-case",
            format!("EL1:{}", digits.to_lowercase()),
            "not one of base45's",
            "the digits in lower case",
        ),
        (
            "underscore",
            format!("EL1:_{}", &digits[1..]),
            "character 0 is not",
            "a character outside the alphabet",
        ),
        (
            "line-break-inside",
            format!("EL1:{}\n{}", &digits[..60], &digits[60..]),
            "character 60",
            "wrapped at 60",
        ),
        ("tab-inside", format!("EL1:{}\t{}", &digits[..60], &digits[60..]), "character 60", "a tab inside"),
        (
            "blank-inside",
            format!("EL1:{} {}", &digits[..60], &digits[60..]),
            "",
            "a blank inside, which is a digit",
        ),
        (
            "full-width-digit",
            format!("EL1:０{}", &digits[1..]),
            "character 0 is not",
            "the first digit in full width",
        ),
        (
            "no-break-space",
            format!("EL1:{}", digits.replace(' ', "\u{a0}")),
            "is not one of",
            "blanks are U+00A0",
        ),
        ("no-digits", "EL1:".to_owned(), "zlib stream", "the prefix alone"),
        ("prefix-lower-case", format!("el1:{digits}"), "begins with EL1:", "the prefix in lower case"),
        (
            "prefix-of-version-2",
            format!("EL2:{digits}"),
            "begins with EL1:",
            "a prefix that does not exist yet",
        ),
        ("prefix-of-another-scheme", format!("HC1:{digits}"), "begins with EL1:", "another scheme's prefix"),
        ("prefix-missing", digits.to_owned(), "begins with EL1:", "no prefix"),
        ("prefix-twice", format!("EL1:{text}"), "", "the prefix twice"),
        ("prefix-without-colon", format!("EL1{digits}"), "begins with EL1:", "no colon"),
        ("words-behind", format!("{short} IS GOOD"), "", "words in base45's alphabet behind it"),
    ] {
        set.refuse(case(15, name, QR), undecodable(because), plain(changed), how);
    }
}

/// Row 22: nothing stands around a credential.
fn surroundings(set: &mut Set) {
    let text = golden_text("eddsa-qr.txt");
    let es256 = golden_text("es256-qr.txt");
    let envelope = golden("eddsa-full.elic");
    for (name, changed, how) in [
        ("blank-behind", format!("{text} "), "a blank behind it"),
        ("blank-before", format!(" {text}"), "a blank before it"),
        ("two-line-ends", format!("{text}\n\n"), "two line ends, of which one is a scanner's"),
        ("line-end-turned-round", format!("{text}\n\r"), "LF and then CR"),
        ("line-end-before", format!("\n{text}"), "a line end before it"),
        ("form-feed-behind", format!("{text}\u{c}"), "a form feed behind it"),
        ("nul-behind", format!("{text}\0"), "a NUL behind it"),
        ("byte-order-mark", format!("\u{feff}{text}"), "a byte order mark before it"),
        ("zero-width-space", format!("{text}\u{200b}"), "U+200B behind it"),
        ("second-text", format!("{text}{text}"), "the same text again"),
        ("second-line", format!("{text}\n{es256}"), "another licence in a second line"),
        ("quotes", format!("\"{text}\""), "in quotes"),
    ] {
        set.refuse(case(22, name, LINE_END), undecodable(""), plain(changed), how);
    }
    set.refuse(
        case(22, "line-end-in-json", "qr-text-in-json"),
        undecodable(""),
        in_json(&format!("{text}\r\n")),
        "in JSON nothing is taken off",
    );
    for (name, bytes, because) in [
        ("byte-behind-the-envelope", [envelope.as_slice(), &[0]].concat(), "1 bytes"),
        ("second-envelope", [envelope.as_slice(), &envelope].concat(), "bytes"),
        ("byte-order-mark-before-bytes", [b"\xef\xbb\xbf", envelope.as_slice()].concat(), "not well-formed"),
        ("line-end-behind-bytes", [envelope.as_slice(), b"\n"].concat(), "1 bytes"),
    ] {
        set.refuse(
            case(22, name, FILE),
            undecodable(because),
            cose(bytes),
            "bytes before or behind the envelope",
        );
    }
}

/// Row 26: pictures, which the test draws.
fn pictures(set: &mut Set) {
    for twin in pictures::TWINS {
        set.twin(twin.name, Accepted::Valid, picture(twin.name), twin.how);
    }
    for hostile in pictures::HOSTILE {
        let refused = match hostile.outcome {
            pictures::Outcome::Problem(status, code) => problem(status, code),
            pictures::Outcome::Undecodable => undecodable(""),
            pictures::Outcome::Forged => fails(&[("signature", "forged")], ""),
        };
        set.refuse(case(26, hostile.name, hostile.twin), refused, picture(hostile.name), hostile.how);
    }
}

fn picture(name: &str) -> Presented {
    Presented::Picture { picture: name.to_owned() }
}

/// Row 27: a QR code that holds an address is no licence, whatever the address.
fn addresses(set: &mut Set) {
    let text = golden_text("eddsa-qr.txt");
    let escaped: String = text.bytes().map(|byte| format!("%{byte:02X}")).collect();
    for (name, address) in [
        ("address-of-a-look-alike", format!("https://1icences.example/verify#{escaped}")),
        ("address-of-our-own-host", format!("https://licences.example/?credential={escaped}")),
        ("address-redirecting", "https://licences.example/?next=https%3A%2F%2Fevil.example".to_owned()),
        ("address-with-user", format!("https://licences.example@evil.example/{escaped}")),
        ("address-in-punycode", format!("https://xn--licences-9za.example/{escaped}")),
        ("address-script", "javascript:fetch('https://evil.example')".to_owned()),
        ("address-of-a-file", "file:///etc/passwd".to_owned()),
        ("address-of-this-machine", "http://127.0.0.1:1/EL1:".to_owned()),
        ("address-before-the-text", format!("https://licences.example/{text}")),
    ] {
        let how = "an address, which nothing here opens";
        set.refuse(case(27, name, QR), undecodable("begins with EL1:"), plain(address), how);
    }
}
