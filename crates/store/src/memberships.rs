//! Tables `memberships` and `team_members`: who belongs where.

use domain::Timestamp;
use domain::ids::{OrganizationId, TeamId, UserId};
use domain::organization::{Belonging, MemberRole, Membership, TeamPlace, TeamRole};
use sqlx::any::AnyRow;

use crate::changes::ChangeKind;
use crate::error::StoreError;
use crate::mutation::Mutation;
use crate::open::Store;
use crate::row::{Columns, optional_id};

/// Somebody in an organization or a team.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member<R> {
    /// Who.
    pub user: UserId,
    /// Their address.
    pub email: String,
    /// Their name.
    pub display_name: String,
    /// Whether they may sign in.
    pub is_active: bool,
    /// As what they belong there.
    pub role: R,
    /// Since when.
    pub created_at: Timestamp,
}

/// Where a user belongs: organizations by slug, and the teams in them.
///
/// # Errors
/// When the database cannot be read.
pub async fn of_user(store: &Store, user: UserId) -> Result<Belonging, StoreError> {
    let rows = sqlx::query(
        "SELECT o.id, o.slug, o.name, o.suspended_at, m.role FROM memberships AS m \
         JOIN organizations AS o ON o.id = m.organization_id \
         WHERE m.user_id = $1 AND o.deleted_at IS NULL ORDER BY o.slug_folded",
    )
    .bind(user.to_string())
    .fetch_all(store.pool())
    .await?;
    if rows.is_empty() {
        return Ok(Belonging::default());
    }
    let organizations = rows.iter().map(membership).collect::<Result<_, _>>()?;
    let rows = sqlx::query(
        "SELECT t.id, t.organization_id, p.role FROM team_members AS p JOIN teams AS t ON t.id = p.team_id \
         JOIN memberships AS m ON m.organization_id = t.organization_id AND m.user_id = p.user_id \
         WHERE p.user_id = $1 AND t.deleted_at IS NULL ORDER BY t.id",
    )
    .bind(user.to_string())
    .fetch_all(store.pool())
    .await?;
    let place = |row| {
        let row = Columns(row);
        Ok(TeamPlace {
            team: row.parsed("id")?,
            organization: row.parsed("organization_id")?,
            role: row.parsed("role")?,
        })
    };
    Ok(Belonging { organizations, teams: rows.iter().map(place).collect::<Result<_, StoreError>>()? })
}

fn membership(row: &AnyRow) -> Result<Membership, StoreError> {
    let row = Columns(row);
    Ok(Membership {
        organization: row.parsed("id")?,
        slug: row.text("slug")?,
        name: row.text("name")?,
        role: row.parsed("role")?,
        is_suspended: row.optional_time("suspended_at")?.is_some(),
    })
}

/// The members of an organization by address, and their number.
///
/// # Errors
/// When the database cannot be read.
pub async fn of_organization(
    store: &Store,
    organization: OrganizationId,
    skip: i64,
    limit: i64,
) -> Result<(Vec<Member<MemberRole>>, i64), StoreError> {
    let rows = sqlx::query(
        "SELECT u.id, u.email, u.display_name, u.is_active, m.role, m.created_at FROM memberships AS m \
         JOIN users AS u ON u.id = m.user_id WHERE m.organization_id = $1 ORDER BY u.email_folded LIMIT $2 OFFSET $3",
    )
    .bind(organization.to_string())
    .bind(limit)
    .bind(skip)
    .fetch_all(store.pool())
    .await?;
    let count = sqlx::query_scalar("SELECT COUNT(*) FROM memberships WHERE organization_id = $1")
        .bind(organization.to_string())
        .fetch_one(store.pool())
        .await?;
    Ok((rows.iter().map(read).collect::<Result<_, _>>()?, count))
}

/// The members of a team by address, and their number.
///
/// # Errors
/// When the database cannot be read.
pub async fn of_team(
    store: &Store,
    team: TeamId,
    skip: i64,
    limit: i64,
) -> Result<(Vec<Member<TeamRole>>, i64), StoreError> {
    let rows = sqlx::query(
        "SELECT u.id, u.email, u.display_name, u.is_active, m.role, m.created_at FROM team_members AS m \
         JOIN users AS u ON u.id = m.user_id WHERE m.team_id = $1 ORDER BY u.email_folded LIMIT $2 OFFSET $3",
    )
    .bind(team.to_string())
    .bind(limit)
    .bind(skip)
    .fetch_all(store.pool())
    .await?;
    let count = sqlx::query_scalar("SELECT COUNT(*) FROM team_members WHERE team_id = $1")
        .bind(team.to_string())
        .fetch_one(store.pool())
        .await?;
    Ok((rows.iter().map(read).collect::<Result<_, _>>()?, count))
}

