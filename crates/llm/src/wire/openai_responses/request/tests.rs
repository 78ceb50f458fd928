//! Reading a client's body, and sending it on.

use super::*;
use domain::ProviderId;

#[test]
fn what_ownkey_has_to_know_is_read() {
    let body = br#"{"model":"m","stream":true,"max_output_tokens":9,"instructions":"abc","input":[
        {"role":"user","content":[{"type":"input_text","text":"defg"},{"type":"input_image","image_url":"data:xxxx"}]},
        {"type":"function_call_output","call_id":"c","output":"hi"}]}"#;
    let request = read(body).unwrap();
    assert_eq!((&*request.model, request.stream, request.include_usage), ("m", true, true));
    assert_eq!((request.max_tokens, request.prompt_characters), (Some(9), 5 + 4 + 2));
    assert_eq!(read(br#"{"model":"m","input":"four"}"#).unwrap().prompt_characters, 4);
    assert!(read(br#"{"model":"m","previous_response_id":"resp_1"}"#).is_ok());
}

#[test]
fn what_is_malformed_is_refused_by_name() {
    for (body, param) in [
        (r#"{"input":"a"}"#, Some("model")),
        (r#"{"model":"m"}"#, Some("input")),
        (r#"{"model":"m","input":[]}"#, Some("input")),
        (r#"{"model":"m","input":{}}"#, Some("input")),
        (r#"{"model":"m","input":"a","stream":1}"#, Some("stream")),
        (r#"{"model":"m","input":"a","max_output_tokens":0}"#, Some("max_output_tokens")),
        (r#"{"model":"m","model":"n","input":"a"}"#, None),
    ] {
        assert_eq!(read(body.as_bytes()).unwrap_err().param, param, "{body}");
    }
}

#[test]
fn a_limit_of_ours_is_added_and_fields_are_left_out() {
    let mut request = read(br#"{"model":"m","max_output_tokens":null,"input":"a","store":true,"x":[1, 2]}"#).unwrap();
    request.limit_to(Some(300));
    request.leave_out("store");
    let target = Target {
        provider: ProviderId::OpenAi,
        model: "up",
        origin_host: "api.openai.com",
        facts: None,
        api_version: None,
    };
    let prepared = prepare(&request, &Bytes::new(), &target);
    assert_eq!(prepared.body(), br#"{"model":"up","input":"a","x":[1, 2],"max_output_tokens":300}"#.as_slice());
    assert_eq!(prepared.dropped, ["store"]);
}
