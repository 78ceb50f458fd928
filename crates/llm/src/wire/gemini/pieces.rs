//! `GenerateContentResponse`, written: whole, or a piece of a stream. Written by
//! hand, so that a call's arguments leave as they came.

use std::fmt::Write as _;

use domain::provider::WireName;
use domain::usage::TokenCounts;

use super::json::object_of;
use crate::json_scan::{push_quoted, quoted};
use crate::neutral::{FinishReason, ReplayState, ToolCall};
use crate::wire::About;

/// What every piece of one answer says of it: `"modelVersion":…,"responseId":…`.
pub(super) fn names(about: &About) -> String {
    format!("\"modelVersion\":{},\"responseId\":{}", quoted(&about.model), quoted(&about.id))
}

/// A part of words.
pub(super) fn text(out: &mut String, text: &str, is_thought: bool, signature: Option<&str>) {
    begin(out);
    out.push_str("{\"text\":");
    out.push_str(&quoted(text));
    if is_thought {
        out.push_str(",\"thought\":true");
    }
    sign(out, signature);
    out.push('}');
}

/// A part that is a call.
pub(super) fn call(out: &mut String, call: &ToolCall, signature: Option<&str>) {
    begin(out);
    let (id, name, arguments) = (quoted(&call.id), quoted(&call.name), object_of(&call.arguments));
    // Writing to memory cannot fail.
    let _ = write!(out, "{{\"functionCall\":{{\"id\":{id},\"name\":{name},\"args\":{arguments}}}");
    sign(out, signature);
    out.push('}');
}

fn begin(out: &mut String) {
    if !out.is_empty() {
        out.push(',');
    }
}

fn sign(out: &mut String, signature: Option<&str>) {
    if let Some(signature) = signature {
        let _ = write!(out, ",\"thoughtSignature\":{}", quoted(signature));
    }
}

/// A signature of this wire.
pub(super) fn signature(state: &ReplayState) -> Option<&str> {
    (state.wire == WireName::Gemini).then(|| state.state.as_str())?
}

/// A response with these parts (JSON, separated by commas).
pub(super) fn response(
    out: &mut String,
    names: &str,
    parts: &str,
    finish: Option<FinishReason>,
    usage: Option<&TokenCounts>,
) {
    let _ = write!(out, "{{\"candidates\":[{{\"content\":{{\"parts\":[{parts}],\"role\":\"model\"}}");
    if let Some(finish) = finish {
        let _ = write!(out, ",\"finishReason\":\"{}\"", word(finish));
    }
    out.push_str(",\"index\":0}],");
    if let Some(usage) = usage {
        let _ = write!(out, "\"usageMetadata\":{},", counts(usage));
    }
    out.push_str(names);
    out.push('}');
}

/// A response whose only part is words, written at once: most of a stream is
/// such.
pub(super) fn push_text(out: &mut Vec<u8>, names: &str, text: &str, is_thought: bool) {
    out.extend_from_slice(b"{\"candidates\":[{\"content\":{\"parts\":[{\"text\":");
    push_quoted(out, text);
    let thought: &[u8] = if is_thought { b",\"thought\":true" } else { b"" };
    out.extend_from_slice(thought);
    out.extend_from_slice(b"}],\"role\":\"model\"},\"index\":0}],");
    out.extend_from_slice(names.as_bytes());
    out.push(b'}');
}

const fn word(finish: FinishReason) -> &'static str {
    match finish {
        FinishReason::Stop | FinishReason::ToolCalls => "STOP",
        FinishReason::Length => "MAX_TOKENS",
        FinishReason::ContentFilter => "SAFETY",
    }
}

/// Counts in Google's words: thoughts apart from the candidates, zeros left out.
/// It has no word for tokens written to a cache, which are among the prompt's.
fn counts(counts: &TokenCounts) -> String {
    let TokenCounts { prompt, completion, cached, reasoning, .. } = counts;
    let candidates = completion.saturating_sub(*reasoning);
    let mut out = format!("{{\"promptTokenCount\":{prompt},\"candidatesTokenCount\":{candidates}");
    if *reasoning > 0 {
        let _ = write!(out, ",\"thoughtsTokenCount\":{reasoning}");
    }
    if *cached > 0 {
        let _ = write!(out, ",\"cachedContentTokenCount\":{cached}");
    }
    let _ = write!(out, ",\"totalTokenCount\":{}}}", prompt + completion);
    out
}
