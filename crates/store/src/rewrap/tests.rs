//! Whatever happens in between, every secret opens and means what it meant.

use domain::Secret;
use domain::audit::{Actor, Event};
use domain::ids::CredentialId;

use super::*;
use crate::credentials::{self, NewSecret};
use crate::testing::{KEY, NOW, OTHER_KEY, Place, add_credential, add_user, on_both};
use crate::{MasterKeys, RowIdentity, Store};

/// The new key, then the former one.
fn both() -> String {
    format!("{OTHER_KEY},{KEY}")
}

fn first_kid(keys: &str) -> MasterKeyId {
    MasterKeys::parse(keys).unwrap().kids().next().unwrap()
}

async fn furnish(place: &Place, number: usize) -> Vec<(CredentialId, String)> {
    let store = place.open().await;
    let owner = add_user(&store, "ann@example.org").await;
    let mut saved = Vec::new();
    for number in 0..number {
        let secret = format!("sk-proj-canary-{number:04}");
        let row = add_credential(&store, owner.id, "work", &secret).await;
        saved.push((row.credential.id, secret));
    }
    store.close().await;
    saved
}

async fn opens(store: &Store, saved: &[(CredentialId, String)]) {
    for (id, secret) in saved {
        let row = credentials::by_id(store, *id).await.unwrap().unwrap();
        let opened = store.vault().open(row.sealed.as_ref().unwrap(), &RowIdentity::of(&row.credential));
        assert_eq!(opened.ok().unwrap().expose(), secret);
    }
}

#[tokio::test]
async fn a_run_that_is_interrupted_after_every_batch_ends_with_all_rows_under_the_new_key() {
    on_both(async |place| {
        let saved = furnish(place, 5).await;
        let new = first_kid(OTHER_KEY);
        let mut left = i64::MAX;
        for round in 0.. {
            // Never closed: as if the process had been killed.
            let store = place.open_with(&both()).await.unwrap();
            let now_left = pending(&store).await.unwrap();
            assert!(now_left < left, "round {round}: {now_left} of {left}");
            left = now_left;
            opens(&store, &saved).await;
            if left == 0 {
                assert_eq!(round, 8, "five keys and three secrets of the server's own");
                break;
            }
            let mut position = Some(Position::default());
            let mut done = 0;
            while let Some(from) = position.filter(|_| done == 0) {
                let batch = batch(&store, NOW, &from, 1).await.unwrap();
                assert!(batch.unopened.is_empty());
                done += batch.rewrapped;
                position = batch.next;
            }
            assert_eq!(done, 1);
        }
        let store = place.open_with(OTHER_KEY).await.unwrap();
        opens(&store, &saved).await;
        let row = credentials::by_id(&store, saved[0].0).await.unwrap().unwrap();
        assert_eq!(row.sealed.unwrap().kid(), Some(new));
        store.close().await;
    })
    .await;
}

#[tokio::test]
async fn an_edit_in_the_middle_of_a_batch_wins() {
    on_both(async |place| {
        let saved = furnish(place, 1).await;
        let store = place.open_with(&both()).await.unwrap();
        let row = credentials::by_id(&store, saved[0].0).await.unwrap().unwrap();
        let context = RowIdentity::of(&row.credential).context();
        let again = rewrapped(&store, &context, row.sealed.as_ref().unwrap(), store.vault().sealing_kid()).unwrap();

        let mut next = row.credential.clone();
        next.secret_version += 1;
        let secret = Secret::new("sk-proj-edited".to_owned());
        let sealed = store.vault().seal(&secret, &RowIdentity::of(&next), NOW, store.entropy());
        let fingerprint = store.vault().fingerprint(&secret);
        let new = NewSecret {
            sealed: Some(sealed),
            fingerprint: Some(fingerprint),
            masked: String::new(),
            version: next.secret_version,
            endpoint: None,
            reference: None,
            set_at: Some(NOW),
            rotate_after: None,
        };
        let mut change = store.begin(NOW, Actor::System, None).await.unwrap();
        assert!(credentials::replace_secret(&mut change, next.id, &new, None).await.unwrap());
        change.commit(Event::CredentialSecretReplaced { credential: next.id, version: 2 }).await.unwrap();

        let mut write = Write::begin(&store).await.unwrap();
        let replaced = sqlx::query(SEALED_COLUMNS[0].replace)
            .bind(next.id.to_string())
            .bind(row.sealed.as_ref().unwrap().as_str())
            .bind(again.as_str())
            .execute(write.connection())
            .await
            .unwrap();
        assert_eq!(replaced.rows_affected(), 0);
        write.commit().await.unwrap();
        opens(&store, &[(next.id, "sk-proj-edited".to_owned())]).await;
        store.close().await;
    })
    .await;
}

