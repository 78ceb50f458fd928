//! The response object and its items as JSON, for whole answers and for the
//! first and last events of a stream. Texts come as they stand between the
//! quotes of a JSON string.

use std::io::Write as _;

use domain::usage::TokenCounts;

use super::{custom, usage};
use crate::json_scan::quoted;
use crate::neutral::FinishReason;
use crate::wire::About;

/// A text as it stands between the quotes of a JSON string.
pub(super) fn escaped(text: &str) -> String {
    let quoted = quoted(text);
    quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or_default().to_owned()
}

/// A part of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Said {
    Text,
    Refusal,
}

/// How a response stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    Under,
    Ended(FinishReason),
}

impl Status {
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Under => "in_progress",
            Self::Ended(FinishReason::Length | FinishReason::ContentFilter) => "incomplete",
            Self::Ended(FinishReason::Stop | FinishReason::ToolCalls) => "completed",
        }
    }

    const fn details(self) -> &'static str {
        match self {
            Self::Ended(FinishReason::Length) => "{\"reason\":\"max_output_tokens\"}",
            Self::Ended(FinishReason::ContentFilter) => "{\"reason\":\"content_filter\"}",
            _ => "null",
        }
    }
}

/// Appends the response. `output` is its items, each of them JSON.
pub(super) fn push<'i>(
    about: &About,
    status: Status,
    output: impl Iterator<Item = &'i str>,
    counts: Option<&TokenCounts>,
    out: &mut Vec<u8>,
) {
    let (created, model) = (about.created, quoted(&about.model));
    // Writing to memory cannot fail.
    let _ = write!(
        out,
        "{{\"id\":{},\"object\":\"response\",\"created_at\":{created},\"status\":\"{}\",\"background\":false,\
         \"error\":null,\"incomplete_details\":{},\"instructions\":null,\"max_output_tokens\":null,\
         \"max_tool_calls\":null,\"model\":{model},\"output\":[",
        quoted(&format!("resp_{}", about.id)),
        status.word(),
        status.details(),
    );
    for (place, item) in output.enumerate() {
        if place > 0 {
            out.push(b',');
        }
        out.extend_from_slice(item.as_bytes());
    }
    out.extend_from_slice(
        b"],\"parallel_tool_calls\":true,\"previous_response_id\":null,\"prompt_cache_key\":null,\
          \"reasoning\":{\"effort\":null,\"summary\":null},\"safety_identifier\":null,\"service_tier\":\"default\",\
          \"store\":false,\"temperature\":1.0,\"text\":{\"format\":{\"type\":\"text\"},\"verbosity\":\"medium\"},\
          \"tool_choice\":\"auto\",\"tools\":[],\"top_logprobs\":0,\"top_p\":1.0,\"truncation\":\"disabled\",\"usage\":",
    );
    match counts {
        Some(counts) => out.extend_from_slice(usage::value(counts).to_string().as_bytes()),
        None => out.extend_from_slice(b"null"),
    }
    out.extend_from_slice(b",\"metadata\":{}}");
}

/// An item's id, unique within the answer and among answers.
pub(super) fn item_id(prefix: &str, about: &About, index: usize) -> String {
    format!("{prefix}_{}{index:02}", escaped(&about.id))
}

/// A part of a message's content.
pub(super) fn part(said: Said, text: &str) -> String {
    match said {
        Said::Text => format!("{{\"type\":\"output_text\",\"annotations\":[],\"logprobs\":[],\"text\":\"{text}\"}}"),
        Said::Refusal => format!("{{\"type\":\"refusal\",\"refusal\":\"{text}\"}}"),
    }
}

/// A message with its parts, each of them JSON.
pub(super) fn message(id: &str, status: &str, parts: &[String]) -> String {
    let parts = parts.join(",");
    format!(
        "{{\"id\":\"{id}\",\"type\":\"message\",\"status\":\"{status}\",\"role\":\"assistant\",\"content\":[{parts}]}}"
    )
}

/// Thoughts; `None`: they begin.
pub(super) fn reasoning(id: &str, text: Option<&str>) -> String {
    let summary = text.map(summary).unwrap_or_default();
    format!("{{\"id\":\"{id}\",\"type\":\"reasoning\",\"summary\":[{summary}]}}")
}

/// A part of a summary.
pub(super) fn summary(text: &str) -> String {
    format!("{{\"type\":\"summary_text\",\"text\":\"{text}\"}}")
}

/// A call of a function.
pub(super) fn function_call(id: &str, status: &str, call_id: &str, name: &str, arguments: &str) -> String {
    format!(
        "{{\"id\":\"{id}\",\"type\":\"function_call\",\"status\":\"{status}\",\"call_id\":{},\"name\":{},\
         \"arguments\":\"{arguments}\"}}",
        quoted(call_id),
        quoted(name)
    )
}

/// A call of a custom tool.
pub(super) fn custom_call(id: &str, status: &str, call_id: &str, name: &str, input: &str) -> String {
    format!(
        "{{\"id\":\"{id}\",\"type\":\"custom_tool_call\",\"status\":\"{status}\",\"call_id\":{},\"name\":{},\
         \"input\":\"{input}\"}}",
        quoted(call_id),
        quoted(name)
    )
}

/// A call as a whole, of whatever kind.
pub(super) fn call(about: &About, index: usize, status: &str, call: &crate::neutral::ToolCall) -> String {
    match custom::tool_name(&call.name) {
        Some(name) => {
            let input = escaped(&custom::input_of(&call.arguments));
            custom_call(&item_id("ctc", about, index), status, &call.id, name, &input)
        }
        None => {
            let id = item_id("fc", about, index);
            function_call(&id, status, &call.id, &call.name, &escaped(&call.arguments))
        }
    }
}
