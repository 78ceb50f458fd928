//! The one list of columns that hold sealed secrets. Whatever has to look at all
//! of them walks this list; a test holds it against the tables.

use domain::MasterKeyId;
use sqlx::AnyConnection;

use crate::error::StoreError;
use crate::row::Columns;
use crate::vault::{self, RowIdentity};

/// A column of sealed secrets.
pub(crate) struct SealedColumn {
    /// Its table.
    pub(crate) table: &'static str,
    /// Its name.
    pub(crate) column: &'static str,
    /// Key (`row_key`), sealed text (`row_sealed`) and the rest of the rows
    /// after key `$1` that are not under master key `$2`, by key, `$3` at most.
    pub(crate) page: &'static str,
    /// Puts `$3` into row `$1` if it still holds `$2`.
    pub(crate) replace: &'static str,
    /// The rows under each master key: `kid`, `held`.
    count: &'static str,
    /// What a row's secret is sealed to.
    pub(crate) context: fn(&Columns<'_>) -> Result<Vec<u8>, StoreError>,
}

// A sealed text is `ok1:<8 characters>:…`.
macro_rules! sealed_column {
    ($table:literal, $key:literal, $column:literal, $context:expr) => {
        SealedColumn {
            table: $table,
            column: $column,
            page: concat!(
                "SELECT ",
                $table,
                ".*, ",
                $key,
                " AS row_key, ",
                $column,
                " AS row_sealed FROM ",
                $table,
                " WHERE ",
                $column,
                " IS NOT NULL AND ",
                $key,
                " > $1 AND substr(",
                $column,
                ", 5, 8) <> $2 ORDER BY ",
                $key,
                " LIMIT $3"
            ),
            replace: concat!("UPDATE ", $table, " SET ", $column, " = $3 WHERE ", $key, " = $1 AND ", $column, " = $2"),
            count: concat!(
                "SELECT substr(",
                $column,
                ", 5, 8) AS kid, CAST(COUNT(*) AS BIGINT) AS held FROM ",
                $table,
                " WHERE ",
                $column,
                " IS NOT NULL GROUP BY substr(",
                $column,
                ", 5, 8)"
            ),
            context: $context,
        }
    };
}

/// Every column that holds sealed secrets.
pub(crate) const SEALED_COLUMNS: [SealedColumn; 3] = [
    sealed_column!("credentials", "id", "sealed", |row| {
        let stored = crate::credentials::read(row)?;
        Ok(RowIdentity::of(&stored.credential).context())
    }),
    sealed_column!("server_secrets", "name", "sealed", |row| Ok(vault::server_secret_context(&row.text("name")?))),
    sealed_column!("replay_state", "(caller || '/' || call_id)", "sealed", |row| {
        Ok(vault::replay_context(&row.text("caller")?, &row.text("call_id")?))
    }),
];

/// Secrets of one table under one master key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// The table.
    pub table: &'static str,
    /// The master key; `None` for texts that are no sealed secrets.
    pub kid: Option<MasterKeyId>,
    /// How many.
    pub rows: i64,
}

/// How many secrets each master key holds, by table.
pub(crate) async fn held(connection: &mut AnyConnection) -> Result<Vec<Held>, StoreError> {
    let mut all: Vec<Held> = Vec::new();
    for column in &SEALED_COLUMNS {
        for row in sqlx::query(column.count).fetch_all(&mut *connection).await? {
            let row = Columns(&row);
            let kid = row.text("kid")?.parse().ok();
            let rows = row.number("held")?;
            match all.iter_mut().find(|held| held.table == column.table && held.kid == kid) {
                Some(held) => held.rows += rows,
                None => all.push(Held { table: column.table, kid, rows }),
            }
        }
    }
    Ok(all)
}
