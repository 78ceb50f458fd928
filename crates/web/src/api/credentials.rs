//! `/v2/credentials`: provider keys, the whole way.

pub(crate) mod paste;
mod rotation;
mod view;

use std::sync::Arc;

use app::App;
use app::credentials::{self, Edit, Listing, NewKey, Saved};
use app::error::{Code, Error};
use app::organizations;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, patch, post};
use domain::access::Need;
use domain::credential::{Credential, Scope};
use domain::ids::{CredentialId, OrganizationId};
use domain::secret::Password;
use domain::{Caller, ProviderId};
use http::{HeaderMap, Method, StatusCode};
use serde_json::json;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::paging::{self, List};
use crate::auth::Authenticated;
use crate::body::{self, Id, Json, Query};
use crate::idempotent::Asked;
use crate::openapi::says;
use crate::rim::Failure;
use crate::router::{Door, door};
use crate::visitor::Knocking;
use view::{
    CheckQuery, CredentialBody, CredentialPatch, CredentialRotation, CredentialView, DeleteQuery, ListQuery,
    PasswordBody, RotateQuery, RotatedView,
};

const TAG: &str = "provider keys";

pub(crate) fn doors() -> Vec<Door> {
    let mut doors = rows();
    doors.extend(actions());
    doors.extend(paste::doors());
    doors
}

/// Listing, saving, reading, editing, deleting.
fn rows() -> Vec<Door> {
    let (need, tag) = (Need::ManageCredentials, TAG);
    vec![
        door(
            Method::GET,
            "/v2/credentials",
            need,
            get(list_credentials),
            says(tag, "The provider keys you may see")
                .query::<ListQuery>()
                .gives_list::<List<CredentialView>, CredentialView>(200, "The keys")
                .refuses(&[Code::NotFound]),
        ),
        door(
            Method::POST,
            "/v2/credentials",
            need,
            post(create_credential),
            says(tag, "Save a provider key; it is checked in the background")
                .at_length(
                    "The key is sealed to the origin it is saved for and sent nowhere else. `?check=sync` waits up to ten \
                     seconds for the provider's verdict.",
                )
                .query::<CheckQuery>()
                .takes::<CredentialBody>()
                .example(json!({"provider": "openai", "name": "Work", "api_key": "sk-proj-EXAMPLE0123456789abcdefghij"}))
                .idempotent()
                .gives::<CredentialView>(201, "Saved")
                .gives::<CredentialView>(200, "Saved before with this Idempotency-Key")
                .refuses(&[Code::NotFound, Code::EndpointNotAllowed, Code::DuplicateSecret]),
        ),
        door(
            Method::GET,
            "/v2/credentials/{id}",
            need,
            get(get_credential),
            says(tag, "One provider key").gives::<CredentialView>(200, "The key, without its secret"),
        ),
        door(
            Method::PATCH,
            "/v2/credentials/{id}",
            need,
            patch(edit_credential),
            says(tag, "Rename, replace the secret, change the endpoint; a new origin needs the key again")
                .query::<CheckQuery>()
                .takes::<CredentialPatch>()
                .example(json!({"name": "Work, second", "note": null}))
                .gives::<CredentialView>(200, "The key now")
                .refuses(&[
                    Code::KeyRequiredForNewOrigin,
                    Code::EndpointNotAllowed,
                    Code::DuplicateSecret,
                    Code::Undecryptable,
                ]),
        ),
        door(
            Method::DELETE,
            "/v2/credentials/{id}",
            need,
            delete(delete_credential),
            says(tag, "Destroy the secret at once")
                .at_length("A key that calls used in the last 30 days is deleted with `?confirm=true` only. Usage and audit stay.")
                .query::<DeleteQuery>()
                .gives_other(204, "Deleted")
                .refuses(&[Code::KeyInUse]),
        ),
    ]
}

