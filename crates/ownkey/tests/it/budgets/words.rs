//! The refusal in each client's words, and what a spent budget never stands in
//! the way of.

use super::*;

#[tokio::test]
async fn a_spent_budget_is_told_in_every_wires_words_and_nobody_is_called() {
    let stage = Stage::set().await;
    let client = stage.token(0.000_1).await;
    let sentence = "The gateway token “My editor”'s monthly budget of $0.0001 has $0.0001 left";

    let answer = chat(&client).await.expect(402);
    let told = answer.json()["error"].clone();
    assert_eq!((&told["type"], &told["code"]), (&json!("invalid_request_error"), &json!("budget_exceeded")));
    let message = told["message"].as_str().unwrap();
    assert!(message.starts_with(sentence) && message.contains(" at 00:00 UTC"), "{message}");
    assert_eq!(answer.header("retry-after"), "");

    let messages = json!([{"role": "user", "content": "Hi"}]);
    let body = json!({"model": MODEL, "max_tokens": 1_000, "messages": messages});
    let told = client.post("/v1/messages", &body).await.expect(402).json();
    assert_eq!((&told["type"], &told["error"]["type"]), (&json!("error"), &json!("billing_error")));
    assert!(told["error"]["message"].as_str().unwrap().starts_with(sentence), "{told}");

    let told = client.post("/v1/responses", &json!({"model": MODEL, "input": "Hi"})).await.expect(402).json();
    assert_eq!(told["error"]["code"], "budget_exceeded");

    let body = json!({"contents": [{"role": "user", "parts": [{"text": "Hi"}]}]});
    let path = format!("/v1beta/models/{MODEL}:generateContent");
    let told = client.post(&path, &body).await.expect(402).json();
    assert_eq!((&told["error"]["code"], &told["error"]["status"]), (&json!(402), &json!("RESOURCE_EXHAUSTED")));

    let body = json!({"model_id": MODEL, "messages": messages});
    let told = client.post("/v2/llm/chat/completions", &body).await.expect(402).json();
    assert_eq!((&told["status"], &told["code"]), (&json!(402), &json!("budget_exceeded")));
    let budget = &told["impact"]["budget"];
    assert_eq!((&budget["limit"], &budget["left"]), (&json!(0.000_1), &json!(0.000_1)));
    assert_eq!(budget["resets_at"], stage.budget().await["resets_at"]);

    // A stream that is not begun is refused with a status.
    client.post("/v1/chat/completions", &chat_body(MODEL, "Hi", true)).await.expect(402);
    assert_eq!((stage.billed().await, stage.sums().await), ((0, 0), (0, 0)));
}

#[tokio::test]
async fn reading_is_never_stopped_by_a_spent_budget() {
    let stage = Stage::set().await;
    let scopes = json!(["models", "read:usage", "manage:credentials"]);
    let body = json!({"name": "reader", "scopes": scopes, "budget": {"limit": 0, "period": "total"}});
    let client = stage.ann.gateway_client_with(&body).await;
    chat(&client).await.expect(402);
    for path in ["/v1/models", "/v2/usage", "/v2/usage/events", "/v2/budgets", "/v2/credentials", "/v2/llm-models/"] {
        client.get(path).await.expect(200);
    }
    assert!(stage.budget().await["resets_at"].is_null());
}

#[tokio::test]
async fn parts_that_are_spent_are_told_once_to_those_who_may_see_them() {
    let stage = Stage::set().await;
    let bob = stage.house.user("bob").await;
    let budget = json!({"limit": 0.001, "period": "month", "soft_percents": [1]});
    let client = stage.ann.gateway_client_with(&json!({"name": "My editor", "budget": budget})).await;
    let mut ann = testkit::EventReader::open(&stage.ann.client, "/v2/events", &[]).await;
    let mut others = testkit::EventReader::open(&bob.client, "/v2/events", &[]).await;
    chat(&client).await.expect(200);
    let told = until(&mut ann, "budget.threshold", "credential.created").await.json();
    assert_eq!((&told["percent"], &told["owner_name"]), (&json!(1), &json!("My editor")), "{told}");
    assert_eq!(told["budget_id"], stage.budget().await["id"]);
    // Spent further, it is not told again; and Bob hears of his own things only.
    chat(&client).await.expect(200);
    stage.house.ledger_is_written().await;
    stage.ann.save_key("openai", "sk-proj-FAKEaBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789key2").await;
    bob.save_key("openai", "sk-proj-FAKEaBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789key3").await;
    for reader in [&mut ann, &mut others] {
        until(reader, "credential.created", "budget.threshold").await;
    }
}

/// The next event of this name, before which there is none of the other.
async fn until(reader: &mut testkit::EventReader, name: &str, not: &str) -> testkit::Event {
    loop {
        let event = reader.next().await.unwrap();
        assert_ne!(event.name, not);
        if event.name == name {
            return event;
        }
    }
}
