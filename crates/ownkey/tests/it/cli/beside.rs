//! The command line beside a running server, and over HTTP from elsewhere.

use std::time::Duration;

use testkit::{Client, eventually, promptly};

use super::{KEY, Place, sign_in, stored};

/// Within which a running server knows what the command line changed.
pub(super) const SOON: Duration = Duration::from_secs(2);

async fn has_the_model(client: &Client) -> bool {
    client.get("/v1/models").await.expect(200).text().contains("\"gpt-5-mini\"")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_running_server_sees_what_the_command_line_changes() {
    let place = Place::empty().await;
    let process = place.serve().await;
    let ann = sign_in(&process).await;
    assert!(!has_the_model(&ann).await);
    let id = place.add_key(KEY).await;
    promptly("the model is there", SOON, async || has_the_model(&ann).await.then_some(())).await;
    place.run("chat -m gpt-5-mini Hi").await.expect(0);
    assert_eq!(ann.get("/v2/usage/events").await.expect(200).json()["data"].as_array().unwrap().len(), 1);
    place.run(&format!("credential deactivate {id}")).await.expect(0);
    promptly("the model is gone", SOON, async || (!has_the_model(&ann).await).then_some(())).await;
    process.kill().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_works_over_http_with_a_url_and_a_token() {
    let place = Place::empty().await;
    let process = place.serve().await;
    let all = "token create far --scope models --scope manage:credentials --scope manage:tokens --scope read:usage";
    let token = place.run(all).await.expect(0).stdout.trim().to_owned();
    let elsewhere = tempfile::TempDir::new().unwrap();
    let environment =
        [("OWNKEY_URL", process.url.as_str()), ("OWNKEY_TOKEN", token.as_str()), ("OWNKEY_DATA_DIR", "nowhere")];
    let run = async |words: &str, stdin: Option<&str>| {
        let words: Vec<&str> = words.split(' ').collect();
        testkit::run(super::BINARY, elsewhere.path(), &environment, &words, stdin).await.expect(0)
    };
    let saved = run("credential add openai --stdin --json", Some(KEY)).await.json();
    let id = saved["id"].as_str().unwrap();
    assert_eq!(run(&format!("credential check {id} --json"), None).await.json()["status"], "valid");
    assert!(run("models", None).await.stdout.contains("gpt-5-mini"));
    assert_eq!(run("chat -m gpt-5-mini Hi", None).await.stdout, "Hello from the scripted provider.\n");
    eventually("the call is in the ledger", SOON, async || {
        run("usage --by model --csv", None).await.stdout.contains("openai/gpt-5-mini,1,0,0,").then_some(())
    })
    .await;
    let other = run("token create more --json", None).await.json();
    run(&format!("token revoke {}", other["id"].as_str().unwrap()), None).await;
    run(&format!("credential delete {id} --confirm"), None).await;
    assert_eq!(stored(&run("credential list --json", None).await.json()), 0);
    assert!(std::fs::read_dir(elsewhere.path()).unwrap().next().is_none(), "nothing is left on this machine");
    process.kill().await;
}
