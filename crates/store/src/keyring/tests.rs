//! What is expected of a list of master keys, and when one may go.

use domain::audit::{Actor, Event};

use super::*;
use crate::rewrap::{self, Position};
use crate::testing::{KEY, NOW, OTHER_KEY, Place, add_credential, add_user, on_both};
use crate::vault::Sealed;
use crate::{OpenOptions, credentials};

fn kid(key: &str) -> MasterKeyId {
    MasterKeys::parse(key).unwrap().kids().next().unwrap()
}

fn list(first: &str, second: &str) -> String {
    format!("{first},{second}")
}

async fn serve_with(place: &Place, keys: &str) -> Result<Store, OpenError> {
    let master_keys = MasterKeys::parse(keys).unwrap();
    Store::open(OpenOptions { serves: true, master_keys, ..place.options() }).await
}

async fn state(place: &Place, keys: &str) -> Keyring {
    status(&place.url, MasterKeys::parse(keys).unwrap(), NOW).await.unwrap()
}

async fn rewrap_all(store: &Store) {
    let mut position = Some(Position::default());
    while let Some(from) = position {
        position = rewrap::batch(store, NOW, &from, 100).await.unwrap().next;
    }
}

async fn try_retire(store: &Store, kid: MasterKeyId) -> Retirement {
    let mut change = store.begin(NOW, Actor::CommandLine { user: None }, None).await.unwrap();
    let retirement = retire(store, &mut change, kid).await.unwrap();
    if retirement == Retirement::Done {
        change.commit(Event::KeyringKeyRetired { key: kid }).await.unwrap();
    } else {
        change.rollback().await.unwrap();
    }
    retirement
}

#[tokio::test]
async fn a_rotation_from_one_key_to_another() {
    on_both(async |place| {
        place.open().await.close().await;
        let (old, new) = (kid(KEY), kid(OTHER_KEY));
        let store = place.open_with(&list(OTHER_KEY, KEY)).await.unwrap();
        assert!(matches!(try_retire(&store, old).await, Retirement::Needed(held) if held[0].rows == 3));
        assert_eq!(try_retire(&store, new).await, Retirement::SealsHere);
        let before = state(place, &list(OTHER_KEY, KEY)).await;
        let told: Vec<_> = before.keys.iter().map(|key| (key.kid, key.place, key.check, key.rows())).collect();
        assert_eq!(told, [(new, Some(1), KeyCheck::Matches, 0), (old, Some(2), KeyCheck::Matches, 3)]);

        rewrap_all(&store).await;
        assert_eq!(try_retire(&store, old).await, Retirement::Done);
        assert_eq!(try_retire(&store, old).await, Retirement::Unknown);
        store.close().await;

        place.open_with(OTHER_KEY).await.unwrap().close().await;
        let error = place.open_with(KEY).await.err().unwrap();
        assert!(matches!(error, OpenError::MissingKey { rows: 3, .. }), "{error}");
        // The former key may be given and is not expected again.
        place.open_with(&list(OTHER_KEY, KEY)).await.unwrap().close().await;
        let after = state(place, &list(OTHER_KEY, KEY)).await;
        assert_eq!(after.keys[1].check, KeyCheck::Unknown);
    })
    .await;
}

#[tokio::test]
async fn the_state_is_told_without_the_key_and_counts_what_it_holds() {
    on_both(async |place| {
        let store = place.open().await;
        let owner = add_user(&store, "ann@example.org").await;
        add_credential(&store, owner.id, "work", "sk-proj-canary").await;
        store.close().await;
        let told = state(place, OTHER_KEY).await;
        let key = told.keys.iter().find(|key| key.kid == kid(KEY)).unwrap();
        assert_eq!((key.place, key.check, key.rows()), (None, KeyCheck::NotGiven, 4));
        assert_eq!(key.known_since, Some(NOW));
        let tables: Vec<_> = key.held.iter().map(|held| (held.table, held.rows)).collect();
        assert_eq!(tables, [("credentials", 1), ("server_secrets", 3)]);
        assert!(told.unopened.is_empty(), "nothing can be said about them: {:?}", told.unopened);
    })
    .await;
}

