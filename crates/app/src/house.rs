//! The house itself: everything the use cases share, put together once at
//! start and handed round by reference.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use domain::ids::{CredentialId, NodeId, RequestId, TokenId};
use domain::{Clock, Entropy, Timestamp};
use llm::catalogue::Catalogue;
use llm::client::Upstream;
use llm::egress::EgressGuard;
use store::Store;
use store::changes::{self, ChangeKind};
use store::health_feed;
use store::rate_windows::RateWindows;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::budgets::{self, Force};
use crate::callers::CallerCache;
use crate::chat::Fetches;
use crate::checks::Checks;
use crate::conversations::Talks;
use crate::cooling::{self, Cooling};
use crate::environment::Environment;
use crate::error::Result;
use crate::events::{self, Events};
use crate::freshness::{self, Freshness};
use crate::housekeeping;
use crate::limits::{self, Limits};
use crate::metrics::Metrics;
use crate::prices::PriceCache;
use crate::reach::ReachCache;
use crate::rechecks::Rechecks;
use crate::references::References;
use crate::replay::ReplayMemory;
use crate::settings::Settings;
use crate::sign_in::{Passwords, Proofs, oidc};
use crate::spreads::Counts;

/// What the house is built from.
pub struct Parts {
    /// The database, the vault and the ledger.
    pub store: Store,
    /// The one way out.
    pub upstream: Upstream,
    /// What decides where that way may lead.
    pub guard: EgressGuard,
    /// What is known about models.
    pub catalogue: &'static Catalogue,
    /// The time.
    pub clock: Clock,
    /// The dice.
    pub entropy: Entropy,
    /// The operator's settings.
    pub settings: Settings,
    /// The keys of the server's environment.
    pub environment: Environment,
    /// Where else the operator keeps keys.
    pub references: References,
    /// Where nodes count rates together.
    pub rate_windows: Option<RateWindows>,
}

/// Everything the use cases share.
pub struct App {
    /// The database, the vault and the ledger.
    pub store: Store,
    pub(crate) upstream: Upstream,
    pub(crate) guard: EgressGuard,
    /// What is known about models.
    pub catalogue: &'static Catalogue,
    /// The time.
    pub clock: Clock,
    /// The dice.
    pub entropy: Entropy,
    /// The operator's settings.
    pub settings: Settings,
    /// What Prometheus reads.
    pub metrics: Metrics,
    pub(crate) node: NodeId,
    pub(crate) environment: Environment,
    pub(crate) references: References,
    pub(crate) callers: CallerCache,
    pub(crate) reach: ReachCache,
    pub(crate) prices: PriceCache,
    pub(crate) freshness: Freshness,
    pub(crate) passwords: Passwords,
    pub(crate) proofs: Proofs,
    pub(crate) oidc: oidc::Provider,
    pub(crate) checks: Checks,
    pub(crate) rechecks: Rechecks,
    pub(crate) events: Events,
    pub(crate) cooling: Cooling,
    pub(crate) spreads: Counts,
    pub(crate) budgets: Force,
    pub(crate) limits: Limits,
    pub(crate) uses: Uses,
    pub(crate) replay: ReplayMemory,
    pub(crate) fetches: Fetches,
    pub(crate) talks: Talks,
    draining: CancellationToken,
    this: Weak<Self>,
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl App {
    /// Puts the house together.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn build(parts: Parts) -> Result<Arc<Self>> {
        let seq = changes::latest(&parts.store).await?;
        let health_seq = health_feed::latest(&parts.store).await?;
        let app = Arc::new_cyclic(|this| Self {
            this: Weak::clone(this),
            draining: CancellationToken::new(),
            node: parts.store.node(),
            store: parts.store,
            upstream: parts.upstream,
            guard: parts.guard,
            catalogue: parts.catalogue,
            clock: parts.clock,
            passwords: Passwords::new(&parts.entropy),
            proofs: Proofs::default(),
            oidc: oidc::Provider::default(),
            entropy: parts.entropy,
            settings: parts.settings,
            metrics: Metrics::new(),
            environment: parts.environment,
            references: parts.references,
            callers: CallerCache::default(),
            reach: ReachCache::default(),
            prices: PriceCache::default(),
            freshness: Freshness::starting_at(seq, health_seq),
            checks: Checks::default(),
            rechecks: Rechecks::default(),
            events: Events::default(),
            cooling: Cooling::default(),
            spreads: Counts::default(),
            budgets: Force::default(),
            limits: Limits::new(parts.rate_windows),
            uses: Uses::default(),
            replay: ReplayMemory::default(),
            fetches: Fetches::default(),
            talks: Talks::default(),
            tasks: TaskTracker::new(),
            stop: CancellationToken::new(),
        });
        cooling::read(&app).await?;
        Ok(app)
    }

    /// Starts what runs beside the requests: the feeds, the events, the heartbeat,
    /// the schedule of checks.
    pub fn start_background(self: &Arc<Self>) {
        self.tasks.spawn(freshness::follow(Arc::clone(self), self.stop.clone()));
        self.tasks.spawn(events::run(Arc::clone(self), self.stop.clone()));
        self.tasks.spawn(cooling::follow(Arc::clone(self), self.stop.clone()));
        self.tasks.spawn(events::webhook::run(Arc::clone(self), self.stop.clone()));
        self.tasks.spawn(limits::follow(Arc::clone(self), self.stop.clone()));
        self.tasks.spawn(housekeeping::run(Arc::clone(self), self.stop.clone()));
        // Of its own: however long the housekeeping takes, this node is not dead.
        self.start_heartbeat();
    }

