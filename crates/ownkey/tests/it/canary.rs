//! Three keys with a mark in them go through everything the house does. The
//! mark must be nowhere but in the one reveal and where the provider reads it.

mod log;
mod source;

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use app::environment::FoundKey;
use domain::{ProviderId, Secret};
use http::Method;
use provider_sim::{Behaviour, KeyState, WrongUsage};
use serde_json::json;
use testkit::{Answer, Client, House, Options, PASSWORD, Person, chat_body};

/// The mark.
const MARK: &str = "CANARY";
const PERSONAL: &str = "sk-proj-CANARYpersonalFghIjKlMnOpQrStUvWxYz0123456789aaaa";
const REPLACEMENT: &str = "sk-proj-CANARYsecondFghIjKlMnOpQrStUvWxYz0123456789bbbb";
const SYSTEM: &str = "sk-proj-CANARYsystemFghIjKlMnOpQrStUvWxYz0123456789cccc";
const ENVIRONMENT: &str = "sk-proj-CANARYenvironFghIjKlMnOpQrStUvWxYz0123456789dddd";

/// Longer than a refused key rests.
const A_WHILE: Duration = Duration::from_secs(660);

/// Everything that was answered.
#[derive(Default)]
struct Seen(Vec<(String, String)>);

impl Seen {
    fn note(&mut self, what: &str, answer: &Answer) {
        self.0.push((what.to_owned(), format!("{:?}\n{}", answer.headers, answer.text())));
    }

    fn assert_clean(&self) {
        for (what, said) in &self.0 {
            assert!(!said.contains(MARK), "{what} says a key: {said}");
        }
    }
}

