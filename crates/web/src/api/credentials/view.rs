//! What goes in and out at `/v2/credentials`. Nothing here has a field that
//! could hold a stored secret.

use std::collections::BTreeMap;

use app::credentials::TypedSettings;
use app::error::Error;
use app::{App, cooling};
use domain::Timestamp;
use domain::credential::{Credential, Settings};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// Which keys to list.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListQuery {
    /// `personal`, `organization` or `system`.
    pub(crate) scope: Option<String>,
    /// The organization's id.
    pub(crate) organization_id: Option<String>,
    /// A provider, in any spelling.
    pub(crate) provider: Option<String>,
    /// `valid`, `invalid` …
    pub(crate) status: Option<String>,
    /// Switched on or off.
    pub(crate) is_active: Option<bool>,
    /// Rows to pass over, 0 to 10,000.
    pub(crate) skip: Option<i64>,
    /// Rows to give, 1 to 500; 100 unless said.
    pub(crate) limit: Option<i64>,
}

/// Whether to wait for the check.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(crate) struct CheckQuery {
    /// `sync` waits up to ten seconds for the verdict.
    pub(crate) check: Option<String>,
}

impl CheckQuery {
    /// Whether to wait.
    ///
    /// # Errors
    /// `invalid_request` for any word but `sync` and `background`.
    pub(crate) fn is_sync(&self) -> Result<bool, Error> {
        match self.check.as_deref() {
            None | Some("background") => Ok(false),
            Some("sync") => Ok(true),
            Some(_) => Err(Error::invalid("check", "is not taken; send sync, or leave it out")),
        }
    }
}

/// Whether the impact is known and accepted.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(crate) struct DeleteQuery {
    /// `true` deletes a key that is in use.
    pub(crate) confirm: Option<bool>,
}

/// The password again.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PasswordBody {
    pub(crate) password: String,
}

/// Provider-specific settings: absent stays, `null` clears.
#[derive(Deserialize, ToSchema, Default)]
#[serde(deny_unknown_fields)]
pub(crate) struct SettingsBody {
    /// Azure: the api-version of classic URLs, a date, `preview` or `latest`.
    #[serde(default, deserialize_with = "super::super::present")]
    api_version: Option<Option<String>>,
    /// Azure: deployment names, which are the key's models.
    deployments: Option<Vec<String>>,
    /// Custom: the name before the slash of its model ids.
    slug: Option<String>,
    /// Custom: up to 8 headers sent along; their values are sealed with the key
    /// and never shown again.
    #[serde(default, deserialize_with = "super::super::present")]
    headers: Option<Option<BTreeMap<String, String>>>,
}

impl From<SettingsBody> for TypedSettings {
    fn from(body: SettingsBody) -> Self {
        Self {
            api_version: body.api_version,
            deployments: body.deployments,
            slug: body.slug,
            headers: body.headers.map(Option::unwrap_or_default),
        }
    }
}

/// Provider-specific settings of a key; of headers only the names.
#[derive(Serialize, ToSchema)]
pub(crate) struct SettingsView {
    #[serde(skip_serializing_if = "Option::is_none")]
    api_version: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    deployments: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    slug: Option<String>,
    /// The names of the headers sent along.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    headers: Vec<String>,
}

impl From<&Settings> for SettingsView {
    fn from(settings: &Settings) -> Self {
        Self {
            api_version: settings.api_version.clone(),
            deployments: settings.deployments.clone(),
            slug: settings.slug.clone(),
            headers: settings.headers.clone(),
        }
    }
}

/// Whether a new key that could not be tried is taken.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(crate) struct RotateQuery {
    /// `true` also takes a new key when its provider cannot be reached.
    pub(crate) force: Option<bool>,
}

/// A key that takes the place of another.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CredentialRotation {
    /// The new key.
    pub(crate) api_key: String,
    /// How long the former one stays usable, 0 to 2592000; 86400 unless said.
    pub(crate) grace_seconds: Option<u64>,
}

/// A rotated key.
#[derive(Serialize, ToSchema)]
pub(crate) struct RotatedView {
    #[serde(flatten)]
    pub(crate) credential: CredentialView,
    /// The former key, while its grace lasts.
    pub(crate) former: Option<CredentialView>,
}

