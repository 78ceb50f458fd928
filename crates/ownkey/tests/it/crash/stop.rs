//! SIGTERM, and a second server on the same data.

use std::time::Duration;

use http::Method;
use provider_sim::{Behaviour, Reply, Script};
use testkit::{RawDatabase, chat_body, events, eventually, next_bytes};
use tokio::time::Instant;

use super::{Place, sign_in};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sigterm_lets_a_running_stream_finish_and_exits_with_zero() {
    let place = Place::new(Script::default()).await;
    let process = place.serve().await;
    let client = sign_in(&process).await;
    let reply = Reply { chunk_delay: Duration::from_millis(40), chunks: 15, ..Reply::says(&"word ".repeat(15)) };
    place.sim.next(Behaviour::Answer(reply));
    let body = chat_body("gpt-5-mini", "Hi", true).to_string().into_bytes();
    let json = [("content-type", "application/json")];
    let mut response = client.open(Method::POST, "/v1/chat/completions", &json, body).await;
    let mut text = next_bytes(&mut response).await.unwrap();
    process.terminate();
    while let Some(bytes) = next_bytes(&mut response).await {
        text.extend_from_slice(&bytes);
    }
    let events = events(&String::from_utf8(text).unwrap());
    assert_eq!(events.last().unwrap().data, "[DONE]");
    assert_eq!(process.ended().await, Some(0));
    let rows = RawDatabase::open(&place.database_url()).await.rows("SELECT state FROM attempts").await;
    assert_eq!(rows, [["settled"]]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_it_drains_it_is_not_ready() {
    let place = Place::new(Script::default()).await;
    let process = place.serve().await;
    let client = sign_in(&process).await;
    place.sim.next(Behaviour::HangMidStream { after_chunks: 1 });
    let body = chat_body("gpt-5-mini", "Hi", true).to_string().into_bytes();
    let json = [("content-type", "application/json")];
    let mut response = client.open(Method::POST, "/v1/chat/completions", &json, body).await;
    next_bytes(&mut response).await.unwrap();
    // A connection that is open already: new ones are not taken any more.
    client.get("/health/ready").await.expect(200);
    process.terminate();
    eventually("it is not ready, or takes nobody in", Duration::from_secs(2), async || {
        match client.try_send(Method::GET, "/health/ready", &[], Vec::new()).await {
            None => Some(()),
            Some(answer) => (answer.status == 503).then_some(()),
        }
    })
    .await;
    drop(response);
    assert_eq!(process.ended().await, Some(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_server_on_the_same_data_is_turned_away() {
    let place = Place::new(Script::default()).await;
    let process = place.serve().await;
    let Err(exit) = place.try_serve().await else { panic!("two servers on one file") };
    assert_eq!(exit.code, Some(75), "{}", exit.stderr);
    let client = sign_in(&process).await;
    client.get("/health/ready").await.expect(200);
    process.kill().await;
    place.serve().await.kill().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn from_an_empty_directory_it_is_ready_by_itself() {
    let place = Place::new(Script::default()).await;
    let started = Instant::now();
    let process = place.serve().await;
    println!("ready from an empty directory after {:?}", started.elapsed());
    process.terminate();
    assert_eq!(process.ended().await, Some(0));
    let started = Instant::now();
    let process = place.serve().await;
    println!("ready again after {:?}", started.elapsed());
    process.kill().await;
}
