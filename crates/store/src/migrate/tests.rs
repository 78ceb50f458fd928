//! Both databases have the same columns, and the contract names them.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use domain::ids::UserId;
use sqlx::Connection as _;

use super::{STEPS, VERSION_TABLE, run};
use crate::ledger::days::rolled::{LINES_A_SLICE, Rolling, roll_slice};
use crate::ledger::{AttemptStart, Settlement};
use crate::open::{Dialect, OpenError, OpenOptions, Store, Target};
use crate::testing::{NOW, Place, attempt, entropy, on_both, settlement, variable};
use crate::usage::{self, UsageFilter};

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

/// A database of the first version, with a key that was replaced and one that
/// was not, gets the age of each.
#[tokio::test]
async fn keys_of_the_first_version_get_their_age_and_a_reminder() {
    on_both(async |place| {
        let target = Target::parse(&place.url).unwrap();
        target.prepare_file().unwrap();
        let mut connection = target.first_connection().await.unwrap();
        let first = if place.is_sqlite() { STEPS[0].sqlite } else { STEPS[0].postgres };
        sqlx::raw_sql(first).execute(&mut connection).await.unwrap();
        sqlx::raw_sql(VERSION_TABLE).execute(&mut connection).await.unwrap();
        for text in [
            "INSERT INTO ownkey_schema (version) VALUES (1)",
            "INSERT INTO credentials VALUES ('replaced', 'system', 'system', 'openai', '', '', '', NULL, '', '', '{}', \
             1, 0, 0, 'valid', NULL, NULL, NULL, NULL, NULL, 'stored', 3, 'x', 'f', 1000, NULL, 9000, NULL, NULL)",
            "INSERT INTO credentials VALUES ('kept', 'system', 'system', 'openai', '', '', '', NULL, '', '', '{}', \
             1, 0, 0, 'valid', NULL, NULL, NULL, NULL, 77, 'stored', 1, 'x', 'f', 2000, NULL, 9000, NULL, NULL)",
            "INSERT INTO credentials VALUES ('none', 'system', 'system', 'ollama', '', '', '', NULL, '', '', '{}', \
             1, 0, 0, 'valid', NULL, NULL, NULL, NULL, NULL, 'keyless', 1, NULL, NULL, 3000, NULL, 9000, NULL, NULL)",
            "INSERT INTO audit_events VALUES (1, '1', 4000, 'system', NULL, NULL, NULL, 'credential.secret_replaced', \
             'credential', 'replaced', '{}', '')",
            "INSERT INTO audit_events VALUES (2, '2', 5000, 'system', NULL, NULL, NULL, 'credential.secret_replaced', \
             'credential', 'replaced', '{}', '')",
        ] {
            sqlx::raw_sql(text).execute(&mut connection).await.unwrap();
        }
        let dialect = if place.is_sqlite() { Dialect::Sqlite } else { Dialect::Postgres };
        run(&mut connection, dialect, NOW).await.unwrap();
        let text = "SELECT id || ' ' || COALESCE(CAST(secret_set_at AS TEXT), '-') || ' ' || \
             COALESCE(CAST(rotate_after AS TEXT), '-') FROM credentials ORDER BY id";
        let rows: Vec<String> = sqlx::query_scalar(text).fetch_all(&mut connection).await.unwrap();
        assert_eq!(rows, ["kept 2000 77", "none - -", "replaced 5000 7776000005000"]);
        connection.close().await.unwrap();
    })
    .await;
}

