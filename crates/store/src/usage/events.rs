//! The texts that look for events. The indices for reports have finished
//! attempts only, so each search is made twice: among those, and among the few
//! that are under way. Each half has its own condition on the state, which is
//! what lets a database use the index.
//!
//! An event passes when one of its attempts does. Nearly always that is its
//! first one, which the index finds in the order of a page, so that nothing is
//! read beyond it; the few calls that were repeated are looked through apart.

use domain::Timestamp;
use domain::attempt::AttemptState;

use super::asked::Asked;
use super::{EventCursor, UsageFilter};
use crate::audit::EXACT_COUNT;
use crate::error::StoreError;
use crate::ledger::days::DAY_MICROS;
use crate::open::Store;
use crate::row::Columns;

/// The attempts of one request.
pub(super) const ONE: &str = "SELECT * FROM attempts WHERE state <> 'dispatched' AND request_id = $1 \
     UNION ALL SELECT * FROM attempts WHERE state = 'dispatched' AND request_id = $1 ORDER BY number";

const ENDED: &str = "SELECT f.at AS at, f.request_id AS request_id FROM attempts AS f \
     WHERE f.number = 1 AND f.state <> 'dispatched'";
const UNDER_WAY: &str = "SELECT f.at AS at, f.request_id AS request_id FROM attempts AS f \
     WHERE f.number = 1 AND f.state = 'dispatched'";
const NEWEST_FIRST: &str = " ORDER BY at DESC, request_id DESC";

/// What is looked for.
pub(super) struct Search<'f> {
    filter: &'f UsageFilter,
    /// From where a page goes on.
    after: Option<EventCursor>,
    /// Whether the key's calls are fewer than the user's.
    key_leads: bool,
}

impl<'f> Search<'f> {
    /// Finds out which index serves best: whoever pays with their own key has all
    /// of its calls; a key of everybody's has many others'.
    pub(super) async fn of(store: &Store, filter: &'f UsageFilter) -> Result<Self, StoreError> {
        let mut search = Self { filter, after: None, key_leads: filter.credential.is_some() };
        if filter.credential.is_some() && filter.user.is_some() {
            let mut asked = Asked::new(
                "SELECT CAST(COUNT(*) AS BIGINT) AS shared FROM usage_days AS d WHERE d.scope <> 'personal'",
            );
            asked.filter_of("d.", filter);
            let rows = asked.rows(store).await?;
            search.key_leads = rows.first().map(|row| Columns(row).number("shared")).transpose()? == Some(0);
        }
        Ok(search)
    }

    pub(super) const fn after(self, after: Option<EventCursor>) -> Self {
        Self { after, ..self }
    }

    /// How many events; no more than 10,001.
    pub(super) fn count(&self) -> Asked {
        let mut asked = Asked::new("WITH ");
        self.ended(&mut asked, EXACT_COUNT + 1);
        asked.push(" SELECT CAST(COUNT(*) AS BIGINT) AS counted FROM (");
        self.first_attempts(&mut asked, EXACT_COUNT + 1);
        asked.with_number(" LIMIT ", EXACT_COUNT + 1);
        asked.push(") AS counted");
        asked
    }

    /// A page's attempts, in the order of their requests.
    pub(super) fn page(&self, limit: i64) -> Asked {
        let mut asked = Asked::new("WITH ");
        self.ended(&mut asked, limit);
        asked.push(", page AS MATERIALIZED (");
        self.first_attempts(&mut asked, limit);
        asked.push(NEWEST_FIRST);
        asked.with_number(" LIMIT ", limit);
        asked.push(
            ") SELECT * FROM attempts WHERE state <> 'dispatched' AND request_id IN (SELECT request_id FROM page) \
             UNION ALL \
             SELECT * FROM attempts WHERE state = 'dispatched' AND request_id IN (SELECT request_id FROM page) \
             ORDER BY request_id, number",
        );
        asked
    }

    /// The newest finished first attempts that pass themselves.
    fn ended(&self, asked: &mut Asked, limit: i64) {
        asked.push("ended AS MATERIALIZED (");
        asked.push(ENDED);
        self.ended_passes(asked);
        asked.push(NEWEST_FIRST);
        asked.with_number(" LIMIT ", limit);
        asked.push(")");
    }

    /// The first attempts of all events that pass; `limit` of them are enough.
    fn first_attempts(&self, asked: &mut Asked, limit: i64) {
        asked.push("SELECT at, request_id FROM ended");
        if self.filter.is_narrow() {
            for half in [ENDED, UNDER_WAY] {
                asked.push(" UNION ");
                asked.push(half);
                self.is_others(asked, limit);
            }
        } else {
            asked.push(" UNION ALL ");
            asked.push(UNDER_WAY);
            asked.filter_of("f.", self.filter);
            self.times(asked, "f.at");
        }
    }

