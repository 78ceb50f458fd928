//! Three keys that no other text looks like go through everything the house
//! does. Afterwards they are looked for in every answer, every line of the log
//! and every byte of every file: they are nowhere but in the one answer that
//! reveals a key and in the provider's own authorization header.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod log;
mod rotation;
mod sources;

use std::cell::RefCell;
use std::path::Path;

use app::environment::FoundKey;
use domain::{ProviderId, Secret};
use http::Method;
use provider_sim::{Behaviour, KeyState};
use serde_json::{Value, json};
use testkit::{Answer, Client, House, Options, PASSWORD, Person, chat_body};

const PERSONAL: &str = "sk-proj-CANARYPERSONALaBcDeFgHiJkLmNoPqRsTu012345pers";
const REPLACED: &str = "sk-proj-CANARYREPLACEDaBcDeFgHiJkLmNoPqRsTu012345repl";
const EDITED: &str = "sk-proj-CANARYEDITEDaBcDeFgHiJkLmNoPqRsTuVw012345edit";
const ROTATED: &str = "sk-proj-CANARYROTATEDaBcDeFgHiJkLmNoPqRsTuV012345rota";
const HEADER: &str = "CANARYHEADERaBcDeFgHiJkLmNoPqRsTuVwXyZ012345head";
const REFERRED: &str = "sk-proj-CANARYREFERREDaBcDeFgHiJkLmNoPqRsT012345refe";
const SYSTEM: &str = "sk-proj-CANARYSYSTEMaBcDeFgHiJkLmNoPqRsTuVw012345syst";
const ENVIRONMENT: &str = "gsk_CANARYENVIRONMENTaBcDeFgHiJkLmNoPqRsTu01234envi";
const SHORT: &str = "gsk_CANARYSHORTaBcDeFgHiJkLmNoPqRsTuVwXyZ0123456shor";
const BROUGHT: &str = "sk-proj-CANARYBROUGHTaBcDeFgHiJkLmNoPqRsTuVw01234brou";
const REFUSED: &str = "CANARYREFUSED aBcDeFgHiJkLmNoPqRsTuVwXyZ0123456refu";

/// What all of them have in common, and nothing else.
const CANARY: &str = "CANARY";

/// Everything that came back.
#[derive(Default)]
struct Seen(RefCell<Vec<(String, Answer)>>);

impl Seen {
    fn keep(&self, what: impl Into<String>, answer: Answer) -> Value {
        let json = serde_json::from_slice(&answer.bytes).unwrap_or(Value::Null);
        self.0.borrow_mut().push((what.into(), answer));
        json
    }

    async fn get(&self, client: &Client, path: &str) -> Value {
        self.keep(format!("GET {path}"), client.get(path).await)
    }

    async fn post(&self, client: &Client, path: &str, body: Value) -> Value {
        self.keep(format!("POST {path}"), client.post(path, &body).await)
    }

    async fn patch(&self, client: &Client, path: &str, body: Value) -> Value {
        self.keep(format!("PATCH {path}"), client.patch(path, &body).await)
    }

    async fn delete(&self, client: &Client, path: &str) -> Value {
        self.keep(format!("DELETE {path}"), client.delete(path).await)
    }

    /// No answer has a canary in its headers or body.
    fn assert_clean(&self) {
        for (what, answer) in self.0.borrow().iter() {
            let text = format!("{:?}\n{}", answer.headers, answer.text());
            assert!(!text.contains(CANARY), "{what}: {text}");
        }
    }
}

/// No file below has a canary in its bytes.
fn assert_clean_files(directory: &Path) {
    let mut looked = 0;
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            assert_clean_files(&path);
            continue;
        }
        let bytes = std::fs::read(&path).unwrap();
        let found = bytes.windows(CANARY.len()).any(|window| window.eq_ignore_ascii_case(CANARY.as_bytes()));
        assert!(!found, "{}", path.display());
        looked += bytes.len();
    }
    assert!(looked > 0 || !directory.join("ownkey.db").exists(), "{}", directory.display());
}

