//! What clients speak to us.

use bytes::Bytes;
use domain::ProviderId;
use domain::provider::WireName;

use super::{AnswerFacts, ClientRequest, Passage, Prepared, RequestError, Target};
use crate::UpstreamError;
use crate::neutral::{Answer, ChatRequest, StreamEvent};
use crate::parameters::Unsupported;

/// What the URL of a call says in place of its body (Gemini).
#[derive(Debug, Clone, Copy)]
pub struct UrlWords<'a> {
    /// The model.
    pub model: &'a str,
    /// Whether the answer comes in pieces.
    pub stream: bool,
    /// Whether the pieces are server-sent events (`alt=sse`); else they are the
    /// elements of one JSON array (see [`super::gemini::AsArray`]).
    pub alt_sse: bool,
}

/// What an answer says of itself beside its content.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct About {
    /// Our id of it, without the wire's prefix: letters and digits.
    pub id: String,
    /// The model, as the provider names it.
    pub model: String,
    /// When it was made, in seconds.
    pub created: i64,
    /// The client wants the usage at the end of its stream.
    pub include_usage: bool,
}

/// A format that clients speak.
pub trait ClientWire: Send + Sync {
    /// Its name.
    fn name(&self) -> WireName;

    /// Reads as much of a body as Ownkey has to know.
    ///
    /// # Errors
    /// [`RequestError`], naming the field that is missing or malformed.
    fn read<'a>(&self, body: &'a [u8], url: Option<UrlWords<'a>>) -> Result<ClientRequest<'a>, RequestError>;

    /// The body for a provider of the same wire: the client's bytes with the
    /// model rewritten and without what the target cannot take. `whole` is what
    /// `request` was read from; of a long one nothing is copied.
    ///
    /// # Errors
    /// [`Unsupported`], when the target cannot take a field that would change
    /// the answer, unless `lenient`.
    fn prepare(
        &self,
        request: &ClientRequest<'_>,
        whole: &Bytes,
        target: &Target<'_>,
        lenient: bool,
    ) -> Result<Prepared, Unsupported>;

    /// The facts of a whole answer of the same wire that came with a status of
    /// success.
    ///
    /// # Errors
    /// The failure that it holds in place of an answer.
    fn inspect_answer(&self, provider: ProviderId, body: &[u8]) -> Result<AnswerFacts, UpstreamError>;

    /// The way for a stream of the same wire.
    fn pass_through(&self, provider: ProviderId, include_usage: bool) -> Box<dyn Passage>;

    /// Reads the whole body, for a provider of another wire.
    ///
    /// # Errors
    /// [`RequestError`], for what does not have the shape of the API reference.
    fn to_neutral(&self, request: &ClientRequest<'_>) -> Result<ChatRequest, RequestError>;

    /// Writes an answer.
    fn encode_answer(&self, answer: &Answer, about: &About) -> Bytes;

    /// Writes an answer in pieces.
    fn encode_stream(&self, about: About) -> Box<dyn StreamEncoder>;
}

/// Writes neutral events as a client's stream. Errors are not among them: they
/// are said by whoever knows the client's dialect of errors.
pub trait StreamEncoder: Send {
    /// Appends what an event is in the client's words.
    fn push(&mut self, event: &StreamEvent, out: &mut Vec<u8>);

    /// Whether an event at the end repeats the whole answer, so that all of it
    /// has to be held until then.
    fn repeats_all(&self) -> bool {
        false
    }
}

/// A whole answer as the events of a stream: for a client that asked for a
/// stream and a provider that answered as a whole.
#[must_use]
pub fn stream_of(answer: Answer) -> Vec<StreamEvent> {
    let mut events = Vec::new();
    let some = |text: String| Some(text).filter(|text| !text.is_empty());
    events.extend(some(answer.reasoning).map(|text| StreamEvent::Reasoning { text }));
    events.extend(some(answer.text).map(|text| StreamEvent::Delta { text }));
    events.extend(answer.refusal.and_then(some).map(|text| StreamEvent::Refusal { text }));
    for (index, call) in answer.tool_calls.into_iter().enumerate() {
        events.push(StreamEvent::ToolCallStart { index, id: call.id, name: call.name });
        events.push(StreamEvent::ToolCallArguments { index, arguments: call.arguments });
    }
    events.extend(answer.replay.into_iter().map(StreamEvent::Replay));
    let is_absurd = answer.usage_is_absurd;
    if answer.usage.is_some() || answer.cost.is_some() || is_absurd {
        events.push(StreamEvent::Usage { tokens: answer.usage, cost: answer.cost, is_absurd });
    }
    events.push(StreamEvent::Finish(answer.finish.unwrap_or(crate::neutral::FinishReason::Stop)));
    events
}
