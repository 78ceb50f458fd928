//! One reader of the feeds for all streams of this node, and who sits where.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use domain::Timestamp;
use domain::ids::{ConversationId, UserId};
use store::changes;
use tokio::sync::broadcast;
use tokio::time::{Instant, MissedTickBehavior};
use tokio_util::sync::CancellationToken;

use super::feed::{self, Cursor, News, Place};
use super::usage::Desk;
use crate::App;
use crate::error::{Code, Error, Result};

/// How often the feeds are read while somebody listens.
const POLL: Duration = Duration::from_millis(250);

/// A node that could not read the feeds for so long cannot tell who may still
/// listen, so nobody does.
const TRUST: Duration = Duration::from_secs(5);

/// How far a stream may fall behind before it is told to read everything anew.
const BUFFER: usize = 1024;

/// Streams a user may have open on one node.
const SEATS: usize = 20;

/// What is said to all streams of this node.
#[derive(Clone, Debug)]
pub(super) enum Told {
    /// Something happened.
    News(Place, Box<News>),
    /// A user made calls.
    Usage { user: UserId, calls: u32, at: Timestamp },
    /// A chat of a user is another one.
    Conversation { user: UserId, id: ConversationId, at: Timestamp },
    /// There was too much to tell one by one.
    Gap(Cursor),
    /// Who may listen cannot be confirmed.
    Over,
}

/// The streams of this node, and what they are told.
pub(crate) struct Events {
    sender: broadcast::Sender<Arc<Told>>,
    open: AtomicUsize,
    seats: Mutex<Seats>,
    desk: Desk,
}

#[derive(Default)]
struct Seats {
    of_user: HashMap<UserId, usize>,
    /// Up to where was told; `None` while nobody listens.
    position: Option<Cursor>,
}

impl Default for Events {
    fn default() -> Self {
        Self {
            sender: broadcast::Sender::new(BUFFER),
            open: AtomicUsize::new(0),
            seats: Mutex::default(),
            desk: Desk::default(),
        }
    }
}

impl Events {
    /// A seat for one stream of `user`, with everything told from now on.
    /// `heads` were read just before: nothing after them is missed.
    pub(super) fn sit(&self, app: &Arc<App>, user: UserId, heads: Cursor) -> Result<(Seat, Receiver)> {
        let mut seats = self.seats();
        let taken = seats.of_user.entry(user).or_default();
        if *taken >= SEATS {
            return Err(Error::new(
                Code::RateLimited,
                format!("You have {SEATS} streams of events open, the most there may be. Close one, then try again."),
            )
            .retry_after(Some(Duration::from_secs(30))));
        }
        *taken += 1;
        seats.position.get_or_insert(heads);
        self.open.fetch_add(1, Ordering::AcqRel);
        app.metrics.event_stream_opened();
        Ok((Seat { app: Arc::clone(app), user }, self.sender.subscribe()))
    }

    fn leave(&self, user: UserId) {
        let mut seats = self.seats();
        if let Some(taken) = seats.of_user.get_mut(&user) {
            *taken -= 1;
            if *taken == 0 {
                seats.of_user.remove(&user);
            }
        }
        self.open.fetch_sub(1, Ordering::AcqRel);
    }

    /// Whether anybody, here or at another node, listens for calls of `user`.
    pub(crate) fn wants_usage(&self, user: UserId) -> bool {
        self.desk.is_wanted_elsewhere() || (self.is_heard() && self.listens(user))
    }

    /// A call of `user` is in the ledger.
    pub(crate) fn usage_recorded(&self, app: &App, user: UserId, calls: u32) {
        if self.desk.is_wanted_elsewhere() {
            self.desk.keep_for_others(user, calls);
        }
        self.usage_of(app, user, calls);
    }

    /// Another node tells of calls.
    pub(crate) fn usage_heard(&self, app: &App, words: &str) {
        for (user, calls) in super::usage::read(words, app.node) {
            self.usage_of(app, user, calls);
        }
    }

