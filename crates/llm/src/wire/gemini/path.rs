//! Where a model is called: its name is a part of the path.

use super::generation::bare;

/// `/v1beta/models/{model}:{action}`. Tuned models bring their own folder.
pub(super) fn of(model: &str, action: &str) -> String {
    let model = bare(model);
    let folder = if model.starts_with("tunedModels/") { "" } else { "models/" };
    let mut path = format!("/v1beta/{folder}");
    for byte in model.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => path.push(char::from(byte)),
            b'/' if folder.is_empty() => path.push('/'),
            other => path.push_str(&format!("%{other:02X}")),
        }
    }
    path.push(':');
    path.push_str(action);
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_models_name_cannot_leave_its_place() {
        for (model, expected) in [
            ("gemini-3.8-flash", "/v1beta/models/gemini-3.8-flash:x"),
            ("models/gemini-3.8-flash", "/v1beta/models/gemini-3.8-flash:x"),
            ("a/../b?c#d:e%é", "/v1beta/models/a%2F..%2Fb%3Fc%23d%3Ae%25%C3%A9:x"),
            ("tunedModels/mine-1", "/v1beta/tunedModels/mine-1:x"),
        ] {
            assert_eq!(of(model, "x"), expected);
        }
    }
}