/// Calls that a database had before its indices changed, finished and not, are
/// found as ever.
#[tokio::test]
async fn calls_of_a_former_version_are_found_after_it() {
    on_both(async |place| {
        let store = place.open().await;
        let finished = attempt(&store, UserId::generate(NOW, &entropy()), NOW);
        let open = attempt(&store, finished.user, NOW);
        for start in [&finished, &open] {
            store.ledger().dispatch(start.clone()).await.unwrap();
        }
        store.ledger().settle(finished.attempt, settlement(1)).acknowledged().await.unwrap();
        for text in [
            "DROP INDEX attempts_of_request",
            "DROP INDEX attempts_of_user",
            "DROP INDEX attempts_by_time",
            "DROP INDEX attempts_of_credential",
            "DROP INDEX attempts_unfinished",
            "CREATE INDEX attempts_of_request ON attempts (request_id)",
            "CREATE INDEX attempts_of_user ON attempts (user_id, at, request_id) WHERE number = 1",
            "CREATE INDEX attempts_by_time ON attempts (at, request_id) WHERE number = 1",
            "CREATE INDEX attempts_of_credential ON attempts (credential_id, at)",
            "CREATE INDEX attempts_unfinished ON attempts (node_id) WHERE state = 'dispatched'",
        ] {
            sqlx::raw_sql(text).execute(store.pool()).await.unwrap();
        }
        sqlx::raw_sql(text_of(5, place)).execute(store.pool()).await.unwrap();
        let filter = UsageFilter { user: Some(finished.user), ..UsageFilter::default() };
        let found = usage::events(&store, &filter, None, 10).await.unwrap();
        let states: BTreeSet<_> = found.rows.iter().map(|event| event.attempts[0].state.as_str()).collect();
        assert_eq!(states, BTreeSet::from(["dispatched", "settled"]));
        assert!(usage::event(&store, open.request).await.unwrap().is_some());
        store.close().await;
    })
    .await;
}

/// The text of a step, by its place in the list.
fn text_of(step: usize, place: &Place) -> &'static str {
    if place.is_sqlite() { STEPS[step].sqlite } else { STEPS[step].postgres }
}

/// Calls that a database had before days had sums are in them after it, and
/// those under way come later.
#[tokio::test]
async fn calls_of_a_former_version_are_summed_up() {
    on_both(async |place| {
        let store = place.open().await;
        let user = UserId::generate(NOW, &entropy());
        let starts: Vec<_> = (0..4).map(|_| attempt(&store, user, NOW)).collect();
        for (start, cost) in starts.iter().zip([7, 70, 700]) {
            store.ledger().dispatch(start.clone()).await.unwrap();
            store.ledger().settle(start.attempt, settlement(cost)).acknowledged().await.unwrap();
        }
        store.ledger().dispatch(starts[3].clone()).await.unwrap();
        for text in ["DROP TABLE usage_days", "DROP INDEX attempts_repeated", text_of(12, place)] {
            sqlx::raw_sql(text).execute(store.pool()).await.unwrap();
        }
        store.ledger().settle(starts[3].attempt, settlement(7000)).acknowledged().await.unwrap();
        let filter = UsageFilter { user: Some(user), ..UsageFilter::default() };
        let lines = usage::summary(&store, &filter, usage::GroupBy::Day).await.unwrap();
        assert_eq!((lines.len(), lines[0].attempts, lines[0].client_cost.0), (1, 4, 7777));
        store.close().await;
    })
    .await;
}

/// Days that were rolled up before people had totals of their own, the last one in
/// part, come to the same in them as those that are rolled up after it.
#[tokio::test]
async fn days_that_are_rolled_up_already_are_summed_up_by_people() {
    on_both(async |place| {
        let store = place.open().await;
        let day = Duration::from_hours(24);
        let users = [UserId::generate(NOW, &entropy()), UserId::generate(NOW, &entropy())];
        for number in 0..LINES_A_SLICE * 2 + 5 {
            let back = if number < 40 { 30 } else { 5 };
            let start = AttemptStart {
                model: format!("model-{number}"),
                ..attempt(&store, users[number % 2], NOW.minus(day * back))
            };
            store.ledger().dispatch(start.clone()).await.unwrap();
            drop(store.ledger().settle(start.attempt, Settlement { at: start.at, ..settlement(number as i64) }));
        }
        store.ledger().flush().await.unwrap();
        for rolling in [Rolling::Day, Rolling::Part] {
            assert_eq!(roll_slice(&store, NOW).await.unwrap(), rolling);
        }
        let lines = async || {
            let text = "SELECT span || ' ' || CAST(day AS TEXT) || ' ' || organization_id || ' ' || who || ' ' || scope \
                 || ' ' || CAST(attempts AS TEXT) || ' ' || CAST(client_cost_nanos AS TEXT) FROM usage_people ORDER BY 1";
            sqlx::query_scalar::<_, String>(text).fetch_all(store.pool()).await.unwrap()
        };
        let before = lines().await;
        assert!(before.len() > 10, "{before:#?}");
        let step = STEPS.iter().position(|step| step.name == "0025_usage_people.sql").unwrap();
        for text in ["DROP TABLE usage_people", text_of(step, place)] {
            sqlx::raw_sql(text).execute(store.pool()).await.unwrap();
        }
        assert_eq!(lines().await, before);
        assert_eq!(roll_slice(&store, NOW).await.unwrap(), Rolling::Day);
        assert_ne!(lines().await, before);
        store.close().await;
    })
    .await;
}

