//! The processes under test: started, found by their first line, weighed by
//! /proc, and gone with their handle.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use provider_sim::{Models, Script, Sim};

use crate::Failure;

/// What the provider is called with.
pub(crate) const PROVIDER_KEY: &str = "sk-proj-FAKE0123456789abcdefghijkl";

/// A process under test.
pub(crate) struct Process {
    child: Child,
    /// Where it listens.
    pub(crate) address: String,
}

impl Process {
    /// Starts `command`; its address is what `find` makes of its output's lines.
    pub(crate) fn start(command: &mut Command, find: impl Fn(&str) -> Option<String>) -> Result<Self, Failure> {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
        let output = child.stdout.take().ok_or("no output")?;
        for line in BufReader::new(output).lines() {
            if let Some(address) = find(&line?) {
                return Ok(Self { child, address });
            }
        }
        Err("a process ended before it said where it listens".into())
    }

    /// CPU seconds that its threads have used so far, in user and kernel, as the
    /// scheduler counts them: in nanoseconds, not in ticks.
    pub(crate) fn cpu_seconds(&self) -> Result<f64, Failure> {
        let mut nanos = 0_u64;
        for thread in std::fs::read_dir(format!("/proc/{}/task", self.child.id()))? {
            // A thread that ends meanwhile is one of the idle ones.
            let Ok(text) = std::fs::read_to_string(thread?.path().join("schedstat")) else { continue };
            nanos += text.split_whitespace().next().and_then(|field| field.parse::<u64>().ok()).unwrap_or(0);
        }
        Ok(nanos as f64 / 1e9)
    }

    /// Its resident memory in MB.
    pub(crate) fn resident_mb(&self) -> Result<f64, Failure> {
        let text = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = text.lines().find(|line| line.starts_with("VmRSS")).unwrap_or("");
        let kilobytes = line.split_whitespace().nth(1).and_then(|field| field.parse::<f64>().ok()).unwrap_or(0.0);
        Ok(kilobytes / 1024.0)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _was_gone = self.child.kill().is_err();
        let _was_reaped = self.child.wait().is_err();
    }
}

/// The scripted provider until it is killed; prints its address.
pub(crate) async fn serve_sim() -> Result<(), Failure> {
    let sim = Sim::start(Script { models: Models::Any, ..Script::load() }).await?;
    println!("{}", sim.address());
    std::future::pending().await
}

/// This program under another word.
pub(crate) fn this_program(arguments: &[&str]) -> Result<Command, Failure> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args(arguments);
    Ok(command)
}

/// The `ownkey` beside this program.
pub(crate) fn ownkey_program() -> Result<PathBuf, Failure> {
    let path = std::env::current_exe()?.with_file_name("ownkey");
    if path.is_file() {
        Ok(path)
    } else {
        Err("ownkey is not built: run `cargo build --release -p ownkey` first".into())
    }
}

/// A key of the system for each of these providers, and where the scripted one
/// stands in for them.
const OTHERS: [(&str, &str); 3] = [
    ("ANTHROPIC", "sk-ant-api03-FAKE0123456789abcdefghijkl"),
    ("GOOGLE", "AIzaSyFAKE_fake_FAKE_fake_FAKE_fake_FAK"),
    ("GROQ", "gsk_FAKE0123456789abcdefghijklmnopqrstuvwxyz"),
];

/// Ownkey with one user, system keys and one token, in a directory of its own.
pub(crate) fn start_ownkey(sim: &str, directory: &Path) -> Result<(Process, String), Failure> {
    let (process, _) = restart_ownkey(sim, directory)?;
    Ok((process, new_token(sim, directory)?))
}

/// The same, begun on another database than the directory's own: SQLite where
/// none is given.
pub(crate) fn start_ownkey_on(sim: &str, directory: &Path, database: Option<&str>) -> Result<Process, Failure> {
    let command = || {
        let mut command = ownkey_command(sim, directory)?;
        command.envs(database.map(|url| ("OWNKEY_DATABASE_URL", url)));
        Ok::<_, Failure>(command)
    };
    let process = served(command()?)?;
    token_of(command()?)?;
    Ok(process)
}

/// The same without a ledger: furnished by the real one, then served by this
/// program.
pub(crate) fn start_unledgered(sim: &str, directory: &Path) -> Result<(Process, String), Failure> {
    let (furnished, token) = start_ownkey(sim, directory)?;
    drop(furnished);
    let directory = directory.to_str().ok_or("a directory whose name is no text")?;
    let process = Process::start(&mut this_program(&["unledgered", sim, directory])?, |line| Some(line.to_owned()))?;
    Ok((process, token))
}

/// Ownkey in this directory, and when it said that it is ready.
pub(crate) fn restart_ownkey(sim: &str, directory: &Path) -> Result<(Process, Instant), Failure> {
    Ok((served(ownkey_command(sim, directory)?)?, Instant::now()))
}

fn served(mut command: Command) -> Result<Process, Failure> {
    command.args(["serve", "--listen", "127.0.0.1:0"]);
    Process::start(&mut command, |line| {
        line.split("listening on ").nth(1).map(|address| address.trim_end_matches(')').to_owned())
    })
}

/// A gateway token of the only user.
pub(crate) fn new_token(sim: &str, directory: &Path) -> Result<String, Failure> {
    token_of(ownkey_command(sim, directory)?)
}

fn token_of(mut command: Command) -> Result<String, Failure> {
    let output = command.args(["token", "create", "bench"]).output()?;
    let token = String::from_utf8(output.stdout)?.trim().to_owned();
    if token.is_empty() {
        return Err(format!("no token: {}", String::from_utf8_lossy(&output.stderr)).into());
    }
    Ok(token)
}

fn ownkey_command(sim: &str, directory: &Path) -> Result<Command, Failure> {
    let mut command = Command::new(ownkey_program()?);
    command
        .arg("--data-dir")
        .arg(directory)
        .env("OWNKEY_ADMIN_EMAIL", "bench@example.org")
        .env("OWNKEY_ADMIN_PASSWORD", "a password for the bench")
        .env("OPENAI_API_KEY", PROVIDER_KEY)
        .env("OPENAI_BASE_URL", format!("http://{sim}/v1"))
        .env("OWNKEY_LOG", "error");
    let bases = provider_sim::provider_bases(sim.parse()?);
    for (name, key) in OTHERS {
        command.env(format!("{name}_API_KEY"), key);
        let base = bases.iter().find(|(provider, _)| provider.eq_ignore_ascii_case(name));
        command.envs(base.map(|(_, base)| (format!("{name}_BASE_URL"), base)));
    }
    Ok(command)
}
