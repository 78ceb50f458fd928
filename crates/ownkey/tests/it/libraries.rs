//! Ollama's library: what is on a server, fetching and throwing away; and local
//! servers that start and stop by themselves.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::Duration;

use app::rechecks::run_due;
use http::Method;
use provider_sim::{Behaviour, Finished, Keys, Script, Sim};
use serde_json::{Value, json};
use testkit::{EventReader, House, Options, Person, chat_body, events, eventually, next_bytes};

const SAYS: &str = "Hello from the scripted provider.";

async fn house() -> House {
    House::start_scripted(script()).await
}

fn script() -> Script {
    Script { keys: Keys::NotNeeded, ..Script::says(SAYS) }
}

/// Saves a key for the scripted Ollama; returns the address of its library.
async fn library_of(house: &House, person: &Person) -> String {
    let body = json!({"provider": "ollama", "name": "Mine", "api_base": house.sim.origin()});
    let key = person.client.post("/v2/credentials?check=sync", &body).await.expect(201).json();
    format!("/v2/credentials/{}/library", key["id"].as_str().unwrap())
}

async fn callable(person: &Person) -> Vec<String> {
    let list = person.client.get("/v1/models").await.expect(200).json();
    list["data"].as_array().unwrap().iter().map(|model| model["id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_model_is_fetched_with_its_progress_called_and_thrown_away() {
    let house = house().await;
    let root = house.admin("root").await;
    let library = library_of(&house, &root).await;
    assert!(!callable(&root).await.contains(&"mistral:latest".to_owned()));
    let mut told = EventReader::open(&root.client, "/v2/events", &[]).await;

    let pulled = root.client.post(&format!("{library}/pull"), &json!({"model": "mistral"})).await.expect(200);
    assert_eq!(pulled.header("content-type"), "text/event-stream");
    let steps = events(&pulled.text());
    let names: Vec<&str> = steps.iter().map(|step| step.name.as_str()).collect();
    assert_eq!((names[0], *names.last().unwrap()), ("progress", "done"), "{names:?}");
    let layer = steps.iter().rfind(|step| step.json()["step"] == "layer").unwrap().json();
    assert_eq!(layer["total_bytes"], layer["completed_bytes"], "{layer}");
    told.until("models.changed").await;
    assert!(callable(&root).await.contains(&"mistral:latest".to_owned()));
    let body = chat_body("mistral:latest", "Hi", false);
    let answer = root.client.post("/v1/chat/completions", &body).await.expect(200).json();
    assert_eq!(answer["choices"][0]["message"]["content"], SAYS);

    let shelf = root.client.get(&library).await.expect(200).json();
    let shelf = shelf["data"].as_array().unwrap();
    assert!(shelf.iter().any(|model| model["model"] == "mistral:latest"), "{shelf:?}");
    let loaded: Vec<&Value> = shelf.iter().filter(|model| model["is_loaded"] == true).collect();
    assert!(loaded.len() == 1 && loaded[0]["memory_bytes"].is_u64() && loaded[0]["loaded_context_window"] == 4096);
    let shown = root.client.get(&format!("{library}/mistral:latest")).await.expect(200).json();
    assert_eq!((&shown["kind"], &shown["parameter_size"]), (&json!("chat"), &json!("3.2B")));

    root.client.delete(&format!("{library}/mistral:latest")).await.expect(204);
    assert!(!callable(&root).await.contains(&"mistral:latest".to_owned()));
    root.client.delete(&format!("{library}/mistral:latest")).await.expect(404);
    let audited = root.client.get("/v2/audit-events?limit=3").await.expect(200).json();
    let actions: Vec<&Value> = audited["data"].as_array().unwrap().iter().map(|row| &row["action"]).collect();
    assert_eq!(actions, ["library.delete_asked", "library.delete_asked", "library.pull_started"]);
}

#[tokio::test]
async fn what_a_registry_does_not_have_and_what_is_no_name_is_said() {
    let house = house().await;
    let root = house.admin("root").await;
    let library = library_of(&house, &root).await;
    let missing = root.client.post(&format!("{library}/pull"), &json!({"model": "nope"})).await.expect(200);
    let last = events(&missing.text()).pop().unwrap();
    assert_eq!((last.name.as_str(), &last.json()["code"]), ("error", &json!("model_not_found")));
    root.client.get(&format!("{library}/no-such-model")).await.expect(404);
    for name in ["", "two words", "../x", "sk-proj-FAKEaBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789key1"] {
        let refused = root.client.post(&format!("{library}/pull"), &json!({"model": name})).await.expect(422);
        assert!(!refused.text().contains("sk-proj"), "{}", refused.text());
    }
    let key = root.save_key("openai", "sk-proj-FAKEaBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789key1").await;
    let path = format!("/v2/credentials/{}/library", key["id"].as_str().unwrap());
    assert_eq!(root.client.get(&path).await.expect(404).json()["code"], "endpoint_not_supported");
    house.sim.shutdown().await;
    assert_eq!(root.client.get(&library).await.expect(502).json()["code"], "provider_error");
}

#[tokio::test]
async fn only_an_admin_fills_a_disk_that_everybody_may_share() {
    let house = house().await;
    let (bob, root) = (house.user("bob").await, house.admin("root").await);
    let (his, hers) = (library_of(&house, &bob).await, library_of(&house, &root).await);
    bob.client.get(&his).await.expect(200);
    let refused = bob.client.post(&format!("{his}/pull"), &json!({"model": "mistral"})).await.expect(403).json();
    assert!(refused["detail"].as_str().unwrap().contains("admin"), "{refused}");
    bob.client.delete(&format!("{his}/llama3.2:latest")).await.expect(403);
    bob.client.get(&hers).await.expect(404);
    root.client.get(&his).await.expect(404);
    assert!(house.sim.log().iter().all(|call| !matches!(call.path.as_str(), "/api/pull" | "/api/delete")));
}

#[tokio::test]
async fn closing_the_connection_stops_the_fetch() {
    let house = house().await;
    let root = house.admin("root").await;
    let library = library_of(&house, &root).await;
    house.sim.next(Behaviour::HangMidStream { after_chunks: 2 });
    let body = json!({"model": "mistral"}).to_string().into_bytes();
    let headers = [("content-type", "application/json")];
    let mut response = root.client.open(Method::POST, &format!("{library}/pull"), &headers, body).await;
    next_bytes(&mut response).await.unwrap();
    drop(response);
    let is_stopped = |call: &provider_sim::Call| call.path == "/api/pull" && call.finished == Finished::ClientGone;
    house.sim.wait_for(|calls| calls.iter().any(is_stopped)).await.unwrap();
}

/// How a provider does, and how many models of it can be called.
async fn status(person: &Person, provider: &str) -> (String, u64) {
    let list = person.client.get("/v2/status").await.expect(200).json();
    let one = list["data"].as_array().unwrap().iter().find(|one| one["provider"] == provider).unwrap().clone();
    (one["state"].as_str().unwrap().to_owned(), one["models"].as_u64().unwrap())
}

#[tokio::test]
async fn a_server_that_stops_takes_its_models_along_and_brings_them_when_it_starts() {
    let house = House::start_with(Options { script: script(), local_servers: true, ..Options::default() }).await;
    let ann = house.user("ann").await;
    library_of(&house, &ann).await;
    let has_models = async || callable(&ann).await.contains(&"llama3.2:latest".to_owned());
    let becomes = async |state: &str| {
        eventually(state, Duration::from_secs(5), async || {
            let providers = [status(&ann, "ollama").await.0, status(&ann, "lmstudio").await.0];
            providers.iter().all(|now| now == state).then_some(())
        })
        .await;
    };
    becomes("operational").await;
    assert!(has_models().await && status(&ann, "lmstudio").await.1 > 0);
    let mut told = EventReader::open(&ann.client, "/v2/events", &[]).await;
    // Within thirty seconds, in rounds of five.
    let round = async || {
        house.pass(Duration::from_secs(25));
        app::checks::look_at_local_servers(&house.app);
        run_due(&house.app).await;
    };

    let address = house.sim.address();
    house.sim.shutdown().await;
    round().await;
    becomes("unreachable").await;
    told.until("models.changed").await;
    assert!(!has_models().await);
    assert_eq!((status(&ann, "ollama").await.1, status(&ann, "lmstudio").await.1), (0, 0));
    let refused = ann.client.post("/v1/chat/completions", &chat_body("llama3.2:latest", "Hi", false)).await.expect(502);
    assert!(refused.text().contains("Ollama"), "{}", refused.text());

    let again = Sim::start_on(address, script()).await.unwrap();
    round().await;
    becomes("operational").await;
    told.until("models.changed").await;
    assert!(has_models().await && status(&ann, "lmstudio").await.1 > 0);
    ann.client.post("/v1/chat/completions", &chat_body("llama3.2:latest", "Hi", false)).await.expect(200);
    again.shutdown().await;
}

#[tokio::test]
async fn lm_studio_tells_of_what_is_loaded() {
    let house = house().await;
    let ann = house.user("ann").await;
    let base = format!("{}/lmstudio/v1", house.sim.origin());
    let body = json!({"provider": "lmstudio", "name": "Mine", "api_base": base});
    let key = ann.client.post("/v2/credentials?check=sync", &body).await.expect(201).json();
    assert_eq!(key["status"], "valid", "{key}");
    let model = ann.client.get("/v2/llm-models/gpt-5-mini").await.expect(200).json();
    assert_eq!((&model["provider"], &model["context_window"]), (&json!("lmstudio"), &json!(8192)), "{model}");
    let path = format!("/v2/credentials/{}/library", key["id"].as_str().unwrap());
    assert_eq!(ann.client.get(&path).await.expect(404).json()["code"], "endpoint_not_supported");
}
