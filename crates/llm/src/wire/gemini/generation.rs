//! Which generation a model is of: Google's models differ in how they think,
//! and in whether their calls have ids.

use crate::wire::Target;

/// What a model's id says about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Generation {
    number: Option<u32>,
    is_gemini: bool,
    is_pro: bool,
}

/// How a model is told to think.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Thinking {
    /// `thinkingLevel`.
    Level,
    /// `thinkingBudget`, in tokens.
    Budget,
    /// Not at all.
    Never,
}

impl Generation {
    /// Of the target's model. `gemini-flash-latest` and the like, which name no
    /// number, are the newest.
    pub(super) fn of(target: &Target<'_>) -> Self {
        let id = bare(target.model);
        let number = id.strip_prefix("gemini-").and_then(|rest| rest.split(['.', '-']).next()?.parse().ok());
        Self { number, is_gemini: id.starts_with("gemini-"), is_pro: id.contains("-pro") }
    }

    /// Third and later: calls have ids and must come back with their signature,
    /// penalties are refused, tools and JSON go together.
    pub(super) fn is_third(self) -> bool {
        self.is_gemini && self.number.is_none_or(|number| number >= 3)
    }

    /// How it is told to think.
    pub(super) fn thinking(self, target: &Target<'_>) -> Thinking {
        if self.is_third() {
            return Thinking::Level;
        }
        let is_2_5 = bare(target.model).starts_with("gemini-2.5");
        if is_2_5 { Thinking::Budget } else { Thinking::Never }
    }

    /// The larger models always think, and have no `minimal`.
    pub(super) const fn always_thinks(self) -> bool {
        self.is_pro
    }
}

/// The id without the folder that Google's lists put before it.
pub(crate) fn bare(model: &str) -> &str {
    model.strip_prefix("models/").unwrap_or(model)
}

#[cfg(test)]
mod tests {
    use domain::ProviderId;

    use super::*;

    #[test]
    fn the_id_says_how_a_model_thinks() {
        for (model, is_third, thinking) in [
            ("gemini-3.8-flash", true, Thinking::Level),
            ("gemini-4-argon", true, Thinking::Level),
            ("models/gemini-10-pro", true, Thinking::Level),
            ("gemini-flash-latest", true, Thinking::Level),
            ("gemini-2.5-flash", false, Thinking::Budget),
            ("gemini-2.0-flash", false, Thinking::Never),
            ("gemma-4-31b-it", false, Thinking::Never),
        ] {
            let target =
                Target { provider: ProviderId::Google, model, origin_host: "", facts: None, api_version: None };
            let generation = Generation::of(&target);
            assert_eq!((generation.is_third(), generation.thinking(&target)), (is_third, thinking), "{model}");
        }
    }
}
