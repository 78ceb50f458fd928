//! Checking keys: after saving, on demand, by the schedule of [`crate::rechecks`],
//! and local servers all the time. A check never delays a save, and a dead
//! endpoint delays nobody. What calls teach is kept here too.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::Secret;
use domain::audit::{Actor, Event};
use domain::credential::{Credential, KeyStatus, Source};
use domain::ids::CredentialId;
use domain::provider::ProviderKind;
use http::{HeaderName, HeaderValue};
use llm::probe::{self, ProbeReport, ProbeTarget};
use store::credentials::{Health, StoredCredential};
use store::environment_health::EnvironmentHealth;
use store::model_lists::ModelList;
use tokio::sync::Semaphore;

use crate::App;
use crate::error::chain;
use crate::rechecks::{self, Found};
use crate::references;
use crate::secrets::{self, NotLent};

/// Checks under way at once.
const PERMITS: usize = 8;

/// Bounds the checks under way.
#[derive(Debug)]
pub(crate) struct Checks {
    permits: Arc<Semaphore>,
    /// Keys whose good news are being written down.
    confirming: Mutex<HashSet<CredentialId>>,
}

impl Default for Checks {
    fn default() -> Self {
        Self { permits: Arc::new(Semaphore::new(PERMITS)), confirming: Mutex::default() }
    }
}

/// Checks a key beside the requests.
pub(crate) fn start(app: &Arc<App>, stored: StoredCredential) {
    let within = Arc::clone(app);
    app.spawn(async move {
        let _status = run(&within, &stored).await;
    });
}

/// Checks a key now: one cheap call to its provider, then its verdict and its
/// models are kept. Returns the verdict.
pub(crate) async fn run(app: &App, stored: &StoredCredential) -> KeyStatus {
    run_as(app, stored, Asked::BySomebody).await
}

/// The same by the schedule, where nobody said that anything is another now.
pub(crate) async fn run_scheduled(app: &App, stored: &StoredCredential) -> KeyStatus {
    run_as(app, stored, Asked::BySchedule).await
}

/// Why a key is checked.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Asked {
    BySomebody,
    BySchedule,
}

async fn run_as(app: &App, stored: &StoredCredential, asked: Asked) -> KeyStatus {
    let Ok(_permit) = app.checks.permits.acquire().await else { return stored.credential.status };
    let noticed = references::notice(app, stored).await;
    let stored = noticed.as_ref().unwrap_or(stored);
    let credential = &stored.credential;
    let lent = match secrets::lend(app, stored) {
        Ok(lent) => lent,
        Err(problem) => {
            keep_not_lent(app, stored, problem, NOTHING_ASKED).await;
            return KeyStatus::Undecryptable;
        }
    };
    let endpoint = match app.guard.check_literal(credential.provider, &credential.endpoint) {
        Ok(endpoint) if endpoint.origin() == &credential.origin => endpoint,
        Ok(_) => {
            let reason = secrets::MOVED;
            keep_health(app, stored, KeyStatus::Undecryptable, reason.to_owned(), NOTHING_ASKED).await;
            return KeyStatus::Undecryptable;
        }
        Err(problem) => {
            keep_health(app, stored, KeyStatus::Unreachable, problem.to_string(), NOTHING_ASKED).await;
            return KeyStatus::Unreachable;
        }
    };
    let headers = lent.headers();
    let target =
        ProbeTarget { provider: credential.provider, endpoint: &endpoint, secret: lent.get(), headers: &headers };
    let report = probe::probe(&app.upstream, &target).await;
    drop(lent);
    app.metrics.checked(credential.provider, report.status);
    let report = judged(credential, report, asked);
    let status = report.status;
    keep_report(app, stored, report).await;
    status
}

/// The endpoint was not asked, so it took no time.
const NOTHING_ASKED: Found = Found::ByCheck(Duration::ZERO);

