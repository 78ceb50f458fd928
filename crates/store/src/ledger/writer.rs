//! The one task that writes attempts. It takes whatever is queued, writes it in
//! one transaction, and tells everybody who waits.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use domain::ids::AttemptId;
use sqlx::{AnyConnection, Connection as _};
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

use super::statements::Statements;
use super::sync::Syncer;
use super::{AttemptStart, LedgerError, Settlement};
use crate::error::StoreError;
use crate::open::connect::Target;
use crate::open::{Dialect, Turn};

/// The most commands in one transaction.
const GROUP: usize = 256;

/// How long to wait before settlements that failed are tried again.
const PAUSE: Duration = Duration::from_millis(500);

/// Told when the command is done.
pub(super) type Waiter = oneshot::Sender<Result<(), LedgerError>>;

/// What the ledger is asked to do.
pub(super) enum Command {
    Dispatch(Box<AttemptStart>, Waiter),
    Settle(AttemptId, Box<Settlement>, Waiter),
    Flush(Waiter),
    Close(Waiter),
}

/// The writer's state.
pub(super) struct Writer {
    /// `None` after a failure, until the next group connects again.
    connection: Option<AnyConnection>,
    target: Target,
    turn: Turn,
    strict: bool,
    statements: Statements,
    /// SQLite only.
    syncer: Option<Syncer>,
    /// Settlements that met a database that did not answer. Their calls are
    /// over, so nobody else will end their rows while this process lives.
    owed: Vec<Command>,
}

impl Writer {
    pub(super) fn new(connection: AnyConnection, target: Target, turn: Turn, strict: bool) -> std::io::Result<Self> {
        let syncer = target.file.as_deref().map(Syncer::start).transpose()?;
        let statements = Statements::new(target.dialect);
        Ok(Self { connection: Some(connection), target, turn, strict, statements, syncer, owed: Vec::new() })
    }

    /// Serves the queue until it is closed and empty.
    pub(super) async fn run(mut self, mut queue: mpsc::UnboundedReceiver<Command>) {
        let mut commands = Vec::with_capacity(GROUP);
        loop {
            let received = if self.owed.is_empty() {
                queue.recv_many(&mut commands, GROUP).await
            } else {
                timeout(PAUSE, queue.recv_many(&mut commands, GROUP)).await.unwrap_or(self.owed.len())
            };
            commands.append(&mut self.owed);
            if commands.iter().any(|command| matches!(command, Command::Close(_))) {
                queue.close();
            }
            self.serve(std::mem::take(&mut commands)).await;
            if received == 0 {
                break;
            }
        }
        if let Some(connection) = self.connection.take() {
            let _ = connection.close().await;
        }
    }

    /// Writes a group; where one of its rows is refused, each command alone, so
    /// that one bad row harms nobody else.
    async fn serve(&mut self, commands: Vec<Command>) {
        let result = self.write_twice(&commands).await;
        let is_about_a_row =
            matches!(result, Err(StoreError::Database(_) | StoreError::Integrity(_) | StoreError::Conflict(_)));
        if is_about_a_row && commands.len() > 1 {
            for command in commands {
                let alone = [command];
                let result = self.write_twice(&alone).await;
                self.answer(alone, result);
            }
        } else {
            let commands = if is_passing(&result) { self.keep_settlements(commands) } else { commands };
            self.answer(commands, result);
        }
    }

    /// Keeps settlements for another try; returns the other commands.
    fn keep_settlements(&mut self, commands: Vec<Command>) -> Vec<Command> {
        let is_settlement = |command: &Command| matches!(command, Command::Settle(..));
        let (owed, others): (Vec<_>, Vec<_>) = commands.into_iter().partition(is_settlement);
        self.owed.extend(owed);
        others
    }

