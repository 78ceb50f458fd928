//! From target to target: before the first byte, never after it.

use std::time::Duration;

use provider_sim::{Behaviour, KeyState};
use serde_json::{Value, json};
use testkit::{House, Options, chat_body};

use super::{
    ANTHROPIC, GOOGLE, OPENAI, OPENAI_SYSTEM, THREE, ann_with_fast, answered, by, call, call_with, called, make,
    sentence, targets,
};

const LIMITED: KeyState = KeyState::RateLimited { reset: Duration::from_secs(30) };

#[tokio::test]
async fn each_target_steps_in_for_those_before_it_whole_and_streamed() {
    for stream in [false, true] {
        let house = House::start().await;
        let ann = ann_with_fast(&house).await;
        assert_eq!(answered(&call(&ann.client, stream).await), by("openai", "gpt-5-mini", 1));
        house.sim.key(OPENAI, LIMITED);
        let answer = call(&ann.client, stream).await;
        assert_eq!(answered(&answer), by("anthropic", "claude-haiku-4-5", 2));
        assert!(answer.text().contains("scripted"), "{}", answer.text());
        assert_eq!(answer.text().contains("[DONE]"), stream);
        house.sim.key(ANTHROPIC, KeyState::NoCredit429);
        let answer = call(&ann.client, stream).await;
        // The first rests; the second is found empty.
        assert_eq!(answered(&answer), by("google", "gemini-2.5-flash", 2));
        assert!(answer.header("x-ownkey-passed-over").contains("openai/gpt-5-mini=resting"), "{answer:?}");
        assert_eq!(called(&house), ["openai", "openai", "anthropic", "anthropic", "google"]);
        house.sim.key(OPENAI, KeyState::Valid);
        house.pass(Duration::from_secs(31));
        assert_eq!(answered(&call(&ann.client, stream).await), by("openai", "gpt-5-mini", 1));
    }
}

#[tokio::test]
async fn the_ledger_has_the_alias_the_name_and_each_attempt() {
    let house = House::start().await;
    let ann = ann_with_fast(&house).await;
    house.sim.key(OPENAI, LIMITED);
    call(&ann.client, false).await.expect(200);
    house.ledger_is_written().await;
    let event = ann.usage().await.remove(0);
    let attempts = event["attempts"].as_array().unwrap();
    let told: Vec<_> = attempts.iter().map(|one| json!([one["provider"], one["model"], one["state"]])).collect();
    assert_eq!(told, [json!(["openai", "gpt-5-mini", "failed"]), json!(["anthropic", "claude-haiku-4-5", "settled"])]);
    let named = |one: &Value| json!([one["alias"], one["requested_model"]]) == json!(["fast", "fast"]);
    assert!(attempts.iter().all(named), "{event}");
}

#[tokio::test]
async fn other_clients_get_the_same_in_their_own_words() {
    let house = House::start().await;
    let ann = ann_with_fast(&house).await;
    house.sim.key(OPENAI, LIMITED);
    house.sim.key(ANTHROPIC, LIMITED);
    let body = json!({"model": "fast", "max_tokens": 100, "messages": [{"role": "user", "content": "Hi"}]});
    let answer = ann.client.post("/v1/messages", &body).await;
    assert_eq!(answered(&answer), by("google", "gemini-2.5-flash", 3));
    assert_eq!(answer.json()["type"], "message");
    let answer = ann.client.post("/v1/responses", &json!({"model": "fast", "input": "Hi"})).await;
    assert_eq!((answered(&answer).0.as_str(), &answer.json()["object"]), ("google", &json!("response")));
    let body = json!({"contents": [{"role": "user", "parts": [{"text": "Hi"}]}]});
    let answer = ann.client.post("/v1beta/models/fast:generateContent", &body).await;
    assert_eq!(answered(&answer).0, "google");
    assert!(answer.json()["candidates"][0]["content"].is_object(), "{}", answer.text());
    let body = json!({"model_id": "fast", "messages": [{"role": "user", "content": "Hi"}]});
    assert_eq!(answered(&ann.client.post("/v2/llm/chat/completions", &body).await).0, "google");
}

