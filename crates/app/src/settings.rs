//! What the operator settled at start. Read once, never changed.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use domain::ProviderId;
use domain::resolve::Fallback;

use crate::events::webhook::Webhook;
use crate::sign_in::oidc::Oidc;

/// The operator's settings.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where people reach this server, without a trailing slash.
    pub public_url: String,
    /// Whether owners may see their personal keys again.
    pub reveal_allowed: bool,
    /// How far a call may go for a key, at most.
    pub policy: Fallback,
    /// Whether a request may bring a provider key along.
    pub request_keys_allowed: bool,
    /// Whether pictures and documents are fetched by their address, for
    /// providers that do not fetch them.
    pub fetches_pictures: bool,
    /// Default endpoints that differ from the provider table's.
    pub default_bases: HashMap<ProviderId, String>,
    /// How long an access token lives.
    pub access_token_life: Duration,
    /// How long a browser stays signed in.
    pub web_session_life: Duration,
    /// How long a chat is kept after the last word; `None`: for good.
    pub chat_retention: Option<Duration>,
    /// The OpenID provider that people may sign in through.
    pub oidc: Option<Arc<Oidc>>,
    /// The operator's address that is told what happens.
    pub webhook: Option<Arc<Webhook>>,
    /// Whether this is a demo, with a scripted provider and made-up keys.
    pub is_demo: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            public_url: "http://127.0.0.1:8000".to_owned(),
            reveal_allowed: true,
            policy: Fallback::Chain,
            request_keys_allowed: false,
            fetches_pictures: true,
            default_bases: HashMap::new(),
            access_token_life: Duration::from_secs(8 * 3600),
            web_session_life: Duration::from_secs(30 * 24 * 3600),
            chat_retention: None,
            oidc: None,
            webhook: None,
            is_demo: false,
        }
    }
}

impl Settings {
    /// The endpoint of a provider unless a key names its own.
    #[must_use]
    pub fn default_base(&self, provider: ProviderId) -> Option<&str> {
        self.default_bases.get(&provider).map(String::as_str).or(provider.facts().default_base)
    }
}
