//! The command line, as the real binary.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod aliases;
mod audit;
mod beside;
pub(crate) mod demo;
mod doctor;
mod exports;
mod help;
mod imports;
mod keys;
mod models;
mod move_origin;
mod prices;
mod refusals;
mod tokens;
mod users;
mod webhook;

use std::path::Path;

use provider_sim::{Script, Sim};
use serde_json::Value;
use tempfile::TempDir;
use testkit::{Client, PASSWORD, Process, Said};

const BINARY: &str = env!("CARGO_BIN_EXE_ownkey");

const EMAIL: &str = "ann@example.org";

const KEY: &str = "sk-proj-FAKEaBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789key1";

/// A provider, and a directory where commands and servers come and go.
struct Place {
    sim: Sim,
    base: String,
    directory: TempDir,
}

impl Place {
    /// A directory with nothing in it.
    async fn empty() -> Self {
        let sim = Sim::start(Script::says("Hello from the scripted provider.")).await.unwrap();
        Self { base: sim.base_url(), sim, directory: TempDir::new().unwrap() }
    }

    /// A directory where Ann has an account.
    async fn with_ann() -> Self {
        let place = Self::empty().await;
        let process = place.serve().await;
        process.terminate();
        assert_eq!(process.ended().await, Some(0));
        place
    }

    fn path(&self) -> &Path {
        self.directory.path()
    }

    async fn serve(&self) -> Process {
        let environment = [
            ("OPENAI_BASE_URL", self.base.as_str()),
            ("OWNKEY_ADMIN_EMAIL", EMAIL),
            ("OWNKEY_ADMIN_PASSWORD", PASSWORD),
            ("OWNKEY_LOG", "warn"),
        ];
        let served = Process::serve(BINARY, self.path(), &environment).await;
        served.unwrap_or_else(|exit| panic!("{:?}: {}", exit.code, exit.stderr))
    }

    /// `ownkey WORDS`, on this directory.
    async fn run(&self, words: &str) -> Said {
        self.run_with(&[], &words.split(' ').collect::<Vec<_>>(), None).await
    }

    /// The same, which must succeed, with `--json`.
    async fn json(&self, words: &str) -> Value {
        self.run(&format!("{words} --json")).await.expect(0).json()
    }

    async fn run_with(&self, environment: &[(&str, &str)], words: &[&str], stdin: Option<&str>) -> Said {
        let data = self.path().to_str().unwrap();
        let mut all = vec![("OWNKEY_DATA_DIR", data), ("OPENAI_BASE_URL", self.base.as_str())];
        all.extend_from_slice(environment);
        testkit::run(BINARY, self.path(), &all, words, stdin).await
    }

    /// Saves a key; its id.
    async fn add_key(&self, key: &str) -> String {
        let words = ["credential", "add", "openai", "--stdin", "--json"];
        let saved = self.run_with(&[], &words, Some(key)).await.expect(0).json();
        saved["id"].as_str().unwrap().to_owned()
    }
}

/// How many keys of a list somebody saved.
fn stored(list: &Value) -> usize {
    list["data"].as_array().unwrap().iter().filter(|key| key["origin"] != "keyless").count()
}

/// Ann, signed in at a running server.
async fn sign_in(process: &Process) -> Client {
    let nobody = Client::new(&process.url, None);
    let form = format!("username={EMAIL}&password={}", PASSWORD.replace(' ', "+")).into_bytes();
    let kind = [("content-type", "application/x-www-form-urlencoded")];
    let answer = nobody.send(http::Method::POST, "/v2/login/access-token", &kind, form).await.expect(200);
    nobody.with_token(answer.json()["access_token"].as_str().unwrap())
}
