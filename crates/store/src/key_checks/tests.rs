//! Who is due, who may claim, and what is kept.

use std::time::Duration;

use domain::audit::{Actor, Event};
use domain::ids::UserId;

use super::*;
use crate::credentials::{self, Health, StoredCredential};
use crate::testing::{NOW, add_credential, add_user, on_both};
use crate::users;

const MINUTE: Duration = Duration::from_secs(60);

async fn placed(store: &Store, owner: UserId, name: &str) -> StoredCredential {
    let key = add_credential(store, owner, name, &format!("sk-{name}")).await;
    place(store, &[(key.credential.id, NOW)]).await.unwrap();
    key
}

#[tokio::test]
async fn one_of_two_nodes_claims_a_check_and_a_lease_ends() {
    on_both(async |place| {
        let (one, two) = (place.open().await, place.open().await);
        let ann = add_user(&one, "ann@example.org").await;
        let key = placed(&one, ann.id, "work").await.credential.id;
        let until = NOW.plus(MINUTE);
        let (a, b) = tokio::join!(claim(&one, key, NOW, until), claim(&two, key, NOW, until));
        assert!(a.unwrap() ^ b.unwrap(), "one of them");
        assert!(due(&two, NOW, 10).await.unwrap().is_empty(), "somebody is at it");
        assert_eq!(due(&two, until, 10).await.unwrap(), [key], "whoever claimed it is dead");
        assert!(claim(&two, key, until, until.plus(MINUTE)).await.unwrap());

        let check = KeyCheck {
            credential: key,
            secret_version: Some(1),
            next_at: until.plus(MINUTE),
            failures: 3,
            latency_ms: Some(120),
            last_success_at: Some(NOW),
        };
        note(&two, &check).await.unwrap();
        note(&two, &KeyCheck { secret_version: Some(2), failures: 9, ..check.clone() }).await.unwrap();
        assert!(!claim(&one, key, until, until.plus(MINUTE)).await.unwrap(), "its time has not come");
        note(&one, &KeyCheck { latency_ms: None, last_success_at: None, ..check.clone() }).await.unwrap();
        assert_eq!(all_for(&one, &[key]).await.unwrap().pop(), Some(check.clone()), "what was not learnt stays");
        note_successes(&one, &[(key, NOW.plus(MINUTE)), (key, NOW)]).await.unwrap();
        assert_eq!(all_for(&one, &[key]).await.unwrap()[0].last_success_at, Some(NOW.plus(MINUTE)));
        let environment = CredentialId::of_source("env:OPENAI_API_KEY");
        note(&one, &KeyCheck { credential: environment, secret_version: None, ..check }).await.unwrap();
        assert_eq!(all_for(&one, &[environment]).await.unwrap().len(), 1);
        one.close().await;
        two.close().await;
    })
    .await;
}

#[tokio::test]
async fn keys_nobody_may_use_are_not_due() {
    on_both(async |place| {
        let store = place.open().await;
        let (ann, bob) = (add_user(&store, "ann@example.org").await, add_user(&store, "bob@example.org").await);
        let (used, off) = (placed(&store, ann.id, "used").await, placed(&store, ann.id, "off").await);
        let (gone, expired) = (placed(&store, ann.id, "gone").await, placed(&store, ann.id, "expired").await);
        let sealed = placed(&store, ann.id, "sealed").await;
        placed(&store, bob.id, "his").await;
        let unplaced = add_credential(&store, ann.id, "new", "sk-new").await;

        let mut change = store.begin(NOW, Actor::System, None).await.unwrap();
        credentials::set_active(&mut change, off.credential.id, false, None).await.unwrap();
        credentials::tombstone(&mut change, gone.credential.id, None).await.unwrap();
        let ends = credentials::CredentialEdit { expires_at: Some(Some(NOW)), ..Default::default() };
        credentials::update_fields(&mut change, expired.credential.id, &ends, None).await.unwrap();
        users::set_active(&mut change, bob.id, false).await.unwrap();
        change.commit(Event::UserDeactivated { user: bob.id }).await.unwrap();
        let undecryptable = Health { secret_version: 1, status: KeyStatus::Undecryptable, reason: None, at: NOW };
        credentials::set_health(&store, sealed.credential.id, &undecryptable).await.unwrap();

        assert_eq!(due(&store, NOW, 10).await.unwrap(), [used.credential.id]);
        assert!(due(&store, NOW.minus(MINUTE), 10).await.unwrap().is_empty());
        let without = without_place(&store, 10).await.unwrap();
        assert_eq!(without, [(unplaced.credential.id, KeyStatus::Unverified)]);
        prune(&store).await.unwrap();
        let left: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM key_checks").fetch_one(store.pool()).await.unwrap();
        assert_eq!(left, 5, "the deleted key's place is forgotten");
        store.close().await;
    })
    .await;
}
