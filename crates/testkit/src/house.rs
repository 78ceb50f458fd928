//! A house for a test: its own data directory, its own scripted provider, its
//! own clock that can be set forward.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use app::environment::{Environment, FoundKey};
use app::{App, Parts, Settings};
use domain::audit::Actor;
use domain::caller::Role;
use domain::ids::NodeId;
use domain::secret::Password;
use domain::{Clock, Entropy, ProviderId, Timestamp};
use llm::catalogue::Catalogue;
use llm::client::{Clocks, Upstream};
use llm::egress::{EgressGuard, LocalEndpoints};
use provider_sim::{Script, Sim};
use serde_json::{Value, json};
use store::{MasterKeys, OpenOptions, Store};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use web::origins::Origins;
use web::router::{Shared, router};

use crate::client::{Answer, Client};

/// The password of every person in tests.
pub const PASSWORD: &str = "correct horse battery";

/// A master key that is used in tests only.
const MASTER_KEY: &str = "3pQ0q0Jm9m8cJm1sV7c2yq0rZkX4bN6tD5wE8uHfLgA=";

/// What a test may choose.
pub struct Options {
    /// What the scripted provider does.
    pub script: Script,
    /// The database; `None`: SQLite in the house's own directory.
    pub database_url: Option<String>,
    /// Keys of the server's environment.
    pub environment_keys: Vec<FoundKey>,
    /// The clocks of upstream calls.
    pub clocks: Clocks,
    /// Whether owners may see their keys again.
    pub reveal_allowed: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            script: Script::says("Hello from the scripted provider."),
            database_url: None,
            environment_keys: Vec::new(),
            clocks: Clocks::default(),
            reveal_allowed: true,
        }
    }
}

/// A running house.
pub struct House {
    /// The scripted provider behind it.
    pub sim: Sim,
    /// The use cases, for looking behind the doors.
    pub app: Arc<App>,
    /// Where it listens, `http://127.0.0.1:…`.
    pub url: String,
    /// Its data directory.
    pub directory: TempDir,
    offset: Arc<AtomicI64>,
    stop: CancellationToken,
}

impl House {
    /// A house with the usual options.
    pub async fn start() -> Self {
        Self::start_with(Options::default()).await
    }

    /// A house with these options.
    pub async fn start_with(options: Options) -> Self {
        let sim = Sim::start(options.script).await.expect("the scripted provider starts");
        let directory = TempDir::new().expect("a directory");
        let offset = Arc::new(AtomicI64::new(0));
        let (clock, entropy) = (clock(Arc::clone(&offset)), entropy());
        let url = options
            .database_url
            .unwrap_or_else(|| format!("sqlite://{}", directory.path().join("ownkey.db").display()));
        let store = Store::open(OpenOptions {
            url,
            master_keys: MasterKeys::parse(MASTER_KEY).expect("a strong key"),
            now: clock.now(),
            node: NodeId::generate(clock.now(), &entropy),
            entropy: entropy.clone(),
            serves: true,
            strict_durability: false,
        })
        .await
        .expect("the store opens");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let guard = EgressGuard::new(LocalEndpoints::none().with_embedded(sim.address()), vec![address]);
        let settings = Settings {
            public_url: format!("http://{address}"),
            default_bases: bases(&sim),
            reveal_allowed: options.reveal_allowed,
            ..Settings::default()
        };
        let (environment, _problems) =
            Environment::new(options.environment_keys, &settings, &guard, store.vault(), clock.now());
        let app = App::build(Parts {
            store,
            upstream: Upstream::new(guard.clone(), options.clocks, Vec::new()),
            guard,
            catalogue: Catalogue::builtin(),
            clock,
            entropy,
            settings,
            environment,
        })
        .await
        .expect("the house stands");
        app.start_background();
        let stop = CancellationToken::new();
        serve(listener, address, Arc::clone(&app), stop.clone());
        Self { sim, app, url: format!("http://{address}"), directory, offset, stop }
    }

    /// A client without a token.
    #[must_use]
    pub fn nobody(&self) -> Client {
        Client::new(&self.url, None)
    }