    /// Another node has readers.
    pub(crate) fn usage_wanted(&self, app: &App, words: &str) {
        if words != app.node.to_string() {
            self.desk.note_wanted();
        }
    }

    /// Something was said in a chat, or it was changed. Told to its owner's
    /// streams, here and at other nodes; whoever was away reads it anew.
    pub(crate) fn conversation_changed(&self, app: &App, user: UserId, id: ConversationId) {
        self.conversation_of(app, user, id);
        if !self.desk.is_wanted_elsewhere() {
            return;
        }
        let Some(within) = app.handle() else { return };
        app.spawn(async move {
            let words = format!("{} {user} {id}", within.node);
            if let Err(error) = changes::tell_conversation(&within.store, &words).await {
                tracing::debug!(%error, "other nodes are not told of a chat");
            }
        });
    }

    /// Another node tells of a chat.
    pub(crate) fn conversation_heard(&self, app: &App, words: &str) {
        let mut words = words.split(' ');
        let is_own = words.next() == Some(app.node.to_string().as_str());
        let (user, id) = (words.next().map(str::parse), words.next().map(str::parse));
        if let (false, Some(Ok(user)), Some(Ok(id))) = (is_own, user, id) {
            self.conversation_of(app, user, id);
        }
    }

    fn conversation_of(&self, app: &App, user: UserId, id: ConversationId) {
        if self.listens(user) {
            self.tell(Told::Conversation { user, id, at: app.clock.now() });
        }
    }

    fn usage_of(&self, app: &App, user: UserId, calls: u32) {
        if self.listens(user)
            && let Some(calls) = self.desk.may_tell(user, calls)
        {
            self.tell(Told::Usage { user, calls, at: app.clock.now() });
        }
    }

    fn is_heard(&self) -> bool {
        self.open.load(Ordering::Acquire) > 0
    }

    fn listens(&self, user: UserId) -> bool {
        self.is_heard() && self.seats().of_user.contains_key(&user)
    }

    fn tell(&self, told: Told) {
        // Nobody there to hear it is no failure.
        let _heard = self.sender.send(Arc::new(told)).is_ok();
    }

    fn seats(&self) -> MutexGuard<'_, Seats> {
        self.seats.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Up to where the streams were told; nothing is read while there are none.
    fn position(&self) -> Option<Cursor> {
        let mut seats = self.seats();
        if seats.of_user.is_empty() {
            seats.position = None;
        }
        seats.position
    }
}

/// Everything told from when it was taken.
pub(super) type Receiver = broadcast::Receiver<Arc<Told>>;

/// A stream's place; given back when dropped.
pub(super) struct Seat {
    app: Arc<App>,
    user: UserId,
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.app.events.leave(self.user);
        self.app.metrics.event_stream_closed();
    }
}

/// Reads the feeds for the streams of this node until `stop`.
pub(crate) async fn run(app: Arc<App>, stop: CancellationToken) {
    let mut ticks = tokio::time::interval(POLL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut last_good = Instant::now();
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = ticks.tick() => {}
        }
        match advance(&app).await {
            Ok(()) => last_good = Instant::now(),
            Err(error) if last_good.elapsed() > TRUST => {
                tracing::warn!(%error, cause = error.cause_chain(), "streams of events end: the feeds cannot be read");
                app.events.tell(Told::Over);
            }
            Err(error) => tracing::debug!(%error, cause = error.cause_chain(), "the feeds cannot be read"),
        }
    }
}

async fn advance(app: &App) -> Result<()> {
    let events = &app.events;
    if let Some(position) = events.position() {
        let reading = feed::read(app, position).await?;
        for (place, news) in reading.news {
            events.tell(Told::News(place, Box::new(news)));
        }
        if reading.is_gap {
            events.tell(Told::Gap(reading.cursor));
        }
        events.seats().position = Some(reading.cursor);
        events.desk.want(app).await?;
    }
    for (user, calls) in events.desk.ripe() {
        events.tell(Told::Usage { user, calls, at: app.clock.now() });
    }
    events.desk.tell_others(app).await?;
    Ok(())
}
