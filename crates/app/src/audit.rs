//! Reading the audit log.

use std::collections::HashMap;

use domain::Caller;
use domain::access::{self, Need};
use domain::ids::{CredentialId, OrganizationId, TeamId, TokenId, UserId};
use store::audit::{AuditFilter, AuditRow, Page, Verified};
use uuid::Uuid;

use crate::App;
use crate::administration;
use crate::error::{Code, Error, Result};
use crate::organizations;
use crate::usage::{self, KeyLabel};

/// Whose log is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Log {
    /// All of it: for admins of the server.
    Server,
    /// What happened in one organization: for its owners and admins.
    Organization(OrganizationId),
}

/// A log that its reader may read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    log: Log,
    /// From which address somebody came is for the server's admins.
    with_addresses: bool,
}

impl Reading {
    /// Whose log it is.
    #[must_use]
    pub const fn log(&self) -> Log {
        self.log
    }

    fn narrowed(&self, filter: &AuditFilter) -> AuditFilter {
        let organization = match self.log {
            Log::Server => None,
            Log::Organization(id) => Some(id),
        };
        AuditFilter { organization, ..filter.clone() }
    }

    fn told(&self, mut rows: Vec<AuditRow>) -> Vec<AuditRow> {
        if !self.with_addresses {
            rows.iter_mut().for_each(|row| row.address = None);
        }
        rows
    }
}

/// Opens the log of one organization, by its id or slug, or the server's.
///
/// # Errors
/// `not_found` for an organization that the caller may not know of, `forbidden`
/// for what they may not read.
pub async fn open(app: &App, caller: &Caller, organization: Option<&str>) -> Result<Reading> {
    permit(caller)?;
    let is_admin = caller.is_admin() && caller.team().is_none();
    let Some(named) = organization else {
        return if is_admin { Ok(Reading { log: Log::Server, with_addresses: true }) } else { Err(kept_out()) };
    };
    if caller.team().is_some() {
        return Err(kept_out());
    }
    // One that was deleted has a log as well, by its id.
    let organization = match named.trim().parse() {
        Ok(id) if is_admin => id,
        _ => organizations::find_to_manage(app, caller, named).await?.id,
    };
    Ok(Reading { log: Log::Organization(organization), with_addresses: is_admin })
}

/// The id of the user with this address, or of whom this is the id. To whoever
/// reads an organization's log, somebody without an account is somebody who did
/// nothing there.
///
/// # Errors
/// `invalid_request` when there is none, to the server's admins.
pub async fn somebody(app: &App, reading: &Reading, who: &str) -> Result<UserId> {
    match administration::id_of(app, who).await {
        Err(error) if error.code == Code::InvalidRequest && !reading.with_addresses => Ok(UserId(Uuid::nil())),
        found => found,
    }
}

/// One page of a log, newest first.
///
/// # Errors
/// When the store cannot be read.
pub async fn page(
    app: &App,
    reading: &Reading,
    filter: &AuditFilter,
    after: Option<i64>,
    limit: i64,
) -> Result<Page<AuditRow, i64>> {
    let page = store::audit::page(&app.store, &reading.narrowed(filter), after, limit).await?;
    Ok(Page { rows: reading.told(page.rows), ..page })
}

/// As [`page`], without counting how many there are: for exports.
///
/// # Errors
/// When the store cannot be read.
pub async fn listed(
    app: &App,
    reading: &Reading,
    filter: &AuditFilter,
    after: Option<i64>,
    limit: i64,
) -> Result<(Vec<AuditRow>, Option<i64>)> {
    let (rows, next) = store::audit::listed(&app.store, &reading.narrowed(filter), after, limit).await?;
    Ok((reading.told(rows), next))
}

/// Reads the whole log, and whether each of its links holds.
///
/// # Errors
/// `forbidden` for everybody but admins of the server.
pub async fn verify(app: &App, caller: &Caller) -> Result<Verified> {
    open(app, caller, None).await?;
    Ok(store::audit::verify(&app.store).await?)
}

fn permit(caller: &Caller) -> Result<()> {
    access::permit(caller, Need::ReadAudit).map_err(|refusal| Error::new(Code::Forbidden, refusal.to_string()))
}

fn kept_out() -> Error {
    let sentence = "The log of the whole server is for its admins. Whoever looks after an organization names it, and reads what happened there.";
    Error::new(Code::Forbidden, sentence)
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

/// What the ids in `rows` are called, which were read in `reading`.
///
/// # Errors
/// When the store cannot be read.
pub async fn labels(app: &App, caller: &Caller, reading: &Reading, rows: &[AuditRow]) -> Result<Labels> {
    let of_kind = |row: &AuditRow, kind| row.target.clone().filter(|_| row.target_kind == kind);
    // Whose a budget is.
    let owned =
        |row: &AuditRow, kind| member(row, "owner").filter(|_| member(row, "owner_kind").as_deref() == Some(kind));
    let mut users: Vec<UserId> = rows.iter().filter_map(|row| row.actor).collect();
    users.extend(rows.iter().filter_map(|row| of_kind(row, "user")?.parse::<UserId>().ok()));
    users.extend(rows.iter().filter_map(|row| member(row, "user")?.parse::<UserId>().ok()));
    users.extend(rows.iter().filter_map(|row| owned(row, "user")?.parse::<UserId>().ok()));
    // What people call their own tokens is theirs; those that are acted on are the
    // organization's.
    let is_whole = reading.log == Log::Server;
    let mut tokens: Vec<TokenId> = rows.iter().filter_map(|row| row.token).filter(|_| is_whole).collect();
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
