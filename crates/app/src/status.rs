//! How each provider and local service does, as the caller's own keys tell it;
//! of the server's keys they are told no more than whether they work.

use std::collections::{HashMap, HashSet};

use domain::credential::{Credential, KeyStatus, Scope, Source};
use domain::ids::CredentialId;
use domain::provider::{PROVIDERS, Provider, ProviderKind};
use domain::service::{self, ServiceState};
use domain::{Caller, ProviderId, Timestamp};
use store::key_checks::{self, KeyCheck};

use crate::App;
use crate::error::Result;
use crate::reach;

/// How a provider or local service does for one caller.
#[derive(Clone, Debug)]
pub struct ProviderStatus {
    /// Which.
    pub provider: &'static Provider,
    /// In one word.
    pub state: ServiceState,
    /// How long the last check that was answered took, in ms.
    pub latency_ms: Option<i64>,
    /// How many models the caller reaches there.
    pub models: usize,
    /// The keys the caller may see.
    pub keys: KeyCounts,
    /// When the provider last accepted one of them.
    pub last_success_at: Option<Timestamp>,
    /// When one of them was last checked.
    pub checked_at: Option<Timestamp>,
    /// Until when the first of them is at its rate limit, where all that would
    /// work are at one.
    pub limited_until: Option<Timestamp>,
    /// What is the matter and what to do.
    pub detail: String,
}

/// How many keys there are, and how they do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct KeyCounts {
    /// All of them, those switched off too.
    pub total: usize,
    /// In use and valid.
    pub valid: usize,
    /// In use and refused, limited, unreachable or not to be opened.
    pub failing: usize,
}

/// Every provider and local service, in the registry's order.
///
/// # Errors
/// When the store cannot be read.
pub async fn list(app: &App, caller: &Caller) -> Result<Vec<ProviderStatus>> {
    let keys = keys(app, caller).await?;
    let ids: Vec<CredentialId> = keys.iter().map(|key| key.id).collect();
    let checks = key_checks::all_for(&app.store, &ids).await?;
    let checks: HashMap<CredentialId, KeyCheck> = checks.into_iter().map(|check| (check.credential, check)).collect();
    let models = models(app, caller).await?;
    let now = app.clock.now();
    let limits = ids.iter().filter_map(|id| Some((*id, app.cooling.last_end(*id, now)?))).collect();
    Ok(PROVIDERS
        .iter()
        .map(|provider| {
            let of_provider: Vec<&Credential> = keys.iter().filter(|key| key.provider == provider.id).collect();
            let view = View { caller, keys: &of_provider, checks: &checks, limits: &limits, now };
            view.status(provider, models.get(&provider.id).copied().unwrap_or(0))
        })
        .collect())
}

/// The keys that may pay for the caller.
async fn keys(app: &App, caller: &Caller) -> Result<Vec<Credential>> {
    let mut rows = app.environment.rows(app).await?;
    if caller.team().is_none() {
        rows.extend(store::credentials::of_user(&app.store, caller.user).await?);
    }
    if let Some(organization) = caller.organization {
        rows.extend(store::credentials::of_organization(&app.store, organization).await?);
    }
    rows.extend(store::credentials::of_system(&app.store).await?);
    Ok(rows.into_iter().map(|row| row.credential).collect())
}

/// How many models the caller reaches at each provider, from memory: a dead
/// endpoint delays nobody.
async fn models(app: &App, caller: &Caller) -> Result<HashMap<ProviderId, usize>> {
    let reach = reach::of(app, caller).await?;
    let mut seen = HashSet::new();
    let mut models = HashMap::new();
    // A key that is refused reaches none, whatever it listed before.
    let opens = |status| !matches!(status, KeyStatus::Invalid | KeyStatus::Undecryptable | KeyStatus::Forbidden);
    let is_of_use = |credential: &Credential| !reach::is_stopped(credential) && opens(credential.status);
    let running = reach.keys.iter().filter(|key| is_of_use(key.credential()));
    for offer in running.flat_map(|key| key.offers.values()).filter(|offer| seen.insert(offer.uuid)) {
        *models.entry(offer.facts.provider).or_default() += 1;
    }
    Ok(models)
}

/// The keys of one provider, as one caller may look at them.
struct View<'a> {
    caller: &'a Caller,
    keys: &'a [&'a Credential],
    checks: &'a HashMap<CredentialId, KeyCheck>,
    /// The keys that are at a limit, and until when.
    limits: &'a HashMap<CredentialId, Timestamp>,
    now: Timestamp,
}

