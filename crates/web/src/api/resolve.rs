//! `/v2/resolve`: whose key would pay, and why nobody else's.

use std::sync::Arc;

use app::paying::Wishes;
use app::resolving::{self, ExplainedPlace};
use app::{App, Code};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use domain::access::Need;
use domain::resolve::{Resolution, Verdict, Why};
use http::Method;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::auth::Authenticated;
use crate::body::Query;
use crate::openapi::says;
use crate::rim::Failure;
use crate::router::{Door, door};

pub(crate) fn doors() -> Vec<Door> {
    vec![door(
        Method::GET,
        "/v2/resolve",
        Need::CallModels,
        get(explain),
        says("provider keys", "Whose key would pay for a model, and why each other one would not")
            .query::<ResolveQuery>()
            .gives::<Explanation>(200, "Who pays")
            .refuses(&[Code::ModelNotFound, Code::ProviderKeyRequired, Code::AmbiguousModel]),
    )]
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct ResolveQuery {
    /// Any name of a model.
    model: String,
    /// `cross`, `chain` or `strict`; your own preference unless said.
    #[param(pattern = "@fallback")]
    policy: Option<String>,
}

#[derive(Serialize, ToSchema)]
struct Explanation {
    /// The alias that the name is; what follows is about the model it reaches now.
    alias: Option<String>,
    /// The provider's own id of the model.
    model: String,
    #[schema(pattern = "@provider")]
    provider: &'static str,
    /// The key that would pay; `null`: none would.
    chosen: Option<Chosen>,
    /// Every key that was looked at, in order.
    candidates: Vec<CandidateView>,
    /// The policy in force: `cross`, `chain` or `strict`.
    #[schema(pattern = "@fallback")]
    policy: &'static str,
    /// All that the alias stands for, in the order in which they are asked; for
    /// an alias that draws, the heaviest first.
    #[serde(skip_serializing_if = "Option::is_none")]
    targets: Option<Vec<TargetExplanation>>,
}

/// One model that an alias stands for.
#[derive(Serialize, ToSchema)]
struct TargetExplanation {
    /// The provider's own id of the model.
    model: String,
    #[schema(pattern = "@provider")]
    provider: &'static str,
    /// How often it is drawn, compared to the others.
    weight: u32,
    /// The key that would pay; `null`: none would.
    chosen: Option<Chosen>,
    /// Every key that was looked at, in order.
    candidates: Vec<CandidateView>,
}

#[derive(Serialize, ToSchema)]
struct Chosen {
    credential_id: String,
    #[schema(pattern = "@scope")]
    scope: &'static str,
    name: String,
}

#[derive(Serialize, ToSchema)]
struct CandidateView {
    credential_id: String,
    #[schema(pattern = "@scope")]
    scope: &'static str,
    name: String,
    /// Whether it could pay.
    eligible: bool,
    /// Why it does not: `inactive`, `expired`, `invalid`, `cooling_down`, `nearer_scope_decides` …
    #[schema(value_type = Option<String>)]
    why: Option<Why>,
    /// Until when it is at its rate limit for this model.
    #[schema(format = "date-time")]
    cooling_until: Option<String>,
}

async fn explain(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
    Query(query): Query<ResolveQuery>,
) -> Result<Response, Failure> {
    let wishes = Wishes { policy: super::word("policy", query.policy.as_deref())?, ..Wishes::default() };
    let explained = resolving::explain(&app, &caller, &query.model, &wishes).await?;
    let first = explained.first().ok_or_else(|| app::naming::not_found(&query.model))?;
    let targets = explained.alias.as_ref().map(|_| explained.places.iter().map(target).collect());
    let body = Explanation {
        alias: explained.alias.as_ref().map(|alias| alias.name.clone()),
        model: first.place.upstream_id.clone(),
        provider: first.place.provider.as_str(),
        chosen: chosen(&first.resolution),
        candidates: candidates(&first.resolution),
        policy: explained.policy.as_str(),
        targets,
    };
    Ok(axum::Json(body).into_response())
}

fn target(explained: &ExplainedPlace) -> TargetExplanation {
    TargetExplanation {
        model: explained.place.upstream_id.clone(),
        provider: explained.place.provider.as_str(),
        weight: explained.weight.unwrap_or(1),
        chosen: chosen(&explained.resolution),
        candidates: candidates(&explained.resolution),
    }
}

fn chosen(resolution: &Resolution) -> Option<Chosen> {
    resolution.verdicts.iter().find(|verdict| verdict.why.is_none()).map(|verdict| Chosen {
        credential_id: verdict.credential.to_string(),
        scope: verdict.scope.as_str(),
        name: verdict.name.clone(),
    })
}

fn candidates(resolution: &Resolution) -> Vec<CandidateView> {
    let view = |verdict: &Verdict| CandidateView {
        credential_id: verdict.credential.to_string(),
        scope: verdict.scope.as_str(),
        name: verdict.name.clone(),
        eligible: verdict.why.is_none_or(|why| why == Why::Standby),
        why: verdict.why,
        cooling_until: verdict.cooling_until.map(|until| until.to_string()),
    };
    resolution.verdicts.iter().map(view).collect()
}
