//! Reading the two feeds from a place on, as news with what is needed to tell
//! of them.

use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;

use domain::Timestamp;
use domain::credential::{Credential, KeyStatus};
use domain::ids::{CredentialId, UserId};
use store::changes::{self, Change, ChangeKind, Verb};
use store::health_feed::{self, Finding, HealthKind, HealthNews};
use uuid::Uuid;

use crate::App;
use crate::budgets::{self, Standard};
use crate::error::Result;

/// How much is read at once; whoever is further behind reads everything anew.
const BATCH: i64 = 500;

/// A place in both feeds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Cursor {
    pub(super) changes: i64,
    pub(super) health: i64,
}

impl Cursor {
    /// Whether what is at `place` was read before.
    pub(super) const fn has_passed(self, place: Place) -> bool {
        match place {
            Place::Changes(seq) => seq <= self.changes,
            Place::Health(seq) => seq <= self.health,
        }
    }

    pub(super) const fn pass(&mut self, place: Place) {
        match place {
            Place::Changes(seq) => self.changes = seq,
            Place::Health(seq) => self.health = seq,
        }
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.changes, self.health)
    }
}

impl FromStr for Cursor {
    type Err = ();

    fn from_str(text: &str) -> std::result::Result<Self, ()> {
        let number = |text: &str| text.parse().ok().filter(|seq| *seq >= 0).ok_or(());
        let (changes, health) = text.split_once('.').ok_or(())?;
        Ok(Self { changes: number(changes)?, health: number(health)? })
    }
}

/// A place in one of the feeds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Changes(i64),
    Health(i64),
}

/// Something that happened.
#[derive(Clone, Debug)]
pub(super) enum News {
    /// A key was saved, changed or deleted.
    Key { verb: Verb, credential: Credential },
    /// A key's status is another one.
    Status { credential: Credential, status: KeyStatus, reason: Option<String>, at: Timestamp },
    /// A key opens other models.
    Models { credential: Credential },
    /// A key is used as never before.
    Unusual { credential: Credential, told: String, at: Timestamp },
    /// The registry says something else of models; its owner's id, or nobody's.
    Registry { owner: Option<Uuid> },
    /// A part of a budget is spent. It as it stands, and the person it is of, if it
    /// is one person's.
    Budget { standard: Standard, user: Option<UserId> },
    /// A user, a session or a token is no longer what it was.
    Caller { kind: ChangeKind, id: String },
}

/// What is new after a cursor.
pub(super) struct Reading {
    /// What happened, in order within each feed.
    pub(super) news: Vec<(Place, News)>,
    /// Up to where was read.
    pub(super) cursor: Cursor,
    /// There was more than is kept, or than is told one by one.
    pub(super) is_gap: bool,
}

/// The ends of both feeds.
pub(super) async fn heads(app: &App) -> Result<Cursor> {
    Ok(Cursor { changes: changes::latest(&app.store).await?, health: health_feed::latest(&app.store).await? })
}

/// What is new after `from`.
pub(super) async fn read(app: &App, from: Cursor) -> Result<Reading> {
    let changes = changes::since(&app.store, from.changes, BATCH).await?;
    let findings = health_feed::since(&app.store, from.health, BATCH).await?;
    let is_gap = changes.first().is_some_and(|first| first.seq > from.changes + 1)
        || findings.first().is_some_and(|first| first.seq > from.health + 1)
        || changes.len() as i64 == BATCH
        || findings.len() as i64 == BATCH;
    if is_gap {
        return Ok(Reading { news: Vec::new(), cursor: heads(app).await?, is_gap });
    }
    let cursor = Cursor {
        changes: changes.last().map_or(from.changes, |change| change.seq),
        health: findings.last().map_or(from.health, |news| news.seq),
    };
    let mut known = HashMap::new();
    let mut news = Vec::new();
    for change in changes {
        let place = Place::Changes(change.seq);
        news.extend(of_change(app, &mut known, change).await?.map(|news| (place, news)));
    }
    for finding in findings {
        let place = Place::Health(finding.seq);
        news.extend(of_finding(app, &mut known, finding).await?.map(|news| (place, news)));
    }
    Ok(Reading { news, cursor, is_gap })
}

type Known = HashMap<CredentialId, Option<Credential>>;

async fn of_change(app: &App, known: &mut Known, change: Change) -> Result<Option<News>> {
    let Change { kind, id, verb, .. } = change;
    Ok(match kind {
        Some(
            kind @ (ChangeKind::User
            | ChangeKind::Session
            | ChangeKind::Token
            | ChangeKind::Organization
            | ChangeKind::Team
            | ChangeKind::Membership),
        ) => Some(News::Caller { kind, id }),
        Some(ChangeKind::Credential) => {
            credential(app, known, id.parse().ok()).await?.map(|credential| News::Key { verb, credential })
        }
        Some(ChangeKind::ModelList) => {
            credential(app, known, id.parse().ok()).await?.map(|credential| News::Models { credential })
        }
        // What models cost concerns everybody.
        Some(ChangeKind::Model | ChangeKind::Price) => Some(News::Registry { owner: id.parse().ok() }),
        Some(ChangeKind::BudgetThreshold) => match id.parse() {
            Ok(id) => budgets::of_news(app, id).await?.map(|(standard, user)| News::Budget { standard, user }),
            Err(_) => None,
        },
        // Nothing of a key, or of a later version.
        Some(ChangeKind::Setting | ChangeKind::Spread | ChangeKind::Alias | ChangeKind::Budget) | None => None,
    })
}

async fn of_finding(app: &App, known: &mut Known, news: HealthNews) -> Result<Option<News>> {
    let Some(Finding { kind, credential: id, at, status, reason }) = news.finding else { return Ok(None) };
    let credential = credential(app, known, Some(id)).await?;
    Ok(match (kind, credential, status) {
        (HealthKind::Models, Some(credential), _) => Some(News::Models { credential }),
        (HealthKind::Unusual, Some(credential), _) => {
            Some(News::Unusual { credential, told: reason.unwrap_or_default(), at })
        }
        (HealthKind::Status, Some(credential), Some(status)) => Some(News::Status { credential, status, reason, at }),
        _ => None,
    })
}

/// A key as it is now, also when it was deleted; read once for each reading.
async fn credential(app: &App, known: &mut Known, id: Option<CredentialId>) -> Result<Option<Credential>> {
    let Some(id) = id else { return Ok(None) };
    if let Some(known) = known.get(&id) {
        return Ok(known.clone());
    }
    let stored = store::credentials::even_deleted(&app.store, id).await?;
    let found = stored.or_else(|| app.environment.credentials().find(|credential| credential.id == id).cloned());
    known.insert(id, found.clone());
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_back_as_it_was_written_and_nothing_else_is_one() {
        let cursor = Cursor { changes: 12, health: 34 };
        assert_eq!(cursor.to_string().parse(), Ok(cursor));
        for text in ["", "12", "12.", ".34", "12.x", "-1.2", "1.-2", "1.2.3", "99999999999999999999.1"] {
            assert_eq!(text.parse::<Cursor>(), Err(()), "{text}");
        }
    }

    #[test]
    fn each_feed_is_passed_on_its_own() {
        let mut cursor = Cursor { changes: 5, health: 9 };
        assert!(cursor.has_passed(Place::Changes(5)) && !cursor.has_passed(Place::Changes(6)));
        cursor.pass(Place::Changes(6));
        assert_eq!(cursor, Cursor { changes: 6, health: 9 });
        assert!(!cursor.has_passed(Place::Health(10)));
    }
}
