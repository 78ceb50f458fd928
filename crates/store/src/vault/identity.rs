//! The identity of a row, which its secret is sealed to.

use domain::credential::{Credential, Scope};
use domain::ids::CredentialId;
use domain::{Origin, ProviderId};

/// Everything a sealed secret is bound to. If one of these differs, it does not
/// open.
#[derive(Clone, Debug)]
pub struct RowIdentity<'a> {
    /// Whose kind of key.
    pub scope: Scope,
    /// The user's or organization's id, or `system`.
    pub scope_id: String,
    /// The row.
    pub credential: CredentialId,
    /// The provider it opens.
    pub provider: ProviderId,
    /// Where it may be sent.
    pub origin: &'a Origin,
    /// Which of the row's secrets: `api_key`.
    pub field: &'static str,
    /// Counts replacements.
    pub version: i64,
}

impl<'a> RowIdentity<'a> {
    /// The identity of a credential's `api_key`.
    #[must_use]
    pub fn of(credential: &'a Credential) -> Self {
        let scope_id = match (credential.owner, credential.organization) {
            (Some(user), _) => user.to_string(),
            (None, Some(organization)) => organization.to_string(),
            (None, None) => "system".to_owned(),
        };
        Self {
            scope: credential.scope,
            scope_id,
            credential: credential.id,
            provider: credential.provider,
            origin: &credential.origin,
            field: "api_key",
            version: credential.secret_version,
        }
    }
}

impl RowIdentity<'_> {
    /// The derivation context: each part behind its length, so that no two
    /// identities are written alike.
    pub(crate) fn context(&self) -> Vec<u8> {
        context(
            CREDENTIAL,
            &[
                self.scope.as_str(),
                &self.scope_id,
                &self.credential.to_string(),
                self.provider.as_str(),
                self.origin.as_str(),
                self.field,
                &self.version.to_string(),
            ],
        )
    }
}

/// The context of one of the server's own secrets.
pub(crate) fn server_secret_context(name: &str) -> Vec<u8> {
    context(CREDENTIAL, &["system", "system", "", "", "", name, "1"])
}

/// The context of what a provider wants back after one call of a function.
pub(crate) fn replay_context(caller: &str, call_id: &str) -> Vec<u8> {
    context(b"ownkey/replay/v1", &[caller, call_id])
}

const CREDENTIAL: &[u8] = b"ownkey/cred/v1";

/// A label and parts, each part behind its length.
pub(super) fn context(label: &[u8], parts: &[&str]) -> Vec<u8> {
    let mut context = label.to_vec();
    for part in parts {
        let length = u32::try_from(part.len()).unwrap_or(u32::MAX);
        context.extend_from_slice(&length.to_be_bytes());
        context.extend_from_slice(part.as_bytes());
    }
    context
}
