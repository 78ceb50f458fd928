//! Whatever is sent, the answer is a 4xx with a sentence, and never repeats
//! what was sent: it may be somebody's key.

mod headers;
mod wire;

use http::Method;
use serde_json::{Value, json};
use testkit::{Answer, Client, House};

/// A word that must not come back.
const CANARY: &str = "CANARY7f3a9c";

/// The doors of `/v2` that take a JSON body, with one they would take.
fn doors_with_a_body() -> Vec<(Method, &'static str, Value)> {
    let nobodys = "/v2/credentials/01890000-0000-7000-8000-000000000000";
    let nobody = "/v2/users/01890000-0000-7000-8000-000000000000";
    let reveal = "/v2/credentials/01890000-0000-7000-8000-000000000000/reveal";
    vec![
        (Method::PATCH, "/v2/users/me", json!({"display_name": "Ann", "preferences": {"fallback": "chain"}})),
        (Method::POST, "/v2/users/me/change-password", json!({"current_password": "x", "new_password": "y"})),
        (Method::POST, "/v2/users", json!({"email": "new@example.org", "role": "member"})),
        (Method::PATCH, nobody, json!({"role": "member", "is_active": true})),
        (Method::PATCH, "/v2/users/me/api-key", json!({"openai_api_key": "", "groq_api_key": ""})),
        (Method::POST, "/v2/tokens", json!({"name": "x", "scopes": ["models"], "models": ["m"], "expires_at": null})),
        (
            Method::POST,
            "/v2/credentials",
            json!({"provider": "openai", "name": "x", "api_key": "x", "settings": {}, "priority": 1}),
        ),
        (Method::PATCH, nobodys, json!({"name": "x", "note": null, "priority": 1, "settings": {}})),
        (Method::POST, reveal, json!({"password": "x"})),
        (
            Method::POST,
            "/v2/llm/chat/completions",
            json!({"model_id": "m", "messages": [{"role": "user", "content": "x"}], "max_tokens": 1, "temperature": 1}),
        ),
    ]
}

async fn send(client: &Client, method: &Method, path: &str, body: impl Into<Vec<u8>>) -> Answer {
    client.send(method.clone(), path, &[("content-type", "application/json")], body.into()).await
}

/// A 4xx with a whole sentence that does not repeat what was sent.
#[track_caller]
fn assert_refused(answer: &Answer, what: &str) {
    assert!(answer.status.is_client_error(), "{what}: {} {}", answer.status, answer.text());
    let body = answer.json();
    let sentence = body["detail"].as_str().or(body["error"]["message"].as_str()).unwrap_or("");
    let is_whole = sentence.ends_with(['.', '!', '?', ')']) && sentence.len() > 10;
    assert!(is_whole || sentence == "Incorrect email or password", "{what}: “{sentence}”");
    let said = format!("{}{:?}", answer.text(), answer.headers);
    assert!(!said.contains("CANARY") && !said.contains("7f3a9c"), "{what} is repeated: {said}");
    assert!(!answer.header("x-request-id").is_empty() && !answer.header("request-id").is_empty(), "{what}");
}

