//! A look at a database from outside, without changing anything in it: for
//! somebody who wants to know what is wrong.

use domain::Timestamp;
use sqlx::{AnyConnection, Connection as _};

use crate::error::{StoreError, root_cause};
use crate::migrate;
use crate::open::connect::{self, Target};
use crate::open::{Dialect, OpenError};

/// What was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inspection {
    /// Which database it is.
    pub dialect: Dialect,
    /// The schema's version; 0 before the first start.
    pub version: i64,
    /// The version this program brings it to.
    pub known: i64,
    /// SQLite: whether the write-ahead log is on.
    pub is_write_ahead: Option<bool>,
    /// What SQLite's own check complains of.
    pub damage: Vec<String>,
    /// When the last change was written down.
    pub last_change: Option<Timestamp>,
}

/// Looks at the database; `None` where there is none yet.
///
/// # Errors
/// When it cannot be reached, or is not ours.
pub async fn inspect(url: &str) -> Result<Option<Inspection>, OpenError> {
    let target = Target::parse(url)?;
    if target.file.as_ref().is_some_and(|file| !file.exists()) {
        return Ok(None);
    }
    let mut seen = Inspection {
        dialect: target.dialect,
        version: 0,
        known: migrate::known_version(),
        is_write_ahead: None,
        damage: Vec::new(),
        last_change: None,
    };
    let mut connection = match target.ledger_connection().await {
        Ok(connection) => connection,
        // A file that is no database any more does not even let itself be opened.
        Err(error @ StoreError::Database(_)) if target.dialect == Dialect::Sqlite => {
            seen.damage.push(root_cause(&error));
            return Ok(Some(seen));
        }
        Err(error) => return Err(OpenError::Database(error)),
    };
    if target.dialect == Dialect::Sqlite {
        seen.damage = damage(&mut connection).await.map_err(OpenError::Database)?;
    }
    // Of a damaged file nothing else can be relied on.
    if seen.damage.is_empty() {
        let tables = migrate::tables(&mut connection, target.dialect).await?;
        let is_ours = tables.iter().any(|table| table == "ownkey_schema");
        if !is_ours && !tables.is_empty() {
            return Err(OpenError::Foreign(tables.into_iter().take(3).collect::<Vec<_>>().join(", ")));
        }
        look(&mut connection, &mut seen, is_ours).await.map_err(OpenError::Database)?;
    }
    connection.close().await.map_err(connect::refused)?;
    Ok(Some(seen))
}

/// What SQLite's own check says, or that it cannot even be made.
async fn damage(connection: &mut AnyConnection) -> Result<Vec<String>, StoreError> {
    let said = sqlx::query_scalar::<_, String>("PRAGMA quick_check(20)").fetch_all(connection).await;
    match said.map_err(StoreError::from) {
        Ok(said) => Ok(said.into_iter().filter(|line| line != "ok").collect()),
        Err(error @ StoreError::Database(_)) => Ok(vec![root_cause(&error)]),
        Err(error) => Err(error),
    }
}

async fn look(connection: &mut AnyConnection, seen: &mut Inspection, is_ours: bool) -> Result<(), StoreError> {
    if is_ours {
        let version: Option<i64> =
            sqlx::query_scalar("SELECT MAX(version) FROM ownkey_schema").fetch_one(&mut *connection).await?;
        seen.version = version.unwrap_or(0);
        let last: Option<i64> =
            sqlx::query_scalar("SELECT MAX(at) FROM audit_events").fetch_one(&mut *connection).await?;
        seen.last_change = last.map(Timestamp::from_micros);
    }
    if seen.dialect == Dialect::Sqlite {
        let mode: String = sqlx::query_scalar("PRAGMA journal_mode").fetch_one(connection).await?;
        seen.is_write_ahead = Some(mode == "wal");
    }
    Ok(())
}

#[cfg(test)]
mod tests;
