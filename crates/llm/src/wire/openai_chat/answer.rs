//! An answer in the words of chat completions, for clients of this wire and
//! providers of another.

use bytes::Bytes;
use domain::provider::WireName;
use domain::usage::TokenCounts;
use serde_json::{Map, Value, json};

use crate::neutral::{Answer, FinishReason, ReplayState, ToolCall};
use crate::wire::About;

/// Writes a whole answer.
#[must_use]
pub fn encode(answer: &Answer, about: &About) -> Bytes {
    let finish = answer.finish.unwrap_or(FinishReason::Stop);
    let mut whole = json!({
        "id": id(about),
        "object": "chat.completion",
        "created": about.created,
        "model": about.model,
        "choices": [{"index": 0, "message": message(answer), "logprobs": null, "finish_reason": finish.as_str()}],
        "system_fingerprint": null,
    });
    if let Some(counts) = &answer.usage {
        whole["usage"] = usage(counts);
    }
    Bytes::from(whole.to_string())
}

/// The id in the form clients know.
pub(super) fn id(about: &About) -> String {
    format!("chatcmpl-{}", about.id)
}

fn message(answer: &Answer) -> Value {
    let calls: Vec<Value> = answer.tool_calls.iter().map(|call| tool_call(call, &answer.replay)).collect();
    let has_text = !answer.text.is_empty() || (calls.is_empty() && answer.refusal.is_none());
    let mut out = Map::new();
    out.insert("role".into(), "assistant".into());
    out.insert("content".into(), if has_text { answer.text.clone().into() } else { Value::Null });
    if !answer.reasoning.is_empty() {
        out.insert("reasoning_content".into(), answer.reasoning.clone().into());
    }
    out.insert("refusal".into(), answer.refusal.clone().into());
    if !calls.is_empty() {
        out.insert("tool_calls".into(), calls.into());
    }
    out.into()
}

fn tool_call(call: &ToolCall, replay: &[ReplayState]) -> Value {
    let function = json!({"name": call.name, "arguments": call.arguments});
    let mut out = json!({"id": call.id, "type": "function", "function": function});
    let state = replay.iter().find(|state| state.call_id.as_deref() == Some(&call.id));
    if let Some(content) = state.and_then(extra_content) {
        out["extra_content"] = content;
    }
    out
}

/// Gemini's signature of a call, where Google's own OpenAI layer puts it and
/// some clients bring it back.
pub(super) fn extra_content(state: &ReplayState) -> Option<Value> {
    (state.wire == WireName::Gemini).then(|| json!({"google": {"thought_signature": state.state}}))
}

/// Counts in OpenAI's words.
pub(super) fn usage(counts: &TokenCounts) -> Value {
    let TokenCounts { prompt, completion, cached, cache_write, reasoning, .. } = counts;
    json!({
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
        "prompt_tokens_details": {"cached_tokens": cached, "cache_write_tokens": cache_write},
        "completion_tokens_details": {"reasoning_tokens": reasoning},
    })
}