/// The provider was shown canaries in one header only.
fn assert_clean_upstream(house: &House) {
    let calls = house.sim.log();
    assert!(calls.iter().any(|call| call.authorization.as_deref() == Some(&format!("Bearer {PERSONAL}"))));
    for call in calls {
        // The one header that its owner asked for, and only with the key of its row.
        let its_keys = [EDITED, ROTATED].map(|key| format!("Bearer {key}"));
        let is_asked_for = call.header("x-team").is_some();
        assert!(!is_asked_for || call.authorization.as_ref().is_some_and(|key| its_keys.contains(key)), "{call:?}");
        let others = call.headers.iter().filter(|(name, _)| *name != "authorization" && *name != "x-team");
        let others: Vec<_> = others.map(|(name, value)| format!("{name}: {value:?}")).collect();
        let rest = format!("{} {others:?} {}", call.path, String::from_utf8_lossy(&call.body));
        assert!(!rest.contains(CANARY), "{rest}");
    }
}

async fn start() -> House {
    let found = FoundKey {
        provider: ProviderId::Groq,
        variable: "GROQ_API_KEY".to_owned(),
        secret: Secret::new(ENVIRONMENT.to_owned()),
        masked: "gsk_…envi".to_owned(),
    };
    House::start_with(Options {
        environment_keys: vec![found],
        request_keys_allowed: true,
        secret_references: "env:LLM_*".to_owned(),
        variables: vec![("LLM_HOUSE".to_owned(), REFERRED.to_owned())],
        ..Options::default()
    })
    .await
}

#[tokio::test]
async fn a_key_is_nowhere_but_where_it_must_be() {
    log::listen();
    let house = start().await;
    let seen = Seen::default();
    let ann = house.admin("ann").await;
    let gateway = ann.gateway_client_with(&json!({"name": "g", "scopes": ["models", "manage:credentials"]})).await;
    let bob = house.user("bob").await;
    let told = listen(&house, &ann);

    let keys = save(&seen, &ann).await;
    manage(&seen, &ann, &gateway, &bob, &keys).await;
    rotation::rotate(&seen, &house, &ann, &bob, &keys).await;
    rotation::refer(&seen, &house, &ann).await;
    call(&seen, &house, &ann).await;
    echo(&seen, &house, &bob).await;
    bring(&seen, &house, &ann).await;
    refuse(&seen, &ann).await;
    meet_faults(&seen, &house, &ann).await;
    short_keys(&seen, &bob).await;
    pages(&seen, &house, &ann).await;
    reveal(&seen, &ann, &bob, &keys[0]).await;
    house.ledger_is_written().await;
    read(&seen, &ann, &keys).await;

    assert!(seen.0.borrow().len() > 150, "{}", seen.0.borrow().len());
    seen.assert_clean();
    assert_clean_upstream(&house);
    assert_clean_files(house.directory.path());
    for key in keys.iter().rev() {
        ann.client.delete(&format!("/v2/credentials/{key}?confirm=true")).await.expect(204);
    }
    house.stop().await;
    let told = told.await.unwrap();
    assert!(told.matches("credential.status_changed").count() > 3 && !told.contains(CANARY), "{told}");
    assert_clean_files(house.directory.path());
    let log = log::text();
    assert!(log.len() > 10_000, "the log was not heard: {log}");
    let line = log.lines().find(|line| line.contains(CANARY));
    assert!(line.is_none(), "logged: {line:?}");
}

/// Everything an admin's stream of events says until the house is shut.
fn listen(house: &House, ann: &Person) -> tokio::task::JoinHandle<String> {
    let client = Client::new(&house.url, Some(ann.client.token()));
    tokio::spawn(async move {
        let response = client.open(Method::GET, "/v2/events", &[], Vec::new()).await;
        let body = http_body_util::BodyExt::collect(response.into_body()).await.unwrap();
        String::from_utf8(body.to_bytes().to_vec()).unwrap()
    })
}

