//! A database at a size that takes years to reach: for `crates/bench` alone, and
//! SQLite alone.

use std::path::Path;

use domain::Timestamp;
use rusqlite::{Connection, params};

use crate::error::StoreError;

/// How much there shall be.
#[derive(Clone, Copy, Debug)]
pub struct Seed {
    /// Provider keys; every hundredth is the user's.
    pub keys: u64,
    /// Calls in a year up to now; every second is the user's.
    pub calls: u64,
}

/// Fast, and gone when it fails: nobody misses the database.
const SETTINGS: &str = "PRAGMA synchronous = OFF; PRAGMA cache_size = -200000; PRAGMA temp_store = MEMORY;";

const KEYS: &str = "INSERT INTO credentials (id, scope, owner_id, provider, name, note, masked, endpoint, origin, settings, \
     is_active, is_primary, priority, status, source, secret_version, sealed, fingerprint, created_at, updated_at, \
     secret_set_at) \
     WITH RECURSIVE numbers(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n + 1 < ?1) \
     SELECT printf('00000000-0000-7000-8000-%012x', n), 'personal', \
     CASE WHEN n % 100 = 0 THEN ?2 ELSE printf('00000000-0000-7000-9000-%012x', n % 997) END, \
     CASE n / 100 % 3 WHEN 0 THEN 'openai' WHEN 1 THEN 'anthropic' ELSE 'groq' END, printf('key %d', n), '', \
     printf('sk-…%04x', n % 65536), \
     CASE n / 100 % 3 WHEN 0 THEN 'https://api.openai.com/v1' WHEN 1 THEN 'https://api.anthropic.com/v1' \
     ELSE 'https://api.groq.com/openai/v1' END, \
     CASE n / 100 % 3 WHEN 0 THEN 'https://api.openai.com' WHEN 1 THEN 'https://api.anthropic.com' \
     ELSE 'https://api.groq.com' END, \
     '{}', 1, 0, n, 'valid', 'stored', 1, 'none', printf('%x', n), ?3, ?3, ?3 FROM numbers";

/// A call every few seconds, of a dozen models; one in a hundred thousand is of
/// a model that nothing else is.
const CALLS: &str = "INSERT INTO attempts (id, request_id, number, state, at, node_id, user_id, token_id, credential_id, scope, \
     provider, model, requested_model, source, wire, streamed, price, markup_basis_points, prompt_tokens, \
     completion_tokens, cached_tokens, cache_write_tokens, reasoning_tokens, usage_source, provider_cost_nanos, \
     client_cost_nanos, finish, error_class, status, latency_ms, first_token_ms, settled_at) \
     WITH RECURSIVE numbers(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n + 1 < ?1), \
     calls AS (SELECT n, ?3 - (?1 - n) * (31536000000000 / ?1) AS at, n % 50 = 7 AS fails, n % 97 = 5 AS is_unknown, \
     200 + n % 2000 AS prompt, n % 200 AS cached, 50 + n % 500 AS completion, n / 2 % 12 AS model FROM numbers) \
     SELECT printf('00000000-0000-7000-a000-%012x', n), printf('00000000-0000-7000-b000-%012x', n), 1, \
     CASE WHEN fails THEN 'failed' WHEN is_unknown THEN 'unknown' ELSE 'settled' END, at, \
     '00000000-0000-7000-8000-00000000000d', \
     CASE WHEN n % 2 = 0 THEN ?2 ELSE printf('00000000-0000-7000-9000-%012x', n % 19) END, \
     CASE WHEN n % 3 = 0 THEN NULL ELSE (SELECT id FROM tokens LIMIT 1) END, \
     printf('00000000-0000-7000-8000-%012x', n / 2 % ?4 * 100), 'personal', \
     CASE model % 3 WHEN 0 THEN 'openai' WHEN 1 THEN 'anthropic' ELSE 'groq' END, \
     CASE WHEN n % 100000 = 2 THEN 'rare' ELSE printf('model-%d', model) END, 'fast', \
     CASE n % 3 WHEN 0 THEN 'chat' WHEN 1 THEN 'api' ELSE 'playground' END, 'openai-chat', 1, \
     '{\"rates\":{\"input_nanos\":1100000000,\"output_nanos\":4400000000,\"cached_input_nanos\":550000000,\"cache_write_nanos\":null},\"long_context\":null}', \
     0, CASE WHEN fails OR is_unknown THEN NULL ELSE prompt END, CASE WHEN fails OR is_unknown THEN NULL ELSE completion END, \
     CASE WHEN fails OR is_unknown THEN NULL ELSE cached END, CASE WHEN fails OR is_unknown THEN NULL ELSE 0 END, \
     CASE WHEN fails OR is_unknown THEN NULL ELSE 0 END, CASE WHEN is_unknown AND NOT fails THEN 'unknown' ELSE 'provider' END, \
     CASE WHEN fails THEN 0 WHEN is_unknown THEN NULL ELSE (prompt - cached) * 1100 + cached * 550 + completion * 4400 END, \
     CASE WHEN fails THEN 0 WHEN is_unknown THEN NULL ELSE (prompt - cached) * 1100 + cached * 550 + completion * 4400 END, \
     CASE WHEN fails OR is_unknown THEN NULL ELSE 'stop' END, CASE WHEN fails THEN 'rate_limited' END, \
     CASE WHEN fails THEN 429 WHEN is_unknown THEN NULL ELSE 200 END, CASE WHEN is_unknown THEN NULL ELSE 400 + n % 5000 END, \
     CASE WHEN fails OR is_unknown THEN NULL ELSE 100 + n % 700 END, at + 1000000 FROM calls";

/// The step that made the table summed up what there was; here it is again.
const DAYS: &str = include_str!("../migrations/sqlite/0015_usage_days.sql");

/// Fills a database that a server has made and left.
///
/// # Errors
/// When the file cannot be written, or nobody has this address.
pub fn fill(file: &Path, email: &str, seed: Seed, now: Timestamp) -> Result<(), StoreError> {
    let connection = Connection::open(file)?;
    connection.execute_batch(SETTINGS)?;
    let user: String = connection.query_row("SELECT id FROM users WHERE email = ?1", [email], |row| row.get(0))?;
    let now = now.as_micros();
    let number = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    connection.execute_batch("BEGIN IMMEDIATE")?;
    if seed.keys > 0 {
        connection.execute(KEYS, params![number(seed.keys), user, now])?;
    }
    if seed.calls > 0 {
        let indices = indices(&connection)?;
        for (name, _) in &indices {
            connection.execute_batch(&format!("DROP INDEX {name}"))?;
        }
        // As many of the user's keys as there are, up to a number; three providers have them by turns.
        let used = number(seed.keys / 300 * 3).clamp(3, 39);
        connection.execute(CALLS, params![number(seed.calls), user, now, used])?;
        for (_, text) in &indices {
            connection.execute_batch(text)?;
        }
        connection.execute("DELETE FROM usage_days", [])?;
        let (_, sums) = DAYS.split_once("INSERT INTO usage_days").unwrap_or_default();
        connection.execute_batch(&format!("INSERT INTO usage_days{sums}"))?;
    }
    connection.execute_batch("COMMIT; PRAGMA wal_checkpoint(TRUNCATE);")?;
    Ok(())
}

/// The indices of the calls, and how each is made.
fn indices(connection: &Connection) -> Result<Vec<(String, String)>, StoreError> {
    let mut statement = connection.prepare(
        "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name = 'attempts' AND sql IS NOT NULL",
    )?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}
