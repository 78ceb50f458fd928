//! A reader who comes back misses nothing, or is told to read everything anew.

use std::sync::Arc;

use app::events::{EventName, Piece, Resume};
use domain::caller::Proof;
use serde_json::json;
use testkit::{EventReader, House, Person};

use super::{KEY, heard, id, listen};

async fn rename(ann: &Person, key: &str, name: &str) {
    ann.client.patch(&format!("/v2/credentials/{key}"), &json!({"name": name})).await.expect(200);
}

#[tokio::test]
async fn a_reader_who_comes_back_is_told_what_they_missed() {
    let house = House::start().await;
    let ann = house.user("ann").await;
    let key = id(&ann.save_key("openai", KEY).await);
    let mut events = listen(&ann.client).await;
    rename(&ann, &key, "One").await;
    let first = heard(&mut events).await;
    assert_eq!(first.id, events.last_id);
    drop(events);

    // While they are away: a change, a verdict, a deletion.
    house.sim.key(KEY, provider_sim::KeyState::Invalid401);
    rename(&ann, &key, "Two").await;
    ann.client.post(&format!("/v2/credentials/{key}/check"), &json!({})).await.expect(200);
    ann.client.delete(&format!("/v2/credentials/{key}?confirm=true")).await.expect(204);
    let missed = ["credential.updated", "credential.deleted", "credential.status_changed"];
    for (path, headers) in [
        ("/v2/events".to_owned(), vec![("last-event-id", first.id.as_str())]),
        (format!("/v2/events?after={}", first.id), Vec::new()),
        ("/v2/events?after=0.0".to_owned(), vec![("last-event-id", first.id.as_str())]),
    ] {
        let mut events = EventReader::open(&ann.client, &path, &headers).await;
        let mut told = Vec::new();
        while told.len() < missed.len() {
            let event = heard(&mut events).await;
            assert_eq!(event.json()["credential_id"], *key);
            told.push(event.name);
        }
        assert_eq!(told, missed, "in the order of each feed");
    }

    // And from there the stream goes on, without telling anything twice.
    let mut events = EventReader::open(&ann.client, "/v2/events", &[("last-event-id", &first.id)]).await;
    let again = ann.save_key("groq", "gsk_FAKEaBcDeFgHiJkLmNoPqRsTuVwXyZ0123").await;
    let mut told = Vec::new();
    while told.len() < missed.len() + 2 {
        let event = heard(&mut events).await;
        let is_new = event.json()["credential_id"] == again["id"];
        told.push((event.name, is_new));
    }
    let is_new = |name: &str| (name.to_owned(), true);
    assert!(told[..3].iter().zip(missed).all(|((name, is_new), missed)| name == missed && !is_new), "{told:?}");
    assert_eq!(told[3..], [is_new("credential.created"), is_new("models.changed")]);
}

#[tokio::test]
async fn a_reader_who_was_nowhere_known_reads_everything_anew() {
    let house = House::start().await;
    let ann = house.user("ann").await;
    let key = id(&ann.save_key("openai", KEY).await);
    for last in ["nonsense", "999999.0", "0.999999", "-1.-1"] {
        let mut events = EventReader::open(&ann.client, "/v2/events", &[("last-event-id", last)]).await;
        let first = events.next().await.unwrap();
        assert_eq!(first.name, "resync", "{last}");
        rename(&ann, &key, last).await;
        assert_eq!(heard(&mut events).await.json()["name"], last, "and then goes on");
    }
    let wrong = ann.client.get("/v2/events?after=nonsense").await.expect(422);
    assert!(wrong.text().contains("12.34"), "{}", wrong.text());
}

#[tokio::test]
async fn what_the_feed_no_longer_has_is_read_anew() {
    let house = House::start().await;
    let ann = house.user("ann").await;
    ann.save_key("openai", KEY).await;
    house.raw_database().await.execute("DELETE FROM changes WHERE seq <= 1").await;
    let mut events = EventReader::open(&ann.client, "/v2/events?after=0.0", &[]).await;
    assert_eq!(events.next().await.unwrap().name, "resync");
}

/// Puts so many findings about a key into the feed.
async fn flood(house: &House, key: &str, number: u32) {
    let flood = format!(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {number}) \
         INSERT INTO health_feed (seq, kind, credential_id, at) \
         SELECT (SELECT seq FROM health_head) + i, 'models', '{key}', 0 FROM n; \
         UPDATE health_head SET seq = seq + {number};"
    );
    house.raw_database().await.execute(&flood).await;
}

#[tokio::test]
async fn a_reader_who_does_not_read_is_told_to_read_anew_and_nothing_is_kept_for_them() {
    let house = House::start().await;
    let ann = house.user("ann").await;
    let key = id(&ann.save_key("openai", KEY).await);
    let user = store::users::by_email(&house.app.store, &ann.email).await.unwrap().unwrap();
    let caller = Arc::new(app::callers::caller_of(&house.app, &user, Proof::CommandLine).await.unwrap());
    let mut idle = app::events::open(&house.app, &caller, Resume::Now).await.unwrap();
    let mut busy = listen(&ann.client).await;
    for _ in 0..3 {
        flood(&house, &key, 400).await;
        for _ in 0..400 {
            busy.until("models.changed").await;
        }
    }
    let first = idle.next().await.unwrap();
    assert!(matches!(first, Piece::Event { name: EventName::Resync, .. }), "{first:?}");
    rename(&ann, &key, "After").await;
    let next = idle.next().await.unwrap();
    assert!(matches!(next, Piece::Event { name: EventName::CredentialUpdated, .. }), "{next:?}");
}

#[tokio::test]
async fn a_flood_is_told_as_one_resync() {
    let house = House::start().await;
    let ann = house.user("ann").await;
    let key = id(&ann.save_key("openai", KEY).await);
    let mut events = listen(&ann.client).await;
    flood(&house, &key, 600).await;
    events.until("resync").await;
    rename(&ann, &key, "After").await;
    assert_eq!(events.until("credential.updated").await.json()["name"], "After");
}
