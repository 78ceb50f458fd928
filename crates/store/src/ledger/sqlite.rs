//! The ledger's statements on SQLite, prepared once, without sqlx' thread between.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use domain::Price;
use domain::attempt::{AttemptState, ErrorClass};
use domain::ids::{AttemptId, CredentialId, OrganizationId, TeamId, TokenId, UserId};
use domain::usage::TokenCounts;
use rusqlite::types::Null;
use rusqlite::{CachedStatement, Connection, OpenFlags, Row, ToSql};
use uuid::Uuid;

use super::days::{self, DayKey, Days, Sums};
use super::statements::{END_COLUMNS, START_COLUMNS, START_VALUES};
use super::{AttemptStart, Group, Settlement};
use crate::budgets;
use crate::error::StoreError;
use crate::row::{json_text, optional_id};

/// The sync is left to a thread of its own, and so is carrying the log over into
/// the database file.
const SETTINGS: &str = "PRAGMA foreign_keys = ON; PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 0; \
     PRAGMA secure_delete = FAST;";

/// Texts of statements kept prepared.
const PREPARED: usize = 10;

/// A connection to the database file.
pub(super) struct SqliteLine {
    connection: Connection,
    insert: String,
    insert_whole: String,
    settle: String,
    add_to_day: String,
    /// The last price written, and its text: mostly the next one is the same.
    price: Option<(Price, String)>,
}

impl SqliteLine {
    pub(super) fn open(file: &Path) -> Result<Self, StoreError> {
        let connection =
            Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
        connection.busy_timeout(Duration::ZERO)?;
        connection.execute_batch(SETTINGS)?;
        connection.set_prepared_statement_cache_capacity(PREPARED);
        let (insert, insert_whole) = (insert_text(&[]), insert_text(&whole_columns()));
        Ok(Self { connection, insert, insert_whole, settle: settle_text(), add_to_day: days::text(1), price: None })
    }

    /// Writes a group in one transaction; all or nothing.
    pub(super) fn write(&mut self, group: &Group<'_>) -> Result<(), StoreError> {
        if group.is_one_reservation() {
            // A statement alone is a transaction, and cheaper than three.
            return self.write_rows(group);
        }
        self.run("BEGIN IMMEDIATE")?;
        let written = self.write_rows(group).and_then(|()| self.run("COMMIT"));
        if written.is_err() {
            // What failed is said; a transaction that is already gone is no second failure.
            let _ = self.run("ROLLBACK");
        }
        written
    }

    fn run(&self, text: &str) -> Result<(), StoreError> {
        self.connection.prepare_cached(text)?.raw_execute()?;
        Ok(())
    }

    fn write_rows(&mut self, group: &Group<'_>) -> Result<(), StoreError> {
        if !group.starts.is_empty() {
            let mut insert = self.connection.prepare_cached(&self.insert)?;
            for start in &group.starts {
                let mut places = Places { statement: &mut insert, next: 0 };
                bind_start(&mut places, start, AttemptState::Dispatched, price_text(&mut self.price, start.price)?)?;
                insert.raw_execute()?;
            }
        }
        let mut days = Days::default();
        let mut ends = Cow::Borrowed(&group.ends);
        if !group.whole.is_empty() {
            ends.to_mut().extend(self.insert_whole_rows(group, &mut days)?);
        }
        if !ends.is_empty() {
            self.settle_rows(&ends, &mut days)?;
        }
        self.add_to_days(&days)?;
        budgets::ending::settle_on_sqlite(&self.connection, &group.all_ends())
    }

