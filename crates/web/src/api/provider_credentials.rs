//! `/api/provider-credentials`: organizations' keys, exactly as their users'
//! scripts know it. The use cases are those of `/v2/credentials`.

use std::sync::Arc;

use app::App;
use app::credentials::{self, Edit, Listing, NewKey};
use app::error::{Code, Error};
use app::organizations;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post, put};
use domain::Caller;
use domain::access::Need;
use domain::credential::{Credential, Scope, Source};
use domain::ids::CredentialId;
use domain::provider::{PROVIDERS, ProviderId};
use http::{HeaderMap, Method, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::json;
use serde_json::value::RawValue;
use utoipa::{IntoParams, ToSchema};

use super::present;
use crate::auth::Authenticated;
use crate::body::{self, Id, Json, Query};
use crate::idempotent::Asked;
use crate::openapi::says;
use crate::rim::Failure;
use crate::router::{Door, door};

const TAG: &str = "organizations' provider keys";

/// How many keys one plain list holds.
const MOST: i64 = 10_000;

pub(crate) fn doors() -> Vec<Door> {
    let need = Need::ManageCredentials;
    let switched = |path, handler, summary| {
        door(Method::PUT, path, need, handler, says(TAG, summary).gives::<Item>(200, "The key"))
    };
    vec![
        door(
            Method::GET,
            "/api/provider-credentials",
            need,
            get(list_items),
            says(TAG, "The keys of your organizations, inactive ones too")
                .query::<ItemsQuery>()
                .gives::<Items>(200, "The keys")
                .refuses(&[Code::UnknownProvider, Code::NotFound]),
        ),
        door(
            Method::GET,
            "/api/provider-credentials/organization/{organization_id}",
            need,
            get(list_of_organization),
            says(TAG, "The keys of one organization, by its id or slug").gives::<Items>(200, "The keys"),
        ),
        door(
            Method::POST,
            "/api/provider-credentials/create",
            need,
            post(create_item),
            says(TAG, "Save a key of an organization, for its owners and admins")
                .takes::<ItemBody>()
                .example(json!({
                    "organization_id": "org-123", "provider": "openai", "credential_name": "Main",
                    "api_key": "sk-proj-…", "api_base": null,
                }))
                .idempotent()
                .gives::<Item>(201, "The key")
                .gives::<Item>(200, "Made before with this Idempotency-Key")
                .refuses(&[Code::UnknownProvider, Code::NotFound, Code::DuplicateSecret, Code::EndpointNotAllowed]),
        ),
        door(
            Method::GET,
            "/api/provider-credentials/{id}",
            need,
            get(get_item),
            says(TAG, "One key of an organization").gives::<Item>(200, "The key"),
        ),
        door(
            Method::PUT,
            "/api/provider-credentials/{id}",
            need,
            put(edit_item),
            says(TAG, "Change a key's name, secret or endpoint; another origin needs the key again")
                .takes::<ItemPatch>()
                .example(json!({"credential_name": "Other"}))
                .gives::<Item>(200, "The key")
                .refuses(&[
                    Code::KeyRequiredForNewOrigin,
                    Code::DuplicateSecret,
                    Code::EndpointNotAllowed,
                    Code::Conflict,
                ]),
        ),
        switched("/api/provider-credentials/{id}/activate", put(activate), "Let a key be used"),
        switched("/api/provider-credentials/{id}/deactivate", put(deactivate), "Let a key not be used"),
        door(
            Method::DELETE,
            "/api/provider-credentials/{id}",
            need,
            delete(delete_item),
            says(TAG, "Destroy a key's secret at once").gives::<Gone>(200, "Deleted"),
        ),
    ]
}

/// Which keys.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct ItemsQuery {
    /// Of this organization, by id or slug.
    #[param(pattern = "@slug")]
    organization_id: Option<String>,
    /// For this provider, in any spelling.
    #[param(pattern = "@any-provider")]
    provider: Option<String>,
    /// Only those that may be used.
    active_only: Option<bool>,
}

