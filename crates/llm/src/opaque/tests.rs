//! What is read of a passed call, and what of its answer.

use domain::usage::TokenCounts;

use super::*;
use crate::wire::StreamFacts;

#[test]
fn an_address_cannot_lead_elsewhere() {
    for (tail, expected) in [
        (None, Some("/audio")),
        (Some("speech"), Some("/audio/speech")),
        (Some("voices/list"), Some("/audio/voices/list")),
        (Some(""), None),
        (Some(".."), None),
        (Some("../files"), None),
        (Some("speech/../../files"), None),
        (Some("a//b"), None),
        (Some("%2e%2e"), None),
        (Some("speech?x=1"), None),
        (Some("speech#x"), None),
        (Some("a b"), None),
    ] {
        assert_eq!(Route::new(Family::Audio, tail).map(|route| route.path).as_deref(), expected, "{tail:?}");
    }
    assert!(Route::new(Family::Audio, Some(&"a".repeat(101))).is_none());
}

#[test]
fn a_body_keeps_all_but_its_model() {
    let json = |family, text: &'static str| {
        let body = Bytes::from_static(text.as_bytes());
        let request = Request::read(family, &Media::Json, &body)?;
        let (pieces, _) = request.with_model(&body, "m");
        Ok::<_, RequestError>((request.model.clone().into_owned(), request.stream, pieces.concat()))
    };
    for (family, body, model, stream, expected) in [
        (Family::Completions, r#"{"model":"a","stream":true}"#, "a", true, r#"{"model":"m","stream":true}"#),
        (
            Family::Audio,
            r#"{"stream_format":"sse", "model":"a"}"#,
            "a",
            true,
            r#"{"stream_format":"sse", "model":"m"}"#,
        ),
        (Family::Moderations, r#"{"input":"x"}"#, "omni-moderation-latest", false, r#"{"input":"x","model":"m"}"#),
    ] {
        let found = json(family, body).unwrap();
        assert_eq!(found, (model.to_owned(), stream, expected.as_bytes().to_vec()), "{body}");
    }
    for body in ["{}", r#"{"model":1}"#, r#"{"model":"a","model":"b"}"#, "[]", "x", r#"{"model":""}"#] {
        assert!(json(Family::Images, body).is_err(), "{body}");
    }
}

#[test]
fn only_json_and_forms_are_taken() {
    for (kind, expected) in [
        (None, Some(Media::Json)),
        (Some("application/json; charset=utf-8"), Some(Media::Json)),
        (Some("multipart/form-data; boundary=x"), Some(Media::Form("x".to_owned()))),
        (Some("multipart/form-data"), None),
        (Some("text/plain"), None),
        (Some("application/x-www-form-urlencoded"), None),
    ] {
        assert_eq!(Media::of(kind), expected, "{kind:?}");
    }
}

#[test]
fn use_is_read_in_every_spelling_and_unknown_is_never_zero() {
    let counts = |prompt, completion| Some(TokenCounts { prompt, completion, ..TokenCounts::default() });
    for (body, expected, is_absurd) in [
        (r#"{"usage":{"prompt_tokens":5,"completion_tokens":7,"total_tokens":12}}"#, counts(5, 7), false),
        (
            r#"{"usage":{"type":"tokens","input_tokens":14,"output_tokens":45,"total_tokens":59}}"#,
            counts(14, 45),
            false,
        ),
        (r#"{"usage":{"total_tokens":56}}"#, counts(56, 0), false),
        (r#"{"usage":{"prompt_tokens":9,"total_tokens":9}}"#, counts(9, 0), false),
        (r#"{"usage":{"type":"duration","seconds":9}}"#, None, false),
        (r#"{"usage":{"prompt_tokens":0,"completion_tokens":0,"total_tokens":0}}"#, None, false),
        (r#"{"usage":null}"#, None, false),
        (r#"{"usage":{"total_tokens":-4}}"#, None, true),
        (r#"{"usage":{"total_tokens":1e12}}"#, None, true),
        (r#"{"data":[{"usage":{"total_tokens":4}}]}"#, None, false),
        ("[1]", None, false),
    ] {
        let facts = inspect(ProviderId::OpenAi, body.as_bytes()).unwrap();
        assert_eq!((facts.usage, facts.absurd), (expected, is_absurd), "{body}");
    }
    let refusal = inspect(ProviderId::OpenAi, br#"{"error":{"message":"No.","type":"server_error"}}"#).unwrap_err();
    assert!(refusal.message.contains("No."), "{refusal:?}");
}

/// A stream cut at every byte: what goes out and what is known of it.
fn streamed(text: &str, cut: usize) -> (Vec<u8>, StreamFacts, Option<UpstreamErrorMessage>) {
    let mut way = passage(ProviderId::OpenAi, Family::Audio, true);
    let (mut out, mut error) = (Vec::new(), None);
    let (first, second) = text.as_bytes().split_at(cut);
    for part in [first, second] {
        error = error.or_else(|| way.push(Bytes::copy_from_slice(part), &mut out));
    }
    let facts = way.finish(&mut out);
    (out.concat(), facts, error.map(|error| error.message))
}

type UpstreamErrorMessage = String;

#[test]
fn events_pass_as_they_are_and_the_last_ones_use_is_known() {
    let text = ": hi\n\ndata: {\"type\":\"transcript.text.delta\",\"delta\":\"a\"}\n\nevent: x\r\ndata: \
                {\"usage\":{\"input_tokens\":3,\"output_tokens\":4,\"total_tokens\":7}}\r\n\r\ndata: [DONE]\n\n";
    for cut in 0..text.len() {
        let (out, facts, error) = streamed(text, cut);
        assert_eq!((out.as_slice(), error), (text.as_bytes(), None), "cut at {cut}");
        assert!(facts.completed && facts.saw_output);
        assert_eq!(facts.usage, Some(TokenCounts { prompt: 3, completion: 4, ..TokenCounts::default() }));
    }
}

#[test]
fn a_failure_inside_a_stream_does_not_pass() {
    let text = "data: {\"delta\":\"a\"}\n\nevent: error\ndata: {\"error\":{\"message\":\"Boom.\"}}\n\n";
    for cut in 0..text.len() {
        let (out, facts, error) = streamed(text, cut);
        assert_eq!(out, b"data: {\"delta\":\"a\"}\n\n", "cut at {cut}");
        assert!(error.is_some_and(|message| message.contains("Boom.")) && facts.error.is_some());
    }
}

#[test]
fn only_types_that_no_browser_runs_are_passed_on() {
    for (kind, expected) in [
        ("audio/mpeg", "audio/mpeg"),
        ("application/json; charset=utf-8", "application/json; charset=utf-8"),
        ("text/event-stream", "text/event-stream"),
        ("text/html", "application/octet-stream"),
        ("image/svg+xml", "application/octet-stream"),
        ("", "application/octet-stream"),
    ] {
        assert_eq!(passed_type(kind), expected, "{kind}");
    }
}
