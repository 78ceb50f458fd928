//! Google's `generateContent` and `streamGenerateContent`. One walker reads
//! pieces and answers for all of the readers here.
//!
//! Source: Google's API reference for `v1beta`, and google-genai 3.3, as of
//! November 2026.

pub mod answer;
pub mod chunks;
pub mod count;
pub mod encode;
pub mod errors;
pub mod inspect;
pub mod neutral_request;
pub mod passthrough;
pub mod request;
pub mod response;
pub mod stream;
pub mod usage;

mod array;
mod generation;
mod json;
pub(crate) mod names;
mod path;
mod pieces;
mod schema;
mod walk;

use std::borrow::Cow;

use bytes::Bytes;
use domain::ProviderId;
use domain::provider::WireName;
use http::HeaderMap;

use super::{
    About, AnswerFacts, ClientRequest, ClientWire, Fitting, Passage, Prepared, RequestError, StreamDecoder,
    StreamEncoder, Target, UrlWords, Wire,
};
use crate::UpstreamError;
use crate::neutral::{self, Answer, ChatRequest, Remote};
use crate::parameters::Unsupported;

pub use array::AsArray;
pub(crate) use generation::bare;
pub(crate) use request::turn_characters as prompt_of_turn;

/// Where vectors are made, of one text or of many.
pub(crate) fn embedding_path(model: &str, is_many: bool) -> String {
    path::of(model, if is_many { "batchEmbedContents" } else { "embedContent" })
}

/// The wire.
#[derive(Debug, Clone, Copy)]
pub struct Gemini;

impl Wire for Gemini {
    fn name(&self) -> WireName {
        WireName::Gemini
    }

    fn path(&self, target: &Target<'_>, stream: bool) -> Cow<'static, str> {
        let action = if stream { "streamGenerateContent?alt=sse" } else { "generateContent" };
        Cow::Owned(path::of(target.model, action))
    }

    fn encode(&self, request: &ChatRequest, fitting: &mut Fitting<'_>) -> Result<Bytes, Unsupported> {
        encode::encode(request, fitting)
    }

    fn urls_to_fetch<'r>(&self, request: &'r ChatRequest, _provider: ProviderId) -> Vec<&'r str> {
        let mut urls = neutral::remote(request, Remote::All);
        urls.retain(|url| !encode::is_readable(url));
        urls
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

impl ClientWire for Gemini {
    fn name(&self) -> WireName {
        WireName::Gemini
    }

    fn read<'a>(&self, body: &'a [u8], url: Option<UrlWords<'a>>) -> Result<ClientRequest<'a>, RequestError> {
        request::read(body, url)
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
        inspect::inspect_answer(provider, body)
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
        Box::new(chunks::Chunks::new(&about))
    }
}
