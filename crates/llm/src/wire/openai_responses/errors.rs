//! Failures: those with a status of their own are OpenAI's as everywhere; those
//! inside a response or a stream stand at other places.

use domain::ProviderId;
use domain::attempt::ErrorClass;
use http::HeaderMap;

use crate::UpstreamError;
use crate::wire::openai_chat::errors as chat;

/// Codes of a failed response that are about the request, and would be so again.
const BY_REQUEST: [&str; 17] = [
    "invalid_prompt",
    "data_residency_mismatch",
    "invalid_image",
    "invalid_image_format",
    "invalid_base64_image",
    "invalid_image_url",
    "image_too_large",
    "image_too_small",
    "image_parse_error",
    "invalid_image_mode",
    "image_file_too_large",
    "unsupported_image_media_type",
    "empty_image_file",
    "failed_to_download_image",
    "image_file_not_found",
    "unsupported_file",
    "invalid_file",
];

/// Codes that say that a policy forbids it.
const BY_POLICY: [&str; 3] = ["bio_policy", "misalignment_policy_violation", "image_content_policy_violation"];

/// Reads the answer to a call, when it is a failure.
#[must_use]
pub fn read(provider: ProviderId, status: u16, headers: &HeaderMap, body: &[u8]) -> UpstreamError {
    chat::read(provider, status, headers, body)
}

/// Reads what a failed response says, `error` being its value of that name;
/// `data` is the whole event or body.
pub(super) fn read_failed(
    provider: ProviderId,
    status: Option<u16>,
    error: Option<&[u8]>,
    data: &[u8],
) -> UpstreamError {
    let mut read = chat::read_within(provider, status, error, data);
    let is_among = |codes: &[&str]| read.code.as_deref().is_some_and(|code| codes.contains(&code));
    if is_among(&BY_REQUEST) {
        (read.class, read.is_retryable, read.key_status) = (ErrorClass::BadRequest, false, None);
    } else if is_among(&BY_POLICY) {
        (read.class, read.is_retryable, read.key_status) = (ErrorClass::ContentFiltered, false, None);
    }
    read
}

/// The answer is none.
pub(super) fn unreadable(provider: ProviderId) -> UpstreamError {
    chat::unreadable(provider)
}

/// The stream ended without its last event.
pub(super) fn truncated(provider: ProviderId) -> UpstreamError {
    chat::truncated(provider)
}
