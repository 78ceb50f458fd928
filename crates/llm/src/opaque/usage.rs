//! What a passed answer says of its use, in whichever of the spellings.

use domain::ProviderId;
use domain::usage::TokenCounts;
use http::HeaderMap;

use crate::UpstreamError;
use crate::json_scan::{Reader, ScanError};
use crate::wire::openai_chat::errors;
use crate::wire::openai_chat::usage::{self as chat, Usage, count};
use crate::wire::{AnswerFacts, openai_responses};

/// The members of an answer that are looked at.
#[derive(Default)]
pub(super) struct Seen<'a> {
    usage: Option<&'a [u8]>,
    error: Option<&'a [u8]>,
}

/// Looks at a JSON answer, or at one event; anything else shows nothing.
pub(super) fn look(body: &[u8]) -> Seen<'_> {
    let mut seen = Seen::default();
    let _ = Reader::new(body).object(|name, reader| {
        let place = match &*name.text() {
            "usage" => &mut seen.usage,
            "error" => &mut seen.error,
            _ => return reader.skip(),
        };
        *place = Some(reader.value()?).filter(|value| *value != b"null");
        Ok(())
    });
    seen
}

impl Seen<'_> {
    /// Whether it tells of a failure.
    pub(super) const fn is_failure(&self) -> bool {
        self.error.is_some()
    }

    /// What was used, if that is said.
    pub(super) fn usage(&self, provider: ProviderId) -> Option<Usage> {
        self.usage.map(|value| read(provider, value))
    }
}

/// What is known of a whole JSON answer.
///
/// # Errors
/// The failure that it tells of.
pub fn inspect(provider: ProviderId, body: &[u8]) -> Result<AnswerFacts, UpstreamError> {
    let seen = look(body);
    if seen.is_failure() {
        return Err(failure(provider, body));
    }
    let usage = seen.usage(provider).unwrap_or_default();
    Ok(AnswerFacts { usage: usage.tokens, absurd: usage.is_absurd, cost: usage.cost, ..AnswerFacts::default() })
}

/// The failure that a body or an event of success tells of.
pub(super) fn failure(provider: ProviderId, body: &[u8]) -> UpstreamError {
    errors::read(provider, 200, &HeaderMap::new(), body)
}

/// Reads the value of a `usage` member.
fn read(provider: ProviderId, value: &[u8]) -> Usage {
    let usage = chat::read(provider, value);
    if usage.tokens.is_some() || usage.is_absurd {
        return usage;
    }
    let other = openai_responses::usage::read(value);
    if other.tokens.is_some() || other.is_absurd {
        return Usage { cost: usage.cost, ..other };
    }
    // What writes nothing counts what it read, and some call that the total.
    let mut is_absurd = false;
    let prompt = read_alone(value, &mut is_absurd).unwrap_or_default().filter(|prompt| *prompt > 0);
    let counts = prompt.map(|prompt| TokenCounts { prompt, ..TokenCounts::default() });
    let tokens = counts.filter(|counts| !is_absurd && counts.is_plausible());
    Usage { tokens, is_absurd: is_absurd || (counts.is_some() && tokens.is_none()), ..usage }
}

fn read_alone(value: &[u8], is_absurd: &mut bool) -> Result<Option<u64>, ScanError> {
    let (mut read, mut total) = (None, None);
    Reader::new(value).object(|name, reader| {
        match &*name.text() {
            "prompt_tokens" | "input_tokens" => read = count(reader, is_absurd)?,
            "total_tokens" => total = count(reader, is_absurd)?,
            _ => reader.skip()?,
        }
        Ok(())
    })?;
    Ok(read.or(total))
}
