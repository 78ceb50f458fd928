//! Days that are over, summed up further: by organization without the people,
//! and by month with them. A report over a year reads those. Calls that end pay
//! nothing for it: a day is rolled up once it is over, and the few calls of such
//! a day that still end are added by whoever ends them.

use std::sync::atomic::{AtomicI64, Ordering};

use domain::Timestamp;
use sqlx::{AnyConnection, AssertSqlSafe};

use super::{DAY_MICROS, SUM_COLUMNS, added, of};
use crate::error::StoreError;
use crate::mutation::Write;
use crate::open::Store;

/// A call that ends so many days after it began may find its day rolled up.
const LATE_AFTER: i64 = 2;

/// A day is rolled up when it is so many days back: one more, for clocks that
/// differ.
const ROLLED_AFTER: i64 = 3;

/// Waits for whoever rolls up, so that a line is either read by them or added.
const HOLD: &str = "UPDATE usage_rolled SET through = through WHERE id = 1";

const THROUGH: &str = "SELECT through FROM usage_rolled WHERE id = 1";

const TOTALS_KEY: &str = "span, organization_id, day, provider, model, scope, source, team_id";
const MONTHS_KEY: &str =
    "month, organization_id, user_id, provider, model, credential_id, scope, source, token_id, team_id";

/// The organization's column of the lines that are the whole server's.
pub(crate) const WHOLE_SERVER: &str = "*";

/// The last day that is rolled up.
///
/// # Errors
/// When the database cannot be read.
pub(crate) async fn through(store: &Store) -> Result<i64, StoreError> {
    let through = sqlx::query_scalar(THROUGH).fetch_one(store.pool()).await?;
    SEEN.fetch_max(through, Ordering::Relaxed);
    Ok(through)
}

/// The last day that this process knows to be rolled up. Whatever it says, a line
/// is added only where the database has its day rolled up, so that too late a day
/// costs a statement and nothing else.
static SEEN: AtomicI64 = AtomicI64::new(i64::MIN);

/// Whether a line of this day may be of one that is rolled up: by the clock, or,
/// where a clock was wrong, by what was seen.
pub(super) fn may_be_rolled(day: i64, ended_at: i64) -> bool {
    day + LATE_AFTER <= of(ended_at) || day <= SEEN.load(Ordering::Relaxed)
}

/// Keeps whoever rolls up waiting until this transaction is over.
pub(super) async fn hold(connection: &mut AnyConnection) -> Result<(), StoreError> {
    sqlx::query(HOLD).execute(connection).await?;
    Ok(())
}

/// Rolls up days that are over, up to `most` of them; how many.
///
/// # Errors
/// When the database cannot be written.
pub async fn roll_up(store: &Store, now: Timestamp, most: usize) -> Result<usize, StoreError> {
    let last = of(now.as_micros()) - ROLLED_AFTER;
    let mut rolled = 0;
    while rolled < most && through(store).await? < last {
        if !roll_next(store, last).await? {
            break;
        }
        rolled += 1;
    }
    Ok(rolled)
}

/// Rolls up the next day that has calls; whether there was one.
async fn roll_next(store: &Store, last: i64) -> Result<bool, StoreError> {
    let mut write = Write::begin_passing(store).await?;
    let connection = write.connection();
    hold(connection).await?;
    let through: i64 = sqlx::query_scalar(THROUGH).fetch_one(&mut *connection).await?;
    let next: Option<i64> = sqlx::query_scalar("SELECT MIN(day) FROM usage_days WHERE day > $1 AND day <= $2")
        .bind(through)
        .bind(last)
        .fetch_one(&mut *connection)
        .await?;
    if let Some(day) = next {
        let texts = [
            totals("'day'", false),
            totals("'day'", true),
            totals("'month'", false),
            totals("'month'", true),
            months(),
        ];
        for text in texts {
            sqlx::query(AssertSqlSafe(text)).bind(day).bind(month_of(day)).execute(&mut *connection).await?;
        }
    }
    sqlx::query("UPDATE usage_rolled SET through = $1 WHERE id = 1 AND through < $1")
        .bind(next.unwrap_or(last))
        .execute(&mut *connection)
        .await?;
    write.commit().await?;
    Ok(next.is_some())
}

