//! Word of calls, at most once a second for each user. On this node it comes
//! from the meter; between the nodes of one PostgreSQL it goes as a notification
//! a second, sent only while some node has said that it has readers. No table is
//! read or written for it, and a call pays one look at a clock at most.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use domain::ids::{NodeId, UserId};
use store::Dialect;
use store::changes;
use tokio::time::Instant;

use crate::App;
use crate::error::Result;

/// How often a user is told of calls, and the other nodes of users.
const PACE: Duration = Duration::from_secs(1);

/// How often a node with readers says so.
const ASK_EVERY: Duration = Duration::from_secs(20);

/// How long it is believed.
const BELIEVED: Duration = Duration::from_secs(60);

/// Users in one notification: PostgreSQL takes 8,000 bytes.
const USERS_A_WORD: usize = 100;

/// What was not told yet.
pub(super) struct Desk {
    origin: Instant,
    /// Until when another node wants to hear, in ms from `origin`; 0: never asked.
    wanted_until_ms: AtomicU64,
    papers: Mutex<Papers>,
}

#[derive(Default)]
struct Papers {
    /// When each user was last told, and the calls since.
    here: HashMap<UserId, (Instant, u32)>,
    elsewhere: HashMap<UserId, u32>,
    told_elsewhere: Option<Instant>,
    asked: Option<Instant>,
}

impl Default for Desk {
    fn default() -> Self {
        Self { origin: Instant::now(), wanted_until_ms: AtomicU64::new(0), papers: Mutex::default() }
    }
}

impl Desk {
    /// Whether another node has readers.
    pub(super) fn is_wanted_elsewhere(&self) -> bool {
        let until = self.wanted_until_ms.load(Ordering::Acquire);
        until > 0 && u128::from(until) > self.origin.elapsed().as_millis()
    }

    pub(super) fn note_wanted(&self) {
        let until = (self.origin.elapsed() + BELIEVED).as_millis();
        self.wanted_until_ms.store(u64::try_from(until).unwrap_or(u64::MAX), Ordering::Release);
    }

    pub(super) fn keep_for_others(&self, user: UserId, calls: u32) {
        *self.papers().elsewhere.entry(user).or_default() += calls;
    }

    /// The calls to tell of at once; `None`: told within the last second, so
    /// these are kept for the next.
    pub(super) fn may_tell(&self, user: UserId, calls: u32) -> Option<u32> {
        let now = Instant::now();
        let mut papers = self.papers();
        match papers.here.get_mut(&user) {
            Some((last, kept)) if now.duration_since(*last) < PACE => {
                *kept += calls;
                None
            }
            Some((last, kept)) => {
                *last = now;
                Some(std::mem::take(kept) + calls)
            }
            None => {
                papers.here.insert(user, (now, 0));
                Some(calls)
            }
        }
    }

    /// Users whose second is over and who have calls to be told of.
    pub(super) fn ripe(&self) -> Vec<(UserId, u32)> {
        let now = Instant::now();
        let mut papers = self.papers();
        papers.here.retain(|_, (last, kept)| *kept > 0 || now.duration_since(*last) < PACE);
        let over = papers.here.iter_mut().filter(|(_, (last, _))| now.duration_since(*last) >= PACE);
        over.map(|(user, (last, kept))| {
            *last = now;
            (*user, std::mem::take(kept))
        })
        .collect()
    }

    /// Says to the other nodes that this one has readers.
    pub(super) async fn want(&self, app: &App) -> Result<()> {
        if app.store.dialect() != Dialect::Postgres {
            return Ok(());
        }
        let now = Instant::now();
        if self.papers().asked.is_some_and(|asked| now.duration_since(asked) < ASK_EVERY) {
            return Ok(());
        }
        changes::want_usage(&app.store, &app.node.to_string()).await?;
        self.papers().asked = Some(now);
        Ok(())
    }

    /// Tells the other nodes who made calls.
    pub(super) async fn tell_others(&self, app: &App) -> Result<()> {
        let calls: Vec<(UserId, u32)> = {
            let now = Instant::now();
            let mut papers = self.papers();
            if papers.elsewhere.is_empty() || papers.told_elsewhere.is_some_and(|at| now.duration_since(at) < PACE) {
                return Ok(());
            }
            papers.told_elsewhere = Some(now);
            papers.elsewhere.drain().collect()
        };
        for some in calls.chunks(USERS_A_WORD) {
            changes::tell_usage(&app.store, &written(app.node, some)).await?;
        }
        Ok(())
    }

    fn papers(&self) -> MutexGuard<'_, Papers> {
        self.papers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// `node user=calls user=calls …`
fn written(node: NodeId, calls: &[(UserId, u32)]) -> String {
    let mut words = node.to_string();
    for (user, calls) in calls {
        words.push_str(&format!(" {user}={calls}"));
    }
    words
}

/// What another node wrote; nothing of our own.
pub(super) fn read(words: &str, own: NodeId) -> Vec<(UserId, u32)> {
    let mut words = words.split(' ');
    if words.next() == Some(own.to_string().as_str()) {
        return Vec::new();
    }
    words
        .filter_map(|word| {
            let (user, calls) = word.split_once('=')?;
            Some((user.parse().ok()?, calls.parse().ok()?))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn user(number: u128) -> UserId {
        UserId(Uuid::from_u128(number))
    }

    #[tokio::test(start_paused = true)]
    async fn a_user_is_told_at_once_and_then_once_a_second() {
        let desk = Desk::default();
        assert_eq!(desk.may_tell(user(1), 1), Some(1));
        for _ in 0..50 {
            assert_eq!(desk.may_tell(user(1), 1), None);
        }
        assert_eq!(desk.may_tell(user(2), 3), Some(3), "another user has a second of their own");
        assert!(desk.ripe().is_empty());
        tokio::time::advance(PACE).await;
        assert_eq!(desk.ripe(), [(user(1), 50)]);
        tokio::time::advance(PACE).await;
        assert!(desk.ripe().is_empty() && desk.papers().here.is_empty(), "nothing is kept of who is quiet");
        assert_eq!(desk.may_tell(user(1), 1), Some(1));
    }

    #[tokio::test(start_paused = true)]
    async fn another_nodes_wish_is_believed_for_a_minute() {
        let desk = Desk::default();
        assert!(!desk.is_wanted_elsewhere());
        desk.note_wanted();
        assert!(desk.is_wanted_elsewhere());
        tokio::time::advance(BELIEVED).await;
        assert!(!desk.is_wanted_elsewhere());
    }

    #[test]
    fn a_node_reads_what_others_wrote_and_not_its_own() {
        let (one, two) = (NodeId(Uuid::from_u128(1)), NodeId(Uuid::from_u128(2)));
        let many: Vec<_> = (0..USERS_A_WORD as u128).map(|number| (user(number), u32::MAX)).collect();
        let words = written(one, &many);
        assert!(words.len() < 8000, "{}", words.len());
        assert_eq!(read(&words, two), many);
        assert!(read(&words, one).is_empty());
        assert!(read("2 nonsense x=y", one).is_empty());
    }
}
