//! Ollama's errors: one sentence under `error`.

use http::StatusCode;
use serde_json::json;

use crate::play::Outgoing;
use crate::refusal::Refusal;

/// An error with this status.
pub(crate) fn told(status: u16, sentence: &str) -> Outgoing {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    Outgoing::json(status, json!({"error": sentence}).to_string())
}

/// An error in a body with status 200.
pub(crate) fn in_body() -> String {
    json!({"error": "an error was encountered while running the model: unexpected EOF"}).to_string()
}

/// The error in the middle of a stream.
pub(crate) fn in_stream() -> String {
    in_body()
}

/// A refusal in Ollama's words.
pub(crate) fn refuse(refusal: &Refusal<'_>) -> Outgoing {
    match refusal {
        Refusal::NoKey | Refusal::WrongKey(_) | Refusal::BlockedKey => {
            let body = json!({"error": "unauthorized", "signin_url": "https://ollama.com/connect?name=host&key=FAKE"});
            Outgoing::json(StatusCode::UNAUTHORIZED, body.to_string())
        }
        Refusal::MissingScope => told(403, "forbidden"),
        Refusal::NoCredit | Refusal::DayQuota => told(429, "you have reached your usage limit"),
        Refusal::RateLimited(_) => told(429, "too many requests"),
        Refusal::Server(503 | 529) => told(503, "server busy, please try again.  maximum pending requests exceeded"),
        Refusal::Server(status) => {
            told(*status, "model requires more system memory (9.1 GiB) than is available (5.8 GiB)")
        }
        Refusal::TooLong(_) => told(400, "input length exceeds maximum context length"),
        Refusal::TooLarge => told(413, "http: request body too large"),
        Refusal::Filtered => told(400, "the prompt was blocked"),
        Refusal::NoSuchModel(model) => told(404, &format!("model '{model}' not found")),
        Refusal::BrokenJson => told(400, "unexpected EOF"),
        Refusal::WrongType(what) => told(400, what),
        Refusal::Missing(field) => told(400, &format!("{field} is required")),
        Refusal::Invalid(field, message) => told(400, &format!("{field}: {message}")),
        Refusal::UnknownField(field) => told(400, &format!("invalid option provided: {field}")),
        Refusal::NoSuchPath(..) => Outgoing::whole(StatusCode::NOT_FOUND, "text/plain", "404 page not found".into()),
        Refusal::WrongMethod(_, _, allowed) => {
            Outgoing::whole(StatusCode::METHOD_NOT_ALLOWED, "text/plain", "405 method not allowed".into())
                .with("allow", allowed)
        }
    }
}
