//! The ledger: one row for each upstream call, written down before the call is
//! sent, and exactly one final state after it.

pub(crate) mod days;
mod journal;
mod line;
mod queue;
pub(crate) mod recovery;
mod sqlite;
mod statements;
mod sync;
mod writer;

use std::sync::Arc;
use std::time::Duration;

use domain::attempt::{AttemptState, ErrorClass};
use domain::credential::Scope;
use domain::ids::{AttemptId, CredentialId, NodeId, OrganizationId, RequestId, TeamId, TokenId, UserId};
use domain::provider::WireName;
use domain::usage::{TokenCounts, UsageSource};
use domain::{Nanos, Price, ProviderId, Timestamp};
use thiserror::Error;
use tokio::sync::oneshot;
use tokio::time::timeout;

use crate::error::StoreError;
use crate::open::Turn;
use crate::open::connect::Target;

pub use days::rolled::roll_up;
pub use recovery::{heartbeat, recover};

use queue::{Command, Sender, Waiter, queue};
use writer::{Group, Writer};

/// How long somebody who reads waits for calls to become rows.
const READERS_PATIENCE: Duration = Duration::from_millis(250);

/// Where a call came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallSource {
    /// The try-out page.
    Playground,
    /// The chat page.
    Chat,
    /// A client.
    Api,
}

domain::text_enum!(CallSource, "source" { Playground => "playground", Chat => "chat", Api => "api" });

/// An upstream call about to be sent.
#[derive(Clone, Debug, PartialEq)]
pub struct AttemptStart {
    /// The call.
    pub attempt: AttemptId,
    /// The client's request that it serves.
    pub request: RequestId,
    /// The id the client gave to its request, if it gave one.
    pub client_request_id: Option<String>,
    /// Which of the request's attempts, from 1.
    pub number: i64,
    /// Who asked.
    pub user: UserId,
    /// With which token.
    pub token: Option<TokenId>,
    /// For which team.
    pub team: Option<TeamId>,
    /// In which organization.
    pub organization: Option<OrganizationId>,
    /// The key that pays.
    pub credential: CredentialId,
    /// Whose key that is.
    pub scope: Scope,
    /// The provider called.
    pub provider: ProviderId,
    /// The provider's id of the model.
    pub model: String,
    /// The model as the client named it.
    pub requested_model: String,
    /// The alias that led here.
    pub alias: Option<String>,
    /// Where the call came from.
    pub source: CallSource,
    /// The format spoken upstream.
    pub wire: WireName,
    /// Whether the answer streams.
    pub streamed: bool,
    /// What the model costs; `None`: unknown.
    pub price: Option<Price>,
    /// The mark-up on the provider's cost.
    pub markup_basis_points: u32,
    /// The process that sends it.
    pub node: NodeId,
    /// When.
    pub at: Timestamp,
}

/// How an upstream call ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settlement {
    /// `Settled`, `Aborted`, `Failed` or `Unknown`.
    pub state: AttemptState,
    /// What it used; `None`: nobody knows.
    pub tokens: Option<TokenCounts>,
    /// Who says so.
    pub usage_source: UsageSource,
    /// What the provider bills; `None`: nobody knows.
    pub provider_cost: Option<Nanos>,
    /// What the client is billed; `None`: nobody knows.
    pub client_cost: Option<Nanos>,
    /// What its budgets are charged, where something is held against them;
    /// `None`: nothing is.
    pub budget_charge: Option<Nanos>,
    /// Why the answer ended, in the wire's words.
    pub finish: Option<String>,
    /// What kind of failure.
    pub error_class: Option<ErrorClass>,
    /// The provider's HTTP status.
    pub status: Option<u16>,
    /// Until the last byte.
    pub latency_ms: i64,
    /// Until the first byte of content.
    pub first_token_ms: Option<i64>,
    /// When.
    pub at: Timestamp,
}