#[tokio::test]
async fn nothing_changes_hands_once_an_answer_has_begun() {
    let house = House::start().await;
    let ann = ann_with_fast(&house).await;
    for cut in [Behaviour::TruncatedStream { after_chunks: 2 }, Behaviour::ErrorMidStream { after_chunks: 2 }] {
        house.sim.next(cut);
        let answer = call(&ann.client, true).await;
        assert_eq!(answered(&answer), by("openai", "gpt-5-mini", 1));
        assert!(answer.text().contains("\"error\"") && !answer.text().contains("[DONE]"), "{}", answer.text());
    }
    assert_eq!(called(&house), ["openai", "openai"]);
    // An error in place of the first event is none of an answer.
    house.sim.next(Behaviour::CommentThenError);
    let answer = call(&ann.client, true).await;
    assert_eq!(answered(&answer), by("anthropic", "claude-haiku-4-5", 2), "{}", answer.text());
}

#[tokio::test]
async fn what_is_wrong_with_the_request_is_told_at_once() {
    let house = House::start().await;
    let ann = ann_with_fast(&house).await;
    for (behaviour, status) in [
        (Behaviour::ContextTooLong, 400),
        (Behaviour::TooLarge, 413),
        (Behaviour::Filtered, 400),
        (Behaviour::Says(422, r#"{"error":{"message":"No.","type":"invalid_request_error"}}"#.to_owned()), 422),
    ] {
        house.sim.next(behaviour);
        assert_eq!(call(&ann.client, false).await.status.as_u16(), status);
    }
    assert_eq!(called(&house), ["openai"; 4]);
}

#[tokio::test]
async fn a_call_that_was_sent_is_not_sent_to_another_provider_unasked() {
    let clocks = llm::client::Clocks { first_header: Duration::from_millis(150), ..llm::client::Clocks::default() };
    let house = House::start_with(Options { clocks, ..Options::default() }).await;
    let ann = ann_with_fast(&house).await;
    house.sim.next(Behaviour::HangBeforeHeaders);
    let answer = call(&ann.client, false).await.expect(504);
    assert_eq!(answer.json()["error"]["code"], "provider_timeout");
    house.sim.next(Behaviour::HangBeforeHeaders);
    let twice = [("idempotency-key", "may-be-made-twice")];
    let answer = call_with(&ann.client, &twice, &chat_body("fast", "Hi", false)).await;
    assert_eq!(answered(&answer), by("anthropic", "claude-haiku-4-5", 2));
    assert_eq!(called(&house), ["openai", "openai", "anthropic"]);
}

#[tokio::test]
async fn out_of_keys_is_said_of_all_targets_at_once() {
    let house = House::start().await;
    let ann = ann_with_fast(&house).await;
    house.sim.key(OPENAI, KeyState::RateLimited { reset: Duration::from_secs(40) });
    house.sim.key(ANTHROPIC, KeyState::RateLimited { reset: Duration::from_secs(20) });
    house.sim.key(GOOGLE, KeyState::RateLimited { reset: Duration::from_secs(30) });
    let answer = call(&ann.client, false).await.expect(429);
    assert_eq!((answer.header("retry-after"), &answer.json()["error"]["code"]), ("20", &json!("rate_limited")));
    for name in ["“fast”", "OpenAI", "Anthropic", "Google"] {
        assert!(sentence(&answer).contains(name), "{}", sentence(&answer));
    }
    // Nobody is called again; the one to look after makes it a 502.
    call(&ann.client, false).await.expect(429);
    assert_eq!(called(&house), ["openai", "anthropic", "google"]);
    house.pass(Duration::from_secs(25));
    house.sim.key(ANTHROPIC, KeyState::NoCredit429);
    let body = json!({"model_id": "fast", "messages": [{"role": "user", "content": "Hi"}]});
    let answer = ann.client.post("/v2/llm/chat/completions", &body).await.expect(502);
    assert_eq!(answer.json()["code"], "upstream_credentials_exhausted");
    assert_eq!(answer.json()["attempts"].as_array().unwrap().len(), 3, "{}", answer.text());
    assert!(answer.text().contains("has no credit left") && !answer.text().contains("FAKE"), "{}", answer.text());
}

#[tokio::test]
async fn overloaded_everywhere_is_overloaded() {
    let house = House::start().await;
    let ann = ann_with_fast(&house).await;
    house.sim.set_default(Behaviour::Status5xx(503));
    let answer = call(&ann.client, false).await.expect(503);
    assert_eq!(answer.json()["error"]["code"], "provider_overloaded", "{}", answer.text());
    assert_eq!(called(&house), ["openai", "anthropic", "google"]);
}

#[tokio::test]
async fn a_target_without_a_key_is_passed_over_and_that_is_said() {
    let house = House::start().await;
    let ann = house.user("ann").await;
    ann.save_key("google", GOOGLE).await;
    make(&ann.client, &json!({"alias": "fast", "targets": targets(&THREE)})).await;
    let answer = call(&ann.client, false).await;
    assert_eq!(answered(&answer), by("google", "gemini-2.5-flash", 1));
    assert_eq!(answer.header("x-ownkey-passed-over"), "openai/gpt-5-mini=no_key, anthropic/claude-haiku-4-5=no_key");
    house.sim.key(GOOGLE, LIMITED);
    let said = sentence(&call(&ann.client, false).await.expect(429));
    assert!(said.contains("openai/gpt-5-mini (no key opens it)"), "{said}");
    let bob = house.user("bob").await;
    make(&bob.client, &json!({"alias": "fast", "targets": targets(&THREE)})).await;
    let answer = call(&bob.client, false).await.expect(400);
    assert_eq!(answer.json()["error"]["code"], "provider_key_required");
    assert!(sentence(&answer).contains("anthropic/claude-haiku-4-5"), "{}", sentence(&answer));
}

#[tokio::test]
async fn a_target_that_cannot_take_the_call_as_it_is_is_passed_over() {
    let house = House::start().await;
    let ann = ann_with_fast(&house).await;
    // Probabilities are told in OpenAI's format only.
    let mut body = chat_body("fast", "Hi", false);
    body["logprobs"] = json!(true);
    let two = json!({"targets": targets(&[THREE[1], THREE[0]])});
    let aliases = ann.client.get("/v2/model-aliases").await.expect(200).json();
    let path = format!("/v2/model-aliases/{}", aliases["data"][0]["id"].as_str().unwrap());
    ann.client.patch(&path, &two).await.expect(200);
    let answer = call_with(&ann.client, &[], &body).await;
    assert_eq!(answered(&answer), by("openai", "gpt-5-mini", 1));
    assert_eq!(answer.header("x-ownkey-passed-over"), "anthropic/claude-haiku-4-5=cannot_take_the_call");
    // Whoever is content without it gets the first target.
    let answer = call_with(&ann.client, &[("x-ownkey-params", "lenient")], &body).await;
    assert_eq!(answered(&answer), by("anthropic", "claude-haiku-4-5", 1));
    assert!(answer.header("x-ownkey-dropped").contains("logprobs"));
    ann.client.patch(&path, &json!({"targets": targets(&THREE[1..])})).await.expect(200);
    let answer = call_with(&ann.client, &[], &body).await.expect(400);
    assert_eq!(answer.json()["error"]["code"], "unsupported_parameter", "{}", answer.text());
    assert_eq!(called(&house), ["openai", "anthropic"]);
}

#[tokio::test]
async fn another_target_at_the_same_provider_is_not_paid_by_another_scope() {
    let house = House::start().await;
    let root = house.admin("root").await;
    let system = json!({"provider": "openai", "api_key": OPENAI_SYSTEM, "scope": "system", "name": "The house's"});
    root.client.post("/v2/credentials?check=sync", &system).await.expect(201);
    let ann = house.user("ann").await;
    ann.save_key("openai", OPENAI).await;
    let same = [("openai", "gpt-5-mini"), ("openai", "gpt-5")];
    make(&ann.client, &json!({"alias": "fast", "targets": targets(&same)})).await;
    house.sim.key(OPENAI, KeyState::NoCredit429);
    call(&ann.client, false).await.expect(502);
    let system_was_shown =
        house.sim.log().iter().any(|call| {
            call.authorization.as_deref().is_some_and(|key| key.ends_with("syst")) && call.method == "POST"
        });
    assert!(!system_was_shown, "her failure is not paid by the house");
}

#[tokio::test]
async fn a_pinned_key_is_the_only_one() {
    let house = House::start().await;
    let ann = ann_with_fast(&house).await;
    let keys = ann.client.get("/v2/credentials?provider=anthropic").await.expect(200).json();
    let pinned = [("x-ownkey-credential", keys["data"][0]["id"].as_str().unwrap())];
    let body = chat_body("fast", "Hi", false);
    assert_eq!(answered(&call_with(&ann.client, &pinned, &body).await), by("anthropic", "claude-haiku-4-5", 1));
    house.sim.key(ANTHROPIC, LIMITED);
    call_with(&ann.client, &pinned, &body).await.expect(429);
    call_with(&ann.client, &pinned, &body).await.expect(429);
    assert_eq!(called(&house), ["anthropic", "anthropic"]);
}

#[tokio::test]
async fn a_key_that_comes_along_pays_the_target_of_its_provider() {
    let house = House::start_with(Options { request_keys_allowed: true, ..Options::default() }).await;
    let ann = house.user("ann").await;
    make(&ann.client, &json!({"alias": "fast", "targets": targets(&THREE)})).await;
    let own = [("x-ownkey-provider", "anthropic"), ("x-ownkey-provider-key", ANTHROPIC)];
    let answer = call_with(&ann.client, &own, &chat_body("fast", "Hi", false)).await;
    assert_eq!(answered(&answer), by("anthropic", "claude-haiku-4-5", 1));
}

#[tokio::test]
async fn vectors_and_counts_go_by_alias_too() {
    let house = House::start().await;
    let ann = ann_with_fast(&house).await;
    let vectors =
        [("anthropic", "claude-haiku-4-5"), ("openai", "text-embedding-3-small"), ("google", "gemini-embedding-001")];
    make(&ann.client, &json!({"alias": "vectors", "targets": targets(&vectors)})).await;
    let body = json!({"model": "vectors", "input": "Hi"});
    let answer = ann.client.post("/v1/embeddings", &body).await.expect(200);
    assert_eq!((answer.header("x-ownkey-alias"), answer.header("x-ownkey-provider")), ("vectors", "openai"));
    assert_eq!(answer.header("x-ownkey-passed-over"), "anthropic/claude-haiku-4-5=cannot_take_the_call");
    house.sim.key(OPENAI, LIMITED);
    assert_eq!(ann.client.post("/v1/embeddings", &body).await.expect(200).header("x-ownkey-provider"), "google");
    ann.client.post("/v1/embeddings", &json!({"model": "fast", "input": "Hi"})).await.expect(400);
    // Counted by whoever would answer.
    call(&ann.client, false).await.expect(200);
    let body = json!({"model": "fast", "messages": [{"role": "user", "content": "Hi"}]});
    let counted = ann.client.post("/v1/messages/count_tokens", &body).await.expect(200);
    assert!(counted.json()["input_tokens"].as_u64().unwrap() > 0);
    assert_eq!(counted.header("x-ownkey-provider"), "anthropic");
}

#[tokio::test]
async fn what_one_provider_gave_to_bring_back_does_not_reach_another() {
    let house = House::start().await;
    let ann = ann_with_fast(&house).await;
    let aliases = ann.client.get("/v2/model-aliases").await.expect(200).json();
    let path = format!("/v2/model-aliases/{}", aliases["data"][0]["id"].as_str().unwrap());
    let google_first = [("google", "gemini-3.5-flash"), ("anthropic", "claude-haiku-4-5"), ("openai", "gpt-5-mini")];
    ann.client.patch(&path, &json!({"targets": targets(&google_first)})).await.expect(200);
    let tools = json!([{"type": "function", "function": {"name": "clock", "description": "The time.",
        "parameters": {"type": "object", "properties": {"zone": {"type": "string"}}}}}]);
    let question = json!({"role": "user", "content": "[[sim:tool]] What time is it?"});
    let body = json!({"model": "fast", "tools": tools, "messages": [question]});
    let first = call_with(&ann.client, &[], &body).await;
    assert_eq!(answered(&first).0, "google");
    let message = first.json()["choices"][0]["message"].clone();
    assert!(message.to_string().contains("thought_signature"), "{message}");
    let result = json!({"role": "tool", "tool_call_id": message["tool_calls"][0]["id"], "content": "Noon."});
    let body = json!({"model": "fast", "tools": tools, "messages": [question, message, result]});
    for (key, next) in [(GOOGLE, "anthropic"), (ANTHROPIC, "openai")] {
        house.sim.key(key, LIMITED);
        assert_eq!(answered(&call_with(&ann.client, &[], &body).await).0, next);
        let sent = house.sim.log().into_iter().rfind(|call| call.method == "POST").unwrap();
        let sent = String::from_utf8(sent.body.to_vec()).unwrap();
        assert!(!sent.contains("signature") && !sent.contains("extra_content"), "{next}: {sent}");
        assert!(sent.contains("Noon."), "{sent}");
    }
}
