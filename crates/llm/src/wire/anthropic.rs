//! Anthropic's messages.
//!
//! Source: the types of Anthropic's official clients and the API reference of
//! November 2026. What they leave open is decided in [`choices`].

pub mod encode;
pub mod errors;
pub mod response;
pub mod stream;

pub(crate) mod choices;

mod json;
mod thoughts;
mod usage;
mod walk;

use std::borrow::Cow;

use bytes::Bytes;
use domain::ProviderId;
use domain::provider::WireName;
use http::{HeaderMap, HeaderName, HeaderValue};

use super::{Fitting, StreamDecoder, Target, Wire};
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
