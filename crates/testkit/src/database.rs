//! Databases from outside: a throw-away PostgreSQL database for suites that
//! have a server at hand, and the tables as a vandal sees them.

use std::sync::atomic::{AtomicU64, Ordering};

use sqlx::{AnyConnection, AssertSqlSafe, Connection, Row};

static MADE: AtomicU64 = AtomicU64::new(0);

/// The admin URL of a PostgreSQL server for tests, from `OWNKEY_TEST_POSTGRES`.
/// `None`, with a line that says so, where there is none; panics where `CI` is
/// set, because there it must run.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "tests find their server in the environment")]
#[expect(clippy::print_stderr, reason = "a skipped suite says so")]
pub fn postgres_url() -> Option<String> {
    match std::env::var("OWNKEY_TEST_POSTGRES") {
        Ok(url) => Some(url),
        Err(_) if std::env::var("CI").is_ok_and(|ci| ci == "true") => {
            panic!("CI=true, and OWNKEY_TEST_POSTGRES names no PostgreSQL server")
        }
        Err(_) => {
            eprintln!("skipped on PostgreSQL: OWNKEY_TEST_POSTGRES is not set");
            None
        }
    }
}

/// A PostgreSQL database of a test's own.
pub struct PostgresDatabase {
    /// Its URL.
    pub url: String,
    /// Its name.
    pub name: String,
    admin: String,
}

impl PostgresDatabase {
    /// Makes one; `None` where there is no server, see [`postgres_url`].
    pub async fn create() -> Option<Self> {
        let admin = postgres_url()?;
        let name = format!("ownkey_it_{}_{}", std::process::id(), MADE.fetch_add(1, Ordering::Relaxed));
        let (server, _) = admin.rsplit_once('/').expect("a URL with a database");
        let url = format!("{server}/{name}");
        RawDatabase::open(&admin).await.execute(&format!("CREATE DATABASE {name}")).await;
        Some(Self { url, name, admin })
    }

    /// Runs SQL at the server, not in this database.
    pub async fn at_server(&self, sql: &str) {
        RawDatabase::open(&self.admin).await.execute(sql).await;
    }

    /// Destroys it, whoever is connected.
    pub async fn destroy(self) {
        self.at_server(&format!("DROP DATABASE {} WITH (FORCE)", self.name)).await;
    }
}

/// The tables without the house around them.
pub struct RawDatabase(AnyConnection);

impl RawDatabase {
    /// Connects.
    pub async fn open(url: &str) -> Self {
        sqlx::any::install_default_drivers();
        Self(AnyConnection::connect(url).await.expect("the database"))
    }

    /// Runs SQL; returns how many rows it changed.
    pub async fn execute(&mut self, sql: &str) -> u64 {
        let done = sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut self.0).await;
        done.unwrap_or_else(|error| panic!("{sql}: {error}")).rows_affected()
    }

    /// The rows of a query whose columns are all text.
    pub async fn rows(&mut self, sql: &str) -> Vec<Vec<String>> {
        let rows = sqlx::query(AssertSqlSafe(sql.to_owned())).fetch_all(&mut self.0).await;
        let rows = rows.unwrap_or_else(|error| panic!("{sql}: {error}"));
        let text = |row: &sqlx::any::AnyRow, at| row.get::<Option<String>, usize>(at).unwrap_or_default();
        rows.iter().map(|row| (0..row.len()).map(|at| text(row, at)).collect()).collect()
    }

    /// The one number a query gives.
    pub async fn number(&mut self, sql: &str) -> i64 {
        let row = sqlx::query(AssertSqlSafe(sql.to_owned())).fetch_one(&mut self.0).await;
        row.unwrap_or_else(|error| panic!("{sql}: {error}")).get(0)
    }
}
