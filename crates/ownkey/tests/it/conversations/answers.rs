//! An answer from its first word to its last, for however many readers.

use serde_json::json;
use testkit::{EventReader, House, eventually};

use super::*;

#[tokio::test]
async fn what_is_said_is_answered_kept_and_billed_to_the_key_that_paid() {
    let stage = Stage::set().await;
    let (question, answer) = stage.say("Why is the sky blue?\nShortly.").await;
    let done = stage.answer(&answer).await;
    assert_eq!(said(&done), "Hello from the scripted provider.");
    assert_eq!(
        json!([done["state"], done["role"], done["parent_id"], done["provider"], done["finish_reason"]]),
        json!(["done", "assistant", question, "openai", "stop"])
    );
    assert_eq!((&done["credential_id"], &done["credential_scope"]), (&json!(stage.key), &json!("personal")));
    assert!(done["input_tokens"].as_u64() > Some(0) && done["output_tokens"].as_u64() > Some(0), "{done}");
    assert!(done["cost_nanos"].as_i64() > Some(0) && done["error"].is_null(), "{done}");
    assert!(done["first_token_ms"].as_i64() <= done["latency_ms"].as_i64(), "{done}");

    stage.house.ledger_is_written().await;
    let usage = stage.ann.usage().await;
    assert_eq!((&usage[0]["request_id"], &usage[0]["source"]), (&done["request_id"], &json!("chat")));
    assert_eq!(usage[0]["attempts"][0]["client_cost_nanos"], done["cost_nanos"]);

    let list = stage.ann.client.get("/v2/conversations").await.expect(200).json();
    let row = &list["data"][0];
    assert_eq!(
        json!([list["count"], row["title"], row["leaf_id"], row["running"], row["cost_nanos"]]),
        json!([1, "Why is the sky blue?", answer, 0, done["cost_nanos"]])
    );
}

#[tokio::test]
async fn every_reader_hears_all_of_it_whenever_they_come() {
    let stage = Stage::set().await;
    stage.house.sim.next(slow(40));
    let (_, answer) = stage.say("Hi").await;
    let path = events_of(&stage.chat, &answer);
    let mut first = EventReader::follow(&stage.ann.client, &path).await;
    let snapshot = first.next().await.unwrap();
    assert_eq!(snapshot.name, "snapshot");
    let mut heard = text(&snapshot.json(), "text");
    let more = first.until("text").await;
    heard.push_str(&text(&more.json(), "text"));
    // A second tab comes later, and is told what it missed.
    let mut second = EventReader::follow(&stage.ann.client, &path).await;
    let late = text(&second.next().await.unwrap().json(), "text");
    assert!(!late.is_empty() && late.len() >= heard.len(), "{late:?} after {heard:?}");
    for (reader, mut heard) in [(first, heard), (second, late)] {
        let mut reader = reader;
        let done = loop {
            let event = reader.next().await.unwrap();
            match event.name.as_str() {
                "text" => heard.push_str(&text(&event.json(), "text")),
                "done" => break event.json(),
                other => panic!("{other}"),
            }
        };
        assert_eq!(heard, "word ".repeat(40).trim_end());
        assert_eq!(said(&done), heard);
        assert!(reader.next().await.is_none(), "nothing follows the end");
    }
    // Whoever comes after the end hears it, too.
    let mut third = EventReader::follow(&stage.ann.client, &path).await;
    assert_eq!(text(&third.next().await.unwrap().json(), "text"), "word ".repeat(40).trim_end());
    assert_eq!(third.next().await.unwrap().name, "done");
}

#[tokio::test]
async fn as_html_blocks_are_sent_once_they_are_whole_and_html_is_shown() {
    let stage = Stage::set().await;
    let answer = "# Title\n\n<script>alert(1)</script>\n\n- one\n- two\n";
    stage.house.sim.next(Behaviour::Answer(Reply {
        chunk_delay: Duration::from_millis(30),
        chunks: 12,
        ..Reply::says(answer)
    }));
    let (_, id) = stage.say("Hi").await;
    let path = format!("{}?as=html", events_of(&stage.chat, &id));
    let mut reader = EventReader::follow(&stage.ann.client, &path).await;
    let mut blocks: Vec<(String, bool)> = Vec::new();
    let mut take = |block: &Value| {
        let index = block["index"].as_u64().unwrap() as usize;
        blocks.truncate(index);
        assert_eq!(blocks.len(), index, "a block is left out");
        assert!(blocks.iter().all(|(_, is_final)| *is_final), "what stands before an open block is final");
        blocks.push((text(block, "html"), block["is_final"].as_bool().unwrap()));
    };
    loop {
        let event = reader.next().await.unwrap();
        match event.name.as_str() {
            "snapshot" => event.json()["blocks"].as_array().unwrap().iter().for_each(&mut take),
            "block" => take(&event.json()),
            _ => break,
        }
    }
    let html: String = blocks.iter().map(|(html, _)| html.as_str()).collect();
    assert!(blocks.iter().all(|(_, is_final)| *is_final), "{blocks:?}");
    assert_eq!(
        html,
        "<h3>Title</h3>\n<p>&lt;script&gt;alert(1)&lt;/script&gt;\n</p>\n<ul>\n<li>one</li>\n<li>two</li>\n</ul>\n"
    );
}

