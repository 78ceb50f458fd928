//! What the operator settled: flags before environment, environment before
//! `ownkey.toml`, `ownkey.toml` before the defaults.

pub(crate) mod environment;
pub(crate) mod master_key;
mod oidc;
pub(crate) mod providers;
pub(crate) mod variables;

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use app::events::webhook::Webhook;
use app::sign_in::oidc::Oidc;
use domain::resolve::Fallback;
use domain::secret_reference::AllowedReferences;
use serde::Deserialize;
use store::rate_windows;

use crate::Failure;
use crate::cli::{Place, Serve};
use environment::Environment;

const DEFAULT_LISTEN: &str = "127.0.0.1:8000";

/// The configuration of one process.
pub(crate) struct Config {
    /// Where data, key and database are.
    pub(crate) data_dir: PathBuf,
    /// The database.
    pub(crate) database_url: String,
    /// Where nodes count rates together.
    pub(crate) redis: Option<rate_windows::Address>,
    /// Where to listen.
    pub(crate) listen: SocketAddr,
    /// Where people reach the server; `None`: where it listens.
    pub(crate) public_url: Option<String>,
    /// Proxies whose forwarded headers count.
    pub(crate) trusted_proxies: Vec<IpAddr>,
    /// More root certificates, PEM.
    pub(crate) ca_file: Option<PathBuf>,
    /// The local-endpoint list, as written.
    pub(crate) local_endpoints: Option<String>,
    /// The private networks that are listed as a whole, as written.
    pub(crate) local_cidrs: Option<String>,
    /// Where else keys may be kept.
    pub(crate) secret_references: AllowedReferences,
    /// Whether owners may see their personal keys again.
    pub(crate) reveal_allowed: bool,
    /// How far a call may go for a key, at most.
    pub(crate) policy: Fallback,
    /// Whether a request may bring a provider key along.
    pub(crate) request_keys_allowed: bool,
    /// Whether pictures and documents are fetched by their address.
    pub(crate) fetches_pictures: bool,
    /// How long a chat is kept after the last word; `None`: for good.
    pub(crate) chat_retention: Option<Duration>,
    /// The address that is told what happens.
    pub(crate) webhook: Option<Arc<Webhook>>,
    /// The OpenID provider that people may sign in through.
    pub(crate) oidc: Option<Arc<Oidc>>,
    /// Whether reservations wait for the disk.
    pub(crate) strict_durability: bool,
}

/// `ownkey.toml`: the same words as the flags.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct ConfigFile {
    listen: Option<String>,
    database_url: Option<String>,
    redis_url: Option<String>,
    public_url: Option<String>,
    trusted_proxies: Option<String>,
    ca_file: Option<String>,
    local_endpoints: Option<String>,
    local_cidrs: Option<String>,
    secret_references: Option<String>,
    reveal: Option<String>,
    policy: Option<String>,
    request_keys: Option<String>,
    fetch_images: Option<String>,
    chat_retention_days: Option<String>,
    ledger_durability: Option<String>,
    webhook_url: Option<String>,
    oidc: oidc::OidcFile,
}

/// The data directory, before anything in it is read.
pub(crate) fn data_dir(place: &Place, environment: &Environment) -> PathBuf {
    if let Some(dir) = &place.data_dir {
        return dir.clone();
    }
    if let Some(dir) = environment.process_value("OWNKEY_DATA_DIR") {
        return PathBuf::from(dir);
    }
    if rustix::process::geteuid().is_root() {
        return PathBuf::from("/var/lib/ownkey");
    }
    match (environment.process_value("XDG_DATA_HOME"), environment.process_value("HOME")) {
        (Some(data), _) if !data.is_empty() => Path::new(data).join("ownkey"),
        (_, Some(home)) => Path::new(home).join(".local/share/ownkey"),
        _ => PathBuf::from("ownkey-data"),
    }
}

