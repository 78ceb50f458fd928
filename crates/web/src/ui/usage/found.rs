//! What a page of usage reads.

use app::error::Error;
use app::usage::{self, Groups, Report, Wanted, Whose};
use domain::Nanos;
use store::audit::Page as Listed;
use store::usage::{EventCursor, GroupBy, UsageEvent, UsageFilter, UsageLine};

use super::asked::{Asked, By};
use super::many::Many;
use super::parts::Slice;
use crate::api::usage::view::Names;
use crate::router::Shared;
use crate::ui::forms::SignedIn;

/// The calls of a page.
const CALLS: i64 = 50;

/// People who have a colour of their own in the chart.
const CHARTED: usize = 5;

/// Everything that a page shows.
pub(super) struct Found {
    /// All calls of the days, as far as they are told apart.
    pub(super) all: Vec<Slice>,
    /// Those that pass, by people or groups, where that was asked for.
    pub(super) people: Many,
    /// The same by team, where the report is of many.
    teams: Many,
    /// And by organization, where it is of everybody.
    organizations: Many,
    /// The bars.
    pub(super) daily: Vec<UsageLine>,
    pub(super) page: Listed<UsageEvent, EventCursor>,
}

impl Found {
    /// Lines of groups.
    pub(super) const fn of(&self, by: By) -> &Many {
        match by {
            By::Team => &self.teams,
            By::Organization => &self.organizations,
            _ => &self.people,
        }
    }
}

/// What one made oneself is read in one go; what many made, without the people
/// and the groups, and those apart: all of it in one would be a line for each
/// team with each model.
pub(super) async fn find(shared: &Shared, asked: &Asked, report: &Report) -> Result<Found, Error> {
    let app = &shared.app;
    let sums = UsageFilter { state: None, ..asked.filter.clone() };
    let of_days = UsageFilter { from: asked.filter.from, to: asked.filter.to, ..UsageFilter::default() };
    let events = usage::events(app, report, asked.filter.clone(), asked.after, CALLS);
    if !report.is_wide() {
        // A year has many lines: its sums are read side by side.
        let all = usage::combinations(app, report, of_days);
        let (all, daily, page) =
            tokio::try_join!(all, usage::daily(app, report, sums.clone(), asked.by.group()), events)?;
        let [people, teams, organizations] = [(); 3].map(|()| Many::default());
        return Ok(Found {
            all: all.into_iter().map(Slice::from).collect(),
            people,
            teams,
            organizations,
            daily,
            page,
        });
    }
    let kinds = UsageFilter { provider: None, model: None, source: None, ..sums.clone() };
    let (all, summed, daily, page) = tokio::try_join!(
        usage::kinds(app, report, kinds),
        summed(shared, asked, report, &sums),
        usage::daily(app, report, sums.clone(), if asked.by.has_many() { GroupBy::Day } else { asked.by.group() }),
        events
    )?;
    let (people, groups) = summed;
    let daily = if asked.by.has_many() { bars(shared, asked, report, &sums, &people, daily).await? } else { daily };
    Ok(Found {
        all: all.into_iter().map(Slice::from).collect(),
        people,
        teams: Many::of(groups.teams, asked.measure),
        organizations: Many::of(
            if report.whose() == Whose::Everybody { groups.organizations } else { Vec::new() },
            asked.measure,
        ),
        daily,
        page,
    })
}

/// The people or groups that were asked for, and all groups.
async fn summed(
    shared: &Shared,
    asked: &Asked,
    report: &Report,
    filter: &UsageFilter,
) -> Result<(Many, Groups), Error> {
    let app = &shared.app;
    let people = async {
        if asked.by.is_of_people() {
            usage::summary(app, report, filter.clone(), asked.by.group()).await
        } else {
            Ok(Vec::new())
        }
    };
    let (people, groups) = tokio::try_join!(people, usage::groups(app, report, filter.clone()))?;
    let people = match asked.by {
        By::Team => groups.teams.clone(),
        By::Organization => groups.organizations.clone(),
        _ => people,
    };
    Ok((Many::of(people, asked.measure), groups))
}

/// The days of the people or groups with the most; what the others did of `all`
/// is said of the first that has no colour of its own.
async fn bars(
    shared: &Shared,
    asked: &Asked,
    report: &Report,
    filter: &UsageFilter,
    people: &Many,
    all: Vec<UsageLine>,
) -> Result<Vec<UsageLine>, Error> {
    let people = &people.lines;
    let mut daily = Vec::new();
    for person in people.iter().take(CHARTED).filter(|person| !person.key.is_empty()) {
        let mut filter = filter.clone();
        match asked.by {
            By::Key => filter.credential = person.key.parse().ok(),
            By::Token => filter.token = person.key.parse().ok(),
            By::Team => filter.team = person.key.parse().ok(),
            By::Organization => filter.organization = person.key.parse().ok(),
            _ => filter.user = person.key.parse().ok(),
        }
        let lines = usage::daily(&shared.app, report, filter, GroupBy::Day).await?;
        daily.extend(lines.into_iter().map(|line| UsageLine { key: person.key.clone(), ..line }));
    }
    if let Some(other) = people.get(CHARTED).or_else(|| people.iter().find(|person| person.key.is_empty())) {
        daily.extend(all.into_iter().map(|day| rest_of(day, &daily, &other.key)).collect::<Vec<_>>());
    }
    Ok(daily)
}

/// What is left of a day without what is told of it already.
fn rest_of(day: UsageLine, told: &[UsageLine], key: &str) -> UsageLine {
    let mut rest = UsageLine { key: key.to_owned(), ..day };
    for line in told.iter().filter(|line| line.day == rest.day) {
        rest.requests = rest.requests.saturating_sub(line.requests);
        rest.client_cost = Nanos(rest.client_cost.0.saturating_sub(line.client_cost.0));
        rest.tokens.prompt = rest.tokens.prompt.saturating_sub(line.tokens.prompt);
        rest.tokens.completion = rest.tokens.completion.saturating_sub(line.tokens.completion);
    }
    rest
}

/// What everything on the page is called.
pub(super) async fn named(
    shared: &Shared,
    signed_in: &SignedIn,
    report: &Report,
    found: &Found,
    by: By,
) -> Result<Names, Error> {
    fn ids<T: std::str::FromStr>(many: &Many, is_asked: bool) -> impl Iterator<Item = T> + '_ {
        many.lines.iter().filter(move |_| is_asked).filter_map(|line| line.key.parse().ok())
    }
    let starts = || found.page.rows.iter().flat_map(|event| &event.attempts).map(|attempt| &attempt.start);
    let wanted = Wanted {
        keys: starts()
            .map(|start| start.credential)
            .chain(found.all.iter().filter_map(Slice::key))
            .chain(ids(&found.people, by == By::Key))
            .collect(),
        tokens: starts().filter_map(|start| start.token).chain(ids(&found.people, by == By::Token)).collect(),
        users: if report.is_wide() {
            starts().map(|start| start.user).chain(ids(&found.people, by == By::User)).collect()
        } else {
            Vec::new()
        },
        teams: starts().filter_map(|start| start.team).chain(ids(&found.teams, true)).collect(),
        organizations: starts().filter_map(|start| start.organization).chain(ids(&found.organizations, true)).collect(),
    };
    Names::of(&shared.app, &signed_in.caller, report, wanted).await
}