/// A provider key of an organization, without its secret.
#[derive(Serialize, ToSchema)]
struct Item {
    #[schema(format = "uuid")]
    credential_id: String,
    organization_id: String,
    /// As its users spell it: `gemini`, `fireworks`.
    provider: &'static str,
    credential_name: String,
    api_base: Option<String>,
    is_active: bool,
    created_at: String,
    updated_at: String,
    /// Whether a secret is stored.
    has_api_key: bool,
    /// `sk-ant-…b123`.
    masked: String,
    #[schema(pattern = "@key-status")]
    status: &'static str,
    status_reason: Option<String>,
    checked_at: Option<String>,
    last_used_at: Option<String>,
    /// Its place after the primary one; lower goes first.
    priority: i64,
}

/// A plain array of keys.
#[derive(Serialize, ToSchema)]
struct Items(Vec<Item>);

impl From<&Credential> for Item {
    fn from(credential: &Credential) -> Self {
        Self {
            credential_id: credential.id.to_string(),
            organization_id: credential.organization.map(|id| id.to_string()).unwrap_or_default(),
            provider: spelt(credential.provider),
            credential_name: credential.name.clone(),
            api_base: credential.api_base.clone(),
            is_active: credential.is_active,
            created_at: credential.created_at.to_string(),
            updated_at: credential.updated_at.to_string(),
            has_api_key: !matches!(credential.source, Source::Keyless) && !credential.masked.is_empty(),
            masked: credential.masked.clone(),
            status: credential.status.as_str(),
            status_reason: credential.status_reason.clone(),
            checked_at: credential.checked_at.map(|at| at.to_string()),
            last_used_at: credential.last_used_at.map(|at| at.to_string()),
            priority: credential.priority,
        }
    }
}

/// A provider in the spelling of those who use these doors.
fn spelt(provider: ProviderId) -> &'static str {
    match provider {
        ProviderId::Google => "gemini",
        ProviderId::Fireworks => "fireworks",
        other => other.as_str(),
    }
}

/// A new key of an organization.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ItemBody {
    /// Its id or slug.
    #[schema(pattern = "@slug")]
    organization_id: String,
    /// A provider, in any spelling.
    #[schema(pattern = "@any-provider")]
    provider: String,
    #[schema(max_length = 100, pattern = "@line")]
    credential_name: String,
    #[schema(max_length = 500)]
    api_key: String,
    /// Its endpoint; the provider's default unless said.
    api_base: Option<String>,
}

/// What is to change: absent stays, `null` clears the endpoint.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ItemPatch {
    #[schema(max_length = 100, pattern = "@line")]
    credential_name: Option<String>,
    #[schema(max_length = 500)]
    api_key: Option<String>,
    #[serde(default, deserialize_with = "present")]
    api_base: Option<Option<String>>,
}

/// A key that is gone.
#[derive(Serialize, ToSchema)]
struct Gone {
    #[schema(format = "uuid")]
    credential_id: String,
    message: &'static str,
}

async fn list_items(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
    Query(query): Query<ItemsQuery>,
) -> Result<Response, Failure> {
    let organizations = match &query.organization_id {
        Some(named) => vec![organizations::find(&app, &caller, named).await?],
        None => organizations::list(&app, &caller, None, 0, MOST).await?.0,
    };
    let provider = query.provider.as_deref().map(read_provider).transpose()?;
    let mut items = Vec::new();
    for organization in &organizations {
        let listing = Listing {
            organization: Some(organization.id),
            provider,
            is_active: query.active_only.unwrap_or(false).then_some(true),
            limit: MOST,
            ..Listing::default()
        };
        items.extend(credentials::list(&app, &caller, &listing).await?.0);
    }
    Ok(plain(&items))
}

async fn list_of_organization(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
    Id(named): Id<String>,
) -> Result<Response, Failure> {
    let organization = organizations::find(&app, &caller, &named).await?;
    let listing = Listing { organization: Some(organization.id), limit: MOST, ..Listing::default() };
    Ok(plain(&credentials::list(&app, &caller, &listing).await?.0))
}

