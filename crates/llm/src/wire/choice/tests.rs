//! Which wire is called, as a table.

use super::*;
use crate::wire::{of_client, openai_chat};
use ProviderId::{Azure, Custom, Groq, OpenAi};
use WireName::{AnthropicMessages, Gemini, OpenAiChat as Chat, OpenAiResponses as Responses};

fn chosen(at: (ProviderId, &str, &str), client: WireName, functions: bool, effort: Option<&str>) -> WireName {
    let (provider, origin_host, model) = at;
    let target = Target { provider, model, origin_host, facts: None, api_version: None };
    upstream_wire(&target, client, Asked { has_functions: functions, effort })
}

#[test]
fn the_wire_follows_from_model_host_and_request() {
    let openai = |model| (OpenAi, "api.openai.com", model);
    let azure = |model| (Azure, "acme.openai.azure.com", model);
    let foundry = |model| (Azure, "acme.services.ai.azure.com", model);
    for (at, client, functions, effort, expected) in [
        // The client's own, where nothing is against it.
        (openai("gpt-4o"), Chat, true, None, Chat),
        (openai("gpt-4o"), Responses, true, None, Responses),
        (openai("gpt-4o"), AnthropicMessages, true, None, Chat),
        (openai("gpt-5.3"), Chat, true, Some("high"), Chat),
        (openai("o3"), Chat, true, Some("high"), Chat),
        // Functions while it thinks.
        (openai("gpt-5.4"), Chat, true, Some("high"), Responses),
        (openai("gpt-5.4"), Chat, true, None, Responses),
        (openai("gpt-5.4"), Chat, true, Some("none"), Chat),
        (openai("gpt-5.4"), Chat, false, Some("high"), Chat),
        (openai("gpt-6.1-sol"), AnthropicMessages, true, None, Responses),
        (openai("gpt-6.1-sol"), Gemini, false, None, Chat),
        (openai("gpt-6.1-sol"), Responses, true, None, Responses),
        (openai("ft:gpt-5.4-mini:acme::x"), Chat, true, None, Responses),
        // Models that are only there.
        (openai("gpt-5.5-pro"), Chat, false, None, Responses),
        (openai("gpt-5.5-pro-2026-04-01"), Chat, false, Some("none"), Responses),
        (openai("gpt-5.3-codex"), Chat, false, None, Responses),
        (openai("codex-mini-latest"), AnthropicMessages, false, None, Responses),
        (openai("o4-mini-deep-research"), Chat, false, None, Responses),
        // Regions of OpenAI, and what only looks like it.
        ((OpenAi, "eu.api.openai.com", "gpt-5.4"), Chat, true, None, Responses),
        ((OpenAi, "api.openai.com:443", "gpt-5.4"), Chat, true, None, Responses),
        ((OpenAi, "fakeapi.openai.com", "gpt-5.4"), Chat, true, None, Chat),
        ((OpenAi, "127.0.0.1:4000", "gpt-5.5-pro"), Chat, true, None, Chat),
        ((Custom, "api.openai.com", "gpt-5.4"), Chat, true, None, Chat),
        ((Groq, "api.groq.com", "openai/gpt-oss-120b"), Responses, true, None, Chat),
        // Azure has the rule, too; its Foundry has it later.
        (azure("gpt-5.4"), Chat, true, None, Responses),
        (azure("my-deployment"), Chat, true, None, Chat),
        (foundry("gpt-5.5"), Chat, true, Some("high"), Chat),
        (foundry("gpt-5.6-sol"), Chat, true, Some("high"), Responses),
        (foundry("gpt-5.6-sol"), Chat, true, None, Chat),
        (foundry("gpt-6-luna"), Chat, true, None, Responses),
    ] {
        assert_eq!(chosen(at, client, functions, effort), expected, "{at:?} {client:?} {functions} {effort:?}");
    }
}