#[tokio::test]
async fn a_secret_that_does_not_open_is_named_and_left_as_it_is() {
    on_both(async |place| {
        let saved = furnish(place, 3).await;
        let store = place.open_with(&both()).await.unwrap();
        let old = first_kid(KEY);
        for (at, text) in [(0, format!("ok1:{old}:altered")), (1, "no sealed secret".to_owned())] {
            sqlx::query("UPDATE credentials SET sealed = $2 WHERE id = $1")
                .bind(saved[at].0.to_string())
                .bind(text)
                .execute(store.pool())
                .await
                .unwrap();
        }
        let (mut position, mut unopened, mut moved) = (Some(Position::default()), Vec::new(), 0);
        while let Some(from) = position {
            let batch = batch(&store, NOW, &from, 2).await.unwrap();
            unopened.extend(batch.unopened);
            moved += batch.rewrapped;
            position = batch.next;
        }
        assert_eq!(moved, 4);
        let mut named: Vec<_> = unopened.iter().map(|row| (row.table, row.row.clone(), row.kid)).collect();
        let mut wanted =
            [("credentials", saved[0].0.to_string(), Some(old)), ("credentials", saved[1].0.to_string(), None)];
        named.sort();
        wanted.sort();
        assert_eq!(named, wanted);
        assert_eq!(pending(&store).await.unwrap(), 2);
        opens(&store, &saved[2..]).await;
        store.close().await;
    })
    .await;
}

#[tokio::test]
async fn every_column_of_sealed_secrets_is_in_the_list() {
    on_both(async |place| {
        let store = place.open().await;
        let text = if place.is_sqlite() {
            "SELECT m.name || '.' || c.name FROM sqlite_master AS m, pragma_table_info(m.name) AS c \
             WHERE m.type = 'table' AND (c.name = 'sealed' OR c.name LIKE '%sealed%')"
        } else {
            "SELECT CAST(table_name AS TEXT) || '.' || CAST(column_name AS TEXT) FROM information_schema.columns \
             WHERE table_schema = current_schema() AND column_name LIKE '%sealed%'"
        };
        let mut found: Vec<String> = sqlx::query_scalar(text).fetch_all(store.pool()).await.unwrap();
        let mut listed: Vec<String> =
            SEALED_COLUMNS.iter().map(|column| format!("{}.{}", column.table, column.column)).collect();
        found.sort();
        listed.sort();
        assert_eq!(found, listed, "list it in store/sealed_columns.rs, with what it is sealed to");
        store.close().await;
    })
    .await;
}

#[tokio::test]
async fn a_rewrapped_token_keeps_its_time_and_its_text() {
    let place = Place::sqlite();
    let saved = furnish(&place, 1).await;
    let store = place.open_with(&both()).await.unwrap();
    let before = credentials::by_id(&store, saved[0].0).await.unwrap().unwrap().sealed.unwrap();
    batch(&store, NOW.plus(std::time::Duration::from_hours(1)), &Position::default(), 10).await.unwrap();
    let after = credentials::by_id(&store, saved[0].0).await.unwrap().unwrap().sealed.unwrap();
    // Version and time are the first nine bytes: twelve characters of base64.
    let head = |sealed: &Sealed| sealed.as_str().get(13..25).unwrap().to_owned();
    assert_eq!(head(&before), head(&after));
    assert_ne!(before, after);
    store.close().await;
}
