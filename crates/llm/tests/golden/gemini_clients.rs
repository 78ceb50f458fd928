//! What clients of Google's format send, as their libraries write it.

use domain::ProviderId;
use domain::provider::WireName;
use llm::neutral::{ChatRequest, Extra, Message, Part, ReplayState, ResponseFormat, Role, ToolChoice, ToolResult};
use llm::wire::{self, ClientRequest, Fitting, RequestError, Target, UrlWords, count};
use serde_json::{Value, json};

use crate::manifest::{Case, all_cases, cases, read as fixture};

pub(crate) fn url(stream: bool, alt_sse: bool) -> Option<UrlWords<'static>> {
    Some(UrlWords { model: "models/claude-sonnet-5.5", stream, alt_sse })
}

fn read(body: &[u8]) -> Result<ClientRequest<'_>, RequestError> {
    wire::of_client(WireName::Gemini).unwrap().read(body, url(false, false))
}

pub(crate) fn neutral(body: &Value) -> Result<ChatRequest, RequestError> {
    let body = body.to_string();
    wire::of_client(WireName::Gemini).unwrap().to_neutral(&read(body.as_bytes())?)
}

pub(crate) fn target(provider: ProviderId, model: &str) -> Target<'_> {
    Target { provider, model, origin_host: "example.org", facts: None, api_version: None }
}

/// What an OpenAI-like provider is sent, and what was left out.
pub(crate) fn at_openai(request: &ChatRequest, lenient: bool) -> Result<(Value, Vec<String>), String> {
    let mut fitting = Fitting::new(target(ProviderId::OpenAi, "gpt-4o"), WireName::Gemini, lenient);
    let body = wire::of(WireName::OpenAiChat).unwrap().encode(request, &mut fitting).map_err(|no| no.field)?;
    Ok((serde_json::from_slice(&body).unwrap(), fitting.into_dropped()))
}

/// A second turn with tools, as google-genai sends it.
fn of_the_library() -> Value {
    json!({
        "contents": [
            {"parts": [{"text": "What is the weather in Paris and in Lyon?"}], "role": "user"},
            {"parts": [
                {"text": "Two cities.", "thought": true},
                {"functionCall": {"name": "get_weather", "args": {"city": "Paris"}}, "thoughtSignature": "U0lH"},
                {"functionCall": {"name": "get_weather", "args": {"city": "Lyon"}}},
            ], "role": "model"},
            {"parts": [
                {"functionResponse": {"name": "get_weather", "response": {"output": "rain"}}},
                {"functionResponse": {"name": "get_weather", "response": {"temp_c": 9}}},
            ], "role": "user"},
        ],
        "systemInstruction": {"parts": [{"text": "Be brief."}], "role": "user"},
        "safetySettings": [{"category": "HARM_CATEGORY_HARASSMENT", "threshold": "BLOCK_NONE"}],
        "tools": [{"functionDeclarations": [{
            "name": "get_weather",
            "description": "Weather",
            "parameters": {"type": "OBJECT", "properties": {"city": {"type": "STRING"}}, "required": ["city"]},
        }]}],
        "toolConfig": {"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": ["get_weather"]}},
        "generationConfig": {
            "temperature": 0.2, "topP": 0.9, "topK": 40.0, "maxOutputTokens": 300, "stopSequences": ["END"],
            "candidateCount": 1, "seed": 7, "responseMimeType": "text/plain",
            "thinkingConfig": {"thinkingBudget": 2048, "includeThoughts": true},
        },
    })
}

