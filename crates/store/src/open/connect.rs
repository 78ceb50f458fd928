//! Connections: how each database is reached, and what every connection is told
//! before its first query.

use std::path::{Path, PathBuf};
use std::str::FromStr as _;
use std::time::Duration;

use sqlx::any::{AnyConnectOptions, AnyPoolOptions};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AnyConnection, AnyPool, ConnectOptions as _, Connection as _};

use super::{Dialect, OpenError};
use crate::error::StoreError;

/// Administrative writes are on the disk when they are acknowledged.
/// The log is carried over by the ledger's thread, before it is this long.
const SQLITE_FULL: &str = "PRAGMA foreign_keys = ON; PRAGMA busy_timeout = 10000; PRAGMA synchronous = FULL; \
     PRAGMA secure_delete = FAST; \
     PRAGMA wal_autocheckpoint = 8000;";
/// What a power cut may take.
const SQLITE_PASSING: &str = "PRAGMA foreign_keys = ON; PRAGMA busy_timeout = 10000; PRAGMA synchronous = NORMAL; \
     PRAGMA secure_delete = FAST; PRAGMA wal_autocheckpoint = 8000;";
/// A connection that only watches.
const SQLITE_NORMAL: &str = "PRAGMA foreign_keys = ON; PRAGMA busy_timeout = 10000; PRAGMA synchronous = NORMAL;";

/// A node that falls silent in a transaction holds rows that the ledgers of other
/// nodes write: the server ends it, and nobody waits for it for good.
const POSTGRES_LEDGER: &str = "SET idle_in_transaction_session_timeout = '5s'; SET lock_timeout = '15s'";
/// Administrative transactions hold such rows too, and may think a little longer.
const POSTGRES_POOL: &str = "SET idle_in_transaction_session_timeout = '15s'";

const SQLITE_CONNECTIONS: u32 = 8;
const POSTGRES_CONNECTIONS: u32 = 12;

/// A database to connect to.
#[derive(Clone)]
pub(crate) struct Target {
    pub(crate) dialect: Dialect,
    pub(crate) url: String,
    /// The database file; `None` for PostgreSQL.
    pub(crate) file: Option<PathBuf>,
}

