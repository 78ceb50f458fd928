//! The texts that look for events. The indices for reports have finished
//! attempts only, so each search is made twice: among those, and among the few
//! that are under way. Each half has its own condition on the state, which is
//! what lets a database use the index.
//!
//! An event passes when one of its attempts does. Nearly always that is its
//! first one, which the index finds in the order of a page, so that nothing is
//! read beyond it; the few calls that were repeated are looked through apart.

mod places;

use domain::Timestamp;
use domain::attempt::AttemptState;
use places::{Known, Places};

use super::asked::Asked;
use super::{EventCursor, UsageFilter};
use crate::audit::EXACT_COUNT;
use crate::error::StoreError;
use crate::ledger::days::DAY_MICROS;
use crate::open::Store;

/// The attempts of one request.
pub(super) const ONE: &str = "SELECT * FROM attempts WHERE state <> 'dispatched' AND request_id = $1 \
     UNION ALL SELECT * FROM attempts WHERE state = 'dispatched' AND request_id = $1 ORDER BY number";

const FIRST: &str = "SELECT f.at AS at, f.request_id AS request_id FROM";
const ENDED: &str = " attempts AS f WHERE f.number = 1 AND f.state <> 'dispatched'";
const UNDER_WAY: &str = " attempts AS f WHERE f.number = 1 AND f.state = 'dispatched'";
const NEWEST_FIRST: &str = " ORDER BY at DESC, request_id DESC";

/// What is looked for.
pub(super) struct Search<'f> {
    filter: &'f UsageFilter,
    /// From where a page goes on.
    after: Option<EventCursor>,
    /// How many are wanted.
    limit: i64,
    known: Known,
}

