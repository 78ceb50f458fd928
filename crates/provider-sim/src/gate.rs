//! Who is at the door: the key of a call, and what the script says about it.

use std::time::Duration;

use http::HeaderMap;

use crate::doors::key_of;
use crate::script::{KeyState, Keys};
use crate::sim::State;
use crate::wire::Dialect;

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
