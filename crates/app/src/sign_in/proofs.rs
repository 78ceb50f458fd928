//! Who typed their password again a moment ago. Kept in memory, for a browser's
//! session only: whoever holds another proof types it each time.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use domain::caller::Proof;
use domain::ids::SessionId;
use domain::{Caller, Timestamp};

/// For how long a password counts as just typed.
pub const PROOF_LIFE: Duration = Duration::from_secs(5 * 60);

/// The sessions in which a password was typed again, and until when that counts.
#[derive(Debug, Default)]
pub(crate) struct Proofs(Mutex<HashMap<SessionId, Timestamp>>);

impl Proofs {
    /// Notes that the caller typed their password at `now`.
    pub(crate) fn note(&self, caller: &Caller, now: Timestamp) {
        let Proof::WebSession(session) = &caller.proof else { return };
        let mut until = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        until.retain(|_, end| *end > now);
        until.insert(*session, now.plus(PROOF_LIFE));
    }

    /// Whether that was a moment ago.
    pub(crate) fn holds(&self, caller: &Caller, now: Timestamp) -> bool {
        let Proof::WebSession(session) = &caller.proof else { return false };
        let until = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        until.get(session).is_some_and(|end| *end > now)
    }
}
