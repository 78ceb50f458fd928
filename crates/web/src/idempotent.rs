//! `Idempotency-Key` at a door: the same request sent twice does one thing.

use std::sync::Arc;

use app::App;
use app::error::Error;
use app::idempotency::{self, Claim};
use axum::response::Response;
use domain::Caller;
use http::{HeaderMap, HeaderName, HeaderValue};

use crate::rim::Failure;

const KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// Set on the answer to a request that was carried out before.
const REPLAY: HeaderName = HeaderName::from_static("idempotent-replay");

/// What this request is to do.
pub(crate) enum Turn {
    /// Carry it out; then finish the claim, if there is one.
    Do(Option<Claim>),
    /// It was carried out: show what it made.
    Replay(Option<String>),
}

/// Reads the header and claims its key.
///
/// # Errors
/// `invalid_request`, or `in_progress` while the first request runs.
pub(crate) async fn begin(
    app: &Arc<App>,
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

/// A request that does one thing, and what it may be known by when it comes again.
pub(crate) struct Asked<'a> {
    pub(crate) app: &'a Arc<App>,
    pub(crate) caller: &'a Caller,
    pub(crate) headers: &'a HeaderMap,
    /// Method and path, as in `POST /v2/teams`.
    pub(crate) door: &'a str,
    pub(crate) body: &'a [u8],
}

impl Asked<'_> {
    /// Carries the request out once for each key: `carry_out` comes to the id of
    /// what it made and the answer, and a refusal gives the key back. Sent again,
    /// `show` answers with what was made as it is now.
    pub(crate) async fn once(
        self,
        carry_out: impl Future<Output = Result<(Option<String>, Response), Failure>>,
        show: impl AsyncFnOnce(Option<String>) -> Result<Response, Failure>,
    ) -> Result<Response, Failure> {
        match begin(self.app, self.caller, self.headers, self.door, self.body).await? {
            Turn::Replay(made) => Ok(as_replay(show(made).await?)),
            Turn::Do(claim) => {
                let (claim, (made, response)) = unless_refused(claim, carry_out.await).await?;
                if let Some(claim) = claim {
                    claim.finish(response.status().as_u16(), made.as_deref()).await;
                }
                Ok(response)
            }
        }
    }
}

/// Passes what came of a request; a refusal gives its key back before it is told.
pub(crate) async fn unless_refused<T, E>(claim: Option<Claim>, outcome: Result<T, E>) -> Result<(Option<Claim>, T), E> {
    match (outcome, claim) {
        (Ok(done), claim) => Ok((claim, done)),
        (Err(refusal), None) => Err(refusal),
        (Err(refusal), Some(claim)) => {
            claim.give_back().await;
            Err(refusal)
        }
    }
}

/// Marks an answer as a replay.
fn as_replay(mut response: Response) -> Response {
    response.headers_mut().insert(REPLAY, HeaderValue::from_static("true"));
    response
}
