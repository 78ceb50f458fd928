//! `kill -9` in the middle of an answer of a chat: what was written down stays,
//! and the answer says that it is not whole.

use std::time::Duration;

use provider_sim::{Behaviour, Reply, Script};
use serde_json::{Value, json};
use testkit::eventually;

use super::{Place, sign_in};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_whose_server_was_killed_failed_and_keeps_what_was_written_down() {
    let place = Place::new(Script::default()).await;
    let process = place.serve().await;
    let client = sign_in(&process).await;
    let reply = Reply { chunk_delay: Duration::from_millis(50), chunks: 500, ..Reply::says(&"word ".repeat(500)) };
    place.sim.next(Behaviour::Answer(reply));
    let chat = client.post("/v2/conversations", &json!({"model": "gpt-5-mini"})).await.expect(201).json();
    let path = format!("/v2/conversations/{}", chat["id"].as_str().unwrap());
    let body = json!({"content": [{"type": "text", "text": "Hi"}]});
    let begun = client.post(&format!("{path}/messages"), &body).await.expect(202).json();
    let answer = |whole: &Value| {
        let messages = whole["messages"].as_array().unwrap();
        messages.iter().find(|message| message["id"] == begun["answer_id"]).unwrap().clone()
    };
    eventually("some of it is written down", Duration::from_secs(5), async || {
        let now = answer(&client.get(&path).await.expect(200).json());
        (now["content"] != json!([])).then_some(())
    })
    .await;
    process.kill().await;
    let process = place.serve().await;
    let client = sign_in(&process).await;
    let failed = answer(&client.get(&path).await.expect(200).json());
    assert_eq!((&failed["state"], &failed["error"]["code"]), (&json!("failed"), &json!("interrupted")), "{failed}");
    assert!(failed["content"][0]["text"].as_str().unwrap().starts_with("word"), "{failed}");
    process.kill().await;
}
