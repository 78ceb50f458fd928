//! Table `credentials`: provider keys and their health.

mod everybody;
mod grace;
mod health;
mod held;
mod impact;
mod shelf;
mod write;

use domain::credential::{Credential, KeyStatus, Scope, Settings, Source};
use domain::ids::{CredentialId, OrganizationId, UserId};
use domain::{Origin, ProviderId, Timestamp};
use sqlx::AssertSqlSafe;
use sqlx::any::AnyRow;

pub use everybody::of_everybody;
pub use grace::{EndedGrace, copy_model_list, ended_grace, grace_rows, shorten_grace};
pub use health::{count_by_status, set_health, touch_last_used};
pub use held::{Held, Holder, held, teams_lately};
pub use impact::{Impact, TeamUse, TokenUse, impact};
pub(crate) use shelf::containing;
pub use shelf::{Count, Shelf, counts, shelf};
pub use write::{insert, make_primary, replace_secret, set_active, tombstone, update_fields};

use crate::error::StoreError;
use crate::mutation::Mutation;
use crate::open::Store;
use crate::row::{Columns, optional_id, placeholders};
use crate::vault::Sealed;

macro_rules! in_order {
    ($condition:literal) => {
        concat!(
            "SELECT * FROM credentials WHERE deleted_at IS NULL AND ",
            $condition,
            " ORDER BY provider, is_primary DESC, priority, created_at, id"
        )
    };
}

macro_rules! filtered {
    ($select:literal, $rest:literal) => {
        concat!(
            $select,
            " FROM credentials WHERE deleted_at IS NULL \
             AND ((scope = 'personal' AND owner_id = $1) OR (scope = 'organization' AND owner_id = $2) \
                  OR (scope = 'system' AND $3 = 1)) \
             AND (CAST($4 AS TEXT) IS NULL OR scope = $4) AND (CAST($5 AS TEXT) IS NULL OR provider = $5) \
             AND (CAST($6 AS TEXT) IS NULL OR status = $6) AND (CAST($7 AS BIGINT) IS NULL OR is_active = $7) \
             AND (CAST($8 AS TEXT) IS NULL OR LOWER(name) LIKE $8 ESCAPE '!' OR LOWER(note) LIKE $8 ESCAPE '!' \
                  OR LOWER(masked) LIKE $8 ESCAPE '!')",
            $rest
        )
    };
}

const LIKE: &str = in_order!("scope = $1 AND owner_id = $2 AND provider = $3 AND origin = $4 AND fingerprint = $5");
const OF_OWNER: &str = in_order!("scope = $1 AND owner_id = $2");
const COUNT: &str = filtered!("SELECT COUNT(*)", "");
const PAGE: &str =
    filtered!("SELECT *", " ORDER BY provider, is_primary DESC, priority, created_at, id LIMIT $9 OFFSET $10");

/// The owner of the system's credentials.
const SYSTEM_OWNER: &str = "system";

/// A credential's whole row.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredCredential {
    /// What everybody may see.
    pub credential: Credential,
    /// The sealed secret; `None` for a local provider without a key.
    pub sealed: Option<Sealed>,
    /// Recognises the same secret again.
    pub fingerprint: Option<String>,
}

/// What of a credential may be edited without its secret. `None` leaves as is.
#[derive(Clone, Debug, Default)]
pub struct CredentialEdit {
    /// A new name.
    pub name: Option<String>,
    /// A new note.
    pub note: Option<String>,
    /// New settings.
    pub settings: Option<Settings>,
    /// A new place in the order.
    pub priority: Option<i64>,
    /// A new expiry; `Some(None)` clears it.
    pub expires_at: Option<Option<Timestamp>>,
    /// A new reminder; `Some(None)` clears it.
    pub rotate_after: Option<Option<Timestamp>>,
    /// A new endpoint; of the same origin, where there is a secret.
    pub endpoint: Option<Endpoint>,
}

/// Where a key's calls go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// As its owner typed it; `None` when it is the default.
    pub api_base: Option<String>,
    /// Without a trailing slash.
    pub endpoint: String,
    /// Its origin.
    pub origin: Origin,
}

