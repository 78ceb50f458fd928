//! What a provider wants of whoever saves a key for it: the kind of credential,
//! and its fields as a form shows them.

use serde::Serialize;

use crate::provider::{ProviderId, ProviderKind};

/// What opens a provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CredentialKind {
    /// Nothing: a local server.
    None,
    /// A key.
    Key,
    /// The endpoint of one's own resource and its key.
    EndpointAndKey,
    /// An endpoint of one's own; a key where it wants one.
    Endpoint,
    /// A token that also downloads.
    DownloadToken,
}

crate::text_enum!(CredentialKind, "kind of credential" {
    None => "none",
    Key => "key",
    EndpointAndKey => "endpoint_and_key",
    Endpoint => "endpoint",
    DownloadToken => "download_token",
});

/// One field of a credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Field {
    /// Its name in `POST /v2/credentials`.
    pub name: &'static str,
    /// What people call it.
    pub label: &'static str,
    /// Whether it must be given.
    pub required: bool,
    /// Whether it is never shown again.
    pub secret: bool,
    /// What it looks like.
    pub example: &'static str,
}

const fn field(name: &'static str, label: &'static str, required: bool, example: &'static str) -> Field {
    Field { name, label, required, secret: false, example }
}

const fn secret(label: &'static str, required: bool, example: &'static str) -> Field {
    Field { name: "api_key", label, required, secret: true, example }
}

/// What an api-version is when none is given: the last one that is generally
/// available for classic URLs.
pub const AZURE_API_VERSION: &str = "2024-10-21";

impl ProviderId {
    /// What opens it.
    #[must_use]
    pub fn credential_kind(self) -> CredentialKind {
        match self {
            Self::Azure => CredentialKind::EndpointAndKey,
            Self::Custom => CredentialKind::Endpoint,
            Self::HuggingFace => CredentialKind::DownloadToken,
            _ if self.facts().kind == ProviderKind::Local => CredentialKind::None,
            _ => CredentialKind::Key,
        }
    }

    /// Its fields, in the order in which people have them at hand.
    #[must_use]
    pub fn credential_fields(self) -> Vec<Field> {
        let example = self.facts().key_example;
        match self.credential_kind() {
            CredentialKind::None => vec![
                field("api_base", "Address", false, self.facts().default_base.unwrap_or("")),
                secret("Key, where the server wants one", false, ""),
            ],
            CredentialKind::Key => {
                vec![secret("Key", true, example), field("api_base", "Endpoint", false, "https://proxy.example.org/v1")]
            }
            CredentialKind::EndpointAndKey => vec![
                field("api_base", "Endpoint", true, "https://my-resource.openai.azure.com"),
                secret("Key", true, example),
                field("settings.deployments", "Deployments", false, "my-gpt-4o"),
                field("settings.api_version", "API version", false, AZURE_API_VERSION),
            ],
            CredentialKind::Endpoint => vec![
                field("api_base", "Endpoint", true, "https://llm.example.org/v1"),
                secret("Key", false, ""),
                field("settings.slug", "Name in model ids", false, "my-server"),
                Field { secret: true, ..field("settings.headers", "More headers", false, "x-team: blue") },
            ],
            CredentialKind::DownloadToken => vec![
                secret("Access token", true, example),
                field("api_base", "Endpoint", false, "https://proxy.example.org/v1"),
            ],
        }
    }
}

/// Whether a text is an api-version of Azure: a date, a date with `-preview`,
/// `preview` or `latest`.
#[must_use]
pub fn is_api_version(text: &str) -> bool {
    if matches!(text, "preview" | "latest") {
        return true;
    }
    let date = text.strip_suffix("-preview").unwrap_or(text);
    let is_number = |part: &str, length: usize, most: u32| {
        part.len() == length
            && part.bytes().all(|b| b.is_ascii_digit())
            && part.parse::<u32>().is_ok_and(|number| (1..=most).contains(&number))
    };
    match date.split('-').collect::<Vec<_>>().as_slice() {
        [year, month, day] => is_number(year, 4, 9_999) && is_number(month, 2, 12) && is_number(day, 2, 31),
        _ => false,
    }
}

/// Whether a text can be the name of an Azure deployment.
#[must_use]
pub fn is_deployment(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
}

/// An Azure endpoint without what people paste along: everything from
/// `/openai` on.
#[must_use]
pub fn azure_base(typed: &str) -> &str {
    let host = typed.find("://").map_or(0, |at| at + 3);
    // Lower case has the same bytes in the same places.
    let lower = typed.to_ascii_lowercase();
    let cut = lower.match_indices("/openai").map(|(at, _)| at).find(|at| *at >= host);
    typed.get(..cut.unwrap_or(typed.len())).unwrap_or(typed).trim_end_matches('/')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_provider_has_a_kind_and_the_fields_it_needs() {
        for provider in ProviderId::all() {
            let fields = provider.credential_fields();
            let key = fields.iter().find(|field| field.name == "api_key");
            assert_eq!(key.is_some_and(|key| key.required && key.secret), provider.facts().needs_key, "{provider}");
            let base = fields.iter().find(|field| field.name == "api_base");
            assert_eq!(base.is_some_and(|base| base.required), provider.facts().default_base.is_none(), "{provider}");
        }
        assert_eq!(ProviderId::Ollama.credential_kind(), CredentialKind::None);
        assert_eq!(ProviderId::HuggingFace.credential_kind(), CredentialKind::DownloadToken);
    }

    #[test]
    fn an_api_version_is_a_date_or_one_of_two_words() {
        for good in ["2024-10-21", "2025-04-01-preview", "preview", "latest", AZURE_API_VERSION] {
            assert!(is_api_version(good), "{good}");
        }
        for bad in ["", "2024", "2024-13-01", "2024-10-32", "v1", "2024-10-21-beta", "2024-1-1", "Latest", "20a4-10-21"]
        {
            assert!(!is_api_version(bad), "{bad}");
        }
    }

    #[test]
    fn a_pasted_azure_url_is_cut_to_its_resource() {
        for (typed, base) in [
            ("https://r.openai.azure.com", "https://r.openai.azure.com"),
            ("https://r.openai.azure.com/", "https://r.openai.azure.com"),
            ("https://r.openai.azure.com/openai/v1/", "https://r.openai.azure.com"),
            (
                "https://r.openai.azure.com/OpenAI/deployments/a/chat/completions?api-version=x",
                "https://r.openai.azure.com",
            ),
            ("https://openai.example.org/openai", "https://openai.example.org"),
            ("https://proxy.example.org/azure/openai/v1", "https://proxy.example.org/azure"),
        ] {
            assert_eq!(azure_base(typed), base, "{typed}");
        }
    }
}
