//! Reading what was called, and what it cost.

use std::collections::HashMap;

use domain::Caller;
use domain::ids::CredentialId;
use store::audit::Page;
use store::usage::{EventCursor, GroupBy, UsageEvent, UsageFilter, UsageLine};

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
    let filter = UsageFilter { user: Some(caller.user), ..filter };
    Ok(store::usage::events(&app.store, &filter, after, limit).await?)
}

/// The caller's own calls, summed up.
///
/// # Errors
/// When the store cannot be read.
pub async fn summary(app: &App, caller: &Caller, filter: UsageFilter, by: GroupBy) -> Result<Vec<UsageLine>> {
    let filter = UsageFilter { user: Some(caller.user), ..filter };
    Ok(store::usage::summary(&app.store, &filter, by).await?)
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