/// Saves the personal and the system key; their ids.
async fn save(seen: &Seen, ann: &Person) -> Vec<String> {
    let body = json!({"provider": "openai", "api_key": PERSONAL, "name": "Hers", "note": "kept"});
    let personal = seen.post(&ann.client, "/v2/credentials?check=sync", body.clone()).await;
    let system = json!({"provider": "openai", "api_key": SYSTEM, "scope": "system", "name": "The house's"});
    let system = seen.post(&ann.client, "/v2/credentials?check=sync", system).await;
    // Once more: the same secret is there already.
    seen.post(&ann.client, "/v2/credentials", body).await;
    let json_type = ("content-type", "application/json");
    let again = json!({"provider": "openai", "api_key": REPLACED, "name": "Other"}).to_string();
    for _ in 0..2 {
        let headers = [json_type, ("idempotency-key", "the-same-key-twice")];
        let sent = ann.client.send(Method::POST, "/v2/credentials", &headers, again.clone().into()).await;
        seen.keep("idempotent", sent);
    }
    [personal, system].iter().map(|key| key["id"].as_str().unwrap_or_else(|| panic!("{key}")).to_owned()).collect()
}

/// Everything that can be done with a key, by those who may and may not.
async fn manage(seen: &Seen, ann: &Person, gateway: &Client, bob: &Person, keys: &[String]) {
    for key in keys {
        let path = format!("/v2/credentials/{key}");
        for client in [&ann.client, gateway, &bob.client] {
            seen.get(client, &path).await;
            seen.get(client, &format!("{path}/impact")).await;
            for what in ["check", "deactivate", "activate", "make-primary"] {
                seen.post(client, &format!("{path}/{what}"), json!({})).await;
            }
        }
        seen.delete(&bob.client, &path).await;
    }
    let path = format!("/v2/credentials/{}", keys[0]);
    seen.patch(&ann.client, &path, json!({"name": "Renamed", "note": null})).await;
    seen.patch(&ann.client, &format!("{path}?check=sync"), json!({"api_key": EDITED})).await;
    seen.patch(&ann.client, &format!("{path}?check=sync"), json!({"api_key": REPLACED})).await;
    seen.patch(&ann.client, &format!("{path}?check=sync"), json!({"api_key": PERSONAL})).await;
    seen.patch(&ann.client, &path, json!({"api_base": "https://elsewhere.example/v1"})).await;
    seen.patch(&ann.client, &path, json!({"api_base": format!("http://169.254.1.1/{PERSONAL}"), "api_key": PERSONAL}))
        .await;
}

async fn call(seen: &Seen, house: &House, ann: &Person) {
    for stream in [false, true] {
        for model in ["gpt-5-mini", "openai/gpt-5-mini", "groq/llama-3.3-70b-versatile", "no-such-model"] {
            seen.post(&ann.client, "/v1/chat/completions", chat_body(model, "Hi", stream)).await;
            let body = json!({"model_id": model, "stream": stream, "messages": [{"role": "user", "content": "Hi"}]});
            seen.post(&ann.client, "/v2/llm/chat/completions", body).await;
        }
    }
    let used = house.sim.log().iter().any(|call| call.authorization.as_deref().is_some_and(|k| k.contains("ENVI")));
    assert!(used, "the environment's key was not used");
}

/// The house's and the environment's key pay for Bob, and a provider that
/// repeats the key in its refusal is not repeated.
async fn echo(seen: &Seen, house: &House, bob: &Person) {
    for (model, key) in [("gpt-5-mini", SYSTEM), ("groq/gpt-5-mini", ENVIRONMENT)] {
        for stream in [false, true] {
            let answer = bob.client.post("/v1/chat/completions", &chat_body(model, "Hi", stream)).await.expect(200);
            seen.keep(model, answer);
            let shown = house.sim.log().last().unwrap().authorization.clone();
            assert_eq!(shown, Some(format!("Bearer {key}")), "{model}");
            house.sim.next(Behaviour::RefusesField(key.into()));
            let answer = bob.client.post("/v1/chat/completions", &chat_body(model, "Hi", stream)).await.expect(400);
            assert!(answer.text().contains('…'), "{}", answer.text());
            seen.keep(model, answer);
        }
    }
}

