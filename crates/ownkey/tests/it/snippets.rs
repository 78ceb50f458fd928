//! The code that the pages give, run as it is copied.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use http::Method;
use serde_json::Value;
use testkit::House;
use tokio::process::Command;

use crate::clients::python;

const OPENAI: &str = "sk-proj-FAKEaBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789key1";
const ANTHROPIC: &str = "sk-ant-api03-FAKE-key-for-tests-aBcDeFgHiJkLmNoPqRsTuVwXyZ0123-AA";

/// Quotes, lines and what a shell would run.
const ASKED: &str = "prompt=What%27s+%22new%22%3F%0A%24HOME+%60id%60+%5Cn&system=It%27s+%22brief%22\
     &temperature1=0.3&temperature1_on=on&max_tokens1=64&max_tokens1_on=on";

/// What stands under this name.
fn code(page: &str, name: &str) -> String {
    let (_, after) = page.split_once(&format!("<summary>{name}</summary>")).unwrap();
    let (_, after) = after.split_once("<code>").unwrap();
    let (code, _) = after.split_once("</code>").unwrap();
    code.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&")
}

async fn said(mut command: Command, token: &str, code: &str) -> String {
    let output = command.arg(code).env("OWNKEY_TOKEN", token).kill_on_drop(true).output().await.unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(
        output.status.success() && !said.trim().is_empty(),
        "{code}\n{said}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    said
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_code_that_the_playground_gives_runs_as_it_is_copied() {
    let house = House::start().await;
    let ann = house.user("ann").await;
    ann.save_key("openai", OPENAI).await;
    ann.save_key("anthropic", ANTHROPIC).await;
    let token = ann.gateway_client().await.token().to_owned();
    let cookie = house.web_session("ann").await;
    for model in ["gpt-4.1-mini", "claude-haiku-4-5"] {
        let headers = [
            ("cookie", cookie.as_str()),
            ("origin", house.url.as_str()),
            ("content-type", "application/x-www-form-urlencoded"),
        ];
        let form = format!("of=1&m1={model}&{ASKED}");
        let page = house.nobody().send(Method::POST, "/playground/code", &headers, form.into()).await;
        let page = page.expect(200).text();
        assert!(!page.contains("prompt="), "no address has what is asked: {page}");
        let mut shell = Command::new("sh");
        shell.arg("-c");
        let answer: Value = serde_json::from_str(&said(shell, &token, &code(&page, "curl")).await).unwrap();
        assert!(answer["choices"][0]["message"]["content"].is_string(), "{answer}");
        let Some(python) = python() else { continue };
        for name in ["Python, openai", "Python, anthropic"] {
            let mut interpreter = Command::new(&python);
            interpreter.arg("-c");
            said(interpreter, &token, &code(&page, name)).await;
        }
    }
    house.ledger_is_written().await;
    let sent: Vec<String> =
        house.sim.log().iter().map(|request| String::from_utf8_lossy(&request.body).into_owned()).collect();
    assert!(sent.iter().any(|body| body.contains(r#"What's \"new\"?\n$HOME `id` \\n"#)), "{sent:?}");
}
