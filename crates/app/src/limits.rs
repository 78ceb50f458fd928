//! Rates of gateway tokens: how many calls and tokens of text a minute are let
//! through. By all nodes together where they share windows; while those are away,
//! and without them, each node counts for itself.

mod shared;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::ids::TokenId;
use domain::limit::{Counted, Exceeded, Rates, Standing};
use domain::usage::estimated_tokens;
use domain::{Caller, Timestamp};
use store::rate_windows::RateWindows;

use crate::App;
use crate::error::{Code, Details, Error, Result};

pub(crate) use shared::follow;

/// From so many tokens on, those that did nothing in this minute are forgotten.
const KEPT: usize = 10_000;

/// What was let through in this minute, token by token.
pub(crate) struct Limits {
    /// By this node.
    own: Mutex<HashMap<TokenId, Counted>>,
    /// By all of them.
    shared: Option<Arc<RateWindows>>,
}

type Taken = std::result::Result<Standing, (Exceeded, Standing)>;

impl Limits {
    /// Nothing counted yet by this node.
    pub(crate) fn new(shared: Option<RateWindows>) -> Self {
        Self { own: Mutex::default(), shared: shared.map(Arc::new) }
    }

    /// What all nodes count in, where they share anything.
    pub(crate) const fn shared(&self) -> Option<&Arc<RateWindows>> {
        self.shared.as_ref()
    }

    async fn take(&self, token: TokenId, rates: Rates, tokens: u64, now: Timestamp) -> Taken {
        let Some(shared) = &self.shared else { return self.take_alone(token, rates, tokens, now) };
        // What this node let through is a part of what all did: beyond the limit
        // alone, nobody else has to be asked.
        self.own(token, now, |own| own.check(rates, tokens, now))?;
        match shared.take(token, rates, tokens, now).await {
            Ok((None, counted)) => {
                // Kept beside, for the day the windows are away. Without a limit nothing is refused.
                self.own(token, now, |own| own.take(Rates::default(), tokens, now))?;
                Ok(counted.standing(rates, now))
            }
            Ok((Some(exceeded), counted)) => Err((exceeded, counted.standing(rates, now))),
            // `follow` says so, once.
            Err(_) => self.take_alone(token, rates, tokens, now),
        }
    }

    fn take_alone(&self, token: TokenId, rates: Rates, tokens: u64, now: Timestamp) -> Taken {
        self.own(token, now, |own| own.take(rates, tokens, now))
    }

    fn own<T>(&self, token: TokenId, now: Timestamp, then: impl FnOnce(&mut Counted) -> T) -> T {
        let mut counted = self.counted();
        if counted.len() >= KEPT {
            counted.retain(|_, counted| !counted.is_past(now));
        }
        then(counted.entry(token).or_default())
    }

    fn counted(&self) -> MutexGuard<'_, HashMap<TokenId, Counted>> {
        self.own.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Puts what a call came to in place of what its question was thought to be.
pub(crate) fn correct(app: &App, token: TokenId, thought: u64, came_to: u64) {
    let now = app.clock.now();
    if let Some(counted) = app.limits.counted().get_mut(&token) {
        counted.correct(thought, came_to, now);
    }
    if let Some(shared) = app.limits.shared().filter(|shared| thought != came_to && shared.is_connected()) {
        let shared = Arc::clone(shared);
        app.spawn(async move {
            // Out of reach, it stays with the thought: `follow` says that they are away.
            let _left = shared.correct(token, thought, came_to, now).await;
        });
    }
}

/// Lets a call with a question of so many characters through. `None`: nothing is
/// limited.
///
/// # Errors
/// `rate_limited`, which says that the limit is Ownkey's.
pub(crate) async fn admit(app: &App, caller: &Caller, characters: u64) -> Result<Option<Standing>> {
    let Some((token, rates)) = caller.rates() else { return Ok(None) };
    match app.limits.take(token, rates, estimated_tokens(characters), app.clock.now()).await {
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
