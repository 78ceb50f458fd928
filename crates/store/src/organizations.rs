//! Table `organizations`.

mod peopled;

use domain::Timestamp;
use domain::ids::{OrganizationId, UserId};
use domain::organization::{Organization, Rules};
use domain::text::folded;
use sqlx::AssertSqlSafe;
use sqlx::any::AnyRow;

use crate::changes::{ChangeKind, Verb};
use crate::credentials::containing;
use crate::error::StoreError;
use crate::mutation::Mutation;
use crate::open::Store;
use crate::row::{Columns, json_text, optional_id, optional_micros, placeholders};

pub use peopled::{Peopled, peopled};

const INSERT: &str = "INSERT INTO organizations (id, slug, slug_folded, name, key_order, fallback, may_cross, \
     personal_keys_allowed, allowed_providers, markup_basis_points, personal_markup, counts_personal, suspended_at, \
     created_at, created_by, updated_at, updated_by) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)";

const UPDATE: &str = "UPDATE organizations SET slug = $2, slug_folded = $3, name = $4, key_order = $5, fallback = $6, \
     may_cross = $7, personal_keys_allowed = $8, allowed_providers = $9, markup_basis_points = $10, \
     personal_markup = $11, counts_personal = $12, suspended_at = $13, updated_at = $14, updated_by = $15 \
     WHERE id = $1 AND deleted_at IS NULL";

macro_rules! seen {
    ($select:literal, $rest:literal) => {
        concat!(
            $select,
            " FROM organizations AS o WHERE o.deleted_at IS NULL \
             AND (CAST($1 AS TEXT) IS NULL OR EXISTS (SELECT 1 FROM memberships AS m \
                  WHERE m.organization_id = o.id AND m.user_id = $1)) \
             AND (CAST($2 AS TEXT) IS NULL OR o.slug_folded LIKE $2 ESCAPE '!' OR LOWER(o.name) LIKE $2 ESCAPE '!')",
            $rest
        )
    };
}

const COUNT: &str = seen!("SELECT COUNT(*)", "");
const PAGE: &str = seen!("SELECT o.*", " ORDER BY o.slug_folded LIMIT $3 OFFSET $4");

/// What goes with an organization, and when it was last used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Holdings {
    /// Provider keys.
    pub credentials: i64,
    /// Teams.
    pub teams: i64,
    /// Members.
    pub members: i64,
    /// Gateway tokens of its teams.
    pub tokens: i64,
    /// Its last call.
    pub last_call_at: Option<Timestamp>,
}

/// Adds an organization; other nodes are told.
///
/// # Errors
/// [`StoreError::Conflict`] when another has this slug.
pub async fn insert(change: &mut Mutation, new: &Organization) -> Result<(), StoreError> {
    let rules = &new.rules;
    sqlx::query(INSERT)
        .bind(new.id.to_string())
        .bind(new.slug.as_str())
        .bind(folded(&new.slug))
        .bind(new.name.as_str())
        .bind(rules.order.as_str())
        .bind(rules.fallback.map(domain::resolve::Fallback::as_str))
        .bind(i64::from(rules.may_cross))
        .bind(i64::from(rules.personal_keys_allowed))
        .bind(rules.allowed_providers.as_ref().map(json_text).transpose()?)
        .bind(i64::from(rules.markup_basis_points))
        .bind(i64::from(rules.personal_markup))
        .bind(i64::from(rules.counts_personal))
        .bind(optional_micros(new.suspended_at))
        .bind(new.created_at.as_micros())
        .bind(optional_id(new.created_by))
        .bind(new.updated_at.as_micros())
        .bind(optional_id(new.updated_by))
        .execute(change.connection())
        .await?;
    change.touch_as(ChangeKind::Organization, &new.id, Verb::Created);
    Ok(())
}

