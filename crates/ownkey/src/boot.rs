//! Putting the house together from the configuration.

use std::net::SocketAddr;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use app::environment::Environment as EnvironmentKeys;
use app::references::References;
use app::{App, Parts, Settings};
use domain::ids::NodeId;
use llm::catalogue::Catalogue;
use llm::client::{Clocks, Upstream};
use llm::egress::EgressGuard;
use rustls_pki_types::CertificateDer;
use store::rate_windows::{self, RateWindows};
use store::{OpenOptions, Store};

use crate::config::environment::Environment;
use crate::config::{Config, master_key, providers};
use crate::{Failure, ambient};

/// What is found in the environment and elsewhere before the house stands.
pub(crate) struct Ground {
    /// The database, opened with its keys.
    pub(crate) store: Store,
    /// The master key file that was made just now.
    pub(crate) created_key: Option<PathBuf>,
    /// The file that the master keys are in.
    pub(crate) key_file: Option<PathBuf>,
}

/// Makes the data directory, finds the master key and opens the store.
///
/// # Errors
/// Exit 78 for the configuration and the master key, 75 when another server has
/// the database.
pub(crate) async fn open_store(config: &Config, environment: &Environment, serves: bool) -> Result<Ground, Failure> {
    make_private_dir(&config.data_dir)?;
    let (clock, entropy) = (ambient::clock(), ambient::entropy());
    let found = master_key::find(environment, &config.data_dir, &config.database_url, &entropy).await?;
    let now = clock.now();
    let store = Store::open(OpenOptions {
        url: config.database_url.clone(),
        master_keys: found.keys,
        now,
        node: NodeId::generate(now, &entropy),
        entropy,
        serves,
        strict_durability: config.strict_durability,
    })
    .await?;
    Ok(Ground { store, created_key: found.created, key_file: found.file })
}

/// Puts the house together.
///
/// # Errors
/// When a certificate file cannot be read or the store refuses.
pub(crate) async fn build(
    config: &Config,
    store: Store,
    found: providers::Found,
    references: References,
    listener: Option<SocketAddr>,
    is_demo: bool,
) -> Result<Arc<App>, Failure> {
    let roots = roots(config).map_err(Failure::configuration)?;
    let rate_windows = match (&config.redis, listener) {
        (Some(address), Some(_)) => Some(rate_windows(address, &roots).await),
        _ => None,
    };
    let guard = EgressGuard::new(found.local, listener.into_iter().collect());
    if listener.is_some() {
        check_webhook(config, &guard)?;
    }
    let listen = listener.unwrap_or(config.listen);
    let settings = Settings {
        public_url: config.public_url.clone().unwrap_or_else(|| format!("http://{listen}")),
        reveal_allowed: config.reveal_allowed,
        policy: config.policy,
        request_keys_allowed: config.request_keys_allowed,
        fetches_pictures: config.fetches_pictures,
        chat_retention: config.chat_retention,
        oidc: config.oidc.clone(),
        webhook: config.webhook.clone(),
        default_bases: found.bases,
        is_demo,
        ..Settings::default()
    };
    let clock = ambient::clock();
    let (keys, problems) = EnvironmentKeys::new(found.keys, &settings, &guard, store.vault(), clock.now());
    for problem in found.warnings.iter().chain(&problems) {
        tracing::warn!("{problem}");
    }
    Ok(App::build(Parts {
        store,
        upstream: Upstream::new(guard.clone(), Clocks::default(), roots),
        guard,
        catalogue: Catalogue::builtin(),
        clock,
        entropy: ambient::entropy(),
        settings,
        environment: keys,
        references,
        rate_windows,
    })
    .await?)
}

/// Refuses an address that could never be told anything.
///
/// # Errors
/// Exit 78, with the line that would let it.
pub(crate) fn check_webhook(config: &Config, guard: &EgressGuard) -> Result<(), Failure> {
    let checked = config.webhook.as_ref().map_or(Ok(()), |webhook| webhook.check(guard));
    checked.map_err(|problem| Failure::configuration(format!("OWNKEY_WEBHOOK_URL {problem}")))
}

/// The certificates that the operator adds.
///
/// # Errors
/// A sentence about the file.
pub(crate) fn roots(config: &Config) -> Result<Vec<CertificateDer<'static>>, String> {
    let Some(path) = &config.ca_file else { return Ok(Vec::new()) };
    let pem = std::fs::read(path).map_err(|error| format!("{} cannot be read: {error}.", path.display()))?;
    llm::client::read_roots(&pem)
}

/// Connected before the first call, if they answer; else [`App`] goes on trying.
async fn rate_windows(address: &rate_windows::Address, roots: &[CertificateDer<'static>]) -> RateWindows {
    let windows = RateWindows::new(address.clone(), roots.to_vec());
    if let Err(away) = windows.look().await {
        tracing::debug!(%address, "the shared windows of rates do not answer yet: {away}");
    }
    windows
}

/// What references may name: the variables on the operator's list, as they are
/// now, and files; never those of the data directory or the master key's.
pub(crate) fn references(config: &Config, environment: &Environment) -> References {
    let allowed = config.secret_references.clone();
    let value = |name: &str| environment.process_value(name).or_else(|| environment.dot_env_value(name));
    let variables = environment
        .names()
        .filter(|name| allowed.permits_variable(name))
        .filter_map(|name| Some((name.to_owned(), value(name)?.to_owned())))
        .collect();
    let key_file = value("MASTER_KEY_FILE").map(PathBuf::from);
    let barred = std::iter::once(config.data_dir.clone()).chain(key_file).collect();
    References::new(allowed, variables, barred)
}

fn make_private_dir(dir: &Path) -> Result<(), Failure> {
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(|error| {
        Failure::configuration(format!("The data directory {} cannot be made: {error}.", dir.display()))
    })
}
