//! One upstream call: seal opened, row written, sent, and read until either the
//! whole answer or the first bytes of a stream are there.

use std::sync::Arc;

use domain::Caller;
use domain::attempt::ErrorClass;
use domain::credential::KeyStatus;
use domain::ids::AttemptId;
use domain::provider::WireName;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, Method};
use llm::UpstreamError;
use llm::client::{Auth, Incoming, Outgoing, SendFailure};
use llm::wire::{About, ClientRequest, ClientWire, Target};
use store::ledger::AttemptStart;
use tokio::sync::oneshot;

use super::failure::AttemptFailure;
use super::spoken::Spoken;
use super::stream::{AnswerStream, Keeper};
use super::{Answered, Call, Content, Payment};
use crate::App;
use crate::checks;
use crate::cooling;
use crate::error::Error;
use crate::kept;
use crate::meter::{Meter, Used};
use crate::naming::Place;
use crate::paying;
use crate::reach::Key;
use crate::replay;
use crate::secrets::{self, Lent, NotLent};
use crate::tries;
use crate::witness::Witness;

/// The largest whole answer taken from a provider, in bytes.
const ANSWER_BYTES: usize = 32 * 1024 * 1024;

/// The largest error body read from a provider, in bytes.
const ERROR_BYTES: usize = 256 * 1024;

/// Everything one attempt needs.
pub(super) struct Run<'a> {
    pub(super) app: &'a App,
    pub(super) caller: &'a Caller,
    pub(super) call: &'a Call,
    pub(super) client: &'static dyn ClientWire,
    pub(super) request: &'a ClientRequest<'a>,
    pub(super) place: &'a Place,
    pub(super) key: &'a Arc<Key>,
    pub(super) number: u32,
}

/// Why an attempt brought no answer.
pub(super) enum Stop {
    /// The upstream call failed; another key may be tried.
    Failed(Box<AttemptFailure>),
    /// The request ends here, whoever pays.
    Refused(Error),
}

