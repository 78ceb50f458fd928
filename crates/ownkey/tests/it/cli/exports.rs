//! `ownkey export`, and its way into another server.

use serde_json::{Value, json};
use testkit::{PASSWORD, RawDatabase, Said};

use super::{KEY, Place, sign_in};
use crate::clients::python;

const OTHER: &str = "sk-proj-FAKEaBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789key2";

/// Ann with a primary key that has a note, and one that is switched off.
async fn furnished() -> Place {
    let place = Place::with_ann().await;
    place.add_key(KEY).await;
    let second = place.add_key(OTHER).await;
    place.run(&format!("credential deactivate {second}")).await.expect(0);
    place
}

fn keys(export: &Value) -> &Vec<Value> {
    export["credentials"].as_array().unwrap()
}

async fn last_event(place: &Place) -> Vec<String> {
    let url = format!("sqlite://{}", place.path().join("ownkey.db").display());
    let sql = "SELECT actor_kind, action, detail FROM audit_events ORDER BY seq DESC LIMIT 1";
    RawDatabase::open(&url).await.rows(sql).await[0].clone()
}

/// Imports `export` at `place`, whose servers may call `base`.
async fn import(place: &Place, base: &str, export: &Value, more: &[&str]) -> Said {
    std::fs::write(place.path().join("keys.json"), export.to_string()).unwrap();
    let words = [&["import", "keys.json", "--json"], more].concat();
    place.run_with(&[("OPENAI_BASE_URL", base)], &words, None).await
}

