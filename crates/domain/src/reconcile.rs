//! A provider's own bill beside the ledger: reading its CSV, and what differs for
//! each day and model. Nothing is changed by it.

use std::collections::BTreeMap;

use thiserror::Error;

use crate::money::Nanos;
use crate::time::Timestamp;

/// The most lines of a file.
pub const MOST_LINES: usize = 200_000;

/// Lines that could not be read and are told one by one.
const TOLD: usize = 20;

/// Names of columns, the best first, as OpenAI's and Anthropic's exports and other
/// people's files have them.
const DAY: [&str; 12] = [
    "usage_date_utc",
    "usage_date",
    "date_utc",
    "date",
    "day",
    "start_time_iso",
    "start_date",
    "bucket_start_time",
    "start_time",
    "timestamp",
    "time",
    "period",
];
const MODEL: [&str; 7] = ["model", "model_id", "model_name", "snapshot_id", "line_item", "sku", "description"];
const COST: [&str; 11] = [
    "cost_usd",
    "amount_value",
    "cost",
    "amount",
    "total_cost",
    "amount_usd",
    "cost_in_usd",
    "total_cost_usd",
    "spend",
    "usd",
    "total",
];
const CURRENCY: [&str; 2] = ["amount_currency", "currency"];

/// Why a file is not compared. `Display` is the sentence for whoever sent it.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Problem {
    /// It has no line of names.
    #[error("is empty; send the provider's export with its line of column names")]
    Empty,
    /// A column is missing.
    #[error("has no column for the {0}; its line of names needs one of {1}")]
    Missing(&'static str, String),
    /// It is longer than taken.
    #[error("has more than {MOST_LINES} lines; send fewer days at once")]
    TooLong,
    /// Its amounts are in another currency.
    #[error("bills in {0}; the ledger is in US dollars, so only those can be compared")]
    Currency(String),
    /// None of its lines can be read.
    #[error("has no line that says a day, a model and an amount")]
    Nothing,
}

/// What a provider bills for one model on one day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Billed {
    /// `2026-11-21`, UTC.
    pub day: String,
    /// As the provider writes it.
    pub model: String,
    /// How much.
    pub cost: Nanos,
}

/// A provider's bill.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Statement {
    /// What it bills.
    pub lines: Vec<Billed>,
    /// The columns that were read: day, model, cost.
    pub columns: [String; 3],
    /// How many lines could not be read.
    pub skipped: usize,
    /// The first of them, and why.
    pub told: Vec<String>,
}

impl Statement {
    /// Reads a CSV export with a line of names.
    ///
    /// # Errors
    /// When it cannot be compared at all.
    pub fn read(text: &str) -> Result<Self, Problem> {
        let rows = rows(text.trim_start_matches('\u{feff}'));
        let mut rows = rows.into_iter().filter(|row| row.iter().any(|cell| !cell.trim().is_empty()));
        let heads: Vec<String> = rows.next().ok_or(Problem::Empty)?.iter().map(|head| normal_head(head)).collect();
        let find = |names: &[&str]| names.iter().find_map(|name| heads.iter().position(|head| head == name));
        let column = |what, names: &[&str]| find(names).ok_or_else(|| Problem::Missing(what, names.join(", ")));
        let (day, model, cost) = (column("day", &DAY)?, column("model", &MODEL)?, column("cost", &COST)?);
        let currency = find(&CURRENCY);
        let name = |at: usize| heads.get(at).cloned().unwrap_or_default();
        let mut read = Self { columns: [name(day), name(model), name(cost)], ..Self::default() };
        for (number, row) in (2..).zip(rows) {
            if number > MOST_LINES {
                return Err(Problem::TooLong);
            }
            let cell = |at: usize| row.get(at).map_or("", |cell| cell.trim());
            if let Some(other) = currency.map(cell).filter(|it| !it.is_empty() && !it.eq_ignore_ascii_case("usd")) {
                return Err(Problem::Currency(other.chars().take(8).collect()));
            }
            match (day_of(cell(day)), model_of(cell(model)), amount(cell(cost))) {
                (Some(day), Some(model), Some(cost)) => read.lines.push(Billed { day, model, cost }),
                (day, model, _) => {
                    let what = if day.is_none() {
                        "day"
                    } else if model.is_none() {
                        "model"
                    } else {
                        "amount"
                    };
                    read.skip(format!("line {number}: no {what}"));
                }
            }
        }
        if read.lines.is_empty() { Err(Problem::Nothing) } else { Ok(read) }
    }

