//! Keys checked again by themselves: bad ones ever more rarely, working ones
//! about once a day. The schedule is in the store, so that on several nodes one
//! of them does each check, and none is forgotten when a process ends.

use std::sync::Arc;
use std::time::Duration;

use domain::credential::{Credential, KeyStatus, Source};
use domain::ids::CredentialId;
use domain::provider::ProviderKind;
use domain::recheck;
use futures_util::{StreamExt, stream};
use llm::egress::EgressGuard;
use store::StoreError;
use store::credentials::StoredCredential;
use store::key_checks::{self, KeyCheck};
use tokio::sync::Mutex;

use crate::App;
use crate::checks;
use crate::error::chain;

/// Checks of the schedule under way at once: half of all, so that a person who
/// asks for a check never waits behind them.
const AT_ONCE: usize = 4;

/// How many keys are taken from the schedule at a time.
const BATCH: i64 = 64;

/// For how long a claim holds, should its node die in the middle.
const LEASE: Duration = Duration::from_secs(60);

/// For keys that no check can help.
const NEVER: Duration = Duration::from_secs(365 * 24 * 3600);

/// Held by whoever works through the schedule on this node.
#[derive(Debug, Default)]
pub(crate) struct Rechecks {
    turn: Mutex<()>,
}

/// How something was learnt about a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// By a check that took so long.
    ByCheck(Duration),
    /// By a call.
    ByCall,
}

/// Works through what is due, beside everything else; nothing while that is
/// under way already.
pub(crate) fn start(app: &Arc<App>) {
    if app.rechecks.turn.try_lock().is_err() {
        return;
    }
    let within = Arc::clone(app);
    app.spawn_until_stop(async move {
        run_due(&within).await;
    });
}

/// Checks every key whose time has come. Returns how many this node checked.
pub async fn run_due(app: &App) -> usize {
    let _turn = app.rechecks.turn.lock().await;
    let mut checked = 0;
    loop {
        let due = match due(app).await {
            Ok(due) => due,
            Err(error) => {
                tracing::warn!(error = chain(&error), "the schedule of checks cannot be read; trying again");
                return checked;
            }
        };
        let checks = stream::iter(due).map(|id| claim_and_check(app, id));
        let claimed = checks.buffer_unordered(AT_ONCE).filter(|claimed| std::future::ready(*claimed)).count().await;
        // Nothing left, or all of it in other hands.
        if claimed == 0 {
            return checked;
        }
        checked += claimed;
    }
}

async fn due(app: &App) -> Result<Vec<CredentialId>, StoreError> {
    let now = app.clock.now();
    let mut due = key_checks::due(&app.store, now, BATCH).await?;
    let of_environment: Vec<CredentialId> =
        app.environment.credentials().filter(|key| is_scheduled(key)).map(|key| key.id).collect();
    let places = key_checks::all_for(&app.store, &of_environment).await?;
    due.extend(places.into_iter().filter(|place| place.next_at <= now).map(|place| place.credential));
    Ok(due)
}

/// Local servers that need no key are looked at all the time; nothing else is.
fn is_scheduled(key: &Credential) -> bool {
    key.provider.facts().kind == ProviderKind::External
}

/// Checks one key, if this node gets to do it.
async fn claim_and_check(app: &App, id: CredentialId) -> bool {
    let now = app.clock.now();
    match key_checks::claim(&app.store, id, now, now.plus(LEASE)).await {
        Ok(true) => {}
        Ok(false) => return false,
        Err(error) => {
            tracing::warn!(error = chain(&error), credential = %id, "a check was not claimed; trying again");
            return false;
        }
    }
    // Read after the claim: the secret may have been replaced since.
    match row(app, id).await {
        Ok(Some(row)) => {
            checks::run_scheduled(app, &row).await;
        }
        Ok(None) => {}
        Err(error) => tracing::warn!(%error, credential = %id, "a key was not read; its check waits for the lease"),
    }
    true
}

/// A key's row as it is now.
pub(crate) async fn row(app: &App, id: CredentialId) -> crate::Result<Option<StoredCredential>> {
    if let Some(row) = store::credentials::by_id(&app.store, id).await? {
        return Ok(Some(row));
    }
    Ok(app.environment.rows(app).await?.into_iter().find(|row| row.credential.id == id))
}

/// Notes what was found about a key, and when to look again. Only checks count:
/// a hundred calls that fail in a minute are no reason to look more rarely.
pub(crate) async fn note(app: &App, credential: &Credential, status: KeyStatus, found: Found) {
    if let Err(error) = try_note(app, credential, status, found).await {
        tracing::warn!(error = chain(&error), credential = %credential.id, "a check was not noted");
    }
}

async fn try_note(app: &App, credential: &Credential, status: KeyStatus, found: Found) -> Result<(), StoreError> {
    let (id, now) = (credential.id, app.clock.now());
    let secret_version = (credential.source == Source::Stored).then_some(credential.secret_version);
    let place = key_checks::all_for(&app.store, &[id]).await?.pop();
    // Another secret starts anew.
    let place = place.filter(|place| place.secret_version == secret_version);
    let before = place.as_ref().map_or(0, |place| place.failures);
    let failures = match found {
        Found::ByCheck(_) => recheck::failures(status, before),
        Found::ByCall if status == credential.status => return Ok(()),
        Found::ByCall => 0,
    };
    // How long it takes to reach nobody says nothing about a provider.
    let has_answered = !matches!(status, KeyStatus::Unreachable | KeyStatus::Undecryptable);
    let latency_ms = match found {
        Found::ByCheck(latency) if has_answered => i64::try_from(latency.as_millis()).ok(),
        Found::ByCheck(_) | Found::ByCall => None,
    };
    let next_at = now.plus(wait(app, credential, status, failures));
    let next_at = match (found, place) {
        // Calls that end side by side all say the same: the first of them set the time.
        (Found::ByCall, Some(place)) => next_at.min(place.next_at),
        _ => next_at,
    };
    let check = KeyCheck {
        credential: id,
        secret_version,
        next_at,
        failures,
        latency_ms,
        last_success_at: (status == KeyStatus::Valid).then_some(now),
    };
    key_checks::note(&app.store, &check).await
}

/// How long until the next check. A server on this network is noticed soon when
/// it starts or stops.
fn wait(app: &App, credential: &Credential, status: KeyStatus, failures: u32) -> Duration {
    match recheck::wait(status, failures, credential.id) {
        Some(_) if is_nearby(app, credential) => recheck::LOCAL,
        wait => wait.unwrap_or(NEVER),
    }
}

fn is_nearby(app: &App, credential: &Credential) -> bool {
    let is_local = credential.provider.facts().kind == ProviderKind::Local;
    let endpoint = || EgressGuard::read(credential.provider, &credential.endpoint).ok();
    is_local && endpoint().is_some_and(|endpoint| app.guard.is_local(&endpoint))
}

/// Gives stored keys that are in no schedule their place: those of an earlier
/// version, and those whose first check died with its process.
///
/// # Errors
/// When the store cannot be read or written.
pub async fn adopt(app: &App) -> Result<(), StoreError> {
    let now = app.clock.now();
    let strays = key_checks::without_place(&app.store, BATCH).await?;
    if strays.is_empty() {
        return Ok(());
    }
    let places: Vec<_> = strays
        .into_iter()
        .map(|(id, status)| (id, now.plus(recheck::first_wait(status, id).unwrap_or(NEVER))))
        .collect();
    key_checks::place(&app.store, &places).await
}
