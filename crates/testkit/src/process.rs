//! The real binary, as a child process.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

/// How long a start or an end may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// How a process ended by itself.
#[derive(Debug)]
pub struct Exit {
    /// Its exit status.
    pub code: Option<i32>,
    /// What it said on standard error.
    pub stderr: String,
}

/// What a command said, and how it ended.
#[derive(Debug)]
pub struct Said {
    /// Its exit status.
    pub code: Option<i32>,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Said {
    /// Itself when it ended like this; panics with what it said otherwise.
    pub fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{}{}", self.stdout, self.stderr);
        self
    }

    /// Standard output as JSON; panics with it when it is none.
    #[must_use]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("no JSON ({error}): {}", self.stdout))
    }
}

/// Runs `binary words…` in `directory` to its end, with nothing of this
/// process's environment.
pub async fn run(
    binary: &str,
    directory: &Path,
    environment: &[(&str, &str)],
    words: &[&str],
    stdin: Option<&str>,
) -> Said {
    let mut command = command(binary, directory, environment);
    command.args(words).stdin(Stdio::piped());
    let mut child = command.spawn().expect("the binary starts");
    let mut input = child.stdin.take().expect("its input");
    // Whoever does not read its input may be gone already.
    let _unread = input.write_all(stdin.unwrap_or_default().as_bytes()).await;
    drop(input);
    let output = timeout(PATIENCE, child.wait_with_output()).await.expect("it does not end").expect("its output");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Said { code: output.status.code(), stdout: text(&output.stdout), stderr: text(&output.stderr) }
}

/// A running `ownkey serve`. Dropped: killed.
pub struct Process {
    child: Child,
    /// Where it listens.
    pub url: String,
}

impl Process {
    /// Starts `binary serve` in `directory` with nothing of this process's
    /// environment; waits until it says that it is ready.
    ///
    /// # Errors
    /// How it ended, when it did so instead.
    pub async fn serve(binary: &str, directory: &Path, environment: &[(&str, &str)]) -> Result<Self, Exit> {
        let mut child = command(binary, directory, environment)
            .args(["serve", "--data-dir"])
            .arg(directory)
            .spawn()
            .expect("the binary starts");
        let stdout = child.stdout.take().expect("its output");
        let mut lines = BufReader::new(stdout).lines();
        let ready = timeout(PATIENCE, lines.next_line()).await.expect("neither ready nor ended").expect("its output");
        let Some(ready) = ready else { return Err(end(child).await) };
        let url = ready.split_whitespace().find(|word| word.starts_with("http://")).expect("where it listens");
        let url = url.to_owned();
        // What it says later is read and dropped, so that it never waits for us.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        let mut stderr = child.stderr.take().expect("its log");
        tokio::spawn(async move { tokio::io::copy(&mut stderr, &mut tokio::io::sink()).await });
        Ok(Self { child, url })
    }

    /// Ends it as a power button does: SIGKILL.
    pub async fn kill(mut self) {
        self.child.kill().await.expect("it can be killed");
    }

    /// Asks it to stop: SIGTERM.
    pub fn terminate(&self) {
        self.signal(rustix::process::Signal::TERM);
    }

    /// Asks it to read its master keys again: SIGHUP.
    pub fn hang_up(&self) {
        self.signal(rustix::process::Signal::HUP);
    }

    fn signal(&self, signal: rustix::process::Signal) {
        let id = self.child.id().and_then(|id| i32::try_from(id).ok()).and_then(rustix::process::Pid::from_raw);
        rustix::process::kill_process(id.expect("it runs"), signal).expect("it hears");
    }

    /// Waits for its end; its exit status.
    pub async fn ended(mut self) -> Option<i32> {
        timeout(PATIENCE, self.child.wait()).await.expect("it does not end").expect("its status").code()
    }
}

async fn end(mut child: Child) -> Exit {
    let mut stderr = String::new();
    child.stderr.take().expect("its log").read_to_string(&mut stderr).await.expect("text");
    let status = timeout(PATIENCE, child.wait()).await.expect("it does not end").expect("its status");
    Exit { code: status.code(), stderr }
}

fn command(binary: &str, directory: &Path, environment: &[(&str, &str)]) -> Command {
    let mut command = Command::new(binary);
    command
        .env_clear()
        .env("OWNKEY_LISTEN", "127.0.0.1:0")
        .envs(environment.iter().copied())
        .current_dir(directory)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command
}
