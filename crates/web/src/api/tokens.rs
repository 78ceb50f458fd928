//! `/v2/tokens`: gateway tokens.

use std::sync::Arc;
use std::time::Duration;

use app::App;
use app::error::{Code, Error};
use app::tokens::{self, Edit, NewToken, Whose};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, patch, post};
use domain::access::Need;
use domain::caller::TokenScope;
use domain::ids::TokenId;
use domain::resolve::Fallback;
use domain::{Caller, Timestamp};
use http::{HeaderMap, Method, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::json;
use serde_json::value::RawValue;
use store::tokens::Token;
use utoipa::{IntoParams, ToSchema};

use super::budgets::view::TokenBudget;
use super::paging::{self, List};
use crate::auth::Authenticated;
use crate::body::{self, Id, Json, Query};
use crate::idempotent::Asked;
use crate::openapi::says;
use crate::rim::Failure;
use crate::router::{Door, door};

pub(crate) fn doors() -> Vec<Door> {
    let need = Need::ManageTokens;
    vec![
        door(
            Method::GET,
            "/v2/tokens",
            need,
            get(list_tokens),
            says("gateway tokens", "Your gateway tokens, or those of teams that you lead, without their text")
                .query::<TokensQuery>()
                .gives_list::<List<TokenView>, TokenView>(200, "The tokens")
                .refuses(&[Code::NotFound]),
        ),
        door(
            Method::POST,
            "/v2/tokens",
            need,
            post(create_token),
            says("gateway tokens", "Make a gateway token; its text is shown only here")
                .takes::<TokenBody>()
                .example(json!({"name": "My editor", "scopes": ["models"]}))
                .idempotent()
                .gives::<FreshToken>(201, "The token with its text")
                .gives::<TokenView>(200, "Made before with this Idempotency-Key; without its text")
                .refuses(&[Code::NotFound]),
        ),
        door(
            Method::PATCH,
            "/v2/tokens/{id}",
            need,
            patch(edit_token),
            says(
                "gateway tokens",
                "Change a token's name, scopes, models, policy, rates, budget or end, within your own rights",
            )
            .takes::<TokenPatch>()
            .example(json!({"name": "My other editor", "models": ["openai/gpt-6.1-terra"], "expires_at": null}))
            .gives::<TokenView>(200, "The token now"),
        ),
        door(
            Method::POST,
            "/v2/tokens/{id}/rotate",
            need,
            post(rotate_token),
            says(
                "gateway tokens",
                "Give a token a new text, shown only here; the former one works until the grace ends",
            )
            .takes::<TokenRotation>()
            .example(json!({"grace_seconds": 3600}))
            .idempotent()
            .gives::<RotatedToken>(
                200,
                "The token with its new text; done before with this Idempotency-Key, without it",
            ),
        ),
        door(
            Method::DELETE,
            "/v2/tokens/{id}",
            need,
            delete(revoke_token),
            says("gateway tokens", "Stop a token from working").gives_other(204, "Revoked"),
        ),
    ]
}

/// Whose tokens, and where in their list to start.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct TokensQuery {
    /// Of this team, for its leads.
    #[param(format = "uuid")]
    team_id: Option<String>,
    /// Of all teams of this organization, by id or slug, for its owners and admins.
    #[param(pattern = "@slug")]
    organization_id: Option<String>,
    /// Rows to pass over, 0 to 10,000.
    #[param(minimum = 0, maximum = 10_000)]
    skip: Option<i64>,
    /// Rows to give, 1 to 500; 100 unless said.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<i64>,
}

/// What a gateway token may do.
#[derive(ToSchema)]
#[schema(pattern = "@token-scope")]
#[expect(dead_code, reason = "only its schema is used")]
struct ScopeWord(String);

/// The name of a model, as calls give it.
#[derive(ToSchema)]
#[schema(max_length = 256, pattern = "@line")]
#[expect(dead_code, reason = "only its schema is used")]
struct ModelName(String);

