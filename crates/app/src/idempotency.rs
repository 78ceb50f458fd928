//! `Idempotency-Key`: the same create sent twice makes one thing.

use domain::Caller;
use store::idempotency::{self, Known};

use crate::App;
use crate::callers;
use crate::error::{Code, Error, Result};

/// A claim on a key: finish it, or release it when the request failed.
pub struct Claim {
    key: String,
    caller: String,
}

/// What a request with an `Idempotency-Key` is to do.
pub enum Turn {
    /// Do it, then finish the claim.
    Do(Claim),
    /// It was done: answer with this resource.
    Replay(Option<String>),
}

/// Claims `key` for a request with this body.
///
/// # Errors
/// `invalid_request` for a key that is no key or came with another body,
/// `in_progress` while the first request runs.
pub async fn claim(app: &App, caller: &Caller, key: &str, door: &str, body: &[u8]) -> Result<Turn> {
    if key.is_empty() || key.len() > 200 || !key.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(Error::invalid("Idempotency-Key", "must be 1 to 200 printable characters without blanks"));
    }
    let owner = format!("{}:{door}", caller.user);
    let body_hash = callers::hash_hex(&String::from_utf8_lossy(body));
    match idempotency::begin(&app.store, key, &owner, &body_hash, app.clock.now()).await? {
        Known::Fresh => Ok(Turn::Do(Claim { key: key.to_owned(), caller: owner })),
        Known::InProgress { body_hash: other } | Known::Done { body_hash: other, .. } if other != body_hash => {
            Err(Error::invalid("Idempotency-Key", "was used with another body; use a new one for a new request"))
        }
        Known::InProgress { .. } => Err(Error::new(
            Code::InProgress,
            "The first request with this Idempotency-Key is still running. Try again shortly.",
        )),
        Known::Done { resource_id, .. } => Ok(Turn::Replay(resource_id)),
    }
}

impl Claim {
    /// The request made `resource`.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub async fn finish(self, app: &App, status: u16, resource: Option<&str>) -> Result<()> {
        Ok(idempotency::finish(&app.store, &self.key, &self.caller, status, resource).await?)
    }

    /// The request failed and may be tried again.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub async fn release(self, app: &App) -> Result<()> {
        Ok(idempotency::release(&app.store, &self.key, &self.caller).await?)
    }
}