/// A day's lines added to those of a span, `$1` being the day and `$2` its month.
fn totals(span: &str, of_server: bool) -> String {
    let (organization, team) = if of_server { ("'*'", "''") } else { ("organization_id", "team_id") };
    let day = if span == "'day'" { "CAST($1 AS BIGINT)" } else { "CAST($2 AS BIGINT)" };
    let groups = if of_server { "" } else { ", organization_id, team_id" };
    format!(
        "INSERT INTO usage_totals ({TOTALS_KEY}, {}) \
         SELECT {span}, {organization}, {day}, provider, model, scope, source, {team}, {} \
         FROM usage_days WHERE day = $1 AND $2 = $2 GROUP BY provider, model, scope, source{groups} \
         ON CONFLICT ({TOTALS_KEY}) DO UPDATE SET {}",
        SUM_COLUMNS.join(", "),
        summed(),
        added("usage_totals"),
    )
}

/// A day's lines added to its month, `$1` being the day and `$2` the month.
fn months() -> String {
    format!(
        "INSERT INTO usage_months ({MONTHS_KEY}, {columns}) SELECT CAST($2 AS BIGINT), organization_id, user_id, provider, \
         model, credential_id, scope, source, token_id, team_id, {columns} FROM usage_days WHERE day = $1 \
         ON CONFLICT ({MONTHS_KEY}) DO UPDATE SET {}",
        added("usage_months"),
        columns = SUM_COLUMNS.join(", "),
    )
}

fn summed() -> String {
    SUM_COLUMNS.map(|column| format!("CAST(SUM({column}) AS BIGINT)")).join(", ")
}

/// What adds one line to the days that are rolled up: to an organization's, to
/// the whole server's, and to the month's. Its values are those of a line of
/// `usage_days`, and the month.
pub(super) fn late_texts() -> Vec<String> {
    // The places of a line: user 1, provider 2, model 3, key 4, scope 5, source 6, token 7, team 8,
    // organization 9, day 10, sums 11 to 26; the month is 27.
    let text = |place: usize| format!("CAST(${place} AS TEXT)");
    let number = |place: usize| format!("CAST(${place} AS BIGINT)");
    let sums: Vec<String> = (11..11 + SUM_COLUMNS.len()).map(number).collect();
    let add = |table: &str, key: &str, values: &[String]| {
        format!(
            "INSERT INTO {table} ({key}, {}) SELECT {}, {} WHERE CAST($10 AS BIGINT) <= ({THROUGH}) AND $27 = $27 AND \
             $1 = $1 AND $4 = $4 AND $7 = $7 ON CONFLICT ({key}) DO UPDATE SET {}",
            SUM_COLUMNS.join(", "),
            values.join(", "),
            sums.join(", "),
            added(table)
        )
    };
    let total = |span: &str, day: usize, organization: String, team: String| {
        let values = [format!("'{span}'"), organization, number(day), text(2), text(3), text(5), text(6), team];
        add("usage_totals", TOTALS_KEY, &values)
    };
    let server = format!("'{WHOLE_SERVER}'");
    let month = [number(27), text(9), text(1), text(2), text(3), text(4), text(5), text(6), text(7), text(8)];
    vec![
        total("day", 10, text(9), text(8)),
        total("day", 10, server.clone(), "''".to_owned()),
        total("month", 27, text(9), text(8)),
        total("month", 27, server, "''".to_owned()),
        add("usage_months", MONTHS_KEY, &month),
    ]
}

/// The first day of the month that a day is in.
pub(crate) fn month_of(day: i64) -> i64 {
    let date = Timestamp::from_micros(day.saturating_mul(DAY_MICROS)).to_string();
    let first = format!("{}-01T00:00:00Z", date.get(..7).unwrap_or_default());
    Timestamp::parse(&first).map_or(day, |first| of(first.as_micros()))
}

/// The first day of the next month.
pub(crate) fn month_after(day: i64) -> i64 {
    month_of(month_of(day) + 32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_begin_where_calendars_say() {
        let day = |date: &str| of(Timestamp::parse(&format!("{date}T00:00:00Z")).unwrap().as_micros());
        for (within, first, next) in [
            ("2026-11-21", "2026-11-01", "2026-12-01"),
            ("2026-12-31", "2026-12-01", "2027-01-01"),
            ("2028-02-29", "2028-02-01", "2028-03-01"),
            ("2027-01-01", "2027-01-01", "2027-02-01"),
        ] {
            assert_eq!((month_of(day(within)), month_after(day(within))), (day(first), day(next)), "{within}");
        }
    }
}