/// A gateway token without its text.
#[derive(Serialize, ToSchema)]
struct TokenView {
    id: String,
    name: String,
    /// `owk_…wxyz`.
    masked: String,
    /// The team it belongs to; `null`: whoever made it.
    team_id: Option<String>,
    /// Who made it, a user.
    #[schema(format = "uuid")]
    created_by: String,
    /// What it may do.
    #[schema(value_type = Vec<ScopeWord>)]
    scopes: Vec<&'static str>,
    /// The models it may call; `null`: all.
    models: Option<Vec<String>>,
    /// How far its calls may go for a key; `null`: as its owner prefers.
    #[schema(pattern = "@fallback")]
    policy: Option<&'static str>,
    /// What becomes of a parameter that the model cannot take: `strict` refuses
    /// it, `lenient` leaves it out.
    #[schema(pattern = "@params")]
    params: &'static str,
    /// Calls a minute; `null`: no limit.
    rate_limit: Option<i64>,
    /// Tokens of text a minute; `null`: no limit.
    tokens_per_minute: Option<i64>,
    created_at: String,
    expires_at: Option<String>,
    last_used_at: Option<String>,
    revoked_at: Option<String>,
}

impl From<&Token> for TokenView {
    fn from(token: &Token) -> Self {
        let text = |at: Option<Timestamp>| at.map(|at| at.to_string());
        Self {
            id: token.id.to_string(),
            name: token.name.clone(),
            masked: token.masked.clone(),
            team_id: token.team.map(|id| id.to_string()),
            created_by: token.user.to_string(),
            scopes: token.scopes.iter().map(|scope| scope.as_str()).collect(),
            models: token.models.clone(),
            policy: token.policy.map(Fallback::as_str),
            params: token.params.as_str(),
            rate_limit: token.rate_limit,
            tokens_per_minute: token.tokens_per_minute,
            created_at: token.created_at.to_string(),
            expires_at: text(token.expires_at),
            last_used_at: text(token.last_used_at),
            revoked_at: text(token.revoked_at),
        }
    }
}

/// A fresh token. `token` is shown only in this answer.
#[derive(Serialize, ToSchema)]
struct FreshToken {
    /// The text to give to a client: `owk_user_…`.
    token: String,
    #[serde(flatten)]
    view: TokenView,
}

/// A token with its new text, shown only in this answer.
#[derive(Serialize, ToSchema)]
struct RotatedToken {
    #[serde(flatten)]
    fresh: FreshToken,
    /// Until when the former text works.
    #[schema(format = "date-time")]
    former_valid_until: String,
}

/// What is to change: absent stays, `null` clears.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct TokenPatch {
    /// Another name.
    #[schema(max_length = 100, pattern = "@line")]
    name: Option<String>,
    /// What it may do; `null`: call models.
    #[serde(default, deserialize_with = "super::present")]
    #[schema(min_items = 1, value_type = Option<Vec<ScopeWord>>)]
    scopes: Option<Option<Vec<String>>>,
    /// The models it may call; `null`: all that you may call.
    #[serde(default, deserialize_with = "super::present")]
    #[schema(min_items = 1, max_items = 500, value_type = Option<Vec<ModelName>>)]
    models: Option<Option<Vec<String>>>,
    /// How far its calls may go for a key: `cross`, `chain` or `strict`; `null`:
    /// as its owner prefers.
    #[serde(default, deserialize_with = "super::present")]
    #[schema(pattern = "@fallback")]
    policy: Option<Option<String>>,
    /// What becomes of a parameter that the model cannot take: `strict` refuses
    /// it, `lenient` leaves it out.
    #[schema(pattern = "@params")]
    params: Option<String>,
    /// When it stops working, a time to come or a day; `null`: never.
    #[serde(default, deserialize_with = "super::present")]
    expires_at: Option<Option<String>>,
    /// Calls a minute, 1 to 1000000000; `null`: no limit.
    #[schema(minimum = 1, maximum = 1_000_000_000, value_type = Option<i64>)]
    #[serde(default, deserialize_with = "present_whole")]
    rate_limit: Option<Option<i64>>,
    /// Tokens of text a minute, 1 to 1000000000; `null`: no limit.
    #[schema(minimum = 1, maximum = 1_000_000_000, value_type = Option<i64>)]
    #[serde(default, deserialize_with = "present_whole")]
    tokens_per_minute: Option<Option<i64>>,
    /// What it may spend, in place of the budget it has on your word; `null`: none.
    #[serde(default, deserialize_with = "present_object")]
    budget: Option<Option<TokenBudget>>,
}

