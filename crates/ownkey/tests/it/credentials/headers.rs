//! Headers of a custom endpoint: sent along with the key, sealed like it.

use serde_json::{Value, json};
use testkit::{House, PASSWORD, Person, chat_body};

use super::{KEY, OTHER_KEY, id, now, path, rotate};

const VALUE: &str = "blue-team-secret-0123456789";

async fn custom(house: &House, ann: &Person, headers: Value) -> Value {
    let body = json!({"provider": "custom", "name": "Proxy", "api_key": KEY,
        "api_base": format!("{}/v1", house.sim.origin()), "settings": {"headers": headers}});
    ann.client.post("/v2/credentials?check=sync", &body).await.expect(201).json()
}

async fn seen_header(house: &House, ann: &Person, name: &str) -> Option<String> {
    ann.client.post("/v1/chat/completions", &chat_body("proxy/gpt-5-mini", "Hi", false)).await.expect(200);
    let log = house.sim.log();
    log.last().unwrap().header(name).map(str::to_owned)
}

#[tokio::test]
async fn they_go_with_every_call_and_only_their_names_come_back() {
    let house = House::start().await;
    let ann = house.user("ann").await;
    let key = custom(&house, &ann, json!({"X-Team": VALUE, "x-tenant": "seven"})).await;
    assert_eq!(key["settings"]["headers"], json!(["x-team", "x-tenant"]), "{key}");
    assert_eq!(key["status"], "valid");
    assert_eq!(house.sim.log()[0].header("x-team"), Some(VALUE), "the check sends them too");
    assert_eq!(seen_header(&house, &ann, "x-team").await.as_deref(), Some(VALUE));
    let list = ann.client.get("/v2/credentials").await.expect(200).text();
    assert!(!list.contains("blue-team") && !key.to_string().contains("blue-team"), "{list}");
    for file in house.files() {
        let bytes = std::fs::read(&file).unwrap();
        assert!(!bytes.windows(9).any(|window| window == b"blue-team"), "{}", file.display());
    }
}

#[tokio::test]
async fn they_stay_when_the_key_is_another_and_go_when_asked() {
    let house = House::start().await;
    let ann = house.user("ann").await;
    let key = custom(&house, &ann, json!({"x-team": VALUE})).await;
    ann.client.patch(&format!("{}?check=sync", path(&key)), &json!({"api_key": OTHER_KEY})).await.expect(200);
    assert_eq!(seen_header(&house, &ann, "x-team").await.as_deref(), Some(VALUE));
    rotate(&ann, &key, json!({"api_key": KEY})).await.expect(200);
    assert_eq!(seen_header(&house, &ann, "x-team").await.as_deref(), Some(VALUE));
    let other = json!({"settings": {"headers": {"x-tenant": "seven"}}});
    let edited = ann.client.patch(&format!("{}?check=sync", path(&key)), &other).await.expect(200).json();
    assert_eq!((&edited["settings"]["headers"], &edited["settings"]["slug"]), (&json!(["x-tenant"]), &json!("proxy")));
    assert_eq!(seen_header(&house, &ann, "x-team").await, None);
    let none = json!({"settings": {"headers": null}});
    let edited = ann.client.patch(&path(&key), &none).await.expect(200).json();
    assert_eq!(edited["settings"], json!({"slug": "proxy"}));
    assert_eq!(seen_header(&house, &ann, "x-tenant").await, None);
}

#[tokio::test]
async fn a_new_origin_needs_them_typed_again() {
    let house = House::start().await;
    let ann = house.user("ann").await;
    let key = custom(&house, &ann, json!({"x-team": VALUE})).await;
    let to = "https://elsewhere.example/v1";
    let refused = ann.client.patch(&path(&key), &json!({"api_base": to, "api_key": KEY})).await.expect(409).json();
    assert_eq!(refused["code"], "key_required_for_new_origin");
    assert!(refused["detail"].as_str().unwrap().contains("settings.headers"), "{refused}");
    let headers = json!({"headers": {"x-team": VALUE}});
    ann.client.patch(&path(&key), &json!({"api_base": to, "settings": headers})).await.expect(409);
    let all = json!({"api_base": to, "api_key": KEY, "settings": headers});
    ann.client.patch(&path(&key), &all).await.expect(200);
    assert_eq!(now(&ann, &key).await["endpoint_origin"], "https://elsewhere.example");
}

