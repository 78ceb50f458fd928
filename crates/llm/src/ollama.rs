//! The models on an Ollama server: what is there, what each can do, what is
//! loaded; fetching one more and throwing one away. Its own API lies beside
//! `/v1`.
//!
//! Source: Ollama's API documentation, August 2026.

mod answers;
mod pull;

use bytes::Bytes;
use domain::model::{Capabilities, ListedModel, ModelKind};
use domain::{ProviderId, Secret};
use http::Method;
use serde_json::json;

use crate::UpstreamError;
use crate::client::{Auth, Incoming, Outgoing, SendFailure, Upstream};
use crate::egress::Endpoint;
use crate::model_list::{self, MAX_LIST_BYTES};
use crate::wire::ollama::errors;

pub use answers::{Running, Shown};
pub use pull::{Progress, Pull};

/// How many models are asked about at most; a server with more keeps its secrets.
const MAX_DESCRIBED: usize = 100;

/// The largest answer about one model, in bytes: templates and licences are long.
const MAX_SHOWN_BYTES: usize = 4 * 1024 * 1024;

/// The largest answer that says what went wrong, in bytes.
const MAX_ERROR_BYTES: usize = 64 * 1024;

/// An Ollama server.
pub struct Library<'a> {
    upstream: &'a Upstream,
    root: Endpoint,
    secret: Option<&'a Secret>,
}

impl<'a> Library<'a> {
    /// The server behind an endpoint, with or without its `/v1`; the key is only
    /// for Ollama's cloud.
    #[must_use]
    pub fn new(upstream: &'a Upstream, endpoint: &Endpoint, secret: Option<&'a Secret>) -> Self {
        Self { upstream, root: endpoint.without_version(), secret }
    }

    /// What is there.
    ///
    /// # Errors
    /// The server cannot be asked, or answers something else.
    pub async fn list(&self) -> Result<Vec<ListedModel>, UpstreamError> {
        let body = self.whole(Method::GET, "/api/tags", Bytes::new(), MAX_LIST_BYTES).await?;
        model_list::read(ProviderId::Ollama, &body).map_err(|_| unreadable())
    }

    /// What is loaded.
    ///
    /// # Errors
    /// As [`Library::list`].
    pub async fn running(&self) -> Result<Vec<Running>, UpstreamError> {
        let body = self.whole(Method::GET, "/api/ps", Bytes::new(), MAX_LIST_BYTES).await?;
        answers::running(&body).ok_or_else(unreadable)
    }

    /// What a model can do.
    ///
    /// # Errors
    /// As [`Library::list`]; 404 when it is not there.
    pub async fn show(&self, model: &str) -> Result<Shown, UpstreamError> {
        let body = self.whole(Method::POST, "/api/show", named(model), MAX_SHOWN_BYTES).await?;
        answers::shown(&body).ok_or_else(unreadable)
    }

    /// Throws a model away.
    ///
    /// # Errors
    /// As [`Library::show`].
    pub async fn delete(&self, model: &str) -> Result<(), UpstreamError> {
        self.whole(Method::DELETE, "/api/delete", named(model), MAX_ERROR_BYTES).await.map(|_| ())
    }

    /// Begins to fetch a model. Dropping the [`Pull`] stops it; Ollama goes on
    /// from there the next time.
    ///
    /// # Errors
    /// As [`Library::list`].
    pub async fn pull(&self, model: &str) -> Result<Pull, UpstreamError> {
        let body = Bytes::from(json!({"model": model, "stream": true}).to_string());
        let incoming = self.ask(Method::POST, "/api/pull", body, true).await?;
        Ok(Pull::new(incoming.body))
    }

    /// Adds to each model what only the server knows: what it is for, what it
    /// can do, how much it reads. Models that cannot be asked about stay as they
    /// are.
    pub async fn describe(&self, models: &mut [ListedModel]) {
        for model in models.iter_mut().take(MAX_DESCRIBED) {
            if let Ok(shown) = self.show(&model.id).await {
                shown.tell(model);
            }
        }
    }

    async fn whole(&self, method: Method, path: &str, body: Bytes, limit: usize) -> Result<Bytes, UpstreamError> {
        let incoming = self.ask(method, path, body, false).await?;
        incoming.body.collect(limit).await.map_err(of_failure)
    }

    /// An answer of success.
    async fn ask(&self, method: Method, path: &str, body: Bytes, streaming: bool) -> Result<Incoming, UpstreamError> {
        let auth = self.secret.map_or(Auth::None, Auth::Bearer);
        let outgoing = Outgoing { method, body: body.into(), streaming, ..Outgoing::get(&self.root, path, auth) };
        let incoming = self.upstream.send(outgoing).await.map_err(of_failure)?;
        if incoming.status.is_success() {
            return Ok(incoming);
        }
        let (status, headers) = (incoming.status.as_u16(), incoming.headers);
        let body = incoming.body.collect(MAX_ERROR_BYTES).await.unwrap_or_default();
        Err(errors::read(ProviderId::Ollama, status, &headers, &body))
    }
}

impl Shown {
    /// Tells what is known to the model of a list.
    fn tell(&self, model: &mut ListedModel) {
        model.context_window = self.context_window.or(model.context_window);
        let Some(capabilities) = self.capabilities else { return };
        model.kind = Some(self.kind);
        if self.kind == ModelKind::Chat {
            model.capabilities = Some(Capabilities { json_schema: true, ..capabilities });
        }
    }
}

fn named(model: &str) -> Bytes {
    Bytes::from(json!({"model": model}).to_string())
}

fn unreadable() -> UpstreamError {
    let sentence = "The server did not answer as Ollama does. Check that the base URL is Ollama's.";
    UpstreamError::ours(domain::attempt::ErrorClass::ServerError, sentence)
}

fn of_failure(failure: SendFailure) -> UpstreamError {
    UpstreamError::ours(failure.class, failure.sentence)
}

#[cfg(test)]
mod tests;
