//! SQLite answers from the indices, whichever part of the filter is given.

use std::time::Duration;

use domain::ids::UserId;
use sqlx::Row as _;

use super::super::{UsageFilter, events};
use super::*;
use crate::ledger::AttemptStart;
use crate::open::Store;
use crate::testing::{NOW, Place, attempt, entropy, on_both, settlement};

/// The plan's lines that read a table.
async fn plan(store: &Store, asked: Asked) -> Vec<String> {
    let rows = asked.explained().rows(store).await.unwrap();
    let lines = rows.iter().map(|row| row.try_get::<String, _>("detail").unwrap());
    lines.filter(|line| line.starts_with("SCAN") || line.starts_with("SEARCH")).collect()
}

#[tokio::test]
async fn no_listing_reads_the_whole_table() {
    let place = Place::sqlite();
    let store = place.open().await;
    let user = Some(UserId::generate(NOW, &entropy()));
    let credential = Some(domain::ids::CredentialId::of_source("env:A"));
    let model = Some("gpt-6.1".to_owned());
    let (from, to) = (Some(NOW), Some(NOW.plus(Duration::from_secs(1))));
    let after = Some(EventCursor { at: NOW, request: domain::ids::RequestId::generate(NOW, &entropy()) });
    let all = UsageFilter::default;
    let hers = || UsageFilter { user, model: model.clone(), from, ..all() };
    let (along, days) = (Places::Along(vec![20_001, 20_000]), Places::Days(vec![20_001, 20_000]));
    let keys = Places::Keys(vec![(20_001, "a".to_owned()), (20_000, "b".to_owned())]);
    let in_time = "attempts_by_time (at>? AND at<?)";
    let of_user = "attempts_of_user (user_id=? AND at>? AND at<?)";
    let of_key = "attempts_of_credential (credential_id=? AND at>? AND at<?)";
    for (filter, places, is_personal, index) in [
        (all(), Places::Anywhere, false, "attempts_by_time"),
        (UsageFilter { from, to, ..all() }, Places::Anywhere, false, in_time),
        (UsageFilter { user, from, to, ..all() }, Places::Anywhere, false, of_user),
        (UsageFilter { user, from, ..all() }, Places::Anywhere, false, "attempts_of_user (user_id=? AND at>?)"),
        (UsageFilter { user, model: model.clone(), ..all() }, along.clone(), false, of_user),
        (UsageFilter { user, model: model.clone(), to, ..all() }, along.clone(), true, of_user),
        (hers(), days.clone(), false, of_user),
        (hers(), keys.clone(), true, of_key),
        (UsageFilter { user: None, ..hers() }, days.clone(), false, in_time),
        (UsageFilter { user: None, ..hers() }, keys.clone(), false, of_key),
        (UsageFilter { user, credential, from, ..all() }, along.clone(), false, of_user),
        (UsageFilter { user, credential, from, ..all() }, along, true, of_key),
        (UsageFilter { user, credential, from, ..all() }, days, false, of_user),
        (UsageFilter { user, credential, from, ..all() }, keys, true, of_key),
    ] {
        // Repeated calls of everybody are looked for by no page.
        let repeated = filter.user.map(|_| (20_000, 20_001));
        let known = || Known { places: places.clone(), is_personal, repeated };
        let search = |after| Search { filter: &filter, after, limit: 50, known: known() };
        for (asked, is_on) in
            [(search(None).page(), false), (search(after).page(), true), (search(None).count(), false)]
        {
            let plan = plan(&store, asked).await;
            let is_used = plan.iter().any(|line| line.starts_with("SEARCH f") && line.ends_with(index));
            let is_whole = index == "attempts_by_time" || (filter.to.is_none() && is_on && places == Places::Anywhere);
            assert!(is_used || is_whole, "{index}: {plan:#?}");
            for line in &plan {
                let reads_table = ["attempts", "f", "a", "d"].iter().any(|name| line.split(' ').nth(1) == Some(name));
                let is_indexed = line.starts_with("SEARCH")
                    || line.contains("attempts_unfinished")
                    || (is_whole && line.contains("attempts_by_time"));
                assert!(!reads_table || is_indexed, "{line}\n{plan:#?}");
            }
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
        let midnight = Timestamp::from_seconds(NOW.as_seconds().div_euclid(86_400) * 86_400);
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
        let key = UsageFilter { credential: Some(first.credential), ..hers.clone() };
        for filter in [
            UsageFilter { model: Some("rare".to_owned()), ..hers.clone() },
            UsageFilter { token, ..hers.clone() },
            UsageFilter { token, ..key },
            UsageFilter { model: Some("rare".to_owned()), to: Some(midnight), ..hers.clone() },
        ] {
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
        let midnight = Timestamp::from_seconds(NOW.as_seconds().div_euclid(86_400) * 86_400);
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

/// Pages of every kind of filter are what a look at all calls finds, in order,
/// none left out and none twice.
#[tokio::test]
async fn pages_have_the_calls_that_pass_and_no_others() {
    on_both(async |place| {
        let store = place.open().await;
        let (ann, bob) = (UserId::generate(NOW, &entropy()), UserId::generate(NOW, &entropy()));
        let hers = domain::ids::CredentialId::of_source("hers");
        let mut calls = Vec::new();
        for number in 0..60_u64 {
            // Several at one time, on several days.
            let at = NOW.minus(Duration::from_hours(number / 4 * 7));
            let user = if number % 5 == 0 { bob } else { ann };
            let is_hers = user == ann && number % 3 == 0;
            let first = AttemptStart {
                model: format!("model-{}", number % 4),
                credential: if is_hers { hers } else { domain::ids::CredentialId::of_source("shared") },
                scope: if is_hers { domain::credential::Scope::Personal } else { domain::credential::Scope::System },
                ..attempt(&store, user, at)
            };
            let mut attempts = vec![first.clone()];
            if number % 6 == 1 {
                let id = domain::ids::AttemptId::generate(NOW, &entropy());
                let at = at.plus(Duration::from_secs(30));
                attempts.push(AttemptStart { attempt: id, number: 2, model: "model-9".to_owned(), at, ..first });
            }
            for (place, start) in attempts.iter().enumerate() {
                store.ledger().dispatch(start.clone()).await.unwrap();
                if number % 11 != 0 || place == 1 {
                    store.ledger().settle(start.attempt, settlement(1)).acknowledged().await.unwrap();
                }
            }
            calls.push(attempts);
        }
        let model = |name: &str| Some(name.to_owned());
        let shared = Some(domain::ids::CredentialId::of_source("shared"));
        let all = UsageFilter::default;
        for filter in [
            all(),
            UsageFilter { model: model("model-1"), ..all() },
            UsageFilter { model: model("model-9"), ..all() },
            UsageFilter { model: model("nothing"), ..all() },
            UsageFilter { credential: Some(hers), ..all() },
            UsageFilter { credential: Some(hers), model: model("model-9"), ..all() },
            UsageFilter { credential: shared, ..all() },
            UsageFilter { credential: shared, model: model("model-2"), ..all() },
        ] {
            for (from, to) in [(None, None), (Some(30), None), (None, Some(20)), (Some(50), Some(9))] {
                for user in [Some(ann), Some(bob), None] {
                    let ago = |hours: Option<u64>| hours.map(|hours| NOW.minus(Duration::from_hours(hours)));
                    let filter = UsageFilter { user, from: ago(from), to: ago(to), ..filter.clone() };
                    assert_eq!(found(&store, &filter).await, passing(&calls, &filter), "{filter:?}");
                }
            }
        }
        store.close().await;
    })
    .await;
}

/// What the pages have, seven at a time.
async fn found(store: &Store, filter: &UsageFilter) -> Vec<domain::ids::RequestId> {
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let page = events(store, filter, after, 7).await.unwrap();
        seen.extend(page.rows.iter().map(|event| event.request));
        after = page.next;
        if after.is_none() {
            assert_eq!((page.count, page.count_is_exact), (i64::try_from(seen.len()).unwrap(), true), "{filter:?}");
            return seen;
        }
    }
}

/// What they should have.
fn passing(calls: &[Vec<AttemptStart>], filter: &UsageFilter) -> Vec<domain::ids::RequestId> {
    let passes = |start: &AttemptStart| {
        filter.model.as_ref().is_none_or(|model| *model == start.model)
            && filter.credential.is_none_or(|credential| credential == start.credential)
    };
    let mut found: Vec<_> = calls
        .iter()
        .filter(|call| call.iter().any(passes))
        .map(|call| &call[0])
        .filter(|first| filter.user.is_none_or(|user| user == first.user))
        .filter(|first| filter.from.is_none_or(|from| first.at >= from) && filter.to.is_none_or(|to| first.at < to))
        .collect();
    found.sort_by_key(|first| std::cmp::Reverse((first.at, first.request)));
    found.into_iter().map(|first| first.request).collect()
}