/// Most free checks cannot see whether there is money: the word of a call that
/// met an empty account stays until a call succeeds, or somebody says that
/// things have changed by asking for a check.
fn judged(credential: &Credential, mut report: ProbeReport, asked: Asked) -> ProbeReport {
    let is_blind = !probe::sees_credit(credential.provider);
    let was_empty = credential.status == KeyStatus::NoCredit && report.status == KeyStatus::Valid;
    if asked == Asked::BySchedule && was_empty && is_blind {
        report.status = KeyStatus::NoCredit;
        report.reason = credential.status_reason.clone().unwrap_or(report.reason);
    }
    report
}

/// Tries a key that is not saved yet where `credential` is used. Nothing is kept.
pub(crate) async fn try_out(
    app: &App,
    credential: &Credential,
    secret: Option<&Secret>,
    headers: &[(HeaderName, HeaderValue)],
) -> ProbeReport {
    let nothing =
        |status, reason| ProbeReport { status, reason, models: None, endpoint_hint: None, latency: Duration::ZERO };
    let Ok(_permit) = app.checks.permits.acquire().await else {
        return nothing(KeyStatus::Unreachable, "This server is stopping.".to_owned());
    };
    match app.guard.check_literal(credential.provider, &credential.endpoint) {
        Ok(endpoint) if endpoint.origin() == &credential.origin => {
            let target = ProbeTarget { provider: credential.provider, endpoint: &endpoint, secret, headers };
            probe::probe(&app.upstream, &target).await
        }
        Ok(_) => {
            let reason = "The stored endpoint is not the one the key was saved for. Edit the key and its endpoint.";
            nothing(KeyStatus::Undecryptable, reason.to_owned())
        }
        Err(problem) => nothing(KeyStatus::Unreachable, problem.to_string()),
    }
}

pub(crate) async fn keep_report(app: &App, stored: &StoredCredential, report: ProbeReport) {
    let ProbeReport { status, reason, models, latency, .. } = report;
    let is_listed = models.is_some();
    if let Some(models) = models {
        let list = ModelList {
            credential: stored.credential.id,
            models: serde_json::to_string(&models).unwrap_or_else(|_| "[]".to_owned()),
            fetched_at: app.clock.now(),
            error: None,
        };
        match store::model_lists::put(&app.store, &list).await {
            Ok(true) => app.reach.forget(stored.credential.owner),
            Ok(false) => {}
            Err(error) => tracing::warn!(error = chain(&error), "a list of models was not kept"),
        }
    }
    if !is_listed && let Err(error) = store::model_lists::note_error(&app.store, stored.credential.id, &reason).await {
        tracing::warn!(error = chain(&error), "why a list was not fetched was not kept");
    }
    keep_health(app, stored, status, reason, Found::ByCheck(latency)).await;
}

/// Keeps what was found, unless the secret has moved on since.
async fn keep_health(app: &App, stored: &StoredCredential, status: KeyStatus, reason: String, found: Found) {
    let credential = &stored.credential;
    let at = app.clock.now();
    let kept = match &credential.source {
        Source::Stored | Source::Reference(_) => {
            let health = Health { secret_version: credential.secret_version, status, reason: Some(reason), at };
            store::credentials::set_health(&app.store, credential.id, &health).await
        }
        // Of a key that came with a request nothing is kept.
        Source::Request => return,
        Source::Environment(_) | Source::Keyless => {
            let health = EnvironmentHealth {
                credential: credential.id,
                value_fingerprint: app.environment.fingerprint(credential.id).unwrap_or_default().to_owned(),
                status,
                reason: Some(reason),
                checked_at: at,
            };
            store::environment_health::put(&app.store, &health).await
        }
    };
    match kept {
        // A key that is refused once more rests anew.
        Ok(has_changed) if has_changed || status == KeyStatus::Invalid => app.reach.forget(credential.owner),
        // Nothing that the choice of a key depends on is another now.
        Ok(_) => {}
        Err(error) => {
            tracing::warn!(error = chain(&error), credential = %credential.id, "the health of a key was not kept");
        }
    }
    rechecks::note(app, credential, status, found).await;
}

