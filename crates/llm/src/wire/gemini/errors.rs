//! Failures in Google's form: `{"error": {code, message, status, details}}`, by
//! itself, in an array of one, or as an event of a stream.
//!
//! The class follows from the reasons in `details`, the status and a few words,
//! never from whole sentences: see [`classify`].

mod classify;
mod shape;

use domain::ProviderId;
use domain::attempt::ErrorClass;
use http::HeaderMap;

use super::walk::Fault;
use crate::UpstreamError;
use crate::upstream_error::{Wait, redacted, wait};
use crate::wire::openai_chat::errors::{is_plain, may_wait, without_words};
use classify::Verdict;
use shape::Shape;

pub(super) use crate::wire::openai_chat::errors::{truncated, unreadable};

/// Reads the answer to a call, when it is a failure.
#[must_use]
pub fn read(provider: ProviderId, status: u16, headers: &HeaderMap, body: &[u8]) -> UpstreamError {
    let shape = shape::of_body(body);
    let mut error = build(provider, Some(status), &shape);
    if may_wait(error.class) {
        error.retry_after = error.retry_after.or_else(|| wait::of_headers(headers));
    }
    error
}

/// Reads a failure that came inside an answer or a stream.
pub(super) fn read_inside(provider: ProviderId, status: Option<u16>, fault: Fault<'_>) -> UpstreamError {
    match fault {
        Fault::Value(value) => build(provider, status, &shape::of_value(value)),
        // It worked, and is paid: no status, so that nobody takes it for free.
        Fault::Finish(word) => {
            let (name, word) = (provider.display_name(), word.text());
            let mut error = UpstreamError::ours(
                ErrorClass::ServerError,
                format!("{name} broke off with a function call that cannot be read. Send the request again."),
            );
            error.code = Some(word.into_owned()).filter(|word| is_plain(word));
            error
        }
    }
}

/// Reads a body of success that has no answer in it.
pub(super) fn read_instead(provider: ProviderId, body: &[u8]) -> UpstreamError {
    let shape = shape::of_body(body);
    if shape == Shape::default() { unreadable(provider) } else { build(provider, Some(200), &shape) }
}

fn build(provider: ProviderId, status: Option<u16>, shape: &Shape) -> UpstreamError {
    let Verdict { class, key_status } = classify::classify(status, shape);
    let message = shape.message.as_deref().map(redacted).filter(|message| !message.is_empty());
    UpstreamError {
        class,
        status,
        code: shape.reason.clone().or_else(|| shape.status.clone()).filter(|code| is_plain(code)),
        param: shape.field.clone().filter(|field| is_plain(field)),
        message: message.unwrap_or_else(|| without_words(provider, status)),
        is_retryable: crate::upstream_error::is_retryable(class),
        retry_after: shape.retry_after.filter(|_| may_wait(class)).map(Wait::For),
        key_status,
    }
}
