//! Anthropic's error envelope.

use std::time::Duration;

use http::StatusCode;
use serde_json::{Value, json};

use crate::play::Outgoing;
use crate::refusal::Refusal;

const REQUEST_ID: &str = "req_011CSimSimSimSimSimSimSi";
const INVALID: &str = "invalid_request_error";

fn body(kind: &str, message: &str) -> Value {
    json!({"type": "error", "error": {"type": kind, "message": message}, "request_id": REQUEST_ID})
}

fn envelope(status: u16, kind: &str, message: &str) -> Outgoing {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    Outgoing::json(status, body(kind, message).to_string())
}

/// A complaint about the request.
pub(crate) fn invalid(message: &str) -> Outgoing {
    envelope(400, INVALID, message)
}

/// An error in a body with status 200.
pub(crate) fn in_body() -> String {
    body("api_error", "Internal server error").to_string()
}

/// The error in the middle of a stream.
pub(crate) fn overloaded() -> String {
    body("overloaded_error", "Overloaded").to_string()
}

/// A refusal in Anthropic's words.
pub(crate) fn refuse(refusal: &Refusal<'_>) -> Outgoing {
    match refusal {
        Refusal::NoKey => envelope(401, "authentication_error", "x-api-key header is required"),
        Refusal::WrongKey(_) => envelope(401, "authentication_error", "invalid x-api-key"),
        Refusal::BlockedKey => envelope(403, "permission_error", "This organization is on hold."),
        Refusal::MissingScope => {
            let message = "Your API key does not have permission to use the specified resource.";
            envelope(403, "permission_error", message)
        }
        Refusal::NoCredit => invalid(
            "Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing to upgrade or \
             purchase credits.",
        ),
        Refusal::RateLimited(wait) => rate_limited(*wait),
        Refusal::DayQuota => rate_limited(Duration::from_secs(3600)),
        Refusal::Server(529 | 503) => envelope(529, "overloaded_error", "Overloaded"),
        Refusal::Server(504) => envelope(504, "timeout_error", "Request timed out"),
        Refusal::Server(status) => envelope(*status, "api_error", "Internal server error"),
        Refusal::TooLong(tokens) => {
            invalid(&format!("prompt is too long: {} tokens > 200000 maximum", 200_000 + tokens.max(&1)))
        }
        Refusal::TooLarge => envelope(413, "request_too_large", "Request exceeds the maximum size"),
        Refusal::Filtered => invalid("Output blocked by content filtering policy"),
        Refusal::NoSuchModel(model) => envelope(404, "not_found_error", &format!("model: {model}")),
        Refusal::BrokenJson => invalid("The request body is not valid JSON."),
        Refusal::WrongType(what) => invalid(what),
        Refusal::Missing(field) => invalid(&format!("{field}: Field required")),
        Refusal::Invalid(field, message) => invalid(&format!("{field}: {message}")),
        Refusal::UnknownField(field) => invalid(&format!("{field}: Extra inputs are not permitted")),
        Refusal::NoSuchPath(..) => envelope(404, "not_found_error", "Not Found"),
        Refusal::WrongMethod(_, _, allowed) => envelope(405, INVALID, "Method Not Allowed").with("allow", allowed),
    }
}

fn rate_limited(wait: Duration) -> Outgoing {
    let seconds = wait.as_secs_f64().ceil().to_string();
    let message = "This request would exceed your organization's rate limit of 50,000 input tokens per minute.";
    envelope(429, "rate_limit_error", message)
        .with("retry-after", &seconds)
        .with("anthropic-ratelimit-input-tokens-limit", "50000")
        .with("anthropic-ratelimit-input-tokens-remaining", "0")
        .with("anthropic-ratelimit-input-tokens-reset", "2026-11-20T09:00:12Z")
}
