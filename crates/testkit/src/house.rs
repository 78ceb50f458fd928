//! A house for a test: its own data directory, its own scripted provider, its
//! own clock that can be set forward.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use app::App;
use app::environment::FoundKey;
use app::sign_in::oidc::Oidc;
use domain::audit::Actor;
use domain::caller::Role;
use domain::resolve::Fallback;
use domain::secret::Password;
use llm::client::Clocks;
use provider_sim::{Script, Sim};
use serde_json::{Value, json};
use store::Store;
use tempfile::TempDir;

use crate::client::{Answer, Client};
use crate::database::RawDatabase;
use crate::node::{Ground, Node};
use crate::raw::{RawProvider, RawScript};

/// The password of every person in tests.
pub const PASSWORD: &str = "correct horse battery";

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
    /// How long a client may leave its answer unread.
    pub write_clock: Duration,
    /// Whether owners may see their keys again.
    pub reveal_allowed: bool,
    /// Whether the scripted provider stands in for Ollama and LM Studio, too.
    pub local_servers: bool,
    /// How far a call may go for a key, at most.
    pub policy: Fallback,
    /// Whether a request may bring a provider key along.
    pub request_keys_allowed: bool,
    /// `OWNKEY_SECRET_REFERENCES`.
    pub secret_references: String,
    /// Variables of the server's environment.
    pub variables: Vec<(String, String)>,
    /// Answers with bytes, before the scripted provider is asked.
    pub raw: Option<RawScript>,
    /// A web site that stands for all public addresses.
    pub site: Option<SocketAddr>,
    /// Whether pictures are fetched by their address.
    pub fetches_pictures: bool,
    /// The OpenID provider that people may sign in through.
    pub oidc: Option<Oidc>,
    /// Where nodes count rates together.
    pub redis_url: Option<String>,
    /// The address that is told what happens. One on this machine is listed.
    pub webhook_url: Option<String>,
    /// How long before now its clock begins.
    pub ago: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            script: Script::says("Hello from the scripted provider."),
            database_url: None,
            environment_keys: Vec::new(),
            clocks: Clocks::default(),
            write_clock: Duration::from_secs(60),
            reveal_allowed: true,
            local_servers: false,
            policy: Fallback::Chain,
            request_keys_allowed: false,
            secret_references: String::new(),
            variables: Vec::new(),
            raw: None,
            site: None,
            fetches_pictures: true,
            oidc: None,
            redis_url: None,
            webhook_url: None,
            ago: Duration::ZERO,
        }
    }
}

/// A running house.
pub struct House {
    /// The scripted provider behind it.
    pub sim: Sim,
    /// The provider of bytes before that one, where a test wants it.
    pub raw: Option<RawProvider>,
    /// The use cases, for looking behind the doors.
    pub app: Arc<App>,
    /// Where it listens, `http://127.0.0.1:…`.
    pub url: String,
    /// Its data directory.
    pub directory: TempDir,
    /// Its database.
    pub database_url: String,
    node: Node,
    ground: Ground,
}

impl House {
    /// A house with the usual options.
    pub async fn start() -> Self {
        Self::start_with(Options::default()).await
    }

    /// A house whose scripted provider does this.
    pub async fn start_scripted(script: Script) -> Self {
        Self::start_with(Options { script, ..Options::default() }).await
    }

    /// A house with these options.
    pub async fn start_with(options: Options) -> Self {
        let sim = Sim::start(options.script).await.expect("the scripted provider starts");
        let raw = match options.raw {
            Some(script) => Some(RawProvider::start(script, sim.address()).await),
            None => None,
        };
        let directory = TempDir::new().expect("a directory");
        let database_url = options
            .database_url
            .unwrap_or_else(|| format!("sqlite://{}", directory.path().join("ownkey.db").display()));
        let ground = Ground {
            clocks: options.clocks,
            write_clock: options.write_clock,
            reveal_allowed: options.reveal_allowed,
            local_servers: options.local_servers,
            policy: options.policy,
            request_keys_allowed: options.request_keys_allowed,
            secret_references: options.secret_references,
            variables: options.variables,
            site: options.site,
            fetches_pictures: options.fetches_pictures,
            oidc: options.oidc.map(Arc::new),
            redis_url: options.redis_url,
            webhook_url: options.webhook_url,
            data_dir: directory.path().to_owned(),
            provider: raw.as_ref().map_or(sim.address(), RawProvider::address),
            offset: Arc::new(AtomicI64::new(-(options.ago.as_micros() as i64))),
        };
        let node = ground.raise(&database_url, true, options.environment_keys).await;
        let (app, url) = (Arc::clone(&node.app), node.url.clone());
        Self { sim, raw, app, url, directory, database_url, node, ground }
    }

    /// One more node on the same database; PostgreSQL only.
    pub async fn second_node(&self) -> Node {
        self.ground.raise(&self.database_url, true, Vec::new()).await
    }

    /// A second process on the same database that answers calls without being
    /// its server: what there can be two of also on SQLite.
    pub async fn second_process(&self) -> Node {
        self.ground.raise(&self.database_url, false, Vec::new()).await
    }

    /// The database as a second process on this machine opens it, such as the
    /// command line.
    pub async fn as_command_line(&self) -> Store {
        self.ground.open(&self.database_url, false).await
    }

    /// The database as somebody sees it who has its file and no master key.
    pub async fn raw_database(&self) -> RawDatabase {
        RawDatabase::open(&self.database_url).await
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

    /// The cookie of a browser in which this person is signed in.
    pub async fn web_session(&self, name: &str) -> String {
        let form = format!("email={name}%40example.org&password={}", PASSWORD.replace(' ', "+"));
        let headers = [("content-type", "application/x-www-form-urlencoded"), ("origin", self.url.as_str())];
        let answer = self.nobody().send(http::Method::POST, "/login", &headers, form.into_bytes()).await.expect(303);
        answer.header("set-cookie").split(';').next().unwrap_or("").to_owned()
    }

    /// Sets the house's clock forward.
    pub fn pass(&self, time: Duration) {
        self.ground.offset.fetch_add(time.as_micros() as i64, Ordering::SeqCst);
    }

    /// The files of its data directory.
    #[must_use]
    pub fn files(&self) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(self.directory.path()).expect("the data directory");
        entries.map(|entry| entry.expect("an entry").path()).filter(|path| path.is_file()).collect()
    }

    /// Stops it, as SIGTERM does.
    pub async fn stop(&self) {
        self.node.stop().await;
    }

    /// Resolves when every settlement handed over so far can be read.
    pub async fn ledger_is_written(&self) {
        self.app.store.ledger().flush().await.expect("the ledger is written");
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

    /// One chat call whose answer streams, read to its end.
    pub async fn chat_stream(&self, prompt: &str) -> Answer {
        self.client.post("/v1/chat/completions", &chat_body("gpt-5-mini", prompt, true)).await
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
