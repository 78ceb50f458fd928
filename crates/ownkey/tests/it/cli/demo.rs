//! `ownkey serve --demo`: it prints what is needed for the first call.

#![expect(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::process::Stdio;
use std::time::Duration;

use serde_json::json;
use tempfile::TempDir;
use testkit::{Client, chat_body, events};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;
use tokio::time::timeout;

use super::BINARY;

/// Starts the demo; the lines it prints, up to the token.
async fn start(directory: &TempDir) -> (tokio::process::Child, Vec<String>) {
    let mut child = Command::new(BINARY)
        .args(["serve", "--demo", "--listen", "127.0.0.1:0"])
        .env_clear()
        .env("TMPDIR", directory.path())
        .env("OPENAI_API_KEY", super::KEY)
        .current_dir(directory.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut said = Vec::new();
    while !said.last().is_some_and(|line: &String| line.contains("export OWNKEY_TOKEN=")) {
        let line = timeout(Duration::from_secs(20), lines.next_line()).await.expect("the demo starts").unwrap();
        said.push(line.expect("the demo goes on"));
    }
    (child, said)
}

/// What follows `word` in one of the lines.
fn after<'a>(said: &'a [String], word: &str) -> &'a str {
    let found = said.iter().find_map(|line| line.split_once(word));
    found.unwrap_or_else(|| panic!("no {word} in {said:?}")).1.trim()
}

#[tokio::test]
async fn the_demo_prints_what_the_first_call_needs_and_forgets_all_of_it() {
    let directory = TempDir::new().unwrap();
    let (mut child, said) = start(&directory).await;
    assert!(said.iter().any(|line| line.contains("This is a DEMO")), "{said:?}");
    let url = after(&said, "sign in at").strip_suffix("/login").unwrap();
    let client = Client::new(url, Some(after(&said, "export OWNKEY_TOKEN=")));
    let models = client.get("/v1/models").await.expect(200).json();
    assert!(models["data"].as_array().unwrap().iter().any(|model| model["id"] == "gpt-5-mini"), "{models}");
    let answer = client.post("/v1/chat/completions", &chat_body("gpt-5-mini", "Hello!", false)).await.expect(200);
    assert_eq!(answer.header("x-ownkey-credential-scope"), "personal");
    assert!(answer.json()["choices"][0]["message"]["content"].as_str().is_some_and(|text| !text.is_empty()));
    let stream = client.post("/v1/chat/completions", &chat_body("gpt-5-mini", "Hello!", true)).await.expect(200);
    assert_eq!(events(&stream.text()).last().unwrap().data, "[DONE]");
    let (email, password) = (after(&said, "e-mail"), after(&said, "password"));
    let form = format!("email={email}&password={password}");
    let browser = Client::new(url, None);
    let signed_in = browser.submit("/login", "", &form).await.expect(303);
    let cookie = signed_in.header("set-cookie").split(';').next().unwrap().to_owned();
    let keys = browser.page("/keys", &cookie).await.expect(200).text();
    for word in ["Demo OpenAI key", "Demo Groq key", "Invalid"] {
        assert!(keys.contains(word), "{word} is not on the page of keys");
    }
    assert!(!keys.contains("env:OPENAI_API_KEY"), "the demo reads nobody's keys");
    client.post("/v2/tokens", &json!({"name": "more"})).await.expect(403);
    let id = child.id().and_then(|id| i32::try_from(id).ok()).and_then(rustix::process::Pid::from_raw).unwrap();
    rustix::process::kill_process(id, rustix::process::Signal::TERM).unwrap();
    let status = timeout(Duration::from_secs(20), child.wait()).await.expect("it ends").unwrap();
    assert!(status.success(), "{status}");
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0, "the demo left something behind");
}
