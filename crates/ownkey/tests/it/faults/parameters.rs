//! Fields that a provider cannot take.

use provider_sim::{Models, Script};
use serde_json::{Value, json};
use testkit::{Answer, Options, chat_body};

use super::{SAYS, Stage};

const MODEL: &str = "mistral-large-2512";

async fn stage() -> Stage {
    let models = Models::Listed(vec![MODEL.to_owned(), "gpt-5-mini".to_owned()]);
    let stage = Stage::with(Options { script: Script { models, ..Script::says(SAYS) }, ..Options::default() }).await;
    stage.ann.save_key("mistral", "FAKEmistralKeyaBcDeFgHiJkLmNoPqR").await;
    stage
}

async fn ask(stage: &Stage, fields: &Value, headers: &[(&str, &str)]) -> Answer {
    let mut body = chat_body(&format!("mistral/{MODEL}"), "Hi", false);
    for (name, value) in fields.as_object().unwrap() {
        body[name] = value.clone();
    }
    let headers = [&[("content-type", "application/json")], headers].concat();
    stage.ann.client.send(http::Method::POST, "/v1/chat/completions", &headers, body.to_string().into_bytes()).await
}

/// The body that the provider saw last.
fn seen(stage: &Stage) -> Value {
    serde_json::from_slice(&stage.house.sim.log().last().unwrap().body).unwrap()
}

#[tokio::test]
async fn a_field_without_effect_is_left_out_and_said_so() {
    let stage = stage().await;
    let answer = ask(&stage, &json!({"user": "ann", "store": true, "temperature": 0.5}), &[]).await.expect(200);
    assert_eq!(answer.header("x-ownkey-dropped"), "store, user");
    let body = seen(&stage);
    assert_eq!(json!([body.get("user"), body.get("store"), body["temperature"]]), json!([null, null, 0.5]));
}

#[tokio::test]
async fn a_field_is_sent_under_the_providers_name_for_it() {
    let stage = stage().await;
    let answer = ask(&stage, &json!({"max_completion_tokens": 50, "seed": 7}), &[]).await.expect(200);
    assert_eq!(answer.header("x-ownkey-dropped"), "");
    let body = seen(&stage);
    assert_eq!(json!([body["max_tokens"], body["random_seed"], body.get("seed")]), json!([50, 7, null]));
}

#[tokio::test]
async fn a_field_that_would_change_the_answer_is_refused_before_anything_is_sent() {
    let stage = stage().await;
    let answer = ask(&stage, &json!({"logit_bias": {"50256": -100}}), &[]).await.expect(400);
    let error = &answer.json()["error"];
    assert_eq!(json!([error["code"], error["param"]]), json!(["unsupported_parameter", "logit_bias"]));
    assert!(error["message"].as_str().unwrap().contains(MODEL));
    assert!(stage.ann.usage().await.is_empty());
}

#[tokio::test]
async fn a_lenient_call_leaves_it_out_and_says_so() {
    let stage = stage().await;
    let fields = json!({"logit_bias": {"50256": -100}});
    let answer = ask(&stage, &fields, &[("x-ownkey-params", "lenient")]).await.expect(200);
    assert_eq!(answer.header("x-ownkey-dropped"), "logit_bias");
    assert!(seen(&stage).get("logit_bias").is_none());
}

#[tokio::test]
async fn a_token_can_be_lenient_and_a_request_has_the_last_word() {
    let mut stage = stage().await;
    let made = json!({"name": "editor", "params": "lenient"});
    let made = stage.ann.client.post("/v2/tokens", &made).await.expect(201).json();
    assert_eq!(made["params"], "lenient");
    let person = stage.ann.client.clone();
    stage.ann.client = person.with_token(made["token"].as_str().unwrap());
    let fields = json!({"logit_bias": {"50256": -100}});
    assert_eq!(ask(&stage, &fields, &[]).await.expect(200).header("x-ownkey-dropped"), "logit_bias");
    ask(&stage, &fields, &[("x-ownkey-params", "strict")]).await.expect(400);
    let path = format!("/v2/tokens/{}", made["id"].as_str().unwrap());
    let edited = person.patch(&path, &json!({"params": "strict"})).await.expect(200).json();
    assert_eq!((&edited["params"], &edited["name"]), (&json!("strict"), &json!("editor")));
    ask(&stage, &fields, &[]).await.expect(400);
    ask(&stage, &fields, &[("x-ownkey-params", "lenient")]).await.expect(200);
    person.patch(&path, &json!({"params": "whatever"})).await.expect(422);
    assert_eq!(person.post("/v2/tokens", &json!({"name": "plain"})).await.expect(201).json()["params"], "strict");
}
