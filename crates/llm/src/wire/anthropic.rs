//! Anthropic's messages.
//!
//! Source: the types of Anthropic's official clients and the API reference of
//! November 2026. What they leave open is decided in [`choices`].

pub mod answer;
pub mod count;
pub mod encode;
pub mod errors;
pub mod events;
pub mod neutral_request;
pub mod passthrough;
pub mod request;
pub mod response;
pub mod stream;

pub(crate) mod choices;

mod json;
mod thoughts;
mod unsigned;
mod usage;
mod walk;

use std::borrow::Cow;

use bytes::Bytes;
use domain::ProviderId;
use domain::provider::WireName;
use http::{HeaderMap, HeaderName, HeaderValue};

use super::{
    About, AnswerFacts, ClientRequest, ClientWire, Fitting, Passage, Prepared, RequestError, StreamDecoder,
    StreamEncoder, Target, UrlWords, Wire,
};
use crate::UpstreamError;
use crate::neutral::{Answer, ChatRequest};
use crate::parameters::Unsupported;

/// The function that stands for an answer by a schema, where the model has no
/// other way. Its arguments are told as the answer's text.
const ANSWER_TOOL: &str = "ownkey_answer";

/// The name of the header with the version of the API.
pub(crate) const VERSION_HEADER: HeaderName = HeaderName::from_static("anthropic-version");

/// The wire.
#[derive(Debug, Clone, Copy)]
pub struct Anthropic;

/// The header that every request of this wire has.
pub(crate) fn version_header() -> (HeaderName, HeaderValue) {
    (VERSION_HEADER, HeaderValue::from_static(choices::PAIR.version()))
}

impl Wire for Anthropic {
    fn name(&self) -> WireName {
        WireName::AnthropicMessages
    }

    fn path(&self, _target: &Target<'_>, _stream: bool) -> Cow<'static, str> {
        Cow::Borrowed("/v1/messages")
    }

    fn headers(&self, _target: &Target<'_>) -> Vec<(HeaderName, HeaderValue)> {
        vec![version_header()]
    }

    fn encode(&self, request: &ChatRequest, fitting: &mut Fitting<'_>) -> Result<Bytes, Unsupported> {
        encode::encode(request, fitting)
    }

    fn decode_answer(&self, provider: ProviderId, body: &[u8]) -> Result<Answer, UpstreamError> {
        response::decode(provider, body)
    }

    fn decode_stream(&self, provider: ProviderId) -> Box<dyn StreamDecoder> {
        Box::new(stream::Decoder::new(provider))
    }

    fn read_error(&self, provider: ProviderId, status: u16, headers: &HeaderMap, body: &[u8]) -> UpstreamError {
        errors::read(provider, status, headers, body)
    }
}

impl ClientWire for Anthropic {
    fn name(&self) -> WireName {
        WireName::AnthropicMessages
    }

    fn read<'a>(&self, body: &'a [u8], _url: Option<UrlWords<'a>>) -> Result<ClientRequest<'a>, RequestError> {
        request::read(body)
    }

    fn prepare(
        &self,
        request: &ClientRequest<'_>,
        whole: &Bytes,
        target: &Target<'_>,
        _lenient: bool,
    ) -> Result<Prepared, Unsupported> {
        Ok(request::prepare(request, whole, target))
    }

    fn inspect_answer(&self, provider: ProviderId, body: &[u8]) -> Result<AnswerFacts, UpstreamError> {
        response::inspect(provider, body)
    }

    fn pass_through(&self, provider: ProviderId, _include_usage: bool) -> Box<dyn Passage> {
        Box::new(passthrough::PassThrough::new(provider))
    }

    fn to_neutral(&self, request: &ClientRequest<'_>) -> Result<ChatRequest, RequestError> {
        neutral_request::read(request)
    }

    fn encode_answer(&self, answer: &Answer, about: &About) -> Bytes {
        answer::encode(answer, about)
    }

    fn encode_stream(&self, about: About) -> Box<dyn StreamEncoder> {
        Box::new(events::Events::new(about))
    }
}
