//! A change is seen by all nodes within two seconds.

use std::time::Duration;

use serde_json::json;
use testkit::{House, Options, PostgresDatabase, promptly};

use super::{THREE, ann_with_fast, call, targets};

const BOUND: Duration = Duration::from_secs(2);

#[tokio::test]
async fn a_second_node_follows_what_an_alias_stands_for_and_its_end() {
    let Some(database) = PostgresDatabase::create().await else { return };
    let house = House::start_with(Options { database_url: Some(database.url.clone()), ..Options::default() }).await;
    let ann = ann_with_fast(&house).await;
    let node = house.second_node().await;
    let there = node.client_of(&ann.client);
    let provider = async || call(&there, false).await.header("x-ownkey-provider").to_owned();
    assert_eq!(provider().await, "openai");
    let id = ann.client.get("/v2/model-aliases").await.json()["data"][0]["id"].as_str().unwrap().to_owned();
    let path = format!("/v2/model-aliases/{id}");
    ann.client.patch(&path, &json!({"targets": targets(&THREE[1..])})).await.expect(200);
    assert_eq!(call(&ann.client, false).await.header("x-ownkey-provider"), "anthropic", "here at once");
    promptly("the other node calls the new target", BOUND, async || (provider().await == "anthropic").then_some(()))
        .await;
    ann.client.delete(&path).await.expect(204);
    call(&ann.client, false).await.expect(404);
    promptly("the other node has forgotten the name", BOUND, async || {
        (call(&there, false).await.status == 404).then_some(())
    })
    .await;
    node.stop().await;
    house.stop().await;
    database.destroy().await;
}