impl View<'_> {
    fn status(&self, provider: &'static Provider, models: usize) -> ProviderStatus {
        let used: Vec<&Credential> = self.keys.iter().copied().filter(|key| self.is_used(key)).collect();
        let limited = self.limited(&used);
        let status = |key: &&Credential| match key.status {
            KeyStatus::Valid if limited.is_some() => KeyStatus::RateLimited,
            status => status,
        };
        let statuses: Vec<KeyStatus> = used.iter().map(status).collect();
        let state = service::state_of(&statuses);
        let seen: Vec<&Credential> = self.keys.iter().copied().filter(|key| self.may_see(key)).collect();
        // A local server that needs no key has none to count.
        let counted = || seen.iter().filter(|key| key.source != Source::Keyless);
        let in_use =
            |wanted: fn(KeyStatus) -> bool| counted().filter(|key| self.is_used(key) && wanted(key.status)).count();
        let checks = || seen.iter().filter_map(|key| self.checks.get(&key.id));
        let latest = seen.iter().filter(|key| self.checks.contains_key(&key.id)).max_by_key(|key| key.checked_at);
        ProviderStatus {
            provider,
            state,
            latency_ms: latest.and_then(|key| self.checks.get(&key.id)?.latency_ms),
            models,
            keys: KeyCounts {
                total: counted().count(),
                valid: in_use(|status| status == KeyStatus::Valid),
                failing: in_use(service::is_failing),
            },
            last_success_at: checks().filter_map(|check| check.last_success_at).max(),
            checked_at: seen.iter().filter_map(|key| key.checked_at).max(),
            limited_until: limited.map(|(_, until)| until),
            detail: limited.map_or_else(
                || self.detail(provider, state, &used),
                |(key, until)| self.at_a_limit(provider.display_name, key, until),
            ),
        }
    }

    /// The key whose limit ends first, where every key that would work is at one.
    fn limited<'k>(&self, used: &[&'k Credential]) -> Option<(&'k Credential, Timestamp)> {
        let works = |key: &&&Credential| matches!(key.status, KeyStatus::Valid | KeyStatus::RateLimited);
        let working = || used.iter().filter(works).map(|key| Some((*key, *self.limits.get(&key.id)?)));
        let all: Option<Vec<_>> = working().collect();
        all?.into_iter().min_by_key(|(_, until)| *until)
    }

    fn is_used(&self, key: &Credential) -> bool {
        key.is_active && !key.is_expired(self.now)
    }

    /// A local server that needs no key is nobody's secret.
    fn may_see(&self, key: &Credential) -> bool {
        reach::may_see(self.caller, key) || key.source == Source::Keyless
    }

    /// What is the matter and what to do, in one or two sentences.
    fn detail(&self, provider: &Provider, state: ServiceState, used: &[&Credential]) -> String {
        let name = provider.display_name;
        let is_local = provider.kind == ProviderKind::Local;
        let bad = used.iter().find(|key| service::is_failing(key.status));
        match (state, bad) {
            (ServiceState::NoKey, _) if is_local => {
                format!("No address of {name} is allowed on this server, so it is not looked for.")
            }
            (ServiceState::NoKey, _) if !self.keys.is_empty() => {
                format!("Every {name} key is switched off or has expired. Activate or replace one at /keys.")
            }
            (ServiceState::NoKey, _) => format!("There is no {name} key that you may use. Add one at /keys."),
            (ServiceState::Unknown, None) if is_local => format!("{name} was not looked for yet."),
            (ServiceState::Unknown, None) => self.unjudged(name, used),
            (ServiceState::Unreachable, _) if is_local => {
                format!("{name} is not running, or not where it is looked for. Start it; it is noticed by itself.")
            }
            (_, Some(key)) => self.trouble(name, key),
            (_, None) => works(name, used),
        }
    }

    fn at_a_limit(&self, name: &str, key: &Credential, until: Timestamp) -> String {
        let whose = if self.may_see(key) { format!("key {}", key.title()) } else { format!("server's {name} key") };
        let left = until.since(self.now).as_secs().max(1);
        let wait = if left < 120 { format!("{left} s") } else { format!("{} minutes", left.div_ceil(60)) };
        format!(
            "{name} answers, but the {whose} met its rate limit and rests for {wait}. Another {name} key would be \
             used meanwhile."
        )
    }

    /// A key that was checked, without a verdict, is not one that nobody checked.
    fn unjudged(&self, name: &str, used: &[&Credential]) -> String {
        let checked = used.iter().find(|key| key.checked_at.is_some() && self.may_see(key));
        match checked.and_then(|key| Some((key.title(), key.status_reason.as_ref()?))) {
            Some((title, reason)) => format!("The key {title}: {reason}"),
            None => format!("No {name} key was checked yet. Check one at /keys."),
        }
    }

    /// What is the matter with a key; no more than that to whoever may not see it.
    fn trouble(&self, name: &str, key: &Credential) -> String {
        if !self.may_see(key) {
            return format!(
                "The server's {name} key does not work now. Tell an admin of this server, or add your own at /keys."
            );
        }
        let reason = key.status_reason.clone().unwrap_or_else(|| format!("It is {}.", key.status));
        format!("The key {}: {reason} See /keys.", key.title())
    }
}

fn works(name: &str, used: &[&Credential]) -> String {
    let is_the_servers = used.iter().all(|key| key.scope == Scope::System && key.provider.facts().needs_key);
    if is_the_servers { format!("{name} works, with the server's key.") } else { format!("{name} works.") }
}
