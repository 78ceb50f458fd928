//! Fifty calls at once at the edge of a limit: not one too many, on any number of
//! nodes.

use futures_util::future::join_all;

use super::*;

/// Calls at once, as many of them as fit, and what each holds.
const CALLS: usize = 50;
const FITTING: i64 = 23;
const EACH: i64 = 10;

/// How often, on each database: once with calls that are alike, once with others.
const RUNS: i64 = 500;

/// One run: calls at once, dealt out to `nodes`. How many were let in; never so
/// many that they exceed the limit.
async fn run(nodes: &[Store], budget: &Budget, window: Window, each: impl Fn(usize) -> i64) -> usize {
    let calls = (0..CALLS).map(|number| {
        let (store, nanos) = (nodes[number % nodes.len()].clone(), each(number));
        let budgets = [(budget.id, window.starts_at)];
        tokio::spawn(async move {
            let admission = admit(&store, next(), Nanos(nanos), &budgets, NOW).await.unwrap();
            matches!(admission, Admission::Held(_)).then_some(nanos)
        })
    });
    let admitted: Vec<_> = join_all(calls).await.into_iter().filter_map(|call| call.unwrap()).collect();
    let standing = standing(&nodes[0], budget.id, window).await.unwrap();
    assert_eq!(standing.held.0, admitted.iter().sum::<i64>());
    assert!(standing.held <= budget.limit, "overspent: {} of {}", standing.held, budget.limit);
    admitted.len()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn fifty_calls_at_the_edge_of_a_limit_never_overspend_on_two_nodes() {
    on_both(async |place| {
        // A server has SQLite's file for itself.
        let nodes = if place.is_sqlite() { 1 } else { 2 };
        let nodes = join_all((0..nodes).map(|_| place.open())).await;
        let budget = add(&nodes[0], owner(), Period::Total, FITTING * EACH + EACH - 1).await;
        for number in 0..RUNS {
            let window = Window { starts_at: Timestamp::from_micros(number), ends_at: None };
            assert_eq!(run(&nodes, &budget, window, |_| EACH).await, usize::try_from(FITTING).unwrap());
            let window = Window { starts_at: Timestamp::from_micros(RUNS + number), ends_at: None };
            let uneven = |call: usize| 1 + i64::try_from(call * 7 % 40).unwrap();
            assert!(run(&nodes, &budget, window, uneven).await > 5);
        }
        join_all(nodes.iter().map(Store::close)).await;
    })
    .await;
}

/// Holds and settlements of several budgets in every order: nobody waits for
/// another in a circle, and what was let in is what was spent.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn calls_of_several_budgets_that_begin_and_end_at_once_lose_nothing() {
    on_both(async |place| {
        let nodes = if place.is_sqlite() { 1 } else { 2 };
        let nodes = join_all((0..nodes).map(|_| place.open())).await;
        let mut budgets = Vec::new();
        for limit in [4_000, 3_000, 100_000] {
            budgets.push(add(&nodes[0], owner(), Period::Total, limit).await);
        }
        let calls = (0..200).map(|number| {
            let store = nodes[number % nodes.len()].clone();
            let mut asked: Vec<_> = budgets.iter().map(|budget| (budget.id, WEEK.starts_at)).collect();
            asked.rotate_left(number % 3);
            tokio::spawn(async move {
                let start = attempt(&store, UserId::generate(NOW, &entropy()), NOW);
                let admission = admit(&store, start.attempt, Nanos(100), &asked, NOW).await.unwrap();
                let Admission::Held(_) = admission else { return 0 };
                store.ledger().dispatch(start.clone()).await.unwrap();
                let end = crate::Settlement { budget_charge: Some(Nanos(90)), ..settlement(90) };
                store.ledger().settle(start.attempt, end).acknowledged().await.unwrap();
                90
            })
        });
        let spent: i64 = join_all(calls).await.into_iter().map(|call| call.unwrap()).sum();
        assert!((90..=3_000).contains(&spent), "{spent}");
        for budget in &budgets {
            assert_eq!(sums(&nodes[0], budget).await, (spent, 0));
        }
        assert_eq!(holds(&nodes[0]).await, 0);
        join_all(nodes.iter().map(Store::close)).await;
    })
    .await;
}
