//! A provider key as everyone but the vault sees it: all of the row, without
//! the secret.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::ids::{CredentialId, OrganizationId, UserId};
use crate::origin::Origin;
use crate::provider::ProviderId;
use crate::time::Timestamp;

/// Whose key it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// One person's.
    Personal,
    /// An organization's.
    Organization,
    /// The server's.
    System,
}

crate::text_enum!(Scope, "scope" {
    Personal => "personal",
    Organization => "organization",
    System => "system",
});

/// Whose a thing is that a person, an organization or the server may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Owner {
    /// One person's.
    User(UserId),
    /// An organization's.
    Organization(OrganizationId),
    /// The server's.
    System,
}

impl Owner {
    /// The scope of what they have.
    #[must_use]
    pub const fn scope(self) -> Scope {
        match self {
            Self::User(_) => Scope::Personal,
            Self::Organization(_) => Scope::Organization,
            Self::System => Scope::System,
        }
    }

    /// The person's or the organization's id; nobody's for the server.
    #[must_use]
    pub const fn id(self) -> Option<uuid::Uuid> {
        match self {
            Self::User(user) => Some(user.0),
            Self::Organization(organization) => Some(organization.0),
            Self::System => None,
        }
    }

    /// The person, if it is one.
    #[must_use]
    pub const fn user(self) -> Option<UserId> {
        match self {
            Self::User(user) => Some(user),
            Self::Organization(_) | Self::System => None,
        }
    }
}

/// What is known about a key's health.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyStatus {
    /// Not checked yet, or the check said nothing.
    Unverified,
    /// The provider accepted it.
    Valid,
    /// The provider refused it.
    Invalid,
    /// Real, but its account has no money.
    NoCredit,
    /// Real, but over its rate for now.
    RateLimited,
    /// The provider could not be reached.
    Unreachable,
    /// Real, but not allowed to call.
    Forbidden,
    /// The stored text does not open under this row's identity.
    Undecryptable,
}

crate::text_enum!(KeyStatus, "status" {
    Unverified => "unverified",
    Valid => "valid",
    Invalid => "invalid",
    NoCredit => "no_credit",
    RateLimited => "rate_limited",
    Unreachable => "unreachable",
    Forbidden => "forbidden",
    Undecryptable => "undecryptable",
});

/// Where the secret is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Source {
    /// In the store, sealed.
    Stored,
    /// In this environment variable of the server.
    Environment(String),
    /// Outside the store; the row holds, sealed, where: `env:NAME` or
    /// `file:/path`.
    Reference(String),
    /// Nowhere: a local provider that needs none.
    Keyless,
    /// In the request itself; never kept.
    Request,
}

/// Provider-specific settings. Nothing in here is secret.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Azure: the api-version of classic URLs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_version: Option<String>,
    /// Azure: deployment names, which are its model ids.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub deployments: Vec<String>,
    /// Custom: the name before the slash of its model ids.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slug: Option<String>,
    /// Custom: the names of the headers sent along; their values are sealed
    /// with the key.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub headers: Vec<String>,
}

/// For how long a secret is used before its owner is reminded to replace it.
pub const REMINDER: Duration = Duration::from_hours(24 * 90);

/// The place in the order of a former secret while its grace lasts: after
/// every place that anybody can choose.
pub const GRACE_PRIORITY: i64 = 2_000_000;

