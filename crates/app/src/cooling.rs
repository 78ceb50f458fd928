//! Limits that keys met at models, remembered until the provider's own reset:
//! in memory for the calls, and in a table for other nodes and for the next
//! start. Nothing here ever delays a call.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use domain::attempt::ErrorClass;
use domain::cooling::{CoolDown, until_googles_midnight};
use domain::credential::Source;
use domain::ids::CredentialId;
use domain::{ProviderId, Timestamp};
use llm::UpstreamError;
use store::cooldowns::{self, Met};
use tokio_util::sync::CancellationToken;

use crate::App;
use crate::error::chain;
use crate::reach::Key;

/// How often other nodes' limits are read.
const POLL: Duration = Duration::from_millis(500);

/// For how long a limit that has ended is kept, so that the next guess is longer.
const KEPT: Duration = Duration::from_secs(600);

/// A limit, and of which value of the key.
#[derive(Clone, Debug)]
struct Known {
    value_fingerprint: String,
    cool_down: CoolDown,
}

/// What is known of limits, by key and model.
#[derive(Debug, Default)]
pub(crate) struct Cooling {
    known: RwLock<HashMap<CredentialId, HashMap<String, Known>>>,
    /// Whether anything is known at all: mostly nothing is.
    is_used: AtomicBool,
}

/// Whether a failure says that the key is to be left alone at this model: it is
/// at a limit, or the provider has no capacity for it and says until when.
pub(crate) fn calls_for_it(error: &UpstreamError) -> bool {
    let is_named = error.retry_after.is_some() || error.status.is_some_and(|status| (400..500).contains(&status));
    error.class.is_a_limit() || (error.class == ErrorClass::Overloaded && is_named)
}

impl Cooling {
    /// The limit at which `key` is for `model` at `now`.
    pub(crate) fn of(&self, key: &Key, model: &str, now: Timestamp) -> Option<CoolDown> {
        if !self.is_used.load(Ordering::Acquire) {
            return None;
        }
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let found = known.get(&key.credential().id)?.get(model)?;
        let is_of_this_value = found.value_fingerprint == fingerprint(key);
        (is_of_this_value && found.cool_down.left(now).is_some()).then_some(found.cool_down)
    }

    /// The end of the last limit of a key at `now`, whatever the model.
    pub(crate) fn last_end(&self, credential: CredentialId, now: Timestamp) -> Option<Timestamp> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let limits = known.get(&credential)?.values();
        limits.map(|limit| limit.cool_down.until).filter(|until| now < *until).max()
    }

    /// Remembers that `key` met a limit. Returns what is known now, and whether
    /// that is news to others.
    fn meet(
        &self,
        key: &Key,
        model: &str,
        class: ErrorClass,
        asked: Option<Duration>,
        now: Timestamp,
    ) -> (CoolDown, bool) {
        let value_fingerprint = fingerprint(key).to_owned();
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        self.is_used.store(true, Ordering::Release);
        let models = known.entry(key.credential().id).or_default();
        let before = models.get(model).filter(|before| before.value_fingerprint == value_fingerprint);
        let before = before.map(|before| before.cool_down);
        let cool_down = CoolDown::after(before, class, asked, now);
        // Others need not hear of fractions of a second.
        let is_news = before.is_none_or(|before| cool_down.until > before.until.plus(POLL));
        models.insert(model.to_owned(), Known { value_fingerprint, cool_down });
        (cool_down, is_news)
    }

    /// The key answered: what it met before is over and counts no more.
    pub(crate) fn answered(&self, key: &Key, model: &str, now: Timestamp) {
        if !self.is_used.load(Ordering::Acquire) {
            return;
        }
        let is_over = |limit: &Known| limit.cool_down.left(now).is_none();
        let id = key.credential().id;
        let is_known = |known: &HashMap<CredentialId, HashMap<String, Known>>| {
            known.get(&id).and_then(|models| models.get(model)).is_some_and(is_over)
        };
        if !is_known(&self.known.read().unwrap_or_else(PoisonError::into_inner)) {
            return;
        }
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if is_known(&known)
            && let Some(models) = known.get_mut(&id)
        {
            models.remove(model);
        }
    }

    /// Takes in what other nodes met.
    fn take_in(&self, met: Vec<Met>) {
        if met.is_empty() {
            return;
        }
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        self.is_used.store(true, Ordering::Release);
        for Met { credential, model, value_fingerprint, cool_down } in met {
            let models = known.entry(credential).or_default();
            let is_later = models.get(&model).is_none_or(|before| before.cool_down.until < cool_down.until);
            if is_later {
                models.insert(model, Known { value_fingerprint, cool_down });
            }
        }
    }

    /// Forgets what ended long before `now`.
    fn tidy(&self, now: Timestamp) {
        if !self.is_used.load(Ordering::Acquire) {
            return;
        }
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        known.retain(|_, models| {
            models.retain(|_, limit| now.since(limit.cool_down.until) < KEPT);
            !models.is_empty()
        });
        self.is_used.store(!known.is_empty(), Ordering::Release);
    }
}

/// What tells this value of a key from a later one.
fn fingerprint(key: &Key) -> &str {
    key.stored.fingerprint.as_deref().unwrap_or_default()
}

/// Remembers that a call met a limit of its key: at once here, and beside the
/// request in the store. Returns for how long the key is left alone.
pub(crate) fn met(app: &App, key: &Key, model: &str, error: &UpstreamError) -> Option<Duration> {
    let now = app.clock.now();
    let asked = match error.class {
        // The wait that Google names beside a day's quota is a minute's.
        ErrorClass::QuotaExhausted if key.credential().provider == ProviderId::Google => {
            Some(until_googles_midnight(now))
        }
        _ => error.retry_after.map(|wait| wait.from(now)),
    };
    if !calls_for_it(error) || key.credential().source == Source::Request {
        return asked;
    }
    let (cool_down, is_news) = app.cooling.meet(key, model, error.class, asked, now);
    if is_news && let Some(app) = app.handle() {
        let met = Met {
            credential: key.credential().id,
            model: model.to_owned(),
            value_fingerprint: fingerprint(key).to_owned(),
            cool_down,
        };
        let within = Arc::clone(&app);
        app.spawn(async move {
            if let Err(error) = cooldowns::put(&within.store, &met, now).await {
                tracing::warn!(
                    error = chain(&error),
                    "a limit that a key met was not noted; other nodes will meet it too"
                );
            }
        });
    }
    cool_down.left(now)
}

/// Until when a key is at its provider's limit, when that is known.
#[must_use]
pub fn until(app: &App, credential: CredentialId) -> Option<Timestamp> {
    app.cooling.last_end(credential, app.clock.now())
}

/// Reads the limits that last.
///
/// # Errors
/// When the store cannot be read.
pub(crate) async fn read(app: &App) -> Result<(), store::StoreError> {
    app.cooling.take_in(cooldowns::lasting(&app.store, app.clock.now()).await?);
    Ok(())
}

/// Follows what other nodes meet, until `stop`.
pub(crate) async fn follow(app: Arc<App>, stop: CancellationToken) {
    let mut has_failed = false;
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(POLL) => {}
        }
        app.cooling.tidy(app.clock.now());
        let outcome = read(&app).await;
        if let (Err(error), false) = (&outcome, has_failed) {
            tracing::warn!(error = chain(error), "the limits that other nodes met cannot be read; trying again");
        }
        has_failed = outcome.is_err();
    }
}
