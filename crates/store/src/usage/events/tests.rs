//! SQLite answers from the indices, whichever part of the filter is given.

use std::time::Duration;

use domain::ids::UserId;
use sqlx::Row as _;

use super::super::{UsageFilter, events};
use super::*;
use crate::ledger::AttemptStart;
use crate::open::Store;
use crate::testing::{NOW, Place, attempt, entropy, on_both, settlement};

/// The plan's lines that read the table.
async fn plan(store: &Store, text: &str) -> Vec<String> {
    let explained = format!("EXPLAIN QUERY PLAN {text}");
    let rows = sqlx::query(sqlx::AssertSqlSafe(explained)).fetch_all(store.pool()).await.unwrap();
    let lines = rows.iter().map(|row| row.try_get::<String, _>("detail").unwrap());
    lines.filter(|line| line.starts_with("SCAN") || line.starts_with("SEARCH")).collect()
}

#[tokio::test]
async fn no_listing_reads_the_whole_table() {
    let place = Place::sqlite();
    let store = place.open().await;
    for (text, index) in [
        (OF_ALL.page, "attempts_by_time (at>? AND at<?)"),
        (OF_ALL.count, "attempts_by_time (at>? AND at<?)"),
        (OF_USER.page, "attempts_of_user (user_id=? AND at>? AND at<?)"),
        (OF_USER.count, "attempts_of_user (user_id=? AND at>? AND at<?)"),
        (ONE, "attempts_of_request (request_id=?)"),
    ] {
        let plan = plan(&store, text).await;
        assert!(plan.iter().any(|line| line.ends_with(index)), "{index}: {plan:#?}");
        for line in &plan {
            let reads_attempts = ["attempts", "f", "a", "d"].iter().any(|name| line.split(' ').nth(1) == Some(name));
            let is_indexed = line.starts_with("SEARCH") || line.contains("attempts_unfinished");
            assert!(!reads_attempts || is_indexed, "{line}\n{plan:#?}");
        }
    }
    store.close().await;
}

#[tokio::test]
async fn a_call_under_way_is_listed_among_the_finished_ones() {
    on_both(async |place| {
        let store = place.open().await;
        let ann = UserId::generate(NOW, &entropy());
        let mut requests = Vec::new();
        for second in 0..6 {
            let start = attempt(&store, ann, NOW.plus(Duration::from_secs(second)));
            store.ledger().dispatch(start.clone()).await.unwrap();
            if second % 2 == 0 {
                store.ledger().settle(start.attempt, settlement(1)).acknowledged().await.unwrap();
            }
            requests.insert(0, start.request);
        }
        for user in [None, Some(ann)] {
            let filter = UsageFilter { user, provider: Some(domain::ProviderId::OpenAi), ..UsageFilter::default() };
            let (mut seen, mut after) = (Vec::new(), None);
            loop {
                let page = events(&store, &filter, after, 4).await.unwrap();
                assert_eq!(page.count, 6);
                seen.extend(page.rows.into_iter().map(|event| event.request));
                after = page.next;
                if after.is_none() {
                    break;
                }
            }
            assert_eq!(seen, requests);
        }
        store.close().await;
    })
    .await;
}

#[tokio::test]
async fn a_call_is_found_by_any_of_its_attempts_also_after_midnight() {
    on_both(async |place| {
        let store = place.open().await;
        let ann = UserId::generate(NOW, &entropy());
        let token = Some(domain::ids::TokenId::generate(NOW, &entropy()));
        let midnight = domain::Timestamp::from_seconds(NOW.as_seconds().div_euclid(86_400) * 86_400);
        let first = attempt(&store, ann, midnight.minus(Duration::from_secs(1)));
        let id = domain::ids::AttemptId::generate(NOW, &entropy());
        let second =
            AttemptStart { attempt: id, number: 2, token, at: midnight, model: "rare".to_owned(), ..first.clone() };
        for start in [&first, &second] {
            store.ledger().dispatch(start.clone()).await.unwrap();
            store.ledger().settle(start.attempt, settlement(1)).acknowledged().await.unwrap();
        }
        store.ledger().dispatch(attempt(&store, ann, midnight)).await.unwrap();
        let hers = UsageFilter { user: Some(ann), ..UsageFilter::default() };
        for filter in
            [UsageFilter { model: Some("rare".to_owned()), ..hers.clone() }, UsageFilter { token, ..hers.clone() }]
        {
            let found = events(&store, &filter, None, 10).await.unwrap();
            assert_eq!((found.count, found.rows[0].request), (1, first.request));
        }
        assert_eq!(events(&store, &hers, None, 10).await.unwrap().count, 2);
        store.close().await;
    })
    .await;
}

