//! Changes take turns, and none keeps another from reading.

use domain::audit::{Actor, Event};
use futures_util::future::join_all;

use crate::testing::{NOW, on_both, user};
use crate::users;

/// More than there are connections to read with.
const CROWD: usize = 40;

#[tokio::test]
async fn a_change_may_read_while_a_crowd_waits_for_its_turn() {
    on_both(async |place| {
        let store = place.open().await;
        let changes = (0..CROWD).map(|number| {
            let store = store.clone();
            tokio::spawn(async move {
                let mut change = store.begin(NOW, Actor::System, None).await.unwrap();
                let before = users::count(&store).await.unwrap();
                let user = user(&format!("user{number}@example.org"));
                users::insert(&mut change, &user).await.unwrap();
                change.commit(Event::PasswordChanged { user: user.id }).await.unwrap();
                before
            })
        });
        let mut before: Vec<_> = join_all(changes).await.into_iter().map(Result::unwrap).collect();
        before.sort_unstable();
        assert_eq!(before, (0..).take(CROWD).collect::<Vec<_>>());
        store.close().await;
    })
    .await;
}