impl Run<'_> {
    /// Makes the call.
    pub(super) async fn answer(&self) -> Result<Answered, Stop> {
        let credential = self.key.credential();
        let secret = self.secret()?;
        let target = Target {
            provider: self.place.provider,
            model: &self.place.upstream_id,
            origin_host: credential.origin.host_and_port(),
            facts: self.key.offers.get(&self.place.upstream_id).map(|offer| &offer.facts),
            api_version: credential.settings.api_version.as_deref(),
        };
        tries::refuse_early(self.key, &self.place.upstream_id, self.request).map_err(Stop::Refused)?;
        let spoken = Spoken::between(self.client, &target, self.request).map_err(Stop::Refused)?;
        let prepared = spoken
            .prepare((self.app, self.caller), (self.request, &self.call.body), &target, self.call.wishes.lenient)
            .await
            .map_err(Stop::Refused)?;
        let endpoint = self
            .key
            .endpoint(&self.app.guard)
            .map_err(|problem| self.failed_before(refused_endpoint(problem.to_string())))?;
        if endpoint.origin() != &credential.origin {
            return Err(self.failed_before(refused_endpoint(
                "The stored endpoint is not the one the key was saved for. Type the key in again.".to_owned(),
            )));
        }
        let mut headers = secret.headers();
        headers.extend(spoken.upstream().headers(&target));
        if spoken.is_same() {
            headers.extend(self.call.wire_headers.iter().cloned());
        }
        let endpoint = if spoken.upstream().is_below_version() { endpoint } else { &endpoint.without_version() };
        let path = spoken.upstream().path(&target, self.request.stream);
        let mut meter = self.dispatch(spoken.name()).await?;
        let sent = self
            .app
            .upstream
            .send(Outgoing {
                method: Method::POST,
                endpoint,
                path: &path,
                auth: Auth::of(credential.provider, secret.get()),
                body: prepared.pieces.into(),
                streaming: self.request.stream,
                request_id: Some(&meter.attempt_text()),
                extra_headers: &headers,
            })
            .await;
        drop(secret);
        let incoming = match sent {
            Ok(incoming) => incoming,
            Err(failure) => return Err(self.unsent(&mut meter, &failure)),
        };
        self.read(&spoken, incoming, meter, prepared.dropped).await
    }

    /// Reads the answer: an error, the whole of it, or the start of a stream.
    async fn read(
        &self,
        spoken: &Spoken,
        incoming: Incoming,
        mut meter: Meter,
        dropped: Vec<String>,
    ) -> Result<Answered, Stop> {
        let Incoming { status, headers, body } = incoming;
        if !status.is_success() {
            let body = body.collect(ERROR_BYTES).await.unwrap_or_default();
            let error = self.classified(spoken, status.as_u16(), &headers, &body);
            // A gateway's time-out says nothing of what the provider did behind it.
            let used = if matches!(status.as_u16(), 408 | 504) { Used::Unknown } else { Used::Nothing };
            meter.fail(&error, used);
            return Err(self.failed(error));
        }
        let mut payment = self.payment(dropped);
        if self.request.stream && is_stream(&headers) {
            let pass = spoken.passage(self.place.provider, self.about(&meter));
            let app = self.app.handle().filter(|_| !spoken.is_same());
            let keeper = app.map(|app| Keeper { app, caller: self.caller.clone() });
            let mut stream = AnswerStream::new(body, pass, meter, self.place.provider, keeper);
            // The first bytes decide: an error in them is still an error with a status.
            return match stream.prime().await {
                Ok(()) => {
                    if self.is_kept(spoken) {
                        stream.ends_after(self.keep_beside(stream.id()));
                    }
                    Ok(Answered { payment, content: Content::Stream(Box::new(stream)) })
                }
                Err(error) => Err(self.failed(error)),
            };
        }
        let body = match body.collect(ANSWER_BYTES).await {
            Ok(body) => body,
            Err(failure) => return Err(self.unsent(&mut meter, &failure)),
        };
        match spoken.whole(self.place.provider, body, self.about(&meter), self.request.stream) {
            Ok(whole) => {
                replay::keep(self.app, self.caller, whole.replay).await;
                payment.cost = meter.finish_answer(&whole.facts);
                if self.is_kept(spoken) {
                    let id = whole.facts.id.as_deref().unwrap_or_default();
                    kept::keep(self.app, self.caller, self.key, id).await;
                }
                let content = Content::Whole { status, body: whole.body, is_stream: self.request.stream };
                Ok(Answered { payment, content })
            }
            Err(error) => {
                // A failure that the provider told of cost nothing; what could
                // not be read at all may have been an answer.
                meter.fail(&error, if error.status.is_some() { Used::Nothing } else { Used::Unknown });
                Err(self.failed(error))
            }
        }
    }

    /// Whether the provider keeps the answer for the next turn.
    fn is_kept(&self, spoken: &Spoken) -> bool {
        spoken.is_same() && kept::is_kept(self.place.provider, spoken.name(), self.request)
    }

    /// Remembers who paid for an answer while it comes.
    fn keep_beside(&self, id: String) -> Option<oneshot::Receiver<()>> {
        let app = self.app.handle()?;
        let (caller, key) = (self.caller.clone(), Arc::clone(self.key));
        let (done, is_done) = oneshot::channel();
        let within = Arc::clone(&app);
        app.spawn(async move {
            kept::keep(&within, &caller, &key, &id).await;
            // The client may have gone: it is written all the same.
            let _gone = done.send(());
        });
        Some(is_done)
    }

    /// What the answer says of itself where we write it.
    fn about(&self, meter: &Meter) -> About {
        About {
            id: meter.attempt_text().replace('-', ""),
            model: self.place.upstream_id.clone(),
            created: self.app.clock.now().as_seconds(),
            include_usage: self.request.include_usage,
        }
    }

    fn classified(&self, spoken: &Spoken, status: u16, headers: &HeaderMap, body: &[u8]) -> UpstreamError {
        // Struck out before anything is cut short, so that no part of it is left.
        let struck = self.with_secrets(|lent| lent.struck_from(&String::from_utf8_lossy(body)).into_bytes());
        let body = struck.as_deref().unwrap_or(body);
        spoken.upstream().read_error(self.place.provider, status, headers, body)
    }

    fn payment(&self, dropped: Vec<String>) -> Payment {
        let credential = self.key.credential();
        Payment {
            credential: credential.id,
            scope: credential.scope,
            provider: credential.provider,
            model: self.place.upstream_id.clone(),
            attempts: self.number,
            cost: None,
            dropped,
        }
    }

    /// The secret in the clear, for this one call.
    fn secret(&self) -> Result<Lent<'_>, Stop> {
        let stored = &self.key.stored;
        self.lend().map_err(|problem| {
            checks::found_undecryptable(self.app, stored, problem);
            let sentence = secrets::undecryptable(&stored.credential).sentence;
            self.failed_before(UpstreamError::ours(ErrorClass::Undecryptable, sentence))
        })
    }

    /// Lends the secret: the request's own, or the kept one.
    fn lend(&self) -> Result<Lent<'_>, NotLent> {
        match &self.call.wishes.brought {
            Some(brought) => Ok(Lent::of(&brought.secret)),
            None => secrets::lend(self.app, &self.key.stored),
        }
    }

    /// Writes the ledger row; nothing is sent before it is committed.
    async fn dispatch(&self, wire: WireName) -> Result<Meter, Stop> {
        let (app, caller, credential) = (self.app, self.caller, self.key.credential());
        let now = app.clock.now();
        let attempt = AttemptId::generate(now, &app.entropy);
        let price = crate::prices::of(app.catalogue, self.place, &self.key.offers, now);
        let start = AttemptStart {
            attempt,
            request: self.call.request,
            client_request_id: self.call.client_request_id.clone(),
            number: i64::from(self.number),
            user: caller.user,
            token: caller.token(),
            team: caller.team(),
            organization: caller.organization,
            credential: credential.id,
            scope: credential.scope,
            provider: credential.provider,
            model: self.place.upstream_id.clone(),
            requested_model: self.request.model.to_string(),
            alias: None,
            source: self.call.source,
            wire,
            streamed: self.request.stream,
            price,
            markup_basis_points: 0,
            node: app.node,
            at: now,
        };
        // The meter is there before the row: a client that leaves while the row
        // is being written leaves a row with an end.
        let witness = Witness::of(app, caller, self.key);
        let mut meter = Meter::start(app, attempt, witness, price, self.request.prompt_characters, credential.provider);
        app.store.ledger().dispatch(start).await.map_err(|error| Stop::Refused(error.into()))?;
        if !paying::is_brought(self.key) {
            app.credential_used(credential.id, now);
        }
        meter.sends();
        Ok(meter)
    }

    /// Lends the secrets once more, for a text that may repeat them.
    fn with_secrets<T>(&self, use_them: impl FnOnce(&Lent<'_>) -> T) -> Option<T> {
        self.lend().ok().as_ref().map(use_them)
    }

    /// Every failure of a call leaves through here, without the key it was made
    /// with; what it says of the key is remembered.
    fn failed(&self, error: UpstreamError) -> Stop {
        let struck = self.with_secrets(|lent| lent.secrets().fold(error.clone(), UpstreamError::without));
        let error = struck.unwrap_or(error);
        let wait = cooling::met(self.app, self.key, &self.place.upstream_id, &error);
        if let Some(status @ (KeyStatus::Invalid | KeyStatus::NoCredit | KeyStatus::Forbidden)) = error.key_status
            && !paying::is_brought(self.key)
        {
            checks::learnt(self.app, &self.key.stored, status, &error.message);
        }
        Stop::Failed(Box::new(AttemptFailure { key: Arc::clone(self.key), error, wait, has_row: true }))
    }

    /// A failure before there was anything to bill.
    fn failed_before(&self, error: UpstreamError) -> Stop {
        Stop::Failed(Box::new(AttemptFailure { key: Arc::clone(self.key), error, wait: None, has_row: false }))
    }

    /// A call that got no answer: what it cost is known only if it was never sent.
    fn unsent(&self, meter: &mut Meter, failure: &SendFailure) -> Stop {
        let error = UpstreamError {
            is_retryable: !failure.was_sent,
            ..UpstreamError::ours(failure.class, failure.sentence.clone())
        };
        meter.fail(&error, if failure.was_sent { Used::Unknown } else { Used::Nothing });
        self.failed(error)
    }
}

/// Server-sent events, or Ollama's lines.
fn is_stream(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or("");
    let kind = kind.trim_start().to_ascii_lowercase();
    kind.starts_with("text/event-stream") || kind.starts_with("application/x-ndjson")
}

fn refused_endpoint(message: String) -> UpstreamError {
    UpstreamError::ours(ErrorClass::EndpointRefused, message)
}
