//! Every call has a row before it is sent and one final state after it.

mod company;
mod kill;
mod noted;
mod silent;

use std::time::Duration;

use domain::attempt::AttemptState;
use domain::ids::UserId;
use futures_util::FutureExt as _;
use futures_util::future::join_all;

use super::*;
use crate::open::Store;
use crate::testing::{NOW, attempt, entropy, on_both, settlement};
use crate::usage;

fn nobody() -> UserId {
    UserId::generate(NOW, &entropy())
}

async fn state(store: &Store, request: RequestId) -> AttemptState {
    usage::event(store, request).await.unwrap().unwrap().attempts[0].state
}

async fn count(store: &Store, condition: &'static str) -> i64 {
    let text = format!("SELECT COUNT(*) FROM attempts WHERE {condition}");
    sqlx::query_scalar(sqlx::AssertSqlSafe(text)).fetch_one(store.pool()).await.unwrap()
}

#[tokio::test]
async fn a_row_is_there_before_the_call_and_complete_after_it() {
    on_both(async |place| {
        let store = place.open().await;
        let start = attempt(&store, nobody(), NOW);
        store.ledger().dispatch(start.clone()).await.unwrap();
        let row = usage::event(&store, start.request).await.unwrap().unwrap().attempts.remove(0);
        assert_eq!((&row.start, row.state, row.provider_cost), (&start, AttemptState::Dispatched, None));

        store.ledger().settle(start.attempt, settlement(42)).acknowledged().await.unwrap();
        let row = usage::event(&store, start.request).await.unwrap().unwrap().attempts.remove(0);
        assert_eq!((row.state, row.provider_cost), (AttemptState::Settled, Some(Nanos(42))));
        assert_eq!((row.tokens, row.latency_ms, row.status), (settlement(42).tokens, Some(12), Some(200)));
        store.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_calls_at_once_have_one_final_row_each() {
    on_both(async |place| {
        let store = place.open().await;
        let calls = (0..1000).map(|number| {
            let store = store.clone();
            tokio::spawn(async move {
                let start = attempt(&store, UserId::generate(NOW, &entropy()), NOW);
                store.ledger().dispatch(start.clone()).await.unwrap();
                let twice = store.ledger().settle(start.attempt, settlement(number));
                store.ledger().settle(start.attempt, settlement(1_000_000)).acknowledged().await.unwrap();
                twice.acknowledged().await.unwrap();
            })
        });
        join_all(calls).await.into_iter().for_each(|call| call.unwrap());
        assert_eq!(count(&store, "state = 'settled' AND provider_cost_nanos < 1000").await, 1000);
        assert_eq!(count(&store, "1 = 1").await, 1000);
        store.close().await;
    })
    .await;
}

#[tokio::test]
async fn a_settlement_in_the_same_group_as_its_reservation_counts_and_may_be_dropped() {
    on_both(async |place| {
        let store = place.open().await;
        let start = attempt(&store, nobody(), NOW);
        let reserved = store.ledger().dispatch(start.clone());
        let mut reserved = Box::pin(reserved);
        // One poll queues the reservation; the settlement is queued behind it.
        assert!((&mut reserved).now_or_never().is_none());
        drop(store.ledger().settle(start.attempt, settlement(1)));
        reserved.await.unwrap();
        store.ledger().flush().await.unwrap();
        assert_eq!(state(&store, start.request).await, AttemptState::Settled);
        store.close().await;
    })
    .await;
}

#[tokio::test]
async fn a_final_state_is_final() {
    on_both(async |place| {
        let store = place.open().await;
        let start = attempt(&store, nobody(), NOW);
        store.ledger().dispatch(start.clone()).await.unwrap();
        store.ledger().settle(start.attempt, settlement(1)).acknowledged().await.unwrap();
        let failed = Settlement { state: AttemptState::Failed, ..settlement(2) };
        store.ledger().settle(start.attempt, failed).acknowledged().await.unwrap();
        assert_eq!(state(&store, start.request).await, AttemptState::Settled);
        store.close().await;
    })
    .await;
}

#[tokio::test]
async fn a_killed_servers_calls_become_unknown_and_never_zero() {
    on_both(async |place| {
        let killed = place.serve(NOW).await;
        let start = attempt(&killed, nobody(), NOW);
        killed.ledger().dispatch(start.clone()).await.unwrap();
        // The process is gone: nothing is flushed or settled any more.
        drop(killed);

        let later = NOW.plus(Duration::from_secs(31));
        let store = place.serve(later).await;
        let row = usage::event(&store, start.request).await.unwrap().unwrap().attempts.remove(0);
        assert_eq!(row.state, AttemptState::Unknown);
        assert_eq!((row.provider_cost, row.client_cost, row.tokens), (None, None, None));
        store.close().await;
    })
    .await;
}

#[tokio::test]
async fn a_living_nodes_calls_are_left_alone() {
    on_both(async |place| {
        let store = place.serve(NOW).await;
        let tool = place.open().await;
        let start = attempt(&tool, nobody(), NOW);
        tool.ledger().dispatch(start.clone()).await.unwrap();
        assert_eq!(recover(&store, NOW.plus(Duration::from_secs(20))).await.unwrap(), 0);
        heartbeat(&tool, NOW.plus(Duration::from_secs(20))).await.unwrap();
        assert_eq!(recover(&store, NOW.plus(Duration::from_secs(45))).await.unwrap(), 0);
        assert_eq!(recover(&store, NOW.plus(Duration::from_secs(60))).await.unwrap(), 1);
        let own = attempt(&store, nobody(), NOW);
        store.ledger().dispatch(own.clone()).await.unwrap();
        assert_eq!(recover(&store, NOW.plus(Duration::from_secs(600))).await.unwrap(), 0, "never one's own");
        tool.close().await;
        store.close().await;
    })
    .await;
}

#[tokio::test]
async fn one_refused_row_harms_nobody_else_and_the_writer_goes_on() {
    on_both(async |place| {
        let store = place.open().await;
        let starts: Vec<_> = (0..3).map(|_| attempt(&store, nobody(), NOW)).collect();
        join_all(starts.iter().map(|start| store.ledger().dispatch(start.clone()))).await;
        // The table refuses negative costs.
        let ends =
            starts.iter().zip([5, -1, 7]).map(|(start, cost)| store.ledger().settle(start.attempt, settlement(cost)));
        let ends: Vec<_> = ends.collect();
        let ends = join_all(ends.into_iter().map(Settled::acknowledged)).await;
        assert!(ends[0].is_ok() && ends[2].is_ok());
        assert!(matches!(ends[1], Err(LedgerError::Failed(_))));
        assert_eq!(state(&store, starts[1].request).await, AttemptState::Dispatched);
        store.ledger().settle(starts[1].attempt, settlement(6)).acknowledged().await.unwrap();
        assert_eq!(count(&store, "state = 'settled'").await, 3);
        store.close().await;
    })
    .await;
}

#[tokio::test]
async fn a_lost_connection_is_made_again() {
    on_both(async |place| {
        if place.is_sqlite() {
            return;
        }
        let store = place.open().await;
        let start = attempt(&store, nobody(), NOW);
        store.ledger().dispatch(start.clone()).await.unwrap();
        sqlx::query(
            "SELECT COUNT(pg_terminate_backend(pid)) FROM pg_stat_activity \
             WHERE datname = current_database() AND pid <> pg_backend_pid()",
        )
        .fetch_one(store.pool())
        .await
        .unwrap();
        store.ledger().settle(start.attempt, settlement(1)).acknowledged().await.unwrap();
        assert_eq!(state(&store, start.request).await, AttemptState::Settled);
        store.close().await;
    })
    .await;
}

#[tokio::test]
async fn a_closed_ledger_says_so() {
    on_both(async |place| {
        let store = place.open().await;
        store.close().await;
        let refused = store.ledger().dispatch(attempt(&store, nobody(), NOW)).await;
        assert!(matches!(refused, Err(LedgerError::Closed)));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn administrative_changes_and_calls_do_not_starve_each_other() {
    on_both(async |place| {
        let store = place.open().await;
        let calls = async {
            for _ in 0..200 {
                let start = attempt(&store, nobody(), NOW);
                store.ledger().dispatch(start.clone()).await.unwrap();
                drop(store.ledger().settle(start.attempt, settlement(1)));
            }
        };
        let changes = async {
            for number in 0..20 {
                crate::testing::add_user(&store, &format!("user{number}@example.org")).await;
            }
        };
        tokio::join!(calls, changes);
        store.ledger().flush().await.unwrap();
        assert_eq!(count(&store, "state = 'settled'").await, 200);
        store.close().await;
    })
    .await;
}

#[tokio::test]
async fn strict_durability_waits_for_the_disk_and_works_alike() {
    on_both(async |place| {
        let options = crate::OpenOptions { strict_durability: true, ..place.options() };
        let store = Store::open(options).await.unwrap();
        let start = attempt(&store, nobody(), NOW);
        store.ledger().dispatch(start.clone()).await.unwrap();
        store.ledger().flush().await.unwrap();
        assert_eq!(state(&store, start.request).await, AttemptState::Dispatched);
        store.close().await;
    })
    .await;
}
