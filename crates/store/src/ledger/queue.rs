//! What the ledger is asked to do, in the order of asking. A settlement that
//! nobody waits for, and a call that the journal has, wake the writer only when it
//! would not look by itself soon: to wake a thread costs more than to write the
//! row.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use domain::ids::AttemptId;
use tokio::sync::{Notify, oneshot};
use tokio::time::Instant;

use super::journal::{Journal, Page, Side};
use super::{AttemptStart, LedgerError, Settlement};

/// The most commands in one transaction.
pub(super) const GROUP: usize = 256;

/// How many settlements in hand are written along with the next reservation.
pub(super) const COMPANY: usize = 24;

/// How many commands wake the writer while the journal has the calls: more in a
/// transaction cost less each.
const COMPANY_OF_NOTED: usize = 192;

/// How long the journal stands in for the database after that took rows. A
/// database that takes none is found out within this time, and on a quiet server
/// each call is entered directly.
const TRUST: Duration = Duration::from_millis(100);

/// Told when the command is done.
pub(super) type Waiter = oneshot::Sender<Result<(), LedgerError>>;

/// What the ledger is asked to do.
pub(super) enum Command {
    Dispatch(Arc<AttemptStart>, Waiter),
    /// The journal has it, in this file.
    Noted(Arc<AttemptStart>, Side),
    Settle(AttemptId, Box<Settlement>, Waiter),
    /// Somebody waits for a settlement handed over before.
    Hurry,
    /// Somebody reads: what the journal has becomes rows.
    Look(Waiter),
    Flush(Waiter),
    Close(Waiter),
}

impl Command {
    /// Whether nobody waits for it.
    pub(super) const fn is_patient(&self) -> bool {
        matches!(self, Self::Settle(..) | Self::Noted(..))
    }
}

/// Both ends of a new queue; with a journal, calls may be noted there.
pub(super) fn queue(journal: Option<Journal>) -> (Sender, Receiver) {
    let waiting = Mutex::new(Waiting { journal, ..Waiting::default() });
    let shared = Arc::new(Shared { waiting, bell: Notify::new() });
    (Sender { shared: Arc::clone(&shared) }, Receiver { shared })
}

/// The asking end. Dropped, the queue is closed.
pub(super) struct Sender {
    shared: Arc<Shared>,
}

/// The writer's end. Dropped, everybody in the queue is told that it is closed.
pub(super) struct Receiver {
    shared: Arc<Shared>,
}

struct Shared {
    waiting: Mutex<Waiting>,
    bell: Notify,
}

#[derive(Default)]
struct Waiting {
    commands: Vec<Command>,
    is_closed: bool,
    /// Whether the writer has set itself an alarm.
    will_look: bool,
    /// Whether the journal has one of the commands.
    has_noted: bool,
    journal: Option<Journal>,
    /// Since when the database is known to take rows.
    taken_at: Option<Instant>,
}

impl Sender {
    /// Puts a command into the queue. In a closed one its waiter is dropped.
    pub(super) fn send(&self, command: Command) {
        let waiting = self.shared.waiting();
        if waiting.is_closed {
            // The waiter is told outside the lock.
            drop(waiting);
            return;
        }
        self.push(waiting, command);
    }

    fn push(&self, mut waiting: MutexGuard<'_, Waiting>, command: Command) {
        let can_wait = command.is_patient();
        waiting.commands.push(command);
        let company = if waiting.has_noted { COMPANY_OF_NOTED } else { COMPANY };
        let rings = !can_wait || !waiting.will_look || waiting.commands.len() >= company;
        drop(waiting);
        if rings {
            self.shared.bell.notify_one();
        }
    }

    /// Queues the row of a call and notes it in the journal. `false`: the call is
    /// not noted, because there is no journal, or it cannot be written, or nobody
    /// knows whether the database takes rows.
    pub(super) fn note(&self, start: &Arc<AttemptStart>) -> bool {
        if !self.shared.waiting().is_noting() {
            return false;
        }
        let Some(line) = Journal::line(start) else { return false };
        let mut waiting = self.shared.waiting();
        if !waiting.is_noting() {
            return false;
        }
        let announced = waiting.journal.as_mut().and_then(|journal| journal.announce(line.len()));
        let Some(page) = announced else { return false };
        waiting.has_noted = true;
        self.push(waiting, Command::Noted(Arc::clone(start), page.side));
        if let Err(error) = page.write(&line) {
            tracing::warn!(%error, "the ledger's journal could not be written");
            if let Some(journal) = &mut self.shared.waiting().journal {
                journal.breaks();
            }
            return false;
        }
        true
    }

    /// Whether the journal has calls that are not rows yet.
    pub(super) fn has_noted(&self) -> bool {
        self.shared.waiting().journal.as_ref().is_some_and(|journal| journal.open_lines() > 0)
    }

    /// Empties the journal of what are rows on the disk, when no more will come.
    pub(super) fn empty_journal(&self) {
        let emptied = self.shared.waiting().journal.as_mut().map_or(Ok(()), Journal::empty);
        if let Err(error) = emptied {
            // The next start finds rows of all that is in it.
            tracing::debug!(%error, "the ledger's journal was not emptied");
        }
    }
}

impl Drop for Sender {
    fn drop(&mut self) {
        self.shared.waiting().is_closed = true;
        self.shared.bell.notify_one();
    }
}

