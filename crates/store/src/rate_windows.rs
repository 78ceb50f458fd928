//! Windows of rates that nodes share, in Redis or Valkey: one atomic script for
//! each admission. What is there may be lost at any time, and holds nothing but
//! counters under hashed names that expire.
//!
//! Nobody waits for it longer than [`PATIENCE`]; while it is away every question
//! is answered so at once, and whoever looks after it connects anew.

mod address;
mod line;

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use domain::Timestamp;
use domain::ids::TokenId;
use domain::limit::{Counted, Exceeded, Rates, minute_of};
use redis::aio::MultiplexedConnection;
use rustls_pki_types::CertificateDer;
use sha2::{Digest, Sha256};
use thiserror::Error;
use tokio::sync::Notify;
use tokio::time::timeout;

pub use address::{Address, AddressProblem};

/// How long an answer may take before the call goes on without it.
pub const PATIENCE: Duration = Duration::from_millis(250);

/// How long a new connection may take, beside the calls.
const CONNECTING: Duration = Duration::from_secs(2);

/// For how long a window is kept: its minute, and one for clocks that differ.
const KEPT: Duration = Duration::from_secs(120);

/// The script language counts in floating point, exactly up to here.
const MOST: u64 = 1 << 52;

/// Checks and counts as [`Counted::take`] does.
const TAKE: &str = "\
local used = redis.call('HMGET', KEYS[1], 'r', 't')
local calls, tokens = tonumber(used[1] or 0), tonumber(used[2] or 0)
local most_calls, most_tokens, asked = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
if most_calls >= 0 and calls >= most_calls then return {1, calls, tokens} end
if most_tokens >= 0 and tokens > 0 and tokens + asked > most_tokens then return {2, calls, tokens} end
calls = redis.call('HINCRBY', KEYS[1], 'r', 1)
tokens = redis.call('HINCRBY', KEYS[1], 't', ARGV[3])
redis.call('PEXPIRE', KEYS[1], ARGV[4])
return {0, calls, tokens}";

/// Corrects as [`Counted::correct`] does.
const CORRECT: &str = "\
if redis.call('HINCRBY', KEYS[1], 't', ARGV[1]) < 0 then redis.call('HSET', KEYS[1], 't', 0) end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return 0";

/// The windows are out of reach. `Display` says why, to follow a “because”; it
/// repeats nothing of what was sent or answered.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct Away(pub(crate) String);

/// The windows.
pub struct RateWindows {
    address: Address,
    roots: Vec<CertificateDer<'static>>,
    line: Mutex<Option<MultiplexedConnection>>,
    lost: Notify,
}

impl RateWindows {
    /// The windows at `address`, whose certificate may also be signed by one of
    /// `roots`. Not connected yet.
    #[must_use]
    pub fn new(address: Address, roots: Vec<CertificateDer<'static>>) -> Self {
        Self { address, roots, line: Mutex::new(None), lost: Notify::new() }
    }

    /// Where they are, without a password.
    #[must_use]
    pub const fn address(&self) -> &Address {
        &self.address
    }

