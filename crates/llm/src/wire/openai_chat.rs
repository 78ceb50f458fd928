//! OpenAI's chat completions, and the dialects of it that other providers
//! speak. One walker reads chunks and answers for all of the four readers here.
//!
//! Source: OpenAI's API reference, `POST /chat/completions`; the dialects are
//! the providers' own documentation as of November 2026.

pub mod encode;
pub mod errors;
pub mod neutral_request;
pub mod passthrough;
pub mod request;
pub mod response;
pub mod stream;
pub mod usage;

mod calls;
mod think_tags;
mod walk;

use bytes::Bytes;
use domain::ProviderId;
use http::HeaderMap;

use crate::UpstreamError;
use crate::neutral::{Answer, ChatRequest};
use crate::parameters::Unsupported;
use crate::wire::{StreamDecoder, Target, Wire};

/// The wire.
#[derive(Debug, Clone, Copy)]
pub struct OpenAiChat;

impl Wire for OpenAiChat {
    fn chat_path(&self) -> &'static str {
        "/chat/completions"
    }

    fn encode(&self, request: &ChatRequest, target: &Target<'_>) -> Result<Bytes, Unsupported> {
        encode::encode(request, target)
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
