//! One caller's stream of events: what they missed, then what happens, until
//! they may no longer listen or the server goes down.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use domain::caller::TokenScope;
use domain::{Caller, Timestamp};
use serde_json::Value;
use store::changes::ChangeKind;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::{Instant, Interval, MissedTickBehavior};

use super::feed::{self, Cursor, News};
use super::hub::{Receiver, Seat, Told};
use super::telling::{self, EventName, Words};
use crate::App;
use crate::callers;
use crate::error::Result;

/// How often a quiet stream says that it lives.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// From where a reader wants to be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resume {
    /// From now on.
    Now,
    /// From where they were.
    After(Cursor),
    /// They were somewhere, and it cannot be read where.
    Lost,
}

/// A piece of the stream.
#[derive(Clone, Debug, PartialEq)]
pub enum Piece {
    /// An event.
    Event {
        /// Its name.
        name: EventName,
        /// What it says.
        data: Value,
        /// From where to go on after it.
        cursor: Cursor,
    },
    /// Nothing happened for a while.
    KeepAlive(Cursor),
}

/// A stream of events.
pub struct EventStream {
    app: Arc<App>,
    caller: Arc<Caller>,
    receiver: Receiver,
    cursor: Cursor,
    ready: VecDeque<Piece>,
    valid_until: Option<Timestamp>,
    ticks: Interval,
    is_over: bool,
    _seat: Seat,
}

/// Opens a stream for `caller`.
///
/// # Errors
/// `rate_limited` when they have too many open, `invalid_gateway_token` when
/// they may not listen, or when the store cannot be read.
pub async fn open(app: &Arc<App>, caller: &Arc<Caller>, resume: Resume) -> Result<EventStream> {
    let standing = callers::standing(app, caller).await?;
    let heads = feed::heads(app).await?;
    let (seat, receiver) = app.events.sit(app, caller.user, heads)?;
    let mut ticks = tokio::time::interval_at(Instant::now() + KEEP_ALIVE, KEEP_ALIVE);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut stream = EventStream {
        app: Arc::clone(app),
        caller: Arc::clone(caller),
        receiver,
        cursor: heads,
        ready: VecDeque::new(),
        valid_until: standing.valid_until,
        ticks,
        is_over: false,
        _seat: seat,
    };
    match resume {
        Resume::Now => stream.catch_up(heads).await?,
        // A place beyond the end is one of another database.
        Resume::After(cursor) if cursor.changes <= heads.changes && cursor.health <= heads.health => {
            stream.catch_up(cursor).await?;
        }
        Resume::After(_) | Resume::Lost => stream.resync(heads),
    }
    Ok(stream)
}

impl EventStream {
    /// From where to go on.
    #[must_use]
    pub const fn cursor(&self) -> Cursor {
        self.cursor
    }

    /// The next piece; `None` when the caller may no longer listen, or the
    /// server goes down.
    pub async fn next(&mut self) -> Option<Piece> {
        loop {
            if self.is_over {
                return None;
            }
            if let Some(piece) = self.ready.pop_front() {
                return Some(piece);
            }
            let draining = self.app.draining().clone();
            tokio::select! {
                biased;
                () = draining.cancelled() => return None,
                told = self.receiver.recv() => match told {
                    Ok(told) => self.hear(&told).await,
                    Err(RecvError::Lagged(_)) => self.fell_behind().await,
                    Err(RecvError::Closed) => return None,
                },
                _ = self.ticks.tick() => {
                    if self.valid_until.is_some_and(|end| end <= self.app.clock.now()) {
                        return None;
                    }
                    return Some(Piece::KeepAlive(self.cursor));
                }
            }
        }
    }

    async fn hear(&mut self, told: &Told) {
        match told {
            Told::News(place, _) if self.cursor.has_passed(*place) => {}
            Told::News(place, news) => {
                self.cursor.pass(*place);
                self.take(news).await;
            }
            Told::Usage { user, calls, at } => {
                if *user == self.caller.user && self.caller.has_scope(TokenScope::ReadUsage) {
                    self.say(telling::of_usage(*calls, *at));
                }
            }
            Told::Conversation { user, id, at } => {
                // Gateway tokens open no chats.
                if *user == self.caller.user && self.caller.token().is_none() {
                    self.say(telling::of_conversation(*id, *at));
                }
            }
            Told::Gap(cursor) => {
                self.resync(*cursor);
                self.confirm().await;
            }
            Told::Over => self.is_over = true,
        }
    }

    async fn take(&mut self, news: &News) {
        match news {
            News::Caller { kind, id } => {
                if self.is_about_caller(*kind, id) {
                    self.confirm().await;
                }
            }
            news => {
                for words in telling::of_news(&self.caller, news) {
                    self.say(words);
                }
            }
        }
    }

    fn is_about_caller(&self, kind: ChangeKind, id: &str) -> bool {
        let is = |own: Option<String>| own.as_deref() == Some(id);
        match kind {
            ChangeKind::User => is(Some(self.caller.user.to_string())),
            ChangeKind::Session => is(self.caller.session().map(|id| id.to_string())),
            ChangeKind::Token => is(self.caller.token().map(|id| id.to_string())),
            ChangeKind::Membership => is(Some(self.caller.user.to_string())),
            ChangeKind::Team => is(self.caller.team().map(|id| id.to_string())),
            ChangeKind::Organization => {
                self.caller.belonging.organizations.iter().any(|own| own.organization.to_string() == id)
            }
            _ => false,
        }
    }

    /// Ends the stream unless the caller is still who they were.
    async fn confirm(&mut self) {
        match callers::standing(&self.app, &self.caller).await {
            Ok(standing) if standing.is_still(&self.caller) => self.valid_until = standing.valid_until,
            _ => self.is_over = true,
        }
    }

    /// Says what happened after `from`, from the feeds themselves.
    async fn catch_up(&mut self, from: Cursor) -> Result<()> {
        let reading = feed::read(&self.app, from).await?;
        if reading.is_gap {
            self.resync(reading.cursor);
            return Ok(());
        }
        self.cursor = from;
        for (place, news) in reading.news {
            self.cursor.pass(place);
            self.take(&news).await;
        }
        self.cursor = reading.cursor;
        Ok(())
    }

    /// The reader was too slow: what they missed is not kept for them.
    async fn fell_behind(&mut self) {
        match feed::heads(&self.app).await {
            Ok(heads) => {
                self.resync(heads);
                self.confirm().await;
            }
            Err(_) => self.is_over = true,
        }
    }

    fn resync(&mut self, cursor: Cursor) {
        self.cursor = cursor;
        self.ready.clear();
        self.say(telling::resync());
    }

    fn say(&mut self, (name, data): Words) {
        self.ready.push_back(Piece::Event { name, data, cursor: self.cursor });
    }
}