/// What can be done with one key.
fn actions() -> Vec<Door> {
    let (need, tag) = (Need::ManageCredentials, TAG);
    vec![
        door(
            Method::POST,
            "/v2/credentials/{id}/check",
            need,
            post(check_credential),
            says(tag, "Check the key with its provider now").gives::<CredentialView>(200, "The key with the verdict"),
        ),
        door(
            Method::POST,
            "/v2/credentials/{id}/activate",
            need,
            post(activate_credential),
            says(tag, "Switch the key on").gives::<CredentialView>(200, "The key now"),
        ),
        door(
            Method::POST,
            "/v2/credentials/{id}/deactivate",
            need,
            post(deactivate_credential),
            says(tag, "Switch the key off without deleting it").gives::<CredentialView>(200, "The key now"),
        ),
        door(
            Method::POST,
            "/v2/credentials/{id}/make-primary",
            need,
            post(make_primary),
            says(tag, "Make it the first key of its provider").gives::<CredentialView>(200, "The key now"),
        ),
        door(
            Method::POST,
            "/v2/credentials/{id}/rotate",
            need,
            post(rotation::rotate_credential),
            says(tag, "Replace the secret; the new one is tried first, the former one stays usable for a while")
                .query::<RotateQuery>()
                .takes::<CredentialRotation>()
                .example(json!({"api_key": "sk-proj-EXAMPLE9876543210zyxwvutsrqp", "grace_seconds": 3600}))
                .idempotent()
                .gives::<RotatedView>(
                    200,
                    "The key now, and the former one; done before with this Idempotency-Key, the key now",
                )
                .refuses(&[Code::DuplicateSecret, Code::EndpointNotAllowed, Code::Undecryptable]),
        ),
        door(
            Method::POST,
            "/v2/credentials/{id}/reveal",
            Need::SignedIn,
            post(reveal_credential),
            says(tag, "See a personal key of yours again, with your password")
                .at_length("In a browser's session the password counts for five minutes; leave it out then.")
                .takes::<PasswordBody>()
                .example(json!({"password": "correct horse battery"}))
                .gives::<RevealedView>(200, "The key")
                .refuses(&[Code::RevealDisabled, Code::IncorrectLogin, Code::TooManyLogins, Code::Undecryptable]),
        ),
        door(
            Method::GET,
            "/v2/credentials/{id}/impact",
            need,
            get(get_impact),
            says(tag, "Who would miss the key").gives::<ImpactView>(200, "Calls, cost, and what uses it"),
        ),
    ]
}

#[derive(serde::Serialize, ToSchema)]
struct RevealedView {
    /// The whole key.
    #[schema(value_type = String)]
    api_key: credentials::Revealed,
}

/// Who would miss a key; only its schema is used.
/// What a team or a gateway token called with a key.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only its schema is used")]
struct UseView {
    id: String,
    name: String,
    /// Upstream calls in 30 days.
    #[schema(minimum = 0)]
    calls_30d: i64,
}

#[derive(ToSchema)]
#[expect(dead_code, reason = "only its schema is used")]
struct ImpactView {
    last_used_at: Option<String>,
    /// Upstream calls in 30 days.
    #[schema(minimum = 0)]
    calls_30d: i64,
    /// What they cost, in dollars, as far as known.
    cost_30d: f64,
    cost_30d_nanos: i64,
    /// The teams that use it.
    #[schema(value_type = Vec<UseView>)]
    teams: Vec<UseView>,
    /// The gateway tokens that use it.
    #[schema(value_type = Vec<UseView>)]
    tokens: Vec<UseView>,
    is_selected_in_chat: bool,
}

async fn list_credentials(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
    Query(query): Query<ListQuery>,
) -> Result<Response, Failure> {
    let (skip, limit) = paging::window(query.skip, query.limit)?;
    let organization = match &query.organization_id {
        Some(named) => Some(organizations::find(&app, &caller, named).await?.id),
        None => None,
    };
    let listing = Listing {
        scope: super::word("scope", query.scope.as_deref())?,
        organization,
        provider: super::word("provider", query.provider.as_deref())?,
        status: super::word("status", query.status.as_deref())?,
        is_active: query.is_active,
        search: query.q,
        skip,
        limit,
    };
    let (rows, count) = credentials::list(&app, &caller, &listing).await?;
    let data: Vec<CredentialView> = rows.iter().map(|row| CredentialView::new(&app, row)).collect();
    Ok(axum::Json(List { data, count }).into_response())
}

async fn create_credential(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
    Query(query): Query<CheckQuery>,
    headers: HeaderMap,
    Json(raw): Json<Box<RawValue>>,
) -> Result<Response, Failure> {
    let raw = raw.get().as_bytes();
    let body: CredentialBody = body::parse(raw)?;
    let is_sync = query.is_sync()?;
    let asked = Asked { app: &app, caller: &caller, headers: &headers, door: "POST /v2/credentials", body: raw };
    let show = async |made| replay(&app, &caller, made).await;
    asked.once(create(&app, &caller, body, is_sync), show).await
}

async fn replay(app: &App, caller: &Caller, resource: Option<String>) -> Result<Response, Failure> {
    let id = resource.and_then(|id| id.parse().ok()).ok_or_else(|| Error::not_found("provider key"))?;
    Ok(shown(app, &credentials::get(app, caller, id).await?))
}

