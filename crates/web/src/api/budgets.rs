//! `/v2/budgets`: who may spend how much, in which window, and how that stands.

pub(super) mod view;

use std::sync::Arc;

use app::App;
use app::budgets::{self, Change, NewBudget};
use app::error::{Code, Error};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, patch, post};
use domain::Caller;
use domain::access::Need;
use domain::budget::{Owner, OwnerKind};
use domain::ids::BudgetId;
use http::{HeaderMap, Method, StatusCode};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Number, json};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use self::view::{BudgetView, amount, wanted};
use super::paging::{self, List};
use crate::auth::Authenticated;
use crate::body::{self, Id, Json, Query};
use crate::idempotent::Asked;
use crate::openapi::says;
use crate::rim::Failure;
use crate::router::{Door, door};

const TAG: &str = "budgets";

pub(crate) fn doors() -> Vec<Door> {
    vec![
        door(
            Method::GET,
            "/v2/budgets",
            Need::ReadUsage,
            get(list_budgets),
            says(TAG, "Your budgets, your tokens' and those of your teams and organizations, with what is spent; for admins, everybody's")
                .query::<ListQuery>()
                .gives_list::<List<BudgetView>, BudgetView>(200, "The budgets")
                .refuses(&[Code::NotFound]),
        ),
        door(
            Method::POST,
            "/v2/budgets",
            Need::ManageTokens,
            post(create_budget),
            says(TAG, "Bound what somebody may spend in a day, a week, a month or in all")
                .takes::<BudgetBody>()
                .example(json!({"owner_kind": "user", "limit": 5, "period": "month", "soft_percents": [50, 80]}))
                .idempotent()
                .gives::<BudgetView>(201, "The budget")
                .gives::<BudgetView>(200, "Made before with this Idempotency-Key")
                .refuses(&[Code::Conflict, Code::NotFound]),
        ),
        door(
            Method::GET,
            "/v2/budgets/{id}",
            Need::ReadUsage,
            get(get_budget),
            says(TAG, "One budget, with what is spent").gives::<BudgetView>(200, "The budget"),
        ),
        door(
            Method::PATCH,
            "/v2/budgets/{id}",
            Need::ManageTokens,
            patch(edit_budget),
            says(TAG, "Change a budget; what is absent stays, and what was spent stays spent")
                .takes::<BudgetPatch>()
                .example(json!({"limit": 7.5}))
                .gives::<BudgetView>(200, "The budget now"),
        ),
        door(
            Method::DELETE,
            "/v2/budgets/{id}",
            Need::ManageTokens,
            delete(delete_budget),
            says(TAG, "Lift a budget").gives_other(204, "Lifted"),
        ),
    ]
}

/// Whose budgets, and how many.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct ListQuery {
    /// Rows to pass over, 0 to 10,000.
    #[param(minimum = 0, maximum = 10_000)]
    skip: Option<i64>,
    /// Rows to give, 1 to 500; 100 unless said.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<i64>,
    /// Only this kind of owner's; goes with `owner_id`.
    #[param(pattern = "@budget-owner")]
    owner_kind: Option<String>,
    /// Only this owner's; goes with `owner_kind`.
    owner_id: Option<String>,
}

/// What a new budget is to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct BudgetBody {
    /// Whose spending it bounds; `user` unless said.
    #[schema(pattern = "@budget-owner")]
    owner_kind: Option<String>,
    /// Whose; your own account unless said.
    #[schema(format = "uuid")]
    owner_id: Option<String>,
    /// The most that may be spent in a window, in dollars.
    #[schema(value_type = f64, minimum = 0, maximum = 10_000_000)]
    limit: Number,
    /// For how long what was spent counts. UTC; a week starts on Monday.
    #[schema(pattern = "@budget-period")]
    period: String,
    /// Parts of it that are told when they are spent, in per cent; 50 and 80
    /// unless said.
    #[schema(max_items = 10, value_type = Option<Vec<view::Percent>>)]
    soft_percents: Option<Vec<i64>>,
    /// Whether calls paid with personal keys count. Unless said they do for tokens
    /// and users, and for organizations and teams as the organization's
    /// `counts_personal` has it.
    counts_personal: Option<bool>,
}

