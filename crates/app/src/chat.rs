//! One model call, from a client's body to a metered answer. The chat page, the
//! wires and `/v2` all come through here.

mod attempt;
mod failure;
mod spoken;
mod stream;

use std::sync::Arc;

use bytes::Bytes;
use domain::credential::Scope;
use domain::ids::{CredentialId, RequestId};
use domain::provider::WireName;
use domain::{Caller, Nanos, ProviderId};
use http::{HeaderName, HeaderValue, StatusCode};
use llm::wire::{self, ClientWire, UrlWords};
use store::ledger::CallSource;

use crate::App;
use crate::error::{Code, Error, Result};
use crate::naming::Place;
use crate::paying::{Asked, Wishes};
use crate::reach::{Key, Reach};
use crate::{brought, callers, kept, naming, paying, reach, spreads};
use failure::AttemptFailure;

pub use stream::{AnswerStream, Piece};

/// A call as it came in.
#[derive(Debug)]
pub struct Call {
    /// Its id in the ledger.
    pub request: RequestId,
    /// The id its client gave it, if it gave one.
    pub client_request_id: Option<String>,
    /// What its client speaks.
    pub wire: WireName,
    /// What its address says in place of its body.
    pub url: Option<UrlCall>,
    /// Its headers that go on to a provider of the same wire.
    pub wire_headers: Vec<(HeaderName, HeaderValue)>,
    /// Its body, untouched.
    pub body: Bytes,
    /// The longest answer, in tokens, where the body leaves that to Ownkey.
    pub max_tokens: Option<u64>,
    /// What was known about callers when this one was let in.
    pub callers_epoch: u64,
    /// Through which door it came.
    pub source: CallSource,
    /// What its headers ask for.
    pub wishes: Wishes,
    /// Whether it came with an `Idempotency-Key`: then it may be made twice.
    pub is_idempotent: bool,
}

/// Who paid, said in every answer.
#[derive(Clone, Debug)]
pub struct Payment {
    /// Whose key it was.
    pub credential: CredentialId,
    /// In which scope.
    pub scope: Scope,
    /// At which provider.
    pub provider: ProviderId,
    /// The provider's id of the model.
    pub model: String,
    /// How many upstream calls it took.
    pub attempts: u32,
    /// What the caller is billed, where that is known before the body.
    pub cost: Option<Nanos>,
    /// Parameters that were left out.
    pub dropped: Vec<String>,
}

/// An answer on its way to the client.
pub struct Answered {
    /// Who paid.
    pub payment: Payment,
    /// The answer itself.
    pub content: Content,
}

/// What the address of a call says (Gemini's wire).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UrlCall {
    /// The model.
    pub model: String,
    /// Whether the answer comes in pieces.
    pub stream: bool,
    /// The pieces come as events; else as the elements of one JSON array.
    pub alt_sse: bool,
}

impl UrlCall {
    /// Whether the answer is one JSON array that comes in pieces.
    #[must_use]
    pub const fn wants_array(&self) -> bool {
        self.stream && !self.alt_sse
    }
}

/// What the provider answered.
pub enum Content {
    /// All of it.
    Whole {
        /// The provider's status, always a success.
        status: StatusCode,
        /// A body in the client's wire: the provider's own, byte for byte, where
        /// both speak the same.
        body: Bytes,
        /// The client asked for a stream all the same: the body is its events.
        is_stream: bool,
    },
    /// As it comes.
    Stream(Box<AnswerStream>),
}

