//! Who knocks: a token in one of four headers, or a browser's cookie together
//! with proof that the request comes from one of our own pages.

use std::sync::Arc;

use app::error::{Code, Error};
use app::{App, callers};
use axum::extract::{FromRequestParts, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use domain::Caller;
use domain::access::{self, Need};
use http::header::{AUTHORIZATION, COOKIE, HOST, ORIGIN};
use http::request::Parts;
use http::{HeaderMap, HeaderName, Method};

use crate::origins::Origins;
use crate::problem::Dialect;
use crate::rim::{Failure, Passport};
use crate::serve::Peer;

const FORWARDED: [HeaderName; 2] = [HeaderName::from_static("forwarded"), HeaderName::from_static("x-forwarded-for")];

/// Names the organization that a request is made in, by id or slug.
const ORGANIZATION: HeaderName = HeaderName::from_static("x-ownkey-organization");

/// The headers that hold a token and nothing else.
const NAMED: [HeaderName; 3] = [
    HeaderName::from_static("x-api-key"),
    HeaderName::from_static("api-key"),
    HeaderName::from_static("x-goog-api-key"),
];

/// The authenticated caller of a door that needs one.
#[derive(Clone)]
pub struct Authenticated(pub Arc<Caller>);

/// What was known about callers when this one was let in: a call that takes its
/// time asks again when that has moved.
#[derive(Clone, Copy)]
pub(crate) struct LetInAt(pub(crate) u64);

impl<S: Send + Sync> FromRequestParts<S> for Authenticated {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        parts.extensions.get::<Self>().cloned().ok_or_else(|| {
            Failure::from(Error::new(Code::Internal, "This door was opened without asking who knocks. Report it."))
        })
    }
}

/// What a door's guard needs.
pub struct Guard {
    /// The house.
    pub app: Arc<App>,
    /// What the door needs.
    pub need: Need,
    /// The origins that are ours.
    pub origins: Arc<Origins>,
    /// Whether any query parameter is one too many.
    pub refuses_query: bool,
}

/// Stands before a door: lets in who may pass it, and nobody else.
pub async fn guard(State(guard): State<Arc<Guard>>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    parts.extensions.insert(LetInAt(guard.app.callers_epoch()));
    match admit(&guard, &parts).await {
        Ok(Some(caller)) => {
            parts.extensions.insert(Authenticated(caller));
        }
        Ok(None) => {}
        Err(error) => return refuse(error, &parts),
    }
    if guard.refuses_query
        && let Some(error) = stray_parameter(&parts)
    {
        return Failure::from(error).into_response();
    }
    next.run(Request::from_parts(parts, body)).await
}

/// The control API takes no parameter it does not know, also where it knows none.
fn stray_parameter(request: &Parts) -> Option<Error> {
    let (name, _) = form_urlencoded::parse(request.uri.query()?.as_bytes()).next()?;
    let shown: String = name.chars().filter(|c| !domain::text::is_invisible(*c)).take(60).collect();
    let sentence = format!("Unknown query parameter “{shown}”; this address takes none. Leave it out.");
    Some(Error::new(Code::InvalidRequest, sentence).of_field(&shown))
}

/// A person without a session is led to the log-in page; everybody else is told.
fn refuse(error: Error, request: &Parts) -> Response {
    let is_page = request.extensions.get::<Passport>().is_some_and(|passport| passport.dialect == Dialect::Page);
    if is_page && error.code == Code::InvalidGatewayToken && request.method == Method::GET {
        return Redirect::to("/login").into_response();
    }
    Failure::from(error).into_response()
}

async fn admit(guard: &Guard, request: &Parts) -> Result<Option<Arc<Caller>>, Error> {
    if guard.need == Need::Nothing {
        return Ok(None);
    }
    // The command line calls the doors in process and has proved itself by
    // holding the master key; nothing from the network can set an extension.
    if let Some(Authenticated(caller)) = request.extensions.get::<Authenticated>() {
        access::permit(caller, guard.need).map_err(|refusal| Error::new(Code::Forbidden, refusal.to_string()))?;
        return acting(Arc::clone(caller), &request.headers).map(Some);
    }
    // A proxy on this machine is not a reader on this machine.
    let is_forwarded = FORWARDED.iter().any(|name| request.headers.contains_key(name));
    let is_local = !is_forwarded
        && request.extensions.get::<Peer>().is_some_and(|peer| peer.0.ip().is_loopback())
        && guard.origins.check_host(request.headers.get(HOST)).is_ok();
    let token = token_of(&request.headers, &guard.app)?;
    let caller = match token {
        Some(token) => callers::by_token(&guard.app, token).await?,
        None if guard.need == Need::Metrics && is_local => return Ok(None),
        None => by_cookie(guard, request).await?.ok_or_else(|| callers::missing(&guard.app))?,
    };
    access::permit(&caller, guard.need).map_err(|refusal| Error::new(Code::Forbidden, refusal.to_string()))?;
    acting(caller, &request.headers).map(Some)
}

