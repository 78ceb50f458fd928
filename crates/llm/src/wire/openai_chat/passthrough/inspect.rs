//! What is counted of a chunk, and the facts of a whole answer.

use domain::ProviderId;

use crate::UpstreamError;
use crate::json_scan::{self, RawText};
use crate::neutral::FinishReason;
use crate::wire::AnswerFacts;
use crate::wire::openai_chat::walk::{Arguments, Piece, Sink, walk, walk_text};
use crate::wire::openai_chat::{errors, usage};

/// The longest id or model name remembered, in characters.
const MAX_NAME_LENGTH: usize = 512;

/// The facts of a whole answer that came with a status of success.
///
/// # Errors
/// The failure that it holds in place of an answer, with its status; without
/// one when nobody can tell what it holds.
pub fn inspect_answer(provider: ProviderId, body: &[u8]) -> Result<AnswerFacts, UpstreamError> {
    let mut counter = Counter::default();
    let (envelope, walked) = walk_text(body, &mut counter);
    if walked.is_err() {
        // No object, or no JSON at all.
        json_scan::check(body).map_err(|_| errors::unreadable(provider))?;
    }
    if let Some(fault) = envelope.fault {
        return Err(errors::read_inside(provider, Some(200), fault, body));
    }
    if envelope.choices.is_none() {
        return Err(errors::read_instead(provider, body));
    }
    let usage = envelope.usage.map(|value| usage::read(provider, value)).unwrap_or_default();
    let finish = counter.finish.or(counter.has_calls.then_some(FinishReason::ToolCalls));
    Ok(AnswerFacts {
        usage: usage.tokens,
        absurd: usage.is_absurd,
        cost: usage.cost,
        finish: finish.map(|finish| finish.with_calls(counter.has_calls)),
        output_characters: counter.characters,
        id: name_of(envelope.id),
        response_model: name_of(envelope.model),
    })
}

/// The facts of an answer that is no chat, such as embeddings: its usage, where
/// it has one.
#[must_use]
pub fn inspect_other(provider: ProviderId, body: &[u8]) -> AnswerFacts {
    let (envelope, _) = walk(body, &mut Counter::default());
    let usage = envelope.usage.map(|value| usage::read(provider, value)).unwrap_or_default();
    AnswerFacts {
        usage: usage.tokens,
        absurd: usage.is_absurd,
        cost: usage.cost,
        id: name_of(envelope.id),
        response_model: name_of(envelope.model),
        ..AnswerFacts::default()
    }
}

/// Counts what passes, of all choices.
#[derive(Debug, Default)]
pub(super) struct Counter {
    pub(super) characters: u64,
    pub(super) finish: Option<FinishReason>,
    pub(super) has_calls: bool,
    pub(super) has_output: bool,
}

impl<'a> Sink<'a> for Counter {
    fn piece(&mut self, _choice: u64, piece: Piece<'a>) {
        self.characters += match piece {
            Piece::Finish(reason) => {
                self.finish = Some(reason);
                return;
            }
            Piece::Content(text) | Piece::Reasoning(text) | Piece::Refusal(text) => text.characters(),
            Piece::Call(call) => {
                self.has_calls = true;
                match call.arguments {
                    Some(Arguments::Text(text)) => text.characters(),
                    Some(Arguments::Json(json)) => json.len() as u64,
                    None => 0,
                }
            }
        };
        self.has_output = true;
    }
}

/// A counter that also says whether an event was nothing but some content.
pub(super) struct Observed<'a, 'c> {
    counter: &'c mut Counter,
    pieces: usize,
    content: Option<RawText<'a>>,
}

impl<'a, 'c> Observed<'a, 'c> {
    pub(super) const fn new(counter: &'c mut Counter) -> Self {
        Self { counter, pieces: 0, content: None }
    }

    /// The content, when the event had no other piece.
    pub(super) fn only_content(&self) -> Option<RawText<'a>> {
        self.content.filter(|_| self.pieces == 1)
    }
}

impl<'a> Sink<'a> for Observed<'a, '_> {
    fn piece(&mut self, choice: u64, piece: Piece<'a>) {
        self.pieces += 1;
        if let Piece::Content(text) = piece {
            self.content = Some(text);
        }
        self.counter.piece(choice, piece);
    }
}

/// An id or a model's name, cut to a length that can be stored.
pub(super) fn name_of(raw: Option<RawText<'_>>) -> Option<String> {
    let text = raw.filter(|raw| !raw.is_empty())?.text();
    // Fewer bytes are fewer characters.
    Some(if text.len() <= MAX_NAME_LENGTH { text.into_owned() } else { text.chars().take(MAX_NAME_LENGTH).collect() })
}
