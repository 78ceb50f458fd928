//! One model call, from a client's body to a metered answer. The chat page, the
//! wires and `/v2` all come through here.

mod attempt;
mod failure;
mod stream;

use std::sync::Arc;

use bytes::Bytes;
use domain::credential::Scope;
use domain::ids::{CredentialId, RequestId};
use domain::{Caller, Nanos, ProviderId};
use http::StatusCode;
use llm::wire::AnswerFacts;
use llm::wire::openai_chat::request;
use store::ledger::CallSource;

use crate::App;
use crate::error::{Code, Error, Result};
use crate::paying::Wishes;
use crate::reach::{Key, Reach};
use crate::{callers, naming, paying, reach};

pub use stream::{AnswerStream, Piece};

/// A call as it came in.
#[derive(Debug)]
pub struct Call {
    /// Its id in the ledger.
    pub request: RequestId,
    /// The id its client gave it, if it gave one.
    pub client_request_id: Option<String>,
    /// An openai-chat body, untouched.
    pub body: Bytes,
    /// The longest answer, in tokens, where the body leaves that to Ownkey.
    pub max_tokens: Option<u64>,
    /// What was known about callers when this one was let in.
    pub callers_epoch: u64,
    /// Through which door it came.
    pub source: CallSource,
    /// What its headers ask for.
    pub wishes: Wishes,
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

/// What a client wants in its stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AskedStream {
    /// The usage, as its last event.
    pub include_usage: bool,
}

/// What the provider answered.
pub enum Content {
    /// All of it.
    Whole {
        /// The provider's status, always a success.
        status: StatusCode,
        /// The provider's body, byte for byte.
        body: Bytes,
        /// What was read in it.
        facts: Box<AnswerFacts>,
        /// The client asked for a stream all the same, and for this in it.
        asked_stream: Option<AskedStream>,
    },
    /// As it comes.
    Stream(Box<AnswerStream>),
}

/// Answers a chat call: names the model, finds who pays, calls, and moves to
/// the payer's next key when one is refused.
///
/// # Errors
/// Whatever stands in the way, as the client may hear it. Every upstream call
/// that was made has its ledger row by then.
pub async fn complete(app: &App, caller: &Caller, call: Call) -> Result<Answered> {
    let mut request = request::read(&call.body).map_err(|problem| failure::of_request(&problem))?;
    if let Some(max_tokens) = call.max_tokens {
        request.set_limit(max_tokens);
    }
    if !caller.may_call_model(&request.model) {
        return Err(not_allowed(&request.model));
    }
    let reach = reach::of(app, caller).await?;
    let place = naming::place(&request.model, &reach, app.catalogue, app.clock.now())?;
    let keys = paying::keys(app, caller, &reach, &place, &call.wishes)?;
    let mut failures = Vec::new();
    let mut untried = keys.iter();
    let mut next = untried.next();
    while let Some(key) = next {
        still_allowed(app, caller, &call, &reach, key).await?;
        let number = failures.len() as u32 + 1;
        let run = attempt::Run { app, caller, call: &call, request: &request, place: &place, key, number };
        let failure = match run.answer().await {
            Ok(answered) => return Ok(answered),
            Err(attempt::Stop::Refused(error)) => return Err(error),
            Err(attempt::Stop::Failed(failure)) => failure,
        };
        if let Some(field) = failure.field_to_leave_out(&request) {
            request.leave_out(&field);
        } else if failure.same_key_may_help(&failures) {
            // A hiccup: the same key once more.
        } else if failure.next_key_may_help() {
            next = untried.next();
        } else {
            next = None;
        }
        failures.push(failure);
    }
    Err(failure::of_attempts(app, caller, &place, &failures))
}

/// Passes when caller and key may still be used, which may have changed while
/// the body was read or another key was tried.
async fn still_allowed(app: &App, caller: &Caller, call: &Call, known: &Arc<Reach>, key: &Key) -> Result<()> {
    app.freshness.confirm(app).await?;
    if app.callers.epoch() != call.callers_epoch {
        callers::confirm(app, caller).await?;
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
