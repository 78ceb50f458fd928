//! Unmodified clients of other people, against a house with the scripted
//! provider. They need an interpreter: `OWNKEY_TEST_PYTHON` names one that has
//! what `tests/clients/requirements.txt` pins.

#![expect(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]
#![expect(clippy::print_stderr, reason = "a skipped suite says so")]

use std::path::Path;
use std::process::Output;

use provider_sim::{Behaviour, Reply, Script};
use testkit::House;
use tokio::task::spawn_blocking;

/// The interpreter; `None`, with a line that says so, where there is none.
#[expect(clippy::disallowed_methods, reason = "tests find their tools in the environment")]
fn python() -> Option<String> {
    match std::env::var("OWNKEY_TEST_PYTHON") {
        Ok(path) => Some(path),
        Err(_) if std::env::var("CI").is_ok_and(|ci| ci == "true") => {
            panic!("CI=true, and OWNKEY_TEST_PYTHON names no interpreter")
        }
        Err(_) => {
            eprintln!("skipped: OWNKEY_TEST_PYTHON is not set");
            None
        }
    }
}

async fn run(python: String, script: &str, arguments: [String; 2]) -> Output {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients").join(script);
    let running = spawn_blocking(move || std::process::Command::new(python).arg(script).args(arguments).output());
    running.await.unwrap().expect("the interpreter starts")
}

#[tokio::test(flavor = "multi_thread")]
async fn openais_own_client_works_unmodified() {
    let Some(python) = python() else { return };
    let script = Script { default: Behaviour::Answer(Reply::default()), ..Script::default() };
    let house = House::start_scripted(script).await;
    let ann = house.user("ann").await;
    ann.save_key("openai", "sk-proj-FAKEaBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789key1").await;
    let client = ann.gateway_client().await;
    for base in ["/v1", "/v1/", ""] {
        let arguments = [format!("{}{base}", house.url), client.token().to_owned()];
        let output = run(python.clone(), "openai_client.py", arguments).await;
        let (said, complained) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "with “{base}”, after {said}: {complained}");
        assert_eq!(said.lines().count(), 9, "{said}");
    }
}