    /// A finished first attempt passes itself.
    fn ended_passes(&self, asked: &mut Asked) {
        asked.filter_but_for_indices("f.", self.filter);
        self.state(asked, "f.", true);
        if let Some(organization) = self.filter.organization {
            let leads = self.filter.user.is_none() && !self.key_leads && self.filter.state.is_none();
            let text = if leads { " AND f.organization_id = " } else { " AND COALESCE(f.organization_id, '') = " };
            asked.with_text(text, organization.to_string());
        }
        if let Some(user) = self.filter.user {
            let by_key = self.key_leads;
            asked.with_text(
                if by_key { " AND COALESCE(f.user_id, '') = " } else { " AND f.user_id = " },
                user.to_string(),
            );
        }
        if let Some(key) = self.filter.credential {
            let text = if self.key_leads { " AND f.credential_id = " } else { " AND COALESCE(f.credential_id, '') = " };
            asked.with_text(text, key.to_string());
        }
        if self.filter.is_narrow() {
            self.days(asked);
        } else {
            self.bounds(asked, "f.at");
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

    /// Only days on which something passes are looked at: from the first to the
    /// last of them, and of a user's calls none between.
    fn days(&self, asked: &mut Asked) {
        let (from, to) = self.times_within();
        let bounds = [
            (" AND f.at >= ", "MIN(d.day) * 86400000000", ">", from),
            (" AND f.at < ", "(MAX(d.day) + 1) * 86400000000", "<", to),
        ];
        for (condition, day, closer, time) in bounds {
            asked.push(condition);
            // One bound, because an index is entered by no more than one.
            asked.push("(SELECT ");
            if let Some(time) = time {
                asked.push(&format!("CASE WHEN COUNT(*) = 0 THEN NULL WHEN {day} {closer} "));
                asked.with_number("", time);
                asked.push(&format!(" THEN {day} ELSE "));
                asked.with_number("", time);
                asked.push(" END");
            } else {
                asked.push(day);
            }
            self.lines_of_days(asked);
            asked.push(")");
        }
        if !self.key_leads {
            asked.push(" AND f.at / 86400000000 IN (SELECT d.day");
            self.lines_of_days(asked);
            asked.push(")");
        }
    }

    fn lines_of_days(&self, asked: &mut Asked) {
        let UsageFilter { user, credential, token, .. } = self.filter;
        if user.is_some() || credential.is_some() || token.is_some() {
            asked.push(" FROM usage_days AS d WHERE d.requests > 0");
        } else {
            self.lines_of_totals(asked);
        }
        asked.filter_of("d.", self.filter);
        let (from, to) = self.times_within();
        if let Some(from) = from {
            asked.with_number(" AND d.day >= ", from.div_euclid(DAY_MICROS));
        }
        if let Some(to) = to {
            asked.with_number(" AND d.day <= ", to.div_euclid(DAY_MICROS));
        }
    }

    /// Lines that are not about people: few.
    fn lines_of_totals(&self, asked: &mut Asked) {
        let is_of_groups = self.filter.organization.is_some() || self.filter.team.is_some();
        let columns = "day, requests, provider, model, scope, source, team_id, organization_id";
        asked.push(&format!(" FROM (SELECT {columns} FROM usage_totals WHERE span = 'day' AND organization_id "));
        asked.push(if is_of_groups { "<> '*'" } else { "= '*'" });
        if let Some(organization) = self.filter.organization {
            asked.with_text(" AND organization_id = ", organization.to_string());
        }
        asked.push(&format!(
            " UNION ALL SELECT {columns} FROM usage_days \
             WHERE day > (SELECT through FROM usage_rolled WHERE id = 1)) AS d WHERE d.requests > 0"
        ));
    }

    /// One of its other attempts passes, or one that is under way. No index of
    /// the first attempts' is of use.
    fn is_others(&self, asked: &mut Asked, limit: i64) {
        if let Some(user) = self.filter.user {
            asked.with_text(" AND COALESCE(f.user_id, '') = ", user.to_string());
        }
        self.times(asked, "f.at + 0");
        asked.push(" AND f.request_id IN (SELECT a.request_id FROM attempts AS a WHERE a.number > 1 AND a.state <> 'dispatched'");
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
        asked.with_number(" AND a.at >= (SELECT CASE WHEN COUNT(*) < ", limit);
        asked.with_number(" THEN ", from.unwrap_or(0));
        asked.push(" ELSE MIN(at) END FROM ended)");
        if let Some(to) = to {
            // A call is repeated soon, perhaps after midnight.
            asked.with_number(" AND a.at < ", to.saturating_add(DAY_MICROS));
        }
        asked.push(" UNION ALL SELECT a.request_id FROM attempts AS a WHERE a.state = 'dispatched'");
        self.state(asked, "a.", false);
        asked.filter_of("a.", self.filter);
        asked.push(")");
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
