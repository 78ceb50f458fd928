//! Seen from outside, and left as it was.

use super::*;
use crate::testing::{KEY, NOW, Place, add_user, on_both};

#[tokio::test]
async fn a_database_is_seen_before_and_after_its_first_start() {
    on_both(async |place| {
        let before = inspect(&place.url).await.unwrap();
        assert_eq!(before.as_ref().map(|seen| seen.version), if place.is_sqlite() { None } else { Some(0) });
        assert!(!place.is_sqlite() || !place.file().exists(), "nothing is made");
        let store = place.open_with(KEY).await.unwrap();
        add_user(&store, "ann@example.org").await;
        let seen = inspect(&place.url).await.unwrap().unwrap();
        assert_eq!((seen.version, seen.last_change), (seen.known, Some(NOW)));
        assert_eq!(seen.is_write_ahead, place.is_sqlite().then_some(true));
        assert_eq!((seen.dialect, seen.damage.len()), (store.dialect(), 0));
        store.close().await;
    })
    .await;
}

#[tokio::test]
async fn a_damaged_file_and_somebody_elses_database_are_told_apart() {
    let place = Place::sqlite();
    let store = place.open().await;
    for number in 0..200 {
        add_user(&store, &format!("user{number}@example.org")).await;
    }
    store.close().await;
    let mut bytes = std::fs::read(place.file()).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle..middle + 8192].fill(0x5a);
    std::fs::write(place.file(), bytes).unwrap();
    let seen = inspect(&place.url).await.unwrap().unwrap();
    assert!(!seen.damage.is_empty());

    let place = Place::sqlite();
    let target = Target::parse(&place.url).unwrap();
    target.prepare_file().unwrap();
    let mut connection = target.first_connection().await.unwrap();
    sqlx::raw_sql("CREATE TABLE theirs (id BIGINT)").execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    assert!(matches!(inspect(&place.url).await, Err(OpenError::Foreign(_))));
}
