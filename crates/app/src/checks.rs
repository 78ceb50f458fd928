//! Checking keys: after saving, on demand, and for the environment's keys and
//! local servers from time to time. A check never delays a save, and a dead
//! endpoint delays nobody.

use std::sync::Arc;

use domain::Secret;
use domain::audit::{Actor, Event};
use domain::credential::{Credential, KeyStatus, Source};
use domain::provider::ProviderKind;
use http::{HeaderName, HeaderValue};
use llm::probe::{self, ProbeReport, ProbeTarget};
use store::credentials::{Health, StoredCredential};
use store::environment_health::EnvironmentHealth;
use store::model_lists::ModelList;
use tokio::sync::Semaphore;

use crate::App;
use crate::error::chain;
use crate::references;
use crate::secrets::{self, NotLent};

/// Checks under way at once.
const PERMITS: usize = 8;

/// Bounds the checks under way.
#[derive(Debug)]
pub(crate) struct Checks {
    permits: Arc<Semaphore>,
}

impl Default for Checks {
    fn default() -> Self {
        Self { permits: Arc::new(Semaphore::new(PERMITS)) }
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
    let Ok(_permit) = app.checks.permits.acquire().await else { return stored.credential.status };
    let noticed = references::notice(app, stored).await;
    let stored = noticed.as_ref().unwrap_or(stored);
    let credential = &stored.credential;
    let lent = match secrets::lend(app, stored) {
        Ok(lent) => lent,
        Err(problem) => {
            keep_not_lent(app, stored, problem).await;
            return KeyStatus::Undecryptable;
        }
    };
    let endpoint = match app.guard.check_literal(credential.provider, &credential.endpoint) {
        Ok(endpoint) if endpoint.origin() == &credential.origin => endpoint,
        Ok(_) => {
            let reason = "The stored endpoint is not the one the key was saved for. Type the key in again.";
            keep_health(app, stored, KeyStatus::Undecryptable, reason.to_owned()).await;
            return KeyStatus::Undecryptable;
        }
        Err(problem) => {
            keep_health(app, stored, KeyStatus::Unreachable, problem.to_string()).await;
            return KeyStatus::Unreachable;
        }
    };
    let headers = lent.headers();
    let target =
        ProbeTarget { provider: credential.provider, endpoint: &endpoint, secret: lent.get(), headers: &headers };
    let report = probe::probe(&app.upstream, &target).await;
    drop(lent);
    let status = report.status;
    keep_report(app, stored, report).await;
    status
}

/// Tries a key that is not saved yet where `credential` is used. Nothing is kept.
pub(crate) async fn try_out(
    app: &App,
    credential: &Credential,
    secret: Option<&Secret>,
    headers: &[(HeaderName, HeaderValue)],
) -> ProbeReport {
    let nothing = |status, reason| ProbeReport {
        status,
        reason,
        models: None,
        endpoint_hint: None,
        latency: std::time::Duration::ZERO,
    };
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
    let ProbeReport { status, reason, models, .. } = report;
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
    keep_health(app, stored, status, reason).await;
}

/// Keeps what was found, unless the secret has moved on since.
async fn keep_health(app: &App, stored: &StoredCredential, status: KeyStatus, reason: String) {
    let credential = &stored.credential;
    let at = app.clock.now();
    let kept = match &credential.source {
        Source::Stored | Source::Reference(_) => {
            let health = Health { secret_version: credential.secret_version, status, reason: Some(reason), at };
            store::credentials::set_health(&app.store, credential.id, &health).await
        }
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
}

/// Keeps what a call found out about a key. One that was refused is left alone
/// at once and checked once, for free: the check's verdict is the one that stays.
pub(crate) fn learnt(app: &App, stored: &StoredCredential, status: KeyStatus, reason: &str) {
    let Some(app) = app.handle() else { return };
    let (stored, reason) = (stored.clone(), reason.to_owned());
    let within = Arc::clone(&app);
    app.spawn(async move {
        keep_health(&within, &stored, status, reason).await;
        if status == KeyStatus::Invalid {
            run(&within, &stored).await;
        }
    });
}

/// A key could not be lent: said in the row, and in the audit log when its
/// sealed text did not open.
pub(crate) fn found_undecryptable(app: &App, stored: &StoredCredential, problem: NotLent) {
    let Some(app) = app.handle() else { return };
    let stored = stored.clone();
    let within = Arc::clone(&app);
    app.spawn(async move { keep_not_lent(&within, &stored, problem).await });
}

async fn keep_not_lent(app: &App, stored: &StoredCredential, problem: NotLent) {
    keep_health(app, stored, KeyStatus::Undecryptable, problem.reason).await;
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
pub(crate) fn look_at_local_servers(app: &Arc<App>) {
    start_where(app, |credential| credential.provider.facts().kind == ProviderKind::Local);
}

fn start_where(app: &Arc<App>, wanted: impl Fn(&Credential) -> bool) {
    for credential in app.environment.credentials().filter(|credential| wanted(credential)) {
        start(app, StoredCredential { credential: credential.clone(), sealed: None, fingerprint: None });
    }
}