impl<'f> Search<'f> {
    /// A page's attempts, `limit` of them and those behind a former page's last.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub(super) async fn of(
        store: &Store,
        filter: &'f UsageFilter,
        after: Option<EventCursor>,
        limit: i64,
    ) -> Result<Self, StoreError> {
        let mut search = Self { filter, after, limit, known: Known::ANYTHING };
        search.known = places::known(store, filter, search.times_within(), limit).await?;
        Ok(search)
    }

    /// All of them, as far as they are counted one by one.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub(super) async fn of_all(store: &Store, filter: &'f UsageFilter) -> Result<Self, StoreError> {
        Self::of(store, filter, None, EXACT_COUNT + 1).await
    }

    /// Whether the key's calls are fewer than the user's: whoever pays with their
    /// own key has all of its calls; a key of everybody's has many others'.
    const fn key_leads(&self) -> bool {
        self.filter.credential.is_some() && (self.known.is_personal || self.filter.user.is_none())
    }

    /// How many events; no more than 10,001.
    pub(super) fn count(&self) -> Asked {
        let mut asked = Asked::new("WITH ");
        self.ended(&mut asked);
        asked.push(" SELECT CAST(COUNT(*) AS BIGINT) AS counted FROM (");
        self.first_attempts(&mut asked);
        asked.with_number(" LIMIT ", self.limit);
        asked.push(") AS counted");
        asked
    }

    /// A page's attempts, in the order of their requests.
    pub(super) fn page(&self) -> Asked {
        let mut asked = Asked::new("WITH ");
        self.ended(&mut asked);
        asked.push(", page AS MATERIALIZED (");
        self.first_attempts(&mut asked);
        asked.push(NEWEST_FIRST);
        asked.with_number(" LIMIT ", self.limit);
        asked.push(
            ") SELECT * FROM attempts WHERE state <> 'dispatched' AND request_id IN (SELECT request_id FROM page) \
             UNION ALL \
             SELECT * FROM attempts WHERE state = 'dispatched' AND request_id IN (SELECT request_id FROM page) \
             ORDER BY request_id, number",
        );
        asked
    }

    /// The newest finished first attempts that pass themselves.
    fn ended(&self, asked: &mut Asked) {
        self.places(asked);
        asked.push("ended AS MATERIALIZED (");
        asked.push(FIRST);
        if matches!(self.known.places, Places::Days(_) | Places::Keys(_)) {
            asked.push(" p CROSS JOIN");
        }
        asked.push(ENDED);
        self.ended_passes(asked);
        asked.push(NEWEST_FIRST);
        asked.with_number(" LIMIT ", self.limit);
        asked.push(")");
    }

    /// The first attempts of all events that pass; as many as are wanted are enough.
    fn first_attempts(&self, asked: &mut Asked) {
        asked.push("SELECT at, request_id FROM ended");
        let is_narrow = self.filter.is_narrow();
        for half in if is_narrow { &[ENDED, UNDER_WAY][..] } else { &[UNDER_WAY] } {
            asked.push(if is_narrow { " UNION " } else { " UNION ALL " });
            asked.push(FIRST);
            asked.push(half);
            if is_narrow {
                self.is_others(asked);
            } else {
                asked.filter_of("f.", self.filter);
                self.times(asked, "f.at");
            }
        }
    }

    /// The few days, or days of keys, on which something passes, to be looked at
    /// one after the other.
    fn places(&self, asked: &mut Asked) {
        match &self.known.places {
            Places::Days(days) => {
                let days: Vec<String> = days.iter().map(|day| format!("({day})")).collect();
                asked.push(&format!("p(day) AS (VALUES {}), ", days.join(", ")));
            }
            Places::Keys(keys) => {
                for (place, (day, key)) in keys.iter().enumerate() {
                    asked.push(if place == 0 { "p(day, credential_id) AS (VALUES" } else { "," });
                    asked.with_text(&format!(" ({day}, "), key.clone());
                    asked.push(")");
                }
                asked.push("), ");
            }
            Places::Anywhere | Places::Nowhere | Places::Along(_) => {}
        }
    }

    /// A finished first attempt passes itself.
    fn ended_passes(&self, asked: &mut Asked) {
        let by_key = matches!(self.known.places, Places::Keys(_));
        asked.filter_but_for_indices("f.", self.filter);
        self.state(asked, "f.", true);
        if let Some(organization) = self.filter.organization {
            let leads = self.filter.user.is_none() && !self.key_leads() && self.filter.state.is_none();
            let text = if leads { " AND f.organization_id = " } else { " AND COALESCE(f.organization_id, '') = " };
            asked.with_text(text, organization.to_string());
        }
        if let Some(user) = self.filter.user {
            let is_leading = !by_key && !self.key_leads();
            let text = if is_leading { " AND f.user_id = " } else { " AND COALESCE(f.user_id, '') = " };
            asked.with_text(text, user.to_string());
        }
        if let Some(key) = self.filter.credential.filter(|_| !by_key) {
            let text =
                if self.key_leads() { " AND f.credential_id = " } else { " AND COALESCE(f.credential_id, '') = " };
            asked.with_text(text, key.to_string());
        }
        match &self.known.places {
            Places::Anywhere => self.bounds(asked, "f.at"),
            Places::Nowhere => asked.push(" AND 1 = 0"),
            Places::Along(days) => self.along(asked, days),
            Places::Days(_) | Places::Keys(_) => {
                if by_key {
                    asked.push(" AND f.credential_id = p.credential_id");
                }
                asked.push(" AND f.at >= p.day * 86400000000 AND f.at < (p.day + 1) * 86400000000");
                self.bounds(asked, "f.at + 0");
            }
        }
        self.past_the_cursor(asked);
    }

    /// Those that stand as asked for. The words of the index of calls that did not
    /// end well are said as it says them.
    fn state(&self, asked: &mut Asked, of: &str, by_index: bool) {
        let Some(state) = self.filter.state else { return };
        let is_bad = matches!(state, AttemptState::Failed | AttemptState::Aborted | AttemptState::Unknown);
        if by_index && is_bad {
            asked.push(&format!(" AND {of}state IN ('failed', 'aborted', 'unknown')"));
        }
        asked.push(&format!(" AND {of}state = '{}'", state.as_str()));
    }

    /// From the first to the last of these days, and of a user's calls none between.
    fn along(&self, asked: &mut Asked, days: &[i64]) {
        let (from, to) = self.times_within();
        // One bound at each end, because an index is entered by no more than one.
        if let Some(oldest) = days.last() {
            asked.with_number(" AND f.at >= ", from.unwrap_or(0).max(oldest * DAY_MICROS));
        }
        if let Some(newest) = days.first() {
            asked.with_number(" AND f.at < ", to.unwrap_or(i64::MAX).min((newest + 1) * DAY_MICROS));
        }
        if !self.key_leads() {
            let days: Vec<String> = days.iter().map(ToString::to_string).collect();
            asked.push(&format!(" AND f.at / 86400000000 IN ({})", days.join(", ")));
        }
    }

    /// One of its other attempts passes, or one that is under way. No index of
    /// the first attempts' is of use.
    fn is_others(&self, asked: &mut Asked) {
        if let Some(user) = self.filter.user {
            asked.with_text(" AND COALESCE(f.user_id, '') = ", user.to_string());
        }
        self.times(asked, "f.at + 0");
        asked.push(" AND f.request_id IN (");
        if let Some(days) = self.known.repeated {
            self.repeated(asked, days);
            asked.push(" UNION ALL ");
        }
        asked.push("SELECT a.request_id FROM attempts AS a WHERE a.state = 'dispatched'");
        self.state(asked, "a.", false);
        asked.filter_of("a.", self.filter);
        asked.push(")");
    }

    /// The further attempts that pass, on these days.
    fn repeated(&self, asked: &mut Asked, (first, last): (i64, i64)) {
        asked.push("SELECT a.request_id FROM attempts AS a WHERE a.number > 1 AND a.state <> 'dispatched'");
        asked.filter_but_for_indices("a.", self.filter);
        self.state(asked, "a.", false);
        if let Some(organization) = self.filter.organization {
            asked.with_text(" AND COALESCE(a.organization_id, '') = ", organization.to_string());
        }
        if let Some(user) = self.filter.user {
            asked.with_text(" AND a.user_id = ", user.to_string());
        }
        if let Some(key) = self.filter.credential {
            let text = if self.filter.user.is_some() {
                " AND COALESCE(a.credential_id, '') = "
            } else {
                " AND a.credential_id = "
            };
            asked.with_text(text, key.to_string());
        }
        let (from, to) = self.times_within();
        // Where there are enough already, none older than those.
        asked.with_number(" AND a.at >= (SELECT CASE WHEN COUNT(*) < ", self.limit);
        asked.with_number(" THEN ", from.unwrap_or(0).max(first * DAY_MICROS));
        asked.push(" ELSE MIN(at) END FROM ended)");
        // A call is repeated soon, perhaps after midnight.
        let to = to.unwrap_or(i64::MAX).saturating_add(DAY_MICROS);
        asked.with_number(" AND a.at < ", to.min((last + 1) * DAY_MICROS));
    }

    fn times(&self, asked: &mut Asked, at: &str) {
        self.bounds(asked, at);
        self.past_the_cursor(asked);
    }

    fn bounds(&self, asked: &mut Asked, at: &str) {
        let (from, to) = self.times_within();
        if let Some(from) = from {
            asked.with_number(&format!(" AND {at} >= "), from);
        }
        if let Some(to) = to {
            asked.with_number(&format!(" AND {at} < "), to);
        }
    }

    /// Of the events at the cursor's own time, those behind it.
    fn past_the_cursor(&self, asked: &mut Asked) {
        if let Some(after) = self.after {
            asked.with_number(" AND (f.at < ", after.at.as_micros());
            asked.with_text(" OR f.request_id < ", after.request.to_string());
            asked.push(")");
        }
    }

    /// Not earlier than, and earlier than, in microseconds.
    fn times_within(&self) -> (Option<i64>, Option<i64>) {
        let to = self.filter.to.map(Timestamp::as_micros);
        let after = self.after.map(|after| after.at.as_micros().saturating_add(1));
        (self.filter.from.map(Timestamp::as_micros), to.into_iter().chain(after).min())
    }
}

#[cfg(test)]
mod tests;
