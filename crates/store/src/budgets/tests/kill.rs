//! A process killed at any moment, with calls under way: what it held is spent
//! for each call that may have been made, and free for the others.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use super::*;
use crate::testing::{Place, variable};

const VICTIMS_URL: &str = "OWNKEY_TEST_BUDGET_VICTIM";
const EACH: i64 = 10;

/// Not a test: what the killed process does. Every third call is settled, every
/// third is left under way, every third is held for and never made.
#[tokio::test]
async fn the_victim() {
    let Some(url) = variable(VICTIMS_URL) else { return };
    let place = Place { url, directory: tempfile::tempdir().unwrap() };
    let store = place.serve(NOW).await;
    let budget = add(&store, owner(), Period::Total, i64::from(u32::MAX)).await;
    println!("\nbudget {}", budget.id);
    for number in 0.. {
        let start = attempt(&store, UserId::generate(NOW, &entropy()), NOW);
        admitted(&store, start.attempt, EACH, &[&budget]).await;
        if number % 3 != 2 {
            store.ledger().dispatch(start.clone()).await.unwrap();
        }
        if number % 3 == 0 {
            let end = crate::Settlement { budget_charge: Some(Nanos(4)), ..settlement(4) };
            store.ledger().settle(start.attempt, end).acknowledged().await.unwrap();
        }
        println!("\ncall {number}");
    }
}

#[tokio::test]
async fn a_killed_process_leaves_no_hold_and_no_call_that_is_not_charged() {
    for calls in [1, 20, 101] {
        let place = Place::sqlite();
        let id = run_and_kill(&place.url, calls);
        let store = place.serve(NOW).await;
        let budget = by_id(&store, id).await.unwrap().unwrap().budget;
        let count = async |state: &str| -> i64 {
            let text = format!("SELECT COUNT(*) FROM attempts WHERE state = '{state}'");
            sqlx::query_scalar(AssertSqlSafe(text)).fetch_one(store.pool()).await.unwrap()
        };
        let (settled, unknown) = (count("settled").await, count("unknown").await);
        assert!(settled + unknown >= i64::try_from(calls * 2 / 3).unwrap());
        assert_eq!(sums(&store, &budget).await, (4 * settled + EACH * unknown, 0));
        assert_eq!(holds(&store).await, 0);
        store.close().await;
    }
}

fn run_and_kill(url: &str, calls: usize) -> BudgetId {
    let mut victim = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "budgets::tests::kill::the_victim", "--nocapture"])
        .env(VICTIMS_URL, url)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(victim.stdout.take().unwrap()).lines().map_while(Result::ok);
    let budget = lines.find_map(|line| line.strip_prefix("budget ")?.parse().ok()).unwrap();
    let seen = lines.filter(|line| line.starts_with("call ")).take(calls).count();
    assert_eq!(seen, calls);
    victim.kill().unwrap();
    victim.wait().unwrap();
    budget
}