/// Databases know how many steps they ran, and not which.
#[test]
fn the_steps_that_databases_ran_keep_their_places() {
    let names = STEPS.map(|step| step.name);
    assert_eq!(
        names,
        [
            "0001_house.sql",
            "0002_failover.sql",
            "0003_health.sql",
            "0004_keys.sql",
            "0005_keyring.sql",
            "0006_listing_indices.sql",
            "0007_wires.sql",
            "0008_aliases.sql",
            "0009_tries.sql",
            "0011_media.sql",
            "0012_conversations.sql",
            "0014_registrations.sql",
            "0015_usage_days.sql",
            "0016_figures.sql",
            "0017_organizations.sql",
            "0018_budgets.sql",
            "0019_prices.sql",
            "0020_billing.sql",
            "0021_identities.sql",
            "0022_webhook.sql",
            "0023_usage_details.sql",
            "0024_audit_organizations.sql",
            "0025_usage_people.sql",
            "0026_webhook_secret.sql",
            "0027_usage_indices.sql",
        ]
    );
    assert!(names.is_sorted(), "a new step comes last");
}

/// An earlier server would go on ending calls that no sum hears of. One that
/// ended, or was killed 30 seconds ago, is no hindrance.
#[tokio::test]
async fn the_tables_are_not_changed_under_a_running_server_of_an_earlier_version() {
    on_both(async |place| {
        let later = NOW.plus(Duration::from_secs(20));
        let former = async || {
            let server = place.serve(NOW).await;
            let text = "DELETE FROM ownkey_schema WHERE version = (SELECT MAX(version) FROM ownkey_schema)";
            sqlx::query(text).execute(server.pool()).await.unwrap();
            for text in UNDO_LAST {
                sqlx::raw_sql(text).execute(server.pool()).await.unwrap();
            }
            server
        };
        let server = former().await;
        if !place.is_sqlite() {
            // There, the file is locked.
            let refused = Store::open(OpenOptions { serves: true, now: later, ..place.options() }).await.err().unwrap();
            assert!(matches!(refused, OpenError::InUse { .. }), "{refused}");
            assert_eq!(refused.exit_code(), 75);
        }
        server.close().await;
        drop(server);
        place.serve(later).await.close().await;

        let killed = former().await;
        let much_later = NOW.plus(Duration::from_secs(31));
        if !place.is_sqlite() {
            place.serve(much_later).await.close().await;
        }
        killed.close().await;
    })
    .await;
}

#[tokio::test]
async fn lines_of_days_have_room_on_their_pages() {
    on_both(async |place| {
        if place.is_sqlite() {
            // Its rows are written in place.
            return;
        }
        let store = place.open().await;
        let text = "SELECT array_to_string(reloptions, ',') FROM pg_class WHERE oid = CAST('usage_days' AS REGCLASS)";
        let options: String = sqlx::query_scalar(text).fetch_one(store.pool()).await.unwrap();
        assert_eq!(options, "fillfactor=70");
        store.close().await;
    })
    .await;
}

/// Takes back the last step.
/// The other index is dropped and made anew.
const UNDO_LAST: [&str; 1] = ["DROP INDEX usage_months_of_user"];

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
