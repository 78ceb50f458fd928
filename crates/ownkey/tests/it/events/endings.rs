//! A stream ends when its reader may no longer listen, and when the server goes.

use std::time::Duration;

use domain::audit::{Actor, Event};
use serde_json::json;
use testkit::{EventReader, House};
use tokio::time::timeout;

use super::{KEY, id, listen};

/// How soon.
const BOUND: Duration = Duration::from_secs(2);

/// Reads on until the stream ends.
async fn ends(reader: &mut EventReader) {
    timeout(BOUND, async { while reader.next().await.is_some() {} }).await.unwrap();
}

#[tokio::test]
async fn a_revoked_token_hears_no_more() {
    let house = House::start().await;
    let ann = house.user("ann").await;
    let token =
        ann.client.post("/v2/tokens", &json!({"name": "t", "scopes": ["manage:credentials"]})).await.expect(201).json();
    let client = ann.client.with_token(token["token"].as_str().unwrap());
    let (mut tokens, mut anns) = (listen(&client).await, listen(&ann.client).await);
    ann.client.delete(&format!("/v2/tokens/{}", id(&token))).await.expect(204);
    ends(&mut tokens).await;
    client.get("/v2/events").await.expect(401);
    ann.save_key("openai", KEY).await;
    anns.until("credential.created").await;
}

#[tokio::test]
async fn a_session_that_ended_hears_no_more_and_another_one_does() {
    let house = House::start().await;
    let ann = house.user("ann").await;
    let cookie = house.web_session("ann").await;
    let mut pages = EventReader::open(&house.nobody(), "/v2/events", &[("cookie", &cookie)]).await;
    let mut anns = listen(&ann.client).await;
    let headers = [("cookie", cookie.as_str()), ("sec-fetch-site", "same-origin")];
    house.nobody().send(http::Method::POST, "/v2/logout", &headers, Vec::new()).await.expect(204);
    ends(&mut pages).await;
    ann.save_key("openai", KEY).await;
    anns.until("credential.created").await;
}

#[tokio::test]
async fn a_user_who_is_switched_off_or_given_another_role_hears_no_more() {
    let house = House::start().await;
    let (ann, root) = (house.admin("ann").await, house.admin("root").await);
    let users = root.client.get("/v2/users").await.expect(200).json();
    let user = users["data"].as_array().unwrap().iter().find(|user| user["email"] == "ann@example.org").unwrap();
    let path = format!("/v2/users/{}", id(user));
    let mut events = listen(&ann.client).await;
    root.client.patch(&path, &json!({"role": "member"})).await.expect(200);
    ends(&mut events).await;
    let mut events = listen(&ann.client).await;
    root.client.patch(&path, &json!({"is_active": false})).await.expect(200);
    ends(&mut events).await;
}

#[tokio::test]
async fn a_token_revoked_by_another_process_hears_no_more() {
    let house = House::start().await;
    let ann = house.user("ann").await;
    let body = json!({"name": "t", "scopes": ["read:usage"]});
    let token = ann.client.post("/v2/tokens", &body).await.expect(201).json();
    let mut events = listen(&ann.client.with_token(token["token"].as_str().unwrap())).await;
    let store = house.as_command_line().await;
    let token = id(&token).parse().unwrap();
    let mut change = store.begin(house.app.clock.now(), Actor::CommandLine { user: None }, None).await.unwrap();
    assert!(store::tokens::revoke(&mut change, token).await.unwrap());
    change.commit(Event::TokenRevoked { token }).await.unwrap();
    ends(&mut events).await;
    store.close().await;
}

#[tokio::test]
async fn streams_end_when_the_server_drains_and_do_not_hold_it_up() {
    let house = House::start().await;
    let ann = house.user("ann").await;
    let mut events = listen(&ann.client).await;
    house.app.start_draining();
    ends(&mut events).await;
    timeout(BOUND, house.stop()).await.unwrap();
}

#[tokio::test]
async fn a_user_has_twenty_streams_and_one_more_when_one_is_closed() {
    let house = House::start().await;
    let (ann, bob) = (house.user("ann").await, house.user("bob").await);
    let mut open = Vec::new();
    for _ in 0..20 {
        open.push(listen(&ann.client).await);
    }
    let refused = ann.client.get("/v2/events").await.expect(429);
    assert_eq!((refused.json()["code"].as_str().unwrap(), refused.header("retry-after")), ("rate_limited", "30"));
    listen(&bob.client).await;
    let metrics = house.nobody().get("/metrics").await.expect(200).text();
    assert!(metrics.contains("ownkey_event_streams 2"), "{metrics}");
    drop(open.pop());
    testkit::promptly("a seat is free", BOUND, async || {
        let answer = ann.client.open(http::Method::GET, "/v2/events", &[], Vec::new()).await;
        (answer.status().as_u16() == 200).then_some(())
    })
    .await;
}
