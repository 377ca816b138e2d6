//! Seeds of the target `sd_jwt`, from the hostile fixtures: some as they are presented, and all with their base64 taken off,
//! so that a change reaches what is inside.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use super::city::read;
use super::seeds::Seeds;

/// Longest seed inside which a change still matters.
const LONGEST: usize = 3_000;

pub(crate) fn sd_jwts() -> Seeds {
    let section: Value = serde_json::from_slice(&read("fixtures/hostile/2.5-sd-jwt.json")).unwrap();
    let all = ["twins", "fixtures"].into_iter().flat_map(|kind| section[kind].as_array().unwrap());
    let mut seeds = Seeds::new();
    for (number, one) in all.enumerate() {
        let (name, text) = (one["name"].as_str().unwrap(), one["present"]["text"][0].as_str().unwrap());
        if one.get("twin").is_none() || number % 8 == 0 {
            seeds.push((name.to_owned(), text.as_bytes().to_vec()));
        }
        if let Some(inside) = inside(text).filter(|inside| inside.len() <= LONGEST) {
            seeds.push((format!("{name}-inside"), inside));
        }
    }
    for (name, json) in [
        ("disclosure", "[\"s\",\"n\",1]"),
        ("disclosure-element", "[\"s\",1]"),
        ("disclosure-key-twice", "[\"s\",{\"a\":1,\"a\":1}]"),
        ("disclosure-empty", "[]"),
        ("disclosure-deep", "[\"s\",[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]"),
    ] {
        seeds.push((name.to_owned(), json.as_bytes().to_vec()));
    }
    seeds.retain(|(_, seed)| seed.len() <= 8_192);
    seeds
}

/// The claims, and a disclosure's JSON in each further line.
fn inside(text: &str) -> Option<Vec<u8>> {
    let mut parts = text.split('~');
    let claims = parts.next()?.split('.').nth(1)?;
    let mut lines = vec![URL_SAFE_NO_PAD.decode(claims).ok()?];
    for part in parts.filter(|part| !part.is_empty() && !part.contains('.')) {
        lines.push(URL_SAFE_NO_PAD.decode(part).ok()?);
    }
    Some(lines.join(&b'\n'))
}
