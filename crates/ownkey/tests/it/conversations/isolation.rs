//! A chat is its owner's alone.

use serde_json::json;

use super::*;

#[tokio::test]
async fn anothers_chat_is_not_there_for_members_nor_for_admins() {
    let stage = Stage::set().await;
    let (_, answer) = stage.say("My secret plan").await;
    stage.answer(&answer).await;
    let (chat, message) = (format!("/v2/conversations/{}", stage.chat), answer);
    let hi = json!({"content": [{"type": "text", "text": "Hi"}]});
    for stranger in [stage.house.user("bob").await, stage.house.admin("root").await] {
        let client = &stranger.client;
        for answer in [
            client.get(&chat).await,
            client.patch(&chat, &json!({"title": "mine"})).await,
            client.get(&format!("{chat}/export")).await,
            client.post(&format!("{chat}/messages"), &hi).await,
            client.post(&format!("{chat}/messages/{message}/regenerate"), &json!({})).await,
            client.post(&format!("{chat}/messages/{message}/stop"), &json!({})).await,
            client.get(&format!("{chat}/messages/{message}/events")).await,
            client.get(&format!("{chat}/messages/{message}/picture?part=0")).await,
            client.delete(&format!("{chat}/messages/{message}")).await,
            client.delete(&chat).await,
        ] {
            assert_eq!(answer.expect(404).json()["code"], "not_found");
        }
        let found = client.get("/v2/conversations?search=secret").await.expect(200).json();
        assert_eq!(found["count"], 0);
        // Not by way of a chat of one's own either.
        let own = begin(client, &json!({"model": "gpt-5-mini"})).await;
        client.get(&format!("/v2/conversations/{own}/messages/{message}/events")).await.expect(404);
        client.patch(&format!("/v2/conversations/{own}"), &json!({"leaf_id": message})).await.expect(422);
        client.patch(&format!("/v2/conversations/{own}"), &json!({"credential_id": stage.key})).await.expect(404);
    }
    let found = stage.ann.client.get("/v2/conversations?search=SECRET").await.expect(200).json();
    assert_eq!(found["count"], 1);
}

#[tokio::test]
async fn a_gateway_token_opens_no_chat() {
    let stage = Stage::set().await;
    let scopes = json!({"name": "all", "scopes": ["models", "manage:credentials", "manage:tokens", "read:usage"]});
    let client = stage.ann.gateway_client_with(&scopes).await;
    client.get("/v2/conversations").await.expect(403);
    client.get(&format!("/v2/conversations/{}", stage.chat)).await.expect(403);
}

#[tokio::test]
async fn a_person_who_is_let_go_takes_their_chats_along() {
    let stage = Stage::set().await;
    let (_, answer) = stage.say("My secret plan").await;
    stage.answer(&answer).await;
    let root = stage.house.admin("root").await;
    let users = root.client.get("/v2/users").await.expect(200).json();
    let ann = users["data"].as_array().unwrap().iter().find(|user| user["email"] == "ann@example.org").unwrap();
    root.client.delete(&format!("/v2/users/{}", text(ann, "id"))).await.expect(204);
    let mut database = stage.house.raw_database().await;
    assert_eq!(database.number("SELECT COUNT(*) FROM conversations").await, 0);
    assert_eq!(database.number("SELECT COUNT(*) FROM messages").await, 0);
    assert!(database.number("SELECT COUNT(*) FROM attempts").await > 0, "usage stays");
}
