//! A whole answer, made neutral.

use domain::ProviderId;

use super::errors;
use super::walk::{calls, walk};
use crate::UpstreamError;
use crate::json_scan;
use crate::neutral::{Answer, ToolCall};
use crate::wire::openai_chat::calls::made_id;
use crate::wire::openai_chat::think_tags::{Split, ThinkTags};

/// Reads an answer that came with a status of success.
///
/// # Errors
/// The failure that it holds in place of an answer.
pub fn decode(provider: ProviderId, body: &[u8]) -> Result<Answer, UpstreamError> {
    json_scan::check(body).map_err(|_| errors::unreadable(provider))?;
    let (line, _) = walk(body);
    if line.has_error {
        return Err(errors::read(provider, 200, &http::HeaderMap::new(), body));
    }
    if !line.has_message {
        return Err(errors::unreadable(provider));
    }
    let text = |raw: Option<json_scan::RawText<'_>>| raw.map(|raw| raw.text().into_owned()).unwrap_or_default();
    let created = text(line.created);
    let mut answer = Answer { model: text(line.model), reasoning: text(line.thinking), ..Answer::default() };
    let (mut tags, mut parts) = (ThinkTags::new(answer.reasoning.is_empty()), Vec::new());
    tags.push(&text(line.content), &mut parts);
    tags.finish(&mut parts);
    for part in parts {
        match part {
            Split::Thought(text) => answer.reasoning.push_str(&text),
            Split::Answer(text) => answer.text.push_str(&text),
        }
    }
    calls(line.calls.unwrap_or(b"[]"), |called| {
        let index = answer.tool_calls.len();
        let id = called.id.map_or_else(|| made_id(&created, index), |id| id.text().into_owned());
        let name = called.name.map(|name| name.text().into_owned()).unwrap_or_default();
        answer.tool_calls.push(ToolCall { id, name, arguments: called.arguments_text() });
    });
    let has_calls = !answer.tool_calls.is_empty();
    answer.finish = line.finish().map(|finish| finish.with_calls(has_calls));
    (answer.usage, answer.usage_is_absurd) = (line.counts(), line.is_absurd);
    Ok(answer)
}
