//! How long a key is left alone at a model after its provider said “too many”:
//! as long as the provider says, and otherwise longer each time.

use std::time::Duration;

use crate::attempt::ErrorClass;
use crate::time::Timestamp;

/// The first wait where the provider names none.
const FIRST: Duration = Duration::from_secs(1);

/// The longest wait where the provider names none.
const LONGEST: Duration = Duration::from_secs(60);

/// The longest wait a provider may ask for.
const LONGEST_ASKED: Duration = Duration::from_secs(86_400);

/// A day, in seconds.
const DAY_SECONDS: i64 = 86_400;

/// Midnight of Pacific standard time, in seconds of the day in UTC.
const MIDNIGHT_UTC_SECONDS: i64 = 8 * 3_600;

/// What is remembered of a limit that a key met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CoolDown {
    /// What the provider said: a limit of the key, or no capacity for it.
    pub class: ErrorClass,
    /// When it may be called again.
    pub until: Timestamp,
    /// How often in a row no time was named.
    pub guesses: u32,
}

impl CoolDown {
    /// What is to be remembered when a limit is met at `now`, after `before` and
    /// with the wait that the provider asked for. Never ends before `before` does.
    #[must_use]
    pub fn after(before: Option<Self>, class: ErrorClass, asked: Option<Duration>, now: Timestamp) -> Self {
        let guesses = before.map_or(0, |before| before.guesses);
        let is_over = before.is_none_or(|before| before.until <= now);
        let (wait, guesses) = match asked.filter(|asked| !asked.is_zero()) {
            Some(asked) => (asked.min(LONGEST_ASKED), guesses),
            // Calls that were under way together met the same limit: one guess.
            None if !is_over && guesses > 0 => (Duration::ZERO, guesses),
            None => (guess(guesses), guesses.saturating_add(1)),
        };
        let until = before.map_or(now, |before| before.until).max(now.plus(wait));
        Self { class, until, guesses }
    }

    /// How long is left of it at `now`; `None` when it is over.
    #[must_use]
    pub fn left(&self, now: Timestamp) -> Option<Duration> {
        (now < self.until).then(|| self.until.since(now))
    }
}

/// How long until a daily quota of Google's returns: until midnight of Pacific
/// standard time. In summer that is an hour late; an hour early would be a call
/// in vain, and another day's wait.
#[must_use]
pub fn until_googles_midnight(now: Timestamp) -> Duration {
    let passed = (now.as_seconds() - MIDNIGHT_UTC_SECONDS).rem_euclid(DAY_SECONDS);
    Duration::from_secs((DAY_SECONDS - passed).unsigned_abs())
}

/// 1 s, doubled each time, at most a minute.
fn guess(earlier: u32) -> Duration {
    FIRST.saturating_mul(1_u32.checked_shl(earlier).unwrap_or(u32::MAX)).min(LONGEST)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(seconds)
    }

    fn met(before: Option<CoolDown>, asked: Option<u64>, now: i64) -> CoolDown {
        CoolDown::after(before, ErrorClass::RateLimited, asked.map(Duration::from_secs), at(now))
    }

    #[test]
    fn the_providers_own_time_counts() {
        assert_eq!(met(None, Some(30), 100).until, at(130));
        assert_eq!(met(None, Some(1_000_000), 0).until, at(86_400));
        assert_eq!(met(None, Some(30), 100).left(at(129)), Some(Duration::from_secs(1)));
        assert_eq!(met(None, Some(30), 100).left(at(130)), None);
    }

    #[test]
    fn a_time_that_was_not_named_is_guessed_longer_each_time() {
        let (mut now, mut before, mut waits) = (1_000, None, Vec::new());
        for _ in 0..9 {
            let cool_down = met(before, None, now);
            let left = cool_down.left(at(now)).map_or(0, |left| left.as_secs() as i64);
            waits.push(left);
            now += left;
            before = Some(cool_down);
        }
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60, 60]);
        assert_eq!(met(None, Some(0), 7).until, at(8), "no wait at all is no time named");
    }

    #[test]
    fn calls_that_were_under_way_together_are_one_guess() {
        let first = met(None, None, 100);
        assert_eq!(met(Some(first), None, 100), first);
        assert_eq!(met(Some(first), None, 101).until, at(103));
    }

    #[test]
    fn a_shorter_wait_never_ends_a_longer_one() {
        let long = met(None, Some(60), 100);
        assert_eq!(met(Some(long), Some(5), 110).until, at(160));
        assert_eq!(met(Some(long), None, 110).until, at(160));
        assert_eq!(met(Some(long), Some(5), 200).until, at(205));
    }

    #[test]
    fn googles_day_ends_at_eight_in_utc() {
        let day = 20_000 * DAY_SECONDS;
        for (hour, left) in [(0, 8), (7, 1), (8, 24), (9, 23), (23, 9)] {
            let now = at(day + hour * 3_600);
            assert_eq!(until_googles_midnight(now), Duration::from_secs(left * 3_600), "{hour}");
        }
        assert_eq!(until_googles_midnight(at(day + 8 * 3_600 - 1)), Duration::from_secs(1));
    }

    proptest! {
        #[test]
        fn a_limit_is_remembered_for_a_second_to_a_day(asked in proptest::option::of(0_u64..200_000), earlier in 0_u32..70, now in 0_i64..1_000_000) {
            let before = (earlier > 0).then_some(CoolDown { class: ErrorClass::RateLimited, until: at(now - 1), guesses: earlier });
            let left = met(before, asked, now).left(at(now)).unwrap();
            prop_assert!(left >= Duration::from_secs(1) && left <= LONGEST_ASKED);
        }
    }
}
