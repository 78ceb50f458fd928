//! Asking again, saying something else, taking back: nothing is written over.

use serde_json::json;

use super::*;

/// What the provider was told last: role and text of each message.
fn told(house: &House) -> Vec<(String, String)> {
    let log = house.sim.log();
    let call = log.iter().rev().find(|call| call.model.is_some()).unwrap();
    let body: Value = serde_json::from_slice(&call.body).unwrap();
    let messages = body["messages"].as_array().unwrap();
    messages.iter().map(|message| (text(message, "role"), text(message, "content"))).collect()
}

fn pairs(of: &[(&str, &str)]) -> Vec<(String, String)> {
    of.iter().map(|(role, words)| ((*role).to_owned(), (*words).to_owned())).collect()
}

#[tokio::test]
async fn an_answer_is_asked_for_again_and_both_stay() {
    let stage = Stage::set().await;
    let (question, first) = stage.say("Hi").await;
    stage.answer(&first).await;
    let path = format!("/v2/conversations/{}/messages/{first}/regenerate", stage.chat);
    let begun = stage.ann.client.post(&path, &json!({"model": "gpt-5"})).await.expect(202).json();
    assert_eq!(begun["user_message_id"], json!(question));
    let second = stage.answer(&text(&begun, "answer_id")).await;
    assert_eq!((&second["parent_id"], &second["model"]), (&json!(question), &json!("gpt-5")));
    assert_eq!(told(&stage.house), pairs(&[("user", "Hi")]));
    let children = messages(&stage.ann.client, &stage.chat).await;
    assert_eq!(children.iter().filter(|message| message["parent_id"] == json!(question)).count(), 2);
    let chat = stage.ann.client.get(&format!("/v2/conversations/{}", stage.chat)).await.expect(200).json();
    assert_eq!(
        (&chat["conversation"]["leaf_id"], &chat["conversation"]["model"]),
        (&second["id"], &json!("gpt-5-mini"))
    );
}

#[tokio::test]
async fn a_branch_knows_only_what_was_said_on_it() {
    let stage = Stage::set().await;
    let (one, a) = stage.say("One").await;
    stage.answer(&a).await;
    let (two, b) = stage.say("Two").await;
    stage.answer(&b).await;
    let hello = "Hello from the scripted provider.";
    assert_eq!(told(&stage.house), pairs(&[("user", "One"), ("assistant", hello), ("user", "Two")]));
    // Said differently: a sibling of what was said.
    let other = json!({"parent_id": a, "content": [{"type": "text", "text": "Two, differently"}]});
    let (sibling, c) = say(&stage.ann.client, &stage.chat, &other).await;
    stage.answer(&c).await;
    assert_eq!(told(&stage.house), pairs(&[("user", "One"), ("assistant", hello), ("user", "Two, differently")]));
    // The chat goes on where it was read last.
    let (_, d) = stage.say("Three").await;
    stage.answer(&d).await;
    assert_eq!(told(&stage.house)[2].1, "Two, differently");
    // Read the other branch, and go on there.
    let path = format!("/v2/conversations/{}", stage.chat);
    stage.ann.client.patch(&path, &json!({"leaf_id": b})).await.expect(200);
    let (_, e) = stage.say("Four").await;
    stage.answer(&e).await;
    assert_eq!(told(&stage.house)[2].1, "Two");
    // Begun anew.
    let anew = json!({"parent_id": null, "content": [{"type": "text", "text": "Anew"}]});
    let (root, f) = say(&stage.ann.client, &stage.chat, &anew).await;
    stage.answer(&f).await;
    assert_eq!(told(&stage.house), pairs(&[("user", "Anew")]));
    let all = messages(&stage.ann.client, &stage.chat).await;
    let parent = |id: &str| all.iter().find(|message| message["id"] == id).unwrap()["parent_id"].clone();
    assert_eq!([parent(&one), parent(&root)], [json!(null), json!(null)]);
    assert_eq!([parent(&two), parent(&sibling)], [json!(a), json!(a)]);
}

