//! Which wire a provider is called in. Most speak one. OpenAI's own servers
//! speak two, and refuse in one what they take in the other: from GPT-5.4 on,
//! chat completions take no functions while the model thinks, and some models
//! are not there at all. Servers that merely speak like OpenAI have no such rule.
//!
//! Source: OpenAI's API reference and litellm's tables, November 2026.

use domain::ProviderId;
use domain::provider::WireName;

use super::{ClientRequest, Target};
use crate::json_scan::{RawText, Reader, ScanError};
use crate::parameters::{self, Fate, openai};

/// The first GPT that takes no functions while it thinks.
const FUNCTIONS_NEED_RESPONSES: (u32, u32) = (5, 4);

/// The same on hosts of Azure AI Foundry: with an effort that is asked for, and
/// without one.
const ON_FOUNDRY: [(u32, u32); 2] = [(5, 6), (6, 0)];

/// Where OpenAI's own hosts end, those of its regions included.
const OPENAI_HOST: &str = "api.openai.com";

/// Where Azure AI Foundry's hosts end.
const FOUNDRY_HOST: &str = ".services.ai.azure.com";

/// What a request asks for that the choice depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Asked<'a> {
    /// It brings functions. Custom tools, which take a text, are none.
    pub has_functions: bool,
    /// How hard to think.
    pub effort: Option<&'a str>,
}

/// The wire to call the target in, for a client of this one: the client's own
/// where the provider speaks it, unless the model is not called so.
#[must_use]
pub fn upstream_wire(target: &Target<'_>, client: WireName, asked: Asked<'_>) -> WireName {
    let usual = super::spoken_to(target, client);
    match target.provider {
        ProviderId::OpenAi | ProviderId::Azure if has_openai_rules(target) => of_openai(target, usual, asked),
        _ => usual,
    }
}

fn of_openai(target: &Target<'_>, usual: WireName, asked: Asked<'_>) -> WireName {
    let is_needed = is_only_in_responses(target) || (asked.has_functions && functions_need_responses(target, asked));
    match usual {
        WireName::OpenAiChat if is_needed => WireName::OpenAiResponses,
        usual => usual,
    }
}

/// Whether the target is one of OpenAI's own servers, or of Azure's.
#[must_use]
pub fn has_openai_rules(target: &Target<'_>) -> bool {
    let host = target.origin_host.split(':').next().unwrap_or_default();
    let is_openai = host == OPENAI_HOST || host.strip_suffix(OPENAI_HOST).is_some_and(|rest| rest.ends_with('.'));
    target.provider == ProviderId::Azure || (target.provider == ProviderId::OpenAi && is_openai)
}

fn is_only_in_responses(target: &Target<'_>) -> bool {
    let wires = target.facts.map(|facts| facts.wires.as_slice()).unwrap_or_default();
    if !wires.is_empty() {
        return wires.contains(&WireName::OpenAiResponses) && !wires.contains(&WireName::OpenAiChat);
    }
    let id = target.model;
    // Dated snapshots are named after their model.
    let is_pro = || id.ends_with("-pro") || id.contains("-pro-20");
    let is_openais = openai::generation(id).is_some() || openai::reasons(id, None);
    is_openais && (is_pro() || id.contains("codex") || id.contains("deep-research"))
}

/// Whether functions and thoughts do not go together in chat completions. Also
/// without an effort: what a model does then is not told alike everywhere, and
/// Responses are right in either case.
fn functions_need_responses(target: &Target<'_>, asked: Asked<'_>) -> bool {
    if asked.effort == Some("none") {
        return false;
    }
    let host = target.origin_host.split(':').next().unwrap_or_default();
    let [with_effort, without] = ON_FOUNDRY;
    let first = match asked.effort {
        _ if !host.ends_with(FOUNDRY_HOST) => FUNCTIONS_NEED_RESPONSES,
        Some(_) => with_effort,
        None => without,
    };
    openai::generation(target.model).is_some_and(|generation| generation >= first)
        && openai::reasons(target.model, target.facts)
}

/// Whether the client's bytes can pass as they are. A body of Responses that came
/// for a chat cannot, whatever the provider speaks.
#[must_use]
pub fn passes(client: WireName, upstream: WireName, request: &ClientRequest<'_>) -> bool {
    client == upstream && !(client == WireName::OpenAiChat && request.is_responses_shaped())
}

/// What a client's body asks for, whatever its wire.
#[must_use]
pub fn asked<'a>(client: WireName, request: &ClientRequest<'a>) -> Asked<'a> {
    let object = request.object();
    let has_functions = match (client, object.get("tools")) {
        (WireName::OpenAiChat | WireName::OpenAiResponses, Some(tools)) => names_functions(tools),
        _ => request.has_tools(),
    };
    let effort = object.get("reasoning_effort").or_else(|| member(object.get("reasoning")?, "effort"));
    Asked { has_functions, effort: effort.and_then(word) }
}

/// A text that is written without escapes, as every effort is.
fn word(value: &[u8]) -> Option<&str> {
    RawText::of_value(value)?;
    std::str::from_utf8(value).ok()?.strip_prefix('"')?.strip_suffix('"')
}

fn member<'a>(object: &'a [u8], name: &str) -> Option<&'a [u8]> {
    let mut found = None;
    // The body was checked as a whole: only what is no object fails.
    let _ = Reader::new(object).object(|own, reader| {
        let value = reader.value()?;
        if own.is(name) {
            found = Some(value);
        }
        Ok(())
    });
    found
}

fn names_functions(tools: &[u8]) -> bool {
    let mut has_any = false;
    let mut look = |reader: &mut Reader<'_>| -> Result<(), ScanError> {
        let tool = reader.value()?;
        has_any |= member(tool, "type").and_then(word) == Some("function");
        Ok(())
    };
    let _ = Reader::new(tools).array(&mut look);
    has_any
}

/// What becomes of a field of chat completions at the target, when the request
/// asks for this effort.
#[must_use]
pub fn fate(target: &Target<'_>, effort: Option<&str>, field: &str, value: &[u8]) -> Fate {
    if has_openai_rules(target) {
        let fate = openai::fate(target.model, target.facts, effort, field, value);
        if fate != Fate::Passes {
            return fate;
        }
    }
    parameters::fate(target.provider, target.model, field, value)
}

#[cfg(test)]
mod tests;
