//! Provider keys and base URLs of the environment.

use std::collections::HashMap;

use app::environment::FoundKey;
use domain::{ProviderId, gateway_token, key_shape};
use llm::egress::LocalEndpoints;

use super::environment::{Environment, Origin};
use crate::Failure;

/// What the environment says about providers.
#[derive(Default)]
pub(crate) struct Found {
    /// Keys.
    pub(crate) keys: Vec<FoundKey>,
    /// Default endpoints.
    pub(crate) bases: HashMap<ProviderId, String>,
    /// The local-endpoint list with the operator's own servers.
    pub(crate) local: LocalEndpoints,
    /// What was ignored, and why.
    pub(crate) warnings: Vec<String>,
}

/// Reads keys and base URLs of every provider.
///
/// # Errors
/// When a `_FILE` cannot be read or a list of local places is malformed.
pub(crate) fn read(
    environment: &Environment,
    local_endpoints: Option<&str>,
    local_cidrs: Option<&str>,
) -> Result<Found, Failure> {
    let local = match local_endpoints {
        Some(text) => LocalEndpoints::parse(text).map_err(Failure::configuration)?,
        None => LocalEndpoints::default(),
    };
    let local = local.with_networks(local_cidrs.unwrap_or("")).map_err(Failure::configuration)?;
    let mut found = Found { local, ..Found::default() };
    for provider in ProviderId::all() {
        let key = read_key(environment, provider, &mut found)?;
        read_base(environment, provider, key, &mut found)?;
    }
    Ok(found)
}

/// The provider's key, if there is one. Returns where it comes from.
fn read_key(environment: &Environment, provider: ProviderId, found: &mut Found) -> Result<Option<Origin>, Failure> {
    for variable in provider.facts().key_variables {
        let Some(value) = environment.value(variable)? else { continue };
        if value.value.starts_with(gateway_token::PREFIX) {
            found
                .warnings
                .push(format!("{variable} holds a gateway token of Ownkey, not a provider's key; it is ignored."));
            continue;
        }
        match key_shape::clean(&value.value, provider) {
            Ok(clean) => {
                found.keys.push(FoundKey {
                    provider,
                    variable: (*variable).to_owned(),
                    secret: clean.secret,
                    masked: clean.masked,
                });
                return Ok(Some(value.origin));
            }
            Err(problem) => found.warnings.push(format!("{variable} is ignored. {problem}")),
        }
    }
    Ok(None)
}

/// The provider's base URL, if there is one that may be used: from the same
/// source as its key.
fn read_base(
    environment: &Environment,
    provider: ProviderId,
    key: Option<Origin>,
    found: &mut Found,
) -> Result<(), Failure> {
    for variable in provider.facts().base_variables {
        let Some(base) = environment.value(variable)? else { continue };
        if key.is_some_and(|key| key != base.origin) {
            found.warnings.push(format!(
                "{variable} is ignored: it and the {} key come from different places (environment and .env).",
                provider.display_name()
            ));
            continue;
        }
        // Only the process's own environment may name servers on this network.
        let url = match base.origin {
            Origin::Process => found.local.operator_words(provider, &base.value),
            Origin::DotEnv => Ok(base.value),
        };
        match url {
            Ok(url) => {
                found.bases.insert(provider, url);
                return Ok(());
            }
            Err(problem) => found.warnings.push(format!("{variable} is ignored. {problem}")),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "sk-proj-FAKEaBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789key1";

    #[test]
    fn a_key_and_its_base_url_come_from_the_same_source() {
        let environment =
            Environment::of(&[("OPENAI_API_KEY", KEY)], &[("OPENAI_BASE_URL", "https://elsewhere.example/v1")]);
        let found = read(&environment, None, None).unwrap();
        assert_eq!(found.keys.len(), 1);
        assert!(found.bases.is_empty());
        assert!(found.warnings.iter().any(|warning| warning.starts_with("OPENAI_BASE_URL is ignored")));
    }

    #[test]
    fn private_networks_are_added_to_the_list_and_others_refused() {
        let environment = Environment::of(&[], &[]);
        let found = read(&environment, None, Some("192.168.1.0/24")).unwrap();
        let guard = llm::egress::EgressGuard::new(found.local, Vec::new());
        for (base, is_allowed) in [
            ("http://192.168.1.7:8080/v1", true),
            ("http://192.168.2.7:8080/v1", false),
            ("http://127.0.0.1:11434", true),
            ("http://127.0.0.1:9999", false),
        ] {
            assert_eq!(guard.check_literal(ProviderId::Custom, base).is_ok(), is_allowed, "{base}");
        }
        let refused = read(&environment, None, Some("8.8.8.0/24")).err().unwrap();
        assert!(refused.sentence.contains("OWNKEY_LOCAL_CIDRS") && refused.exit_code == 78, "{}", refused.sentence);
    }

    #[test]
    fn our_own_tokens_and_placeholders_are_no_provider_keys() {
        let environment = Environment::of(
            &[("OPENAI_API_KEY", "owk_user_0123456789ABCDEFGHIJKLMNOPQRST3rgke8"), ("GROQ_API_KEY", "your-key-here")],
            &[],
        );
        let found = read(&environment, None, None).unwrap();
        assert!(found.keys.is_empty());
        assert_eq!(found.warnings.len(), 2);
    }

    #[test]
    fn a_bare_ollama_host_means_this_machine_and_its_usual_port() {
        for host in ["0.0.0.0", "localhost", "127.0.0.1:11434", "http://localhost:11434"] {
            let found = read(&Environment::of(&[("OLLAMA_HOST", host)], &[]), None, None).unwrap();
            let base = found.bases.get(&ProviderId::Ollama).unwrap();
            assert!(base.contains(":11434"), "{host}: {base}");
        }
    }
}
