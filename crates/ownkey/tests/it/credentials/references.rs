//! Keys that stay where the operator keeps them.

use std::os::unix::fs::symlink;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;
use testkit::{Answer, House, Options, Person, eventually};

use super::{A_ROUND, KEY, OTHER_KEY, THIRD_KEY, audited, id, names, now, path, rotate, shown};

/// A place of the operator's, and a house that may read it.
async fn place() -> (TempDir, House, Person) {
    let directory = TempDir::new().unwrap();
    let at = directory.path().canonicalize().unwrap();
    let options = Options {
        secret_references: format!("file:{}/allowed/, env:LLM_*", at.display()),
        variables: vec![("LLM_OPENAI".to_owned(), format!("{THIRD_KEY}\n")), ("OTHER".to_owned(), KEY.to_owned())],
        ..Options::default()
    };
    std::fs::create_dir(at.join("allowed")).unwrap();
    std::fs::write(at.join("allowed/openai"), format!("{KEY}\n")).unwrap();
    std::fs::write(at.join("secret"), KEY).unwrap();
    let house = House::start_with(options).await;
    let root = house.admin("root").await;
    (directory, house, root)
}

fn file(directory: &TempDir, name: &str) -> String {
    format!("file:{}/{name}", directory.path().canonicalize().unwrap().display())
}

async fn save(person: &Person, reference: &str) -> Answer {
    let body = json!({"provider": "openai", "scope": "system", "name": "House", "secret_ref": reference});
    person.client.post("/v2/credentials?check=sync", &body).await
}

fn write(path: &Path, text: &str) {
    let beside = path.with_extension("new");
    std::fs::write(&beside, text).unwrap();
    std::fs::rename(beside, path).unwrap();
}

#[tokio::test]
async fn a_file_and_a_variable_pay_and_are_shown_as_what_they_are() {
    let (directory, house, root) = place().await;
    let reference = file(&directory, "allowed/openai");
    let key = save(&root, &reference).await.expect(201).json();
    assert_eq!((key["origin"].as_str(), key["status"].as_str()), (Some(reference.as_str()), Some("valid")), "{key}");
    assert!(key["masked"].as_str().unwrap().ends_with("key1"), "{key}");
    let bob = house.user("bob").await;
    bob.chat("Hi").await.expect(200);
    assert_eq!(shown(&house), KEY);
    let edited = ann_edits(&root, &key, json!({"secret_ref": "env:LLM_OPENAI"})).await.expect(200).json();
    assert_eq!(
        (edited["origin"].as_str(), edited["status"].as_str()),
        (Some("env:LLM_OPENAI"), Some("valid")),
        "{edited}"
    );
    bob.chat("Hi").await.expect(200);
    assert_eq!(shown(&house), THIRD_KEY);
    // A typed key takes its place, and goes back.
    let typed = ann_edits(&root, &key, json!({"api_key": OTHER_KEY})).await.expect(200).json();
    assert_eq!(typed["origin"], "stored", "{typed}");
    bob.chat("Hi").await.expect(200);
    assert_eq!(shown(&house), OTHER_KEY);
    let sealed = house.raw_database().await.rows("SELECT sealed FROM credentials WHERE secret_ref IS NOT NULL").await;
    assert!(sealed.is_empty());
}

async fn ann_edits(root: &Person, key: &Value, body: Value) -> Answer {
    root.client.patch(&format!("{}?check=sync", path(key)), &body).await
}

#[tokio::test]
async fn only_what_the_operator_named_can_be_named() {
    let (directory, house, root) = place().await;
    let at = directory.path().canonicalize().unwrap();
    symlink(at.join("secret"), at.join("allowed/link")).unwrap();
    symlink(&at, at.join("allowed/up")).unwrap();
    std::fs::create_dir(at.join("allowed/directory")).unwrap();
    std::fs::write(at.join("allowed/large"), "x".repeat(9_000)).unwrap();
    std::fs::write(at.join("allowed/empty"), "\n").unwrap();
    std::fs::write(at.join("allowed/two"), "one two").unwrap();
    for (reference, status, says) in [
        ("file:/etc/shadow".to_owned(), 403, "OWNKEY_SECRET_REFERENCES=file:/etc/shadow"),
        ("env:OTHER".to_owned(), 403, "OWNKEY_SECRET_REFERENCES=env:OTHER"),
        ("env:MASTER_KEY".to_owned(), 403, "server's own"),
        ("env:OWNKEY_ADMIN_PASSWORD".to_owned(), 403, "server's own"),
        ("file:/proc/self/environ".to_owned(), 403, "server's own"),
        (file(&directory, "secret"), 403, "OWNKEY_SECRET_REFERENCES=file:"),
        (file(&directory, "allowed/../secret"), 422, "absolute path without dots"),
        (file(&directory, "allowed/link"), 422, "has not allowed"),
        (file(&directory, "allowed/up/secret"), 422, "has not allowed"),
        (file(&directory, "allowed/missing"), 422, "cannot be read"),
        (file(&directory, "allowed/directory"), 422, "no plain file"),
        (file(&directory, "allowed/large"), 422, "8 KiB"),
        (file(&directory, "allowed/empty"), 422, "empty"),
        (file(&directory, "allowed/two"), 422, "blank"),
        ("env:LLM_MISSING".to_owned(), 422, "not set"),
        ("env:A B".to_owned(), 422, "environment variable"),
        ("/etc/shadow".to_owned(), 422, "env:NAME or file:/path"),
    ] {
        let refused = save(&root, &reference).await.expect(status).json();
        assert!(refused["detail"].as_str().unwrap().contains(says), "{reference}: {refused}");
    }
    let both = json!({"provider": "openai", "scope": "system", "secret_ref": "env:LLM_OPENAI", "api_key": KEY});
    root.client.post("/v2/credentials", &both).await.expect(422);
    let personal = json!({"provider": "openai", "secret_ref": "env:LLM_OPENAI"});
    root.client.post("/v2/credentials", &personal).await.expect(422);
    save(&house.user("bob").await, "env:LLM_OPENAI").await.expect(403);
    assert!(names(&root, "openai").await.is_empty());
}

