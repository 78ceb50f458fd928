//! Table `login_failures`: failed log-ins, counted by account, address and minute.

use domain::Timestamp;

use crate::error::StoreError;
use crate::open::Store;

/// Counts one failure. `account` is folded here.
///
/// # Errors
/// When the database cannot be written.
pub async fn record(store: &Store, account: &str, address: &str, at: Timestamp) -> Result<(), StoreError> {
    let _ = (store, account, address, at);
    todo!()
}

/// Failures of an account since `from`, from any address.
///
/// # Errors
/// When the database cannot be read.
pub async fn count_of_account(store: &Store, account: &str, from: Timestamp) -> Result<i64, StoreError> {
    let _ = (store, account, from);
    todo!()
}

/// Failures from an address since `from`, for any account.
///
/// # Errors
/// When the database cannot be read.
pub async fn count_of_address(store: &Store, address: &str, from: Timestamp) -> Result<i64, StoreError> {
    let _ = (store, address, from);
    todo!()
}

/// Forgets the failures of an account.
///
/// # Errors
/// When the database cannot be written.
pub async fn clear(store: &Store, account: &str) -> Result<(), StoreError> {
    let _ = (store, account);
    todo!()
}

/// Forgets failures before `before`.
///
/// # Errors
/// When the database cannot be written.
pub async fn prune(store: &Store, before: Timestamp) -> Result<(), StoreError> {
    let _ = (store, before);
    todo!()
}