async fn house_with_an_environment_key() -> House {
    let found = FoundKey {
        provider: ProviderId::OpenAi,
        variable: "OPENAI_API_KEY".to_owned(),
        secret: Secret::new(ENVIRONMENT.to_owned()),
        masked: "sk-proj-…dddd".to_owned(),
    };
    House::start_with(Options { environment_keys: vec![found], ..Options::default() }).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_nowhere_but_in_the_reveal_and_at_its_provider() {
    let log = log::start();
    let house = house_with_an_environment_key().await;
    let ann = house.admin("ann").await;
    let mut seen = Seen::default();
    let id = keys(&house, &ann, &mut seen).await;
    calls(&house, &ann, &mut seen).await;
    reading(&house, &ann, &id, &mut seen).await;
    command_line(&house, &ann, &mut seen).await;
    let path = format!("/v2/credentials/{id}/reveal");
    seen.note("a refused reveal", &ann.client.post(&path, &json!({"password": "wrong"})).await.expect(400));
    let revealed = ann.client.post(&path, &json!({"password": PASSWORD})).await.expect(200);
    assert_eq!(revealed.json(), json!({"api_key": REPLACEMENT}));
    assert_eq!(revealed.header("cache-control"), "no-store");
    seen.note("deleting", &ann.client.delete(&format!("/v2/credentials/{id}?confirm=true")).await.expect(204));
    house.ledger_is_written().await;
    house.stop().await;
    seen.assert_clean();
    log.assert_clean();
    at_the_provider(&house);
    on_the_disk(house.directory.path());
}

/// Saving, in every way, also in ways that fail.
async fn keys(house: &House, ann: &Person, seen: &mut Seen) -> String {
    let client = &ann.client;
    let system = json!({"provider": "openai", "api_key": SYSTEM, "scope": "system", "name": "The house's"});
    seen.note("a system key", &client.post("/v2/credentials?check=sync", &system).await.expect(201));
    let saved = client.post("/v2/credentials?check=sync", &json!({"provider": "openai", "api_key": PERSONAL})).await;
    let id = saved.json()["id"].as_str().unwrap().to_owned();
    seen.note("saving", &saved.expect(201));
    for body in [
        json!({"provider": "openai", "api_key": PERSONAL}),
        json!({"provider": "nonsense", "api_key": PERSONAL}),
        json!({"provider": "openai", "api_key": PERSONAL, "nonsense": PERSONAL}),
        json!({"provider": "openai", "api_key": [PERSONAL]}),
        json!({"provider": "openai", "api_key": format!("{PERSONAL} {PERSONAL}")}),
        json!({"provider": "openai", "api_key": PERSONAL.repeat(20)}),
        json!({"provider": "openai", "api_key": format!("{PERSONAL}\n{PERSONAL}")}),
        json!({"provider": PERSONAL, "api_key": "x"}),
        json!({"provider": "custom", "api_key": PERSONAL, "api_base": "http://169.254.169.254/v1"}),
        json!({"provider": "openai", "api_key": "x", "scope": PERSONAL}),
        json!({"provider": "openai", "api_key": "x", "settings": {"slug": [PERSONAL]}}),
    ] {
        seen.note("a refused save", &client.post("/v2/credentials", &body).await);
    }
    let path = format!("/v2/credentials/{id}");
    seen.note("an edit", &client.patch(&path, &json!({"note": "Mine", "name": "Main"})).await.expect(200));
    let moved = json!({"api_base": "https://elsewhere.example/v1"});
    seen.note("a moved origin", &client.patch(&path, &moved).await.expect(409));
    let replaced = client.patch(&format!("{path}?check=sync"), &json!({"api_key": REPLACEMENT})).await;
    seen.note("a new secret", &replaced.expect(200));
    for step in ["deactivate", "activate", "make-primary", "check"] {
        seen.note(step, &client.post(&format!("{path}/{step}"), &json!({})).await.expect(200));
    }
    for state in [KeyState::Invalid401, KeyState::NoCredit429, KeyState::Blocked, KeyState::Valid] {
        house.sim.key(REPLACEMENT, state);
        seen.note("a check", &client.post(&format!("{path}/check"), &json!({})).await.expect(200));
    }
    let short = json!({"groq_api_key": "gsk_CANARYabcdefghijklmnopqrstuvwxyz0123eeee"});
    seen.note("the short way", &client.patch("/v2/users/me/api-key", &short).await.expect(200));
    let wrong = json!({"openai_api_key": format!("{PERSONAL} {PERSONAL}"), "nonsense_api_key": PERSONAL});
    seen.note("the short way, wrong", &client.patch("/v2/users/me/api-key", &wrong).await.expect(422));
    id
}

/// Calls that work and calls that fail in every way, by a provider that repeats the key.
async fn calls(house: &House, ann: &Person, seen: &mut Seen) {
    let envelope =
        |text: &str| json!({"error": {"message": text, "type": text, "param": text, "code": text}}).to_string();
    let repeats = envelope(&format!("Incorrect API key provided: {REPLACEMENT}"));
    let page = format!("<html>{REPLACEMENT}</html>");
    for stream in [false, true] {
        for status in [400, 403, 404, 413, 422, 429, 500, 503] {
            // The keys rest after some refusals; a while later they are called again.
            house.pass(A_WHILE);
            house.sim.next(Behaviour::Says(status, if stream { page.clone() } else { repeats.clone() }));
            seen.note("a failed call", &call(&ann.client, stream).await);
        }
        for behaviour in [
            Behaviour::Says(200, repeats.clone()),
            Behaviour::Redirect(format!("https://elsewhere.invalid/{REPLACEMENT}")),
            Behaviour::ErrorMidStream { after_chunks: 1 },
            Behaviour::TruncatedStream { after_chunks: 1 },
            Behaviour::GarbageLine,
            Behaviour::CloseBeforeHeaders,
            Behaviour::WrongUsage(WrongUsage::Absurd),
        ] {
            house.pass(A_WHILE);
            house.sim.next(behaviour);
            seen.note("a spoiled call", &call(&ann.client, stream).await);
        }
        house.pass(A_WHILE);
        seen.note("a call", &call(&ann.client, stream).await.expect(200));
    }
    house.sim.next(Behaviour::Says(401, repeats));
    seen.note("a refused key", &call(&ann.client, false).await);
    for header in ["authorization", "x-api-key", "api-key", "x-goog-api-key"] {
        let value = if header == "authorization" { format!("Bearer {PERSONAL}") } else { PERSONAL.to_owned() };
        let answer = house.nobody().send(Method::GET, "/v1/models", &[(header, &value)], Vec::new()).await;
        seen.note("a provider key for a token", &answer.expect(401));
    }
    let brought = [("x-ownkey-provider-key", PERSONAL), ("x-ownkey-provider", "openai")];
    let body = chat_body("gpt-5-mini", "Hi", false).to_string();
    let answer = ann.client.send(Method::POST, "/v1/chat/completions", &brought, body.into()).await;
    seen.note("a key brought along", &answer);
    seen.note(
        "a model called like a key",
        &ann.client.post("/v2/llm/chat/completions", &json!({"model_id": [PERSONAL]})).await,
    );
}

async fn call(client: &Client, stream: bool) -> Answer {
    client.post("/v1/chat/completions", &chat_body("gpt-5-mini", "Hi", stream)).await
}

/// Every list and every page.
async fn reading(house: &House, ann: &Person, id: &str, seen: &mut Seen) {
    let cookie = house.web_session("ann").await;
    for door in web::router::doors().into_iter().filter(|door| door.method == Method::GET) {
        let path = door.path.replace("{id}", id).replace("{*id}", "gpt-5-mini").replace("{code}", "none");
        seen.note(&path, &ann.client.get(&path).await);
        seen.note(&path, &house.nobody().page(&path, &cookie).await);
    }
    for path in ["/v2/resolve?model=gpt-5-mini", "/v2/usage?group_by=credential", "/v2/llm-models?limit=500"] {
        seen.note(path, &ann.client.get(path).await.expect(200));
    }
    let form = format!("provider=openai&api_key={PERSONAL}+{PERSONAL}&name={}", "x".repeat(300));
    seen.note("a refused form", &house.nobody().submit("/keys", &cookie, &form).await);
    let form = format!("provider=mistral&api_key={PERSONAL}");
    seen.note("the form", &house.nobody().submit("/keys", &cookie, &form).await);
    seen.note("the page after it", &house.nobody().page("/keys", &cookie).await.expect(200));
}

/// The command line, beside the running server.
async fn command_line(house: &House, ann: &Person, seen: &mut Seen) {
    let scopes = json!({"name": "cli", "scopes": ["models", "manage:credentials", "manage:tokens", "read:usage"]});
    let token = ann.gateway_client_with(&scopes).await;
    for arguments in [
        &["credential", "list"][..],
        &["credential", "list", "--json"],
        &["credential", "add", "openai", "--from-env", "A_KEY"],
        &["credential", "add", "openai", "--from-env", "A_KEY", "--json", "--api-base", "http://10.0.0.1/v1"],
        &["models", "--json"],
        &["usage", "--json"],
        &["chat", "Hi"],
    ] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ownkey"));
        command.args(arguments).env_clear().env("OWNKEY_URL", &house.url).env("OWNKEY_TOKEN", token.token());
        command.env("A_KEY", PERSONAL).env("OWNKEY_LOG", "trace").current_dir(house.directory.path());
        let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
        let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        seen.0.push((arguments.join(" "), said));
    }
}

