//! Budgets: what they let through, what they refuse and in whose words, and that
//! what is held for a call ends with it, however that ends.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod ends;
mod media;
mod rights;
mod words;

use std::time::Duration;

use provider_sim::{Models, Script};
use serde_json::{Value, json};
use testkit::{Answer, Client, House, Options, Person, chat_body};

const KEY: &str = "sk-proj-FAKEaBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789key1";
const MODEL: &str = "gpt-5-mini";

/// A house, and Ann with one OpenAI key.
struct Stage {
    house: House,
    ann: Person,
}

impl Stage {
    async fn set() -> Self {
        Self::with(Options::default()).await
    }

    async fn with(options: Options) -> Self {
        let house = House::start_with(options).await;
        let ann = house.user("ann").await;
        ann.save_key("openai", KEY).await;
        Self { house, ann }
    }

    /// A client with a token that may spend so many dollars a month.
    async fn token(&self, limit: f64) -> Client {
        let body = json!({"name": "My editor", "budget": {"limit": limit, "period": "month"}});
        self.ann.gateway_client_with(&body).await
    }

    /// Ann's only budget, once everything is in the books.
    async fn budget(&self) -> Value {
        self.house.ledger_is_written().await;
        let list = self.ann.client.get("/v2/budgets").await.expect(200).json();
        assert_eq!(list["count"], 1, "{list}");
        list["data"][0].clone()
    }

    /// What is spent of it and held against it, in nano-dollars.
    async fn sums(&self) -> (i64, i64) {
        let budget = self.budget().await;
        (budget["spent_nanos"].as_i64().unwrap(), budget["held_nanos"].as_i64().unwrap())
    }

    async fn edit(&self, patch: Value) -> Value {
        let path = format!("/v2/budgets/{}", self.budget().await["id"].as_str().unwrap());
        self.ann.client.patch(&path, &patch).await.expect(200).json()
    }

    /// What the rows of Ann's calls come to, and how many upstream calls there were.
    async fn billed(&self) -> (i64, usize) {
        self.house.ledger_is_written().await;
        let events = self.ann.usage().await;
        let attempts: Vec<_> = events.iter().flat_map(|event| event["attempts"].as_array().unwrap()).collect();
        (attempts.iter().filter_map(|attempt| attempt["client_cost_nanos"].as_i64()).sum(), attempts.len())
    }
}

async fn chat(client: &Client) -> Answer {
    client.post("/v1/chat/completions", &chat_body(MODEL, "Hi", false)).await
}

#[tokio::test]
async fn an_answer_is_as_long_as_what_is_left_pays_for_and_the_client_is_told() {
    let stage = Stage::set().await;
    let client = stage.token(0.01).await;
    let answer = chat(&client).await.expect(200);
    // $0.01 at $2 a million, less the question.
    let most: u64 = answer.header("x-ownkey-max-tokens").parse().unwrap();
    assert!((4_990..5_000).contains(&most), "{most}");
    let sent = serde_json::from_slice::<Value>(&stage.house.sim.log().last().unwrap().body).unwrap();
    assert_eq!(sent["max_completion_tokens"], most, "{sent}");
    let (spent, held) = stage.sums().await;
    assert_eq!((spent, held), (stage.billed().await.0, 0));
    assert!(spent > 0);

    // Whoever says how long it may be is taken at their word.
    let mut body = chat_body(MODEL, "Hi", false);
    body["max_completion_tokens"] = 4_000.into();
    let answer = client.post("/v1/chat/completions", &body).await.expect(200);
    assert_eq!(answer.header("x-ownkey-max-tokens"), "");
    body["max_completion_tokens"] = 6_000.into();
    let refused = client.post("/v1/chat/completions", &body).await.expect(402).json();
    assert!(refused["error"]["message"].as_str().unwrap().contains("ask for a shorter answer"), "{refused}");
    // Two answers cost twice.
    body["max_completion_tokens"] = 3_000.into();
    body["n"] = 2.into();
    client.post("/v1/chat/completions", &body).await.expect(402);

    // A wide budget is in nobody's way.
    stage.edit(json!({"limit": 5})).await;
    assert_eq!(chat(&client).await.expect(200).header("x-ownkey-max-tokens"), "");
    assert_eq!(stage.sums().await, (stage.billed().await.0, 0));
}

