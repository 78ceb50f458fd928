//! Opening a store: the database, its tables, its keys, its ledger.

pub(crate) mod connect;
mod keys;

use std::sync::Arc;

use domain::ids::NodeId;
use domain::{Entropy, Timestamp};
use sqlx::{AnyPool, Connection as _};
use thiserror::Error;
use tokio::sync::{Mutex, OwnedMutexGuard};

pub(crate) use connect::Target;

use crate::error::StoreError;
use crate::keyring;
use crate::ledger::{self, Ledger};
use crate::migrate;
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
    /// Servers of an earlier version are running: what they go on writing would
    /// not be in the tables of this one.
    #[error(
        "A server of an earlier Ownkey (schema version {found}; this one makes {known}) is running on this database. Stop all of them, then start this one; a server that was killed counts for 30 s."
    )]
    InUse {
        /// What the database says.
        found: i64,
        /// What this binary makes of it.
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
    /// A running server seals under a key that was not given.
    #[error(
        "A running server seals under master key {kid}, and that key was not given. Give this process the same MASTER_KEY list as the others have; a server that was killed counts for 30 s."
    )]
    Outdated {
        /// The missing key's id.
        kid: String,
    },
    /// The server's own secrets were altered.
    #[error(
        "The server's own secret “{name}” does not open under the master key it names: the database was altered. Put back a backup of it."
    )]
    Altered {
        /// Which.
        name: &'static str,
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
    /// other servers hold the database, 69 when it cannot be reached.
    #[must_use]
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::Url(_)
            | Self::Foreign(_)
            | Self::Newer { .. }
            | Self::MissingKey { .. }
            | Self::Outdated { .. }
            | Self::Altered { .. }
            | Self::WrongKey { .. }
            | Self::File { .. } => 78,
            Self::Locked(_) | Self::InUse { .. } => 75,
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
    inner: Arc<Inner>,
}

struct Inner {
    target: Target,
    pool: AnyPool,
    writing: AnyPool,
    passing: AnyPool,
    node: NodeId,
    serves: bool,
    entropy: Entropy,
    vault: Vault,
    secrets: ServerSecrets,
    ledger: Ledger,
    /// One write at a time within this process: fair, so that neither a busy
    /// ledger nor a busy admin starves the other.
    turn: Turn,
    _serving: Option<std::fs::File>,
}

/// The right to write, passed on in the order of asking.
pub(crate) type Turn = Arc<Mutex<()>>;

/// Whether the database at `url` holds anything sealed: then a missing master
/// key must never be replaced by a new one. False where there is no database yet.
///
/// # Errors
/// When the database exists but cannot be read.
pub async fn holds_sealed_rows(url: &str) -> Result<bool, OpenError> {
    let target = Target::parse(url)?;
    if target.file.as_ref().is_some_and(|file| !file.exists()) {
        return Ok(false);
    }
    let pool = target.pool().await?;
    let mut connection = pool.acquire().await.map_err(connect::refused)?;
    let tables = migrate::tables(&mut connection, target.dialect).await?;
    drop(connection);
    let holds = tables.iter().any(|table| table == "server_secrets") && keys::holds_secrets(&pool).await?;
    pool.close().await;
    Ok(holds)
}

impl Store {
    /// Opens the database, makes or updates its tables, and checks that the
    /// master keys given open everything in it.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub async fn open(options: OpenOptions) -> Result<Self, OpenError> {
        let OpenOptions { url, master_keys, now, entropy, node, serves, strict_durability } = options;
        let target = Target::parse(&url)?;
        target.prepare_file()?;
        let serving = if serves { serve_alone(&target)? } else { None };
        let mut first = target.first_connection().await?;
        migrate::run(&mut first, target.dialect, now).await?;
        first.close().await.map_err(connect::refused)?;

