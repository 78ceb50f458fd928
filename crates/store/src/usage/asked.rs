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
        self.filter_of("", filter);
    }

    /// The same, of the table with this prefix.
    pub(super) fn filter_of(&mut self, of: &str, filter: &UsageFilter) {
        self.is_given(of, "user_id", filter.user.map(|id| id.to_string()));
        self.is_given(of, "credential_id", filter.credential.map(|id| id.to_string()));
        self.is_given(of, "organization_id", filter.organization.map(|id| id.to_string()));
        self.filter_but_for_indices(of, filter);
    }

    /// The part of it that no index of the calls begins with.
    pub(super) fn filter_but_for_indices(&mut self, of: &str, filter: &UsageFilter) {
        self.is_given(of, "provider", filter.provider.map(|provider| provider.as_str().to_owned()));
        self.is_given(of, "model", filter.model.clone());
        self.is_given(of, "source", filter.source.map(|source| CallSource::as_str(source).to_owned()));
        self.is_given(of, "token_id", filter.token.map(|id| id.to_string()));
        self.is_given(of, "team_id", filter.team.map(|id| id.to_string()));
        if filter.without_teams {
            self.push(&format!(" AND COALESCE({of}team_id, '') = ''"));
        }
        self.is_given(of, "scope", filter.scope.map(|scope| scope.as_str().to_owned()));
    }

    fn is_given(&mut self, of: &str, column: &str, value: Option<String>) {
        if let Some(value) = value {
            self.with_text(&format!(" AND {of}{column} = "), value);
        }
    }

    /// The first condition of all: that a column is one of these.
    pub(super) fn among(&mut self, column: &str, values: &[String]) {
        self.push(&format!(" WHERE {column} IN ("));
        for (number, value) in values.iter().enumerate() {
            self.with_text(if number == 0 { "" } else { ", " }, value.clone());
        }
        self.push(")");
    }

    /// The same as part of a longer text.
    pub(super) fn within(mut self, before: &str, after: &str) -> Self {
        self.text.insert_str(0, before);
        self.text.push_str(after);
        self
    }

    #[cfg(test)]
    pub(super) fn explained(self) -> Self {
        self.within("EXPLAIN QUERY PLAN ", "")
    }

    pub(super) async fn rows(self, store: &Store) -> Result<Vec<AnyRow>, StoreError> {
        store.ledger().can_be_read().await;
        let query: Query<'_, sqlx::Any, AnyArguments> = sqlx::query(AssertSqlSafe(self.text));
        let query = self.values.into_iter().fold(query, |query, value| match value {
            Value::Text(text) => query.bind(text),
            Value::Number(number) => query.bind(number),
        });
        Ok(query.fetch_all(store.pool()).await?)
    }
}
