//! Unmodified clients, as people use them, each against every wire that may be
//! behind a call. They need what `tests/clients` pins, in three places:
//!
//! - `OWNKEY_TEST_PYTHON`: a Python with `requirements.txt`;
//! - `OWNKEY_TEST_PYTHON_FRAMEWORKS`: one with `requirements-frameworks.txt`, whose packages want other versions;
//! - `OWNKEY_TEST_NODE_MODULES`: the `node_modules` of `package.json`, for the `node` (22 or later) of the `PATH`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use provider_sim::Script;
use serde_json::json;
use tempfile::TempDir;
use testkit::{House, eventually};
use tokio::process::Command;

/// Their keys, made up.
const KEYS: [(&str, &str); 3] = [
    ("openai", "sk-proj-FAKEaBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789key1"),
    ("anthropic", "sk-ant-api03-FAKEaBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789key1"),
    ("google", "AIzaSyFAKEaBcDeFgHiJkLmNoPqRsTuVwXyZ012"),
];

/// What a variable says where the clients are; `None` where they are not, which
/// CI does not accept.
#[expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "the machine says where its clients are, or is told"
)]
fn place(variable: &str, what: &str) -> Option<String> {
    let place = std::env::var(variable).ok();
    if place.is_none() {
        assert!(std::env::var("CI").as_deref() != Ok("true"), "CI runs every client: set {variable}");
        println!("skipped: {variable} names no {what}");
    }
    place
}

/// The interpreter of the first suites.
pub(crate) fn python() -> Option<String> {
    place("OWNKEY_TEST_PYTHON", "Python with tests/clients/requirements.txt")
}

fn frameworks() -> Option<String> {
    place("OWNKEY_TEST_PYTHON_FRAMEWORKS", "Python with tests/clients/requirements-frameworks.txt")
}

fn suites() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients")
}

/// Runs a suite of Python's, if there is one to run it.
async fn by_python(python: Option<String>, suite: &str) {
    let Some(python) = python else { return };
    let mut command = Command::new(python);
    command.arg(suites().join(suite)).env("PYTHONDONTWRITEBYTECODE", "1");
    passes(command).await;
}

/// Runs a suite of Node's. It looks for packages beside the file, so the suites
/// are laid beside them.
async fn by_node(suite: &str) {
    let Some(modules) = place("OWNKEY_TEST_NODE_MODULES", "node_modules of tests/clients/package.json") else { return };
    let directory = TempDir::new().unwrap();
    for name in ["suite.mjs", suite] {
        std::fs::copy(suites().join(name), directory.path().join(name)).unwrap();
    }
    std::os::unix::fs::symlink(modules, directory.path().join("node_modules")).unwrap();
    let mut command = Command::new("node");
    command.arg(directory.path().join(suite));
    passes(command).await;
}

/// Runs it against a house with a key for each wire, and looks at the ledger.
#[expect(clippy::print_stdout, reason = "a line for each check")]
async fn passes(mut command: Command) {
    let house = House::start_scripted(Script::default()).await;
    let ann = house.user("ann").await;
    for (provider, key) in KEYS {
        ann.save_key(provider, key).await;
    }
    let ollama = json!({"provider": "ollama", "name": "Mine", "api_base": house.sim.origin()});
    ann.client.post("/v2/credentials?check=sync", &ollama).await.expect(201);
    let token = ann.gateway_client().await.token().to_owned();
    let command = command.arg(&house.url).env("OWNKEY_TOKEN", token).kill_on_drop(true);
    let output = command.output().await.unwrap();
    let (said, complained) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    println!("{said}");
    assert!(output.status.success() && said.contains("ok    "), "{said}\n{complained}");
    eventually("every call has an outcome", Duration::from_secs(5), async || {
        let attempts = ann.usage().await.into_iter().flat_map(|event| event["attempts"].as_array().cloned().unwrap());
        let states: Vec<_> = attempts.map(|attempt| attempt["state"].clone()).collect();
        (!states.is_empty() && !states.contains(&json!("dispatched"))).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_openai_package_works_unmodified() {
    by_python(python(), "openai_client.py").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_anthropic_package_works_unmodified() {
    by_python(python(), "anthropic_client.py").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_google_genai_package_works_unmodified() {
    by_python(python(), "google_client.py").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_llm_command_works_unmodified() {
    by_python(python(), "llm_client.py").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn langchain_works_unmodified() {
    by_python(frameworks(), "langchain_client.py").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn llama_index_works_unmodified() {
    by_python(frameworks(), "llama_index_client.py").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn litellm_works_unmodified_as_a_client() {
    by_python(frameworks(), "litellm_client.py").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_openai_package_of_node_works_unmodified() {
    by_node("openai_client.mjs").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_anthropic_package_of_node_works_unmodified() {
    by_node("anthropic_client.mjs").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_google_genai_package_of_node_works_unmodified() {
    by_node("google_client.mjs").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_ai_sdk_works_unmodified() {
    by_node("ai_sdk_client.mjs").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs /v1/embeddings, /v1/messages/count_tokens, :countTokens, :embedContent and the lists of models in three shapes"]
async fn python_clients_embed_count_and_list() {
    by_python(python(), "further_doors.py").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs /v1/embeddings, /v1/messages/count_tokens, :countTokens, :embedContent and the lists of models in three shapes"]
async fn node_clients_embed_count_and_list() {
    by_node("further_doors.mjs").await;
}