/// A provider key without its secret.
#[derive(Clone, Debug, PartialEq)]
pub struct Credential {
    /// Its id, kept when the secret is replaced.
    pub id: CredentialId,
    /// Whose it is.
    pub scope: Scope,
    /// The owner, when personal.
    pub owner: Option<UserId>,
    /// The owner, when an organization's.
    pub organization: Option<OrganizationId>,
    /// The provider it opens.
    pub provider: ProviderId,
    /// What its owner calls it.
    pub name: String,
    /// Free text.
    pub note: String,
    /// Known prefix, `…` and the last four; computed once when saved.
    pub masked: String,
    /// The endpoint as its owner typed it; `None` when it is the default.
    pub api_base: Option<String>,
    /// The endpoint calls go to, without a trailing slash.
    pub endpoint: String,
    /// The origin of `endpoint`; the secret is sealed to it.
    pub origin: Origin,
    /// Provider-specific settings.
    pub settings: Settings,
    /// Whether it may be used.
    pub is_active: bool,
    /// The first one of its provider and owner.
    pub is_primary: bool,
    /// Order after the primary; smaller first.
    pub priority: i64,
    /// Its health.
    pub status: KeyStatus,
    /// Its health in plain words.
    pub status_reason: Option<String>,
    /// When its health was learnt.
    pub checked_at: Option<Timestamp>,
    /// When a call last used it.
    pub last_used_at: Option<Timestamp>,
    /// When it stops being used.
    pub expires_at: Option<Timestamp>,
    /// When its owner wants to be reminded to replace it.
    pub rotate_after: Option<Timestamp>,
    /// Where the secret is.
    pub source: Source,
    /// Counts replacements of the secret.
    pub secret_version: i64,
    /// When the secret was set; `None` where there is none in a row.
    pub secret_set_at: Option<Timestamp>,
    /// The key whose former secret this is, for as long as its grace lasts.
    pub grace_of: Option<CredentialId>,
    /// When it was saved.
    pub created_at: Timestamp,
    /// Who saved it; `None` for the server itself.
    pub created_by: Option<UserId>,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// Who changed it last.
    pub updated_by: Option<UserId>,
}

impl Credential {
    /// What stands for the row of a key that is none: the environment's, a local
    /// server's, one that came with a request. `place`: the base of its endpoint,
    /// and the origin of that.
    #[must_use]
    pub fn stand_in(
        id: CredentialId,
        scope: Scope,
        provider: ProviderId,
        name: String,
        place: (&str, &Origin),
        source: Source,
        now: Timestamp,
    ) -> Self {
        let (endpoint, origin) = place;
        Self {
            id,
            scope,
            owner: None,
            organization: None,
            provider,
            name,
            note: String::new(),
            masked: String::new(),
            api_base: None,
            endpoint: endpoint.to_owned(),
            origin: origin.clone(),
            settings: Settings::default(),
            is_active: true,
            is_primary: false,
            priority: 0,
            status: KeyStatus::Unverified,
            status_reason: None,
            checked_at: None,
            last_used_at: None,
            expires_at: None,
            rotate_after: None,
            secret_set_at: None,
            grace_of: None,
            source,
            secret_version: 1,
            created_at: now,
            created_by: None,
            updated_at: now,
            updated_by: None,
        }
    }

    /// `stored`, `env:OPENAI_API_KEY`, `file:/run/secrets/openai`, `keyless` or `request`.
    #[must_use]
    pub fn source_text(&self) -> String {
        match &self.source {
            Source::Stored => "stored".to_owned(),
            Source::Environment(name) => format!("env:{name}"),
            Source::Reference(place) => place.clone(),
            Source::Keyless => "keyless".to_owned(),
            Source::Request => "request".to_owned(),
        }
    }

    /// Whether it is a row of the store, which its owner may change.
    #[must_use]
    pub const fn is_row(&self) -> bool {
        matches!(self.source, Source::Stored | Source::Reference(_))
    }

    /// Whether its owner is to be reminded to replace the secret.
    #[must_use]
    pub fn is_rotation_due(&self, now: Timestamp) -> bool {
        self.grace_of.is_none() && self.rotate_after.is_some_and(|at| at <= now)
    }

    /// How it is named in sentences: `“work” (…b123)`.
    #[must_use]
    pub fn title(&self) -> String {
        let tail: String = self.masked.chars().rev().take(4).collect::<Vec<_>>().into_iter().rev().collect();
        if tail.chars().count() == 4 && tail.chars().all(|c| c.is_ascii_graphic()) {
            format!("“{}” (…{tail})", self.name)
        } else {
            format!("“{}”", self.name)
        }
    }

    /// Whether it has passed its expiry at `now`.
    #[must_use]
    pub fn is_expired(&self, now: Timestamp) -> bool {
        self.expires_at.is_some_and(|at| at <= now)
    }

    /// The prefix of its model ids and of their stable UUIDs: the provider, or
    /// `custom:<slug>`.
    #[must_use]
    pub fn model_namespace(&self) -> String {
        match &self.settings.slug {
            Some(slug) => format!("{}:{slug}", self.provider),
            None => self.provider.to_string(),
        }
    }
}
