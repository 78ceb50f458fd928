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

use crate::body::{object, whole_number};

/// Which keys to list.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListQuery {
    /// Whose keys.
    #[param(pattern = "@scope")]
    pub(crate) scope: Option<String>,
    /// The keys of this organization and no others, by its id or slug.
    #[param(pattern = "@slug")]
    pub(crate) organization_id: Option<String>,
    /// A provider, in any spelling.
    #[param(pattern = "@any-provider")]
    pub(crate) provider: Option<String>,
    /// In which health.
    #[param(pattern = "@key-status")]
    pub(crate) status: Option<String>,
    /// Switched on or off.
    pub(crate) is_active: Option<bool>,
    /// With this in their name, note or mask.
    #[param(max_length = 100)]
    pub(crate) q: Option<String>,
    /// Rows to pass over, 0 to 10,000.
    #[param(minimum = 0, maximum = 10_000)]
    pub(crate) skip: Option<i64>,
    /// Rows to give, 1 to 500; 100 unless said.
    #[param(minimum = 1, maximum = 500)]
    pub(crate) limit: Option<i64>,
}

/// Whether to wait for the check.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(crate) struct CheckQuery {
    /// `sync` waits up to ten seconds for the verdict; `background` does not wait.
    #[param(pattern = "^(sync|background)$")]
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
    /// Your password.
    pub(crate) password: Option<String>,
}

/// Provider-specific settings: absent stays, `null` clears.
#[derive(Deserialize, ToSchema, Default)]
#[serde(deny_unknown_fields)]
pub(crate) struct SettingsBody {
    /// Azure: the api-version of classic URLs, a date, `preview` or `latest`.
    #[serde(default, deserialize_with = "super::super::present")]
    #[schema(max_length = 40, pattern = "@line")]
    api_version: Option<Option<String>>,
    /// Azure: deployment names, which are the key's models.
    #[schema(max_items = 200)]
    deployments: Option<Vec<String>>,
    /// Custom: the name before the slash of its model ids.
    #[schema(max_length = 40, pattern = "^[a-z0-9]+(-[a-z0-9]+)*$")]
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
    #[schema(max_length = 500)]
    pub(crate) api_key: String,
    /// How long the former one stays usable, 0 to 2592000; 86400 unless said.
    #[schema(minimum = 0, maximum = 2_592_000)]
    #[serde(default, deserialize_with = "whole_number")]
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
    /// Whose it is to be; `personal` unless said.
    #[schema(pattern = "@scope")]
    pub(crate) scope: Option<String>,
    /// The organization, for its keys.
    pub(crate) organization_id: Option<String>,
    /// A provider, in any spelling.
    #[schema(pattern = "@any-provider")]
    pub(crate) provider: String,
    /// What to call it; the provider's name unless said.
    #[schema(max_length = 100, pattern = "@line")]
    pub(crate) name: Option<String>,
    /// Free text for people.
    #[schema(max_length = 2000, pattern = "@note")]
    pub(crate) note: Option<String>,
    /// The key; needed but for local servers and custom endpoints.
    #[schema(max_length = 500)]
    pub(crate) api_key: Option<String>,
    /// Instead of the key, for the server's keys: where the operator keeps it,
    /// `env:NAME` or `file:/path`, as far as the operator allowed it at start.
    pub(crate) secret_ref: Option<String>,
    /// Its endpoint; the provider's default unless said.
    pub(crate) api_base: Option<String>,
    /// Provider-specific settings.
    #[serde(default, deserialize_with = "object")]
    pub(crate) settings: Option<SettingsBody>,
    /// Its place after the primary one; lower goes first.
    #[schema(minimum = -1_000_000, maximum = 1_000_000)]
    #[serde(default, deserialize_with = "whole_number")]
    pub(crate) priority: Option<i64>,
    /// Whether it is to be the first of its provider.
    pub(crate) is_primary: Option<bool>,
    /// When it stops being used; a time to come, or a day.
    pub(crate) expires_at: Option<String>,
    /// When to be reminded to replace it.
    #[schema(format = "date-time")]
    pub(crate) rotate_after: Option<String>,
}

