//! What is read of a client's body, and what of it goes on.

use domain::ProviderId;

use super::*;

const TARGET: Target<'static> = Target {
    provider: ProviderId::Anthropic,
    model: "claude-sonnet-5-5",
    origin_host: "api.anthropic.com",
    facts: None,
    api_version: None,
};

fn prepared(body: &str) -> String {
    let prepared = prepare(&read(body.as_bytes()).unwrap(), &Bytes::new(), &TARGET);
    assert_eq!(prepared.dropped, Vec::<String>::new());
    String::from_utf8(prepared.body().to_vec()).unwrap()
}

#[test]
fn what_has_to_be_known_is_read() {
    let body = r#"{"model":"m","max_tokens":32000,"stream":true,"system":[{"type":"text","text":"1234"}],
        "messages":[{"role":"user","content":[{"type":"text","text":"12"},
        {"type":"image","source":{"type":"base64","media_type":"image/png","data":"AAAAAAAA"}},
        {"type":"document","source":{"data":"123","type":"text"}},
        {"type":"tool_result","tool_use_id":"t","content":[{"type":"text","text":"1"}]}]},
        {"role":"assistant","content":[{"type":"thinking","thinking":"12345","signature":"sssss"},
        {"type":"tool_use","id":"t","name":"n","input":{"a":1}}]},{"role":"user","content":"1234567"}]}"#;
    let request = read(body.as_bytes()).unwrap();
    assert_eq!((&*request.model, request.stream, request.include_usage), ("m", true, true));
    assert_eq!(request.max_tokens, Some(32_000));
    assert_eq!(request.prompt_characters, 4 + 2 + 3 + 1 + 5 + 7 + 7);
}

#[test]
fn malformed_bodies_are_refused_by_field() {
    for (body, param) in [
        ("{", None),
        (r#"{"model":"a","model":"b","messages":[1]}"#, None),
        (r#"{"messages":[1]}"#, Some("model")),
        (r#"{"model":7,"messages":[1]}"#, Some("model")),
        (r#"{"model":"m"}"#, Some("messages")),
        (r#"{"model":"m","messages":[]}"#, Some("messages")),
        (r#"{"model":"m","messages":"hi"}"#, Some("messages")),
        (r#"{"model":"m","messages":[1],"stream":"yes"}"#, Some("stream")),
        (r#"{"model":"m","messages":[1],"max_tokens":1.5}"#, Some("max_tokens")),
    ] {
        assert_eq!(read(body.as_bytes()).unwrap_err().param, param, "{body}");
    }
}

#[test]
fn only_the_model_changes_on_the_same_wire() {
    let body = r#"{ "metadata":{"user_id":"u"},"model" : "claude","brand_new":[1, 2 ],"messages":[{"role":"user",
        "content":"\ud83d \u00e9"}],"thinking":{"type":"adaptive"},"context_management":{"edits":[]},"max_tokens":1}"#;
    assert_eq!(prepared(body), body.replace("\"claude\"", "\"claude-sonnet-5-5\""));
}

#[test]
fn a_limit_of_ours_goes_in_only_where_the_client_named_none() {
    let with_limit = |body: &str| {
        let mut request = read(body.as_bytes()).unwrap();
        request.limit_to(Some(500));
        String::from_utf8(prepare(&request, &Bytes::new(), &TARGET).body().to_vec()).unwrap()
    };
    let none = r#"{"model":"m","messages":[1],"max_tokens":null}"#;
    assert_eq!(with_limit(none), r#"{"model":"claude-sonnet-5-5","messages":[1],"max_tokens":500}"#);
    let own = r#"{"model":"m","messages":[1],"max_tokens":7}"#;
    assert_eq!(with_limit(own), own.replace("\"m\"", "\"claude-sonnet-5-5\""));
}

#[test]
fn thoughts_of_other_providers_do_not_reach_this_one() {
    let thought = r#"{"type":"thinking","thinking":"x","signature":""}"#;
    let body = |thought: &str| {
        format!(
            r#"{{"model":"m","messages":[{{"role":"assistant","content":[{thought}{{"type":"text","text":"y"}}]}}]}}"#
        )
    };
    let expected = body("").replace("\"m\"", "\"claude-sonnet-5-5\"");
    assert_eq!(prepared(&body(&format!("{thought}, "))), expected);
}
