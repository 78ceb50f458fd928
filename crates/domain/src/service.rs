//! What a caller's keys tell about a provider, in one word.

use crate::credential::KeyStatus;

/// How a provider or a local service does for one caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ServiceState {
    /// It works.
    Operational,
    /// It answers, and some key that should work does not.
    Degraded,
    /// It cannot be reached.
    Unreachable,
    /// There is no key to call it with.
    NoKey,
    /// Nothing was learnt yet.
    Unknown,
}

crate::text_enum!(ServiceState, "state" {
    Operational => "operational",
    Degraded => "degraded",
    Unreachable => "unreachable",
    NoKey => "no_key",
    Unknown => "unknown",
});

impl ServiceState {
    /// Whether the provider answers at all; `None`: nobody knows.
    #[must_use]
    pub const fn is_reachable(self) -> Option<bool> {
        match self {
            Self::Operational | Self::Degraded => Some(true),
            Self::Unreachable => Some(false),
            Self::NoKey | Self::Unknown => None,
        }
    }
}

/// Whether a key in this state is one that should work and does not.
#[must_use]
pub const fn is_failing(status: KeyStatus) -> bool {
    !matches!(status, KeyStatus::Valid | KeyStatus::Unverified)
}

/// The state that the keys in use (switched on, not expired) tell.
#[must_use]
pub fn state_of(keys: &[KeyStatus]) -> ServiceState {
    let any = |wanted: fn(KeyStatus) -> bool| keys.iter().copied().any(wanted);
    if keys.is_empty() {
        ServiceState::NoKey
    } else if any(|status| status == KeyStatus::Valid) {
        if any(is_failing) { ServiceState::Degraded } else { ServiceState::Operational }
    } else if any(|status| is_failing(status) && !tells_nothing(status)) {
        ServiceState::Degraded
    } else if any(|status| status == KeyStatus::Unreachable) {
        ServiceState::Unreachable
    } else {
        ServiceState::Unknown
    }
}

/// States in which the provider said nothing about the key.
const fn tells_nothing(status: KeyStatus) -> bool {
    matches!(status, KeyStatus::Unverified | KeyStatus::Unreachable | KeyStatus::Undecryptable)
}

#[cfg(test)]
mod tests {
    use super::*;
    use KeyStatus::{Invalid, NoCredit, RateLimited, Undecryptable, Unreachable, Unverified, Valid};

    #[test]
    fn the_keys_in_use_tell_the_state() {
        for (keys, state) in [
            (&[][..], ServiceState::NoKey),
            (&[Valid], ServiceState::Operational),
            (&[Valid, Unverified], ServiceState::Operational),
            (&[Valid, Invalid], ServiceState::Degraded),
            (&[Valid, Unreachable], ServiceState::Degraded),
            (&[NoCredit], ServiceState::Degraded),
            (&[RateLimited, Unreachable], ServiceState::Degraded),
            (&[Unreachable, Unverified], ServiceState::Unreachable),
            (&[Unverified], ServiceState::Unknown),
            (&[Undecryptable], ServiceState::Unknown),
        ] {
            assert_eq!(state_of(keys), state, "{keys:?}");
        }
    }
}
