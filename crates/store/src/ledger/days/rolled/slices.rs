//! A day is rolled up in slices, each a transaction of its own: whoever waits to
//! write waits for a few lines. How far a day is, is kept beside the totals and
//! read with them, so that each line counts once at any moment; what is left of a
//! day goes on where it stood, also after a crash and by another node.

use domain::Timestamp;
use sqlx::any::AnyArguments;
use sqlx::query::Query;
use sqlx::{Any, AnyConnection, AssertSqlSafe};

use super::{
    Detail, MONTHS_KEY, PEOPLE_KEY, PLACE, Person, Place, ROLLED, Rolled, SUM_COLUMNS, TOTALS_KEY, Told, WHOLE_SERVER,
    added, hold, month_of, of, rolled,
};
use crate::error::StoreError;
use crate::mutation::Write;
use crate::open::Store;
use crate::row::Columns;

/// A day is rolled up when it is so many days back: one more than late calls
/// need, for clocks that differ.
const ROLLED_AFTER: i64 = 3;

/// How many lines of a day one transaction rolls up: each adds to 21 others at
/// most.
pub(crate) const LINES_A_SLICE: usize = 100;

/// What a transaction came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rolling {
    /// There was nothing left to roll up.
    Done,
    /// The day has more lines.
    Part,
    /// A day is rolled up.
    Day,
}

/// Rolls up days that are over, up to `most` of them; how many.
///
/// # Errors
/// When the database cannot be written.
pub async fn roll_up(store: &Store, now: Timestamp, most: usize) -> Result<usize, StoreError> {
    let mut days = 0;
    while days < most {
        match roll_slice(store, now).await? {
            Rolling::Done => break,
            Rolling::Part => {}
            Rolling::Day => days += 1,
        }
    }
    Ok(days)
}

/// Rolls up the next lines of the next day that has any, in one transaction.
pub(crate) async fn roll_slice(store: &Store, now: Timestamp) -> Result<Rolling, StoreError> {
    let last = of(now.as_micros()) - ROLLED_AFTER;
    if rolled(store).await?.through >= last {
        return Ok(Rolling::Done);
    }
    let mut write = Write::begin_passing(store).await?;
    let connection = write.connection();
    hold(connection).await?;
    let at = Rolled::read(&sqlx::query(ROLLED).fetch_one(&mut *connection).await?)?;
    let (rolling, to) = match next_day(connection, &at, last).await? {
        None => (Rolling::Done, Rolled { through: last.max(at.through), part: None }),
        Some(day) => {
            let end = end_of_slice(connection, day, at.part.as_ref()).await?;
            let slice = Slice { day, after: at.part.as_ref(), end: end.as_ref() };
            for text in slice.texts() {
                slice.bind(sqlx::query(AssertSqlSafe(text))).execute(&mut *connection).await?;
            }
            match end {
                Some(place) => (Rolling::Part, Rolled { through: day - 1, part: Some(place) }),
                None => (Rolling::Day, Rolled { through: day, part: None }),
            }
        }
    };
    note(connection, &to).await?;
    write.commit().await?;
    Ok(rolling)
}

/// The day that is begun, or the next one that has lines.
async fn next_day(connection: &mut AnyConnection, at: &Rolled, last: i64) -> Result<Option<i64>, StoreError> {
    if at.part.is_some() {
        return Ok(Some(at.end()));
    }
    let text = "SELECT MIN(day) FROM usage_days WHERE day > $1 AND day <= $2";
    Ok(sqlx::query_scalar(text).bind(at.through).bind(last).fetch_one(connection).await?)
}

/// The last line of a slice; `None`: it goes to the end of its day.
async fn end_of_slice(
    connection: &mut AnyConnection,
    day: i64,
    after: Option<&Place>,
) -> Result<Option<Place>, StoreError> {
    let slice = Slice { day, after, end: None };
    let text = format!(
        "SELECT {PLACE} FROM usage_days WHERE {} ORDER BY {PLACE} LIMIT 2 OFFSET {}",
        slice.condition(),
        LINES_A_SLICE - 1
    );
    let rows = slice.bind(sqlx::query(AssertSqlSafe(text))).fetch_all(connection).await?;
    // Nothing comes after the last line of a day.
    let Some(row) = rows.first().filter(|_| rows.len() > 1).map(Columns) else { return Ok(None) };
    let mut place = Place::default();
    for (text, column) in place.iter_mut().zip(PLACE.split(", ")) {
        *text = row.text(column)?;
    }
    Ok(Some(place))
}