#[tokio::test]
async fn what_the_sums_of_days_count_is_what_the_calls_count() {
    on_both(async |place| {
        let store = place.open().await;
        let ann = UserId::generate(NOW, &entropy());
        let hour = Duration::from_hours(1);
        for back in 0..60 {
            let provider = [domain::ProviderId::OpenAi, domain::ProviderId::Groq][back as usize % 2];
            let start = AttemptStart { provider, ..attempt(&store, ann, NOW.minus(hour * back)) };
            store.ledger().dispatch(start.clone()).await.unwrap();
            store.ledger().settle(start.attempt, settlement(1)).acknowledged().await.unwrap();
        }
        let midnight = domain::Timestamp::from_seconds(NOW.as_seconds().div_euclid(86_400) * 86_400);
        for (from, to) in [
            (None, None),
            (Some(midnight), Some(midnight.plus(hour * 24))),
            (Some(midnight.minus(hour * 24)), Some(midnight)),
            (Some(midnight.minus(hour * 5)), None),
            (None, Some(midnight.minus(hour * 5))),
        ] {
            let provider = Some(domain::ProviderId::Groq);
            let filter = UsageFilter { user: Some(ann), from, to, provider, ..UsageFilter::default() };
            let page = events(&store, &filter, None, 100).await.unwrap();
            assert_eq!((page.count, page.count_is_exact), (page.rows.len() as i64, true), "{from:?} {to:?}");
            assert!(page.count > 0, "{from:?} {to:?}");
        }
        store.close().await;
    })
    .await;
}

/// A hundred thousand rows, of which one is another user's.
#[tokio::test]
async fn among_many_calls_a_users_few_are_found() {
    let place = Place::sqlite();
    let store = place.open().await;
    let (ann, bob) = (UserId::generate(NOW, &entropy()), UserId::generate(NOW, &entropy()));
    for user in [ann, bob] {
        let start = attempt(&store, user, NOW);
        store.ledger().dispatch(start.clone()).await.unwrap();
        store.ledger().settle(start.attempt, settlement(1)).acknowledged().await.unwrap();
    }
    let columns: Vec<String> =
        sqlx::query_scalar("SELECT name FROM pragma_table_info('attempts')").fetch_all(store.pool()).await.unwrap();
    let values: Vec<_> = columns
        .iter()
        .map(|name| match name.as_str() {
            "id" | "request_id" => "printf('00000000-0000-7000-8000-%012d', n)",
            name => name,
        })
        .collect();
    let text = format!(
        "INSERT INTO attempts ({}) WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers \
         WHERE n < 100000) SELECT {} FROM attempts, numbers WHERE user_id = '{ann}'",
        columns.join(", "),
        values.join(", ")
    );
    sqlx::query(sqlx::AssertSqlSafe(text)).execute(store.pool()).await.unwrap();
    let his = UsageFilter { user: Some(bob), ..UsageFilter::default() };
    let page = events(&store, &his, None, 10).await.unwrap();
    assert_eq!((page.rows.len(), page.count, page.count_is_exact), (1, 1, true));
    let hers = UsageFilter { user: Some(ann), ..UsageFilter::default() };
    let page = events(&store, &hers, None, 10).await.unwrap();
    assert_eq!((page.rows.len(), page.count, page.count_is_exact), (10, 10_000, false));
    let page = events(&store, &UsageFilter::default(), None, 10).await.unwrap();
    assert_eq!((page.rows.len(), page.count, page.count_is_exact), (10, 10_000, false));
    store.close().await;
}
