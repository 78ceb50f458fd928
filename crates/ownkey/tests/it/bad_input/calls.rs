//! `POST /v1/chat/completions` and bodies that are not what they should be.

use http::Method;
use serde_json::json;
use testkit::{Answer, House, Person};

use super::{CANARY, KEY, assert_refused};

const CHAT: &str = "/v1/chat/completions";

async fn stage() -> (House, Person) {
    let house = House::start().await;
    let ann = house.user("ann").await;
    ann.save_key("openai", KEY).await;
    (house, ann)
}

async fn send(ann: &Person, path: &str, body: &[u8]) -> Answer {
    ann.client.send(Method::POST, path, &[("content-type", "application/json")], body.to_vec()).await
}

#[tokio::test]
async fn a_broken_call_is_refused_before_the_provider_hears_of_it() {
    let (house, ann) = stage().await;
    let before = house.sim.log().len();
    let canary = json!(CANARY).to_string();
    let messages = "\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]";
    let model = "\"model\":\"gpt-5-mini\"";
    let deep = |depth: usize| format!("{{{model},{messages},\"x\":{}1{}}}", "[".repeat(depth), "]".repeat(depth));
    for body in [
        String::new(),
        "{".into(),
        "nonsense".into(),
        canary.clone(),
        format!("[{canary}]"),
        format!("{{{model},{messages}}}{canary}"),
        format!("{{{model},{messages},\"x\":{CANARY}}}"),
        format!("{{{model},{messages},\"model\":{canary}}}"),
        format!("{{{model},{messages},\"mod\\u0065l\":{canary}}}"),
        format!("{{{model},{messages},\"user\":{canary},\"user\":1}}"),
        format!("{{{model},{messages},\"stream_options\":{{\"include_usage\":true,\"include_usage\":{canary}}}}}"),
        format!("{{{messages}}}"),
        format!("{{{model}}}"),
        format!("{{{model},\"messages\":{canary}}}"),
        format!("{{{model},\"messages\":null}}"),
        format!("{{\"model\":null,{messages}}}"),
        format!("{{\"model\":1,{messages}}}"),
        format!("{{\"model\":[{canary}],{messages}}}"),
        format!("{{\"model\":\"\",{messages}}}"),
        format!("{{\"model\":\"a\\u0000{CANARY}\",{messages}}}"),
        format!("{{{model},{messages},\"stream\":{canary}}}"),
        format!("{{{model},{messages},\"stream\":1}}"),
        deep(65),
        deep(10_000),
    ] {
        assert_refused(&send(&ann, CHAT, body.as_bytes()).await, &body);
    }
    for bytes in [&b"\xff"[..], b"{\"model\":\"gpt-5-mini\xff\",\"messages\":[]}"] {
        assert_refused(&send(&ann, CHAT, bytes).await, &format!("{bytes:?}"));
    }
    assert_eq!(house.sim.log().len(), before, "the provider was asked");
}

#[tokio::test]
async fn a_call_says_that_it_is_json_or_says_nothing() {
    let (house, ann) = stage().await;
    let body = br#"{"model":"gpt-5-mini","messages":[{"role":"user","content":"Hi"}]}"#;
    for kind in ["application/json", "Application/JSON; charset=utf-8", "application/vnd.api+json", ""] {
        ann.client.send(Method::POST, CHAT, &[("content-type", kind)], body.to_vec()).await.expect(200);
    }
    ann.client.send(Method::POST, CHAT, &[], body.to_vec()).await.expect(200);
    let before = house.sim.log().len();
    for kind in
        ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/json", "json"]
    {
        let answer = ann.client.send(Method::POST, CHAT, &[("content-type", kind)], body.to_vec()).await.expect(415);
        assert_refused(&answer, kind);
        assert_eq!(answer.json()["error"]["code"], "unsupported_media_type", "{kind}");
        assert_eq!(answer.json()["error"]["type"], "invalid_request_error", "{kind}");
    }
    assert_eq!(house.sim.log().len(), before, "the provider was asked");
}

#[tokio::test]
async fn what_only_the_provider_understands_reaches_it_byte_for_byte() {
    let (house, ann) = stage().await;
    for messages in [
        r#"[{"role":"user","content":"a lone \ud800 surrogate, \u0041 and \/"}]"#,
        r#"[{"role":"user","content":"Hi","nobody_knows":{"a":1,"a":2}}]"#,
        r#"[ {"role" : "user",  "content":"é 🦀 \ud83e\udd80"} ]"#,
    ] {
        let body = format!(r#"{{"model":"gpt-5-mini","messages":{messages},"nobody_knows":[1.0,1e400,-0]}}"#);
        // Whatever the provider makes of it: it is what the client wrote.
        send(&ann, CHAT, body.as_bytes()).await;
        let log = house.sim.log();
        let sent = log.last().unwrap();
        assert_eq!(String::from_utf8_lossy(&sent.body), body);
    }
    let body = format!(r#"{{"model":"gpt-5-mini","messages":[{{"role":"user","content":"{CANARY}"}}]}}"#);
    send(&ann, &format!("{CHAT}?beta=true&api-version=2024&x=%ff"), body.as_bytes()).await.expect(200);
    assert!(!house.sim.log().last().unwrap().path.contains("beta"), "a parameter went on to the provider");
}

#[tokio::test]
async fn a_body_may_have_just_under_25_megabytes() {
    let (house, ann) = stage().await;
    let filler = "x".repeat(24 * 1024 * 1024);
    let body = format!(r#"{{"model":"gpt-5-mini","messages":[{{"role":"user","content":"{filler}"}}]}}"#);
    send(&ann, CHAT, body.as_bytes()).await.expect(200);
    assert_eq!(house.sim.log().last().unwrap().body.len(), body.len());
}
