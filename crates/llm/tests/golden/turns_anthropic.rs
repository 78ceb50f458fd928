//! Conversations written for Anthropic.

use domain::provider::WireName;
use llm::neutral::{CacheBreak, ChatRequest, File, FileSource, Message, Part, ReplayState, Role, Tool};
use serde_json::{Value, json};

use crate::requests_anthropic::{
    NEW, OLD, asking, assistant, body, call, called, result, thought, tool, user, written,
};

#[test]
fn turns_alternate_and_begin_with_the_person() {
    let system = |text: &str| Message { role: Role::System, parts: vec![Part::Text(text.into())] };
    let said = |text: &str| assistant(vec![Part::Text(text.into())]);
    let messages = vec![
        system("One."),
        Message { role: Role::Developer, parts: vec![Part::Text("Two.".into()), Part::Text("  ".into())] },
        said("Hello!"),
        user("a"),
        said(""),
        user(" "),
        system("Later."),
        user("b"),
        said("c"),
        said("d  \n"),
    ];
    let body = body(&ChatRequest { messages, ..ChatRequest::default() }, OLD);
    let text = |text: &str| json!({"type": "text", "text": text});
    assert_eq!(body["system"], json!([text("One."), text("Two.")]));
    assert_eq!(
        body["messages"],
        json!([
            {"role": "user", "content": "."},
            {"role": "assistant", "content": "Hello!"},
            {"role": "user", "content": [text("a"), text("Later."), text("b")]},
            {"role": "assistant", "content": [text("c"), text("d")]},
        ])
    );
    let alone = ChatRequest { messages: vec![system("Hi")], ..ChatRequest::default() };
    let (body, _) = written(&alone, OLD, false).unwrap();
    assert_eq!((&body["messages"], body.get("system")), (&json!([{"role": "user", "content": "Hi"}]), None));
}

#[test]
fn a_begun_answer_is_refused_where_the_model_does_not_go_on_with_it() {
    let mut request = asking("x");
    request.messages.push(assistant(vec![Part::Text("Once upon".into())]));
    assert_eq!(written(&request, NEW, false).unwrap_err().field, "messages");
    let (body, dropped) = written(&request, NEW, true).unwrap();
    assert_eq!((body["messages"].as_array().unwrap().len(), dropped), (1, vec!["messages".to_owned()]));
}

#[test]
fn results_stand_in_one_turn_before_any_words() {
    let mut request = called();
    let Part::ToolResult(result) = &mut request.messages[3].parts[0] else { unreachable!() };
    result.is_error = true;
    result.parts.push(Part::Image { url: "data:image/png;base64,AAAA".into(), detail: None });
    let written = body(&request, NEW);
    assert_eq!(written["messages"].as_array().unwrap().len(), 3);
    let picture = json!({"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"}});
    assert_eq!(
        written["messages"][2]["content"],
        json!([
            {"type": "tool_result", "tool_use_id": "a", "is_error": true,
             "content": [{"type": "text", "text": "seen"}, picture]},
            {"type": "tool_result", "tool_use_id": "b", "content": "seen"},
            {"type": "text", "text": "And?"},
        ])
    );
}

#[test]
fn functions_of_the_past_are_named_when_none_is_offered() {
    let mut request = called();
    request.tools.clear();
    let written = body(&request, NEW);
    assert_eq!(written["tools"], json!([{"name": "look", "input_schema": {"type": "object", "properties": {}}}]));
    assert_eq!(written["tool_choice"], json!({"type": "none"}));
}

#[test]
fn thoughts_go_back_in_front_of_their_call() {
    let mut request = called();
    request.messages[1].parts.insert(1, thought("a"));
    let foreign = ReplayState { wire: WireName::Gemini, call_id: Some("a".into()), state: "theirs".into() };
    request.messages[1].parts.insert(0, Part::Replay(foreign));
    request.messages[1].parts.insert(0, Part::Reasoning("Not signed.".into()));
    request.messages[1].parts.insert(5, thought("b"));
    let written = body(&request, NEW);
    let kinds: Vec<&str> = written["messages"][1]["content"]
        .as_array()
        .unwrap()
        .iter()
        .map(|block| block["type"].as_str().unwrap())
        .collect();
    // The turn begins with thoughts; what was thought between calls stays there.
    assert_eq!(kinds, ["thinking", "text", "tool_use", "thinking", "tool_use"]);
    assert_eq!(written["messages"][1]["content"][0]["signature"], "EqQBFAKE==");
    assert!(!written.to_string().contains("theirs") && !written.to_string().contains("Not signed"), "{written}");
}

