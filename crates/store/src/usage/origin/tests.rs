//! Whatever is rolled up, a report is the one that the calls give.

use std::collections::BTreeMap;
use std::time::Duration;

use domain::attempt::AttemptState;
use domain::credential::Scope;
use domain::ids::{CredentialId, OrganizationId, TeamId, TokenId, UserId};
use domain::{Nanos, ProviderId, Timestamp};

use super::*;
use crate::ledger::days::rolled::{LINES_A_SLICE, Rolling, roll_slice, rolled};
use crate::ledger::{AttemptStart, CallSource, Settlement, roll_up};
use crate::open::Store;
use crate::testing::{NOW, Place, attempt, entropy, on_both, settlement};
use crate::usage::summary::{Sums, asked_for};
use crate::usage::{Attempt, Bar, Figure, UsageLine, bars, daily, groups, kinds, largest, listed, summary};

const DAYS: u64 = 100;

/// How many days ago [`busy_day`] is.
const BUSY: u64 = 5;

/// Whom calls are of, and how many there are.
struct Company {
    ann: UserId,
    organization: OrganizationId,
    team: TeamId,
    token: TokenId,
    /// Not ended yet, and begun long ago.
    late: Vec<AttemptStart>,
}

async fn company(store: &Store) -> Company {
    let [ann, bob] = [UserId::generate(NOW, &entropy()), UserId::generate(NOW, &entropy())];
    let organizations = [OrganizationId::generate(NOW, &entropy()), OrganizationId::generate(NOW, &entropy())];
    let [team, token] = [NOW; 2].map(uuid_of);
    let (team, token) = (TeamId(team), TokenId(token));
    let mut late = Vec::new();
    for number in 0..240_u64 {
        let n = usize::try_from(number).unwrap();
        let start = AttemptStart {
            provider: if n % 3 == 0 { ProviderId::Groq } else { ProviderId::OpenAi },
            model: format!("model-{}", n % 4),
            source: CallSource::ALL[n % 3],
            scope: Scope::ALL[n % 5 % 3],
            token: (n % 2 == 0).then_some(token),
            team: (n % 7 == 0).then_some(team),
            organization: if n % 4 == 3 { None } else { Some(organizations[n % 2]) },
            credential: CredentialId::of_source(if n % 7 == 0 { "env:A" } else { "env:B" }),
            ..attempt(store, if n % 3 == 0 { ann } else { bob }, NOW.minus(Duration::from_hours(number * DAYS / 10)))
        };
        store.ledger().dispatch(start.clone()).await.unwrap();
        if n % 40 == 20 {
            late.push(start);
            continue;
        }
        let cost = (n % 6 != 0).then_some(Nanos(i64::try_from(number).unwrap() * 1_000));
        let end = Settlement {
            state: if n % 11 == 3 { AttemptState::Failed } else { AttemptState::Settled },
            provider_cost: cost,
            client_cost: cost.map(|cost| cost.marked_up(500)),
            at: start.at,
            ..settlement(0)
        };
        drop(store.ledger().settle(start.attempt, end));
    }
    store.ledger().flush().await.unwrap();
    Company { ann, organization: organizations[0], team, token, late }
}

fn uuid_of(at: Timestamp) -> uuid::Uuid {
    TokenId::generate(at, &entropy()).0
}

/// All attempts of a filter, one by one.
async fn calls(store: &Store, filter: &UsageFilter) -> Vec<Attempt> {
    let (events, next) = listed(store, filter, None, 1_000).await.unwrap();
    assert_eq!(next, None);
    events.into_iter().flat_map(|event| event.attempts).collect()
}

/// What reports must say in all, from the calls themselves.
fn counted(calls: &[Attempt]) -> (i64, i64, i64, i64) {
    let cost = |cost: fn(&Attempt) -> Option<Nanos>| calls.iter().filter_map(cost).map(|cost| cost.0).sum::<i64>();
    let personal = calls.iter().filter(|call| call.start.scope == Scope::Personal).count();
    (calls.len() as i64, cost(|call| call.provider_cost), cost(|call| call.client_cost), personal as i64)
}

fn said(lines: &[UsageLine]) -> (i64, i64, i64, i64) {
    let total = UsageLine::total(lines);
    (total.attempts, total.provider_cost.0, total.client_cost.0, total.personal.attempts)
}

/// How many attempts each person or group has each day, and what they cost, as lines say it.
fn told(lines: &[UsageLine]) -> BTreeMap<(Option<String>, String), (i64, i64)> {
    let mut told = BTreeMap::new();
    for line in lines {
        let at: &mut (i64, i64) = told.entry((line.day.clone(), line.key.clone())).or_default();
        (at.0, at.1) = (at.0 + line.attempts, at.1 + line.client_cost.0);
    }
    told
}

