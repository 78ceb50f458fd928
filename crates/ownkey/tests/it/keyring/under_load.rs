//! A new master key while calls go on: no call fails for it, no key is lost.

use std::collections::BTreeMap;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::json;
use testkit::{Client, RawDatabase, eventually};
use tokio::process::{Child, Command};
use tokio::task::JoinSet;

use super::{BINARY, NEW, OLD, Place, both, call_with, key, save, sign_in};

const KEYS: usize = 60;
const CALLERS: usize = 4;

/// How many rows further a run comes before it is killed, time after time.
const LIVES: [i64; 7] = [1, 2, 5, 3, 8, 1, 13];

/// Calls with one key after another until told to stop. How many, and what
/// those that failed were told.
async fn call_on(
    client: Client,
    ids: Arc<Vec<String>>,
    turn: Arc<AtomicUsize>,
    stop: Arc<AtomicBool>,
) -> (usize, Vec<String>) {
    let (mut calls, mut failures) = (0, Vec::new());
    while !stop.load(Ordering::SeqCst) {
        let id = &ids[turn.fetch_add(1, Ordering::SeqCst) % ids.len()];
        let answer = call_with(&client, id).await;
        calls += 1;
        if answer.status != 200 {
            failures.push(answer.text());
        }
    }
    (calls, failures)
}

async fn under(database: &mut RawDatabase, kid: &str) -> i64 {
    let like = format!("'ok1:{kid}:%'");
    let sql = format!(
        "SELECT CAST(COUNT(*) AS BIGINT) FROM (SELECT sealed FROM credentials WHERE sealed LIKE {like} \
         UNION ALL SELECT sealed FROM server_secrets WHERE sealed LIKE {like}) AS rows_of_key"
    );
    database.number(&sql).await
}

fn start_rewrap(place: &Place) -> Child {
    Command::new(BINARY)
        .env_clear()
        .env("MASTER_KEY", both())
        .env("OWNKEY_DATA_DIR", place.path())
        .env("OWNKEY_DATABASE_URL", &place.database_url)
        .args(["keyring", "rewrap", "--batch", "1"])
        .current_dir(place.path())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap()
}

/// Runs of rewrap, each killed after a few more rows. How many were killed in
/// the middle.
async fn kill_runs(place: &Place, new: &str) -> usize {
    let mut database = place.database().await;
    let mut met = 0;
    for life in LIVES {
        let before = under(&mut database, new).await;
        let mut run = start_rewrap(place);
        while run.try_wait().unwrap().is_none() && under(&mut database, new).await < before + life {
            tokio::task::yield_now().await;
        }
        run.kill().await.unwrap();
        let after = under(&mut database, new).await;
        println!("killed with {after} secrets under the new key, {before} before");
        met += usize::from(after > before && after < (KEYS + 4) as i64);
    }
    met
}

/// Edits and additions in the middle of it. Which secret each key has now.
async fn edit(client: &Client, ids: &[String]) -> BTreeMap<String, String> {
    let mut secrets: BTreeMap<String, String> =
        ids.iter().enumerate().map(|(number, id)| (id.clone(), key(number))).collect();
    for (number, id) in ids.iter().enumerate().step_by(7) {
        let fresh = key(1_000 + number);
        client.patch(&format!("/v2/credentials/{id}"), &json!({"api_key": fresh})).await.expect(200);
        secrets.insert(id.clone(), fresh);
        secrets.insert(save(client, 2_000 + number).await, key(2_000 + number));
    }
    secrets
}

async fn rotate(place: Place) {
    let process = place.serve(OLD).await;
    let client = sign_in(&process).await;
    let mut ids = Vec::new();
    for number in 0..KEYS {
        ids.push(save(&client, number).await);
    }
    process.terminate();
    assert_eq!(process.ended().await, Some(0));

    let process = place.serve(&both()).await;
    let client = sign_in(&process).await;
    let states = place.keys(&both()).await;
    let kid = |place: usize| states[place]["kid"].as_str().unwrap().to_owned();
    let (new, old) = (kid(0), kid(1));
    assert_eq!((&states[0]["seals"], &states[1]["rows"]), (&json!(true), &json!(KEYS + 3)));
    place.run(&both(), &format!("keyring retire {old}")).await.expect(1);

    let (ids, stop, turn) = (Arc::new(ids), Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let mut callers = JoinSet::new();
    for _ in 0..CALLERS {
        callers.spawn(call_on(client.clone(), Arc::clone(&ids), Arc::clone(&turn), Arc::clone(&stop)));
    }
    let editor = {
        let (client, ids) = (client.clone(), Arc::clone(&ids));
        tokio::spawn(async move { edit(&client, &ids).await })
    };
    let met = kill_runs(&place, &new).await;
    assert!(met >= 3, "the kills met nothing: {met}");
    let secrets = editor.await.unwrap();
    let said = place.run(&both(), "keyring rewrap --json").await.expect(0).json();
    assert_eq!((&said["left"], &said["unopened"]), (&json!(0), &json!([])));
    assert_eq!(under(&mut place.database().await, &old).await, 0);
    place.run(&both(), &format!("keyring retire {old}")).await.expect(0);
    // Calls go on after the former key has gone.
    let seen = turn.load(Ordering::SeqCst);
    eventually("calls go on", Duration::from_secs(10), async || {
        (turn.load(Ordering::SeqCst) > seen + 2 * CALLERS).then_some(())
    })
    .await;
    stop.store(true, Ordering::SeqCst);
    let ended = callers.join_all().await;
    let (calls, failures) = ended.iter().fold((0, Vec::new()), |(calls, mut all), (more, failures)| {
        all.extend(failures.clone());
        (calls + more, all)
    });
    println!("{calls} calls, {} failed, {met} runs killed in the middle", failures.len());
    assert!(failures.is_empty(), "{failures:?}");
    process.terminate();
    assert_eq!(process.ended().await, Some(0));

    let process = place.serve(NEW).await;
    let client = sign_in(&process).await;
    for (id, secret) in &secrets {
        call_with(&client, id).await.expect(200);
        let shown = place.sim.log().last().unwrap().authorization.clone().unwrap();
        assert_eq!(shown, format!("Bearer {secret}"));
    }
    place.run(NEW, "audit verify").await.expect(0);
    let actions = place.database().await.rows("SELECT action FROM audit_events ORDER BY seq").await.concat();
    assert!(!actions.contains(&"integrity.violation".to_owned()));
    let started = actions.iter().filter(|action| *action == "keyring.rewrap_started").count();
    let finished = actions.iter().filter(|action| *action == "keyring.rewrap_finished").count();
    assert!(started > finished && finished == 1, "{started} started, {finished} finished");
    assert!(actions.contains(&"keyring.key_retired".to_owned()));
    process.kill().await;
    place.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_master_key_under_load_loses_no_call_and_no_key() {
    rotate(Place::sqlite().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_master_key_under_load_loses_no_call_and_no_key_on_postgresql() {
    if let Some(place) = Place::postgres().await {
        rotate(place).await;
    }
}
