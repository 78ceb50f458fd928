//! `/login/oidc`: to the operator's OpenID provider and back. What has to be
//! remembered meanwhile is in a sealed cookie of this browser.

use app::error::Error;
use app::sign_in::oidc::{self, Arrival, Departure, Return};
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use domain::access::Need;
use http::header::{HOST, SET_COOKIE};
use http::{HeaderMap, HeaderValue, Method};
use maud::{Markup, html};
use serde::Deserialize;
use url::Url;

use super::forms::{Anybody, SignedIn, redirect_with_cookie};
use super::view::{Icon, Shape, complaint, icon, with_status};
use crate::auth::cookie;
use crate::body::Query;
use crate::problem;
use crate::rim::Failure;
use crate::router::{Door, Shared, quiet_door};
use crate::visitor::Knocking;

pub(super) fn doors() -> Vec<Door> {
    let open = Need::Nothing;
    vec![
        quiet_door(Method::GET, "/login/oidc", open, get(begin)),
        quiet_door(Method::GET, "/login/oidc/callback", open, get(come_back)),
        quiet_door(Method::GET, "/login/oidc/confirm", Need::OwnAccount, get(begin_proof)),
    ]
}

#[derive(Deserialize)]
struct BeginQuery {
    /// Present when they were led here from another name of this server.
    here: Option<String>,
}

#[derive(Deserialize)]
struct ProofQuery {
    /// The page of ours on which they go on.
    #[serde(default)]
    next: String,
}

/// What the provider adds to the address; it may add more.
#[derive(Deserialize)]
struct ReturnQuery {
    state: Option<String>,
    code: Option<String>,
    iss: Option<String>,
    error: Option<String>,
}

async fn begin(
    State(shared): State<Shared>,
    visitor: Anybody,
    headers: HeaderMap,
    Query(query): Query<BeginQuery>,
) -> Result<Response, Failure> {
    if visitor.caller.is_some() {
        return Ok(Redirect::to("/").into_response());
    }
    // The provider sends them to the public address: a cookie of another name of
    // this server would not come back with them.
    if query.here.is_none() && !is_public_name(&shared, &headers) {
        return Ok(Redirect::to(&format!("{}/login/oidc?here=1", shared.app.settings.public_url)).into_response());
    }
    match oidc::begin(&shared.app).await {
        Ok(departure) => leave(&shared, &departure),
        Err(error) => Ok(failed(&visitor, &error)),
    }
}

async fn begin_proof(
    State(shared): State<Shared>,
    signed_in: SignedIn,
    Query(query): Query<ProofQuery>,
) -> Result<Response, Failure> {
    match oidc::begin_proof(&shared.app, &signed_in.caller, &query.next).await {
        Ok(departure) => leave(&shared, &departure),
        Err(error) => Ok(failed(&Anybody { caller: Some(signed_in.caller), viewer: signed_in.viewer }, &error)),
    }
}

async fn come_back(
    State(shared): State<Shared>,
    visitor: Anybody,
    Knocking(knocking): Knocking,
    headers: HeaderMap,
    Query(query): Query<ReturnQuery>,
) -> Result<Response, Failure> {
    let kept = cookie(&headers, &shared.origins.journey_cookie_name());
    let back = Return { state: query.state, code: query.code, iss: query.iss, error: query.error };
    let ended = oidc::end(&shared.app, visitor.caller.as_deref(), kept, back, &knocking).await;
    let mut response = match ended {
        Ok(Arrival::SignedIn(opened)) => redirect_with_cookie(&shared, "/", Some(&opened.text))?,
        Ok(Arrival::Proven(next)) => Redirect::to(&next).into_response(),
        Err(error) => failed(&visitor, &error),
    };
    // The journey is over, however it ended.
    if let Ok(gone) = HeaderValue::from_str(&shared.origins.set_journey_cookie(None, 0)) {
        response.headers_mut().append(SET_COOKIE, gone);
    }
    Ok(response)
}

/// To the provider's page, with what has to be remembered.
fn leave(shared: &Shared, departure: &Departure) -> Result<Response, Failure> {
    let text = shared.origins.set_journey_cookie(Some(&departure.cookie), oidc::LIFE.as_secs());
    let kept = HeaderValue::from_str(&text)
        .map_err(|error| Error::new(app::Code::Internal, "The sign-in cannot be begun. Report it.").because(error))?;
    let mut response = Redirect::to(&departure.url).into_response();
    response.headers_mut().insert(SET_COOKIE, kept);
    Ok(response)
}

fn is_public_name(shared: &Shared, headers: &HeaderMap) -> bool {
    let Some(url) = Url::parse(&shared.app.settings.public_url).ok() else { return true };
    let name = url.host_str().map(|host| url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}")));
    let asked = headers.get(HOST).and_then(|host| host.to_str().ok());
    asked.is_none_or(|asked| name.is_none_or(|name| name.eq_ignore_ascii_case(asked)))
}

/// Why nobody was signed in, and what to do next.
fn failed(visitor: &Anybody, error: &Error) -> Response {
    let is_signed_in = visitor.caller.is_some();
    let title = if is_signed_in { "Nothing was confirmed" } else { "You are not signed in" };
    let content = html! {
        section.card {
            h1 { (title) }
            (complaint(Some(&error.sentence)))
            div.row {
                @if is_signed_in {
                    a.button href="/keys" { "Back to the keys" }
                } @else {
                    a.button href="/login/oidc" { (icon(Icon::Turning)) "Begin again" }
                    a.button.quiet href="/login" { "Back to sign-in" }
                }
            }
        }
    };
    with_status(problem::status_of(error), title, &visitor.viewer, content).shaped(Shape::Narrow).into_response()
}

/// The way to the provider's page, as a button of forms that ask for a password.
pub(super) fn button(shared: &Shared) -> Option<Markup> {
    let oidc = shared.app.settings.oidc.as_deref()?;
    Some(html! { a.button.whole href="/login/oidc" { (icon(Icon::Enter)) span { "Sign in with " (oidc.name) } } })
}

/// Between two ways in.
pub(super) fn or() -> Markup {
    html! { p.or { span { "or" } } }
}
