//! An answer's payer, for its caller alone.

use super::*;
use crate::testing::{NOW, add_credential, add_user, on_both};

#[tokio::test]
async fn the_payer_of_a_kept_answer_is_known_to_its_caller_for_a_month() {
    on_both(async |place| {
        let store = place.open().await;
        let ann = add_user(&store, "ann@example.org").await;
        let key = add_credential(&store, ann.id, "work", "sk-one").await.credential.id;
        put(&store, "ann", "resp_1", key, NOW).await.unwrap();
        put(&store, "ann", "resp_1", CredentialId::of_source("another"), NOW).await.unwrap();
        assert_eq!(payer(&store, "ann", "resp_1", NOW).await.unwrap(), Some(key), "the first word counts");
        assert_eq!(payer(&store, "bob", "resp_1", NOW).await.unwrap(), None);
        let later = NOW.plus(KEPT + Duration::from_secs(1));
        assert_eq!(payer(&store, "ann", "resp_1", later).await.unwrap(), None);
        prune(&store, later).await.unwrap();
        assert_eq!(payer(&store, "ann", "resp_1", NOW).await.unwrap(), None);
        store.close().await;
    })
    .await;
}

#[tokio::test]
async fn an_answer_is_forgotten_for_its_own_caller_alone() {
    on_both(async |place| {
        let store = place.open().await;
        let key = CredentialId::of_source("a key");
        for caller in ["ann", "bob"] {
            put(&store, caller, "resp_1", key, NOW).await.unwrap();
        }
        forget(&store, "ann", "resp_1").await.unwrap();
        forget(&store, "ann", "resp_2").await.unwrap();
        assert_eq!(payer(&store, "ann", "resp_1", NOW).await.unwrap(), None);
        assert_eq!(payer(&store, "bob", "resp_1", NOW).await.unwrap(), Some(key));
        store.close().await;
    })
    .await;
}