/// Why a ledger row was not written.
#[derive(Clone, Debug, Error)]
pub enum LedgerError {
    /// The disk is full.
    #[error("the disk that holds the ledger is full")]
    Full,
    /// The database cannot be reached or refused.
    #[error("the ledger cannot be written")]
    Failed(#[source] Arc<StoreError>),
    /// The store was closed.
    #[error("the ledger is closed")]
    Closed,
}

/// The acknowledgement of a settlement. May be dropped: the row is written all
/// the same.
pub struct Settled {
    answer: oneshot::Receiver<Result<(), LedgerError>>,
    queue: Arc<Sender>,
}

impl Settled {
    /// Resolves when the settlement is on the disk.
    ///
    /// # Errors
    /// When it could not be written.
    pub async fn acknowledged(self) -> Result<(), LedgerError> {
        // Settlements that nobody waits for may wait for company.
        self.queue.send(Command::Hurry);
        self.answer.await.unwrap_or(Err(LedgerError::Closed))
    }
}

/// Where attempts are written. Cheap to clone.
#[derive(Clone)]
pub struct Ledger {
    queue: Arc<Sender>,
    #[cfg(feature = "bench")]
    forgets: bool,
}

impl Ledger {
    /// Starts the one task that writes, and on SQLite the thread that syncs. A
    /// server on SQLite has a journal, and enters what a killed one left there.
    ///
    /// # Errors
    /// When the database cannot be reached or the thread not be started.
    pub(crate) async fn start(target: &Target, turn: Turn, strict: bool, serves: bool) -> Result<Self, StoreError> {
        let journal = match &target.file {
            Some(file) if serves => Some(recovery::take_over(file).await?),
            _ => None,
        };
        // Strict reservations wait for the disk, which a line in a journal does not.
        let (queue, commands) = queue(journal.filter(|_| !strict));
        let writer = Writer::open(target.clone(), turn, strict).await?;
        tokio::spawn(writer.run(commands));
        Ok(Self {
            queue: Arc::new(queue),
            #[cfg(feature = "bench")]
            forgets: false,
        })
    }

    /// A ledger that writes nothing down and says that it did.
    #[cfg(feature = "bench")]
    pub(crate) fn forgetting() -> Self {
        let (queue, _) = queue(None);
        Self { queue: Arc::new(queue), forgets: true }
    }

    /// Writes down a call that is about to be sent; resolves when its row is
    /// committed, or the journal has it. Send nothing before.
    ///
    /// # Errors
    /// When it could not be written: do not send.
    pub async fn dispatch(&self, start: AttemptStart) -> Result<(), LedgerError> {
        #[cfg(feature = "bench")]
        if self.forgets {
            return Ok(());
        }
        let start = Arc::new(start);
        if self.queue.note(&start) {
            return Ok(());
        }
        let answer = self.send(|waiter| Command::Dispatch(start, waiter));
        answer.await.unwrap_or(Err(LedgerError::Closed))
    }

    /// Writes how a call ended. Only the first settlement of a call counts.
    pub fn settle(&self, attempt: AttemptId, settlement: Settlement) -> Settled {
        let answer = self.send(|waiter| Command::Settle(attempt, Box::new(settlement), waiter));
        Settled { answer, queue: Arc::clone(&self.queue) }
    }

    /// Resolves when everything handed over before is on the disk.
    ///
    /// # Errors
    /// When the disk refuses.
    pub async fn flush(&self) -> Result<(), LedgerError> {
        self.send(Command::Flush).await.unwrap_or(Err(LedgerError::Closed))
    }

    /// Resolves when every call handed over before can be read, or after a moment:
    /// a database that takes no rows can still be read.
    pub(crate) async fn can_be_read(&self) {
        if self.queue.has_noted() {
            let _ = timeout(READERS_PATIENCE, self.send(Command::Look)).await;
        }
    }

    /// Writes what is queued, syncs, and ends the writer.
    pub(crate) async fn close(&self) {
        if matches!(self.send(Command::Close).await, Ok(Ok(()))) {
            self.queue.empty_journal();
        }
    }

    /// A command that the writer no longer takes is answered by `Closed`,
    /// because its waiter is dropped with it.
    fn send(&self, command: impl FnOnce(Waiter) -> Command) -> oneshot::Receiver<Result<(), LedgerError>> {
        let (waiter, answer) = oneshot::channel();
        self.queue.send(command(waiter));
        answer
    }
}

#[cfg(test)]
mod tests;