impl Receiver {
    /// Waits for commands and takes up to [`GROUP`]; how many, 0 when the queue
    /// is closed and empty. `will_look`: whether the caller [takes](Self::take)
    /// what came within a few moments even when this is not done.
    pub(super) async fn receive(&self, into: &mut Vec<Command>, will_look: bool) -> usize {
        loop {
            {
                let mut waiting = self.shared.waiting();
                if !waiting.commands.is_empty() || waiting.is_closed {
                    return waiting.hand_over(into);
                }
                waiting.will_look = will_look;
            }
            self.shared.bell.notified().await;
        }
    }

    /// Fills up to [`GROUP`] with what is there.
    pub(super) fn take(&self, into: &mut Vec<Command>) {
        self.shared.waiting().hand_over(into);
    }

    /// The database took rows of calls: so many of each of the journal's files
    /// among them.
    pub(super) fn took(&self, noted: [usize; 2]) {
        let mut waiting = self.shared.waiting();
        waiting.taken_at = Some(Instant::now());
        if let Some(journal) = &mut waiting.journal {
            journal.entered(noted);
        }
    }

    /// The database took no rows: calls wait until it does.
    pub(super) fn doubts(&self) {
        self.shared.waiting().taken_at = None;
    }

    /// The journal's file that is to be emptied once the disk has its rows.
    pub(super) fn spent(&self) -> Option<Emptying> {
        let spent = self.shared.waiting().journal.as_mut()?.spent()?;
        Some(Emptying { spent, is_done: false, shared: Arc::clone(&self.shared) })
    }

    /// Lets nothing in any more.
    pub(super) fn close(&self) {
        self.shared.waiting().is_closed = true;
    }
}

/// A file of the journal whose rows are on their way to the disk. Dropped, it is
/// kept.
pub(super) struct Emptying {
    spent: Page,
    is_done: bool,
    shared: Arc<Shared>,
}

impl Emptying {
    /// The disk has the rows.
    pub(super) fn done(mut self) {
        // Nobody writes to it meanwhile: the other one is taken until this is told.
        match self.spent.empty() {
            Ok(()) => self.is_done = true,
            Err(error) => tracing::warn!(%error, "the ledger's journal was not emptied"),
        }
    }
}

impl Drop for Emptying {
    fn drop(&mut self) {
        if let Some(journal) = &mut self.shared.waiting().journal {
            if self.is_done {
                journal.emptied(self.spent.side);
            } else {
                journal.kept(self.spent.side);
            }
        }
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        let mut waiting = self.shared.waiting();
        waiting.is_closed = true;
        let unanswered = std::mem::take(&mut waiting.commands);
        drop(waiting);
        drop(unanswered);
    }
}

impl Shared {
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        // Nothing that can panic is done while it is held.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiting {
    fn is_noting(&self) -> bool {
        !self.is_closed && self.journal.is_some() && self.taken_at.is_some_and(|at| at.elapsed() < TRUST)
    }

    fn hand_over(&mut self, into: &mut Vec<Command>) -> usize {
        let taken = self.commands.len().min(GROUP.saturating_sub(into.len()));
        into.extend(self.commands.drain(..taken));
        self.has_noted &= !self.commands.is_empty();
        taken
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;
    use crate::testing::{NOW, entropy, settlement};

    fn settle(sender: &Sender) {
        let (waiter, _) = oneshot::channel();
        sender.send(Command::Settle(AttemptId::generate(NOW, &entropy()), Box::new(settlement(1)), waiter));
    }

    #[test]
    fn a_settlement_wakes_only_a_writer_without_an_alarm() {
        let (sender, receiver) = queue(None);
        let mut commands = Vec::new();
        let mut received = Box::pin(receiver.receive(&mut commands, false));
        assert_eq!((&mut received).now_or_never(), None);
        settle(&sender);
        assert_eq!(received.now_or_never(), Some(1));

        let mut received = Box::pin(receiver.receive(&mut commands, true));
        assert_eq!((&mut received).now_or_never(), None);
        settle(&sender);
        assert_eq!((&mut received).now_or_never(), None);
        sender.send(Command::Hurry);
        assert_eq!(received.now_or_never(), Some(2));
    }

    #[test]
    fn many_settlements_wake_any_writer() {
        let (sender, receiver) = queue(None);
        let mut commands = Vec::new();
        let mut received = Box::pin(receiver.receive(&mut commands, true));
        assert_eq!((&mut received).now_or_never(), None);
        (0..COMPANY).for_each(|_| settle(&sender));
        assert_eq!(received.now_or_never(), Some(COMPANY));
    }

    #[test]
    fn what_comes_too_late_is_refused_and_the_rest_still_handed_over() {
        let (sender, receiver) = queue(None);
        sender.send(Command::Hurry);
        receiver.close();
        let (waiter, mut answer) = oneshot::channel();
        sender.send(Command::Flush(waiter));
        assert!(matches!(answer.try_recv(), Err(oneshot::error::TryRecvError::Closed)));
        let mut commands = Vec::new();
        assert_eq!(receiver.receive(&mut commands, false).now_or_never(), Some(1));
        assert_eq!(receiver.receive(&mut commands, false).now_or_never(), Some(0));
    }
}
