//! A node that is cut off, or stopped, in the middle of its work harms no other.

use std::time::Duration;

use tokio::time::timeout;

use super::nobody;
use crate::error::StoreError;
use crate::testing::{NOW, attempt, on_both, settlement};
use crate::usage::assert_days_are_the_calls;

const LONG: Duration = Duration::from_secs(10);

#[tokio::test]
async fn a_node_that_falls_silent_in_its_ledger_holds_up_no_other() {
    on_both(async |place| {
        if place.is_sqlite() {
            // A server has the file for itself.
            return;
        }
        let store = place.open().await;
        let user = nobody();
        let starts: Vec<_> = (0..3).map(|_| attempt(&store, user, NOW)).collect();
        store.ledger().dispatch(starts[0].clone()).await.unwrap();
        store.ledger().settle(starts[0].attempt, settlement(1)).acknowledged().await.unwrap();

        let mut silent = store.target().own_connection().await.unwrap();
        sqlx::raw_sql("BEGIN; UPDATE usage_days SET attempts = attempts").execute(&mut silent).await.unwrap();
        store.ledger().dispatch(starts[1].clone()).await.unwrap();
        let settled = store.ledger().settle(starts[1].attempt, settlement(2)).acknowledged();
        let sent = async {
            settled.await.unwrap();
            store.ledger().dispatch(starts[2].clone()).await.unwrap();
        };
        timeout(LONG, sent).await.unwrap();
        assert_days_are_the_calls(&store).await;

        // Woken, it hears that its work is not done, and to try again.
        let error = sqlx::raw_sql("COMMIT").execute(&mut silent).await.unwrap_err();
        assert!(matches!(StoreError::from(error), StoreError::Unavailable(_)));
        let text = "SELECT current_setting('idle_in_transaction_session_timeout')";
        let of_pool: String = sqlx::query_scalar(text).fetch_one(store.pool()).await.unwrap();
        assert_eq!(of_pool, "15s");
        store.close().await;
    })
    .await;
}