    /// Whether the last that was heard of them was good.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        self.line().is_some()
    }

    /// Resolves when the line was lost since the last time.
    pub async fn lost(&self) {
        self.lost.notified().await;
    }

    /// Asks whether they answer; connects anew where there is no line.
    ///
    /// # Errors
    /// They do not.
    pub async fn look(&self) -> Result<(), Away> {
        if self.is_connected() {
            return self.try_out().await;
        }
        let connected = timeout(CONNECTING, line::connect(&self.address, &self.roots)).await;
        let connection = connected.map_err(|_| Away("it does not answer in time".to_owned()))??;
        *self.line.lock().unwrap_or_else(PoisonError::into_inner) = Some(connection);
        self.try_out().await
    }

    /// Does what calls will do: one that may only read, or runs no scripts, is no
    /// place for windows.
    async fn try_out(&self) -> Result<(), Away> {
        let mut ask = redis::cmd("EVAL");
        ask.arg(TAKE).arg(1).arg("ownkey:rates:trial").arg(-1).arg(-1).arg(0).arg(kept_ms());
        self.ask::<(i64, i64, i64)>(&ask).await.map(|_| ())
    }

    /// Lets a call of `token` through, or says which limit it exceeds; and what is
    /// counted by now.
    ///
    /// # Errors
    /// Out of reach. It may have been counted all the same.
    pub async fn take(
        &self,
        token: TokenId,
        rates: Rates,
        tokens: u64,
        now: Timestamp,
    ) -> Result<(Option<Exceeded>, Counted), Away> {
        let most = |limit: Option<u64>| limit.map_or(-1, number);
        let mut ask = script(TAKE, token, now);
        ask.arg(most(rates.requests)).arg(most(rates.tokens)).arg(number(tokens)).arg(kept_ms());
        let (outcome, calls, tokens): (i64, i64, i64) = self.ask(&ask).await?;
        let exceeded = match outcome {
            0 => None,
            1 => Some(Exceeded::Requests),
            _ => Some(Exceeded::Tokens),
        };
        let count = |number: i64| u64::try_from(number).unwrap_or(0);
        Ok((exceeded, Counted::elsewhere(count(calls), count(tokens), now)))
    }

    /// Puts what a call came to in place of what its question was thought to be.
    ///
    /// # Errors
    /// Out of reach.
    pub async fn correct(&self, token: TokenId, thought: u64, came_to: u64, now: Timestamp) -> Result<(), Away> {
        let mut ask = script(CORRECT, token, now);
        ask.arg(number(came_to) - number(thought)).arg(kept_ms());
        self.ask::<i64>(&ask).await.map(|_| ())
    }

    /// Asks on the line there is; whatever goes wrong ends that line.
    async fn ask<T: redis::FromRedisValue>(&self, command: &redis::Cmd) -> Result<T, Away> {
        let Some(mut line) = self.line() else { return Err(Away("it does not answer".to_owned())) };
        let problem = match timeout(PATIENCE, command.query_async(&mut line)).await {
            Ok(Ok(answer)) => return Ok(answer),
            Ok(Err(error)) => line::told(&error),
            Err(_) => Away("it does not answer in time".to_owned()),
        };
        *self.line.lock().unwrap_or_else(PoisonError::into_inner) = None;
        self.lost.notify_one();
        Err(problem)
    }

    fn line(&self) -> Option<MultiplexedConnection> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// A script about the window of `token` that `now` is in.
fn script(text: &str, token: TokenId, now: Timestamp) -> redis::Cmd {
    let mut command = redis::cmd("EVAL");
    command.arg(text).arg(1).arg(name(token, now));
    command
}

/// The window's name: nobody learns from it which token that is.
fn name(token: TokenId, now: Timestamp) -> String {
    let hash = Sha256::digest(token.to_string().as_bytes());
    let short: String = hash.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    format!("ownkey:rates:{short}:{}", minute_of(now))
}

fn number(count: u64) -> i64 {
    i64::try_from(count.min(MOST)).unwrap_or(i64::MAX)
}

fn kept_ms() -> u64 {
    u64::try_from(KEPT.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_windows_name_tells_nothing_and_each_minute_has_its_own() {
        let token: TokenId = "01936a3e-0000-7000-8000-000000000001".parse().unwrap();
        let (first, same, next) = (Timestamp::from_seconds(60), Timestamp::from_seconds(119), 120);
        let named = name(token, first);
        assert!(named.starts_with("ownkey:rates:") && named.ends_with(":1"), "{named}");
        assert!(!named.contains("01936a3e"), "{named}");
        assert_eq!(named, name(token, same));
        assert_ne!(named, name(token, Timestamp::from_seconds(next)));
    }

    #[tokio::test]
    async fn where_nobody_is_nothing_is_waited_for() {
        let windows = RateWindows::new(Address::parse("redis://127.0.0.1:1").unwrap(), Vec::new());
        let token: TokenId = "01936a3e-0000-7000-8000-000000000001".parse().unwrap();
        let rates = Rates { requests: Some(1), tokens: None };
        assert!(windows.take(token, rates, 1, Timestamp::from_seconds(0)).await.is_err(), "no line was made for it");
        let problem = windows.look().await.unwrap_err();
        assert!(problem.to_string().contains("refused"), "{problem}");
        assert!(!windows.is_connected());
    }
}