#[test]
fn a_librarys_request_is_read_whole() {
    let request = neutral(&of_the_library()).unwrap();
    assert_eq!(request.model, "claude-sonnet-5.5");
    assert_eq!((request.max_tokens, request.temperature, request.top_p), (Some(300), Some(0.2), Some(0.9)));
    assert_eq!((request.top_k, request.seed, request.stop.as_slice()), (Some(40), Some(7), &["END".to_owned()][..]));
    assert_eq!((request.thinking_tokens, request.reasoning_effort.as_deref()), (Some(2_048), Some("medium")));
    assert_eq!(request.tool_choice, Some(ToolChoice::Named("get_weather".into())));
    assert_eq!(request.tools[0].parameters.as_ref().unwrap()["properties"]["city"]["type"], "string");
    assert_eq!(request.extras.iter().map(|extra| extra.field.as_str()).collect::<Vec<_>>(), ["safetySettings"]);
    let roles: Vec<Role> = request.messages.iter().map(|message| message.role).collect();
    assert_eq!(roles, [Role::System, Role::User, Role::Assistant, Role::User]);
    let parts = &request.messages[2].parts;
    assert_eq!(parts[0], Part::Reasoning("Two cities.".into()));
    let kept = ReplayState { wire: WireName::Gemini, call_id: Some("call_0".into()), state: "U0lH".into() };
    assert_eq!(parts[1], Part::Replay(kept));
}

#[test]
fn calls_without_ids_meet_their_results_by_name_and_order() {
    let request = neutral(&of_the_library()).unwrap();
    let ids: Vec<&str> = request.messages[2].calls().map(|call| call.id.as_str()).collect();
    assert_eq!(ids, ["call_0", "call_1"]);
    let results = &request.messages[3].parts;
    let expected = |id: &str, text: &str| {
        Part::ToolResult(ToolResult { name: Some("get_weather".into()), ..ToolResult::of_text(id, text) })
    };
    assert_eq!(results.as_slice(), [expected("call_0", "rain"), expected("call_1", "{\"temp_c\":9}")]);
    let orphan = json!({"contents": [{"parts": [{"functionResponse": {"name": "x", "response": {}}}]}]});
    assert_eq!(neutral(&orphan).unwrap_err().param, Some("contents"));
}

#[test]
fn a_librarys_request_reaches_another_provider() {
    let (body, dropped) = at_openai(&neutral(&of_the_library()).unwrap(), false).unwrap();
    assert_eq!(dropped, ["safetySettings"]);
    assert_eq!(body["messages"][0], json!({"role": "system", "content": "Be brief."}));
    assert_eq!(body["messages"][2]["tool_calls"][1]["function"]["arguments"], "{\"city\":\"Lyon\"}");
    assert_eq!(body["messages"][4], json!({"role": "tool", "tool_call_id": "call_1", "content": "{\"temp_c\":9}"}));
    assert_eq!(body["max_completion_tokens"], 300);
}

#[test]
fn what_only_google_has_is_refused_elsewhere_by_its_name() {
    for (change, field) in [
        (json!({"tools": [{"googleSearch": {}}]}), "tools.googleSearch"),
        (json!({"tools": [{"code_execution": {}}]}), "tools.codeExecution"),
        (json!({"cachedContent": "cachedContents/1"}), "cachedContent"),
        (json!({"generationConfig": {"candidateCount": 2}}), "generationConfig.candidateCount"),
        (json!({"generationConfig": {"responseModalities": ["IMAGE"]}}), "generationConfig.responseModalities"),
        (json!({"generationConfig": {"responseMimeType": "text/x.enum"}}), "generationConfig.responseMimeType"),
    ] {
        let mut body = json!({"contents": [{"parts": [{"text": "x"}]}]});
        body.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let request = neutral(&body).unwrap();
        assert_eq!(at_openai(&request, false).unwrap_err(), field);
        assert_eq!(at_openai(&request, true).unwrap().1, [field]);
    }
}

#[test]
fn both_spellings_are_read_and_never_both_at_once() {
    let snake = json!({
        "contents": [{"role": "user", "parts": [{"inline_data": {"mime_type": "image/png", "data": "AAAA"}}]}],
        "system_instruction": {"parts": [{"text": "Hi"}]},
        "generation_config": {"max_output_tokens": 9, "response_mime_type": "application/json"},
    });
    let request = neutral(&snake).unwrap();
    assert_eq!(request.max_tokens, Some(9));
    assert_eq!(request.response_format, Some(ResponseFormat::JsonObject));
    assert_eq!(request.messages[0].text(), "Hi");
    let image = Part::Image { url: "data:image/png;base64,AAAA".into(), detail: None };
    assert_eq!(request.messages[1], Message { role: Role::User, parts: vec![image] });
    for twice in [
        r#"{"contents":[{}],"generationConfig":{},"generation_config":{}}"#,
        r#"{"contents":[{}],"contents":[{}]}"#,
        r#"{"contents":[{}],"generationConfig":{"topK":1,"topK":2}}"#,
        r#"{"contents":[{}],"generation_config":{"topK":1,"topK":2}}"#,
        r#"{"contents":[{}],"generationConfig":{"maxOutputTokens":1,"max_output_tokens":2}}"#,
    ] {
        let problem = read(twice.as_bytes()).unwrap_err();
        assert!(problem.message.contains("twice"), "{twice}: {problem}");
    }
}

