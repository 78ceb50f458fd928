//! Endpoints that speak OpenAI's wire and that people have: what to fill into
//! the form of a custom key. Suggestions, never rules: everything can be changed,
//! and local ones are reached only where the operator allows it.

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

/// A suggestion.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Preset {
    /// Its id, which is also a good slug.
    pub id: String,
    /// The name people know.
    pub display_name: String,
    /// Where it listens.
    pub base_url: String,
    /// Whether a key must be given.
    #[serde(default)]
    pub needs_key: bool,
    /// Whether it runs on somebody's own machine.
    #[serde(default)]
    pub is_local: bool,
    /// Where a person gets a key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_url: Option<String>,
    /// The environment variable its own tools read the key from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_variable: Option<String>,
    /// What is different with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

static BUILTIN: LazyLock<Vec<Preset>> =
    LazyLock::new(|| serde_json::from_str(include_str!("../catalogue/presets.json")).unwrap_or_default());

/// All suggestions: services first, each group by name.
#[must_use]
pub fn builtin() -> &'static [Preset] {
    &BUILTIN
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use domain::ProviderId;

    use super::*;
    use crate::egress::{EgressGuard, LocalEndpoints};

    #[test]
    fn every_suggestion_can_be_saved_as_it_is() {
        assert!(builtin().len() > 10);
        let mut ids = HashSet::new();
        for preset in builtin() {
            assert!(ids.insert(&preset.id), "{} is there twice", preset.id);
            assert!(preset.id.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'), "{}", preset.id);
            let local = if preset.is_local { preset.base_url.trim_end_matches("/v1") } else { "" };
            let guard = EgressGuard::new(LocalEndpoints::parse(local).unwrap(), Vec::new());
            let endpoint = guard.check_literal(ProviderId::Custom, &preset.base_url);
            let endpoint = endpoint.unwrap_or_else(|problem| panic!("{}: {problem}", preset.id));
            assert_eq!(endpoint.base().replace("127.0.0.1", "localhost"), preset.base_url, "{}", preset.id);
            assert_eq!(preset.needs_key, preset.key_url.is_some(), "{}", preset.id);
        }
    }
}
