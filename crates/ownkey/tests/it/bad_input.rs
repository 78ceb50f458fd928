//! What clients send by mistake or on purpose: always a 4xx with a sentence,
//! never a value repeated, never a 5xx. The table is the OpenAPI document, so a
//! new field is tested the day it is described.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod calls;
mod connections;

use http::Method;
use serde_json::{Map, Value, json};
use testkit::{Answer, House, Person};

/// A value that no answer may repeat.
const CANARY: &str = "sk-proj-CANARYaBcDeFgHiJkLmNoPqRsTuVwXyZ012345";

const KEY: &str = "sk-proj-FAKEaBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789key1";

/// Names with the JSON types they take.
type Fields = Vec<(String, Vec<String>)>;

/// One door that takes a body or a query, as the document describes it.
struct Described {
    method: Method,
    path: String,
    /// The fields of its JSON body with the types they take, and a good body.
    body: Option<(Fields, Map<String, Value>)>,
    /// Its query parameters with their types.
    query: Fields,
    /// The query parameters it cannot do without.
    required: String,
}

/// Refused as it should be: a 4xx with a sentence that repeats nothing.
fn assert_refused(answer: &Answer, what: &str) {
    let text = answer.text();
    let shown = what.chars().take(200).collect::<String>();
    assert!(answer.status.is_client_error(), "{shown}: {} {text}", answer.status);
    let json = answer.json();
    let sentence = json.pointer("/error/message").or_else(|| json.get("detail")).and_then(Value::as_str);
    let sentence = sentence.unwrap_or_else(|| panic!("{shown}: no sentence in {text}"));
    // The one fixed text without a full stop, see API.md.
    let is_whole = sentence.ends_with(['.', '?', '!']) || sentence == "Incorrect email or password";
    assert!(sentence.len() > 5 && is_whole, "{shown}: {sentence}");
    assert!(!sentence.contains("at line") && !sentence.contains("struct "), "{shown}: {sentence}");
    assert!(text.len() < 4_000, "{shown}: an answer of {} bytes", text.len());
    assert!(!format!("{:?}{text}", answer.headers).contains("CANARY"), "{shown}: repeated in {text}");
}

/// An admin, and every described door of the control API that takes something.
async fn control() -> (House, Person, Vec<Described>) {
    let house = House::start().await;
    let ann = house.admin("ann").await;
    let key = ann.save_key("openai", KEY).await["id"].as_str().unwrap().to_owned();
    house.user("bob").await;
    let users = ann.client.get("/v2/users").await.expect(200).json();
    let bob = users["data"].as_array().unwrap().iter().find(|user| user["email"] == "bob@example.org").unwrap();
    let (chat, question) = chat(&ann).await;
    let document = ann.client.get("/openapi.json").await.expect(200).json();
    let mut doors = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap().iter().filter(|(path, _)| path.starts_with("/v2/")) {
        let id = match path.split('/').nth(2) {
            Some("users") => bob["id"].as_str().unwrap(),
            Some("conversations") => &chat,
            _ => &key,
        };
        for (method, operation) in methods.as_object().unwrap() {
            let query = parameters(operation);
            let body = operation.pointer("/requestBody/content/application~1json/schema/$ref");
            // Somebody else's document: any field may be in it, and tests of its own spoil it.
            let body = body.filter(|_| path != "/v2/prices/import");
            let body = body.and_then(Value::as_str).map(|name| fields(&document, name));
            if body.is_none() && query.is_empty() {
                continue;
            }
            doors.push(Described {
                method: method.to_uppercase().parse().unwrap(),
                path: path
                    .replace("{id}", id)
                    .replace("{organization}", "no-such-organization")
                    .replace("{user_id}", bob["id"].as_str().unwrap())
                    .replace("{invitation_id}", bob["id"].as_str().unwrap())
                    .replace("{message_id}", &question)
                    .replace("{provider}", "openai")
                    .replace("{model}", "no-such-model"),
                body,
                query,
                required: if path == "/v2/resolve" { "model=gpt-5-mini&".into() } else { String::new() },
            });
        }
    }
    assert!(doors.len() >= 18, "{}", doors.len());
    (house, ann, doors)
}

/// A chat in which something was said: its id, and that of what was said.
async fn chat(ann: &Person) -> (String, String) {
    let chat = ann.client.post("/v2/conversations", &json!({"model": "gpt-5-mini"})).await.expect(201).json();
    let chat = chat["id"].as_str().unwrap().to_owned();
    let hi = json!({"content": [{"type": "text", "text": "Hi"}]});
    let said = ann.client.post(&format!("/v2/conversations/{chat}/messages"), &hi).await.expect(202).json();
    (chat, said["user_message_id"].as_str().unwrap().to_owned())
}

