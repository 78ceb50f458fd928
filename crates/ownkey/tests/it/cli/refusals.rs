//! What the command line says when it cannot, and the exit status of it.

use http::Method;
use serde_json::json;

use super::{KEY, Place, sign_in};

/// The environment, the words, the exit status, and a part of what is said.
type Mistake<'a> = (&'a [(&'a str, &'a str)], &'a str, i32, &'a str);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_an_account_it_says_how_to_make_one() {
    let place = Place::empty().await;
    let said = place.run("models").await.expect(1);
    assert!(said.stderr.contains("ownkey serve") && said.stderr.contains("OWNKEY_ADMIN_EMAIL"), "{}", said.stderr);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_mistake_has_a_sentence_and_a_status() {
    let place = Place::with_ann().await;
    // A port that was free a moment ago.
    let nothing_there = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let nothing_there = &*format!("http://{nothing_there}");
    let id = "00000000-0000-7000-8000-000000000000";
    let cases: &[Mistake<'_>] = &[
        (&[], "models --no-such-flag", 2, "--no-such-flag"),
        (&[], "no-such-command", 2, "no-such-command"),
        (&[], "credential add openai --stdin --from-env X", 2, "cannot be used with"),
        (&[], "credential add nosuch --stdin", 1, "unknown provider"),
        (&[], "credential add openai --from-env MISSING", 1, "MISSING is not set"),
        (&[], "credential add openai --stdin --scope everybody", 1, "scope"),
        (&[], "credential list --provider no&such", 1, "unknown provider"),
        (&[], "models --provider no&such", 1, "unknown provider"),
        (&[], "usage --by no&such", 1, "group_by"),
        (&[], &format!("credential check {id}"), 1, "no such"),
        (&[], &format!("token revoke {id}"), 1, "no such"),
        (&[], "credential check no%20id", 1, "no such"),
        (&[], "credential check ../tokens", 1, "no such"),
        (&[], "credential check ?", 1, "no such"),
        (&[], "models --user bob@example.org", 1, "no user bob@example.org"),
        (&[], "credential spread nosuch", 1, "no provider"),
        (&[], "credential spread openai sideways", 1, "expected one of: primary"),
        (&[], "credential spread openai primary --scope organization", 1, "organization_id is missing"),
        (&[], "token create far --policy sideways", 1, "expected one of: cross"),
        (&[("OWNKEY_POLICY", "lax")], "models", 78, "strict, chain or cross"),
        (&[("OWNKEY_REQUEST_KEYS", "yes")], "models", 78, "off or on"),
        (&[("OWNKEY_URL", nothing_there)], "models", 78, "OWNKEY_TOKEN"),
        (&[("OWNKEY_URL", "nonsense"), ("OWNKEY_TOKEN", "x")], "models", 78, "http://127.0.0.1:8000"),
        (&[("OWNKEY_URL", nothing_there), ("OWNKEY_TOKEN", "x")], "models", 69, "127.0.0.1"),
        (&[("OWNKEY_LOCAL_CIDRS", "10.1.2.3/8")], "models", 78, "Write 10.0.0.0/8"),
        (&[("OWNKEY_LOCAL_CIDRS", "127.0.0.0/8")], "models", 78, "not private as a whole"),
        (&[("MASTER_KEY", "short")], "models", 78, "Master key 1 is not"),
        (&[("OWNKEY_SECRET_REFERENCES", "env:MASTER_KEY")], "models", 78, "never lent"),
        (&[("OWNKEY_SECRET_REFERENCES", "file:/")], "models", 78, "file:/dir/"),
        (&[], "serve --listen 0.0.0.0:0", 78, "OWNKEY_PUBLIC_URL=https"),
        (&[], "serve --listen nonsense", 78, "127.0.0.1:8000"),
        (&[], "serve --demo --listen 0.0.0.0:0", 78, "this machine only"),
    ];
    let mut wrong = Vec::new();
    for (environment, words, code, part) in cases {
        let said = place.run_with(environment, &words.split(' ').collect::<Vec<_>>(), Some(KEY)).await;
        let is_told = said.stderr.contains(part) && said.stdout.is_empty() && !said.stderr.contains("panicked");
        if said.code != Some(*code) || !is_told {
            wrong.push(format!("{words}: {said:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_two_users_it_asks_which_one() {
    let place = Place::with_ann().await;
    let process = place.serve().await;
    let ann = sign_in(&process).await;
    let bob = ann.post("/v2/users", &json!({"email": "bob@example.org"})).await.expect(201).json();
    let said = place.run("credential list").await.expect(1);
    assert!(said.stderr.contains("2 users") && said.stderr.contains("--user EMAIL"), "{}", said.stderr);
    place.run("credential list --user ann@example.org").await.expect(0);
    place.run("credential list --user Bob@Example.org").await.expect(0);
    let door = format!("/v2/users/{}", bob["id"].as_str().unwrap());
    ann.send(Method::DELETE, &door, &[], Vec::new()).await.expect(204);
    place.run("credential list").await.expect(0);
    process.kill().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_who_leaves_early_is_no_failure_of_ours() {
    let place = Place::with_ann().await;
    let mut child = tokio::process::Command::new(super::BINARY)
        .env_clear()
        .env("OWNKEY_DATA_DIR", place.path())
        .current_dir(place.path())
        .args(["models", "--all"])
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().await.unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && !stderr.contains("panicked"), "{stderr}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_line_of_an_env_file_that_cannot_be_read_is_not_repeated() {
    let place = Place::with_ann().await;
    std::fs::write(place.path().join(".env"), format!("OPENAI_API_KEY={KEY} and more\n")).unwrap();
    for words in ["config check", "doctor", "serve"] {
        let said = place.run(words).await;
        assert_ne!(said.code, Some(0), "{words}");
        let told = format!("{}{}", said.stdout, said.stderr);
        assert!(told.contains(".env cannot be read") && !told.contains("FAKE"), "{words}: {told}");
    }
}
