//! Lists: `?skip=0&limit=100`, answered as `{"data": […], "count": n}`, and the
//! big ones by cursor.

use app::error::Error;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// The most rows that may be passed over.
const MAX_SKIP: i64 = 10_000;

/// The most rows of one answer.
const MAX_LIMIT: i64 = 500;

/// Rows of an answer when the request does not say.
const USUAL_LIMIT: i64 = 100;

/// A list and how many there are in all.
#[derive(Serialize, ToSchema)]
pub(crate) struct List<T> {
    /// The rows, as many as `limit` allows.
    pub(crate) data: Vec<T>,
    /// How many there are in all.
    #[schema(minimum = 0)]
    pub(crate) count: i64,
}

/// One page of a big list.
#[derive(Serialize, ToSchema)]
pub(crate) struct CursorPage<T> {
    /// The rows, as many as `limit` allows.
    pub(crate) data: Vec<T>,
    /// How many there are in all, exact up to 10,000.
    #[schema(minimum = 0)]
    pub(crate) count: i64,
    /// Whether there are no more than `count`.
    pub(crate) count_is_exact: bool,
    /// Send it as `after` for the next page; `null` on the last one.
    pub(crate) next: Option<String>,
}

/// Where in a list to start, and how much of it to give.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(crate) struct Paging {
    /// Rows to pass over, 0 to 10,000.
    #[param(minimum = 0, maximum = 10_000)]
    pub(crate) skip: Option<i64>,
    /// Rows to give, 1 to 500; 100 unless said.
    #[param(minimum = 1, maximum = 500)]
    pub(crate) limit: Option<i64>,
}

/// A checked `skip` and `limit`.
///
/// # Errors
/// `invalid_request` when one is out of range.
pub(crate) fn window(skip: Option<i64>, limit: Option<i64>) -> Result<(i64, i64), Error> {
    let skip = skip.unwrap_or(0);
    if !(0..=MAX_SKIP).contains(&skip) {
        return Err(Error::invalid("skip", format!("must be 0 to {MAX_SKIP}; use filters to reach later rows")));
    }
    Ok((skip, limit_of(limit)?))
}

/// A checked `limit`.
///
/// # Errors
/// `invalid_request` when it is out of range.
pub(crate) fn limit_of(limit: Option<i64>) -> Result<i64, Error> {
    let limit = limit.unwrap_or(USUAL_LIMIT);
    if (1..=MAX_LIMIT).contains(&limit) {
        Ok(limit)
    } else {
        Err(Error::invalid("limit", format!("must be 1 to {MAX_LIMIT}")))
    }
}
