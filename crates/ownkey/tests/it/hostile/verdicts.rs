//! What every provider's refusals say of a key and of a call, through the whole
//! server: the fixtures of `llm` are answered by a provider of bytes.

use std::sync::Arc;

use domain::attempt::ErrorClass;
use serde::Deserialize;
use serde_json::{Value, json};
use testkit::{Client, House, Options, RawRequest, RawScript, RawStep};
use tokio::task::JoinSet;

use super::{CANARY, CLIENTS, Speaks};

/// One answer of a provider.
#[derive(Clone, Debug, Deserialize)]
struct Fixture {
    file: String,
    provider: String,
    kind: String,
    #[serde(default)]
    status: Option<u16>,
    #[serde(default)]
    headers: serde_json::Map<String, Value>,
    #[serde(default)]
    wire: String,
    /// What a check makes of it.
    #[serde(default)]
    key_status: Option<String>,
    #[serde(default)]
    expect: Value,
    #[serde(skip)]
    body: Vec<u8>,
}

/// The fixtures in this folder that `wanted` names.
fn fixtures(folder: &str, wanted: impl Fn(&Fixture) -> bool) -> Vec<Fixture> {
    #[derive(Deserialize)]
    struct Manifest {
        files: Vec<Fixture>,
    }
    let folder = format!("{}/../llm/fixtures/{folder}", env!("CARGO_MANIFEST_DIR"));
    let manifest = std::fs::read(format!("{folder}/manifest.json")).unwrap();
    let Manifest { mut files } = serde_json::from_slice(&manifest).unwrap();
    files.retain(wanted);
    for fixture in &mut files {
        fixture.body = std::fs::read(format!("{folder}/{}", fixture.file)).unwrap();
    }
    assert!(!files.is_empty());
    files
}

/// A key whose calls are answered with fixture number `at`.
fn key(at: usize) -> String {
    format!("sk-fx{at:03}x-{CANARY}gHiJkLmNoPqRsTuVwXyZ0123")
}

/// Which fixture the key of a request asks for.
fn asked_for(request: &RawRequest) -> Option<usize> {
    request.head.split_once("sk-fx")?.1.get(..3)?.parse().ok()
}

impl Fixture {
    fn steps(&self) -> Vec<RawStep> {
        let mut head = format!("HTTP/1.1 {} X\r\ncontent-length: {}\r\n", self.status.unwrap_or(200), self.body.len());
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {}\r\n", value.as_str().unwrap()));
        }
        if !self.headers.contains_key("content-type") {
            head.push_str("content-type: application/json\r\n");
        }
        vec![RawStep::send(head + "\r\n"), RawStep::send(self.body.clone())]
    }

    /// The answer to a check with its key.
    fn answers_check(&self, request: &RawRequest) -> bool {
        let path = request.path();
        match (self.kind.as_str(), self.provider.as_str()) {
            ("key-info", "ollama") => path.ends_with("/api/version"),
            ("key-info", _) => path.ends_with("/key") || path.ends_with("/api-key"),
            // Its list is public.
            (_, "huggingface") => request.method() == "POST",
            _ => true,
        }
    }
}

fn answered_by(fixtures: &Arc<Vec<Fixture>>, takes: fn(&Fixture, &RawRequest) -> bool) -> RawScript {
    let fixtures = Arc::clone(fixtures);
    Arc::new(move |request: &RawRequest| {
        let fixture = fixtures.get(asked_for(request)?)?;
        takes(fixture, request).then(|| fixture.steps())
    })
}

