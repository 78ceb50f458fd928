//! A chat completion as one JSON body, field by field as OpenAI orders them.

use bytes::Bytes;

use crate::conversation::{Finish, Said};
use crate::generation::{Scene, quoted};
use crate::wire::House;

use super::Ids;

/// The body; `usage` is the object as it is told, none to leave it out.
pub(crate) fn render(ids: &Ids<'_>, scene: &Scene, house: House, usage: Option<&str>) -> Bytes {
    let said = &scene.said;
    let content = match (house, said.thought.is_empty(), said.calls.is_empty()) {
        (House::Mistral, false, _) => format!("[{}{}]", mistral_thought(&said.thought.concat()), mistral_text(said)),
        (_, _, true) => quoted(&said.text.concat()),
        _ => "null".to_owned(),
    };
    let reasoning = match reasoning_field(house) {
        Some(field) if !said.thought.is_empty() => format!(r#","{field}":{}"#, quoted(&said.thought.concat())),
        _ => String::new(),
    };
    let calls = calls(ids, said);
    let message =
        format!(r#"{{"role":"assistant","content":{content},"refusal":null,"annotations":[]{reasoning}{calls}}}"#);
    let finish = finish(&said.finish);
    let choice =
        |index: usize| format!(r#"{{"index":{index},"message":{message},"logprobs":null,"finish_reason":"{finish}"}}"#);
    let choices: Vec<String> = (0..scene.choices).map(choice).collect();
    let usage = usage.map(|usage| format!(r#","usage":{usage}"#)).unwrap_or_default();
    Bytes::from(format!(
        r#"{{"id":"{}","object":"chat.completion","created":{},"model":{},"choices":[{}]{usage},"service_tier":"default","system_fingerprint":"{}"}}"#,
        ids.answer(),
        Ids::CREATED,
        quoted(ids.model),
        choices.join(","),
        Ids::FINGERPRINT,
    ))
}

fn calls(ids: &Ids<'_>, said: &Said) -> String {
    if said.calls.is_empty() {
        return String::new();
    }
    let call = |(place, call): (usize, &crate::conversation::Called)| {
        let (id, name, arguments) = (ids.call(place), quoted(&call.name), quoted(&call.arguments_text()));
        format!(r#"{{"id":"{id}","type":"function","function":{{"name":{name},"arguments":{arguments}}}}}"#)
    };
    let calls: Vec<String> = said.calls.iter().enumerate().map(call).collect();
    format!(r#","tool_calls":[{}]"#, calls.join(","))
}

/// Mistral puts thoughts among the parts of the content.
pub(crate) fn mistral_thought(thought: &str) -> String {
    format!(r#"{{"type":"thinking","thinking":[{{"type":"text","text":{}}}]}}"#, quoted(thought))
}

fn mistral_text(said: &Said) -> String {
    let text = said.text.concat();
    if text.is_empty() { String::new() } else { format!(r#",{{"type":"text","text":{}}}"#, quoted(&text)) }
}

/// The word for the end; `stop` when a call was forced by name, as at OpenAI.
pub(crate) fn finish(finish: &Finish) -> &'static str {
    match finish {
        Finish::Stop | Finish::StopString(_) | Finish::ForcedCall => "stop",
        Finish::Length => "length",
        Finish::Calls => "tool_calls",
    }
}

/// Where a house puts reasoning; OpenAI shows none.
pub(crate) fn reasoning_field(house: House) -> Option<&'static str> {
    match house {
        House::OpenAi | House::Azure | House::Mistral => None,
        House::Groq | House::OpenRouter | House::Ollama | House::LmStudio => Some("reasoning"),
        _ => Some("reasoning_content"),
    }
}
