//! Registered models on both databases.

use domain::ProviderId;
use domain::audit::{Actor, Event};
use domain::registration::Said;

use super::*;
use crate::testing::{NOW, add_user, on_both};

fn registration(user: Option<UserId>, model: &str) -> Registration {
    Registration {
        owner: user.map_or(Owner::System, Owner::User),
        provider: ProviderId::Azure,
        namespace: "azure".to_owned(),
        model: model.to_owned(),
        said: Said { context_window: Some(128_000), ..Said::default() },
        created_at: NOW,
        updated_at: NOW,
    }
}

fn event(one: &Registration) -> Event {
    Event::ModelRegistered { model: one.uuid(), scope: one.scope(), name: one.written() }
}

async fn add(store: &Store, one: &Registration) -> Result<(), StoreError> {
    let mut change = store.begin(NOW, Actor::System, None).await?;
    insert(&mut change, one, one.owner.user()).await?;
    change.commit(event(one)).await
}

#[tokio::test]
async fn each_sees_their_own_and_everybodys() {
    on_both(async |place| {
        let store = place.open().await;
        let (ann, bob) = (add_user(&store, "ann@x.org").await.id, add_user(&store, "bob@x.org").await.id);
        let (hers, his) = (registration(Some(ann), "my-gpt"), registration(Some(bob), "my-gpt"));
        let everybodys = registration(None, "my-gpt");
        for one in [&hers, &his, &everybodys] {
            add(&store, one).await.unwrap();
        }
        assert_eq!(seen_by(&store, Some(ann), None).await.unwrap(), [hers.clone(), everybodys.clone()]);
        assert_eq!(seen_by(&store, Some(bob), None).await.unwrap(), [his, everybodys]);
        assert!(matches!(add(&store, &hers).await, Err(StoreError::Conflict(_))), "once for each owner");
    })
    .await;
}

#[tokio::test]
async fn what_is_said_can_be_changed_and_taken_back() {
    on_both(async |place| {
        let store = place.open().await;
        let ann = add_user(&store, "ann@x.org").await.id;
        let hers = registration(Some(ann), "my-gpt");
        add(&store, &hers).await.unwrap();
        let edited = Registration { said: Said::default(), ..hers.clone() };
        let mut change = store.begin(NOW, Actor::System, None).await.unwrap();
        assert_eq!(count(&mut change, Owner::User(ann)).await.unwrap(), 1);
        assert!(update(&mut change, &edited).await.unwrap());
        assert_eq!(get(&mut change, Owner::User(ann), "azure", "my-gpt").await.unwrap(), Some(edited.clone()));
        assert_eq!(get(&mut change, Owner::System, "azure", "my-gpt").await.unwrap(), None);
        assert!(delete(&mut change, &edited).await.unwrap());
        assert!(!delete(&mut change, &edited).await.unwrap());
        change.commit(event(&edited)).await.unwrap();
        assert!(seen_by(&store, Some(ann), None).await.unwrap().is_empty());
    })
    .await;
}

#[tokio::test]
async fn whoever_leaves_leaves_no_models_behind() {
    on_both(async |place| {
        let store = place.open().await;
        let ann = add_user(&store, "ann@x.org").await.id;
        let (hers, everybodys) = (registration(Some(ann), "my-gpt"), registration(None, "theirs"));
        add(&store, &hers).await.unwrap();
        add(&store, &everybodys).await.unwrap();
        let mut change = store.begin(NOW, Actor::System, None).await.unwrap();
        assert_eq!(delete_of_user(&mut change, ann).await.unwrap(), std::slice::from_ref(&hers));
        change.commit(event(&hers)).await.unwrap();
        assert_eq!(seen_by(&store, Some(ann), None).await.unwrap(), [everybodys]);
    })
    .await;
}
