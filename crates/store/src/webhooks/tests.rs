//! One server tells at a time, nothing is told twice by being written twice, and
//! what is not taken comes again.

use domain::audit::{Actor, Event};

use super::*;
use crate::testing::{NOW, entropy, on_both};

const MINUTE: Duration = Duration::from_secs(60);

fn message(kind: &str, next_at: Timestamp) -> Message {
    let id = domain::ids::uuid_v7(NOW, &entropy());
    Message { id, kind: kind.to_owned(), body: "{}".to_owned(), created_at: NOW, next_at, tries: 0 }
}

fn node() -> NodeId {
    NodeId::generate(NOW, &entropy())
}

#[tokio::test]
async fn one_server_tells_until_its_time_is_over_or_it_lets_go() {
    on_both(async |place| {
        let store = place.open().await;
        let (first, second, later) = (node(), node(), NOW.plus(MINUTE));
        assert!(hold(&store, first, NOW, later).await.unwrap());
        assert!(hold(&store, first, NOW, later).await.unwrap(), "again");
        assert!(!hold(&store, second, later, later.plus(MINUTE)).await.unwrap());
        let after = later.plus(Duration::from_micros(1));
        assert!(hold(&store, second, after, after.plus(MINUTE)).await.unwrap());
        assert!(!hold(&store, first, after, after.plus(MINUTE)).await.unwrap());
        let_go(&store, first).await.unwrap();
        assert!(!hold(&store, first, after, after.plus(MINUTE)).await.unwrap(), "it was not its to let go");
        let_go(&store, second).await.unwrap();
        assert!(hold(&store, first, after, after.plus(MINUTE)).await.unwrap());
        store.close().await;
    })
    .await;
}

#[tokio::test]
async fn only_whoever_tells_writes_down_and_the_place_moves_with_it() {
    on_both(async |place| {
        let store = place.open().await;
        let (teller, other) = (node(), node());
        assert!(hold(&store, teller, NOW, NOW.plus(MINUTE)).await.unwrap());
        let at = Place { changes: 7, health: 9 };
        let messages = [message("first", NOW), message("second", NOW.plus(MINUTE))];
        assert!(!write_down(&store, other, at, &messages, NOW).await.unwrap());
        assert_eq!((standing(&store).await.unwrap().read, next(&store).await.unwrap()), (None, None));
        assert!(write_down(&store, teller, at, &messages, NOW).await.unwrap());
        let kept = standing(&store).await.unwrap();
        assert_eq!((kept.read, kept.waiting, kept.waiting_since), (Some((at, NOW)), 2, Some(NOW)));
        assert_eq!(next(&store).await.unwrap().as_ref(), messages.first());
        store.close().await;
    })
    .await;
}

#[tokio::test]
async fn what_is_not_taken_comes_again_with_the_same_words_and_at_last_is_given_up() {
    on_both(async |place| {
        let store = place.open().await;
        let teller = node();
        hold(&store, teller, NOW, NOW.plus(MINUTE)).await.unwrap();
        let [first, second] = [message("first", NOW), message("second", NOW.plus(MINUTE))];
        let at = Place { changes: 1, health: 1 };
        write_down(&store, teller, at, &[first.clone(), second.clone()], NOW).await.unwrap();
        failed(&store, first.id, "it answered 500", Some(2 * MINUTE), NOW).await.unwrap();
        assert_eq!(next(&store).await.unwrap(), Some(second.clone()));
        delivered(&store, second.id, NOW.plus(MINUTE)).await.unwrap();
        let again = Message { next_at: NOW.plus(2 * MINUTE), tries: 1, ..first.clone() };
        assert_eq!(next(&store).await.unwrap(), Some(again));
        failed(&store, first.id, "it answered 502", None, NOW.plus(3 * MINUTE)).await.unwrap();
        assert_eq!(next(&store).await.unwrap(), None);
        let kept = standing(&store).await.unwrap();
        assert_eq!((kept.waiting, kept.delivered, kept.given_up), (0, 1, 1));
        assert_eq!(kept.problem, Some(("it answered 502".to_owned(), NOW.plus(3 * MINUTE))));
        store.close().await;
    })
    .await;
}

#[tokio::test]
async fn beyond_what_can_wait_messages_are_given_up_and_counted() {
    let place = crate::testing::Place::sqlite();
    let store = place.open().await;
    let teller = node();
    hold(&store, teller, NOW, NOW.plus(MINUTE)).await.unwrap();
    let many: Vec<_> = (0..MOST + 3).map(|_| message("many", NOW)).collect();
    write_down(&store, teller, Place { changes: 1, health: 1 }, &many, NOW).await.unwrap();
    let kept = standing(&store).await.unwrap();
    assert_eq!((i64::try_from(kept.waiting).unwrap(), kept.given_up), (MOST, 3));
    store.close().await;
}

#[tokio::test]
async fn the_secret_before_signs_too_until_its_time_is_over() {
    on_both(async |place| {
        let store = place.open().await;
        let first = Signing { number: 1, since: None, former_until: None };
        assert_eq!(signing(&store).await.unwrap(), first);
        assert_eq!(first.numbers(NOW).collect::<Vec<_>>(), [1]);
        let second = Signing { number: 2, since: Some(NOW), former_until: Some(NOW.plus(MINUTE)) };
        let mut change = store.begin(NOW, Actor::CommandLine { user: None }, None).await.unwrap();
        assert_eq!(signing_in(&mut change).await.unwrap(), first);
        sign_with(&mut change, second).await.unwrap();
        change.commit(Event::WebhookSecretRotated { number: 2, former_until: None }).await.unwrap();
        assert_eq!((signing(&store).await.unwrap(), standing(&store).await.unwrap().signing), (second, second));
        for (at, numbers) in [(NOW, vec![2, 1]), (NOW.plus(MINUTE), vec![2])] {
            assert_eq!(second.numbers(at).collect::<Vec<_>>(), numbers);
        }
        store.close().await;
    })
    .await;
}
