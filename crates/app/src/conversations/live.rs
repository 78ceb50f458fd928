//! The answers that this node is fetching: what was said so far, and who wants
//! it stopped. Readers come and go; an answer goes on without any.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use std::time::Duration;

use domain::ids::{ConversationId, MessageId, UserId};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::App;
use crate::error::{Code, Error, Result};

/// How many streams of answers one person may have open at this node.
const SEATS: usize = 40;

/// What an answer says so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Said {
    pub(super) text: String,
    pub(super) reasoning: String,
    /// For how long it thought, once it says something.
    pub(super) reasoning_ms: Option<i64>,
}

impl Said {
    /// How much it is, in bytes.
    pub(super) fn bytes(&self) -> usize {
        self.text.len() + self.reasoning.len()
    }
}

/// An answer under way.
pub(super) struct Live {
    pub(super) user: UserId,
    pub(super) conversation: ConversationId,
    pub(super) message: MessageId,
    /// Fires when somebody wants it stopped.
    pub(super) stop: CancellationToken,
    said: Mutex<Said>,
    /// Rings whenever something was said, and for the last time at the end.
    bell: watch::Sender<bool>,
}

impl Live {
    pub(super) fn new(user: UserId, conversation: ConversationId, message: MessageId) -> Arc<Self> {
        Arc::new(Self {
            user,
            conversation,
            message,
            stop: CancellationToken::new(),
            said: Mutex::default(),
            bell: watch::Sender::new(false),
        })
    }

    /// Changes what is said and rings.
    pub(super) fn say(&self, change: impl FnOnce(&mut Said)) {
        change(&mut self.said());
        self.bell.send_modify(|_| {});
    }

    /// Reads what is said.
    pub(super) fn look<T>(&self, read: impl FnOnce(&Said) -> T) -> T {
        read(&self.said())
    }

    /// It is over, and written down.
    pub(super) fn end(&self) {
        self.bell.send_modify(|is_over| *is_over = true);
    }

    /// Hears the bell; its value is whether it is over.
    pub(super) fn listen(&self) -> watch::Receiver<bool> {
        self.bell.subscribe()
    }

    fn said(&self) -> MutexGuard<'_, Said> {
        self.said.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The answers under way at this node, and how many follow some.
#[derive(Default)]
pub(crate) struct Talks {
    answers: Mutex<HashMap<MessageId, Arc<Live>>>,
    followers: Mutex<HashMap<UserId, usize>>,
}

impl Talks {
    /// A seat for one who follows an answer.
    ///
    /// # Errors
    /// `rate_limited` where the person has as many as there may be.
    pub(super) fn sit(app: &Arc<App>, user: UserId) -> Result<Seat> {
        let mut followers = app.talks.followers();
        let taken = followers.entry(user).or_default();
        if *taken >= SEATS {
            return Err(Error::new(
                Code::RateLimited,
                format!("You follow {SEATS} answers at once, the most there may be. Close one, then try again."),
            )
            .retry_after(Some(Duration::from_secs(5))));
        }
        *taken += 1;
        Ok(Seat { app: Arc::clone(app), user })
    }

    /// Takes an answer in; `false` where its person has `most` already.
    pub(super) fn enter(&self, live: &Arc<Live>, most: usize) -> bool {
        let mut all = self.all();
        if all.values().filter(|other| other.user == live.user).count() >= most {
            return false;
        }
        all.insert(live.message, Arc::clone(live));
        true
    }

    pub(super) fn leave(&self, message: MessageId) {
        self.all().remove(&message);
    }

    pub(super) fn find(&self, message: MessageId) -> Option<Arc<Live>> {
        self.all().get(&message).cloned()
    }

    /// Stops every answer of a chat.
    pub(super) fn stop_conversation(&self, id: ConversationId) {
        for live in self.all().values().filter(|live| live.conversation == id) {
            live.stop.cancel();
        }
    }

    /// Stops every answer to a person.
    pub(crate) fn stop_user(&self, user: UserId) {
        for live in self.all().values().filter(|live| live.user == user) {
            live.stop.cancel();
        }
    }

    fn all(&self) -> MutexGuard<'_, HashMap<MessageId, Arc<Live>>> {
        self.answers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn followers(&self) -> MutexGuard<'_, HashMap<UserId, usize>> {
        self.followers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A follower's place; given back when dropped.
pub(super) struct Seat {
    app: Arc<App>,
    user: UserId,
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut followers = self.app.talks.followers();
        if let Some(taken) = followers.get_mut(&self.user) {
            *taken -= 1;
            if *taken == 0 {
                followers.remove(&self.user);
            }
        }
    }
}
