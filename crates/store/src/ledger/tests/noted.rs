//! Calls that the journal has before they are rows.

use std::time::Duration;

use domain::attempt::AttemptState;
use tokio::time::timeout;

use super::{count, nobody, state};
use crate::ledger::recover;
use crate::open::Store;
use crate::testing::{NOW, Place, attempt, settlement};
use crate::{AttemptStart, LedgerError};

const LONG: Duration = Duration::from_secs(10);

/// Calls until one of them was noted: the database is known to take rows for a
/// moment only, and this machine may be slow.
async fn noted(store: &Store) -> AttemptStart {
    let noting = async {
        loop {
            let start = attempt(store, nobody(), NOW);
            store.ledger().dispatch(start.clone()).await.unwrap();
            if store.ledger().queue.has_noted() {
                return start;
            }
        }
    };
    timeout(LONG, noting).await.unwrap()
}

#[tokio::test]
async fn a_noted_call_is_in_the_journal_before_it_is_sent_and_whoever_reads_finds_its_row() {
    let place = Place::sqlite();
    let store = place.serve(NOW).await;
    let start = noted(&store).await;
    let lines = [0, 1].map(|side| std::fs::read_to_string(format!("{}.calls-{side}", place.file().display())).unwrap());
    assert!(lines.concat().contains(&start.attempt.to_string()));
    assert_eq!(state(&store, start.request).await, AttemptState::Dispatched);
    assert!(!store.ledger().queue.has_noted());
    store.close().await;
    let lengths = [0, 1].map(|side| std::fs::metadata(format!("{}.calls-{side}", place.file().display())).unwrap());
    assert!(lengths.iter().all(|file| file.len() == 0), "all of it are rows");
}

#[tokio::test]
async fn a_noted_call_becomes_a_row_by_itself() {
    let place = Place::sqlite();
    let store = place.serve(NOW).await;
    let start = noted(&store).await;
    let id = start.attempt.to_string();
    let text = "SELECT COUNT(*) FROM attempts WHERE id = $1";
    let written =
        async { while sqlx::query_scalar::<_, i64>(text).bind(&id).fetch_one(store.pool()).await.unwrap() == 0 {} };
    timeout(LONG, written).await.unwrap();
    store.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_that_end_in_any_order_have_one_final_row_each_and_the_sums_are_theirs() {
    let place = Place::sqlite();
    let store = place.serve(NOW).await;
    let user = nobody();
    let calls = (0..2_000).map(|number| {
        let store = store.clone();
        tokio::spawn(async move {
            let start = attempt(&store, user, NOW);
            store.ledger().dispatch(start.clone()).await.unwrap();
            if number % 5 == 0 {
                tokio::task::yield_now().await;
            }
            let first = store.ledger().settle(start.attempt, settlement(number));
            drop(store.ledger().settle(start.attempt, settlement(1_000_000)));
            if number % 7 == 0 {
                first.acknowledged().await.unwrap();
            }
        })
    });
    for call in calls.collect::<Vec<_>>() {
        call.await.unwrap();
    }
    store.ledger().flush().await.unwrap();
    assert_eq!(count(&store, "state = 'settled' AND provider_cost_nanos < 2000").await, 2_000);
    assert_eq!(count(&store, "1 = 1").await, 2_000);
    crate::usage::assert_days_are_the_calls(&store).await;
    store.close().await;
    drop(store);
    let store = place.serve(NOW).await;
    assert_eq!(count(&store, "state = 'settled'").await, 2_000);
    crate::usage::assert_days_are_the_calls(&store).await;
    store.close().await;
}

#[tokio::test]
async fn a_whole_row_has_what_a_row_in_two_steps_has() {
    let place = Place::sqlite();
    let store = place.serve(NOW).await;
    let (one, other) = (attempt(&store, nobody(), NOW), noted(&store).await);
    // In one step: noted and over before anything is written.
    drop(store.ledger().settle(other.attempt, settlement(7)));
    store.ledger().flush().await.unwrap();
    // In two.
    store.ledger().dispatch(one.clone()).await.unwrap();
    store.ledger().flush().await.unwrap();
    store.ledger().settle(one.attempt, settlement(7)).acknowledged().await.unwrap();
    let columns = "state, number, node_id, credential_id, scope, provider, model, requested_model, alias, source, wire, \
         streamed, price, markup_basis_points, prompt_tokens, completion_tokens, cached_tokens, cache_write_tokens, \
         reasoning_tokens, usage_source, provider_cost_nanos, client_cost_nanos, finish, error_class, status, \
         latency_ms, first_token_ms, settled_at, at";
    let text = format!("SELECT COUNT(*) FROM (SELECT DISTINCT {columns} FROM attempts WHERE state = 'settled')");
    let distinct: i64 = sqlx::query_scalar(sqlx::AssertSqlSafe(text)).fetch_one(store.pool()).await.unwrap();
    assert_eq!((count(&store, "state = 'settled'").await, distinct), (2, 1));
    store.close().await;
}

#[tokio::test]
async fn a_call_that_nobody_ended_is_given_up_by_the_next_server_and_never_by_its_own() {
    let place = Place::sqlite();
    let store = place.serve(NOW).await;
    let start = noted(&store).await;
    assert_eq!(recover(&store, NOW.plus(Duration::from_secs(600))).await.unwrap(), 0);
    store.close().await;
    drop(store);
    let store = place.serve(NOW).await;
    assert_eq!(state(&store, start.request).await, AttemptState::Unknown);
    store.close().await;
}

#[tokio::test]
async fn a_database_that_takes_no_rows_ends_the_noting_and_the_next_server_enters_what_was_noted() {
    let place = Place::sqlite();
    let store = place.serve(NOW).await;
    let mut sent = vec![noted(&store).await];
    let refusing = "CREATE TRIGGER refusing BEFORE INSERT ON attempts BEGIN SELECT RAISE(ABORT, 'no'); END";
    sqlx::raw_sql(refusing).execute(store.pool()).await.unwrap();
    let refused = async {
        loop {
            let start = attempt(&store, nobody(), NOW);
            match store.ledger().dispatch(start.clone()).await {
                Ok(()) => sent.push(start),
                Err(error) => return error,
            }
        }
    };
    let error = timeout(LONG, refused).await.unwrap();
    assert!(matches!(error, LedgerError::Failed(_)));
    sqlx::raw_sql("DROP TRIGGER refusing").execute(store.pool()).await.unwrap();
    store.close().await;
    drop(store);
    let store = place.serve(NOW).await;
    for start in &sent {
        assert_eq!(state(&store, start.request).await, AttemptState::Unknown);
    }
    crate::usage::assert_days_are_the_calls(&store).await;
    store.close().await;
}

#[tokio::test]
async fn strict_durability_and_the_command_line_have_no_journal() {
    let place = Place::sqlite();
    let strict = crate::OpenOptions { strict_durability: true, serves: true, ..place.options() };
    let (strict, tool) = (Store::open(strict).await.unwrap(), place.open().await);
    for store in [strict, tool] {
        for _ in 0..20 {
            store.ledger().dispatch(attempt(&store, nobody(), NOW)).await.unwrap();
            assert!(!store.ledger().queue.has_noted());
        }
        store.close().await;
    }
    assert!(
        [0, 1]
            .iter()
            .all(|side| { std::fs::metadata(format!("{}.calls-{side}", place.file().display())).unwrap().len() == 0 })
    );
}
