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
    let usage = place.run("usage --by credential").await.expect(0);
    assert!(usage.stdout.contains("OpenAI (deleted)"), "{}", usage.stdout);
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_is_rotated_and_the_new_one_is_never_an_argument() {
    let place = Place::with_ann().await;
    let id = place.add_key(KEY).await;
    let words = format!("credential rotate {id} --grace 2h --stdin");
    let rotated = place.run_with(&[], &words.split(' ').collect::<Vec<_>>(), Some(OTHER_KEY)).await.expect(0);
    assert!(rotated.stdout.contains("key2") && rotated.stdout.contains("steps in until"), "{}", rotated.stdout);
    assert!(!rotated.stdout.contains(OTHER_KEY) && !rotated.stderr.contains(OTHER_KEY), "{rotated:?}");
    let list = place.json("credential list --provider openai").await;
    let grace: Vec<_> = list["data"].as_array().unwrap().iter().map(|key| key["grace_of"].clone()).collect();
    assert_eq!(grace, [Value::Null, json!(id)], "{list}");
    let words = format!("credential rotate {id} --grace 0 --from-env NEXT --json");
    let again = place.run_with(&[("NEXT", KEY)], &words.split(' ').collect::<Vec<_>>(), None).await.expect(0).json();
    assert_eq!((again["id"].as_str(), &again["former"]), (Some(id.as_str()), &Value::Null));
    let wrong = place.run(&format!("credential rotate {id} --grace soon --stdin")).await.expect(2);
    assert!(wrong.stderr.contains("24h"), "{}", wrong.stderr);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_azure_key_and_a_reference_are_saved_by_their_words() {
    let place = Place::with_ann().await;
    let words = "credential add azure --api-base https://mine.openai.azure.com --deployment one --deployment two \
                 --api-version preview --stdin --json";
    let words: Vec<&str> = words.split(' ').filter(|word| !word.is_empty()).collect();
    let saved = place.run_with(&[], &words, Some("0123456789abcdef0123456789abcdef")).await.expect(0).json();
    assert_eq!(saved["settings"], json!({"api_version": "preview", "deployments": ["one", "two"]}), "{saved}");
    let words = ["credential", "add", "openai", "--scope", "system", "--secret-ref", "env:HOUSE_KEY", "--json"];
    let refused = place.run_with(&[("HOUSE_KEY", KEY)], &words, None).await.expect(1);
    assert!(refused.stderr.contains("OWNKEY_SECRET_REFERENCES=env:HOUSE_KEY"), "{}", refused.stderr);
    // Not even the whole data directory opens what lies in it.
    let data = place.path().canonicalize().unwrap().display().to_string();
    let (list, master) = (format!("file:{data}/"), format!("file:{data}/master.key"));
    let stolen = ["credential", "add", "openai", "--scope", "system", "--secret-ref", &master];
    let refused = place.run_with(&[("OWNKEY_SECRET_REFERENCES", &list)], &stolen, None).await.expect(1);
    assert!(refused.stderr.contains("has not allowed"), "{}", refused.stderr);
    let allowed = [("HOUSE_KEY", KEY), ("OWNKEY_SECRET_REFERENCES", "env:HOUSE_*")];
    let saved = place.run_with(&allowed, &words, None).await.expect(0).json();
    assert_eq!((saved["origin"].as_str(), saved["status"].as_str()), (Some("env:HOUSE_KEY"), Some("valid")), "{saved}");
}
