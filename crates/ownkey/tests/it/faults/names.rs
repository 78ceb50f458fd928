//! Names of models that lead nowhere.

use domain::ProviderId;
use domain::model::{ModelFacts, ModelStatus};
use llm::catalogue::Catalogue;
use provider_sim::{Behaviour, Models, Script};
use testkit::{Answer, House, chat_body};

use super::{KEY, Stage, told};

async fn ask(stage: &Stage, model: &str) -> Answer {
    stage.ann.client.post("/v1/chat/completions", &chat_body(model, "Hi", false)).await
}

fn sentence(answer: &Answer) -> String {
    answer.json()["error"]["message"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_name_that_nobody_knows_is_a_404_without_an_upstream_call() {
    let stage = Stage::set().await;
    let answer = ask(&stage, "no-such-model").await;
    assert_eq!(told(&answer), "404 invalid_request_error model_not_found");
    assert!(stage.ann.usage().await.is_empty());
}

#[tokio::test]
async fn a_known_model_without_a_key_asks_for_one() {
    let stage = Stage::set().await;
    let answer = ask(&stage, "mistral/mistral-large-2512").await;
    assert_eq!(told(&answer), "400 invalid_request_error provider_key_required");
    assert!(sentence(&answer).starts_with("API key required: ") && sentence(&answer).contains("Mistral"));
}

#[tokio::test]
async fn a_model_that_the_key_does_not_list_is_a_404_that_names_the_key() {
    let script = Script { models: Models::Listed(vec!["gpt-5-mini".to_owned()]), ..Script::says("Hi.") };
    let house = House::start_scripted(script).await;
    let ann = house.user("ann").await;
    let key = ann.save_key("openai", KEY).await;
    let answer = ann.client.post("/v1/chat/completions", &chat_body("gpt-4o", "Hi", false)).await;
    assert_eq!(told(&answer), "404 invalid_request_error model_not_found");
    assert!(sentence(&answer).contains(key["name"].as_str().unwrap()), "{}", sentence(&answer));
    assert!(house.sim.log().iter().all(|call| call.model.is_none()));
}

#[tokio::test]
async fn a_retired_model_is_passed_on_and_its_404_names_the_replacement() {
    let openai = Catalogue::builtin().models(ProviderId::OpenAi);
    let is_replaced = |facts: &&ModelFacts| facts.status == ModelStatus::Retired && facts.replacement.is_some();
    let retired = openai.iter().find(is_replaced).unwrap();
    let (id, replacement) = (retired.id.as_str(), retired.replacement.as_deref().unwrap());
    let stage = Stage::set().await;
    stage.house.sim.next(Behaviour::NoSuchModel);
    let answer = ask(&stage, id).await;
    assert_eq!(told(&answer), "404 invalid_request_error model_not_found");
    assert!(sentence(&answer).contains(replacement), "{}", sentence(&answer));
    assert_eq!(stage.ann.usage().await.len(), 1);
}

#[tokio::test]
async fn a_token_for_some_models_calls_no_other() {
    let stage = Stage::set().await;
    let body = serde_json::json!({"name": "narrow", "models": ["gpt-4o"]});
    let client = stage.ann.gateway_client_with(&body).await;
    let answer = client.post("/v1/chat/completions", &chat_body("gpt-5-mini", "Hi", false)).await;
    assert_eq!(told(&answer), "403 invalid_request_error model_not_allowed");
    assert!(stage.ann.usage().await.is_empty());
}
