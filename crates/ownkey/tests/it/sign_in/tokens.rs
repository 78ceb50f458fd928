//! Gateway tokens: never more than their maker, and not for longer than said.

use serde_json::json;
use testkit::{House, chat_body};

use super::{HOUR, MINUTE};

const KEY: &str = "sk-proj-FAKEaBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789key1";

#[tokio::test]
async fn a_token_cannot_make_one_that_may_do_more() {
    let house = House::start().await;
    let ann = house.user("ann").await;
    let minter = ann.gateway_client_with(&json!({"name": "minter", "scopes": ["models", "manage:tokens"]})).await;
    for scope in ["manage:credentials", "read:usage", "read:audit", "metrics"] {
        let answer = minter.post("/v2/tokens", &json!({"name": "more", "scopes": ["models", scope]})).await;
        assert_eq!(answer.expect(403).json()["code"], "forbidden", "{scope}");
    }
    minter.post("/v2/tokens", &json!({"name": "none", "scopes": []})).await.expect(422);
    minter.post("/v2/tokens", &json!({"name": "as much", "scopes": ["models", "manage:tokens"]})).await.expect(201);
    let auditor = ann.gateway_client_with(&json!({"name": "audit", "scopes": ["read:audit"]})).await;
    auditor.get("/v2/audit-events").await.expect(403);
}

#[tokio::test]
async fn a_token_for_some_models_calls_and_gives_only_these() {
    let house = House::start().await;
    let ann = house.user("ann").await;
    ann.save_key("openai", KEY).await;
    let scopes = json!(["models", "manage:tokens"]);
    let minter = json!({"name": "minter", "scopes": scopes, "models": ["gpt-5-mini"]});
    let minter = ann.gateway_client_with(&minter).await;
    let listed = minter.get("/v1/models").await.expect(200).json();
    let ids: Vec<_> = listed["data"].as_array().unwrap().iter().map(|model| model["id"].clone()).collect();
    assert_eq!(ids, ["gpt-5-mini"]);
    let call = async |model: &str| minter.post("/v1/chat/completions", &chat_body(model, "Hi", false)).await;
    call("gpt-5-mini").await.expect(200);
    let refused = call("gpt-5-nano").await;
    assert!([403, 404].contains(&refused.status.as_u16()), "{}", refused.text());
    let other = json!({"name": "other", "models": ["gpt-5-mini", "gpt-5-nano"]});
    minter.post("/v2/tokens", &other).await.expect(403);
    let heir = minter.post("/v2/tokens", &json!({"name": "heir"})).await.expect(201).json();
    assert_eq!(heir["models"], json!(["gpt-5-mini"]), "{heir}");
}

#[tokio::test]
async fn a_revoked_and_an_expired_token_are_unknown() {
    let house = House::start().await;
    let ann = house.user("ann").await;
    let made = ann.client.post("/v2/tokens", &json!({"name": "gone"})).await.expect(201).json();
    let gone = ann.client.with_token(made["token"].as_str().unwrap());
    gone.get("/v1/models").await.expect(200);
    ann.client.delete(&format!("/v2/tokens/{}", made["id"].as_str().unwrap())).await.expect(204);
    gone.get("/v1/models").await.expect(401);
    let at = house.app.clock.now().plus(HOUR).to_string();
    let short = ann.gateway_client_with(&json!({"name": "short", "expires_at": at})).await;
    house.pass(HOUR - MINUTE);
    short.get("/v1/models").await.expect(200);
    house.pass(2 * MINUTE);
    short.get("/v1/models").await.expect(401);
    ann.client.post("/v2/tokens", &json!({"name": "past", "expires_at": at})).await.expect(422);
}

#[tokio::test]
async fn a_token_is_shown_once() {
    let house = House::start().await;
    let ann = house.user("ann").await;
    let made = ann.client.post("/v2/tokens", &json!({"name": "once"})).await.expect(201).json();
    let text = made["token"].as_str().unwrap();
    let list = ann.client.get("/v2/tokens").await.expect(200).text();
    assert!(list.contains("once") && !list.contains(text), "{list}");
}

