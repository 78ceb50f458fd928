//! Table `login_failures`: failed log-ins, counted by account, address and minute.

use domain::Timestamp;
use domain::text::folded;

use crate::error::StoreError;
use crate::mutation::Write;
use crate::open::Store;

const MINUTE_SECONDS: i64 = 60;

const RECORD: &str = "INSERT INTO login_failures (account, address, minute, failures) VALUES ($1, $2, $3, 1) \
     ON CONFLICT (account, address, minute) DO UPDATE SET failures = login_failures.failures + 1";
const OF_ACCOUNT: &str = "SELECT CAST(COALESCE(SUM(failures), 0) AS BIGINT) FROM login_failures \
     WHERE account = $1 AND minute >= $2";
const OF_ADDRESS: &str = "SELECT CAST(COALESCE(SUM(failures), 0) AS BIGINT) FROM login_failures \
     WHERE address = $1 AND minute >= $2";

/// Failed log-ins since some minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failures {
    /// Of this account from this address.
    pub of_pair: i64,
    /// Of this account from anywhere.
    pub of_account: i64,
    /// From this address, for any account.
    pub of_address: i64,
}

const OF_PAIR: &str = "SELECT CAST(COALESCE(SUM(failures), 0) AS BIGINT) FROM login_failures \
     WHERE account = $1 AND address = $2 AND minute >= $3";

/// Counts an attempt as failed before it is tried, and says how many there are
/// now, this one included: of any number who try at once, each sees its own turn.
/// `account` is folded here.
///
/// # Errors
/// When the database cannot be written.
pub async fn count_in(
    store: &Store,
    account: &str,
    address: &str,
    at: Timestamp,
    from: Timestamp,
) -> Result<Failures, StoreError> {
    let (account, from) = (folded(account), minute(from));
    let mut write = Write::begin(store).await?;
    sqlx::query(RECORD).bind(account.as_str()).bind(address).bind(minute(at)).execute(write.connection()).await?;
    let of_pair = sqlx::query_scalar(OF_PAIR).bind(account.as_str()).bind(address).bind(from);
    let of_pair = of_pair.fetch_one(write.connection()).await?;
    let of_account = sqlx::query_scalar(OF_ACCOUNT).bind(account).bind(from).fetch_one(write.connection()).await?;
    let of_address = sqlx::query_scalar(OF_ADDRESS).bind(address).bind(from).fetch_one(write.connection()).await?;
    write.commit().await?;
    Ok(Failures { of_pair, of_account, of_address })
}

/// Forgets the failures of an account.
///
/// # Errors
/// When the database cannot be written.
pub async fn clear(store: &Store, account: &str) -> Result<(), StoreError> {
    let mut write = Write::begin(store).await?;
    sqlx::query("DELETE FROM login_failures WHERE account = $1")
        .bind(folded(account))
        .execute(write.connection())
        .await?;
    write.commit().await
}

/// Forgets failures before `before`.
///
/// # Errors
/// When the database cannot be written.
pub async fn prune(store: &Store, before: Timestamp) -> Result<(), StoreError> {
    let mut write = Write::begin(store).await?;
    sqlx::query("DELETE FROM login_failures WHERE minute < $1")
        .bind(minute(before))
        .execute(write.connection())
        .await?;
    write.commit().await
}

fn minute(at: Timestamp) -> i64 {
    at.as_seconds().div_euclid(MINUTE_SECONDS)
}
