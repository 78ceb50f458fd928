//! What the bars of a chart are as high as: one figure for each day and group,
//! where all that a summary says would be read for nothing.

use domain::text_enum;

use super::UsageFilter;
use super::origin::Needs;
use super::summary::{GroupBy, Sums, date_of, grouped, key_of};
use crate::error::StoreError;
use crate::open::Store;
use crate::row::Columns;

/// What bars are as high as, and by which groups are large.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Figure {
    /// What clients are billed, as far as it is known, in nano-dollars.
    ClientCost,
    /// Prompt and completion tokens, as far as they are known.
    Tokens,
    /// Requests whose first attempt was in that day.
    Requests,
}

text_enum!(Figure, "figure" { ClientCost => "client_cost", Tokens => "tokens", Requests => "requests" });

impl Figure {
    /// What it is made of, in SQL.
    pub(super) const fn column(self) -> &'static str {
        match self {
            Self::ClientCost => "client_cost_nanos",
            Self::Tokens => "prompt_tokens + completion_tokens",
            Self::Requests => "requests",
        }
    }
}

/// The part of a day's bar that is one group's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bar {
    /// `2026-11-21`.
    pub day: String,
    /// As the key of a [`super::UsageLine`].
    pub key: String,
    /// In the figure's unit.
    pub amount: i64,
}

/// Bars in the order of days: of all groups, or of those `among` these keys.
///
/// # Errors
/// When the database cannot be read.
pub async fn bars(
    store: &Store,
    filter: &UsageFilter,
    by: GroupBy,
    figure: Figure,
    among: Option<&[String]>,
) -> Result<Vec<Bar>, StoreError> {
    let sums = Sums::One { column: figure.column(), among };
    let rows = grouped(store, filter, by.column(), "day", Needs::of(by, true), sums).await?;
    let mut bars = rows
        .iter()
        .map(|row| {
            let columns = Columns(row);
            Ok(Bar {
                day: date_of(columns.number("day")?),
                key: key_of(&columns, by)?,
                amount: columns.number("amount")?,
            })
        })
        .collect::<Result<Vec<_>, StoreError>>()?;
    bars.sort_by(|a, b| (&a.day, &a.key).cmp(&(&b.day, &b.key)));
    Ok(bars)
}
