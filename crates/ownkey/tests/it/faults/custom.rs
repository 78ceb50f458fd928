//! Endpoints that nobody knows: named by slug, and tried again without a field
//! they refuse.

use provider_sim::{Behaviour, Reply};
use serde_json::{Value, json};
use testkit::{Answer, House, Person, chat_body};

use super::{SAYS, row};

async fn ann_with_a_server(house: &House) -> (Person, Value) {
    let ann = house.user("ann").await;
    let body = json!({
        "provider": "custom", "name": "My Server", "api_key": "FAKEcustomKeyaBcDeFgHiJk", "api_base": house.sim.base_url(),
    });
    let key = ann.client.post("/v2/credentials?check=sync", &body).await.expect(201).json();
    (ann, key)
}

async fn ask(ann: &Person, fields: &[(&str, Value)]) -> Answer {
    let mut body = chat_body("my-server/gpt-5-mini", "Hi", false);
    for (name, value) in fields {
        body[*name] = value.clone();
    }
    ann.client.post("/v1/chat/completions", &body).await
}

#[tokio::test]
async fn a_custom_server_is_called_by_its_slug() {
    let house = House::start().await;
    let (ann, key) = ann_with_a_server(&house).await;
    assert_eq!(json!([key["status"], key["settings"]["slug"]]), json!(["valid", "my-server"]));
    let answer = ask(&ann, &[("user", json!("ann"))]).await.expect(200);
    assert_eq!(answer.json()["choices"][0]["message"]["content"], "Hello from the scripted provider.");
    assert_eq!(answer.header("x-ownkey-credential-id"), key["id"].as_str().unwrap());
    let sent: Value = serde_json::from_slice(&house.sim.log().last().unwrap().body).unwrap();
    assert_eq!(json!([sent["model"], sent["user"]]), json!(["gpt-5-mini", "ann"]), "sent as given");
    let models = ann.client.get("/v1/models").await.expect(200).json();
    assert!(models["data"].as_array().unwrap().iter().any(|model| model["id"] == "my-server/gpt-5-mini"));
}

#[tokio::test]
async fn its_models_are_not_reached_by_the_bare_name() {
    let house = House::start().await;
    let (ann, _) = ann_with_a_server(&house).await;
    let answer = ann.client.post("/v1/chat/completions", &chat_body("gpt-5-mini", "Hi", false)).await.expect(400);
    assert_eq!(answer.json()["error"]["code"], "provider_key_required");
}

#[tokio::test]
async fn a_field_that_it_refuses_is_left_out_once() {
    let house = House::start().await;
    let (ann, _) = ann_with_a_server(&house).await;
    house.sim.next(Behaviour::RefusesField("store".to_owned()));
    house.sim.next(Behaviour::Answer(Reply::says(SAYS)));
    let answer = ask(&ann, &[("store", json!(true))]).await.expect(200);
    assert_eq!(json!([answer.header("x-ownkey-attempts"), answer.header("x-ownkey-dropped")]), json!(["2", "store"]));
    house.ledger_is_written().await;
    let events = ann.usage().await;
    let rows: Vec<String> = events[0]["attempts"].as_array().unwrap().iter().map(row).collect();
    assert_eq!(rows, ["failed bad_request provider ? free", "settled - provider 1+9 unknown"]);
}

#[tokio::test]
async fn a_field_that_matters_is_never_left_out() {
    let house = House::start().await;
    let (ann, _) = ann_with_a_server(&house).await;
    house.sim.next(Behaviour::RefusesField("temperature".to_owned()));
    let answer = ask(&ann, &[("temperature", json!(0.5))]).await.expect(400);
    assert_eq!(answer.json()["error"]["param"], "temperature");
    assert_eq!(ann.usage().await[0]["attempts"].as_array().unwrap().len(), 1);
}
