//! Reading what was called, and what it cost.

use std::collections::HashMap;

use domain::credential::Scope;
use domain::ids::{CredentialId, TokenId};
use domain::{Caller, Nanos};
use store::audit::Page;
use store::usage::{Attempt, Combination, EventCursor, GroupBy, UsageEvent, UsageFilter, UsageLine};

use crate::App;
use crate::error::Result;
use crate::reach;

/// How a key is called in reports, also when it is gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyLabel {
    /// Its name.
    pub name: String,
    /// What may be shown of it.
    pub masked: String,
    /// Whether it was deleted.
    pub is_deleted: bool,
}

/// What a caller may read: their own calls; of a team's token, its own.
fn own(caller: &Caller, filter: UsageFilter) -> UsageFilter {
    let of_token = caller.token().filter(|_| caller.team().is_some());
    UsageFilter { user: Some(caller.user), token: of_token.or(filter.token), ..filter }
}

/// One page of the caller's own calls, newest first.
///
/// # Errors
/// When the store cannot be read.
pub async fn events(
    app: &App,
    caller: &Caller,
    filter: UsageFilter,
    after: Option<EventCursor>,
    limit: i64,
) -> Result<Page<UsageEvent, EventCursor>> {
    let filter = own(caller, filter);
    Ok(store::usage::events(&app.store, &filter, after, limit).await?)
}

/// The caller's own calls, summed up.
///
/// # Errors
/// When the store cannot be read.
pub async fn summary(app: &App, caller: &Caller, filter: UsageFilter, by: GroupBy) -> Result<Vec<UsageLine>> {
    let filter = own(caller, filter);
    Ok(store::usage::summary(&app.store, &filter, by).await?)
}

/// As [`events`], without counting how many there are: for exports.
///
/// # Errors
/// When the store cannot be read.
pub async fn listed(
    app: &App,
    caller: &Caller,
    filter: UsageFilter,
    after: Option<EventCursor>,
    limit: i64,
) -> Result<(Vec<UsageEvent>, Option<EventCursor>)> {
    let filter = own(caller, filter);
    Ok(store::usage::listed(&app.store, &filter, after, limit).await?)
}

/// The caller's own calls, summed up for each day and group.
///
/// # Errors
/// When the store cannot be read.
pub async fn daily(app: &App, caller: &Caller, filter: UsageFilter, by: GroupBy) -> Result<Vec<UsageLine>> {
    let filter = own(caller, filter);
    Ok(store::usage::daily(&app.store, &filter, by).await?)
}

/// The caller's own calls, summed up for each combination of provider, model,
/// key, source and token.
///
/// # Errors
/// When the store cannot be read.
pub async fn combinations(app: &App, caller: &Caller, filter: UsageFilter) -> Result<Vec<Combination>> {
    let filter = own(caller, filter);
    Ok(store::usage::combinations(&app.store, &filter).await?)
}

/// What the provider bills for an attempt, where the caller may know: it is the
/// business of whoever owns the key.
#[must_use]
pub fn provider_cost_of(caller: &Caller, attempt: &Attempt) -> Option<Nanos> {
    attempt.provider_cost.filter(|_| may_see_provider_cost(caller, attempt))
}

/// Whether the caller may know what the provider bills for an attempt.
#[must_use]
pub fn may_see_provider_cost(caller: &Caller, attempt: &Attempt) -> bool {
    let is_of_theirs = || attempt.start.organization.is_some_and(|own| caller.looks_after(own));
    caller.is_admin()
        || match attempt.start.scope {
            Scope::Personal => true,
            Scope::Organization => is_of_theirs(),
            Scope::System => false,
        }
}

/// What the provider bills for a line, where the caller may know all of it.
#[must_use]
pub fn provider_cost_of_line(caller: &Caller, line: &UsageLine) -> Option<Nanos> {
    (caller.is_admin() || line.shared == 0).then_some(line.provider_cost)
}

/// What the caller's gateway tokens are called, those revoked too.
///
/// # Errors
/// When the store cannot be read.
pub async fn token_names(app: &App, caller: &Caller) -> Result<HashMap<TokenId, String>> {
    let names = store::tokens::names(&app.store, caller.user).await?;
    let is_told = |id: &TokenId| caller.team().is_none() || caller.token() == Some(*id);
    Ok(names.into_iter().filter(|(id, _)| is_told(id)).collect())
}

/// What the keys are called, of those that the caller may know of.
///
/// # Errors
/// When the store cannot be read.
pub async fn labels(
    app: &App,
    caller: &Caller,
    ids: impl IntoIterator<Item = CredentialId>,
) -> Result<HashMap<CredentialId, KeyLabel>> {
    let mut ids: Vec<CredentialId> = ids.into_iter().collect();
    ids.sort_unstable();
    ids.dedup();
    let mut labels = HashMap::new();
    // The environment's keys have no rows.
    for credential in app.environment.credentials().filter(|credential| reach::may_see(caller, credential)) {
        let label = KeyLabel { name: credential.name.clone(), masked: credential.masked.clone(), is_deleted: false };
        labels.insert(credential.id, label);
    }
    for some in ids.chunks(500) {
        for (credential, is_deleted) in store::credentials::labelled(&app.store, some).await? {
            if reach::may_see(caller, &credential) {
                labels.insert(credential.id, KeyLabel { name: credential.name, masked: credential.masked, is_deleted });
            }
        }
    }
    Ok(labels)
}
