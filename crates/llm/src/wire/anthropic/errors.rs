//! Failures in Anthropic's form: `{"type": "error", "error": {type, message,
//! details}}`, with an error status, with 200, or as an event of a stream.
//!
//! The class follows from the status, the type, `details.error_code` and a few
//! words, never from whole sentences.

use domain::ProviderId;
use domain::attempt::ErrorClass;
use domain::credential::KeyStatus;
use http::HeaderMap;

use crate::UpstreamError;
use crate::json_scan::{RawText, Reader, ScanError};
use crate::upstream_error::{redacted, wait};
use crate::wire::openai_chat::errors::{is_plain, may_wait, without_words};

pub(super) use crate::wire::openai_chat::errors::{truncated, unreadable};

/// A failure's words, as sent.
#[derive(Debug, Default, PartialEq, Eq)]
struct Shape {
    message: Option<String>,
    /// `type`, as `overloaded_error`.
    kind: Option<String>,
    /// `details.error_code`.
    code: Option<String>,
}

/// Reads the answer to a call, when it is a failure.
#[must_use]
pub fn read(provider: ProviderId, status: u16, headers: &HeaderMap, body: &[u8]) -> UpstreamError {
    let mut error = build(provider, Some(status), &shape_of(body));
    if headers.get("x-should-retry").is_some_and(|value| value == "false") {
        error.is_retryable = false;
    }
    if may_wait(error.class) {
        error.retry_after = wait::of_headers(headers);
    }
    error
}

/// Reads a failure that came as an event of a stream.
pub(super) fn read_event(provider: ProviderId, data: &[u8]) -> UpstreamError {
    build(provider, None, &shape_of(data))
}

/// Reads a body of success that has no answer in it.
pub(super) fn read_instead(provider: ProviderId, body: &[u8]) -> UpstreamError {
    let shape = shape_of(body);
    if shape == Shape::default() { unreadable(provider) } else { build(provider, Some(200), &shape) }
}

fn build(provider: ProviderId, status: Option<u16>, shape: &Shape) -> UpstreamError {
    let class = classify(status, shape);
    let message = shape.message.as_deref().map(redacted).filter(|message| !message.is_empty());
    UpstreamError {
        class,
        status,
        code: shape.code.clone().or_else(|| shape.kind.clone()).filter(|code| is_plain(code)),
        param: None,
        message: message.unwrap_or_else(|| without_words(provider, status)),
        is_retryable: crate::upstream_error::is_retryable(class),
        retry_after: None,
        key_status: key_status(status, class, shape),
    }
}

/// What it reads like. HTML of a proxy has no words for us.
fn shape_of(body: &[u8]) -> Shape {
    let mut shape = Shape::default();
    let mut reader = Reader::new(body);
    if reader.peek() == Some(b'{') {
        // What was read before the JSON broke off is used all the same.
        let _ = reader.object(|name, reader| {
            if name.is("error") && reader.peek() == Some(b'{') {
                return inner(reader, &mut shape);
            }
            if name.is("error") || name.is("message") {
                shape.message = shape.message.take().or(owned(reader.text()?));
                return Ok(());
            }
            reader.skip()
        });
    }
    shape
}

fn inner(reader: &mut Reader<'_>, shape: &mut Shape) -> Result<(), ScanError> {
    reader.object(|name, reader| {
        if name.is("type") {
            shape.kind = owned(reader.text()?);
        } else if name.is("message") {
            shape.message = owned(reader.text()?);
        } else if name.is("details") && reader.peek() == Some(b'{') {
            reader.object(|name, reader| {
                if name.is("error_code") {
                    shape.code = owned(reader.text()?);
                    return Ok(());
                }
                reader.skip()
            })?;
        } else {
            reader.skip()?;
        }
        Ok(())
    })
}

fn owned(text: Option<RawText<'_>>) -> Option<String> {
    text.map(|text| text.text().into_owned())
}

/// The status that a type stands for, where there is none.
fn status_of(kind: Option<&str>) -> u16 {
    match kind.unwrap_or_default() {
        "invalid_request_error" => 400,
        "authentication_error" => 401,
        "billing_error" => 402,
        "permission_error" => 403,
        "not_found_error" => 404,
        "request_too_large" => 413,
        "rate_limit_error" => 429,
        "timeout_error" => 504,
        "overloaded_error" => 529,
        _ => 500,
    }
}

