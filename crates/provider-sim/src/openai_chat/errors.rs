//! OpenAI's error envelopes, word for word where a fixture has the words.

use std::time::Duration;

use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::play::Outgoing;
use crate::refusal::Refusal;

const INVALID: &str = "invalid_request_error";

/// `{error:{message,type,param,code}}`.
fn envelope(status: u16, message: &str, kind: &str, param: Option<&str>, code: Option<&str>) -> Outgoing {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    Outgoing::json(status, body(message, kind, param, code).to_string())
}

/// A complaint about one parameter.
pub(crate) fn complaint(message: &str, param: &str, code: Option<&str>) -> Outgoing {
    envelope(400, message, INVALID, Some(param), code)
}

/// A kept response that is not there.
pub(crate) fn missing_response(id: &str) -> Outgoing {
    envelope(404, &format!("Response with id '{id}' not found."), INVALID, None, None)
}

fn body(message: &str, kind: &str, param: Option<&str>, code: Option<&str>) -> Value {
    json!({"error": {"message": message, "type": kind, "param": param, "code": code}})
}

/// A refusal in OpenAI's words.
pub(crate) fn refuse(refusal: &Refusal<'_>) -> Outgoing {
    match refusal {
        Refusal::NoKey => no_key(),
        Refusal::WrongKey(shown) => wrong_key(shown),
        Refusal::BlockedKey => blocked_key(),
        Refusal::MissingScope => missing_scope(),
        Refusal::NoCredit => no_credit(),
        Refusal::RateLimited(reset) => rate_limited(*reset),
        Refusal::DayQuota => rate_limited(Duration::from_secs(3600)),
        Refusal::Server(status) => server_error(*status),
        Refusal::TooLong(tokens) => context_too_long(*tokens),
        Refusal::TooLarge => envelope(413, "The request is too large.", INVALID, None, None),
        Refusal::Filtered => {
            let message = "Your request was rejected as a result of our safety system.";
            envelope(400, message, INVALID, None, Some("content_policy_violation"))
        }
        Refusal::NoSuchModel(model) => no_such_model(model),
        Refusal::BrokenJson => broken_json(),
        Refusal::WrongType(what) => wrong_type(what),
        Refusal::Missing(field) => missing(field),
        Refusal::Invalid(field, message) => invalid(field, message),
        Refusal::UnknownField(field) => invalid(field, &format!("Unrecognized request argument supplied: {field}")),
        Refusal::NoSuchPath(method, path) => no_such_path(method, path),
        Refusal::WrongMethod(method, path, allowed) => wrong_method(method, path, allowed),
    }
}

/// The error as it stands in a stream or in a body with status 200.
pub(crate) fn in_body() -> String {
    body("The server had an error while processing your request.", "server_error", None, None).to_string()
}

fn no_key() -> Outgoing {
    let message = "You didn't provide an API key. You need to provide your API key in an Authorization header using \
                   Bearer auth (i.e. Authorization: Bearer YOUR_KEY). You can obtain an API key from \
                   https://platform.openai.com/account/api-keys.";
    envelope(401, message, INVALID, None, None)
}

fn wrong_key(shown: &str) -> Outgoing {
    let message = format!(
        "Incorrect API key provided: {shown}. You can find your API key at https://platform.openai.com/account/api-keys."
    );
    envelope(401, &message, INVALID, None, Some("invalid_api_key"))
}

fn blocked_key() -> Outgoing {
    let message = "The OpenAI account associated with this API key has been deactivated.";
    envelope(401, message, INVALID, None, Some("account_deactivated"))
}

fn missing_scope() -> Outgoing {
    let message = "You have insufficient permissions for this operation. Missing scopes: api.model.read. Check that \
                   you have the correct role.";
    envelope(403, message, INVALID, None, None)
}

fn no_credit() -> Outgoing {
    let message = "You exceeded your current quota, please check your plan and billing details.";
    envelope(429, message, "insufficient_quota", None, Some("insufficient_quota"))
}

fn rate_limited(reset: Duration) -> Outgoing {
    let millis = reset.as_millis();
    let told = if millis < 1000 { format!("{millis}ms") } else { format!("{}s", reset.as_secs_f64()) };
    let message =
        format!("Rate limit reached for requests per min (RPM): Limit 500, Used 500. Please try again in {told}.");
    envelope(429, &message, "requests", None, Some("rate_limit_exceeded"))
        .with("retry-after", &reset.as_secs_f64().ceil().to_string())
        .with("retry-after-ms", &millis.to_string())
        .with("x-ratelimit-limit-requests", "500")
        .with("x-ratelimit-remaining-requests", "0")
        .with("x-ratelimit-reset-requests", &told)
}

fn server_error(status: u16) -> Outgoing {
    if status == 503 {
        let message = "The engine is currently overloaded, please try again later.";
        return envelope(503, message, "service_unavailable", None, None).with("retry-after", "5");
    }
    envelope(status, "The server had an error while processing your request.", "server_error", None, None)
}

fn context_too_long(tokens: u64) -> Outgoing {
    let message = format!(
        "This model's maximum context length is 128000 tokens, but the request has {}.",
        128_000 + tokens.max(1)
    );
    envelope(400, &message, INVALID, Some("messages"), Some("context_length_exceeded"))
}

fn no_such_model(model: &str) -> Outgoing {
    let message = format!("The model `{model}` does not exist or you do not have access to it.");
    envelope(404, &message, INVALID, None, Some("model_not_found"))
}

fn broken_json() -> Outgoing {
    let message = "We could not parse the JSON body of your request. (HINT: This likely means you aren't using your \
                   HTTP library correctly. The OpenAI API expects a JSON payload, but what was sent was not valid JSON.)";
    envelope(400, message, INVALID, None, None)
}

fn wrong_type(what: &str) -> Outgoing {
    envelope(400, &format!("Invalid request body: {what}."), INVALID, None, Some("invalid_type"))
}

fn missing(param: &str) -> Outgoing {
    let message = format!("Missing required parameter: '{param}'.");
    envelope(400, &message, INVALID, Some(param), Some("missing_required_parameter"))
}

fn invalid(param: &str, message: &str) -> Outgoing {
    envelope(400, message, INVALID, Some(param), Some("invalid_value"))
}

fn no_such_path(method: &Method, path: &str) -> Outgoing {
    envelope(404, &format!("Invalid URL ({method} {path})"), INVALID, None, None)
}

fn wrong_method(method: &Method, path: &str, allowed: &str) -> Outgoing {
    let message =
        format!("Not allowed to {method} on {path}. (HINT: Perhaps you meant to use a different HTTP method?)");
    envelope(405, &message, INVALID, None, Some("method_not_supported")).with("allow", allowed)
}
