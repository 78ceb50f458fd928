//! A query put together from the parts that are asked for: what is not given is
//! not in the text, so that an index serves what is.

use sqlx::AssertSqlSafe;
use sqlx::any::{AnyArguments, AnyRow};
use sqlx::query::Query;

use super::UsageFilter;
use crate::error::StoreError;
use crate::ledger::CallSource;
use crate::open::Store;

/// A text with its values. Texts come from this program only.
pub(super) struct Asked {
    text: String,
    values: Vec<Value>,
}

enum Value {
    Text(String),
    Number(i64),
}

impl Asked {
    pub(super) fn new(text: &str) -> Self {
        Self { text: text.to_owned(), values: Vec::new() }
    }

    pub(super) fn push(&mut self, text: &str) {
        self.text.push_str(text);
    }

    /// A condition that ends with a value.
    pub(super) fn with_text(&mut self, text: &str, value: String) {
        self.push(text);
        self.place(Value::Text(value));
    }

    /// A condition that ends with a number.
    pub(super) fn with_number(&mut self, text: &str, value: i64) {
        self.push(text);
        self.place(Value::Number(value));
    }

    fn place(&mut self, value: Value) {
        self.values.push(value);
        self.text.push('$');
        self.text.push_str(&self.values.len().to_string());
    }

    /// Everything of a filter but its times.
    pub(super) fn filter(&mut self, filter: &UsageFilter) {
        let texts = [
            (" AND user_id = ", filter.user.map(|id| id.to_string())),
            (" AND provider = ", filter.provider.map(|provider| provider.as_str().to_owned())),
            (" AND model = ", filter.model.clone()),
            (" AND credential_id = ", filter.credential.map(|id| id.to_string())),
            (" AND source = ", filter.source.map(|source| CallSource::as_str(source).to_owned())),
            (" AND token_id = ", filter.token.map(|id| id.to_string())),
        ];
        for (text, value) in texts {
            if let Some(value) = value {
                self.with_text(text, value);
            }
        }
    }

    pub(super) async fn rows(self, store: &Store) -> Result<Vec<AnyRow>, StoreError> {
        let query: Query<'_, sqlx::Any, AnyArguments> = sqlx::query(AssertSqlSafe(self.text));
        let query = self.values.into_iter().fold(query, |query, value| match value {
            Value::Text(text) => query.bind(text),
            Value::Number(number) => query.bind(number),
        });
        Ok(query.fetch_all(store.pool()).await?)
    }
}