/// As what somebody belongs to an organization, as this change sees it.
///
/// # Errors
/// When the database cannot be read.
pub async fn role(
    change: &mut Mutation,
    organization: OrganizationId,
    user: UserId,
) -> Result<Option<MemberRole>, StoreError> {
    let row = sqlx::query("SELECT role FROM memberships WHERE organization_id = $1 AND user_id = $2")
        .bind(organization.to_string())
        .bind(user.to_string())
        .fetch_optional(change.connection())
        .await?;
    row.as_ref().map(|row| Columns(row).parsed("role")).transpose()
}

/// How many active owners an organization has, as this change sees it.
///
/// # Errors
/// When the database cannot be read.
pub async fn owners(change: &mut Mutation, organization: OrganizationId) -> Result<i64, StoreError> {
    Ok(sqlx::query_scalar(
        "SELECT COUNT(*) FROM memberships AS m JOIN users AS u ON u.id = m.user_id \
         WHERE m.organization_id = $1 AND m.role = 'owner' AND u.is_active = 1",
    )
    .bind(organization.to_string())
    .fetch_one(change.connection())
    .await?)
}

/// Takes somebody in, or gives them another role.
///
/// # Errors
/// When the database cannot be written.
pub async fn set(
    change: &mut Mutation,
    organization: OrganizationId,
    user: UserId,
    role: MemberRole,
    by: Option<UserId>,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO memberships (organization_id, user_id, role, created_at, created_by) VALUES ($1, $2, $3, $4, $5) \
         ON CONFLICT (organization_id, user_id) DO UPDATE SET role = excluded.role",
    )
    .bind(organization.to_string())
    .bind(user.to_string())
    .bind(role.as_str())
    .bind(change.now().as_micros())
    .bind(optional_id(by))
    .execute(change.connection())
    .await?;
    change.touch(ChangeKind::Membership, &user);
    Ok(())
}

/// Takes somebody out, of the organization's teams as well. `false`: they were
/// not in.
///
/// # Errors
/// When the database cannot be written.
pub async fn remove(change: &mut Mutation, organization: OrganizationId, user: UserId) -> Result<bool, StoreError> {
    sqlx::query(
        "DELETE FROM team_members WHERE user_id = $2 \
         AND team_id IN (SELECT t.id FROM teams AS t WHERE t.organization_id = $1)",
    )
    .bind(organization.to_string())
    .bind(user.to_string())
    .execute(change.connection())
    .await?;
    let done = sqlx::query("DELETE FROM memberships WHERE organization_id = $1 AND user_id = $2")
        .bind(organization.to_string())
        .bind(user.to_string())
        .execute(change.connection())
        .await?;
    change.touch(ChangeKind::Membership, &user);
    Ok(done.rows_affected() > 0)
}

/// Takes a person who leaves out of everything. Returns where they were.
///
/// # Errors
/// When the database cannot be written.
pub async fn remove_user(change: &mut Mutation, user: UserId) -> Result<Vec<OrganizationId>, StoreError> {
    let rows = sqlx::query("SELECT organization_id FROM memberships WHERE user_id = $1 ORDER BY organization_id")
        .bind(user.to_string())
        .fetch_all(change.connection())
        .await?;
    let left: Vec<OrganizationId> =
        rows.iter().map(|row| Columns(row).parsed("organization_id")).collect::<Result<_, _>>()?;
    for organization in &left {
        remove(change, *organization, user).await?;
    }
    Ok(left)
}

/// Takes somebody into a team, or gives them another role there.
///
/// # Errors
/// When the database cannot be written.
pub async fn set_in_team(
    change: &mut Mutation,
    team: TeamId,
    user: UserId,
    role: TeamRole,
    by: Option<UserId>,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO team_members (team_id, user_id, role, created_at, created_by) VALUES ($1, $2, $3, $4, $5) \
         ON CONFLICT (team_id, user_id) DO UPDATE SET role = excluded.role",
    )
    .bind(team.to_string())
    .bind(user.to_string())
    .bind(role.as_str())
    .bind(change.now().as_micros())
    .bind(optional_id(by))
    .execute(change.connection())
    .await?;
    change.touch(ChangeKind::Membership, &user);
    Ok(())
}

/// Takes somebody out of a team. `false`: they were not in.
///
/// # Errors
/// When the database cannot be written.
pub async fn remove_from_team(change: &mut Mutation, team: TeamId, user: UserId) -> Result<bool, StoreError> {
    let done = sqlx::query("DELETE FROM team_members WHERE team_id = $1 AND user_id = $2")
        .bind(team.to_string())
        .bind(user.to_string())
        .execute(change.connection())
        .await?;
    change.touch(ChangeKind::Membership, &user);
    Ok(done.rows_affected() > 0)
}

fn read<R: std::str::FromStr<Err = String>>(row: &AnyRow) -> Result<Member<R>, StoreError> {
    let row = Columns(row);
    Ok(Member {
        user: row.parsed("id")?,
        email: row.text("email")?,
        display_name: row.text("display_name")?,
        is_active: row.flag("is_active")?,
        role: row.parsed("role")?,
        created_at: row.time("created_at")?,
    })
}
