//! Headers that a custom endpoint wants beside the key. Their values are
//! secrets; their names may not be those that the gateway itself writes, that
//! belong to the connection, or that say who pays.

/// How many a key may have.
pub const MOST: usize = 8;

/// The longest value, in characters.
const MAX_VALUE: usize = 2_000;

/// The longest name, in characters.
const MAX_NAME: usize = 64;

/// Names that are never taken.
const FORBIDDEN: [&str; 27] = [
    "accept",
    "accept-encoding",
    "api-key",
    "connection",
    "cookie",
    "date",
    "expect",
    "forwarded",
    "host",
    "keep-alive",
    "origin",
    "range",
    "referer",
    "set-cookie",
    "te",
    "trailer",
    "trailers",
    "transfer-encoding",
    "upgrade",
    "user-agent",
    "via",
    "x-api-key",
    "x-client-request-id",
    "x-goog-api-key",
    "x-real-ip",
    "x-auth-token",
    "x-forwarded-for",
];

/// Beginnings of names that are never taken.
const FORBIDDEN_PREFIXES: [&str; 5] = ["content-", "proxy-", "sec-", "x-ownkey-", "x-forwarded-"];

/// A name as it goes on the line: lower case.
///
/// # Errors
/// The end of a sentence that names it.
pub fn name(typed: &str) -> Result<String, &'static str> {
    let name = typed.trim().to_ascii_lowercase();
    let is_token = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    if name.is_empty() || name.len() > MAX_NAME || !name.bytes().all(is_token) {
        return Err("has a name that is no header's; use letters, digits and dashes, 64 at most");
    }
    let is_forbidden = FORBIDDEN.contains(&name.as_str())
        || name.contains("authorization")
        || FORBIDDEN_PREFIXES.iter().any(|prefix| name.starts_with(prefix));
    if is_forbidden {
        return Err("has a name that the gateway or the connection needs for itself; the key goes into api_key");
    }
    Ok(name)
}

/// A value as it goes on the line: printable ASCII, trimmed.
///
/// # Errors
/// The end of a sentence that names the header.
pub fn value(typed: &str) -> Result<String, &'static str> {
    let value = typed.trim();
    if value.is_empty() {
        return Err("is empty; leave the header out instead");
    }
    if value.len() > MAX_VALUE {
        return Err("is longer than 2,000 characters");
    }
    if !value.bytes().all(|b| b.is_ascii_graphic() || b == b' ') {
        return Err("has a character that no header takes; use printable ASCII on one line");
    }
    Ok(value.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_the_gateway_needs_are_not_taken() {
        for typed in [
            "Host",
            "Connection",
            "TE",
            "Transfer-Encoding",
            "Content-Type",
            "content-length",
            "Authorization",
            "X-Authorization",
            "Proxy-Authorization",
            "X-Api-Key",
            "Cookie",
            "X-Ownkey-Policy",
            "Accept-Encoding",
            "",
            "a b",
            "x:y",
            "x\n",
            "é",
        ] {
            let is_taken = name(typed).is_ok_and(|name| name != "x");
            assert!(!is_taken, "{typed:?}");
        }
        assert_eq!(name(" X-Team-Id "), Ok("x-team-id".to_owned()));
        assert_eq!(name("CF-Access-Client-Secret"), Ok("cf-access-client-secret".to_owned()));
    }

    #[test]
    fn values_stay_on_one_line() {
        for typed in ["", "  ", "a\r\nhost: evil", "a\0", "é", &"a".repeat(2_001)] {
            assert!(value(typed).is_err(), "{typed:?}");
        }
        assert_eq!(value(" two words "), Ok("two words".to_owned()));
    }
}
