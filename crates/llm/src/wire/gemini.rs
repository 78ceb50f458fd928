//! Google's `generateContent` and `streamGenerateContent`. One walker reads
//! pieces and answers for all of the readers here.
//!
//! Source: Google's API reference for `v1beta`, and google-genai 3.3, as of
//! November 2026.

pub mod encode;
pub mod errors;
pub mod response;
pub mod stream;
pub mod usage;

mod generation;
mod json;
mod path;
mod walk;

use std::borrow::Cow;

use bytes::Bytes;
use domain::ProviderId;
use domain::provider::WireName;
use http::HeaderMap;

use super::{Fitting, StreamDecoder, Target, Wire};
use crate::UpstreamError;
use crate::neutral::{self, Answer, ChatRequest};
use crate::parameters::Unsupported;

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

    fn urls_to_fetch<'r>(&self, request: &'r ChatRequest) -> Vec<&'r str> {
        let mut urls = neutral::remote_images(request);
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
