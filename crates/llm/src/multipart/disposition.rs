//! What a part says it is: the `name` in its `Content-Disposition`.

use super::broken;
use crate::wire::RequestError;

/// The names that are read, and so may be written in one way only.
const READ: [&str; 2] = ["model", "stream"];

/// A parameter: its name in lower case, and its value.
type Parameter = (String, String);

/// The name of a part.
///
/// # Errors
/// [`RequestError`], for one that two readers could understand differently.
pub(super) fn name_of(headers: &[u8]) -> Result<String, RequestError> {
    let headers = std::str::from_utf8(headers).map_err(|_| broken("has a part with headers that are no text"))?;
    let is_odd = |line: &str| line.starts_with([' ', '\t']) || line.contains(['\r', '\n', '\0']);
    if headers.split("\r\n").any(is_odd) {
        return Err(broken("has a part with a header of several lines"));
    }
    let mut dispositions = headers.split("\r\n").filter_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.trim().eq_ignore_ascii_case("content-disposition").then_some(value)
    });
    let (Some(disposition), None) = (dispositions.next(), dispositions.next()) else {
        return Err(broken("has a part that does not say once what it is"));
    };
    let (kind, rest) = disposition.split_once(';').unwrap_or((disposition, ""));
    let fields = parameters(rest).ok_or_else(|| broken("has a part with an unusual name"))?;
    let has = |wanted: &str| fields.iter().filter(|(name, _)| name == wanted).count();
    if !kind.trim().eq_ignore_ascii_case("form-data") || has("name") != 1 || has("name*") > 0 {
        return Err(broken("has a part without one plain name"));
    }
    let is_file = has("filename") + has("filename*") > 0;
    let name = fields.into_iter().find(|(name, _)| name == "name").map(|(_, value)| value).unwrap_or_default();
    if name.contains(['\\', '%']) {
        return Err(broken("has a part with an unusual name"));
    }
    let is_read = READ.iter().any(|read| name.trim().eq_ignore_ascii_case(read));
    if is_read && (is_file || !READ.contains(&name.as_str())) {
        return Err(broken("names `model` or `stream` in an unusual way"));
    }
    Ok(name)
}

/// The parameters of a disposition; `None`: they are not written as they should
/// be.
fn parameters(text: &str) -> Option<Vec<Parameter>> {
    let mut found = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let (name, after) = rest.split_once('=')?;
        let (value, after) = match after.strip_prefix('"') {
            Some(quoted) => until_quote(quoted)?,
            None => {
                let (value, after) = after.split_at(after.find(';').unwrap_or(after.len()));
                (value.trim(), after)
            }
        };
        found.push((name.trim().to_ascii_lowercase(), value.to_owned()));
        let after = after.trim_start();
        rest = match after.strip_prefix(';') {
            Some(next) => next.trim(),
            None if after.is_empty() => after,
            None => return None,
        };
    }
    Some(found)
}

/// A quoted value as written, and what follows its closing quote.
fn until_quote(text: &str) -> Option<(&str, &str)> {
    let mut is_escaped = false;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = true,
            b'"' => return Some((text.get(..at)?, text.get(at + 1..)?)),
            _ => {}
        }
    }
    None
}
