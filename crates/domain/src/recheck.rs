//! When a key is checked again by itself: soon after it went bad, ever more
//! rarely while it stays so, and about once a day while it works. The daily
//! check is for its list of models too, which no call refreshes.

use std::time::Duration;

use crate::credential::KeyStatus;
use crate::ids::CredentialId;

/// After the first bad finding.
const FIRST: Duration = Duration::from_secs(60);

/// After the first refusal: a refused key rests for as long.
const FIRST_INVALID: Duration = Duration::from_secs(10 * 60);

/// However often it was bad.
const LONGEST: Duration = Duration::from_secs(6 * 3600);

/// While it works; with the spread, at most a day.
const WORKING: Duration = Duration::from_secs(20 * 3600);

/// Of a server on this network, in any state: people start and stop those, and
/// asking costs nothing.
pub const LOCAL: Duration = Duration::from_secs(25);

/// The spread: up to a fifth of the wait is added, by the key's id.
const SPREAD: u32 = 5;

/// How long until the next check of a key that was found to be `status`, the
/// `failures`th time in a row that it was not valid. `None`: no check can help.
#[must_use]
pub fn wait(status: KeyStatus, failures: u32, id: CredentialId) -> Option<Duration> {
    let nominal = match status {
        KeyStatus::Valid => WORKING,
        KeyStatus::Invalid => doubled(FIRST_INVALID, failures),
        KeyStatus::Unverified
        | KeyStatus::NoCredit
        | KeyStatus::RateLimited
        | KeyStatus::Unreachable
        | KeyStatus::Forbidden => doubled(FIRST, failures),
        // The text stays sealed however often it is tried.
        KeyStatus::Undecryptable => return None,
    };
    Some(nominal + share(nominal / SPREAD, id))
}

/// How long until the first check of a key that no schedule knows: a working one
/// at any time of the next day, so that not all are checked at once.
#[must_use]
pub fn first_wait(status: KeyStatus, id: CredentialId) -> Option<Duration> {
    match status {
        KeyStatus::Valid => Some(share(WORKING, id)),
        status => wait(status, 1, id),
    }
}

/// How many findings in a row were not valid, this one included.
#[must_use]
pub const fn failures(status: KeyStatus, before: u32) -> u32 {
    match status {
        KeyStatus::Valid => 0,
        _ => before.saturating_add(1),
    }
}

fn doubled(first: Duration, failures: u32) -> Duration {
    let doublings = failures.saturating_sub(1).min(16);
    first.saturating_mul(1 << doublings).min(LONGEST)
}

/// A part of `whole` that is the key's own.
fn share(whole: Duration, id: CredentialId) -> Duration {
    let bytes = id.0.as_bytes();
    // The last bytes of every kind of id are as good as random.
    whole * u32::from(u16::from_be_bytes([bytes[14], bytes[15]])) / u32::from(u16::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn id(last: u128) -> CredentialId {
        CredentialId(Uuid::from_u128(last))
    }

    fn minutes(status: KeyStatus, failures: u32) -> u64 {
        wait(status, failures, id(0)).unwrap().as_secs() / 60
    }

    #[test]
    fn a_bad_key_is_checked_ever_more_rarely() {
        let waits = |status| (1..=10).map(|failures| minutes(status, failures)).collect::<Vec<_>>();
        for status in [KeyStatus::Unverified, KeyStatus::Unreachable, KeyStatus::RateLimited, KeyStatus::NoCredit] {
            assert_eq!(waits(status), [1, 2, 4, 8, 16, 32, 64, 128, 256, 360]);
        }
        assert_eq!(waits(KeyStatus::Invalid), [10, 20, 40, 80, 160, 320, 360, 360, 360, 360]);
        assert_eq!(minutes(KeyStatus::Forbidden, u32::MAX), 360);
    }

    #[test]
    fn a_working_key_is_checked_about_once_a_day_and_a_sealed_one_never() {
        assert_eq!(minutes(KeyStatus::Valid, 0), 20 * 60);
        assert_eq!(wait(KeyStatus::Valid, 0, id(0xffff)), Some(Duration::from_secs(24 * 3600)));
        assert_eq!(wait(KeyStatus::Undecryptable, 1, id(0)), None);
    }

    #[test]
    fn two_keys_saved_together_are_not_checked_together() {
        let wait_of = |last| wait(KeyStatus::Invalid, 1, id(last)).unwrap();
        assert!(wait_of(0x1000) < wait_of(0x9000));
        assert!(wait_of(0xffff) <= Duration::from_secs(12 * 60), "never later than a fifth");
        let first = |last| first_wait(KeyStatus::Valid, id(last)).unwrap();
        assert!(first(0x1000) < Duration::from_secs(2 * 3600) && first(0xf000) > Duration::from_secs(18 * 3600));
    }

    #[test]
    fn only_a_valid_finding_ends_the_count() {
        assert_eq!(failures(KeyStatus::Unreachable, 3), 4);
        assert_eq!(failures(KeyStatus::Valid, 3), 0);
    }
}
