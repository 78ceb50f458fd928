//! The sums of days are those of the calls, whatever happened to either.

use std::time::Duration;

use domain::ProviderId;
use domain::attempt::AttemptState;
use domain::ids::{CredentialId, TokenId, UserId};
use domain::usage::UsageSource;

use super::*;
use crate::ledger::days::DAY_MICROS;
use crate::ledger::{AttemptStart, CallSource, Settlement, recover};
use crate::testing::{NOW, Place, attempt, entropy, on_both, settlement};

const COLUMNS: &str = "user_id, day, provider, model, credential_id, scope, source, token_id, team_id, organization_id";

/// All lines of a table or of what looks like one, each as a text.
async fn all(store: &Store, table: &str) -> Vec<String> {
    let sums = SUMS.map(|sum| format!("CAST(CAST(SUM({sum}) AS BIGINT) AS TEXT)")).join(" || ' ' || ");
    let keys = COLUMNS.replace("day,", "CAST(day AS TEXT),").replace(", ", " || ' ' || ");
    let text = format!("SELECT {keys} || ': ' || {sums} FROM ({table}) AS lines GROUP BY {COLUMNS} ORDER BY 1");
    sqlx::query_scalar(sqlx::AssertSqlSafe(text)).fetch_all(store.pool()).await.unwrap()
}

/// That each day's sums are those of its calls.
pub(crate) async fn assert_days_are_the_calls(store: &Store) {
    let calls = all(store, &format!("{CALLS} state <> 'dispatched'")).await;
    assert_eq!(all(store, "SELECT * FROM usage_days").await, calls);
}

/// A spread of calls: some of each kind, over three days and two users.
async fn many(store: &Store, calls: u64) -> [UserId; 2] {
    let users = [UserId::generate(NOW, &entropy()), UserId::generate(NOW, &entropy())];
    let token = TokenId::generate(NOW, &entropy());
    let states = [AttemptState::Settled, AttemptState::Failed, AttemptState::Aborted, AttemptState::Settled];
    for number in 0..calls {
        let n = usize::try_from(number).unwrap();
        let at = NOW.minus(Duration::from_secs(number * 41 * 60));
        let start = AttemptStart {
            provider: if n % 3 == 0 { ProviderId::Groq } else { ProviderId::OpenAi },
            model: format!("model-{}", n % 4),
            source: CallSource::ALL[n % 3],
            token: (n % 2 == 0).then_some(token),
            number: if n % 5 == 4 { 2 } else { 1 },
            credential: CredentialId::of_source(if n % 7 == 0 { "env:A" } else { "env:B" }),
            ..attempt(store, users[n % 2], at)
        };
        store.ledger().dispatch(start.clone()).await.unwrap();
        let cost = (n % 6 != 0).then_some(Nanos(i64::try_from(number).unwrap() * 1_000));
        let end = Settlement {
            state: states[n % 4],
            provider_cost: cost,
            client_cost: cost,
            usage_source: if n % 8 == 0 { UsageSource::Estimated } else { UsageSource::Provider },
            first_token_ms: (n % 2 == 1).then_some(5),
            ..settlement(0)
        };
        // Nobody waits, so that groups have several of one line.
        drop(store.ledger().settle(start.attempt, end));
    }
    store.ledger().flush().await.unwrap();
    users
}

#[tokio::test]
async fn each_days_sums_are_those_of_its_calls() {
    on_both(async |place| {
        let store = place.open().await;
        many(&store, 90).await;
        assert_days_are_the_calls(&store).await;
        store.close().await;
    })
    .await;
}

#[tokio::test]
async fn a_call_is_added_once_however_often_it_is_settled() {
    on_both(async |place| {
        let store = place.open().await;
        let start = attempt(&store, UserId::generate(NOW, &entropy()), NOW);
        store.ledger().dispatch(start.clone()).await.unwrap();
        for cost in 1..4 {
            store.ledger().settle(start.attempt, settlement(cost)).acknowledged().await.unwrap();
        }
        assert_days_are_the_calls(&store).await;
        let lines = summary(&store, &UsageFilter::default(), GroupBy::Token).await.unwrap();
        assert_eq!((lines[0].attempts, lines[0].client_cost, &*lines[0].key), (1, Nanos(1), ""));
        store.close().await;
    })
    .await;
}

