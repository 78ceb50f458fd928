//! Answers that OpenAI keeps: the next turn goes to the account that has the one
//! before, and an answer is read again by whoever asked for it, and by nobody else.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use http::Method;
use serde_json::{Value, json};
use testkit::{Answer, Client, House, Person, events};

const KEY: &str = "sk-proj-FAKEaBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789key1";
const OTHER_KEY: &str = "sk-proj-FAKEaBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789key2";

fn turn(previous: Option<&str>, stream: bool) -> Value {
    json!({"model": "gpt-5-mini", "input": "Hi", "previous_response_id": previous, "stream": stream})
}

/// One turn, paid by the key that is named.
async fn respond(client: &Client, body: &Value, key: Option<&str>) -> Answer {
    let mut headers = vec![("content-type", "application/json")];
    headers.extend(key.map(|id| ("x-ownkey-credential", id)));
    client.send(Method::POST, "/v1/responses", &headers, body.to_string().into()).await
}

fn id(of: &Value) -> String {
    of["id"].as_str().unwrap().to_owned()
}

/// Ann with two keys; the second is not the one that pays by itself.
async fn ann_with_two_keys(house: &House) -> (Person, String) {
    let ann = house.user("ann").await;
    ann.save_key("openai", KEY).await;
    let second = id(&ann.save_key("openai", OTHER_KEY).await);
    (ann, second)
}

fn responses(house: &House) -> usize {
    house.sim.log().iter().filter(|call| call.path == "/v1/responses").count()
}

fn assert_not_found(answer: Answer, house: &House, calls: usize) {
    let error = answer.expect(400).json()["error"].clone();
    assert_eq!(
        (&error["code"], &error["param"]),
        (&json!("previous_response_not_found"), &json!("previous_response_id"))
    );
    assert!(error["message"].as_str().unwrap().contains("not found"), "{error}");
    assert_eq!(responses(house), calls, "nobody was asked");
}

#[tokio::test]
async fn the_next_turn_goes_to_the_key_that_paid_for_the_one_before() {
    let house = House::start().await;
    let (ann, second) = ann_with_two_keys(&house).await;
    let first = respond(&ann.client, &turn(None, false), Some(&second)).await.expect(200).json();
    let next = respond(&ann.client, &turn(Some(&id(&first)), false), None).await.expect(200);
    assert_eq!(next.header("x-ownkey-credential-id"), second);
    assert_eq!(next.json()["previous_response_id"], first["id"]);

    let streamed = respond(&ann.client, &turn(Some(&id(&next.json())), true), None).await.expect(200);
    let created = events(&streamed.text())[0].json();
    assert_eq!(
        (streamed.header("x-ownkey-credential-id"), &created["type"]),
        (second.as_str(), &json!("response.created"))
    );
    // Another process knows as well, by a gateway token of the same person.
    let gateway = ann.gateway_client().await;
    let node = house.second_process().await;
    let previous = id(&created["response"]);
    let last = respond(&node.client_of(&gateway), &turn(Some(&previous), false), None).await.expect(200);
    assert_eq!(last.header("x-ownkey-credential-id"), second);
    node.stop().await;

    let pinned = ann.client.get("/v2/credentials").await.expect(200).json();
    let first_key = pinned["data"].as_array().unwrap().iter().map(id).find(|key| *key != second).unwrap();
    let elsewhere = respond(&ann.client, &turn(Some(&previous), false), Some(&first_key)).await;
    assert_not_found(elsewhere, &house, 4);
    ann.client.post(&format!("/v2/credentials/{second}/deactivate"), &json!({})).await.expect(200);
    let off = respond(&ann.client, &turn(Some(&previous), false), None).await.expect(400).json();
    assert_eq!(off["error"]["code"], "provider_key_required", "no other key has it: {off}");
}