/// What is to change: absent stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct BudgetPatch {
    /// The most that may be spent in a window, in dollars.
    #[schema(value_type = Option<f64>, minimum = 0, maximum = 10_000_000)]
    limit: Option<Number>,
    /// Parts of it that are told when they are spent, in per cent.
    #[schema(max_items = 10, value_type = Option<Vec<view::Percent>>)]
    soft_percents: Option<Vec<i64>>,
    /// Whether calls paid with personal keys count.
    counts_personal: Option<bool>,
}

async fn list_budgets(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
    Query(query): Query<ListQuery>,
) -> Result<Response, Failure> {
    let (skip, limit) = paging::window(query.skip, query.limit)?;
    let (budgets, count) = match (&query.owner_kind, &query.owner_id) {
        (None, None) => budgets::list(&app, &caller, skip, limit).await?,
        (kind, id) => {
            let owner = owner(&caller, kind.as_deref(), id.as_deref())?;
            let all = budgets::of_owner(&app, &caller, owner).await?;
            let count = i64::try_from(all.len()).unwrap_or(i64::MAX);
            let [skip, limit] = [skip, limit].map(|number| usize::try_from(number).unwrap_or(0));
            (all.into_iter().skip(skip).take(limit).collect(), count)
        }
    };
    let data: Vec<BudgetView> = budgets.iter().map(BudgetView::from).collect();
    Ok(axum::Json(List { data, count }).into_response())
}

async fn get_budget(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
    Id(id): Id<BudgetId>,
) -> Result<Response, Failure> {
    Ok(axum::Json(BudgetView::from(&budgets::get(&app, &caller, id).await?)).into_response())
}

async fn create_budget(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
    headers: HeaderMap,
    Json(raw): Json<Box<RawValue>>,
) -> Result<Response, Failure> {
    let raw = raw.get().as_bytes();
    let body: BudgetBody = body::parse(raw)?;
    let asked = Asked { app: &app, caller: &caller, headers: &headers, door: "POST /v2/budgets", body: raw };
    let show = async |made: Option<String>| {
        let id = made.and_then(|id| id.parse().ok()).ok_or_else(|| Error::not_found("budget"))?;
        let budget = budgets::get(&app, &caller, id).await?;
        Ok(axum::Json(BudgetView::from(&budget)).into_response())
    };
    asked.once(create(&app, &caller, body), show).await
}

async fn create(app: &App, caller: &Caller, body: BudgetBody) -> Result<(Option<String>, Response), Failure> {
    let owner = owner(caller, body.owner_kind.as_deref(), body.owner_id.as_deref())?;
    let wanted = wanted("", &body.limit, &body.period, body.soft_percents, body.counts_personal)?;
    let budget = budgets::create(app, caller, NewBudget { owner, wanted }).await?;
    let made = (StatusCode::CREATED, axum::Json(BudgetView::from(&budget))).into_response();
    Ok((Some(budget.budget().id.to_string()), made))
}

/// Whose budget is meant: the caller's own where nothing is said.
fn owner(caller: &Caller, kind: Option<&str>, id: Option<&str>) -> Result<Owner, Error> {
    let kind = super::word("owner_kind", kind)?.unwrap_or(OwnerKind::User);
    let id = match id {
        Some(id) => Uuid::parse_str(id).map_err(|_| Error::invalid("owner_id", "is no id"))?,
        None if kind == OwnerKind::User => caller.user.0,
        None => return Err(Error::invalid("owner_id", "is missing; it goes with owner_kind")),
    };
    Ok(Owner { kind, id })
}

async fn edit_budget(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
    Id(id): Id<BudgetId>,
    Json(patch): Json<BudgetPatch>,
) -> Result<Response, Failure> {
    let change = Change {
        limit: patch.limit.as_ref().map(|limit| amount("limit", limit)).transpose()?,
        soft_percents: patch.soft_percents,
        counts_personal: patch.counts_personal,
    };
    Ok(axum::Json(BudgetView::from(&budgets::change(&app, &caller, id, change).await?)).into_response())
}

async fn delete_budget(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
    Id(id): Id<BudgetId>,
) -> Result<Response, Failure> {
    budgets::remove(&app, &caller, id).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