/// The same from the calls themselves, day by day where the lines are. Of other groupings the lines as they are.
fn by_person(calls: &[Attempt], by: GroupBy, lines: &[UsageLine]) -> BTreeMap<(Option<String>, String), (i64, i64)> {
    let is_daily = lines.iter().any(|line| line.day.is_some());
    let or_none = |id: Option<String>| id.unwrap_or_default();
    let mut sums = BTreeMap::new();
    for call in calls {
        let start = &call.start;
        let key = match by {
            GroupBy::User => start.user.to_string(),
            GroupBy::Credential => start.credential.to_string(),
            GroupBy::Token => or_none(start.token.map(|id| id.to_string())),
            GroupBy::Team => or_none(start.team.map(|id| id.to_string())),
            GroupBy::Organization => or_none(start.organization.map(|id| id.to_string())),
            _ => return told(lines),
        };
        let date = start.at.to_string().split('T').next().map(str::to_owned).filter(|_| is_daily);
        let at: &mut (i64, i64) = sums.entry((date, key)).or_default();
        (at.0, at.1) = (at.0 + 1, at.1 + call.client_cost.map_or(0, |cost| cost.0));
    }
    sums
}

/// The beginning of a day so long ago.
fn day(back: u64) -> Timestamp {
    Timestamp::from_micros(NOW.as_micros() / 86_400_000_000 * 86_400_000_000).minus(Duration::from_hours(24 * back))
}

async fn assert_reports_are_the_calls(store: &Store, company: &Company) {
    let windows = [
        (None, None),
        (Some(day(95)), Some(day(10))),
        (Some(day(60)), None),
        (Some(day(35)), Some(day(3))),
        (None, Some(day(50))),
    ];
    assert_within(store, company, &windows, GroupBy::ALL).await;
}

/// The same around the day of [`busy_day`]: with it, up to it, and with it alone.
async fn assert_the_busy_day_is_right(store: &Store, company: &Company) {
    let windows = [(None, None), (None, Some(day(BUSY))), (Some(day(BUSY)), Some(day(BUSY - 1)))];
    let groupings = [GroupBy::Day, GroupBy::Team, GroupBy::User, GroupBy::Credential];
    assert_within(store, company, &windows, &groupings).await;
}

async fn assert_within(
    store: &Store,
    company: &Company,
    windows: &[(Option<Timestamp>, Option<Timestamp>)],
    groupings: &[GroupBy],
) {
    for (from, to) in windows.iter().copied() {
        let all = UsageFilter { from, to, ..UsageFilter::default() };
        let organization = Some(company.organization);
        for filter in [
            all.clone(),
            UsageFilter { organization, ..all.clone() },
            UsageFilter { organization, model: Some("model-2".to_owned()), ..all.clone() },
            UsageFilter { organization, team: Some(company.team), ..all.clone() },
            UsageFilter { team: Some(company.team), ..all.clone() },
            UsageFilter { scope: Some(Scope::System), ..all.clone() },
            UsageFilter { scope: Some(Scope::Personal), organization, ..all.clone() },
            UsageFilter { provider: Some(ProviderId::Groq), ..all.clone() },
            UsageFilter { source: Some(CallSource::Chat), organization, ..all.clone() },
            UsageFilter { token: Some(company.token), ..all.clone() },
            UsageFilter { credential: Some(CredentialId::of_source("env:A")), ..all.clone() },
            UsageFilter { user: Some(company.ann), organization, ..all.clone() },
            UsageFilter { user: Some(company.ann), ..all.clone() },
        ] {
            let calls = calls(store, &filter).await;
            let expected = counted(&calls);
            for by in groupings {
                let lines = summary(store, &filter, *by).await.unwrap();
                assert_eq!(said(&lines), expected, "{by:?} {filter:?}");
                assert_eq!(told(&lines), by_person(&calls, *by, &lines), "{by:?} {filter:?}");
                if filter.from.is_none() {
                    assert_the_largest_are(store, &filter, *by, &lines).await;
                }
                let lines = daily(store, &filter, *by, None).await.unwrap();
                assert_eq!(said(&lines), expected, "daily {by:?} {filter:?}");
                assert_eq!(told(&lines), by_person(&calls, *by, &lines), "daily {by:?} {filter:?}");
                if filter.from.is_none() {
                    assert_bars_are_of(store, &filter, *by, &lines).await;
                }
            }
            let kinds = kinds(store, &filter).await.unwrap();
            let sums: Vec<UsageLine> = kinds.into_iter().map(|kind| kind.sums).collect();
            assert_eq!(said(&sums), expected, "{filter:?}");
            let groups = groups(store, &filter).await.unwrap();
            let sums: Vec<UsageLine> = groups.into_iter().map(|group| group.sums).collect();
            assert_eq!(said(&sums), expected, "{filter:?}");
            assert_eq!(told(&sums), by_person(&calls, GroupBy::Team, &sums), "{filter:?}");
        }
    }
}

