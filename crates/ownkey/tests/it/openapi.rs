//! The OpenAPI document from outside: against the rules of OpenAPI 3.1, and
//! against the running binary. Needs a Python with
//! `tests/openapi/requirements.txt`, named by `OWNKEY_TEST_PYTHON`.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;

use serde_json::json;
use tempfile::TempDir;
use testkit::Client;
use tokio::process::Command;

use crate::cli::demo::{demo, word_after};
use crate::clients;

/// For how many seconds each of the two is played, unless the environment says
/// otherwise: the longer, the more is tried.
const SECONDS: &str = "60";

/// A Python that has `module`; `None` where there is none, which CI does not
/// accept.
#[expect(clippy::disallowed_methods, clippy::print_stdout, reason = "CI says that it is one, or is told")]
async fn python_with(module: &str) -> Option<String> {
    let python = clients::python()?;
    let found = Command::new(&python).args(["-c", &format!("import {module}")]).output().await.unwrap();
    if found.status.success() {
        return Some(python);
    }
    assert!(std::env::var("CI").as_deref() != Ok("true"), "CI needs {module}: see tests/openapi/requirements.txt");
    println!("skipped: OWNKEY_TEST_PYTHON has no {module}, see tests/openapi/requirements.txt");
    None
}

#[tokio::test]
async fn the_document_keeps_the_rules_of_openapi() {
    let Some(python) = python_with("openapi_spec_validator").await else { return };
    let directory = TempDir::new().unwrap();
    let file = directory.path().join("openapi.json");
    std::fs::write(&file, web::openapi::document().to_string()).unwrap();
    let output = Command::new(python)
        .args(["-m", "openapi_spec_validator", "--schema", "3.1", "--errors", "all"])
        .arg(&file)
        .output()
        .await
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("OK"), "{said}{}", String::from_utf8_lossy(&output.stderr));
}

/// The two people whose tokens the runs have.
struct People {
    member: Client,
    admin: Client,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_binary_does_what_the_document_says_whatever_is_sent() {
    let Some(python) = python_with("schemathesis").await else { return };
    let directory = TempDir::new().unwrap();
    let (server, printed) = demo(directory.path()).await;
    let login = word_after(&printed, "sign in at");
    let url = login.strip_suffix("/login").unwrap();
    let people = people(url, &printed).await;
    for (name, person) in [("member", &people.member), ("admin", &people.admin)] {
        fuzz(&python, url, person.token(), directory.path(), name).await;
        // A run whose token stopped working would find nothing any more.
        person.get("/v2/users/me").await.expect(200);
    }
    people.admin.get("/v2/users").await.expect(200);
    drop(server);
}

async fn people(url: &str, printed: &str) -> People {
    let nobody = Client::new(url, None);
    let form = [("content-type", "application/x-www-form-urlencoded"), ("origin", url)];
    let log_in = async |email: &str, password: &str| {
        let body = format!("username={email}&password={}", password.replace(' ', "+")).into_bytes();
        let answer = nobody.send(http::Method::POST, "/v2/login/access-token", &form, body).await.expect(200);
        Client::new(url, Some(answer.json()["access_token"].as_str().unwrap()))
    };
    let admin = log_in(word_after(printed, "e-mail"), word_after(printed, "password")).await;
    // A key that outlives what the runs delete, so that calls reach a provider.
    let key = json!({"scope": "system", "provider": "openai", "api_key": "sk-proj-DEMO0123456789abcdefghijSystem"});
    admin.post("/v2/credentials?check=sync", &key).await.expect(201);
    let invited = admin.post("/v2/users", &json!({"email": "member@example.org"})).await.expect(201).json();
    let link = invited["invite_url"].as_str().unwrap().strip_prefix(url).unwrap().to_owned();
    let body = b"name=Member&password=correct+horse+battery".to_vec();
    nobody.send(http::Method::POST, &link, &form, body).await.expect(303);
    let member = log_in("member@example.org", "correct horse battery").await;
    People { member, admin }
}

#[expect(clippy::disallowed_methods, reason = "a long run is asked for in the environment")]
async fn fuzz(python: &str, url: &str, token: &str, directory: &Path, name: &str) {
    let seconds = std::env::var("OWNKEY_TEST_FUZZ_SECONDS").unwrap_or_else(|_| SECONDS.to_owned());
    let kit = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/openapi");
    let output = Command::new(python)
        .args(["-m", "schemathesis.cli", "--config-file"])
        .arg(kit.join("schemathesis.toml"))
        .args(["run", &format!("{url}/openapi.json"), "--max-time", &seconds])
        .current_dir(directory)
        .env("PYTHONPATH", &kit)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("OWNKEY_TOKEN", token)
        .kill_on_drop(true)
        .output()
        .await
        .unwrap();
    let (said, complained) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "as {name}:\n{said}\n{complained}");
}
