//! No change without its row, and no row altered unseen.

use domain::ProviderId;
use domain::audit::{Actor, Event};
use domain::budget::OwnerKind;
use domain::credential::{Owner, Scope};
use domain::ids::BudgetId;
use domain::spread::Spread;

use super::*;
use crate::testing::{NOW, add_organization, add_team, add_user, on_both, user};
use crate::{changes, users};

#[tokio::test]
async fn the_chain_links_and_a_changed_row_breaks_it() {
    on_both(async |place| {
        let store = place.open().await;
        for number in 0..5 {
            add_user(&store, &format!("user{number}@example.org")).await;
        }
        assert_eq!(verify(&store).await.unwrap(), Verified { rows: 5, broken_at: None });

        sqlx::query("UPDATE audit_events SET address = '10.0.0.1' WHERE seq = 3").execute(store.pool()).await.unwrap();
        assert_eq!(verify(&store).await.unwrap().broken_at, Some(3));
        sqlx::query("UPDATE audit_events SET address = NULL WHERE seq = 3").execute(store.pool()).await.unwrap();
        assert_eq!(verify(&store).await.unwrap().broken_at, None);
        sqlx::query("DELETE FROM audit_events WHERE seq = 5").execute(store.pool()).await.unwrap();
        assert_eq!(verify(&store).await.unwrap(), Verified { rows: 4, broken_at: Some(5) });
        store.close().await;
    })
    .await;
}

#[tokio::test]
async fn a_change_without_an_event_or_without_a_commit_never_happened() {
    on_both(async |place| {
        let store = place.open().await;
        let mut change = store.begin(NOW, Actor::System, None).await.unwrap();
        users::insert(&mut change, &user("a@example.org")).await.unwrap();
        assert!(change.commit_all(vec![]).await.is_err());
        let mut change = store.begin(NOW, Actor::System, None).await.unwrap();
        users::insert(&mut change, &user("b@example.org")).await.unwrap();
        drop(change);
        let mut change = store.begin(NOW, Actor::System, None).await.unwrap();
        users::insert(&mut change, &user("c@example.org")).await.unwrap();
        change.rollback().await.unwrap();
        assert_eq!(users::count(&store).await.unwrap(), 0);
        assert_eq!(changes::latest(&store).await.unwrap(), 0);
        assert_eq!(verify(&store).await.unwrap().rows, 0);
        store.close().await;
    })
    .await;
}

#[tokio::test]
async fn pages_go_back_in_time_and_filters_hold() {
    on_both(async |place| {
        let store = place.open().await;
        let ann = add_user(&store, "ann@example.org").await;
        for _ in 0..4 {
            let actor = Actor::User { user: ann.id, token: None };
            let change = store.begin(NOW, actor, Some("127.0.0.1".to_owned())).await.unwrap();
            change.commit(Event::PasswordChanged { user: ann.id }).await.unwrap();
        }
        let all = AuditFilter::default();
        let first = page(&store, &all, None, 3).await.unwrap();
        assert_eq!((first.rows.len(), first.count, first.count_is_exact, first.next), (3, 5, true, Some(3)));
        let second = page(&store, &all, first.next, 3).await.unwrap();
        assert_eq!((second.rows.len(), second.next), (2, None));
        assert_eq!(second.rows[1].action, "user.created");

        let hers = AuditFilter { actor: Some(ann.id), ..AuditFilter::default() };
        let hers = page(&store, &hers, None, 100).await.unwrap();
        assert_eq!(hers.count, 4);
        assert_eq!(hers.rows[0].address.as_deref(), Some("127.0.0.1"));
        assert_eq!(hers.rows[0].target, Some(ann.id.to_string()));
        let none = AuditFilter { to: Some(NOW), ..AuditFilter::default() };
        assert_eq!(page(&store, &none, None, 100).await.unwrap().count, 0);
        store.close().await;
    })
    .await;
}

