//! `/keys`: one's provider keys, by plain forms.

use std::time::Duration;

use app::cooling;
use app::credentials::{self, Listing, NewKey, Rotation, TypedSettings};
use app::error::{Code, Error};
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use domain::Timestamp;
use domain::access::Need;
use domain::credential::{Credential, Source};
use domain::ids::CredentialId;
use domain::key_shape;
use domain::provider::PROVIDERS;
use http::{Method, StatusCode};
use maud::{Markup, html};
use serde::Deserialize;

use super::forms::{SignedIn, is_for_the_form};
use super::view::{Icon, Place, complaint, empty, key_state, tile, with_status};
use crate::body::{Form, Id};
use crate::problem;
use crate::rim::Failure;
use crate::router::{Door, Shared, quiet_door};

pub(super) fn doors() -> Vec<Door> {
    let need = Need::OwnAccount;
    vec![
        quiet_door(Method::GET, "/keys", need, get(show_keys)),
        quiet_door(Method::POST, "/keys", need, post(add_key)),
        quiet_door(Method::POST, "/keys/{id}", need, post(act_on_key)),
        quiet_door(Method::POST, "/keys/{id}/rotate", need, post(rotate_key)),
    ]
}

#[derive(Deserialize)]
struct KeyForm {
    provider: String,
    #[serde(default)]
    api_key: String,
    #[serde(default)]
    api_base: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    deployments: String,
    #[serde(default)]
    api_version: String,
}

#[derive(Deserialize)]
struct RotateForm {
    #[serde(default)]
    api_key: String,
    /// Seconds.
    grace: u64,
}

#[derive(Deserialize)]
struct ActionForm {
    action: String,
}

async fn show_keys(State(shared): State<Shared>, signed_in: SignedIn) -> Result<Response, Failure> {
    keys_page(&shared, &signed_in, None, None).await
}

async fn add_key(
    State(shared): State<Shared>,
    signed_in: SignedIn,
    Form(form): Form<KeyForm>,
) -> Result<Response, Failure> {
    let text = |value: String| Some(value).filter(|value| !value.trim().is_empty());
    let provider = form.provider.parse().map_err(|problem: String| Error::invalid("provider", problem))?;
    let deployments: Vec<String> =
        form.deployments.split([',', '\n']).map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect();
    let settings = TypedSettings {
        api_version: text(form.api_version).map(Some),
        deployments: (!deployments.is_empty()).then_some(deployments),
        ..TypedSettings::default()
    };
    let new = NewKey {
        name: text(form.name),
        api_key: text(form.api_key),
        api_base: text(form.api_base),
        settings,
        wait_for_check: true,
        ..NewKey::of(provider)
    };
    match credentials::create(&shared.app, &signed_in.caller, new).await {
        Ok(_) => Ok(Redirect::to("/keys").into_response()),
        Err(error) if is_for_the_form(&error) => keys_page(&shared, &signed_in, Some(&error), None).await,
        Err(error) => Err(error.into()),
    }
}

async fn act_on_key(
    State(shared): State<Shared>,
    signed_in: SignedIn,
    Id(id): Id<CredentialId>,
    Form(form): Form<ActionForm>,
) -> Result<Response, Failure> {
    let (app, caller) = (&shared.app, &signed_in.caller);
    let done = match form.action.as_str() {
        "check" => credentials::check(app, caller, id).await.map(drop),
        "activate" => credentials::set_active(app, caller, id, true).await.map(drop),
        "deactivate" => credentials::set_active(app, caller, id, false).await.map(drop),
        "make-primary" => credentials::make_primary(app, caller, id).await.map(drop),
        "delete" => credentials::delete(app, caller, id, false).await,
        "delete-anyway" => credentials::delete(app, caller, id, true).await,
        _ => Err(Error::invalid("action", "is unknown")),
    };
    match done {
        Ok(()) => Ok(Redirect::to("/keys").into_response()),
        Err(error) if is_for_the_form(&error) => keys_page(&shared, &signed_in, Some(&error), Some(id)).await,
        Err(error) => Err(error.into()),
    }
}

async fn rotate_key(
    State(shared): State<Shared>,
    signed_in: SignedIn,
    Id(id): Id<CredentialId>,
    Form(form): Form<RotateForm>,
) -> Result<Response, Failure> {
    let grace = Duration::from_secs(form.grace);
    let rotation = Rotation { api_key: form.api_key, grace, force: false };
    match credentials::rotate(&shared.app, &signed_in.caller, id, rotation).await {
        Ok(_) => Ok(Redirect::to("/keys").into_response()),
        Err(error) if is_for_the_form(&error) => keys_page(&shared, &signed_in, Some(&error), None).await,
        Err(error) => Err(error.into()),
    }
}

