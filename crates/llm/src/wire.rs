//! The message formats on the line, from both sides. A [`Wire`] is what a
//! provider speaks: it writes a neutral request as a body and reads what comes
//! back. A [`ClientWire`] is what a client speaks to us: it reads a body and
//! writes an answer. Where both sides speak the same wire nothing is translated:
//! the client's bytes pass with their model rewritten, and the answer's bytes
//! pass as they come, looked at once. Either way an answer under way is a
//! [`Passage`].

pub mod anthropic;
pub mod azure;
pub mod choice;
pub mod count;
pub mod gemini;
pub mod ollama;
pub mod openai_chat;
pub mod openai_responses;

mod call_ids;
pub(crate) mod client_request;
mod client_side;
mod data_uri;
mod fitting;
mod passage;
mod translation;

use std::borrow::Cow;

use bytes::Bytes;
use domain::ProviderId;
use domain::model::ModelFacts;
use domain::provider::WireName;
use domain::usage::TokenCounts;
use http::{HeaderMap, HeaderName, HeaderValue};

use crate::UpstreamError;
use crate::neutral::{Answer, ChatRequest, StreamEvent};
use crate::parameters::Unsupported;

pub use client_request::{ClientRequest, Prepared, RequestError};
pub use client_side::{About, ClientWire, StreamEncoder, UrlWords, stream_of};
pub use fitting::Fitting;
pub use passage::{AnswerFacts, Passage, StreamFacts};
pub use translation::Translation;

/// Where a request goes.
#[derive(Debug, Clone, Copy)]
pub struct Target<'a> {
    /// The provider.
    pub provider: ProviderId,
    /// The provider's id for the model.
    pub model: &'a str,
    /// The host it is sent to.
    pub origin_host: &'a str,
    /// What is known of the model.
    pub facts: Option<&'a ModelFacts>,
    /// Azure: the version of its API, where the key's settings name one.
    pub api_version: Option<&'a str>,
}

/// A format that providers speak.
pub trait Wire: Send + Sync {
    /// Its name.
    fn name(&self) -> WireName;

    /// What is appended to the endpoint, such as `/chat/completions`, with its
    /// query if it has one.
    fn path(&self, target: &Target<'_>, stream: bool) -> Cow<'static, str>;

    /// Whether the path lies below the endpoint's `/v1`, not beside it.
    fn is_below_version(&self) -> bool {
        true
    }

    /// Headers that go with every request, never a secret.
    fn headers(&self, _target: &Target<'_>) -> Vec<(HeaderName, HeaderValue)> {
        Vec::new()
    }

    /// The body that asks the target for this. What the target does not take is
    /// told to `fitting`, which decides whether it is left out or refused.
    ///
    /// # Errors
    /// [`Unsupported`], when the target cannot take something that would change
    /// the answer.
    fn encode(&self, request: &ChatRequest, fitting: &mut Fitting<'_>) -> Result<Bytes, Unsupported>;

    /// Addresses of pictures and documents that the provider does not read
    /// itself: they have to be fetched and put inline (see
    /// [`crate::neutral::put_inline`]) before [`Wire::encode`], which refuses
    /// them.
    fn urls_to_fetch<'r>(&self, _request: &'r ChatRequest, _provider: ProviderId) -> Vec<&'r str> {
        Vec::new()
    }

    /// Reads a whole answer.
    ///
    /// # Errors
    /// The failure that was sent in its place, even under a status of 200.
    fn decode_answer(&self, provider: ProviderId, body: &[u8]) -> Result<Answer, UpstreamError>;

    /// Reads a streamed answer.
    fn decode_stream(&self, provider: ProviderId) -> Box<dyn StreamDecoder>;

    /// Reads an answer that is a failure.
    fn read_error(&self, provider: ProviderId, status: u16, headers: &HeaderMap, body: &[u8]) -> UpstreamError;
}

/// Turns a stream's bytes into neutral events, however they are cut.
pub trait StreamDecoder: Send {
    /// Takes the next frame and appends what it says. After an
    /// [`StreamEvent::Error`] nothing more comes.
    fn read(&mut self, frame: Bytes, events: &mut Vec<StreamEvent>);

    /// As [`StreamDecoder::read`], for bytes that are somebody else's.
    fn push(&mut self, bytes: &[u8]) -> Vec<StreamEvent> {
        let mut events = Vec::new();
        self.read(Bytes::copy_from_slice(bytes), &mut events);
        events
    }

    /// The provider closed the stream: usage and finish, or the error that it
    /// was cut off.
    fn finish(&mut self) -> Vec<StreamEvent>;

    /// The provider said that it is over: nothing more needs to be read.
    fn is_done(&self) -> bool;

    /// The provider's id of the answer and the model it names, as far as said.
    fn names(&self) -> (Option<&str>, Option<&str>);

    /// What was counted up to here, where the provider counts as it goes.
    fn usage_so_far(&self) -> Option<TokenCounts> {
        None
    }
}

/// What is spoken to the target for a client of this wire: the client's own
/// where the provider takes it, so that bytes pass as they are; else the
/// provider's. A model may be served in others only (Ollama behind a proxy that
/// shows its OpenAI layer alone).
#[must_use]
pub fn spoken_to(target: &Target<'_>, client: WireName) -> WireName {
    let own = target.provider.facts().wire;
    let served = target.facts.map_or(&[][..], |facts| &facts.wires);
    if own == WireName::OllamaNative && !served.is_empty() && !served.contains(&own) {
        return served.iter().copied().find(|wire| *wire == client).unwrap_or(WireName::OpenAiChat);
    }
    if target.provider.speaks(client) { client } else { own }
}

/// The wire of this name, if providers are called in it.
#[must_use]
pub fn of(name: WireName) -> Option<&'static dyn Wire> {
    match name {
        WireName::OpenAiChat => Some(&openai_chat::OpenAiChat),
        WireName::AnthropicMessages => Some(&anthropic::Anthropic),
        WireName::Gemini => Some(&gemini::Gemini),
        WireName::OpenAiResponses => Some(&openai_responses::OpenAiResponses),
        WireName::OllamaNative => Some(&ollama::Ollama),
    }
}

/// The wire of this name, if clients speak it to us.
#[must_use]
pub fn of_client(name: WireName) -> Option<&'static dyn ClientWire> {
    match name {
        WireName::OpenAiChat => Some(&openai_chat::OpenAiChat),
        WireName::AnthropicMessages => Some(&anthropic::Anthropic),
        WireName::Gemini => Some(&gemini::Gemini),
        WireName::OpenAiResponses => Some(&openai_responses::OpenAiResponses),
        WireName::OllamaNative => None,
    }
}

#[cfg(test)]
mod tests;