    fn skip(&mut self, why: String) {
        self.skipped += 1;
        if self.told.len() < TOLD {
            self.told.push(why);
        }
    }

    /// The first day and the last.
    #[must_use]
    pub fn days(&self) -> Option<(&str, &str)> {
        let days = || self.lines.iter().map(|line| line.day.as_str());
        days().min().zip(days().max())
    }
}

/// What the ledger has for one model on one day.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Ours {
    /// `2026-11-21`, UTC.
    pub day: String,
    /// The provider's id.
    pub model: String,
    /// What the provider bills, as far as it is known.
    pub cost: Nanos,
    /// Calls.
    pub calls: i64,
    /// Of these, without a cost.
    pub unknown: i64,
    /// Of these, with estimated counts.
    pub estimated: i64,
}

/// A day and a model, on both sides.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Compared {
    /// `2026-11-21`, UTC.
    pub day: String,
    /// The model: as the ledger has it, else as the provider does.
    pub model: String,
    /// The provider's figure; `None`: it does not bill this.
    pub theirs: Option<Nanos>,
    /// The ledger's figure; `None`: there was no call.
    pub ours: Option<Nanos>,
    /// Calls in the ledger.
    pub calls: i64,
    /// Of these, without a cost.
    pub unknown: i64,
    /// Of these, with estimated counts.
    pub estimated: i64,
}

impl Compared {
    /// What the ledger has beyond the provider's bill.
    #[must_use]
    pub fn difference(&self) -> Nanos {
        let of = |cost: Option<Nanos>| cost.map_or(0, |cost| cost.0);
        Nanos(of(self.ours).saturating_sub(of(self.theirs)))
    }
}

/// Both sides, by day and model.
#[must_use]
pub fn compare(theirs: &[Billed], ours: &[Ours]) -> Vec<Compared> {
    let mut lines: BTreeMap<(String, String), Compared> = BTreeMap::new();
    for own in ours {
        let line = lines.entry((own.day.clone(), normal_model(&own.model))).or_default();
        if line.model.is_empty() {
            (line.day, line.model) = (own.day.clone(), own.model.clone());
        }
        line.ours = Some(line.ours.unwrap_or_default().plus(own.cost));
        line.calls = line.calls.saturating_add(own.calls);
        line.unknown = line.unknown.saturating_add(own.unknown);
        line.estimated = line.estimated.saturating_add(own.estimated);
    }
    for billed in theirs {
        let line = lines.entry((billed.day.clone(), normal_model(&billed.model))).or_default();
        if line.model.is_empty() {
            (line.day, line.model) = (billed.day.clone(), billed.model.clone());
        }
        line.theirs = Some(line.theirs.unwrap_or_default().plus(billed.cost));
    }
    lines.into_values().collect()
}

/// The rows of a CSV text, with quoted cells.
fn rows(text: &str) -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    let mut row = Vec::new();
    let mut cell = String::new();
    let mut is_quoted = false;
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '"' if is_quoted && characters.peek() == Some(&'"') => {
                characters.next();
                cell.push('"');
            }
            '"' if is_quoted || cell.is_empty() => is_quoted = !is_quoted,
            ',' if !is_quoted => row.push(std::mem::take(&mut cell)),
            '\n' if !is_quoted => {
                row.push(std::mem::take(&mut cell));
                rows.push(std::mem::take(&mut row));
                if rows.len() > MOST_LINES + 1 {
                    return rows;
                }
            }
            '\r' if !is_quoted => {}
            other => cell.push(other),
        }
    }
    if !cell.is_empty() || !row.is_empty() {
        row.push(cell);
        rows.push(row);
    }
    rows
}

