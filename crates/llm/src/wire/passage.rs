//! An answer on its way through, and what is known of it.

use bytes::Bytes;
use domain::Nanos;
use domain::usage::TokenCounts;

use crate::UpstreamError;
use crate::json_scan;
use crate::neutral::{Answer, FinishReason, ReplayState};
use crate::sse;

/// What is known of a whole answer.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AnswerFacts {
    /// The counts; `None`: not said, or not believable.
    pub usage: Option<TokenCounts>,
    /// Counts were sent that no call can have.
    pub absurd: bool,
    /// What the provider says it costs.
    pub cost: Option<Nanos>,
    /// Why the answer ended.
    pub finish: Option<FinishReason>,
    /// Characters of content, reasoning and arguments, for estimates.
    pub output_characters: u64,
    /// The provider's id of the answer.
    pub id: Option<String>,
    /// The model that answered, as the provider names it.
    pub response_model: Option<String>,
}

/// What is known of a stream so far, or of all of it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StreamFacts {
    /// The counts; `None`: not said, or not believable.
    pub usage: Option<TokenCounts>,
    /// What was counted up to here, where the provider counts as it goes: the
    /// prompt is right, the completion may grow. For answers that break off.
    pub usage_so_far: Option<TokenCounts>,
    /// Counts were sent that no call can have.
    pub absurd: bool,
    /// What the provider says it costs.
    pub cost: Option<Nanos>,
    /// Why the answer ended.
    pub finish: Option<FinishReason>,
    /// Its end was seen, and no error.
    pub completed: bool,
    /// Characters of content, reasoning and arguments, for estimates.
    pub output_characters: u64,
    /// The failure that ended it.
    pub error: Option<UpstreamError>,
    /// The provider's id of the answer.
    pub id: Option<String>,
    /// The model that answered, as the provider names it.
    pub response_model: Option<String>,
    /// Something of the answer went out: no second attempt may begin.
    pub saw_output: bool,
}

/// A provider's stream on its way to the client: as it is, or translated.
pub trait Passage: Send {
    /// Takes a frame and appends what goes out. An error inside the stream is
    /// returned instead of being sent on, and nothing goes out after it.
    fn push(&mut self, frame: Bytes, out: &mut Vec<Bytes>) -> Option<UpstreamError>;

    /// The provider closed the stream. Appends what is still owed, an end mark
    /// only when the answer is complete.
    fn finish(&mut self, out: &mut Vec<Bytes>) -> StreamFacts;

    /// What is known so far; for a client that went away.
    fn facts(&self) -> StreamFacts;

    /// An event went out, not only comments.
    fn has_begun(&self) -> bool;

    /// Something of the answer went out.
    fn saw_output(&self) -> bool;

    /// The provider said that it is over.
    fn is_done(&self) -> bool;

    /// What the provider wants back when the conversation goes on, taken out,
    /// each with its call.
    fn take_replay(&mut self) -> Vec<ReplayState> {
        Vec::new()
    }
}

impl AnswerFacts {
    /// The facts of an answer that was read as a whole.
    #[must_use]
    pub fn of(answer: &Answer) -> Self {
        let characters = |text: &str| text.chars().count() as u64;
        let written = characters(&answer.text)
            + characters(&answer.reasoning)
            + answer.refusal.as_deref().map_or(0, characters)
            + answer.tool_calls.iter().map(|call| characters(&call.arguments)).sum::<u64>();
        let named = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
        Self {
            usage: answer.usage,
            absurd: answer.usage_is_absurd,
            cost: answer.cost,
            finish: answer.finish,
            output_characters: written,
            id: named(&answer.id),
            response_model: named(&answer.model),
        }
    }
}

/// Whether a block without its blank line is whole all the same.
pub(super) fn is_complete(block: &Bytes) -> bool {
    sse::data_of(block).is_some_and(|data| json_scan::check(data.trim_ascii()).is_ok())
}
