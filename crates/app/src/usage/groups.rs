//! A report's calls by team and by organization, from one reading.

use std::collections::BTreeMap;

use store::usage::{Group, UsageFilter, UsageLine};

use super::{Report, whose_token};
use crate::App;
use crate::error::Result;

/// Lines by team and by organization, each in the order of their keys; an empty
/// key: what is no team's, or no organization's.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Groups {
    /// By team.
    pub teams: Vec<UsageLine>,
    /// By organization.
    pub organizations: Vec<UsageLine>,
}

impl Groups {
    fn of(found: &[Group]) -> Self {
        let by = |key: fn(&Group) -> &String| {
            let mut lines: BTreeMap<&str, UsageLine> = BTreeMap::new();
            for group in found {
                let key = key(group);
                let line = lines.entry(key).or_insert_with(|| UsageLine { key: key.clone(), ..UsageLine::default() });
                line.add(&group.sums);
            }
            lines.into_values().collect()
        };
        Self { teams: by(|group| &group.sums.key), organizations: by(|group| &group.organization) }
    }
}

/// A report's calls, summed up by team and by organization.
///
/// # Errors
/// When the store cannot be read.
pub async fn groups(app: &App, report: &Report, filter: UsageFilter) -> Result<Groups> {
    let filter = whose_token(app, report.within(filter)?).await?;
    Ok(Groups::of(&store::usage::groups(&app.store, &filter).await?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_team_counts_for_its_organization_too() {
        let group = |team: &str, organization: &str, requests| Group {
            organization: organization.to_owned(),
            sums: UsageLine { key: team.to_owned(), requests, ..UsageLine::default() },
        };
        let found = [group("t1", "a", 1), group("", "a", 2), group("t2", "b", 4), group("", "b", 8), group("", "", 16)];
        let groups = Groups::of(&found);
        let said = |lines: &[UsageLine]| lines.iter().map(|line| (line.key.clone(), line.requests)).collect::<Vec<_>>();
        assert_eq!(said(&groups.teams), [("".into(), 26), ("t1".into(), 1), ("t2".into(), 4)]);
        assert_eq!(said(&groups.organizations), [("".into(), 16), ("a".into(), 3), ("b".into(), 12)]);
    }
}
