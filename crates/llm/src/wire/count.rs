//! Counting the tokens of a request without answering it. Some providers do it
//! for free; for the others there is an estimate.

use std::borrow::Cow;

use bytes::Bytes;
use domain::provider::WireName;
use domain::usage::{ABSURD_TOKENS, estimated_tokens};
use serde_json::Value;

use super::{ClientRequest, Fitting, RequestError, UrlWords, anthropic, gemini};
use crate::neutral::{ChatRequest, Message, Part, ResponseFormat};
use crate::parameters::Unsupported;

/// A call that only counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CountCall {
    /// What is appended to the endpoint.
    pub path: Cow<'static, str>,
    /// The body.
    pub body: Bytes,
}

/// Reads a client's question; `None` when clients of this wire cannot ask.
///
/// # Errors
/// [`RequestError`], naming the field that is missing or malformed.
pub fn read<'a>(
    client: WireName,
    body: &'a [u8],
    url: Option<UrlWords<'a>>,
) -> Option<Result<ClientRequest<'a>, RequestError>> {
    match client {
        WireName::AnthropicMessages => Some(anthropic::count::read(body)),
        WireName::Gemini => Some(gemini::count::read(body, url)),
        _ => None,
    }
}

/// Reads all of a client's question, for a provider of another wire.
///
/// # Errors
/// [`RequestError`], for what does not have the shape of the API reference.
pub fn to_neutral(client: WireName, request: &ClientRequest<'_>) -> Option<Result<ChatRequest, RequestError>> {
    match client {
        WireName::AnthropicMessages => Some(anthropic::neutral_request::read(request)),
        WireName::Gemini => Some(gemini::count::to_neutral(request)),
        _ => None,
    }
}

/// The call for a provider of the client's own wire: the client's bytes with the
/// model rewritten.
#[must_use]
pub fn prepare(client: WireName, request: &ClientRequest<'_>, fitting: &Fitting<'_>) -> Option<CountCall> {
    match client {
        WireName::AnthropicMessages => Some(anthropic::count::prepare(request, &fitting.target)),
        WireName::Gemini => Some(gemini::count::prepare(request, &fitting.target)),
        _ => None,
    }
}

/// The call for a provider; `None` when providers of this wire do not count.
///
/// # Errors
/// [`Unsupported`], for what the target cannot take.
pub fn call(
    provider: WireName,
    request: &ChatRequest,
    fitting: &mut Fitting<'_>,
) -> Option<Result<CountCall, Unsupported>> {
    match provider {
        WireName::AnthropicMessages => Some(anthropic::count::call(request, fitting)),
        WireName::Gemini => Some(gemini::count::call(request, fitting)),
        _ => None,
    }
}

/// What a provider counted; `None`: it is not there, or not believable.
#[must_use]
pub fn counted(provider: WireName, body: &[u8]) -> Option<u64> {
    let field = match provider {
        WireName::Gemini => "totalTokens",
        WireName::AnthropicMessages | WireName::OpenAiResponses => "input_tokens",
        WireName::OpenAiChat | WireName::OllamaNative => return None,
    };
    let answer: Value = serde_json::from_slice(body).ok()?;
    answer.get(field)?.as_u64().filter(|count| *count <= ABSURD_TOKENS)
}

/// The answer in the client's words.
#[must_use]
pub fn answer(client: WireName, tokens: u64) -> Bytes {
    Bytes::from(match client {
        WireName::Gemini => format!("{{\"totalTokens\":{tokens}}}"),
        _ => format!("{{\"input_tokens\":{tokens}}}"),
    })
}

/// The estimate where nobody counts. Pictures and files are not in it.
#[must_use]
pub fn estimated(request: &ChatRequest) -> u64 {
    let turns: u64 = request.messages.iter().map(message).sum();
    let tools: u64 = request
        .tools
        .iter()
        .map(|tool| {
            let schema = tool.parameters.as_ref().map(Value::to_string).unwrap_or_default();
            length(&tool.name) + tool.description.as_deref().map_or(0, length) + length(&schema)
        })
        .sum();
    let form = match &request.response_format {
        Some(ResponseFormat::JsonSchema { schema, .. }) => length(&schema.to_string()),
        _ => 0,
    };
    estimated_tokens(turns + tools + form)
}

fn message(message: &Message) -> u64 {
    message.parts.iter().map(part).sum()
}

fn part(part: &Part) -> u64 {
    match part {
        Part::Text(text) | Part::Reasoning(text) => length(text),
        Part::ToolCall(call) => length(&call.name) + length(&call.arguments),
        Part::ToolResult(result) => length(&result.text()),
        Part::Image { .. } | Part::File(_) | Part::Audio { .. } | Part::Replay(_) | Part::CacheBreak(_) => 0,
    }
}

fn length(text: &str) -> u64 {
    text.chars().count() as u64
}