/// The provider reads keys in one header and nowhere else.
fn at_the_provider(house: &House) {
    let log = house.sim.log();
    assert!(log.iter().any(|call| call.authorization.as_deref() == Some(&format!("Bearer {REPLACEMENT}"))));
    for status in [307, 400, 401, 403, 404, 413, 422, 429, 500, 503] {
        assert!(log.iter().any(|call| call.status == Some(status)), "the provider never answered {status}");
    }
    for call in log {
        let others = call.headers.iter().filter(|(name, _)| *name != "authorization");
        let others: String = others.map(|(name, value)| format!("{name}: {value:?}\n")).collect();
        let body = String::from_utf8_lossy(&call.body);
        assert!(!others.contains(MARK) && !call.path.contains(MARK) && !body.contains(MARK), "{others}{}", call.path);
    }
}

/// Every byte of every file, in any folder.
fn on_the_disk(directory: &Path) {
    let mut files = 0;
    for entry in std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.is_dir() {
            on_the_disk(&entry);
            continue;
        }
        files += 1;
        let bytes = std::fs::read(&entry).unwrap();
        let is_there = bytes.windows(MARK.len()).any(|window| window == MARK.as_bytes());
        assert!(!is_there, "{} holds a key in the clear", entry.display());
    }
    assert!(files > 0, "{} is empty", directory.display());
}
