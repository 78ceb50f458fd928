//! Requests: from a client's body to each provider's dialect.

use domain::ProviderId;
use domain::provider::WireName;
use llm::neutral::ChatRequest;
use llm::parameters::Unsupported;
use llm::wire::openai_chat::{encode, neutral_request, request};
use llm::wire::{Fitting, Target, openai_chat::request::prepare};
use serde_json::Value;

use crate::manifest::{Case, chat_cases, read};

fn neutral(file: &str) -> ChatRequest {
    let body = read(file);
    let client = request::read(&body).unwrap();
    let neutral = neutral_request::read(&client).unwrap();
    assert_eq!(neutral.extras, Vec::new(), "{file}");
    neutral
}

fn encoded(neutral: &ChatRequest, provider: ProviderId, model: &str) -> Result<Value, Unsupported> {
    let target = Target { provider, model, origin_host: "example.org", facts: None, api_version: None };
    encode::encode(neutral, &mut Fitting::new(target, WireName::OpenAiChat, false))
        .map(|body| serde_json::from_slice(&body).unwrap())
}

fn json(case: &Case) -> Value {
    serde_json::from_slice(&case.body()).unwrap()
}

fn requests() -> impl Iterator<Item = Case> {
    chat_cases("request")
        .into_iter()
        .filter(|case| !matches!(case.provider, ProviderId::Azure | ProviderId::HuggingFace))
}

#[test]
fn a_request_that_stays_with_openai_comes_back_the_same() {
    for case in requests().filter(|case| case.provider == ProviderId::OpenAi) {
        let mut expected = json(&case);
        // True is the default, and left out.
        if expected["parallel_tool_calls"] == true {
            expected.as_object_mut().unwrap().remove("parallel_tool_calls");
        }
        let model = expected["model"].as_str().unwrap().to_owned();
        assert_eq!(encoded(&neutral(&case.file), case.provider, &model).unwrap(), expected, "{}", case.file);
    }
}

#[test]
fn requests_are_written_in_each_providers_dialect() {
    for case in requests() {
        let Some(source) = &case.maps_from else { continue };
        let mut neutral = neutral(source);
        let mut expected = json(&case);
        let model = expected["model"].as_str().unwrap().to_owned();
        if case.provider == ProviderId::XAi {
            // Refused, not dropped: the answer would go on beyond the stop.
            let refusal = encoded(&neutral, case.provider, &model).unwrap_err();
            assert_eq!(refusal.field, "stop");
            neutral.stop.clear();
        }
        // The fixtures show defaults of a gateway; ours come from the caller.
        neutral.max_tokens = neutral.max_tokens.or(expected["max_tokens"].as_u64());
        let mut written = encoded(&neutral, case.provider, &model).unwrap();
        if case.provider == ProviderId::Mistral {
            for body in [&mut expected, &mut written] {
                number_call_ids(body);
            }
        }
        assert_eq!(written, expected, "{}", case.file);
    }
}

/// Replaces call ids by their order, after a look at their form.
fn number_call_ids(body: &mut Value) {
    let text = body.to_string();
    let mut ids = Vec::new();
    for message in body["messages"].as_array().unwrap() {
        for call in message["tool_calls"].as_array().into_iter().flatten() {
            let id = call["id"].as_str().unwrap();
            assert!(id.len() == 9 && id.chars().all(|c| c.is_ascii_alphanumeric()), "{id}");
            ids.push(id.to_owned());
        }
    }
    let numbered = ids.iter().enumerate().fold(text, |text, (n, id)| text.replace(id, &format!("call {n}")));
    *body = serde_json::from_str(&numbered).unwrap();
}

#[test]
fn the_same_wire_changes_nothing_but_the_model() {
    for case in requests().filter(|case| case.provider == ProviderId::OpenAi) {
        let body = case.body();
        let client = request::read(&body).unwrap();
        let target = Target {
            provider: ProviderId::OpenAi,
            model: "another-model",
            origin_host: "api.openai.com",
            facts: None,
            api_version: None,
        };
        let prepared = prepare(&client, &bytes::Bytes::new(), &target, false).unwrap();
        let expected = String::from_utf8(body.clone()).unwrap().replacen(&*client.model, "another-model", 1);
        assert_eq!(prepared.body(), expected.as_bytes(), "{}", case.file);
        assert_eq!(prepared.dropped, Vec::<String>::new());
    }
}
