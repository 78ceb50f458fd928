//! Which class a failure belongs to, and what it says about the key. Rules from
//! the most telling to the least: the code, a few words, the status.

use domain::ProviderId;
use domain::attempt::ErrorClass;
use domain::credential::KeyStatus;

use super::shape::Shape;

/// What a failure means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Verdict {
    pub(super) class: ErrorClass,
    pub(super) key_status: Option<KeyStatus>,
}

/// Codes and types that mean the same wherever they come from.
const CODES: [(&str, ErrorClass); 34] = [
    ("insufficient_quota", ErrorClass::NoCredit),
    ("billing_hard_limit_reached", ErrorClass::NoCredit),
    ("billing_not_active", ErrorClass::NoCredit),
    ("payment_required", ErrorClass::NoCredit),
    ("context_length_exceeded", ErrorClass::ContextTooLong),
    ("content_policy_violation", ErrorClass::ContentFiltered),
    ("content_filter", ErrorClass::ContentFiltered),
    ("responsibleaipolicyviolation", ErrorClass::ContentFiltered),
    ("refusal", ErrorClass::ContentFiltered),
    ("service_tier_capacity_exceeded", ErrorClass::Overloaded),
    ("capacity_exceeded", ErrorClass::Overloaded),
    ("capacity_exhausted", ErrorClass::Overloaded),
    ("provider_overloaded", ErrorClass::Overloaded),
    ("overloaded_error", ErrorClass::Overloaded),
    ("3505", ErrorClass::Overloaded),
    ("permissiondenied", ErrorClass::KeyLimited),
    ("mismatched_organization", ErrorClass::KeyLimited),
    ("mismatched_project", ErrorClass::KeyLimited),
    ("invalid_api_key", ErrorClass::InvalidKey),
    ("account_deactivated", ErrorClass::InvalidKey),
    ("unsupported_country_region_territory", ErrorClass::Forbidden),
    ("gatedrepo", ErrorClass::Forbidden),
    ("model_not_found", ErrorClass::NotFound),
    ("model_decommissioned", ErrorClass::NotFound),
    ("model_deprecated", ErrorClass::NotFound),
    ("invalid_model", ErrorClass::NotFound),
    ("1500", ErrorClass::NotFound),
    ("deploymentnotfound", ErrorClass::NotFound),
    ("tool_use_failed", ErrorClass::ServerError),
    ("server_error", ErrorClass::ServerError),
    ("internal_server_error", ErrorClass::ServerError),
    ("provider_unavailable", ErrorClass::ServerError),
    ("rate_limit_exceeded", ErrorClass::RateLimited),
    ("timeout", ErrorClass::Timeout),
];

/// The verdict on a failure. Without a status, or with 200, its own code stands
/// in for one.
pub(super) fn classify(provider: ProviderId, status: Option<u16>, shape: &Shape) -> Verdict {
    let words = shape.message.as_deref().unwrap_or_default().to_ascii_lowercase();
    let is_inside = status.is_none_or(|status| status < 400);
    let effective = if is_inside { code_as_status(shape).unwrap_or(500) } else { status.unwrap_or(500) };
    let class = by_code(provider, effective, is_inside, shape)
        .or_else(|| by_words(provider, effective, shape, &words))
        .unwrap_or_else(|| by_status(provider, effective, &words));
    Verdict { class, key_status: key_status(provider, status, class, shape, &words) }
}

fn code_as_status(shape: &Shape) -> Option<u16> {
    shape.code.as_deref()?.parse().ok().filter(|code| (400..600).contains(code))
}

fn by_code(provider: ProviderId, status: u16, is_inside: bool, shape: &Shape) -> Option<ErrorClass> {
    let named =
        [&shape.availability, &shape.header_code, &shape.inner_code, &shape.code, &shape.error_type, &shape.kind];
    let lowered = named.into_iter().flatten().map(|word| word.to_ascii_lowercase());
    let class =
        lowered.filter_map(|word| CODES.iter().find(|(code, _)| *code == word).map(|(_, class)| *class)).next()?;
    match class {
        // A type that is kinder than the status does not count.
        ErrorClass::ServerError if !is_inside && shape.code.as_deref() != Some("tool_use_failed") => None,
        // Groq: one request above the minute's tokens; a wait does not help.
        ErrorClass::RateLimited if status == 413 => None,
        ErrorClass::RateLimited if !is_inside && status != 429 => None,
        ErrorClass::RateLimited => {
            Some(by_status(provider, 429, &shape.message.as_deref().unwrap_or_default().to_ascii_lowercase()))
        }
        class => Some(class),
    }
}

