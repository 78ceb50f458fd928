//! Table `teams`.

use domain::ids::{OrganizationId, TeamId, UserId};
use domain::organization::Team;
use domain::text::folded;
use sqlx::AssertSqlSafe;
use sqlx::any::AnyRow;

use crate::changes::{ChangeKind, Verb};
use crate::error::StoreError;
use crate::mutation::Mutation;
use crate::open::Store;
use crate::organizations::basis_points;
use crate::row::{Columns, json_text, optional_id, optional_micros, placeholders};

const INSERT: &str = "INSERT INTO teams (id, organization_id, slug, slug_folded, name, markup_basis_points, models, \
     suspended_at, created_at, created_by, updated_at, updated_by) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";

const UPDATE: &str = "UPDATE teams SET slug = $2, slug_folded = $3, name = $4, markup_basis_points = $5, models = $6, \
     suspended_at = $7, updated_at = $8, updated_by = $9 WHERE id = $1 AND deleted_at IS NULL";

macro_rules! seen {
    ($select:literal, $rest:literal) => {
        concat!(
            $select,
            " FROM teams AS t WHERE t.deleted_at IS NULL \
             AND (CAST($1 AS TEXT) IS NULL OR t.organization_id = $1) \
             AND (CAST($2 AS TEXT) IS NULL OR EXISTS (SELECT 1 FROM memberships AS m \
                  WHERE m.organization_id = t.organization_id AND m.user_id = $2 \
                  AND (m.role <> 'member' OR EXISTS (SELECT 1 FROM team_members AS p \
                       WHERE p.team_id = t.id AND p.user_id = $2))))",
            $rest
        )
    };
}

const COUNT: &str = seen!("SELECT COUNT(*)", "");
const PAGE: &str = seen!("SELECT t.*", " ORDER BY t.organization_id, t.slug_folded LIMIT $3 OFFSET $4");

/// Adds a team; other nodes are told.
///
/// # Errors
/// [`StoreError::Conflict`] when its organization has another of this slug.
pub async fn insert(change: &mut Mutation, new: &Team) -> Result<(), StoreError> {
    sqlx::query(INSERT)
        .bind(new.id.to_string())
        .bind(new.organization.to_string())
        .bind(new.slug.as_str())
        .bind(folded(&new.slug))
        .bind(new.name.as_str())
        .bind(new.markup_basis_points.map(i64::from))
        .bind(new.models.as_ref().map(json_text).transpose()?)
        .bind(optional_micros(new.suspended_at))
        .bind(new.created_at.as_micros())
        .bind(optional_id(new.created_by))
        .bind(new.updated_at.as_micros())
        .bind(optional_id(new.updated_by))
        .execute(change.connection())
        .await?;
    change.touch_as(ChangeKind::Team, &new.id, Verb::Created);
    Ok(())
}

/// Changes a team; other nodes are told. `false`: it is gone.
///
/// # Errors
/// As [`insert`].
pub async fn update(change: &mut Mutation, edited: &Team) -> Result<bool, StoreError> {
    let done = sqlx::query(UPDATE)
        .bind(edited.id.to_string())
        .bind(edited.slug.as_str())
        .bind(folded(&edited.slug))
        .bind(edited.name.as_str())
        .bind(edited.markup_basis_points.map(i64::from))
        .bind(edited.models.as_ref().map(json_text).transpose()?)
        .bind(optional_micros(edited.suspended_at))
        .bind(edited.updated_at.as_micros())
        .bind(optional_id(edited.updated_by))
        .execute(change.connection())
        .await?;
    change.touch(ChangeKind::Team, &edited.id);
    Ok(done.rows_affected() > 0)
}