/// `Cost (USD)` is `cost_usd`.
fn normal_head(head: &str) -> String {
    let spaced: String =
        head.trim().to_lowercase().chars().map(|c| if c.is_ascii_alphanumeric() { c } else { ' ' }).collect();
    spaced.split_whitespace().collect::<Vec<_>>().join("_")
}

/// A date, a time, or seconds since 1970.
fn day_of(text: &str) -> Option<String> {
    let date = if text.len() >= 9 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        Timestamp::from_seconds(text.parse().ok().filter(|seconds| *seconds < 100_000_000_000_i64)?).to_string()
    } else {
        text.replace('/', "-")
    };
    let date = date.get(..10)?;
    Timestamp::parse(&format!("{date}T00:00:00Z")).map(|_| date.to_owned())
}

/// `gpt-6, input` is a line of `gpt-6`.
fn model_of(text: &str) -> Option<String> {
    let model = text.split(',').next().unwrap_or_default().trim();
    (!model.is_empty()).then(|| model.chars().take(200).collect())
}

/// The same model, whether by its id, by its id with a date, or by its name:
/// `Claude Sonnet 4.5` is `claude-sonnet-4-5-20250929`.
fn normal_model(model: &str) -> String {
    let lower = model.trim().to_lowercase();
    let lower = lower.strip_prefix("models/").unwrap_or(&lower);
    let plain: String = lower.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    let words: Vec<&str> = plain.split('-').filter(|word| !word.is_empty()).collect();
    let is = |word: &&str, digits: usize| word.len() == digits && word.bytes().all(|byte| byte.is_ascii_digit());
    let kept = match &words[..] {
        [kept @ .., "latest"] => kept,
        [kept @ .., date] if is(date, 8) => kept,
        [kept @ .., year, month, day] if is(year, 4) && is(month, 2) && is(day, 2) => kept,
        all => all,
    };
    kept.join("-")
}