    /// The house as a handle that background work can hold; `None` while it is
    /// torn down.
    pub(crate) fn handle(&self) -> Option<Arc<Self>> {
        self.this.upgrade()
    }

    /// The house for those who may outlive it.
    pub(crate) fn weak(&self) -> Weak<Self> {
        Weak::clone(&self.this)
    }

    /// Starts the heartbeat, which is all for a process that calls and does not serve.
    pub fn start_heartbeat(self: &Arc<Self>) {
        self.tasks.spawn(housekeeping::beat(Arc::clone(self), self.stop.clone()));
    }

    /// Runs `work` beside the requests; [`App::close`] waits for it.
    pub(crate) fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        self.tasks.spawn(work);
    }

    /// Runs `work` beside the requests; [`App::close`] ends it where it is.
    pub(crate) fn spawn_until_stop(&self, work: impl Future<Output = ()> + Send + 'static) {
        let stop = self.stop.clone();
        self.tasks.spawn(async move {
            tokio::select! {
                () = stop.cancelled() => {}
                () = work => {}
            }
        });
    }

    /// Fires when what runs beside the requests has to end.
    pub(crate) const fn stopping(&self) -> &CancellationToken {
        &self.stop
    }

    /// Stops what runs beside the requests and closes the store.
    pub async fn close(&self) {
        self.start_draining();
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
        housekeeping::flush_uses(self).await;
        self.store.close().await;
    }

    /// What is known about callers now; moves whenever one of them changes.
    #[must_use]
    pub fn callers_epoch(&self) -> u64 {
        self.callers.epoch()
    }

    /// Says that no new calls should come: readiness fails from now on, and
    /// streams of events end.
    pub fn start_draining(&self) {
        self.draining.cancel();
    }

    /// Whether the server is going down.
    #[must_use]
    pub fn is_draining(&self) -> bool {
        self.draining.is_cancelled()
    }

    /// Fires when the server goes down.
    pub(crate) const fn draining(&self) -> &CancellationToken {
        &self.draining
    }

    /// Whether rates are counted by all nodes together now.
    #[must_use]
    pub fn counts_rates_together(&self) -> bool {
        self.limits.shared().is_some_and(|shared| shared.is_connected())
    }

    /// A fresh id for a request.
    #[must_use]
    pub fn next_request_id(&self) -> RequestId {
        RequestId::generate(self.clock.now(), &self.entropy)
    }

    /// Drops what memory holds about one thing.
    pub(crate) async fn forget(&self, kind: Option<ChangeKind>, id: &str) {
        match kind {
            Some(ChangeKind::Organization | ChangeKind::Team | ChangeKind::Membership) => {
                self.callers.forget_all();
                self.reach.forget_of(id.parse().ok());
            }
            Some(kind) if freshness::concerns_callers(kind) => self.callers.forget_all(),
            Some(ChangeKind::Credential | ChangeKind::ModelList) => self.forget_credential(id).await,
            // Nobody's id: the server's.
            Some(ChangeKind::Budget) => {
                let owner = id.parse().ok();
                self.budgets.forget(owner);
                if let Some(owner) = owner {
                    budgets::limits_changed(self, owner).await;
                }
            }
            Some(ChangeKind::BudgetThreshold) => {
                if let Ok(budget) = id.parse() {
                    budgets::part_is_spent(self, budget).await;
                }
            }
            Some(ChangeKind::Spread | ChangeKind::Alias | ChangeKind::Model) => self.reach.forget_of(id.parse().ok()),
            Some(ChangeKind::Price) => self.prices.forget(),
            Some(_) => {}
            None => self.forget_everything(),
        }
    }

    /// Drops what is known through one key: its owner's reach, or everybody's.
    pub(crate) async fn forget_credential(&self, id: &str) {
        let row = match id.parse::<CredentialId>() {
            Ok(id) => store::credentials::by_id(&self.store, id).await.ok().flatten(),
            Err(_) => None,
        };
        self.reach.forget(row.and_then(|row| row.credential.owner));
    }

    /// Drops what is known about callers, and what is reached as, or in, this
    /// user, organization or team.
    pub(crate) fn belonging_changed(&self, whose: uuid::Uuid) {
        self.callers.forget_all();
        self.reach.forget_of(Some(whose));
    }

    /// Drops everything that memory holds.
    pub(crate) fn forget_everything(&self) {
        self.callers.forget_all();
        self.reach.forget(None);
        self.prices.forget();
        self.budgets.forget(None);
    }

    /// Notes that a key was used; written to the store in batches.
    pub(crate) fn credential_used(&self, id: CredentialId, at: Timestamp) {
        self.uses.credentials.lock().unwrap_or_else(PoisonError::into_inner).insert(id, at);
    }

    /// Notes that a call with a key succeeded; written to the store in batches.
    pub(crate) fn credential_succeeded(&self, id: CredentialId, at: Timestamp) {
        self.uses.successes.lock().unwrap_or_else(PoisonError::into_inner).insert(id, at);
    }

    /// Notes that a token was used; written to the store in batches.
    pub(crate) fn token_used(&self, id: TokenId, at: Timestamp) {
        self.uses.tokens.lock().unwrap_or_else(PoisonError::into_inner).insert(id, at);
    }
}

/// Last uses not yet written down.
#[derive(Debug, Default)]
pub(crate) struct Uses {
    pub(crate) credentials: Mutex<HashMap<CredentialId, Timestamp>>,
    pub(crate) successes: Mutex<HashMap<CredentialId, Timestamp>>,
    pub(crate) tokens: Mutex<HashMap<TokenId, Timestamp>>,
}
