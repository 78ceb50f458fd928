//! Kept for its caller, sealed, and for a day.

use super::*;
use crate::testing::{NOW, entropy, on_both};

const STATE: &str = "[{\"signature\":\"very-telling-text\"}]";

#[tokio::test]
async fn a_state_comes_back_to_its_caller_and_to_nobody_else() {
    on_both(async |place| {
        let store = place.open().await;
        let states = [("call_1".to_owned(), STATE.to_owned())];
        put(&store, "ann", &states, NOW, &entropy()).await.unwrap();
        assert_eq!(of_calls(&store, "ann", &["call_0", "call_1"], NOW).await.unwrap(), states);
        assert_eq!(of_calls(&store, "bob", &["call_1"], NOW).await.unwrap(), []);
        assert_eq!(of_calls(&store, "ann", &[], NOW).await.unwrap(), []);
        sqlx::query("UPDATE replay_state SET caller = 'bob'").execute(store.pool()).await.unwrap();
        assert_eq!(of_calls(&store, "bob", &["call_1"], NOW).await.unwrap(), [], "moved, it does not open");
        store.close().await;
    })
    .await;
}

#[tokio::test]
async fn a_state_is_sealed_replaced_and_forgotten_after_a_day() {
    on_both(async |place| {
        let store = place.open().await;
        let state = |text: &str| [("call_1".to_owned(), text.to_owned())];
        put(&store, "ann", &state(STATE), NOW, &entropy()).await.unwrap();
        let sealed: String =
            sqlx::query_scalar("SELECT sealed FROM replay_state").fetch_one(store.pool()).await.unwrap();
        assert!(sealed.starts_with("ok1:") && !sealed.contains("telling"), "{sealed}");
        put(&store, "ann", &state("[2]"), NOW, &entropy()).await.unwrap();
        assert_eq!(of_calls(&store, "ann", &["call_1"], NOW).await.unwrap(), state("[2]"));
        let tomorrow = NOW.plus(KEPT + Duration::from_secs(1));
        assert_eq!(of_calls(&store, "ann", &["call_1"], tomorrow).await.unwrap(), []);
        prune(&store, tomorrow).await.unwrap();
        let left: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM replay_state").fetch_one(store.pool()).await.unwrap();
        assert_eq!(left, 0);
        store.close().await;
    })
    .await;
}
