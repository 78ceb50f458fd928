//! The ledger's own connection. SQLite is called directly, on the thread that
//! runs the writer: a commit is a few writes into the page cache and takes less
//! time than waking another thread would. PostgreSQL is a server, and waited for.

use std::time::Duration;

use sqlx::{AnyConnection, Connection as _};
use tokio::time::{Instant, sleep};

use super::Group;
use super::sqlite::SqliteLine;
use super::statements::Statements;
use crate::error::StoreError;
use crate::open::connect::Target;

/// How long another process may keep SQLite's file to itself.
const PATIENCE: Duration = Duration::from_secs(10);
/// The longest pause between two looks whether it still does.
const LONGEST_PAUSE: Duration = Duration::from_millis(20);

/// An open connection for the writer.
pub(super) enum Line {
    Sqlite(Box<SqliteLine>),
    Postgres { connection: Box<AnyConnection>, statements: Statements, strict: bool },
}

impl Line {
    pub(super) async fn open(target: &Target, strict: bool) -> Result<Self, StoreError> {
        if let Some(file) = &target.file {
            return Ok(Self::Sqlite(Box::new(SqliteLine::open(file)?)));
        }
        let connection = Box::new(target.own_connection().await?);
        Ok(Self::Postgres { connection, statements: Statements::new(), strict })
    }

    /// Writes a group in one transaction.
    pub(super) async fn write(&mut self, group: &Group<'_>) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(line) => write_when_free(line, group).await,
            Self::Postgres { connection, statements, strict } => {
                let mut transaction = connection.begin().await?;
                if !*strict && group.is_reservations_only() {
                    sqlx::raw_sql("SET LOCAL synchronous_commit = off").execute(&mut *transaction).await?;
                }
                if group.is_flush_only() {
                    // Any synchronous commit takes all earlier ones to the disk with it.
                    sqlx::query("UPDATE change_head SET seq = seq WHERE id = 1").execute(&mut *transaction).await?;
                }
                statements.insert(&mut transaction, &group.starts).await?;
                statements.settle(&mut transaction, &group.ends).await?;
                Ok(transaction.commit().await?)
            }
        }
    }

    pub(super) async fn close(self) {
        if let Self::Postgres { connection, .. } = self {
            // The server notices an unannounced end as well.
            let _ = connection.close().await;
        }
    }
}

/// The file is busy only while another process writes: the thread does not wait
/// for that, it looks again.
pub(super) async fn write_when_free(line: &mut SqliteLine, group: &Group<'_>) -> Result<(), StoreError> {
    let end = Instant::now() + PATIENCE;
    let mut pause = Duration::from_millis(1);
    loop {
        match line.write(group) {
            Err(StoreError::Unavailable(_)) if Instant::now() < end => {}
            result => return result,
        }
        sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}
