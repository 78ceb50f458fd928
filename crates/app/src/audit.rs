//! Reading the audit log.

use std::collections::HashMap;

use domain::Caller;
use domain::access::{self, Need};
use domain::ids::{CredentialId, OrganizationId, TeamId, TokenId, UserId};
use store::audit::{AuditFilter, AuditRow, Page, Verified};

use crate::App;
use crate::error::{Code, Error, Result};
use crate::usage::{self, KeyLabel};

/// One page of the log, newest first.
///
/// # Errors
/// `forbidden` for everybody but admins.
pub async fn page(
    app: &App,
    caller: &Caller,
    filter: &AuditFilter,
    after: Option<i64>,
    limit: i64,
) -> Result<Page<AuditRow, i64>> {
    permit(caller)?;
    Ok(store::audit::page(&app.store, filter, after, limit).await?)
}

/// As [`page`], without counting how many there are: for exports.
///
/// # Errors
/// `forbidden` for everybody but admins.
pub async fn listed(
    app: &App,
    caller: &Caller,
    filter: &AuditFilter,
    after: Option<i64>,
    limit: i64,
) -> Result<(Vec<AuditRow>, Option<i64>)> {
    permit(caller)?;
    Ok(store::audit::listed(&app.store, filter, after, limit).await?)
}

/// Reads the whole log, and whether each of its links holds.
///
/// # Errors
/// `forbidden` for everybody but admins.
pub async fn verify(app: &App, caller: &Caller) -> Result<Verified> {
    permit(caller)?;
    Ok(store::audit::verify(&app.store).await?)
}

fn permit(caller: &Caller) -> Result<()> {
    access::permit(caller, Need::ReadAudit).map_err(|refusal| Error::new(Code::Forbidden, refusal.to_string()))
}

/// What the ids in some rows are called.
#[derive(Clone, Debug, Default)]
pub struct Labels {
    /// Users, by their address; those who were let go have none.
    pub users: HashMap<UserId, Option<String>>,
    /// Gateway tokens, by their name.
    pub tokens: HashMap<TokenId, String>,
    /// Keys that the caller may know of.
    pub keys: HashMap<CredentialId, KeyLabel>,
    /// Organizations, deleted ones too.
    pub organizations: HashMap<OrganizationId, String>,
    /// Teams, deleted ones too.
    pub teams: HashMap<TeamId, String>,
}

/// What the ids in `rows` are called.
///
/// # Errors
/// `forbidden` for everybody but admins.
pub async fn labels(app: &App, caller: &Caller, rows: &[AuditRow]) -> Result<Labels> {
    permit(caller)?;
    let of_kind = |row: &AuditRow, kind| row.target.clone().filter(|_| row.target_kind == kind);
    // Whose a budget is.
    let owned =
        |row: &AuditRow, kind| member(row, "owner").filter(|_| member(row, "owner_kind").as_deref() == Some(kind));
    let mut users: Vec<UserId> = rows.iter().filter_map(|row| row.actor).collect();
    users.extend(rows.iter().filter_map(|row| of_kind(row, "user")?.parse::<UserId>().ok()));
    users.extend(rows.iter().filter_map(|row| member(row, "user")?.parse::<UserId>().ok()));
    users.extend(rows.iter().filter_map(|row| owned(row, "user")?.parse::<UserId>().ok()));
    let mut tokens: Vec<TokenId> = rows.iter().filter_map(|row| row.token).collect();
    tokens.extend(rows.iter().filter_map(|row| of_kind(row, "token")?.parse::<TokenId>().ok()));
    tokens.extend(rows.iter().filter_map(|row| owned(row, "token")?.parse::<TokenId>().ok()));
    users.sort_unstable();
    users.dedup();
    tokens.sort_unstable();
    tokens.dedup();
    let keys = rows.iter().filter_map(|row| of_kind(row, "credential")?.parse::<CredentialId>().ok());
    let of_kinds = |row: &AuditRow, kind| of_kind(row, kind).or_else(|| member(row, kind)).or_else(|| owned(row, kind));
    let mut organizations: Vec<OrganizationId> =
        rows.iter().filter_map(|row| of_kinds(row, "organization")?.parse().ok()).collect();
    let mut teams: Vec<TeamId> = rows.iter().filter_map(|row| of_kinds(row, "team")?.parse().ok()).collect();
    organizations.sort_unstable();
    organizations.dedup();
    teams.sort_unstable();
    teams.dedup();
    let found = store::users::some(&app.store, &users).await?;
    let address = |user: store::users::User| user.deleted_at.is_none().then_some(user.email);
    Ok(Labels {
        users: found.into_iter().map(|user| (user.id, address(user))).collect(),
        tokens: store::tokens::labelled(&app.store, &tokens).await?.into_iter().collect(),
        keys: usage::labels(app, caller, keys).await?,
        organizations: store::organizations::labelled(&app.store, &organizations).await?.into_iter().collect(),
        teams: store::teams::labelled(&app.store, &teams).await?.into_iter().collect(),
    })
}

/// A text among an event's own fields.
#[must_use]
pub fn member(row: &AuditRow, name: &str) -> Option<String> {
    let detail: serde_json::Value = serde_json::from_str(&row.detail).ok()?;
    detail.get(name)?.as_str().map(str::to_owned)
}
