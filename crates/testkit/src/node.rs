//! Raising one node of a house: the store, the use cases, the listener.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use app::environment::{Environment, FoundKey};
use app::events::webhook::Webhook;
use app::references::References;
use app::sign_in::oidc::Oidc;
use app::{App, Parts, Settings};
use domain::ids::NodeId;
use domain::resolve::Fallback;
use domain::secret_reference::AllowedReferences;
use domain::{Clock, Entropy, Origin, ProviderId, Timestamp};
use llm::catalogue::Catalogue;
use llm::client::{Clocks, Upstream};
use llm::egress::{EgressGuard, LocalEndpoints};
use store::rate_windows::{self, RateWindows};
use store::{MasterKeys, OpenOptions, Store};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use web::origins::Origins;
use web::router::{Shared, router};

use crate::client::Client;
use crate::site;

/// A master key that is used in tests only.
pub const MASTER_KEY: &str = "3pQ0q0Jm9m8cJm1sV7c2yq0rZkX4bN6tD5wE8uHfLgA=";

/// A process's worth of Ownkey within this one.
pub struct Node {
    /// The use cases, for looking behind the doors.
    pub app: Arc<App>,
    /// Where it listens, `http://127.0.0.1:…`.
    pub url: String,
    stop: CancellationToken,
}

impl Node {
    /// The same person at this node.
    #[must_use]
    pub fn client_of(&self, client: &Client) -> Client {
        Client::new(&self.url, Some(client.token()))
    }

    /// Stops it, as SIGTERM does.
    pub async fn stop(&self) {
        self.stop.cancel();
        self.app.close().await;
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// What all nodes of a house have in common.
pub(crate) struct Ground {
    pub(crate) clocks: Clocks,
    pub(crate) write_clock: Duration,
    pub(crate) reveal_allowed: bool,
    pub(crate) local_servers: bool,
    pub(crate) policy: Fallback,
    pub(crate) request_keys_allowed: bool,
    pub(crate) secret_references: String,
    pub(crate) variables: Vec<(String, String)>,
    pub(crate) site: Option<SocketAddr>,
    pub(crate) fetches_pictures: bool,
    pub(crate) oidc: Option<Arc<Oidc>>,
    pub(crate) redis_url: Option<String>,
    pub(crate) webhook_url: Option<String>,
    pub(crate) data_dir: PathBuf,
    pub(crate) provider: SocketAddr,
    pub(crate) offset: Arc<AtomicI64>,
}

impl Ground {
    pub(crate) async fn open(&self, url: &str, serves: bool) -> Store {
        let (clock, entropy) = (clock(Arc::clone(&self.offset)), entropy());
        Store::open(OpenOptions {
            url: url.to_owned(),
            master_keys: MasterKeys::parse(MASTER_KEY).expect("a strong key"),
            now: clock.now(),
            node: NodeId::generate(clock.now(), &entropy),
            entropy,
            serves,
            strict_durability: false,
        })
        .await
        .expect("the store opens")
    }

    fn references(&self) -> References {
        let allowed = AllowedReferences::parse(&self.secret_references).expect("a list");
        let variables = self.variables.iter().filter(|(name, _)| allowed.permits_variable(name));
        let variables = variables.cloned().collect();
        References::new(allowed, variables, vec![self.data_dir.clone()])
    }

    async fn rate_windows(&self) -> Option<RateWindows> {
        let address = rate_windows::Address::parse(self.redis_url.as_deref()?).expect("an address");
        let windows = RateWindows::new(address, Vec::new());
        // As at any start: it may be away.
        let _looked = windows.look().await;
        Some(windows)
    }

    pub(crate) async fn raise(&self, database_url: &str, serves: bool, keys: Vec<FoundKey>) -> Node {
        let store = self.open(database_url, serves).await;
        let clock = clock(Arc::clone(&self.offset));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let mut local = LocalEndpoints::none().with_embedded(self.provider);
        let webhook = self.webhook_url.as_deref().map(|url| Webhook::parse(url).expect("an address"));
        if let Some(origin) =
            webhook.as_ref().and_then(|webhook| Origin::of(&url::Url::parse(&webhook.to_string()).ok()?))
        {
            local = local.with(origin);
        }
        let (guard, roots) = match self.site {
            Some(site) => (site::guard(local, address, site), site::roots()),
            None => (EgressGuard::new(local, vec![address]), Vec::new()),
        };
        let settings = Settings {
            public_url: format!("http://{address}"),
            default_bases: self.bases(),
            reveal_allowed: self.reveal_allowed,
            policy: self.policy,
            request_keys_allowed: self.request_keys_allowed,
            fetches_pictures: self.fetches_pictures,
            oidc: self.oidc.clone(),
            webhook: webhook.map(Arc::new),
            ..Settings::default()
        };
        let (environment, _problems) = Environment::new(keys, &settings, &guard, store.vault(), clock.now());
        let app = App::build(Parts {
            store,
            upstream: Upstream::new(guard.clone(), self.clocks, roots),
            guard,
            catalogue: Catalogue::builtin(),
            clock,
            entropy: entropy(),
            settings,
            environment,
            references: self.references(),
            rate_windows: self.rate_windows().await,
        })
        .await
        .expect("the house stands");
        app.start_background();
        let stop = CancellationToken::new();
        let clocks = web::serve::Clocks { write: self.write_clock, drain: Duration::from_secs(5) };
        serve(listener, address, Arc::clone(&app), stop.clone(), clocks);
        Node { app, url: format!("http://{address}"), stop }
    }

    /// Where the scripted provider stands in.
    fn bases(&self) -> HashMap<ProviderId, String> {
        let bases = provider_sim::provider_bases(self.provider).into_iter();
        let local = [ProviderId::Ollama, ProviderId::LmStudio].into_iter().filter(|_| self.local_servers);
        bases
            .map(|(provider, url)| (provider.parse().expect("a known provider"), url))
            .chain(local.map(|provider| (provider, format!("http://{}/v1", self.provider))))
            .collect()
    }
}

fn serve(
    listener: TcpListener,
    address: SocketAddr,
    app: Arc<App>,
    stop: CancellationToken,
    clocks: web::serve::Clocks,
) {
    let origins = Origins::new(&app.settings.public_url, address);
    let shared = Shared::new(app, origins, Vec::new());
    tokio::spawn(web::serve::serve(listener, router(shared), stop, clocks));
}

/// Real time, which a test may set forward.
#[expect(clippy::disallowed_methods, reason = "the test's own clock starts at the machine's time")]
fn clock(offset: Arc<AtomicI64>) -> Clock {
    Clock::new(move || {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_micros(since.as_micros() as i64 + offset.load(Ordering::SeqCst))
    })
}

/// Bytes that differ from call to call and from run to run, and need no
/// randomness of the machine: the test's own seed.
#[expect(clippy::disallowed_methods, reason = "the seed is the machine's time")]
fn entropy() -> Entropy {
    let seed = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default().as_nanos() as u64;
    let state = AtomicU64::new(seed | 1);
    Entropy::new(move |bytes| {
        for byte in bytes {
            let next = state.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::SeqCst);
            let mixed = (next ^ (next >> 31)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            *byte = (mixed >> 32) as u8;
        }
    })
}
