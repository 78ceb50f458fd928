//! Requests to Azure: OpenAI's, at paths of its own.

use domain::ProviderId;
use domain::provider::WireName;
use llm::wire::choice::{Asked, upstream_wire};
use llm::wire::{self, Fitting, Target};
use serde_json::Value;

use crate::manifest::{cases, read};

#[test]
fn chat_requests_become_azures_fixtures() {
    let mut styles = 0;
    for case in cases("request").into_iter().filter(|case| case.provider == ProviderId::Azure) {
        styles += 1;
        let expected_path = case.path.as_deref().unwrap();
        let api_version = expected_path.split_once("api-version=").map(|(_, version)| version);
        let mut expected: Value = serde_json::from_slice(&case.body()).unwrap();
        // The dated style has the deployment in its path, and ignores the body's.
        let in_path = expected_path.strip_prefix("/openai/deployments/").and_then(|rest| rest.split('/').next());
        let model = in_path.or(expected["model"].as_str()).unwrap().to_owned();
        expected["model"] = model.clone().into();
        let target = Target {
            provider: ProviderId::Azure,
            model: &model,
            origin_host: "acme.openai.azure.com",
            facts: None,
            api_version,
        };
        assert_eq!(upstream_wire(&target, WireName::OpenAiChat, Asked::default()), WireName::OpenAiChat);
        let chat = wire::of(WireName::OpenAiChat).unwrap();
        assert_eq!(chat.path(&target, false), expected_path, "{}", case.file);
        let client = wire::of_client(WireName::OpenAiChat).unwrap();
        let source = read(case.maps_from.as_deref().unwrap());
        let request = client.read(&source, None).unwrap();
        let prepared = client.prepare(&request, &bytes::Bytes::new(), &target, false).unwrap().body();
        let neutral = client.to_neutral(&request).unwrap();
        let written = chat.encode(&neutral, &mut Fitting::new(target, WireName::OpenAiChat, false)).unwrap();
        for body in [prepared, written] {
            assert_eq!(serde_json::from_slice::<Value>(&body).unwrap(), expected, "{}", case.file);
        }
    }
    assert_eq!(styles, 2);
}

#[test]
fn dialects_of_chat_stay_chats_whatever_they_ask_for() {
    for case in cases("request").into_iter().filter(|case| case.file.starts_with("variants/")) {
        let target = Target {
            provider: case.provider,
            model: "gpt-6-sol",
            origin_host: "api.openai.com",
            facts: None,
            api_version: None,
        };
        let asked = Asked { has_functions: true, effort: Some("high") };
        assert_eq!(upstream_wire(&target, WireName::OpenAiChat, asked), WireName::OpenAiChat, "{}", case.file);
    }
}