#[tokio::test]
async fn without_a_list_nothing_can_be_named_and_the_sentence_says_how() {
    let house = House::start().await;
    let root = house.admin("root").await;
    for reference in ["env:LLM_OPENAI", "file:/run/secrets/openai"] {
        let refused = save(&root, reference).await.expect(403).json();
        let line = format!("OWNKEY_SECRET_REFERENCES={reference}");
        assert!(refused["detail"].as_str().unwrap().contains(&line), "{refused}");
    }
}

#[tokio::test]
async fn a_changed_file_is_used_soon_and_its_state_starts_anew() {
    let (directory, house, root) = place().await;
    let key = save(&root, &file(&directory, "allowed/openai")).await.expect(201).json();
    let bob = house.user("bob").await;
    bob.chat("Hi").await.expect(200);
    write(&directory.path().join("allowed/openai"), OTHER_KEY);
    bob.chat("Hi").await.expect(200);
    assert_eq!(shown(&house), KEY, "within a second it is not even looked at");
    house.pass(Duration::from_secs(2));
    bob.chat("Hi").await.expect(200);
    assert_eq!(shown(&house), OTHER_KEY);
    let checked = root.client.post(&format!("{}/check", path(&key)), &json!({})).await.expect(200).json();
    assert!(checked["masked"].as_str().unwrap().ends_with("key2") && checked["status"] == "valid", "{checked}");
    assert!(checked["secret_set_at"].as_str() > key["secret_set_at"].as_str(), "{checked}");
    assert!(audited(&house).await.contains(&"credential.secret_replaced".to_owned()));
    root.client.post(&format!("{}/check", path(&key)), &json!({})).await.expect(200);
    let noticed = audited(&house).await.iter().filter(|action| *action == "credential.secret_replaced").count();
    assert_eq!(noticed, 1, "a value is told once");
}

#[tokio::test]
async fn a_missing_file_is_a_failure_that_nobody_else_pays_for_and_heals_itself() {
    let (directory, house, root) = place().await;
    let key = save(&root, &file(&directory, "allowed/openai")).await.expect(201).json();
    let at = directory.path().join("allowed/openai");
    std::fs::remove_file(&at).unwrap();
    house.pass(Duration::from_secs(2));
    let bob = house.user("bob").await;
    let before = house.sim.log().len();
    let refused = bob.chat("Hi").await.expect(502);
    assert!(!refused.text().contains("allowed/openai"), "a member does not hear where: {}", refused.text());
    assert_eq!(house.sim.log().len(), before, "nothing was sent");
    let lost = eventually("the row says it", A_ROUND, async || {
        Some(now(&root, &key).await).filter(|key| key["status"] == "undecryptable")
    })
    .await;
    assert!(lost["status_reason"].as_str().unwrap().contains("allowed/openai cannot be read"), "{lost}");
    assert!(!audited(&house).await.contains(&"integrity.violation".to_owned()));
    bob.chat("Hi").await.expect(502);
    write(&at, KEY);
    root.client.post(&format!("{}/check", path(&key)), &json!({})).await.expect(200);
    bob.chat("Hi").await.expect(200);
    assert_eq!(shown(&house), KEY);
}

#[tokio::test]
async fn a_new_origin_needs_the_reference_again_and_an_edited_row_does_not_open() {
    let (directory, house, root) = place().await;
    let reference = file(&directory, "allowed/openai");
    let key = save(&root, &reference).await.expect(201).json();
    let to = json!({"api_base": "https://elsewhere.example/v1"});
    let refused = root.client.patch(&path(&key), &to).await.expect(409).json();
    assert!(refused["detail"].as_str().unwrap().contains("secret_ref"), "{refused}");
    rotate(&root, &key, json!({"api_key": OTHER_KEY})).await.expect(422);
    for sql in [
        format!("UPDATE credentials SET secret_ref = 'env:LLM_OPENAI' WHERE id = '{}'", id(&key)),
        format!(
            "UPDATE credentials SET secret_ref = '{reference}', origin = 'https://evil.example' WHERE id = '{}'",
            id(&key)
        ),
    ] {
        house.raw_database().await.execute(&sql).await;
        let check = root.client.post(&format!("{}/check", path(&key)), &json!({})).await.expect(200).json();
        assert_eq!(check["status"], "undecryptable", "{sql}: {check}");
    }
    assert!(audited(&house).await.iter().all(|action| action != "credential.secret_replaced"));
}

#[tokio::test]
async fn the_same_key_by_value_and_by_reference_is_one_key() {
    let (directory, _house, root) = place().await;
    let typed = json!({"provider": "openai", "scope": "system", "api_key": KEY, "name": "Typed"});
    root.client.post("/v2/credentials", &typed).await.expect(201);
    let refused = save(&root, &file(&directory, "allowed/openai")).await.expect(409).json();
    assert_eq!(refused["code"], "duplicate_secret", "{refused}");
}