/// A key that comes with the request: well used, refused, repeated by the
/// provider, and sent without what belongs to it.
async fn bring(seen: &Seen, house: &House, ann: &Person) {
    let path = "/v1/chat/completions";
    let with = async |headers: &[(&str, &str)], model: &str, stream: bool| {
        let mut all = vec![("content-type", "application/json"), ("x-ownkey-provider-key", BROUGHT)];
        all.extend_from_slice(headers);
        let body = chat_body(model, "Hi", stream).to_string().into_bytes();
        let answer = ann.client.send(Method::POST, path, &all, body).await;
        let status = answer.status.as_u16();
        seen.keep(format!("{headers:?}"), answer);
        status
    };
    let openai = [("x-ownkey-provider", "openai")];
    for stream in [false, true] {
        assert_eq!(with(&openai, "gpt-5-mini", stream).await, 200);
        let shown = house.sim.log().last().unwrap().authorization.clone();
        assert_eq!(shown, Some(format!("Bearer {BROUGHT}")));
        for fault in [
            Behaviour::Status401,
            Behaviour::NoCredit,
            Behaviour::Status429 { retry_after_s: 1 },
            Behaviour::RefusesField(BROUGHT.into()),
            Behaviour::Says(401, format!(r#"{{"error":{{"message":"Bad key {BROUGHT}.","code":"{BROUGHT}"}}}}"#)),
        ] {
            house.sim.next(fault);
            assert_ne!(with(&openai, "gpt-5-mini", stream).await, 200);
        }
    }
    for headers in [
        vec![],
        vec![("x-ownkey-provider", BROUGHT)],
        vec![("x-ownkey-provider", "custom")],
        vec![("x-ownkey-provider", "openai"), ("x-ownkey-provider-key", BROUGHT)],
        vec![("x-ownkey-provider", "openai"), ("x-ownkey-credential", BROUGHT)],
        vec![("x-ownkey-provider", "openai"), ("x-ownkey-policy", BROUGHT)],
    ] {
        with(&headers, "gpt-5-mini", false).await;
    }
    with(&openai, BROUGHT, false).await;
}

/// A key in every place where it does not belong.
async fn refuse(seen: &Seen, ann: &Person) {
    let client = &ann.client;
    for body in [
        json!({"provider": "openai", "api_key": REFUSED}),
        json!({"provider": "openai", "api_key": format!("{PERSONAL}\n")}),
        json!({"provider": "openai", "api_key": format!("{PERSONAL}\0")}),
        json!({"provider": "openai", "api_key": format!("{PERSONAL}{}", "x".repeat(600))}),
        json!({"provider": "openai", "api_key": [PERSONAL]}),
        json!({"provider": PERSONAL, "api_key": PERSONAL}),
        json!({"provider": "openai", "api_key": PERSONAL, "scope": PERSONAL}),
        json!({"provider": "openai", "api_key": PERSONAL, "organization_id": PERSONAL}),
        json!({"provider": "openai", "api_key": PERSONAL, "expires_at": PERSONAL}),
        json!({"provider": "openai", "api_key": PERSONAL, "api_base": format!("https://{PERSONAL}@example.org/")}),
        json!({"provider": "custom", "api_key": PERSONAL, "api_base": format!("http://127.0.0.1:1/{PERSONAL}")}),
        json!({"provider": "openai", "api_key": PERSONAL, "priority": PERSONAL}),
        json!(PERSONAL),
    ] {
        seen.post(client, "/v2/credentials", body).await;
    }
    seen.post(client, "/v2/tokens", json!({"name": "x", "scopes": [PERSONAL]})).await;
    seen.post(client, "/v2/tokens", json!({"name": "x", "expires_at": PERSONAL})).await;
    seen.post(client, "/v1/chat/completions", chat_body(PERSONAL, "Hi", false)).await;
    seen.post(client, "/v1/chat/completions", chat_body(&format!("openai/{SYSTEM}"), "Hi", false)).await;
    for header in ["x-api-key", "api-key", "x-goog-api-key", "x-ownkey-credential", "x-ownkey-provider-key"] {
        for path in ["/v1/chat/completions", "/v1/models", "/v2/credentials", "/v2/llm/chat/completions"] {
            for method in [Method::GET, Method::POST] {
                let headers = [(header, PERSONAL), ("content-type", "application/json")];
                let body = chat_body("gpt-5-mini", "Hi", false).to_string().into_bytes();
                seen.keep(header, client.send(method, path, &headers, body).await);
            }
        }
    }
    for path in ["/v1/models", "/v2/users/me", "/v1/messages", "/v1beta/models", "/keys"] {
        seen.keep(path, client.with_token(PERSONAL).get(path).await);
    }
}

async fn meet_faults(seen: &Seen, house: &House, ann: &Person) {
    for fault in [
        Behaviour::Status401,
        Behaviour::Status429 { retry_after_s: 1 },
        Behaviour::NoCredit,
        Behaviour::Status5xx(500),
        Behaviour::Status5xx(503),
        Behaviour::ContextTooLong,
        Behaviour::NoSuchModel,
        Behaviour::RefusesField("temperature".into()),
        // A provider that repeats the key in its refusal.
        Behaviour::RefusesField(PERSONAL.into()),
        Behaviour::Html502,
        Behaviour::Redirect(format!("http://127.0.0.1:1/{PERSONAL}")),
        Behaviour::CloseBeforeHeaders,
        Behaviour::TruncatedStream { after_chunks: 1 },
        Behaviour::EndedEarly { after_chunks: 1 },
        Behaviour::GarbageLine,
        Behaviour::ErrorWith200,
        Behaviour::ErrorMidStream { after_chunks: 1 },
        Behaviour::InvalidUtf8,
    ] {
        for stream in [false, true] {
            let body = chat_body("gpt-5-mini", "Hi", stream);
            house.sim.set_default(fault.clone());
            let path = "/v1/chat/completions";
            if let Some(answer) = ann
                .client
                .try_send(Method::POST, path, &[("content-type", "application/json")], body.to_string().into())
                .await
            {
                seen.keep(format!("{fault:?}"), answer);
            }
            // The refused keys rest; later faults shall meet them as well.
            house.pass(std::time::Duration::from_secs(300));
        }
    }
    house.sim.set_default(Behaviour::Answer(provider_sim::Reply::says("Well again.")));
    let keys = seen.get(&ann.client, "/v2/credentials").await;
    for state in [KeyState::Invalid401, KeyState::Blocked, KeyState::RestrictedNoList403, KeyState::Valid] {
        for key in [PERSONAL, SYSTEM, REPLACED] {
            house.sim.key(key, state.clone());
        }
        for key in keys["data"].as_array().into_iter().flatten() {
            let path = format!("/v2/credentials/{}/check", key["id"].as_str().unwrap());
            seen.post(&ann.client, &path, json!({})).await;
        }
    }
}

async fn short_keys(seen: &Seen, bob: &Person) {
    let path = "/v2/users/me/api-key";
    for body in [
        json!({"groq_api_key": SHORT}),
        json!({"groq_api_key": SHORT, "openai_api_key": REFUSED}),
        json!({"nobodys_api_key": SHORT}),
        json!({"groq_api_key": [SHORT]}),
        json!({"groq_api_key": format!("{SHORT}\n\0")}),
        json!({"azure_api_key": SHORT, "azure_endpoint": format!("http://10.0.0.1/{SHORT}")}),
    ] {
        seen.patch(&bob.client, path, body).await;
    }
    seen.get(&bob.client, "/v2/users/me/api-key-status").await;
    seen.delete(&bob.client, path).await;
}

async fn pages(seen: &Seen, house: &House, ann: &Person) {
    let cookie = house.web_session("ann").await;
    let origin = house.url.as_str();
    let nobody = house.nobody();
    for path in [
        "/",
        "/chat",
        "/profile",
        "/keys",
        "/tokens",
        "/login",
        "/setup",
        "/nowhere",
        "/assets/style.css",
        "/language-models",
        "/playground",
    ] {
        seen.keep(path, nobody.send(Method::GET, path, &[("cookie", &cookie)], Vec::new()).await);
    }
    let form = "application/x-www-form-urlencoded";
    for (path, body) in [
        ("/keys", format!("provider=openai&api_key={PERSONAL}&name=again")),
        ("/keys", format!("provider=openai&api_key={}", REFUSED.replace(' ', "+"))),
        ("/keys", format!("provider={PERSONAL}&api_key={PERSONAL}")),
        ("/keys", format!("provider=openai&api_key={PERSONAL}&api_base=http://10.0.0.1/{PERSONAL}")),
        ("/keys/not-an-id", format!("action={PERSONAL}")),
        ("/keys/not-an-id/rotate", format!("api_key={PERSONAL}&grace={PERSONAL}")),
        ("/language-models", format!("provider=openai&model_id={PERSONAL}")),
        ("/language-models", format!("provider=openai&model_id=m&display_name={PERSONAL}")),
        ("/playground", format!("prompt=Hi&m1={PERSONAL}")),
        ("/login", format!("email=ann%40example.org&password={PERSONAL}")),
    ] {
        let headers = [("cookie", cookie.as_str()), ("origin", origin), ("content-type", form)];
        seen.keep(path, nobody.send(Method::POST, path, &headers, body.into()).await);
    }
    seen.keep("/keys", nobody.send(Method::GET, "/keys", &[("cookie", &cookie)], Vec::new()).await);
    seen.get(&ann.client, "/v2/sessions").await;
}

/// The one answer that may have a key in it, and those that must not.
async fn reveal(seen: &Seen, ann: &Person, bob: &Person, key: &str) {
    let path = format!("/v2/credentials/{key}/reveal");
    seen.post(&ann.client, &path, json!({"password": "not the password"})).await;
    seen.post(&ann.client, &path, json!({"password": PERSONAL})).await;
    seen.post(&bob.client, &path, json!({"password": PASSWORD})).await;
    let revealed = ann.client.post(&path, &json!({"password": PASSWORD})).await.expect(200);
    assert_eq!(revealed.json(), json!({"api_key": PERSONAL}));
    assert_eq!(revealed.header("cache-control"), "no-store");
}

async fn read(seen: &Seen, ann: &Person, keys: &[String]) {
    for key in keys {
        seen.get(&ann.client, &format!("/v2/credentials/{key}")).await;
    }
    for path in [
        "/v2/credentials",
        "/v2/providers",
        "/v2/llm-models",
        "/v2/llm-models/gpt-5-mini",
        "/v1/models",
        "/v2/status",
        "/v2/resolve?model=gpt-5-mini",
        "/v2/resolve?model=groq/llama-3.3-70b-versatile",
        "/v2/resolve?model=gpt-5-mini&policy=strict",
        "/v2/usage",
        "/v2/usage?group_by=model",
        "/v2/usage/events?limit=500",
        "/v2/audit-events?limit=500",
        "/v2/users",
        "/v2/users/me",
        "/v2/users/me/api-key-status",
        "/v2/tokens",
        "/metrics",
        "/openapi.json",
        "/health/ready",
    ] {
        let answer = ann.client.get(path).await.expect(200);
        seen.keep(path, answer);
    }
}
