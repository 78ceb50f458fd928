//! The texts that look for events. The indices for reports have finished
//! attempts only, so each search is made twice: among those, and among the few
//! that are under way. Each half has its own condition on the state, which is
//! what lets a database use the index.

/// An event's first attempts of one state within the times, of requests one of
/// whose attempts passes the rest of the filter. A bound that is not given is
/// the least or the greatest number, because an index serves no `OR`.
macro_rules! first_attempts {
    ($user:literal, $state:literal) => {
        concat!(
            "SELECT f.at AS at, f.request_id AS request_id FROM attempts AS f WHERE f.number = 1 AND f.state ",
            $state,
            " AND ",
            $user,
            " AND f.at >= COALESCE(CAST($2 AS BIGINT), -9223372036854775807) \
             AND f.at < COALESCE(CAST($3 AS BIGINT), 9223372036854775807) \
             AND ((CAST($4 AS TEXT) IS NULL AND CAST($5 AS TEXT) IS NULL AND CAST($6 AS TEXT) IS NULL \
             AND CAST($7 AS TEXT) IS NULL) OR ",
            one_passes!("<> 'dispatched'"),
            " OR ",
            one_passes!("= 'dispatched'"),
            ")"
        )
    };
}

/// Whether an attempt of one state of the same request passes.
macro_rules! one_passes {
    ($state:literal) => {
        concat!(
            "EXISTS (SELECT 1 FROM attempts AS a WHERE a.request_id = f.request_id AND a.state ",
            $state,
            " AND (CAST($4 AS TEXT) IS NULL OR a.provider = $4) AND (CAST($5 AS TEXT) IS NULL OR a.model = $5) \
             AND (CAST($6 AS TEXT) IS NULL OR a.credential_id = $6) AND (CAST($7 AS TEXT) IS NULL OR a.source = $7))"
        )
    };
}

macro_rules! count {
    ($user:literal) => {
        concat!(
            "SELECT CAST(COUNT(*) AS BIGINT) FROM (",
            first_attempts!($user, "<> 'dispatched'"),
            " UNION ALL ",
            first_attempts!($user, "= 'dispatched'"),
            " LIMIT 10001) AS counted"
        )
    };
}

/// Where a page goes on: bounded by the time for the index, then by the request.
macro_rules! after {
    () => {
        " AND f.at <= COALESCE(CAST($8 AS BIGINT), 9223372036854775807) \
         AND (CAST($8 AS BIGINT) IS NULL OR f.at < $8 OR f.request_id < $9)"
    };
}

macro_rules! page {
    ($user:literal) => {
        concat!(
            "WITH page AS MATERIALIZED (",
            first_attempts!($user, "<> 'dispatched'"),
            after!(),
            " UNION ALL ",
            first_attempts!($user, "= 'dispatched'"),
            after!(),
            " ORDER BY at DESC, request_id DESC LIMIT $10) \
             SELECT * FROM attempts WHERE state <> 'dispatched' AND request_id IN (SELECT request_id FROM page) \
             UNION ALL \
             SELECT * FROM attempts WHERE state = 'dispatched' AND request_id IN (SELECT request_id FROM page) \
             ORDER BY request_id, number"
        )
    };
}

/// The texts for one kind of filter.
pub(super) struct Texts {
    /// How many events; no more than 10,001.
    pub(super) count: &'static str,
    /// A page's attempts, in the order of their requests.
    pub(super) page: &'static str,
}

/// Of everybody; `$1` is not given.
pub(super) const OF_ALL: Texts =
    Texts { count: count!("CAST($1 AS TEXT) IS NULL"), page: page!("CAST($1 AS TEXT) IS NULL") };

/// Of the user `$1`.
pub(super) const OF_USER: Texts = Texts { count: count!("f.user_id = $1"), page: page!("f.user_id = $1") };

/// The attempts of one request.
pub(super) const ONE: &str = "SELECT * FROM attempts WHERE state <> 'dispatched' AND request_id = $1 \
     UNION ALL SELECT * FROM attempts WHERE state = 'dispatched' AND request_id = $1 ORDER BY number";

#[cfg(test)]
mod tests;
