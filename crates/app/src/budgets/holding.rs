//! What is held for one call, from before it is sent until its row is settled.
//! Dropped before the call began, it is freed; afterwards the settlement of the
//! call ends it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};

use domain::Nanos;
use domain::budget::{Budget, Estimate, Owner, Window};
use domain::ids::{AttemptId, BudgetId};
use store::budgets::Standing;
use tokio_util::sync::CancellationToken;

use crate::App;
use crate::error::Result;

/// What is held for a call, and against what.
pub(crate) struct Holding {
    app: Weak<App>,
    attempt: AttemptId,
    estimate: Estimate,
    nanos: Nanos,
    bounds: Vec<(Budget, Window)>,
    /// Whether the call may spend a part that is to be told.
    may_tell: bool,
    stop: CancellationToken,
}

impl Holding {
    pub(super) fn new(
        app: &Arc<App>,
        attempt: AttemptId,
        estimate: Estimate,
        nanos: Nanos,
        bounds: Vec<(Budget, Window)>,
    ) -> Self {
        let stop = CancellationToken::new();
        for (budget, _) in &bounds {
            app.budgets.begins(budget.id, attempt, stop.clone());
        }
        Self { app: Arc::downgrade(app), attempt, estimate, nanos, bounds, may_tell: false, stop }
    }

    /// The same, with how its budgets stand with this call in them. One that was
    /// lifted meanwhile is in nobody's way.
    pub(super) fn standing(mut self, held: &[(BudgetId, Standing)]) -> Self {
        self.may_tell = self.bounds.iter().any(|(budget, _)| {
            let standing = held.iter().find(|(id, _)| *id == budget.id);
            standing.is_some_and(|(_, now)| budget.may_reach(now.spent.plus(now.held), now.told_percent))
        });
        self
    }

    /// What the budgets are charged: the bill, or where nobody knows it the
    /// question and as much of an answer as was seen.
    pub(crate) fn charge(&self, bill: Option<Nanos>, seen_tokens: u64) -> Nanos {
        bill.unwrap_or_else(|| Estimate { choices: 1, ..self.estimate }.cost(seen_tokens))
    }

    /// Fires when one of the budgets is spent while the call is under way.
    pub(crate) const fn stop(&self) -> &CancellationToken {
        &self.stop
    }

    /// The call was settled at `charge`: tells of parts that are spent now.
    pub(crate) async fn is_settled(&self, charge: Nanos) {
        let Some(app) = self.app.upgrade() else { return };
        // A bill may come to more than was held.
        if !self.may_tell && charge <= self.nanos {
            return;
        }
        for (budget, window) in &self.bounds {
            if let Err(error) = look_after(&app, budget, *window).await {
                tracing::warn!(%error, cause = error.cause_chain(), "nobody is told how a budget stands");
            }
        }
    }
}

impl Drop for Holding {
    fn drop(&mut self) {
        if let Some(app) = self.app.upgrade() {
            self.bounds.iter().for_each(|(budget, _)| app.budgets.is_over(budget.id, self.attempt));
        }
    }
}

/// What is held for a call that has not begun.
pub(crate) struct Held {
    holding: Arc<Holding>,
    limited_to: Option<u64>,
    is_passed_on: AtomicBool,
}

impl Held {
    pub(super) fn of(holding: Holding) -> Self {
        Self { holding: Arc::new(holding), limited_to: None, is_passed_on: AtomicBool::new(false) }
    }

    pub(super) const fn limited_to(mut self, tokens: Option<u64>) -> Self {
        self.limited_to = tokens;
        self
    }

    /// The id of the call it is held for.
    pub(crate) fn attempt(&self) -> AttemptId {
        self.holding.attempt
    }

    /// The longest answer that is asked for, where the client left that open.
    pub(crate) const fn limit(&self) -> Option<u64> {
        self.limited_to
    }

    /// Hands it to what will settle the call: from here on that ends it.
    pub(crate) fn pass_on(&self) -> Arc<Holding> {
        self.is_passed_on.store(true, Ordering::Release);
        Arc::clone(&self.holding)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if self.is_passed_on.load(Ordering::Acquire) {
            return;
        }
        let Some(app) = self.holding.app.upgrade() else { return };
        let (within, attempt) = (Arc::clone(&app), self.attempt());
        app.spawn(async move {
            if let Err(error) = store::budgets::release(&within.store, attempt).await {
                // What stays held is freed when no call can be under way any more.
                tracing::warn!(%error, "what was held for a call is not freed");
            }
        });
    }
}

/// Tells of a part of a budget that is spent, once, and ends what runs on a budget
/// that is spent as a whole.
async fn look_after(app: &App, budget: &Budget, window: Window) -> Result<()> {
    let standing = store::budgets::standing(&app.store, budget.id, window).await?;
    if let Some(percent) = budget.reached(standing.spent, standing.told_percent) {
        store::budgets::tell(&app.store, budget.id, window, percent).await?;
    }
    if standing.spent >= budget.limit {
        app.budgets.stop(budget.id);
    }
    Ok(())
}

/// A node tells that a part of a budget is spent: where it is all of it, what
/// runs on it here ends too.
pub(crate) async fn part_is_spent(app: &App, id: BudgetId) {
    if app.budgets.bounds(id) {
        let stored = store::budgets::by_id(&app.store, id).await;
        if let Ok(Some(stored)) = stored {
            stop_if_spent(app, &stored.budget).await;
        }
    }
}

/// The budgets of `owner` are others now: what runs on one that is spent by its
/// new limit ends.
pub(crate) async fn limits_changed(app: &App, owner: Owner) {
    if let Ok(stored) = store::budgets::of_owners(&app.store, &[owner]).await {
        for stored in stored.iter().filter(|stored| app.budgets.bounds(stored.budget.id)) {
            stop_if_spent(app, &stored.budget).await;
        }
    }
}

async fn stop_if_spent(app: &App, budget: &Budget) {
    let window = budget.period.window(app.clock.now());
    if let Ok(standing) = store::budgets::standing(&app.store, budget.id, window).await
        && standing.spent >= budget.limit
    {
        app.budgets.stop(budget.id);
    }
}