fn types(schema: &Value) -> Vec<String> {
    match &schema["type"] {
        Value::String(one) => vec![one.clone()],
        Value::Array(several) => several.iter().filter_map(|kind| kind.as_str().map(str::to_owned)).collect(),
        _ => vec!["object".into()],
    }
}

fn parameters(operation: &Value) -> Fields {
    let all = operation["parameters"].as_array().cloned().unwrap_or_default();
    let all = all.into_iter().filter(|parameter| parameter["in"] == "query");
    all.map(|parameter| (parameter["name"].as_str().unwrap().to_owned(), types(&parameter["schema"]))).collect()
}

fn fields(document: &Value, reference: &str) -> (Fields, Map<String, Value>) {
    let schema = document.pointer(reference.trim_start_matches('#')).unwrap();
    let properties = schema["properties"].as_object().unwrap();
    let good = good_body(reference.rsplit('/').next().unwrap());
    (properties.iter().map(|(name, schema)| (name.clone(), types(schema))).collect(), good)
}

/// A body that is right but for the field a test spoils.
fn good_body(schema: &str) -> Map<String, Value> {
    let body = match schema {
        "CredentialBody" => json!({"provider": "groq", "api_key": "gsk_FAKEaBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789"}),
        "OrganizationPatch" | "TeamPatch" | "TeamMemberBody" | "ItemPatch" | "CredentialPatch" | "KeyFields"
        | "MeEdit" | "UserPatch" | "TokenPatch" | "TokenRotation" | "AliasPatch" | "BudgetPatch"
        | "ConversationBody" | "ConversationPatch" | "RegenerateBody" => json!({}),
        "Unlinking" => json!({"issuer": "https://login.example.org", "password": "x"}),
        "ArrangeBody" => json!({"place": "last"}),
        "PasteBody" => json!({"text": "gsk_FAKEaBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789"}),
        "MessageBody" => json!({"content": [{"type": "text", "text": "Hi"}]}),
        "CredentialRotation" => json!({"api_key": KEY.replace("key1", "key2")}),
        "PasswordBody" => json!({"password": "not the password"}),
        "PasswordChange" => json!({"current_password": "not the password", "new_password": "another good one"}),
        "ChatBody" => json!({"model_id": "gpt-5-mini", "messages": [{"role": "user", "content": "Hi"}]}),
        "AliasBody" => json!({"alias": "fast", "targets": [{"provider": "groq", "model": "x"}]}),
        "PullBody" | "TryBody" => json!({"model": "gpt-5-mini"}),
        "SpreadBody" => json!({"spread": "primary"}),
        "BudgetBody" => json!({"limit": 5, "period": "month"}),
        "TokenBody" => json!({"name": "token"}),
        "ModelBody" => json!({"provider": "azure", "model_id": "my-gpt"}),
        "ModelPatch" => json!({}),
        "OrganizationBody" => json!({"name": "Acme"}),
        "MemberBody" => json!({"role": "member"}),
        "InvitationBody" => json!({"email": "new@example.org"}),
        "JoinBody" => json!({"code": "no-such-code"}),
        "TeamBody" => json!({"organization_id": "acme", "name": "Apollo"}),
        "ItemBody" => json!({
            "organization_id": "acme", "provider": "groq", "credential_name": "Main",
            "api_key": "gsk_FAKEaBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789",
        }),
        "PricesPatch" => json!({"prices": [{"provider": "openai", "model": "gpt-5-mini", "price": null}]}),
        "PriceDocument" => json!({"x": {"litellm_provider": "x"}}),
        "EstimateBody" => json!({"model": "openai/gpt-5-mini"}),
        "ReconcileBody" => json!({"provider": "openai", "csv": "day,model,cost\n2026-11-20,m,1\n"}),
        "Invitation" => json!({"email": "new@example.org"}),
        other => panic!("{other} has no good body yet"),
    };
    body.as_object().unwrap().clone()
}

/// The raw value in place of one field of a good body.
fn spoiled(good: &Map<String, Value>, field: &str, raw: &str) -> String {
    let others = good.iter().filter(|(name, _)| *name != field);
    let mut members: Vec<String> = others.map(|(name, value)| format!("{}:{value}", json!(name))).collect();
    members.push(format!("{}:{raw}", json!(field)));
    format!("{{{}}}", members.join(","))
}

async fn send(ann: &Person, door: &Described, body: impl Into<Vec<u8>>) -> Answer {
    let headers = [("content-type", "application/json")];
    ann.client.send(door.method.clone(), &door.path, &headers, body.into()).await
}

