//! Reading what was called, and what it cost.

use domain::Caller;
use store::audit::Page;
use store::usage::{EventCursor, GroupBy, UsageEvent, UsageFilter, UsageLine};

use crate::App;
use crate::error::Result;

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