#[tokio::test]
async fn nobody_goes_on_from_an_answer_that_is_not_theirs_or_was_not_kept() {
    let house = House::start().await;
    let (ann, _) = ann_with_two_keys(&house).await;
    let bob = house.user("bob").await;
    bob.save_key("openai", KEY).await;
    let hers = respond(&ann.client, &turn(None, false), None).await.expect(200).json();
    let mut body = turn(None, false);
    body["store"] = json!(false);
    let unkept = respond(&ann.client, &body, None).await.expect(200).json();
    let longest = "r".repeat(201);
    for (who, previous) in [
        (&bob, id(&hers)),
        (&ann, id(&unkept)),
        (&ann, "resp_unknown".to_owned()),
        (&ann, "../x?".to_owned()),
        (&ann, longest),
    ] {
        assert_not_found(respond(&who.client, &turn(Some(&previous), false), None).await, &house, 2);
    }
    let hostile = respond(&ann.client, &turn(Some(KEY), false), None).await;
    assert!(!hostile.text().contains(KEY), "{}", hostile.text());
}

#[tokio::test]
async fn where_no_answers_are_kept_the_field_is_refused() {
    let house = House::start().await;
    let ann = house.user("ann").await;
    ann.save_key("anthropic", "sk-ant-api03-FAKEaBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789AA").await;
    ann.save_key("groq", "gsk_FAKEaBcDeFgHiJkLmNoPqRsTuVwXyZ0123").await;
    for model in ["claude-opus-5-5", "groq/gpt-5-mini"] {
        let body = json!({"model": model, "input": "Hi", "previous_response_id": "resp_1"});
        let error = respond(&ann.client, &body, None).await.expect(400).json()["error"].clone();
        assert_eq!(
            (&error["code"], &error["param"]),
            (&json!("unsupported_parameter"), &json!("previous_response_id"))
        );
        assert!(error["message"].as_str().unwrap().contains("`input`"), "{error}");
    }
    let body = json!({"model": "claude-opus-5-5", "input": "Hi", "conversation": "conv_1"});
    let error = respond(&ann.client, &body, None).await.expect(400).json()["error"].clone();
    assert_eq!((&error["code"], &error["param"]), (&json!("unsupported_parameter"), &json!("conversation")));
    assert!(house.sim.log().iter().all(|call| call.method == "GET"), "nobody was asked");
}

#[tokio::test]
async fn a_kept_answer_is_read_cancelled_and_forgotten_by_whoever_asked_for_it() {
    let house = House::start().await;
    let (ann, second) = ann_with_two_keys(&house).await;
    let bob = house.user("bob").await;
    bob.save_key("openai", OTHER_KEY).await;
    let answer = respond(&ann.client, &turn(None, false), Some(&second)).await.expect(200).json();
    let path = format!("/v1/responses/{}", id(&answer));
    assert_eq!(ann.client.get(&path).await.expect(200).json(), answer);
    assert_eq!(ann.client.get(&format!("/v1{path}")).await.expect(200).json(), answer, "a doubled /v1");
    let items = ann.client.get(&format!("{path}/input_items?limit=5&key=x")).await.expect(200).json();
    assert_eq!(items["data"][0]["content"][0]["text"], "Hi");
    let asked = house.sim.log().pop().unwrap();
    assert!(asked.path.ends_with("/input_items?limit=5"), "{}", asked.path);
    let refused = ann.client.post(&format!("{path}/cancel"), &json!({})).await.expect(400).json();
    assert_eq!(refused["error"]["message"], "Cannot cancel a synchronous response.");
    let streamed = ann.client.get(&format!("{path}?stream=true")).await.expect(400).json();
    assert_eq!(streamed["error"]["code"], "unsupported_parameter");

    let before = house.sim.log().len();
    for (client, path) in
        [(&bob.client, path.as_str()), (&ann.client, "/v1/responses/resp_none"), (&ann.client, "/v1/responses/a%2Fb")]
    {
        for method in [Method::GET, Method::DELETE] {
            let missing = client.send(method, path, &[], Vec::new()).await.expect(404).json();
            assert_eq!(missing["error"]["type"], "invalid_request_error", "{path}");
        }
    }
    assert_eq!(house.sim.log().len(), before, "nobody was asked");
    assert_eq!(ann.client.delete(&path).await.expect(200).json()["deleted"], true);
    ann.client.get(&path).await.expect(404);
    assert_not_found(respond(&ann.client, &turn(Some(&id(&answer)), false), None).await, &house, 1);
    house.ledger_is_written().await;
    assert_eq!(ann.usage().await.len(), 1, "only what costs is in the ledger");
}
