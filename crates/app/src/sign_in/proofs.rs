//! Who proved again a moment ago who they are. Kept in memory, for a browser's
//! session only: whoever holds another proof types their password each time.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use domain::caller::Proof;
use domain::ids::SessionId;
use domain::{Caller, Timestamp};

/// For how long a password counts as just typed.
pub const PROOF_LIFE: Duration = Duration::from_secs(5 * 60);

/// A proof that still counts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fresh {
    /// Until when.
    pub(crate) until: Timestamp,
    /// When the account was linked to where it was proven; `None`: it was the
    /// password.
    pub(crate) linked_at: Option<Timestamp>,
}

/// The sessions in which somebody proved again who they are.
#[derive(Debug, Default)]
pub(crate) struct Proofs(Mutex<HashMap<SessionId, Fresh>>);

impl Proofs {
    /// Notes that the caller typed their password at `now`.
    pub(crate) fn note(&self, caller: &Caller, now: Timestamp) {
        self.keep(caller, now, None);
    }

    /// Notes that the caller signed in anew, at `now`, where their account was
    /// linked at `linked_at`.
    pub(crate) fn note_elsewhere(&self, caller: &Caller, linked_at: Timestamp, now: Timestamp) {
        self.keep(caller, now, Some(linked_at));
    }

    fn keep(&self, caller: &Caller, now: Timestamp, linked_at: Option<Timestamp>) {
        let Proof::WebSession(session) = &caller.proof else { return };
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|_, fresh| fresh.until > now);
        kept.insert(*session, Fresh { until: now.plus(PROOF_LIFE), linked_at });
    }

    /// The caller's proof, when it was a moment ago.
    pub(crate) fn of(&self, caller: &Caller, now: Timestamp) -> Option<Fresh> {
        let Proof::WebSession(session) = &caller.proof else { return None };
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.get(session).copied().filter(|fresh| fresh.until > now)
    }
}