#[tokio::test]
async fn calls_that_are_given_up_are_in_the_sums_as_unknown() {
    on_both(async |place| {
        let dead = place.open().await;
        for _ in 0..3 {
            let start = attempt(&dead, UserId::generate(NOW, &entropy()), NOW);
            dead.ledger().dispatch(start).await.unwrap();
        }
        let later = NOW.plus(Duration::from_secs(60));
        let store = place.serve(later).await;
        recover(&store, later).await.unwrap();
        assert_days_are_the_calls(&store).await;
        let lines = summary(&store, &UsageFilter::default(), GroupBy::Source).await.unwrap();
        assert_eq!((lines[0].attempts, lines[0].unknown, lines[0].client_cost), (3, 3, Nanos(0)));
        store.close().await;
        dead.close().await;
    })
    .await;
}

/// Whatever the times and the filter, a report from sums is the one from calls.
#[tokio::test]
async fn reports_of_any_time_are_those_of_the_calls() {
    on_both(async |place| {
        let store = place.open().await;
        let [ann, _] = many(&store, 120).await;
        let midnight = Timestamp::from_micros(NOW.as_micros().div_euclid(DAY_MICROS) * DAY_MICROS);
        let hours = |hours| midnight.minus(Duration::from_hours(hours));
        for (from, to) in [
            (None, None),
            (Some(hours(24)), None),
            (Some(hours(31)), Some(hours(0))),
            (Some(hours(50)), Some(hours(7))),
            (Some(hours(20)), Some(hours(17))),
            (None, Some(hours(30))),
        ] {
            for filter in [
                UsageFilter { from, to, ..UsageFilter::default() },
                UsageFilter { from, to, user: Some(ann), ..UsageFilter::default() },
                UsageFilter { from, to, user: Some(ann), provider: Some(ProviderId::Groq), ..UsageFilter::default() },
                UsageFilter { from, to, source: Some(CallSource::Chat), ..UsageFilter::default() },
            ] {
                let mut asked = sums_of(GroupBy::Model.column(), "");
                asked.push(CALLS);
                asked.push("1 = 1");
                asked.filter(&filter);
                asked.with_number(" AND at >= ", from.map_or(0, Timestamp::as_micros));
                asked.with_number(" AND at < ", to.map_or(i64::MAX, Timestamp::as_micros));
                asked.push(&format!(") AS lines GROUP BY {}", GroupBy::Model.column()));
                let rows = asked.rows(&store).await.unwrap();
                let mut expected: Vec<_> = rows.iter().map(|row| read(row, GroupBy::Model, false).unwrap()).collect();
                let mut found = summary(&store, &filter, GroupBy::Model).await.unwrap();
                expected.sort_by(|a, b| a.key.cmp(&b.key));
                found.sort_by(|a, b| a.key.cmp(&b.key));
                assert_eq!(found, expected, "{filter:?}");
                let by_day = daily(&store, &filter, GroupBy::Provider, None).await.unwrap();
                assert_eq!(UsageLine::total(&by_day), UsageLine::total(&found), "{filter:?}");
                let some = daily(&store, &filter, GroupBy::Provider, Some(2)).await.unwrap();
                assert!(
                    some.len() == by_day.len().min(2) && some.iter().all(|line| by_day.contains(line)),
                    "{some:#?}"
                );
                let combined = combinations(&store, &filter).await.unwrap();
                let combined: Vec<_> = combined.into_iter().map(|combination| combination.sums).collect();
                assert_eq!(UsageLine::total(&combined), UsageLine::total(&found), "{filter:?}");
            }
        }
        store.close().await;
    })
    .await;
}

#[tokio::test]
async fn reports_read_sums_and_few_calls() {
    let place = Place::sqlite();
    let store = place.open().await;
    let user = Some(UserId::generate(NOW, &entropy()));
    let whole = Some(Timestamp::from_micros(DAY_MICROS * 20_000));
    let part = Some(Timestamp::from_micros(DAY_MICROS * 20_000 + 1));
    for (filter, expected) in [
        (UsageFilter { user, from: whole, ..UsageFilter::default() }, vec!["usage_days USING PRIMARY KEY"]),
        (
            UsageFilter { user, from: part, ..UsageFilter::default() },
            vec!["usage_days USING PRIMARY KEY", "attempts_of_user (user_id=?", "attempts_repeated (user_id=?"],
        ),
    ] {
        let mut asked = Asked::new("EXPLAIN QUERY PLAN SELECT * FROM (");
        lines(&mut asked, &filter, Origin::of(&filter, Needs::default()), &Rolled { through: -1, part: None });
        asked.push(")");
        let rows = asked.rows(&store).await.unwrap();
        let plan: Vec<String> = rows.iter().map(|row| Columns(row).text("detail").unwrap()).collect();
        for index in expected {
            assert!(plan.iter().any(|line| line.contains(index)), "{index}: {plan:#?}");
        }
        assert!(!plan.iter().any(|line| line == "SCAN attempts"), "{plan:#?}");
    }
    store.close().await;
}
