//! The model calls: what the OpenAI wire refuses, and what it lets pass.

use http::Method;
use serde_json::{Value, json};
use testkit::{Client, House, chat_body};

use super::{CANARY, assert_refused, send};

const PATH: &str = "/v1/chat/completions";

async fn caller(house: &House) -> Client {
    let ann = house.user("ann").await;
    ann.save_key("openai", "sk-proj-FAKEaBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789key1").await;
    ann.gateway_client().await
}

/// How many model calls reached the provider.
fn calls(house: &House) -> usize {
    house.sim.log().iter().filter(|call| call.model.is_some()).count()
}

#[tokio::test]
async fn a_chat_body_that_cannot_be_read_is_400_in_openais_words() {
    let house = House::start().await;
    let client = caller(&house).await;
    let deep = |depth: usize| {
        format!("{{\"model\":\"gpt-5-mini\",\"messages\":[],\"x\":{}{}}}", "[".repeat(depth), "]".repeat(depth))
    };
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("nothing", Vec::new()),
        ("broken JSON", format!("{{\"model\":\"{CANARY}").into()),
        ("an array", b"[]".to_vec()),
        ("no model", json!({"messages": [{"role": "user", "content": CANARY}]}).to_string().into()),
        ("no messages", json!({"model": "gpt-5-mini"}).to_string().into()),
        ("messages of another type", json!({"model": "gpt-5-mini", "messages": CANARY}).to_string().into()),
        ("a number for a model", json!({"model": 5, "messages": []}).to_string().into()),
        ("null for a model", json!({"model": null, "messages": []}).to_string().into()),
        ("an empty model", json!({"model": "", "messages": []}).to_string().into()),
        ("an array for a model", json!({"model": [CANARY], "messages": []}).to_string().into()),
        ("a long model", json!({"model": CANARY.repeat(100), "messages": []}).to_string().into()),
        ("stream of another type", json!({"model": "gpt-5-mini", "messages": [], "stream": CANARY}).to_string().into()),
        ("a negative limit", json!({"model": "gpt-5-mini", "messages": [], "max_tokens": -1}).to_string().into()),
        ("model twice", br#"{"model":"gpt-5-mini","model":"gpt-5","messages":[]}"#.to_vec()),
        ("model twice, once escaped", br#"{"model":"gpt-5-mini","\u006dodel":"gpt-5","messages":[]}"#.to_vec()),
        (
            "include_usage twice",
            br#"{"model":"gpt-5-mini","messages":[],"stream":true,"stream_options":{"include_usage":true,"include_usage":false}}"#.to_vec(),
        ),
        ("depth 66", deep(66).into()),
        ("depth 10,000", deep(10_000).into()),
        ("no UTF-8", b"{\"model\":\"gpt-5-mini\",\"messages\":\"\xff\"}".to_vec()),
    ];
    for (what, body) in cases {
        let answer = send(&client, &Method::POST, PATH, body).await;
        assert_eq!(answer.status.as_u16(), 400, "{what}: {}", answer.text());
        assert_refused(&answer, what);
        assert_eq!(answer.json()["error"]["type"], "invalid_request_error", "{what}");
    }
    assert_eq!(calls(&house), 0, "none of it reached the provider");
}

#[tokio::test]
async fn a_body_over_25_megabytes_is_413_declared_or_not() {
    let house = House::start().await;
    let client = caller(&house).await;
    let token = client.token();
    let head = format!(
        "POST {PATH} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\ncontent-type: application/json\r\nconnection: close\r\n"
    );
    let declared = testkit::raw(&house.url, format!("{head}content-length: 26214401\r\n\r\n{{").as_bytes()).await;
    assert!(declared.starts_with("HTTP/1.1 413 "), "{declared}");
    assert!(declared.contains("larger than 25 MB"), "{declared}");
    let mut connection = testkit::Raw::connect(&house.url).await;
    connection.send(format!("{head}transfer-encoding: chunked\r\n\r\n").as_bytes()).await;
    let chunk = format!("100000\r\n{}\r\n", " ".repeat(1024 * 1024));
    for _ in 0..26 {
        connection.send(chunk.as_bytes()).await;
    }
    connection.finish().await;
    let chunked = connection.read_to_end().await;
    assert!(chunked.is_empty() || chunked.starts_with("HTTP/1.1 413 "), "{chunked}");
    let control = format!("{{\"name\":\"{}\"}}", "x".repeat(1024 * 1024));
    let answer = send(&client, &Method::POST, "/v2/llm/chat/completions", control).await;
    assert!([413, 422].contains(&answer.status.as_u16()), "{}", answer.status);
    assert_eq!(calls(&house), 0);
}

#[tokio::test]
async fn what_ownkey_does_not_know_reaches_the_provider_byte_for_byte() {
    let house = House::start().await;
    let client = caller(&house).await;
    let tail = r#""messages":[{"role":"user","content":"\ud83d alone, \u00e9scaped, 1.50"}], "brand_new":{"a":1,"a":2,"n":1e400,"z":[1.0,  2]}}"#;
    let body = format!(r#"{{ "model":"gpt-5-mini" , {tail}"#);
    // The scripted provider's own reader is stricter; what counts is what it was sent.
    send(&client, &Method::POST, &format!("{PATH}?beta=true&nonsense=1"), body).await;
    let log = house.sim.log();
    let sent = log.last().unwrap();
    let sent_body = String::from_utf8(sent.body.to_vec()).unwrap();
    assert!(sent_body.ends_with(tail), "{sent_body}");
    assert!(!sent.path.contains("beta"), "{}", sent.path);
}

#[tokio::test]
async fn every_error_is_said_in_the_words_of_the_one_who_asks() {
    let house = House::start().await;
    let client = caller(&house).await;
    let google: [(&str, &str); 1] = [("x-goog-api-key", client.token())];
    let anthropic = [("anthropic-version", "2023-06-01")];
    let shape = |value: &Value| {
        let error = &value["error"];
        match () {
            () if value["type"] == "error" => "anthropic",
            () if error["status"].is_string() => "google",
            () if error["type"].is_string() => "openai",
            () if value["detail"].is_string() => "problem",
            () => "none",
        }
    };
    let json_kind = ("content-type", "application/json");
    for (method, path, headers, status, dialect) in [
        (Method::GET, "/v1/nonsense", vec![], 404, "openai"),
        (Method::GET, "/v1/nonsense", anthropic.to_vec(), 404, "anthropic"),
        (Method::GET, "/v1/models/nonsense", google.to_vec(), 404, "google"),
        (Method::POST, "/v1/messages", vec![json_kind], 404, "anthropic"),
        (Method::POST, "/v1/embeddings", vec![json_kind], 404, "openai"),
        (Method::POST, "/v1beta/models/gemini-2.5-flash:generateContent", vec![json_kind], 404, "google"),
        (Method::PUT, PATH, vec![], 405, "openai"),
        (Method::DELETE, "/v1/models", anthropic.to_vec(), 405, "anthropic"),
        (Method::GET, "/v2/nonsense", vec![], 404, "problem"),
        (Method::PUT, "/v2/tokens", vec![], 405, "problem"),
        (Method::POST, "/v2/llm/chat/completions", vec![("content-type", "text/xml")], 415, "problem"),
        (Method::GET, "/api/nonsense", vec![], 404, "problem"),
        (Method::POST, "/metrics", vec![], 405, "problem"),
    ] {
        let answer = client.send(method.clone(), path, &headers, b"{}".to_vec()).await;
        assert_eq!(answer.status.as_u16(), status, "{method} {path}: {}", answer.text());
        assert_eq!(shape(&answer.json()), dialect, "{method} {path}: {}", answer.text());
        if status == 405 {
            assert!(!answer.header("allow").is_empty(), "{method} {path} does not say what it allows");
        }
    }
    let page = client.get("/nonsense").await.expect(404);
    assert!(page.header("content-type").starts_with("text/html"), "{}", page.header("content-type"));
}

#[tokio::test]
async fn every_spelling_of_an_address_reaches_the_same_door() {
    let house = House::start().await;
    let client = caller(&house).await;
    for path in ["/v1/chat/completions/", "/v1/v1/chat/completions", "/chat/completions", "/chat/completions/?a=b"] {
        client.post(path, &chat_body("gpt-5-mini", "Hi", false)).await.expect(200);
    }
    for path in ["/models", "/models/", "/v1/models/", "/v1/v1/models", "/v1/models/gpt-5-mini", "/models/gpt-5-mini/"]
    {
        client.get(path).await.expect(200);
    }
    client.get("/v2/llm-models/?is_active=true").await.expect(200);
}
