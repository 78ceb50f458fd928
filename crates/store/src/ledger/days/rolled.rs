//! Days that are over, summed up further: by organization without the people,
//! by person, and by month with everything. A report over a year reads those. Calls that end pay
//! nothing for it: a day is rolled up once it is over, slice by slice, and the few
//! calls of such a day that still end are added by whoever ends them.

mod detail;
mod person;
mod slices;

use std::sync::atomic::{AtomicI64, Ordering};

use domain::Timestamp;
use sqlx::AnyConnection;
use sqlx::any::AnyRow;

use super::{DAY_MICROS, SUM_COLUMNS, added, of};
use crate::error::StoreError;
use crate::open::Store;
use crate::row::Columns;

pub(crate) use detail::{Detail, Told};
pub(crate) use person::Person;
pub use slices::roll_up;
#[cfg(test)]
pub(crate) use slices::{LINES_A_SLICE, Rolling, roll_slice};

/// A call that ends so many days after it began may find its day rolled up.
const LATE_AFTER: i64 = 2;

/// Waits for whoever rolls up, so that a line is either read by them or added.
const HOLD: &str = "UPDATE usage_rolled SET through = through WHERE id = 1";

const ROLLED: &str = "SELECT through, user_id, provider, model, credential_id, scope, source, token_id, team_id, \
     organization_id FROM usage_rolled WHERE id = 1";

/// What a line of a day is known by, in the order in which a day is rolled up.
pub(crate) const PLACE: &str =
    "user_id, provider, model, credential_id, scope, source, token_id, team_id, organization_id";

const TOTALS_KEY: &str = "span, organization_id, day, provider, model, scope, source, team_id";
const PEOPLE_KEY: &str = "span, day, organization_id, who, scope";
const MONTHS_KEY: &str =
    "month, organization_id, user_id, provider, model, credential_id, scope, source, token_id, team_id";

/// The organization's column of the lines that are the whole server's.
pub(crate) const WHOLE_SERVER: &str = "*";

/// What the columns of [`PLACE`] are in a line.
pub(crate) type Place = [String; 9];

/// How far days are rolled up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rolled {
    /// The last day that is wholly rolled up.
    pub(crate) through: i64,
    /// The last line of the day after it that is; `None`: none is.
    pub(crate) part: Option<Place>,
}

impl Rolled {
    /// The first day that is not wholly rolled up.
    pub(crate) const fn end(&self) -> i64 {
        self.through.saturating_add(1)
    }

    /// The first day of which nothing is rolled up.
    pub(crate) fn beyond(&self) -> i64 {
        self.end().saturating_add(i64::from(self.part.is_some()))
    }

    fn read(row: &AnyRow) -> Result<Self, StoreError> {
        let row = Columns(row);
        let mut place = Place::default();
        let mut is_part = false;
        for (text, column) in place.iter_mut().zip(PLACE.split(", ")) {
            if let Some(found) = row.optional_text(column)? {
                (*text, is_part) = (found, true);
            }
        }
        let rolled = Self { through: row.number("through")?, part: is_part.then_some(place) };
        SEEN.fetch_max(rolled.beyond().saturating_sub(1), Ordering::Relaxed);
        Ok(rolled)
    }
}

/// How far days are rolled up.
///
/// # Errors
/// When the database cannot be read.
pub(crate) async fn rolled(store: &Store) -> Result<Rolled, StoreError> {
    Rolled::read(&sqlx::query(ROLLED).fetch_one(store.pool()).await?)
}

/// The last day that this process knows to be rolled up, in part at least.
/// Whatever it says, a line is added only where the database has it rolled up, so
/// that too late a day costs some statements and nothing else.
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

/// What adds one line to everything that is rolled up. Its values are those of a
/// line of `usage_days`, and the month.
pub(super) fn late_texts() -> Vec<String> {
    // The places of a line: user 1, provider 2, model 3, key 4, scope 5, source 6, token 7, team 8,
    // organization 9, day 10, sums 11 to 26; the month is 27.
    let text = |place: usize| format!("CAST(${place} AS TEXT)");
    let number = |place: usize| format!("CAST(${place} AS BIGINT)");
    let told = |is_told: bool, place: usize| if is_told { text(place) } else { "''".to_owned() };
    let sums: Vec<String> = (11..11 + SUM_COLUMNS.len()).map(number).collect();
    let add = |table: &str, key: &str, values: &[String]| {
        format!(
            "INSERT INTO {table} ({key}, {}) SELECT {}, {} FROM usage_rolled WHERE id = 1 AND $27 = $27 AND \
             (through >= CAST($10 AS BIGINT) OR (through = CAST($10 AS BIGINT) - 1 AND \
             ({PLACE}) >= ($1, $2, $3, $4, $5, $6, $7, $8, $9))) ON CONFLICT ({key}) DO UPDATE SET {}",
            SUM_COLUMNS.join(", "),
            values.join(", "),
            sums.join(", "),
            added(table)
        )
    };
    let total = |span: &str, day: usize, Told { provider, model, source, team }: Told, of_server: bool| {
        let organization = if of_server { format!("'{WHOLE_SERVER}'") } else { text(9) };
        let kinds = [told(provider, 2), told(model, 3), text(5), told(source, 6), told(team && !of_server, 8)];
        let values: Vec<String> = [format!("'{span}'"), organization, number(day)].into_iter().chain(kinds).collect();
        add("usage_totals", TOTALS_KEY, &values)
    };
    let month = [number(27), text(9), text(1), text(2), text(3), text(4), text(5), text(6), text(7), text(8)];
    let mut texts = vec![add("usage_months", MONTHS_KEY, &month)];
    for (detail, of_server) in Detail::kept() {
        texts.push(total(detail.span(), 10, detail.told(), of_server));
        if detail.has_months() {
            texts.push(total(detail.span_of_months(of_server), 27, detail.told(), of_server));
        }
    }
    for person in Person::ALL {
        for (span, day) in [(person.span(), 10), (person.span_of_months(), 27)] {
            let line = [format!("'{span}'"), number(day), text(9), text(person.place()), text(5)];
            texts.push(add("usage_people", PEOPLE_KEY, &line));
        }
    }
    texts
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
