//! The message formats on the line. Each wire translates a neutral request into
//! a body, and what comes back into neutral answers, events and errors. A
//! request that stays in its own format does not come through here: see
//! [`openai_chat::passthrough`].

pub mod openai_chat;

use bytes::Bytes;
use domain::ProviderId;
use domain::provider::WireName;
use http::HeaderMap;

use crate::UpstreamError;
use crate::neutral::{Answer, ChatRequest, StreamEvent};
use crate::parameters::Unsupported;

/// Where a request goes.
#[derive(Debug, Clone, Copy)]
pub struct Target<'a> {
    /// The provider.
    pub provider: ProviderId,
    /// The provider's id for the model.
    pub model: &'a str,
    /// The host it is sent to.
    pub origin_host: &'a str,
}

/// A message format.
pub trait Wire: Send + Sync {
    /// What is appended to the endpoint for a chat, such as `/chat/completions`.
    fn chat_path(&self) -> &'static str;

    /// The body that asks the target for this.
    ///
    /// # Errors
    /// [`Unsupported`], when the target cannot take something that would change
    /// the answer.
    fn encode(&self, request: &ChatRequest, target: &Target<'_>) -> Result<Bytes, Unsupported>;

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
    /// Takes the next bytes. After an [`StreamEvent::Error`] nothing more comes.
    fn push(&mut self, bytes: &[u8]) -> Vec<StreamEvent>;

    /// The provider closed the stream: usage and finish, or the error that it
    /// was cut off.
    fn finish(&mut self) -> Vec<StreamEvent>;
}

/// The wire of this name, if this version speaks it.
#[must_use]
pub fn of(name: WireName) -> Option<&'static dyn Wire> {
    match name {
        WireName::OpenAiChat => Some(&openai_chat::OpenAiChat),
        WireName::AnthropicMessages | WireName::Gemini => None,
    }
}