/// What is to change: absent stays, `null` clears.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CredentialPatch {
    /// Another name.
    #[schema(max_length = 100, pattern = "@line")]
    pub(crate) name: Option<String>,
    /// Another note.
    #[serde(default, deserialize_with = "super::super::present")]
    #[schema(max_length = 2000, pattern = "@note")]
    pub(crate) note: Option<Option<String>>,
    /// Another secret; it is checked again.
    #[schema(max_length = 500)]
    pub(crate) api_key: Option<String>,
    /// Instead of the key: where the operator keeps it.
    pub(crate) secret_ref: Option<String>,
    /// Another endpoint; another origin needs the key again.
    #[serde(default, deserialize_with = "super::super::present")]
    pub(crate) api_base: Option<Option<String>>,
    /// Other settings; of them too, absent stays and `null` clears.
    #[serde(default, deserialize_with = "object")]
    pub(crate) settings: Option<SettingsBody>,
    /// Another place after the primary one.
    #[schema(minimum = -1_000_000, maximum = 1_000_000)]
    #[serde(default, deserialize_with = "whole_number")]
    pub(crate) priority: Option<i64>,
    /// When it stops being used; a time to come, or a day.
    #[serde(default, deserialize_with = "super::super::present")]
    pub(crate) expires_at: Option<Option<String>>,
    /// When to be reminded to replace it.
    #[serde(default, deserialize_with = "super::super::present")]
    #[schema(format = "date-time")]
    pub(crate) rotate_after: Option<Option<String>>,
}

/// A provider key without its secret.
#[derive(Serialize, ToSchema)]
pub(crate) struct CredentialView {
    id: String,
    /// Whose key it is.
    #[schema(pattern = "@scope")]
    scope: &'static str,
    /// The owner, when an organization's.
    organization_id: Option<String>,
    /// The provider it opens.
    #[schema(pattern = "@provider")]
    provider: &'static str,
    name: String,
    note: String,
    /// `sk-ant-…b123`.
    masked: String,
    /// The endpoint as typed; `null` when it is the provider's default.
    api_base: Option<String>,
    /// Where the key is sent, and nowhere else; `null`: for whoever looks after it.
    endpoint_origin: Option<String>,
    settings: SettingsView,
    /// Whether it may be used.
    is_active: bool,
    /// Whether it is the first of its provider and owner.
    is_primary: bool,
    /// Its place after the primary one; lower goes first.
    priority: i64,
    /// Its health, as the last check or call found it.
    #[schema(pattern = "@key-status")]
    status: &'static str,
    /// Why it is not well, as a sentence.
    status_reason: Option<String>,
    checked_at: Option<String>,
    /// Until when it is at its provider's rate limit, for some model at least.
    #[schema(format = "date-time")]
    cooling_until: Option<String>,
    last_used_at: Option<String>,
    expires_at: Option<String>,
    #[schema(format = "date-time")]
    rotate_after: Option<String>,
    /// Whether `rotate_after` has passed.
    is_rotation_due: bool,
    /// When the secret was set; its age counts from there.
    secret_set_at: Option<String>,
    /// The key whose former secret this is, until `expires_at`.
    #[schema(format = "uuid")]
    grace_of: Option<String>,
    /// `stored`, `env:OPENAI_API_KEY`, `file:/run/secrets/openai` or `keyless`.
    origin: String,
    created_at: String,
    /// A user's id.
    #[schema(format = "uuid")]
    created_by: Option<String>,
    updated_at: String,
    /// A user's id.
    #[schema(format = "uuid")]
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
            endpoint_origin: Some(credential.origin.to_string()).filter(|origin| !origin.is_empty()),
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
