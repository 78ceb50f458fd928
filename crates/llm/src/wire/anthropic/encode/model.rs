//! What is known of the model that is asked.

use domain::model::{Capabilities, Restrictions, Sampling, Thinking};

use crate::wire::Target;

/// Families that came before adaptive thinking, by their ids.
const COUNTING: [&str; 10] = [
    "claude-3",
    "claude-2",
    "claude-instant",
    "claude-opus-4-0",
    "claude-opus-4-1",
    "claude-opus-4-2",
    "claude-opus-4-5",
    "claude-sonnet-4-0",
    "claude-sonnet-4-2",
    "claude-sonnet-4-5",
];

/// The same, of the smallest models.
const COUNTING_SMALL: &str = "claude-haiku-4-";

/// A model with its restrictions.
#[derive(Debug)]
pub(super) struct Model {
    restrictions: Restrictions,
    capabilities: Option<Capabilities>,
    max_output: Option<u64>,
    is_third_generation: bool,
}

impl Model {
    /// The target's model. Of one that nobody described is assumed what holds
    /// for the newest.
    pub(super) fn of(target: &Target<'_>) -> Self {
        let mut restrictions = target.facts.map(|facts| facts.restrictions.clone()).unwrap_or_default();
        let is_counting =
            COUNTING.iter().any(|family| target.model.starts_with(family)) || target.model.starts_with(COUNTING_SMALL);
        if restrictions == Restrictions::default() && !is_counting {
            restrictions.thinking = Thinking::Adaptive;
        }
        Self {
            restrictions,
            capabilities: target.facts.map(|facts| facts.capabilities),
            max_output: target.facts.and_then(|facts| facts.max_output_tokens),
            is_third_generation: target.model.starts_with("claude-3"),
        }
    }

    /// The longest answer, when so much is asked for: more than the model can
    /// is refused, and would never come.
    pub(super) fn limit(&self, wanted: u64) -> u64 {
        self.max_output.map_or(wanted, |most| wanted.min(most))
    }

    /// How it is told to think.
    pub(super) const fn thinking(&self) -> Thinking {
        self.restrictions.thinking
    }

    /// The efforts it takes; empty: not known.
    pub(super) fn efforts(&self) -> &[String] {
        &self.restrictions.efforts
    }

    /// Whether it thinks at all.
    pub(super) fn can_think(&self) -> bool {
        self.capabilities.is_none_or(|known| known.reasoning)
    }

    /// Whether it answers by a schema by itself.
    pub(super) fn has_structured_outputs(&self) -> bool {
        self.capabilities.is_none_or(|known| known.json_schema)
    }

    /// Whether it can be made to call a function.
    pub(super) const fn can_be_forced(&self) -> bool {
        !self.restrictions.refuses_forced_tools
    }

    /// Whether it goes on with a begun answer.
    pub(super) const fn takes_prefill(&self) -> bool {
        !self.restrictions.refuses_prefill
    }

    /// What becomes of temperature and the like.
    pub(super) const fn sampling(&self) -> Sampling {
        self.restrictions.sampling
    }

    /// Whether temperature and `top_p` may come together.
    pub(super) const fn takes_both_samplings(&self) -> bool {
        self.is_third_generation || !super::super::choices::REFUSES_TEMPERATURE_WITH_TOP_P
    }
}
