//! Credentials that somebody looks after for others: those of organizations, of
//! one or of many at once, or the system's. The next ones are found by the last
//! one, not by counting.

use std::collections::HashMap;

use domain::credential::{Credential, Owner};
use domain::ids::{CredentialId, OrganizationId, UserId};
use domain::{ProviderId, Timestamp};
use sqlx::AssertSqlSafe;

use super::shelf::containing;
use super::{SYSTEM_OWNER, read_row};
use crate::error::StoreError;
use crate::open::Store;
use crate::row::{Columns, optional_id, placeholders};

/// A deleted key keeps its place, so that whoever looks at it can go on from it.
macro_rules! held {
    ($whose:literal) => {
        concat!(
            "SELECT * FROM credentials WHERE deleted_at IS NULL AND ",
            $whose,
            " AND (CAST($3 AS TEXT) IS NULL OR provider = $3) AND (CAST($4 AS BIGINT) IS NULL OR is_active = $4) \
             AND (CAST($5 AS TEXT) IS NULL OR LOWER(name) LIKE $5 ESCAPE '!' OR LOWER(note) LIKE $5 ESCAPE '!' \
                  OR LOWER(masked) LIKE $5 ESCAPE '!') \
             AND (CAST($6 AS TEXT) IS NULL OR (owner_id, provider, 1 - is_primary, priority, created_at, id) > \
                  (SELECT a.owner_id, a.provider, 1 - a.is_primary, a.priority, a.created_at, a.id \
                   FROM credentials AS a WHERE a.id = $6)) \
             ORDER BY owner_id, provider, 1 - is_primary, priority, created_at, id LIMIT $7"
        )
    };
}

const OF_ONE: &str = held!("scope = $1 AND owner_id = $2");

/// Of many owners, those before the last key's are passed over by the index.
const OF_MANY: &str = held!(
    "scope = $1 AND owner_id >= COALESCE((SELECT f.owner_id FROM credentials AS f WHERE f.id = $6), '') \
     AND owner_id IN (SELECT m.organization_id FROM memberships AS m \
     WHERE m.user_id = $2 AND m.role IN ('owner', 'admin'))"
);
const OF_ALL: &str = held!(
    "scope = $1 AND owner_id >= COALESCE((SELECT f.owner_id FROM credentials AS f WHERE f.id = $6), '') \
     AND CAST($2 AS TEXT) IS NULL"
);

/// Whose credentials to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holder {
    /// The system's.
    System,
    /// One organization's.
    Organization(OrganizationId),
    /// Those of all organizations that a user is owner or admin of.
    OfAdmin(UserId),
    /// Those of all organizations.
    EveryOrganization,
}

/// Which credentials to read.
#[derive(Clone, Debug)]
pub struct Held {
    /// Whose.
    pub holder: Holder,
    /// Of this provider.
    pub provider: Option<ProviderId>,
    /// Switched on or off.
    pub is_active: Option<bool>,
    /// With this, in lower case, in their name, note or mask.
    pub search: Option<String>,
    /// Those after this one.
    pub after: Option<CredentialId>,
    /// How many at most.
    pub limit: i64,
}

/// Credentials by owner and provider, the primary one first, then by priority
/// and age.
///
/// # Errors
/// When the database cannot be read.
pub async fn held(store: &Store, wanted: &Held) -> Result<Vec<Credential>, StoreError> {
    let (text, owner) = match wanted.holder {
        Holder::System => (OF_ONE, Some(SYSTEM_OWNER.to_owned())),
        Holder::Organization(id) => (OF_ONE, Some(id.to_string())),
        Holder::OfAdmin(user) => (OF_MANY, Some(user.to_string())),
        Holder::EveryOrganization => (OF_ALL, None),
    };
    let scope = match wanted.holder {
        Holder::System => Owner::System.scope(),
        _ => domain::credential::Scope::Organization,
    };
    let rows = sqlx::query(text)
        .bind(scope.as_str())
        .bind(owner)
        .bind(wanted.provider.map(ProviderId::as_str))
        .bind(wanted.is_active.map(i64::from))
        .bind(wanted.search.as_deref().map(containing))
        .bind(optional_id(wanted.after))
        .bind(wanted.limit)
        .fetch_all(store.pool())
        .await?;
    rows.iter().map(|row| read_row(row).map(|stored| stored.credential)).collect()
}

/// The latest calls of each key that are looked at for its teams: what a page
/// costs does not grow with how busy its keys are.
const LATEST: i64 = 200;

/// Of how many teams the latest calls of each key were, not before `since`. A key
/// that no team called with is absent.
///
/// # Errors
/// When the database cannot be read.
pub async fn teams_lately(
    store: &Store,
    ids: &[CredentialId],
    since: Timestamp,
) -> Result<HashMap<CredentialId, i64>, StoreError> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let text = format!(
        "SELECT c.id AS id, (SELECT COUNT(DISTINCT a.team_id) FROM (SELECT team_id FROM attempts \
         WHERE credential_id = c.id AND state <> 'dispatched' AND at >= $1 ORDER BY at DESC LIMIT $2) AS a) AS teams \
         FROM credentials AS c WHERE c.id IN ({})",
        placeholders(3, ids.len())
    );
    let query = sqlx::query(AssertSqlSafe(text)).bind(since.as_micros()).bind(LATEST);
    let rows = ids.iter().fold(query, |query, id| query.bind(id.to_string())).fetch_all(store.pool()).await?;
    let read = |row| Ok((Columns(row).parsed("id")?, Columns(row).number("teams")?));
    let counted: Result<HashMap<CredentialId, i64>, StoreError> = rows.iter().map(read).collect();
    counted.map(|counted| counted.into_iter().filter(|(_, teams)| *teams > 0).collect())
}

#[cfg(test)]
mod tests;