fn master_key_of(place: &Place) -> String {
    place.path().join("master.key").to_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_export_has_everything_but_the_secrets_unless_asked_for() {
    let place = furnished().await;
    let said = place.run("export").await.expect(0);
    assert_eq!(keys(&said.json()).len(), 2);
    assert!(!said.stdout.contains("gAAAA") && !said.stdout.contains("FAKE") && !said.stdout.contains("ok1:"));
    assert_eq!(last_event(&place).await[..2], ["cli", "credential.exported"]);
    let said = place.run("export --plain-fernet").await.expect(0);
    let export = said.json();
    assert!(keys(&export).iter().all(|key| key["secret"].as_str().unwrap().starts_with("gAAAA")));
    assert!(!said.stdout.contains("FAKE"));
    let event = last_event(&place).await;
    assert!(event[2].contains("\"with_secrets\":true") && !event[2].contains("FAKE"), "{event:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_export_restores_the_keys_on_another_server() {
    let (from, to) = (furnished().await, Place::with_ann().await);
    let export = from.run("export --plain-fernet").await.expect(0).json();
    let without = import(&to, &from.base, &export, &[]).await.expect(1);
    assert!(without.stdout.contains("--master-key-file"), "{}", without.stdout);
    let master_key = master_key_of(&from);
    let with = ["--master-key-file", master_key.as_str()];
    for outcome in ["imported", "duplicate"] {
        let said = import(&to, &from.base, &export, &with).await.expect(0).json();
        assert!(said["keys"].as_array().unwrap().iter().all(|key| key["outcome"] == outcome), "{said}");
    }
    let list = to.json("credential list --provider openai").await;
    let rows = list["data"].as_array().unwrap();
    let state = |row: &Value| (row["masked"].clone(), row["is_primary"].clone(), row["is_active"].clone());
    let wanted =
        [(json!("sk-proj-…key1"), json!(true), json!(true)), (json!("sk-proj-…key2"), json!(false), json!(false))];
    assert_eq!([state(&rows[0]), state(&rows[1])], wanted);

    let process = to.serve().await;
    let ann = sign_in(&process).await;
    for (row, key) in rows.iter().zip([KEY, OTHER]) {
        let door = format!("/v2/credentials/{}/reveal", row["id"].as_str().unwrap());
        let revealed = ann.post(&door, &json!({"password": PASSWORD})).await.expect(200).json();
        assert_eq!(revealed["api_key"], key);
    }
    process.kill().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_export_without_secrets_restores_none_and_says_so() {
    let (from, to) = (furnished().await, Place::with_ann().await);
    let export = from.run("export").await.expect(0).json();
    let said = import(&to, &from.base, &export, &[]).await.expect(0).json();
    assert!(said["keys"].as_array().unwrap().iter().all(|key| key["outcome"] == "skipped"), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_secret_of_an_altered_file_goes_nowhere() {
    let (from, to) = (furnished().await, Place::with_ann().await);
    let export = from.run("export --plain-fernet").await.expect(0).json();
    let master_key = master_key_of(&from);
    let alterations: [fn(&mut Value); 4] = [
        |key| key["endpoint"] = json!("https://evil.example/v1"),
        |key| key["provider"] = json!("custom"),
        |key| key["proof"] = json!("00"),
        |key| key["secret"] = json!("gAAAAA"),
    ];
    for alter in alterations {
        let mut altered = export.clone();
        altered["credentials"].as_array_mut().unwrap().iter_mut().for_each(alter);
        let said = import(&to, &from.base, &altered, &["--master-key-file", &master_key]).await.expect(1).json();
        assert!(said["keys"].as_array().unwrap().iter().all(|key| key["outcome"] == "failed"), "{said}");
    }
    assert_eq!(super::stored(&to.json("credential list").await), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn others_keys_are_written_out_for_admins_only_and_taken_by_name() {
    let place = furnished().await;
    let process = place.serve().await;
    let ann = sign_in(&process).await;
    ann.post("/v2/users", &json!({"email": "bob@example.org"})).await.expect(201);
    process.terminate();
    assert_eq!(process.ended().await, Some(0));
    let words = ["credential", "add", "openai", "--stdin", "--user", "bob@example.org"];
    place.run_with(&[], &words, Some("sk-proj-FAKEaBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789bob1")).await.expect(0);

    let refused = place.run("export --all --user bob@example.org").await.expect(1);
    assert!(refused.stderr.contains("admin"), "{}", refused.stderr);
    assert_eq!(keys(&place.run("export --user bob@example.org").await.expect(0).json()).len(), 1);
    assert_eq!(keys(&place.run("export --user ann@example.org").await.expect(0).json()).len(), 2);
    let all = place.run("export --all --plain-fernet --user ann@example.org").await.expect(0).json();
    assert_eq!(keys(&all).len(), 3);

    let (to, master_key) = (Place::with_ann().await, master_key_of(&place));
    let with = ["--master-key-file", master_key.as_str()];
    let mine = import(&to, &place.base, &all, &with).await.expect(0).json();
    let outcomes = |said: &Value| {
        let mut all: Vec<String> =
            said["keys"].as_array().unwrap().iter().map(|key| key["outcome"].as_str().unwrap().to_owned()).collect();
        all.sort();
        all
    };
    assert_eq!(outcomes(&mine), ["imported", "imported", "skipped"], "{mine}");
    let his = import(&to, &place.base, &all, &[&with[..], &["--owner", "bob@example.org"]].concat()).await.expect(0);
    assert_eq!(outcomes(&his.json()), ["imported", "skipped", "skipped"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn python_reads_an_exported_secret_with_the_master_key() {
    let Some(python) = python() else { return };
    let place = Place::with_ann().await;
    place.add_key(KEY).await;
    let export = place.run("export --plain-fernet").await.expect(0).json();
    let script = "import sys; from cryptography.fernet import Fernet; \
                  print(Fernet(open(sys.argv[1]).read().strip()).decrypt(sys.argv[2]).decode())";
    let token = keys(&export)[0]["secret"].as_str().unwrap();
    let output = tokio::process::Command::new(python)
        .args(["-c", script, &master_key_of(&place), token])
        .output()
        .await
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), KEY, "{}", String::from_utf8_lossy(&output.stderr));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_written_out_over_http() {
    let place = Place::empty().await;
    let environment = [("OWNKEY_URL", "http://127.0.0.1:18999"), ("OWNKEY_TOKEN", "x")];
    let said = place.run_with(&environment, &["export"], None).await.expect(1);
    assert!(said.stderr.contains("master key"), "{}", said.stderr);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_row_whose_endpoint_was_altered_is_written_out_without_its_secret() {
    let place = Place::with_ann().await;
    place.add_key(KEY).await;
    let url = format!("sqlite://{}", place.path().join("ownkey.db").display());
    for endpoint in ["https://evil.example/v1", "http://10.1.2.3/v1"] {
        let sql = format!("UPDATE credentials SET endpoint = '{endpoint}'");
        RawDatabase::open(&url).await.execute(&sql).await;
        let said = place.run("export --plain-fernet").await.expect(1);
        assert!(!said.stdout.contains("gAAAA") && said.stderr.contains("do not open"), "{}", said.stdout);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_endpoint_without_a_key_is_restored_once() {
    let (from, to) = (Place::with_ann().await, Place::with_ann().await);
    let local = [("OWNKEY_LOCAL_ENDPOINTS", from.base.trim_end_matches("/v1"))];
    let add = ["credential", "add", "custom", "--name", "Box", "--api-base", from.base.as_str(), "--stdin"];
    from.run_with(&local, &add, None).await.expect(0);
    let export = from.run("export --plain-fernet").await.expect(0).stdout;
    for outcome in ["imported", "duplicate"] {
        let said = to.run_with(&local, &["import", "-", "--json"], Some(&export)).await.expect(0).json();
        assert_eq!(said["keys"][0]["outcome"], outcome, "{said}");
    }
    let list = to.json("credential list --provider custom").await;
    assert_eq!((&list["count"], &list["data"][0]["settings"]["slug"]), (&json!(1), &json!("box")));
}
