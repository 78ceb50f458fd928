//! The master key's life, with the real binary: a new one beside a running
//! server, and what is said when one is wrong or gone.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]
#![expect(clippy::print_stdout, reason = "a test says what it measured")]

mod hangup;
mod refusals;
mod two_nodes;
mod under_load;

use std::path::Path;

use provider_sim::{Script, Sim};
use serde_json::{Value, json};
use testkit::{Client, Exit, PASSWORD, PostgresDatabase, Process, RawDatabase, Said};

const BINARY: &str = env!("CARGO_BIN_EXE_ownkey");

const EMAIL: &str = "ann@example.org";

const OLD: &str = testkit::MASTER_KEY;
const NEW: &str = "Zk3nqT0xYw9cVbR7uPaLh5sGdJ2mF8eQoXiC1rK6tBs=";

/// The new key, then the former one.
fn both() -> String {
    format!("{NEW},{OLD}")
}

/// A provider, a database, and a directory where servers and commands come and go.
struct Place {
    sim: Sim,
    directory: tempfile::TempDir,
    database_url: String,
    postgres: Option<PostgresDatabase>,
}

impl Place {
    async fn sqlite() -> Self {
        let directory = tempfile::TempDir::new().unwrap();
        let database_url = format!("sqlite://{}", directory.path().join("ownkey.db").display());
        Self { sim: Sim::start(Script::says("Short.")).await.unwrap(), directory, database_url, postgres: None }
    }

    async fn postgres() -> Option<Self> {
        let database = PostgresDatabase::create().await?;
        Some(Self { database_url: database.url.clone(), postgres: Some(database), ..Self::sqlite().await })
    }

    fn path(&self) -> &Path {
        self.directory.path()
    }

    async fn try_serve(&self, keys: &[(&str, &str)]) -> Result<Process, Exit> {
        let base = self.sim.base_url();
        let environment = [
            ("OPENAI_BASE_URL", base.as_str()),
            ("OWNKEY_ADMIN_EMAIL", EMAIL),
            ("OWNKEY_ADMIN_PASSWORD", PASSWORD),
            ("OWNKEY_DATABASE_URL", self.database_url.as_str()),
            ("OWNKEY_LOG", "warn"),
        ];
        Process::serve(BINARY, self.path(), &[&environment, keys].concat()).await
    }

    async fn serve(&self, keys: &str) -> Process {
        let served = self.try_serve(&[("MASTER_KEY", keys)]).await;
        served.unwrap_or_else(|exit| panic!("{:?}: {}", exit.code, exit.stderr))
    }

    /// `ownkey WORDS` with these master keys.
    async fn run(&self, keys: &str, words: &str) -> Said {
        let data = self.path().to_str().unwrap();
        let base = self.sim.base_url();
        let environment = [
            ("MASTER_KEY", keys),
            ("OWNKEY_DATA_DIR", data),
            ("OPENAI_BASE_URL", base.as_str()),
            ("OWNKEY_DATABASE_URL", self.database_url.as_str()),
        ];
        testkit::run(BINARY, self.path(), &environment, &words.split(' ').collect::<Vec<_>>(), None).await
    }

    /// The state of each key, by `keyring status`.
    async fn keys(&self, keys: &str) -> Vec<Value> {
        let said = self.run(keys, "keyring status --json").await;
        said.json()["keys"].as_array().unwrap().clone()
    }

    async fn database(&self) -> RawDatabase {
        RawDatabase::open(&self.database_url).await
    }

    async fn end(self) {
        if let Some(database) = self.postgres {
            database.destroy().await;
        }
    }
}

/// Ann, signed in.
async fn sign_in(process: &Process) -> Client {
    let nobody = Client::new(&process.url, None);
    let form = format!("username={EMAIL}&password={}", PASSWORD.replace(' ', "+")).into_bytes();
    let kind = [("content-type", "application/x-www-form-urlencoded")];
    let answer = nobody.send(http::Method::POST, "/v2/login/access-token", &kind, form).await.expect(200);
    nobody.with_token(answer.json()["access_token"].as_str().unwrap())
}

/// A made-up key.
fn key(number: usize) -> String {
    format!("sk-proj-FAKEaBcDeFgHiJkLmNoPqRsTuVwXyZ01234567{number:05}")
}

/// Saves one; its id.
async fn save(client: &Client, number: usize) -> String {
    let body = json!({"provider": "openai", "name": format!("Key {number}"), "api_key": key(number)});
    let saved = client.post("/v2/credentials", &body).await.expect(201).json();
    saved["id"].as_str().unwrap().to_owned()
}

/// One call that this key has to pay for.
async fn call_with(client: &Client, id: &str) -> testkit::Answer {
    let body = testkit::chat_body("gpt-5-mini", "Hi", false).to_string().into_bytes();
    let headers = [("content-type", "application/json"), ("x-ownkey-credential", id)];
    client.send(http::Method::POST, "/v1/chat/completions", &headers, body).await
}
