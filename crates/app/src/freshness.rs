//! Following the feeds of changes and of health, and refusing to act on configuration that this
//! node cannot confirm.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use store::changes::{self, ChangeKind, ChangeWatch, Hint};
use store::health_feed;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::App;
use crate::error::{Code, Error, Result};

/// For how long a confirmed reading is trusted.
const TRUST: Duration = Duration::from_secs(5);

/// How often the feed is read when nothing hints at a change.
const POLL: Duration = Duration::from_millis(250);

/// How long a stale node tries to read before it refuses.
const LAST_TRY: Duration = Duration::from_millis(250);

/// How many changes are read at once; a longer gap drops everything.
const BATCH: i64 = 500;

/// When this node last knew that its caches were right.
#[derive(Debug)]
pub(crate) struct Freshness {
    origin: Instant,
    confirmed_ms: AtomicI64,
    seq: AtomicI64,
    health_seq: AtomicI64,
}

impl Freshness {
    pub(crate) fn starting_at(seq: i64, health_seq: i64) -> Self {
        Self {
            origin: Instant::now(),
            confirmed_ms: AtomicI64::new(0),
            seq: AtomicI64::new(seq),
            health_seq: AtomicI64::new(health_seq),
        }
    }

    /// Up to where this node has read the feeds of changes and of health.
    pub(crate) fn heads(&self) -> (i64, i64) {
        (self.seq.load(Ordering::Acquire), self.health_seq.load(Ordering::Acquire))
    }

    fn is_trusted(&self) -> bool {
        let confirmed = Duration::from_millis(self.confirmed_ms.load(Ordering::Acquire).unsigned_abs());
        self.origin.elapsed().saturating_sub(confirmed) <= TRUST
    }

    fn mark(&self, at: Instant) {
        let elapsed = at.saturating_duration_since(self.origin).as_millis();
        self.confirmed_ms.fetch_max(i64::try_from(elapsed).unwrap_or(i64::MAX), Ordering::AcqRel);
    }

    /// Passes when the configuration in memory is known to be at most five
    /// seconds old; tries one read before it refuses.
    ///
    /// # Errors
    /// `config_stale`.
    pub(crate) async fn confirm(&self, app: &App) -> Result<()> {
        if self.is_trusted() {
            return Ok(());
        }
        match tokio::time::timeout(LAST_TRY, catch_up(app)).await {
            Ok(Ok(())) => Ok(()),
            _ => Err(Error::new(
                Code::ConfigStale,
                "This node has lost its database and cannot tell which keys are still allowed. Try again shortly, or another node.",
            )),
        }
    }
}

/// Reads the feeds that have moved. Mostly neither has, which one question tells.
async fn look(app: &App, watch: &mut ChangeWatch) -> std::result::Result<(), store::StoreError> {
    let started = Instant::now();
    let (changes, health) = watch.heads(&app.store).await?;
    if changes == app.freshness.seq.load(Ordering::Acquire) {
        app.freshness.mark(started);
    } else {
        catch_up(app).await?;
    }
    if health != app.freshness.health_seq.load(Ordering::Acquire) {
        hear_health(app).await?;
    }
    Ok(())
}

/// Reads what is new in the feed and drops the entries it names.
async fn catch_up(app: &App) -> std::result::Result<(), store::StoreError> {
    let started = Instant::now();
    let seen = app.freshness.seq.load(Ordering::Acquire);
    let news = changes::since(&app.store, seen, BATCH).await?;
    let is_gap = news.first().is_some_and(|first| first.seq > seen + 1) || news.len() as i64 == BATCH;
    if is_gap {
        app.forget_everything();
    }
    for change in &news {
        app.forget(change.kind, &change.id).await;
    }
    let last = if is_gap { changes::latest(&app.store).await? } else { news.last().map_or(seen, |change| change.seq) };
    app.freshness.seq.fetch_max(last, Ordering::AcqRel);
    app.freshness.mark(started);
    Ok(())
}

/// Reads what others learnt about keys and drops what memory holds of those.
async fn hear_health(app: &App) -> std::result::Result<(), store::StoreError> {
    let seen = app.freshness.health_seq.load(Ordering::Acquire);
    let news = health_feed::since(&app.store, seen, BATCH).await?;
    let is_gap = news.first().is_some_and(|first| first.seq > seen + 1) || news.len() as i64 == BATCH;
    if is_gap || news.iter().any(|news| news.finding.is_none()) {
        app.reach.forget(None);
    } else {
        let keys: BTreeSet<_> = news.iter().filter_map(|news| news.finding.as_ref()).map(|f| f.credential).collect();
        for key in keys {
            app.forget_credential(&key.to_string()).await;
        }
    }
    let last = if is_gap { health_feed::latest(&app.store).await? } else { news.last().map_or(seen, |news| news.seq) };
    app.freshness.health_seq.fetch_max(last, Ordering::AcqRel);
    Ok(())
}

/// Follows the feeds until `stop`.
pub(crate) async fn follow(app: Arc<App>, stop: CancellationToken) {
    loop {
        let watched = tokio::select! {
            () = stop.cancelled() => return,
            watched = watch(&app) => watched,
        };
        if let Err(error) = watched {
            tracing::warn!(error = %crate::error::chain(&error), "the change feed cannot be read; trying again");
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(POLL) => {}
            }
        }
    }
}

async fn watch(app: &App) -> std::result::Result<(), store::StoreError> {
    let mut watch = ChangeWatch::open(&app.store).await?;
    loop {
        look(app, &mut watch).await?;
        match watch.wait(POLL).await? {
            Some(Hint::Usage(words)) => app.events.usage_heard(app, &words),
            Some(Hint::UsageWanted(words)) => app.events.usage_wanted(app, &words),
            Some(Hint::Conversation(words)) => app.events.conversation_heard(app, &words),
            Some(Hint::Changed) | None => {}
        }
    }
}

/// Which caches a change concerns.
pub(crate) const fn concerns_callers(kind: ChangeKind) -> bool {
    matches!(
        kind,
        ChangeKind::User
            | ChangeKind::Session
            | ChangeKind::Token
            | ChangeKind::Organization
            | ChangeKind::Team
            | ChangeKind::Membership
    )
}