#[tokio::test]
async fn a_token_is_edited_and_what_is_not_named_stays() {
    let house = House::start().await;
    let ann = house.user("ann").await;
    let body = json!({"name": "laptop", "scopes": ["models", "read:usage"], "models": ["gpt-5-mini"]});
    let made = ann.client.post("/v2/tokens", &body).await.expect(201).json();
    let path = format!("/v2/tokens/{}", made["id"].as_str().unwrap());
    let token = ann.client.with_token(made["token"].as_str().unwrap());
    let edited = ann.client.patch(&path, &json!({"name": "desk"})).await.expect(200).json();
    assert_eq!(
        json!([edited["name"], edited["scopes"], edited["models"], edited["expires_at"]]),
        json!(["desk", ["models", "read:usage"], ["gpt-5-mini"], null])
    );
    assert!(edited.get("token").is_none(), "{edited}");
    let other =
        json!({"models": null, "scopes": ["models"], "expires_at": house.app.clock.now().plus(HOUR).to_string()});
    token.get("/v2/usage").await.expect(200);
    let edited = ann.client.patch(&path, &other).await.expect(200).json();
    assert_eq!(json!([edited["models"], edited["scopes"]]), json!([null, ["models"]]));
    token.get("/v2/usage").await.expect(403);
    for wrong in [
        json!({"name": ""}),
        json!({"scopes": []}),
        json!({"scopes": ["everything"]}),
        json!({"models": []}),
        json!({"expires_at": "2020-01-01T00:00:00Z"}),
        json!({"hash": "x"}),
        json!({"user_id": "x"}),
    ] {
        ann.client.patch(&path, &wrong).await.expect(422);
    }
    house.pass(2 * HOUR);
    token.get("/v1/models").await.expect(401);
    ann.client.patch(&path, &json!({"expires_at": null})).await.expect(200);
    token.get("/v1/models").await.expect(200);
    ann.client.delete(&path).await.expect(204);
    ann.client.patch(&path, &json!({"name": "again"})).await.expect(409);
    house.user("bob").await.client.patch(&path, &json!({"name": "his"})).await.expect(404);
}

#[tokio::test]
async fn a_token_can_neither_widen_nor_take_over_another() {
    let house = House::start().await;
    let ann = house.user("ann").await;
    let at = house.app.clock.now().plus(HOUR).to_string();
    let made = async |body: serde_json::Value| ann.client.post("/v2/tokens", &body).await.expect(201).json();
    let minter = made(json!({"name": "minter", "scopes": ["models", "manage:tokens"], "models": ["gpt-5-mini"],
        "expires_at": at}))
    .await;
    let wide = made(json!({"name": "wide", "scopes": ["models", "manage:credentials"]})).await;
    let peer = made(json!({"name": "peer", "models": ["gpt-5-mini"], "expires_at": at})).await;
    let client = ann.client.with_token(minter["token"].as_str().unwrap());
    let path = |token: &serde_json::Value| format!("/v2/tokens/{}", token["id"].as_str().unwrap());
    // Others that may do more than it.
    for body in [json!({"name": "mine"}), json!({"scopes": ["models"]})] {
        client.patch(&path(&wide), &body).await.expect(403);
    }
    client.post(&format!("{}/rotate", path(&wide)), &json!({})).await.expect(403);
    // Itself and its like, to more than it.
    for token in [&minter, &peer] {
        for body in
            [json!({"scopes": ["models", "manage:credentials"]}), json!({"models": ["gpt-5-mini", "gpt-5-nano"]})]
        {
            client.patch(&path(token), &body).await.expect(403);
        }
        let open_ended =
            client.patch(&path(token), &json!({"models": null, "expires_at": null})).await.expect(200).json();
        assert_eq!(
            json!([open_ended["models"], open_ended["expires_at"]]),
            json!([["gpt-5-mini"], minter["expires_at"]])
        );
        let later = json!({"expires_at": house.app.clock.now().plus(10 * HOUR).to_string()});
        let capped = client.patch(&path(token), &later).await.expect(200).json();
        assert_eq!(capped["expires_at"], minter["expires_at"]);
    }
    client.post(&format!("{}/rotate", path(&peer)), &json!({})).await.expect(200);
}