#[tokio::test]
async fn an_answer_comes_also_when_nobody_waits_for_it() {
    let stage = Stage::set().await;
    stage.house.sim.next(slow(30));
    let (_, answer) = stage.say("Hi").await;
    let reader = EventReader::follow(&stage.ann.client, &events_of(&stage.chat, &answer)).await;
    drop(reader);
    let done = stage.answer(&answer).await;
    assert_eq!((said(&done).as_str(), &done["state"]), ("word ".repeat(30).trim_end(), &json!("done")));
}

#[tokio::test]
async fn open_pages_hear_that_a_chat_changed_and_nobody_elses_do() {
    let stage = Stage::set().await;
    let bob = stage.house.user("bob").await;
    let mut anns = EventReader::open(&stage.ann.client, "/v2/events", &[]).await;
    let mut bobs = EventReader::open(&bob.client, "/v2/events", &[]).await;
    let (_, answer) = stage.say("Hi").await;
    let told = anns.until("conversation.changed").await.json();
    assert_eq!(told["id"], json!(stage.chat));
    stage.answer(&answer).await;
    anns.until("conversation.changed").await;
    let bobs_chat = begin(&bob.client, &json!({})).await;
    assert_eq!(bobs.until("conversation.changed").await.json()["id"], json!(bobs_chat));
}

#[tokio::test]
async fn what_is_attached_goes_to_the_model_and_is_shown_again() {
    let stage = Stage::set().await;
    let png = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
    let body = json!({"content": [
        {"type": "text", "text": "Look"},
        {"type": "image", "media_type": "image/png", "name": "dot.png", "data": png},
        {"type": "file", "name": "notes.txt", "text": "Remember the milk."},
    ]});
    let (question, answer) = say(&stage.ann.client, &stage.chat, &body).await;
    stage.answer(&answer).await;
    let log = stage.house.sim.log();
    let asked: Value =
        serde_json::from_slice(&log.iter().rev().find(|call| call.model.is_some()).unwrap().body).unwrap();
    let parts = asked["messages"][0]["content"].as_array().unwrap();
    assert_eq!(parts[1]["image_url"]["url"], format!("data:image/png;base64,{png}"));
    assert!(text(&parts[2], "text").contains("Remember the milk."));
    let shown = message(&stage.ann.client, &stage.chat, &question).await.unwrap();
    let url = text(&shown["content"][1], "url");
    let picture = stage.ann.client.get(&url).await.expect(200);
    assert_eq!((picture.header("content-type"), picture.header("x-content-type-options")), ("image/png", "nosniff"));
    assert!(picture.bytes.starts_with(b"\x89PNG"));
    stage.ann.client.get(&url.replace("part=1", "part=0")).await.expect(404);
}

#[tokio::test]
async fn what_cannot_be_said_is_refused_before_anything_is_kept() {
    let stage = Stage::set().await;
    let path = format!("/v2/conversations/{}/messages", stage.chat);
    let part = |part: Value| json!({"content": [part]});
    for (body, field) in [
        (part(json!({"type": "text", "text": "  "})), "content"),
        (part(json!({"type": "image", "media_type": "image/png", "data": "AAAA"})), "content"),
        (part(json!({"type": "image", "media_type": "image/png"})), "content.data"),
        (part(json!({"type": "text", "text": "x".repeat(600_000)})), "content"),
        (json!({"content": [{"type": "text", "text": "x"}], "model": " "}), "model"),
        (
            json!({"content": [{"type": "text", "text": "x"}], "parameters": {"temperature": 3}}),
            "parameters.temperature",
        ),
        (
            json!({"content": [{"type": "text", "text": "x"}], "parent_id": "00000000-0000-7000-8000-000000000000"}),
            "parent_id",
        ),
    ] {
        let refused = stage.ann.client.post(&path, &body).await.expect(422).json();
        assert_eq!(
            (&refused["code"], &refused["errors"][0]["field"]),
            (&json!("invalid_request"), &json!(field)),
            "{refused}"
        );
    }
    assert_eq!(messages(&stage.ann.client, &stage.chat).await, Vec::<Value>::new());
    let bare = begin(&stage.ann.client, &json!({})).await;
    let body = part(json!({"type": "text", "text": "Hi"}));
    let refused = stage.ann.client.post(&format!("/v2/conversations/{bare}/messages"), &body).await.expect(422).json();
    assert_eq!(refused["errors"][0]["field"], "model", "a chat without a model asks for one");
}