/// A new secret, sealed under the version it brings.
#[derive(Clone, Debug)]
pub struct NewSecret {
    /// Sealed under `version` and the endpoint's origin; `None`: nothing is.
    pub sealed: Option<Sealed>,
    /// Recognises the key again; `None` where only headers are sealed.
    pub fingerprint: Option<String>,
    /// What may be shown of it.
    pub masked: String,
    /// The version now; one more than the row's.
    pub version: i64,
    /// A new endpoint, if it moved with the secret.
    pub endpoint: Option<Endpoint>,
    /// Where the key is, when not in the row: `env:NAME` or `file:/path`. What
    /// counts is the sealed text; this is for showing.
    pub reference: Option<String>,
    /// When the key was set.
    pub set_at: Option<Timestamp>,
    /// When its owner is to be reminded.
    pub rotate_after: Option<Timestamp>,
}

/// Which credentials to list. `None` lets all through.
#[derive(Clone, Debug, Default)]
pub struct CredentialFilter {
    /// Personal ones of this user.
    pub owner: Option<UserId>,
    /// Those of this organization.
    pub organization: Option<OrganizationId>,
    /// Whether the system's are listed too.
    pub with_system: bool,
    /// Of this scope.
    pub scope: Option<Scope>,
    /// For this provider.
    pub provider: Option<ProviderId>,
    /// In this health.
    pub status: Option<KeyStatus>,
    /// Switched on or off.
    pub is_active: Option<bool>,
    /// With this, in lower case, in their name, note or mask.
    pub search: Option<String>,
}

/// A key's health, as a check or a call found it.
#[derive(Clone, Debug)]
pub struct Health {
    /// The version of the secret that was tried.
    pub secret_version: i64,
    /// What was found.
    pub status: KeyStatus,
    /// In plain words.
    pub reason: Option<String>,
    /// When.
    pub at: Timestamp,
}

/// The credential with this id, unless deleted.
///
/// # Errors
/// When the database cannot be read.
pub async fn by_id(store: &Store, id: CredentialId) -> Result<Option<StoredCredential>, StoreError> {
    let row = sqlx::query("SELECT * FROM credentials WHERE id = $1 AND deleted_at IS NULL")
        .bind(id.to_string())
        .fetch_optional(store.pool())
        .await?;
    row.as_ref().map(read_row).transpose()
}

/// What may be known of a credential, also after it was deleted.
///
/// # Errors
/// When the database cannot be read.
pub async fn even_deleted(store: &Store, id: CredentialId) -> Result<Option<Credential>, StoreError> {
    let row = sqlx::query("SELECT * FROM credentials WHERE id = $1")
        .bind(id.to_string())
        .fetch_optional(store.pool())
        .await?;
    row.as_ref().map(|row| read_row(row).map(|stored| stored.credential)).transpose()
}

/// The credentials of the same scope, owner, provider and origin as `like` that
/// hold the key of this fingerprint, also former ones in their grace. Read
/// within a change, so that nobody adds one meanwhile.
///
/// # Errors
/// When the database cannot be read.
pub async fn with_secret(
    change: &mut Mutation,
    like: &Credential,
    fingerprint: &str,
) -> Result<Vec<Credential>, StoreError> {
    let rows = sqlx::query(LIKE)
        .bind(like.scope.as_str())
        .bind(owner_column(like))
        .bind(like.provider.as_str())
        .bind(like.origin.as_str())
        .bind(fingerprint)
        .fetch_all(change.connection())
        .await?;
    rows.iter().map(|row| read_row(row).map(|stored| stored.credential)).collect()
}

/// The credentials with these ids, also deleted ones; `true` beside those.
///
/// # Errors
/// When the database cannot be read.
pub async fn labelled(store: &Store, ids: &[CredentialId]) -> Result<Vec<(Credential, bool)>, StoreError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let text = format!("SELECT * FROM credentials WHERE id IN ({})", placeholders(1, ids.len()));
    let query = ids.iter().fold(sqlx::query(AssertSqlSafe(text)), |query, id| query.bind(id.to_string()));
    let rows = query.fetch_all(store.pool()).await?;
    rows.iter()
        .map(|row| Ok((read_row(row)?.credential, Columns(row).optional_time("deleted_at")?.is_some())))
        .collect()
}

/// A user's personal credentials: by provider, the primary one first, then by
/// priority and age.
///
/// # Errors
/// When the database cannot be read.
pub async fn of_user(store: &Store, user: UserId) -> Result<Vec<StoredCredential>, StoreError> {
    of_owner(store, Scope::Personal, user.to_string()).await
}