#[tokio::test]
async fn a_secret_that_somebody_altered_is_named_and_keeps_no_server_from_starting() {
    on_both(async |place| {
        let store = place.open().await;
        let owner = add_user(&store, "ann@example.org").await;
        let mut ids = Vec::new();
        for text in ["ok1:00000000:x".to_owned(), "nonsense".to_owned(), format!("ok1:{}:x", kid(KEY))] {
            let row = add_credential(&store, owner.id, "work", "sk-proj-canary").await;
            sqlx::query("UPDATE credentials SET sealed = $2 WHERE id = $1")
                .bind(row.credential.id.to_string())
                .bind(text)
                .execute(store.pool())
                .await
                .unwrap();
            ids.push(row.credential.id);
        }
        let good = add_credential(&store, owner.id, "work", "sk-proj-good").await;
        store.close().await;
        serve_with(place, KEY).await.unwrap().close().await;
        let told = state(place, KEY).await;
        let mut named: Vec<_> = told.unopened.iter().map(|row| row.row.clone()).collect();
        let mut wanted: Vec<_> = ids.iter().map(ToString::to_string).collect();
        named.sort();
        wanted.sort();
        assert_eq!(named, wanted);
        assert!(!named.contains(&good.credential.id.to_string()));
    })
    .await;
}

#[tokio::test]
async fn nobody_seals_under_a_key_that_a_running_server_lacks() {
    on_both(async |place| {
        let server = serve_with(place, KEY).await.unwrap();
        let (old, new) = (kid(KEY), kid(OTHER_KEY));
        let beside = place.open_with(&list(OTHER_KEY, KEY)).await.unwrap();
        assert_eq!(beside.vault().sealing_kid(), old, "the server could not open it otherwise");
        let owner = add_user(&beside, "ann@example.org").await;
        let row = add_credential(&beside, owner.id, "work", "sk-proj-canary").await;
        assert!(server.vault().open(row.sealed.as_ref().unwrap(), &crate::RowIdentity::of(&row.credential)).is_ok());

        // The server is given the new list while it runs.
        reload(&server, MasterKeys::parse(&list(OTHER_KEY, KEY)).unwrap(), NOW).await.unwrap();
        assert_eq!(server.vault().sealing_kid(), new);
        follow(&beside, NOW).await.unwrap();
        assert_eq!(beside.vault().sealing_kid(), new);
        let told = serving_nodes(&beside, NOW).await.unwrap();
        assert_eq!((told.len(), told[0].seals_under), (1, Some(new)));

        // Whoever lacks what a running server seals under does not start.
        let error = place.open_with(KEY).await.err().unwrap();
        assert!(matches!(error, OpenError::Outdated { .. }) && error.exit_code() == 78, "{error}");
        server.close().await;
        beside.close().await;
    })
    .await;
}

#[tokio::test]
async fn a_running_server_takes_no_list_that_lacks_a_needed_key() {
    on_both(async |place| {
        let server = serve_with(place, KEY).await.unwrap();
        let error = reload(&server, MasterKeys::parse(OTHER_KEY).unwrap(), NOW).await.err().unwrap();
        assert!(matches!(error, OpenError::MissingKey { rows: 3, .. }), "{error}");
        assert_eq!(server.vault().kids(), [kid(KEY)]);
        server.close().await;
    })
    .await;
}

#[tokio::test]
async fn what_was_read_before_a_key_was_taken_out_still_opens() {
    on_both(async |place| {
        let server = serve_with(place, KEY).await.unwrap();
        let owner = add_user(&server, "ann@example.org").await;
        let row = add_credential(&server, owner.id, "work", "sk-proj-canary").await;
        reload(&server, MasterKeys::parse(&list(OTHER_KEY, KEY)).unwrap(), NOW).await.unwrap();
        rewrap_all(&server).await;
        reload(&server, MasterKeys::parse(OTHER_KEY).unwrap(), NOW).await.unwrap();
        assert_eq!(server.vault().kids(), [kid(OTHER_KEY)]);
        let identity = crate::RowIdentity::of(&row.credential);
        assert!(server.vault().open(row.sealed.as_ref().unwrap(), &identity).is_ok(), "a request under way");
        let fresh: Sealed = credentials::by_id(&server, row.credential.id).await.unwrap().unwrap().sealed.unwrap();
        assert_eq!(fresh.kid(), Some(kid(OTHER_KEY)));
        assert!(server.vault().open(&fresh, &identity).is_ok());
        server.close().await;
    })
    .await;
}

#[tokio::test]
async fn a_key_that_a_running_server_seals_under_is_not_retired() {
    on_both(async |place| {
        if place.is_sqlite() {
            // One server at a time has the file.
            return;
        }
        let one = serve_with(place, &list(KEY, OTHER_KEY)).await.unwrap();
        let two = serve_with(place, &list(OTHER_KEY, KEY)).await.unwrap();
        assert_eq!(one.vault().sealing_kid(), kid(KEY));
        assert_eq!(two.vault().sealing_kid(), kid(OTHER_KEY));
        rewrap_all(&two).await;
        assert_eq!(try_retire(&two, kid(KEY)).await, Retirement::SealsAt(one.node()));
        one.close().await;
        assert_eq!(try_retire(&two, kid(KEY)).await, Retirement::Done);
        two.close().await;
    })
    .await;
}
