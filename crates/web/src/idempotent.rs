//! `Idempotency-Key` at a door: the same request sent twice does one thing.

use app::App;
use app::error::Error;
use app::idempotency::{self, Claim};
use axum::response::Response;
use domain::Caller;
use http::{HeaderMap, HeaderName, HeaderValue};

use crate::rim::Failure;

const KEY: &str = "idempotency-key";

/// Set on the answer to a request that was carried out before.
const REPLAY: HeaderName = HeaderName::from_static("idempotent-replay");

/// What this request is to do.
pub(crate) enum Turn {
    /// Carry it out; then hand the claim, if there is one, to [`end`].
    Do(Option<Claim>),
    /// It was carried out: show what it made.
    Replay(Option<String>),
}

/// Reads the header and claims its key.
///
/// # Errors
/// `invalid_request`, or `in_progress` while the first request runs.
pub(crate) async fn begin(
    app: &App,
    caller: &Caller,
    headers: &HeaderMap,
    door: &str,
    body: &[u8],
) -> Result<Turn, Error> {
    let Some(key) = headers.get(KEY) else { return Ok(Turn::Do(None)) };
    let key = key.to_str().unwrap_or("");
    Ok(match idempotency::claim(app, caller, key, door, body).await? {
        idempotency::Turn::Do(claim) => Turn::Do(Some(claim)),
        idempotency::Turn::Replay(resource) => Turn::Replay(resource),
    })
}

/// Keeps what the request made, or gives the key back when it failed.
///
/// # Errors
/// The request's own, or when the store cannot be written.
pub(crate) async fn end(
    app: &App,
    claim: Option<Claim>,
    outcome: Result<(Option<String>, Response), Failure>,
) -> Result<Response, Failure> {
    match (claim, outcome) {
        (Some(claim), Ok((resource, response))) => {
            claim.finish(app, response.status().as_u16(), resource.as_deref()).await?;
            Ok(response)
        }
        (Some(claim), Err(failure)) => {
            claim.release(app).await?;
            Err(failure)
        }
        (None, outcome) => outcome.map(|(_, response)| response),
    }
}

/// Marks an answer as a replay.
pub(crate) fn as_replay(mut response: Response) -> Response {
    response.headers_mut().insert(REPLAY, HeaderValue::from_static("true"));
    response
}
