//! How columns become words: typed reading of a row, with the column's name in
//! every complaint.

use std::fmt::Display;
use std::str::FromStr;

use domain::credential::{Owner, Scope};
use domain::{Nanos, Timestamp};
use sqlx::Row as _;
use sqlx::any::AnyRow;

use crate::error::StoreError;

/// A database row, read by column name.
pub(crate) struct Columns<'r>(pub(crate) &'r AnyRow);

impl Columns<'_> {
    pub(crate) fn text(&self, column: &str) -> Result<String, StoreError> {
        self.0.try_get(column).map_err(|error| unreadable(column, &error))
    }

    pub(crate) fn optional_text(&self, column: &str) -> Result<Option<String>, StoreError> {
        self.0.try_get(column).map_err(|error| unreadable(column, &error))
    }

    pub(crate) fn number(&self, column: &str) -> Result<i64, StoreError> {
        self.0.try_get(column).map_err(|error| unreadable(column, &error))
    }

    pub(crate) fn optional_number(&self, column: &str) -> Result<Option<i64>, StoreError> {
        self.0.try_get(column).map_err(|error| unreadable(column, &error))
    }

    pub(crate) fn count(&self, column: &str) -> Result<u64, StoreError> {
        u64::try_from(self.number(column)?).map_err(|error| unreadable(column, &error))
    }

    pub(crate) fn flag(&self, column: &str) -> Result<bool, StoreError> {
        Ok(self.number(column)? != 0)
    }

    pub(crate) fn time(&self, column: &str) -> Result<Timestamp, StoreError> {
        self.number(column).map(Timestamp::from_micros)
    }

    pub(crate) fn optional_time(&self, column: &str) -> Result<Option<Timestamp>, StoreError> {
        Ok(self.optional_number(column)?.map(Timestamp::from_micros))
    }

    pub(crate) fn optional_nanos(&self, column: &str) -> Result<Option<Nanos>, StoreError> {
        Ok(self.optional_number(column)?.map(Nanos))
    }

    /// An id or one of a closed list of words.
    pub(crate) fn parsed<T: FromStr<Err: Display>>(&self, column: &str) -> Result<T, StoreError> {
        self.text(column)?.parse().map_err(|error| unreadable(column, &error))
    }

    pub(crate) fn optional_parsed<T: FromStr<Err: Display>>(&self, column: &str) -> Result<Option<T>, StoreError> {
        let text = self.optional_text(column)?;
        text.map(|text| text.parse()).transpose().map_err(|error| unreadable(column, &error))
    }

    pub(crate) fn json<T: serde::de::DeserializeOwned>(&self, column: &str) -> Result<T, StoreError> {
        serde_json::from_str(&self.text(column)?).map_err(|error| unreadable(column, &error))
    }

    pub(crate) fn optional_json<T: serde::de::DeserializeOwned>(&self, column: &str) -> Result<Option<T>, StoreError> {
        let text = self.optional_text(column)?;
        text.map(|text| serde_json::from_str(&text)).transpose().map_err(|error| unreadable(column, &error))
    }
}

fn unreadable(column: &str, error: &dyn Display) -> StoreError {
    StoreError::Integrity(format!("column {column}: {error}"))
}

/// A value as JSON text for a column.
pub(crate) fn json_text<T: serde::Serialize>(value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| StoreError::Integrity(error.to_string()))
}

/// An owner's id as its column has it; nobody's: the server's.
pub(crate) fn owner_column(owner: Owner) -> String {
    owner.id().map(|id| id.to_string()).unwrap_or_default()
}

/// The owner that the columns `scope` and `owner_id` name.
pub(crate) fn read_owner(row: &Columns<'_>) -> Result<Owner, StoreError> {
    Ok(match row.parsed("scope")? {
        Scope::Personal => Owner::User(row.parsed("owner_id")?),
        Scope::Organization => Owner::Organization(row.parsed("owner_id")?),
        Scope::System => Owner::System,
    })
}

/// An id as its column has it.
pub(crate) fn optional_id<T: Display>(id: Option<T>) -> Option<String> {
    id.map(|id| id.to_string())
}

/// A time as its column has it.
pub(crate) fn optional_micros(time: Option<Timestamp>) -> Option<i64> {
    time.map(Timestamp::as_micros)
}

/// `$1, $2, …, $n`, for lists whose length is known only at run time.
pub(crate) fn placeholders(first: usize, count: usize) -> String {
    let numbered: Vec<_> = (first..first + count).map(|number| format!("${number}")).collect();
    numbered.join(", ")
}

/// Updates in one order on all nodes, so that two of them never wait for each
/// other.
pub(crate) fn in_row_order<T: Copy + Ord>(uses: &[(T, Timestamp)]) -> Vec<(T, Timestamp)> {
    let mut ordered = uses.to_vec();
    ordered.sort_unstable();
    ordered
}
