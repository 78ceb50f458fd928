//! A process killed at any moment: the tests' own binary is started again as
//! the victim, and what it had been told is compared with what is there.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};
use std::time::Duration;

use domain::attempt::AttemptState;
use domain::ids::RequestId;

use super::{nobody, state};
use crate::ledger::recover;
use crate::testing::{NOW, Place, attempt, settlement, variable};

const VICTIMS_URL: &str = "OWNKEY_TEST_VICTIM";

/// Not a test: what the killed process does, in calls of which it settles two
/// of three, telling its parent each acknowledgement.
#[tokio::test]
async fn the_victim() {
    let Some(url) = variable(VICTIMS_URL) else { return };
    let place = Place { url, directory: tempfile::tempdir().unwrap() };
    let store = place.serve(NOW).await;
    for number in 0.. {
        let start = attempt(&store, nobody(), NOW);
        store.ledger().dispatch(start.clone()).await.unwrap();
        println!("\ndispatched {}", start.request);
        if number % 3 != 0 {
            store.ledger().settle(start.attempt, settlement(1)).acknowledged().await.unwrap();
            println!("\nsettled {}", start.request);
        }
    }
}

#[tokio::test]
async fn a_process_killed_at_any_moment_loses_nothing_it_acknowledged() {
    for lines in [1, 50, 173] {
        let place = Place::sqlite();
        let (dispatched, settled) = run_and_kill(&place.url, lines);
        let store = place.serve(NOW).await;
        for request in &dispatched {
            let expected = if settled.contains(request) { "settled" } else { "unknown" };
            let found = state(&store, *request).await;
            // The last one may have been settled just before its word was out.
            let is_last = dispatched.last() == Some(request) && found == AttemptState::Settled;
            assert!(found.as_str() == expected || is_last, "{request} is {found}");
        }
        crate::usage::assert_days_are_the_calls(&store).await;
        assert_eq!(recover(&store, NOW.plus(Duration::from_secs(60))).await.unwrap(), 0);
        store.close().await;
    }
}

fn run_and_kill(url: &str, lines: usize) -> (Vec<RequestId>, Vec<RequestId>) {
    let mut victim = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "ledger::tests::kill::the_victim", "--nocapture"])
        .env(VICTIMS_URL, url)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let (mut dispatched, mut settled) = (Vec::new(), Vec::new());
    let mut take = |line: &str| match line.split_once(' ') {
        Some(("dispatched", id)) => id.parse().map(|id| dispatched.push(id)).is_ok(),
        Some(("settled", id)) => id.parse().map(|id| settled.push(id)).is_ok(),
        _ => false,
    };
    let mut output = BufReader::new(victim.stdout.take().unwrap()).lines();
    let mut taken = 0;
    while taken < lines {
        taken += usize::from(take(&output.next().unwrap().unwrap()));
    }
    victim.kill().unwrap();
    victim.wait().unwrap();
    for line in output.map_while(Result::ok) {
        take(&line);
    }
    (dispatched, settled)
}
