//! Pictures and documents inside a `data:` URI.

/// The media type and the base64 of a `data:` URI; `None` for any other URL,
/// and for data that is not base64.
pub(crate) fn parts(url: &str) -> Option<(&str, &str)> {
    let rest = url.strip_prefix("data:").or_else(|| url.strip_prefix("DATA:"))?;
    let (head, data) = rest.split_once(',')?;
    let head = head.strip_suffix(";base64")?;
    Some((head.split(';').next().unwrap_or_default(), data))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_base64_counts() {
        for (url, expected) in [
            ("data:image/png;base64,AAAA", Some(("image/png", "AAAA"))),
            ("data:text/plain;charset=utf-8;base64,AAAA", Some(("text/plain", "AAAA"))),
            ("data:;base64,AAAA", Some(("", "AAAA"))),
            ("data:text/plain,hello", None),
            ("https://example.org/a.png", None),
        ] {
            assert_eq!(parts(url), expected, "{url}");
        }
    }
}