#[tokio::test]
async fn a_model_without_a_price_is_not_called_and_a_free_one_is() {
    let models = [MODEL, "nobody-knows-this-1"].map(str::to_owned).to_vec();
    let script = Script { models: Models::Listed(models), ..Script::says("Hello.") };
    let stage = Stage::with(Options { script, local_servers: true, ..Options::default() }).await;
    let client = stage.token(0.0).await;
    let unpriced = chat_body("openai/nobody-knows-this-1", "Hi", false);
    let refused = client.post("/v1/chat/completions", &unpriced).await.expect(422).json();
    assert_eq!(refused["error"]["code"], "model_unpriced", "{refused}");
    chat(&client).await.expect(402);
    assert_eq!(stage.billed().await.1, 0);
    let local = chat_body(&format!("ollama/{MODEL}"), "Hi", false);
    client.post("/v1/chat/completions", &local).await.expect(200);
    // Without a budget nobody is asked for a price.
    stage.ann.client.post("/v1/chat/completions", &unpriced).await.expect(200);
    assert_eq!(stage.sums().await, (0, 0));
}

#[tokio::test]
async fn vectors_count_as_well() {
    let models = vec!["text-embedding-3-small".to_owned()];
    let script = Script { models: Models::Listed(models), ..Script::says("Hello.") };
    let stage = Stage::with(Options { script, ..Options::default() }).await;
    let client = stage.token(1.0).await;
    let body = json!({"model": "text-embedding-3-small", "input": "x".repeat(4_000)});
    client.post("/v1/embeddings", &body).await.expect(200);
    assert_eq!(stage.sums().await, (stage.billed().await.0, 0));
    stage.edit(json!({"limit": 0.000_001})).await;
    client.post("/v1/embeddings", &body).await.expect(402);
}

#[tokio::test]
async fn a_month_that_begins_is_a_budget_anew() {
    let stage = Stage::set().await;
    let scopes = json!(["models", "read:usage"]);
    let body = json!({"name": "one", "scopes": scopes, "budget": {"limit": 1, "period": "month"}});
    let client = stage.ann.gateway_client_with(&body).await;
    chat(&client).await.expect(200);
    let spent = stage.sums().await.0;
    stage.edit(json!({"limit": 0.000_000_001})).await;
    chat(&client).await.expect(402);
    let before = stage.budget().await;
    // Longer than anybody stays signed in.
    stage.house.pass(Duration::from_hours(24 * 31));
    let after = client.get("/v2/budgets").await.expect(200).json()["data"][0].clone();
    assert_eq!((before["spent_nanos"].as_i64(), after["spent_nanos"].as_i64()), (Some(spent), Some(0)));
    assert_eq!(before["resets_at"], after["window_starts_at"]);
}

#[tokio::test]
async fn spending_on_personal_keys_counts_by_choice() {
    let stage = Stage::set().await;
    let body = json!({"limit": 0, "period": "day", "counts_personal": false});
    stage.ann.client.post("/v2/budgets", &body).await.expect(201);
    stage.ann.chat("Hi").await.expect(200);
    assert_eq!(stage.sums().await, (0, 0));
    stage.edit(json!({"counts_personal": true})).await;
    stage.ann.chat("Hi").await.expect(402);
}

#[tokio::test]
async fn all_budgets_in_force_are_asked_and_the_lowest_wins() {
    let stage = Stage::set().await;
    let admin = stage.house.admin("root").await;
    let client = stage.token(1.0).await;
    let ann = stage.ann.client.get("/v2/users/me").await.expect(200).json();
    let of_ann = json!({"owner_kind": "user", "owner_id": ann["id"], "limit": 0.5, "period": "month"});
    assert_eq!(admin.client.post("/v2/budgets", &of_ann).await.expect(201).json()["set_by"], "admin");
    stage.ann.client.post("/v2/budgets", &json!({"limit": 0.000_001, "period": "month"})).await.expect(201);
    let refused = chat(&client).await.expect(402).json();
    let sentence = refused["error"]["message"].as_str().unwrap();
    assert!(sentence.starts_with("Your monthly budget of $0.000001 has $0.000001 left"), "{sentence}");
    let list = stage.ann.client.get("/v2/budgets").await.expect(200).json();
    let mine = list["data"].as_array().unwrap().iter().find(|budget| budget["limit"] == json!(0.000_001)).unwrap();
    stage.ann.client.delete(&format!("/v2/budgets/{}", mine["id"].as_str().unwrap())).await.expect(204);
    chat(&client).await.expect(200);
    stage.house.ledger_is_written().await;
    let list = stage.ann.client.get("/v2/budgets").await.expect(200).json();
    let spent: Vec<_> = list["data"].as_array().unwrap().iter().map(|budget| budget["spent_nanos"].clone()).collect();
    assert_eq!(spent, vec![json!(stage.billed().await.0); 2]);
}
