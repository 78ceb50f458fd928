//! Google's error envelope, with the details that tell one 400 or 429 from another.

use std::time::Duration;

use http::StatusCode;
use serde_json::{Value, json};

use crate::play::Outgoing;
use crate::refusal::Refusal;

/// What is wrong with a request.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Complaint {
    message: String,
    /// The field and what is wrong there.
    violation: Option<(String, String)>,
}

impl Complaint {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), violation: None }
    }

    /// A field that the wire does not have.
    pub(crate) fn unknown(name: &str, at: &str) -> Self {
        let place = if at.is_empty() { String::new() } else { format!(" at '{at}'") };
        Self {
            message: format!("Invalid JSON payload received. Unknown name \"{name}\"{place}: Cannot find field."),
            violation: Some((at.to_owned(), format!("Unknown name \"{name}\""))),
        }
    }

    pub(crate) fn outgoing(self) -> Outgoing {
        let details = self.violation.map(|(field, description)| {
            json!([{"@type": "type.googleapis.com/google.rpc.BadRequest",
                "fieldViolations": [{"field": field, "description": description}]}])
        });
        envelope(400, &self.message, "INVALID_ARGUMENT", details)
    }
}

fn body(status: u16, message: &str, word: &str, details: Option<Value>) -> Value {
    let mut error = json!({"code": status, "message": message, "status": word});
    if let (Some(details), Some(error)) = (details, error.as_object_mut()) {
        error.insert("details".to_owned(), details);
    }
    json!({"error": error})
}

fn envelope(status: u16, message: &str, word: &str, details: Option<Value>) -> Outgoing {
    let code = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    Outgoing::json(code, body(status, message, word, details).to_string())
}

/// An error in a body with status 200.
pub(crate) fn in_body() -> String {
    body(500, "An internal error has occurred.", "INTERNAL", None).to_string()
}

/// The error in the middle of a stream.
pub(crate) fn overloaded() -> String {
    body(503, "The model is overloaded. Please try again later.", "UNAVAILABLE", None).to_string()
}

/// A refusal in Google's words.
pub(crate) fn refuse(refusal: &Refusal<'_>) -> Outgoing {
    match refusal {
        Refusal::NoKey => {
            let message = "Method doesn't allow unregistered callers (callers without established identity). Please use \
                           API Key or other form of API consumer identity to call this API.";
            envelope(403, message, "PERMISSION_DENIED", None)
        }
        Refusal::WrongKey(_) => {
            let message = "API key not valid. Please pass a valid API key.";
            let local = json!({"@type": "type.googleapis.com/google.rpc.LocalizedMessage", "locale": "en-US",
                "message": message});
            envelope(400, message, "INVALID_ARGUMENT", Some(json!([reason("API_KEY_INVALID"), local])))
        }
        Refusal::BlockedKey => {
            let message = "Your API key was reported as leaked. Please use another API key.";
            envelope(403, message, "PERMISSION_DENIED", None)
        }
        Refusal::MissingScope => {
            let message = "Requests to this API generativelanguage.googleapis.com are blocked.";
            envelope(403, message, "PERMISSION_DENIED", Some(json!([reason("API_KEY_SERVICE_BLOCKED")])))
        }
        Refusal::NoCredit => envelope(429, "Your prepayment credits are depleted.", "RESOURCE_EXHAUSTED", None),
        Refusal::RateLimited(wait) => quota("GenerateRequestsPerMinutePerProjectPerModel-FreeTier", *wait),
        Refusal::DayQuota => quota("GenerateRequestsPerDayPerProjectPerModel-FreeTier", Duration::from_secs(21)),
        Refusal::Server(503 | 529) => {
            envelope(503, "The model is overloaded. Please try again later.", "UNAVAILABLE", None)
        }
        Refusal::Server(504) => {
            envelope(504, "Deadline expired before operation could complete.", "DEADLINE_EXCEEDED", None)
        }
        Refusal::Server(status) => envelope(*status, "An internal error has occurred.", "INTERNAL", None),
        Refusal::TooLong(tokens) => {
            let message = format!(
                "The input token count ({}) exceeds the maximum number of tokens allowed (1048576).",
                1_048_576 + tokens.max(&1)
            );
            envelope(400, &message, "INVALID_ARGUMENT", None)
        }
        Refusal::TooLarge => {
            envelope(413, "Request payload size exceeds the limit: 20971520 bytes.", "INVALID_ARGUMENT", None)
        }
        Refusal::Filtered => envelope(400, "The prompt was blocked.", "INVALID_ARGUMENT", None),
        Refusal::NoSuchModel(model) => {
            let message = format!(
                "models/{model} is not found for API version v1beta, or is not supported for generateContent. Call \
                 ListModels to see the list of available models and their supported methods."
            );
            envelope(404, &message, "NOT_FOUND", None)
        }
        Refusal::BrokenJson => Complaint::new("Invalid JSON payload received. Unexpected end of string.").outgoing(),
        Refusal::WrongType(what) => Complaint::new(*what).outgoing(),
        Refusal::Missing(field) => Complaint::new(format!("* {field}: is not specified")).outgoing(),
        Refusal::Invalid(field, message) => Complaint::new(format!("Invalid value at '{field}': {message}")).outgoing(),
        Refusal::UnknownField(field) => Complaint::unknown(field, "").outgoing(),
        Refusal::NoSuchPath(..) => envelope(404, "Not Found", "NOT_FOUND", None),
        Refusal::WrongMethod(_, _, allowed) => {
            envelope(405, "Method Not Allowed", "INVALID_ARGUMENT", None).with("allow", allowed)
        }
    }
}

fn reason(reason: &str) -> Value {
    json!({"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": reason, "domain": "googleapis.com",
        "metadata": {"service": "generativelanguage.googleapis.com"}})
}

/// The wait is in the details, not in a header.
fn quota(id: &str, wait: Duration) -> Outgoing {
    let violation = json!({"quotaMetric": "generativelanguage.googleapis.com/generate_content_free_tier_requests",
        "quotaId": id, "quotaDimensions": {"location": "global"}, "quotaValue": "10"});
    let details = json!([
        {"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": [violation]},
        {"@type": "type.googleapis.com/google.rpc.Help",
            "links": [{"description": "Rate limits", "url": "https://ai.google.dev/gemini-api/docs/rate-limits"}]},
        {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": format!("{}s", wait.as_secs_f64())}
    ]);
    let message = "You exceeded your current quota, please check your plan and billing details.";
    envelope(429, message, "RESOURCE_EXHAUSTED", Some(details))
}
