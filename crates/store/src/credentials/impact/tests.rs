//! What a key's removal would hit is found by its index.

use sqlx::Row as _;

use super::{CALLS, TOKENS};
use crate::testing::Place;

#[tokio::test]
async fn a_keys_calls_are_found_without_reading_the_whole_table() {
    let place = Place::sqlite();
    let store = place.open().await;
    for text in [CALLS, TOKENS] {
        let explained = format!("EXPLAIN QUERY PLAN {text}");
        let rows = sqlx::query(sqlx::AssertSqlSafe(explained)).fetch_all(store.pool()).await.unwrap();
        let plan: Vec<String> = rows.iter().map(|row| row.try_get("detail").unwrap()).collect();
        let by_key = plan.iter().filter(|line| line.contains("attempts_of_credential (credential_id=? AND at>?)"));
        assert_eq!(by_key.count(), 1, "{plan:#?}");
        let scans = plan.iter().filter(|line| line.starts_with("SCAN attempts"));
        assert!(scans.into_iter().all(|line| line.contains("attempts_unfinished")), "{plan:#?}");
    }
    store.close().await;
}