async fn create(
    app: &Arc<App>,
    caller: &Caller,
    body: CredentialBody,
    wait_for_check: bool,
) -> Result<(Option<String>, Response), Failure> {
    let new = new_key(body, wait_for_check)?;
    let saved = credentials::create(app, caller, new).await?;
    let id = saved.credential.id.to_string();
    Ok((Some(id), (StatusCode::CREATED, axum::Json(shown_with(app, saved))).into_response()))
}

fn new_key(body: CredentialBody, wait_for_check: bool) -> Result<NewKey, Error> {
    let provider = super::word::<ProviderId>("provider", Some(&body.provider))?
        .ok_or_else(|| Error::invalid("provider", "is missing"))?;
    let organization = body
        .organization_id
        .map(|id| id.parse::<OrganizationId>().map_err(|_| Error::not_found("organization")))
        .transpose()?;
    Ok(NewKey {
        scope: super::word("scope", body.scope.as_deref())?.unwrap_or(Scope::Personal),
        organization,
        provider,
        name: body.name,
        note: body.note,
        api_key: body.api_key,
        secret_ref: body.secret_ref,
        api_base: body.api_base,
        settings: body.settings.unwrap_or_default().into(),
        priority: body.priority.unwrap_or(0),
        is_primary: body.is_primary.unwrap_or(false),
        expires_at: super::time("expires_at", body.expires_at.as_deref())?,
        rotate_after: super::time("rotate_after", body.rotate_after.as_deref())?,
        wait_for_check,
    })
}

async fn get_credential(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
    Id(id): Id<CredentialId>,
) -> Result<Response, Failure> {
    Ok(shown(&app, &credentials::get(&app, &caller, id).await?))
}

async fn edit_credential(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
    Id(id): Id<CredentialId>,
    Query(query): Query<CheckQuery>,
    Json(patch): Json<CredentialPatch>,
) -> Result<Response, Failure> {
    let cleared_time = |field, time: Option<Option<String>>| -> Result<Option<Option<domain::Timestamp>>, Error> {
        time.map(|text| super::time(field, text.as_deref())).transpose()
    };
    let edit = Edit {
        name: patch.name,
        note: patch.note,
        api_key: patch.api_key,
        secret_ref: patch.secret_ref,
        api_base: patch.api_base,
        settings: patch.settings.map(Into::into),
        priority: patch.priority,
        expires_at: cleared_time("expires_at", patch.expires_at)?,
        rotate_after: cleared_time("rotate_after", patch.rotate_after)?,
        wait_for_check: query.is_sync()?,
    };
    let saved = credentials::edit(&app, &caller, id, edit).await?;
    Ok(axum::Json(shown_with(&app, saved)).into_response())
}

async fn delete_credential(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
    Id(id): Id<CredentialId>,
    Query(query): Query<DeleteQuery>,
) -> Result<Response, Failure> {
    credentials::delete(&app, &caller, id, query.confirm.unwrap_or(false)).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn check_credential(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
    Id(id): Id<CredentialId>,
) -> Result<Response, Failure> {
    Ok(shown(&app, &credentials::check(&app, &caller, id).await?))
}

async fn activate_credential(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
    Id(id): Id<CredentialId>,
) -> Result<Response, Failure> {
    Ok(shown(&app, &credentials::set_active(&app, &caller, id, true).await?))
}

async fn deactivate_credential(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
    Id(id): Id<CredentialId>,
) -> Result<Response, Failure> {
    Ok(shown(&app, &credentials::set_active(&app, &caller, id, false).await?))
}

async fn make_primary(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
    Id(id): Id<CredentialId>,
) -> Result<Response, Failure> {
    Ok(shown(&app, &credentials::make_primary(&app, &caller, id).await?))
}

async fn reveal_credential(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
    Knocking(visitor): Knocking,
    Id(id): Id<CredentialId>,
    Json(body): Json<PasswordBody>,
) -> Result<Response, Failure> {
    let revealed = credentials::reveal(&app, &caller, id, body.password.map(Password::new), &visitor).await?;
    Ok(axum::Json(RevealedView { api_key: revealed }).into_response())
}

async fn get_impact(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
    Id(id): Id<CredentialId>,
) -> Result<Response, Failure> {
    let impact = credentials::impact(&app, &caller, id).await?;
    Ok(axum::Json(impact.json()).into_response())
}

fn shown(app: &App, credential: &Credential) -> Response {
    axum::Json(CredentialView::new(app, credential)).into_response()
}

fn shown_with(app: &App, saved: Saved) -> CredentialView {
    CredentialView::new(app, &saved.credential).with_warning(saved.warning)
}
