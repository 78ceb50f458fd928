//! Forms of pages: who sends them, and where the answer leads.

use std::sync::Arc;

use app::error::{Code, Error};
use axum::extract::FromRequestParts;
use axum::response::{IntoResponse, Redirect, Response};
use domain::Caller;
use domain::caller::Role;
use http::header::{HOST, SET_COOKIE};
use http::request::Parts;
use http::{HeaderValue, Method};

use super::view::{Person, Theme, Viewer};
use crate::auth::{Authenticated, cookie, same_origin};
use crate::rim::Failure;
use crate::router::Shared;

/// Somebody who is signed in; the door's guard let them in.
pub(crate) struct SignedIn {
    pub(crate) caller: Arc<Caller>,
    pub(crate) viewer: Viewer,
}

impl FromRequestParts<Shared> for SignedIn {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, shared: &Shared) -> Result<Self, Failure> {
        let Authenticated(caller) = Authenticated::from_request_parts(parts, shared).await?;
        let viewer = viewer_of(parts, shared, Some(&caller)).await?;
        Ok(Self { caller, viewer })
    }
}

/// Anybody with a browser. A form must come from one of our own pages.
pub(crate) struct Anybody {
    pub(crate) caller: Option<Arc<Caller>>,
    pub(crate) viewer: Viewer,
}

impl FromRequestParts<Shared> for Anybody {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, shared: &Shared) -> Result<Self, Failure> {
        shared.origins.check_host(parts.headers.get(HOST))?;
        if parts.method != Method::GET && parts.method != Method::HEAD {
            same_origin(&shared.origins, &parts.headers)?;
        }
        let caller = match cookie(&parts.headers, shared.origins.cookie_name()) {
            Some(secret) => app::callers::by_web_session(&shared.app, secret).await?,
            None => None,
        };
        let viewer = viewer_of(parts, shared, caller.as_deref()).await?;
        Ok(Self { caller, viewer })
    }
}

/// Who looks at a page, and how they like it.
async fn viewer_of(parts: &Parts, shared: &Shared, caller: Option<&Caller>) -> Result<Viewer, Failure> {
    let person = match caller {
        Some(caller) => {
            let account = app::users::me(&shared.app, caller).await?;
            let is_admin = account.role == Role::Admin;
            let has_rooms = super::admin::has_rooms(caller);
            Some(Person { name: account.display_name, email: account.email, is_admin, has_rooms })
        }
        None => None,
    };
    let theme = Theme::named(cookie(&parts.headers, THEME_COOKIE).unwrap_or_default());
    Ok(Viewer { person, theme, is_demo: shared.app.settings.is_demo })
}

/// Remembers whether a browser likes its pages light or dark. No secret.
pub(super) const THEME_COOKIE: &str = "ownkey_theme";

/// To another page, with the session cookie set or removed.
pub(crate) fn redirect_with_cookie(shared: &Shared, to: &str, secret: Option<&str>) -> Result<Response, Failure> {
    let age = shared.app.settings.web_session_life.as_secs();
    let cookie = HeaderValue::from_str(&shared.origins.set_cookie(secret, age))
        .map_err(|error| Error::new(Code::Internal, "The session cannot be kept. Report it.").because(error))?;
    let mut response = Redirect::to(to).into_response();
    response.headers_mut().insert(SET_COOKIE, cookie);
    Ok(response)
}

/// Whether an error is about what was typed, so that the form shows it again.
pub(crate) const fn is_for_the_form(error: &Error) -> bool {
    matches!(
        error.code,
        Code::InvalidRequest
            | Code::IncorrectLogin
            | Code::TooManyLogins
            | Code::EndpointNotAllowed
            | Code::Forbidden
            | Code::Conflict
            | Code::KeyInUse
            | Code::DuplicateSecret
    )
}

/// The fields of a form, as a test fills them in.
#[cfg(test)]
pub(super) fn typed(fields: &[(&str, &str)]) -> Vec<(String, String)> {
    fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}