/// The caller in the organization that their request names, if it names one.
fn acting(caller: Arc<Caller>, headers: &HeaderMap) -> Result<Arc<Caller>, Error> {
    let mut named = headers.get_all(ORGANIZATION).iter();
    match (named.next(), named.next()) {
        (None, _) => Ok(caller),
        (Some(_), Some(_)) => Err(Error::invalid(ORGANIZATION.as_str(), "is there twice; send it once")),
        (Some(named), None) => callers::acting_in(&caller, named.to_str().unwrap_or(""))
            .map_err(|error| error.of_field(ORGANIZATION.as_str())),
    }
}

/// The one token a request brings, in any of the four headers.
fn token_of<'a>(headers: &'a HeaderMap, app: &App) -> Result<Option<&'a str>, Error> {
    // Every value of a header counts: a second one must not hide behind the first.
    let bearer = headers
        .get_all(AUTHORIZATION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .filter_map(|value| value.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, token)| token.trim());
    let named =
        NAMED.into_iter().flat_map(|name| headers.get_all(name)).filter_map(|value| value.to_str().ok()).map(str::trim);
    let mut found: Option<&str> = None;
    for token in bearer.chain(named).filter(|token| !token.is_empty()) {
        match found {
            Some(first) if first != token => return Err(callers::missing(app).because("two different tokens")),
            _ => found = Some(token),
        }
    }
    Ok(found)
}

async fn by_cookie(guard: &Guard, request: &Parts) -> Result<Option<Arc<Caller>>, Error> {
    let Some(secret) = cookie(&request.headers, guard.origins.cookie_name()) else { return Ok(None) };
    guard.origins.check_host(request.headers.get(HOST))?;
    if !matches!(request.method, Method::GET | Method::HEAD | Method::OPTIONS) {
        same_origin(&guard.origins, &request.headers)?;
    }
    callers::by_web_session(&guard.app, secret).await
}

/// Proof that a state-changing request comes from one of our own pages.
///
/// # Errors
/// `not_same_origin`.
pub fn same_origin(origins: &Origins, headers: &HeaderMap) -> Result<(), Error> {
    let text = |name| headers.get(name).and_then(|value: &http::HeaderValue| value.to_str().ok());
    let is_ours = match text(HeaderName::from_static("sec-fetch-site")) {
        Some(site) => site == "same-origin",
        None => text(ORIGIN).is_some_and(|origin| origins.contains(origin)),
    };
    if is_ours {
        return Ok(());
    }
    Err(Error::new(
        Code::NotSameOrigin,
        "The request came from another site, so it was not carried out. Do it on Ownkey's own page, or use a token.",
    ))
}

/// The value of one cookie; the first where it is there twice.
#[must_use]
pub fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(key, _)| *key == name)
        .map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn a_cookie_is_found_among_any_others_and_only_by_its_whole_name(
            others in prop::collection::vec("[a-z_]{0,6}=?[ -:<-~]{0,8}", 0..5), value in "[A-Za-z0-9_-]{1,20}", at: prop::sample::Index,
        ) {
            let mut pairs = others.clone();
            pairs.insert(at.index(pairs.len() + 1), format!("ownkey_8000={value}"));
            let header = |pairs: &[String]| {
                let mut headers = HeaderMap::new();
                headers.insert(COOKIE, HeaderValue::from_str(&pairs.join("; ")).unwrap());
                headers
            };
            let (with, without) = (header(&pairs), header(&others));
            prop_assert_eq!(cookie(&with, "ownkey_8000"), Some(value.as_str()));
            prop_assert_eq!(cookie(&without, "ownkey_8000"), None);
            prop_assert_eq!(cookie(&with, "ownkey_800"), None);
        }
    }
}
