//! What calls would cost, as arithmetic.

use domain::money::Term;
use domain::usage::{ABSURD_TOKENS, TokenCounts};
use domain::{Caller, Nanos, Price, text};

use crate::App;
use crate::error::{Code, Error, Result};
use crate::models::{self, ModelLine};

/// The most calls that are reckoned with.
const MOST_CALLS: u64 = 1_000_000_000;

/// What to reckon.
#[derive(Clone, Debug)]
pub struct AskedEstimate {
    /// The model, by any of its names.
    pub model: String,
    /// What one call reads and writes.
    pub tokens: TokenCounts,
    /// How many calls.
    pub calls: u64,
}

/// What calls would cost.
#[derive(Clone, Debug)]
pub struct Estimate {
    /// The model.
    pub line: ModelLine,
    /// What it costs today.
    pub price: Price,
    /// What one call reads and writes.
    pub tokens: TokenCounts,
    /// One call's sum, part by part.
    pub terms: Vec<Term>,
    /// Whether the rates for long prompts count.
    pub is_long: bool,
    /// One call's cost, rounded once.
    pub per_call: Nanos,
    /// How many calls.
    pub calls: u64,
    /// All calls' cost.
    pub total: Nanos,
}

/// Reckons.
///
/// # Errors
/// `model_not_found`, `model_unpriced`, `invalid_request`.
pub async fn estimate(app: &App, caller: &Caller, asked: &AskedEstimate) -> Result<Estimate> {
    let tokens = asked.tokens;
    for (field, number) in [("input_tokens", tokens.prompt), ("output_tokens", tokens.completion)] {
        if number > ABSURD_TOKENS {
            return Err(Error::invalid(field, "is more than a billion tokens, which no call has"));
        }
    }
    if tokens.cached.saturating_add(tokens.cache_write) > tokens.prompt || tokens.cache_write_hour > tokens.cache_write
    {
        return Err(Error::invalid(
            "cached_input_tokens",
            "and the tokens written to the cache are parts of input_tokens, and cannot be more",
        ));
    }
    if !(1..=MOST_CALLS).contains(&asked.calls) {
        return Err(Error::invalid("calls", "must be 1 to 1,000,000,000"));
    }
    let model = text::line(&asked.model, 256).map_err(|problem| Error::invalid("model", problem))?;
    let line = models::get(app, caller, &model).await?;
    let price = line.price.ok_or_else(|| unpriced(&line))?;
    let per_call = price.cost(&tokens);
    Ok(Estimate {
        terms: price.terms(&tokens).into_iter().filter(|term| term.tokens > 0).collect(),
        is_long: price.long_context.is_some_and(|long| tokens.prompt > long.threshold_tokens),
        total: per_call.times(asked.calls),
        calls: asked.calls,
        line,
        price,
        tokens,
        per_call,
    })
}

fn unpriced(line: &ModelLine) -> Error {
    Error::new(
        Code::ModelUnpriced,
        format!(
            "“{}” has no price here, so that its cost is unknown. An admin can set one at /admin/prices.",
            line.client_id
        ),
    )
    .of_field("model")
}
