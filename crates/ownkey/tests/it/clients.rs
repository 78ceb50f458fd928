//! Unmodified clients, as people use them. Needs a Python with
//! `tests/clients/requirements.txt`, named by `OWNKEY_TEST_PYTHON`.

use std::path::Path;
use std::time::Duration;

use provider_sim::Script;
use serde_json::json;
use testkit::{House, eventually};
use tokio::process::Command;

const KEY: &str = "sk-proj-FAKEaBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789key1";

/// The interpreter; `None` where there is none, which CI does not accept.
#[expect(clippy::disallowed_methods, clippy::print_stdout, reason = "the machine says where its Python is, or is told")]
pub(crate) fn python() -> Option<String> {
    let python = std::env::var("OWNKEY_TEST_PYTHON").ok();
    if python.is_none() {
        assert!(std::env::var("CI").as_deref() != Ok("true"), "CI runs every client: set OWNKEY_TEST_PYTHON");
        println!("skipped: OWNKEY_TEST_PYTHON names no Python with tests/clients/requirements.txt");
    }
    python
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_openai_package_works_unmodified() {
    let Some(python) = python() else { return };
    let house = House::start_scripted(Script::default()).await;
    let ann = house.user("ann").await;
    ann.save_key("openai", KEY).await;
    let token = ann.gateway_client().await.token().to_owned();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients/openai_client.py");
    let output = Command::new(python)
        .arg(script)
        .arg(format!("{}/v1", house.url))
        .env("OWNKEY_TOKEN", token)
        .kill_on_drop(true)
        .output()
        .await
        .unwrap();
    let (said, complained) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    println!("{said}");
    assert!(output.status.success(), "{said}\n{complained}");
    eventually("every call has an outcome", Duration::from_secs(5), async || {
        let attempts = ann.usage().await.into_iter().flat_map(|event| event["attempts"].as_array().cloned().unwrap());
        let states: Vec<_> = attempts.map(|attempt| attempt["state"].clone()).collect();
        (!states.is_empty() && !states.contains(&json!("dispatched"))).then_some(())
    })
    .await;
}
