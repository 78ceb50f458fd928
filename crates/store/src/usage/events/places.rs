//! Where the calls are that pass a narrow filter, as the sums of days tell it:
//! on which days, and by which keys. What few calls pass is then read there and
//! nowhere else, instead of along all calls of a user.
//!
//! Read just before the calls: one that ends in between may be missing from this
//! look, and is there at the next.

use crate::error::StoreError;
use crate::ledger::days::DAY_MICROS;
use crate::ledger::days::rolled::rolled;
use crate::open::Store;
use crate::row::Columns;
use crate::usage::UsageFilter;
use crate::usage::asked::Asked;
use crate::usage::origin::{Needs, Origin};
use crate::usage::window::Window;

/// So many calls are read and sorted at once; of more, the newest are looked for
/// in their order, which soon finds them.
const MOST_AT_ONCE: i64 = 20_000;

/// So many days of keys are named in one text.
const MOST_PLACES: usize = 1_000;

/// Where the finished first attempts are that pass.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Places {
    /// Anywhere.
    Anywhere,
    /// Nowhere.
    Nowhere,
    /// On many of these days, the newest first.
    Along(Vec<i64>),
    /// On these days, a few.
    Days(Vec<i64>),
    /// On these days by these keys, a few.
    Keys(Vec<(i64, String)>),
}

/// All that is known before the calls are read.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) places: Places,
    /// Whether all of them were paid with the user's own keys.
    pub(super) is_personal: bool,
    /// From the first to the last day, in days, on which a further attempt passes.
    pub(super) repeated: Option<(i64, i64)>,
}

impl Known {
    /// Of a filter that says no more than a user and times.
    pub(super) const ANYTHING: Self = Self { places: Places::Anywhere, is_personal: false, repeated: None };
}

struct Day {
    day: i64,
    requests: i64,
    repeated: i64,
    shared: i64,
}

/// Finds the days of the newest `limit` calls, between `from` and `to` in
/// microseconds.
pub(super) async fn known(
    store: &Store,
    filter: &UsageFilter,
    (from, to): (Option<i64>, Option<i64>),
    limit: i64,
) -> Result<Known, StoreError> {
    if !filter.is_narrow() {
        return Ok(Known::ANYTHING);
    }
    let (from, to) = (from.unwrap_or(0), to.unwrap_or(i64::MAX));
    let days = days(store, filter, (from, to)).await?;
    let repeated = || days.iter().filter(|day| day.repeated > 0).map(|day| day.day);
    let repeated = repeated().min().zip(repeated().max());
    let (mut found, mut sum, mut whole) = (Vec::new(), 0_i64, 0_i64);
    // A second attempt may be after midnight; a first one may not.
    for day in days.iter().filter(|day| day.requests > 0 && day.day.saturating_mul(DAY_MICROS) < to) {
        // Sums have no states: how many of them pass is not known.
        if whole >= limit && filter.state.is_none() {
            break;
        }
        let is_whole = day.day * DAY_MICROS >= from && (day.day + 1) * DAY_MICROS <= to;
        whole += if is_whole { day.requests } else { 0 };
        sum = sum.saturating_add(day.requests);
        found.push(day);
    }
    let is_personal = found.iter().all(|day| day.shared == 0);
    let found: Vec<i64> = found.into_iter().map(|day| day.day).collect();
    let places = match (found.first(), found.last()) {
        (Some(newest), Some(oldest)) if sum <= MOST_AT_ONCE && !is_wide(filter) => {
            let keys = if is_personal { keys(store, filter, *oldest, *newest).await? } else { None };
            keys.map_or(Places::Days(found), Places::Keys)
        }
        (Some(_), Some(_)) => Places::Along(found),
        _ => Places::Nowhere,
    };
    Ok(Known { places, is_personal, repeated })
}

/// The days with anything that passes, the newest first.
async fn days(store: &Store, filter: &UsageFilter, (from, to): (i64, i64)) -> Result<Vec<Day>, StoreError> {
    let mut asked = Asked::new(
        "SELECT d.day AS day, CAST(SUM(d.requests) AS BIGINT) AS requests, \
         CAST(SUM(d.attempts - d.requests) AS BIGINT) AS repeated, \
         CAST(SUM(CASE WHEN d.scope <> 'personal' THEN 1 ELSE 0 END) AS BIGINT) AS shared FROM ",
    );
    let (first, end) = (from.div_euclid(DAY_MICROS), to.div_euclid(DAY_MICROS).saturating_add(2));
    if is_wide(filter) {
        let rolled = rolled(store).await?;
        let window = Window { first_day: Some(first), end_day: Some(end), parts: Vec::new() };
        asked.push("(");
        Origin::of(filter, Needs { days: true, ..Needs::default() }).lines(&mut asked, filter, &window, &rolled);
        asked.push(") AS d");
    } else {
        asked.with_number("usage_days AS d WHERE d.day >= ", first);
        asked.with_number(" AND d.day < ", end);
        asked.filter_of("d.", filter);
    }
    asked.push(" GROUP BY d.day ORDER BY d.day DESC");
    let rows = asked.rows(store).await?;
    rows.iter()
        .map(|row| {
            let row = Columns(row);
            let (day, requests) = (row.number("day")?, row.number("requests")?);
            Ok(Day { day, requests, repeated: row.number("repeated")?, shared: row.number("shared")? })
        })
        .collect()
}

/// Whether a filter names no person, and nothing that is one person's: to go
/// through the calls of its days would be to go through everybody's.
const fn is_wide(filter: &UsageFilter) -> bool {
    filter.user.is_none() && filter.credential.is_none() && filter.token.is_none()
}

/// By which keys, on each day; `None`: too many to name.
async fn keys(
    store: &Store,
    filter: &UsageFilter,
    oldest: i64,
    newest: i64,
) -> Result<Option<Vec<(i64, String)>>, StoreError> {
    let mut asked = Asked::new(
        "SELECT DISTINCT d.day AS day, d.credential_id AS credential_id FROM usage_days AS d WHERE d.requests > 0",
    );
    asked.with_number(" AND d.day >= ", oldest);
    asked.with_number(" AND d.day <= ", newest);
    asked.filter_of("d.", filter);
    asked.with_number(" ORDER BY 1 DESC, 2 LIMIT ", MOST_PLACES as i64 + 1);
    let rows = asked.rows(store).await?;
    if rows.len() > MOST_PLACES {
        return Ok(None);
    }
    let keys = rows.iter().map(|row| {
        let row = Columns(row);
        Ok((row.number("day")?, row.text("credential_id")?))
    });
    keys.collect::<Result<Vec<_>, StoreError>>().map(Some)
}