/// Bars say of each day and group what its line says, also of some groups only.
async fn assert_bars_are_of(store: &Store, filter: &UsageFilter, by: GroupBy, lines: &[UsageLine]) {
    let figure_of = |line: &UsageLine, figure: Figure| match figure {
        Figure::ClientCost => line.client_cost.0,
        Figure::Tokens => (line.tokens.prompt + line.tokens.completion).cast_signed(),
        Figure::Requests => line.requests,
    };
    let mut some: Vec<String> = lines.iter().map(|line| line.key.clone()).collect();
    some.sort();
    some.dedup();
    let some = some.split_off(some.len() / 2);
    // One figure for each grouping: all three are asked for in turn.
    let figure = Figure::ALL[by as usize % Figure::ALL.len()];
    let expected = |among: Option<&[String]>| -> Vec<Bar> {
        let shown = lines.iter().filter(|line| among.is_none_or(|keys| keys.contains(&line.key)));
        let bar = |line: &UsageLine| Bar {
            day: line.day.clone().unwrap(),
            key: line.key.clone(),
            amount: figure_of(line, figure),
        };
        shown.map(bar).collect()
    };
    assert_eq!(bars(store, filter, by, figure, None).await.unwrap(), expected(None), "{by:?} {filter:?}");
    if by != GroupBy::Day && !some.is_empty() {
        let found = bars(store, filter, by, figure, Some(&some)).await.unwrap();
        assert_eq!(found, expected(Some(&some)), "{by:?} {filter:?}");
    }
}

/// The two largest lines, or three where there are no more, and all others in one.
async fn assert_the_largest_are(store: &Store, filter: &UsageFilter, by: GroupBy, lines: &[UsageLine]) {
    let found = largest(store, filter, by, Figure::Requests, 2).await.unwrap();
    let told = if lines.len() > 3 { 2 } else { lines.len() };
    let mut amounts: Vec<_> = lines.iter().map(|line| (line.requests, line.attempts)).collect();
    amounts.sort_by_key(|amount| std::cmp::Reverse(*amount));
    let found_amounts: Vec<_> = found.lines.iter().map(|line| (line.requests, line.attempts)).collect();
    assert_eq!(found_amounts, amounts[..told], "{by:?} {filter:?}");
    assert!(found.lines.iter().all(|line| lines.contains(line)), "{by:?} {filter:?}");
    let others = found.others.clone().map(|(count, _)| usize::try_from(count).unwrap());
    assert_eq!(others, (lines.len() > told).then(|| lines.len() - told), "{by:?} {filter:?}");
    let all: Vec<_> = found.lines.into_iter().chain(found.others.map(|(_, sums)| sums)).collect();
    assert_eq!(UsageLine::total(&all), UsageLine::total(lines), "{by:?} {filter:?}");
}

#[tokio::test]
async fn reports_are_those_of_the_calls_before_and_after_days_are_rolled_up() {
    on_both(async |place| {
        let store = place.open().await;
        let company = company(&store).await;
        assert_reports_are_the_calls(&store, &company).await;
        assert_eq!(roll_up(&store, NOW, 30).await.unwrap(), 30);
        assert_reports_are_the_calls(&store, &company).await;
        while roll_up(&store, NOW, 50).await.unwrap() > 0 {}
        let text = "SELECT COUNT(*) FROM usage_months";
        assert!(sqlx::query_scalar::<_, i64>(text).fetch_one(store.pool()).await.unwrap() > 0);
        assert_reports_are_the_calls(&store, &company).await;
        // Two of the calls that were left ended long after their day.
        for start in &company.late {
            let end = Settlement { at: NOW, ..settlement(77) };
            store.ledger().settle(start.attempt, end).acknowledged().await.unwrap();
        }
        assert_reports_are_the_calls(&store, &company).await;
        assert_eq!(roll_up(&store, NOW, 50).await.unwrap(), 0);
        store.close().await;
    })
    .await;
}

