//! Failures in all the shapes that OpenAI-like servers give them: the envelope,
//! a bare string, `detail`, `message`, HTML, nothing; with an error status, with
//! 200, or in the middle of a stream.
//!
//! The class follows from status, code, type and a few words, never from whole
//! sentences: see [`classify`].

mod classify;
mod shape;

use domain::ProviderId;
use domain::attempt::ErrorClass;
use http::HeaderMap;

use crate::UpstreamError;
use crate::upstream_error::{Wait, looks_like_a_key, redacted, wait};
use classify::Verdict;
use shape::Shape;

use super::walk::Fault;

/// Reads the answer to a call, when it is a failure.
#[must_use]
pub fn read(provider: ProviderId, status: u16, headers: &HeaderMap, body: &[u8]) -> UpstreamError {
    let mut shape = shape::of_body(body);
    shape.header_code = headers.get("x-error-code").and_then(|value| value.to_str().ok()).map(str::to_owned);
    let mut error = build(provider, Some(status), &shape);
    if headers.get("x-should-retry").is_some_and(|value| value == "false") {
        error.is_retryable = false;
    }
    if may_wait(error.class) {
        error.retry_after = wait::of_headers(headers).or(shape.retry_after.map(Wait::For));
    }
    error
}

/// Reads a failure that came inside an answer or a stream. `data` is the whole
/// chunk or body.
pub(super) fn read_inside(provider: ProviderId, status: Option<u16>, fault: Fault<'_>, data: &[u8]) -> UpstreamError {
    let shape = match fault {
        Fault::Body => shape::of_body(data),
        Fault::Value(value) => shape::of_value(value),
        Fault::Finish => Shape::default(),
    };
    let mut error = build(provider, status, &shape);
    if may_wait(error.class) {
        error.retry_after = shape.retry_after.map(Wait::For);
    }
    error
}

/// Reads a body of success that has no answer in it: the failure it tells of,
/// or [`unreadable`].
pub(super) fn read_instead(provider: ProviderId, body: &[u8]) -> UpstreamError {
    if shape::of_body(body) == Shape::default() {
        return unreadable(provider);
    }
    read_inside(provider, Some(200), Fault::Body, body)
}

/// As [`read_inside`], for a failure in the place of a wire that is not chat:
/// `error` is its value, else it is told by `data` as a whole.
pub(in crate::wire) fn read_within(
    provider: ProviderId,
    status: Option<u16>,
    error: Option<&[u8]>,
    data: &[u8],
) -> UpstreamError {
    read_inside(provider, status, error.map_or(Fault::Body, Fault::Value), data)
}

/// The stream ended without an end mark.
pub(in crate::wire) fn truncated(provider: ProviderId) -> UpstreamError {
    let name = provider.display_name();
    let mut error = UpstreamError::ours(
        ErrorClass::StreamTruncated,
        format!("{name} closed the connection in the middle of the answer. Send the request again."),
    );
    error.is_retryable = false;
    error
}

/// The answer is none: no JSON, or nothing in it that a chat answer has.
pub(in crate::wire) fn unreadable(provider: ProviderId) -> UpstreamError {
    let name = provider.display_name();
    UpstreamError::ours(
        ErrorClass::ServerError,
        format!("{name} sent something that is not a chat answer. Check that the endpoint speaks this format."),
    )
}

pub(in crate::wire) fn may_wait(class: ErrorClass) -> bool {
    crate::upstream_error::is_retryable(class) || class == ErrorClass::QuotaExhausted
}

fn build(provider: ProviderId, status: Option<u16>, shape: &Shape) -> UpstreamError {
    let Verdict { class, key_status } = classify::classify(provider, status, shape);
    let message = shape.message.as_deref().map(redacted).filter(|message| !message.is_empty());
    UpstreamError {
        class,
        status,
        code: shape.code.clone().or_else(|| shape.kind.clone()).filter(|code| is_plain(code)),
        param: shape.param.clone().filter(|param| is_plain(param)),
        message: message.unwrap_or_else(|| without_words(provider, status)),
        is_retryable: shape.is_retryable.unwrap_or_else(|| crate::upstream_error::is_retryable(class)),
        retry_after: None,
        key_status,
    }
}

pub(in crate::wire) fn without_words(provider: ProviderId, status: Option<u16>) -> String {
    let name = provider.display_name();
    match status.filter(|&status| status != 200) {
        Some(status) => format!("{name} answered with status {status} and no explanation."),
        None => format!("{name} reported a failure without an explanation."),
    }
}

/// A short word that can be shown: no sentence, no key.
pub(in crate::wire) fn is_plain(word: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '[' | ']');
    !word.is_empty() && word.len() <= 64 && word.chars().all(fits) && !looks_like_a_key(word)
}
