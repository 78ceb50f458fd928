//! Which class a failure belongs to, and what it says about the key. Rules from
//! the most telling to the least: the reason, a few words, the status.

use domain::attempt::ErrorClass;
use domain::credential::KeyStatus;

use super::shape::Shape;

/// What a failure means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Verdict {
    pub(super) class: ErrorClass,
    pub(super) key_status: Option<KeyStatus>,
}

/// Reasons that mean the same whatever the status.
const REASONS: [(&str, ErrorClass); 12] = [
    ("API_KEY_INVALID", ErrorClass::InvalidKey),
    ("API_KEY_EXPIRED", ErrorClass::InvalidKey),
    ("ACCESS_TOKEN_EXPIRED", ErrorClass::InvalidKey),
    ("CONSUMER_INVALID", ErrorClass::InvalidKey),
    ("API_KEY_SERVICE_BLOCKED", ErrorClass::KeyLimited),
    ("API_KEY_HTTP_REFERRER_BLOCKED", ErrorClass::KeyLimited),
    ("API_KEY_IP_ADDRESS_BLOCKED", ErrorClass::KeyLimited),
    ("API_KEY_ANDROID_APP_BLOCKED", ErrorClass::KeyLimited),
    ("API_KEY_IOS_APP_BLOCKED", ErrorClass::KeyLimited),
    ("SERVICE_DISABLED", ErrorClass::KeyLimited),
    ("CONSUMER_SUSPENDED", ErrorClass::KeyLimited),
    ("BILLING_DISABLED", ErrorClass::NoCredit),
];

/// The verdict on a failure. Without a status of its own, or with 200, the code
/// inside stands in for one.
pub(super) fn classify(status: Option<u16>, shape: &Shape) -> Verdict {
    let is_inside = status.is_none_or(|status| status < 400);
    let inner = shape.code.filter(|code| (400..600).contains(code));
    let effective = if is_inside { inner.unwrap_or(500) } else { status.unwrap_or(500) };
    let words = shape.message.as_deref().unwrap_or_default().to_ascii_lowercase();
    let by_reason = shape
        .reason
        .as_deref()
        .and_then(|reason| REASONS.iter().find(|(name, _)| *name == reason).map(|(_, class)| *class));
    let class = by_reason.or_else(|| by_words(effective, shape, &words)).unwrap_or_else(|| by_status(effective, shape));
    Verdict { class, key_status: key_status(status.filter(|_| !is_inside), class) }
}

fn by_words(status: u16, shape: &Shape, words: &str) -> Option<ErrorClass> {
    let says = |any: &[&str]| any.iter().any(|word| words.contains(word));
    let is_precondition = shape.status.as_deref() == Some("FAILED_PRECONDITION");
    match status {
        400 if says(&["api key not valid", "api key expired", "api key invalid"]) => Some(ErrorClass::InvalidKey),
        400 | 403 if says(&["location is not supported", "your country", "region is not supported"]) => {
            Some(ErrorClass::Forbidden)
        }
        400 if is_precondition && says(&["location", "region", "country", "billing"]) => Some(ErrorClass::Forbidden),
        400 | 413 if says(&["token count", "tokens allowed"]) && says(&["exceed"]) => Some(ErrorClass::ContextTooLong),
        403 if says(&["unregistered callers", "leaked", "without established identity"]) => {
            Some(ErrorClass::InvalidKey)
        }
        402 | 403 | 429 if says(&["credits are depleted", "prepay", "prepaid", "out of credit", "no credit"]) => {
            Some(ErrorClass::NoCredit)
        }
        _ => None,
    }
}

fn by_status(status: u16, shape: &Shape) -> ErrorClass {
    match status {
        401 => ErrorClass::InvalidKey,
        402 => ErrorClass::NoCredit,
        403 => ErrorClass::KeyLimited,
        404 | 410 => ErrorClass::NotFound,
        408 | 504 => ErrorClass::Timeout,
        413 => ErrorClass::TooLarge,
        429 if shape.is_quota_gone => ErrorClass::QuotaExhausted,
        429 => ErrorClass::RateLimited,
        451 => ErrorClass::Forbidden,
        503 | 529 => ErrorClass::Overloaded,
        500.. => ErrorClass::ServerError,
        _ => ErrorClass::BadRequest,
    }
}

/// What a key check would store; nothing, when the failure is not the key's, or
/// came after the key was taken.
fn key_status(status: Option<u16>, class: ErrorClass) -> Option<KeyStatus> {
    match class {
        ErrorClass::InvalidKey => Some(KeyStatus::Invalid),
        ErrorClass::NoCredit => Some(KeyStatus::NoCredit),
        ErrorClass::RateLimited | ErrorClass::QuotaExhausted => Some(KeyStatus::RateLimited),
        ErrorClass::KeyLimited | ErrorClass::Forbidden => Some(KeyStatus::Forbidden),
        ErrorClass::Overloaded | ErrorClass::ServerError | ErrorClass::Timeout => {
            status.filter(|status| *status >= 500).map(|_| KeyStatus::Unreachable)
        }
        _ => None,
    }
}
