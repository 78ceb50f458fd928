//! No admission exceeds a limit, whoever asks at the same time; and what was held
//! for a call ends with it.

mod edge;
mod kill;

use domain::attempt::AttemptState;
use domain::audit::{Actor, Event};
use domain::budget::Authority;
use domain::ids::AttemptId;
use std::time::Duration;

use super::*;
use crate::ledger::recover;
use crate::testing::{NOW, attempt, entropy, on_both, settlement};

const WEEK: Window = Window { starts_at: NOW, ends_at: None };

fn owner() -> Owner {
    UserId::generate(NOW, &entropy()).into()
}

async fn add(store: &Store, owner: Owner, period: Period, limit: i64) -> Budget {
    let budget = Budget {
        id: BudgetId::generate(NOW, &entropy()),
        owner,
        period,
        limit: Nanos(limit),
        soft_percents: vec![50, 80],
        counts_personal: true,
        authority: Authority::Owner,
    };
    let stored =
        StoredBudget { budget: budget.clone(), created_at: NOW, created_by: None, updated_at: NOW, updated_by: None };
    let mut change = store.begin(NOW, Actor::System, None).await.unwrap();
    insert(&mut change, &stored).await.unwrap();
    change
        .commit(Event::BudgetDeleted { budget: budget.id, owner_kind: budget.owner.kind, owner: budget.owner.id })
        .await
        .unwrap();
    assert_eq!(by_id(store, budget.id).await.unwrap(), Some(stored));
    budget
}

async fn edited(store: &Store, budget: &Budget, edit: BudgetEdit) -> bool {
    let mut change = store.begin(NOW, Actor::System, None).await.unwrap();
    let done = update(&mut change, budget, &edit, None).await.unwrap();
    change
        .commit(Event::BudgetDeleted { budget: budget.id, owner_kind: budget.owner.kind, owner: budget.owner.id })
        .await
        .unwrap();
    done
}

async fn lifted(store: &Store, budget: &Budget) -> bool {
    let mut change = store.begin(NOW, Actor::System, None).await.unwrap();
    let done = delete(&mut change, budget, None).await.unwrap();
    change
        .commit(Event::BudgetDeleted { budget: budget.id, owner_kind: budget.owner.kind, owner: budget.owner.id })
        .await
        .unwrap();
    done
}

async fn admitted(store: &Store, attempt: AttemptId, nanos: i64, budgets: &[&Budget]) -> Admission {
    let budgets: Vec<_> = budgets.iter().map(|budget| (budget.id, WEEK.starts_at)).collect();
    admit(store, attempt, Nanos(nanos), &budgets, NOW).await.unwrap()
}

async fn sums(store: &Store, budget: &Budget) -> (i64, i64) {
    let standing = standing(store, budget.id, WEEK).await.unwrap();
    (standing.spent.0, standing.held.0)
}

async fn holds(store: &Store) -> i64 {
    sqlx::query_scalar("SELECT COUNT(*) FROM budget_holds").fetch_one(store.pool()).await.unwrap()
}

fn next() -> AttemptId {
    AttemptId::generate(NOW, &entropy())
}

#[tokio::test]
async fn budgets_are_set_changed_and_lifted() {
    on_both(async |place| {
        let store = place.open().await;
        let (ann, bob) = (owner(), owner());
        let monthly = add(&store, ann, Period::Month, 100).await;
        let daily = add(&store, ann, Period::Day, 10).await;
        add(&store, bob, Period::Day, 10).await;
        let of_ann = of_owners(&store, &[ann]).await.unwrap();
        assert_eq!(of_ann.iter().map(|stored| stored.budget.id).collect::<Vec<_>>(), [daily.id, monthly.id]);
        assert_eq!(list(&store, 0, 2).await.map(|(some, count)| (some.len(), count)).unwrap(), (2, 3));

        let edit = BudgetEdit { limit: Some(Nanos(7)), soft_percents: Some(vec![]), counts_personal: Some(false) };
        assert!(edited(&store, &daily, edit).await);
        let now = by_id(&store, daily.id).await.unwrap().unwrap().budget;
        assert_eq!((now.limit, now.soft_percents, now.counts_personal), (Nanos(7), vec![], false));

        assert!(lifted(&store, &daily).await && !lifted(&store, &daily).await);
        assert_eq!(by_id(&store, daily.id).await.unwrap(), None);
        assert!(!edited(&store, &daily, BudgetEdit::default()).await);
        // Another may take its place, and only one.
        add(&store, ann, Period::Day, 20).await;
        let twice =
            StoredBudget { budget: Budget { id: BudgetId::generate(NOW, &entropy()), ..daily }, ..of_ann[0].clone() };
        let mut change = store.begin(NOW, Actor::System, None).await.unwrap();
        assert!(matches!(insert(&mut change, &twice).await, Err(StoreError::Conflict(_))));
        change.rollback().await.unwrap();
        store.close().await;
    })
    .await;
}

