//! `POST /v2/prices/import`: taking prices from LiteLLM's price map or from
//! models.dev's `api.json`. The document is sent; nothing is fetched.

use std::collections::HashMap;
use std::sync::Arc;

use app::App;
use app::error::{Code, Error};
use app::prices::{self, Difference, Plan, Start};
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use domain::Timestamp;
use domain::access::Need;
use domain::money::change_in_tenths;
use http::Method;
use http::header::CONTENT_TYPE;
use llm::price_lists::LeftOut;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::json;
use serde_json::value::RawValue;
use utoipa::{IntoParams, ToSchema};

use super::super::time;
use super::view::PriceFigures;
use crate::auth::Authenticated;
use crate::body::{self, Query};
use crate::openapi::says;
use crate::rim::Failure;
use crate::router::{Door, door};

/// The largest list, in bytes: several times what either is today.
pub(crate) const LIST_BYTES: usize = 8 * 1024 * 1024;

/// The most entries that an answer names one by one as left out.
const MOST_NAMED: usize = 500;

pub(super) fn doors() -> Vec<Door> {
    vec![door(
        Method::POST,
        "/v2/prices/import",
        Need::ManageCredentials,
        post(import_prices),
        says("models", "Take prices from LiteLLM's price map or from models.dev's api.json; admins only")
            .at_length(
                "The body is the document itself, of at most 8 MB, and is known by its shape. dry_run=true tells what \
                 it would change and changes nothing. Entries of other providers, or whose numbers nobody could mean, \
                 are left out and named. A price that is the same as before is not written down again.",
            )
            .query::<ImportQuery>()
            .takes::<PriceDocument>()
            .example(json!({"gpt-5-mini": {
                "litellm_provider": "openai", "mode": "chat", "input_cost_per_token": 2.5e-7, "output_cost_per_token": 2e-6,
            }}))
            .gives::<PlanView>(200, "What it changed, or would")
            .refuses(&[Code::Conflict]),
    )]
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct ImportQuery {
    /// `true`: only tells what would change.
    dry_run: Option<bool>,
    /// From when on the prices count; absent: now.
    #[param(format = "date-time")]
    starts_at: Option<String>,
    /// `true`: takes a start that lies in the past. Calls already made keep their price.
    confirm: Option<bool>,
}

/// LiteLLM's price map, or models.dev's `api.json`.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only its schema is used")]
struct PriceDocument {
    /// LiteLLM's sample entry, which is passed over.
    sample_spec: Option<HashMap<String, String>>,
}

/// What a list changed, or would change.
#[derive(Serialize, ToSchema)]
struct PlanView {
    /// Whose list it is.
    #[schema(pattern = "^(litellm|models_dev)$")]
    source: &'static str,
    /// Whether nothing was changed.
    dry_run: bool,
    /// From when on its prices count.
    #[schema(value_type = String, format = "date-time")]
    starts_at: Timestamp,
    /// How many had no price.
    added: u64,
    /// How many had another one.
    changed: u64,
    /// How many are the same.
    unchanged: u64,
    /// How many entries are left out.
    skipped_count: u64,
    /// How many entries nobody could mean.
    refused_count: u64,
    /// Every price that is new or another.
    differences: Vec<DifferenceView>,
    /// What is left out, the first 500.
    skipped: Vec<LeftOutView>,
    /// What nobody could mean, the first 500.
    refused: Vec<LeftOutView>,
}

/// A price that is new or another.
#[derive(Serialize, ToSchema)]
struct DifferenceView {
    #[schema(pattern = "@provider")]
    provider: &'static str,
    #[schema(pattern = "@text")]
    model: String,
    /// `added` or `changed`.
    #[schema(pattern = "^(added|changed)$")]
    change: &'static str,
    old: Option<PriceFigures>,
    new: PriceFigures,
    /// How much dearer input is, in per cent; `null`: it cost nothing.
    #[schema(value_type = Option<f64>)]
    input_change_percent: Option<Percent>,
    /// How much dearer output is, in per cent; `null`: it cost nothing.
    #[schema(value_type = Option<f64>)]
    output_change_percent: Option<Percent>,
}

/// Entries that are left out.
#[derive(Serialize, ToSchema)]
struct LeftOutView {
    /// The entry, or the provider of several.
    #[schema(pattern = "@text")]
    name: String,
    /// Why, as the end of a sentence.
    reason: String,
    /// How many entries it stands for.
    entries: u64,
}

/// Tenths of a per cent, written as per cent with one decimal.
struct Percent(i64);

impl Serialize for Percent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::Error as _;
        let sign = if self.0 < 0 { "-" } else { "" };
        let (whole, tenth) = (self.0.unsigned_abs() / 10, self.0.unsigned_abs() % 10);
        RawValue::from_string(format!("{sign}{whole}.{tenth}")).map_err(S::Error::custom)?.serialize(serializer)
    }
}

