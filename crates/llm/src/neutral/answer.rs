//! What comes back: an answer as a whole, or in pieces.

use domain::Nanos;
use domain::usage::TokenCounts;

use super::{ReplayState, ToolCall};
use crate::UpstreamError;

/// Why an answer ended, in OpenAI's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FinishReason {
    /// It was complete.
    Stop,
    /// It reached a limit of tokens.
    Length,
    /// Functions are to be called.
    ToolCalls,
    /// A filter cut it off.
    ContentFilter,
}

domain::text_enum!(FinishReason, "finish reason" {
    Stop => "stop",
    Length => "length",
    ToolCalls => "tool_calls",
    ContentFilter => "content_filter",
});

impl FinishReason {
    /// The reason to report when functions were called: providers disagree about
    /// it, and a client decides by this word.
    #[must_use]
    pub const fn with_calls(self, has_calls: bool) -> Self {
        match self {
            Self::Stop if has_calls => Self::ToolCalls,
            other => other,
        }
    }
}

/// A whole answer.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Answer {
    /// The provider's id for it.
    pub id: String,
    /// The model that answered, as the provider names it.
    pub model: String,
    /// What it says.
    pub text: String,
    /// What it thought, where it shows that.
    pub reasoning: String,
    /// Why it declined, where it says so apart from the text.
    pub refusal: Option<String>,
    /// The functions it wants called.
    pub tool_calls: Vec<ToolCall>,
    /// Why it ended.
    pub finish: Option<FinishReason>,
    /// What it used; `None`: not said, or not believable.
    pub usage: Option<TokenCounts>,
    /// Counts were sent that no call can have.
    pub usage_is_absurd: bool,
    /// What the provider says it costs.
    pub cost: Option<Nanos>,
    /// What the provider wants back when the conversation goes on.
    pub replay: Vec<ReplayState>,
}

/// A piece of an answer that is still being written.
#[derive(Debug, Clone, PartialEq)]
pub enum StreamEvent {
    /// More text.
    Delta {
        /// The text to append.
        text: String,
    },
    /// More thoughts.
    Reasoning {
        /// The text to append.
        text: String,
    },
    /// More of a refusal.
    Refusal {
        /// The text to append.
        text: String,
    },
    /// A call of a function begins. Calls are numbered from 0 in the order of
    /// their beginning.
    ToolCallStart {
        /// Its number.
        index: usize,
        /// Its id.
        id: String,
        /// The function.
        name: String,
    },
    /// More of a call's arguments.
    ToolCallArguments {
        /// The call's number.
        index: usize,
        /// The JSON text to append.
        arguments: String,
    },
    /// What it used and, where the provider says so, costs. Once, at the end.
    Usage {
        /// The counts; `None`: not said, or not believable.
        tokens: Option<TokenCounts>,
        /// The provider's own price.
        cost: Option<Nanos>,
        /// Counts were sent that no call can have.
        is_absurd: bool,
    },
    /// What the provider wants back when the conversation goes on. Comes before
    /// the end, after the beginning of the call it belongs to.
    Replay(ReplayState),
    /// It is complete. Nothing follows.
    Finish(FinishReason),
    /// It failed. Nothing follows.
    Error(UpstreamError),
}
