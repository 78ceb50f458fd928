//! The operator's address, which is told of keys, budgets and unusual use.
//!
//! One server at a time reads the feeds from where the last one stopped, writes
//! down what is to be told together with how far it read, and sends each message
//! until it is taken or a day is over. A message may come twice, never changed.

mod address;
mod message;
mod sending;
mod signing;

use std::sync::Arc;
use std::time::Duration;

use domain::Timestamp;
use store::webhooks::{self, Place};
use tokio_util::sync::CancellationToken;

use super::feed::{self, Cursor};
use crate::App;
use crate::error::{Result, chain};

pub use address::{Webhook, WebhookProblem};
pub use sending::try_out;
pub use signing::{Rotated, USUAL_GRACE, rotate, secret};

/// How often is looked whether there is anything to tell.
const TICK: Duration = Duration::from_secs(1);

/// For how long a server is the one that tells, unless it says so again.
const HELD: Duration = Duration::from_secs(60);

/// How often the others ask whether it still is.
const ASKED: Duration = Duration::from_secs(5);

/// For how long a message is tried, and how old what is read may be.
const DAY: Duration = Duration::from_secs(24 * 3600);

/// How often is written down how far was read, where nothing happens.
const NOTED: Duration = Duration::from_secs(3600);

/// How long after each failure a message is tried again; the last one from then on.
const PAUSES: [Duration; 6] = [
    Duration::from_secs(5),
    Duration::from_secs(30),
    Duration::from_secs(2 * 60),
    Duration::from_secs(10 * 60),
    Duration::from_secs(30 * 60),
    Duration::from_secs(3600),
];

/// What this server knows while it is the one that tells.
struct Teller<'a> {
    app: &'a App,
    webhook: &'a Webhook,
    held_until: Option<Timestamp>,
    asked_at: Option<Timestamp>,
    place: Place,
    noted_at: Timestamp,
    /// When the next message's turn is; `None`: none waits.
    due: Option<Timestamp>,
    /// The last try failed.
    is_failing: bool,
}

/// Tells until `stop`; ends at once where the operator named no address.
pub(crate) async fn run(app: Arc<App>, stop: CancellationToken) {
    let Some(webhook) = app.settings.webhook.clone() else { return };
    let mut teller = Teller {
        app: &app,
        webhook: &webhook,
        held_until: None,
        asked_at: None,
        place: Place { changes: 0, health: 0 },
        noted_at: app.clock.now(),
        due: None,
        is_failing: false,
    };
    loop {
        let turn = tokio::select! {
            () = stop.cancelled() => break,
            turn = teller.turn() => turn,
        };
        if let Err(error) = turn {
            tracing::warn!(error = chain(&error), "the webhook is not looked after now; trying again");
        }
        tokio::select! {
            () = stop.cancelled() => break,
            () = tokio::time::sleep(TICK) => {}
        }
    }
    if teller.held_until.is_some()
        && let Err(error) = webhooks::let_go(&app.store, app.node).await
    {
        tracing::debug!(error = chain(&error), "another server tells in a minute");
    }
}

impl Teller<'_> {
    async fn turn(&mut self) -> Result<()> {
        if !self.tells().await? {
            return Ok(());
        }
        self.read().await?;
        self.send().await
    }

    /// Whether this server is the one that tells; says so again in good time.
    async fn tells(&mut self) -> Result<bool> {
        let now = self.app.clock.now();
        if self.held_until.is_some_and(|until| now.plus(HELD / 2) < until) {
            return Ok(true);
        }
        if self.held_until.is_none() && self.asked_at.is_some_and(|asked| asked <= now && now.since(asked) < ASKED) {
            return Ok(false);
        }
        self.asked_at = Some(now);
        let until = now.plus(HELD);
        if !webhooks::hold(&self.app.store, self.app.node, now, until).await? {
            self.held_until = None;
            return Ok(false);
        }
        if self.held_until.is_none() {
            self.begin(now).await?;
        }
        self.held_until = Some(until);
        Ok(true)
    }

    /// Goes on where the last server stopped, unless that is long ago: then from
    /// here on, because nobody waits for old news.
    async fn begin(&mut self, now: Timestamp) -> Result<()> {
        let standing = webhooks::standing(&self.app.store).await?;
        let kept = standing.read.filter(|(_, at)| now.since(*at) < DAY);
        (self.place, self.noted_at) = match kept {
            Some(kept) => kept,
            None => {
                let heads = feed::heads(self.app).await?;
                let place = Place { changes: heads.changes, health: heads.health };
                webhooks::write_down(&self.app.store, self.app.node, place, &[], now).await?;
                (place, now)
            }
        };
        self.due = webhooks::next(&self.app.store).await?.map(|message| message.next_at);
        Ok(())
    }

    /// Writes down what is to be told of what is new.
    async fn read(&mut self) -> Result<()> {
        let now = self.app.clock.now();
        let (changes, health) = self.app.freshness.heads();
        let has_news = changes > self.place.changes || health > self.place.health;
        if !has_news && now.since(self.noted_at) < NOTED {
            return Ok(());
        }
        let from = Cursor { changes: self.place.changes, health: self.place.health };
        let reading = feed::read(self.app, from).await?;
        let place = Place { changes: reading.cursor.changes, health: reading.cursor.health };
        let messages = message::of_reading(self.app, &reading, now);
        if !webhooks::write_down(&self.app.store, self.app.node, place, &messages, now).await? {
            self.held_until = None;
            return Ok(());
        }
        (self.place, self.noted_at) = (place, now);
        if !messages.is_empty() {
            self.due = Some(now);
        }
        Ok(())
    }

    /// Sends what is due, one after the other, until one is not taken.
    async fn send(&mut self) -> Result<()> {
        while self.due.is_some_and(|due| due <= self.app.clock.now()) && self.tells().await? {
            let Some(message) = webhooks::next(&self.app.store).await? else {
                self.due = None;
                return Ok(());
            };
            if message.next_at > self.app.clock.now() {
                self.due = Some(message.next_at);
                return Ok(());
            }
            let signing = webhooks::signing(&self.app.store).await?;
            let sent = sending::send(self.app, self.webhook, signing, message.id, &message.body).await;
            let is_taken = sent.is_ok();
            match sent {
                Ok(_) => webhooks::delivered(&self.app.store, message.id, self.app.clock.now()).await?,
                Err(problem) => self.failed(&message, &problem).await?,
            }
            self.app.metrics.webhook_tried(is_taken);
            if is_taken && std::mem::take(&mut self.is_failing) {
                tracing::info!(to = %self.webhook, "the webhook is taken again");
            }
            self.due = webhooks::next(&self.app.store).await?.map(|message| message.next_at);
            if !is_taken {
                return Ok(());
            }
        }
        Ok(())
    }

    async fn failed(&mut self, message: &webhooks::Message, problem: &str) -> Result<()> {
        let now = self.app.clock.now();
        let tries = usize::try_from(message.tries).unwrap_or(usize::MAX).min(PAUSES.len() - 1);
        let pause = PAUSES.get(tries).copied().filter(|_| now.since(message.created_at) < DAY);
        webhooks::failed(&self.app.store, message.id, problem, pause, now).await?;
        let (to, id, kind) = (self.webhook, message.id, message.kind.as_str());
        if pause.is_none() {
            tracing::warn!(%to, %id, kind, problem, "a message of the webhook is given up after a day");
            self.app.metrics.webhook_given_up();
        } else if !std::mem::replace(&mut self.is_failing, true) {
            tracing::warn!(%to, %id, kind, problem, "a message of the webhook was not taken; trying again for a day");
        }
        Ok(())
    }
}
