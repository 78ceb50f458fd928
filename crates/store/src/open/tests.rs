//! What opens a store, and what must not.

use sqlx::Connection as _;

use super::*;
use crate::testing::{KEY, NOW, OTHER_KEY, Place, add_credential, add_user, on_both};

#[tokio::test]
async fn nodes_that_start_at_once_make_one_set_of_tables_and_secrets() {
    on_both(async |place| {
        let (a, b, c) = tokio::join!(place.open(), place.open(), place.open());
        assert_eq!(a.server_secrets().audit(), b.server_secrets().audit());
        assert_eq!(b.server_secrets().access_token(), c.server_secrets().access_token());
        assert_ne!(a.server_secrets().audit(), a.server_secrets().access_token());
        for store in [a, b, c] {
            store.close().await;
        }
    })
    .await;
}

#[tokio::test]
async fn the_master_key_must_be_the_one_that_sealed() {
    on_both(async |place| {
        assert!(!place.is_sqlite() || !holds_sealed_rows(&place.url).await.unwrap());
        place.open().await.close().await;
        assert!(holds_sealed_rows(&place.url).await.unwrap());

        let error = place.open_with(OTHER_KEY).await.err().unwrap();
        assert!(matches!(error, OpenError::MissingKey { rows: 3, .. }), "{error}");
        assert_eq!(error.exit_code(), 78);

        place.open_with(&format!("{OTHER_KEY},{KEY}")).await.unwrap().close().await;
        let store = place.open().await;
        sqlx::query("UPDATE keyring SET check_value = 'x'").execute(store.pool()).await.unwrap();
        store.close().await;
        let error = place.open_with(KEY).await.err().unwrap();
        assert!(matches!(error, OpenError::WrongKey { .. }), "{error}");
    })
    .await;
}

#[tokio::test]
async fn somebody_elses_and_a_later_versions_database_are_left_alone() {
    on_both(async |place| {
        let target = Target::parse(&place.url).unwrap();
        target.prepare_file().unwrap();
        let mut connection = target.first_connection().await.unwrap();
        sqlx::raw_sql("CREATE TABLE theirs (id BIGINT)").execute(&mut connection).await.unwrap();
        let error = place.open_with(KEY).await.err().unwrap();
        assert!(error.to_string().contains("not Ownkey's (theirs)"), "{error}");
        assert_eq!(error.exit_code(), 78);

        sqlx::raw_sql("DROP TABLE theirs").execute(&mut connection).await.unwrap();
        place.open().await.close().await;
        sqlx::raw_sql("INSERT INTO ownkey_schema (version) VALUES (99)").execute(&mut connection).await.unwrap();
        let error = place.open_with(KEY).await.err().unwrap();
        assert!(matches!(error, OpenError::Newer { found: 99, .. }), "{error}");
        connection.close().await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_second_server_on_one_file_is_refused_and_the_command_line_is_not() {
    let place = Place::sqlite();
    let first = place.serve(NOW).await;
    let error = Store::open(OpenOptions { serves: true, ..place.options() }).await.err().unwrap();
    assert_eq!(error.exit_code(), 75, "{error}");
    place.open().await.close().await;
    first.close().await;
    drop(first);
    place.serve(NOW).await.close().await;
}

#[tokio::test]
#[cfg(unix)]
async fn only_the_owner_can_read_the_files() {
    use std::os::unix::fs::PermissionsExt as _;
    let place = Place::sqlite();
    let store = place.serve(NOW).await;
    for entry in std::fs::read_dir(place.directory.path()).unwrap() {
        let entry = entry.unwrap();
        assert_eq!(entry.metadata().unwrap().permissions().mode() & 0o077, 0, "{:?}", entry.path());
    }
    store.close().await;
}

#[tokio::test]
async fn the_text_of_a_saved_key_is_in_no_file() {
    const CANARY: &str = "sk-proj-canary-5d41402abc4b2a76b9719d911017c592";
    let place = Place::sqlite();
    let store = place.open().await;
    let owner = add_user(&store, "ann@example.org").await;
    add_credential(&store, owner.id, "canary", CANARY).await;
    let find = || {
        for entry in std::fs::read_dir(place.directory.path()).unwrap() {
            let bytes = std::fs::read(entry.unwrap().path()).unwrap();
            assert!(!bytes.windows(CANARY.len()).any(|window| window == CANARY.as_bytes()));
        }
    };
    find();
    assert!(std::fs::metadata(place.file()).unwrap().len() > 0);
    store.close().await;
    find();
}

#[test]
fn urls_that_cannot_keep_anything_are_refused() {
    for url in ["mysql://host/db", "sqlite::memory:", "sqlite://x?mode=memory", "ownkey.db", ""] {
        assert!(Target::parse(url).is_err_and(|error| error.exit_code() == 78), "{url}");
    }
}

#[tokio::test]
async fn only_what_is_soon_written_anew_does_not_wait_for_the_disk() {
    let place = Place::sqlite();
    let store = place.open().await;
    for (pool, level) in [(store.pool(), 2_i64), (store.writing_pool(), 2), (store.passing_pool(), 1)] {
        let found: i64 = sqlx::query_scalar("PRAGMA synchronous").fetch_one(pool).await.unwrap();
        assert_eq!(found, level);
    }
    store.close().await;
}
