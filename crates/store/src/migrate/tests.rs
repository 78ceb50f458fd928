//! Both databases have the same columns, and the contract names them.

use std::collections::BTreeSet;
use std::path::Path;

use crate::testing::{Place, on_both, variable};

const COLUMNS_SQLITE: &str = "SELECT m.name || '.' || c.name || ' ' || c.type || CASE WHEN c.\"notnull\" = 1 \
     THEN ' NOT NULL' ELSE '' END FROM sqlite_master AS m, pragma_table_info(m.name) AS c \
     WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%'";
const COLUMNS_POSTGRES: &str = "SELECT CAST(table_name AS TEXT) || '.' || CAST(column_name AS TEXT) || ' ' \
     || UPPER(CAST(data_type AS TEXT)) || CASE WHEN is_nullable = 'NO' THEN ' NOT NULL' ELSE '' END \
     FROM information_schema.columns WHERE table_schema = current_schema()";

async fn columns(place: &Place) -> BTreeSet<String> {
    let store = place.open().await;
    let text = if place.is_sqlite() { COLUMNS_SQLITE } else { COLUMNS_POSTGRES };
    let columns: Vec<String> = sqlx::query_scalar(text).fetch_all(store.pool()).await.unwrap();
    store.close().await;
    columns.into_iter().collect()
}

#[tokio::test]
async fn both_databases_have_the_same_columns_of_three_types() {
    let expected = columns(&Place::sqlite()).await;
    assert!(expected.len() > 100);
    on_both(async |place| assert_eq!(columns(place).await, expected)).await;
    for column in &expected {
        assert!(column.contains(" TEXT") || column.contains(" BIGINT") || column.contains(" BLOB"), "{column}");
    }
}

#[tokio::test]
async fn the_contract_is_the_schema() {
    let place = Place::sqlite();
    let store = place.open().await;
    let statements: Vec<String> = sqlx::query_scalar(
        "SELECT sql || ';' FROM sqlite_master WHERE sql IS NOT NULL ORDER BY tbl_name, type DESC, name",
    )
    .fetch_all(store.pool())
    .await
    .unwrap();
    store.close().await;
    let schema = format!(
        "-- The tables as SQLite has them; PostgreSQL has the same columns.\n-- Written by a test: UPDATE_CONTRACT=1 cargo test -p ownkey-store\n\n{}\n",
        statements.join("\n\n")
    );
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../contract/schema.sql");
    if variable("UPDATE_CONTRACT").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, &schema).unwrap();
    }
    let contract = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(contract, schema, "the schema changed: run the tests with UPDATE_CONTRACT=1 and read the difference");
}
