//! `kill -9`: no call without a row, no row without an end, nothing
//! acknowledged is lost.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use http::Method;
use provider_sim::{Behaviour, Call, Reply, Script, Sim};
use testkit::{Client, RawDatabase, chat_body, events};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::{Place, sign_in};

/// Callers at once.
const CALLERS: usize = 12;

/// Answers that take their time, so that a kill meets calls in every state.
fn leisurely() -> Script {
    let reply = Reply {
        chunk_delay: Duration::from_millis(4),
        chunks: 8,
        ..Reply::says("One two three four five six seven eight.")
    };
    Script { default: Behaviour::Answer(reply.clone()), reply, ..Script::default() }
}

/// Calls until the server is gone. The request ids of complete answers.
async fn call_on(client: Client, caller: usize) -> Vec<String> {
    let mut acknowledged = Vec::new();
    for round in 0.. {
        let is_stream = (caller + round).is_multiple_of(2);
        let Some(request) = call(&client, is_stream).await else { break };
        acknowledged.push(request);
    }
    acknowledged
}

/// One call; its request id when it was answered completely, `None` when the
/// server is gone.
async fn call(client: &Client, is_stream: bool) -> Option<String> {
    let body = chat_body("gpt-5-mini", "Count to eight.", is_stream).to_string().into_bytes();
    let json = [("content-type", "application/json")];
    let answer = client.try_send(Method::POST, "/v1/chat/completions", &json, body).await?;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let is_whole = !is_stream || events(&answer.text()).last().is_some_and(|event| event.data == "[DONE]");
    is_whole.then(|| answer.header("x-request-id").to_owned())
}

/// The ids under which calls arrived at the provider.
fn arrived(sim: &Sim) -> BTreeSet<String> {
    let generation = |call: &&Call| call.method == "POST";
    sim.log().iter().filter(generation).map(|call| call.header("x-client-request-id").unwrap().to_owned()).collect()
}

