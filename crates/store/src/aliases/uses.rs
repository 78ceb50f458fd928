//! Who called by the name of an alias lately.

use domain::Timestamp;
use domain::credential::Owner;
use domain::ids::{AliasId, OrganizationId};

use crate::error::StoreError;
use crate::open::Store;
use crate::row::{Columns, optional_id, read_owner};

/// The latest calls that are looked at: what an answer costs does not grow with
/// the ledger.
pub const LATEST: i64 = 20_000;

/// Every call of the server, the latest first, as far as they are looked at.
const USES: &str = "SELECT COUNT(*) AS calls, COUNT(DISTINCT user_id) AS users, COUNT(DISTINCT team_id) AS teams, \
     MAX(at) AS last_at FROM (SELECT alias, user_id, team_id, organization_id, at FROM attempts \
     WHERE number = 1 AND state <> 'dispatched' ORDER BY at DESC, request_id DESC LIMIT $3) AS a \
     WHERE a.alias = $1 AND (CAST($2 AS TEXT) IS NULL OR a.organization_id = $2)";

/// Who called by a name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Uses {
    /// Calls.
    pub calls: i64,
    /// By so many users.
    pub users: i64,
    /// For so many teams.
    pub teams: i64,
    /// The last of them.
    pub last_at: Option<Timestamp>,
}

/// Who called by `name` among the latest calls: of everybody, or in one
/// organization.
///
/// # Errors
/// When the database cannot be read.
pub async fn uses(store: &Store, name: &str, organization: Option<OrganizationId>) -> Result<Uses, StoreError> {
    let row = sqlx::query(USES).bind(name).bind(optional_id(organization)).bind(LATEST).fetch_one(store.pool()).await?;
    let row = Columns(&row);
    Ok(Uses {
        calls: row.number("calls")?,
        users: row.number("users")?,
        teams: row.number("teams")?,
        last_at: row.optional_time("last_at")?,
    })
}

/// Whose an alias is.
///
/// # Errors
/// When the database cannot be read.
pub async fn owner_of(store: &Store, id: AliasId) -> Result<Option<Owner>, StoreError> {
    let row = sqlx::query("SELECT scope, owner_id FROM aliases WHERE id = $1")
        .bind(id.to_string())
        .fetch_optional(store.pool())
        .await?;
    row.as_ref().map(|row| read_owner(&Columns(row))).transpose()
}
