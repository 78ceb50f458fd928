//! Ollama's own chat. It is worth a wire: only here the context can be set, and
//! without that longer prompts are cut without a word.
//!
//! Source: Ollama's API documentation and `api/types.go`, `POST /api/chat`, as
//! of August 2026. Its paths lie beside `/v1`, not below it.

pub mod encode;
pub mod errors;
pub mod response;
pub mod stream;

mod context;
mod messages;
mod walk;

use std::borrow::Cow;

use bytes::Bytes;
use domain::ProviderId;
use domain::provider::WireName;
use http::HeaderMap;

use super::{Fitting, StreamDecoder, Target, Wire};
use crate::UpstreamError;
use crate::neutral::{self, Answer, ChatRequest, Remote};
use crate::parameters::Unsupported;

/// The wire.
#[derive(Debug, Clone, Copy)]
pub struct Ollama;

impl Wire for Ollama {
    fn name(&self) -> WireName {
        WireName::OllamaNative
    }

    fn path(&self, _target: &Target<'_>, _stream: bool) -> Cow<'static, str> {
        Cow::Borrowed("/api/chat")
    }

    fn is_below_version(&self) -> bool {
        false
    }

    fn encode(&self, request: &ChatRequest, fitting: &mut Fitting<'_>) -> Result<Bytes, Unsupported> {
        encode::encode(request, fitting)
    }

    fn urls_to_fetch<'r>(&self, request: &'r ChatRequest, _provider: ProviderId) -> Vec<&'r str> {
        neutral::remote(request, Remote::Pictures)
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