#[tokio::test]
async fn calls_of_a_dead_node_are_added_to_days_that_are_rolled_up() {
    on_both(async |place| {
        let dead = place.open().await;
        let company = company(&dead).await;
        while roll_up(&dead, NOW, 50).await.unwrap() > 0 {}
        let later = NOW.plus(Duration::from_secs(60));
        let store = place.serve(later).await;
        crate::ledger::recover(&store, later).await.unwrap();
        assert_reports_are_the_calls(&store, &company).await;
        store.close().await;
        dead.close().await;
    })
    .await;
}

/// A day of many lines, each of another model, of people who come and go.
async fn busy_day(store: &Store, at: Timestamp, lines: usize) -> Company {
    let [ann, bob] = [UserId::generate(NOW, &entropy()), UserId::generate(NOW, &entropy())];
    let organization = OrganizationId::generate(NOW, &entropy());
    let (team, token) = (TeamId(uuid_of(NOW)), TokenId(uuid_of(NOW)));
    let mut late = Vec::new();
    for number in 0..lines + 40 {
        let start = AttemptStart {
            // The last ones are of lines that are there already.
            model: format!("model-{}", number % lines),
            team: (number % 7 == 0).then_some(team),
            token: (number % 3 == 0).then_some(token),
            organization: (number % 4 > 0).then_some(organization),
            scope: Scope::ALL[number % 3],
            ..attempt(store, if number % 2 == 0 { ann } else { bob }, at)
        };
        store.ledger().dispatch(start.clone()).await.unwrap();
        if number >= lines {
            late.push(start);
        } else {
            drop(store.ledger().settle(start.attempt, Settlement { at, ..settlement(number as i64) }));
        }
    }
    store.ledger().flush().await.unwrap();
    Company { ann, organization, team, token, late }
}

#[tokio::test]
async fn a_day_is_rolled_up_in_slices_and_reports_are_right_after_each() {
    on_both(async |place| {
        let store = place.open().await;
        let lines = LINES_A_SLICE * 2 + 30;
        let mut company = busy_day(&store, day(BUSY).plus(Duration::from_hours(7)), lines).await;
        let mut slices = Vec::new();
        let mut before = 0;
        loop {
            let rolling = roll_slice(&store, NOW).await.unwrap();
            slices.push(rolling);
            let text = "SELECT CAST(SUM(attempts) AS BIGINT) FROM usage_months";
            let after: i64 = sqlx::query_scalar(text).fetch_one(store.pool()).await.unwrap();
            // However many lines a day has, a transaction is over after some of them.
            assert!(after - before <= LINES_A_SLICE as i64, "{before} became {after}");
            assert_the_busy_day_is_right(&store, &company).await;
            if rolling != Rolling::Part {
                break;
            }
            // Calls of the day end between two slices: of what is rolled up and of what is not.
            for start in company.late.drain(..company.late.len().min(15)) {
                store
                    .ledger()
                    .settle(start.attempt, Settlement { at: NOW, ..settlement(77) })
                    .acknowledged()
                    .await
                    .unwrap();
            }
            assert_the_busy_day_is_right(&store, &company).await;
            before = sqlx::query_scalar(text).fetch_one(store.pool()).await.unwrap();
        }
        assert_eq!(slices, [Rolling::Part, Rolling::Part, Rolling::Day]);
        store.close().await;
    })
    .await;
}

#[tokio::test]
async fn a_day_that_was_left_in_its_middle_goes_on_there_on_another_node() {
    on_both(async |place| {
        let first = place.open().await;
        let company = busy_day(&first, day(BUSY).plus(Duration::from_hours(7)), LINES_A_SLICE + 1).await;
        assert_eq!(roll_slice(&first, NOW).await.unwrap(), Rolling::Part);
        let at = rolled(&first).await.unwrap();
        first.close().await;
        let second = place.open().await;
        assert_eq!(rolled(&second).await.unwrap(), at);
        assert_eq!(roll_up(&second, NOW, 50).await.unwrap(), 1);
        assert_eq!(rolled(&second).await.unwrap().part, None);
        assert_the_busy_day_is_right(&second, &company).await;
        assert_eq!(roll_slice(&second, NOW).await.unwrap(), Rolling::Done);
        second.close().await;
    })
    .await;
}

#[tokio::test]
async fn the_bars_of_a_few_people_are_read_by_their_names() {
    let place = Place::sqlite();
    let store = place.open().await;
    let filter = UsageFilter { from: Some(Timestamp::from_seconds(0)), ..UsageFilter::default() };
    let few = ["ann", "bob"].map(str::to_owned);
    let sums = Sums::One { column: "requests", among: Some(&few) };
    let asked = asked_for(
        &filter,
        "user_id",
        "day",
        Needs::of(GroupBy::User, true),
        sums,
        &Rolled { through: 20_000, part: None },
    );
    let rows = asked.explained().rows(&store).await.unwrap();
    let plan: Vec<String> = rows.iter().map(|row| crate::row::Columns(row).text("detail").unwrap()).collect();
    for index in
        ["usage_people_of_one (who=? AND day>? AND day<?)", "usage_days USING PRIMARY KEY (user_id=? AND day>?)"]
    {
        assert!(plan.iter().any(|line| line.contains(index)), "{index}: {plan:#?}");
    }
    store.close().await;
}

