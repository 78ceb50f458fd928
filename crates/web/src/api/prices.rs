//! `/v2/prices`: what each model costs, since when and who says so; setting it,
//! taking it from somebody's list, and reckoning with it.

mod estimate;
mod import;
pub(crate) mod view;

pub(crate) use import::LIST_BYTES;

use std::sync::Arc;

use app::App;
use app::error::{Code, Error};
use app::prices::{self, NewPrice, PriceFilter};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, patch};
use domain::ProviderId;
use domain::access::Need;
use http::{Method, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::{IntoParams, ToSchema};

use super::paging::{self, List};
use super::{present, time, word};
use crate::auth::Authenticated;
use crate::body::{Id, Json, Query};
use crate::openapi::says;
use crate::rim::Failure;
use crate::router::{Door, door};
use view::{EntryView, HistoryView, PriceBody, PriceView};

const TAG: &str = "models";

pub(crate) fn doors() -> Vec<Door> {
    let mut doors = vec![
        door(
            Method::GET,
            "/v2/prices",
            Need::CallModels,
            get(list_prices),
            says(TAG, "What each model costs you now, and who says so")
                .query::<PricesQuery>()
                .gives_list::<List<PriceView>, PriceView>(200, "The models with their prices"),
        ),
        door(
            Method::GET,
            "/v2/prices/{*id}",
            Need::CallModels,
            get(show_price),
            says(TAG, "What one model costs, and all that it did and will cost; the id is provider/model")
                .gives::<HistoryView>(200, "Its price and its history"),
        ),
        door(
            Method::PATCH,
            "/v2/prices",
            Need::ManageCredentials,
            patch(set_prices),
            says(TAG, "Set what models cost everybody on this server, from now or from a moment on; admins only")
                .at_length(
                    "All or none are set. What was in force stays in the history, and calls already made keep the price \
                     they were billed at. A price of null gives the word back to the catalogue.",
                )
                .takes::<PricesPatch>()
                .example(json!({"prices": [{
                    "provider": "openai", "model": "gpt-5-mini", "starts_at": "2026-12-01T00:00:00Z", "note": "As announced",
                    "price": {"input_token_price": 0.25, "output_token_price": 2, "cached_input_token_price": 0.025},
                }]}))
                .gives::<SetView>(200, "What was written down")
                .refuses(&[Code::Conflict]),
        ),
        door(
            Method::DELETE,
            "/v2/prices/{*id}",
            Need::ManageCredentials,
            delete(withdraw_price),
            says(TAG, "Withdraw a price that has not begun; the id is provider/model; admins only")
                .query::<WithdrawQuery>()
                .gives_other(204, "Withdrawn")
                .refuses(&[Code::Conflict]),
        ),
    ];
    doors.extend(import::doors());
    doors.extend(estimate::doors());
    doors
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct PricesQuery {
    /// A provider, in any spelling.
    #[param(pattern = "@any-provider")]
    provider: Option<String>,
    /// This very model, by its provider's id.
    model: Option<String>,
    /// Words that each occur in id, name or provider.
    search: Option<String>,
    /// `manual`: set by hand; `imported`: from somebody's list; `catalogue`; `unpriced`; `upcoming`: about to change.
    #[param(pattern = "^(manual|imported|catalogue|unpriced|upcoming)$")]
    only: Option<String>,
    /// Rows to pass over, 0 to 10,000.
    #[param(minimum = 0, maximum = 10_000)]
    skip: Option<i64>,
    /// Rows to give, 1 to 500; 100 unless said.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<i64>,
}

/// Prices to set.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PricesPatch {
    /// 1 to 100 prices.
    #[schema(min_items = 1, max_items = 100)]
    prices: Vec<NewPriceBody>,
    /// Takes starts that lie in the past.
    #[serde(default)]
    #[schema(value_type = Option<bool>)]
    confirm: Option<bool>,
}

/// A price to set.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewPriceBody {
    /// The provider, in any spelling.
    #[schema(pattern = "@any-provider")]
    provider: String,
    /// The provider's id of the model; at custom endpoints `slug/model`.
    #[schema(max_length = 256, pattern = "@line")]
    model: String,
    /// What it costs; `null`: what the catalogue or its provider says.
    #[schema(required = true)]
    #[serde(default, deserialize_with = "present")]
    price: Option<Option<PriceBody>>,
    /// From when on; absent: now.
    #[schema(format = "date-time")]
    starts_at: Option<String>,
    /// Why, in up to 300 characters.
    #[schema(max_length = 300, pattern = "@note")]
    note: Option<String>,
}

/// What was written down.
#[derive(Serialize, ToSchema)]
struct SetView {
    /// The prices that were set.
    data: Vec<EntryView>,
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct WithdrawQuery {
    /// When the price would have begun, as the history has it.
    #[param(format = "date-time")]
    starts_at: String,
}

async fn list_prices(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
    Query(query): Query<PricesQuery>,
) -> Result<Response, Failure> {
    let (skip, limit) = paging::window(query.skip, query.limit)?;
    let filter = PriceFilter {
        provider: word("provider", query.provider.as_deref())?,
        model: query.model,
        search: query.search,
        only: word("only", query.only.as_deref())?,
    };
    let lines = prices::list(&app, &caller, &filter).await?;
    let count = lines.len() as i64;
    let window = lines.iter().skip(skip.unsigned_abs() as usize).take(limit.unsigned_abs() as usize);
    let data: Vec<PriceView> = window.map(PriceView::from).collect();
    Ok(axum::Json(List { data, count }).into_response())
}

async fn show_price(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
    Id(name): Id<String>,
) -> Result<Response, Failure> {
    let (provider, model) = place(&name)?;
    let history = prices::history(&app, &caller, provider, model).await?;
    Ok(axum::Json(HistoryView::of(&history, caller.is_admin(), app.catalogue.as_of())).into_response())
}

async fn set_prices(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
    Json(body): Json<PricesPatch>,
) -> Result<Response, Failure> {
    let new = body.prices.into_iter().map(new_price).collect::<Result<Vec<_>, Error>>()?;
    let set = prices::set(&app, &caller, new, body.confirm.unwrap_or(false)).await?;
    let now = app.clock.now();
    let data = set.iter().map(|entry| EntryView::just_set(entry, now)).collect();
    Ok(axum::Json(SetView { data }).into_response())
}

async fn withdraw_price(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
    Id(name): Id<String>,
    Query(query): Query<WithdrawQuery>,
) -> Result<Response, Failure> {
    let (provider, model) = place(&name)?;
    let missing = || Error::invalid("starts_at", "is missing");
    let starts_at = time("starts_at", Some(&query.starts_at))?.ok_or_else(missing)?;
    prices::withdraw(&app, &caller, provider, model, starts_at).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

fn new_price(body: NewPriceBody) -> Result<NewPrice, Error> {
    let missing = || Error::invalid("price", "is missing; null gives the word back to the catalogue");
    let price = body.price.ok_or_else(missing)?.map(|price| price.read()).transpose()?;
    let provider = body
        .provider
        .parse()
        .map_err(|_| Error::invalid("provider", "names no provider; GET /v2/providers lists them"))?;
    let starts_at = time("starts_at", body.starts_at.as_deref())?;
    Ok(NewPrice { provider, model: body.model, starts_at, price, note: body.note })
}

/// `provider/model`.
pub(crate) fn place(name: &str) -> Result<(ProviderId, &str), Error> {
    let (provider, model) = name.split_once('/').ok_or_else(|| Error::not_found("model"))?;
    Ok((provider.parse().map_err(|_| Error::not_found("model"))?, model))
}