async fn import_prices(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
    Query(query): Query<ImportQuery>,
    request: Request,
) -> Result<Response, Failure> {
    // Whoever may not is told so before eight megabytes are read.
    prices::may_set(&caller)?;
    let at = time("starts_at", query.starts_at.as_deref())?;
    let start = Start { at, may_lie_in_the_past: query.confirm.unwrap_or(false) };
    let document = document(request).await?;
    let dry_run = query.dry_run.unwrap_or(false);
    let plan = if dry_run {
        prices::plan(&app, &caller, &document, start).await?
    } else {
        prices::apply(&app, &caller, &document, start).await?
    };
    Ok(axum::Json(PlanView::of(plan, dry_run)).into_response())
}

/// The body as a text that is JSON.
async fn document(request: Request) -> Result<String, Error> {
    let kind = request.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or("");
    if !kind.split(';').next().unwrap_or("").trim().eq_ignore_ascii_case("application/json") {
        return Err(Error::new(
            Code::UnsupportedMediaType,
            "The body must be JSON. Send it with the header content-type: application/json.",
        ));
    }
    let length = body::declared_length(request.headers());
    let bytes = body::read(request.into_body(), length, LIST_BYTES).await?;
    llm::json_scan::check(&bytes).map_err(|problem| Error::new(Code::InvalidJson, problem.to_string()))?;
    String::from_utf8(bytes.into())
        .map_err(|_| Error::new(Code::InvalidJson, "The body is no UTF-8. Send it as UTF-8."))
}

impl PlanView {
    fn of(plan: Plan, dry_run: bool) -> Self {
        let number = |left_out: &[LeftOut]| left_out.iter().map(|one| one.entries).sum();
        Self {
            source: plan.source.as_str(),
            dry_run,
            starts_at: plan.starts_at,
            added: plan.added(),
            changed: plan.changed(),
            unchanged: plan.unchanged,
            skipped_count: number(&plan.skipped),
            refused_count: number(&plan.refused),
            differences: plan.differences.into_iter().map(DifferenceView::from).collect(),
            skipped: named(plan.skipped),
            refused: named(plan.refused),
        }
    }
}

fn named(left_out: Vec<LeftOut>) -> Vec<LeftOutView> {
    let view = |LeftOut { name, reason, entries }| LeftOutView { name, reason, entries };
    left_out.into_iter().take(MOST_NAMED).map(view).collect()
}

impl From<Difference> for DifferenceView {
    fn from(one: Difference) -> Self {
        let change =
            |of: fn(domain::Price) -> i64| one.old.and_then(|old| change_in_tenths(of(old), of(one.new))).map(Percent);
        Self {
            provider: one.provider.as_str(),
            change: if one.old.is_some() { "changed" } else { "added" },
            input_change_percent: change(|price| price.rates.input_nanos),
            output_change_percent: change(|price| price.rates.output_nanos),
            old: one.old.map(PriceFigures::from),
            new: one.new.into(),
            model: one.model,
        }
    }
}
