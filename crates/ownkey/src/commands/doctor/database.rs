//! The database, the master keys it needs, and its audit log.

use std::time::Duration;

use domain::Timestamp;
use store::Dialect;
use store::inspect::{Inspection, inspect};
use store::keyring::{KeyCheck, Keyring};

use super::{Finding, State};
use crate::config::Config;
use crate::config::environment::Environment;
use crate::config::master_key;
use crate::{ambient, boot};

/// How many rows of the audit log are verified.
const LAST_ROWS: i64 = 10_000;

/// How far the last change may be ahead of our clock.
const SKEW: Duration = Duration::from_secs(60);

pub(super) async fn examine(config: &Config, environment: &Environment, is_full: bool) -> Vec<Finding> {
    let seen = match inspect(&config.database_url).await {
        Ok(Some(seen)) => seen,
        Ok(None) => {
            return vec![Finding::look("database", "there is none yet", "`ownkey serve` makes it.")];
        }
        Err(error) => return vec![Finding::refused("database", error.to_string())],
    };
    let mut findings = of_database(&seen, ambient::clock().now());
    if seen.version != seen.known || !seen.damage.is_empty() {
        return findings;
    }
    let keys = of_keys(config, environment).await;
    let opens = keys.iter().all(|finding| finding.state != State::Bad);
    findings.extend(keys);
    if opens {
        findings.push(of_audit(config, environment, is_full).await);
    }
    findings
}

fn of_database(seen: &Inspection, now: Timestamp) -> Vec<Finding> {
    let name = "database";
    if !seen.damage.is_empty() {
        return vec![Finding::bad(
            name,
            format!("it is damaged: {}", seen.damage.join("; ")),
            "Stop the server, keep a copy of the file, and put back the last backup.",
        )];
    }
    let what = match seen.dialect {
        Dialect::Sqlite => "SQLite, whose own check finds nothing wrong",
        Dialect::Postgres => "PostgreSQL",
    };
    let text = format!("{what}; schema version {}", seen.version);
    let mut findings = vec![match seen.version.cmp(&seen.known) {
        std::cmp::Ordering::Equal => Finding::good(name, text),
        std::cmp::Ordering::Less => Finding::look(
            name,
            format!("{text}; this program has {}", seen.known),
            "The next start brings it up to date. Make a backup before it.",
        ),
        std::cmp::Ordering::Greater => {
            Finding::bad(name, format!("{text}; this program knows {}", seen.known), "Use the newer Ownkey.")
        }
    }];
    if seen.is_write_ahead == Some(false) && seen.version > 0 {
        findings.push(Finding::look(name, "the write-ahead log is off", "The next start turns it on."));
    }
    if let Some(last) = seen.last_change.filter(|last| *last > now.plus(SKEW)) {
        findings.push(Finding::bad(
            "clock",
            format!("the last change was written at {last}, which is still to come"),
            "Set the clock of this machine, or find out which one was ahead.",
        ));
    }
    findings
}

async fn of_keys(config: &Config, environment: &Environment) -> Vec<Finding> {
    let name = "master key";
    let found = match master_key::existing(environment, &config.data_dir) {
        Ok(Some(found)) => found,
        Ok(None) => {
            return vec![Finding::bad(
                name,
                "there is none, and the database holds sealed secrets",
                format!("Put it back: MASTER_KEY, or {}/master.key.", config.data_dir.display()),
            )];
        }
        Err(failure) => return vec![Finding::refused(name, failure.sentence)],
    };
    match store::keyring::status(&config.database_url, found.keys, ambient::clock().now()).await {
        Ok(keyring) => of_keyring(&keyring),
        Err(error) => vec![Finding::refused(name, error.to_string())],
    }
}

fn of_keyring(keyring: &Keyring) -> Vec<Finding> {
    let name = "master key";
    let mut findings = Vec::new();
    for key in &keyring.keys {
        let (kid, rows) = (key.kid, key.rows());
        match (key.place, key.check) {
            (None, _) if rows > 0 && key.known_since.is_some() => findings.push(Finding::bad(
                name,
                format!("{rows} secrets need the key {kid}, which was not given"),
                "Put it into MASTER_KEY, after the first.",
            )),
            (Some(_), KeyCheck::Differs) => findings.push(Finding::bad(
                name,
                format!("the key {kid} is not the one this database was sealed with"),
                "Give back the former key.",
            )),
            (Some(1), _) if keyring.sealing_kid() != Some(kid) => findings.push(Finding::look(
                name,
                format!("the first key {kid} does not seal yet: a running server lacks it"),
                "Give that server the same MASTER_KEY list and restart it.",
            )),
            (Some(1), _) => findings.push(Finding::good(name, format!("{kid} seals; {rows} secrets are under it"))),
            (Some(_), _) if rows > 0 => findings.push(Finding::look(
                name,
                format!("{rows} secrets are under the former key {kid}"),
                format!("Run `ownkey keyring rewrap`, then `ownkey keyring retire {kid}`."),
            )),
            (Some(place), _) => findings.push(Finding::look(
                name,
                format!("nothing is under the key {kid}"),
                format!("Retire it if the keyring has it, and take value {place} out of MASTER_KEY."),
            )),
            (None, _) => {}
        }
    }
    if !keyring.unopened.is_empty() {
        let rows: Vec<String> =
            keyring.unopened.iter().take(10).map(|row| format!("{} {}", row.table, row.row)).collect();
        findings.push(Finding::bad(
            name,
            format!("{} secrets do not open, such as {}", keyring.unopened.len(), rows.join(", ")),
            "They were altered or moved: type them in again, or delete them.",
        ));
    }
    findings
}

async fn of_audit(config: &Config, environment: &Environment, is_full: bool) -> Finding {
    let name = "audit log";
    let store = match boot::open_store(config, environment, false).await {
        Ok(ground) => ground.store,
        Err(failure) => return Finding::refused(name, failure.sentence),
    };
    let verified =
        if is_full { store::audit::verify(&store).await } else { store::audit::verify_last(&store, LAST_ROWS).await };
    store.close().await;
    match verified {
        Ok(verified) => match verified.broken_at {
            None => Finding::good(name, format!("the chain holds ({} rows verified)", verified.rows)),
            Some(seq) => Finding::bad(
                name,
                format!("it was altered: row {seq} is the first that does not fit"),
                "Compare it with a backup.",
            ),
        },
        Err(error) => Finding::refused(name, app::Error::from(error).sentence),
    }
}