#[tokio::test]
async fn a_body_that_is_no_object_is_refused_at_every_door() {
    let house = House::start().await;
    let client = house.admin("ann").await.client;
    let nested = |depth: usize| format!("{{\"name\":{}\"{CANARY}\"{}}}", "[".repeat(depth), "]".repeat(depth));
    let bodies: Vec<(&str, Vec<u8>)> = vec![
        ("an empty body", Vec::new()),
        ("blanks", b" \n".to_vec()),
        ("an array", format!("[\"{CANARY}\"]").into()),
        ("a text", format!("\"{CANARY}\"").into()),
        ("a number", b"1e999".to_vec()),
        ("null", b"null".to_vec()),
        ("a cut object", format!("{{\"{CANARY}\":\"{CANARY}").into()),
        ("two objects", b"{}{}".to_vec()),
        ("something after it", format!("{{}} {CANARY}").into()),
        ("bytes that are no UTF-8", [b"{\"name\":\"", CANARY.as_bytes(), b"\xff\xfe\"}"].concat()),
        ("a byte order mark", b"\xef\xbb\xbf{}".to_vec()),
        ("a raw NUL", [b"{\"name\":\"", CANARY.as_bytes(), b"\0\"}"].concat()),
        ("an escape that is none", format!("{{\"name\":\"{CANARY}\\x\"}}").into()),
        ("depth 65", nested(65).into()),
        ("depth 10,000", nested(10_000).into()),
        ("depth 10,000, never closed", format!("{{\"name\":{}", "[{\"a\":".repeat(10_000)).into()),
        ("ten megabytes", format!("{{\"name\":\"{}\"}}", CANARY.repeat(900_000)).into()),
    ];
    for (method, path, _) in doors_with_a_body() {
        for (what, body) in &bodies {
            assert_refused(&send(&client, &method, path, body.clone()).await, &format!("{method} {path} with {what}"));
        }
        let plain = client.send(method.clone(), path, &[("content-type", "text/plain")], b"{}".to_vec()).await;
        assert_refused(&plain.expect(415), path);
        let none = client.send(method.clone(), path, &[], b"{}".to_vec()).await;
        assert_refused(&none.expect(415), path);
    }
}

#[tokio::test]
async fn a_field_that_is_unknown_doubled_or_of_another_type_is_refused_at_every_door() {
    let house = House::start().await;
    let client = house.admin("ann").await.client;
    for (method, path, good) in doors_with_a_body() {
        let text = good.to_string();
        let open = text.strip_suffix('}').unwrap();
        let unknown = send(&client, &method, path, format!("{open},\"nonsense\":\"{CANARY}\"}}")).await.expect(422);
        assert_refused(&unknown, &format!("{method} {path} with an unknown field"));
        for (name, value) in good.as_object().unwrap() {
            let doubled = send(&client, &method, path, format!("{open},\"{name}\":{value}}}")).await;
            assert_refused(&doubled, &format!("{method} {path} with {name} twice"));
            let escaped: String = name.bytes().map(|byte| format!("\\u{:04x}", byte)).collect();
            let disguised = send(&client, &method, path, format!("{open},\"{escaped}\":{value}}}")).await;
            assert_refused(&disguised, &format!("{method} {path} with {name} twice, once escaped"));
            for wrong in [json!({"nonsense": CANARY}), json!([[CANARY]]), json!(-1e300), json!(u64::MAX), json!(0.5)] {
                let mut body = good.clone();
                body[name] = wrong.clone();
                let answer = send(&client, &method, path, body.to_string()).await;
                let is_number_field = matches!(name.as_str(), "temperature" | "max_tokens") && wrong.is_number();
                if !is_number_field || answer.status.is_client_error() {
                    assert_refused(&answer, &format!("{method} {path} with {name} = {wrong}"));
                }
            }
            for huge in ["1e400", "99999999999999999999999999999999", "-0.0e-999999"] {
                let body = text.replacen(&format!("\"{name}\":{value}"), &format!("\"{name}\":{huge}"), 1);
                let answer = send(&client, &method, path, body).await;
                if !matches!(name.as_str(), "temperature") {
                    assert_refused(&answer, &format!("{method} {path} with {name} = {huge}"));
                }
                assert!(!answer.status.is_server_error(), "{}", answer.text());
            }
        }
    }
}

