//! The keys of the server's environment, and the local servers that need none:
//! the last rung of the system scope. Read-only, and gone with the process.

use std::collections::HashMap;

use domain::credential::{Credential, Scope, Source};
use domain::ids::CredentialId;
use domain::provider::ProviderKind;
use domain::{ProviderId, Secret, Timestamp};
use llm::egress::EgressGuard;
use store::credentials::StoredCredential;
use store::environment_health;
use store::vault::Vault;

use crate::App;
use crate::error::Result;
use crate::settings::Settings;

/// A key found in the environment.
pub struct FoundKey {
    /// The provider it opens.
    pub provider: ProviderId,
    /// The variable it was in.
    pub variable: String,
    /// The key.
    pub secret: Secret,
    /// What may be shown of it.
    pub masked: String,
}

struct Entry {
    credential: Credential,
    secret: Option<Secret>,
    fingerprint: String,
}

/// The environment's keys and the keyless local providers.
#[derive(Default)]
pub struct Environment {
    entries: Vec<Entry>,
}

impl Environment {
    /// The rung made of `found` keys and every local provider whose default
    /// endpoint is allowed. Also returns a sentence for each key left out.
    #[must_use]
    pub fn new(
        found: Vec<FoundKey>,
        settings: &Settings,
        guard: &EgressGuard,
        vault: &Vault,
        now: Timestamp,
    ) -> (Self, Vec<String>) {
        let mut environment = Self::default();
        let mut problems = Vec::new();
        for key in found {
            let source = Source::Environment(key.variable.clone());
            let fingerprint = vault.fingerprint(&key.secret);
            match entry(key.provider, source, key.masked, settings, guard, now) {
                Ok(credential) => {
                    environment.entries.push(Entry { credential, secret: Some(key.secret), fingerprint });
                }
                Err(problem) => problems.push(format!("{} is not used: {problem}", key.variable)),
            }
        }
        for provider in ProviderId::all().filter(|provider| provider.facts().kind == ProviderKind::Local) {
            match entry(provider, Source::Keyless, String::new(), settings, guard, now) {
                Ok(credential) => {
                    let fingerprint = credential.endpoint.clone();
                    environment.entries.push(Entry { credential, secret: None, fingerprint });
                }
                Err(problem) => problems.push(format!("{} is not used: {problem}", provider.display_name())),
            }
        }
        (environment, problems)
    }

    /// The rows, with the health that is known of them.
    pub(crate) async fn rows(&self, app: &App) -> Result<Vec<StoredCredential>> {
        let known: HashMap<CredentialId, _> =
            environment_health::all(&app.store).await?.into_iter().map(|row| (row.credential, row)).collect();
        Ok(self
            .entries
            .iter()
            .map(|entry| {
                let mut credential = entry.credential.clone();
                let health = known.get(&credential.id).filter(|row| row.value_fingerprint == entry.fingerprint);
                if let Some(health) = health {
                    credential.status = health.status;
                    credential.status_reason.clone_from(&health.reason);
                    credential.checked_at = Some(health.checked_at);
                }
                StoredCredential { credential, sealed: None, fingerprint: Some(entry.fingerprint.clone()) }
            })
            .collect())
    }

    /// The secret of one of its keys.
    pub(crate) fn secret(&self, id: CredentialId) -> Option<&Secret> {
        self.entries.iter().find(|entry| entry.credential.id == id)?.secret.as_ref()
    }

    /// What tells this value of a key from a later one.
    pub(crate) fn fingerprint(&self, id: CredentialId) -> Option<&str> {
        self.entries.iter().find(|entry| entry.credential.id == id).map(|entry| entry.fingerprint.as_str())
    }

    /// The credentials, as they were at start.
    pub fn credentials(&self) -> impl Iterator<Item = &Credential> {
        self.entries.iter().map(|entry| &entry.credential)
    }
}

/// A stand-in row for a key that is none.
fn entry(
    provider: ProviderId,
    source: Source,
    masked: String,
    settings: &Settings,
    guard: &EgressGuard,
    now: Timestamp,
) -> std::result::Result<Credential, String> {
    let base = settings
        .default_base(provider)
        .ok_or_else(|| format!("{} needs an endpoint of its own.", provider.display_name()))?;
    let endpoint = guard.check_literal(provider, base).map_err(|problem| problem.to_string())?;
    let (id, name) = match &source {
        Source::Environment(variable) => (CredentialId::of_source(&format!("env:{variable}")), variable.clone()),
        _ => (CredentialId::of_source(&format!("local:{provider}")), provider.display_name().to_owned()),
    };
    let place = (endpoint.base(), endpoint.origin());
    Ok(Credential { masked, ..Credential::stand_in(id, Scope::System, provider, name, place, source, now) })
}
