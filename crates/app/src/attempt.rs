//! One upstream call, whatever is asked: seal opened, row written, sent, and its
//! answer judged. What differs from one kind of call to the other is an [`Ask`].

mod ask;
pub(crate) mod failure;

use std::sync::Arc;

use bytes::Bytes;
use domain::attempt::ErrorClass;
use domain::ids::AttemptId;
use domain::provider::WireName;
use domain::{Nanos, Price};
use http::Method;
use llm::UpstreamError;
use llm::client::{Auth, Incoming, Outgoing, SendFailure, UpstreamBody};
use llm::wire::Target;
use store::ledger::AttemptStart;

use crate::App;
use crate::budgets::Held;
use crate::call::{Answered, Payment};
use crate::calling::Errand;
use crate::chat::Keeper;
use crate::checks;
use crate::error::Error;
use crate::meter::{Meter, Reckoning, Used};
use crate::naming::Place;
use crate::paying;
use crate::reach::Key;
use crate::secrets::{self, Lent, NotLent};
use crate::witness::Witness;
use failure::AttemptFailure;

pub(crate) use ask::{AnswerLength, Ask, Question, Read, Refused};

/// The largest whole answer taken from a provider, in bytes.
const ANSWER_BYTES: usize = 32 * 1024 * 1024;

/// The largest error body read from a provider, in bytes.
const ERROR_BYTES: usize = 256 * 1024;

/// Everything one attempt needs.
pub(crate) struct Run<'a, A> {
    pub(crate) errand: Errand<'a>,
    pub(crate) ask: &'a A,
    pub(crate) place: &'a Place,
    /// The alias that led there.
    pub(crate) alias: Option<&'a str>,
    pub(crate) key: &'a Arc<Key>,
    pub(crate) number: u32,
    /// What it is billed at; `None`: nobody knows.
    pub(crate) price: Option<Price>,
    /// The mark-up on what the provider bills, in basis points.
    pub(crate) markup: u32,
    /// What is held against budgets for it.
    pub(crate) held: Option<&'a Held>,
}

/// Why an attempt brought no answer.
pub(crate) enum Stop {
    /// The upstream call failed; another key may be tried.
    Failed(Box<AttemptFailure>),
    /// The request ends here, whoever pays.
    Refused(Error),
}