#[test]
fn what_is_known_of_a_model_goes_before_its_id() {
    let facts = |wires: &[WireName]| {
        let mut facts = openai::bare_facts("my-deployment");
        facts.wires = wires.to_vec();
        facts
    };
    for (wires, expected) in [(&[Responses][..], Responses), (&[Chat, Responses], Chat), (&[], Chat)] {
        let facts = facts(wires);
        let target = Target {
            provider: Azure,
            model: "my-deployment",
            origin_host: "acme.openai.azure.com",
            facts: Some(&facts),
            api_version: None,
        };
        assert_eq!(upstream_wire(&target, Chat, Asked::default()), expected, "{wires:?}");
    }
}

#[test]
fn a_body_passes_only_as_what_it_is() {
    for (client, upstream, body, expected) in [
        (Chat, Chat, r#"{"model":"m","messages":[{}]}"#, true),
        (Chat, Chat, r#"{"model":"m","input":"a"}"#, false),
        (Chat, Responses, r#"{"model":"m","messages":[{}]}"#, false),
        (Responses, Responses, r#"{"model":"m","input":"a"}"#, true),
    ] {
        let request = of_client(client).unwrap().read(body.as_bytes(), None).unwrap();
        assert_eq!(passes(client, upstream, &request), expected, "{body}");
    }
}

#[test]
fn bodies_tell_what_they_ask_for() {
    for (client, body, functions, effort) in [
        (Chat, r#"{"model":"m","messages":[{}],"tools":[{"type":"function","function":{}}]}"#, true, None),
        (
            Chat,
            r#"{"model":"m","messages":[{}],"tools":[{"type":"custom"}],"reasoning_effort":"low"}"#,
            false,
            Some("low"),
        ),
        (Chat, r#"{"model":"m","messages":[{}],"tools":null,"reasoning_effort":null}"#, false, None),
        (Responses, r#"{"model":"m","input":"a","reasoning":{"summary":"auto","effort":"high"}}"#, false, Some("high")),
        (Responses, r#"{"model":"m","input":"a","tools":[{"type":"web_search"},{"type":"function"}]}"#, true, None),
    ] {
        let request = of_client(client).unwrap().read(body.as_bytes(), None).unwrap();
        assert_eq!(asked(client, &request), Asked { has_functions: functions, effort }, "{body}");
    }
}

#[test]
fn a_chat_keeps_to_what_its_model_takes() {
    for (host, model, body, expected) in [
        (
            "api.openai.com",
            "gpt-5",
            r#"{"model":"m","messages":[{}],"max_tokens":9}"#,
            Ok(r#"{"model":"gpt-5","messages":[{}],"max_completion_tokens":9}"#),
        ),
        (
            "api.openai.com",
            "gpt-4o",
            r#"{"model":"m","messages":[{}],"max_tokens":9}"#,
            Ok(r#"{"model":"gpt-4o","messages":[{}],"max_tokens":9}"#),
        ),
        ("api.openai.com", "gpt-5", r#"{"model":"m","messages":[{}],"temperature":0}"#, Err("temperature")),
        (
            "api.openai.com",
            "gpt-5",
            r#"{"model":"m","messages":[{}],"temperature":1}"#,
            Ok(r#"{"model":"gpt-5","messages":[{}]}"#),
        ),
        (
            "api.openai.com",
            "gpt-5.4",
            r#"{"model":"m","messages":[{}],"temperature":0,"reasoning_effort":"none"}"#,
            Ok(r#"{"model":"gpt-5.4","messages":[{}],"temperature":0,"reasoning_effort":"none"}"#),
        ),
        (
            "127.0.0.1:4000",
            "gpt-5",
            r#"{"model":"m","messages":[{}],"temperature":0,"stop":"x"}"#,
            Ok(r#"{"model":"gpt-5","messages":[{}],"temperature":0,"stop":"x"}"#),
        ),
    ] {
        let request = openai_chat::request::read(body.as_bytes()).unwrap();
        let target = Target { provider: OpenAi, model, origin_host: host, facts: None, api_version: None };
        let prepared = openai_chat::request::prepare(&request, &bytes::Bytes::new(), &target, false);
        let written = prepared.map(|prepared| String::from_utf8(prepared.body().to_vec()).unwrap());
        assert_eq!(written.as_deref().map_err(|refusal| refusal.field.as_str()), expected, "{model} {body}");
    }
}