#[tokio::test]
async fn what_stands_in_the_way_is_kept_with_the_answer_and_names_the_key() {
    let house = House::start().await;
    let ann = house.user("ann").await;
    let chat = begin(&ann.client, &json!({"model": "gpt-5-mini"})).await;
    let hi = json!({"content": [{"type": "text", "text": "Hi"}]});
    let (_, answer) = say(&ann.client, &chat, &hi).await;
    let failed = ended(&ann.client, &chat, &answer).await;
    assert_eq!((&failed["state"], &failed["error"]["code"]), (&json!("failed"), &json!("provider_key_required")));
    let mut reader = EventReader::follow(&ann.client, &events_of(&chat, &answer)).await;
    assert_eq!(reader.until("error").await.json()["error"]["code"], "provider_key_required");

    let key = text(&ann.save_key("openai", KEY).await, "id");
    house.sim.next(Behaviour::Status401);
    let (_, answer) = say(&ann.client, &chat, &hi).await;
    let failed = ended(&ann.client, &chat, &answer).await;
    assert_eq!((&failed["state"], &failed["credential_id"]), (&json!("failed"), &json!(key)), "{failed}");
    assert_eq!(failed["error"]["class"], "invalid_key");
    assert!(!text(&failed["error"], "detail").contains(KEY));
    eventually("the key is known to be bad", PATIENCE, async || {
        let now = ann.client.get(&format!("/v2/credentials/{key}")).await.expect(200).json();
        (now["status"] == "invalid" || now["status"] == "valid").then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_call_that_names_a_chat_is_kept_there_streamed_or_not_and_no_other_is() {
    let stage = Stage::set().await;
    let client = stage.ann.gateway_client().await;
    let door = "/v2/llm/chat/completions";
    let body = |stream: bool, chat: Option<&str>| {
        json!({"model_id": "gpt-5-mini", "stream": stream, "conversation_id": chat,
            "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}]})
    };
    let whole = client.post(door, &body(false, Some(&stage.chat))).await.expect(200).json();
    assert_eq!(whole["conversation_id"], json!(stage.chat));
    let streamed = client.post(door, &body(true, Some(&stage.chat))).await.expect(200).text();
    let done = testkit::events(&streamed).pop().unwrap();
    assert_eq!((done.name.as_str(), &done.json()["conversation_id"]), ("done", &json!(stage.chat)));
    client.post(door, &body(false, None)).await.expect(200);
    let kept = messages(&stage.ann.client, &stage.chat).await;
    assert_eq!(kept.len(), 4);
    let answers: Vec<&Value> = kept.iter().filter(|message| message["role"] == "assistant").collect();
    for answer in answers {
        assert_eq!(said(answer), "Hello from the scripted provider.");
        assert_eq!((&answer["state"], &answer["credential_id"]), (&json!("done"), &json!(stage.key)));
        assert!(answer["cost_nanos"].as_i64() > Some(0) && answer["output_tokens"].as_u64() > Some(0), "{answer}");
    }
    let bob = stage.house.user("bob").await;
    let refused = bob.client.post(door, &body(false, Some(&stage.chat))).await.expect(404).json();
    assert_eq!(refused["code"], "not_found");
    client.post(door, &body(false, Some("no id"))).await.expect(404);
}

#[tokio::test]
async fn an_answer_without_end_is_stopped_and_what_was_said_is_kept_and_billed() {
    let stage = Stage::set().await;
    let endless = || Behaviour::Answer(Reply { chunks: 300, ..Reply::says(&"word ".repeat(1_200_000)) });
    stage.house.sim.next(endless());
    let (_, answer) = stage.say("Everything, please.").await;
    let failed = stage.answer(&answer).await;
    assert_eq!(failed["state"], "failed");
    assert!(text(&failed["error"], "detail").contains("4 MB"), "{}", failed["error"]);
    let length = said(&failed).len();
    assert!((4 << 20..5 << 20).contains(&length), "{length} bytes are kept");
    assert!(failed["cost_nanos"].as_i64() > Some(0), "what came was paid");

    stage.house.sim.next(endless());
    let client = stage.ann.gateway_client().await;
    let body =
        json!({"model_id": "gpt-5-mini", "stream": true, "messages": [{"role": "user", "content": "All of it."}]});
    let told = client.post("/v2/llm/chat/completions", &body).await.expect(200).text();
    let last = testkit::events(&told).pop().unwrap();
    assert_eq!(last.name, "error");
    assert!(last.data.contains("4 MB"), "{}", last.data);
}

#[tokio::test]
async fn a_chat_without_room_takes_nothing_more_and_says_so() {
    let stage = Stage::set().await;
    let part = json!({"type": "text", "text": "x".repeat(512 * 1024)});
    let large = json!({"content": vec![part; 20], "parent_id": null});
    let path = format!("/v2/conversations/{}/messages", stage.chat);
    for _ in 0..6 {
        stage.ann.client.post(&path, &large).await.expect(202);
    }
    let full = stage.ann.client.post(&path, &large).await.expect(422).json();
    assert_eq!(full["errors"][0]["field"], "content", "{full}");
    assert!(text(&full, "detail").contains("64 MB"), "{full}");
    let many = json!({"content": vec![json!({"type": "text", "text": "x"}); 21]});
    let refused = stage.ann.client.post(&path, &many).await.expect(422).json();
    assert!(text(&refused, "detail").contains("20"), "{refused}");
}
