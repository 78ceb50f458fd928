//! Which of several good keys serves a call: always the first, each in turn, or
//! the one that did least. A conversation keeps its key while it is usable,
//! because the provider's cache of its prompt belongs to that key.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::credential::Scope;
use crate::ids::CredentialId;
use crate::time::Timestamp;

/// How calls are spread over the keys of one provider and owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Spread {
    /// The primary serves; the others step in when it fails.
    #[default]
    Primary,
    /// Each in turn.
    RoundRobin,
    /// The one that served the fewest calls lately.
    LeastUsed,
}

crate::text_enum!(Spread, "spread" {
    Primary => "primary",
    RoundRobin => "round_robin",
    LeastUsed => "least_used",
});

/// Whose turn it is.
#[derive(Clone, Copy, Debug, Default)]
pub struct Turn<'a> {
    /// How calls are spread.
    pub spread: Spread,
    /// How many calls came before this one.
    pub count: u64,
    /// What all calls of one conversation have in common.
    pub conversation: Option<&'a str>,
}

/// Whose turn it is in each scope.
#[derive(Clone, Copy, Debug, Default)]
pub struct Turns<'a> {
    /// Among a person's keys.
    pub personal: Turn<'a>,
    /// Among an organization's keys.
    pub organization: Turn<'a>,
    /// Among the server's keys.
    pub system: Turn<'a>,
}

impl<'a> Turns<'a> {
    /// The turn of one scope.
    #[must_use]
    pub const fn of(&self, scope: Scope) -> Turn<'a> {
        match scope {
            Scope::Personal => self.personal,
            Scope::Organization => self.organization,
            Scope::System => self.system,
        }
    }
}

/// A usable key, and how much it did lately.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Contender {
    /// The key.
    pub credential: CredentialId,
    /// What it did lately; see [`Tally`].
    pub used: u64,
}

/// Brings `keys`, which come in the order of their ranks, into the order in
/// which they are to be tried.
pub fn order(keys: &mut [Contender], turn: Turn<'_>) {
    if keys.len() < 2 || turn.spread == Spread::Primary {
        return;
    }
    match (turn.conversation, turn.spread) {
        (Some(conversation), _) => {
            keys.sort_by_cached_key(|key| std::cmp::Reverse(attachment(conversation, key.credential)));
        }
        (None, Spread::LeastUsed) => keys.sort_by_key(|key| key.used),
        (None, _) => {
            let places = keys.len() as u64;
            keys.rotate_left((turn.count % places) as usize);
        }
    }
}

/// How strongly a conversation holds to a key: the highest wins. It depends on
/// the two alone, so a key that comes or goes moves no other conversation.
fn attachment(conversation: &str, key: CredentialId) -> u128 {
    Uuid::new_v5(&key.0, conversation.as_bytes()).as_u128()
}

/// After this time a call counts half.
const HALF_LIFE: Duration = Duration::from_secs(600);

/// What a call counts when it is made.
const ONE_CALL: u64 = 1 << 20;

/// How much a key did lately: calls, each worth less as time passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tally {
    weight: u64,
    since: Timestamp,
}

impl Tally {
    /// Nothing, from `now` on.
    #[must_use]
    pub const fn starting(now: Timestamp) -> Self {
        Self { weight: 0, since: now }
    }

    /// What it comes to at `now`.
    #[must_use]
    pub fn at(self, now: Timestamp) -> u64 {
        let halvings = now.since(self.since).as_secs() / HALF_LIFE.as_secs();
        self.weight.checked_shr(u32::try_from(halvings).unwrap_or(u32::MAX)).unwrap_or(0)
    }

    /// One call more.
    pub fn add(&mut self, now: Timestamp) {
        let halvings = now.since(self.since).as_secs() / HALF_LIFE.as_secs();
        self.weight = self.at(now).saturating_add(ONE_CALL);
        let passed = Duration::from_secs(halvings.saturating_mul(HALF_LIFE.as_secs()));
        self.since = self.since.plus(passed);
    }
}

#[cfg(test)]
mod tests;
