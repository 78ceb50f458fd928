//! Which budgets are in force for a caller: kept in memory, dropped owner by
//! owner when the feed of changes says so. Whoever has none costs one look-up for
//! each of the things that may have one, and no read.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use domain::Caller;
use domain::budget::{Budget, Owner};
use domain::ids::{AttemptId, BudgetId};
use tokio_util::sync::CancellationToken;

use crate::App;
use crate::error::Result;

/// The most owners kept in memory; beyond it they are looked up again.
const KEPT: usize = 100_000;

/// The calls under way that a budget bounds, each with what ends it.
type Running = HashMap<BudgetId, HashMap<AttemptId, CancellationToken>>;

/// The budgets that memory holds, and the calls under way that they bound.
#[derive(Debug, Default)]
pub(crate) struct Force {
    of_owner: RwLock<HashMap<Owner, Arc<[Budget]>>>,
    epoch: AtomicU64,
    running: Mutex<Running>,
}

impl Force {
    /// Forgets one owner's budgets; `None`: everybody's.
    pub(crate) fn forget(&self, owner: Option<Owner>) {
        self.epoch.fetch_add(1, Ordering::AcqRel);
        let mut of_owner = self.of_owner.write().unwrap_or_else(PoisonError::into_inner);
        match owner {
            Some(owner) => drop(of_owner.remove(&owner)),
            None => of_owner.clear(),
        }
    }

    /// The budgets of `owners` that are known, and the owners of which nothing is.
    fn known(&self, owners: &[Owner]) -> (Vec<Budget>, Vec<Owner>) {
        let of_owner = self.of_owner.read().unwrap_or_else(PoisonError::into_inner);
        let (mut budgets, mut unknown) = (Vec::new(), Vec::new());
        for owner in owners {
            match of_owner.get(owner) {
                Some(known) => budgets.extend(known.iter().cloned()),
                None => unknown.push(*owner),
            }
        }
        (budgets, unknown)
    }

    fn keep(&self, owners: &[Owner], budgets: &[Budget], epoch: u64) {
        let mut of_owner = self.of_owner.write().unwrap_or_else(PoisonError::into_inner);
        if self.epoch.load(Ordering::Acquire) != epoch {
            return;
        }
        if of_owner.len() >= KEPT {
            of_owner.clear();
        }
        for owner in owners {
            let theirs = budgets.iter().filter(|budget| budget.owner == *owner).cloned().collect();
            of_owner.insert(*owner, theirs);
        }
    }

    /// Notes a call that `budget` bounds.
    pub(super) fn begins(&self, budget: BudgetId, attempt: AttemptId, stop: CancellationToken) {
        self.running().entry(budget).or_default().insert(attempt, stop);
    }

    /// Notes that the call is over.
    pub(super) fn is_over(&self, budget: BudgetId, attempt: AttemptId) {
        let mut running = self.running();
        if let Some(calls) = running.get_mut(&budget) {
            calls.remove(&attempt);
            if calls.is_empty() {
                running.remove(&budget);
            }
        }
    }

    /// Whether calls are under way that `budget` bounds.
    pub(super) fn bounds(&self, budget: BudgetId) -> bool {
        self.running().contains_key(&budget)
    }

    /// Ends the calls under way that `budget` bounds.
    pub(super) fn stop(&self, budget: BudgetId) {
        if let Some(calls) = self.running().get(&budget) {
            calls.values().for_each(CancellationToken::cancel);
        }
    }

    fn running(&self) -> MutexGuard<'_, Running> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Everybody whose budgets bound what `caller` does. A team's token spends the
/// team's money, and not that of whoever made it.
fn owners(caller: &Caller) -> impl Iterator<Item = Owner> {
    let person = caller.team().is_none().then_some(caller.user);
    let owners = [
        caller.token().map(Owner::from),
        person.map(Owner::from),
        caller.team().map(Owner::from),
        caller.organization.map(Owner::from),
    ];
    owners.into_iter().flatten()
}

/// The budgets in force for `caller`.
///
/// # Errors
/// When the store cannot be read.
pub(super) async fn for_caller(app: &App, caller: &Caller) -> Result<Vec<Budget>> {
    let owners: Vec<Owner> = owners(caller).collect();
    let epoch = app.budgets.epoch.load(Ordering::Acquire);
    let (mut budgets, unknown) = app.budgets.known(&owners);
    if !unknown.is_empty() {
        let stored = Box::pin(store::budgets::of_owners(&app.store, &unknown)).await?;
        let read: Vec<Budget> = stored.into_iter().map(|stored| stored.budget).collect();
        app.budgets.keep(&unknown, &read, epoch);
        budgets.extend(read);
    }
    Ok(budgets)
}
