//! The one task that writes attempts. Reservations are written at once, in one
//! transaction with whatever else is queued; what nobody waits for (settlements,
//! and calls that the journal has) waits a moment for company. Everybody who waits
//! is told.

use std::collections::{HashMap, HashSet};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use domain::ids::AttemptId;
use tokio::task::yield_now;
use tokio::time::{Instant, Sleep, sleep_until};

use super::line::Line;
use super::queue::{COMPANY, Command, GROUP, Receiver, Waiter};
use super::sync::{Commits, Syncer};
use super::{AttemptStart, LedgerError, Settlement};
use crate::error::StoreError;
use crate::open::connect::Target;
use crate::open::{Dialect, Turn};

/// How long a settlement may wait for company, and a commit for the disk.
const AT_MOST: Duration = Duration::from_millis(50);

/// How long to wait before settlements that failed are tried again.
const PAUSE: Duration = Duration::from_millis(500);

/// Groups that follow each other sooner give way to the tasks that are ready to
/// run: those may have more for the group.
const CROWD: Duration = Duration::from_micros(400);

/// About how many pages a transaction writes, and how many rows make one more.
const PAGES: usize = 4;
const ROWS_A_PAGE: usize = 4;

/// The writer's state.
pub(super) struct Writer {
    /// `None` after a failure, until the next group connects again.
    line: Option<Line>,
    target: Target,
    turn: Turn,
    strict: bool,
    /// SQLite only.
    syncer: Option<Syncer>,
    /// Settlements and noted calls in hand: those that wait for company, and those
    /// that met a database that did not answer. Nobody else will write them while
    /// this process lives.
    held: Vec<Command>,
    /// Pages of commits that the disk was not told of.
    unsynced: usize,
    /// When what is held is written and what is committed is synced.
    due: Option<Instant>,
    last_written: Instant,
}

impl Writer {
    pub(super) async fn open(target: Target, turn: Turn, strict: bool) -> Result<Self, StoreError> {
        let line = Some(Line::open(&target, strict).await?);
        let syncer = target.file.as_deref().map(|file| Syncer::start(file, Arc::clone(&turn))).transpose();
        let syncer = syncer.map_err(|error| StoreError::Unavailable(error.into()))?;
        let last_written = Instant::now();
        Ok(Self { line, target, turn, strict, syncer, held: Vec::new(), unsynced: 0, due: None, last_written })
    }

    /// Serves the queue until it is closed and empty.
    pub(super) async fn run(mut self, queue: Receiver) {
        let mut commands = Vec::with_capacity(GROUP);
        let mut alarm = Box::pin(sleep_until(Instant::now()));
        loop {
            let received = self.receive(&queue, &mut commands, alarm.as_mut()).await;
            let is_over = received == Some(0);
            if commands.iter().any(|command| matches!(command, Command::Close(_))) {
                queue.close();
            }
            let is_due = received.is_none() || is_over;
            let group = self.take_group(&mut commands, is_due);
            if !group.is_empty() {
                self.serve(group, &queue).await;
            }
            if is_due {
                self.sync(Vec::new(), &queue);
            }
            if is_over {
                break;
            }
        }
        if let Some(line) = self.line.take() {
            line.close().await;
        }
    }

    /// How many commands came, 0 when none will; `None`: something is due, and
    /// what came meanwhile is with it.
    async fn receive(
        &mut self,
        queue: &Receiver,
        commands: &mut Vec<Command>,
        mut alarm: Pin<&mut Sleep>,
    ) -> Option<usize> {
        if let Some(due) = self.due.filter(|due| *due != alarm.deadline()) {
            alarm.as_mut().reset(due);
        }
        let will_look = self.due.is_some();
        let received = tokio::select! {
            biased;
            () = alarm.as_mut(), if will_look => None,
            received = queue.receive(commands, will_look) => Some(received),
        };
        let is_crowded = received.is_some_and(|received| received > 0) && self.last_written.elapsed() < CROWD;
        if is_crowded {
            yield_now().await;
        }
        if is_crowded || received.is_none() {
            queue.take(commands);
        }
        received
    }

