//! An administrative change: a transaction that can be committed only together
//! with the audit row that tells of it.

use domain::Timestamp;
use domain::audit::{Actor, Event};
use domain::credential::Owner;
use domain::ids::OrganizationId;
use sqlx::{Any, AnyConnection, AnyPool, Transaction};
use tokio::sync::OwnedMutexGuard;

use crate::audit;
use crate::changes::{self, ChangeKind, Touched, Verb};
use crate::error::StoreError;
use crate::health_feed::{self, Finding};
use crate::open::{Dialect, Store};

/// A transaction that writes. Dropped, it is rolled back.
pub(crate) struct Write {
    transaction: Transaction<'static, Any>,
    dialect: Dialect,
    touched: Vec<Touched>,
    findings: Vec<Finding>,
    /// Kept until the transaction is over.
    _turn: OwnedMutexGuard<()>,
}

impl Write {
    /// Begins a write that no audit row tells of: health, last use, counters.
    pub(crate) async fn begin(store: &Store) -> Result<Self, StoreError> {
        Self::begin_in(store, store.writing_pool()).await
    }

    /// Begins a write that is soon made anew, or overtaken: on SQLite its commit
    /// does not wait for the disk, and a power cut may take it.
    pub(crate) async fn begin_passing(store: &Store) -> Result<Self, StoreError> {
        Self::begin_in(store, store.passing_pool()).await
    }

    async fn begin_in(store: &Store, pool: &AnyPool) -> Result<Self, StoreError> {
        // The connection is only for whoever has the turn, so it is free: at most
        // the last one's rollback is on its way.
        let turn = store.turn().await;
        let connection = pool.acquire().await?;
        let begin = match store.dialect() {
            Dialect::Sqlite => "BEGIN IMMEDIATE",
            Dialect::Postgres => "BEGIN",
        };
        let transaction = Transaction::begin(connection, Some(sqlx::SqlStr::from_static(begin))).await?;
        Ok(Self { transaction, dialect: store.dialect(), touched: Vec::new(), findings: Vec::new(), _turn: turn })
    }

    pub(crate) fn connection(&mut self) -> &mut AnyConnection {
        &mut self.transaction
    }

    /// Notes a change of configuration, once for each thing; its end counts most.
    pub(crate) fn touch(&mut self, kind: ChangeKind, id: &impl ToString, verb: Verb) {
        let id = id.to_string();
        match self.touched.iter_mut().find(|known| known.kind == kind && known.id == id) {
            Some(known) if verb == Verb::Deleted => known.verb = verb,
            Some(_) => {}
            None => self.touched.push(Touched { kind, id, verb }),
        }
    }

    /// Notes what was learnt about a key. No notification: nodes look for it
    /// themselves, so that a flood of it costs nobody else anything.
    pub(crate) fn tell(&mut self, finding: Finding) {
        self.findings.push(finding);
    }

    /// Writes the feeds and commits.
    pub(crate) async fn commit(mut self) -> Result<(), StoreError> {
        let touched = std::mem::take(&mut self.touched);
        if !touched.is_empty() {
            changes::append(&mut self.transaction, &touched).await?;
            if self.dialect == Dialect::Postgres {
                sqlx::query(changes::NOTIFY).execute(&mut *self.transaction).await?;
            }
        }
        if !self.findings.is_empty() {
            health_feed::append(&mut self.transaction, &self.findings).await?;
        }
        Ok(self.transaction.commit().await?)
    }

    pub(crate) async fn rollback(self) -> Result<(), StoreError> {
        Ok(self.transaction.rollback().await?)
    }
}

/// A change under way. Dropped without a commit, it never happened.
pub struct Mutation {
    write: Write,
    now: Timestamp,
    actor: Actor,
    address: Option<String>,
    organization: Option<OrganizationId>,
    head: audit::Head,
    store: Store,
}

impl Mutation {
    /// Takes the head of the audit chain, and with it the turn among all nodes.
    pub(crate) async fn begin(
        store: &Store,
        now: Timestamp,
        actor: Actor,
        address: Option<String>,
    ) -> Result<Self, StoreError> {
        let mut write = Write::begin(store).await?;
        let head = audit::take_head(write.connection()).await?;
        Ok(Self { write, now, actor, address, organization: None, head, store: store.clone() })
    }

    /// The time of the change.
    #[must_use]
    pub const fn now(&self) -> Timestamp {
        self.now
    }

    /// Says whose things change, where the events do not: the admins of an
    /// organization read what happened in it.
    pub const fn of(&mut self, owner: Owner) {
        if let Owner::Organization(organization) = owner {
            self.organization = Some(organization);
        }
    }

    /// Tells all nodes, at commit, that this thing is no longer what it was.
    /// The functions that change a row do this themselves.
    pub fn touch(&mut self, kind: ChangeKind, id: &impl ToString) {
        self.write.touch(kind, id, Verb::Updated);
    }

    /// The same for a thing that is new, or gone.
    pub(crate) fn touch_as(&mut self, kind: ChangeKind, id: &impl ToString, verb: Verb) {
        self.write.touch(kind, id, verb);
    }

    /// Commits the change and its audit row.
    ///
    /// # Errors
    /// When either cannot be written; then neither is.
    pub async fn commit(self, event: Event) -> Result<(), StoreError> {
        self.commit_all(vec![event]).await
    }

    /// Commits the change and several audit rows, in this order.
    ///
    /// # Errors
    /// [`StoreError::Integrity`] when there is no event; else as [`Self::commit`].
    pub async fn commit_all(mut self, events: Vec<Event>) -> Result<(), StoreError> {
        if events.is_empty() {
            return Err(StoreError::Integrity("a change without an audit event is not committed".to_owned()));
        }
        let (address, organization) = (self.address.as_deref(), self.organization);
        let author = audit::Author { actor: &self.actor, address, organization, at: self.now };
        audit::append(&self.store, self.write.connection(), self.head, &author, &events).await?;
        self.write.commit().await
    }

    /// Ends it with nothing changed.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub async fn rollback(self) -> Result<(), StoreError> {
        self.write.rollback().await
    }

    pub(crate) fn connection(&mut self) -> &mut AnyConnection {
        self.write.connection()
    }
}

#[cfg(test)]
mod tests;