#[tokio::test]
async fn a_body_that_is_no_json_object_is_refused_at_every_door() {
    let (_house, ann, doors) = control().await;
    let nested = |depth: usize| format!("{}{}", "{\"a\":".repeat(depth), "1").to_string() + &"}".repeat(depth);
    for door in &doors {
        let Some((_, good)) = &door.body else { continue };
        let what = format!("{} {}", door.method, door.path);
        let quoted = Value::from(CANARY).to_string();
        for body in [
            String::new(),
            " ".into(),
            "{".into(),
            "null".into(),
            "true".into(),
            quoted.clone(),
            format!("[{quoted}]"),
            format!("{{\"x\":{quoted}"),
            format!("{{\"x\":{CANARY}}}"),
            format!("{{}}{quoted}"),
            format!("{{'x':{quoted}}}"),
            format!("\u{feff}{}", Value::Object(good.clone())),
            nested(65),
            nested(10_000),
            format!("{{\"a\":{}1{}}}", "[".repeat(10_000), "]".repeat(10_000)),
            "[".repeat(10_000),
        ] {
            assert_refused(&send(&ann, door, body.clone()).await, &format!("{what} {body}"));
        }
        for bytes in [&b"\xff\xfe{}"[..], b"{\"name\":\"\xff\"}", b"\0", b"{\"a\xc3\x28\":1}"] {
            assert_refused(&send(&ann, door, bytes).await, &format!("{what} {bytes:?}"));
        }
        for kind in ["text/plain", "application/x-www-form-urlencoded", "application/jsonx", ""] {
            let good = Value::Object(good.clone()).to_string();
            let headers = [("content-type", kind)];
            let answer = ann.client.send(door.method.clone(), &door.path, &headers, good.into()).await;
            assert_eq!(answer.status, 415, "{what} {kind:?}");
            assert_refused(&answer, &what);
        }
    }
}

#[tokio::test]
async fn a_wrong_field_is_refused_at_every_door_that_has_one() {
    let (_house, ann, doors) = control().await;
    for door in &doors {
        let Some((fields, good)) = &door.body else { continue };
        let what = format!("{} {}", door.method, door.path);
        let quoted = Value::from(CANARY).to_string();
        for body in [
            spoiled(good, "no_such_field", &quoted),
            spoiled(good, "__proto__", &format!("{{\"x\":{quoted}}}")),
            format!("{{\"a\":{quoted},\"a\":{quoted}}}"),
            format!("{{\"a\":{quoted},\"\\u0061\":{quoted}}}"),
        ] {
            assert_refused(&send(&ann, door, body.clone()).await, &format!("{what} {body}"));
        }
        for (field, kinds) in fields {
            let takes = |kind: &str| kinds.iter().any(|known| known == kind);
            let mut wrong = vec![format!("{{\"x\":{quoted}}}"), format!("[[{quoted}]]"), "1e999".into()];
            if !takes("string") {
                wrong.extend([quoted.clone(), "\"\\u0000\"".into()]);
            }
            if !takes("integer") && !takes("number") {
                wrong.extend(["1".into(), "-1".into(), "99999999999999999999999999".into(), "1e308".into()]);
            } else {
                wrong.extend(["99999999999999999999999999".into(), "-99999999999999999999".into(), "1e308".into()]);
            }
            if !takes("boolean") {
                wrong.extend(["true".into()]);
            }
            for value in wrong {
                let body = spoiled(good, field, &value);
                assert_refused(&send(&ann, door, body.clone()).await, &format!("{what} {body}"));
            }
            let twice = format!("{{\"{field}\":{quoted},\"{field}\":{quoted}}}");
            assert_refused(&send(&ann, door, twice.clone()).await, &format!("{what} {twice}"));
        }
    }
}