/// Answers a chat call: names the model, finds who pays, calls, and moves to
/// the payer's next key when that may do better.
///
/// # Errors
/// Whatever stands in the way, as the client may hear it. Every upstream call
/// that was made has its ledger row by then.
pub async fn complete(app: &App, caller: &Caller, call: Call) -> Result<Answered> {
    let client = client_wire(call.wire)?;
    let url = call.url.as_ref().map(|url| UrlWords { model: &url.model, stream: url.stream, alt_sse: url.alt_sse });
    let mut request = client.read(&call.body, url).map_err(|problem| failure::of_request(&problem))?;
    if let Some(max_tokens) = call.max_tokens {
        request.set_limit(max_tokens);
    }
    if !caller.may_call_model(&request.model) {
        return Err(not_allowed(&request.model));
    }
    let (reach, place) = within_reach(app, caller, &call, &request.model).await?;
    let conversation = request.conversation();
    let bound = kept::bound(app, caller, (call.wire, &request), &call.wishes, (&place, &reach)).await?;
    let asked = Asked { place: &place, wishes: &call.wishes, conversation: conversation.as_deref(), bound };
    let payers = paying::payers(app, caller, &reach, asked).await?;
    let mut failures: Vec<AttemptFailure> = Vec::new();
    let mut untried = payers.keys.iter();
    let mut next = untried.next();
    while let Some(key) = next {
        still_allowed(app, caller, &call, &reach, key).await?;
        spreads::count(app, &reach.settled, key.credential());
        let number = failures.iter().filter(|failure| failure.has_row).count() as u32 + 1;
        let run = attempt::Run { app, caller, call: &call, client, request: &request, place: &place, key, number };
        let failure = match run.answer().await {
            Ok(answered) => {
                app.cooling.answered(key, &place.upstream_id, app.clock.now());
                return Ok(answered);
            }
            Err(attempt::Stop::Refused(error)) => return Err(error),
            Err(attempt::Stop::Failed(failure)) => *failure,
        };
        if let Some(field) = failure.field_to_leave_out(&request) {
            request.leave_out(&field);
        } else if failure.same_key_may_help(&failures) {
            // A hiccup: the same key once more.
        } else {
            next = untried.find(|key| failure.may_hand_over_to(key, call.is_idempotent));
        }
        failures.push(failure);
    }
    Err(failure::of_attempts(app, caller, &place, &failures, &payers.resting))
}

/// The keys a call can reach and the model it means: by the key it brought, or
/// by those that are kept.
async fn within_reach(app: &App, caller: &Caller, call: &Call, model: &str) -> Result<(Arc<Reach>, Place)> {
    if let Some(brought) = &call.wishes.brought {
        return brought::reach(app, caller, brought, model);
    }
    let reach = reach::of(app, caller).await?;
    let place = naming::place(model, &reach, app.catalogue, app.clock.now())?;
    Ok((reach, place))
}

fn client_wire(name: WireName) -> Result<&'static dyn ClientWire> {
    wire::of_client(name).ok_or_else(|| {
        Error::new(Code::EndpointNotSupported, "Ownkey does not speak this format yet. Use /v1/chat/completions.")
    })
}

/// Passes when caller and key may still be used, which may have changed while
/// the body was read or another key was tried.
async fn still_allowed(app: &App, caller: &Caller, call: &Call, known: &Arc<Reach>, key: &Key) -> Result<()> {
    app.freshness.confirm(app).await?;
    if app.callers.epoch() != call.callers_epoch {
        callers::confirm(app, caller).await?;
    }
    if paying::is_brought(key) {
        return Ok(());
    }
    let reach = reach::of(app, caller).await?;
    let (id, now) = (key.credential().id, app.clock.now());
    let is_usable = |key: &Arc<Key>| {
        let credential = key.credential();
        credential.id == id && credential.is_active && !credential.is_expired(now)
    };
    if Arc::ptr_eq(&reach, known) || reach.keys.iter().any(is_usable) {
        return Ok(());
    }
    Err(Error::new(
        Code::UpstreamCredentialsExhausted,
        "The key that would pay was switched off while this request was under way. Send it again.",
    ))
}

fn not_allowed(model: &str) -> Error {
    Error::new(
        Code::ModelNotAllowed,
        format!("This gateway token may not call “{}”. Use one of its models, or another token.", naming::shown(model)),
    )
    .of_field("model")
}
