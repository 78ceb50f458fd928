//! Invariant 11: What was revoked or switched off stops working on all nodes within two
//! seconds; a node that cannot confirm its configuration refuses.

use std::time::Duration;

use domain::audit::{Actor, Event};
use serde_json::{Value, json};
use store::Store;
use testkit::{Client, House, Node, Options, Person, PostgresDatabase, chat_body, eventually, promptly};
use tokio::time::Instant;

use super::{KEY, id};

/// How soon.
const BOUND: Duration = Duration::from_secs(2);

async fn status(client: &Client) -> u16 {
    client.post("/v1/chat/completions", &chat_body("gpt-5-mini", "Hi", false)).await.status.as_u16()
}

async fn stops(client: &Client, what: &str, wanted: u16) {
    let since = Instant::now();
    promptly(what, BOUND, async || (status(client).await == wanted).then_some(())).await;
    println!("{what}: after {:?}", since.elapsed());
}

/// Another process on the same SQLite file, as the command line is.
async fn beside(house: &House) -> Store {
    house.as_command_line().await
}

async fn ann_with_token(house: &House) -> (Person, Value, Value, Client) {
    let ann = house.user("ann").await;
    let key = ann.save_key("openai", KEY).await;
    let token = ann.client.post("/v2/tokens", &json!({"name": "one"})).await.expect(201).json();
    let client = ann.client.with_token(token["token"].as_str().unwrap());
    assert_eq!(status(&client).await, 200);
    (ann, key, token, client)
}

#[tokio::test]
async fn a_token_revoked_at_the_command_line_stops_at_the_server() {
    let house = House::start().await;
    let (_, _, token, client) = ann_with_token(&house).await;
    let store = beside(&house).await;
    let token = id(&token).parse().unwrap();
    let mut change = store.begin(house.app.clock.now(), Actor::CommandLine { user: None }, None).await.unwrap();
    assert!(store::tokens::revoke(&mut change, token).await.unwrap());
    change.commit(Event::TokenRevoked { token }).await.unwrap();
    stops(&client, "a token revoked by another process", 401).await;
    store.close().await;
}

#[tokio::test]
async fn a_key_switched_off_at_the_command_line_stops_at_the_server() {
    let house = House::start().await;
    let (_, key, _, client) = ann_with_token(&house).await;
    let store = beside(&house).await;
    let credential = id(&key).parse().unwrap();
    let mut change = store.begin(house.app.clock.now(), Actor::CommandLine { user: None }, None).await.unwrap();
    assert!(store::credentials::set_active(&mut change, credential, false, None).await.unwrap());
    change.commit(Event::CredentialDeactivated { credential }).await.unwrap();
    stops(&client, "a key switched off by another process", 400).await;
    store.close().await;
}

#[tokio::test]
async fn on_its_own_node_a_revocation_counts_from_the_next_call() {
    let house = House::start().await;
    let (ann, key, token, client) = ann_with_token(&house).await;
    ann.client.post(&format!("/v2/credentials/{}/deactivate", id(&key)), &json!({})).await.expect(200);
    assert_eq!(status(&client).await, 400);
    ann.client.delete(&format!("/v2/tokens/{}", id(&token))).await.expect(204);
    assert_eq!(status(&client).await, 401);
}

async fn two_nodes() -> Option<(PostgresDatabase, House, Node)> {
    let database = PostgresDatabase::create().await?;
    let house = House::start_with(Options { database_url: Some(database.url.clone()), ..Options::default() }).await;
    let node = house.second_node().await;
    Some((database, house, node))
}

#[tokio::test]
async fn what_one_node_revokes_stops_at_the_other() {
    let Some((database, house, node)) = two_nodes().await else { return };
    let (ann, key, token, client) = ann_with_token(&house).await;
    let there = node.client_of(&client);
    assert_eq!(status(&there).await, 200);
    ann.client.post(&format!("/v2/credentials/{}/deactivate", id(&key)), &json!({})).await.expect(200);
    stops(&there, "a key switched off at another node", 400).await;
    ann.client.post(&format!("/v2/credentials/{}/activate", id(&key)), &json!({})).await.expect(200);
    stops(&there, "and on again", 200).await;
    ann.client.delete(&format!("/v2/tokens/{}", id(&token))).await.expect(204);
    stops(&there, "a token revoked at another node", 401).await;
    node.stop().await;
    house.stop().await;
    database.destroy().await;
}

/// Calls often enough for every change made so far to have come round, so that
/// the node need not ask its database who is calling.
async fn caller_is_known(client: &Client) {
    for _ in 0..60 {
        assert_eq!(status(client).await, 200);
    }
}

#[tokio::test]
async fn a_node_that_lost_its_database_refuses_and_recovers() {
    let Some(database) = PostgresDatabase::create().await else { return };
    let house = House::start_with(Options { database_url: Some(database.url.clone()), ..Options::default() }).await;
    let (.., client) = ann_with_token(&house).await;
    caller_is_known(&client).await;
    let name = &database.name;
    database.at_server(&format!("ALTER DATABASE {name} WITH ALLOW_CONNECTIONS false")).await;
    let terminate = format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'");
    database.at_server(&terminate).await;
    let since = Instant::now();
    let before = super::calls(&house);
    let refused = promptly("it refuses", Duration::from_secs(8), async || {
        let answer = client.post("/v1/chat/completions", &chat_body("gpt-5-mini", "Hi", false)).await;
        assert_eq!(answer.status, 503, "nothing may be sent that cannot be written down: {}", answer.text());
        (answer.json()["error"]["code"] == "config_stale").then_some(answer)
    })
    .await;
    println!("a lost database: config_stale after {:?}", since.elapsed());
    assert_eq!((refused.header("x-should-retry"), super::calls(&house)), ("", before));
    database.at_server(&format!("ALTER DATABASE {name} WITH ALLOW_CONNECTIONS true")).await;
    eventually("it is back", Duration::from_secs(10), async || (status(&client).await == 200).then_some(())).await;
    house.stop().await;
    database.destroy().await;
}
