//! Answers that their provider keeps: which key paid for one, so that the next
//! turn of its conversation, and whoever asks for it again, reaches the same
//! account. The answers themselves stay with the provider.

use std::borrow::Cow;

use bytes::Bytes;
use domain::attempt::ErrorClass;
use domain::credential::KeyStatus;
use domain::ids::CredentialId;
use domain::provider::WireName;
use domain::{Caller, ProviderId};
use http::{Method, StatusCode};
use llm::UpstreamError;
use llm::client::{Auth, Outgoing};
use llm::json_scan::RawText;
use llm::wire::openai_responses::OpenAiResponses;
use llm::wire::{ClientRequest, Target, Wire as _};

use crate::App;
use crate::error::{Code, Error, Result, chain};
use crate::naming::{self, Place};
use crate::paying::Wishes;
use crate::reach::{self, Key, Reach};
use crate::replay::owner;
use crate::{checks, exhausted, paying, secrets};

/// The field that names the answer a conversation goes on from.
const PREVIOUS: &str = "previous_response_id";

/// The longest id of an answer, in characters.
const LONGEST_ID: usize = 200;

/// The largest kept answer that is fetched, in bytes.
const ANSWER_BYTES: usize = 32 * 1024 * 1024;

/// The largest error body read from a provider, in bytes.
const ERROR_BYTES: usize = 256 * 1024;

/// What is wanted of a kept answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Want {
    /// The answer once more.
    Answer,
    /// What it answered to.
    InputItems,
    /// That it is stopped: it is made in the background.
    Cancel,
    /// That it is forgotten.
    Delete,
}

impl Want {
    const fn method(self) -> Method {
        match self {
            Self::Answer | Self::InputItems => Method::GET,
            Self::Cancel => Method::POST,
            Self::Delete => Method::DELETE,
        }
    }

    const fn tail(self) -> &'static str {
        match self {
            Self::Answer | Self::Delete => "",
            Self::InputItems => "/input_items",
            Self::Cancel => "/cancel",
        }
    }
}

/// The one key that may pay, because it has paid for the answer this call goes
/// on from; `None`: the call goes on from none, or brought its key along.
///
/// # Errors
/// `unsupported_parameter` where the provider keeps no answers, and what OpenAI
/// says of an answer that is not there, also when it is somebody else's.
pub(crate) async fn bound(
    app: &App,
    caller: &Caller,
    (wire, request): (WireName, &ClientRequest<'_>),
    wishes: &Wishes,
    (place, reach): (&Place, &Reach),
) -> Result<Option<CredentialId>> {
    let Some(id) = previous(wire, request) else { return Ok(None) };
    if !place.provider.keeps_answers() {
        return Err(not_kept_by(place));
    }
    if wishes.brought.is_some() {
        return Ok(None);
    }
    let is_here = |payer: &CredentialId| {
        reach.key(*payer).is_some_and(|key| key.credential().model_namespace() == place.namespace)
            && wishes.pinned.is_none_or(|pinned| pinned == *payer)
    };
    let payer = payer(app, caller, &id).await?.filter(is_here);
    payer.map(Some).ok_or_else(|| previous_not_found(&id))
}

/// The answer that a body of Responses goes on from.
fn previous<'a>(wire: WireName, request: &ClientRequest<'a>) -> Option<Cow<'a, str>> {
    let value = request.object().get(PREVIOUS).filter(|_| wire == WireName::OpenAiResponses)?;
    RawText::of_value(value).map(|text| text.text())
}

/// Whether the provider keeps the answer to a body that it was sent as it is.
pub(crate) fn is_kept(provider: ProviderId, wire: WireName, request: &ClientRequest<'_>) -> bool {
    wire == WireName::OpenAiResponses && provider.keeps_answers() && request.object().get("store") != Some(b"false")
}

/// Remembers which key paid for an answer that its provider keeps. Of a key that
/// came with the request nothing is remembered.
pub(crate) async fn keep(app: &App, caller: &Caller, key: &Key, id: &str) {
    if paying::is_brought(key) || !is_id(id) {
        return;
    }
    let written = store::kept_answers::put(&app.store, &owner(caller), id, key.credential().id, app.clock.now()).await;
    if let Err(error) = written {
        tracing::warn!(error = chain(&error), "the payer of a kept answer was not written; nobody can go on from it");
    }
}

async fn payer(app: &App, caller: &Caller, id: &str) -> Result<Option<CredentialId>> {
    if !is_id(id) {
        return Ok(None);
    }
    Ok(store::kept_answers::payer(&app.store, &owner(caller), id, app.clock.now()).await?)
}

/// Ids become a part of an address: nothing in them may mean more than itself.
fn is_id(id: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    !id.is_empty() && id.len() <= LONGEST_ID && id.bytes().all(is_plain)
}