/// Dollars with any number of decimals, rounded half to even to nano-dollars.
fn amount(text: &str) -> Option<Nanos> {
    let text: String = text.chars().filter(|c| !matches!(c, '$' | ',' | ' ')).collect();
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (text.as_str(), 0),
    };
    let (is_negative, mantissa) = match mantissa.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, mantissa),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    if digits.is_empty() || digits.len() > 36 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let number: i128 = digits.parse().ok()?;
    let shift = exponent.checked_add(9)?.checked_sub(i32::try_from(fraction.len()).ok()?)?;
    let nanos = if shift >= 0 {
        number.checked_mul(10_i128.checked_pow(u32::try_from(shift).ok()?)?)?
    } else {
        match 10_i128.checked_pow(shift.unsigned_abs()) {
            Some(divisor) => {
                let (quotient, rest) = (number / divisor, number % divisor);
                let is_up = rest * 2 > divisor || (rest * 2 == divisor && quotient % 2 == 1);
                quotient + i128::from(is_up)
            }
            None => 0,
        }
    };
    i64::try_from(if is_negative { -nanos } else { nanos }).ok().map(Nanos)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<(String, String, i64)> {
        let read = Statement::read(text).unwrap();
        read.lines.into_iter().map(|line| (line.day, line.model, line.cost.0)).collect()
    }

    #[test]
    fn exports_of_providers_are_read_by_their_names_of_columns() {
        let openai = "start_time,end_time,start_time_iso,end_time_iso,amount_value,amount_currency,line_item,project_id\n\
             1795219200,1795305600,2026-11-21T00:00:00+00:00,2026-11-22T00:00:00+00:00,0.0123456789,usd,\"gpt-6-2026-08-07, input\",p\n\
             1795219200,1795305600,2026-11-21T00:00:00+00:00,2026-11-22T00:00:00+00:00,0.5,usd,\"gpt-6-2026-08-07, output\",p\n";
        assert_eq!(
            lines(openai),
            [
                ("2026-11-21".into(), "gpt-6-2026-08-07".into(), 12_345_679),
                ("2026-11-21".into(), "gpt-6-2026-08-07".into(), 500_000_000)
            ]
        );
        let anthropic = "\u{feff}usage_date_utc,model,workspace,api_key,usage_type,context_window,token_type,cost_usd,cost_type\r\n\
             2026-11-20,Claude Sonnet 4.5,Default,k,message,≤ 200k,input_no_cache,1.25,token\r\n";
        assert_eq!(lines(anthropic), [("2026-11-20".into(), "Claude Sonnet 4.5".into(), 1_250_000_000)]);
        let generic = "Day,Model,Cost (USD)\n2026/11/20,m,\"$1,234.5\"\n1795219200,m,1e-3\n";
        assert_eq!(
            lines(generic),
            [("2026-11-20".into(), "m".into(), 1_234_500_000_000), ("2026-11-21".into(), "m".into(), 1_000_000)]
        );
    }

    #[test]
    fn what_cannot_be_compared_says_why() {
        for (text, problem) in [
            ("", "is empty"),
            ("day,cost\n", "has no column for the model"),
            ("day,model,cost,currency\n2026-11-20,m,1,eur\n", "bills in eur"),
            ("day,model,cost\nnever,m,1\n2026-11-20,,1\n2026-11-20,m,lots\n", "has no line"),
        ] {
            let said = Statement::read(text).unwrap_err().to_string();
            assert!(said.starts_with(problem), "{said}");
        }
        let read = Statement::read("day,model,cost\n2026-11-20,m,1\nnever,m,1\n2026-02-31,m,1\n").unwrap();
        assert_eq!((read.lines.len(), read.skipped), (1, 2));
        assert_eq!(read.told, ["line 3: no day", "line 4: no day"]);
    }

    #[test]
    fn both_sides_meet_by_day_and_model_however_the_model_is_written() {
        let ours = |day: &str, model: &str, cost| Ours {
            day: day.into(),
            model: model.into(),
            cost: Nanos(cost),
            calls: 3,
            unknown: 1,
            estimated: 0,
        };
        let theirs = |day: &str, model: &str, cost| Billed { day: day.into(), model: model.into(), cost: Nanos(cost) };
        let lines = compare(
            &[
                theirs("2026-11-20", "Claude Sonnet 4.5", 70),
                theirs("2026-11-20", "Claude Sonnet 4.5", 30),
                theirs("2026-11-21", "gpt-6-2026-08-07", 5),
            ],
            &[ours("2026-11-20", "claude-sonnet-4-5-20250929", 90), ours("2026-11-20", "models/x", 1)],
        );
        let told: Vec<_> =
            lines.iter().map(|line| (&*line.day, &*line.model, line.theirs, line.ours, line.difference().0)).collect();
        assert_eq!(
            told,
            [
                ("2026-11-20", "claude-sonnet-4-5-20250929", Some(Nanos(100)), Some(Nanos(90)), -10),
                ("2026-11-20", "models/x", None, Some(Nanos(1)), 1),
                ("2026-11-21", "gpt-6-2026-08-07", Some(Nanos(5)), None, -5),
            ]
        );
    }

    #[test]
    fn amounts_are_rounded_once_and_to_even() {
        for (text, nanos) in [
            ("0.0000000005", Some(0)),
            ("0.0000000015", Some(2)),
            ("-1", Some(-1_000_000_000)),
            ("1.5e-07", Some(150)),
            ("", None),
            ("1..2", None),
            ("NaN", None),
            ("1e400", None),
            ("99999999999", None),
            ("1e-40", Some(0)),
        ] {
            assert_eq!(amount(text).map(|amount| amount.0), nanos, "{text}");
        }
    }
}
