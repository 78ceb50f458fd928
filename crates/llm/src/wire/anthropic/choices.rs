//! What the provider's documentation leaves open, each decided in one place so
//! that it is changed in one place.

/// The pair of version and key header. Since October 2026 the official clients
/// send [`Pair::Newer`]; messages, models and usage have the same shapes in
/// both. Whether the pairs may be mixed is not documented, so they are not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(dead_code, reason = "the pair that is not chosen stays ready")]
pub(crate) enum Pair {
    /// `x-api-key` and `anthropic-version: 2023-06-01`.
    Older,
    /// `Authorization: Bearer` and `anthropic-version: 2026-10-21`.
    Newer,
}

/// The pair that is sent.
pub(crate) const PAIR: Pair = Pair::Older;

impl Pair {
    /// The value of `anthropic-version`.
    pub(crate) const fn version(self) -> &'static str {
        match self {
            Self::Older => "2023-06-01",
            Self::Newer => "2026-10-21",
        }
    }

    /// Whether the key is a bearer token.
    pub(crate) const fn is_bearer(self) -> bool {
        matches!(self, Self::Newer)
    }
}

/// The longest answer where the client names none and the model can more.
pub(super) const DEFAULT_MAX_TOKENS: u64 = 8_192;

/// Models from 4 on that still take sampling are said to refuse `temperature`
/// and `top_p` together.
pub(super) const REFUSES_TEMPERATURE_WITH_TOP_P: bool = true;

/// With adaptive thinking a tool loop should go on although its thoughts are
/// lost. With a budget it does not, and thinking is switched off for the call.
pub(super) const ADAPTIVE_NEEDS_ITS_THOUGHTS: bool = false;

/// Budgets for efforts, for models that count.
pub(super) const BUDGETS: [(&str, u64); 6] =
    [("minimal", 1_024), ("low", 1_024), ("medium", 2_048), ("high", 4_096), ("xhigh", 8_192), ("max", 16_384)];

/// The least budget.
pub(super) const LEAST_BUDGET: u64 = 1_024;