impl Target {
    pub(crate) fn parse(url: &str) -> Result<Self, OpenError> {
        sqlx::any::install_default_drivers();
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            AnyConnectOptions::from_str(url).map_err(|_| OpenError::Url("it is malformed".to_owned()))?;
            return Ok(Self { dialect: Dialect::Postgres, url: url.to_owned(), file: None });
        }
        if !url.starts_with("sqlite:") {
            return Err(OpenError::Url("its scheme is neither sqlite nor postgres".to_owned()));
        }
        if url.contains(":memory:") || url.contains("mode=memory") {
            return Err(OpenError::Url("a database in memory would lose everything".to_owned()));
        }
        let options = SqliteConnectOptions::from_str(url).map_err(|error| OpenError::Url(error.to_string()))?;
        let file = options.get_filename().to_path_buf();
        Ok(Self { dialect: Dialect::Sqlite, url: url.to_owned(), file: Some(file) })
    }

    fn options(&self) -> Result<AnyConnectOptions, OpenError> {
        let options =
            AnyConnectOptions::from_str(&self.url).map_err(|_| OpenError::Url("it is malformed".to_owned()))?;
        Ok(options.disable_statement_logging())
    }

    /// Makes the SQLite file, readable by its owner only, if it is not there.
    pub(crate) fn prepare_file(&self) -> Result<(), OpenError> {
        let Some(path) = &self.file else { return Ok(()) };
        own_file(path).map(drop).map_err(|source| OpenError::File { path: path.display().to_string(), source })
    }

    /// A pool for ordinary queries.
    pub(crate) async fn pool(&self) -> Result<AnyPool, OpenError> {
        let count = if self.dialect == Dialect::Sqlite { SQLITE_CONNECTIONS } else { POSTGRES_CONNECTIONS };
        self.pool_options(count).connect_with(self.options()?).await.map_err(refused)
    }

    /// The one connection of whoever has the turn to write. Those who read never
    /// hold it, so that the turn waits for none of them.
    pub(crate) fn writing_pool(&self) -> Result<AnyPool, OpenError> {
        Ok(self.pool_options(1).connect_lazy_with(self.options()?))
    }

    fn pool_options(&self, count: u32) -> AnyPoolOptions {
        let is_sqlite = self.dialect == Dialect::Sqlite;
        AnyPoolOptions::new()
            .max_connections(count)
            .acquire_timeout(Duration::from_secs(10))
            // A file does not hang up; asking first would be a second trip to its thread.
            .test_before_acquire(!is_sqlite)
            .after_connect(move |connection, _| {
                Box::pin(async move {
                    let settings = if is_sqlite { SQLITE_FULL } else { POSTGRES_POOL };
                    sqlx::raw_sql(settings).execute(connection).await?;
                    Ok(())
                })
            })
    }

    /// The same for writes that are soon made anew: on SQLite their commits do
    /// not wait for the disk; on PostgreSQL they go through `writing`.
    pub(crate) fn passing_pool(&self, writing: &AnyPool) -> Result<AnyPool, OpenError> {
        if self.dialect == Dialect::Postgres {
            return Ok(writing.clone());
        }
        let options = AnyPoolOptions::new().max_connections(1).acquire_timeout(Duration::from_secs(10)).after_connect(
            |connection, _| Box::pin(async move { sqlx::raw_sql(SQLITE_PASSING).execute(connection).await.map(drop) }),
        );
        Ok(options.connect_lazy_with(self.options()?))
    }

    /// A connection of one's own, for the ledger's writer on PostgreSQL and for
    /// watching the change feed.
    pub(crate) async fn own_connection(&self) -> Result<AnyConnection, StoreError> {
        let options = AnyConnectOptions::from_str(&self.url)?.disable_statement_logging();
        let mut connection = AnyConnection::connect_with(&options).await?;
        let settings = if self.dialect == Dialect::Sqlite { SQLITE_NORMAL } else { POSTGRES_LEDGER };
        sqlx::raw_sql(settings).execute(&mut connection).await?;
        Ok(connection)
    }

    /// A connection for making tables. Turns on SQLite's write-ahead log.
    pub(crate) async fn first_connection(&self) -> Result<AnyConnection, OpenError> {
        let mut connection = AnyConnection::connect_with(&self.options()?).await.map_err(refused)?;
        if self.dialect == Dialect::Sqlite {
            sqlx::raw_sql(SQLITE_FULL).execute(&mut connection).await.map_err(refused)?;
            write_ahead(&mut connection).await?;
        }
        Ok(connection)
    }
}

/// Switching to the write-ahead log needs the file alone for a moment, and does
/// not wait for it by itself.
async fn write_ahead(connection: &mut AnyConnection) -> Result<(), OpenError> {
    let mut attempts = 0;
    loop {
        match sqlx::raw_sql("PRAGMA journal_mode = WAL").execute(&mut *connection).await {
            Ok(_) => return Ok(()),
            Err(error) => match StoreError::from(error) {
                StoreError::Unavailable(_) if attempts < 100 => attempts += 1,
                error => return Err(OpenError::Database(error)),
            },
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Opens or makes a file that only its owner can read.
pub(super) fn own_file(path: &Path) -> std::io::Result<std::fs::File> {
    own(path, std::fs::OpenOptions::new().write(true))
}

/// The same; what is written goes to its end.
pub(crate) fn own_file_to_append(path: &Path) -> std::io::Result<std::fs::File> {
    own(path, std::fs::OpenOptions::new().append(true))
}

fn own(path: &Path, options: &mut std::fs::OpenOptions) -> std::io::Result<std::fs::File> {
    options.read(true).create(true).truncate(false);
    #[cfg(unix)]
    {
        use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
        options.mode(0o600);
        let file = options.open(path)?;
        file.set_permissions(std::fs::Permissions::from_mode(0o600))?;
        // The name, too, has to survive a power cut.
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        std::fs::File::open(parent)?.sync_all()?;
        Ok(file)
    }
    #[cfg(not(unix))]
    options.open(path)
}

pub(crate) fn refused(error: sqlx::Error) -> OpenError {
    OpenError::Database(StoreError::from(error))
}
