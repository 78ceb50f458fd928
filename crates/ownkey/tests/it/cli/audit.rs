//! `ownkey audit list|export`, of the whole log and of one organization.

use serde_json::{Value, json};

use super::Place;

fn actions(list: &Value) -> Vec<&str> {
    list["data"].as_array().unwrap().iter().map(|event| event["action"].as_str().unwrap()).collect()
}

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_log_of_one_organization_is_listed_and_written_out() {
    let place = Place::with_ann().await;
    for words in ["organization add Acme --slug acme", "organization add Other --slug other", "team add acme Crew"] {
        place.run(words).await.expect(0);
    }
    let expected = ["team.created", "member.set", "organization.created"];
    let list = place.json("audit list --organization acme").await;
    assert_eq!(actions(&list), expected);
    let table = place.run("audit list --organization acme").await.expect(0).stdout;
    assert!(table.contains("team.created") && !table.contains("user.created"), "{table}");

    let file = lines(&place.run("audit export --organization acme").await.expect(0).stdout);
    assert_eq!(json!({"data": file}), json!({"data": list["data"]}));
    let id = list["data"][0]["organization_id"].as_str().unwrap();
    assert_eq!(lines(&place.run(&format!("audit export --organization {id}")).await.expect(0).stdout), file);
    let whole = lines(&place.run("audit export").await.expect(0).stdout);
    assert!(whole.len() > file.len() && whole.iter().any(|event| event["action"] == "user.created"), "{whole:?}");

    for words in ["audit list --organization nobody&organization_id=acme", "audit export --organization nobody"] {
        let refused = place.run(words).await.expect(1);
        assert!(refused.stdout.is_empty() && refused.stderr.contains("organization"), "{refused:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_http_a_token_that_may_read_it_gets_the_same_log() {
    let place = Place::with_ann().await;
    place.run("organization add Acme --slug acme").await.expect(0);
    let process = place.serve().await;
    let token = async |scope: &str| place.run(&format!("token create t --scope {scope}")).await.expect(0).stdout;
    let (auditor, other) = (token("read:audit").await, token("models").await);
    let run = async |token: &str, words: &str| {
        let environment = [("OWNKEY_URL", process.url.as_str()), ("OWNKEY_TOKEN", token.trim())];
        place.run_with(&environment, &words.split(' ').collect::<Vec<_>>(), None).await
    };
    let file = run(&auditor, "audit export --organization acme").await.expect(0).stdout;
    assert_eq!(file, place.run("audit export --organization acme").await.expect(0).stdout);
    let list = run(&auditor, "audit list --organization acme --json").await.expect(0).json();
    assert_eq!(actions(&list), ["member.set", "organization.created"]);
    let refused = run(&other, "audit export --organization acme").await.expect(1);
    assert!(refused.stdout.is_empty() && refused.stderr.contains("read:audit"), "{refused:?}");
    process.kill().await;
}