    /// Enters calls that are over. Those that have a row already, by a commit
    /// whose answer was lost, are still to be ended.
    fn insert_whole_rows<'g>(
        &mut self,
        group: &Group<'g>,
        days: &mut Days,
    ) -> Result<Vec<(AttemptId, &'g Settlement)>, StoreError> {
        let (mut sums, mut there_already) = (BTreeMap::<CallKey<'_>, (Sums, i64)>::new(), Vec::new());
        let mut insert = self.connection.prepare_cached(&self.insert_whole)?;
        for (start, end) in &group.whole {
            let mut places = Places { statement: &mut insert, next: 0 };
            bind_start(&mut places, start, end.state, price_text(&mut self.price, start.price)?)?;
            bind_end(&mut places, end)?;
            if insert.raw_execute()? == 1 {
                let (line, ended_at) = sums.entry(CallKey::of(start)).or_default();
                line.add(Sums::of(start.number, end));
                *ended_at = end.at.as_micros().max(*ended_at);
            } else {
                there_already.push((start.attempt, *end));
            }
        }
        for (key, (sums, ended_at)) in sums {
            days.add(key.into_day_key(), sums, ended_at);
        }
        Ok(there_already)
    }

    /// Ends calls; what those that were not ended before add to their days.
    fn settle_rows(&self, ends: &[(AttemptId, &Settlement)], days: &mut Days) -> Result<(), StoreError> {
        let mut settle = self.connection.prepare_cached(&self.settle)?;
        for (attempt, end) in ends {
            let mut places = Places { statement: &mut settle, next: 0 };
            places.put(end.state.as_str())?;
            bind_end(&mut places, end)?;
            places.put_id(Some(attempt.0))?;
            let mut moved = settle.raw_query();
            while let Some(row) = moved.next()? {
                let (key, number) = read_key(row)?;
                days.add(key, Sums::of(number, end), end.at.as_micros());
            }
        }
        Ok(())
    }

    fn add_to_days(&self, days: &Days) -> Result<(), StoreError> {
        let mut add = self.connection.prepare_cached(&self.add_to_day)?;
        for (key, sums) in days.iter() {
            put_line(&mut Places { statement: &mut add, next: 0 }, key, sums)?;
            add.raw_execute()?;
        }
        for text in days.late_texts() {
            // Numbered as PostgreSQL does, places are names here.
            let mut add = self.connection.prepare_cached(&text.replace('$', "?"))?;
            for (key, sums) in days.iter() {
                let mut places = Places { statement: &mut add, next: 0 };
                put_line(&mut places, key, sums)?;
                places.put(days::rolled::month_of(key.day))?;
                add.raw_execute()?;
            }
        }
        Ok(())
    }
}

fn put_line(places: &mut Places<'_, '_>, key: &DayKey, sums: Sums) -> Result<(), StoreError> {
    for text in [&key.user, &key.provider, &key.model, &key.credential, &key.scope] {
        places.put(&**text)?;
    }
    for text in [&key.source, &key.token, &key.team, &key.organization] {
        places.put(&**text)?;
    }
    places.put(key.day)?;
    for number in sums.values() {
        places.put(number)?;
    }
    Ok(())
}

/// Which day's sums a call belongs to, from what [`settle_text`] returns, and
/// which attempt of its request it is.
fn read_key(row: &Row<'_>) -> Result<(DayKey, i64), StoreError> {
    let or_empty = |at: usize| Ok::<String, rusqlite::Error>(row.get::<_, Option<String>>(at)?.unwrap_or_default());
    let key = DayKey {
        user: row.get(0)?,
        day: days::of(row.get(1)?),
        provider: row.get(2)?,
        model: row.get(3)?,
        credential: row.get(4)?,
        scope: row.get(5)?,
        source: row.get(6)?,
        token: or_empty(7)?,
        team: or_empty(8)?,
        organization: or_empty(9)?,
    };
    Ok((key, row.get(10)?))
}

/// Which day's sums a call belongs to, as the call has it.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct CallKey<'c> {
    user: UserId,
    day: i64,
    provider: &'static str,
    model: &'c str,
    credential: CredentialId,
    scope: &'static str,
    source: &'static str,
    token: Option<TokenId>,
    team: Option<TeamId>,
    organization: Option<OrganizationId>,
}

impl<'c> CallKey<'c> {
    fn of(start: &'c AttemptStart) -> Self {
        Self {
            user: start.user,
            day: days::of(start.at.as_micros()),
            provider: start.provider.as_str(),
            model: &start.model,
            credential: start.credential,
            scope: start.scope.as_str(),
            source: start.source.as_str(),
            token: start.token,
            team: start.team,
            organization: start.organization,
        }
    }

    fn into_day_key(self) -> DayKey {
        let or_empty = |id: Option<String>| id.unwrap_or_default();
        DayKey {
            user: self.user.to_string(),
            day: self.day,
            provider: self.provider.to_owned(),
            model: self.model.to_owned(),
            credential: self.credential.to_string(),
            scope: self.scope.to_owned(),
            source: self.source.to_owned(),
            token: or_empty(optional_id(self.token)),
            team: or_empty(optional_id(self.team)),
            organization: or_empty(optional_id(self.organization)),
        }
    }
}

