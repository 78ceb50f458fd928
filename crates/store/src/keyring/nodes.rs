//! Table `node_keys`: which master keys the running servers have. Nobody seals
//! under a key that one of them lacks, so that a new first key can be handed to
//! the servers one after another.

use domain::ids::NodeId;
use domain::{MasterKeyId, Timestamp};
use sqlx::AnyConnection;

use crate::error::StoreError;
use crate::ledger::recovery::LEASE;
use crate::mutation::Write;
use crate::open::{Dialect, OpenError, Store};
use crate::row::Columns;

const LIVE: &str = "SELECT k.node_id, k.kid, k.seals FROM node_keys AS k JOIN nodes AS n ON n.id = k.node_id \
     WHERE n.serves = 1 AND n.heartbeat_at >= $1 ORDER BY k.node_id, k.kid";

const DROP_DEAD: &str = "DELETE FROM node_keys WHERE node_id NOT IN \
     (SELECT id FROM nodes WHERE serves = 1 AND heartbeat_at >= $1)";

/// A running server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServingNode {
    /// Which.
    pub id: NodeId,
    /// The master keys it has.
    pub kids: Vec<MasterKeyId>,
    /// The one it seals under.
    pub seals_under: Option<MasterKeyId>,
}

/// The servers that run now.
///
/// # Errors
/// When the database cannot be read.
pub async fn serving_nodes(store: &Store, now: Timestamp) -> Result<Vec<ServingNode>, StoreError> {
    let mut connection = store.pool().acquire().await?;
    read(&mut connection, now).await
}

pub(crate) async fn read(connection: &mut AnyConnection, now: Timestamp) -> Result<Vec<ServingNode>, StoreError> {
    let rows = sqlx::query(LIVE).bind(now.minus(LEASE).as_micros()).fetch_all(connection).await?;
    let mut nodes: Vec<ServingNode> = Vec::new();
    for row in &rows {
        let row = Columns(row);
        let (id, kid) = (row.parsed("node_id")?, row.parsed("kid")?);
        if nodes.last().is_none_or(|node| node.id != id) {
            nodes.push(ServingNode { id, kids: Vec::new(), seals_under: None });
        }
        if let Some(node) = nodes.last_mut() {
            node.kids.push(kid);
            if row.flag("seals")? {
                node.seals_under = Some(kid);
            }
        }
    }
    Ok(nodes)
}

/// At open: refuses to run without a key that a running server seals under,
/// and agrees with the others on the key that seals.
pub(crate) async fn enter(store: &Store, now: Timestamp) -> Result<(), OpenError> {
    let others = others(store, now).await.map_err(OpenError::Database)?;
    let given = store.vault().kids();
    if let Some(kid) = others.iter().filter_map(|node| node.seals_under).find(|kid| !given.contains(kid)) {
        return Err(OpenError::Outdated { kid: kid.to_string() });
    }
    follow(store, now).await.map_err(OpenError::Database)
}

/// Chooses the key that seals: the first of this process's that every running
/// server has. A server writes down what it has and chose.
///
/// # Errors
/// When the database cannot be reached.
pub async fn follow(store: &Store, now: Timestamp) -> Result<(), StoreError> {
    let others = others(store, now).await?;
    let given = store.vault().kids();
    if let Some(kid) = others.iter().filter_map(|node| node.seals_under).find(|kid| !given.contains(kid)) {
        tracing::error!(
            %kid,
            "another running server seals under a master key that this one lacks; restart this one with the same MASTER_KEY list"
        );
    }
    let has_everybody = |kid: &MasterKeyId| others.iter().all(|node| node.kids.contains(kid));
    let chosen = given.iter().find(|kid| has_everybody(kid)).or(given.first());
    if let Some(kid) = chosen.filter(|kid| **kid != store.vault().sealing_kid()) {
        store.vault().seal_with(*kid);
        let mut connection = store.pool().acquire().await?;
        super::write_down_sealing(&mut connection, store.vault(), now).await?;
    }
    if store.serves() { write_own(store, now).await } else { Ok(()) }
}

/// At the end: others need not wait for the lease.
pub(crate) async fn leave(store: &Store) -> Result<(), StoreError> {
    if store.serves() {
        let own = store.node().to_string();
        sqlx::query("DELETE FROM node_keys WHERE node_id = $1").bind(own).execute(store.pool()).await?;
    }
    Ok(())
}

/// The running servers that are not this process. A server has its SQLite file
/// for itself: whoever is still in the table is dead.
async fn others(store: &Store, now: Timestamp) -> Result<Vec<ServingNode>, StoreError> {
    if store.serves() && store.dialect() == Dialect::Sqlite {
        return Ok(Vec::new());
    }
    let mut nodes = serving_nodes(store, now).await?;
    nodes.retain(|node| node.id != store.node());
    Ok(nodes)
}

async fn write_own(store: &Store, now: Timestamp) -> Result<(), StoreError> {
    let own = store.node();
    let (mut kids, sealing) = (store.vault().kids(), store.vault().sealing_kid());
    kids.sort_unstable();
    kids.dedup();
    let is_written = |node: &ServingNode| node.id == own && node.kids == kids && node.seals_under == Some(sealing);
    if serving_nodes(store, now).await?.iter().any(is_written) {
        return Ok(());
    }
    let is_alone = store.dialect() == Dialect::Sqlite;
    let mut write = Write::begin(store).await?;
    if is_alone {
        sqlx::query("DELETE FROM node_keys").execute(write.connection()).await?;
    } else {
        let drop_dead = sqlx::query(DROP_DEAD).bind(now.minus(LEASE).as_micros());
        drop_dead.execute(write.connection()).await?;
        let drop_own = sqlx::query("DELETE FROM node_keys WHERE node_id = $1").bind(own.to_string());
        drop_own.execute(write.connection()).await?;
    }
    for kid in kids {
        sqlx::query("INSERT INTO node_keys (node_id, kid, seals) VALUES ($1, $2, $3)")
            .bind(own.to_string())
            .bind(kid.to_string())
            .bind(i64::from(kid == sealing))
            .execute(write.connection())
            .await?;
    }
    write.commit().await
}