fn not_kept_by(place: &Place) -> Error {
    let (provider, model) = (place.provider.display_name(), naming::shown(&place.upstream_id));
    Error::new(
        Code::UnsupportedParameter,
        format!(
            "{provider} keeps no answers, so “{model}” cannot go on from one by `{PREVIOUS}`. Send the whole conversation in `input`."
        ),
    )
    .of_field(PREVIOUS)
}

/// In OpenAI's words, whether it never was, is forgotten, or is somebody else's.
fn previous_not_found(id: &str) -> Error {
    let id = naming::shown(id);
    let mut error = Error::new(
        Code::ProviderRejected,
        format!(
            "Previous response with id '{id}' not found. It is found by the key that paid for it, for 30 days, unless it was sent with `store: false`; send the whole conversation in `input`."
        ),
    )
    .of_field(PREVIOUS);
    error.details.provider_status = Some(400);
    error.details.provider_code = Some("previous_response_not_found".to_owned());
    error
}

fn not_found(id: &str) -> Error {
    let id = naming::shown(id);
    Error::new(
        Code::NotFound,
        format!("Response with id '{id}' not found. Answers are found by who asked for them, for 30 days."),
    )
}

/// Asks the provider that keeps an answer, with the key that paid for it. This
/// costs nothing, so the ledger has no row of it.
///
/// # Errors
/// `not_found` for an answer of somebody else as for one that is not there;
/// else why the provider was not asked, or what it said.
pub async fn ask(app: &App, caller: &Caller, id: &str, want: Want, query: &str) -> Result<(StatusCode, Bytes)> {
    app.freshness.confirm(app).await?;
    let payer = payer(app, caller, id).await?.ok_or_else(|| not_found(id))?;
    let reach = reach::of(app, caller).await?;
    let now = app.clock.now();
    let is_usable = |key: &&std::sync::Arc<Key>| key.credential().is_active && !key.credential().is_expired(now);
    let key = reach.key(payer).filter(is_usable).ok_or_else(|| not_found(id))?;
    let answered = Asking { app, caller, key }.send(id, want, query).await?;
    if want == Want::Delete {
        store::kept_answers::forget(&app.store, &owner(caller), id).await?;
    }
    Ok(answered)
}

/// One question to the provider that keeps an answer.
struct Asking<'a> {
    app: &'a App,
    caller: &'a Caller,
    key: &'a Key,
}

impl Asking<'_> {
    async fn send(&self, id: &str, want: Want, query: &str) -> Result<(StatusCode, Bytes)> {
        let credential = self.key.credential();
        let lent = secrets::lend(self.app, &self.key.stored).map_err(|problem| {
            checks::found_undecryptable(self.app, &self.key.stored, problem);
            secrets::undecryptable(credential)
        })?;
        let refused = |sentence: String| self.failure(&UpstreamError::ours(ErrorClass::EndpointRefused, sentence));
        let endpoint = self.key.endpoint(&self.app.guard).map_err(|problem| refused(problem.to_string()))?;
        if endpoint.origin() != &credential.origin {
            let sentence = "The stored endpoint is not the one the key was saved for. Type the key in again.";
            return Err(refused(sentence.to_owned()));
        }
        let target = Target {
            provider: credential.provider,
            model: "",
            origin_host: credential.origin.host_and_port(),
            facts: None,
            api_version: None,
        };
        let mark = if query.is_empty() { "" } else { "?" };
        let path = format!("{}/{id}{}{mark}{query}", OpenAiResponses.path(&target, false), want.tail());
        let headers = lent.headers();
        let outgoing = Outgoing {
            method: want.method(),
            extra_headers: &headers,
            ..Outgoing::get(endpoint, &path, Auth::of(credential.provider, lent.get()))
        };
        let unsent =
            |failure: llm::client::SendFailure| self.failure(&UpstreamError::ours(failure.class, failure.sentence));
        let incoming = self.app.upstream.send(outgoing).await.map_err(unsent)?;
        if incoming.status.is_success() {
            let body = incoming.body.collect(ANSWER_BYTES).await.map_err(unsent)?;
            return Ok((incoming.status, body));
        }
        let body = incoming.body.collect(ERROR_BYTES).await.unwrap_or_default();
        let body = lent.struck_from(&String::from_utf8_lossy(&body));
        let status = incoming.status.as_u16();
        let error = OpenAiResponses.read_error(credential.provider, status, &incoming.headers, body.as_bytes());
        let error = lent.secrets().fold(error, UpstreamError::without);
        if status == 404 {
            store::kept_answers::forget(&self.app.store, &owner(self.caller), id).await?;
            return Err(not_found(id));
        }
        if let Some(status @ (KeyStatus::Invalid | KeyStatus::Forbidden)) = error.key_status {
            checks::learnt(self.app, &self.key.stored, status, &error.message);
        }
        Err(self.failure(&error))
    }

    /// What the client is told of a failure.
    fn failure(&self, error: &UpstreamError) -> Error {
        exhausted::of_one(self.caller, self.key.credential(), error, self.app.clock.now())
    }
}
