//! A server of one's own that runs Ollama: called in its own words, whatever the
//! client speaks.

use provider_sim::{Behaviour, Bill, Keys, Script};
use serde_json::{Value, json};
use testkit::{House, chat_body};

use super::SAYS;

async fn house() -> House {
    House::start_scripted(Script { keys: Keys::NotNeeded, ..Script::says(SAYS) }).await
}

#[tokio::test]
async fn an_ollama_server_is_checked_listed_and_called_in_its_own_words() {
    let house = house().await;
    let ann = house.user("ann").await;
    let body = json!({"provider": "ollama", "name": "Mine", "api_base": house.sim.origin()});
    let key = ann.client.post("/v2/credentials?check=sync", &body).await.expect(201).json();
    assert_eq!(key["status"], "valid", "{key}");
    let answer =
        ann.client.post("/v1/chat/completions", &chat_body("llama3.2:latest", "Hi", false)).await.expect(200).json();
    assert_eq!(answer["choices"][0]["message"]["content"], SAYS);
    assert_eq!(answer["choices"][0]["finish_reason"], "stop");
    let streamed = ann.client.post("/v1/chat/completions", &chat_body("llama3.2:latest", "Hi", true)).await.expect(200);
    assert!(streamed.text().ends_with("data: [DONE]\n\n"), "{}", streamed.text());
    let calls = house.sim.log();
    let chats: Vec<Value> = calls
        .iter()
        .filter(|call| call.path == "/api/chat")
        .map(|call| serde_json::from_slice(&call.body).unwrap())
        .collect();
    assert_eq!((chats.len(), chats[0]["options"]["num_ctx"].as_u64()), (2, Some(8192)));
    assert_eq!(json!([chats[0]["stream"], chats[1]["stream"]]), json!([false, true]));
    house.ledger_is_written().await;
    let Bill { prompt, completion, .. } = house.sim.bill();
    let usage = ann.usage().await;
    let sum = |name: &str| usage.iter().filter_map(|event| event["attempts"][0][name].as_u64()).sum::<u64>();
    assert_eq!((sum("input_tokens"), sum("output_tokens")), (prompt, completion), "{usage:?}");
}

#[tokio::test]
async fn a_stream_of_ollamas_that_breaks_off_is_an_error_to_the_client() {
    let house = house().await;
    let ann = house.user("ann").await;
    let body = json!({"provider": "ollama", "name": "Mine", "api_base": house.sim.origin()});
    ann.client.post("/v2/credentials?check=sync", &body).await.expect(201);
    for behaviour in [
        Behaviour::EndedEarly { after_chunks: 1 },
        Behaviour::ErrorMidStream { after_chunks: 1 },
        Behaviour::GarbageLine,
    ] {
        house.sim.next(behaviour.clone());
        let answer = ann.client.post("/v1/chat/completions", &chat_body("llama3.2:latest", "Hi", true)).await;
        assert!(answer.text().contains("\"error\""), "{behaviour:?}: {}", answer.text());
        assert!(!answer.text().contains("[DONE]"), "{behaviour:?}");
    }
}

#[tokio::test]
async fn clients_of_every_wire_are_answered() {
    let house = house().await;
    let ann = house.user("ann").await;
    let body = json!({"provider": "ollama", "name": "Mine", "api_base": house.sim.origin()});
    ann.client.post("/v2/credentials?check=sync", &body).await.expect(201);
    let model = "llama3.2:latest";
    let turns = json!([{"role": "user", "content": "Hi"}]);
    let google = json!({"contents": [{"role": "user", "parts": [{"text": "Hi"}]}]});
    let said = "/candidates/0/content/parts/0/text";
    for (path, body, words) in [
        ("/v1/messages", json!({"model": model, "max_tokens": 64, "messages": turns}), "/content/0/text"),
        ("/v1/responses", json!({"model": model, "input": "Hi"}), "/output/0/content/0/text"),
        ("/v1beta/models/llama3.2:latest:generateContent", google.clone(), said),
    ] {
        let answer = ann.client.post(path, &body).await.expect(200).json();
        assert_eq!(answer.pointer(words).and_then(Value::as_str), Some(SAYS), "{path}: {answer}");
    }
    let path = "/v1beta/models/llama3.2:latest:streamGenerateContent";
    let texts = |pieces: Vec<Value>| -> String {
        pieces.iter().filter_map(|piece| piece.pointer(said).and_then(Value::as_str)).collect()
    };
    let events = ann.client.post(&format!("{path}?alt=sse"), &google).await.expect(200);
    assert_eq!(events.header("content-type"), "text/event-stream");
    let pieces = events
        .text()
        .lines()
        .filter_map(|line| line.strip_prefix("data: "))
        .map(|data| data.parse().unwrap())
        .collect();
    assert_eq!(texts(pieces), SAYS);
    let array = ann.client.post(path, &google).await.expect(200);
    assert_eq!(array.header("content-type"), "application/json");
    assert_eq!(texts(serde_json::from_str(&array.text()).unwrap()), SAYS);
    house.sim.next(Behaviour::EndedEarly { after_chunks: 1 });
    let broken = ann.client.post(path, &google).await.expect(200).json();
    assert!(broken.as_array().unwrap().last().unwrap().get("error").is_some(), "{broken}");
}