#[test]
fn lost_thoughts_switch_a_budget_off_and_nothing_else() {
    let mut request = called();
    request.messages.remove(2);
    request.reasoning_effort = Some("high".into());
    let (lost, dropped) = written(&request, OLD, false).unwrap();
    assert_eq!((lost.get("thinking"), dropped), (None, vec!["reasoning_effort".to_owned()]));
    assert_eq!(body(&request, NEW)["thinking"]["type"], "adaptive");
    // A second call of the same round was not preceded by thoughts.
    request.messages[1].parts.insert(1, thought("a"));
    request.messages.push(assistant(vec![call("c")]));
    request.messages.push(result("c"));
    assert_eq!(body(&request, OLD)["thinking"], json!({"type": "enabled", "budget_tokens": 4_096}));
    // New words begin a new round.
    let mut request = called();
    request.messages.push(user("Thanks."));
    request.reasoning_effort = Some("low".into());
    assert_eq!(body(&request, OLD)["thinking"]["budget_tokens"], 1_024);
}

#[test]
fn pictures_and_documents_are_blocks() {
    let file = |media_type: &str, source: FileSource| {
        Part::File(File { name: Some("a".into()), media_type: Some(media_type.into()), source })
    };
    let block = |part: Part| {
        let mut request = asking("x");
        request.messages[0].parts.push(part);
        written(&request, NEW, false).map(|(body, _)| body["messages"][0]["content"][1].clone())
    };
    let picture = |url: &str| Part::Image { url: url.into(), detail: Some("high".into()) };
    let document = |source: Value| json!({"type": "document", "source": source, "title": "a"});
    for (part, expected) in [
        (
            picture("https://example.org/a.png"),
            json!({"type": "image", "source": {"type": "url", "url": "https://example.org/a.png"}}),
        ),
        (
            file("application/pdf", FileSource::Data("AAAA".into())),
            document(json!({"type": "base64", "media_type": "application/pdf", "data": "AAAA"})),
        ),
        (
            file("text/markdown", FileSource::Data("aGVsbG8=".into())),
            document(json!({"type": "text", "media_type": "text/plain", "data": "hello"})),
        ),
        (
            file("text/plain", FileSource::Text("hello".into())),
            document(json!({"type": "text", "media_type": "text/plain", "data": "hello"})),
        ),
        (
            file("application/pdf", FileSource::Url("https://example.org/a.pdf".into())),
            document(json!({"type": "url", "url": "https://example.org/a.pdf"})),
        ),
    ] {
        assert_eq!(block(part).unwrap(), expected);
    }
    for part in [
        picture("data:image/svg+xml,<svg/>"),
        file("application/zip", FileSource::Data("AAAA".into())),
        file("application/pdf", FileSource::Id("file-1".into())),
        Part::Audio { data: "AAAA".into(), format: "wav".into() },
    ] {
        assert_eq!(block(part).unwrap_err().field, "messages");
    }
}

#[test]
fn at_most_four_marks_and_the_longer_ones_first() {
    let mark = |ttl: Option<&str>| Part::CacheBreak(CacheBreak { ttl: ttl.map(str::to_owned) });
    let system = Message { role: Role::System, parts: vec![Part::Text("s".into()), mark(Some("1h"))] };
    let mut request = asking("a");
    request.messages.insert(0, system);
    request.tools = vec![Tool { cache: Some(CacheBreak { ttl: Some("1h".into()) }), ..tool("look") }];
    request.messages[1].parts.extend([mark(None), Part::Text("b".into()), mark(Some("1h")), mark(Some("odd"))]);
    let body = body(&request, NEW);
    let cache = |value: &Value| value["cache_control"].clone();
    let (hour, plain) = (json!({"type": "ephemeral", "ttl": "1h"}), json!({"type": "ephemeral"}));
    assert_eq!((cache(&body["tools"][0]), cache(&body["system"][0])), (hour.clone(), hour));
    let content = &body["messages"][0]["content"];
    assert_eq!((cache(&content[0]), cache(&content[1])), (plain.clone(), plain));

    request.messages[1].parts.extend([Part::Text("c".into()), mark(Some("1h"))]);
    let (body, dropped) = written(&request, NEW, false).unwrap();
    assert_eq!((cache(&body["tools"][0]), dropped), (Value::Null, vec!["cache_control".to_owned()]));
    let last = cache(&body["messages"][0]["content"][2]);
    assert_eq!(last, json!({"type": "ephemeral", "ttl": "5m"}), "not longer than one before it");
}

#[test]
fn arguments_that_are_no_object_are_kept_all_the_same() {
    let mut request = called();
    let Part::ToolCall(call) = &mut request.messages[1].parts[1] else { unreachable!() };
    call.arguments = "{\"at\":".into();
    let written = body(&request, NEW);
    assert_eq!(written["messages"][1]["content"][1]["input"], json!({"arguments": "{\"at\":"}));
}