    /// A member with this name.
    pub async fn user(&self, name: &str) -> Person {
        self.person(name, Role::Member).await
    }

    /// An admin with this name.
    pub async fn admin(&self, name: &str) -> Person {
        self.person(name, Role::Admin).await
    }

    async fn person(&self, name: &str, role: Role) -> Person {
        let email = format!("{name}@example.org");
        let password = Password::new(PASSWORD.to_owned());
        app::users::create(&self.app, Actor::System, email.clone(), password, role).await.expect("a new user");
        let answer = self
            .nobody()
            .send(
                http::Method::POST,
                "/v2/login/access-token",
                &[("content-type", "application/x-www-form-urlencoded")],
                format!("username={email}&password={}", PASSWORD.replace(' ', "+")).into_bytes(),
            )
            .await
            .expect(200);
        let token = answer.json()["access_token"].as_str().expect("a token").to_owned();
        Person { email, client: Client::new(&self.url, Some(&token)) }
    }

    /// Sets the house's clock forward.
    pub fn pass(&self, time: Duration) {
        self.offset.fetch_add(time.as_micros() as i64, Ordering::SeqCst);
    }

    /// The files of its data directory.
    #[must_use]
    pub fn files(&self) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(self.directory.path()).expect("the data directory");
        entries.map(|entry| entry.expect("an entry").path()).filter(|path| path.is_file()).collect()
    }

    /// Stops it, as SIGTERM does.
    pub async fn stop(&self) {
        self.stop.cancel();
        self.app.close().await;
    }
}

impl Drop for House {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// Somebody with an account, signed in by an access token.
pub struct Person {
    /// Their address.
    pub email: String,
    /// Their client.
    pub client: Client,
}

impl Person {
    /// Saves a provider key and waits for its check.
    pub async fn save_key(&self, provider: &str, key: &str) -> Value {
        let body = json!({"provider": provider, "api_key": key});
        self.client.post("/v2/credentials?check=sync", &body).await.expect(201).json()
    }

    /// A client with a gateway token of theirs that may call models.
    pub async fn gateway_client(&self) -> Client {
        self.gateway_client_with(&json!({"name": "test"})).await
    }

    /// A client with a gateway token made from this body.
    pub async fn gateway_client_with(&self, body: &Value) -> Client {
        let answer = self.client.post("/v2/tokens", body).await.expect(201);
        self.client.with_token(answer.json()["token"].as_str().expect("a token"))
    }

    /// One chat call with the usual model.
    pub async fn chat(&self, prompt: &str) -> Answer {
        self.client.post("/v1/chat/completions", &chat_body("gpt-5-mini", prompt, false)).await
    }

    /// Their calls, newest first.
    pub async fn usage(&self) -> Vec<Value> {
        let page = self.client.get("/v2/usage/events").await.expect(200).json();
        page["data"].as_array().expect("events").clone()
    }
}

/// The body of a chat call.
#[must_use]
pub fn chat_body(model: &str, prompt: &str, stream: bool) -> Value {
    json!({"model": model, "stream": stream, "messages": [{"role": "user", "content": prompt}]})
}

fn serve(listener: TcpListener, address: SocketAddr, app: Arc<App>, stop: CancellationToken) {
    let shared = Shared {
        origins: Arc::new(Origins::new(&app.settings.public_url, address)),
        trusted_proxies: Arc::new(Vec::new()),
        app,
    };
    tokio::spawn(web::serve::serve(listener, router(shared), stop, Duration::from_secs(5)));
}

fn bases(sim: &Sim) -> HashMap<ProviderId, String> {
    let origin = sim.origin();
    [
        (ProviderId::OpenAi, "/v1"),
        (ProviderId::Groq, "/openai/v1"),
        (ProviderId::OpenRouter, "/api/v1"),
        (ProviderId::Mistral, "/v1"),
        (ProviderId::XAi, "/v1"),
        (ProviderId::Fireworks, "/inference/v1"),
    ]
    .into_iter()
    .map(|(provider, path)| (provider, format!("{origin}{path}")))
    .collect()
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
