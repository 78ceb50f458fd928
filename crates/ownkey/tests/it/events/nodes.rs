//! Events cross processes and nodes.

use std::time::Duration;

use domain::audit::{Actor, Event};
use http_body_util::BodyExt;
use serde_json::json;
use testkit::{EventReader, House, Options, PostgresDatabase};

use super::{KEY, heard, id, listen};

#[tokio::test]
async fn what_the_command_line_changes_is_told_by_the_server() {
    let house = House::start().await;
    let ann = house.user("ann").await;
    let key = id(&ann.save_key("openai", KEY).await);
    let mut events = listen(&ann.client).await;
    let store = house.as_command_line().await;
    let credential = key.parse().unwrap();
    let mut change = store.begin(house.app.clock.now(), Actor::CommandLine { user: None }, None).await.unwrap();
    assert!(store::credentials::set_active(&mut change, credential, false, None).await.unwrap());
    change.commit(Event::CredentialDeactivated { credential }).await.unwrap();
    let told = heard(&mut events).await;
    assert_eq!((told.name.as_str(), &told.json()["is_active"]), ("credential.updated", &json!(false)));
    store.close().await;
}

#[tokio::test]
async fn what_happens_at_one_node_is_told_at_the_other() {
    let Some(database) = PostgresDatabase::create().await else { return };
    let house = House::start_with(Options { database_url: Some(database.url.clone()), ..Options::default() }).await;
    let node = house.second_node().await;
    let ann = house.user("ann").await;
    let there = node.client_of(&ann.client);
    let mut events = listen(&there).await;

    let key = id(&ann.save_key("openai", KEY).await);
    assert_eq!(events.until("credential.created").await.json()["credential_id"], *key);
    assert_eq!(events.until("credential.status_changed").await.json()["status"], "valid");
    let mut calls = 0;
    while calls == 0 {
        // The other node asks for word of calls within a quarter of a second.
        ann.chat("Hi").await.expect(200);
        house.ledger_is_written().await;
        calls = tokio::time::timeout(Duration::from_secs(2), events.until("usage.recorded"))
            .await
            .map_or(0, |event| event.json()["calls"].as_u64().unwrap());
    }

    // Whoever comes back at another node goes on where they were.
    let last = events.last_id.clone();
    drop(events);
    ann.client.patch(&format!("/v2/credentials/{key}"), &json!({"name": "Missed"})).await.expect(200);
    let mut events = EventReader::open(&ann.client, "/v2/events", &[("last-event-id", &last)]).await;
    assert_eq!(events.until("credential.updated").await.json()["name"], "Missed");
    node.stop().await;
    house.stop().await;
    database.destroy().await;
}

#[tokio::test]
async fn a_node_that_lost_its_database_cannot_tell_who_may_listen_and_ends_its_streams() {
    let Some(database) = PostgresDatabase::create().await else { return };
    let house = House::start_with(Options { database_url: Some(database.url.clone()), ..Options::default() }).await;
    let ann = house.user("ann").await;
    let stream = ann.client.open(http::Method::GET, "/v2/events", &[], Vec::new()).await;
    assert_eq!(stream.status().as_u16(), 200);
    let name = &database.name;
    database.at_server(&format!("ALTER DATABASE {name} WITH ALLOW_CONNECTIONS false")).await;
    let terminate = format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'");
    database.at_server(&terminate).await;
    let rest = BodyExt::collect(stream.into_body());
    tokio::time::timeout(Duration::from_secs(20), rest).await.unwrap().unwrap();
    database.at_server(&format!("ALTER DATABASE {name} WITH ALLOW_CONNECTIONS true")).await;
    let mut events = listen(&ann.client).await;
    ann.save_key("openai", KEY).await;
    events.until("credential.created").await;
    house.stop().await;
    database.destroy().await;
}
