//! What an organization spent lately, for whoever looks after it.

use domain::ids::OrganizationId;
use domain::{Caller, Timestamp};
use store::usage::{GroupBy, UsageFilter, UsageLine};

use crate::App;
use crate::error::Result;
use crate::organizations::may_manage;
use crate::owners;

/// What an organization's calls took since the month began, in UTC.
///
/// # Errors
/// `not_found`, `forbidden`.
pub async fn this_month(app: &App, caller: &Caller, organization: OrganizationId) -> Result<UsageLine> {
    owners::known(app, caller, organization).await?;
    may_manage(caller, organization)?;
    let filter = UsageFilter {
        organization: Some(organization),
        from: first_of_month(app.clock.now()),
        ..UsageFilter::default()
    };
    let lines = store::usage::summary(&app.store, &filter, GroupBy::Provider).await?;
    Ok(UsageLine::total(&lines))
}

/// The first moment of the month of a time.
fn first_of_month(now: Timestamp) -> Option<Timestamp> {
    let month: String = now.to_string().chars().take(7).collect();
    Timestamp::parse(&format!("{month}-01T00:00:00Z"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_begins_on_its_first_day() {
        for (now, first) in [
            ("2026-11-21T22:15:00Z", "2026-11-01T00:00:00Z"),
            ("2028-02-29T00:00:00Z", "2028-02-01T00:00:00Z"),
            ("2027-01-01T00:00:00Z", "2027-01-01T00:00:00Z"),
        ] {
            assert_eq!(Timestamp::parse(now).and_then(first_of_month), Timestamp::parse(first), "{now}");
        }
    }
}