#[tokio::test]
async fn a_call_is_held_against_all_of_its_budgets_or_against_none() {
    on_both(async |place| {
        let store = place.open().await;
        let wide = add(&store, owner(), Period::Month, 100).await;
        let narrow = add(&store, owner(), Period::Day, 30).await;
        let both = [&wide, &narrow];
        assert!(matches!(admitted(&store, next(), 20, &both).await, Admission::Held(held) if held.len() == 2));
        let refused = admitted(&store, next(), 11, &both).await;
        let standing = Standing { spent: Nanos(0), held: Nanos(20), told_percent: 0 };
        assert_eq!(refused, Admission::Refused { budget: narrow.id, limit: Nanos(30), standing });
        assert_eq!(standing.left(Nanos(30)), Nanos(10));
        assert_eq!((sums(&store, &wide).await, sums(&store, &narrow).await), ((0, 20), (0, 20)));
        assert!(matches!(admitted(&store, next(), 10, &both).await, Admission::Held(_)));
        assert_eq!(holds(&store).await, 4);
        // One that would never fit does not even begin a window.
        let tiny = add(&store, owner(), Period::Day, 5).await;
        assert!(matches!(admitted(&store, next(), 6, &[&tiny]).await, Admission::Refused { .. }));
        assert!(matches!(admitted(&store, next(), 5, &[&tiny]).await, Admission::Held(_)));
        // A lifted one is in nobody's way.
        assert!(lifted(&store, &narrow).await);
        let held = admitted(&store, next(), 70, &both).await;
        assert!(matches!(held, Admission::Held(held) if held.len() == 1 && held[0].0 == wide.id));
        assert!(matches!(admitted(&store, next(), 1, &both).await, Admission::Refused { .. }));
        // A limit that is raised, or lowered, counts at once.
        edited(&store, &wide, BudgetEdit { limit: Some(Nanos(101)), ..BudgetEdit::default() }).await;
        assert!(matches!(admitted(&store, next(), 1, &[&wide]).await, Admission::Held(_)));
        store.close().await;
    })
    .await;
}

#[tokio::test]
async fn what_was_held_is_spent_once_when_its_call_is_settled() {
    on_both(async |place| {
        let store = place.open().await;
        let budget = add(&store, owner(), Period::Month, 1_000).await;
        let other = add(&store, owner(), Period::Total, 1_000).await;
        let starts: Vec<_> = (0..4).map(|_| attempt(&store, UserId::generate(NOW, &entropy()), NOW)).collect();
        for start in &starts {
            assert!(matches!(admitted(&store, start.attempt, 100, &[&budget, &other]).await, Admission::Held(_)));
            store.ledger().dispatch(start.clone()).await.unwrap();
        }
        let charge = |nanos| crate::Settlement { budget_charge: Some(Nanos(nanos)), ..settlement(nanos) };
        // Less than was held, more than was held, nothing, and twice.
        for (start, nanos) in starts.iter().zip([40, 130, 0]) {
            drop(store.ledger().settle(start.attempt, charge(nanos)));
        }
        store.ledger().settle(starts[0].attempt, charge(999)).acknowledged().await.unwrap();
        assert_eq!((sums(&store, &budget).await, sums(&store, &other).await), ((170, 100), (170, 100)));
        // No row was written for this one: its hold ends all the same.
        release(&store, starts[3].attempt).await.unwrap();
        release(&store, starts[3].attempt).await.unwrap();
        assert_eq!((sums(&store, &budget).await, holds(&store).await), ((170, 0), 0));
        // A call without a hold moves nothing.
        let free = attempt(&store, UserId::generate(NOW, &entropy()), NOW);
        store.ledger().dispatch(free.clone()).await.unwrap();
        store.ledger().settle(free.attempt, settlement(500)).acknowledged().await.unwrap();
        assert_eq!(sums(&store, &budget).await, (170, 0));
        store.close().await;
    })
    .await;
}

#[tokio::test]
async fn what_a_dead_node_held_is_spent_where_its_call_was_sent_and_free_where_not() {
    on_both(async |place| {
        let dead = place.open().await;
        let budget = add(&dead, owner(), Period::Month, 1_000).await;
        let sent = attempt(&dead, UserId::generate(NOW, &entropy()), NOW);
        admitted(&dead, sent.attempt, 100, &[&budget]).await;
        dead.ledger().dispatch(sent.clone()).await.unwrap();
        admitted(&dead, next(), 30, &[&budget]).await;
        let alive = place.open().await;
        admitted(&alive, next(), 7, &[&budget]).await;

        let later = NOW.plus(Duration::from_secs(20));
        assert_eq!(recover(&alive, later).await.unwrap(), 0);
        assert_eq!(sums(&alive, &budget).await, (0, 137), "it may still live");
        let later = NOW.plus(Duration::from_secs(60));
        assert_eq!(recover(&alive, later).await.unwrap(), 1);
        assert_eq!((sums(&alive, &budget).await, holds(&alive).await), ((100, 7), 1));
        let state = crate::usage::event(&alive, sent.request).await.unwrap().unwrap().attempts[0].state;
        assert_eq!(state, AttemptState::Unknown);
        // What this very node lost is free once no call can be under way.
        recover(&alive, NOW.plus(Duration::from_hours(4))).await.unwrap();
        assert_eq!((sums(&alive, &budget).await, holds(&alive).await), ((100, 0), 0));
        alive.close().await;
        dead.close().await;
    })
    .await;
}

#[tokio::test]
async fn a_part_that_is_spent_is_told_once_to_all_nodes() {
    on_both(async |place| {
        let store = place.open().await;
        let budget = add(&store, owner(), Period::Month, 100).await;
        admitted(&store, next(), 50, &[&budget]).await;
        let seq = crate::changes::latest(&store).await.unwrap();
        let mut told = Vec::new();
        for percent in [50, 50, 100, 80] {
            told.push(tell(&store, budget.id, WEEK, percent).await.unwrap());
        }
        assert_eq!(told, [true, false, true, false]);
        let news = crate::changes::since(&store, seq, 10).await.unwrap();
        let kinds: Vec<_> = news.iter().map(|news| (news.kind, news.id.clone())).collect();
        assert_eq!(kinds, vec![(Some(ChangeKind::BudgetThreshold), budget.id.to_string()); 2]);
        store.close().await;
    })
    .await;
}
