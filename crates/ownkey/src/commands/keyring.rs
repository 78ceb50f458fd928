//! `ownkey keyring …`: straight on the store with the master key, beside
//! running servers.

use std::io::{IsTerminal, Write};

use domain::MasterKeyId;
use serde_json::{Value, json};
use store::Store;
use store::keyring::{KeyCheck, KeyState, Unopened};

use super::{actor, output};
use crate::cli::{Keyring, Place};
use crate::config::environment::Environment;
use crate::config::{self, master_key};
use crate::{Failure, ambient, boot};

pub(super) async fn run(place: &Place, command: Keyring, environment: &Environment) -> Result<(), Failure> {
    if environment.process_value("OWNKEY_URL").is_some() {
        return Err(Failure::new(
            "The keyring is looked after where the database and the master key are. Run it there, without OWNKEY_URL.",
        ));
    }
    let config = config::read(place, None, config::data_dir(place, environment), environment)?;
    if matches!(command, Keyring::Status) {
        return status(&config, environment, place.json).await;
    }
    let store = boot::open_store(&config, environment, false).await?.store;
    let done = match command {
        Keyring::Status => Ok(()),
        Keyring::Rewrap { batch } => rewrap(&store, place, batch).await,
        Keyring::Retire { kid } => retire(&store, place, &kid).await,
    };
    store.close().await;
    done
}

async fn status(config: &config::Config, environment: &Environment, as_json: bool) -> Result<(), Failure> {
    let keys = master_key::existing(environment, &config.data_dir)?.ok_or_else(|| {
        Failure::configuration("There is no master key here: set MASTER_KEY, or run `ownkey serve` once to make one.")
    })?;
    let keyring = store::keyring::status(&config.database_url, keys.keys, ambient::clock().now()).await?;
    if as_json {
        output::json(&json!({
            "keys": keyring.keys.iter().map(|key| state_json(key, &keyring)).collect::<Vec<_>>(),
            "unopened": keyring.unopened.iter().map(unopened_json).collect::<Vec<_>>(),
        }));
    } else {
        let rows: Vec<_> = keyring.keys.iter().map(|key| state_row(key, &keyring)).collect();
        output::table(&["KID", "HERE", "SEALS", "CHECK", "SECRETS", "KNOWN SINCE"], &rows);
    }
    let missing = keyring.keys.iter().find(|key| key.place.is_none() && key.rows() > 0 && key.known_since.is_some());
    if let Some(key) = missing {
        return Err(Failure::configuration(format!(
            "{} secrets need the master key {}, which was not given. Put it into MASTER_KEY, after the first.",
            key.rows(),
            key.kid
        )));
    }
    if let Some(key) = keyring.keys.iter().find(|key| key.check == KeyCheck::Differs) {
        return Err(Failure::configuration(format!(
            "The master key {} is not the one this database was sealed with. Give back the former key.",
            key.kid
        )));
    }
    if keyring.unopened.is_empty() { Ok(()) } else { Err(unopened_failure(&keyring.unopened)) }
}

const fn check_word(check: KeyCheck) -> &'static str {
    match check {
        KeyCheck::Matches => "matches",
        KeyCheck::Differs => "differs",
        KeyCheck::Unknown => "unused",
        KeyCheck::NotGiven => "not given",
    }
}

fn state_row(key: &KeyState, keyring: &store::Keyring) -> Vec<String> {
    let by_table: Vec<String> = key.held.iter().map(|held| format!("{} {}", held.rows, held.table)).collect();
    vec![
        key.kid.to_string(),
        key.place.map_or("no".to_owned(), |place| format!("yes ({place})")),
        if keyring.sealing_kid() == Some(key.kid) { "yes" } else { "no" }.to_owned(),
        check_word(key.check).to_owned(),
        if by_table.is_empty() { "0".to_owned() } else { by_table.join(", ") },
        key.known_since.map_or("-".to_owned(), |at| at.to_string()),
    ]
}

