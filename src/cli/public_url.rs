//! The public URL: signed into every licence, so it is looked at closely before.

use super::exit::CliError;

/// A URL that can be signed, without a slash at its end.
pub(super) fn public_url(text: &str) -> Result<String, CliError> {
    let url = text.trim_end_matches('/');
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://")).unwrap_or_default();
    let good = !rest.is_empty() && !rest.starts_with('/') && !rest.contains(['?', '#', '@', '+']);
    if good && url.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Ok(url.to_owned());
    }
    Err(CliError::Usage(format!("expected a URL as https://licences.example.com, got {text:?}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_public_url_is_one_that_can_be_signed() {
        assert_eq!(public_url("https://a.cn/").unwrap(), "https://a.cn");
        assert_eq!(public_url("http://127.0.0.1:8080/x").unwrap(), "http://127.0.0.1:8080/x");
        for wrong in ["", "a.cn", "ftp://a.cn", "https://", "https:///x", "https://a.cn/?q", "https://市.cn"]
        {
            assert!(public_url(wrong).is_err(), "{wrong}");
        }
    }
}