#[tokio::test]
async fn a_text_with_control_characters_or_without_end_is_refused_in_every_field() {
    let (_house, ann, doors) = control().await;
    for door in &doors {
        let Some((fields, good)) = &door.body else { continue };
        for (field, kinds) in fields {
            if !kinds.iter().any(|kind| kind == "string") {
                continue;
            }
            let what = format!("{} {} {field}", door.method, door.path);
            for text in ["a\0b", "a\u{1b}[31mb", "\0", "a\u{202e}b", "a\u{7f}b"] {
                let value = json!(text.replace('b', CANARY)).to_string();
                let answer = send(&ann, door, spoiled(good, field, &value)).await;
                assert_refused(&answer, &format!("{what} {text:?}"));
            }
            let long = json!(format!("{CANARY}{}", "x".repeat(100_000))).to_string();
            assert_refused(&send(&ann, door, spoiled(good, field, &long)).await, &format!("{what} 100 KB"));
        }
        if let Some((field, _)) = fields.iter().find(|(_, kinds)| kinds.iter().any(|kind| kind == "string")) {
            let huge = json!(format!("{CANARY}{}", "x".repeat(10 * 1024 * 1024))).to_string();
            let answer = send(&ann, door, spoiled(good, field, &huge)).await;
            // What goes to a model may be larger than what administers.
            let is_for_a_model = door.path == "/v2/llm/chat/completions"
                || (door.path.starts_with("/v2/conversations/") && door.path.ends_with("/messages"));
            if !is_for_a_model {
                assert_eq!(answer.status, 413, "{} {}", door.path, answer.text());
            }
            assert_refused(&answer, &door.path);
        }
    }
}

#[tokio::test]
async fn a_wrong_query_is_refused_at_every_door() {
    let (_house, ann, doors) = control().await;
    for door in &doors {
        let path = format!("{}?{}", door.path, door.required);
        let body = door.body.as_ref().map_or(Vec::new(), |(_, good)| Value::Object(good.clone()).to_string().into());
        let ask = |query: String| {
            let (ann, path, body) = (&ann, format!("{path}{query}"), body.clone());
            async move {
                let headers = [("content-type", "application/json")];
                assert_refused(&ann.client.send(door.method.clone(), &path, &headers, body).await, &path);
            }
        };
        // Doors without a query of their own ignore one.
        if door.query.is_empty() {
            continue;
        }
        ask(format!("no_such_parameter={CANARY}")).await;
        for (name, kinds) in &door.query {
            let is_text = kinds.iter().any(|kind| kind == "string");
            if is_text {
                ask(format!("{name}=a%00{CANARY}")).await;
                ask(format!("{name}=%1b{CANARY}")).await;
            } else {
                for value in [CANARY, "", "1.5", "-1", "99999999999999999999", "%00", "1e3", "TRUE", "[]"] {
                    ask(format!("{name}={value}")).await;
                }
            }
            ask(format!("{name}={CANARY}&{name}={CANARY}")).await;
        }
    }
}

#[tokio::test]
async fn a_wrong_log_in_form_is_refused() {
    let house = House::start().await;
    house.user("ann").await;
    let form = "application/x-www-form-urlencoded";
    for (kind, body, status) in [
        (form, String::new(), 422),
        (form, format!("username={CANARY}"), 422),
        (form, format!("username={CANARY}&password={CANARY}"), 400),
        (form, format!("username=a&username=b&password={CANARY}"), 422),
        (form, format!("username=%00&password={CANARY}"), 400),
        (form, format!("username=%ff&password={CANARY}%ff"), 400),
        (form, format!("username=ann%40example.org&password={CANARY}%00"), 400),
        (form, format!("username=ann%40example.org&password={}", "x".repeat(2 * 1024 * 1024)), 413),
        ("application/json", format!("{{\"username\":\"{CANARY}\",\"password\":\"x\"}}"), 415),
        ("", String::new(), 415),
    ] {
        let headers = [("content-type", kind)];
        let what = format!("{kind} {}", body.chars().take(80).collect::<String>());
        let answer = house.nobody().send(Method::POST, "/v2/login/access-token", &headers, body.into()).await;
        assert_eq!(answer.status.as_u16(), status, "{what}: {}", answer.text());
        assert_refused(&answer, &what);
    }
}

#[tokio::test]
async fn a_parameter_that_no_door_knows_is_refused_also_where_a_door_knows_none() {
    let house = House::start().await;
    let ann = house.admin("ann").await;
    let control = |door: &web::router::Door| web::openapi::is_control(door.path) && door.described.is_some();
    for door in web::router::doors().into_iter().filter(control) {
        let path = door.path.replace("{id}", "00000000-0000-7000-8000-000000000000");
        let path = path.replace("{message_id}", "00000000-0000-7000-8000-000000000000");
        let path = path.replace("{*id}", "no-such-model").replace("{*model}", "no-such-model");
        let answer =
            ann.client.send(door.method.clone(), &format!("{path}?nobody_knows={CANARY}"), &[], Vec::new()).await;
        assert_refused(&answer, &path);
        assert_eq!(answer.status, 422, "{} {path}: {}", door.method, answer.text());
        assert!(answer.text().contains("nobody_knows"), "{} {path}: {}", door.method, answer.text());
    }
    ann.client.get("/v1/models?beta=true").await.expect(200);
}
