//! Azure's paths. A resource has its models under names of its owner's,
//! deployments, in two styles: the undated one has the deployment as the body's
//! model, the dated one in the path.
//!
//! Source: openai's Python client, `lib/azure.py`, November 2026.

use std::borrow::Cow;

use domain::ProviderId;
use url::form_urlencoded;

use super::Target;

/// The dated version whose list of models checks a key.
const LIST_VERSION: &str = "2024-10-21";

/// What is appended to the endpoint: `plain`, and for Azure what stands before
/// it.
#[must_use]
pub fn path(target: &Target<'_>, plain: impl Into<Cow<'static, str>>) -> Cow<'static, str> {
    let plain = plain.into();
    if target.provider != ProviderId::Azure {
        return plain;
    }
    let query = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    match target.api_version.map(str::trim).filter(|version| !version.is_empty()) {
        None | Some("v1") => Cow::Owned(format!("/openai/v1{plain}")),
        Some(version) if is_dated(version) => {
            let deployment = segment(target.model);
            Cow::Owned(format!("/openai/deployments/{deployment}{plain}?api-version={}", query(version)))
        }
        Some(version) => Cow::Owned(format!("/openai/v1{plain}?api-version={}", query(version))),
    }
}

/// The free request that checks a key.
#[must_use]
pub fn list_path() -> String {
    format!("/openai/models?api-version={LIST_VERSION}")
}

/// `2024-10-21`, `2025-03-01-preview`; not `preview`, which is of the other style.
fn is_dated(version: &str) -> bool {
    version.bytes().next().is_some_and(|byte| byte.is_ascii_digit())
}

/// A name as one piece of a path.
fn segment(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    // Two dots would be another folder.
    if matches!(out.as_str(), "." | "..") { out.replace('.', "%2E") } else { out }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::of;
    use domain::provider::WireName;

    fn of_target(provider: ProviderId, model: &str, api_version: Option<&str>, wire: WireName) -> String {
        let target = Target { provider, model, origin_host: "acme.openai.azure.com", facts: None, api_version };
        of(wire).unwrap().path(&target, true).into_owned()
    }

    #[test]
    fn both_styles_of_azure_are_written() {
        use WireName::{OpenAiChat as Chat, OpenAiResponses as Responses};
        for (model, version, wire, expected) in [
            ("m", None, Chat, "/openai/v1/chat/completions"),
            ("m", Some("v1"), Chat, "/openai/v1/chat/completions"),
            ("m", Some("preview"), Chat, "/openai/v1/chat/completions?api-version=preview"),
            (
                "my-gpt4o-mini",
                Some("2024-10-21"),
                Chat,
                "/openai/deployments/my-gpt4o-mini/chat/completions?api-version=2024-10-21",
            ),
            (
                "a/../b",
                Some("2024-10-21"),
                Chat,
                "/openai/deployments/a%2F..%2Fb/chat/completions?api-version=2024-10-21",
            ),
            ("..", Some("2024-10-21"), Chat, "/openai/deployments/%2E%2E/chat/completions?api-version=2024-10-21"),
            ("m", Some("1&x=y"), Chat, "/openai/deployments/m/chat/completions?api-version=1%26x%3Dy"),
            ("m", Some("2024-10-21"), Responses, "/openai/v1/responses"),
        ] {
            assert_eq!(of_target(ProviderId::Azure, model, version, wire), expected);
        }
        assert_eq!(of_target(ProviderId::OpenAi, "m", None, Chat), "/chat/completions");
        assert_eq!(of_target(ProviderId::HuggingFace, "m", Some("2024-10-21"), Responses), "/responses");
    }
}