    /// Sorts what came into what is written now and what is held. An earlier
    /// settlement stays before a later one.
    fn take_group(&mut self, commands: &mut Vec<Command>, is_due: bool) -> Vec<Command> {
        let is_awaited = |command: &Command| !command.is_patient() && !matches!(command, Command::Dispatch(..));
        let is_urgent = is_due || commands.iter().any(is_awaited);
        let (patient, mut group): (Vec<_>, Vec<_>) = commands.drain(..).partition(Command::is_patient);
        self.held.extend(patient);
        if is_urgent || self.held.len() >= COMPANY {
            group.append(&mut self.held);
            self.due = None;
        } else if !self.held.is_empty() {
            self.due_within(AT_MOST);
        }
        group
    }

    fn due_within(&mut self, time: Duration) {
        self.due.get_or_insert_with(|| Instant::now() + time);
    }

    /// Writes a group; where one of its rows is refused, each command alone, so
    /// that one bad row harms nobody else.
    async fn serve(&mut self, commands: Vec<Command>, queue: &Receiver) {
        let result = self.write_twice(&commands).await;
        let is_about_a_row =
            matches!(result, Err(StoreError::Database(_) | StoreError::Integrity(_) | StoreError::Conflict(_)));
        if is_about_a_row && commands.len() > 1 {
            for command in commands {
                let alone = vec![command];
                let result = self.write_twice(&alone).await;
                self.done(alone, result, queue);
            }
        } else {
            self.done(commands, result, queue);
        }
        self.last_written = Instant::now();
    }

    /// Tells whoever waits; what may succeed later and nobody waits for is kept.
    fn done(&mut self, commands: Vec<Command>, result: Result<(), StoreError>, queue: &Receiver) {
        if result.is_err() {
            queue.doubts();
        }
        let commands = if is_passing(&result) { self.keep_patient(commands) } else { commands };
        self.answer(commands, result, queue);
    }

    /// Keeps what nobody waits for, for another try; returns the other commands.
    fn keep_patient(&mut self, commands: Vec<Command>) -> Vec<Command> {
        let (owed, others): (Vec<_>, Vec<_>) = commands.into_iter().partition(Command::is_patient);
        if !owed.is_empty() {
            self.held.splice(..0, owed);
            self.due_within(PAUSE);
        }
        others
    }

