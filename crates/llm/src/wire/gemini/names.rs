//! Google takes each name in two spellings: `generationConfig` and
//! `generation_config`. Both mean the same, so that both together are one name
//! given twice.

use std::borrow::Cow;

use serde_json::Value;

use crate::json_scan::Object;
use crate::wire::RequestError;

/// The name in the spelling of the reference.
pub(crate) fn camel(name: &str) -> Cow<'_, str> {
    if !name.contains('_') {
        return Cow::Borrowed(name);
    }
    let (mut out, mut is_start) = (String::with_capacity(name.len()), false);
    for c in name.chars() {
        if c == '_' && !out.is_empty() {
            is_start = true;
        } else if std::mem::take(&mut is_start) {
            out.extend(c.to_uppercase());
        } else {
            out.push(c);
        }
    }
    Cow::Owned(out)
}

/// A member under either spelling. `name` is the reference's.
pub(crate) fn get<'a>(object: &Object<'a>, name: &str) -> Option<&'a [u8]> {
    let member = object.members().iter().find(|member| camel(&member.name) == name)?;
    object.get(&member.name)
}

/// A member of a parsed value under either spelling.
pub(crate) fn field<'v>(value: &'v Value, name: &str) -> Option<&'v Value> {
    let object = value.as_object()?;
    let found = object.get(name).or_else(|| object.iter().find(|(key, _)| camel(key) == name).map(|(_, value)| value));
    found.filter(|value| !value.is_null())
}

/// Refuses a name that is given in both spellings.
///
/// # Errors
/// [`RequestError`], naming it.
pub(crate) fn refuse_doubles(object: &Object<'_>) -> Result<(), RequestError> {
    let names: Vec<Cow<'_, str>> = object.members().iter().map(|member| camel(&member.name)).collect();
    for (at, name) in names.iter().enumerate() {
        if names.iter().take(at).any(|earlier| earlier == name) {
            let shown: String = name.chars().take(64).collect();
            return Err(RequestError {
                message: format!("The body names `{shown}` twice. Send each field once."),
                param: None,
                code: "invalid_request",
            });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_spellings_are_one_name() {
        for (name, expected) in [
            ("generation_config", "generationConfig"),
            ("generationConfig", "generationConfig"),
            ("max_output_tokens", "maxOutputTokens"),
            ("_a", "_a"),
            ("contents", "contents"),
        ] {
            assert_eq!(camel(name), expected);
        }
    }
}