    /// Writes; after a failure once more over a new connection. Repeating is
    /// harmless: both statements do nothing where their work is done.
    async fn write_twice(&mut self, commands: &[Command]) -> Result<(), StoreError> {
        let Err(error) = self.write(commands).await else { return Ok(()) };
        self.connection = None;
        match error {
            StoreError::Unavailable(_) | StoreError::Database(_) => {
                tracing::warn!(error = %crate::error::root_cause(&error), "the ledger is written again");
                let again = self.write(commands).await;
                if again.is_err() {
                    self.connection = None;
                }
                again
            }
            error => Err(error),
        }
    }

    async fn write(&mut self, commands: &[Command]) -> Result<(), StoreError> {
        let group = Group::of(commands);
        if group.is_empty() {
            return Ok(());
        }
        let is_sqlite = self.target.dialect == Dialect::Sqlite;
        let _turn = if is_sqlite { Some(self.turn.lock().await) } else { None };
        if self.connection.is_none() {
            self.connection = Some(self.target.ledger_connection().await?);
        }
        let Some(connection) = &mut self.connection else { return Ok(()) };
        let mut transaction = connection.begin_with(if is_sqlite { "BEGIN IMMEDIATE" } else { "BEGIN" }).await?;
        if !is_sqlite && !self.strict && group.is_reservations_only() {
            sqlx::raw_sql("SET LOCAL synchronous_commit = off").execute(&mut *transaction).await?;
        }
        if !is_sqlite && group.is_flush_only() {
            // Any synchronous commit takes all earlier ones to the disk with it.
            sqlx::query("UPDATE change_head SET seq = seq WHERE id = 1").execute(&mut *transaction).await?;
        }
        self.statements.insert(&mut transaction, &group.starts).await?;
        self.statements.settle(&mut transaction, &group.ends).await?;
        Ok(transaction.commit().await?)
    }

    /// Tells the waiters: reservations now, the others when the disk has it.
    fn answer(&self, commands: impl IntoIterator<Item = Command>, result: Result<(), StoreError>) {
        let result = result.map_err(LedgerError::from);
        let mut after_sync = Vec::new();
        for command in commands {
            let (waiter, may_be_early) = match command {
                Command::Dispatch(_, waiter) => (waiter, !self.strict),
                Command::Settle(_, _, waiter) | Command::Flush(waiter) | Command::Close(waiter) => (waiter, false),
            };
            if may_be_early || result.is_err() || self.syncer.is_none() {
                let _ = waiter.send(result.clone());
            } else {
                after_sync.push(waiter);
            }
        }
        if let Some(syncer) = self.syncer.as_ref().filter(|_| result.is_ok()) {
            syncer.committed(after_sync);
        }
    }
}

/// Whether the same write may succeed later.
const fn is_passing(result: &Result<(), StoreError>) -> bool {
    matches!(result, Err(StoreError::Unavailable(_) | StoreError::Full(_)))
}

impl From<StoreError> for LedgerError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Full(_) => Self::Full,
            error => Self::Failed(Arc::new(error)),
        }
    }
}

/// The rows of one transaction.
struct Group<'c> {
    starts: Vec<&'c AttemptStart>,
    ends: Vec<(AttemptId, &'c Settlement)>,
    has_flush: bool,
}

impl<'c> Group<'c> {
    /// Sorts commands; of several settlements of one attempt the first counts.
    fn of(commands: &'c [Command]) -> Self {
        let mut group = Self { starts: Vec::new(), ends: Vec::new(), has_flush: false };
        let mut settled = HashSet::new();
        for command in commands {
            match command {
                Command::Dispatch(start, _) => group.starts.push(start),
                Command::Settle(attempt, end, _) if settled.insert(*attempt) => group.ends.push((*attempt, end)),
                Command::Settle(..) => {}
                Command::Flush(_) | Command::Close(_) => group.has_flush = true,
            }
        }
        group
    }

    fn is_empty(&self) -> bool {
        self.starts.is_empty() && self.ends.is_empty() && !self.has_flush
    }

    fn is_reservations_only(&self) -> bool {
        self.ends.is_empty() && !self.has_flush
    }

    fn is_flush_only(&self) -> bool {
        self.starts.is_empty() && self.ends.is_empty() && self.has_flush
    }
}