    /// Writes; after a failure once more over a new connection. Repeating is
    /// harmless: both statements do nothing where their work is done.
    async fn write_twice(&mut self, commands: &[Command]) -> Result<(), StoreError> {
        let Err(error) = self.write(commands).await else { return Ok(()) };
        self.line = None;
        match error {
            StoreError::Unavailable(_) | StoreError::Database(_) => {
                tracing::warn!(error = %crate::error::root_cause(&error), "the ledger is written again");
                let again = self.write(commands).await;
                if again.is_err() {
                    self.line = None;
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
        let line = match &mut self.line {
            Some(line) => line,
            none => none.insert(Line::open(&self.target, self.strict).await?),
        };
        line.write(&group).await
    }

    /// Tells the waiters: reservations now, the others when the disk has it.
    fn answer(
        &mut self,
        commands: impl IntoIterator<Item = Command>,
        result: Result<(), StoreError>,
        queue: &Receiver,
    ) {
        let result = result.map_err(LedgerError::from);
        let has_disk = self.syncer.is_some() && result.is_ok();
        let (mut after_sync, mut rows, mut entered, mut noted) = (Vec::new(), 0, false, [0; 2]);
        for command in commands {
            rows += 1;
            entered |= matches!(command, Command::Dispatch(..) | Command::Noted(..));
            let (waiter, may_be_early) = match command {
                Command::Dispatch(_, waiter) => (waiter, !self.strict),
                Command::Look(waiter) => (waiter, true),
                Command::Settle(_, _, waiter) | Command::Flush(waiter) | Command::Close(waiter) => (waiter, false),
                Command::Hurry => continue,
                Command::Noted(start, side) => {
                    noted[side] += 1;
                    if let Err(error) = &result {
                        // The journal keeps it for the next start.
                        tracing::error!(%error, attempt = %start.attempt, "a call's row was refused");
                    }
                    continue;
                }
            };
            if may_be_early || !has_disk {
                let _ = waiter.send(result.clone());
            } else if !waiter.is_closed() {
                after_sync.push(waiter);
            }
        }
        // The end of a call says nothing of whether a new one can be entered.
        if result.is_ok() && entered {
            queue.took(noted);
        }
        if has_disk && rows > 0 {
            self.unsynced += PAGES + rows / ROWS_A_PAGE;
            if after_sync.is_empty() {
                self.due_within(AT_MOST);
            } else {
                self.sync(after_sync, queue);
            }
        }
    }

    /// Has the disk told of all commits so far.
    fn sync(&mut self, waiters: Vec<Waiter>, queue: &Receiver) {
        let pages = std::mem::take(&mut self.unsynced);
        if let Some(syncer) = self.syncer.as_ref().filter(|_| pages > 0) {
            syncer.sync(Commits { waiters, pages, spent: queue.spent() });
        }
        if self.held.is_empty() {
            self.due = None;
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
pub(super) struct Group<'c> {
    pub(super) starts: Vec<&'c AttemptStart>,
    /// Calls that were noted and are over: one row each, and no other write.
    pub(super) whole: Vec<(&'c AttemptStart, &'c Settlement)>,
    pub(super) ends: Vec<(AttemptId, &'c Settlement)>,
    has_flush: bool,
}

impl<'c> Group<'c> {
    /// Sorts commands; of several settlements of one attempt the first counts.
    fn of(commands: &'c [Command]) -> Self {
        let mut group = Self { starts: Vec::new(), whole: Vec::new(), ends: Vec::new(), has_flush: false };
        let (mut noted, mut settled) = (HashMap::new(), HashSet::new());
        for command in commands {
            match command {
                Command::Dispatch(start, _) => group.starts.push(start),
                Command::Noted(start, _) => {
                    noted.insert(start.attempt, &**start);
                }
                Command::Settle(attempt, end, _) if settled.insert(*attempt) => match noted.remove(attempt) {
                    Some(start) => group.whole.push((start, end)),
                    None => group.ends.push((*attempt, end)),
                },
                Command::Settle(..) | Command::Hurry | Command::Look(_) => {}
                Command::Flush(_) | Command::Close(_) => group.has_flush = true,
            }
        }
        group.starts.extend(noted.into_values());
        group
    }

    /// Rows of calls that are about to be sent, or were.
    pub(super) fn of_starts(starts: &'c [AttemptStart]) -> Self {
        Self { starts: starts.iter().collect(), whole: Vec::new(), ends: Vec::new(), has_flush: false }
    }

    /// What ends here, with a row of its own or without.
    pub(super) fn all_ends(&self) -> Vec<(AttemptId, &'c Settlement)> {
        self.whole.iter().map(|(start, end)| (start.attempt, *end)).chain(self.ends.iter().copied()).collect()
    }

    fn is_empty(&self) -> bool {
        self.starts.is_empty() && self.whole.is_empty() && self.ends.is_empty() && !self.has_flush
    }

    pub(super) fn is_one_reservation(&self) -> bool {
        self.starts.len() == 1 && self.whole.is_empty() && self.ends.is_empty()
    }

    pub(super) fn is_reservations_only(&self) -> bool {
        self.ends.is_empty() && !self.has_flush
    }

    pub(super) fn is_flush_only(&self) -> bool {
        self.starts.is_empty() && self.ends.is_empty() && self.has_flush
    }
}
