//! What a page of usage reads.

use app::error::Error;
use app::usage::{self, Groups, Report, Wanted, Whose};
use store::audit::Page as Listed;
use store::usage::{Bar, EventCursor, GroupBy, Largest, UsageEvent, UsageFilter};

use super::asked::{Asked, By};
use super::many::{self, TOLD};
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
    pub(super) people: Largest,
    /// The same by team, where the report is of many.
    teams: Largest,
    /// And by organization, where it is of everybody.
    organizations: Largest,
    /// The bars.
    pub(super) daily: Vec<Bar>,
    pub(super) page: Listed<UsageEvent, EventCursor>,
}

impl Found {
    /// Lines of groups.
    pub(super) const fn of(&self, by: By) -> &Largest {
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
        let all = usage::combinations(app, report, of_days);
        let daily = usage::bars(app, report, sums, asked.by.group(), asked.measure.figure(), None);
        let (all, daily, page) = tokio::try_join!(all, daily, events)?;
        let [people, teams, organizations] = [(); 3].map(|()| Largest::default());
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
    let bars_of = if asked.by.has_many() { GroupBy::Day } else { asked.by.group() };
    let (all, summed, daily, page) = tokio::try_join!(
        usage::kinds(app, report, kinds),
        summed(shared, asked, report, &sums),
        usage::bars(app, report, sums.clone(), bars_of, asked.measure.figure(), None),
        events
    )?;
    let (people, groups) = summed;
    let daily = if asked.by.has_many() { bars(shared, asked, report, sums, &people, daily).await? } else { daily };
    Ok(Found {
        all: all.into_iter().map(Slice::from).collect(),
        people,
        teams: many::largest(groups.teams, asked.measure),
        organizations: many::largest(
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
) -> Result<(Largest, Groups), Error> {
    let app = &shared.app;
    let people = async {
        if asked.by.is_of_people() {
            let (by, figure) = (asked.by.group(), asked.measure.figure());
            usage::largest(app, report, filter.clone(), by, figure, TOLD as i64).await
        } else {
            Ok(Largest::default())
        }
    };
    let (people, groups) = tokio::try_join!(people, usage::groups(app, report, filter.clone()))?;
    let people = match asked.by {
        By::Team => many::largest(groups.teams.clone(), asked.measure),
        By::Organization => many::largest(groups.organizations.clone(), asked.measure),
        _ => people,
    };
    Ok((people, groups))
}

/// The bars of the people or groups with the most; what the others did of `all`
/// is said of the first that has no colour of its own.
async fn bars(
    shared: &Shared,
    asked: &Asked,
    report: &Report,
    filter: UsageFilter,
    people: &Largest,
    all: Vec<Bar>,
) -> Result<Vec<Bar>, Error> {
    let charted: Vec<String> = people.lines.iter().take(CHARTED).map(|person| person.key.clone()).collect();
    if charted.is_empty() {
        return Ok(Vec::new());
    }
    let (by, figure) = (asked.by.group(), asked.measure.figure());
    let mut daily = usage::bars(&shared.app, report, filter, by, figure, Some(&charted)).await?;
    if let Some(other) = people.lines.get(CHARTED) {
        let rest: Vec<Bar> = all.into_iter().map(|day| rest_of(day, &daily, &other.key)).collect();
        daily.extend(rest);
    }
    Ok(daily)
}

/// What is left of a day without what is told of it already.
fn rest_of(day: Bar, told: &[Bar], key: &str) -> Bar {
    let told = told.iter().filter(|bar| bar.day == day.day).map(|bar| bar.amount);
    let amount = told.fold(day.amount, i64::saturating_sub);
    Bar { key: key.to_owned(), amount, ..day }
}

/// What everything on the page is called.
pub(super) async fn named(
    shared: &Shared,
    signed_in: &SignedIn,
    report: &Report,
    found: &Found,
    by: By,
) -> Result<Names, Error> {
    fn ids<T: std::str::FromStr>(many: &Largest, is_asked: bool) -> impl Iterator<Item = T> + '_ {
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
