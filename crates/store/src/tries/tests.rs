//! What was shown last counts, and goes with its key.

use domain::audit::Event;

use super::*;
use crate::testing::{NOW, add_credential, add_user, on_both};

#[tokio::test]
async fn the_last_try_of_an_ability_counts_until_its_key_is_gone() {
    on_both(async |place| {
        let store = place.open().await;
        let ann = add_user(&store, "ann@example.org").await;
        let key = add_credential(&store, ann.id, "work", "sk-one").await.credential.id;
        let one = |ability: &str, outcome: &str| TriedAbility {
            credential: key,
            model: "m".to_owned(),
            ability: ability.to_owned(),
            endpoint: "https://llm.example.org/v1".to_owned(),
            outcome: outcome.to_owned(),
            tried_at: NOW,
        };
        put(&store, key, &[], NOW).await.unwrap();
        put(&store, key, &[one("tools", "works"), one("vision", "works")], NOW).await.unwrap();
        put(&store, key, &[one("tools", "refused")], NOW).await.unwrap();
        let shown = [one("tools", "refused"), one("vision", "works")];
        assert_eq!(all_for(&store, &[key]).await.unwrap(), shown);
        assert_eq!(all_for(&store, &[]).await.unwrap(), []);
        prune(&store).await.unwrap();
        assert_eq!(all_for(&store, &[key]).await.unwrap(), shown, "it is there");
        let mut change = store.begin(NOW, domain::audit::Actor::System, None).await.unwrap();
        assert!(crate::credentials::tombstone(&mut change, key, None).await.unwrap());
        change.commit(Event::CredentialDeleted { credential: key }).await.unwrap();
        prune(&store).await.unwrap();
        assert_eq!(all_for(&store, &[key]).await.unwrap(), []);
        store.close().await;
    })
    .await;
}
