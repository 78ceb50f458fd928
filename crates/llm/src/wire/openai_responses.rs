//! OpenAI's Responses.
//!
//! Source: OpenAI's API reference, `POST /responses`, and the types of its
//! official clients as of November 2026. What they leave open is decided in
//! [`choices`].

pub mod answer;
pub mod encode;
pub mod errors;
pub mod events;
pub mod neutral_request;
pub mod passthrough;
pub mod request;
pub mod response;
pub mod stream;

mod choices;
mod custom;
mod foreign;
mod long_event;
pub(crate) mod usage;
mod walk;
mod whole;

use std::borrow::Cow;

use bytes::Bytes;
use domain::ProviderId;
use domain::provider::WireName;
use http::HeaderMap;

use super::{
    About, AnswerFacts, ClientRequest, ClientWire, Fitting, Passage, Prepared, RequestError, StreamDecoder,
    StreamEncoder, Target, UrlWords, Wire, azure,
};
use crate::UpstreamError;
use crate::neutral::{Answer, ChatRequest};
use crate::parameters::Unsupported;

/// The wire.
#[derive(Debug, Clone, Copy)]
pub struct OpenAiResponses;

impl Wire for OpenAiResponses {
    fn name(&self) -> WireName {
        WireName::OpenAiResponses
    }

    fn path(&self, target: &Target<'_>, _stream: bool) -> Cow<'static, str> {
        // Azure has it under its undated version, whatever the key's settings say.
        azure::path(&Target { api_version: None, ..*target }, "/responses")
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

impl ClientWire for OpenAiResponses {
    fn name(&self) -> WireName {
        WireName::OpenAiResponses
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
