//! The models usable now, in Anthropic's shape.

use app::error::Error;
use app::models::ModelLine;
use axum::response::{IntoResponse, Response};
use domain::Timestamp;
use domain::model::ModelStatus;
use serde::Serialize;
use utoipa::ToSchema;

use crate::model_pages::{self, Asked, Page};

/// A page of models.
#[derive(Serialize, ToSchema)]
pub(crate) struct AnthropicModelList {
    data: Vec<AnthropicModel>,
    /// Whether there are more in the direction of turning.
    has_more: bool,
    /// Send it as `before_id` for the page before.
    first_id: Option<String>,
    /// Send it as `after_id` for the page after.
    last_id: Option<String>,
}

/// A model in Anthropic's shape.
#[derive(Serialize, ToSchema)]
pub(crate) struct AnthropicModel {
    #[schema(pattern = "^(model)$")]
    r#type: &'static str,
    /// The name to call it by.
    #[schema(pattern = "@text")]
    id: String,
    /// What people call it.
    display_name: String,
    created_at: String,
    /// Where it is in its life.
    #[schema(pattern = "^(active|deprecated|retired)$")]
    lifecycle: &'static str,
    max_input_tokens: Option<u64>,
    /// The longest answer, in tokens.
    max_tokens: Option<u64>,
}

impl From<&ModelLine> for AnthropicModel {
    fn from(line: &ModelLine) -> Self {
        Self {
            r#type: "model",
            id: line.client_id.clone(),
            display_name: line.facts.display_name.clone(),
            created_at: Timestamp::from_micros(model_pages::created(line).saturating_mul(1_000_000)).to_string(),
            lifecycle: match line.facts.status {
                ModelStatus::Active | ModelStatus::Legacy => "active",
                ModelStatus::Deprecated => "deprecated",
                ModelStatus::Retired => "retired",
            },
            max_input_tokens: line.facts.context_window,
            max_tokens: line.facts.max_output_tokens,
        }
    }
}

/// The page that a query asks for: `limit`, and `after_id` or `before_id`.
pub(crate) fn list(lines: &[ModelLine], query: &str) -> Result<Response, Error> {
    let asked = Asked(query);
    let size = asked.exact_size("limit")?;
    let page = match (asked.place("after_id", lines)?, asked.place("before_id", lines)?) {
        (Some(_), Some(_)) => {
            return Err(Error::invalid("after_id", "and before_id are both there; send one of them"));
        }
        (None, Some(before)) => Page::before(lines, before, size),
        (after, None) => Page::after(lines, after, size),
    };
    let data: Vec<AnthropicModel> = page.lines.iter().map(AnthropicModel::from).collect();
    let id = |model: Option<&AnthropicModel>| model.map(|model| model.id.clone());
    let (first_id, last_id) = (id(data.first()), id(data.last()));
    Ok(axum::Json(AnthropicModelList { data, has_more: page.has_more, first_id, last_id }).into_response())
}

/// One model.
pub(crate) fn one(line: &ModelLine) -> Response {
    axum::Json(AnthropicModel::from(line)).into_response()
}
