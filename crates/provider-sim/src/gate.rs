//! Who is at the door: the key of a call, and what the script says about it.

use std::time::Duration;

use http::HeaderMap;

use crate::refusal::Refusal;
use crate::script::{KeyState, Keys};
use crate::sim::State;
use crate::wire::{Dialect, House, Wire};

/// A key as the provider sees it.
#[derive(Debug)]
pub(crate) enum Visitor {
    /// No key, where one is needed.
    Nobody,
    /// A key with this state; its shortened form for error texts.
    Holder(KeyState, String),
}

/// Judges the key of a call.
pub(crate) fn judge(state: &State, dialect: Dialect, headers: &HeaderMap) -> Visitor {
    let key = key_of(dialect, headers);
    let judged = match (&state.keys, key) {
        (Keys::NotNeeded, "") => return Visitor::Holder(KeyState::Valid, String::new()),
        (_, "") => return Visitor::Nobody,
        (Keys::Any | Keys::NotNeeded, _) => KeyState::Valid,
        (Keys::Listed(_), _) => KeyState::Invalid401,
        (Keys::ByName, key) => by_name(key),
    };
    let judged = state.key_states.get(key).cloned().unwrap_or(judged);
    Visitor::Holder(judged, shortened(key))
}

/// What a key's state forbids; `generates`: it is a call that costs.
pub(crate) fn turned_away<'a>(state: &KeyState, shown: &'a str, generates: bool) -> Option<Refusal<'a>> {
    match (state, generates) {
        (KeyState::Invalid401, _) => Some(Refusal::WrongKey(shown)),
        (KeyState::Blocked, _) => Some(Refusal::BlockedKey),
        (KeyState::RestrictedNoList403, false) => Some(Refusal::MissingScope),
        (KeyState::NoCredit429, true) => Some(Refusal::NoCredit),
        (KeyState::RateLimited { reset }, true) => Some(Refusal::RateLimited(*reset)),
        (KeyState::Failing(status), true) => Some(Refusal::Server(*status)),
        _ => None,
    }
}

/// The key of a call, where its wire and house keep it.
fn key_of(dialect: Dialect, headers: &HeaderMap) -> &str {
    let own = match (dialect.wire, dialect.house) {
        (Wire::Gemini, _) => "x-goog-api-key",
        (Wire::Messages, _) => "x-api-key",
        (_, House::Azure) => "api-key",
        _ => "",
    };
    let plain = headers.get(own).and_then(|value| value.to_str().ok()).unwrap_or("");
    let bearer = match headers.get(http::header::AUTHORIZATION).and_then(|value| value.to_str().ok()) {
        Some(value) => value.split_once(' ').filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer")),
        None => None,
    };
    match bearer {
        _ if !plain.is_empty() => plain,
        Some((_, key)) if dialect.wire != Wire::Gemini => key.trim(),
        _ => "",
    }
}

fn by_name(key: &str) -> KeyState {
    let says = |word: &str| key.contains(word);
    if says("invalid") {
        KeyState::Invalid401
    } else if says("no-credit") {
        KeyState::NoCredit429
    } else if says("restricted") {
        KeyState::RestrictedNoList403
    } else if says("limited") {
        KeyState::RateLimited { reset: Duration::from_secs(20) }
    } else if says("failing") {
        KeyState::Failing(503)
    } else if says("blocked") {
        KeyState::Blocked
    } else {
        KeyState::Valid
    }
}

/// The first eight and last four characters, as OpenAI's error texts show them.
fn shortened(key: &str) -> String {
    let length = key.chars().count();
    if length < 16 {
        return "****".to_owned();
    }
    let head: String = key.chars().take(8).collect();
    let tail: String = key.chars().skip(length - 4).collect();
    format!("{head}****…{tail}")
}
