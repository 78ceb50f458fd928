//! The words of looking after a server: its master keys, its keys' ways in and
//! out, its health.

use std::path::PathBuf;

use clap::{Args, Subcommand};

#[derive(Subcommand)]
pub(crate) enum Keyring {
    /// Each master key: whether it is here, what is sealed under it, which seals.
    Status,
    /// Seal everything again under the first master key, beside running servers;
    /// can be interrupted and run again.
    Rewrap {
        /// How many secrets in a transaction.
        #[arg(long, value_name = "ROWS", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=10_000))]
        batch: u32,
    },
    /// Let a master key go that nothing is sealed under.
    Retire {
        /// The key's id, as `keyring status` shows it.
        kid: String,
    },
}

#[derive(Subcommand)]
pub(crate) enum Webhook {
    /// Print what the receiver checks signatures with.
    Secret,
    /// Sign with another secret from now on, and for a while also with the one
    /// before; prints what the receiver checks signatures with then.
    Rotate {
        /// How long the one before signs too: 30m, 24h, 7d, or 0.
        #[arg(long, value_name = "TIME", default_value = "24h", value_parser = crate::commands::grace)]
        grace: u64,
    },
    /// Send one message now and say what came back.
    Test,
    /// What waits, what was taken, what was given up.
    Status,
}

#[derive(Args)]
pub(crate) struct MoveOrigin {
    /// Keys of this provider.
    #[arg(long, value_name = "PROVIDER")]
    pub(crate) provider: String,
    /// That were saved for this origin, https://old.example.
    #[arg(long, value_name = "ORIGIN")]
    pub(crate) from: String,
    /// The new base URL; without a path each key keeps its own.
    #[arg(long, value_name = "URL")]
    pub(crate) to: String,
    /// Say what would be done.
    #[arg(long)]
    pub(crate) dry_run: bool,
}

#[derive(Args)]
pub(crate) struct Import {
    /// The file; `-` for standard input.
    pub(crate) file: PathBuf,
    /// Say what would be done.
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// `personal` or `system` [default: as exported; personal for a .env].
    #[arg(long, value_name = "SCOPE")]
    pub(crate) scope: Option<String>,
    /// Whose personal keys to take from an export [default: yours].
    #[arg(long, value_name = "EMAIL")]
    pub(crate) owner: Option<String>,
    /// Send keys of this machine's environment also to addresses that only the
    /// file names.
    #[arg(long)]
    pub(crate) trust_endpoints: bool,
    /// The master key of the server that exported [default: this server's].
    #[arg(long, value_name = "PATH")]
    pub(crate) master_key_file: Option<PathBuf>,
}

#[derive(Args)]
pub(crate) struct Export {
    /// With the secrets: each a bare Fernet token under the master key. Whoever
    /// has the file and the master key has the keys.
    #[arg(long)]
    pub(crate) plain_fernet: bool,
    /// Everybody's keys; for admins.
    #[arg(long)]
    pub(crate) all: bool,
}

#[derive(Args)]
pub(crate) struct Doctor {
    /// Verify the whole audit log, not its last 10,000 rows.
    #[arg(long)]
    pub(crate) full: bool,
    /// Also see whether the providers can be reached.
    #[arg(long)]
    pub(crate) network: bool,
}