async fn note(connection: &mut AnyConnection, to: &Rolled) -> Result<(), StoreError> {
    let columns: Vec<String> =
        PLACE.split(", ").zip(2..).map(|(column, place)| format!("{column} = ${place}")).collect();
    let text = format!("UPDATE usage_rolled SET through = $1, {} WHERE id = 1", columns.join(", "));
    let mut query = sqlx::query(AssertSqlSafe(text)).bind(to.through);
    for number in 0..Place::default().len() {
        query = query.bind(to.part.as_ref().and_then(|place| place.get(number)).cloned());
    }
    query.execute(connection).await?;
    Ok(())
}

/// Some lines of a day.
struct Slice<'p> {
    day: i64,
    after: Option<&'p Place>,
    end: Option<&'p Place>,
}

impl Slice<'_> {
    /// Which lines, `$1` being the day and `$2` its month.
    fn condition(&self) -> String {
        let mut next = 3;
        let mut text = "day = $1 AND $2 = $2".to_owned();
        for (sign, place) in [(">", self.after), ("<=", self.end)] {
            if place.is_some() {
                let places: Vec<String> = (next..next + 9).map(|place| format!("${place}")).collect();
                text.push_str(&format!(" AND ({PLACE}) {sign} ({})", places.join(", ")));
                next += 9;
            }
        }
        text
    }

    fn bind(&self, query: Query<'static, Any, AnyArguments>) -> Query<'static, Any, AnyArguments> {
        let texts = self.after.into_iter().chain(self.end).flatten();
        texts.fold(query.bind(self.day).bind(month_of(self.day)), |query, text| query.bind(text.clone()))
    }

    /// What adds them to everything that is rolled up.
    fn texts(&self) -> Vec<String> {
        let condition = self.condition();
        let mut texts = vec![months(&condition)];
        for (detail, of_server) in Detail::kept() {
            texts.push(totals(detail.span(), "$1", detail.told(), of_server, &condition));
            if detail.has_months() {
                texts.push(totals(detail.span_of_months(of_server), "$2", detail.told(), of_server, &condition));
            }
        }
        for person in Person::ALL {
            texts.push(people(person.span(), "$1", person, &condition));
            texts.push(people(person.span_of_months(), "$2", person, &condition));
        }
        texts
    }
}

/// Lines added to those of people.
fn people(span: &str, day: &str, person: Person, condition: &str) -> String {
    let who = person.column();
    format!(
        "INSERT INTO usage_people ({PEOPLE_KEY}, {}) \
         SELECT '{span}', CAST({day} AS BIGINT), organization_id, {who}, scope, {} FROM usage_days WHERE {condition} \
         GROUP BY organization_id, {who}, scope ON CONFLICT ({PEOPLE_KEY}) DO UPDATE SET {}",
        SUM_COLUMNS.join(", "),
        SUM_COLUMNS.map(|column| format!("CAST(SUM({column}) AS BIGINT)")).join(", "),
        added("usage_people"),
    )
}

/// Lines added to those of a span.
fn totals(span: &str, day: &str, told: Told, of_server: bool, condition: &str) -> String {
    let kinds = [
        ("organization_id", !of_server),
        ("provider", told.provider),
        ("model", told.model),
        ("scope", true),
        ("source", told.source),
        ("team_id", told.team && !of_server),
    ];
    let [_, rest @ ..] = kinds.map(|(column, is_told)| if is_told { column } else { "''" });
    let groups: Vec<&str> = kinds.into_iter().filter(|(_, is_told)| *is_told).map(|(column, _)| column).collect();
    let organization = if of_server { format!("'{WHOLE_SERVER}'") } else { "organization_id".to_owned() };
    format!(
        "INSERT INTO usage_totals ({TOTALS_KEY}, {}) \
         SELECT '{span}', {organization}, CAST({day} AS BIGINT), {}, {} FROM usage_days WHERE {condition} GROUP BY {} \
         ON CONFLICT ({TOTALS_KEY}) DO UPDATE SET {}",
        SUM_COLUMNS.join(", "),
        rest.join(", "),
        SUM_COLUMNS.map(|column| format!("CAST(SUM({column}) AS BIGINT)")).join(", "),
        groups.join(", "),
        added("usage_totals"),
    )
}

/// Lines added to their month.
fn months(condition: &str) -> String {
    format!(
        "INSERT INTO usage_months ({MONTHS_KEY}, {columns}) SELECT CAST($2 AS BIGINT), organization_id, user_id, provider, \
         model, credential_id, scope, source, token_id, team_id, {columns} FROM usage_days WHERE {condition} \
         ON CONFLICT ({MONTHS_KEY}) DO UPDATE SET {}",
        added("usage_months"),
        columns = SUM_COLUMNS.join(", "),
    )
}
