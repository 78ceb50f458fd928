//! A whole answer, made neutral, and the facts of one that passes as it is.

use domain::ProviderId;

use super::json::compact;
use super::thoughts::Waiting;
use super::usage::Counted;
use super::walk::{self, Block, Message};
use super::{ANSWER_TOOL, errors};
use crate::UpstreamError;
use crate::json_scan::{self, RawText};
use crate::neutral::{Answer, FinishReason, ToolCall};
use crate::wire::AnswerFacts;

/// The longest id or model name remembered, in characters.
const MAX_NAME_LENGTH: usize = 512;

/// Reads an answer that came with a status of success.
///
/// # Errors
/// The failure that it holds in place of an answer.
pub fn decode(provider: ProviderId, body: &[u8]) -> Result<Answer, UpstreamError> {
    let message = read(provider, body)?;
    let mut answer = Answer { id: text(message.id), model: text(message.model), ..Answer::default() };
    let mut waiting = Waiting::default();
    let mut answered_by_tool = false;
    for block in message.blocks.iter().flatten() {
        if block.is("text") {
            answer.text.push_str(&text(block.text));
        } else if block.is("thinking") {
            let thought = text(block.thinking);
            waiting.thought(&thought, &text(block.signature));
            answer.reasoning.push_str(&thought);
        } else if block.is("redacted_thinking") {
            waiting.sealed(&text(block.data));
        } else if is_answer_tool(block) {
            answered_by_tool = true;
            answer.text.push_str(&arguments(block));
        } else if block.is("tool_use") {
            let call = ToolCall { id: text(block.id), name: text(block.name), arguments: arguments(block) };
            answer.replay.extend(waiting.of_call(&call.id));
            answer.tool_calls.push(call);
        }
    }
    answer.replay.extend(waiting.of_answer());
    answer.finish = finish(&message, !answer.tool_calls.is_empty(), answered_by_tool);
    let counted = counted(&message);
    (answer.usage, answer.usage_is_absurd) = (counted.tokens(), counted.is_absurd);
    Ok(answer)
}

/// The facts of a whole answer that passes as it is.
///
/// # Errors
/// The failure that it holds in place of an answer.
pub fn inspect(provider: ProviderId, body: &[u8]) -> Result<AnswerFacts, UpstreamError> {
    let message = read(provider, body)?;
    let (mut characters, mut has_calls, mut answered_by_tool) = (0, false, false);
    for block in message.blocks.iter().flatten() {
        if block.is("text") {
            characters += block.text.map_or(0, |text| text.characters());
        } else if block.is("thinking") {
            characters += block.thinking.map_or(0, |text| text.characters());
        } else if block.is("tool_use") {
            let is_answer = is_answer_tool(block);
            (has_calls, answered_by_tool) = (has_calls || !is_answer, answered_by_tool || is_answer);
            characters += arguments(block).chars().count() as u64;
        }
    }
    let counted = counted(&message);
    Ok(AnswerFacts {
        usage: counted.tokens(),
        absurd: counted.is_absurd,
        cost: None,
        finish: finish(&message, has_calls, answered_by_tool),
        output_characters: characters,
        id: name_of(message.id),
        response_model: name_of(message.model),
    })
}

/// Why it ended. The tool that stands for the answer is no call.
pub(super) fn ended(reason: Option<FinishReason>, has_calls: bool, answered_by_tool: bool) -> Option<FinishReason> {
    let reason = reason.or(has_calls.then_some(FinishReason::ToolCalls));
    let is_no_call = answered_by_tool && !has_calls && reason == Some(FinishReason::ToolCalls);
    if is_no_call { Some(FinishReason::Stop) } else { reason.map(|reason| reason.with_calls(has_calls)) }
}

/// An id or a model's name, cut to a length that can be stored.
pub(super) fn name_of(raw: Option<RawText<'_>>) -> Option<String> {
    let text = raw.filter(|raw| !raw.is_empty())?.text();
    Some(text.chars().take(MAX_NAME_LENGTH).collect())
}

fn read(provider: ProviderId, body: &[u8]) -> Result<Message<'_>, UpstreamError> {
    json_scan::check(body).map_err(|_| errors::unreadable(provider))?;
    let message = walk::message(body).map_err(|_| errors::unreadable(provider))?;
    if message.is_error || message.blocks.is_none() {
        return Err(errors::read_instead(provider, body));
    }
    Ok(message)
}

fn finish(message: &Message<'_>, has_calls: bool, answered_by_tool: bool) -> Option<FinishReason> {
    ended(walk::finish_reason(message.stop_reason), has_calls, answered_by_tool)
}

fn counted(message: &Message<'_>) -> Counted {
    let mut counted = Counted::default();
    if let Some(value) = message.usage {
        counted.take(value);
    }
    counted
}

fn is_answer_tool(block: &Block<'_>) -> bool {
    block.is("tool_use") && block.name.is_some_and(|name| name.is(ANSWER_TOOL))
}

fn arguments(block: &Block<'_>) -> String {
    compact(block.input.unwrap_or(b"{}"))
}

fn text(raw: Option<RawText<'_>>) -> String {
    raw.map(|raw| raw.text().into_owned()).unwrap_or_default()
}