/// Changes an organization; other nodes are told. `false`: it is gone.
///
/// # Errors
/// As [`insert`].
pub async fn update(change: &mut Mutation, edited: &Organization) -> Result<bool, StoreError> {
    let rules = &edited.rules;
    let done = sqlx::query(UPDATE)
        .bind(edited.id.to_string())
        .bind(edited.slug.as_str())
        .bind(folded(&edited.slug))
        .bind(edited.name.as_str())
        .bind(rules.order.as_str())
        .bind(rules.fallback.map(domain::resolve::Fallback::as_str))
        .bind(i64::from(rules.may_cross))
        .bind(i64::from(rules.personal_keys_allowed))
        .bind(rules.allowed_providers.as_ref().map(json_text).transpose()?)
        .bind(i64::from(rules.markup_basis_points))
        .bind(i64::from(rules.personal_markup))
        .bind(i64::from(rules.counts_personal))
        .bind(optional_micros(edited.suspended_at))
        .bind(edited.updated_at.as_micros())
        .bind(optional_id(edited.updated_by))
        .execute(change.connection())
        .await?;
    change.touch(ChangeKind::Organization, &edited.id);
    Ok(done.rows_affected() > 0)
}

/// Hides an organization and gives its slug free; its members, teams and open
/// invitations go with it. `false`: it is gone.
///
/// # Errors
/// When the database cannot be written.
pub async fn tombstone(change: &mut Mutation, id: OrganizationId, by: Option<UserId>) -> Result<bool, StoreError> {
    let now = change.now().as_micros();
    let done = sqlx::query(
        "UPDATE organizations SET slug_folded = $2, deleted_at = $3, updated_at = $3, updated_by = $4 \
         WHERE id = $1 AND deleted_at IS NULL",
    )
    .bind(id.to_string())
    .bind(format!("deleted {id}"))
    .bind(now)
    .bind(optional_id(by))
    .execute(change.connection())
    .await?;
    if done.rows_affected() == 0 {
        return Ok(false);
    }
    for text in [
        "DELETE FROM team_members WHERE team_id IN (SELECT t.id FROM teams AS t WHERE t.organization_id = $1)",
        "DELETE FROM memberships WHERE organization_id = $1",
    ] {
        sqlx::query(text).bind(id.to_string()).execute(change.connection()).await?;
    }
    for text in [
        "UPDATE invitations SET revoked_at = $2 WHERE organization_id = $1 AND accepted_at IS NULL \
         AND revoked_at IS NULL",
        "UPDATE teams SET slug_folded = 'deleted ' || id, deleted_at = $2, updated_at = $2 \
         WHERE organization_id = $1 AND deleted_at IS NULL",
    ] {
        sqlx::query(text).bind(id.to_string()).bind(now).execute(change.connection()).await?;
    }
    change.touch_as(ChangeKind::Organization, &id, Verb::Deleted);
    Ok(true)
}

/// The organization with this id, unless deleted.
///
/// # Errors
/// When the database cannot be read.
pub async fn by_id(store: &Store, id: OrganizationId) -> Result<Option<Organization>, StoreError> {
    let row = sqlx::query("SELECT * FROM organizations WHERE id = $1 AND deleted_at IS NULL")
        .bind(id.to_string())
        .fetch_optional(store.pool())
        .await?;
    row.as_ref().map(read).transpose()
}

/// The same, within a change: nobody else changes it meanwhile.
///
/// # Errors
/// When the database cannot be read.
pub async fn by_id_within(change: &mut Mutation, id: OrganizationId) -> Result<Option<Organization>, StoreError> {
    let row = sqlx::query("SELECT * FROM organizations WHERE id = $1 AND deleted_at IS NULL")
        .bind(id.to_string())
        .fetch_optional(change.connection())
        .await?;
    row.as_ref().map(read).transpose()
}

/// The organization with this slug, however it is written, unless deleted.
///
/// # Errors
/// When the database cannot be read.
pub async fn by_slug(store: &Store, slug: &str) -> Result<Option<Organization>, StoreError> {
    let row = sqlx::query("SELECT * FROM organizations WHERE slug_folded = $1 AND deleted_at IS NULL")
        .bind(folded(slug))
        .fetch_optional(store.pool())
        .await?;
    row.as_ref().map(read).transpose()
}