/// An organization's credentials, in the same order.
///
/// # Errors
/// When the database cannot be read.
pub async fn of_organization(store: &Store, organization: OrganizationId) -> Result<Vec<StoredCredential>, StoreError> {
    of_owner(store, Scope::Organization, organization.to_string()).await
}

/// The system's stored credentials, in the same order.
///
/// # Errors
/// When the database cannot be read.
pub async fn of_system(store: &Store) -> Result<Vec<StoredCredential>, StoreError> {
    of_owner(store, Scope::System, SYSTEM_OWNER.to_owned()).await
}

/// Credentials that pass `filter`, in the same order, and their number.
///
/// # Errors
/// When the database cannot be read.
pub async fn page(
    store: &Store,
    filter: &CredentialFilter,
    skip: i64,
    limit: i64,
) -> Result<(Vec<Credential>, i64), StoreError> {
    let bound = |text| {
        sqlx::query(text)
            .bind(optional_id(filter.owner))
            .bind(optional_id(filter.organization))
            .bind(i64::from(filter.with_system))
            .bind(filter.scope.map(Scope::as_str))
            .bind(filter.provider.map(ProviderId::as_str))
            .bind(filter.status.map(KeyStatus::as_str))
            .bind(filter.is_active.map(i64::from))
            .bind(filter.search.as_deref().map(containing))
    };
    let count: i64 = sqlx::Row::try_get(&bound(COUNT).fetch_one(store.pool()).await?, 0)?;
    let rows = bound(PAGE).bind(limit).bind(skip).fetch_all(store.pool()).await?;
    let rows = rows.iter().map(|row| read_row(row).map(|stored| stored.credential)).collect::<Result<_, _>>()?;
    Ok((rows, count))
}

async fn of_owner(store: &Store, scope: Scope, owner: String) -> Result<Vec<StoredCredential>, StoreError> {
    let rows = sqlx::query(OF_OWNER).bind(scope.as_str()).bind(owner).fetch_all(store.pool()).await?;
    rows.iter().map(read_row).collect()
}

/// The owner's column: a user's or an organization's id, or `system`.
fn owner_column(credential: &Credential) -> String {
    match credential.scope {
        Scope::Personal => optional_id(credential.owner).unwrap_or_default(),
        Scope::Organization => optional_id(credential.organization).unwrap_or_default(),
        Scope::System => SYSTEM_OWNER.to_owned(),
    }
}

fn read_row(row: &AnyRow) -> Result<StoredCredential, StoreError> {
    read(&Columns(row))
}

pub(crate) fn read(row: &Columns<'_>) -> Result<StoredCredential, StoreError> {
    let scope = row.parsed("scope")?;
    let credential = Credential {
        id: row.parsed("id")?,
        scope,
        owner: if scope == Scope::Personal { row.optional_parsed("owner_id")? } else { None },
        organization: if scope == Scope::Organization { row.optional_parsed("owner_id")? } else { None },
        provider: row.parsed("provider")?,
        name: row.text("name")?,
        note: row.text("note")?,
        masked: row.text("masked")?,
        api_base: row.optional_text("api_base")?,
        endpoint: row.text("endpoint")?,
        origin: Origin::stored(row.text("origin")?),
        settings: row.json("settings")?,
        is_active: row.flag("is_active")?,
        is_primary: row.flag("is_primary")?,
        priority: row.number("priority")?,
        status: row.parsed("status")?,
        status_reason: row.optional_text("status_reason")?,
        checked_at: row.optional_time("checked_at")?,
        last_used_at: row.optional_time("last_used_at")?,
        expires_at: row.optional_time("expires_at")?,
        rotate_after: row.optional_time("rotate_after")?,
        source: row.optional_text("secret_ref")?.map_or(Source::Stored, Source::Reference),
        secret_version: row.number("secret_version")?,
        secret_set_at: row.optional_time("secret_set_at")?,
        grace_of: row.optional_parsed("grace_of")?,
        created_at: row.time("created_at")?,
        created_by: row.optional_parsed("created_by")?,
        updated_at: row.time("updated_at")?,
        updated_by: row.optional_parsed("updated_by")?,
    };
    let sealed = row.optional_text("sealed")?.map(Sealed);
    Ok(StoredCredential { credential, sealed, fingerprint: row.optional_text("fingerprint")? })
}

#[cfg(test)]
mod tests;