/// A whole number, where `null` is told from absent.
fn present_whole<'de, D: serde::Deserializer<'de>>(reader: D) -> Result<Option<Option<i64>>, D::Error> {
    body::whole_number(reader).map(Some)
}

/// An object, where `null` is told from absent.
fn present_object<'de, D: serde::Deserializer<'de>>(reader: D) -> Result<Option<Option<TokenBudget>>, D::Error> {
    body::object(reader).map(Some)
}

/// How a token is to be rotated.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct TokenRotation {
    /// How long the former text works, 0 to 2592000; 0 unless said.
    #[schema(minimum = 0, maximum = 2_592_000)]
    #[serde(default, deserialize_with = "body::whole_number")]
    grace_seconds: Option<u64>,
}

/// What a new token is to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct TokenBody {
    /// What to call it.
    #[schema(max_length = 100, pattern = "@line")]
    name: String,
    /// The team it is for, by its leads; absent: yours. A team's token calls models and reads its own usage, and never uses anybody's personal keys.
    team_id: Option<String>,
    /// What it may do; `models` unless said. Never more than its maker may.
    #[schema(min_items = 1, value_type = Option<Vec<ScopeWord>>)]
    scopes: Option<Vec<String>>,
    /// The models it may call; absent: all.
    #[schema(min_items = 1, max_items = 500, value_type = Option<Vec<ModelName>>)]
    models: Option<Vec<String>>,
    /// How far its calls may go for a key: `cross`, `chain` or `strict`; absent:
    /// as its owner prefers.
    #[schema(pattern = "@fallback")]
    policy: Option<String>,
    /// What becomes of a parameter that the model cannot take: `strict` refuses
    /// it, `lenient` leaves it out; absent: refuse. A request's
    /// `x-ownkey-params` goes before it.
    #[schema(pattern = "@params")]
    params: Option<String>,
    /// When it stops working, a time to come or a day; absent: never.
    expires_at: Option<String>,
    /// Calls a minute, 1 to 1000000000; absent: no limit.
    #[schema(minimum = 1, maximum = 1_000_000_000)]
    #[serde(default, deserialize_with = "body::whole_number")]
    rate_limit: Option<i64>,
    /// Tokens of text a minute, 1 to 1000000000; absent: no limit.
    #[schema(minimum = 1, maximum = 1_000_000_000)]
    #[serde(default, deserialize_with = "body::whole_number")]
    tokens_per_minute: Option<i64>,
    /// What it may spend; absent: as much as you. More budgets: `POST /v2/budgets`.
    #[serde(default, deserialize_with = "body::object")]
    budget: Option<TokenBudget>,
}

async fn list_tokens(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
    Query(query): Query<TokensQuery>,
) -> Result<Response, Failure> {
    let (skip, limit) = paging::window(query.skip, query.limit)?;
    let whose = match (&query.team_id, &query.organization_id) {
        (None, None) => Whose::Own,
        (Some(team), None) => Whose::Team(team.parse().map_err(|_| Error::not_found("team").of_field("team_id"))?),
        (None, Some(named)) => Whose::Organization(named),
        (Some(_), Some(_)) => {
            return Err(Error::invalid("team_id", "says already whose; leave out organization_id").into());
        }
    };
    let (tokens, count) = tokens::list(&app, &caller, whose, skip, limit).await?;
    let data: Vec<TokenView> = tokens.iter().map(TokenView::from).collect();
    Ok(axum::Json(List { data, count }).into_response())
}

async fn create_token(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
    headers: HeaderMap,
    Json(raw): Json<Box<RawValue>>,
) -> Result<Response, Failure> {
    let raw = raw.get().as_bytes();
    let body: TokenBody = body::parse(raw)?;
    let asked = Asked { app: &app, caller: &caller, headers: &headers, door: "POST /v2/tokens", body: raw };
    let show = async |made: Option<String>| {
        let id = made.and_then(|id| id.parse().ok()).ok_or_else(|| Error::not_found("gateway token"))?;
        let token = tokens::get(&app, &caller, id).await?;
        Ok(axum::Json(TokenView::from(&token)).into_response())
    };
    asked.once(create(&app, &caller, body), show).await
}

