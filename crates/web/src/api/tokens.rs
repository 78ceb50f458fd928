//! `/v2/tokens`: gateway tokens.

use std::sync::Arc;

use app::App;
use app::error::{Code, Error};
use app::tokens::{self, NewToken};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post};
use domain::access::Need;
use domain::caller::TokenScope;
use domain::ids::TokenId;
use domain::{Caller, Timestamp};
use http::{HeaderMap, Method, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::json;
use serde_json::value::RawValue;
use store::tokens::Token;
use utoipa::ToSchema;

use super::paging::{self, List, Paging};
use crate::auth::Authenticated;
use crate::body::{self, Id, Json, Query};
use crate::idempotent::{self, Turn};
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
            says("gateway tokens", "Your gateway tokens, without their text")
                .query::<Paging>()
                .gives_list::<List<TokenView>, TokenView>(200, "The tokens"),
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
            Method::DELETE,
            "/v2/tokens/{id}",
            need,
            delete(revoke_token),
            says("gateway tokens", "Stop a token from working").gives_other(204, "Revoked"),
        ),
    ]
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
    /// What it may do.
    #[schema(value_type = Vec<ScopeWord>)]
    scopes: Vec<&'static str>,
    /// The models it may call; `null`: all.
    models: Option<Vec<String>>,
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
            scopes: token.scopes.iter().map(|scope| scope.as_str()).collect(),
            models: token.models.clone(),
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

/// What a new token is to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct TokenBody {
    /// What to call it.
    #[schema(max_length = 100, pattern = "@line")]
    name: String,
    /// What it may do; `models` unless said. Never more than its maker may.
    #[schema(min_items = 1, value_type = Option<Vec<ScopeWord>>)]
    scopes: Option<Vec<String>>,
    /// The models it may call; absent: all.
    #[schema(min_items = 1, max_items = 500, value_type = Option<Vec<ModelName>>)]
    models: Option<Vec<String>>,
    /// When it stops working, a time to come or a day; absent: never.
    expires_at: Option<String>,
}

async fn list_tokens(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
    Query(paging): Query<Paging>,
) -> Result<Response, Failure> {
    let (skip, limit) = paging::window(paging.skip, paging.limit)?;
    let (tokens, count) = tokens::list(&app, &caller, skip, limit).await?;
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
    match idempotent::begin(&app, &caller, &headers, "POST /v2/tokens", raw).await? {
        Turn::Replay(resource) => {
            let id = resource.and_then(|id| id.parse().ok()).ok_or_else(|| Error::not_found("gateway token"))?;
            let token = tokens::get(&app, &caller, id).await?;
            Ok(idempotent::as_replay(axum::Json(TokenView::from(&token)).into_response()))
        }
        Turn::Do(claim) => {
            let outcome = create(&app, &caller, body).await;
            idempotent::end(claim, outcome).await
        }
    }
}

async fn create(app: &App, caller: &Caller, body: TokenBody) -> Result<(Option<String>, Response), Failure> {
    let scopes = body
        .scopes
        .map(|scopes| scopes.iter().map(|scope| scope.parse::<TokenScope>()).collect::<Result<Vec<_>, _>>())
        .transpose()
        .map_err(|problem| Error::invalid("scopes", format!("is not taken: {problem}")))?;
    let expires_at = super::time("expires_at", body.expires_at.as_deref())?;
    let new = NewToken { name: body.name, scopes, models: body.models, expires_at };
    let minted = tokens::create(app, caller, new).await?;
    let fresh = FreshToken { token: minted.text.to_string(), view: TokenView::from(&minted.token) };
    Ok((Some(minted.token.id.to_string()), (StatusCode::CREATED, axum::Json(fresh)).into_response()))
}

async fn revoke_token(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
    Id(id): Id<TokenId>,
) -> Result<Response, Failure> {
    tokens::revoke(&app, &caller, id).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
