//! Forms with files: the model in them is found, rewritten, and nothing else is
//! touched.

use http::Method;
use serde_json::json;
use testkit::{Answer, Person};

use super::{ann_at, house, last_row};

fn form(parts: &[(&str, &[u8])]) -> Vec<u8> {
    let mut body = Vec::new();
    for (disposition, value) in parts {
        body.extend_from_slice(format!("--xYz\r\nContent-Disposition: form-data; {disposition}\r\n\r\n").as_bytes());
        body.extend_from_slice(value);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(b"--xYz--\r\n");
    body
}

async fn post(person: &Person, path: &str, body: Vec<u8>) -> Answer {
    let kind = [("content-type", "multipart/form-data; boundary=xYz")];
    person.client.send(Method::POST, path, &kind, body).await
}

const FILE: (&str, &[u8]) = ("name=\"file\"; filename=\"a.wav\"", b"RIFF\0\xff\r\n\r\n--x not a boundary");

#[tokio::test]
async fn a_recording_is_passed_with_the_model_rewritten() {
    let house = house().await;
    let ann = ann_at(&house).await;
    let body = |model: &'static str| form(&[FILE, ("name=\"model\"", model.as_bytes()), ("name=\"language\"", b"en")]);
    let answer = post(&ann, "/v1/audio/transcriptions", body("openai/whisper-1")).await.expect(200);
    assert_eq!(answer.json()["text"], "Hello from the scripted provider.");
    assert_eq!(answer.header("x-ownkey-model"), "whisper-1");
    let sent = house.sim.log().last().unwrap().clone();
    assert_eq!(sent.body, body("whisper-1"), "nothing but the model");
    assert_eq!(sent.header("content-type"), Some("multipart/form-data; boundary=\"xYz\""));
    assert!(last_row(&house, &ann).await.starts_with("settled - provider "));
}

#[tokio::test]
async fn a_form_may_ask_for_events() {
    let house = house().await;
    let ann = ann_at(&house).await;
    let body = form(&[("name=\"model\"", b"whisper-1"), ("name=\"stream\"", b"true"), FILE]);
    let answer = post(&ann, "/v1/audio/transcriptions", body).await.expect(200);
    assert!(answer.text().contains("event: transcript.text.done"), "{}", answer.text());
    assert!(last_row(&house, &ann).await.ends_with("+9 unknown"), "counted, and not at the price of text");
}

#[tokio::test]
async fn pictures_are_edited_through_a_form() {
    let house = house().await;
    let ann = ann_at(&house).await;
    let body = form(&[("name=\"image\"; filename=\"a.png\"", b"\x89PNG"), ("name=\"model\"", b"gpt-image-1")]);
    let answer = post(&ann, "/v1/images/edits", body).await.expect(200);
    assert!(answer.json()["data"][0]["b64_json"].is_string());
}

#[tokio::test]
async fn a_form_that_could_be_read_in_two_ways_reaches_nobody() {
    let house = house().await;
    let ann = ann_at(&house).await;
    let narrow = ann.gateway_client_with(&json!({"name": "narrow", "models": ["whisper-1"]})).await;
    let narrow = Person { email: ann.email.clone(), client: narrow };
    let calls = house.sim.log().len();
    let model = ("name=\"model\"", &b"whisper-1"[..]);
    for body in [
        form(&[model, ("name=\"model\"", b"gpt-image-1")]),
        form(&[model, ("name=\"Model\"", b"gpt-image-1")]),
        form(&[model, ("name=\"x\"; name=\"model\"", b"gpt-image-1")]),
        form(&[model, ("name=\"x\"", b"\n--xYz\nContent-Disposition: form-data; name=\"model\"\n\ngpt-image-1")]),
        form(&[FILE]),
        b"--xYz\r\n".to_vec(),
        Vec::new(),
    ] {
        post(&narrow, "/v1/audio/transcriptions", body).await.expect(400);
    }
    assert_eq!(house.sim.log().len(), calls, "nobody was called");
}
