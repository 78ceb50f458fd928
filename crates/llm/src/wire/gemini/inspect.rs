//! What is counted of a piece, and the facts of a whole answer.

use domain::ProviderId;

use super::json::compact_characters;
use super::walk::{Piece, Sink, walk};
use super::{errors, usage};
use crate::UpstreamError;
use crate::json_scan::{self, RawText};
use crate::neutral::FinishReason;
use crate::wire::AnswerFacts;

/// The longest id or model name remembered, in characters.
const MAX_NAME_LENGTH: usize = 512;

/// The facts of a whole answer that came with a status of success.
///
/// # Errors
/// The failure that it holds in place of an answer.
pub fn inspect_answer(provider: ProviderId, body: &[u8]) -> Result<AnswerFacts, UpstreamError> {
    json_scan::check(body).map_err(|_| errors::unreadable(provider))?;
    let mut counter = Counter::default();
    let (envelope, _) = walk(body, &mut counter);
    if let Some(fault) = envelope.fault {
        return Err(errors::read_inside(provider, Some(200), fault));
    }
    if !envelope.is_answer() {
        return Err(errors::read_instead(provider, body));
    }
    let usage = envelope.usage.map(usage::read).unwrap_or_default();
    let finish = counter.finish.or(envelope.is_blocked.then_some(FinishReason::ContentFilter));
    Ok(AnswerFacts {
        usage: usage.tokens,
        absurd: usage.is_absurd,
        cost: None,
        finish: finish.map(|finish| finish.with_calls(counter.has_calls)),
        output_characters: counter.characters,
        id: name_of(envelope.id),
        response_model: name_of(envelope.model),
    })
}

/// Counts what passes, of all candidates.
#[derive(Debug, Default)]
pub(super) struct Counter {
    pub(super) characters: u64,
    pub(super) finish: Option<FinishReason>,
    pub(super) has_calls: bool,
    pub(super) has_output: bool,
}

impl<'a> Sink<'a> for Counter {
    fn piece(&mut self, _candidate: u64, piece: Piece<'a>) {
        self.characters += match piece {
            Piece::Finish(reason) => {
                self.finish = Some(reason);
                return;
            }
            Piece::Signature(_) => return,
            Piece::Text(text) | Piece::Thought(text) => text.characters(),
            // No text: its bytes are no measure of its tokens.
            Piece::Picture { .. } => 0,
            Piece::Call(call) => {
                self.has_calls = true;
                call.arguments.map_or(2, compact_characters)
            }
        };
        self.has_output = true;
    }
}

/// An id or a model's name, cut to a length that can be stored.
pub(super) fn name_of(raw: Option<RawText<'_>>) -> Option<String> {
    let text = raw.filter(|raw| !raw.is_empty())?.text();
    Some(text.chars().take(MAX_NAME_LENGTH).collect())
}
