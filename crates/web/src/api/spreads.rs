//! `/v2/spreads`: how calls are spread over several keys of one provider.

use std::sync::Arc;

use app::error::Error;
use app::{App, spreads};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, put};
use domain::ProviderId;
use domain::access::Need;
use domain::credential::Scope;
use domain::spread::Spread;
use http::Method;
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::spreads::Setting;
use utoipa::ToSchema;

use super::paging::List;
use crate::auth::Authenticated;
use crate::body::{Id, Json};
use crate::openapi::says;
use crate::rim::Failure;
use crate::router::{Door, door};

const TAG: &str = "provider keys";

pub(crate) fn doors() -> Vec<Door> {
    vec![
        door(
            Method::GET,
            "/v2/spreads",
            Need::ManageCredentials,
            get(list_spreads),
            says(TAG, "How calls are spread over your keys; a provider that is not listed: the primary serves")
                .gives_list::<List<SpreadView>, SpreadView>(200, "What is settled"),
        ),
        door(
            Method::PUT,
            "/v2/spreads/{provider}",
            Need::ManageCredentials,
            put(set_spread),
            says(TAG, "Settle how calls are spread over your keys of one provider, an organization's, or the server's")
                .takes::<SpreadBody>()
                .example(json!({"spread": "round_robin"}))
                .gives::<SpreadView>(200, "What is settled now"),
        ),
    ]
}

/// How calls are spread over the keys of one provider.
#[derive(Serialize, ToSchema)]
struct SpreadView {
    /// Whose keys.
    #[schema(pattern = "@scope")]
    scope: &'static str,
    #[schema(pattern = "@provider")]
    provider: &'static str,
    /// The primary serves, each in turn, or the one that served the fewest calls lately.
    #[schema(pattern = "@spread")]
    spread: &'static str,
}

impl From<Setting> for SpreadView {
    fn from(setting: Setting) -> Self {
        Self { scope: setting.scope.as_str(), provider: setting.provider.as_str(), spread: setting.spread.as_str() }
    }
}

/// What is to be settled.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SpreadBody {
    /// `personal` (default): your keys; `organization`: its keys, for its owners and admins; `system`: the server's, for admins.
    #[schema(pattern = "@scope")]
    scope: Option<String>,
    /// The organization; the one you act in unless said.
    organization_id: Option<String>,
    /// The primary serves, each in turn, or the one that served the fewest calls lately.
    #[schema(pattern = "@spread")]
    spread: String,
}

async fn list_spreads(State(app): State<Arc<App>>, Authenticated(caller): Authenticated) -> Result<Response, Failure> {
    let data: Vec<SpreadView> = spreads::list(&app, &caller).await?.into_iter().map(SpreadView::from).collect();
    let count = data.len() as i64;
    Ok(axum::Json(List { data, count }).into_response())
}

async fn set_spread(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
    Id(provider): Id<ProviderId>,
    Json(body): Json<SpreadBody>,
) -> Result<Response, Failure> {
    let scope = super::word("scope", body.scope.as_deref())?.unwrap_or(Scope::Personal);
    let spread: Spread =
        super::word("spread", Some(&body.spread))?.ok_or_else(|| Error::invalid("spread", "is missing"))?;
    let organization = super::organization_id(body.organization_id)?;
    let setting = spreads::set(&app, &caller, scope, organization, provider, spread).await?;
    Ok(axum::Json(SpreadView::from(setting)).into_response())
}
