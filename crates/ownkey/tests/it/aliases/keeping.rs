//! Making, changing and deleting aliases, and whose they are.

use provider_sim::KeyState;
use serde_json::{Value, json};
use testkit::{House, chat_body};

use super::{ANTHROPIC, OPENAI, THREE, ann_with_fast, answered, by, call, called, make, targets};

fn path(alias: &Value) -> String {
    format!("/v2/model-aliases/{}", alias["id"].as_str().unwrap())
}

#[tokio::test]
async fn an_alias_is_made_read_changed_and_deleted_and_the_log_says_so() {
    let house = House::start().await;
    let root = house.admin("root").await;
    root.save_key("anthropic", ANTHROPIC).await;
    let made = make(&root.client, &json!({"alias": " fast ", "targets": targets(&THREE)})).await;
    assert_eq!(
        json!([made["alias"], made["scope"], made["mode"], made["is_active"], made["shadows"]]),
        json!(["fast", "personal", "ordered", true, []])
    );
    let reachable: Vec<_> = made["targets"].as_array().unwrap().iter().map(|one| one["is_reachable"].clone()).collect();
    assert_eq!(reachable, [false, true, false]);
    assert_eq!(root.client.get(&path(&made)).await.expect(200).json(), made);
    let patch = json!({"alias": "quick", "mode": "weighted", "targets": [
        {"provider": "gemini", "model": "gemini-2.5-flash", "weight": 3},
        {"provider": "custom", "model": "mine/llama"},
    ]});
    let changed = root.client.patch(&path(&made), &patch).await.expect(200).json();
    assert_eq!(json!([changed["alias"], changed["mode"], changed["is_active"]]), json!(["quick", "weighted", false]));
    assert_eq!(
        changed["targets"],
        json!([
            {"provider": "google", "model": "gemini-2.5-flash", "weight": 3, "is_reachable": false},
            {"provider": "custom", "model": "mine/llama", "weight": 1, "is_reachable": false},
        ])
    );
    assert_eq!(root.client.patch(&path(&made), &json!({})).await.expect(200).json(), changed);
    root.client.delete(&path(&made)).await.expect(204);
    root.client.get(&path(&made)).await.expect(404);
    root.client.delete(&path(&made)).await.expect(404);
    let log = root.client.get("/v2/audit-events").await.expect(200).json();
    let said: Vec<_> = log["data"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|event| event["action"].as_str().filter(|action| action.starts_with("alias.")))
        .collect();
    assert_eq!(said, ["alias.deleted", "alias.updated", "alias.created"]);
}

#[tokio::test]
async fn what_is_no_alias_is_refused_with_the_field_at_fault() {
    let house = House::start().await;
    let ann = house.user("ann").await;
    let one = targets(&THREE[..1]);
    let many: Vec<Value> = (0..21).map(|number| json!({"provider": "openai", "model": format!("m{number}")})).collect();
    for (body, field) in [
        (json!({"alias": "", "targets": one}), "alias"),
        (json!({"alias": "two words", "targets": one}), "alias"),
        (json!({"alias": "a".repeat(129), "targets": one}), "alias"),
        (json!({"alias": OPENAI, "targets": one}), "alias"),
        (json!({"alias": "fast", "targets": []}), "targets"),
        (json!({"alias": "fast", "targets": many}), "targets"),
        (json!({"alias": "fast", "targets": targets(&[THREE[0], THREE[0]])}), "targets"),
        (json!({"alias": "fast", "targets": targets(&[("nobody", "m")])}), "targets.provider"),
        (json!({"alias": "fast", "targets": targets(&[("openai", "")])}), "targets.model"),
        (json!({"alias": "fast", "targets": targets(&[("openai", OPENAI)])}), "targets.model"),
        (json!({"alias": "fast", "targets": targets(&[("custom", "no-slug")])}), "targets"),
        (json!({"alias": "fast", "mode": "random", "targets": one}), "mode"),
        (json!({"alias": "fast", "scope": "organization", "targets": one}), "organization_id"),
        (json!({"alias": "fast", "targets": [{"provider": "openai", "model": "m", "weight": 1001}]}), "targets"),
        (
            json!({"alias": "f", "mode": "weighted", "targets": [{"provider": "openai", "model": "m", "weight": 0}]}),
            "targets",
        ),
    ] {
        let answer = ann.client.post("/v2/model-aliases", &body).await.expect(422);
        assert_eq!(answer.json()["errors"][0]["field"], field, "{}", answer.text());
        assert!(!answer.text().contains("FAKE"), "{}", answer.text());
    }
    ann.client.post("/v2/model-aliases", &json!({"alias": "fast", "targets": one, "team": null})).await.expect(422);
    make(&ann.client, &json!({"alias": "fast", "targets": one})).await;
    let again = ann.client.post("/v2/model-aliases", &json!({"alias": "fast", "targets": one})).await.expect(409);
    assert_eq!(again.json()["code"], "conflict");
    let other = make(&ann.client, &json!({"alias": "other", "targets": one})).await;
    ann.client.patch(&path(&other), &json!({"alias": "fast"})).await.expect(409);
}

#[tokio::test]
async fn the_same_create_sent_twice_makes_one() {
    let house = House::start().await;
    let ann = house.user("ann").await;
    let body = json!({"alias": "fast", "targets": targets(&THREE)}).to_string().into_bytes();
    let headers = [("content-type", "application/json"), ("idempotency-key", "once")];
    let send = async || ann.client.send(http::Method::POST, "/v2/model-aliases", &headers, body.clone()).await;
    let made = send().await.expect(201).json();
    let again = send().await.expect(200);
    assert_eq!((again.header("idempotent-replay"), again.json()), ("true", made));
}

