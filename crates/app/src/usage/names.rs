//! What keys, tokens, people, teams and organizations are called in reports,
//! also when they are gone.

use std::collections::HashMap;

use domain::Caller;
use domain::ids::{CredentialId, OrganizationId, TeamId, TokenId, UserId};

use super::Report;
use crate::App;
use crate::error::Result;
use crate::reach;

/// How many names are read at once.
const SOME: usize = 500;

/// How a key is called in reports, also when it is gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyLabel {
    /// Its name.
    pub name: String,
    /// What may be shown of it.
    pub masked: String,
    /// Whether it was deleted.
    pub is_deleted: bool,
    /// How its use of today stands out, if it does: `9 × its usual day`.
    pub unusual: Option<String>,
}

/// Whose names are wanted.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// Keys; those that the reader may know of get one.
    pub keys: Vec<CredentialId>,
    /// Gateway tokens.
    pub tokens: Vec<TokenId>,
    /// People.
    pub users: Vec<UserId>,
    /// Teams.
    pub teams: Vec<TeamId>,
    /// Organizations.
    pub organizations: Vec<OrganizationId>,
}

/// What everything is called.
#[derive(Clone, Debug, Default)]
pub struct Names {
    /// Keys.
    pub keys: HashMap<CredentialId, KeyLabel>,
    /// Gateway tokens.
    pub tokens: HashMap<TokenId, String>,
    /// People.
    pub users: HashMap<UserId, String>,
    /// Teams.
    pub teams: HashMap<TeamId, String>,
    /// Organizations.
    pub organizations: HashMap<OrganizationId, String>,
}

/// What is called how, in a report that its reader may read.
///
/// # Errors
/// When the store cannot be read.
pub async fn names(app: &App, caller: &Caller, report: &Report, wanted: Wanted) -> Result<Names> {
    let mut names = Names { keys: labels(app, caller, wanted.keys).await?, ..Names::default() };
    if !report.is_wide() {
        names.tokens = token_names(app, caller).await?;
    }
    let known = |id: &TokenId| !names.tokens.contains_key(id);
    let tokens = distinct(wanted.tokens.into_iter().filter(|id| report.is_wide() && known(id)));
    for some in tokens.chunks(SOME) {
        names.tokens.extend(store::tokens::labelled(&app.store, some).await?);
    }
    for some in distinct(wanted.users).chunks(SOME) {
        let found = store::users::some(&app.store, some).await?;
        let address = |user: store::users::User| {
            let name = if user.deleted_at.is_some() { "deleted user".to_owned() } else { user.email };
            (user.id, name)
        };
        names.users.extend(found.into_iter().map(address));
    }
    for some in distinct(wanted.teams).chunks(SOME) {
        names.teams.extend(store::teams::labelled(&app.store, some).await?);
    }
    for some in distinct(wanted.organizations).chunks(SOME) {
        names.organizations.extend(store::organizations::labelled(&app.store, some).await?);
    }
    Ok(names)
}

fn distinct<T: Ord>(ids: impl IntoIterator<Item = T>) -> Vec<T> {
    let mut ids: Vec<T> = ids.into_iter().collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

/// What the caller's gateway tokens are called, those revoked too.
///
/// # Errors
/// When the store cannot be read.
pub async fn token_names(app: &App, caller: &Caller) -> Result<HashMap<TokenId, String>> {
    Ok(store::tokens::names(&app.store, caller.user).await?.into_iter().collect())
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
    let ids = distinct(ids);
    let mut labels = HashMap::new();
    // The environment's keys have no rows.
    for credential in app.environment.credentials().filter(|credential| reach::may_see(caller, credential)) {
        let label = KeyLabel {
            name: credential.name.clone(),
            masked: credential.masked.clone(),
            is_deleted: false,
            unusual: None,
        };
        labels.insert(credential.id, label);
    }
    for some in ids.chunks(SOME) {
        for (credential, is_deleted) in store::credentials::labelled(&app.store, some).await? {
            if reach::may_see(caller, &credential) {
                labels.insert(
                    credential.id,
                    KeyLabel { name: credential.name, masked: credential.masked, is_deleted, unusual: None },
                );
            }
        }
    }
    let known: Vec<CredentialId> = labels.keys().copied().collect();
    for (id, unusual) in crate::unusual::today(app, &known).await? {
        if let Some(label) = labels.get_mut(&id) {
            label.unusual = Some(unusual.told());
        }
    }
    Ok(labels)
}
