//! What an answer to a check says about the key. Decided by status, by code and
//! by a few words; the provider's sentences are not passed on, because they
//! echo parts of keys.

use domain::ProviderId;
use domain::attempt::ErrorClass;
use domain::credential::KeyStatus;
use http::HeaderMap;
use http::header::LOCATION;
use serde_json::Value;

use crate::wire::{anthropic, gemini};

/// How much of a body is looked at, in bytes.
const LOOKED_AT: usize = 16 * 1024;

/// What is known about a key now, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Its health.
    pub status: KeyStatus,
    /// The health in plain words.
    pub reason: String,
}

impl Verdict {
    pub(super) fn new(status: KeyStatus, reason: impl Into<String>) -> Self {
        Self { status, reason: reason.into() }
    }

    pub(super) fn valid(provider: ProviderId) -> Self {
        Self::new(KeyStatus::Valid, format!("{} accepted this key.", provider.display_name()))
    }
}

/// Judges an answer to a key check.
#[must_use]
pub fn verdict(provider: ProviderId, status: u16, headers: &HeaderMap, body: &[u8]) -> Verdict {
    let name = provider.display_name();
    let words = String::from_utf8_lossy(body.get(..LOOKED_AT).unwrap_or(body)).to_lowercase();
    let says = |word: &str| words.contains(word);
    match status {
        400.. if provider == ProviderId::Anthropic => anthropic(status, headers, body),
        400.. if provider == ProviderId::Google => google(status, headers, body),
        200..=299 if is_an_error(body) => no_word(name, "answered with an error"),
        200..=299 => Verdict::valid(provider),
        300..=399 => redirected(name, headers),
        400 if provider == ProviderId::XAi && says("incorrect api key") => invalid(provider),
        401 | 403 if provider == ProviderId::OpenAi && says("missing scopes") => Verdict::new(
            KeyStatus::Valid,
            "OpenAI accepted this key. It is restricted: it may chat, but it may not list models.",
        ),
        401 if says("mismatched_organization") => forbidden(name, "it belongs to another organization than asked for"),
        401 if provider == ProviderId::Azure && says("permissiondenied") => not_allowed(provider, &words),
        401 => invalid(provider),
        402 => no_credit(name),
        403 => not_allowed(provider, &words),
        404 | 405 => no_such_path(provider),
        412 if provider == ProviderId::Fireworks => no_credit(name),
        429 if says("insufficient_quota") => no_credit(name),
        429 | 498 if says("capacity") => Verdict::new(
            KeyStatus::Valid,
            format!("{name} recognised this key, but is short of capacity just now. Try again later."),
        ),
        429 => rate_limited(name),
        408 => no_word(name, "did not answer in time"),
        500..=599 => no_word(name, &format!("failed (HTTP {status})")),
        _ => unexpected(name, status),
    }
}

/// Anthropic tells no credit and an organization on hold by words inside.
fn anthropic(status: u16, headers: &HeaderMap, body: &[u8]) -> Verdict {
    let name = ProviderId::Anthropic.display_name();
    let error = anthropic::errors::read(ProviderId::Anthropic, status, headers, body);
    match error.key_status {
        Some(KeyStatus::Invalid) if status == 403 => {
            let reason = format!("{name} knows this key, but its organization is on hold. Change that at {name}.");
            Verdict::new(KeyStatus::Invalid, reason)
        }
        Some(KeyStatus::Invalid) => invalid(ProviderId::Anthropic),
        Some(KeyStatus::NoCredit) => no_credit(name),
        Some(KeyStatus::Forbidden) => forbidden(name, "the key lacks a right, or its workspace is restricted"),
        Some(KeyStatus::RateLimited) => rate_limited(name),
        _ if matches!(status, 404 | 405) => no_such_path(ProviderId::Anthropic),
        _ if status == 408 => no_word(name, "did not answer in time"),
        _ if status >= 500 => no_word(name, &format!("failed (HTTP {status})")),
        _ => unexpected(name, status),
    }
}

