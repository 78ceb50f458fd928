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