#[tokio::test]
async fn a_row_that_hides_its_key_does_not_take_it_along() {
    let house = House::start().await;
    let ann = house.user("ann").await;
    let key = custom(&house, &ann, json!({"x-team": VALUE})).await;
    // Whoever can write to the database makes the row look as if it had headers only.
    let sql = format!("UPDATE credentials SET fingerprint = NULL, masked = '' WHERE id = '{}'", id(&key));
    house.raw_database().await.execute(&sql).await;
    let moved = json!({"api_base": "https://elsewhere.example/v1", "settings": {"headers": {"x-team": VALUE}}});
    ann.client.patch(&path(&key), &moved).await.expect(200);
    let shown = ann.client.post(&format!("{}/reveal", path(&key)), &json!({"password": PASSWORD})).await.expect(403);
    assert!(shown.text().contains("nothing to show"), "{}", shown.text());
}

#[tokio::test]
async fn an_endpoint_without_a_key_may_have_them_too() {
    let house = House::start().await;
    let ann = house.user("ann").await;
    let body = json!({"provider": "custom", "name": "Proxy", "api_base": format!("{}/v1", house.sim.origin()),
        "settings": {"headers": {"x-team": VALUE}}});
    let key = ann.client.post("/v2/credentials?check=sync", &body).await.expect(201).json();
    assert_eq!(house.sim.log()[0].header("x-team"), Some(VALUE));
    let refused = ann.client.patch(&path(&key), &json!({"api_base": "https://elsewhere.example/v1"})).await;
    assert_eq!(refused.expect(409).json()["code"], "key_required_for_new_origin");
    ann.client.patch(&path(&key), &json!({"settings": {"headers": {}}})).await.expect(200);
    ann.client.patch(&path(&key), &json!({"api_base": "https://elsewhere.example/v1"})).await.expect(200);
}

#[tokio::test]
async fn names_that_the_gateway_needs_and_values_that_break_lines_are_refused() {
    let house = House::start().await;
    let ann = house.user("ann").await;
    let nine: serde_json::Map<String, Value> = (0..9).map(|n| (format!("x-{n}"), json!("a"))).collect();
    for headers in [
        json!({"Host": "evil.example"}),
        json!({"authorization": VALUE}),
        json!({"X-Ownkey-Policy": "cross"}),
        json!({"Transfer-Encoding": "chunked"}),
        json!({"content-length": "1"}),
        json!({"x-team": format!("{VALUE}\r\nhost: evil")}),
        json!({"x-team": ""}),
        json!({"x-team": VALUE, "X-Team": VALUE}),
        json!({"x-team": 7}),
        json!(["x-team"]),
        Value::Object(nine),
    ] {
        let body = json!({"provider": "custom", "api_key": KEY, "api_base": format!("{}/v1", house.sim.origin()),
            "settings": {"headers": headers}});
        let refused = ann.client.post("/v2/credentials", &body).await.expect(422).text();
        assert!(!refused.contains("blue-team"), "{refused}");
    }
    let openai = json!({"provider": "openai", "api_key": KEY, "settings": {"headers": {"x-team": "a"}}});
    ann.client.post("/v2/credentials", &openai).await.expect(422);
}

#[tokio::test]
async fn a_provider_that_repeats_one_is_not_repeated() {
    let house = House::start().await;
    let ann = house.user("ann").await;
    let key = custom(&house, &ann, json!({"x-team": VALUE})).await;
    house.sim.next(provider_sim::Behaviour::RefusesField(VALUE.into()));
    let answer = ann.client.post("/v1/chat/completions", &chat_body("proxy/gpt-5-mini", "Hi", false)).await.expect(400);
    assert!(!answer.text().contains("blue-team"), "{}", answer.text());
    assert_eq!(id(&key).len(), 36);
}