/// Google tells by the reason inside, not by the status: a wrong key is 400.
fn google(status: u16, headers: &HeaderMap, body: &[u8]) -> Verdict {
    let name = ProviderId::Google.display_name();
    let error = gemini::errors::read(ProviderId::Google, status, headers, body);
    match error.key_status {
        Some(KeyStatus::Invalid) => invalid(ProviderId::Google),
        Some(KeyStatus::NoCredit) => no_credit(name),
        Some(KeyStatus::Forbidden) if error.class == ErrorClass::Forbidden => {
            forbidden(name, "it does not serve the region this server calls from")
        }
        Some(KeyStatus::Forbidden) if error.code.as_deref() == Some("SERVICE_DISABLED") => {
            forbidden(name, "the Generative Language API is switched off in its project")
        }
        Some(KeyStatus::Forbidden) => forbidden(name, "it is restricted to other APIs, addresses or referrers"),
        Some(KeyStatus::RateLimited) => rate_limited(name),
        _ if status == 404 => no_such_path(ProviderId::Google),
        _ if status == 408 => no_word(name, "did not answer in time"),
        _ if status >= 500 => no_word(name, &format!("failed (HTTP {status})")),
        _ => unexpected(name, status),
    }
}

fn rate_limited(name: &str) -> Verdict {
    let reason = format!("{name} recognised this key, but it has made too many calls for now. Try again later.");
    Verdict::new(KeyStatus::RateLimited, reason)
}

fn unexpected(name: &str, status: u16) -> Verdict {
    let reason =
        format!("{name} answered the check in an unexpected way (HTTP {status}), which says nothing about the key.");
    Verdict::new(KeyStatus::Unverified, reason)
}

fn not_allowed(provider: ProviderId, words: &str) -> Verdict {
    let name = provider.display_name();
    match provider {
        // One source shows 403 where others show 401.
        ProviderId::Fireworks if words.contains("unauthorized") || words.contains("api key") => invalid(provider),
        ProviderId::XAi if words.contains("credits") || words.contains("licenses") => no_credit(name),
        ProviderId::XAi if words.contains("api key is") => invalid(provider),
        ProviderId::Custom | ProviderId::Ollama | ProviderId::LmStudio => invalid(provider),
        ProviderId::OpenAi if words.contains("unsupported_country") => {
            forbidden(name, "it does not serve the country this server calls from")
        }
        ProviderId::Azure if words.contains("firewall") || words.contains("virtual network") => {
            forbidden(name, "its firewall does not let this server in")
        }
        ProviderId::Azure => forbidden(name, "the role that may call models is missing"),
        _ => forbidden(name, "the key lacks a right, or its account is restricted"),
    }
}

fn invalid(provider: ProviderId) -> Verdict {
    let facts = provider.facts();
    let next = if provider == ProviderId::Azure {
        // It says the same of a key of another resource.
        "Check that key and endpoint are of the same resource, and enter both again.".to_owned()
    } else if facts.key_url.is_empty() {
        "Enter the key this server expects.".to_owned()
    } else {
        format!("Enter it again, or make a new one at {}.", facts.key_url)
    };
    let reason = format!("{} refused this key: it is wrong, revoked or expired. {next}", facts.display_name);
    Verdict::new(KeyStatus::Invalid, reason)
}

pub(super) fn no_credit(name: &str) -> Verdict {
    let reason =
        format!("{name} knows this key, but its account has no credit or has reached its limit. Add credit there.");
    Verdict::new(KeyStatus::NoCredit, reason)
}

pub(super) fn forbidden(name: &str, why: &str) -> Verdict {
    let reason = format!("{name} knows this key but does not let it call: {why}. Change that at {name}.");
    Verdict::new(KeyStatus::Forbidden, reason)
}