async fn create(app: &App, caller: &Caller, body: TokenBody) -> Result<(Option<String>, Response), Failure> {
    let scopes = body.scopes.as_deref().map(read_scopes).transpose()?;
    let expires_at = super::time("expires_at", body.expires_at.as_deref())?;
    let policy = super::word("policy", body.policy.as_deref())?;
    let params = super::word("params", body.params.as_deref())?;
    let team = body.team_id.map(|id| id.parse().map_err(|_| Error::not_found("team").of_field("team_id")));
    let team = team.transpose()?;
    let new = NewToken {
        team,
        name: body.name,
        scopes,
        models: body.models,
        policy,
        params,
        expires_at,
        rate_limit: body.rate_limit,
        tokens_per_minute: body.tokens_per_minute,
        budget: body.budget.map(TokenBudget::wanted).transpose()?,
    };
    let minted = tokens::create(app, caller, new).await?;
    let fresh = FreshToken { token: minted.text.to_string(), view: TokenView::from(&minted.token) };
    Ok((Some(minted.token.id.to_string()), (StatusCode::CREATED, axum::Json(fresh)).into_response()))
}

fn read_scopes(scopes: &[String]) -> Result<Vec<TokenScope>, Error> {
    let read: Result<Vec<_>, _> = scopes.iter().map(|scope| scope.parse()).collect();
    read.map_err(|problem: String| Error::invalid("scopes", format!("is not taken: {problem}")))
}

async fn edit_token(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
    Id(id): Id<TokenId>,
    Json(patch): Json<TokenPatch>,
) -> Result<Response, Failure> {
    let scopes = patch.scopes.map(|scopes| scopes.as_deref().map(read_scopes).transpose()).transpose()?;
    let expires_at = patch.expires_at.map(|text| super::time("expires_at", text.as_deref())).transpose()?;
    let params = super::word("params", patch.params.as_deref())?;
    let policy = patch.policy.map(|text| super::word::<Fallback>("policy", text.as_deref())).transpose()?;
    let edit = Edit {
        name: patch.name,
        scopes,
        models: patch.models,
        policy,
        params,
        expires_at,
        rate_limit: patch.rate_limit,
        tokens_per_minute: patch.tokens_per_minute,
        budget: patch.budget.map(|budget| budget.map(TokenBudget::wanted).transpose()).transpose()?,
    };
    let token = tokens::edit(&app, &caller, id, edit).await?;
    Ok(axum::Json(TokenView::from(&token)).into_response())
}

async fn rotate_token(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
    Id(id): Id<TokenId>,
    headers: HeaderMap,
    Json(raw): Json<Box<RawValue>>,
) -> Result<Response, Failure> {
    let raw = raw.get().as_bytes();
    let body: TokenRotation = body::parse(raw)?;
    let door = format!("POST /v2/tokens/{id}/rotate");
    let asked = Asked { app: &app, caller: &caller, headers: &headers, door: &door, body: raw };
    let show = async |_: Option<String>| {
        let token = tokens::get(&app, &caller, id).await?;
        Ok(axum::Json(TokenView::from(&token)).into_response())
    };
    asked.once(rotate(&app, &caller, id, &body), show).await
}

async fn rotate(
    app: &App,
    caller: &Caller,
    id: TokenId,
    body: &TokenRotation,
) -> Result<(Option<String>, Response), Failure> {
    let grace = Duration::from_secs(body.grace_seconds.unwrap_or(0));
    let rotated = tokens::rotate(app, caller, id, grace).await?;
    let fresh = FreshToken { token: rotated.minted.text.to_string(), view: TokenView::from(&rotated.minted.token) };
    let view = RotatedToken { fresh, former_valid_until: rotated.former_until.to_string() };
    Ok((Some(id.to_string()), axum::Json(view).into_response()))
}

async fn revoke_token(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
    Id(id): Id<TokenId>,
) -> Result<Response, Failure> {
    tokens::revoke(&app, &caller, id).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
