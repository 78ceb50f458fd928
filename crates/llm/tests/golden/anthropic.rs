//! What clients of Anthropic's format send, and what they get.

use domain::ProviderId;
use domain::provider::WireName;
use llm::catalogue::Catalogue;
use llm::neutral::{
    CacheBreak, ChatRequest, Part, ReplayState, ResponseFormat, Role, ToolCall, ToolChoice, ToolResult,
};
use llm::wire::{self, Fitting, Target, count};
use serde_json::{Value, json};

use crate::manifest::{cases, read};

const WIRE: WireName = WireName::AnthropicMessages;

fn written(request: &ChatRequest, model: &str) -> Value {
    let facts = Catalogue::builtin().get(ProviderId::Anthropic, model);
    let target =
        Target { provider: ProviderId::Anthropic, model, origin_host: "api.anthropic.com", facts, api_version: None };
    let body = wire::of(WIRE).unwrap().encode(request, &mut Fitting::new(target, WIRE, false)).unwrap();
    serde_json::from_slice(&body).unwrap()
}

fn of_anthropic(body: &[u8]) -> ChatRequest {
    let client = wire::of_client(WireName::AnthropicMessages).unwrap();
    client.to_neutral(&client.read(body, None).unwrap()).unwrap()
}

#[test]
fn what_anthropics_clients_send_comes_back_the_same() {
    let mut seen = 0;
    for case in cases("request").into_iter().filter(|case| case.provider == ProviderId::Anthropic) {
        let expected: Value = serde_json::from_slice(&case.body()).unwrap();
        let request = of_anthropic(&case.body());
        assert_eq!(request.extras, Vec::new(), "{}", case.file);
        let model = expected["model"].as_str().unwrap();
        let mut expected_again = expected.clone();
        if let Some(object) = expected_again.as_object_mut() {
            // Without a number to count with, adaptive is what the model does
            // anyway, and is said again only with an effort.
            if expected["thinking"]["type"] == "adaptive" && expected["output_config"].get("effort").is_none() {
                object.remove("thinking");
            }
        }
        assert_eq!(written(&request, model), expected_again, "{}", case.file);
        seen += 1;
    }
    assert_eq!(seen, 12);
}

