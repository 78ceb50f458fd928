//! How many belong to organizations, many at a time, for lists of them.

use std::collections::HashMap;

use domain::ids::OrganizationId;
use sqlx::AssertSqlSafe;

use crate::error::StoreError;
use crate::open::Store;
use crate::row::{Columns, placeholders};

/// How many belong to an organization.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Peopled {
    /// Members.
    pub members: i64,
    /// Teams.
    pub teams: i64,
    /// Provider keys.
    pub credentials: i64,
}

/// How many belong to each of these organizations.
///
/// # Errors
/// When the database cannot be read.
pub async fn peopled(store: &Store, ids: &[OrganizationId]) -> Result<HashMap<OrganizationId, Peopled>, StoreError> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let text = format!(
        "SELECT o.id AS id, (SELECT COUNT(*) FROM memberships AS m WHERE m.organization_id = o.id) AS members, \
         (SELECT COUNT(*) FROM teams AS t WHERE t.organization_id = o.id AND t.deleted_at IS NULL) AS teams, \
         (SELECT COUNT(*) FROM credentials AS c WHERE c.scope = 'organization' AND c.owner_id = o.id \
          AND c.deleted_at IS NULL) AS credentials FROM organizations AS o WHERE o.id IN ({})",
        placeholders(1, ids.len())
    );
    let query = ids.iter().fold(sqlx::query(AssertSqlSafe(text)), |query, id| query.bind(id.to_string()));
    let rows = query.fetch_all(store.pool()).await?;
    rows.iter()
        .map(|row| {
            let row = Columns(row);
            let found = Peopled {
                members: row.number("members")?,
                teams: row.number("teams")?,
                credentials: row.number("credentials")?,
            };
            Ok((row.parsed("id")?, found))
        })
        .collect()
}
