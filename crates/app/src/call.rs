//! What every model call is, whatever it asks: how it came in, who paid, and
//! what came back.

use bytes::Bytes;
use domain::credential::Scope;
use domain::ids::{CredentialId, RequestId};
use domain::limit::Standing;
use domain::provider::WireName;
use domain::{Nanos, ProviderId};
use http::{HeaderName, HeaderValue, StatusCode};
use llm::wire::UrlWords;
use store::ledger::CallSource;

use crate::chat::AnswerStream;
use crate::paying::Wishes;

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

impl Call {
    /// What its address says, for the wire that reads it.
    #[must_use]
    pub fn url_words(&self) -> Option<UrlWords<'_>> {
        let url = self.url.as_ref()?;
        Some(UrlWords { model: &url.model, stream: url.stream, alt_sse: url.alt_sse })
    }
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
    /// The longest answer that was asked for, in tokens, where a budget had room
    /// for no longer one.
    pub max_tokens: Option<u64>,
    /// How the limits of the caller's token stand, where it has any.
    pub limits: Option<Box<Standing>>,
    /// Parameters that were left out.
    pub dropped: Vec<String>,
    /// The alias that the call named.
    pub alias: Option<String>,
    /// What the alias stands for as well and was not called, each with the
    /// reason: `provider/model=no_key`.
    pub passed_over: Vec<String>,
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
