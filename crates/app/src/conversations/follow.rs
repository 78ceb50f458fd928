//! Following an answer: what it says so far, then what is added, then its end.
//! From memory at the node that fetches it, from the database everywhere else;
//! whoever comes back is simply told everything again.

use std::sync::Arc;
use std::time::Duration;

use domain::Caller;
use domain::conversation::{Message, MessageState};
use domain::ids::{ConversationId, MessageId};
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

use super::live::{Live, Seat, Talks};
use super::said::find;
use crate::error::{Code, Error, Result};
use crate::{App, callers};

/// The least time between two tellings.
const PACE: Duration = Duration::from_millis(100);

/// How often another node's answer is looked at.
const LOOK: Duration = Duration::from_millis(500);

/// How often a quiet stream says that it lives.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// What a follower hears.
#[derive(Clone, Debug, PartialEq)]
pub enum Heard {
    /// Everything so far. Always first.
    Snapshot {
        /// The words.
        text: String,
        /// The thoughts.
        reasoning: String,
    },
    /// More words.
    Text(String),
    /// More thoughts.
    Reasoning(String),
    /// It is over; this is all of it.
    End(Box<Message>),
    /// Nothing happened for a while.
    Silence,
}

/// Somebody who follows an answer.
pub struct Following {
    app: Arc<App>,
    caller: Arc<Caller>,
    conversation: ConversationId,
    message: MessageId,
    source: Source,
    /// How much was told, in bytes; `None`: nothing yet.
    told: Option<(usize, usize)>,
    waiting: Vec<Heard>,
    last_told: Instant,
    last_word: Instant,
    /// What was known of callers when this one was last asked for, and when.
    confirmed: (u64, Instant),
    is_over: bool,
    _seat: Seat,
}

enum Source {
    /// This node fetches it.
    Here(Arc<Live>, watch::Receiver<bool>),
    /// Another node fetches it, or it is over.
    Store,
}

/// Follows an answer of one of the caller's chats.
///
/// # Errors
/// `not_found`, `rate_limited` with too many open.
pub async fn follow(app: &Arc<App>, caller: &Arc<Caller>, id: ConversationId, message: MessageId) -> Result<Following> {
    let confirmed = (app.callers_epoch(), Instant::now());
    find(app, caller, id, message).await?;
    let seat = Talks::sit(app, caller.user)?;
    let source = match app.talks.find(message) {
        Some(live) => {
            let bell = live.listen();
            Source::Here(live, bell)
        }
        None => Source::Store,
    };
    let now = Instant::now();
    Ok(Following {
        app: Arc::clone(app),
        caller: Arc::clone(caller),
        conversation: id,
        message,
        source,
        told: None,
        waiting: Vec::new(),
        last_told: now,
        last_word: now,
        confirmed,
        is_over: false,
        _seat: seat,
    })
}

impl Following {
    /// What is heard next; `None` after the end, or when the server goes down.
    ///
    /// # Errors
    /// When the store cannot be read, the message was deleted, or the caller's
    /// session ended.
    pub async fn next(&mut self) -> Result<Option<Heard>> {
        loop {
            if !self.waiting.is_empty() {
                self.last_word = Instant::now();
                return Ok(Some(self.waiting.remove(0)));
            }
            if self.is_over {
                return Ok(None);
            }
            if self.last_word.elapsed() >= KEEP_ALIVE {
                self.last_word = Instant::now();
                return Ok(Some(Heard::Silence));
            }
            let draining = self.app.draining().clone();
            tokio::select! {
                biased;
                () = draining.cancelled() => return Ok(None),
                () = self.wait() => {}
            }
            self.confirm().await?;
            self.look().await?;
        }
    }

    /// Passes while the caller is still who they were: asked whenever something
    /// changed for anybody, and now and then.
    async fn confirm(&mut self) -> Result<()> {
        let epoch = self.app.callers_epoch();
        if epoch == self.confirmed.0 && self.confirmed.1.elapsed() < KEEP_ALIVE {
            return Ok(());
        }
        let standing = callers::standing(&self.app, &self.caller).await?;
        if standing.role != self.caller.role {
            return Err(Error::new(Code::Forbidden, "Your role changed meanwhile. Open the conversation again."));
        }
        self.confirmed = (epoch, Instant::now());
        Ok(())
    }

    /// Waits until there may be something to tell. At once for the first time.
    async fn wait(&mut self) {
        if self.told.is_none() {
            return;
        }
        match &mut self.source {
            Source::Here(_, bell) => {
                // Without the bell's owner the answer is over.
                let _rung = tokio::time::timeout(KEEP_ALIVE, bell.changed()).await;
                sleep(PACE.saturating_sub(self.last_told.elapsed())).await;
            }
            Source::Store => sleep(LOOK).await,
        }
    }

    async fn look(&mut self) -> Result<()> {
        let is_over = match &mut self.source {
            Source::Here(live, bell) => {
                let is_over = *bell.borrow_and_update();
                if !is_over {
                    let news = live.look(|said| news(&mut self.told, &said.text, &said.reasoning));
                    self.waiting = news;
                }
                is_over
            }
            Source::Store => true,
        };
        if is_over {
            self.look_at_store().await?;
        }
        self.last_told = Instant::now();
        Ok(())
    }

    async fn look_at_store(&mut self) -> Result<()> {
        let message = store::conversations::message(&self.app.store, self.conversation, self.message).await?;
        let message = message.ok_or_else(|| Error::not_found("message"))?;
        self.waiting = news(&mut self.told, &message.text(), &message.reasoning);
        if message.state != MessageState::Running {
            self.waiting.push(Heard::End(Box::new(message)));
            self.is_over = true;
        }
        Ok(())
    }
}

/// What was not told yet.
fn news(told: &mut Option<(usize, usize)>, text: &str, reasoning: &str) -> Vec<Heard> {
    let before = told.replace((text.len(), reasoning.len()));
    let Some((text_told, reasoning_told)) = before else {
        return vec![Heard::Snapshot { text: text.to_owned(), reasoning: reasoning.to_owned() }];
    };
    let mut news = Vec::new();
    // Shorter than what was told: another node's last word was older. Told again
    // from the start, which is what a snapshot is.
    let (Some(more_text), Some(more_reasoning)) = (text.get(text_told..), reasoning.get(reasoning_told..)) else {
        return vec![Heard::Snapshot { text: text.to_owned(), reasoning: reasoning.to_owned() }];
    };
    if !more_reasoning.is_empty() {
        news.push(Heard::Reasoning(more_reasoning.to_owned()));
    }
    if !more_text.is_empty() {
        news.push(Heard::Text(more_text.to_owned()));
    }
    news
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_follower_is_told_everything_once_and_then_what_is_new() {
        let mut told = None;
        let snapshot = |text: &str, reasoning: &str| Heard::Snapshot { text: text.into(), reasoning: reasoning.into() };
        assert_eq!(news(&mut told, "Hé", ""), [snapshot("Hé", "")]);
        assert_eq!(news(&mut told, "Hé", ""), []);
        assert_eq!(news(&mut told, "Héllo", "hm"), [Heard::Reasoning("hm".into()), Heard::Text("llo".into())]);
        assert_eq!(news(&mut told, "Hél", "hm"), [snapshot("Hél", "hm")], "what was told is no longer so");
        assert_eq!(news(&mut told, "Héllo", "hm"), [Heard::Text("lo".into())]);
    }
}