impl<A: Ask> Run<'_, A> {
    /// Makes the call.
    pub(crate) async fn answer(&self) -> Result<Answered, Stop> {
        let (app, credential) = (self.errand.app, self.key.credential());
        let secret = self.secret()?;
        let target = Target {
            provider: self.place.provider,
            model: &self.place.upstream_id,
            origin_host: credential.origin.host_and_port(),
            facts: self.key.offers.get(&self.place.upstream_id).map(|offer| &offer.facts),
            api_version: credential.settings.api_version.as_deref(),
        };
        self.ask.suits_key(self.key, &self.place.upstream_id).map_err(Stop::Refused)?;
        let (spoken, question) = self.ask.question(self.errand, &target).await.map_err(Stop::Refused)?;
        let refused = |sentence| self.failed_before(refused_endpoint(sentence));
        let endpoint = self.key.endpoint(&app.guard).map_err(refused)?;
        let mut headers = secret.headers();
        headers.extend(question.headers);
        let endpoint = if question.is_below_version { endpoint } else { &endpoint.without_version() };
        let mut meter = self.dispatch(question.wire).await?;
        let sent = app
            .upstream
            .send(Outgoing {
                method: Method::POST,
                endpoint,
                path: &question.path,
                auth: Auth::of(credential.provider, secret.get()),
                body: question.pieces.into(),
                streaming: self.ask.streams(),
                request_id: Some(&meter.attempt_text()),
                extra_headers: &headers,
            })
            .await;
        drop(secret);
        let incoming = match sent {
            Ok(incoming) => incoming,
            Err(failure) => return Err(self.unsent(&mut meter, &failure)),
        };
        if !incoming.status.is_success() {
            return Err(self.refused(&spoken, incoming, &mut meter).await);
        }
        let Read { content, cost } = self.ask.read(self, spoken, incoming, meter).await?;
        Ok(Answered { payment: self.payment(question.dropped, cost), content })
    }

    /// The provider said no, or failed.
    async fn refused(&self, spoken: &A::Spoken, incoming: Incoming, meter: &mut Meter) -> Stop {
        let Incoming { status, headers, body } = incoming;
        let status = status.as_u16();
        let body = body.collect(ERROR_BYTES).await.unwrap_or_default();
        // Struck out before anything is cut short, so that no part of it is left.
        let struck = self.with_secrets(|lent| lent.struck_from(&String::from_utf8_lossy(&body)).into_bytes());
        let body = struck.as_deref().unwrap_or(&body);
        let refused = Refused { provider: self.place.provider, status, headers: &headers, body };
        let error = self.ask.read_error(spoken, &refused);
        // A gateway's time-out says nothing of what the provider did behind it.
        meter.fail(&error, if matches!(status, 408 | 504) { Used::Unknown } else { Used::Nothing });
        self.failed(error)
    }

    /// What a stream needs after this attempt has handed it on.
    pub(crate) fn keeper(&self) -> Option<Keeper> {
        let (caller, key) = (self.errand.caller.clone(), Arc::clone(self.key));
        self.errand.app.handle().map(|app| Keeper { app, caller, key, model: self.place.upstream_id.clone() })
    }

    /// The whole of an answer.
    pub(crate) async fn whole(&self, body: UpstreamBody, meter: &mut Meter) -> Result<Bytes, Stop> {
        body.collect(ANSWER_BYTES).await.map_err(|failure| self.unsent(meter, &failure))
    }

    /// A failure in an answer that was read as a whole. One that the provider told
    /// of cost nothing; what could not be read at all may have been an answer.
    pub(crate) fn failed_whole(&self, error: UpstreamError, meter: &mut Meter) -> Stop {
        meter.fail(&error, if error.status.is_some() { Used::Nothing } else { Used::Unknown });
        self.failed(error)
    }

    fn payment(&self, dropped: Vec<String>, cost: Option<Nanos>) -> Payment {
        let credential = self.key.credential();
        Payment {
            credential: credential.id,
            scope: credential.scope,
            provider: credential.provider,
            model: self.place.upstream_id.clone(),
            attempts: self.number,
            cost,
            dropped,
            alias: self.alias.map(str::to_owned),
            passed_over: Vec::new(),
            max_tokens: self.held.and_then(Held::limit),
            limits: None,
        }
    }

    /// The secret in the clear, for this one call.
    fn secret(&self) -> Result<Lent<'_>, Stop> {
        let stored = &self.key.stored;
        self.lend().map_err(|problem| {
            checks::found_undecryptable(self.errand.app, stored, problem);
            let sentence = secrets::undecryptable(&stored.credential).sentence;
            self.failed_before(UpstreamError::ours(ErrorClass::Undecryptable, sentence))
        })
    }

    /// Lends the secret: the request's own, or the kept one.
    fn lend(&self) -> Result<Lent<'_>, NotLent> {
        match &self.errand.call.wishes.brought {
            Some(brought) => Ok(Lent::of(&brought.secret)),
            None => secrets::lend(self.errand.app, &self.key.stored),
        }
    }

    /// Writes the ledger row; nothing is sent before it is committed.
    async fn dispatch(&self, wire: WireName) -> Result<Meter, Stop> {
        let Errand { app, caller, call } = self.errand;
        let credential = self.key.credential();
        let now = app.clock.now();
        let attempt = self.held.map_or_else(|| AttemptId::generate(now, &app.entropy), Held::attempt);
        let price = self.price;
        let start = AttemptStart {
            attempt,
            request: call.request,
            client_request_id: call.client_request_id.clone(),
            number: i64::from(self.number),
            user: caller.user,
            token: caller.token(),
            team: caller.team(),
            organization: caller.organization,
            credential: credential.id,
            scope: credential.scope,
            provider: credential.provider,
            model: self.place.upstream_id.clone(),
            requested_model: self.ask.model().to_owned(),
            alias: self.alias.map(str::to_owned),
            source: call.source,
            wire,
            streamed: self.ask.streams(),
            price,
            markup_basis_points: self.markup,
            node: app.node,
            at: now,
        };
        // The meter is there before the row: a client that leaves while the row
        // is being written leaves a row with an end.
        let witness = Witness::of(app, caller, self.key);
        let mut meter = Meter::start(app, attempt, witness, price, self.ask.prompt_characters(), credential.provider)
            .reckoned(self.ask.reckoning(credential.provider))
            .marked_up(self.markup)
            .held(self.held.map(Held::pass_on));
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
    pub(crate) fn failed(&self, error: UpstreamError) -> Stop {
        let struck = self.with_secrets(|lent| lent.secrets().fold(error.clone(), UpstreamError::without));
        let error = struck.unwrap_or(error);
        let wait = failure::learnt(self.errand.app, self.key, &self.place.upstream_id, &error);
        Stop::Failed(Box::new(AttemptFailure { key: Arc::clone(self.key), error, wait, has_row: true }))
    }

    /// A failure before there was anything to bill.
    fn failed_before(&self, error: UpstreamError) -> Stop {
        Stop::Failed(Box::new(AttemptFailure { key: Arc::clone(self.key), error, wait: None, has_row: false }))
    }

    /// A call that got no answer: what it cost is known only if it was never sent.
    pub(crate) fn unsent(&self, meter: &mut Meter, failure: &SendFailure) -> Stop {
        let class = match failure.class {
            // The answer's length says nothing against the request.
            ErrorClass::TooLarge => ErrorClass::ServerError,
            class => class,
        };
        let error =
            UpstreamError { is_retryable: !failure.was_sent, ..UpstreamError::ours(class, failure.sentence.clone()) };
        meter.fail(&error, if failure.was_sent { Used::Unknown } else { Used::Nothing });
        self.failed(error)
    }
}

/// What a call is billed at, if tokens have a price there.
pub(crate) async fn price<A: Ask>(app: &App, ask: &A, place: &Place, key: &Key) -> Result<Option<Price>, Error> {
    match ask.reckoning(place.provider) {
        Reckoning::Free => Ok(Some(Price::FREE)),
        Reckoning::ToldUnpriced => Ok(None),
        Reckoning::Usual | Reckoning::Told => crate::prices::of(app, place, &key.offers, app.clock.now()).await,
    }
}

fn refused_endpoint(message: String) -> UpstreamError {
    UpstreamError::ours(ErrorClass::EndpointRefused, message)
}
