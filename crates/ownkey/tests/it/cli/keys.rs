//! `ownkey credential …`

use serde_json::{Value, json};

use super::{KEY, Place, sign_in, stored};

const OTHER_KEY: &str = "sk-proj-FAKEaBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789key2";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_comes_by_standard_input_or_a_variable_and_is_never_said_again() {
    let place = Place::with_ann().await;
    let none = place.run("credential list").await.expect(0);
    assert!(none.stdout.contains("ownkey credential add openai"), "{}", none.stdout);
    let words = ["credential", "add", "openai", "--stdin", "--name", "Mine"];
    let saved = place.run_with(&[], &words, Some(&format!("{KEY}\n"))).await.expect(0);
    assert!(saved.stdout.contains("Mine") && saved.stdout.contains("valid"), "{}", saved.stdout);
    let words = ["credential", "add", "openai", "--from-env", "MY_KEY"];
    let from_env = place.run_with(&[("MY_KEY", OTHER_KEY)], &words, None).await.expect(0);
    let table = place.run("credential list").await.expect(0);
    let json = place.run("credential list --json").await.expect(0);
    assert_eq!(stored(&json.json()), 2);
    assert_eq!(place.json("credential list --provider groq").await["count"], 0);
    assert_eq!(table.stdout.lines().filter(|line| line.contains(" openai ")).count(), 2, "{}", table.stdout);
    for said in [saved, from_env, table, json] {
        for key in [KEY, OTHER_KEY] {
            assert!(!said.stdout.contains(key) && !said.stderr.contains(key), "{said:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_is_checked_switched_made_primary_and_deleted() {
    let place = Place::with_ann().await;
    let (one, two) = (place.add_key(KEY).await, place.add_key(OTHER_KEY).await);
    assert_eq!(place.json(&format!("credential check {one}")).await["status"], "valid");
    assert_eq!(place.json(&format!("credential deactivate {one}")).await["is_active"], false);
    let table = place.run("credential list").await.expect(0);
    assert!(table.stdout.lines().any(|line| line.starts_with(&one) && line.contains("inactive")), "{}", table.stdout);
    assert_eq!(place.json(&format!("credential activate {one}")).await["is_active"], true);
    for id in [&one, &two, &one] {
        assert_eq!(place.json(&format!("credential make-primary {id}")).await["is_primary"], true);
    }
    let list = place.json("credential list").await;
    let is_primary = |key: &&Value| key["provider"] == "openai" && key["is_primary"] == true;
    let primary: Vec<_> = list["data"].as_array().unwrap().iter().filter(is_primary).collect();
    assert_eq!(primary.len(), 1, "{list}");
    place.run("chat -m gpt-5-mini Hi").await.expect(0);
    let refused = place.run(&format!("credential delete {one}")).await.expect(1);
    assert!(refused.stderr.contains("confirm"), "{}", refused.stderr);
    assert_eq!(place.json(&format!("credential delete {one} --confirm")).await, json!({"deleted": one}));
    let gone = place.run(&format!("credential delete {two}")).await.expect(0);
    assert!(gone.stdout.contains("destroyed"), "{}", gone.stdout);
    assert_eq!(stored(&place.json("credential list").await), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn how_calls_are_spread_is_told_and_settled() {
    let place = Place::with_ann().await;
    let said = place.run("credential spread openai").await.expect(0);
    assert_eq!(said.stdout.trim(), "openai  personal  primary");
    let settled = place.json("credential spread grok round_robin").await;
    assert_eq!(settled, json!({"scope": "personal", "provider": "xai", "spread": "round_robin"}));
    assert_eq!(place.json("credential spread xai").await, settled);
    place.run("credential spread xai least_used --scope system").await.expect(0);
    assert_eq!(place.json("credential spread xai --scope system").await["spread"], "least_used");
    assert_eq!(place.json("credential spread xai").await, settled);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_command_line_does_is_audited_as_its_own() {
    let place = Place::with_ann().await;
    let id = place.add_key(KEY).await;
    place.run(&format!("credential deactivate {id}")).await.expect(0);
    let token = place.json("token create laptop").await;
    place.run(&format!("token revoke {}", token["id"].as_str().unwrap())).await.expect(0);
    place.run(&format!("credential delete {id}")).await.expect(0);
    let process = place.serve().await;
    let ann = sign_in(&process).await;
    let own_id = ann.get("/v2/users/me").await.expect(200).json()["id"].clone();
    let events = ann.get("/v2/audit-events").await.expect(200).json();
    let by_cli: Vec<_> =
        events["data"].as_array().unwrap().iter().filter(|event| event["actor_kind"] == "cli").collect();
    assert!(by_cli.iter().all(|event| event["actor"] == own_id), "{events}");
    let actions: Vec<_> = by_cli.iter().rev().map(|event| event["action"].as_str().unwrap()).collect();
    insta::assert_snapshot!(actions.join("\n"), @r"
    credential.created
    credential.deactivated
    token.created
    token.revoked
    credential.deleted
    ");
    process.kill().await;
}