async fn keys_page(
    shared: &Shared,
    signed_in: &SignedIn,
    error: Option<&Error>,
    about: Option<CredentialId>,
) -> Result<Response, Failure> {
    let now = shared.app.clock.now();
    let listing = Listing { limit: 500, ..Listing::default() };
    let (keys, _) = credentials::list(&shared.app, &signed_in.caller, &listing).await?;
    let status = error.map_or(StatusCode::OK, problem::status_of);
    let content = html! {
        h1 { "Provider keys" }
        (complaint(error.map(|error| error.sentence.as_str())))
        @if let (Some(id), Some(Code::KeyInUse)) = (about, error.map(|error| error.code)) {
            form method="post" action={ "/keys/" (id) } {
                button.quiet name="action" value="deactivate" { "Deactivate instead" } " "
                button.quiet.danger name="action" value="delete-anyway" { "Delete anyway" }
            }
        }
        section.card {
            h2 { "Add a key" }
            form.columns method="post" action="/keys" {
                div { label for="provider" { "Provider" } (provider_choice()) }
                div { label for="api_key" { "Key" } input id="api_key" name="api_key" type="password" autocomplete="off"; }
                div { label for="name" { "Name (optional)" } input id="name" name="name" type="text" autocomplete="off"; }
                div { label for="api_base" { "Endpoint (for Azure and your own servers)" } input id="api_base" name="api_base" type="url" autocomplete="off"; }
                div { label for="deployments" { "Deployments (Azure)" } input id="deployments" name="deployments" type="text" autocomplete="off"; }
                div { label for="api_version" { "API version (Azure, optional)" } input id="api_version" name="api_version" type="text" autocomplete="off"; }
                button type="submit" { "Save and check" }
            }
        }
        section.card {
            h2 { "Your keys" }
            @if keys.is_empty() {
                (empty(Icon::Key, "No key yet", html! {
                    p { "Paste one above; it is sealed before it is stored, and checked by one free call." }
                }))
            } @else {
                table {
                    thead { tr { th { "Key" } th { "Scope" } th { "State" } th { "Actions" } } }
                    tbody { @for key in &keys { (row(key, now, cooling::until(&shared.app, key.id))) } }
                }
            }
        }
    };
    Ok(with_status(status, "Provider keys", &signed_in.viewer, content).at(Place::Keys).into_response())
}

fn provider_choice() -> Markup {
    html! {
        select id="provider" name="provider" {
            @for provider in &PROVIDERS {
                option value=(provider.name) { (provider.display_name) }
            }
        }
    }
}

fn row(key: &Credential, now: Timestamp, cooling_until: Option<Timestamp>) -> Markup {
    let is_stored = key.is_row();
    html! {
        tr {
            td {
                (tile(key.provider)) " " strong { (key.name) } " " span.small { (key.provider.display_name()) }
                @if key.is_primary { " " span.chip { "primary" } }
                br;
                code { @if key.source == Source::Stored { (key_shape::masked_in_lists(&key.masked)) } @else { (key.source_text()) } }
                @if key.is_rotation_due(now) { " " span.chip { (age(key, now)) } }
            }
            td { (key.scope) }
            td {
                (key_state(key.status, key.is_active))
                @if let Some(until) = cooling_until {
                    br; span.badge.amber { "! Rate limited until " time datetime=(until) { (clock_time(until)) " UTC" } }
                }
                @if let Some(reason) = &key.status_reason { br; span.small { (reason) } }
            }
            td {
                form.actions method="post" action={ "/keys/" (key.id) } {
                    button.quiet name="action" value="check" { "Check" }
                    @if is_stored {
                        @if key.is_active { button.quiet name="action" value="deactivate" { "Deactivate" } }
                        @else { button.quiet name="action" value="activate" { "Activate" } }
                        @if !key.is_primary && key.grace_of.is_none() { button.quiet name="action" value="make-primary" { "Make primary" } }
                        button.quiet.danger name="action" value="delete" { "Delete" }
                    }
                }
                @if key.source == Source::Stored && key.grace_of.is_none() && key.secret_set_at.is_some() { (rotate_form(key)) }
            }
        }
    }
}

/// How old a key is that should be replaced.
fn age(key: &Credential, now: Timestamp) -> String {
    match key.secret_set_at.map(|at| now.since(at).as_secs() / (24 * 3600)) {
        Some(days) if days > 0 => format!("{days} days old"),
        _ => "replace it".to_owned(),
    }
}

fn rotate_form(key: &Credential) -> Markup {
    let field = format!("rotate-{}", key.id);
    html! {
        details {
            summary { "Rotate" }
            form.columns method="post" action={ "/keys/" (key.id) "/rotate" } {
                div { label for=(field) { "New key" } input id=(field) name="api_key" type="password" autocomplete="off" required; }
                div {
                    label for={ (field) "-grace" } { "The key before stays usable" }
                    select id={ (field) "-grace" } name="grace" {
                        option value="86400" selected { "for a day" }
                        option value="604800" { "for a week" }
                        option value="0" { "not at all" }
                    }
                }
                button type="submit" { "Check and rotate" }
            }
        }
    }
}

/// `14:05`, rounded up to the minute.
fn clock_time(at: Timestamp) -> String {
    let minutes = (at.as_seconds() + 59).div_euclid(60).rem_euclid(24 * 60);
    format!("{:02}:{:02}", minutes / 60, minutes % 60)
}
