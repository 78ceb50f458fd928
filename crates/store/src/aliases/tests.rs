//! Aliases on both databases.

use domain::ProviderId;
use domain::alias::Mode;
use domain::audit::{Actor, Event};

use super::*;
use crate::testing::{NOW, add_user, entropy, on_both};

fn alias(user: Option<UserId>, name: &str, targets: &[(ProviderId, &str, u32)]) -> Alias {
    Alias {
        id: AliasId::generate(NOW, &entropy()),
        owner: user.map_or(Owner::System, Owner::User),
        teams: None,
        name: name.to_owned(),
        mode: Mode::Ordered,
        targets: targets
            .iter()
            .map(|&(provider, model, weight)| Target { provider, model: model.to_owned(), weight })
            .collect(),
        created_at: NOW,
        updated_at: NOW,
    }
}

fn event(alias: &Alias) -> Event {
    Event::AliasDeleted { alias: alias.id, name: alias.name.clone() }
}

async fn add(store: &Store, alias: &Alias) -> Result<(), StoreError> {
    let mut change = store.begin(NOW, Actor::System, None).await?;
    insert(&mut change, alias, alias.owner.user()).await?;
    change.commit(event(alias)).await
}

async fn kept(store: &Store, id: AliasId) -> Option<Alias> {
    let mut change = store.begin(NOW, Actor::System, None).await.unwrap();
    let alias = by_id(&mut change, id).await.unwrap();
    change.rollback().await.unwrap();
    alias
}

const TARGETS: [(ProviderId, &str, u32); 3] = [
    (ProviderId::OpenAi, "gpt-5-mini", 3),
    (ProviderId::Anthropic, "claude-sonnet-5", 0),
    (ProviderId::Custom, "mine/llama", 1),
];

#[tokio::test]
async fn each_sees_their_own_and_everybodys_with_targets_in_order() {
    on_both(async |place| {
        let store = place.open().await;
        let (ann, bob) = (add_user(&store, "ann@x.org").await.id, add_user(&store, "bob@x.org").await.id);
        let hers = alias(Some(ann), "fast", &TARGETS);
        let everybodys = alias(None, "fast", &TARGETS[..1]);
        let his = alias(Some(bob), "fast", &TARGETS[1..]);
        let seq = crate::changes::latest(&store).await.unwrap();
        for one in [&hers, &everybodys, &his] {
            add(&store, one).await.unwrap();
        }
        assert_eq!(seen_by(&store, Some(ann), None).await.unwrap(), [hers.clone(), everybodys.clone()]);
        assert_eq!(seen_by(&store, Some(bob), None).await.unwrap(), [his.clone(), everybodys.clone()]);
        assert_eq!(kept(&store, hers.id).await, Some(hers));
        let told = crate::changes::since(&store, seq, 10).await.unwrap();
        let told: Vec<_> = told.into_iter().map(|change| (change.kind.unwrap(), change.id)).collect();
        let kind = ChangeKind::Alias;
        assert_eq!(told, [(kind, ann.to_string()), (kind, String::new()), (kind, bob.to_string())]);
        store.close().await;
    })
    .await;
}

#[tokio::test]
async fn an_owner_has_each_name_once() {
    on_both(async |place| {
        let store = place.open().await;
        let ann = add_user(&store, "ann@x.org").await.id;
        add(&store, &alias(Some(ann), "fast", &TARGETS)).await.unwrap();
        let other = alias(Some(ann), "fast", &TARGETS);
        assert!(matches!(add(&store, &other).await, Err(StoreError::Conflict(_))));
        let mut change = store.begin(NOW, Actor::System, None).await.unwrap();
        assert!(is_taken(&mut change, &other).await.unwrap());
        assert!(!is_taken(&mut change, &alias(None, "fast", &TARGETS)).await.unwrap());
        assert!(!is_taken(&mut change, &alias(Some(ann), "Fast", &TARGETS)).await.unwrap());
        assert_eq!(count(&mut change, Owner::User(ann)).await.unwrap(), 1);
        assert_eq!(count(&mut change, Owner::System).await.unwrap(), 0);
        change.rollback().await.unwrap();
        store.close().await;
    })
    .await;
}

#[tokio::test]
async fn an_edit_replaces_the_targets_and_a_deletion_leaves_none() {
    on_both(async |place| {
        let store = place.open().await;
        let mut edited = alias(None, "fast", &TARGETS);
        add(&store, &edited).await.unwrap();
        edited.targets.rotate_left(1);
        edited.targets.truncate(2);
        edited.name = "quick".to_owned();
        edited.mode = Mode::Weighted;
        let mut change = store.begin(NOW, Actor::System, None).await.unwrap();
        assert!(update(&mut change, &edited).await.unwrap());
        change.commit(event(&edited)).await.unwrap();
        assert_eq!(kept(&store, edited.id).await.as_ref(), Some(&edited));
        let mut change = store.begin(NOW, Actor::System, None).await.unwrap();
        assert!(delete(&mut change, &edited).await.unwrap());
        assert!(!delete(&mut change, &edited).await.unwrap());
        assert!(!update(&mut change, &edited).await.unwrap());
        change.commit(event(&edited)).await.unwrap();
        assert_eq!(kept(&store, edited.id).await, None);
        let left: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM alias_targets").fetch_one(store.pool()).await.unwrap();
        assert_eq!(left, 0);
        store.close().await;
    })
    .await;
}

#[tokio::test]
async fn who_leaves_takes_their_own_along() {
    on_both(async |place| {
        let store = place.open().await;
        let (ann, bob) = (add_user(&store, "ann@x.org").await.id, add_user(&store, "bob@x.org").await.id);
        let (hers, his) = (alias(Some(ann), "fast", &TARGETS), alias(Some(bob), "fast", &TARGETS));
        for one in [&hers, &his, &alias(None, "slow", &TARGETS)] {
            add(&store, one).await.unwrap();
        }
        let mut change = store.begin(NOW, Actor::System, None).await.unwrap();
        assert_eq!(delete_of_user(&mut change, ann).await.unwrap(), [(hers.id, "fast".to_owned())]);
        change.commit(event(&hers)).await.unwrap();
        let names = async |user| {
            let left = seen_by(&store, Some(user), None).await.unwrap();
            left.into_iter().map(|alias| alias.name).collect::<Vec<_>>()
        };
        assert_eq!(names(ann).await, ["slow"]);
        assert_eq!(names(bob).await, ["fast", "slow"]);
        store.close().await;
    })
    .await;
}