        let pool = target.pool().await?;
        let writing = target.writing_pool()?;
        let passing = target.passing_pool(&writing)?;
        let (vault, secrets) = keys::unlock(&pool, master_keys, now, &entropy).await?;
        let turn = Turn::default();
        let ledger = Ledger::start(&target, Arc::clone(&turn), strict_durability, serves).await;
        let ledger = ledger.map_err(OpenError::Database)?;
        let inner = Inner {
            target,
            pool,
            writing,
            passing,
            node,
            serves,
            entropy,
            vault,
            secrets,
            ledger,
            turn,
            _serving: serving,
        };
        let store = Self { inner: Arc::new(inner) };
        ledger::recovery::enter(&store, now).await.map_err(OpenError::Database)?;
        keyring::nodes::enter(&store, now).await?;
        Ok(store)
    }

    /// The same store with a ledger that forgets; `None` when others hold it
    /// already. Only the bench is built with this.
    #[cfg(feature = "bench")]
    #[must_use]
    pub fn forgetting_attempts(mut self) -> Option<Self> {
        Arc::get_mut(&mut self.inner)?.ledger = Ledger::forgetting();
        Some(self)
    }

    /// Which database it is.
    #[must_use]
    pub fn dialect(&self) -> Dialect {
        self.inner.target.dialect
    }

    /// This process.
    #[must_use]
    pub fn node(&self) -> NodeId {
        self.inner.node
    }

    /// What seals and opens secrets.
    #[must_use]
    pub fn vault(&self) -> &Vault {
        &self.inner.vault
    }

    /// The server's own keys.
    #[must_use]
    pub fn server_secrets(&self) -> &ServerSecrets {
        &self.inner.secrets
    }

    /// Where attempts are written.
    #[must_use]
    pub fn ledger(&self) -> &Ledger {
        &self.inner.ledger
    }

    /// Begins an administrative change. Changes happen one after another, on
    /// all nodes; what is read from the store meanwhile does not change. Do
    /// nothing slow before the commit: on SQLite calls wait for it too.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub async fn begin(
        &self,
        now: Timestamp,
        actor: domain::audit::Actor,
        address: Option<String>,
    ) -> Result<Mutation, StoreError> {
        Mutation::begin(self, now, actor, address).await
    }

    /// One read, to see whether the database answers.
    ///
    /// # Errors
    /// When it does not.
    pub async fn ping(&self) -> Result<(), StoreError> {
        sqlx::query("SELECT seq FROM change_head").fetch_one(self.pool()).await?;
        Ok(())
    }

    /// Finishes the ledger's queue, syncs and closes all connections.
    pub async fn close(&self) {
        self.inner.ledger.close().await;
        if let Err(error) = keyring::nodes::leave(self).await {
            // Others wait for this node's lease instead.
            tracing::debug!(error = %crate::error::root_cause(&error), "the node could not sign off");
        }
        self.inner.passing.close().await;
        self.inner.writing.close().await;
        self.inner.pool.close().await;
    }

    pub(crate) fn pool(&self) -> &AnyPool {
        &self.inner.pool
    }

    /// The connection of whoever has the turn; only for writes.
    pub(crate) fn writing_pool(&self) -> &AnyPool {
        &self.inner.writing
    }

    /// The same, whose commits a power cut may take.
    pub(crate) fn passing_pool(&self) -> &AnyPool {
        &self.inner.passing
    }

    pub(crate) fn serves(&self) -> bool {
        self.inner.serves
    }

    pub(crate) fn target(&self) -> &Target {
        &self.inner.target
    }

    pub(crate) fn entropy(&self) -> &Entropy {
        &self.inner.entropy
    }

    /// Waits for this process's turn to write.
    pub(crate) async fn turn(&self) -> OwnedMutexGuard<()> {
        Arc::clone(&self.inner.turn).lock_owned().await
    }
}

/// On SQLite: takes the lock that says "a server uses this file".
fn serve_alone(target: &Target) -> Result<Option<std::fs::File>, OpenError> {
    let Some(database) = &target.file else { return Ok(None) };
    let mut path = database.clone().into_os_string();
    path.push(".lock");
    let path = std::path::PathBuf::from(path);
    let failed = |source| OpenError::File { path: path.display().to_string(), source };
    let file = connect::own_file(&path).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(std::fs::TryLockError::WouldBlock) => Err(OpenError::Locked(database.display().to_string())),
        Err(std::fs::TryLockError::Error(source)) => Err(failed(source)),
    }
}

#[cfg(test)]
mod tests;
