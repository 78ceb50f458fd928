//! The texts that look for events. The indices for reports have finished
//! attempts only, so each search is made twice: among those, and among the few
//! that are under way. Each half has its own condition on the state, which is
//! what lets a database use the index.

/// An event's first attempts of one state within the times, of requests one of
/// whose attempts passes the rest of the filter. A bound that is not given is
/// the least or the greatest number, because an index serves no `OR`. Days on
/// which nothing passes are passed over without a look at their calls.
macro_rules! first_attempts {
    ($user:literal, $days:literal, $state:literal) => {
        concat!(
            "SELECT f.at AS at, f.request_id AS request_id FROM attempts AS f WHERE f.number = 1 AND f.state ",
            $state,
            " AND ",
            $user,
            " AND f.at >= COALESCE(CAST($2 AS BIGINT), -9223372036854775807) \
             AND f.at < COALESCE(CAST($3 AS BIGINT), 9223372036854775807) \
             AND ((CAST($4 AS TEXT) IS NULL AND CAST($5 AS TEXT) IS NULL AND CAST($6 AS TEXT) IS NULL \
             AND CAST($7 AS TEXT) IS NULL AND CAST($8 AS TEXT) IS NULL) \
             OR (f.at / 86400000000 IN (",
            days_with!("d.day", $days),
            " UNION ",
            // A second attempt may be after midnight.
            days_with!("d.day - 1", $days),
            ") AND EXISTS (SELECT 1 FROM attempts AS a WHERE a.request_id = f.request_id AND a.state <> 'dispatched'",
            passes!("a"),
            ")) OR f.request_id IN (SELECT a.request_id FROM attempts AS a WHERE a.state = 'dispatched'",
            passes!("a"),
            "))"
        )
    };
}

/// The days on which an attempt that ended passes.
macro_rules! days_with {
    ($day:literal, $user:literal) => {
        concat!(
            "SELECT ",
            $day,
            " FROM usage_days AS d WHERE ",
            $user,
            " AND d.day >= COALESCE(CAST($2 AS BIGINT), 0) / 86400000000 \
             AND d.day <= COALESCE(CAST($3 AS BIGINT), 9223372036854775807) / 86400000000 + 1",
            passes!("d")
        )
    };
}

/// Whether an attempt, or a line of a day, passes.
macro_rules! passes {
    ($of:literal) => {
        concat!(
            " AND (CAST($4 AS TEXT) IS NULL OR ",
            $of,
            ".provider = $4) AND (CAST($5 AS TEXT) IS NULL OR ",
            $of,
            ".model = $5) AND (CAST($6 AS TEXT) IS NULL OR ",
            $of,
            ".credential_id = $6) AND (CAST($7 AS TEXT) IS NULL OR ",
            $of,
            ".source = $7) AND (CAST($8 AS TEXT) IS NULL OR ",
            $of,
            ".token_id = $8)"
        )
    };
}

macro_rules! count {
    ($user:literal, $days:literal) => {
        concat!(
            "SELECT CAST(COUNT(*) AS BIGINT) FROM (",
            first_attempts!($user, $days, "<> 'dispatched'"),
            " UNION ALL ",
            first_attempts!($user, $days, "= 'dispatched'"),
            " LIMIT 10001) AS counted"
        )
    };
}

/// Where a page goes on: bounded by the time for the index, then by the request.
macro_rules! after {
    () => {
        " AND f.at <= COALESCE(CAST($9 AS BIGINT), 9223372036854775807) \
         AND (CAST($9 AS BIGINT) IS NULL OR f.at < $9 OR f.request_id < $10)"
    };
}

macro_rules! page {
    ($user:literal, $days:literal) => {
        concat!(
            "WITH page AS MATERIALIZED (",
            first_attempts!($user, $days, "<> 'dispatched'"),
            after!(),
            " UNION ALL ",
            first_attempts!($user, $days, "= 'dispatched'"),
            after!(),
            " ORDER BY at DESC, request_id DESC LIMIT $11) \
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
pub(super) const OF_ALL: Texts = Texts {
    count: count!("CAST($1 AS TEXT) IS NULL", "CAST($1 AS TEXT) IS NULL"),
    page: page!("CAST($1 AS TEXT) IS NULL", "CAST($1 AS TEXT) IS NULL"),
};

/// Of the user `$1`.
pub(super) const OF_USER: Texts =
    Texts { count: count!("f.user_id = $1", "d.user_id = $1"), page: page!("f.user_id = $1", "d.user_id = $1") };

/// The attempts of one request.
pub(super) const ONE: &str = "SELECT * FROM attempts WHERE state <> 'dispatched' AND request_id = $1 \
     UNION ALL SELECT * FROM attempts WHERE state = 'dispatched' AND request_id = $1 ORDER BY number";

#[cfg(test)]
mod tests;
