//! `Idempotency-Key`: the same create sent twice makes one thing.

use std::sync::Arc;

use domain::Caller;
use store::idempotency::{self, Known};

use crate::App;
use crate::callers;
use crate::error::{Code, Error, Result, chain};

/// A claim on a key: finish it when the request is done, or give it back. One
/// that is dropped, because the client went away, is given back beside the requests.
pub struct Claim {
    app: Arc<App>,
    key: String,
    caller: String,
    is_finished: bool,
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
pub async fn claim(app: &Arc<App>, caller: &Caller, key: &str, door: &str, body: &[u8]) -> Result<Turn> {
    if key.is_empty() || key.len() > 200 || !key.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(Error::invalid("Idempotency-Key", "must be 1 to 200 printable characters without blanks"));
    }
    let owner = format!("{}:{door}", caller.user);
    let body_hash = callers::hash_hex(&String::from_utf8_lossy(body));
    match idempotency::begin(&app.store, key, &owner, &body_hash, app.clock.now()).await? {
        Known::Fresh => {
            Ok(Turn::Do(Claim { app: Arc::clone(app), key: key.to_owned(), caller: owner, is_finished: false }))
        }
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
    /// The request was refused, and may be sent again: to whoever reads the
    /// refusal the key is free.
    pub async fn give_back(mut self) {
        given_back(&self.app, &self.key, &self.caller).await;
        // Only now: a client that leaves meanwhile leaves no key behind.
        self.is_finished = true;
    }

    /// The request is done, and made `resource`. That it could not be written
    /// down takes nothing away from what was done.
    pub async fn finish(mut self, status: u16, resource: Option<&str>) {
        self.is_finished = true;
        let (key, caller) = (self.key.as_str(), self.caller.as_str());
        if let Err(error) = idempotency::finish(&self.app.store, key, caller, status, resource).await {
            tracing::warn!(error = chain(&error), "the end of an idempotent request was not kept");
        }
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        if self.is_finished {
            return;
        }
        let (app, key, caller) = (Arc::clone(&self.app), self.key.clone(), self.caller.clone());
        self.app.spawn(async move { given_back(&app, &key, &caller).await });
    }
}

async fn given_back(app: &App, key: &str, caller: &str) {
    if let Err(error) = idempotency::release(&app.store, key, caller).await {
        tracing::warn!(error = chain(&error), "an Idempotency-Key was not given back");
    }
}