/// Organizations by slug, those of one user or all, and their number.
///
/// # Errors
/// When the database cannot be read.
pub async fn list(
    store: &Store,
    of_user: Option<UserId>,
    search: Option<&str>,
    skip: i64,
    limit: i64,
) -> Result<(Vec<Organization>, i64), StoreError> {
    let bound = |text| {
        let pattern = search.map(|text| containing(&folded(text)));
        sqlx::query(text).bind(optional_id(of_user)).bind(pattern)
    };
    let count: i64 = sqlx::Row::try_get(&bound(COUNT).fetch_one(store.pool()).await?, 0)?;
    let rows = bound(PAGE).bind(limit).bind(skip).fetch_all(store.pool()).await?;
    Ok((rows.iter().map(read).collect::<Result<_, _>>()?, count))
}

/// What organizations are called, deleted ones too.
///
/// # Errors
/// When the database cannot be read.
pub async fn labelled(store: &Store, ids: &[OrganizationId]) -> Result<Vec<(OrganizationId, String)>, StoreError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let text = format!("SELECT id, name FROM organizations WHERE id IN ({})", placeholders(1, ids.len()));
    let query = ids.iter().fold(sqlx::query(AssertSqlSafe(text)), |query, id| query.bind(id.to_string()));
    let rows = query.fetch_all(store.pool()).await?;
    rows.iter().map(|row| Ok((Columns(row).parsed("id")?, Columns(row).text("name")?))).collect()
}

/// What goes with an organization.
///
/// # Errors
/// When the database cannot be read.
pub async fn holdings(store: &Store, id: OrganizationId) -> Result<Holdings, StoreError> {
    let row = sqlx::query(
        "SELECT (SELECT COUNT(*) FROM credentials WHERE scope = 'organization' AND owner_id = $1 \
             AND deleted_at IS NULL) AS credentials, \
         (SELECT COUNT(*) FROM teams WHERE organization_id = $1 AND deleted_at IS NULL) AS teams, \
         (SELECT COUNT(*) FROM memberships WHERE organization_id = $1) AS members, \
         (SELECT COUNT(*) FROM tokens AS k JOIN teams AS t ON t.id = k.team_id \
             WHERE t.organization_id = $1 AND k.revoked_at IS NULL) AS tokens, \
         (SELECT MAX(last_used_at) FROM credentials WHERE scope = 'organization' AND owner_id = $1) AS last_call_at",
    )
    .bind(id.to_string())
    .fetch_one(store.pool())
    .await?;
    let row = Columns(&row);
    Ok(Holdings {
        credentials: row.number("credentials")?,
        teams: row.number("teams")?,
        members: row.number("members")?,
        tokens: row.number("tokens")?,
        last_call_at: row.optional_time("last_call_at")?,
    })
}

fn read(row: &AnyRow) -> Result<Organization, StoreError> {
    let row = Columns(row);
    Ok(Organization {
        id: row.parsed("id")?,
        slug: row.text("slug")?,
        name: row.text("name")?,
        rules: Rules {
            order: row.parsed("key_order")?,
            fallback: row.optional_parsed("fallback")?,
            may_cross: row.flag("may_cross")?,
            personal_keys_allowed: row.flag("personal_keys_allowed")?,
            allowed_providers: row.optional_json("allowed_providers")?,
            markup_basis_points: basis_points(row.number("markup_basis_points")?)?,
            personal_markup: row.flag("personal_markup")?,
            counts_personal: row.flag("counts_personal")?,
        },
        suspended_at: row.optional_time("suspended_at")?,
        created_at: row.time("created_at")?,
        created_by: row.optional_parsed("created_by")?,
        updated_at: row.time("updated_at")?,
        updated_by: row.optional_parsed("updated_by")?,
    })
}

pub(crate) fn basis_points(number: i64) -> Result<u32, StoreError> {
    u32::try_from(number).map_err(|error| StoreError::Integrity(format!("column markup_basis_points: {error}")))
}

#[cfg(test)]
mod tests;
