//! Failures: one sentence under `error`, as a body or as a line of a stream.

use domain::ProviderId;
use domain::attempt::ErrorClass;
use http::HeaderMap;

use crate::UpstreamError;
use crate::wire::openai_chat::errors;

pub(super) use crate::wire::openai_chat::errors::{truncated, unreadable};

/// Reads the answer to a call, when it is a failure.
#[must_use]
pub fn read(provider: ProviderId, status: u16, headers: &HeaderMap, body: &[u8]) -> UpstreamError {
    let error = errors::read(provider, status, headers, body);
    let is_failure = error.class == ErrorClass::ServerError;
    // A model that does not fit into the memory does not fit the next time either.
    let may_retry = error.is_retryable && !error.message.contains("system memory");
    let key_status = error.key_status.filter(|_| !is_failure);
    UpstreamError { is_retryable: may_retry, key_status, ..error }
}

/// Reads a failure in the middle of a stream.
pub(super) fn read_line(provider: ProviderId, line: &[u8]) -> UpstreamError {
    UpstreamError { status: None, ..read(provider, 200, &HeaderMap::new(), line) }
}
