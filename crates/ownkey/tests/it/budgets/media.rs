//! What is no text: held by the most that it may be billed as, called where it is
//! free, and refused where nobody reckons it by tokens.

use super::*;

const PICTURE: &str = "data:image/png;base64,iVBORw0KGgo=";

/// A question with these parts, whose answer is short.
fn asking(parts: &Value) -> Value {
    json!({"model": MODEL, "max_tokens": 16, "messages": [{"role": "user", "content": parts}]})
}

fn text() -> Value {
    json!({"type": "text", "text": "What is this?"})
}

#[tokio::test]
async fn a_picture_is_held_by_the_most_that_it_may_be_billed_as() {
    let stage = Stage::set().await;
    // 16,384 tokens at a quarter of a dollar a million are $0.004096.
    let client = stage.token(0.004).await;
    let picture = json!({"type": "image_url", "image_url": {"url": PICTURE}});
    let ask = async |parts: Value| client.post("/v1/chat/completions", &asking(&parts)).await;
    ask(json!([text()])).await.expect(200);
    assert_eq!(stage.sums().await, (stage.billed().await.0, 0));
    let refused = ask(json!([text(), picture])).await.expect(402).json();
    assert_eq!(refused["error"]["code"], "budget_exceeded", "{refused}");
    stage.edit(json!({"limit": 0.006})).await;
    ask(json!([text(), picture])).await.expect(200);
    assert_eq!(stage.sums().await, (stage.billed().await.0, 0), "what was held is freed, and the bill is spent");
    ask(json!([text(), picture, picture])).await.expect(402);

    let gemini = json!({"max_output_tokens": 16, "model": MODEL, "input": [{"role": "user", "content": [
        {"type": "input_text", "text": "What?"}, {"type": "input_image", "image_url": PICTURE},
        {"type": "input_image", "image_url": PICTURE}]}]});
    client.post("/v1/responses", &gemini).await.expect(402);
    let claude = json!({"max_tokens": 16, "model": MODEL, "messages": [{"role": "user", "content": [
        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="}},
        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="}}]}]});
    client.post("/v1/messages", &claude).await.expect(402);
    assert_eq!(stage.sums().await.1, 0);
}

#[tokio::test]
async fn a_document_may_be_all_that_the_model_reads() {
    let stage = Stage::set().await;
    // 400,000 tokens at a quarter of a dollar a million are ten cents.
    let client = stage.token(0.099).await;
    let document =
        json!({"type": "file", "file": {"filename": "a.pdf", "file_data": "data:application/pdf;base64,JVBERi0="}});
    let body = asking(&json!([text(), document]));
    client.post("/v1/chat/completions", &body).await.expect(402);
    stage.edit(json!({"limit": 0.11})).await;
    let answer = client.post("/v1/chat/completions", &body).await;
    assert_ne!(answer.status, 402, "{}", answer.text());
    assert_eq!(stage.sums().await.1, 0);
}

#[tokio::test]
async fn an_earlier_answer_that_the_provider_keeps_may_be_all_that_the_model_reads() {
    let stage = Stage::set().await;
    let client = stage.token(0.099).await;
    let body = json!({"model": MODEL, "max_output_tokens": 16, "input": "What is this?"});
    let first = client.post("/v1/responses", &body).await.expect(200).json();
    let next = json!({"model": MODEL, "max_output_tokens": 16, "input": "And?", "previous_response_id": first["id"]});
    client.post("/v1/responses", &next).await.expect(402);
    stage.edit(json!({"limit": 0.11})).await;
    client.post("/v1/responses", &next).await.expect(200);
    assert_eq!(stage.sums().await.1, 0);
}

#[tokio::test]
async fn what_is_free_is_called_and_what_nobody_reckons_is_not() {
    let models = ["omni-moderation-latest", "tts-1", "gpt-image-1"].map(str::to_owned).to_vec();
    let script = Script { models: Models::Listed(models), ..Script::says("Hello.") };
    let stage = Stage::with(Options { script, ..Options::default() }).await;
    let client = stage.token(0.0).await;
    client.post("/v1/moderations", &json!({"input": "x"})).await.expect(200);
    assert_eq!((stage.billed().await, stage.sums().await), ((0, 1), (0, 0)));
    let speech = json!({"model": "tts-1", "input": "x", "voice": "alloy"});
    let picture = json!({"model": "gpt-image-1", "prompt": "x"});
    for (path, body) in [("/v1/audio/speech", &speech), ("/v1/images/generations", &picture)] {
        let refused = client.post(path, body).await.expect(422).json();
        let said = refused["error"]["message"].as_str().unwrap();
        assert_eq!(refused["error"]["code"], "model_unpriced");
        assert!(said.contains("cannot be held against the budget"), "{said}");
    }
    stage.ann.client.post("/v1/audio/speech", &speech).await.expect(200);
}
