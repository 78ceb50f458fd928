//! The rim of the house: every request gets an id, every error is rendered and
//! logged here once, and every answer gets the headers that keep it safe.

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use app::App;
use app::error::{Code, Error};
use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use domain::ids::RequestId;
use futures_util::FutureExt;
use http::header::{CACHE_CONTROL, HeaderName, HeaderValue, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderMap, StatusCode};

use crate::problem::{self, Asked, Dialect};
use crate::serve::HEADER_BYTES;
use crate::wishes;

/// An error on its way out of a handler; the rim renders it.
#[derive(Clone)]
pub struct Failure(pub Arc<Error>);

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self(Arc::new(error))
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let mut response = StatusCode::INTERNAL_SERVER_ERROR.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// What every request carries inwards.
#[derive(Clone, Debug)]
pub struct Passport {
    /// Our own id of it, the one in the ledger.
    pub request: RequestId,
    /// The id it is answered with: the client's when well-formed, else ours.
    pub shown: Arc<str>,
    /// In whose words it is answered.
    pub dialect: Dialect,
}

impl Passport {
    /// The client's own id of the request, if it gave one.
    #[must_use]
    pub fn client_request_id(&self) -> Option<String> {
        let mut own = [0; 36];
        let own = self.request.0.hyphenated().encode_lower(&mut own);
        (*self.shown != *own).then(|| self.shown.to_string())
    }
}

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const ANTHROPIC_REQUEST_ID: HeaderName = HeaderName::from_static("request-id");

const ANTHROPIC_VERSION: HeaderName = HeaderName::from_static("anthropic-version");
const GOOGLE_KEY: HeaderName = HeaderName::from_static("x-goog-api-key");

/// Wraps every door.
pub async fn rim(State(app): State<Arc<App>>, mut request: Request, next: Next) -> Response {
    wishes::hide_brought_key(request.headers_mut());
    let id = app.next_request_id();
    let shown: Arc<str> = match well_formed_id(request.headers()) {
        Some(given) => given.into(),
        None => id.to_string().into(),
    };
    let dialect = dialect_of(request.uri().path(), request.headers());
    request.extensions_mut().insert(Passport { request: id, shown: Arc::clone(&shown), dialect });
    let (method, uri) = (request.method().clone(), request.uri().clone());
    // The log has the door, not the address: an address may hold a one-time code.
    let door = request.extensions().get::<MatchedPath>().cloned();
    let door = door.as_ref().map_or("-", MatchedPath::as_str);
    let mut response = match headers_fit(&request) {
        Ok(()) => AssertUnwindSafe(next.run(request)).catch_unwind().await.unwrap_or_else(|panic| of_panic(&*panic)),
        Err(error) => Failure::from(error).into_response(),
    };
    if let Some(Failure(error)) = response.extensions_mut().remove::<Failure>() {
        log(&error, &shown, door);
        response = problem::render(&error, &Asked { dialect, request_id: &shown, path: uri.path(), method: &method });
    }
    tracing::debug!(request_id = %shown, %method, door, status = response.status().as_u16(), "answered");
    let headers = response.headers_mut();
    if let Ok(value) = HeaderValue::from_str(&shown) {
        headers.insert(REQUEST_ID, value.clone());
        headers.insert(ANTHROPIC_REQUEST_ID, value);
    }
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

fn log(error: &Error, request_id: &str, door: &str) {
    let cause = error.cause_chain().unwrap_or_default();
    if problem::status_of(error).is_server_error() {
        tracing::warn!(request_id, door, code = %error.code, sentence = %error.sentence, cause, "refused");
    } else {
        tracing::debug!(request_id, door, code = %error.code, sentence = %error.sentence, cause, "refused");
    }
}

/// The connection bounds its buffer, but a fast client's headers may arrive in
/// one piece that is larger; so they are measured once more.
fn headers_fit(request: &Request) -> Result<(), Error> {
    let address = request.uri().path_and_query().map_or(0, |address| address.as_str().len());
    let line_end = ": \r\n".len();
    let lines = request.headers().iter().map(|(name, value)| name.as_str().len() + value.len() + line_end);
    if address + lines.sum::<usize>() <= HEADER_BYTES {
        return Ok(());
    }
    Err(Error::new(
        Code::HeadersTooLarge,
        "The headers and the address are larger than 32 KiB together, the most taken here. Send fewer or shorter ones.",
    ))
}

/// The client's own id, when it is 1 to 128 letters, digits, `-`, `_`, `.`.
fn well_formed_id(headers: &HeaderMap) -> Option<&str> {
    let given = headers.get(REQUEST_ID)?.to_str().ok()?;
    let fits = (1..=128).contains(&given.len())
        && given.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'));
    fits.then_some(given)
}

/// In whose words a request is answered: its route first, then its headers.
#[must_use]
pub fn dialect_of(path: &str, headers: &HeaderMap) -> Dialect {
    let path = path.strip_prefix("/v1/v1").map_or(path, |rest| rest);
    let under = |prefix: &str| path == prefix || path.strip_prefix(prefix).is_some_and(|rest| rest.starts_with('/'));
    if under("/v1beta") {
        return Dialect::Google;
    }
    if under("/v1/messages") || under("/messages") {
        return Dialect::Anthropic;
    }
    if under("/v1") || ROOT_FORMS.iter().any(|form| under(form)) {
        return if headers.contains_key(ANTHROPIC_VERSION) {
            Dialect::Anthropic
        } else if headers.contains_key(GOOGLE_KEY) {
            Dialect::Google
        } else {
            Dialect::OpenAi
        };
    }
    if under("/v2") || under("/api") || under("/health") || under("/metrics") || path == "/openapi.json" {
        return Dialect::Problem;
    }
    Dialect::Page
}

/// Wire routes without `/v1`, for clients that leave it out.
pub const ROOT_FORMS: [&str; 10] = [
    "/chat/completions",
    "/responses",
    "/messages",
    "/embeddings",
    "/models",
    "/completions",
    "/audio",
    "/images",
    "/moderations",
    "/rerank",
];

/// A panic becomes an error like any other; the client sees no detail of it.
fn of_panic(panic: &(dyn Any + Send)) -> Response {
    let words = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("unknown");
    tracing::error!(panic = words, "a handler panicked");
    Failure::from(Error::new(
        Code::Internal,
        "Something broke inside Ownkey. Nothing was changed; try again, and report the request id if it stays.",
    ))
    .into_response()
}
