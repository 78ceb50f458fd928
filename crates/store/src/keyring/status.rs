//! The state of the keyring, read without needing any particular key: it has to
//! say what is wrong when a store cannot be opened.

use std::collections::BTreeMap;

use domain::{MasterKeyId, Timestamp};
use sqlx::AnyConnection;

use super::{Known, nodes};
use crate::error::StoreError;
use crate::migrate;
use crate::open::OpenError;
use crate::open::connect::{self, Target};
use crate::row::Columns;
use crate::sealed_columns::{self, Held, SEALED_COLUMNS, SealedColumn};
use crate::vault::{MasterKeys, Sealed, Vault};

/// How many rows are read at once.
const PAGE: i64 = 500;

/// All that is known about the master keys of a database.
#[derive(Clone, Debug)]
pub struct Keyring {
    /// The keys: those given first, in their order.
    pub keys: Vec<KeyState>,
    /// The servers that run now.
    pub nodes: Vec<nodes::ServingNode>,
    /// Secrets that do not open although their key, if any, was given.
    pub unopened: Vec<Unopened>,
}

impl Keyring {
    /// The key that this process would seal under: the first of those given that
    /// every running server has.
    #[must_use]
    pub fn sealing_kid(&self) -> Option<MasterKeyId> {
        let has_everybody = |key: &&KeyState| self.nodes.iter().all(|node| node.kids.contains(&key.kid));
        let given = || self.keys.iter().filter(|key| key.place.is_some());
        given().find(has_everybody).or(given().next()).map(|key| key.kid)
    }
}

/// A master key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyState {
    /// Its id.
    pub kid: MasterKeyId,
    /// Its place among those given to this process, from 1.
    pub place: Option<usize>,
    /// Whether it is the one it was.
    pub check: KeyCheck,
    /// Since when the database knows it.
    pub known_since: Option<Timestamp>,
    /// What is sealed under it.
    pub held: Vec<Held>,
}

impl KeyState {
    /// How many secrets are sealed under it.
    #[must_use]
    pub fn rows(&self) -> i64 {
        self.held.iter().map(|held| held.rows).sum()
    }
}

/// Whether a key is the one that the database knows by its id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyCheck {
    /// It is.
    Matches,
    /// Its id is known, and it is another key.
    Differs,
    /// The database has not met it.
    Unknown,
    /// It was not given.
    NotGiven,
}

/// A secret that does not open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unopened {
    /// Its table.
    pub table: &'static str,
    /// Its column.
    pub column: &'static str,
    /// Its row.
    pub row: String,
    /// The master key it names; `None`: it is no sealed secret.
    pub kid: Option<MasterKeyId>,
}

/// Reads the state. Opens every secret whose key was given.
///
/// # Errors
/// When the database cannot be reached, or is not ours.
pub async fn status(url: &str, keys: MasterKeys, now: Timestamp) -> Result<Keyring, OpenError> {
    let target = Target::parse(url)?;
    if target.file.as_ref().is_some_and(|file| !file.exists()) {
        let keys = states(&Vault::new(keys), &BTreeMap::new(), &[]);
        return Ok(Keyring { keys, nodes: Vec::new(), unopened: Vec::new() });
    }
    let mut connection = target.first_connection().await?;
    migrate::run(&mut connection, target.dialect, now).await?;
    let read = read(&mut connection, &Vault::new(keys), now).await.map_err(OpenError::Database);
    sqlx::Connection::close(connection).await.map_err(connect::refused)?;
    read
}

async fn read(connection: &mut AnyConnection, vault: &Vault, now: Timestamp) -> Result<Keyring, StoreError> {
    let known = super::known(connection).await?;
    let held = sealed_columns::held(connection).await?;
    let mut unopened = Vec::new();
    for column in &SEALED_COLUMNS {
        unopened.extend(unopened_of(connection, column, vault, &known).await?);
    }
    Ok(Keyring { keys: states(vault, &known, &held), nodes: nodes::read(connection, now).await?, unopened })
}

fn states(vault: &Vault, known: &BTreeMap<MasterKeyId, Known>, held: &[Held]) -> Vec<KeyState> {
    let given = vault.key_checks();
    let mut kids: Vec<MasterKeyId> = Vec::new();
    let in_use = held.iter().filter_map(|held| held.kid);
    for kid in given.iter().map(|(kid, _)| *kid).chain(known.keys().copied()).chain(in_use) {
        if !kids.contains(&kid) {
            kids.push(kid);
        }
    }
    let state = |kid: MasterKeyId| {
        let place = given.iter().position(|(given, _)| *given == kid);
        let check = match (place.and_then(|place| given.get(place)), known.get(&kid)) {
            (None, _) => KeyCheck::NotGiven,
            (Some(_), None) => KeyCheck::Unknown,
            (Some((_, check)), Some(known)) if known.check_value == *check => KeyCheck::Matches,
            (Some(_), Some(_)) => KeyCheck::Differs,
        };
        KeyState {
            kid,
            place: place.map(|place| place + 1),
            check,
            known_since: known.get(&kid).map(|known| known.created_at),
            held: held.iter().filter(|held| held.kid == Some(kid)).cloned().collect(),
        }
    };
    kids.into_iter().map(state).collect()
}

/// The secrets of a column that do not open. Those of a known key that was not
/// given are not among them: nothing can be said about them.
async fn unopened_of(
    connection: &mut AnyConnection,
    column: &SealedColumn,
    vault: &Vault,
    known: &BTreeMap<MasterKeyId, Known>,
) -> Result<Vec<Unopened>, StoreError> {
    let (mut after, mut unopened) = (String::new(), Vec::new());
    loop {
        // No master key's id is empty: all rows.
        let page = sqlx::query(column.page).bind(after.as_str()).bind("").bind(PAGE);
        let rows = page.fetch_all(&mut *connection).await?;
        let Some(last) = rows.last() else { return Ok(unopened) };
        for row in &rows {
            let row = Columns(row);
            let sealed = Sealed(row.text("row_sealed")?);
            let kid = sealed.kid();
            let is_withheld = kid.is_some_and(|kid| known.contains_key(&kid) && !vault.kids().contains(&kid));
            // A row that cannot be read has no identity to open it under.
            let opens = (column.context)(&row).is_ok_and(|context| vault.opens(&context, &sealed));
            if !opens && !is_withheld {
                unopened.push(Unopened { table: column.table, column: column.column, row: row.text("row_key")?, kid });
            }
        }
        after = Columns(last).text("row_key")?;
    }
}