fn classify(status: Option<u16>, shape: &Shape) -> ErrorClass {
    let kind = shape.kind.as_deref();
    let code = shape.code.as_deref().unwrap_or_default();
    let words = shape.message.as_deref().unwrap_or_default().to_ascii_lowercase();
    let says = |any: &[&str]| any.iter().any(|word| words.contains(word));
    let status = status.filter(|status| *status >= 400).unwrap_or_else(|| status_of(kind));
    let is_spent = code.ends_with("spend_limit_reached") || says(&["credit balance", "api usage limits"]);
    match status {
        400..=499 if kind == Some("billing_error") || (is_spent && status != 429) => ErrorClass::NoCredit,
        _ if kind == Some("overloaded_error") => ErrorClass::Overloaded,
        400 | 422 if says(&["prompt is too long", "exceed context limit", "context window"]) => {
            ErrorClass::ContextTooLong
        }
        400 if says(&["content filtering policy"]) => ErrorClass::ContentFiltered,
        401 => ErrorClass::InvalidKey,
        402 => ErrorClass::NoCredit,
        403 if code == "organization_on_hold" || says(&["on hold", "disabled", "not allowed"]) => ErrorClass::Forbidden,
        403 => ErrorClass::KeyLimited,
        404 | 410 => ErrorClass::NotFound,
        408 | 504 => ErrorClass::Timeout,
        413 => ErrorClass::TooLarge,
        429 => ErrorClass::RateLimited,
        503 | 529 => ErrorClass::Overloaded,
        500.. => ErrorClass::ServerError,
        _ => ErrorClass::BadRequest,
    }
}

/// What a key check would store; nothing, when the failure is not the key's.
fn key_status(status: Option<u16>, class: ErrorClass, shape: &Shape) -> Option<KeyStatus> {
    let is_on_hold = shape.code.as_deref() == Some("organization_on_hold");
    match class {
        ErrorClass::InvalidKey => Some(KeyStatus::Invalid),
        ErrorClass::NoCredit => Some(KeyStatus::NoCredit),
        ErrorClass::RateLimited => Some(KeyStatus::RateLimited),
        ErrorClass::KeyLimited => Some(KeyStatus::Forbidden),
        // On hold: nothing that this key could do, until its owner acts.
        ErrorClass::Forbidden if is_on_hold => Some(KeyStatus::Invalid),
        ErrorClass::Forbidden => Some(KeyStatus::Forbidden),
        ErrorClass::Overloaded | ErrorClass::ServerError | ErrorClass::Timeout
            if status.is_some_and(|status| status >= 500) =>
        {
            Some(KeyStatus::Unreachable)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn class(status: Option<u16>, body: &str) -> ErrorClass {
        build(ProviderId::Anthropic, status, &shape_of(body.as_bytes())).class
    }

    #[test]
    fn the_status_the_type_and_a_few_words_decide() {
        let of = |kind: &str, message: &str| {
            format!(r#"{{"type":"error","error":{{"type":"{kind}","message":"{message}"}}}}"#)
        };
        for (status, body, expected) in [
            (Some(529), String::new(), ErrorClass::Overloaded),
            (Some(502), "<html>bad gateway</html>".to_owned(), ErrorClass::ServerError),
            (Some(413), "<html>".to_owned(), ErrorClass::TooLarge),
            (Some(500), of("overloaded_error", "Overloaded"), ErrorClass::Overloaded),
            (Some(400), of("billing_error", "x"), ErrorClass::NoCredit),
            (
                Some(400),
                of("invalid_request_error", "input length and `max_tokens` exceed context limit: 9"),
                ErrorClass::ContextTooLong,
            ),
            (
                Some(400),
                of("invalid_request_error", "Output blocked by content filtering policy"),
                ErrorClass::ContentFiltered,
            ),
            (Some(400), of("invalid_request_error", "temperature: wrong"), ErrorClass::BadRequest),
            (Some(403), of("forbidden", "Request not allowed"), ErrorClass::Forbidden),
            (Some(429), of("rate_limit_error", "API usage limits"), ErrorClass::RateLimited),
            (None, of("overloaded_error", "Overloaded"), ErrorClass::Overloaded),
            (None, of("api_error", "x"), ErrorClass::ServerError),
            (None, of("rate_limit_error", "x"), ErrorClass::RateLimited),
            (None, "{}".to_owned(), ErrorClass::ServerError),
            (Some(200), of("authentication_error", "x"), ErrorClass::InvalidKey),
        ] {
            assert_eq!(class(status, &body), expected, "{status:?} {body}");
        }
    }

    #[test]
    fn a_failure_in_a_stream_says_nothing_of_the_key_unless_it_is_the_keys() {
        let overloaded = br#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#;
        assert_eq!(read_event(ProviderId::Anthropic, overloaded).key_status, None);
        let on_hold =
            br#"{"error":{"type":"permission_error","message":"x","details":{"error_code":"organization_on_hold"}}}"#;
        let error = read_event(ProviderId::Anthropic, on_hold);
        assert_eq!((error.class, error.code.as_deref()), (ErrorClass::Forbidden, Some("organization_on_hold")));
    }
}