/// Keeps what a call found out about a key. One that was refused is left alone
/// at once and checked once, for free: the check's verdict is the one that stays.
pub(crate) fn learnt(app: &App, stored: &StoredCredential, status: KeyStatus, reason: &str) {
    let Some(app) = app.handle() else { return };
    let (stored, reason) = (stored.clone(), reason.to_owned());
    let within = Arc::clone(&app);
    app.spawn(async move {
        keep_health(&within, &stored, status, reason, Found::ByCall).await;
        if status == KeyStatus::Invalid {
            run(&within, &stored).await;
        }
    });
}

/// A call succeeded with a key that was not known to be valid: now it is.
pub(crate) fn answered(app: &Arc<App>, stored: &StoredCredential) {
    let id = stored.credential.id;
    // Calls that end together bring the same news.
    if !app.checks.confirming.lock().unwrap_or_else(PoisonError::into_inner).insert(id) {
        return;
    }
    let (within, stored) = (Arc::clone(app), stored.clone());
    app.spawn(async move {
        if !is_known_valid(&within, &stored).await {
            let name = stored.credential.provider.display_name();
            let reason = format!("{name} answered a call with this key.");
            keep_health(&within, &stored, KeyStatus::Valid, reason, Found::ByCall).await;
        }
        within.checks.confirming.lock().unwrap_or_else(PoisonError::into_inner).remove(&id);
    });
}

/// Whether a call that ended before has said so already.
async fn is_known_valid(app: &App, stored: &StoredCredential) -> bool {
    match rechecks::row(app, stored.credential.id).await {
        Ok(row) => row.is_some_and(|row| row.credential.status == KeyStatus::Valid),
        Err(_) => false,
    }
}

/// A key could not be lent to a call: said in the row, and in the audit log when
/// its sealed text did not open.
pub(crate) fn found_undecryptable(app: &App, stored: &StoredCredential, problem: NotLent) {
    let Some(app) = app.handle() else { return };
    let stored = stored.clone();
    let within = Arc::clone(&app);
    app.spawn(async move { keep_not_lent(&within, &stored, problem, Found::ByCall).await });
}

async fn keep_not_lent(app: &App, stored: &StoredCredential, problem: NotLent, found: Found) {
    keep_health(app, stored, KeyStatus::Undecryptable, problem.reason, found).await;
    if problem.is_violation {
        audit_violation(app, &stored.credential).await;
    }
}

async fn audit_violation(app: &App, credential: &Credential) {
    let event = Event::IntegrityViolation { credential: credential.id };
    let written = match app.store.begin(app.clock.now(), Actor::System, None).await {
        Ok(change) => change.commit(event).await,
        Err(error) => Err(error),
    };
    if let Err(error) = written {
        tracing::error!(error = chain(&error), credential = %credential.id, "a violation could not be audited");
    }
}

/// Checks the environment's keys, beside the requests.
pub(crate) fn look_at_environment(app: &Arc<App>) {
    start_where(app, |credential| credential.provider.facts().kind == ProviderKind::External);
}

/// Sees whether local servers run, beside the requests.
pub fn look_at_local_servers(app: &Arc<App>) {
    start_where(app, |credential| credential.provider.facts().kind == ProviderKind::Local);
}

fn start_where(app: &Arc<App>, wanted: impl Fn(&Credential) -> bool) {
    for credential in app.environment.credentials().filter(|credential| wanted(credential)) {
        let stored = StoredCredential { credential: credential.clone(), sealed: None, fingerprint: None };
        let within = Arc::clone(app);
        app.spawn_until_stop(async move {
            let _status = run(&within, &stored).await;
        });
    }
}
