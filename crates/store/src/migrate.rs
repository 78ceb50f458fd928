//! The tables: made and brought up to date under a lock, so that two nodes may
//! start at once.

use domain::Timestamp;
use sqlx::AnyConnection;
use sqlx::Connection as _;

use crate::error::StoreError;
use crate::ledger::recovery::LEASE;
use crate::open::{Dialect, OpenError};

/// A step of the schema. The step's number is its place in the list, from 1: a
/// new one is put at the end and nowhere else, or databases would run the wrong
/// ones.
struct Step {
    /// Its file.
    name: &'static str,
    sqlite: &'static str,
    postgres: &'static str,
}

/// A step that is written in one file for each database.
macro_rules! step {
    ($file:literal) => {
        Step {
            name: $file,
            sqlite: include_str!(concat!("../migrations/sqlite/", $file)),
            postgres: include_str!(concat!("../migrations/postgres/", $file)),
        }
    };
}

const STEPS: [Step; 25] = [
    step!("0001_house.sql"),
    step!("0002_failover.sql"),
    step!("0003_health.sql"),
    step!("0004_keys.sql"),
    step!("0005_keyring.sql"),
    step!("0006_listing_indices.sql"),
    step!("0007_wires.sql"),
    step!("0008_aliases.sql"),
    step!("0009_tries.sql"),
    step!("0011_media.sql"),
    step!("0012_conversations.sql"),
    step!("0014_registrations.sql"),
    step!("0015_usage_days.sql"),
    step!("0016_figures.sql"),
    step!("0017_organizations.sql"),
    step!("0018_budgets.sql"),
    step!("0019_prices.sql"),
    step!("0020_billing.sql"),
    step!("0021_identities.sql"),
    step!("0022_webhook.sql"),
    step!("0023_usage_details.sql"),
    step!("0024_audit_organizations.sql"),
    step!("0025_usage_people.sql"),
    step!("0026_webhook_secret.sql"),
    step!("0027_usage_indices.sql"),
];

/// Any number nobody else locks; "ownkey" in ASCII.
const LOCK_POSTGRES: &str = "SELECT pg_advisory_xact_lock(122541886793081)";

const VERSION_TABLE: &str = "CREATE TABLE ownkey_schema (version BIGINT NOT NULL PRIMARY KEY)";

const RUNNING_BEFORE_SIGNING_OFF: &str =
    "SELECT CAST(COUNT(*) AS BIGINT) FROM nodes AS n WHERE n.serves = 1 AND n.heartbeat_at >= $1";
const RUNNING: &str = "SELECT CAST(COUNT(*) AS BIGINT) FROM nodes AS n WHERE n.serves = 1 AND n.heartbeat_at >= $1 \
     AND EXISTS (SELECT 1 FROM node_keys AS k WHERE k.node_id = n.id)";

/// The version that [`run`] brings the schema to.
pub(crate) fn known_version() -> i64 {
    i64::try_from(STEPS.len()).unwrap_or(i64::MAX)
}

/// Brings the schema up to date.
///
/// # Errors
/// When the database is somebody else's, or of a later version, or used by
/// servers of an earlier one.
pub(crate) async fn run(connection: &mut AnyConnection, dialect: Dialect, now: Timestamp) -> Result<(), OpenError> {
    let begin = match dialect {
        Dialect::Sqlite => "BEGIN IMMEDIATE",
        Dialect::Postgres => "BEGIN",
    };
    let mut transaction = connection.begin_with(begin).await.map_err(refused)?;
    if dialect == Dialect::Postgres {
        sqlx::query(LOCK_POSTGRES).execute(&mut *transaction).await.map_err(refused)?;
    }
    let found = version(&mut transaction, dialect).await?;
    let known = known_version();
    if found > known {
        return Err(OpenError::Newer { found, known });
    }
    if (1..known).contains(&found) && dialect == Dialect::Postgres && is_used(&mut transaction, found, now).await? {
        return Err(OpenError::InUse { found, known });
    }
    for (number, step) in (1_i64..).zip(&STEPS).filter(|(number, _)| *number > found) {
        let text = match dialect {
            Dialect::Sqlite => step.sqlite,
            Dialect::Postgres => step.postgres,
        };
        sqlx::raw_sql(text).execute(&mut *transaction).await.map_err(refused)?;
        sqlx::query("INSERT INTO ownkey_schema (version) VALUES ($1)")
            .bind(number)
            .execute(&mut *transaction)
            .await
            .map_err(refused)?;
    }
    transaction.commit().await.map_err(refused)
}

/// Whether servers are running. SQLite's only one has the file for itself.
async fn is_used(connection: &mut AnyConnection, found: i64, now: Timestamp) -> Result<bool, OpenError> {
    // Since there is a table of their master keys, servers that end leave it.
    let place = STEPS.iter().position(|step| step.name == "0005_keyring.sql");
    let has_table = place.is_some_and(|place| i64::try_from(place).is_ok_and(|place| place < found));
    let text = if has_table { RUNNING } else { RUNNING_BEFORE_SIGNING_OFF };
    let running: i64 =
        sqlx::query_scalar(text).bind(now.minus(LEASE).as_micros()).fetch_one(connection).await.map_err(refused)?;
    Ok(running > 0)
}

/// The version found; 0 for a database without tables, which gets the version
/// table here.
async fn version(connection: &mut AnyConnection, dialect: Dialect) -> Result<i64, OpenError> {
    let tables = tables(connection, dialect).await?;
    if tables.iter().any(|table| table == "ownkey_schema") {
        let found: Option<i64> = sqlx::query_scalar("SELECT MAX(version) FROM ownkey_schema")
            .fetch_one(connection)
            .await
            .map_err(refused)?;
        return Ok(found.unwrap_or(0));
    }
    if !tables.is_empty() {
        let some: Vec<_> = tables.into_iter().take(3).collect();
        return Err(OpenError::Foreign(some.join(", ")));
    }
    sqlx::query(VERSION_TABLE).execute(connection).await.map_err(refused)?;
    Ok(0)
}

/// The names of all tables.
pub(crate) async fn tables(connection: &mut AnyConnection, dialect: Dialect) -> Result<Vec<String>, OpenError> {
    let text = match dialect {
        Dialect::Sqlite => {
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name"
        }
        Dialect::Postgres => {
            "SELECT CAST(table_name AS TEXT) FROM information_schema.tables \
             WHERE table_schema = current_schema() AND table_type = 'BASE TABLE' ORDER BY 1"
        }
    };
    sqlx::query_scalar(text).fetch_all(connection).await.map_err(refused)
}

fn refused(error: sqlx::Error) -> OpenError {
    OpenError::Database(StoreError::from(error))
}

#[cfg(test)]
mod tests;
