//! What waits for what: settlements for company, the writer for another
//! process, and the log for being carried over.

use std::time::Duration;

use domain::attempt::AttemptState;
use tokio::time::timeout;

use super::{count, nobody, state};
use crate::testing::{NOW, Place, attempt, on_both, settlement};

const LONG: Duration = Duration::from_secs(10);

#[tokio::test]
async fn a_settlement_that_nobody_waits_for_is_written_all_the_same() {
    on_both(async |place| {
        let store = place.open().await;
        let start = attempt(&store, nobody(), NOW);
        store.ledger().dispatch(start.clone()).await.unwrap();
        drop(store.ledger().settle(start.attempt, settlement(1)));
        let written = async { while state(&store, start.request).await != AttemptState::Settled {} };
        timeout(LONG, written).await.unwrap();
        store.close().await;
    })
    .await;
}

#[tokio::test]
async fn settlements_without_a_waiter_are_written_when_the_store_closes() {
    on_both(async |place| {
        let store = place.open().await;
        let starts: Vec<_> = (0..100).map(|_| attempt(&store, nobody(), NOW)).collect();
        for start in &starts {
            store.ledger().dispatch(start.clone()).await.unwrap();
            drop(store.ledger().settle(start.attempt, settlement(1)));
        }
        store.close().await;
        let store = place.open().await;
        assert_eq!(count(&store, "state = 'settled'").await, 100);
        store.close().await;
    })
    .await;
}

#[tokio::test]
async fn a_file_that_another_process_writes_is_waited_for_without_holding_up_the_thread() {
    let place = Place::sqlite();
    let store = place.open().await;
    let other = rusqlite::Connection::open(place.file()).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let start = attempt(&store, nobody(), NOW);
    let mut dispatched = Box::pin(store.ledger().dispatch(start.clone()));
    // The runtime has one thread: were it held up, no time would run out.
    assert!(timeout(Duration::from_millis(30), &mut dispatched).await.is_err());
    assert_eq!(count(&store, "1 = 1").await, 0);
    other.execute_batch("COMMIT").unwrap();
    timeout(LONG, dispatched).await.unwrap().unwrap();
    assert_eq!(state(&store, start.request).await, AttemptState::Dispatched);
    store.close().await;
}

#[tokio::test]
async fn the_log_is_carried_over_while_calls_go_on() {
    let place = Place::sqlite();
    let store = place.open().await;
    for _ in 0..40 {
        for _ in 0..200 {
            store.ledger().dispatch(attempt(&store, nobody(), NOW)).await.unwrap();
        }
        store.ledger().flush().await.unwrap();
    }
    let log = place.file().with_extension("db-wal");
    // All that was written is about 55,000 pages.
    let pages = std::fs::metadata(log).unwrap().len() / 4_096;
    assert!(pages < 25_000, "{pages} pages");
    store.close().await;
}

#[tokio::test]
async fn a_call_is_entered_with_few_pages() {
    let place = Place::sqlite();
    let store = place.open().await;
    let log = place.file().with_extension("db-wal");
    let pages = || std::fs::metadata(&log).unwrap().len() / 4_120;
    store.ledger().dispatch(attempt(&store, nobody(), NOW)).await.unwrap();
    let before = pages();
    for _ in 0..200 {
        store.ledger().dispatch(attempt(&store, nobody(), NOW)).await.unwrap();
    }
    // The row, its id, and that it is unfinished; now and then a new page.
    let written = pages() - before;
    assert!(written < 200 * 4, "{written} pages for 200 calls");
    store.close().await;
}
