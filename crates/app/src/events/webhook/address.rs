//! The operator's address as it is written. Its path may be all that protects it,
//! so only its origin is ever shown.

use std::fmt;

use domain::ProviderId;
use http::Uri;
use llm::egress::EgressGuard;
use thiserror::Error;

/// The longest address, in characters.
const MAX_LENGTH: usize = 2_048;

/// Why an address cannot be told anything. `Display` follows the setting's name.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum WebhookProblem {
    /// It is none.
    #[error("is no address; write it like https://hooks.example.org/path")]
    NotAnAddress,
    /// It may not be called.
    #[error("cannot be used. {0}")]
    Refused(String),
}

/// The operator's address.
#[derive(Clone)]
pub struct Webhook {
    uri: Uri,
    origin: String,
}

impl Webhook {
    /// Reads `https://host/path?query`, or http for a local server.
    ///
    /// # Errors
    /// It is no address.
    pub fn parse(text: &str) -> Result<Self, WebhookProblem> {
        let uri: Uri = text.trim().parse().map_err(|_| WebhookProblem::NotAnAddress)?;
        let scheme = uri.scheme_str().filter(|scheme| matches!(*scheme, "http" | "https"));
        let host = uri.authority().map(http::uri::Authority::as_str).filter(|host| !host.contains('@'));
        let (Some(scheme), Some(host)) = (scheme, host) else { return Err(WebhookProblem::NotAnAddress) };
        if text.len() > MAX_LENGTH || text.contains('#') {
            return Err(WebhookProblem::NotAnAddress);
        }
        let origin = format!("{scheme}://{host}");
        Ok(Self { uri, origin })
    }

    /// Judges what can be judged without the network.
    ///
    /// # Errors
    /// Why it may not be called, and the line that would let it.
    pub fn check(&self, guard: &EgressGuard) -> Result<(), WebhookProblem> {
        guard
            .check_literal(ProviderId::Custom, &self.origin)
            .map(|_| ())
            .map_err(|problem| WebhookProblem::Refused(problem.to_string()))
    }

    pub(super) const fn uri(&self) -> &Uri {
        &self.uri
    }
}

impl fmt::Display for Webhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.origin)
    }
}

impl fmt::Debug for Webhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Webhook").field(&self.origin).finish()
    }
}

#[cfg(test)]
mod tests {
    use llm::egress::LocalEndpoints;

    use super::*;

    #[test]
    fn only_the_origin_of_an_address_is_shown() {
        let webhook = Webhook::parse("https://hooks.example.org:8443/T0/secret?key=hidden").unwrap();
        assert_eq!(webhook.to_string(), "https://hooks.example.org:8443");
        assert!(!format!("{webhook:?}").contains("hidden"));
    }

    #[test]
    fn what_is_no_address_is_refused_without_repeating_it() {
        for text in ["", "hooks.example.org", "/hook", "ftp://a/b", "https://user:pw@host/", "https://host/#part"] {
            assert_eq!(Webhook::parse(text).err(), Some(WebhookProblem::NotAnAddress), "{text}");
        }
    }

    #[test]
    fn the_rules_are_those_of_providers() {
        let guard = EgressGuard::new(LocalEndpoints::none(), Vec::new());
        let check = |text: &str| Webhook::parse(text).unwrap().check(&guard);
        assert_eq!(check("https://hooks.example.org/a"), Ok(()));
        for text in
            ["http://hooks.example.org/a", "http://127.0.0.1:9000/a", "https://169.254.169.254/", "https://10.1.2.3/"]
        {
            assert!(matches!(check(text), Err(WebhookProblem::Refused(_))), "{text}");
        }
        let told = check("http://127.0.0.1:9000/a").unwrap_err().to_string();
        assert!(told.contains("OWNKEY_LOCAL_ENDPOINTS"), "{told}");
    }
}
