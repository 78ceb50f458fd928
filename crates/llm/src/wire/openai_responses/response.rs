//! A whole answer, made neutral, and the facts of one that passes as it is.

use domain::ProviderId;
use domain::provider::WireName;
use serde_json::{Value, json};

use super::walk::{self, Item, Part, Response};
use super::{errors, usage};
use crate::UpstreamError;
use crate::json_scan::{self, RawText};
use crate::neutral::{Answer, ReplayState, ToolCall};
use crate::wire::AnswerFacts;

/// The longest id or model name remembered, in characters.
const MAX_NAME_LENGTH: usize = 512;

/// What stands between two parts of a summary.
pub(super) const BETWEEN_THOUGHTS: &str = "\n\n";

/// Reads an answer that came with a status of success.
///
/// # Errors
/// The failure that it holds in place of an answer.
pub fn decode(provider: ProviderId, body: &[u8]) -> Result<Answer, UpstreamError> {
    json_scan::check(body).map_err(|_| errors::unreadable(provider))?;
    let (response, _) = walk::response(body);
    if response.error.is_some() || response.is("failed") || response.is("cancelled") {
        return Err(errors::read_failed(provider, Some(200), response.error, body));
    }
    let answer = answer(&response).ok_or_else(|| errors::unreadable(provider))?;
    Ok(answer)
}

/// The facts of an answer that came with a status of success.
///
/// # Errors
/// As [`decode`].
pub fn inspect(provider: ProviderId, body: &[u8]) -> Result<AnswerFacts, UpstreamError> {
    decode(provider, body).map(|answer| AnswerFacts::of(&answer))
}

/// What a response says; `None`: it has no output.
pub(super) fn answer(response: &Response<'_>) -> Option<Answer> {
    let mut answer =
        Answer { id: text(response.id), model: text(response.model), finish: response.finish(), ..Answer::default() };
    let mut waiting = Vec::new();
    for item in response.output.as_ref()? {
        if item.is("message") {
            message(item, &mut answer);
        } else if item.is("reasoning") {
            answer.reasoning.push_str(&thoughts(item));
            waiting.extend(state(item));
        } else if let Some(call) = call(item) {
            answer.replay.extend(of_call(&mut waiting, &call.id));
            answer.tool_calls.push(call);
        }
    }
    answer.finish = answer.finish.map(|finish| finish.with_calls(!answer.tool_calls.is_empty()));
    let usage = response.usage.map(usage::read).unwrap_or_default();
    (answer.usage, answer.usage_is_absurd) = (usage.tokens, usage.is_absurd);
    Some(answer)
}

fn message(item: &Item<'_>, answer: &mut Answer) {
    for part in &item.content {
        if part.is("refusal") {
            answer.refusal.get_or_insert_default().push_str(&text(part.refusal));
        } else {
            answer.text.push_str(&text(part.text));
        }
    }
}

/// What a reasoning item tells of it: its summary, or where there is none the
/// thoughts themselves.
fn thoughts(item: &Item<'_>) -> String {
    let told = |parts: &[Part<'_>]| {
        let texts: Vec<_> = parts.iter().filter_map(|part| part.text).map(|text| text.text()).collect();
        texts.join(BETWEEN_THOUGHTS)
    };
    if item.summary.is_empty() { told(&item.content) } else { told(&item.summary) }
}

/// The call that an item is.
pub(super) fn call(item: &Item<'_>) -> Option<ToolCall> {
    let arguments = if item.is("function_call") {
        text(item.arguments)
    } else if item.is("custom_tool_call") {
        json!({"input": text(item.input)}).to_string()
    } else {
        return None;
    };
    Some(ToolCall { id: text(item.call_id.or(item.id)), name: text(item.name), arguments })
}

/// What has to come back of a reasoning item before the call that followed it.
pub(super) fn state(item: &Item<'_>) -> Option<Value> {
    let encrypted = item.encrypted.filter(|encrypted| !encrypted.is_empty())?.text();
    let summary = item.raw_summary.and_then(|raw| serde_json::from_slice(raw).ok()).unwrap_or_else(|| json!([]));
    let mut state = json!({"type": "reasoning", "summary": summary, "encrypted_content": encrypted});
    if let Some(id) = item.id {
        state["id"] = id.text().into();
    }
    Some(state)
}

/// The states that waited for this call.
pub(super) fn of_call(waiting: &mut Vec<Value>, call_id: &str) -> Vec<ReplayState> {
    let state = |state| ReplayState { wire: WireName::OpenAiResponses, call_id: Some(call_id.to_owned()), state };
    std::mem::take(waiting).into_iter().map(state).collect()
}

pub(super) fn text(raw: Option<RawText<'_>>) -> String {
    raw.map(|raw| raw.text().into_owned()).unwrap_or_default()
}

/// An id or a model's name, cut to a length that can be stored.
pub(super) fn name_of(raw: Option<RawText<'_>>) -> Option<String> {
    let text = raw.filter(|raw| !raw.is_empty())?.text();
    Some(text.chars().take(MAX_NAME_LENGTH).collect())
}