/// Hides a team and gives its slug free; its members leave it. `false`: it is
/// gone.
///
/// # Errors
/// When the database cannot be written.
pub async fn tombstone(change: &mut Mutation, id: TeamId, by: Option<UserId>) -> Result<bool, StoreError> {
    let done = sqlx::query(
        "UPDATE teams SET slug_folded = $2, deleted_at = $3, updated_at = $3, updated_by = $4 \
         WHERE id = $1 AND deleted_at IS NULL",
    )
    .bind(id.to_string())
    .bind(format!("deleted {id}"))
    .bind(change.now().as_micros())
    .bind(optional_id(by))
    .execute(change.connection())
    .await?;
    sqlx::query("DELETE FROM team_members WHERE team_id = $1")
        .bind(id.to_string())
        .execute(change.connection())
        .await?;
    change.touch_as(ChangeKind::Team, &id, Verb::Deleted);
    Ok(done.rows_affected() > 0)
}

/// The team with this id, unless deleted.
///
/// # Errors
/// When the database cannot be read.
pub async fn by_id(store: &Store, id: TeamId) -> Result<Option<Team>, StoreError> {
    let row = sqlx::query("SELECT * FROM teams WHERE id = $1 AND deleted_at IS NULL")
        .bind(id.to_string())
        .fetch_optional(store.pool())
        .await?;
    row.as_ref().map(read).transpose()
}

/// The same, within a change: nobody else changes it meanwhile.
///
/// # Errors
/// When the database cannot be read.
pub async fn by_id_within(change: &mut Mutation, id: TeamId) -> Result<Option<Team>, StoreError> {
    let row = sqlx::query("SELECT * FROM teams WHERE id = $1 AND deleted_at IS NULL")
        .bind(id.to_string())
        .fetch_optional(change.connection())
        .await?;
    row.as_ref().map(read).transpose()
}

/// Teams by organization and slug, and their number: of one organization or of
/// all; those that a user looks after or belongs to, or all.
///
/// # Errors
/// When the database cannot be read.
pub async fn list(
    store: &Store,
    organization: Option<OrganizationId>,
    seen_by: Option<UserId>,
    skip: i64,
    limit: i64,
) -> Result<(Vec<Team>, i64), StoreError> {
    let bound = |text| sqlx::query(text).bind(optional_id(organization)).bind(optional_id(seen_by));
    let count: i64 = sqlx::Row::try_get(&bound(COUNT).fetch_one(store.pool()).await?, 0)?;
    let rows = bound(PAGE).bind(limit).bind(skip).fetch_all(store.pool()).await?;
    Ok((rows.iter().map(read).collect::<Result<_, _>>()?, count))
}

/// The teams with these ids, within a change, unless deleted.
///
/// # Errors
/// When the database cannot be read.
pub async fn some_within(change: &mut Mutation, ids: &[TeamId]) -> Result<Vec<Team>, StoreError> {
    let mut teams = Vec::with_capacity(ids.len());
    for id in ids {
        teams.extend(by_id_within(change, *id).await?);
    }
    Ok(teams)
}

/// What teams are called, deleted ones too.
///
/// # Errors
/// When the database cannot be read.
pub async fn labelled(store: &Store, ids: &[TeamId]) -> Result<Vec<(TeamId, String)>, StoreError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let text = format!("SELECT id, name FROM teams WHERE id IN ({})", placeholders(1, ids.len()));
    let query = ids.iter().fold(sqlx::query(AssertSqlSafe(text)), |query, id| query.bind(id.to_string()));
    let rows = query.fetch_all(store.pool()).await?;
    rows.iter().map(|row| Ok((Columns(row).parsed("id")?, Columns(row).text("name")?))).collect()
}

fn read(row: &AnyRow) -> Result<Team, StoreError> {
    let row = Columns(row);
    Ok(Team {
        id: row.parsed("id")?,
        organization: row.parsed("organization_id")?,
        slug: row.text("slug")?,
        name: row.text("name")?,
        markup_basis_points: row.optional_number("markup_basis_points")?.map(basis_points).transpose()?,
        models: row.optional_json("models")?,
        suspended_at: row.optional_time("suspended_at")?,
        created_at: row.time("created_at")?,
        created_by: row.optional_parsed("created_by")?,
        updated_at: row.time("updated_at")?,
        updated_by: row.optional_parsed("updated_by")?,
    })
}
