//! What is done with one key. Each of it is a page with one form; a script shows
//! the form in a dialog instead.

use std::time::Duration;

use app::credentials::{self, Edit, Place as Where, Rotation, TypedSettings};
use app::error::{Code, Error};
use app::{cooling, spreads};
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use domain::credential::{Credential, Scope, Settings};
use domain::ids::{CredentialId, OrganizationId};
use domain::{Caller, Timestamp};
use http::{HeaderMap, StatusCode};
use maud::{Markup, html};
use serde::Deserialize;

use super::add::{headers_of, provider, scope, typed, words};
use super::place::{back, spot_of};
use super::row::{Line, may_change};
use super::{Said, keys_page, sheets};
use crate::api::credentials::paste::place;
use crate::body::{Form, Id};
use crate::problem;
use crate::rim::Failure;
use crate::router::Shared;
use crate::ui::forms::{SignedIn, is_for_the_form};
use crate::ui::view::{Icon, Place, Shape, icon, with_status};

#[derive(Deserialize)]
pub(super) struct ActionForm {
    action: String,
    /// The key before which it is to go.
    other: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct RotateForm {
    #[serde(default)]
    api_key: String,
    /// Seconds.
    grace: u64,
}

#[derive(Deserialize)]
pub(super) struct SpreadForm {
    provider: String,
    #[serde(default)]
    scope: String,
    /// Whose, when an organization's.
    organization: Option<OrganizationId>,
    spread: String,
}

/// Fields that a key's form does not have are absent.
#[derive(Deserialize)]
pub(super) struct EditForm {
    name: String,
    #[serde(default)]
    note: String,
    #[serde(default)]
    api_key: String,
    api_base: Option<String>,
    deployments: Option<String>,
    api_version: Option<String>,
    slug: Option<String>,
    headers: Option<String>,
    /// A day, or nothing.
    #[serde(default)]
    expires_at: String,
}

pub(super) async fn show_key(
    State(shared): State<Shared>,
    signed_in: SignedIn,
    Id(id): Id<CredentialId>,
) -> Result<Response, Failure> {
    let app = &shared.app;
    let shown = credentials::show(app, &signed_in.caller, id).await?;
    let line = Line {
        cooling_until: cooling::until(app, id),
        may_copy: app.settings.reveal_allowed,
        may_change: may_change(&signed_in.caller, &shown.credential),
        now: app.clock.now(),
        has_rivals: true,
        shown,
    };
    let at_home = home(&line.shown.credential, &signed_in.caller);
    Ok(sheet_page(&signed_in, StatusCode::OK, at_home, &sheets::key(&line, at_home)))
}

pub(super) async fn act_on_key(
    State(shared): State<Shared>,
    signed_in: SignedIn,
    Id(id): Id<CredentialId>,
    headers: HeaderMap,
    Form(form): Form<ActionForm>,
) -> Result<Response, Failure> {
    let (app, caller) = (&shared.app, &signed_in.caller);
    let done = match form.action.as_str() {
        "check" => credentials::check(app, caller, id).await.map(drop),
        "activate" => credentials::set_active(app, caller, id, true).await.map(drop),
        "deactivate" => credentials::set_active(app, caller, id, false).await.map(drop),
        "make-primary" => credentials::make_primary(app, caller, id).await.map(drop),
        "up" | "down" | "last" | "before" => arrange(&shared, &signed_in, id, &form).await,
        "delete" => credentials::delete(app, caller, id, false).await,
        "delete-anyway" => credentials::delete(app, caller, id, true).await,
        _ => Err(Error::invalid("action", "is unknown")),
    };
    match done {
        Ok(()) => Ok(Redirect::to(&back(&headers)).into_response()),
        Err(error) if error.code == Code::KeyInUse => {
            let status = problem::status_of(&error);
            delete_sheet(&shared, &signed_in, id, status).await.map_err(Failure::from)
        }
        Err(error) if is_for_the_form(&error) => {
            let spot = spot_of(&headers, caller);
            keys_page(&shared, &signed_in, &spot, Said::Refused(&error)).await
        }
        Err(error) => Err(error.into()),
    }
}

async fn arrange(shared: &Shared, signed_in: &SignedIn, id: CredentialId, form: &ActionForm) -> Result<(), Error> {
    let to: Where = place(&form.action, form.other.as_deref())?;
    credentials::arrange(&shared.app, &signed_in.caller, id, to).await
}

pub(super) async fn show_delete(
    State(shared): State<Shared>,
    signed_in: SignedIn,
    Id(id): Id<CredentialId>,
) -> Result<Response, Failure> {
    delete_sheet(&shared, &signed_in, id, StatusCode::OK).await.map_err(Failure::from)
}

async fn delete_sheet(
    shared: &Shared,
    signed_in: &SignedIn,
    id: CredentialId,
    status: StatusCode,
) -> Result<Response, Error> {
    let key = credentials::get(&shared.app, &signed_in.caller, id).await?;
    let impact = credentials::impact(&shared.app, &signed_in.caller, id).await?;
    let at_home = home(&key, &signed_in.caller);
    Ok(sheet_page(signed_in, status, at_home, &sheets::delete(&key, &impact, at_home)))
}

pub(super) async fn show_rotate(
    State(shared): State<Shared>,
    signed_in: SignedIn,
    Id(id): Id<CredentialId>,
) -> Result<Response, Failure> {
    let key = credentials::get(&shared.app, &signed_in.caller, id).await?;
    let at_home = home(&key, &signed_in.caller);
    Ok(sheet_page(&signed_in, StatusCode::OK, at_home, &sheets::rotate(&key, None, at_home)))
}

pub(super) async fn rotate_key(
    State(shared): State<Shared>,
    signed_in: SignedIn,
    Id(id): Id<CredentialId>,
    headers: HeaderMap,
    Form(form): Form<RotateForm>,
) -> Result<Response, Failure> {
    let (app, caller) = (&shared.app, &signed_in.caller);
    let grace = Duration::from_secs(form.grace);
    let rotation = Rotation { api_key: form.api_key, grace, force: false };
    match credentials::rotate(app, caller, id, rotation).await {
        Ok(_) => Ok(Redirect::to(&back(&headers)).into_response()),
        Err(error) if is_for_the_form(&error) => {
            let key = credentials::get(app, caller, id).await?;
            let at_home = home(&key, caller);
            let sheet = sheets::rotate(&key, Some(&error.sentence), at_home);
            Ok(sheet_page(&signed_in, problem::status_of(&error), at_home, &sheet))
        }
        Err(error) => Err(error.into()),
    }
}

pub(super) async fn show_edit(
    State(shared): State<Shared>,
    signed_in: SignedIn,
    Id(id): Id<CredentialId>,
) -> Result<Response, Failure> {
    let key = credentials::get(&shared.app, &signed_in.caller, id).await?;
    let at_home = home(&key, &signed_in.caller);
    Ok(sheet_page(&signed_in, StatusCode::OK, at_home, &sheets::edit(&key, None, at_home)))
}

pub(super) async fn edit_key(
    State(shared): State<Shared>,
    signed_in: SignedIn,
    Id(id): Id<CredentialId>,
    headers: HeaderMap,
    Form(form): Form<EditForm>,
) -> Result<Response, Failure> {
    let (app, caller) = (&shared.app, &signed_in.caller);
    let key = credentials::get(app, caller, id).await?;
    let edited = match edit_of(&key, form) {
        Ok(edit) => credentials::edit(app, caller, id, edit).await,
        Err(error) => Err(error),
    };
    match edited {
        Ok(_) => Ok(Redirect::to(&back(&headers)).into_response()),
        Err(error) if is_for_the_form(&error) || error.code == Code::KeyRequiredForNewOrigin => {
            let sentence = match error.code {
                Code::KeyRequiredForNewOrigin => moved(&key),
                _ => error.sentence.clone(),
            };
            let at_home = home(&key, caller);
            let sheet = sheets::edit(&key, Some(&sentence), at_home);
            Ok(sheet_page(&signed_in, problem::status_of(&error), at_home, &sheet))
        }
        Err(error) => Err(error.into()),
    }
}

/// Why the key is asked for again, in the words of the form.
fn moved(key: &Credential) -> String {
    let place = key.origin.host_and_port();
    format!(
        "The key {} was saved for {place} and is sent nowhere else. For another place, type the key again.",
        key.title()
    )
}

/// What of a key changes by a form that was filled with what it is.
fn edit_of(key: &Credential, form: EditForm) -> Result<Edit, Error> {
    let api_base = form.api_base.map(typed).filter(|base| *base != key.api_base);
    let expires_at = expiry(key, form.expires_at.trim())?;
    let settings = changed_settings(&key.settings, form.deployments, form.api_version, form.slug, form.headers)?;
    Ok(Edit {
        name: Some(form.name).filter(|name| *name != key.name),
        note: Some(form.note).filter(|note| *note != key.note).map(Some),
        api_key: typed(form.api_key),
        api_base,
        settings,
        expires_at,
        ..Edit::default()
    })
}

fn changed_settings(
    now: &Settings,
    deployments: Option<String>,
    api_version: Option<String>,
    slug: Option<String>,
    headers: Option<String>,
) -> Result<Option<TypedSettings>, Error> {
    let settings = TypedSettings {
        deployments: deployments.map(|text| words(&text)).filter(|names| *names != now.deployments),
        api_version: api_version.map(typed).filter(|version| *version != now.api_version),
        slug: slug.and_then(typed).filter(|slug| Some(slug) != now.slug.as_ref()),
        headers: headers.and_then(typed).map(|text| headers_of(&text)).transpose()?,
    };
    let changes = settings.deployments.is_some()
        || settings.api_version.is_some()
        || settings.slug.is_some()
        || settings.headers.is_some();
    Ok(changes.then_some(settings))
}

/// Another end, at the end of a day; `Some(None)`: none any more.
fn expiry(key: &Credential, day: &str) -> Result<Option<Option<Timestamp>>, Error> {
    if day == sheets::day_of(key.expires_at) {
        return Ok(None);
    }
    if day.is_empty() {
        return Ok(Some(None));
    }
    let end = Timestamp::parse(&format!("{day}T23:59:59Z"));
    end.map(|end| Some(Some(end))).ok_or_else(|| Error::invalid("expires_at", "is no day; write it like 2026-12-31"))
}

pub(super) async fn set_spread(
    State(shared): State<Shared>,
    signed_in: SignedIn,
    headers: HeaderMap,
    Form(form): Form<SpreadForm>,
) -> Result<Response, Failure> {
    let spread = form.spread.parse().map_err(|problem: String| Error::invalid("spread", problem))?;
    let (provider, scope) = (provider(&form.provider)?, scope(&form.scope)?);
    spreads::set(&shared.app, &signed_in.caller, scope, form.organization, provider, spread).await?;
    Ok(Redirect::to(&back(&headers)).into_response())
}

/// The page that a key is listed on, for whoever may change it.
fn home(key: &Credential, caller: &Caller) -> &'static str {
    match key.scope {
        Scope::Personal => "/keys",
        Scope::Organization if may_change(caller, key) => "/admin/provider-credentials",
        Scope::Organization => "/keys?scope=organization",
        Scope::System => "/admin/system-keys",
    }
}

fn sheet_page(signed_in: &SignedIn, status: StatusCode, home: &str, sheet: &Markup) -> Response {
    let content = html! {
        h1.sr { "Provider key" }
        nav.back aria-label="Back" { a href=(home) { (icon(Icon::Left)) "Provider keys" } }
        (sheet)
    };
    let page = with_status(status, "Provider key", &signed_in.viewer, content);
    page.at(Place::Keys).shaped(Shape::Narrow).with_script("keys.js").into_response()
}
