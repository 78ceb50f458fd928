//! What is taken, what is refused, and what leaves.

use domain::ProviderId;

use super::*;

const HI: &str = r#""messages":[{"role":"user","content":"hi"}]"#;

fn target(provider: ProviderId) -> Target<'static> {
    Target { provider, model: "up/stream", origin_host: "example.org", facts: None, api_version: None }
}

fn sent(body: &str, provider: ProviderId) -> (String, Vec<String>) {
    let prepared = prepare(&read(body.as_bytes()).unwrap(), &Bytes::new(), &target(provider), true).unwrap();
    (String::from_utf8(prepared.body().to_vec()).unwrap(), prepared.dropped)
}

#[test]
fn malformed_bodies_are_refused_by_field() {
    for (body, param, code) in [
        ("{".to_owned(), None, "invalid_json"),
        ("[]".to_owned(), None, "invalid_json"),
        (r#"{"model":"a","model":"b"}"#.to_owned(), None, "invalid_request"),
        (format!("{{{HI}}}"), Some("model"), "invalid_request"),
        (format!(r#"{{"model":7,{HI}}}"#), Some("model"), "invalid_request"),
        (format!(r#"{{"model":" ",{HI}}}"#), Some("model"), "invalid_request"),
        (format!(r#"{{"model":"a\u0000",{HI}}}"#), Some("model"), "invalid_request"),
        (format!(r#"{{"model":"{}",{HI}}}"#, "x".repeat(513)), Some("model"), "invalid_request"),
        (r#"{"model":"a"}"#.to_owned(), Some("messages"), "invalid_request"),
        (r#"{"model":"a","messages":{}}"#.to_owned(), Some("messages"), "invalid_request"),
        (r#"{"model":"a","messages":[]}"#.to_owned(), Some("messages"), "invalid_request"),
        (format!(r#"{{"model":"a",{HI},"stream":1}}"#), Some("stream"), "invalid_request"),
        (format!(r#"{{"model":"a",{HI},"stream_options":[]}}"#), Some("stream_options"), "invalid_request"),
        (format!(r#"{{"model":"a",{HI},"max_tokens":0}}"#), Some("max_tokens"), "invalid_request"),
        (format!(r#"{{"model":"a",{HI},"max_tokens":1.5}}"#), Some("max_tokens"), "invalid_request"),
        (
            format!(r#"{{"model":"a",{HI},"max_completion_tokens":-1}}"#),
            Some("max_completion_tokens"),
            "invalid_request",
        ),
    ] {
        let error = read(body.as_bytes()).unwrap_err();
        assert_eq!((error.param, error.code), (param, code), "{body}: {error}");
    }
}

#[test]
fn what_has_to_be_known_is_read() {
    let body = br#"{"model":"a","messages":[{"role":"user","content":[{"type":"text","text":"\u00e9\u00e9"},
        {"type":"image_url","image_url":{"url":"data:image/png;base64,AAAAAAAAAAAA"}}]},{"role":"user","content":"abc"}],
        "stream":true,"stream_options":{"include_usage":true},"max_tokens":5,"max_completion_tokens":7}"#;
    let request = read(body).unwrap();
    assert_eq!(request.model, "a");
    assert!(request.stream && request.include_usage);
    assert_eq!((request.max_tokens, request.prompt_characters), (Some(7), 5));
}

#[test]
fn only_model_and_stream_options_change_on_the_same_wire() {
    let body = format!(r#"{{ "model" : "a" ,{HI}, "x":"\ud83d",  "stream":true}}"#);
    let expected = format!(
        r#"{{ "model" : "up/stream" ,{HI}, "x":"\ud83d",  "stream":true,"stream_options":{{"include_usage":true}}}}"#
    );
    assert_eq!(sent(&body, ProviderId::OpenAi), (expected, vec![]));
    let body = format!(r#"{{"model":"a",{HI},"stream":true,"stream_options":{{"include_usage":false,"o":1}}}}"#);
    assert!(sent(&body, ProviderId::OpenAi).0.ends_with(r#""stream_options":{"include_usage":true,"o":1}}"#));
    let body = format!(r#"{{"model":"a",{HI},"stream":true,"stream_options":null}}"#);
    assert!(sent(&body, ProviderId::OpenAi).0.ends_with(r#""stream_options":{"include_usage":true}}"#));
    let body = format!(r#"{{"model":"a",{HI},"stream":true}}"#);
    assert_eq!(sent(&body, ProviderId::Custom).0, body.replace("\"a\"", "\"up/stream\""));
}

#[test]
fn mistral_gets_only_what_its_schema_knows() {
    let body = format!(
        r#"{{"model":"a",{HI},"stream":true,"stream_options":{{}},"max_completion_tokens":9,"seed":1,"user":"u","logit_bias":{{"1":1}}}}"#
    );
    let (sent, dropped) = sent(&body, ProviderId::Mistral);
    assert_eq!(sent, format!(r#"{{"model":"up/stream",{HI},"stream":true,"max_tokens":9,"random_seed":1}}"#));
    assert_eq!(dropped, ["user", "logit_bias", "stream_options"]);
    let refusal =
        prepare(&read(body.as_bytes()).unwrap(), &Bytes::new(), &target(ProviderId::Mistral), false).unwrap_err();
    assert_eq!(refusal.field, "logit_bias");
}

#[test]
fn a_limit_of_ours_goes_in_only_where_the_client_named_none() {
    for field in ["max_tokens", "max_completion_tokens"] {
        let body = format!(r#"{{"model":"a",{HI},"{field}":null}}"#);
        let mut request = read(body.as_bytes()).unwrap();
        request.limit_to(Some(300));
        let prepared = prepare(&request, &Bytes::new(), &target(ProviderId::Mistral), false).unwrap();
        assert_eq!(&prepared.body()[..], format!(r#"{{"model":"up/stream",{HI},"max_tokens":300}}"#).as_bytes());
    }
    let body = format!(r#"{{"model":"a",{HI},"max_tokens":7}}"#);
    let mut request = read(body.as_bytes()).unwrap();
    request.limit_to(Some(300));
    let prepared = prepare(&request, &Bytes::new(), &target(ProviderId::Mistral), false).unwrap();
    assert_eq!(&prepared.body()[..], format!(r#"{{"model":"up/stream",{HI},"max_tokens":7}}"#).as_bytes());
}

#[test]
fn a_field_that_a_custom_endpoint_named_can_be_left_out() {
    let body = format!(r#"{{"model":"a",{HI},"seed":1}}"#);
    let mut request = read(body.as_bytes()).unwrap();
    request.leave_out("seed");
    let prepared = prepare(&request, &Bytes::new(), &target(ProviderId::Custom), false).unwrap();
    assert_eq!(&prepared.body()[..], format!(r#"{{"model":"up/stream",{HI}}}"#).as_bytes());
    assert_eq!(prepared.dropped, ["seed"]);
}
