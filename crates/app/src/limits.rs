//! Rates of gateway tokens: how many calls and tokens of text a minute this node
//! lets through. Each node counts for itself.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use domain::ids::TokenId;
use domain::limit::{Counted, Exceeded, Rates, Standing};
use domain::usage::estimated_tokens;
use domain::{Caller, Timestamp};

use crate::App;
use crate::error::{Code, Details, Error, Result};

/// From so many tokens on, those that did nothing in this minute are forgotten.
const KEPT: usize = 10_000;

/// What was let through in this minute, token by token.
#[derive(Debug, Default)]
pub(crate) struct Limits(Mutex<HashMap<TokenId, Counted>>);

impl Limits {
    /// Puts what a call came to in place of what its question was thought to be.
    pub(crate) fn correct(&self, token: TokenId, thought: u64, came_to: u64, now: Timestamp) {
        if let Some(counted) = self.counted().get_mut(&token) {
            counted.correct(thought, came_to, now);
        }
    }

    fn take(
        &self,
        token: TokenId,
        rates: Rates,
        tokens: u64,
        now: Timestamp,
    ) -> std::result::Result<Standing, (Exceeded, Standing)> {
        let mut counted = self.counted();
        if counted.len() >= KEPT {
            counted.retain(|_, counted| !counted.is_past(now));
        }
        counted.entry(token).or_default().take(rates, tokens, now)
    }

    fn counted(&self) -> MutexGuard<'_, HashMap<TokenId, Counted>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Lets a call with a question of so many characters through. `None`: nothing is
/// limited.
///
/// # Errors
/// `rate_limited`, which says that the limit is Ownkey's.
pub(crate) fn admit(app: &App, caller: &Caller, characters: u64) -> Result<Option<Standing>> {
    let Some((token, rates)) = caller.rates() else { return Ok(None) };
    let now = app.clock.now();
    match app.limits.take(token, rates, estimated_tokens(characters), now) {
        Ok(standing) => Ok(Some(standing)),
        Err((exceeded, standing)) => Err(refused(exceeded, standing)),
    }
}

fn refused(exceeded: Exceeded, standing: Standing) -> Error {
    let (left, what) = match exceeded {
        Exceeded::Requests => (standing.requests, "calls"),
        Exceeded::Tokens => (standing.tokens, "tokens"),
    };
    let limit = left.map_or(0, |left| left.limit);
    let wait = standing.wait;
    let sentence = format!(
        "This gateway token may use {limit} {what} a minute, and they are used up. The limit is Ownkey's, not the provider's. Try again in {} s.",
        wait.as_millis().div_ceil(1_000)
    );
    let mut error = Error::new(Code::RateLimited, sentence);
    error.details = Box::new(Details { retry_after: Some(wait), limits: Some(standing), ..Details::default() });
    error
}