fn by_words(provider: ProviderId, status: u16, shape: &Shape, words: &str) -> Option<ErrorClass> {
    let says = |any: &[&str]| any.iter().any(|word| words.contains(word));
    let is_refusal = matches!(status, 401 | 403);
    if says(&["incorrect api key", "invalid api key"]) && matches!(status, 400 | 401 | 403) {
        return Some(ErrorClass::InvalidKey);
    }
    if provider == ProviderId::XAi && status == 403 && says(&["credits", "licenses"]) {
        return Some(ErrorClass::NoCredit);
    }
    if is_refusal && says(&["missing scopes", "sufficient permissions", "insufficient permissions", "management keys"])
    {
        return Some(ErrorClass::KeyLimited);
    }
    if status == 403 && (shape.is_flagged || says(&["flagged", "moderation"])) {
        return Some(ErrorClass::ContentFiltered);
    }
    if matches!(status, 400 | 413 | 422) && says(&["maximum context length", "context length", "context window"]) {
        return Some(ErrorClass::ContextTooLong);
    }
    None
}

fn by_status(provider: ProviderId, status: u16, words: &str) -> ErrorClass {
    let is_daily = ["per day", "per-day", "(rpd)", "(tpd)", "daily"].iter().any(|word| words.contains(word));
    match status {
        401 => ErrorClass::InvalidKey,
        402 => ErrorClass::NoCredit,
        412 if provider == ProviderId::Fireworks => ErrorClass::NoCredit,
        403 if matches!(provider, ProviderId::Fireworks | ProviderId::Custom) => ErrorClass::InvalidKey,
        403 | 451 => ErrorClass::Forbidden,
        404 | 410 => ErrorClass::NotFound,
        408 | 504 => ErrorClass::Timeout,
        413 => ErrorClass::TooLarge,
        // OpenAI: one request above the minute's tokens; a wait does not help.
        429 if words.contains("request too large") => ErrorClass::TooLarge,
        429 if is_daily => ErrorClass::QuotaExhausted,
        429 => ErrorClass::RateLimited,
        498 | 503 | 529 => ErrorClass::Overloaded,
        500.. => ErrorClass::ServerError,
        _ => ErrorClass::BadRequest,
    }
}

/// What a key check would store; nothing, when the failure is not the key's.
fn key_status(
    provider: ProviderId,
    status: Option<u16>,
    class: ErrorClass,
    shape: &Shape,
    words: &str,
) -> Option<KeyStatus> {
    let is_server_status = status.is_some_and(|status| (500..600).contains(&status));
    match class {
        ErrorClass::InvalidKey => Some(KeyStatus::Invalid),
        ErrorClass::NoCredit => Some(KeyStatus::NoCredit),
        ErrorClass::RateLimited | ErrorClass::QuotaExhausted => Some(KeyStatus::RateLimited),
        // A restricted key may chat although it may not list.
        ErrorClass::KeyLimited if words.contains("missing scopes") => Some(KeyStatus::Valid),
        ErrorClass::KeyLimited => Some(KeyStatus::Forbidden),
        ErrorClass::Forbidden if shape.header_code.is_some() => None,
        ErrorClass::Forbidden if words.contains("key is blocked") || words.contains("key is disabled") => {
            Some(KeyStatus::Invalid)
        }
        ErrorClass::Forbidden => Some(KeyStatus::Forbidden),
        // Short of capacity: the key was recognised, unless a mere proxy spoke.
        ErrorClass::Overloaded if !is_server_status || provider == ProviderId::OpenRouter => Some(KeyStatus::Valid),
        ErrorClass::Overloaded | ErrorClass::ServerError | ErrorClass::Timeout
            if is_server_status || provider == ProviderId::XAi =>
        {
            Some(KeyStatus::Unreachable)
        }
        // The path is unknown, which says nothing about the key.
        ErrorClass::NotFound if provider == ProviderId::Custom && words == "not found" => Some(KeyStatus::Unverified),
        _ => None,
    }
}
