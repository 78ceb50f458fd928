//! Keys held for others, on both databases.

use std::time::Duration;

use domain::audit::{Actor, Event};
use domain::credential::Scope;
use domain::ids::TeamId;
use domain::organization::MemberRole;

use super::*;
use crate::credentials::{StoredCredential, insert, set_active};
use crate::testing::{NOW, add_organization, add_user, attempt, created, credential, entropy, on_both, settlement};
use crate::vault::Sealed;
use crate::{memberships, organizations};

async fn key(store: &Store, owner: OrganizationId, name: &str) -> CredentialId {
    let nobody = UserId::generate(NOW, &entropy());
    let key = Credential {
        scope: Scope::Organization,
        owner: None,
        organization: Some(owner),
        created_by: None,
        updated_by: None,
        ..credential(nobody, name)
    };
    let mut change = store.begin(NOW, Actor::System, None).await.unwrap();
    let sealed: Option<Sealed> = None;
    let stored = StoredCredential { credential: key.clone(), sealed, fingerprint: None };
    insert(&mut change, &stored).await.unwrap();
    change.commit(created(&key)).await.unwrap();
    key.id
}

fn wanted(holder: Holder) -> Held {
    Held { holder, provider: None, is_active: None, search: None, after: None, limit: 50 }
}

async fn names(store: &Store, wanted: &Held) -> Vec<String> {
    held(store, wanted).await.unwrap().into_iter().map(|key| key.name).collect()
}

#[tokio::test]
async fn an_admin_sees_the_keys_of_their_organizations_and_no_others() {
    on_both(async |place| {
        let store = place.open().await;
        let (ann, bob) = (add_user(&store, "ann@example.org").await.id, add_user(&store, "bob@example.org").await.id);
        let (acme, globex) = (add_organization(&store, "acme").await, add_organization(&store, "globex").await);
        for (organization, user, role) in
            [(acme, ann, MemberRole::Owner), (globex, ann, MemberRole::Member), (globex, bob, MemberRole::Admin)]
        {
            let mut change = store.begin(NOW, Actor::System, None).await.unwrap();
            memberships::set(&mut change, organization, user, role, None).await.unwrap();
            change.commit(Event::MemberSet { organization, user, role }).await.unwrap();
        }
        key(&store, acme, "one").await;
        key(&store, globex, "two").await;
        assert_eq!(names(&store, &wanted(Holder::OfAdmin(ann))).await, ["one"]);
        assert_eq!(names(&store, &wanted(Holder::OfAdmin(bob))).await, ["two"]);
        assert_eq!(names(&store, &wanted(Holder::Organization(globex))).await, ["two"]);
        let mut all = names(&store, &wanted(Holder::EveryOrganization)).await;
        all.sort();
        assert_eq!(all, ["one", "two"]);
        assert!(names(&store, &wanted(Holder::System)).await.is_empty());
        store.close().await;
    })
    .await;
}

#[tokio::test]
async fn pages_go_on_where_the_last_one_ended_and_filters_hold() {
    on_both(async |place| {
        let store = place.open().await;
        let (acme, globex) = (add_organization(&store, "acme").await, add_organization(&store, "globex").await);
        let mut first = None;
        for at in 0..3 {
            first = first.or(Some(key(&store, acme, &format!("acme {at}")).await));
            key(&store, globex, &format!("globex {at}")).await;
        }
        let mut change = store.begin(NOW, Actor::System, None).await.unwrap();
        let off = first.unwrap();
        set_active(&mut change, off, false, None).await.unwrap();
        change.commit(Event::CredentialDeactivated { credential: off }).await.unwrap();
        let all = wanted(Holder::EveryOrganization);
        let (mut seen, mut after) = (Vec::new(), None);
        loop {
            let page = held(&store, &Held { after, limit: 2, ..all.clone() }).await.unwrap();
            let Some(last) = page.last() else { break };
            after = Some(last.id);
            seen.extend(page.into_iter().map(|key| key.name));
        }
        assert_eq!(seen.len(), 6, "{seen:?}");
        assert_eq!(seen, names(&store, &all).await, "in the same order");
        assert_eq!(names(&store, &Held { is_active: Some(false), ..all.clone() }).await, ["acme 0"]);
        let found = Held { search: Some("globex 1".to_owned()), ..all.clone() };
        assert_eq!(names(&store, &found).await, ["globex 1"]);
        assert!(names(&store, &Held { provider: Some(ProviderId::Groq), ..all }).await.is_empty());
        store.close().await;
    })
    .await;
}

#[tokio::test]
async fn teams_are_counted_once_each_and_old_calls_do_not_count() {
    on_both(async |place| {
        let store = place.open().await;
        let ann = add_user(&store, "ann@example.org").await.id;
        let acme = add_organization(&store, "acme").await;
        let (used, idle) = (key(&store, acme, "used").await, key(&store, acme, "idle").await);
        let (search, support) = (TeamId::generate(NOW, &entropy()), TeamId::generate(NOW, &entropy()));
        let old = NOW.minus(Duration::from_hours(24));
        for (team, at) in
            [(Some(search), NOW), (Some(search), NOW), (Some(support), NOW), (None, NOW), (Some(support), old)]
        {
            let start = crate::ledger::AttemptStart { team, credential: used, ..attempt(&store, ann, at) };
            store.ledger().dispatch(start.clone()).await.unwrap();
            store.ledger().settle(start.attempt, settlement(1)).acknowledged().await.unwrap();
        }
        let counted = teams_lately(&store, &[used, idle], NOW).await.unwrap();
        assert_eq!(counted.get(&used), Some(&2));
        assert_eq!(counted.get(&idle), None);
        assert!(teams_lately(&store, &[], NOW).await.unwrap().is_empty());
        let uses = crate::aliases::uses(&store, "fast", None).await.unwrap();
        assert_eq!((uses.calls, uses.users, uses.teams, uses.last_at), (5, 1, 2, Some(NOW)));
        assert_eq!(crate::aliases::uses(&store, "fast", Some(acme)).await.unwrap().calls, 0);
        let people = organizations::peopled(&store, &[acme]).await.unwrap();
        assert_eq!(people.get(&acme).map(|it| (it.members, it.teams, it.credentials)), Some((0, 0, 2)));
        store.close().await;
    })
    .await;
}