#[tokio::test]
async fn a_text_with_control_characters_or_without_end_is_refused_where_it_would_be_kept() {
    let house = House::start().await;
    let client = house.admin("ann").await.client;
    let long = format!("{CANARY}{}", "x".repeat(600));
    let texts = ["\u{0}", "\u{1b}[31m", "\r\nset-cookie: a=b", "\u{7f}"].map(|text| format!("{CANARY}{text}{CANARY}"));
    for (method, path, good) in doors_with_a_body() {
        for (name, value) in good.as_object().unwrap() {
            // What is kept nowhere, and what a password may be, is another matter.
            let is_kept = value.is_string() && !name.contains("password") && name != "model_id";
            for text in texts.iter().chain([&long]).filter(|_| is_kept) {
                let mut body = good.clone();
                body[name] = json!(text);
                let answer = send(&client, &method, path, body.to_string()).await;
                assert_refused(&answer, &format!("{method} {path} with {name} = {text:?}"));
            }
        }
    }
}

#[tokio::test]
async fn a_query_that_is_unknown_doubled_or_out_of_range_is_refused() {
    let house = House::start().await;
    let client = house.admin("ann").await.client;
    let lists = ["/v2/credentials", "/v2/tokens", "/v2/llm-models", "/v2/users"];
    let big = ["/v2/usage/events", "/v2/audit-events"];
    let numbers = ["-1", "501", "0", "1e3", "0x10", "99999999999999999999", CANARY, "", "1%00", "%ff"];
    for path in lists.iter().chain(&big) {
        for number in numbers {
            assert_refused(&client.get(&format!("{path}?limit={number}")).await, &format!("{path}?limit={number}"));
        }
        let doubled = client.get(&format!("{path}?limit=1&limit=2")).await;
        assert_refused(&doubled, path);
    }
    for path in lists {
        for number in ["-1", "10001", "9223372036854775808", CANARY] {
            assert_refused(&client.get(&format!("{path}?skip={number}")).await, &format!("{path}?skip={number}"));
        }
    }
    for path in big {
        for cursor in [CANARY, "-", ".", "1.2", "%00"] {
            assert_refused(&client.get(&format!("{path}?after={cursor}")).await, &format!("{path}?after={cursor}"));
        }
        for time in [CANARY, "2026-13-45", "now", "-1"] {
            assert_refused(&client.get(&format!("{path}?from={time}")).await, &format!("{path}?from={time}"));
        }
    }
    for path in [
        "/v2/credentials?scope=CANARY7f3a9c",
        "/v2/credentials?provider=CANARY7f3a9c",
        "/v2/credentials?status=CANARY7f3a9c",
        "/v2/credentials?is_active=CANARY7f3a9c",
        "/v2/credentials?organization_id=CANARY7f3a9c",
        "/v2/usage?group_by=CANARY7f3a9c",
        "/v2/usage?from=CANARY7f3a9c",
        "/v2/usage/events?credential_id=CANARY7f3a9c",
        "/v2/usage/events?source=CANARY7f3a9c",
        "/v2/audit-events?actor=CANARY7f3a9c",
        "/v2/llm-models?is_active=CANARY7f3a9c",
        "/v2/resolve?model=gpt-5-mini&policy=CANARY7f3a9c",
        "/v2/resolve",
        "/v2/credentials/CANARY7f3a9c",
        "/v2/credentials/CANARY7f3a9c/impact",
        "/v2/users/CANARY7f3a9c",
    ] {
        let answer = client.get(path).await;
        let instance = answer.json()["instance"].as_str().unwrap_or("").to_owned();
        // The address itself is named; the value in it is nowhere else.
        let rest = answer.text().replace(&format!("\"instance\":\"{instance}\""), "");
        assert!(answer.status.is_client_error() && !rest.contains("CANARY"), "{path}: {rest}");
    }
    for path in lists.iter().chain(&big).chain(&["/v2/usage"]) {
        let answer = client.get(&format!("{path}?nonsense=CANARY7f3a9c")).await.expect(422);
        assert_refused(&answer, path);
    }
    let unknown =
        client.post("/v2/credentials?check=CANARY7f3a9c", &json!({"provider": "openai", "api_key": "x"})).await;
    assert_refused(&unknown, "check");
}