fn plain(items: &[Credential]) -> Response {
    axum::Json(Items(items.iter().map(Item::from).collect())).into_response()
}

async fn create_item(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
    headers: HeaderMap,
    Json(raw): Json<Box<RawValue>>,
) -> Result<Response, Failure> {
    let raw = raw.get().as_bytes();
    let body: ItemBody = body::parse(raw)?;
    let asked = Asked {
        app: &app,
        caller: &caller,
        headers: &headers,
        door: "POST /api/provider-credentials/create",
        body: raw,
    };
    let show = async |made: Option<String>| {
        let id = made.and_then(|id| id.parse().ok()).ok_or_else(|| Error::not_found("provider key"))?;
        let item = Item::from(&find(&app, &caller, id).await?);
        Ok(axum::Json(item).into_response())
    };
    asked.once(create(&app, &caller, body), show).await
}

async fn create(app: &Arc<App>, caller: &Caller, body: ItemBody) -> Result<(Option<String>, Response), Failure> {
    let provider = read_provider(&body.provider)?;
    let found = organizations::find(app, caller, &body.organization_id).await;
    let organization = found.map_err(|error| error.of_field("organization_id"))?;
    let new = NewKey {
        scope: Scope::Organization,
        organization: Some(organization.id),
        name: Some(body.credential_name),
        api_key: Some(body.api_key),
        api_base: body.api_base,
        ..NewKey::of(provider)
    };
    let saved = credentials::create(app, caller, new).await?;
    let item = Item::from(&saved.credential);
    Ok((Some(saved.credential.id.to_string()), (StatusCode::CREATED, axum::Json(item)).into_response()))
}

/// A provider in any spelling. What is none is told all that are.
fn read_provider(text: &str) -> Result<ProviderId, Error> {
    text.parse().map_err(|_| {
        let known: Vec<_> = PROVIDERS.iter().map(|provider| spelt(provider.id)).collect();
        let sentence = format!("The provider is none that Ownkey knows. Send one of: {}.", known.join(", "));
        Error::new(Code::UnknownProvider, sentence).of_field("provider")
    })
}

/// A key of an organization; no other is at these doors.
async fn find(app: &App, caller: &Caller, id: CredentialId) -> Result<Credential, Error> {
    let found = credentials::get(app, caller, id).await?;
    if found.scope == Scope::Organization { Ok(found) } else { Err(Error::not_found("provider key")) }
}

async fn get_item(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
    Id(id): Id<CredentialId>,
) -> Result<Response, Failure> {
    Ok(axum::Json(Item::from(&find(&app, &caller, id).await?)).into_response())
}

async fn edit_item(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
    Id(id): Id<CredentialId>,
    Json(patch): Json<ItemPatch>,
) -> Result<Response, Failure> {
    find(&app, &caller, id).await?;
    let edit =
        Edit { name: patch.credential_name, api_key: patch.api_key, api_base: patch.api_base, ..Edit::default() };
    let saved = credentials::edit(&app, &caller, id, edit).await?;
    Ok(axum::Json(Item::from(&saved.credential)).into_response())
}

async fn activate(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
    Id(id): Id<CredentialId>,
) -> Result<Response, Failure> {
    switch(&app, &caller, id, true).await
}

async fn deactivate(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
    Id(id): Id<CredentialId>,
) -> Result<Response, Failure> {
    switch(&app, &caller, id, false).await
}

async fn switch(app: &App, caller: &Caller, id: CredentialId, is_active: bool) -> Result<Response, Failure> {
    find(app, caller, id).await?;
    let switched = credentials::set_active(app, caller, id, is_active).await?;
    Ok(axum::Json(Item::from(&switched)).into_response())
}

async fn delete_item(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
    Id(id): Id<CredentialId>,
) -> Result<Response, Failure> {
    find(&app, &caller, id).await?;
    // These doors have no word for “confirm”: whoever calls them has decided.
    credentials::delete(&app, &caller, id, true).await?;
    let gone = Gone { credential_id: id.to_string(), message: "Credential deleted successfully" };
    Ok(axum::Json(gone).into_response())
}
