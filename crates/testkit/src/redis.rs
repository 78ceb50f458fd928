//! A real `redis-server` of a test's own.

mod tls;

use std::net::SocketAddr;
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::{Child, Command};

use crate::wait::eventually;

/// How long a start may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// The server. Dropped: killed.
pub struct Redis {
    child: Child,
    password: String,
    address: SocketAddr,
    /// Where it speaks TLS as well.
    tls: Option<SocketAddr>,
    directory: TempDir,
}

impl Redis {
    /// Starts one with this password; `None`, with a line that says so, where the
    /// program is not installed; panics where `CI` is set, because there it must
    /// run.
    #[expect(clippy::disallowed_methods, reason = "CI says in the environment that nothing may be skipped")]
    #[expect(clippy::print_stderr, reason = "a skipped suite says so")]
    pub async fn start(password: &str) -> Option<Self> {
        let found = Command::new("redis-server").arg("--version").stdout(Stdio::null()).status().await;
        if !found.is_ok_and(|status| status.success()) {
            assert!(!std::env::var("CI").is_ok_and(|ci| ci == "true"), "CI=true, and there is no redis-server");
            eprintln!("skipped: redis-server is not installed");
            return None;
        }
        let directory = TempDir::new().expect("a directory");
        let address = free().await;
        let child = run(address, None, password, &directory);
        let redis = Self { child, password: password.to_owned(), address, tls: None, directory };
        redis.answers().await;
        Some(redis)
    }

    /// The same, which speaks TLS at a port of its own, with a certificate for
    /// 127.0.0.1. `None`, with a line that says so, also where `redis-server` was
    /// built without TLS or `openssl` is not installed.
    #[expect(clippy::print_stderr, reason = "a skipped suite says so")]
    pub async fn start_with_tls(password: &str) -> Option<Self> {
        let mut redis = Self::start(password).await?;
        redis.kill().await;
        if !tls::make(redis.directory.path()).await {
            eprintln!("skipped: openssl is not installed");
            return None;
        }
        let tls = free().await;
        redis.tls = Some(tls);
        redis.child = run(redis.address, Some(tls), password, &redis.directory);
        let is_there = eventually("redis-server answers, or ends", PATIENCE, async || {
            let answer = redis.ask("PING").await.ok().filter(|answer| answer.contains("PONG")).map(|_| true);
            let gone = redis.child.id().is_none_or(|id| !std::path::Path::new(&format!("/proc/{id}/exe")).exists());
            answer.or_else(|| gone.then_some(false))
        })
        .await;
        if !is_there {
            eprintln!("skipped: redis-server was built without TLS");
        }
        is_there.then_some(redis)
    }

    /// Its URL for TLS; panics where it speaks none.
    #[must_use]
    pub fn tls_url(&self) -> String {
        format!("rediss://:{}@{}/0", self.password, self.tls.expect("it speaks TLS"))
    }

    /// The file of the authority that its certificate is of.
    #[must_use]
    pub fn authority(&self) -> String {
        self.directory.path().join(tls::AUTHORITY).display().to_string()
    }

    /// Its URL.
    #[must_use]
    pub fn url(&self) -> String {
        format!("redis://:{}@{}/0", self.password, self.address)
    }

    /// Ends it as a power button does, with all it knew.
    pub async fn kill(&mut self) {
        self.child.kill().await.expect("it can be killed");
    }

    /// Starts it again, empty.
    pub async fn start_again(&mut self) {
        self.child = run(self.address, self.tls, &self.password, &self.directory);
        self.answers().await;
    }

    /// Stops it in its tracks: connections stand, and nothing is answered.
    pub fn freeze(&self) {
        self.signal(Signal::STOP);
    }

    /// Lets it go on.
    pub fn thaw(&self) {
        self.signal(Signal::CONT);
    }

    fn signal(&self, signal: Signal) {
        let id = self.child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        kill_process(id.expect("it runs"), signal).expect("it hears");
    }

    /// Everything it answers to a command, as text.
    pub async fn says(&self, command: &str) -> String {
        self.ask(command).await.expect("it answers")
    }

    async fn ask(&self, command: &str) -> std::io::Result<String> {
        #[expect(clippy::disallowed_methods, reason = "the test's own server")]
        let mut stream = TcpStream::connect(self.address).await?;
        let words = format!("AUTH {}\r\n{command}\r\nQUIT\r\n", self.password);
        stream.write_all(words.as_bytes()).await?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await?;
        Ok(answer)
    }

    async fn answers(&self) {
        eventually("redis-server answers", PATIENCE, async || {
            self.ask("PING").await.ok().filter(|answer| answer.contains("PONG"))
        })
        .await;
    }
}

/// A port that nobody listens at.
async fn free() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").await.expect("a port").local_addr().expect("an address")
}

fn run(address: SocketAddr, tls: Option<SocketAddr>, password: &str, directory: &TempDir) -> Child {
    let mut command = Command::new("redis-server");
    if let Some(tls) = tls {
        command.args(["--tls-port", &tls.port().to_string(), "--tls-auth-clients", "no"]);
        command.args(["--tls-ca-cert-file", tls::AUTHORITY, "--tls-cert-file", tls::CERTIFICATE]);
        command.args(["--tls-key-file", tls::KEY]);
    }
    command
        .args(["--port", &address.port().to_string(), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"])
        .args(["--requirepass", password])
        .current_dir(directory.path())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .expect("redis-server starts")
}
