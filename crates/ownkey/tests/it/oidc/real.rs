//! A real OpenID provider, in a process of its own: npm's `oidc-provider`, where
//! `OWNKEY_TEST_OIDC_MODULES` says its `node_modules` are. `CI=true` insists.

use std::path::Path;
use std::process::Stdio;

use app::sign_in::oidc::Oidc;
use domain::Secret;
use serde_json::{Value, json};
use tempfile::TempDir;
use testkit::House;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

use super::scripted::settings;

/// The running provider, gone with this value.
pub(crate) struct RealProvider {
    pub(crate) issuer: String,
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
    _process: Child,
    _directory: TempDir,
}

impl RealProvider {
    /// Starts it; `None` where it is not installed.
    #[expect(clippy::disallowed_methods, clippy::print_stdout, reason = "the machine says where its packages are")]
    pub(crate) async fn start() -> Option<Self> {
        let Ok(modules) = std::env::var("OWNKEY_TEST_OIDC_MODULES") else {
            assert!(std::env::var("CI").is_err(), "CI runs the OpenID provider: set OWNKEY_TEST_OIDC_MODULES");
            println!("skipped: OWNKEY_TEST_OIDC_MODULES names no node_modules of tests/oidc/package.json");
            return None;
        };
        // Node looks for packages beside the file.
        let directory = TempDir::new().unwrap();
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oidc/provider.mjs");
        std::fs::copy(script, directory.path().join("provider.mjs")).unwrap();
        std::os::unix::fs::symlink(modules, directory.path().join("node_modules")).unwrap();
        let mut process = Command::new("node")
            .arg(directory.path().join("provider.mjs"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let input = process.stdin.take().unwrap();
        let output = BufReader::new(process.stdout.take().unwrap()).lines();
        let mut provider = Self { issuer: String::new(), input, output, _process: process, _directory: directory };
        provider.issuer = provider.line().await["issuer"].as_str().unwrap().to_owned();
        Some(provider)
    }

    /// What this server is to it.
    pub(crate) fn settings(&self) -> Oidc {
        Oidc { client_secret: Some(Secret::new("a-secret-of-tests-only".to_owned())), ..settings(&self.issuer) }
    }

    /// Tells it where this house waits for those who come back.
    pub(crate) async fn knows(&mut self, house: &House) {
        self.does(json!({"redirect": format!("{}/login/oidc/callback", house.url)})).await;
    }

    /// Somebody with an account there, or what it says of them now.
    pub(crate) async fn person(&mut self, claims: Value) {
        self.does(json!({"person": claims})).await;
    }

    /// It signs with another key from now on, and has forgotten the former one.
    pub(crate) async fn rotates(&mut self) {
        self.does(json!({"rotate": true})).await;
    }

    async fn does(&mut self, command: Value) {
        self.input.write_all(format!("{command}\n").as_bytes()).await.unwrap();
        assert_eq!(self.line().await, json!({"done": true}));
    }

    async fn line(&mut self) -> Value {
        // Its own warnings are lines, too.
        loop {
            let line = self.output.next_line().await.unwrap().unwrap_or_else(|| panic!("the provider ended"));
            if let Ok(value) = serde_json::from_str(&line) {
                return value;
            }
        }
    }
}