/// Reads the configuration.
///
/// # Errors
/// A sentence about the first setting that cannot be used.
pub(crate) fn read(
    place: &Place,
    serve: Option<&Serve>,
    data_dir: PathBuf,
    environment: &Environment,
) -> Result<Config, Failure> {
    let file = config_file(&data_dir)?;
    let setting = |name: &str, from_file: Option<String>| -> Result<Option<String>, Failure> {
        Ok(environment.value(name)?.map(|found| found.value).or(from_file))
    };
    let listen = serve.and_then(|serve| serve.listen.clone());
    let listen = listen.or(setting("OWNKEY_LISTEN", file.listen)?).unwrap_or_else(|| DEFAULT_LISTEN.to_owned());
    let listen = listen.replace("localhost:", "127.0.0.1:");
    let listen: SocketAddr = listen.parse().map_err(|_| {
        Failure::configuration(format!("The listen address “{listen}” is no address and port; write 127.0.0.1:8000."))
    })?;
    let database_url = match &place.database_url {
        Some(url) => Some(url.clone()),
        None => setting("OWNKEY_DATABASE_URL", None)?.or(setting("DATABASE_URL", file.database_url)?),
    };
    let database_url = database_url.unwrap_or_else(|| format!("sqlite://{}", data_dir.join("ownkey.db").display()));
    let redis = setting("REDIS_URL", file.redis_url)?.filter(|url| !url.trim().is_empty());
    let redis = redis.map(|url| {
        rate_windows::Address::parse(&url).map_err(|problem| Failure::configuration(format!("REDIS_URL {problem}.")))
    });
    let public_url = setting("OWNKEY_PUBLIC_URL", file.public_url)?.map(|url| checked_url(&url)).transpose()?;
    let proxies = setting("OWNKEY_TRUSTED_PROXIES", file.trusted_proxies)?.unwrap_or_default();
    let reveal = setting("OWNKEY_REVEAL", file.reveal)?;
    let webhook = setting("OWNKEY_WEBHOOK_URL", file.webhook_url)?.filter(|url| !url.trim().is_empty());
    let webhook = webhook.map(|url| {
        Webhook::parse(&url).map_err(|problem| Failure::configuration(format!("OWNKEY_WEBHOOK_URL {problem}.")))
    });
    let policy = setting("OWNKEY_POLICY", file.policy)?;
    let request_keys = setting("OWNKEY_REQUEST_KEYS", file.request_keys)?;
    let fetch_images = setting("OWNKEY_FETCH_IMAGES", file.fetch_images)?;
    let retention = setting("OWNKEY_CHAT_RETENTION_DAYS", file.chat_retention_days)?;
    let references = setting("OWNKEY_SECRET_REFERENCES", file.secret_references)?.unwrap_or_default();
    let durability = setting("OWNKEY_LEDGER_DURABILITY", file.ledger_durability)?;
    Ok(Config {
        data_dir,
        database_url,
        redis: redis.transpose()?,
        listen,
        public_url,
        trusted_proxies: addresses(&proxies)?,
        ca_file: setting("OWNKEY_CA_FILE", file.ca_file)?.map(PathBuf::from),
        local_endpoints: setting("OWNKEY_LOCAL_ENDPOINTS", file.local_endpoints)?,
        local_cidrs: setting("OWNKEY_LOCAL_CIDRS", file.local_cidrs)?,
        secret_references: AllowedReferences::parse(&references)
            .map_err(|problem| Failure::configuration(format!("OWNKEY_SECRET_REFERENCES {problem}.")))?,
        reveal_allowed: choice("OWNKEY_REVEAL", reveal.as_deref(), "personal", "never")?,
        policy: checked_policy(policy.as_deref())?,
        request_keys_allowed: !choice("OWNKEY_REQUEST_KEYS", request_keys.as_deref(), "off", "on")?,
        fetches_pictures: choice("OWNKEY_FETCH_IMAGES", fetch_images.as_deref(), "on", "off")?,
        chat_retention: days("OWNKEY_CHAT_RETENTION_DAYS", retention.as_deref())?,
        webhook: webhook.transpose()?.map(Arc::new),
        oidc: oidc::read(environment, file.oidc)?.map(Arc::new),
        strict_durability: !choice("OWNKEY_LEDGER_DURABILITY", durability.as_deref(), "grouped", "strict")?,
    })
}

/// Whether a setting has its first word (also when unset) or its second.
fn choice(name: &str, text: Option<&str>, first: &str, second: &str) -> Result<bool, Failure> {
    match text {
        None => Ok(true),
        Some(text) if text == first => Ok(true),
        Some(text) if text == second => Ok(false),
        Some(text) => Err(Failure::configuration(format!("{name} is “{text}”; write {first} or {second}."))),
    }
}

/// A number of days, 1 to 36,500; `None` when unset.
fn days(name: &str, text: Option<&str>) -> Result<Option<Duration>, Failure> {
    let Some(text) = text else { return Ok(None) };
    match text.parse::<u64>() {
        Ok(days @ 1..=36_500) => Ok(Some(Duration::from_hours(24 * days))),
        _ => Err(Failure::configuration(format!("{name} is “{text}”; write a number of days from 1 to 36500."))),
    }
}

fn checked_policy(text: Option<&str>) -> Result<Fallback, Failure> {
    let policy = Fallback::of_header(text).map_err(|_| {
        let text = text.unwrap_or_default();
        Failure::configuration(format!("OWNKEY_POLICY is “{text}”; write strict, chain or cross."))
    })?;
    Ok(policy.unwrap_or(Fallback::Chain))
}

fn checked_url(text: &str) -> Result<String, Failure> {
    let url = url::Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    let url = url.ok_or_else(|| {
        Failure::configuration(format!("OWNKEY_PUBLIC_URL is “{text}”; write it like https://keys.example.org."))
    })?;
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

fn addresses(text: &str) -> Result<Vec<IpAddr>, Failure> {
    text.split(',')
        .map(str::trim)
        .filter(|address| !address.is_empty())
        .map(|address| {
            address.parse().map_err(|_| {
                Failure::configuration(format!("OWNKEY_TRUSTED_PROXIES has “{address}”, which is no IP address."))
            })
        })
        .collect()
}

/// `ownkey.toml` of the data directory, else of the working directory.
fn config_file(data_dir: &Path) -> Result<ConfigFile, Failure> {
    for path in [data_dir.join("ownkey.toml"), PathBuf::from("ownkey.toml")] {
        match std::fs::read_to_string(&path) {
            Ok(text) => {
                return toml::from_str(&text).map_err(|error| {
                    Failure::configuration(format!("{} cannot be used: {}", path.display(), error.message()))
                });
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => {
                return Err(Failure::configuration(format!("{} cannot be read: {error}.", path.display())));
            }
        }
    }
    Ok(ConfigFile::default())
}
