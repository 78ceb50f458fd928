//! Budgets: how much may be spent in a window of time, by whom, and how much of
//! an answer what is left of one pays for.

use std::fmt;
use std::str::FromStr;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::credential::Scope;
use crate::ids::{BudgetId, OrganizationId, TeamId, TokenId, UserId};
use crate::money::{Nanos, Price};
use crate::time::Timestamp;
use crate::usage::TokenCounts;

/// The largest budget: ten million dollars.
pub const LARGEST: Nanos = Nanos(10_000_000_000_000_000);

/// The shortest answer worth asking for when a budget leaves no room for more,
/// in tokens.
pub const SHORTEST_ANSWER: u64 = 256;

/// The longest answer of a model of which nobody says how long its answers are.
pub const LONGEST_UNSAID: u64 = 131_072;

/// The longest question to a model of which nobody says how much it reads.
pub const WINDOW_UNSAID: u64 = 1_048_576;

const DAY: i64 = 86_400_000_000;

/// Whose spending a budget bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OwnerKind {
    /// One gateway token's.
    Token,
    /// One person's.
    User,
    /// A team's.
    Team,
    /// An organization's.
    Organization,
}

crate::text_enum!(OwnerKind, "owner of a budget" {
    Token => "token",
    User => "user",
    Team => "team",
    Organization => "organization",
});

/// Somebody with a budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Owner {
    /// What they are.
    pub kind: OwnerKind,
    /// Their id.
    pub id: Uuid,
}

impl From<TokenId> for Owner {
    fn from(id: TokenId) -> Self {
        Self { kind: OwnerKind::Token, id: id.0 }
    }
}

impl From<UserId> for Owner {
    fn from(id: UserId) -> Self {
        Self { kind: OwnerKind::User, id: id.0 }
    }
}

impl From<TeamId> for Owner {
    fn from(id: TeamId) -> Self {
        Self { kind: OwnerKind::Team, id: id.0 }
    }
}

impl From<OrganizationId> for Owner {
    fn from(id: OrganizationId) -> Self {
        Self { kind: OwnerKind::Organization, id: id.0 }
    }
}

impl fmt::Display for Owner {
    /// `user:0192…`, as the feed of changes names it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.kind, self.id.hyphenated())
    }
}

impl FromStr for Owner {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (kind, id) = text.split_once(':').ok_or_else(|| format!("{text} is no owner of a budget"))?;
        let id = Uuid::parse_str(id).map_err(|error| error.to_string())?;
        Ok(Self { kind: kind.parse()?, id })
    }
}

/// For how long what was spent counts. Days are UTC; a week starts on Monday.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Period {
    /// Until midnight.
    Day,
    /// Until the next Monday.
    Week,
    /// Until the first of the next month.
    Month,
    /// For good.
    Total,
}

crate::text_enum!(Period, "period" {
    Day => "day",
    Week => "week",
    Month => "month",
    Total => "total",
});

/// The time that one sum of spending is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Its first moment.
    pub starts_at: Timestamp,
    /// The first moment after it; `None`: it has no end.
    pub ends_at: Option<Timestamp>,
}

impl Period {
    /// The window that `now` lies in.
    #[must_use]
    pub fn window(self, now: Timestamp) -> Window {
        let day = now.as_micros().div_euclid(DAY);
        // 1970 began on a Thursday, three days after a Monday.
        let monday = day - (day + 3).rem_euclid(7);
        let at = |day: i64| Timestamp::from_micros(day.saturating_mul(DAY));
        let bounds = match self {
            Self::Day => Some((at(day), at(day + 1))),
            Self::Week => Some((at(monday), at(monday + 7))),
            Self::Month => month_of(now),
            Self::Total => None,
        };
        match bounds {
            Some((starts_at, end)) => Window { starts_at, ends_at: Some(end) },
            None => Window { starts_at: Timestamp::from_micros(0), ends_at: None },
        }
    }

    /// `monthly`, as it stands before “budget”.
    #[must_use]
    pub const fn adjective(self) -> &'static str {
        match self {
            Self::Day => "daily",
            Self::Week => "weekly",
            Self::Month => "monthly",
            Self::Total => "total",
        }
    }
}

