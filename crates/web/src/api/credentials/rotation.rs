//! `POST /v2/credentials/{id}/rotate`: the new key is tried first, the former
//! one stays usable for a while.

use std::sync::Arc;
use std::time::Duration;

use app::App;
use app::credentials::{self, Rotation};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use domain::Caller;
use domain::credential::Credential;
use domain::ids::CredentialId;
use http::HeaderMap;
use serde_json::value::RawValue;

use super::replay;
use super::view::{CredentialRotation, CredentialView, RotateQuery, RotatedView};
use crate::auth::Authenticated;
use crate::body::{self, Id, Json, Query};
use crate::idempotent::Asked;
use crate::rim::Failure;

pub(super) async fn rotate_credential(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
    Id(id): Id<CredentialId>,
    Query(query): Query<RotateQuery>,
    headers: HeaderMap,
    Json(raw): Json<Box<RawValue>>,
) -> Result<Response, Failure> {
    let raw = raw.get().as_bytes();
    let body: CredentialRotation = body::parse(raw)?;
    let door = format!("POST /v2/credentials/{id}/rotate");
    let asked = Asked { app: &app, caller: &caller, headers: &headers, door: &door, body: raw };
    let show = async |made| replay(&app, &caller, made).await;
    asked.once(rotate(&app, &caller, id, body, query.force.unwrap_or(false)), show).await
}

async fn rotate(
    app: &Arc<App>,
    caller: &Caller,
    id: CredentialId,
    body: CredentialRotation,
    force: bool,
) -> Result<(Option<String>, Response), Failure> {
    let grace = body.grace_seconds.map_or(credentials::USUAL_GRACE, Duration::from_secs);
    let rotation = Rotation { api_key: body.api_key, grace, force };
    let rotated = credentials::rotate(app, caller, id, rotation).await?;
    let view = |credential: &Credential| CredentialView::new(app, credential);
    let former = rotated.former.as_ref().map(view);
    let credential = view(&rotated.credential).with_warning(rotated.warning);
    Ok((Some(id.to_string()), axum::Json(RotatedView { credential, former }).into_response()))
}
