//! Rates: how many calls, and how many tokens of text, in each minute of the
//! clock.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

const MINUTE: i64 = 60_000_000;

/// What is let through in a minute; `None`: no limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Rates {
    /// Calls.
    pub requests: Option<u64>,
    /// Tokens of questions and answers.
    pub tokens: Option<u64>,
}

impl Rates {
    /// Whether nothing is limited.
    #[must_use]
    pub const fn is_none(&self) -> bool {
        self.requests.is_none() && self.tokens.is_none()
    }
}

/// What was let through in one minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Counted {
    minute: i64,
    requests: u64,
    tokens: u64,
}

/// One limit, and what is left of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Left {
    /// The most in a minute.
    pub limit: u64,
    /// What may still come in this one.
    pub remaining: u64,
}

/// How the limits stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Of calls.
    pub requests: Option<Left>,
    /// Of tokens.
    pub tokens: Option<Left>,
    /// When the next minute begins.
    pub resets_at: Timestamp,
    /// How long that is from now.
    pub wait: Duration,
}

/// Which limit a call exceeds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exceeded {
    /// That of calls.
    Requests,
    /// That of tokens.
    Tokens,
}

impl Counted {
    /// What somebody else counted in the minute of `now`.
    #[must_use]
    pub const fn elsewhere(requests: u64, tokens: u64, now: Timestamp) -> Self {
        Self { minute: minute_of(now), requests, tokens }
    }

    /// Lets a call with a question of so many tokens through, or says which limit
    /// it exceeds. A refused call counts for nothing.
    ///
    /// # Errors
    /// The limit, and how all of them stand.
    pub fn take(&mut self, rates: Rates, tokens: u64, now: Timestamp) -> Result<Standing, (Exceeded, Standing)> {
        self.check(rates, tokens, now)?;
        self.requests = self.requests.saturating_add(1);
        self.tokens = self.tokens.saturating_add(tokens);
        Ok(self.standing(rates, now))
    }

    /// As [`Counted::take`], and counts nothing.
    ///
    /// # Errors
    /// The limit, and how all of them stand.
    pub fn check(&mut self, rates: Rates, tokens: u64, now: Timestamp) -> Result<(), (Exceeded, Standing)> {
        self.turn(now);
        if rates.requests.is_some_and(|limit| self.requests >= limit) {
            return Err((Exceeded::Requests, self.standing(rates, now)));
        }
        // The first of a minute passes however long it is: it would never fit.
        if rates.tokens.is_some_and(|limit| self.tokens > 0 && self.tokens.saturating_add(tokens) > limit) {
            return Err((Exceeded::Tokens, self.standing(rates, now)));
        }
        Ok(())
    }

    /// Puts what a call came to in place of what its question was thought to be.
    pub fn correct(&mut self, thought: u64, came_to: u64, now: Timestamp) {
        self.turn(now);
        self.tokens = self.tokens.saturating_add(came_to).saturating_sub(thought);
    }

    /// Whether it counts nothing of the minute of `now`.
    #[must_use]
    pub const fn is_past(&self, now: Timestamp) -> bool {
        self.minute != minute_of(now)
    }

    const fn turn(&mut self, now: Timestamp) {
        if self.is_past(now) {
            *self = Self { minute: minute_of(now), requests: 0, tokens: 0 };
        }
    }

    /// How the limits stand.
    #[must_use]
    pub fn standing(&self, rates: Rates, now: Timestamp) -> Standing {
        let resets_at = Timestamp::from_micros((self.minute + 1).saturating_mul(MINUTE));
        let left =
            |limit: Option<u64>, used: u64| limit.map(|limit| Left { limit, remaining: limit.saturating_sub(used) });
        Standing {
            requests: left(rates.requests, self.requests),
            tokens: left(rates.tokens, self.tokens),
            resets_at,
            wait: resets_at.since(now),
        }
    }
}

/// The number of the minute that a time is in.
#[must_use]
pub const fn minute_of(now: Timestamp) -> i64 {
    now.as_micros().div_euclid(MINUTE)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_seconds(6_000 + second)
    }

    #[test]
    fn calls_pass_until_the_limit_and_again_in_the_next_minute() {
        let (mut counted, rates) = (Counted::default(), Rates { requests: Some(2), tokens: None });
        let left = |remaining| Some(Left { limit: 2, remaining });
        for (second, remaining) in [(0, 1), (59, 0)] {
            let standing = counted.take(rates, 1_000, at(second)).unwrap();
            assert_eq!((standing.requests, standing.tokens, standing.resets_at), (left(remaining), None, at(60)));
        }
        let (exceeded, standing) = counted.take(rates, 1, at(59)).unwrap_err();
        assert_eq!((exceeded, standing.requests, standing.wait), (Exceeded::Requests, left(0), Duration::from_secs(1)));
        assert_eq!(counted.take(rates, 1, at(60)).unwrap().requests, left(1));
    }

    #[test]
    fn tokens_count_as_thought_until_the_answer_is_there() {
        let (mut counted, rates) = (Counted::default(), Rates { requests: None, tokens: Some(100) });
        let tokens = |standing: Standing| standing.tokens.map(|left| left.remaining);
        assert_eq!(counted.take(rates, 30, at(0)).map(tokens), Ok(Some(70)));
        counted.correct(30, 95, at(1));
        let (exceeded, standing) = counted.take(rates, 6, at(2)).unwrap_err();
        assert_eq!((exceeded, tokens(standing)), (Exceeded::Tokens, Some(5)));
        assert_eq!(counted.take(rates, 5, at(2)).map(tokens), Ok(Some(0)));
        // An answer of the minute before counts where it ends.
        counted.correct(5, 5, at(61));
        assert_eq!(counted.take(rates, 500, at(61)).map(tokens), Ok(Some(0)), "the first of a minute");
        assert!(counted.take(rates, 1, at(62)).is_err());
    }

    #[test]
    fn without_limits_everything_passes() {
        let mut counted = Counted::default();
        assert!(Rates::default().is_none());
        for _ in 0..1_000 {
            assert!(counted.take(Rates::default(), u64::MAX, at(0)).is_ok());
        }
    }
}