fn state_json(key: &KeyState, keyring: &store::Keyring) -> Value {
    let tables: serde_json::Map<_, _> =
        key.held.iter().map(|held| (held.table.to_owned(), Value::from(held.rows))).collect();
    json!({
        "kid": key.kid,
        "place": key.place,
        "seals": keyring.sealing_kid() == Some(key.kid),
        "check": check_word(key.check),
        "known_since": key.known_since,
        "rows": key.rows(),
        "tables": tables,
    })
}

fn unopened_json(row: &Unopened) -> Value {
    json!({"table": row.table, "column": row.column, "row": row.row, "kid": row.kid})
}

fn unopened_failure(rows: &[Unopened]) -> Failure {
    let name = |row: &Unopened| match row.kid {
        Some(kid) => format!("{} {} (names {kid})", row.table, row.row),
        None => format!("{} {} (no sealed secret)", row.table, row.row),
    };
    let named: Vec<String> = rows.iter().take(20).map(name).collect();
    let more = if rows.len() > named.len() { format!(" and {} more", rows.len() - named.len()) } else { String::new() };
    Failure::new(format!(
        "{} secrets do not open and were left as they are: {}{more}. They were altered, moved, or sealed under a key that is gone: type them in again, or delete them.",
        rows.len(),
        named.join("; ")
    ))
}

async fn rewrap(store: &Store, place: &Place, batch: u32) -> Result<(), Failure> {
    let (clock, actor) = (ambient::clock(), actor(store, place.user.as_deref()).await?);
    let mut progress = Progress::new(place.json);
    let done = app::keyring::rewrap(store, &clock, actor, i64::from(batch), |done, of| progress.tell(done, of)).await;
    progress.end();
    let done = done?;
    if place.json {
        output::json(&json!({
            "kid": done.to,
            "rewrapped": done.rewrapped,
            "left": done.left,
            "unopened": done.unopened.iter().map(unopened_json).collect::<Vec<_>>(),
        }));
    } else {
        output::line(&format!("{} secrets were sealed again under the master key {}.", done.rewrapped, done.to));
    }
    if !done.unopened.is_empty() {
        return Err(unopened_failure(&done.unopened));
    }
    if done.left > 0 {
        return Err(Failure::new(format!(
            "{} secrets were saved under another master key meanwhile. Run it again.",
            done.left
        )));
    }
    if !place.json {
        output::line("Nothing needs another one. `ownkey keyring status` shows which keys can be retired.");
    }
    Ok(())
}

async fn retire(store: &Store, place: &Place, kid: &str) -> Result<(), Failure> {
    let kid: MasterKeyId = kid.parse().map_err(|problem| {
        Failure::new(format!("“{kid}” is no key's id: {problem}. `ownkey keyring status` shows them."))
    })?;
    let (clock, actor) = (ambient::clock(), actor(store, place.user.as_deref()).await?);
    app::keyring::retire(store, &clock, actor, kid).await?;
    let at = store.vault().kids().iter().position(|given| *given == kid).map(|at| at + 1);
    if place.json {
        output::json(&json!({"retired": kid, "place": at}));
        return Ok(());
    }
    output::line(&match at {
        Some(at) => format!(
            "Retired. Take value {at} out of MASTER_KEY (the key {kid}) on every node and restart; keep it as long as you keep backups from before."
        ),
        None => format!("Retired. No server expects the master key {kid} any more; backups from before still need it."),
    });
    Ok(())
}

/// How far it is: one line that is written over, on a terminal.
struct Progress {
    is_shown: bool,
}

impl Progress {
    fn new(as_json: bool) -> Self {
        Self { is_shown: !as_json && std::io::stderr().is_terminal() }
    }

    fn tell(&mut self, done: u64, of: i64) {
        if self.is_shown {
            let _unread = write!(std::io::stderr(), "\r{done} of {of} secrets");
        }
    }

    fn end(&mut self) {
        if self.is_shown {
            let _unread = writeln!(std::io::stderr());
        }
    }
}
