//! One upstream call: seal opened, row written, sent, and read until either the
//! whole answer or the first bytes of a stream are there.

use std::sync::Arc;

use domain::attempt::ErrorClass;
use domain::credential::KeyStatus;
use domain::ids::AttemptId;
use domain::{Caller, Secret};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, Method};
use llm::UpstreamError;
use llm::client::{Auth, Incoming, Outgoing, SendFailure};
use llm::wire::openai_chat::passthrough::{self, PassThrough};
use llm::wire::openai_chat::request;
use llm::wire::{self, ClientRequest, Target};
use store::ledger::AttemptStart;

use super::failure::AttemptFailure;
use super::stream::AnswerStream;
use super::{Answered, AskedStream, Call, Content, Payment};
use crate::App;
use crate::checks;
use crate::error::{Code, Error};
use crate::meter::{Meter, Used};
use crate::naming::Place;
use crate::reach::Key;
use crate::secrets::{self, Lent};

/// The largest whole answer taken from a provider, in bytes.
const ANSWER_BYTES: usize = 32 * 1024 * 1024;

/// The largest error body read from a provider, in bytes.
const ERROR_BYTES: usize = 256 * 1024;

/// Everything one attempt needs.
pub(super) struct Run<'a> {
    pub(super) app: &'a App,
    pub(super) caller: &'a Caller,
    pub(super) call: &'a Call,
    pub(super) request: &'a ClientRequest<'a>,
    pub(super) place: &'a Place,
    pub(super) key: &'a Arc<Key>,
    pub(super) number: u32,
}

/// Why an attempt brought no answer.
pub(super) enum Stop {
    /// The upstream call failed; another key may be tried.
    Failed(AttemptFailure),
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
            facts: None,
        };
        let prepared = request::prepare(self.request, &target, self.call.wishes.lenient)
            .map_err(|unsupported| Stop::Refused(of_unsupported(&unsupported)))?;
        let endpoint = self
            .app
            .guard
            .check_literal(credential.provider, &credential.endpoint)
            .map_err(|problem| self.failed(refused_endpoint(problem.to_string())))?;
        if endpoint.origin() != &credential.origin {
            return Err(self.failed(refused_endpoint(
                "The stored endpoint is not the one the key was saved for. Type the key in again.".to_owned(),
            )));
        }
        let mut meter = self.dispatch().await?;
        let sent = self
            .app
            .upstream
            .send(Outgoing {
                method: Method::POST,
                endpoint: &endpoint,
                path: "/chat/completions",
                auth: secret.get().map_or(Auth::None, Auth::Bearer),
                body: prepared.body,
                streaming: self.request.stream,
                request_id: Some(&meter.attempt_text()),
                extra_headers: &[],
            })
            .await;
        drop(secret);
        let incoming = match sent {
            Ok(incoming) => incoming,
            Err(failure) => return Err(self.unsent(&mut meter, &failure)),
        };
        self.read(incoming, meter, prepared.dropped).await
    }

    /// Reads the answer: an error, the whole of it, or the start of a stream.
    async fn read(&self, incoming: Incoming, mut meter: Meter, dropped: Vec<String>) -> Result<Answered, Stop> {
        let Incoming { status, headers, body } = incoming;
        if !status.is_success() {
            let body = body.collect(ERROR_BYTES).await.unwrap_or_default();
            let error = self.classified(status.as_u16(), &headers, &body);
            // A gateway's time-out says nothing of what the provider did behind it.
            let used = if matches!(status.as_u16(), 408 | 504) { Used::Unknown } else { Used::Nothing };
            meter.fail(&error, used);
            return Err(self.failed(error));
        }
        let mut payment = self.payment(dropped);
        if self.request.stream && is_event_stream(&headers) {
            let pass = PassThrough::new(self.place.provider, self.request.include_usage);
            let mut stream = AnswerStream::new(body, pass, meter, self.place.provider);
            // The first bytes decide: an error in them is still an error with a status.
            return match stream.prime().await {
                Ok(()) => Ok(Answered { payment, content: Content::Stream(Box::new(stream)) }),
                Err(error) => Err(self.failed(error)),
            };
        }
        let body = match body.collect(ANSWER_BYTES).await {
            Ok(body) => body,
            Err(failure) => return Err(self.unsent(&mut meter, &failure)),
        };
        match passthrough::inspect_answer(self.place.provider, &body) {
            Ok(facts) => {
                payment.cost = meter.finish_answer(&facts);
                let include_usage = self.request.include_usage;
                let asked_stream = self.request.stream.then_some(AskedStream { include_usage });
                Ok(Answered { payment, content: Content::Whole { status, body, facts: Box::new(facts), asked_stream } })
            }
            Err(error) => {
                // A failure that the provider told of cost nothing; what could
                // not be read at all may have been an answer.
                meter.fail(&error, if error.status.is_some() { Used::Nothing } else { Used::Unknown });
                Err(self.failed(error))
            }
        }
    }

    fn classified(&self, status: u16, headers: &HeaderMap, body: &[u8]) -> UpstreamError {
        // Struck out before anything is cut short, so that no part of it is left.
        let struck = self.with_secret(|secret| secret.struck_from(&String::from_utf8_lossy(body)).into_bytes());
        let body = struck.as_deref().unwrap_or(body);
        match wire::of(domain::provider::WireName::OpenAiChat) {
            Some(wire) => wire.read_error(self.place.provider, status, headers, body),
            None => refused_endpoint("No wire.".to_owned()),
        }
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
        secrets::lend(self.app, stored).map_err(|_| {
            checks::found_undecryptable(self.app, stored);
            Stop::Refused(secrets::undecryptable(&stored.credential))
        })
    }

    /// Writes the ledger row; nothing is sent before it is committed.
    async fn dispatch(&self) -> Result<Meter, Stop> {
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
            wire: domain::provider::WireName::OpenAiChat,
            streamed: self.request.stream,
            price,
            markup_basis_points: 0,
            node: app.node,
            at: now,
        };
        // The meter is there before the row: a client that leaves while the row
        // is being written leaves a row with an end.
        let mut meter = Meter::start(app, attempt, price, self.request.prompt_characters, credential.provider);
        app.store.ledger().dispatch(start).await.map_err(|error| Stop::Refused(error.into()))?;
        app.credential_used(credential.id, now);
        meter.sends();
        Ok(meter)
    }

    /// Lends the secret once more, for a text that may repeat it. `None` where
    /// there is none.
    fn with_secret<T>(&self, use_it: impl FnOnce(&Secret) -> T) -> Option<T> {
        let lent = secrets::lend(self.app, &self.key.stored).ok()?;
        lent.get().map(use_it)
    }

    /// Every failure leaves through here, without the key it was made with.
    fn failed(&self, error: UpstreamError) -> Stop {
        let error = self.with_secret(|secret| error.clone().without(secret)).unwrap_or(error);
        if let Some(status @ (KeyStatus::Invalid | KeyStatus::NoCredit | KeyStatus::Forbidden)) = error.key_status {
            checks::learnt(self.app, &self.key.stored, status, &error.message);
        }
        Stop::Failed(AttemptFailure { key: Arc::clone(self.key), error })
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

fn is_event_stream(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or("");
    kind.trim_start().to_ascii_lowercase().starts_with("text/event-stream")
}

fn refused_endpoint(message: String) -> UpstreamError {
    UpstreamError::ours(ErrorClass::EndpointRefused, message)
}

fn of_unsupported(unsupported: &llm::parameters::Unsupported) -> Error {
    Error::new(Code::UnsupportedParameter, unsupported.to_string()).of_field(&unsupported.field)
}
