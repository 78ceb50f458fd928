//! The `ownkey` binary: the command line, the configuration, and the start of
//! the house.

mod ambient;
mod boot;
mod cli;
mod commands;
mod config;
mod demo;
mod logging;
mod serve;
mod transport;

use std::process::ExitCode;

use clap::Parser;

use crate::cli::Arguments;
use crate::config::environment::Environment;

/// Gives memory back after a burst (of streams, of password hashes), which the
/// system's allocator keeps.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// A failure that ends the process: a sentence and an exit status.
#[derive(Debug, thiserror::Error)]
#[error("{sentence}")]
pub(crate) struct Failure {
    /// What happened, why, and what to do.
    pub(crate) sentence: String,
    /// 1 in general, 78 for the configuration, 75 when somebody else has the
    /// database, 69 when something cannot be reached.
    pub(crate) exit_code: u8,
}

impl Failure {
    /// A failure of the task.
    pub(crate) fn new(sentence: impl Into<String>) -> Self {
        Self { sentence: sentence.into(), exit_code: 1 }
    }

    /// A failure of the configuration.
    pub(crate) fn configuration(sentence: impl Into<String>) -> Self {
        Self { sentence: sentence.into(), exit_code: 78 }
    }
}

impl From<app::Error> for Failure {
    fn from(error: app::Error) -> Self {
        let cause = error.cause_chain().map(|cause| format!(" ({cause})")).unwrap_or_default();
        Self::new(format!("{}{cause}", error.sentence))
    }
}

impl From<store::OpenError> for Failure {
    fn from(error: store::OpenError) -> Self {
        Self { exit_code: error.exit_code(), sentence: error.to_string() }
    }
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let environment = Environment::of_process();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return complain(&Failure::new(format!("The runtime cannot start: {error}."))),
    };
    match runtime.block_on(commands::run(arguments, environment)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => complain(&failure),
    }
}

#[expect(clippy::print_stderr, reason = "the command line's own output")]
fn complain(failure: &Failure) -> ExitCode {
    eprintln!("ownkey: {failure}");
    ExitCode::from(failure.exit_code)
}