#[tokio::test]
async fn somebody_elses_alias_is_not_there_and_everybodys_is_for_admins_to_change() {
    let house = House::start().await;
    let ann = ann_with_fast(&house).await;
    let hers = ann.client.get("/v2/model-aliases").await.expect(200).json()["data"][0].clone();
    let (bob, root) = (house.user("bob").await, house.admin("root").await);
    for client in [&bob.client, &root.client] {
        client.get(&path(&hers)).await.expect(404);
        client.patch(&path(&hers), &json!({"alias": "mine"})).await.expect(404);
        client.delete(&path(&hers)).await.expect(404);
        assert_eq!(client.get("/v2/model-aliases").await.expect(200).json()["count"], 0);
        let body = chat_body("fast", "Hi", false);
        client.post("/v1/chat/completions", &body).await.expect(404);
        let id = hers["id"].as_str().unwrap();
        client.post("/v1/chat/completions", &chat_body(id, "Hi", false)).await.expect(404);
    }
    let system = json!({"alias": "fast", "scope": "system", "targets": targets(&THREE[1..2])});
    bob.client.post("/v2/model-aliases", &system).await.expect(403);
    let everybodys = make(&root.client, &system).await;
    assert_eq!(bob.client.get(&path(&everybodys)).await.expect(200).json()["scope"], "system");
    bob.client.patch(&path(&everybodys), &json!({"alias": "mine"})).await.expect(403);
    bob.client.delete(&path(&everybodys)).await.expect(403);
    bob.save_key("anthropic", ANTHROPIC).await;
    assert_eq!(answered(&call(&bob.client, false).await), by("anthropic", "claude-haiku-4-5", 1));
    // Her own name wins over everybody's, and says so.
    assert_eq!(answered(&call(&ann.client, false).await).0, "openai");
    let hers = ann.client.get(&path(&hers)).await.expect(200).json();
    assert_eq!(hers["shadows"], json!(["an alias of this server"]));
    ann.client.delete(&path(&hers)).await.expect(204);
    assert_eq!(answered(&call(&ann.client, false).await).0, "anthropic");
}

#[tokio::test]
async fn an_alias_wins_over_a_model_of_its_name_and_is_called_by_its_id_too() {
    let house = House::start().await;
    let ann = house.user("ann").await;
    ann.save_key("openai", OPENAI).await;
    ann.save_key("anthropic", ANTHROPIC).await;
    let made = make(&ann.client, &json!({"alias": "gpt-5-mini", "targets": targets(&THREE[1..2])})).await;
    assert_eq!(made["shadows"], json!(["openai/gpt-5-mini"]));
    let provider = async |model: &str| {
        let answer = ann.client.post("/v1/chat/completions", &chat_body(model, "Hi", false)).await.expect(200);
        answer.header("x-ownkey-provider").to_owned()
    };
    assert_eq!(provider("gpt-5-mini").await, "anthropic");
    assert_eq!(provider(made["id"].as_str().unwrap()).await, "anthropic");
    assert_eq!(provider("openai/gpt-5-mini").await, "openai");
}

#[tokio::test]
async fn a_token_for_an_alias_has_what_it_stands_for_and_cannot_change_it() {
    let house = House::start().await;
    let ann = ann_with_fast(&house).await;
    let alias = ann.client.get("/v2/model-aliases").await.json()["data"][0].clone();
    let scopes = json!(["models", "manage:credentials"]);
    let limited = ann.gateway_client_with(&json!({"name": "limited", "models": ["fast"], "scopes": scopes})).await;
    house.sim.key(OPENAI, KeyState::NoCredit429);
    assert_eq!(answered(&call(&limited, false).await).0, "anthropic");
    let direct = limited.post("/v1/chat/completions", &chat_body("claude-haiku-4-5", "Hi", false)).await.expect(403);
    assert_eq!(direct.json()["error"]["code"], "model_not_allowed");
    assert_eq!(called(&house), ["openai", "anthropic"]);
    let wider = json!({"targets": targets(&[("openai", "gpt-6.1-sol")])});
    limited.patch(&path(&alias), &wider).await.expect(403);
    limited.delete(&path(&alias)).await.expect(403);
    limited.post("/v2/model-aliases", &json!({"alias": "x", "targets": targets(&THREE)})).await.expect(403);
    assert_eq!(limited.get("/v1/models").await.expect(200).json()["data"].as_array().unwrap().len(), 1);
    let other = ann.gateway_client_with(&json!({"name": "other", "models": ["gpt-5-mini"]})).await;
    call(&other, false).await.expect(403);
    assert_eq!(other.get("/v2/model-aliases").await.expect(200).json()["count"], 0);
    other.get(&path(&alias)).await.expect(404);
}

#[tokio::test]
async fn who_is_deleted_leaves_no_alias_behind() {
    let house = House::start().await;
    let ann = ann_with_fast(&house).await;
    let id = ann.client.get("/v2/users/me").await.expect(200).json()["id"].as_str().unwrap().to_owned();
    let root = house.admin("root").await;
    root.client.delete(&format!("/v2/users/{id}")).await.expect(204);
    let mut raw = house.raw_database().await;
    assert_eq!(raw.number("SELECT COUNT(*) FROM aliases").await, 0);
    assert_eq!(raw.number("SELECT COUNT(*) FROM alias_targets").await, 0);
}
