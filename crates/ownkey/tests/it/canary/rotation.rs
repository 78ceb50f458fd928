//! Canaries that take each other's place, go along as headers, and stay where
//! the operator keeps them.

use provider_sim::{Behaviour, KeyState};
use serde_json::json;
use testkit::{House, PASSWORD, Person, chat_body};

use super::{EDITED, HEADER, PERSONAL, REFERRED, REFUSED, ROTATED, Seen};

/// A key is replaced in two phases, refused ones among them, and so is a token.
pub(super) async fn rotate(seen: &Seen, house: &House, ann: &Person, bob: &Person, keys: &[String]) {
    let custom = json!({"provider": "custom", "name": "Courier", "api_key": EDITED,
        "api_base": format!("{}/v1", house.sim.origin()), "settings": {"headers": {"x-team": HEADER}}});
    house.sim.key(EDITED, KeyState::Invalid401);
    let custom = seen.post(&ann.client, "/v2/credentials", custom).await;
    let path = format!("/v2/credentials/{}", custom["id"].as_str().unwrap_or_else(|| panic!("{custom}")));
    for body in [
        json!({"api_key": REFUSED}),
        json!({"api_key": [ROTATED]}),
        json!({"api_key": ROTATED, "grace_seconds": ROTATED}),
        json!({"api_key": ROTATED, "grace_seconds": 9_999_999}),
        json!({"api_key": EDITED}),
        json!({"api_key": ROTATED}),
    ] {
        seen.post(&ann.client, &format!("{path}/rotate"), body.clone()).await;
        seen.post(&bob.client, &format!("{path}/rotate?force=true"), body).await;
    }
    let body = json!({"settings": {"headers": {"x-team": format!("{HEADER}\n")}}});
    seen.patch(&ann.client, &path, body).await;
    seen.patch(&ann.client, &path, json!({"settings": {"headers": {format!("a {HEADER}"): HEADER}}})).await;
    seen.patch(&ann.client, &path, json!({"settings": {"headers": [HEADER]}})).await;
    let body =
        json!({"provider": "custom", "api_base": "https://x.example", "settings": {"headers": {"host": HEADER}}});
    seen.post(&ann.client, "/v2/credentials", body).await;
    let answer =
        ann.client.post("/v1/chat/completions", &chat_body("courier/gpt-5-mini", "Hi", false)).await.expect(200);
    seen.keep("courier/gpt-5-mini", answer);
    assert!(house.sim.log().last().unwrap().header("x-team").is_some_and(|value| value == HEADER));
    house.sim.next(Behaviour::RefusesField(HEADER.into()));
    seen.post(&ann.client, "/v1/chat/completions", chat_body("courier/gpt-5-mini", "Hi", false)).await;
    seen.get(&ann.client, &format!("{path}/impact")).await;
    seen.delete(&ann.client, &path).await;
    // A refused new key of the server's, too.
    house.sim.key(ROTATED, KeyState::Invalid401);
    seen.post(&ann.client, &format!("/v2/credentials/{}/rotate", keys[1]), json!({"api_key": ROTATED})).await;
    house.sim.key(ROTATED, KeyState::Valid);
    let token = seen.post(&bob.client, "/v2/tokens", json!({"name": "rotates"})).await;
    let token = format!("/v2/tokens/{}", token["id"].as_str().unwrap());
    seen.patch(&bob.client, &token, json!({"name": "renamed"})).await;
    seen.patch(&bob.client, &token, json!({"scopes": [PERSONAL], "expires_at": PERSONAL})).await;
    seen.post(&bob.client, &format!("{token}/rotate"), json!({"grace_seconds": 60})).await;
    seen.post(&bob.client, &format!("{token}/rotate"), json!({"grace_seconds": PERSONAL})).await;
}

/// A key of the server's is kept in a variable, and one is where nobody may look.
pub(super) async fn refer(seen: &Seen, house: &House, ann: &Person) {
    let body = |place: &str| {
        json!({"provider": "custom", "name": "Referred", "scope": "system", "secret_ref": place,
            "api_base": format!("{}/v1", house.sim.origin())})
    };
    for place in ["env:OTHER", "env:MASTER_KEY", "file:/etc/passwd", "env:LLM_NONE"] {
        seen.post(&ann.client, "/v2/credentials", body(place)).await;
    }
    let refused = ann.client.post("/v2/credentials", &body(REFERRED)).await.expect(422);
    seen.keep("a key in the place of a reference", refused);
    let key = seen.post(&ann.client, "/v2/credentials?check=sync", body("env:LLM_HOUSE")).await;
    assert_eq!(key["status"], "valid", "{key}");
    let answer =
        ann.client.post("/v1/chat/completions", &chat_body("referred/gpt-5-mini", "Hi", false)).await.expect(200);
    seen.keep("referred/gpt-5-mini", answer);
    let used = house.sim.log().last().unwrap().authorization.clone();
    assert_eq!(used, Some(format!("Bearer {REFERRED}")));
    let path = format!("/v2/credentials/{}", key["id"].as_str().unwrap());
    seen.post(&ann.client, &format!("{path}/reveal"), json!({"password": PASSWORD})).await;
    seen.post(&ann.client, &format!("{path}/rotate"), json!({"api_key": ROTATED})).await;
    seen.delete(&ann.client, &format!("{path}?confirm=true")).await;
}