#[tokio::test]
async fn wide_reports_read_what_is_rolled_up() {
    let place = Place::sqlite();
    let store = place.open().await;
    let organization = Some(OrganizationId::generate(NOW, &entropy()));
    let all = UsageFilter { from: Some(Timestamp::from_seconds(0)), ..UsageFilter::default() };
    let filtered = UsageFilter { model: Some("model-1".to_owned()), ..all.clone() };
    let user = Some(UserId(uuid::Uuid::nil()));
    let credential = Some(CredentialId::of_source("env:A"));
    let token = Some(TokenId(uuid::Uuid::nil()));
    let people = |person, by_day| Origin::People { person, by_day, few: false };
    let of = |whose, detail, by_day| Origin::Totals { whose, detail, by_day };
    let at = Rolled { through: 20_000, part: None };
    for (filter, by, is_daily, origin) in [
        (all.clone(), GroupBy::Model, true, of(Totals::Server, Detail::Model, true)),
        (all.clone(), GroupBy::Organization, true, of(Totals::EachOrganization, Detail::Scope, true)),
        (all.clone(), GroupBy::Source, true, of(Totals::Server, Detail::Source, true)),
        (filtered.clone(), GroupBy::Source, true, of(Totals::Server, Detail::Everything, true)),
        (filtered.clone(), GroupBy::User, false, Origin::Months),
        (filtered.clone(), GroupBy::User, true, Origin::Days),
        (filtered, GroupBy::Organization, true, of(Totals::EachOrganization, Detail::Model, true)),
        (all.clone(), GroupBy::Model, false, of(Totals::Server, Detail::Model, false)),
        (all.clone(), GroupBy::User, false, people(Person::User, false)),
        (all.clone(), GroupBy::Token, true, people(Person::Token, true)),
        (UsageFilter { scope: Some(Scope::System), ..all.clone() }, GroupBy::User, true, people(Person::User, true)),
        (
            UsageFilter { organization, ..all.clone() },
            GroupBy::Team,
            true,
            of(Totals::Organization, Detail::Team, true),
        ),
        (UsageFilter { organization, ..all.clone() }, GroupBy::Credential, false, people(Person::Key, false)),
        (UsageFilter { user, ..all.clone() }, GroupBy::Team, false, Origin::Months),
        (UsageFilter { user, ..all.clone() }, GroupBy::Model, true, Origin::Days),
        (UsageFilter { credential, ..all.clone() }, GroupBy::Model, false, Origin::Days),
        (UsageFilter { user, ..all.clone() }, GroupBy::Day, true, people(Person::User, true)),
        (UsageFilter { user, organization, ..all.clone() }, GroupBy::Scope, false, people(Person::User, false)),
        (UsageFilter { user, without_teams: true, ..all.clone() }, GroupBy::Day, true, Origin::Days),
        (UsageFilter { user, token, ..all.clone() }, GroupBy::Day, true, Origin::Days),
        (UsageFilter { credential, ..all.clone() }, GroupBy::Day, false, people(Person::Key, true)),
        (UsageFilter { user, credential, ..all.clone() }, GroupBy::Model, false, Origin::Months),
    ] {
        assert_eq!(Origin::of(&filter, Needs::of(by, is_daily)), origin, "{by:?} {filter:?}");
        let mut asked = Asked::new("EXPLAIN QUERY PLAN SELECT * FROM (");
        origin.lines(&mut asked, &filter, &Window::of(filter.from, filter.to), &at);
        asked.push(")");
        let rows = asked.rows(&store).await.unwrap();
        let plan: Vec<String> = rows.iter().map(|row| crate::row::Columns(row).text("detail").unwrap()).collect();
        assert!(!plan.iter().any(|line| line.starts_with("SCAN usage_")), "{plan:#?}");
        let index = match origin {
            Origin::Months if filter.user.is_some() => "usage_months_of_user (user_id=? AND month>?",
            Origin::People { .. } if only(&filter).is_some() => "usage_people_of_one (who=? AND day>?",
            _ => continue,
        };
        assert!(plan.iter().any(|line| line.contains(index)), "{index}: {plan:#?}");
    }
    store.close().await;
}
