//! An answer in Anthropic's words, for clients of this wire and providers of
//! another.

use bytes::Bytes;
use domain::provider::WireName;

use super::json::{input_of, push_text};
use super::thoughts::is_thought;
use super::usage;
use crate::neutral::{Answer, FinishReason, ToolCall};
use crate::wire::About;

/// Writes a whole answer.
#[must_use]
pub fn encode(answer: &Answer, about: &About) -> Bytes {
    let mut out = Vec::with_capacity(512 + answer.text.len() + answer.reasoning.len());
    out.extend_from_slice(b"{");
    push_head(&mut out, about);
    out.extend_from_slice(b",\"content\":[");
    content(answer, &mut out);
    out.extend_from_slice(b"],\"stop_reason\":\"");
    out.extend_from_slice(stop_reason(answer.finish.unwrap_or(FinishReason::Stop)).as_bytes());
    out.extend_from_slice(b"\",\"stop_sequence\":null,\"usage\":");
    usage::push(&mut out, answer.usage.as_ref());
    out.extend_from_slice(b"}");
    Bytes::from(out)
}

/// Appends the members that every message begins with.
pub(super) fn push_head(out: &mut Vec<u8>, about: &About) {
    out.extend_from_slice(b"\"id\":");
    push_text(out, &format!("msg_{}", about.id));
    out.extend_from_slice(b",\"type\":\"message\",\"role\":\"assistant\",\"model\":");
    push_text(out, &about.model);
}

/// Our word for the end in the wire's.
pub(super) const fn stop_reason(finish: FinishReason) -> &'static str {
    match finish {
        FinishReason::Stop => "end_turn",
        FinishReason::Length => "max_tokens",
        FinishReason::ToolCalls => "tool_use",
        FinishReason::ContentFilter => "refusal",
    }
}

/// Thoughts, words, calls, in this order.
fn content(answer: &Answer, out: &mut Vec<u8>) {
    let begin = out.len();
    let next = |out: &mut Vec<u8>| {
        if out.len() > begin {
            out.push(b',');
        }
    };
    let own =
        |state: &&crate::neutral::ReplayState| state.wire == WireName::AnthropicMessages && is_thought(&state.state);
    let mut is_thought_out = false;
    for state in answer.replay.iter().filter(own) {
        next(out);
        out.extend_from_slice(state.state.to_string().as_bytes());
        is_thought_out |= state.state["type"] == "thinking";
    }
    if !answer.reasoning.is_empty() && !is_thought_out {
        next(out);
        out.extend_from_slice(b"{\"type\":\"thinking\",\"thinking\":");
        push_text(out, &answer.reasoning);
        // Nobody signed it; such thoughts are not sent to Anthropic.
        out.extend_from_slice(b",\"signature\":\"\"}");
    }
    for text in [Some(&answer.text), answer.refusal.as_ref()].into_iter().flatten().filter(|text| !text.is_empty()) {
        next(out);
        out.extend_from_slice(b"{\"type\":\"text\",\"text\":");
        push_text(out, text);
        out.push(b'}');
    }
    for call in &answer.tool_calls {
        next(out);
        push_call(out, call);
    }
}

fn push_call(out: &mut Vec<u8>, call: &ToolCall) {
    push_call_head(out, &call.id, &call.name);
    out.extend_from_slice(input_of(&call.arguments).as_bytes());
    out.push(b'}');
}

/// Appends a call up to its input.
pub(super) fn push_call_head(out: &mut Vec<u8>, id: &str, name: &str) {
    out.extend_from_slice(b"{\"type\":\"tool_use\",\"id\":");
    push_text(out, id);
    out.extend_from_slice(b",\"name\":");
    push_text(out, name);
    out.extend_from_slice(b",\"input\":");
}