#[tokio::test]
async fn what_is_taken_out_takes_along_what_followed() {
    let stage = Stage::set().await;
    let (_, a) = stage.say("One").await;
    stage.answer(&a).await;
    let (two, b) = stage.say("Two").await;
    stage.answer(&b).await;
    let path = format!("/v2/conversations/{}", stage.chat);
    stage.ann.client.delete(&format!("{path}/messages/{two}")).await.expect(204);
    let whole = stage.ann.client.get(&path).await.expect(200).json();
    assert_eq!(whole["messages"].as_array().unwrap().len(), 2);
    assert_eq!(whole["conversation"]["leaf_id"], json!(a));
    stage.ann.client.delete(&format!("{path}/messages/{two}")).await.expect(404);
    let refused = json!({"parent_id": b, "content": [{"type": "text", "text": "?"}]});
    stage.ann.client.post(&format!("{path}/messages"), &refused).await.expect(422);
}

#[tokio::test]
async fn nothing_follows_an_answer_that_is_still_coming() {
    let stage = Stage::set().await;
    stage.house.sim.next(slow(200));
    let (_, answer) = stage.say("Hi").await;
    let body = json!({"content": [{"type": "text", "text": "And?"}]});
    let path = format!("/v2/conversations/{}/messages", stage.chat);
    let refused = stage.ann.client.post(&path, &body).await.expect(409).json();
    assert_eq!(refused["code"], "conflict");
    stage.ann.client.post(&format!("{path}/{answer}/stop"), &json!({})).await.expect(204);
    stage.answer(&answer).await;
    say(&stage.ann.client, &stage.chat, &body).await;
}

#[tokio::test]
async fn prompt_parameters_and_key_of_a_chat_reach_the_provider() {
    let stage = Stage::set().await;
    let path = format!("/v2/conversations/{}", stage.chat);
    let patch = json!({
        "title": "  The sky  ", "system_prompt": "Be brief.", "credential_id": stage.key,
        "parameters": {"temperature": 0.25, "top_p": 0.5, "max_tokens": 321},
        "model": "gpt-4o",
    });
    let now = stage.ann.client.patch(&path, &patch).await.expect(200).json();
    assert_eq!((&now["title"], &now["credential_id"]), (&json!("The sky"), &json!(stage.key)));
    let (_, answer) = stage.say("Hi").await;
    let done = stage.answer(&answer).await;
    assert_eq!(done["state"], "done", "{done}");
    let log = stage.house.sim.log();
    let body: Value =
        serde_json::from_slice(&log.iter().rev().find(|call| call.model.is_some()).unwrap().body).unwrap();
    assert_eq!(json!([body["model"], body["temperature"], body["top_p"]]), json!(["gpt-4o", 0.25, 0.5]));
    assert!(body.to_string().contains("321"), "{body}");
    assert_eq!(told(&stage.house), pairs(&[("system", "Be brief."), ("user", "Hi")]));
    let cleared = json!({"credential_id": null, "model": null, "parameters": {}, "system_prompt": ""});
    let now = stage.ann.client.patch(&path, &cleared).await.expect(200).json();
    assert_eq!(json!([now["credential_id"], now["model"], now["title"]]), json!([null, null, "The sky"]));
}

#[tokio::test]
async fn a_chat_is_a_file_to_read_and_a_file_to_keep() {
    let stage = Stage::set().await;
    let (_, answer) = stage.say("Why is the sky blue?").await;
    let done = stage.answer(&answer).await;
    let path = format!("/v2/conversations/{}/export", stage.chat);
    let markdown = stage.ann.client.get(&path).await.expect(200);
    assert_eq!(markdown.header("content-disposition"), "attachment; filename=\"why-is-the-sky-blue.md\"");
    let model = text(&done, "model");
    assert_eq!(
        markdown.text(),
        format!(
            "# Why is the sky blue?\n\n## You\n\nWhy is the sky blue?\n\n## {model}\n\nHello from the scripted provider.\n"
        )
    );
    let json = stage.ann.client.get(&format!("{path}?format=json")).await.expect(200);
    assert_eq!(json.header("content-type"), "application/json");
    assert_eq!(json.json()["messages"].as_array().unwrap().len(), 2);
    stage.ann.client.get(&format!("{path}?format=pdf")).await.expect(422);
}
