//! A database at a size that takes years to reach: for `crates/bench` alone.

use std::path::Path;

use domain::Timestamp;
use rusqlite::Connection;
use sqlx::{AnyConnection, AssertSqlSafe, Connection as _};

use crate::error::StoreError;

/// How much there shall be, beside a thousand people in twenty organizations.
#[derive(Clone, Copy, Debug)]
pub struct Seed {
    /// Provider keys; every hundredth is the user's.
    pub keys: u64,
    /// Calls in a year up to now; every second is the user's.
    pub calls: u64,
    /// Rows of the audit log.
    pub changes: u64,
}

/// Fast, and gone when it fails: nobody misses the database.
const SETTINGS: &str = "PRAGMA synchronous = OFF; PRAGMA cache_size = -200000; PRAGMA temp_store = MEMORY;";

const PEOPLE: &str = include_str!("seed/people.sql");
const KEYS: &str = include_str!("seed/keys.sql");
const CHANGES: &str = include_str!("seed/changes.sql");
const CALLS: &str = include_str!("seed/calls.sql");

/// So many calls are made by one statement.
const CALLS_AT_ONCE: u64 = 500_000;

/// The step that made the table summed up what there was; here it is again.
const DAYS_ON_SQLITE: &str = include_str!("../migrations/sqlite/0015_usage_days.sql");
const DAYS_ON_POSTGRES: &str = include_str!("../migrations/postgres/0015_usage_days.sql");

/// What twelve hexadecimal digits are made with, before and after a number.
type Hexadecimal = (&'static str, &'static str);

/// Fills an SQLite database that a server has made and left.
///
/// # Errors
/// When the file cannot be written, or nobody has this address.
pub fn fill(file: &Path, email: &str, seed: Seed, now: Timestamp) -> Result<(), StoreError> {
    let connection = Connection::open(file)?;
    connection.execute_batch(SETTINGS)?;
    let read = |text: &str| connection.query_row(text, [email], |row| row.get::<_, String>(0));
    let texts = Texts {
        user: read(USER)?,
        token: read(TOKEN)?,
        seed,
        now: now.as_micros(),
        hexadecimal: ("printf('%012x', ", ")"),
    };
    connection.execute_batch("BEGIN IMMEDIATE")?;
    let indices = indices(&connection)?;
    for (name, _) in &indices {
        connection.execute_batch(&format!("DROP INDEX {name}"))?;
    }
    for text in texts.all() {
        connection.execute_batch(&text)?;
    }
    for (_, text) in &indices {
        connection.execute_batch(text)?;
    }
    connection.execute_batch(&sums_of(DAYS_ON_SQLITE))?;
    connection.execute_batch("COMMIT; PRAGMA wal_checkpoint(TRUNCATE);")?;
    Ok(())
}

/// Fills a PostgreSQL database that a server has made and left.
///
/// # Errors
/// When it cannot be written, or nobody has this address.
pub async fn fill_postgres(url: &str, email: &str, seed: Seed, now: Timestamp) -> Result<(), StoreError> {
    sqlx::any::install_default_drivers();
    let mut connection = AnyConnection::connect(url).await?;
    let texts = Texts {
        user: sqlx::query_scalar(USER).bind(email).fetch_one(&mut connection).await?,
        token: sqlx::query_scalar(TOKEN).bind(email).fetch_one(&mut connection).await?,
        seed,
        now: now.as_micros(),
        hexadecimal: ("lpad(to_hex(", "), 12, '0')"),
    };
    for text in texts.all().into_iter().chain([sums_of(DAYS_ON_POSTGRES), "VACUUM ANALYZE".to_owned()]) {
        sqlx::raw_sql(AssertSqlSafe(text)).execute(&mut connection).await?;
    }
    connection.close().await?;
    Ok(())
}

const USER: &str = "SELECT id FROM users WHERE email = $1";
const TOKEN: &str = "SELECT t.id FROM tokens AS t JOIN users AS u ON u.id = t.user_id WHERE u.email = $1 LIMIT 1";

/// The sums of days, made anew.
fn sums_of(step: &str) -> String {
    let (_, sums) = step.split_once("INSERT INTO usage_days").unwrap_or_default();
    format!("DELETE FROM usage_days; INSERT INTO usage_days{sums}")
}

/// What the texts are filled with.
struct Texts {
    user: String,
    token: String,
    seed: Seed,
    now: i64,
    hexadecimal: Hexadecimal,
}

impl Texts {
    fn all(&self) -> Vec<String> {
        let Seed { keys, calls, changes } = self.seed;
        let mut texts = vec![self.text(PEOPLE, (0, 0))];
        if keys > 0 {
            texts.push(self.text(KEYS, (0, 0)));
        }
        if changes > 0 {
            texts.push(self.text(CHANGES, (0, 0)));
        }
        for first in (0..calls).step_by(usize::try_from(CALLS_AT_ONCE).unwrap_or(usize::MAX)) {
            texts.push(self.text(CALLS, (first, calls.min(first + CALLS_AT_ONCE))));
        }
        texts
    }

    fn text(&self, text: &str, (first, end): (u64, u64)) -> String {
        let Seed { keys, calls, changes } = self.seed;
        // As many of the user's keys as there are, up to a number; three providers have them by turns.
        let used = (keys / 300 * 3).clamp(3, 39);
        let mut text = text.replace("{hex(", self.hexadecimal.0).replace(")hex}", self.hexadecimal.1);
        for (place, number) in
            [("keys", keys), ("calls", calls), ("changes", changes), ("used", used), ("first", first), ("end", end)]
        {
            text = text.replace(&format!("{{{place}}}"), &number.to_string());
        }
        text.replace("{now}", &self.now.to_string()).replace("{user}", &self.user).replace("{token}", &self.token)
    }
}

/// The indices of the calls, and how each is made.
fn indices(connection: &Connection) -> Result<Vec<(String, String)>, StoreError> {
    let mut statement = connection.prepare(
        "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name = 'attempts' AND sql IS NOT NULL",
    )?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}