/// What a row has more when its call is over. Its state it always has.
fn whole_columns() -> Vec<&'static str> {
    END_COLUMNS.into_iter().skip(1).chain(["settled_at"]).collect()
}

/// One that is there already, by a commit whose answer was lost, is left as it
/// is.
fn insert_text(more: &[&str]) -> String {
    let places = vec!["?"; START_VALUES + more.len()].join(", ");
    let more: String = more.iter().map(|column| format!(", {column}")).collect();
    format!("INSERT INTO attempts ({START_COLUMNS}{more}) VALUES ({places}) ON CONFLICT (id) DO NOTHING")
}

/// Only forward: a row that is not `dispatched` stays as it is.
fn settle_text() -> String {
    let columns = END_COLUMNS.map(|column| format!("{column} = ?"));
    format!(
        "UPDATE attempts SET {}, settled_at = ? WHERE id = ? AND state = 'dispatched' RETURNING {}",
        columns.join(", "),
        days::RETURNED.join(", ")
    )
}

/// Puts values into a statement's places, from the first on.
struct Places<'s, 'c> {
    statement: &'s mut CachedStatement<'c>,
    next: usize,
}

impl Places<'_, '_> {
    fn put(&mut self, value: impl ToSql) -> rusqlite::Result<()> {
        self.next += 1;
        self.statement.raw_bind_parameter(self.next, value)
    }

    fn put_id(&mut self, id: Option<Uuid>) -> rusqlite::Result<()> {
        let mut text = [0; 36];
        match id {
            Some(id) => self.put(&*id.hyphenated().encode_lower(&mut text)),
            None => self.put(Null),
        }
    }
}

fn price_text(last: &mut Option<(Price, String)>, price: Option<Price>) -> Result<Option<&str>, StoreError> {
    let Some(price) = price else { return Ok(None) };
    if last.as_ref().is_none_or(|(last, _)| *last != price) {
        *last = Some((price, json_text(&price)?));
    }
    Ok(last.as_ref().map(|(_, text)| &**text))
}

fn bind_start(
    places: &mut Places<'_, '_>,
    start: &AttemptStart,
    state: AttemptState,
    price: Option<&str>,
) -> Result<(), StoreError> {
    places.put_id(Some(start.attempt.0))?;
    places.put_id(Some(start.request.0))?;
    places.put(start.client_request_id.as_deref())?;
    places.put(start.number)?;
    places.put(state.as_str())?;
    places.put(start.at.as_micros())?;
    places.put_id(Some(start.node.0))?;
    places.put_id(Some(start.user.0))?;
    places.put_id(start.token.map(|id| id.0))?;
    places.put_id(start.team.map(|id| id.0))?;
    places.put_id(start.organization.map(|id| id.0))?;
    places.put_id(Some(start.credential.0))?;
    places.put(start.scope.as_str())?;
    places.put(start.provider.as_str())?;
    places.put(&*start.model)?;
    places.put(&*start.requested_model)?;
    places.put(start.alias.as_deref())?;
    places.put(start.source.as_str())?;
    places.put(start.wire.as_str())?;
    places.put(i64::from(start.streamed))?;
    places.put(price)?;
    Ok(places.put(i64::from(start.markup_basis_points))?)
}

/// What comes after the state.
fn bind_end(places: &mut Places<'_, '_>, end: &Settlement) -> Result<(), StoreError> {
    let tokens = |count: fn(&TokenCounts) -> u64| {
        end.tokens.as_ref().map(|tokens| i64::try_from(count(tokens)).unwrap_or(i64::MAX))
    };
    places.put(tokens(|tokens| tokens.prompt))?;
    places.put(tokens(|tokens| tokens.completion))?;
    places.put(tokens(|tokens| tokens.cached))?;
    places.put(tokens(|tokens| tokens.cache_write))?;
    places.put(tokens(|tokens| tokens.reasoning))?;
    places.put(end.usage_source.as_str())?;
    places.put(end.provider_cost.map(|cost| cost.0))?;
    places.put(end.client_cost.map(|cost| cost.0))?;
    places.put(end.finish.as_deref())?;
    places.put(end.error_class.map(ErrorClass::as_str))?;
    places.put(end.status.map(i64::from))?;
    places.put(end.latency_ms)?;
    places.put(end.first_token_ms)?;
    Ok(places.put(end.at.as_micros())?)
}
