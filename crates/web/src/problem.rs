//! The one table of status codes, and the one place where an error becomes an
//! answer, in the dialect of whoever asked.

use app::error::{Code, Error};
use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderName, HeaderValue, Method, StatusCode};
use serde_json::{Map, Value, json};

use crate::wishes;

/// In whose words an error is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// OpenAI's envelope.
    OpenAi,
    /// Anthropic's envelope.
    Anthropic,
    /// Google's envelope.
    Google,
    /// RFC 9457 problem details.
    Problem,
    /// A page for people.
    Page,
}

/// One row of the table: what a code is on the line.
pub struct CodeFacts {
    /// The HTTP status.
    pub status: StatusCode,
    /// OpenAI's `type`.
    pub openai: &'static str,
    /// Anthropic's `type`.
    pub anthropic: &'static str,
    /// Google's `status`.
    pub google: &'static str,
    /// Whether the same request may succeed later, unchanged.
    pub retry: bool,
    /// A few words for `title`.
    pub title: &'static str,
}

const fn facts(
    status: StatusCode,
    [openai, anthropic, google]: [&'static str; 3],
    retry: bool,
    title: &'static str,
) -> CodeFacts {
    CodeFacts { status, openai, anthropic, google, retry, title }
}

const BAD: [&str; 3] = ["invalid_request_error", "invalid_request_error", "INVALID_ARGUMENT"];
const MISSING: [&str; 3] = ["invalid_request_error", "not_found_error", "NOT_FOUND"];
const DENIED: [&str; 3] = ["invalid_request_error", "permission_error", "PERMISSION_DENIED"];
const UNKNOWN_CALLER: [&str; 3] = ["invalid_request_error", "authentication_error", "UNAUTHENTICATED"];
const TOO_MANY: [&str; 3] = ["rate_limit_error", "rate_limit_error", "RESOURCE_EXHAUSTED"];
const SPENT: [&str; 3] = ["invalid_request_error", "billing_error", "RESOURCE_EXHAUSTED"];
const UNPRICED: [&str; 3] = ["invalid_request_error", "invalid_request_error", "FAILED_PRECONDITION"];
const BROKEN: [&str; 3] = ["api_error", "api_error", "INTERNAL"];
const BUSY: [&str; 3] = ["api_error", "overloaded_error", "UNAVAILABLE"];
const NEEDS_KEY: [&str; 3] = ["invalid_request_error", "invalid_request_error", "FAILED_PRECONDITION"];

/// The table's row for `code`.
#[must_use]
pub const fn facts_of(code: Code) -> CodeFacts {
    use StatusCode as S;
    match code {
        Code::InvalidJson => facts(S::BAD_REQUEST, BAD, false, "The body is not JSON"),
        Code::InvalidRequest => facts(S::UNPROCESSABLE_ENTITY, BAD, false, "A field is wrong"),
        Code::UnsupportedMediaType => facts(S::UNSUPPORTED_MEDIA_TYPE, BAD, false, "The body is of another type"),
        Code::HeadersTooLarge => facts(S::REQUEST_HEADER_FIELDS_TOO_LARGE, BAD, false, "The headers are too large"),
        Code::PayloadTooLarge => facts(S::PAYLOAD_TOO_LARGE, BAD, false, "The body is too large"),
        Code::UnsupportedParameter => facts(S::BAD_REQUEST, BAD, false, "The model cannot take a parameter"),
        Code::UnknownProvider => facts(S::BAD_REQUEST, BAD, false, "The provider is unknown"),
        Code::AmbiguousModel => facts(S::BAD_REQUEST, BAD, false, "The model's name is ambiguous"),
        Code::ProviderKeyRequired => facts(S::BAD_REQUEST, NEEDS_KEY, false, "A provider key is needed"),
        Code::InvalidGatewayToken => facts(S::UNAUTHORIZED, UNKNOWN_CALLER, false, "The token is not valid"),
        Code::IncorrectLogin => facts(S::BAD_REQUEST, BAD, false, "Incorrect e-mail or password"),
        Code::Forbidden => facts(S::FORBIDDEN, DENIED, false, "Not allowed"),
        Code::ModelNotAllowed => facts(S::FORBIDDEN, DENIED, false, "The token is not for this model"),
        Code::BudgetExceeded => facts(S::PAYMENT_REQUIRED, SPENT, false, "A budget is spent"),
        Code::ModelUnpriced => facts(S::UNPROCESSABLE_ENTITY, UNPRICED, false, "The model has no price"),
        Code::RevealDisabled => facts(S::FORBIDDEN, DENIED, false, "Revealing keys is switched off"),
        Code::NotSameOrigin => facts(S::FORBIDDEN, DENIED, false, "The request came from another site"),
        Code::SetupLinkInvalid => facts(S::FORBIDDEN, DENIED, false, "The link is not valid"),
        Code::SetupClosed => facts(S::GONE, MISSING, false, "Set-up is over"),
        Code::NotFound => facts(S::NOT_FOUND, MISSING, false, "Not found"),
        Code::ModelNotFound => facts(S::NOT_FOUND, MISSING, false, "The model is not there"),
        Code::EndpointNotSupported => facts(S::NOT_FOUND, MISSING, false, "Ownkey does not have this endpoint"),
        Code::MethodNotAllowed => facts(S::METHOD_NOT_ALLOWED, BAD, false, "Another method is needed"),
        Code::KeyRequiredForNewOrigin => facts(S::CONFLICT, BAD, false, "The key is needed again"),
        Code::KeyInUse => facts(S::CONFLICT, BAD, false, "The key is in use"),
        Code::DuplicateSecret => facts(S::CONFLICT, BAD, false, "The same key is stored already"),
        Code::Conflict => facts(S::CONFLICT, BAD, true, "It changed at the same time"),
        Code::AlreadyDone => facts(S::CONFLICT, BAD, false, "Already answered"),
        Code::InProgress => facts(S::CONFLICT, BAD, true, "Being answered"),
        Code::EndpointNotAllowed => facts(S::UNPROCESSABLE_ENTITY, BAD, false, "The endpoint is not allowed"),
        Code::Misdirected => facts(S::MISDIRECTED_REQUEST, BAD, false, "The host is not ours"),
        Code::TooManyLogins => facts(S::TOO_MANY_REQUESTS, TOO_MANY, true, "Too many failed log-ins"),
        Code::RateLimited => facts(S::TOO_MANY_REQUESTS, TOO_MANY, true, "Too many calls"),
        Code::Internal => facts(S::INTERNAL_SERVER_ERROR, BROKEN, true, "Something broke"),
        Code::Undecryptable => facts(S::BAD_GATEWAY, BROKEN, false, "The stored key cannot be opened"),
        Code::UpstreamCredentialsExhausted => facts(S::BAD_GATEWAY, BROKEN, false, "No key works"),
        Code::ProviderError => facts(S::BAD_GATEWAY, BROKEN, true, "The provider failed"),
        Code::ProviderRejected => facts(S::BAD_REQUEST, BAD, false, "The provider refused the request"),
        Code::ProviderOverloaded => facts(S::SERVICE_UNAVAILABLE, BUSY, true, "The provider is overloaded"),
        Code::ProviderTimeout => facts(S::GATEWAY_TIMEOUT, BROKEN, true, "The provider did not answer in time"),
        Code::ConfigStale => facts(S::SERVICE_UNAVAILABLE, BUSY, true, "The configuration may be stale"),
        Code::StoreUnavailable => facts(S::SERVICE_UNAVAILABLE, BUSY, true, "The database cannot be reached"),
        Code::StorageFull => facts(S::INSUFFICIENT_STORAGE, BROKEN, false, "The disk is full"),
    }
}

/// The status of an error: the provider's own where it passes through, and 502
/// where an endpoint is refused in use, not while it is being saved.
#[must_use]
pub fn status_of(error: &Error) -> StatusCode {
    let own = facts_of(error.code).status;
    match error.details.provider_status {
        Some(status) if matches!(error.code, Code::ProviderRejected | Code::EndpointNotAllowed) => {
            StatusCode::from_u16(status).unwrap_or(own)
        }
        _ => own,
    }
}

/// The status as `dialect` says it. A wrong field is 422 in our own words, and
/// 400 on the wires, where clients know nothing else; a provider short of
/// capacity is 529 in Anthropic's.
#[must_use]
pub fn status_in(error: &Error, dialect: Dialect) -> StatusCode {
    let is_wire = matches!(dialect, Dialect::OpenAi | Dialect::Anthropic | Dialect::Google);
    match error.code {
        Code::InvalidRequest if is_wire => StatusCode::BAD_REQUEST,
        Code::ProviderOverloaded if dialect == Dialect::Anthropic => overloaded_at_anthropic(),
        _ => status_of(error),
    }
}

/// Anthropic's own status for `overloaded_error`.
fn overloaded_at_anthropic() -> StatusCode {
    StatusCode::from_u16(529).unwrap_or(StatusCode::SERVICE_UNAVAILABLE)
}

/// What rendering needs to know of the request.
#[derive(Debug)]
pub struct Asked<'a> {
    /// Its dialect.
    pub dialect: Dialect,
    /// Its id, as answered in `x-request-id`.
    pub request_id: &'a str,
    /// Its path, for `instance`.
    pub path: &'a str,
    /// Its method.
    pub method: &'a Method,
}

