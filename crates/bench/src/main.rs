//! Measures Ownkey against a bare hyper pass-through, in one run, on one
//! machine, over loopback only.
//!
//! `cargo run --release -p bench` starts the scripted provider, the floor and
//! `target/release/ownkey`, each in a process of its own, drives them by turns
//! and prints a table: CPU of the process under test for each call, from /proc.
#![expect(clippy::print_stdout, reason = "a table is what this program is for")]

mod between;
mod bill;
mod floor;
mod load;
mod pages;
mod process;
mod scenario;
mod screens;
mod seed;
mod table;
mod translating;
mod unledgered;
mod visit;
mod waits;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use store::seed::Seed;

/// Ownkey's own, so that the floor has no other.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// What went wrong, as a sentence.
pub(crate) type Failure = Box<dyn std::error::Error + Send + Sync>;

#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    /// Rounds; the median of them counts.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Seconds of each measurement.
    #[arg(long, default_value_t = 4)]
    seconds: u64,
    /// Only scenarios whose name contains this.
    #[arg(long)]
    only: Option<String>,
}

#[derive(Subcommand)]
enum Command {
    /// The scripted provider, for the other processes.
    Sim,
    /// The bare pass-through, for the other processes.
    Floor {
        /// Where the scripted provider listens.
        upstream: SocketAddr,
    },
    /// The translation of streams alone, in this process.
    Translating,
    /// A data directory with as many keys and calls as years bring.
    Seed {
        /// Provider keys.
        #[arg(long, default_value_t = 100_000)]
        keys: u64,
        /// Calls.
        #[arg(long, default_value_t = 5_000_000)]
        usage: u64,
        /// Rows of the audit log.
        #[arg(long, default_value_t = 200_000)]
        changes: u64,
        /// An empty PostgreSQL database, instead of an SQLite file in the directory.
        #[arg(long)]
        database: Option<String>,
        /// A directory that is not there yet.
        directory: PathBuf,
    },
    /// How long the main pages of servers take that serve such directories.
    Pages {
        /// Loads of each page.
        #[arg(long, default_value_t = 200)]
        loads: usize,
        /// Only addresses that contain this.
        #[arg(long)]
        only: Option<String>,
        /// Where they listen.
        #[arg(required = true)]
        addresses: Vec<String>,
    },
    /// What a person waits for, in Chromium.
    Waits {
        /// Cold loads of the chat, and answers that are stopped.
        #[arg(long, default_value_t = 20)]
        loads: usize,
    },
    /// Pictures of the main pages, by Chromium.
    Screens {
        /// Where they go.
        #[arg(default_value = "docs/screens")]
        directory: PathBuf,
    },
    /// Calls of all kinds; then the provider's bill, the ledger and the reports beside one another.
    Bill {
        /// Requests.
        #[arg(default_value_t = 100_000)]
        requests: usize,
        /// An empty PostgreSQL database; SQLite unless given.
        #[arg(long)]
        database: Option<String>,
    },
    /// Ownkey with a ledger that forgets, for the other processes.
    Unledgered {
        /// Where the scripted provider listens.
        upstream: SocketAddr,
        /// A data directory that `ownkey serve` has furnished.
        directory: PathBuf,
    },
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let done = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(Failure::from)
        .and_then(|runtime| runtime.block_on(run(arguments)));
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            println!("bench: {failure}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> Result<(), Failure> {
    match arguments.command {
        Some(Command::Sim) => process::serve_sim().await,
        Some(Command::Translating) => translating::run(arguments.rounds),
        Some(Command::Floor { upstream }) => floor::serve(upstream).await,
        Some(Command::Unledgered { upstream, directory }) => unledgered::serve(upstream, &directory).await,
        Some(Command::Seed { keys, usage, changes, database, directory }) => {
            seed::run(&directory, database.as_deref(), Seed { keys, calls: usage, changes }).await
        }
        Some(Command::Pages { loads, only, addresses }) => pages::run(&addresses, loads, only.as_deref()).await,
        Some(Command::Waits { loads }) => waits::run(loads).await,
        Some(Command::Bill { requests, database }) => bill::run(requests, database).await,
        Some(Command::Screens { directory }) => screens::run(&directory).await,
        None => scenario::run_all(arguments.rounds, arguments.seconds, arguments.only.as_deref()).await,
    }
}