/// What Claude Code sends, shortened.
fn of_claude_code() -> Value {
    json!({
        "model": "claude-sonnet-5-5",
        "max_tokens": 32_000,
        "stream": true,
        "metadata": {"user_id": "user_0_account__session_1"},
        "thinking": {"type": "enabled", "budget_tokens": 31_999},
        "context_management": {"edits": [{"type": "clear_thinking_20251015", "keep": "all"}]},
        "system": [
            {"type": "text", "text": "You are a tool."},
            {"type": "text", "text": "Be exact.", "cache_control": {"type": "ephemeral", "ttl": "1h"}},
        ],
        "tools": [
            {"name": "Bash", "description": "Runs.", "input_schema": {"type": "object"}, "eager_input_streaming": true},
            {"name": "Read", "input_schema": {"type": "object"}, "cache_control": {"type": "ephemeral"}},
        ],
        "messages": [
            {"role": "user", "content": [{"type": "text", "text": "Look."}]},
            {"role": "assistant", "content": [
                {"type": "thinking", "thinking": "Hm.", "signature": "EqQBFAKE=="},
                {"type": "redacted_thinking", "data": "EroBFAKE=="},
                {"type": "text", "text": "Looking."},
                {"type": "tool_use", "id": "toolu_1", "name": "Read", "input": {"path": "a.png"}},
                {"type": "thinking", "thinking": "Not signed.", "signature": ""},
                {"type": "tool_use", "id": "toolu_2", "name": "Bash", "input": {}},
            ]},
            {"role": "user", "content": [
                {"type": "tool_result", "tool_use_id": "toolu_1", "content": [
                    {"type": "text", "text": "A picture."},
                    {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"}},
                ]},
                {"type": "tool_result", "tool_use_id": "toolu_2", "content": "denied", "is_error": true,
                 "cache_control": {"type": "ephemeral"}},
                {"type": "text", "text": "Go on."},
            ]},
        ],
    })
}

#[test]
fn claude_codes_requests_are_read() {
    let request = of_anthropic(of_claude_code().to_string().as_bytes());
    assert_eq!((request.max_tokens, request.stream, request.thinking_tokens), (Some(32_000), true, Some(31_999)));
    assert_eq!(request.user.as_deref(), Some("user_0_account__session_1"));
    let hour = Part::CacheBreak(CacheBreak { ttl: Some("1h".into()) });
    let text = |text: &str| Part::Text(text.into());
    assert_eq!(request.messages[0].role, Role::System);
    assert_eq!(request.messages[0].parts, [text("You are a tool."), text("Be exact."), hour]);
    assert_eq!(request.tools[1].cache, Some(CacheBreak::default()));
    let state = |block: Value| {
        let (wire, call_id) = (WireName::AnthropicMessages, Some("toolu_1".to_owned()));
        Part::Replay(ReplayState { wire, call_id, state: block })
    };
    let call = |id: &str, name: &str, arguments: &str| {
        Part::ToolCall(ToolCall { id: id.into(), name: name.into(), arguments: arguments.into() })
    };
    assert_eq!(
        request.messages[2].parts,
        [
            Part::Reasoning("Hm.".into()),
            state(json!({"type": "thinking", "thinking": "Hm.", "signature": "EqQBFAKE=="})),
            state(json!({"type": "redacted_thinking", "data": "EroBFAKE=="})),
            text("Looking."),
            call("toolu_1", "Read", "{\"path\":\"a.png\"}"),
            Part::Reasoning("Not signed.".into()),
            call("toolu_2", "Bash", "{}"),
        ]
    );
    let picture = Part::Image { url: "data:image/png;base64,AAAA".into(), detail: None };
    let first = ToolResult { parts: vec![text("A picture."), picture], ..ToolResult::of_text("toolu_1", "") };
    let second = ToolResult { is_error: true, ..ToolResult::of_text("toolu_2", "denied") };
    assert_eq!(
        request.messages[3].parts,
        [Part::ToolResult(first), Part::ToolResult(second), Part::CacheBreak(CacheBreak::default()), text("Go on.")]
    );
    // For a model of somebody else nothing stands in the way, and what was left
    // out is told.
    let target = Target {
        provider: ProviderId::OpenAi,
        model: "gpt",
        origin_host: "api.openai.com",
        facts: None,
        api_version: None,
    };
    let mut fitting = Fitting::new(target, WireName::AnthropicMessages, false);
    wire::of(WireName::OpenAiChat).unwrap().encode(&request, &mut fitting).unwrap();
    assert_eq!(fitting.into_dropped(), ["context_management"]);
}

#[test]
fn what_only_anthropic_can_do_is_named() {
    for (field, value, expected) in [
        ("tools", json!([{"type": "web_search_20250305", "name": "web_search"}]), "tools.web_search_20250305"),
        ("mcp_servers", json!([{"type": "url"}]), "mcp_servers"),
        ("output_config", json!({"task_budget": {"total": 1}}), "output_config.task_budget"),
        ("inference_geo", json!("us"), "inference_geo"),
        (
            "messages",
            json!([{"role": "assistant", "content": [{"type": "server_tool_use", "id": "s", "name": "web_search"}]}]),
            "messages.server_tool_use",
        ),
    ] {
        let mut body = json!({"model": "m", "max_tokens": 1, "messages": [{"role": "user", "content": "x"}]});
        body[field] = value;
        let request = of_anthropic(body.to_string().as_bytes());
        assert_eq!(request.extras.iter().map(|extra| extra.field.as_str()).collect::<Vec<_>>(), [expected]);
        let target = Target {
            provider: ProviderId::OpenAi,
            model: "gpt",
            origin_host: "api.openai.com",
            facts: None,
            api_version: None,
        };
        let mut fitting = Fitting::new(target, WireName::AnthropicMessages, false);
        let refusal = wire::of(WireName::OpenAiChat).unwrap().encode(&request, &mut fitting).unwrap_err();
        assert_eq!(refusal.field, expected);
    }
}

#[test]
fn clients_words_have_their_neutral_ones() {
    let read = |more: Value| {
        let mut body = json!({"model": "m", "max_tokens": 1, "messages": [{"role": "user", "content": "x"}]});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        of_anthropic(body.to_string().as_bytes())
    };
    let request = read(json!({"tool_choice": {"type": "any", "disable_parallel_tool_use": true}}));
    assert_eq!((request.tool_choice, request.parallel_tool_calls), (Some(ToolChoice::Required), Some(false)));
    let request = read(json!({"thinking": {"type": "disabled"}, "output_config": {"effort": "high"}}));
    assert_eq!(request.reasoning_effort.as_deref(), Some("none"));
    let request = read(json!({"thinking": {"type": "adaptive"}, "output_config": {"effort": "high"}}));
    assert_eq!((request.reasoning_effort.as_deref(), request.thinking_tokens), (Some("high"), None));
    let request = read(json!({"output_format": {"type": "json_schema", "schema": {"type": "object"}}}));
    assert!(matches!(request.response_format, Some(ResponseFormat::JsonSchema { strict: Some(true), .. })));
    for wrong in [
        json!({"messages": [{"role": "tool", "content": "x"}]}),
        json!({"messages": [{"role": "user", "content": 7}]}),
        json!({"messages": [{"role": "user", "content": [{"type": "image"}]}]}),
        json!({"tools": [{"input_schema": {}}]}),
        json!({"tool_choice": {"type": "tool"}}),
        json!({"system": 7}),
    ] {
        let mut body = json!({"model": "m", "max_tokens": 1, "messages": [{"role": "user", "content": "x"}]});
        body.as_object_mut().unwrap().extend(wrong.as_object().unwrap().clone());
        let (client, body) = (wire::of_client(WireName::AnthropicMessages).unwrap(), body.to_string());
        assert!(client.to_neutral(&client.read(body.as_bytes(), None).unwrap()).is_err(), "{wrong}");
    }
}

#[test]
fn not_thinking_is_not_said_to_a_model_that_never_thinks() {
    let request = ChatRequest { reasoning_effort: Some("none".into()), ..ChatRequest::default() };
    for (model, said) in [("gpt-4o-mini", None), ("gpt-unheard-of", Some("none"))] {
        let facts = Catalogue::builtin().get(ProviderId::OpenAi, model);
        let target =
            Target { provider: ProviderId::OpenAi, model, origin_host: "api.openai.com", facts, api_version: None };
        let body = wire::of(WireName::OpenAiChat).unwrap().encode(&request, &mut Fitting::new(target, WIRE, false));
        let body: Value = serde_json::from_slice(&body.unwrap()).unwrap();
        assert_eq!(body["reasoning_effort"].as_str(), said, "{model}");
    }
}

#[test]
fn tokens_are_counted_by_anthropic_or_estimated() {
    let question = json!({"model": "claude", "system": "Be.", "messages": [{"role": "user", "content": "12345"}]});
    let question = question.to_string();
    let request = count::read(WIRE, question.as_bytes(), None).unwrap().unwrap();
    let target = Target {
        provider: ProviderId::Anthropic,
        model: "claude-sonnet-5-5",
        origin_host: "api.anthropic.com",
        facts: None,
        api_version: None,
    };
    let mut fitting = Fitting::new(target, WIRE, false);
    let same = count::prepare(WIRE, &request, &fitting).unwrap();
    assert_eq!(same.path, "/v1/messages/count_tokens");
    assert_eq!(same.body, question.replace("\"claude\"", "\"claude-sonnet-5-5\"").as_bytes());

    let mut neutral = count::to_neutral(WIRE, &request).unwrap().unwrap();
    (neutral.stream, neutral.temperature, neutral.stop) = (true, Some(0.5), vec!["END".into()]);
    let call = count::call(WIRE, &neutral, &mut fitting).unwrap().unwrap();
    let asked: Value = serde_json::from_slice(&call.body).unwrap();
    assert_eq!(asked, serde_json::from_slice::<Value>(&same.body).unwrap());

    assert_eq!(count::counted(WIRE, &read("anthropic-messages/count-tokens.response.json")), Some(16));
    assert_eq!(count::counted(WIRE, b"{\"input_tokens\":-1}"), None);
    assert_eq!(count::counted(WIRE, b"{\"type\":\"error\"}"), None);
    assert_eq!(count::answer(WIRE, 2), "{\"input_tokens\":2}");
    assert_eq!(count::estimated(&neutral), 2);
}