/// The answer that says `error` in the dialect of `asked`.
#[must_use]
pub fn render(error: &Error, asked: &Asked<'_>) -> Response {
    let status = status_in(error, asked.dialect);
    if asked.dialect == Dialect::Page {
        return crate::ui::view::problem_page(error, status, asked.request_id).into_response();
    }
    let body = envelope(error, asked.dialect, asked.request_id, Some(asked.path)).to_string();
    let mut response = (status, body).into_response();
    let headers = response.headers_mut();
    let kind = if asked.dialect == Dialect::Problem { "application/problem+json" } else { "application/json" };
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    if let Some(wait) = error.details.retry_after {
        headers.insert(RETRY_AFTER, HeaderValue::from(wait.as_millis().div_ceil(1_000).min(86_400) as u64));
    }
    if let Some(limits) = &error.details.limits {
        wishes::say_limits(headers, limits, asked.dialect == Dialect::Anthropic);
    }
    if status == StatusCode::UNAUTHORIZED {
        headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    if !facts_of(error.code).retry && status.is_server_error() {
        headers.insert(HeaderName::from_static("x-should-retry"), HeaderValue::from_static("false"));
    }
    response
}

/// The body that says `error`; also what an error event inside a stream holds.
#[must_use]
pub fn envelope(error: &Error, dialect: Dialect, request_id: &str, path: Option<&str>) -> Value {
    let facts = facts_of(error.code);
    match dialect {
        Dialect::OpenAi => json!({"error": {
            "message": error.sentence,
            "type": facts.openai,
            "param": error.details.field,
            "code": openai_code(error),
        }}),
        Dialect::Anthropic => json!({
            "type": "error",
            "error": {"type": facts.anthropic, "message": error.sentence},
            "request_id": request_id,
        }),
        Dialect::Google => json!({"error": {
            "code": status_in(error, dialect).as_u16(),
            "message": error.sentence,
            "status": facts.google,
        }}),
        Dialect::Problem | Dialect::Page => problem(error, request_id, path),
    }
}

/// The code OpenAI's clients branch on.
fn openai_code(error: &Error) -> &str {
    match error.code {
        Code::InvalidGatewayToken => "invalid_api_key",
        Code::ProviderRejected => error.details.provider_code.as_deref().unwrap_or("provider_rejected"),
        code => code.as_str(),
    }
}

fn problem(error: &Error, request_id: &str, path: Option<&str>) -> Value {
    let facts = facts_of(error.code);
    let mut members = Map::new();
    members.insert("type".into(), "about:blank".into());
    members.insert("title".into(), facts.title.into());
    members.insert("status".into(), status_of(error).as_u16().into());
    members.insert("detail".into(), error.sentence.clone().into());
    members.insert("code".into(), error.code.as_str().into());
    members.insert("request_id".into(), request_id.into());
    if let Some(path) = path {
        members.insert("instance".into(), path.into());
    }
    if let Some(field) = &error.details.field {
        members.insert("errors".into(), json!([{"field": field, "detail": error.sentence}]));
    }
    if let Some(impact) = &error.details.impact {
        members.insert("impact".into(), impact.clone());
    }
    if !error.details.attempts.is_empty() {
        let attempts: Vec<_> = error
            .details
            .attempts
            .iter()
            .map(|attempt| {
                json!({
                    "credential_id": attempt.credential,
                    "credential_scope": attempt.scope,
                    "provider": attempt.provider,
                    "error": attempt.class,
                })
            })
            .collect();
        members.insert("attempts".into(), attempts.into());
    }
    Value::Object(members)
}