#[tokio::test]
async fn changes_at_once_on_two_nodes_make_one_chain() {
    on_both(async |place| {
        let (one, two) = (place.open().await, place.open().await);
        let add = async |store: &Store, name: &str| {
            for number in 0..10 {
                add_user(store, &format!("{name}{number}@example.org")).await;
            }
        };
        tokio::join!(add(&one, "a"), add(&one, "b"), add(&two, "c"), add(&two, "d"));
        assert_eq!(verify(&two).await.unwrap(), Verified { rows: 40, broken_at: None });
        let feed = changes::since(&one, 0, 100).await.unwrap();
        assert_eq!(feed.iter().map(|change| change.seq).collect::<Vec<_>>(), (1..=40).collect::<Vec<_>>());
        one.close().await;
        two.close().await;
    })
    .await;
}

#[tokio::test]
async fn the_end_of_the_chain_can_be_verified_alone() {
    on_both(async |place| {
        let store = place.open().await;
        for _ in 0..10 {
            let change = store.begin(NOW, Actor::System, None).await.unwrap();
            change.commit(Event::SetupLinkCreated {}).await.unwrap();
        }
        assert_eq!(verify_last(&store, 3).await.unwrap(), Verified { rows: 3, broken_at: None });
        assert_eq!(verify_last(&store, 100).await.unwrap(), Verified { rows: 10, broken_at: None });
        sqlx::query("UPDATE audit_events SET address = 'x' WHERE seq = 5").execute(store.pool()).await.unwrap();
        assert_eq!(verify_last(&store, 3).await.unwrap().broken_at, None);
        assert_eq!(verify_last(&store, 6).await.unwrap().broken_at, Some(5));
        sqlx::query("UPDATE audit_events SET hash = 'x' WHERE seq = 7").execute(store.pool()).await.unwrap();
        assert_eq!(verify_last(&store, 3).await.unwrap().broken_at, Some(8));
        store.close().await;
    })
    .await;
}

#[tokio::test]
async fn an_event_is_kept_under_the_organization_it_happened_in() {
    on_both(async |place| {
        let store = place.open().await;
        let (acme, other) = (add_organization(&store, "acme").await, add_organization(&store, "other").await);
        let ann = add_user(&store, "ann@example.org").await;
        let team = add_team(&store, acme, "search").await;
        let mut change = store.begin(NOW, Actor::System, None).await.unwrap();
        change.of(Owner::Organization(acme));
        let lifted = |owner_kind, owner| Event::BudgetDeleted { budget: BudgetId(owner), owner_kind, owner };
        let events = vec![
            Event::TeamSuspended { team },
            lifted(OwnerKind::Team, team.0),
            lifted(OwnerKind::Organization, other.0),
            Event::SpreadSet { scope: Scope::Organization, provider: ProviderId::OpenAi, spread: Spread::RoundRobin },
        ];
        change.commit_all(events).await.unwrap();
        let change = store.begin(NOW, Actor::System, None).await.unwrap();
        change
            .commit_all(vec![Event::PasswordChanged { user: ann.id }, lifted(OwnerKind::User, ann.id.0)])
            .await
            .unwrap();

        let of = |organization| AuditFilter { organization: Some(organization), ..AuditFilter::default() };
        let actions = async |filter: &AuditFilter| -> Vec<String> {
            let found = page(&store, filter, None, 100).await.unwrap();
            assert_eq!(usize::try_from(found.count).unwrap(), found.rows.len());
            assert!(found.rows.iter().all(|row| row.organization == filter.organization));
            found.rows.into_iter().map(|row| row.action).collect()
        };
        let acmes = ["spread.set", "budget.deleted", "team.suspended", "team.created", "organization.created"];
        assert_eq!(actions(&of(acme)).await, acmes);
        assert_eq!(actions(&of(other)).await, ["budget.deleted", "organization.created"]);
        let suspended = AuditFilter { action: Some("team.suspended".to_owned()), ..of(acme) };
        assert_eq!(actions(&suspended).await, ["team.suspended"]);
        let first = page(&store, &of(acme), None, 2).await.unwrap();
        let second = page(&store, &of(acme), first.next, 2).await.unwrap();
        assert_eq!((first.count, second.rows[0].action.as_str()), (5, "team.suspended"));

        // Nobody moves an event into another's log, or out of one, unseen.
        assert_eq!(verify(&store).await.unwrap().broken_at, None);
        let hide = "UPDATE audit_events SET organization_id = NULL WHERE action = 'team.suspended'";
        sqlx::query(hide).execute(store.pool()).await.unwrap();
        assert!(verify(&store).await.unwrap().broken_at.is_some());
        store.close().await;
    })
    .await;
}