#[tokio::test]
async fn a_rotated_token_has_a_new_text_and_the_former_one_works_until_the_grace_ends() {
    let house = House::start().await;
    let ann = house.user("ann").await;
    let made = ann.client.post("/v2/tokens", &json!({"name": "laptop"})).await.expect(201).json();
    let path = format!("/v2/tokens/{}/rotate", made["id"].as_str().unwrap());
    let first = ann.client.with_token(made["token"].as_str().unwrap());
    first.get("/v1/models").await.expect(200);
    let rotated = ann.client.post(&path, &json!({"grace_seconds": 60})).await.expect(200).json();
    assert_eq!(json!([rotated["id"], rotated["name"]]), json!([made["id"], "laptop"]));
    let second = ann.client.with_token(rotated["token"].as_str().unwrap());
    assert_ne!(first.token(), second.token());
    for client in [&first, &second] {
        client.get("/v1/models").await.expect(200);
    }
    let list = ann.client.get("/v2/tokens").await.expect(200).text();
    assert!(list.contains(rotated["masked"].as_str().unwrap()) && !list.contains(second.token()), "{list}");
    house.pass(MINUTE);
    first.get("/v1/models").await.expect(401);
    second.get("/v1/models").await.expect(200);
    // At once: neither this text nor one before it.
    let rotated = ann.client.post(&path, &json!({"grace_seconds": 3600})).await.expect(200).json();
    let third = ann.client.with_token(rotated["token"].as_str().unwrap());
    let rotated = ann.client.post(&path, &json!({})).await.expect(200).json();
    let fourth = ann.client.with_token(rotated["token"].as_str().unwrap());
    for client in [&second, &third] {
        client.get("/v1/models").await.expect(401);
    }
    fourth.get("/v1/models").await.expect(200);
    ann.client.post(&path, &json!({"grace_seconds": 2_592_001})).await.expect(422);
    ann.client.post(&path, &json!({"grace_seconds": 600})).await.expect(200);
    ann.client.delete(&format!("/v2/tokens/{}", made["id"].as_str().unwrap())).await.expect(204);
    fourth.get("/v1/models").await.expect(401);
    ann.client.post(&path, &json!({})).await.expect(409);
}

#[tokio::test]
async fn a_rotation_of_a_token_is_known_on_every_node_within_two_seconds() {
    let Some(database) = testkit::PostgresDatabase::create().await else { return };
    let options = testkit::Options { database_url: Some(database.url.clone()), ..testkit::Options::default() };
    let house = House::start_with(options).await;
    let second = house.second_node().await;
    let ann = house.user("ann").await;
    let made = ann.client.post("/v2/tokens", &json!({"name": "laptop"})).await.expect(201).json();
    let old = second.client_of(&ann.client.with_token(made["token"].as_str().unwrap()));
    old.get("/v1/models").await.expect(200);
    let path = format!("/v2/tokens/{}/rotate", made["id"].as_str().unwrap());
    let rotated = ann.client.post(&path, &json!({})).await.expect(200).json();
    testkit::promptly("the other node refuses the former text", std::time::Duration::from_secs(2), async || {
        (old.get("/v1/models").await.status == 401).then_some(())
    })
    .await;
    let new = second.client_of(&ann.client.with_token(rotated["token"].as_str().unwrap()));
    new.get("/v1/models").await.expect(200);
    second.stop().await;
    house.stop().await;
    database.destroy().await;
}
