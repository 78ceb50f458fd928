//! `ownkey serve --demo`, as the README tells it.

use std::process::Stdio;
use std::time::Duration;

use serde_json::json;
use testkit::Client;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

/// A running demo, and everything that it printed.
pub(crate) async fn demo(directory: &std::path::Path) -> (Child, String) {
    let mut child = Command::new(super::BINARY)
        .env_clear()
        // Nothing of whoever tries it is touched.
        .env("OPENAI_API_KEY", super::KEY)
        .env("OWNKEY_LOCAL_ENDPOINTS", "http://127.0.0.1:9")
        .env("OWNKEY_DATA_DIR", directory)
        .current_dir(directory)
        .args(["serve", "--demo", "--listen", "127.0.0.1:0"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut printed = String::new();
    while !printed.contains("export OWNKEY_TOKEN=") {
        let line = timeout(Duration::from_secs(20), lines.next_line()).await.unwrap().unwrap();
        printed.push_str(&line.unwrap_or_else(|| panic!("it ended: {printed}")));
        printed.push('\n');
    }
    tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
    (child, printed)
}

/// The word after `before` in what was printed.
pub(crate) fn word_after<'a>(printed: &'a str, before: &str) -> &'a str {
    let (_, after) = printed.split_once(before).unwrap_or_else(|| panic!("no {before:?} in {printed}"));
    after.split_whitespace().next().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_demo_answers_the_first_calls_of_the_readme_and_says_that_it_is_one() {
    let directory = tempfile::TempDir::new().unwrap();
    let (child, printed) = demo(directory.path()).await;
    assert!(printed.contains("This is a DEMO"), "{printed}");
    let login = word_after(&printed, "sign in at");
    let url = login.strip_suffix("/login").unwrap();
    let client = Client::new(url, Some(word_after(&printed, "export OWNKEY_TOKEN=")));
    let models = client.get("/v1/models").await.expect(200).json();
    assert!(models["data"].as_array().unwrap().iter().any(|model| model["id"] == "gpt-6.1-terra"));
    let messages = json!([{"role": "user", "content": "Hello!"}]);
    let body = json!({"model": "gpt-6.1-terra", "messages": messages});
    let answer = client.post("/v1/chat/completions", &body).await.expect(200);
    assert!(answer.json()["choices"][0]["message"]["content"].as_str().unwrap().contains("demo provider"));
    for header in ["credential-scope", "provider", "model", "attempts", "cost-usd"] {
        assert_ne!(answer.header(&format!("x-ownkey-{header}")), "", "{header}");
    }
    let body = json!({"model": "gpt-6.1-terra", "stream": true, "messages": messages});
    let stream = client.post("/v1/chat/completions", &body).await.expect(200);
    assert_eq!(stream.header("content-type").split(';').next(), Some("text/event-stream"));
    assert_eq!(testkit::events(&stream.text()).last().unwrap().data, "[DONE]");
    let nobody = Client::new(url, None);
    let page = nobody.get("/login").await.expect(200).text().to_lowercase();
    assert!(page.contains("demo"), "{page}");
    let (email, password) = (word_after(&printed, "e-mail"), word_after(&printed, "password"));
    let form = format!("username={email}&password={password}").into_bytes();
    let kind = [("content-type", "application/x-www-form-urlencoded")];
    nobody.send(http::Method::POST, "/v2/login/access-token", &kind, form).await.expect(200);
    drop(child);
    assert!(std::fs::read_dir(directory.path()).unwrap().next().is_none(), "the demo left something");
}
