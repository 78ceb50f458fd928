//! The processes under test: started, found by their first line, weighed by
//! /proc, and gone with their handle.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use provider_sim::{Script, Sim};

use crate::Failure;

/// Clock ticks a second in /proc/<pid>/stat.
const TICKS: f64 = 100.0;

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

    /// CPU seconds it has used so far, in user and kernel.
    pub(crate) fn cpu_seconds(&self) -> Result<f64, Failure> {
        let text = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        let fields: Vec<&str> = text.rsplit(')').next().unwrap_or("").split_whitespace().collect();
        let ticks = |index: usize| fields.get(index).and_then(|field| field.parse::<f64>().ok()).unwrap_or(0.0);
        Ok((ticks(11) + ticks(12)) / TICKS)
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
    let sim = Sim::start(Script::load()).await?;
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

/// Ownkey with one user, one system key and one token, in a directory of its own.
pub(crate) fn start_ownkey(sim: &str, directory: &Path) -> Result<(Process, String), Failure> {
    let program = ownkey_program()?;
    let base = |command: &mut Command| {
        command
            .arg("--data-dir")
            .arg(directory)
            .env("OWNKEY_ADMIN_EMAIL", "bench@example.org")
            .env("OWNKEY_ADMIN_PASSWORD", "a password for the bench")
            .env("OPENAI_API_KEY", "sk-proj-FAKE0123456789abcdefghijkl")
            .env("OPENAI_BASE_URL", format!("http://{sim}/v1"))
            .env("OWNKEY_LOG", "error");
    };
    let mut serve = Command::new(&program);
    base(&mut serve);
    serve.args(["serve", "--listen", "127.0.0.1:0"]);
    let process = Process::start(&mut serve, |line| {
        line.split("listening on ").nth(1).map(|address| address.trim_end_matches(')').to_owned())
    })?;
    let mut token = Command::new(&program);
    base(&mut token);
    let output = token.args(["token", "create", "bench"]).output()?;
    let token = String::from_utf8(output.stdout)?.trim().to_owned();
    if token.is_empty() {
        return Err(format!("no token: {}", String::from_utf8_lossy(&output.stderr)).into());
    }
    Ok((process, token))
}