/// A new provider key.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CredentialBody {
    /// `personal` (default), `organization` or `system`.
    pub(crate) scope: Option<String>,
    /// The organization, for its keys.
    pub(crate) organization_id: Option<String>,
    /// A provider, in any spelling.
    pub(crate) provider: String,
    /// What to call it; the provider's name unless said.
    pub(crate) name: Option<String>,
    pub(crate) note: Option<String>,
    /// The key.
    pub(crate) api_key: Option<String>,
    /// Instead of the key, for the server's keys: where the operator keeps it,
    /// `env:NAME` or `file:/path`, as far as the operator allowed it at start.
    pub(crate) secret_ref: Option<String>,
    /// Its endpoint; the provider's default unless said.
    pub(crate) api_base: Option<String>,
    pub(crate) settings: Option<SettingsBody>,
    pub(crate) priority: Option<i64>,
    /// Whether it is to be the first of its provider.
    pub(crate) is_primary: Option<bool>,
    pub(crate) expires_at: Option<String>,
    pub(crate) rotate_after: Option<String>,
}

/// What is to change: absent stays, `null` clears.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CredentialPatch {
    pub(crate) name: Option<String>,
    #[serde(default, deserialize_with = "super::super::present")]
    pub(crate) note: Option<Option<String>>,
    pub(crate) api_key: Option<String>,
    /// Instead of the key: where the operator keeps it.
    pub(crate) secret_ref: Option<String>,
    #[serde(default, deserialize_with = "super::super::present")]
    pub(crate) api_base: Option<Option<String>>,
    pub(crate) settings: Option<SettingsBody>,
    pub(crate) priority: Option<i64>,
    #[serde(default, deserialize_with = "super::super::present")]
    pub(crate) expires_at: Option<Option<String>>,
    #[serde(default, deserialize_with = "super::super::present")]
    pub(crate) rotate_after: Option<Option<String>>,
}

/// A provider key without its secret.
#[derive(Serialize, ToSchema)]
pub(crate) struct CredentialView {
    id: String,
    scope: &'static str,
    organization_id: Option<String>,
    provider: &'static str,
    name: String,
    note: String,
    /// `sk-ant-…b123`.
    masked: String,
    /// The endpoint as typed; `null` when it is the provider's default.
    api_base: Option<String>,
    /// Where the key is sent, and nowhere else.
    endpoint_origin: String,
    settings: SettingsView,
    is_active: bool,
    is_primary: bool,
    priority: i64,
    status: &'static str,
    status_reason: Option<String>,
    checked_at: Option<String>,
    /// Until when it is at its provider's rate limit, for some model at least.
    cooling_until: Option<String>,
    last_used_at: Option<String>,
    expires_at: Option<String>,
    rotate_after: Option<String>,
    /// Whether `rotate_after` has passed.
    is_rotation_due: bool,
    /// When the secret was set; its age counts from there.
    secret_set_at: Option<String>,
    /// The key whose former secret this is, until `expires_at`.
    grace_of: Option<String>,
    /// `stored`, `env:OPENAI_API_KEY`, `file:/run/secrets/openai` or `keyless`.
    origin: String,
    created_at: String,
    created_by: Option<String>,
    updated_at: String,
    updated_by: Option<String>,
    /// Something unusual about the key that was just saved.
    #[serde(skip_serializing_if = "Option::is_none")]
    warning: Option<String>,
}

impl CredentialView {
    /// The same, with something its owner should know.
    pub(crate) fn with_warning(self, warning: Option<String>) -> Self {
        Self { warning, ..self }
    }

    /// The view of a key at this server.
    pub(crate) fn new(app: &App, credential: &Credential) -> Self {
        let now = app.clock.now();
        let time = |at: Option<Timestamp>| at.map(|at| at.to_string());
        Self {
            id: credential.id.to_string(),
            scope: credential.scope.as_str(),
            organization_id: credential.organization.map(|id| id.to_string()),
            provider: credential.provider.as_str(),
            name: credential.name.clone(),
            note: credential.note.clone(),
            masked: credential.masked.clone(),
            api_base: credential.api_base.clone(),
            endpoint_origin: credential.origin.to_string(),
            settings: SettingsView::from(&credential.settings),
            is_active: credential.is_active,
            is_primary: credential.is_primary,
            priority: credential.priority,
            status: credential.status.as_str(),
            status_reason: credential.status_reason.clone(),
            checked_at: time(credential.checked_at),
            cooling_until: time(cooling::until(app, credential.id)),
            last_used_at: time(credential.last_used_at),
            expires_at: time(credential.expires_at),
            rotate_after: time(credential.rotate_after),
            is_rotation_due: credential.is_rotation_due(now),
            secret_set_at: time(credential.secret_set_at),
            grace_of: credential.grace_of.map(|id| id.to_string()),
            origin: credential.source_text(),
            created_at: credential.created_at.to_string(),
            created_by: credential.created_by.map(|id| id.to_string()),
            updated_at: credential.updated_at.to_string(),
            updated_by: credential.updated_by.map(|id| id.to_string()),
            warning: None,
        }
    }
}
