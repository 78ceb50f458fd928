//! What the ledger is asked to do, in the order of asking. A settlement that
//! nobody waits for wakes the writer only when it would not look by itself soon:
//! to wake a thread costs more than to write the row.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::ids::AttemptId;
use tokio::sync::{Notify, oneshot};

use super::{AttemptStart, LedgerError, Settlement};

/// The most commands in one transaction.
pub(super) const GROUP: usize = 256;

/// How many settlements in hand are written along with the next reservation.
pub(super) const COMPANY: usize = 24;

/// Told when the command is done.
pub(super) type Waiter = oneshot::Sender<Result<(), LedgerError>>;

/// What the ledger is asked to do.
pub(super) enum Command {
    Dispatch(Box<AttemptStart>, Waiter),
    Settle(AttemptId, Box<Settlement>, Waiter),
    /// Somebody waits for a settlement handed over before.
    Hurry,
    Flush(Waiter),
    Close(Waiter),
}

/// Both ends of a new queue.
pub(super) fn queue() -> (Sender, Receiver) {
    let shared = Arc::new(Shared::default());
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

#[derive(Default)]
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
}

impl Sender {
    /// Puts a command into the queue. In a closed one its waiter is dropped.
    pub(super) fn send(&self, command: Command) {
        let can_wait = matches!(command, Command::Settle(..));
        let mut waiting = self.shared.waiting();
        if waiting.is_closed {
            // The waiter is told outside the lock.
            drop(waiting);
            return;
        }
        waiting.commands.push(command);
        let rings = !can_wait || !waiting.will_look || waiting.commands.len() >= COMPANY;
        drop(waiting);
        if rings {
            self.shared.bell.notify_one();
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

    /// Lets nothing in any more.
    pub(super) fn close(&self) {
        self.shared.waiting().is_closed = true;
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
    fn hand_over(&mut self, into: &mut Vec<Command>) -> usize {
        let taken = self.commands.len().min(GROUP.saturating_sub(into.len()));
        into.extend(self.commands.drain(..taken));
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
        let (sender, receiver) = queue();
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
        let (sender, receiver) = queue();
        let mut commands = Vec::new();
        let mut received = Box::pin(receiver.receive(&mut commands, true));
        assert_eq!((&mut received).now_or_never(), None);
        (0..COMPANY).for_each(|_| settle(&sender));
        assert_eq!(received.now_or_never(), Some(COMPANY));
    }

    #[test]
    fn what_comes_too_late_is_refused_and_the_rest_still_handed_over() {
        let (sender, receiver) = queue();
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