/// The ledger: attempt to state and request.
async fn ledger(place: &Place) -> BTreeMap<String, (String, String)> {
    let mut database = RawDatabase::open(&place.database_url()).await;
    let rows = database.rows("SELECT id, state, request_id FROM attempts").await;
    let count = rows.len();
    let ledger: BTreeMap<_, _> =
        rows.into_iter().map(|row| (row[0].clone(), (row[1].clone(), row[2].clone()))).collect();
    assert_eq!(ledger.len(), count, "one row an attempt");
    ledger
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_under_load_it_loses_no_call_and_no_acknowledged_row() {
    let place = Place::new(leisurely()).await;
    let mut acknowledged = BTreeSet::new();
    for (round, life) in [1, 8, 21, 47, 90].into_iter().enumerate() {
        let process = place.serve().await;
        let client = sign_in(&process).await;
        let mut callers = JoinSet::new();
        for caller in 0..CALLERS {
            callers.spawn(call_on(client.clone(), caller));
        }
        let seen = place.sim.log().len();
        place.sim.wait_for(|calls| calls.len() >= seen + life).await.unwrap();
        process.kill().await;
        acknowledged.extend(callers.join_all().await.concat());
        let open = ledger(&place).await.values().filter(|(state, _)| state == "dispatched").count();
        let started = Instant::now();
        let process = place.serve().await;
        println!("kill {round} after {life} calls: {open} rows recovered, up again after {:?}", started.elapsed());
        process.kill().await;
    }
    let (arrived, ledger) = (arrived(&place.sim), ledger(&place).await);
    let lost: Vec<_> = arrived.iter().filter(|attempt| !ledger.contains_key(*attempt)).collect();
    assert!(lost.is_empty(), "{} of {} calls have no row", lost.len(), arrived.len());
    let count = |wanted: &str| ledger.values().filter(|(state, _)| state == wanted).count();
    println!(
        "{} calls arrived, {} rows: {} settled, {} aborted, {} unknown; {} answers complete",
        arrived.len(),
        ledger.len(),
        count("settled"),
        count("aborted"),
        count("unknown"),
        acknowledged.len()
    );
    assert_eq!(count("dispatched"), 0, "every row is final");
    let rows: BTreeMap<&str, &str> =
        ledger.values().map(|(state, request)| (request.as_str(), state.as_str())).collect();
    assert!(acknowledged.iter().all(|request| rows.contains_key(request.as_str())), "an answer without a row");
    assert!(count("unknown") > 0 && count("settled") > 0, "the kills met nothing");
}

/// The calls that the journal beside the database has, by their attempts; a line
/// is a checksum and JSON.
fn journal(place: &Place) -> BTreeSet<String> {
    let sides =
        [0, 1].map(|side| std::fs::read_to_string(place.path().join(format!("ownkey.db.calls-{side}"))).unwrap());
    let attempt = |line: &str| {
        let call: serde_json::Value = serde_json::from_str(line.split_once(' ')?.1).ok()?;
        call["attempt"].as_str().map(str::to_owned)
    };
    sides.iter().flat_map(|text| text.lines()).filter_map(attempt).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_that_only_the_journal_has_when_the_server_is_killed_has_one_row_after_the_restart() {
    let place = Place::new(leisurely()).await;
    let mut only_noted = BTreeSet::new();
    for round in 0..20 {
        let process = place.serve().await;
        let client = sign_in(&process).await;
        let mut callers = JoinSet::new();
        for caller in 0..CALLERS {
            callers.spawn(call_on(client.clone(), caller));
        }
        let seen = place.sim.log().len();
        place.sim.wait_for(|calls| calls.len() >= seen + 40 + round).await.unwrap();
        process.kill().await;
        callers.join_all().await;
        let (noted, rows) = (journal(&place), ledger(&place).await);
        only_noted
            .extend(arrived(&place.sim).into_iter().filter(|call| noted.contains(call) && !rows.contains_key(call)));
        if only_noted.len() > 3 {
            break;
        }
    }
    println!("{} calls had arrived and were in the journal only", only_noted.len());
    assert!(!only_noted.is_empty(), "the kills met nothing");
    let process = place.serve().await;
    assert_eq!(journal(&place), BTreeSet::new(), "all of it are rows");
    let client = sign_in(&process).await;
    client.get("/v2/usage/events").await.expect(200);
    process.kill().await;
    // One row an attempt, which `ledger` looks at, and none without an end.
    let rows = ledger(&place).await;
    assert!(arrived(&place.sim).iter().all(|call| rows.contains_key(call)), "a call without a row");
    assert!(only_noted.iter().all(|call| rows[call].0 == "unknown"));
    assert!(rows.values().all(|(state, _)| state != "dispatched"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_settlement_that_could_be_read_once_is_kept() {
    let place = Place::new(Script::says("Short.")).await;
    let process = place.serve().await;
    let client = sign_in(&process).await;
    for round in 0..10 {
        call(&client, round % 2 == 0).await.unwrap();
    }
    let settled = testkit::eventually("ten settled rows", Duration::from_secs(2), async || {
        let page = client.get("/v2/usage/events").await.expect(200).json();
        let events = page["data"].as_array()?.clone();
        let is_settled = |event: &serde_json::Value| event["attempts"][0]["state"] == "settled";
        (events.len() == 10 && events.iter().all(is_settled)).then_some(events)
    })
    .await;
    process.kill().await;
    let process = place.serve().await;
    let client = sign_in(&process).await;
    let page = client.get("/v2/usage/events").await.expect(200).json();
    assert_eq!(page["data"].as_array().unwrap(), &settled);
    process.kill().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_while_keys_are_saved_it_has_each_acknowledged_key_and_its_audit_row() {
    let place = Place::new(Script::says("Short.")).await;
    let process = place.serve().await;
    let client = sign_in(&process).await;
    let saving = tokio::spawn(async move {
        let mut saved = Vec::new();
        for number in 0.. {
            let key = format!("sk-proj-FAKEaBcDeFgHiJkLmNoPqRsTuVwXyZ01234567{number:05}");
            let body = serde_json::json!({"provider": "openai", "name": format!("Key {number}"), "api_key": key});
            let json = [("content-type", "application/json")];
            let sent = client.try_send(Method::POST, "/v2/credentials", &json, body.to_string().into_bytes()).await;
            let Some(answer) = sent else { break };
            saved.push(answer.expect(201).json()["id"].as_str().unwrap().to_owned());
        }
        saved
    });
    place.sim.wait_for(|calls| calls.len() > 25).await.unwrap();
    process.kill().await;
    let saved = saving.await.unwrap();
    let process = place.serve().await;
    let client = sign_in(&process).await;
    for id in &saved {
        client.get(&format!("/v2/credentials/{id}")).await.expect(200);
    }
    let mut database = RawDatabase::open(&place.database_url()).await;
    let rows = database.number("SELECT COUNT(*) FROM credentials").await;
    let audited = database.number("SELECT COUNT(*) FROM audit_events WHERE action = 'credential.created'").await;
    println!("{} saves acknowledged, {rows} rows, {audited} audit rows", saved.len());
    assert_eq!(rows, audited);
    process.kill().await;
}
