//! What a call used, in one vocabulary for all providers.

use serde::{Deserialize, Serialize};

/// Tokens of one attempt. `prompt` holds everything read (cached and
/// cache-written included), `completion` everything generated (reasoning
/// included).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct TokenCounts {
    /// Everything read.
    pub prompt: u64,
    /// Everything generated.
    pub completion: u64,
    /// Of `prompt`: read from the provider's cache.
    pub cached: u64,
    /// Of `prompt`: written to the provider's cache.
    pub cache_write: u64,
    /// Of `cache_write`: to be kept for an hour, which costs more. Only for the
    /// cost: a ledger row has it in `cache_write`, so it is 0 when read back.
    #[serde(skip)]
    pub cache_write_hour: u64,
    /// Of `completion`: hidden reasoning.
    pub reasoning: u64,
}

/// More tokens than any real call has: a count beyond it is not believed.
pub const ABSURD_TOKENS: u64 = 1_000_000_000;

impl TokenCounts {
    /// Whether each figure is one a provider could mean.
    #[must_use]
    pub const fn is_plausible(&self) -> bool {
        self.prompt <= ABSURD_TOKENS
            && self.completion <= ABSURD_TOKENS
            && self.cached <= self.prompt
            && self.cache_write <= self.prompt
            && self.cache_write_hour <= self.cache_write
            && self.reasoning <= self.completion
    }
}

/// Where the counts of a ledger row come from. Unknown is never zero: a row of
/// `Unknown` has no counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UsageSource {
    /// The provider's own numbers.
    Provider,
    /// Ownkey's estimate, because the provider sent none.
    Estimated,
    /// Nobody knows yet: the process died, or the numbers were absurd.
    Unknown,
}

crate::text_enum!(UsageSource, "usage source" {
    Provider => "provider",
    Estimated => "estimated",
    Unknown => "unknown",
});

/// The estimate for `characters` characters of text when no count was sent:
/// four characters a token, rounded up, and never zero for some text.
#[must_use]
pub const fn estimated_tokens(characters: u64) -> u64 {
    characters.div_ceil(4)
}
