//! Who hears how a call ended, beside the ledger: the key's health, and the
//! readers of events. Costs a call nothing while its key is known to be valid
//! and nobody listens.

use std::sync::{Arc, Weak};

use domain::attempt::AttemptState;
use domain::credential::KeyStatus;
use domain::ids::{TokenId, UserId};
use domain::usage::TokenCounts;
use domain::{Caller, Nanos};
use store::ledger::Settled;

use crate::App;
use crate::budgets::Holding;
use crate::checks;
use crate::limits;
use crate::reach::Key;

/// Hears of one call's end.
pub(crate) struct Witness {
    app: Weak<App>,
    key: Arc<Key>,
    user: UserId,
    /// The caller's token, where its rate is limited.
    token: Option<TokenId>,
}

impl Witness {
    /// A witness of a call with `key`.
    pub(crate) fn of(app: &App, caller: &Caller, key: &Arc<Key>) -> Self {
        Self { app: app.weak(), key: Arc::clone(key), user: caller.user, token: caller.rates().map(|(token, _)| token) }
    }

    /// The call used so many tokens; its question was thought to have so many.
    pub(crate) fn counts(&self, thought: u64, tokens: &TokenCounts) {
        if let (Some(app), Some(token)) = (self.app.upgrade(), self.token) {
            let came_to = tokens.prompt.saturating_add(tokens.completion);
            limits::correct(&app, token, thought, came_to);
        }
    }

    /// The call ended in `state`; its row is on its way to the ledger.
    /// `held`: what was held for it, and what that is charged.
    pub(crate) fn hears(&self, state: AttemptState, row: Settled, held: Option<(Arc<Holding>, Nanos)>) {
        let Some(app) = self.app.upgrade() else { return };
        if state == AttemptState::Settled {
            let credential = self.key.credential();
            app.credential_succeeded(credential.id, app.clock.now());
            if credential.status != KeyStatus::Valid {
                checks::answered(&app, &self.key.stored);
            }
        }
        let wants_usage = app.events.wants_usage(self.user);
        if wants_usage || held.is_some() {
            let (within, user) = (Arc::clone(&app), self.user);
            app.spawn(async move {
                // Whoever hears of a call must find it in the ledger.
                if row.acknowledged().await.is_err() {
                    return;
                }
                if wants_usage {
                    within.events.usage_recorded(&within, user, 1);
                }
                if let Some((holding, charge)) = held {
                    holding.is_settled(charge).await;
                }
            });
        }
    }
}