#[test]
fn malformed_bodies_are_refused_by_field() {
    for (body, param) in [
        ("{}", Some("contents")),
        (r#"{"contents":[]}"#, Some("contents")),
        (r#"{"contents":"x"}"#, Some("contents")),
        (r#"{"contents":[{}],"generationConfig":[]}"#, Some("generationConfig")),
        (r#"{"contents":[{}],"generationConfig":{"maxOutputTokens":0}}"#, Some("generationConfig.maxOutputTokens")),
        ("[", None),
    ] {
        assert_eq!(read(body.as_bytes()).unwrap_err().param, param, "{body}");
    }
    let client = wire::of_client(WireName::Gemini).unwrap();
    assert_eq!(client.read(b"{\"contents\":[{}]}", None).unwrap_err().param, Some("model"));
    for (bad, param) in [
        (json!({"contents": [{"role": "assistant", "parts": []}]}), "contents"),
        (json!({"contents": [{"parts": [{"holograph": 1}]}]}), "contents"),
        (json!({"contents": [{"parts": [{"functionCall": {}}]}]}), "contents"),
        (json!({"contents": [{}], "tools": [{"functionDeclarations": [{}]}]}), "tools"),
        (json!({"contents": [{}], "tools": [7]}), "tools"),
    ] {
        assert_eq!(neutral(&bad).unwrap_err().param, Some(param), "{bad}");
    }
}

#[test]
fn the_same_wire_changes_nothing() {
    let client = wire::of_client(WireName::Gemini).unwrap();
    for case in cases("request").into_iter().filter(|case| case.wire_name == "gemini") {
        let body = case.body();
        let request = read(&body).unwrap();
        let prepared = client
            .prepare(&request, &bytes::Bytes::new(), &target(ProviderId::Google, "gemini-3.8-flash"), false)
            .unwrap();
        assert_eq!(prepared.body(), body, "{}", case.file);
        assert_eq!(prepared.dropped, Vec::<String>::new());
    }
    let odd = br#"{"model":"models/x","contents":[{}], "brandNew" : 1e400}"#;
    let request = read(odd).unwrap();
    let prepared =
        client.prepare(&request, &bytes::Bytes::new(), &target(ProviderId::Google, "gemini-3.8-flash"), false).unwrap();
    assert_eq!(prepared.body(), &br#"{"model":"models/gemini-3.8-flash","contents":[{}], "brandNew" : 1e400}"#[..]);
}

#[test]
fn a_limit_of_ours_finds_its_place() {
    let client = wire::of_client(WireName::Gemini).unwrap();
    for (body, expected) in [
        (r#"{"contents":[{}]}"#, r#"{"contents":[{}],"generationConfig":{"maxOutputTokens":77}}"#),
        (
            r#"{"generation_config":{"topK": 1,"max_output_tokens":null},"contents":[{}]}"#,
            r#"{"generation_config":{"topK": 1,"maxOutputTokens":77},"contents":[{}]}"#,
        ),
        (
            r#"{"contents":[{}],"generationConfig":{"maxOutputTokens":5}}"#,
            r#"{"contents":[{}],"generationConfig":{"maxOutputTokens":5}}"#,
        ),
    ] {
        let mut request = read(body.as_bytes()).unwrap();
        request.limit_to(Some(77));
        let prepared = client.prepare(&request, &bytes::Bytes::new(), &target(ProviderId::Google, "m"), false).unwrap();
        assert_eq!(prepared.body(), expected.as_bytes());
    }
}

#[test]
fn what_has_to_be_known_is_read() {
    let client = wire::of_client(WireName::Gemini).unwrap();
    let body = of_the_library().to_string();
    let request = client.read(body.as_bytes(), url(true, false)).unwrap();
    assert!(request.stream && request.wants_array && request.has_tools());
    assert_eq!((&*request.model, request.max_tokens), ("claude-sonnet-5.5", Some(300)));
    assert!((400..700).contains(&request.prompt_characters), "{}", request.prompt_characters);
    assert!(!client.read(body.as_bytes(), url(true, true)).unwrap().wants_array);
    assert!(!client.read(body.as_bytes(), url(false, false)).unwrap().wants_array);
}

/// What Google is sent for a client of another format is what a client of its
/// own may send, and means the same.
#[test]
fn what_is_written_for_google_reads_the_same() {
    let written = |request: &ChatRequest| -> Value {
        let mut fitting = Fitting::new(target(ProviderId::Google, "gemini-3.8-flash"), WireName::OpenAiChat, true);
        let body = wire::of(WireName::Gemini).unwrap().encode(request, &mut fitting).unwrap();
        serde_json::from_slice(&body).unwrap()
    };
    let of_makers = |case: &Case| matches!(case.provider, ProviderId::OpenAi | ProviderId::Google);
    for case in cases("request").into_iter().filter(|case| of_makers(case) && case.client_wire().is_some()) {
        let body = case.body();
        let client = case.client_wire().unwrap();
        let original = client.to_neutral(&client.read(&body, url(false, false)).unwrap()).unwrap();
        let once = written(&original);
        let again = written(&neutral(&once).unwrap());
        assert_eq!(again, once, "{}", case.file);
    }
}

#[test]
fn tokens_are_counted_by_google_and_told_in_the_clients_words() {
    let file = "gemini-generateContent/count-tokens.response.json";
    let case = all_cases("response").into_iter().find(|case| case.file == file).unwrap();
    let counted = count::counted(WireName::Gemini, &case.body());
    assert_eq!(counted, case.expect["prompt_tokens"].as_u64());
    assert_eq!(count::answer(WireName::Gemini, 9), &b"{\"totalTokens\":9}"[..]);
    for nonsense in ["{}", "[", r#"{"totalTokens":-1}"#, r#"{"totalTokens":99999999999}"#] {
        assert_eq!(count::counted(WireName::Gemini, nonsense.as_bytes()), None);
    }

    let client = wire::of_client(WireName::OpenAiChat).unwrap();
    let body = fixture("openai-chat/text.request.json");
    let request = client.to_neutral(&client.read(&body, None).unwrap()).unwrap();
    let mut fitting = Fitting::new(target(ProviderId::Google, "gemini-3.8-flash"), WireName::OpenAiChat, false);
    let call = count::call(WireName::Gemini, &request, &mut fitting).unwrap().unwrap();
    assert_eq!(call.path, "/v1beta/models/gemini-3.8-flash:countTokens");
    let inner: Value = serde_json::from_slice(&call.body).unwrap();
    let inner = &inner["generateContentRequest"];
    assert_eq!(inner["model"], "models/gemini-3.8-flash");
    assert!(inner["contents"].is_array());
    assert!(count::estimated(&request) > 0);
}

#[test]
fn a_clients_question_for_a_count_is_read_in_both_forms() {
    for body in [
        r#"{"contents":[{"parts":[{"text":"Say hello."}]}]}"#,
        r#"{"generateContentRequest":{"model":"models/x","contents":[{"parts":[{"text":"Say hello."}]}]}}"#,
    ] {
        let request = count::read(WireName::Gemini, body.as_bytes(), url(false, false)).unwrap().unwrap();
        assert_eq!((&*request.model, request.prompt_characters), ("claude-sonnet-5.5", 10));
        let neutral = count::to_neutral(WireName::Gemini, &request).unwrap().unwrap();
        assert_eq!(neutral.messages[0].text(), "Say hello.");
        assert_eq!(neutral.extras, Vec::<Extra>::new());
        let fitting = Fitting::new(target(ProviderId::Google, "gemini-3.8-flash"), WireName::Gemini, false);
        let call = count::prepare(WireName::Gemini, &request, &fitting).unwrap();
        assert_eq!(call.body, body.replace("models/x", "models/gemini-3.8-flash").as_bytes());
    }
}
