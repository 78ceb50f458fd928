//! Opening a store: the database, its tables, its keys, its ledger.

use std::sync::Arc;

use domain::ids::NodeId;
use domain::{Entropy, Timestamp};
use thiserror::Error;

use crate::error::StoreError;
use crate::ledger::Ledger;
use crate::mutation::Mutation;
use crate::server_secrets::ServerSecrets;
use crate::vault::{MasterKeys, Vault};

/// What is needed to open a store.
pub struct OpenOptions {
    /// `sqlite:///path/ownkey.db` or `postgres://user@host/database`.
    pub url: String,
    /// The master keys; the first seals, all open.
    pub master_keys: MasterKeys,
    /// The time now.
    pub now: Timestamp,
    /// Where random bytes come from.
    pub entropy: Entropy,
    /// This process.
    pub node: NodeId,
    /// Whether this process is the server. On SQLite a server holds a lock on
    /// the database (a second one: [`OpenError::Locked`]) and, at open, gives up
    /// the attempts that earlier servers left unfinished.
    pub serves: bool,
    /// Whether reservations, too, wait for the disk before they are acknowledged.
    pub strict_durability: bool,
}

/// Why a store could not be opened. `Display` is a sentence for the operator.
#[derive(Debug, Error)]
pub enum OpenError {
    /// The URL is neither SQLite's nor PostgreSQL's.
    #[error("The database URL is not usable: {0}. Write sqlite:///path/ownkey.db or postgres://user@host/database.")]
    Url(String),
    /// Tables that are not ours.
    #[error(
        "This database has tables, but not Ownkey's ({0}). Point OWNKEY_DATABASE_URL at an empty database or at Ownkey's own."
    )]
    Foreign(String),
    /// Made by a later version.
    #[error(
        "This database has schema version {found}; this Ownkey knows versions up to {known}. Use the newer Ownkey."
    )]
    Newer {
        /// What the database says.
        found: i64,
        /// What this binary knows.
        known: i64,
    },
    /// Sealed rows exist whose key was not given.
    #[error(
        "The database holds {rows} secrets sealed under master key {kid}, and that key was not given. Put it into MASTER_KEY (or MASTER_KEY_FILE); after the first, separated by a comma, if it is an older one."
    )]
    MissingKey {
        /// The missing key's id.
        kid: String,
        /// How many rows need it.
        rows: i64,
    },
    /// A key with a known id, but not the known key.
    #[error("The master key {kid} is not the one this database was sealed with. Give back the former key.")]
    WrongKey {
        /// The key's id.
        kid: String,
    },
    /// Another server has the database.
    #[error("Another `ownkey serve` is using this database ({0}). Stop it first.")]
    Locked(String),
    /// A file cannot be read or written.
    #[error("The file {path} cannot be used: {source}.")]
    File {
        /// Which.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// The database cannot be reached or refused.
    #[error("The database cannot be opened: {}.", crate::error::root_cause(.0))]
    Database(#[source] StoreError),
}

impl OpenError {
    /// The exit status of the process: 78 for a fault of configuration, 75 when
    /// another server holds the database, 69 when it cannot be reached.
    #[must_use]
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::Url(_)
            | Self::Foreign(_)
            | Self::Newer { .. }
            | Self::MissingKey { .. }
            | Self::WrongKey { .. }
            | Self::File { .. } => 78,
            Self::Locked(_) => 75,
            Self::Database(_) => 69,
        }
    }
}

/// Which database it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// One file.
    Sqlite,
    /// A server.
    Postgres,
}

/// An open database with its vault and its ledger. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    inner: Arc<()>,
}

/// Whether the database at `url` holds anything sealed: then a missing master
/// key must never be replaced by a new one. False where there is no database yet.
///
/// # Errors
/// When the database exists but cannot be read.
pub async fn holds_sealed_rows(url: &str) -> Result<bool, OpenError> {
    let _ = url;
    todo!()
}

impl Store {
    /// Opens the database, makes or updates its tables, and checks that the
    /// master keys given open everything in it.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub async fn open(options: OpenOptions) -> Result<Self, OpenError> {
        let _ = options;
        todo!()
    }

    /// Which database it is.
    #[must_use]
    pub fn dialect(&self) -> Dialect {
        todo!()
    }

    /// This process.
    #[must_use]
    pub fn node(&self) -> NodeId {
        todo!()
    }

    /// What seals and opens secrets.
    #[must_use]
    pub fn vault(&self) -> &Vault {
        todo!()
    }

    /// The server's own keys.
    #[must_use]
    pub fn server_secrets(&self) -> &ServerSecrets {
        todo!()
    }

    /// Where attempts are written.
    #[must_use]
    pub fn ledger(&self) -> &Ledger {
        let _ = &self.inner;
        todo!()
    }

    /// Begins an administrative change. Changes happen one after another, on
    /// all nodes; what is read from the store meanwhile does not change.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub async fn begin(
        &self,
        now: Timestamp,
        actor: domain::audit::Actor,
        address: Option<String>,
    ) -> Result<Mutation, StoreError> {
        let _ = (now, actor, address);
        todo!()
    }

    /// One read, to see whether the database answers.
    ///
    /// # Errors
    /// When it does not.
    pub async fn ping(&self) -> Result<(), StoreError> {
        todo!()
    }

    /// Finishes the ledger's queue, syncs and closes all connections.
    pub async fn close(&self) {
        todo!()
    }
}
