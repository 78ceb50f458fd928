//! What the house does on its own: says that it lives, in a task of its own;
//! gives up the attempts of dead nodes, writes down last uses, looks after keys
//! and local servers, forgets the old.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use domain::audit::{Actor, Event};
use store::credentials::EndedGrace;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use crate::App;
use crate::error::chain;

const TICK: Duration = Duration::from_secs(5);

/// Every how many ticks environment keys and local servers are looked at.
const LOOK_EVERY: u64 = 6;

/// Every how many ticks keys are counted, and those without a place in the
/// schedule of checks are given one.
const COUNT_EVERY: u64 = 12;

/// Every how many ticks old rows are forgotten.
const PRUNE_EVERY: u64 = 720;

/// How many finished days are rolled up in one go: calls do not wait for long.
const ROLLED_A_TICK: usize = 10;

/// How long failed log-ins are remembered.
const LOGIN_MEMORY: Duration = Duration::from_secs(24 * 3600);

/// How long sign-ins that came back are remembered: longer than any could.
const STATE_MEMORY: Duration = Duration::from_secs(3600);

pub(crate) async fn run(app: Arc<App>, stop: CancellationToken) {
    let mut ticks = tokio::time::interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    for tick in 0_u64.. {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = ticks.tick() => {}
        }
        if tick == 0 {
            crate::checks::look_at_environment(&app);
        }
        if tick % LOOK_EVERY == 0 {
            crate::checks::look_at_local_servers(&app);
            crate::references::look(&app).await;
        }
        if tick % COUNT_EVERY == 0 {
            report("schedule of checks", crate::rechecks::adopt(&app).await);
            match store::credentials::count_by_status(&app.store).await {
                Ok(keys) => app.metrics.keys_counted(&keys),
                Err(error) => report::<()>("count of keys", Err(error)),
            }
        }
        crate::rechecks::start(&app);
        end_graces(&app).await;
        match store::ledger::recover(&app.store, app.clock.now()).await {
            Ok(0) => {}
            Ok(attempts) => tracing::warn!(attempts, "attempts of a dead node are unknown now"),
            Err(error) => report::<()>("recovery", Err(error)),
        }
        flush_uses(&app).await;
        report("roll-up of days", store::ledger::roll_up(&app.store, app.clock.now(), ROLLED_A_TICK).await);
        if tick % COUNT_EVERY == 0 {
            report("unusual use of keys", crate::unusual::look(&app).await);
        }
        if tick % PRUNE_EVERY == 0 {
            let now = app.clock.now();
            report("pruning", store::cooldowns::prune(&app.store, now).await);
            report("pruning", store::idempotency::prune(&app.store, now).await);
            report("pruning", store::key_checks::prune(&app.store).await);
            report("pruning", store::tokens::prune_former(&app.store, now).await);
            report("pruning", store::replay_state::prune(&app.store, now).await);
            report("pruning", store::kept_answers::prune(&app.store, now).await);
            report("pruning", store::unusual::prune(&app.store, now).await);
            report("pruning", store::tries::prune(&app.store).await);
            report("pruning", crate::conversations::prune(&app).await);
            report("pruning", store::identities::prune_states(&app.store, now.minus(STATE_MEMORY)).await);
            report("pruning", store::login_failures::prune(&app.store, now.minus(LOGIN_MEMORY)).await);
        }
    }
}

/// Destroys former secrets whose grace is over.
async fn end_graces(app: &App) {
    let ended = match store::credentials::ended_grace(&app.store, app.clock.now()).await {
        Ok(ended) => ended,
        Err(error) => return report::<()>("end of grace", Err(error)),
    };
    for grace in ended {
        report("end of grace", end_grace(app, grace).await);
    }
}

async fn end_grace(app: &App, grace: EndedGrace) -> Result<(), store::StoreError> {
    let mut change = app.store.begin(app.clock.now(), Actor::System, None).await?;
    // Another node may have been faster.
    if !store::credentials::tombstone(&mut change, grace.credential, None).await? {
        return change.rollback().await;
    }
    change.commit(Event::CredentialGraceEnded { credential: grace.credential, of: grace.of }).await?;
    app.forget_credential(&grace.of.to_string()).await;
    Ok(())
}

/// Says that this process lives, and nothing else.
pub(crate) async fn beat(app: Arc<App>, stop: CancellationToken) {
    let mut ticks = tokio::time::interval(TICK);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = ticks.tick() => {}
        }
        report("heartbeat", store::ledger::heartbeat(&app.store, app.clock.now()).await);
    }
}

/// Writes down when keys and tokens were last used.
pub(crate) async fn flush_uses(app: &App) {
    let credentials: Vec<_> = app.uses.credentials.lock().unwrap_or_else(PoisonError::into_inner).drain().collect();
    if !credentials.is_empty() {
        report("last use of keys", store::credentials::touch_last_used(&app.store, &credentials).await);
    }
    let successes: Vec<_> = app.uses.successes.lock().unwrap_or_else(PoisonError::into_inner).drain().collect();
    if !successes.is_empty() {
        report("last success of keys", store::key_checks::note_successes(&app.store, &successes).await);
    }
    let tokens: Vec<_> = app.uses.tokens.lock().unwrap_or_else(PoisonError::into_inner).drain().collect();
    if !tokens.is_empty() {
        report("last use of tokens", store::tokens::touch_last_used(&app.store, &tokens).await);
    }
}

fn report<T>(what: &str, outcome: Result<T, store::StoreError>) {
    if let Err(error) = outcome {
        tracing::warn!(what, error = chain(&error), "housekeeping failed; trying again");
    }
}