/// Saves the key of fixture number `at`.
async fn saved(client: &Client, provider: &str, origin: &str, at: usize) -> Value {
    let mut body = json!({"provider": provider, "name": format!("Key {at}"), "api_key": key(at)});
    match provider {
        "azure" => {
            body["api_base"] = format!("{origin}/azure").into();
            body["settings"] = json!({"deployments": ["gpt-5-mini"]});
        }
        "custom" => body["api_base"] = format!("{origin}/v1").into(),
        "ollama" | "lmstudio" => body["api_base"] = format!("{origin}/{provider}").into(),
        _ => {}
    }
    client.post("/v2/credentials?check=sync", &body).await.expect(201).json()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_providers_word_on_a_key_is_kept_with_a_reason_of_ours() {
    let all = Arc::new(fixtures("checks", |_| true));
    let raw = Some(answered_by(&all, Fixture::answers_check));
    let house = House::start_with(Options { raw, ..Options::default() }).await;
    let ann = house.user("ann").await;
    let origin = format!("http://{}", house.raw.as_ref().unwrap().address());
    let mut checks = JoinSet::new();
    for (at, fixture) in all.iter().cloned().enumerate() {
        let (client, origin) = (ann.client.clone(), origin.clone());
        checks.spawn(async move { (saved(&client, &fixture.provider, &origin, at).await, fixture) });
    }
    let mut wrong = Vec::new();
    for (key, fixture) in checks.join_all().await {
        let reason = key["status_reason"].as_str().unwrap_or_default();
        let is_told = reason.ends_with('.') && !reason.contains(CANARY) && !key.to_string().contains(CANARY);
        if key["status"] != fixture.key_status.as_deref().unwrap() || !is_told {
            wrong.push(format!("{}: {} “{reason}”", fixture.file, key["status"]));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Status and words of a failure of this class, for this client.
fn expected(fixture: &Fixture, speaks: Speaks) -> String {
    let class: ErrorClass = fixture.expect["error_class"].as_str().unwrap().parse().unwrap();
    let (status, chat, messages, gemini) = match class {
        ErrorClass::InvalidKey | ErrorClass::KeyLimited | ErrorClass::NoCredit | ErrorClass::Forbidden => {
            (502, "api_error upstream_credentials_exhausted", "api_error", "INTERNAL")
        }
        ErrorClass::RateLimited | ErrorClass::QuotaExhausted => {
            (429, "rate_limit_error rate_limited", "rate_limit_error", "RESOURCE_EXHAUSTED")
        }
        ErrorClass::Overloaded if speaks == Speaks::Messages => (529, "", "overloaded_error", ""),
        ErrorClass::Overloaded => (503, "api_error provider_overloaded", "", "UNAVAILABLE"),
        ErrorClass::Timeout => (504, "api_error provider_timeout", "api_error", "INTERNAL"),
        ErrorClass::ServerError => (502, "api_error provider_error", "api_error", "INTERNAL"),
        ErrorClass::NotFound => (404, "invalid_request_error model_not_found", "not_found_error", "NOT_FOUND"),
        _ => {
            let status = fixture.status.filter(|status| matches!(status, 400 | 413 | 422)).unwrap_or(400);
            (status, "invalid_request_error", "invalid_request_error", "INVALID_ARGUMENT")
        }
    };
    let words = match speaks {
        Speaks::Chat | Speaks::Responses => chat,
        Speaks::Messages => messages,
        Speaks::Gemini => gemini,
    };
    format!("{status} {words}")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refusals_of_openai_and_azure_are_told_in_the_clients_words() {
    are_told(&["openai", "azure"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refusals_of_anthropic_and_google_are_told_in_the_clients_words() {
    are_told(&["anthropic", "google"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refusals_of_hosts_of_open_models_are_told_in_the_clients_words() {
    are_told(&["groq", "mistral", "xai", "fireworks", "huggingface", "openrouter"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refusals_of_servers_of_ones_own_are_told_in_the_clients_words() {
    are_told(&["ollama", "lmstudio", "custom"]).await;
}

async fn are_told(providers: &[&str]) {
    let is_wanted = |fixture: &Fixture| {
        fixture.kind == "error" && fixture.wire != "openai-embeddings" && providers.contains(&fixture.provider.as_str())
    };
    let all = Arc::new(fixtures("wire", is_wanted));
    // The check of Hugging Face's keys is a call, too.
    let is_call = |_: &Fixture, request: &RawRequest| request.method() == "POST" && request.text().contains("Hi");
    let house = House::start_with(Options { raw: Some(answered_by(&all, is_call)), ..Options::default() }).await;
    let ann = house.user("ann").await;
    let origin = format!("http://{}", house.raw.as_ref().unwrap().address());
    let (mut running, mut wrong) = (JoinSet::new(), Vec::new());
    for (at, fixture) in all.iter().cloned().enumerate() {
        if running.len() >= 4 {
            wrong.push(running.join_next().await.unwrap().unwrap());
        }
        let (client, origin) = (ann.client.clone(), origin.clone());
        running.spawn(async move { refusals(&client, &origin, at, &fixture).await });
    }
    wrong.extend(running.join_all().await);
    let wrong: Vec<String> = wrong.concat();
    assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), wrong.join("\n"));
}

/// The refusals of this fixture that were not told as they should be.
async fn refusals(client: &Client, origin: &str, at: usize, fixture: &Fixture) -> Vec<String> {
    let provider = fixture.provider.as_str();
    let key = saved(client, provider, origin, at).await;
    let model = match provider {
        "anthropic" => "anthropic/claude-haiku-4-5-20251001".to_owned(),
        "google" => "google/gemini-2.5-flash".to_owned(),
        "ollama" => "ollama/llama3.2:latest".to_owned(),
        "custom" => format!("{}/gpt-5-mini", key["settings"]["slug"].as_str().unwrap()),
        "xai" => "xai/grok-4.7".to_owned(),
        other => format!("{other}/gpt-5-mini"),
    };
    let id = key["id"].as_str().unwrap();
    let mut wrong = Vec::new();
    for speaks in CLIENTS {
        for stream in [false, true] {
            let answer = speaks.ask_with(client, (&model, stream), "Hi", id).await;
            let told = speaks.told(&answer);
            let expected = expected(fixture, speaks);
            if !told.starts_with(&expected) {
                wrong.push(format!("{} {speaks:?} {stream}: {told}, not {expected}: {}", fixture.file, answer.text()));
            }
        }
    }
    client.delete(&format!("/v2/credentials/{id}?confirm=true")).await.expect(204);
    wrong
}

#[tokio::test]
async fn a_restricted_key_that_may_not_list_stays_valid_with_the_catalogues_models() {
    let house = House::start().await;
    let ann = house.user("ann").await;
    let key = "sk-proj-FAKEaBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789key1";
    house.sim.key(key, provider_sim::KeyState::RestrictedNoList403);
    let saved = ann.save_key("openai", key).await;
    assert_eq!(saved["status"], "valid", "{saved}");
    assert!(saved["status_reason"].as_str().unwrap().contains("may not list models"), "{saved}");
    let listed = ann.client.get("/v1/models").await.expect(200).json();
    assert!(listed["data"].as_array().unwrap().iter().any(|model| model["id"] == "gpt-5-mini"), "{listed}");
    for speaks in CLIENTS {
        let answer = speaks.ask(&ann.client, ("gpt-5-mini", false), "Hi", "restricted").await.expect(200);
        assert_eq!(speaks.told(&answer), "whole \"Hello from the scripted provider.\"");
    }
}

#[tokio::test]
async fn an_azure_deployment_is_called_by_its_name_in_both_styles_of_address() {
    let house = House::start().await;
    let ann = house.user("ann").await;
    for (deployment, version, path) in [
        ("gpt-5-mini", "2024-10-21", "/azure/openai/deployments/gpt-5-mini/chat/completions"),
        ("gpt-5-nano", "preview", "/azure/openai/v1/chat/completions"),
    ] {
        let body = json!({
            "provider": "azure", "name": version, "api_key": "0123456789abcdef0123456789abcdef".replace('0', deployment),
            "api_base": format!("{}/azure", house.sim.origin()),
            "settings": {"api_version": version, "deployments": [deployment]},
        });
        let saved = ann.client.post("/v2/credentials?check=sync", &body).await.expect(201).json();
        assert_eq!(saved["status"], "valid", "{saved}");
        let model = format!("azure/{deployment}");
        for stream in [false, true] {
            let answer = Speaks::Chat.ask(&ann.client, (&model, stream), "Hi", version).await.expect(200);
            let form = if stream { "stream" } else { "whole" };
            assert_eq!(Speaks::Chat.told(&answer), format!("{form} \"Hello from the scripted provider.\""));
            assert_eq!(house.sim.log().last().unwrap().path.split('?').next(), Some(path));
        }
    }
}

#[tokio::test]
async fn a_dead_endpoint_is_unreachable_and_its_last_list_stays() {
    let house = House::start().await;
    let ann = house.user("ann").await;
    let providers =
        ["openai", "anthropic", "google", "xai", "groq", "mistral", "openrouter", "fireworks", "huggingface"];
    let mut keys = Vec::new();
    for provider in providers {
        let key = ann.save_key(provider, &format!("sk-{provider}-FAKEaBcDeFgHiJkLmNoPqRsTuVwXyZ0123456")).await;
        keys.push(format!("/v2/credentials/{}/check", key["id"].as_str().unwrap()));
    }
    let good = ann.client.get("/v1/models").await.expect(200).text();
    house.sim.shutdown().await;
    for (provider, path) in providers.iter().zip(&keys) {
        let checked = ann.client.post(path, &json!({})).await.expect(200).json();
        assert_eq!(checked["status"], "unreachable", "{provider}: {checked}");
    }
    assert_eq!(ann.client.get("/v1/models").await.expect(200).text(), good);
}
