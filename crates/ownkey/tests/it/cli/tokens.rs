//! `ownkey token …`

use serde_json::json;

use super::Place;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_is_printed_once_alone_on_its_line_and_works_until_revoked() {
    let place = Place::with_ann().await;
    let none = place.run("token list").await.expect(0);
    assert!(none.stdout.contains("ownkey token create laptop"), "{}", none.stdout);
    let made = place.run("token create laptop").await.expect(0);
    let token = made.stdout.trim();
    assert!(token.starts_with("owk_user_") && made.stdout.lines().count() == 1, "{}", made.stdout);
    let list = place.run("token list").await.expect(0);
    assert!(list.stdout.contains("laptop") && !list.stdout.contains(token));
    let id = place.json("token list").await["data"][0]["id"].as_str().unwrap().to_owned();
    let process = place.serve().await;
    let client = testkit::Client::new(&process.url, Some(token));
    client.get("/v1/models").await.expect(200);
    place.run(&format!("token revoke {id}")).await.expect(0);
    testkit::promptly("the server refuses it", super::beside::SOON, async || {
        (client.get("/v1/models").await.status == 401).then_some(())
    })
    .await;
    let list = place.run("token list").await.expect(0);
    assert!(list.stdout.starts_with("No gateway tokens"), "{}", list.stdout);
    process.kill().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_may_be_given_scopes_and_models() {
    let place = Place::with_ann().await;
    let made = place.json("token create ci --scope models --scope read:usage --model gpt-5-mini").await;
    assert_eq!(json!([made["scopes"], made["models"]]), json!([["models", "read:usage"], ["gpt-5-mini"]]));
    assert_eq!(place.json("token create far --policy strict").await["policy"], "strict");
    let revoked = place.json(&format!("token revoke {}", made["id"].as_str().unwrap())).await;
    assert_eq!(revoked, json!({"revoked": made["id"]}));
    let refused = place.run("token create ci --scope everything").await.expect(1);
    assert!(refused.stderr.contains("unknown token scope"), "{}", refused.stderr);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_is_edited_and_rotated() {
    let place = Place::with_ann().await;
    let made = place.json("token create laptop --model gpt-5-mini").await;
    let id = made["id"].as_str().unwrap();
    let edited = place.json(&format!("token edit {id} --name desk --all-models --scope read:usage")).await;
    assert_eq!(json!([edited["name"], edited["models"], edited["scopes"]]), json!(["desk", null, ["read:usage"]]));
    let edited = place.json(&format!("token edit {id} --expires 2099-01-01T00:00:00Z --scope models")).await;
    assert_eq!(json!([edited["name"], edited["expires_at"]]), json!(["desk", "2099-01-01T00:00:00.000000Z"]));
    assert_eq!(place.json(&format!("token edit {id} --expires never")).await["expires_at"], json!(null));
    let rotated = place.run(&format!("token rotate {id} --grace 1h")).await.expect(0);
    let text = rotated.stdout.trim();
    assert!(text.starts_with("owk_user_") && rotated.stdout.lines().count() == 1, "{}", rotated.stdout);
    let process = place.serve().await;
    for token in [text, made["token"].as_str().unwrap()] {
        testkit::Client::new(&process.url, Some(token)).get("/v1/models").await.expect(200);
    }
    process.kill().await;
}
