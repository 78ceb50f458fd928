//! The keyring: which master keys this database knows, which of them hold what,
//! and when one is no longer needed.

pub(crate) mod nodes;
mod status;

use std::collections::BTreeMap;

use domain::ids::NodeId;
use domain::{MasterKeyId, Timestamp};
use sqlx::AnyConnection;

use crate::error::StoreError;
use crate::mutation::Mutation;
use crate::open::{OpenError, Store};
use crate::row::Columns;
use crate::sealed_columns::{self, Held};
use crate::vault::{MasterKeys, Vault};

pub use nodes::{ServingNode, follow, serving_nodes};
pub use status::{KeyCheck, KeyState, Keyring, Unopened, status};

const ADD_KEY: &str =
    "INSERT INTO keyring (kid, check_value, created_at) VALUES ($1, $2, $3) ON CONFLICT (kid) DO NOTHING";

/// What [`retire`] did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Retirement {
    /// The key is no longer expected.
    Done,
    /// The keyring has no such key.
    Unknown,
    /// This process seals under it.
    SealsHere,
    /// A running server seals under it.
    SealsAt(NodeId),
    /// Secrets are sealed under it.
    Needed(Vec<Held>),
}

/// Takes a key that holds nothing from the keyring, so that no server expects
/// it any more. Secrets are written within mutations only, so that none comes
/// to be sealed under it meanwhile.
///
/// # Errors
/// When the database cannot be written.
pub async fn retire(store: &Store, change: &mut Mutation, kid: MasterKeyId) -> Result<Retirement, StoreError> {
    if store.vault().sealing_kid() == kid {
        return Ok(Retirement::SealsHere);
    }
    let now = change.now();
    let nodes = nodes::read(change.connection(), now).await?;
    if let Some(node) = nodes.iter().find(|node| node.seals_under == Some(kid)) {
        return Ok(Retirement::SealsAt(node.id));
    }
    let held = sealed_columns::held(change.connection()).await?;
    let held: Vec<Held> = held.into_iter().filter(|held| held.kid == Some(kid)).collect();
    if !held.is_empty() {
        return Ok(Retirement::Needed(held));
    }
    let gone = sqlx::query("DELETE FROM keyring WHERE kid = $1")
        .bind(kid.to_string())
        .execute(change.connection())
        .await?
        .rows_affected();
    Ok(if gone > 0 { Retirement::Done } else { Retirement::Unknown })
}

/// Takes another list of master keys into a running store, if it opens
/// everything that the former one opened.
///
/// # Errors
/// [`OpenError::MissingKey`] and its relatives; then nothing has changed.
pub async fn reload(store: &Store, keys: MasterKeys, now: Timestamp) -> Result<(), OpenError> {
    let mut connection = store.pool().acquire().await.map_err(|error| OpenError::Database(StoreError::from(error)))?;
    // Judged as at open, before anything relies on it.
    let candidate = Vault::new(keys);
    admit(&mut connection, &candidate, now).await?;
    drop(connection);
    store.vault().replace_keys(candidate.into_keys());
    follow(store, now).await.map_err(OpenError::Database)
}

/// Lets a list of master keys in: it has every key that is needed, each is the
/// one it was before, and the first is written down before it seals anything.
pub(crate) async fn admit(connection: &mut AnyConnection, vault: &Vault, now: Timestamp) -> Result<(), OpenError> {
    let known = known(connection).await.map_err(OpenError::Database)?;
    let held = sealed_columns::held(connection).await.map_err(OpenError::Database)?;
    let given = vault.key_checks();
    let is_given = |kid| given.iter().any(|(given, _)| *given == kid);
    for missing in held.iter().filter(|held| !held.kid.is_some_and(is_given)) {
        match missing.kid {
            // A key that sealed here, or that the server's own secrets need.
            Some(kid) if known.contains_key(&kid) || missing.table == "server_secrets" => {
                let rows = held.iter().filter(|held| held.kid == Some(kid)).map(|held| held.rows).sum();
                return Err(OpenError::MissingKey { kid: kid.to_string(), rows });
            }
            // Somebody wrote into the table: those rows stay shut, the others do not.
            _ => tracing::warn!(
                table = missing.table,
                rows = missing.rows,
                "secrets name a master key that never sealed in this database; they do not open (ownkey keyring status)"
            ),
        }
    }
    for (at, (kid, check)) in given.iter().enumerate() {
        match known.get(kid) {
            Some(known) if known.check_value != *check => return Err(OpenError::WrongKey { kid: kid.to_string() }),
            Some(_) => {}
            None if at == 0 || held.iter().any(|held| held.kid == Some(*kid)) => {
                write_down(connection, *kid, check, now).await.map_err(OpenError::Database)?;
            }
            // Not needed (any more, or yet): nothing is sealed under it.
            None => {}
        }
    }
    Ok(())
}

/// A key of the table.
pub(crate) struct Known {
    pub(crate) check_value: String,
    pub(crate) created_at: Timestamp,
}

/// The keys of the table.
pub(crate) async fn known(connection: &mut AnyConnection) -> Result<BTreeMap<MasterKeyId, Known>, StoreError> {
    let mut known = BTreeMap::new();
    for row in sqlx::query("SELECT kid, check_value, created_at FROM keyring").fetch_all(connection).await? {
        let row = Columns(&row);
        let key = Known { check_value: row.text("check_value")?, created_at: row.time("created_at")? };
        known.insert(row.parsed("kid")?, key);
    }
    Ok(known)
}

/// Writes down the key that seals, should it not be there.
pub(crate) async fn write_down_sealing(
    connection: &mut AnyConnection,
    vault: &Vault,
    now: Timestamp,
) -> Result<(), StoreError> {
    let sealing = vault.sealing_kid();
    match vault.key_checks().iter().find(|(kid, _)| *kid == sealing) {
        Some((kid, check)) => write_down(connection, *kid, check, now).await,
        None => Ok(()),
    }
}

async fn write_down(
    connection: &mut AnyConnection,
    kid: MasterKeyId,
    check: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query(ADD_KEY).bind(kid.to_string()).bind(check).bind(now.as_micros()).execute(connection).await?;
    Ok(())
}

#[cfg(test)]
mod tests;
