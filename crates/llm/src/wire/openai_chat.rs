//! OpenAI's chat completions, and the dialects of it that other providers
//! speak. One walker reads chunks and answers for all of the four readers here.
//!
//! Source: OpenAI's API reference, `POST /chat/completions`; the dialects are
//! the providers' own documentation as of November 2026.

pub mod answer;
pub mod chunks;
pub mod encode;
pub mod errors;
pub mod neutral_request;
pub mod passthrough;
pub mod request;
pub mod response;
pub mod stream;
pub mod usage;

pub(in crate::wire) mod calls;
mod foreign;
mod template;
pub(in crate::wire) mod think_tags;
mod walk;

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
use crate::neutral::{self, Answer, ChatRequest, Remote};
use crate::parameters::Unsupported;

/// The wire.
#[derive(Debug, Clone, Copy)]
pub struct OpenAiChat;

impl Wire for OpenAiChat {
    fn name(&self) -> WireName {
        WireName::OpenAiChat
    }

    fn path(&self, target: &Target<'_>, _stream: bool) -> Cow<'static, str> {
        azure::path(target, "/chat/completions")
    }

    fn encode(&self, request: &ChatRequest, fitting: &mut Fitting<'_>) -> Result<Bytes, Unsupported> {
        encode::encode(request, fitting)
    }

    fn urls_to_fetch<'r>(&self, request: &'r ChatRequest, provider: ProviderId) -> Vec<&'r str> {
        match provider {
            // Its documents may be addresses.
            ProviderId::OpenRouter => Vec::new(),
            ProviderId::Ollama | ProviderId::LmStudio => neutral::remote(request, Remote::All),
            _ => neutral::remote(request, Remote::Documents),
        }
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

impl ClientWire for OpenAiChat {
    fn name(&self) -> WireName {
        WireName::OpenAiChat
    }

    fn read<'a>(&self, body: &'a [u8], _url: Option<UrlWords<'a>>) -> Result<ClientRequest<'a>, RequestError> {
        request::read(body)
    }

    fn prepare(
        &self,
        request: &ClientRequest<'_>,
        whole: &Bytes,
        target: &Target<'_>,
        lenient: bool,
    ) -> Result<Prepared, Unsupported> {
        request::prepare(request, whole, target, lenient)
    }

    fn inspect_answer(&self, provider: ProviderId, body: &[u8]) -> Result<AnswerFacts, UpstreamError> {
        passthrough::inspect_answer(provider, body)
    }

    fn pass_through(&self, provider: ProviderId, include_usage: bool) -> Box<dyn Passage> {
        Box::new(passthrough::PassThrough::new(provider, include_usage))
    }

    fn to_neutral(&self, request: &ClientRequest<'_>) -> Result<ChatRequest, RequestError> {
        neutral_request::read(request)
    }

    fn encode_answer(&self, answer: &Answer, about: &About) -> Bytes {
        answer::encode(answer, about)
    }

    fn encode_stream(&self, about: About) -> Box<dyn StreamEncoder> {
        Box::new(chunks::Chunks::new(&about))
    }
}
