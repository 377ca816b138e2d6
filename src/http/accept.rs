//! Which of the forms that a call offers the client wants most (RFC 9110 §12.5.1).

use axum::http::HeaderMap;
use axum::http::header::ACCEPT;

/// The form with the highest weight; of equal ones the one offered first, and the first of all where none is named.
pub(super) fn preferred(headers: &HeaderMap, offered: &[&'static str]) -> &'static str {
    let first = offered.first().copied().unwrap_or_default();
    let mut best = (0, first);
    for form in offered {
        let weight = weight_of(headers, form);
        if weight > best.0 {
            best = (weight, form);
        }
    }
    best.1
}

/// The weight, in thousandths, of the most exact range that covers this form.
fn weight_of(headers: &HeaderMap, form: &str) -> u16 {
    let family = form.split('/').next().unwrap_or_default();
    let (mut exactness, mut weight) = (0, 0);
    let values = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
    for range in values.flat_map(|value| value.split(',')) {
        let mut parts = range.split(';').map(str::trim_ascii);
        let name = parts.next().unwrap_or_default();
        let exact = match name.split_once('/') {
            _ if name.eq_ignore_ascii_case(form) => 3,
            Some((of, "*")) if of.eq_ignore_ascii_case(family) => 2,
            _ if name == "*/*" => 1,
            _ => continue,
        };
        if exact > exactness {
            exactness = exact;
            weight = parts.find_map(quality).unwrap_or(1_000);
        }
    }
    weight
}

/// `q=0.75` as 750.
fn quality(parameter: &str) -> Option<u16> {
    let value = parameter.strip_prefix("q=").or_else(|| parameter.strip_prefix("Q="))?;
    let (whole, fraction) = value.split_once('.').unwrap_or((value, ""));
    let thousandths: String = fraction.chars().chain("000".chars()).take(3).collect();
    let weight = whole.parse::<u16>().ok()?.checked_mul(1_000)?.checked_add(thousandths.parse().ok()?)?;
    Some(weight.min(1_000))
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    const OFFERED: [&str; 3] = ["application/json", "application/cose", "text/html"];

    fn chosen(accept: &str) -> &'static str {
        preferred(&HeaderMap::from_iter([(ACCEPT, HeaderValue::from_str(accept).unwrap())]), &OFFERED)
    }

    #[test]
    fn the_most_wanted_form_is_taken() {
        assert_eq!(preferred(&HeaderMap::new(), &OFFERED), "application/json");
        for (accept, expected) in [
            ("*/*", "application/json"),
            ("text/html", "text/html"),
            ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "text/html"),
            ("application/cose", "application/cose"),
            ("APPLICATION/COSE", "application/cose"),
            ("application/json;q=0.5, application/cose", "application/cose"),
            ("application/*;q=0.5, text/html;q=0.4", "application/json"),
            ("application/json;q=0, */*", "application/cose"),
            ("image/png", "application/json"),
            ("q=1, ;;, text/html;q=x", "text/html"),
        ] {
            assert_eq!(chosen(accept), expected, "{accept}");
        }
    }
}
