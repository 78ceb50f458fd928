//! An answer that another node fetches, and one whose process was killed.

use serde_json::json;
use testkit::{EventReader, PostgresDatabase};

use super::*;

#[tokio::test]
async fn an_answer_is_followed_and_stopped_at_another_node() {
    let Some(database) = PostgresDatabase::create().await else { return };
    let stage = Stage::with(Options { database_url: Some(database.url.clone()), ..Options::default() }).await;
    let node = stage.house.second_node().await;
    let there = node.client_of(&stage.ann.client);
    stage.house.sim.next(slow(100));
    let (_, answer) = stage.say("Hi").await;
    let path = events_of(&stage.chat, &answer);
    let mut reader = EventReader::follow(&there, &path).await;
    let mut heard = text(&reader.next().await.unwrap().json(), "text");
    let done = loop {
        let event = reader.next().await.unwrap();
        match event.name.as_str() {
            "text" => heard.push_str(&text(&event.json(), "text")),
            "snapshot" => heard = text(&event.json(), "text"),
            _ => break event.json(),
        }
    };
    assert_eq!(heard, said(&done));

    stage.house.sim.next(slow(1_000));
    let (_, answer) = stage.say("More").await;
    let mut reader = EventReader::follow(&stage.ann.client, &events_of(&stage.chat, &answer)).await;
    reader.until("text").await;
    let stop = format!("/v2/conversations/{}/messages/{answer}/stop", stage.chat);
    there.post(&stop, &json!({})).await.expect(204);
    let stopped = stage.answer(&answer).await;
    assert_eq!(stopped["state"], "stopped");
    node.stop().await;
    stage.house.stop().await;
    database.destroy().await;
}

#[tokio::test]
async fn open_pages_at_another_node_hear_that_a_chat_changed() {
    let Some(database) = PostgresDatabase::create().await else { return };
    let stage = Stage::with(Options { database_url: Some(database.url.clone()), ..Options::default() }).await;
    let node = stage.house.second_node().await;
    let mut events = EventReader::open(&node.client_of(&stage.ann.client), "/v2/events", &[]).await;
    let path = format!("/v2/conversations/{}", stage.chat);
    // The other node asks for word of it within a quarter of a second.
    let told = loop {
        stage.ann.client.patch(&path, &json!({"title": "Told"})).await.expect(200);
        let next = tokio::time::timeout(Duration::from_millis(500), events.until("conversation.changed")).await;
        if let Ok(event) = next {
            break event.json();
        }
    };
    assert_eq!(told["id"], json!(stage.chat));
    node.stop().await;
    stage.house.stop().await;
    database.destroy().await;
}