/// The first moments of the month that `now` lies in, and of the next; `None`
/// for a moment that no calendar has.
fn month_of(now: Timestamp) -> Option<(Timestamp, Timestamp)> {
    let date = jiff::Timestamp::from_microsecond(now.as_micros()).ok()?.to_zoned(TimeZone::UTC).date();
    let first = date.first_of_month();
    let next = date.last_of_month().tomorrow().ok()?;
    let midnight =
        |date: Date| Some(Timestamp::from_micros(date.to_zoned(TimeZone::UTC).ok()?.timestamp().as_microsecond()));
    Some((midnight(first)?, midnight(next)?))
}

/// On whose word a budget stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Authority {
    /// Whoever looks after the owner, such as a person for their own tokens.
    Owner,
    /// An admin of this server: only admins change or lift it.
    Admin,
}

crate::text_enum!(Authority, "authority" { Owner => "owner", Admin => "admin" });

/// How much may be spent in each window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Its id.
    pub id: BudgetId,
    /// Whose spending it bounds.
    pub owner: Owner,
    /// For how long what was spent counts.
    pub period: Period,
    /// The most that may be spent in a window, as the client is billed.
    pub limit: Nanos,
    /// Parts of it, in per cent and ascending, that are told when they are spent.
    pub soft_percents: Vec<u8>,
    /// Whether calls paid with personal keys count.
    pub counts_personal: bool,
    /// On whose word it stands.
    pub authority: Authority,
}

impl Budget {
    /// Whether a call that a key of `scope` pays counts against it.
    #[must_use]
    pub fn counts(&self, scope: Scope) -> bool {
        self.counts_personal || scope != Scope::Personal
    }

    /// The largest part of it, in per cent, that `spent` has reached and that was
    /// not told before. The whole of it is always told.
    #[must_use]
    pub fn reached(&self, spent: Nanos, told_percent: i64) -> Option<i64> {
        let parts = self.soft_percents.iter().map(|percent| i64::from(*percent)).chain([100]);
        parts.filter(|percent| *percent > told_percent && self.is_part_spent(spent, *percent)).max()
    }

    /// Whether another of its parts is spent once `spent` is.
    #[must_use]
    pub fn may_reach(&self, spent: Nanos, told_percent: i64) -> bool {
        self.reached(spent, told_percent).is_some()
    }

    fn is_part_spent(&self, spent: Nanos, percent: i64) -> bool {
        i128::from(spent.0) * 100 >= i128::from(self.limit.0) * i128::from(percent)
    }
}

/// Reads parts in per cent, such as `50,80`: whole numbers from 1 to 99.
///
/// # Errors
/// What is wrong, to stand after the field's name.
pub fn checked_percents(percents: &[i64]) -> Result<Vec<u8>, &'static str> {
    let wrong = "takes up to ten whole numbers from 1 to 99, such as 50 and 80; the whole is always told";
    if percents.len() > 10 {
        return Err(wrong);
    }
    let mut checked = Vec::with_capacity(percents.len());
    for percent in percents {
        checked.push(u8::try_from(*percent).ok().filter(|percent| (1..=99).contains(percent)).ok_or(wrong)?);
    }
    checked.sort_unstable();
    checked.dedup();
    Ok(checked)
}

/// What a call may come to, before it is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Estimate {
    /// What each token costs.
    pub price: Price,
    /// The mark-up on it.
    pub markup_basis_points: u32,
    /// The tokens of the question.
    pub prompt: u64,
    /// How many answers are asked for.
    pub choices: u64,
}

impl Estimate {
    /// What the client is billed for answers of so many tokens each.
    #[must_use]
    pub fn cost(&self, completion: u64) -> Nanos {
        let completion = completion.saturating_mul(self.choices);
        let tokens = TokenCounts { prompt: self.prompt, completion, ..TokenCounts::default() };
        let cost = self.price.cost(&tokens).marked_up(self.markup_basis_points);
        Nanos(cost.0.max(0))
    }

    /// The longest answer, up to `longest` tokens, that `room` pays for; `None`:
    /// not even the question.
    #[must_use]
    pub fn longest_answer(&self, room: Nanos, longest: u64) -> Option<u64> {
        if self.cost(0) > room {
            return None;
        }
        // Between an answer that fits and one that does not.
        let (mut fits, mut too_long) = (0, longest.saturating_add(1));
        while too_long - fits > 1 {
            let middle = fits + (too_long - fits) / 2;
            if self.cost(middle) <= room { fits = middle } else { too_long = middle }
        }
        Some(fits)
    }
}

#[cfg(test)]
mod tests;