fn no_word(name: &str, what: &str) -> Verdict {
    let reason = format!("{name} {what}, which says nothing about the key. Try again later.");
    Verdict::new(KeyStatus::Unreachable, reason)
}

fn redirected(name: &str, headers: &HeaderMap) -> Verdict {
    let target = if headers.contains_key(LOCATION) { " Enter the address it leads to, if you trust it." } else { "" };
    let reason = format!("{name} sent the check elsewhere, and Ownkey follows no redirects with a key.{target}");
    Verdict::new(KeyStatus::Unverified, reason)
}

fn no_such_path(provider: ProviderId) -> Verdict {
    let reason = match provider {
        ProviderId::Custom => "This server has no model list, so the key cannot be checked without a paid call. \
                               It is kept and will be tried when it is used."
            .to_owned(),
        _ => format!(
            "There is no {} API at this base URL, so the key could not be checked. Correct the base URL.",
            provider.display_name()
        ),
    };
    Verdict::new(KeyStatus::Unverified, reason)
}

/// Some servers answer 200 and put the error into the body.
fn is_an_error(body: &[u8]) -> bool {
    let Ok(Value::Object(object)) = serde_json::from_slice(body) else { return false };
    object.get("error").is_some_and(|error| !error.is_null())
        && !object.contains_key("data")
        && !object.contains_key("models")
}

/// What OpenRouter's `/key` says.
pub(super) fn openrouter_key(body: &[u8]) -> Verdict {
    let name = ProviderId::OpenRouter.display_name();
    let document: Value = serde_json::from_slice(body).unwrap_or_default();
    let is_set = |flag: &str| document.pointer(flag).and_then(Value::as_bool).unwrap_or(false);
    if !document.get("data").is_some_and(Value::is_object) {
        return unreadable(name);
    }
    if is_set("/data/is_management_key") || is_set("/data/is_provisioning_key") {
        return forbidden(name, "it is a management key, which cannot chat");
    }
    if document.pointer("/data/limit_remaining").and_then(Value::as_f64).is_some_and(|left| left <= 0.0) {
        return no_credit(name);
    }
    Verdict::valid(ProviderId::OpenRouter)
}

/// What Hugging Face's router says to a chat without model and messages. That it
/// finds fault with the chat does not prove that it looked at the key first.
pub(super) fn huggingface_chat(status: u16, headers: &HeaderMap, body: &[u8]) -> Verdict {
    let words = String::from_utf8_lossy(body.get(..LOOKED_AT).unwrap_or(body)).to_lowercase();
    let is_about_the_chat = matches!(status, 400 | 422) || (status == 404 && words.contains("model"));
    if !is_about_the_chat {
        return verdict(ProviderId::HuggingFace, status, headers, body);
    }
    Verdict::new(
        KeyStatus::Unverified,
        "Hugging Face did not refuse this key, but proves keys only at another address, where Ownkey sends none. It is \
         kept and will be tried when it is used.",
    )
}

/// What xAI's `/api-key` says.
pub(super) fn xai_key(body: &[u8]) -> Verdict {
    let name = ProviderId::XAi.display_name();
    let Ok(Value::Object(key)) = serde_json::from_slice(body) else { return unreadable(name) };
    let is_set = |flag: &str| key.get(flag).and_then(Value::as_bool).unwrap_or(false);
    if is_set("api_key_blocked") || is_set("api_key_disabled") || is_set("team_blocked") {
        let reason =
            format!("{name} knows this key, but it or its team is blocked or disabled. Change that at {name}.");
        return Verdict::new(KeyStatus::Invalid, reason);
    }
    Verdict::valid(ProviderId::XAi)
}

pub(super) fn unreadable(name: &str) -> Verdict {
    let reason =
        format!("{name} answered the check with something Ownkey cannot read. Check that the base URL is its API.");
    Verdict::new(KeyStatus::Unverified, reason)
}
