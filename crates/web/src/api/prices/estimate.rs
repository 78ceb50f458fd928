//! `POST /v2/prices/estimate`: what calls would cost, line by line.

use std::sync::Arc;

use app::App;
use app::error::{Code, Error};
use app::prices::{self, AskedEstimate, Estimate, PriceOrigin};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use domain::access::Need;
use domain::usage::{TokenCounts, estimated_tokens};
use domain::{Nanos, text};
use http::Method;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use crate::auth::Authenticated;
use crate::body::{self, Json};
use crate::openapi::says;
use crate::rim::Failure;
use crate::router::{Door, door};

/// The longest text whose length is taken, in characters.
const TEXT_CHARACTERS: usize = 100_000;

pub(super) fn doors() -> Vec<Door> {
    vec![door(
        Method::POST,
        "/v2/prices/estimate",
        Need::CallModels,
        post(estimate_cost),
        says("models", "What calls of a model would cost, as arithmetic; no model is called")
            .takes::<EstimateBody>()
            .example(json!({"model": "gpt-5-mini", "input_tokens": 1_200, "output_tokens": 300, "calls": 1_000}))
            .gives::<EstimateView>(200, "The cost, line by line")
            .refuses(&[Code::ModelNotFound, Code::ModelUnpriced]),
    )]
}

/// What to reckon. Tokens may be given as a number or as a text of that length.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct EstimateBody {
    /// The model, by any of its names.
    #[schema(max_length = 256, pattern = "@line")]
    model: String,
    /// Everything read, cached tokens included.
    #[schema(minimum = 0, maximum = 1_000_000_000)]
    #[serde(default, deserialize_with = "body::whole_number")]
    input_tokens: Option<u64>,
    /// In its place a text, of which four characters are a token.
    #[schema(max_length = 100_000, pattern = "@text")]
    input_text: Option<String>,
    /// Everything generated, reasoning included.
    #[schema(minimum = 0, maximum = 1_000_000_000)]
    #[serde(default, deserialize_with = "body::whole_number")]
    output_tokens: Option<u64>,
    /// In its place a text.
    #[schema(max_length = 100_000, pattern = "@text")]
    output_text: Option<String>,
    /// Of the input: read from the provider's cache.
    #[schema(minimum = 0, maximum = 1_000_000_000)]
    #[serde(default, deserialize_with = "body::whole_number")]
    cached_input_tokens: Option<u64>,
    /// Of the input: written to it.
    #[schema(minimum = 0, maximum = 1_000_000_000)]
    #[serde(default, deserialize_with = "body::whole_number")]
    cache_write_tokens: Option<u64>,
    /// Of those: kept for an hour.
    #[schema(minimum = 0, maximum = 1_000_000_000)]
    #[serde(default, deserialize_with = "body::whole_number")]
    cache_write_1h_tokens: Option<u64>,
    /// How many such calls; 1 unless said.
    #[schema(minimum = 1, maximum = 1_000_000_000)]
    #[serde(default, deserialize_with = "body::whole_number")]
    calls: Option<u64>,
}

/// What calls would cost.
#[derive(Serialize, ToSchema)]
struct EstimateView {
    /// The name to call the model by.
    #[schema(pattern = "@text")]
    model: String,
    #[schema(pattern = "@provider")]
    provider: &'static str,
    /// Who says what it costs.
    #[schema(pattern = "^(local|registered|manual|litellm|models_dev|catalogue|listed)$")]
    price_source: Option<&'static str>,
    /// Whether a number of tokens is an estimate from a text's length.
    is_estimated: bool,
    /// Whether the rates for long prompts count.
    is_long_context: bool,
    /// One call, part by part.
    lines: Vec<CostLineView>,
    /// One call, in dollars, rounded once.
    #[schema(value_type = f64)]
    cost_per_call: Nanos,
    cost_per_call_nanos: i64,
    calls: u64,
    /// All calls, in dollars.
    #[schema(value_type = f64)]
    total: Nanos,
    total_nanos: i64,
}

/// A part of one call's cost: tokens times dollars per million.
#[derive(Serialize, ToSchema)]
struct CostLineView {
    /// What the tokens are.
    #[schema(pattern = "^(input|cached_input|cache_write|cache_write_1h|output)$")]
    what: &'static str,
    tokens: u64,
    #[schema(value_type = f64)]
    price_per_million: Nanos,
    /// In dollars, rounded.
    #[schema(value_type = f64)]
    cost: Nanos,
}

async fn estimate_cost(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
    Json(body): Json<EstimateBody>,
) -> Result<Response, Failure> {
    let is_estimated = body.input_text.is_some() || body.output_text.is_some();
    let tokens = TokenCounts {
        prompt: tokens(body.input_tokens, body.input_text.as_deref(), "input_text")?,
        completion: tokens(body.output_tokens, body.output_text.as_deref(), "output_text")?,
        cached: body.cached_input_tokens.unwrap_or(0),
        cache_write: body.cache_write_tokens.unwrap_or(0),
        cache_write_hour: body.cache_write_1h_tokens.unwrap_or(0),
        reasoning: 0,
    };
    let asked = AskedEstimate { model: body.model, tokens, calls: body.calls.unwrap_or(1) };
    let estimate = prices::estimate(&app, &caller, &asked).await?;
    Ok(axum::Json(EstimateView::of(&estimate, is_estimated)).into_response())
}

fn tokens(number: Option<u64>, typed: Option<&str>, field: &str) -> Result<u64, Error> {
    match (number, typed) {
        (Some(_), Some(_)) => Err(Error::invalid(field, "is there beside a number of tokens; send one of them")),
        (Some(number), None) => Ok(number),
        (None, None) => Ok(0),
        (None, Some(typed)) => {
            text::note(typed, TEXT_CHARACTERS).map_err(|problem| Error::invalid(field, problem.to_string()))?;
            Ok(estimated_tokens(typed.chars().count() as u64))
        }
    }
}

impl EstimateView {
    fn of(estimate: &Estimate, is_estimated: bool) -> Self {
        let line = |term: &domain::money::Term| CostLineView {
            what: term.what.as_str(),
            tokens: term.tokens,
            price_per_million: Nanos(term.nanos_per_million),
            cost: term.cost(),
        };
        Self {
            model: estimate.line.client_id.clone(),
            provider: estimate.line.facts.provider.as_str(),
            price_source: estimate.line.price_origin.map(PriceOrigin::as_str),
            is_estimated,
            is_long_context: estimate.is_long,
            lines: estimate.terms.iter().map(line).collect(),
            cost_per_call: estimate.per_call,
            cost_per_call_nanos: estimate.per_call.0,
            calls: estimate.calls,
            total: estimate.total,
            total_nanos: estimate.total.0,
        }
    }
}
