//! `/v2/usage/reconcile`: a provider's own bill beside the ledger.

use std::sync::Arc;

use app::App;
use app::error::Code;
use app::reconcile::{self, Reconciled, Wanted};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use domain::access::Need;
use domain::reconcile::Compared;
use domain::{Nanos, ProviderId};
use http::Method;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use crate::auth::Authenticated;
use crate::body::Json;
use crate::openapi::says;
use crate::rim::Failure;
use crate::router::{Door, door};

/// The largest export that is taken.
const FILE_BYTES: usize = 8 * 1024 * 1024;

pub(super) fn door_of_it() -> Door {
    door(
        Method::POST,
        "/v2/usage/reconcile",
        Need::ReadUsage,
        post(compare_bills),
        says("usage", "A provider's own bill beside the ledger")
            .at_length(
                "Takes the provider's CSV export: OpenAI's of costs, Anthropic's, or any other with columns for day, \
                 model and cost. Compares each day and model with what the ledger says the provider bills: for one key, \
                 else for all shared keys where you are an admin, else for your own. Changes nothing.",
            )
            .takes::<ReconcileBody>()
            .example(json!({"provider": "openai", "csv": "day,model,cost\n2026-11-20,gpt-5-mini,1.25\n"}))
            .gives::<ReconciledView>(200, "Where the two differ")
            .refuses(&[Code::NotFound]),
    )
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ReconcileBody {
    /// Whose bill it is, in any spelling.
    #[schema(pattern = "@any-provider")]
    provider: String,
    /// The key that it is of.
    credential_id: Option<String>,
    /// The export, as text.
    #[schema(pattern = "@text")]
    csv: String,
}

async fn compare_bills(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
    Json(body): Json<ReconcileBody, FILE_BYTES>,
) -> Result<Response, Failure> {
    let provider: Option<ProviderId> = crate::api::word("provider", Some(&body.provider))?;
    let wanted = Wanted {
        provider: provider.unwrap_or(ProviderId::OpenAi),
        credential: super::id("credential_id", body.credential_id.as_deref())?,
        csv: body.csv,
    };
    let found = reconcile::reconcile(&app, &caller, &wanted).await?;
    Ok(axum::Json(ReconciledView::from(&found)).into_response())
}

/// A provider's bill beside the ledger.
#[derive(Serialize, ToSchema)]
struct ReconciledView {
    #[schema(pattern = "@provider")]
    provider: &'static str,
    /// The first day of the bill.
    from: String,
    /// The last.
    to: String,
    /// The columns that were read: day, model, cost.
    columns: Vec<String>,
    /// Each day and model on which the two differ.
    differences: Vec<BillDifferenceView>,
    /// Days and models on which they agree.
    agreeing: usize,
    /// All that the provider bills.
    #[schema(value_type = f64)]
    provider_total: Nanos,
    provider_total_nanos: i64,
    /// All that the ledger has for these days.
    #[schema(value_type = f64)]
    ledger_total: Nanos,
    ledger_total_nanos: i64,
    /// What the ledger has beyond the bill.
    #[schema(value_type = f64)]
    difference: Nanos,
    difference_nanos: i64,
    /// Attempts in the ledger.
    attempts: i64,
    /// Of these, without a cost: the ledger has too little by them.
    unknown: i64,
    /// Of these, with estimated counts.
    estimated: i64,
    /// Lines of the file that could not be read.
    skipped_lines: usize,
    /// The first of them, and why.
    problems: Vec<String>,
}

/// A day and a model.
#[derive(Serialize, ToSchema)]
struct BillDifferenceView {
    day: String,
    model: String,
    /// `null`: the provider does not bill it.
    #[schema(value_type = Option<f64>)]
    provider_cost: Option<Nanos>,
    provider_cost_nanos: Option<i64>,
    /// `null`: there was no call.
    #[schema(value_type = Option<f64>)]
    ledger_cost: Option<Nanos>,
    ledger_cost_nanos: Option<i64>,
    #[schema(value_type = f64)]
    difference: Nanos,
    difference_nanos: i64,
    attempts: i64,
    unknown: i64,
    estimated: i64,
}

impl From<&Reconciled> for ReconciledView {
    fn from(of: &Reconciled) -> Self {
        let difference = Nanos(of.ours.0.saturating_sub(of.theirs.0));
        Self {
            provider: of.provider.as_str(),
            from: of.days.0.clone(),
            to: of.days.1.clone(),
            columns: of.columns.to_vec(),
            differences: of.differing.iter().map(BillDifferenceView::from).collect(),
            agreeing: of.agreeing,
            provider_total: of.theirs,
            provider_total_nanos: of.theirs.0,
            ledger_total: of.ours,
            ledger_total_nanos: of.ours.0,
            difference,
            difference_nanos: difference.0,
            attempts: of.calls,
            unknown: of.unknown,
            estimated: of.estimated,
            skipped_lines: of.skipped,
            problems: of.told.clone(),
        }
    }
}

impl From<&Compared> for BillDifferenceView {
    fn from(of: &Compared) -> Self {
        Self {
            day: of.day.clone(),
            model: of.model.clone(),
            provider_cost: of.theirs,
            provider_cost_nanos: of.theirs.map(|cost| cost.0),
            ledger_cost: of.ours,
            ledger_cost_nanos: of.ours.map(|cost| cost.0),
            difference: of.difference(),
            difference_nanos: of.difference().0,
            attempts: of.calls,
            unknown: of.unknown,
            estimated: of.estimated,
        }
    }
}
