//! What Google wants back, and what it leaves out.

use domain::ProviderId;
use domain::provider::WireName;
use llm::neutral::{ReplayState, StreamEvent};
use llm::wire;
use serde_json::{Value, json};

use crate::manifest::{Case, cases};

#[test]
fn a_signature_is_kept_for_the_call_it_came_with() {
    let mut seen = 0;
    for case in ["response", "stream"].into_iter().flat_map(cases) {
        let Some(signature) = case.expect.get("signature").filter(|_| case.wire_name == "gemini") else { continue };
        let states = match case.kind.as_str() {
            "response" => case.wire().unwrap().decode_answer(case.provider, &case.body()).unwrap().replay,
            _ => replayed(&case),
        };
        assert_eq!(states.len(), 1, "{}", case.file);
        assert_eq!((states[0].wire, &states[0].state), (WireName::Gemini, signature), "{}", case.file);
        let call = case.expect["tool_calls"].as_array().is_some_and(|calls| !calls.is_empty()).then_some("fc-1a2b3c");
        assert_eq!(states[0].call_id.as_deref(), call, "{}", case.file);
        seen += 1;
    }
    assert_eq!(seen, 4);
}

fn replayed(case: &Case) -> Vec<ReplayState> {
    let mut decoder = case.wire().unwrap().decode_stream(case.provider);
    let events = decoder.push(&case.body()).into_iter().chain(decoder.finish());
    events
        .filter_map(|event| match event {
            StreamEvent::Replay(state) => Some(state),
            _ => None,
        })
        .collect()
}

#[test]
fn a_signature_reaches_a_client_of_this_format() {
    let case = cases("response").into_iter().find(|case| case.file.ends_with("Content/tools.response.json")).unwrap();
    let wire = wire::of(WireName::Gemini).unwrap();
    let answer = wire.decode_answer(ProviderId::Google, &case.body()).unwrap();
    let client = wire::of_client(WireName::Gemini).unwrap();
    let written = client.encode_answer(&answer, &wire::About::default());
    assert_eq!(wire.decode_answer(ProviderId::Google, &written).unwrap().replay, answer.replay);
    let (mut encoder, mut out) = (client.encode_stream(wire::About::default()), Vec::new());
    for event in wire::stream_of(answer.clone()) {
        encoder.push(&event, &mut out);
    }
    let mut decoder = wire.decode_stream(ProviderId::Google);
    let events: Vec<_> = decoder.push(&out).into_iter().chain(decoder.finish()).collect();
    let states: Vec<_> = events
        .into_iter()
        .filter_map(|event| if let StreamEvent::Replay(state) = event { Some(state) } else { None })
        .collect();
    assert_eq!(states, answer.replay);
}

#[test]
fn every_piece_of_a_call_has_arguments_for_a_client_of_openai_chat() {
    let case = cases("response").into_iter().find(|case| case.file.ends_with("Content/tools.response.json")).unwrap();
    let answer = wire::of(WireName::Gemini).unwrap().decode_answer(ProviderId::Google, &case.body()).unwrap();
    assert!(!answer.replay.is_empty() && !answer.tool_calls.is_empty());
    let client = wire::of_client(WireName::OpenAiChat).unwrap();
    let (mut encoder, mut out) = (client.encode_stream(wire::About::default()), Vec::new());
    for event in wire::stream_of(answer) {
        encoder.push(&event, &mut out);
    }
    let text = String::from_utf8(out).unwrap();
    let chunks = text.split("data: ").filter_map(|data| serde_json::from_str::<Value>(data.trim()).ok());
    let deltas = chunks.map(|chunk| chunk["choices"][0]["delta"].clone());
    let pieces: Vec<Value> =
        deltas.flat_map(|delta| delta["tool_calls"].as_array().cloned().unwrap_or_default()).collect();
    assert!(pieces.iter().any(|piece| piece["extra_content"]["google"]["thought_signature"].is_string()), "{text}");
    assert!(pieces.iter().all(|piece| piece["function"]["arguments"].is_string()), "{text}");
}

#[test]
fn calls_without_ids_get_different_ones_in_every_answer() {
    let wire = wire::of(WireName::Gemini).unwrap();
    let answer = |id: &str, city: &str| {
        let call = json!({"functionCall": {"name": "f", "args": {"city": city}}});
        let body = json!({"candidates": [{"content": {"parts": [call, call]}}], "responseId": id});
        let calls = wire.decode_answer(ProviderId::Google, body.to_string().as_bytes()).unwrap().tool_calls;
        calls.into_iter().map(|call| call.id).collect::<Vec<_>>()
    };
    let (first, second) = (answer("a", "Paris"), answer("b", "Paris"));
    assert_eq!(first, answer("a", "Paris"), "the same each time it is read");
    assert!(first[0] != first[1] && first.iter().all(|id| !second.contains(id)));
    assert_ne!(answer("", "Paris"), answer("", "Lyon"));
}

#[test]
fn a_half_character_does_not_end_a_stream() {
    let stream = br#"data: {"candidates":[{"content":{"parts":[{"text":"a\ud83d"}]}}]}

data: {"candidates":[{"content":{"parts":[{"text":"\udc4bb"}]},"finishReason":"STOP"}]}

"#;
    let case =
        Case { kind: "stream".into(), ..cases("stream").into_iter().find(|case| case.wire_name == "gemini").unwrap() };
    let (seen, failure) = crate::streams::read_by(case.wire().unwrap(), &case, &[stream]);
    assert_eq!((seen.text.as_str(), failure), ("a👋b", None));
}
