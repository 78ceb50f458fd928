//! One primary key, one owner, no secret after the end.

use domain::audit::{Actor, Event};
use domain::credential::KeyStatus;

use super::*;
use crate::open::Store;
use crate::testing::{NOW, add_credential, add_token, add_user, attempt, entropy, on_both, settlement};
use crate::{RowIdentity, Undecryptable, changes, health_feed};
use domain::{Nanos, Secret};
use std::time::Duration;

/// Runs one change and commits it.
async fn change(store: &Store, event: Event, run: impl AsyncFnOnce(&mut Mutation) -> bool) -> bool {
    let mut change = store.begin(NOW, Actor::System, None).await.unwrap();
    let done = run(&mut change).await;
    change.commit(event).await.unwrap();
    done
}

#[tokio::test]
async fn a_credential_is_read_back_as_it_was_saved_and_opens() {
    on_both(async |place| {
        let store = place.open().await;
        let ann = add_user(&store, "ann@example.org").await;
        let saved = add_credential(&store, ann.id, "work", "sk-one").await;
        assert!(saved.credential.is_primary, "the first one is primary");
        let secret = store.vault().open(saved.sealed.as_ref().unwrap(), &RowIdentity::of(&saved.credential));
        assert_eq!(store.vault().fingerprint(&secret.ok().unwrap()), saved.fingerprint.unwrap());
        let (listed, count) =
            page(&store, &CredentialFilter { owner: Some(ann.id), ..Default::default() }, 0, 10).await.unwrap();
        assert_eq!((listed, count), (vec![saved.credential], 1));
        assert_eq!(page(&store, &CredentialFilter::default(), 0, 10).await.unwrap().1, 0, "nobody's are nobody's");
        store.close().await;
    })
    .await;
}

#[tokio::test]
async fn an_edited_database_row_does_not_open() {
    on_both(async |place| {
        let store = place.open().await;
        let (ann, bob) = (add_user(&store, "ann@example.org").await, add_user(&store, "bob@example.org").await);
        let hers = add_credential(&store, ann.id, "work", "sk-one").await.credential.id;
        let his = add_credential(&store, bob.id, "work", "sk-two").await.credential.id;
        let opens = async |id| {
            let row = by_id(&store, id).await.unwrap().unwrap();
            store.vault().open(&row.sealed.unwrap(), &RowIdentity::of(&row.credential)).map(drop)
        };
        assert_eq!(opens(hers).await, Ok(()));
        for text in [
            "UPDATE credentials SET origin = 'https://evil.example' WHERE id = $1",
            "UPDATE credentials SET origin = 'https://api.openai.com', secret_version = 2 WHERE id = $1",
            "UPDATE credentials SET secret_version = 1, provider = 'groq' WHERE id = $1",
        ] {
            sqlx::query(text).bind(hers.to_string()).execute(store.pool()).await.unwrap();
            assert_eq!(opens(hers).await, Err(Undecryptable), "{text}");
        }
        sqlx::query("UPDATE credentials SET sealed = (SELECT sealed FROM credentials WHERE id = $1) WHERE id = $2")
            .bind(his.to_string())
            .bind(hers.to_string())
            .execute(store.pool())
            .await
            .unwrap();
        assert_eq!(opens(hers).await, Err(Undecryptable));
        assert_eq!(opens(his).await, Ok(()));
        sqlx::query("UPDATE credentials SET owner_id = $1 WHERE id = $2")
            .bind(ann.id.to_string())
            .bind(his.to_string())
            .execute(store.pool())
            .await
            .unwrap();
        assert_eq!(opens(his).await, Err(Undecryptable));
        store.close().await;
    })
    .await;
}

#[tokio::test]
async fn exactly_one_is_primary_whatever_happens() {
    on_both(async |place| {
        let store = place.open().await;
        let ann = add_user(&store, "ann@example.org").await;
        let mut ids = Vec::new();
        for name in ["one", "two", "three"] {
            ids.push(add_credential(&store, ann.id, name, name).await.credential.id);
        }
        let primary = async || {
            let all = of_user(&store, ann.id).await.unwrap();
            assert_eq!(all.iter().filter(|row| row.credential.is_primary).count(), 1);
            assert!(all[0].credential.is_primary, "the primary one is listed first");
            all[0].credential.id
        };
        assert_eq!(primary().await, ids[0]);
        let event = |credential| Event::CredentialMadePrimary { credential };
        assert!(change(&store, event(ids[2]), async |change| make_primary(change, ids[2], None).await.unwrap()).await);
        assert_eq!(primary().await, ids[2]);
        let raced = ids
            .iter()
            .map(|&id| change(&store, event(id), async move |change| make_primary(change, id, None).await.unwrap()));
        futures_util::future::join_all(raced).await;
        let last = primary().await;
        let event = Event::CredentialDeleted { credential: last };
        assert!(change(&store, event, async |change| tombstone(change, last, None).await.unwrap()).await);
        assert_ne!(primary().await, last, "the next one follows");
        store.close().await;
    })
    .await;
}

#[tokio::test]
async fn a_deleted_key_leaves_no_secret_behind() {
    on_both(async |place| {
        let store = place.open().await;
        let ann = add_user(&store, "ann@example.org").await;
        let id = add_credential(&store, ann.id, "work", "sk-one").await.credential.id;
        let event = Event::CredentialDeleted { credential: id };
        assert!(change(&store, event.clone(), async |change| tombstone(change, id, None).await.unwrap()).await);
        assert!(!change(&store, event, async |change| tombstone(change, id, None).await.unwrap()).await);
        assert_eq!(by_id(&store, id).await.unwrap(), None);
        let left: i64 =
            sqlx::query_scalar("SELECT COUNT(*) FROM credentials WHERE sealed IS NOT NULL OR is_active = 1")
                .fetch_one(store.pool())
                .await
                .unwrap();
        assert_eq!(left, 0);
        store.close().await;
    })
    .await;
}

#[tokio::test]
async fn fields_change_but_an_origin_only_with_its_secret() {
    on_both(async |place| {
        let store = place.open().await;
        let ann = add_user(&store, "ann@example.org").await;
        let mut row = add_credential(&store, ann.id, "work", "sk-one").await.credential;
        let id = row.id;
        let moved = Endpoint {
            api_base: Some("https://other.example/v1".to_owned()),
            endpoint: "https://other.example/v1".to_owned(),
            origin: Origin::stored("https://other.example".to_owned()),
        };
        let event = Event::CredentialUpdated { credential: id, fields: vec!["name"], origin: row.origin.clone() };
        let edit =
            CredentialEdit { name: Some("home".to_owned()), expires_at: Some(Some(NOW)), ..CredentialEdit::default() };
        assert!(
            change(&store, event.clone(), async |change| update_fields(change, id, &edit, None).await.unwrap()).await
        );
        let now = by_id(&store, id).await.unwrap().unwrap().credential;
        assert_eq!((now.name.as_str(), now.expires_at, now.note.as_str()), ("home", Some(NOW), ""));

        let edit = CredentialEdit { endpoint: Some(moved.clone()), ..CredentialEdit::default() };
        assert!(
            !change(&store, event.clone(), async |change| update_fields(change, id, &edit, None).await.unwrap()).await
        );

        (row.origin, row.secret_version) = (moved.origin.clone(), 2);
        let secret = Secret::new("sk-two".to_owned());
        let secret = NewSecret {
            sealed: Some(store.vault().seal(&secret, &RowIdentity::of(&row), NOW, &entropy())),
            fingerprint: Some(store.vault().fingerprint(&secret)),
            masked: "sk-…".to_owned(),
            version: 2,
            endpoint: Some(moved),
            reference: None,
            set_at: Some(NOW),
            rotate_after: None,
        };
        assert!(
            change(&store, event.clone(), async |change| replace_secret(change, id, &secret, None).await.unwrap())
                .await
        );
        assert!(!change(&store, event, async |change| replace_secret(change, id, &secret, None).await.unwrap()).await);
        let now = by_id(&store, id).await.unwrap().unwrap();
        assert_eq!(now.credential.endpoint, "https://other.example/v1");
        assert!(store.vault().open(&now.sealed.unwrap(), &RowIdentity::of(&now.credential)).is_ok());
        store.close().await;
    })
    .await;
}

#[tokio::test]
async fn a_row_without_a_secret_moves_freely_and_is_stored_all_the_same() {
    on_both(async |place| {
        let store = place.open().await;
        let ann = add_user(&store, "ann@example.org").await;
        let id = add_credential(&store, ann.id, "work", "sk-one").await.credential.id;
        sqlx::query("UPDATE credentials SET sealed = NULL, source = 'keyless' WHERE id = $1")
            .bind(id.to_string())
            .execute(store.pool())
            .await
            .unwrap();
        let origin = Origin::stored("https://other.example".to_owned());
        let moved = Endpoint { api_base: None, endpoint: "https://other.example/v1".to_owned(), origin };
        let edit = CredentialEdit { endpoint: Some(moved.clone()), ..CredentialEdit::default() };
        let event = Event::CredentialUpdated { credential: id, fields: vec!["api_base"], origin: moved.origin.clone() };
        assert!(change(&store, event, async |change| update_fields(change, id, &edit, None).await.unwrap()).await);
        let now = by_id(&store, id).await.unwrap().unwrap().credential;
        assert_eq!((now.origin, now.source), (moved.origin, Source::Stored));
        store.close().await;
    })
    .await;
}

#[tokio::test]
async fn health_of_a_former_secret_is_not_kept_and_only_news_are_told() {
    on_both(async |place| {
        let store = place.open().await;
        let ann = add_user(&store, "ann@example.org").await;
        let id = add_credential(&store, ann.id, "work", "sk-one").await.credential.id;
        let before = changes::latest(&store).await.unwrap();
        let told = health_feed::latest(&store).await.unwrap();
        let health = |secret_version| Health {
            secret_version,
            status: KeyStatus::Valid,
            reason: Some("works".to_owned()),
            at: NOW,
        };
        assert!(!set_health(&store, id, &health(2)).await.unwrap());
        assert!(set_health(&store, id, &health(1)).await.unwrap());
        assert!(!set_health(&store, id, &health(1)).await.unwrap());
        assert_eq!(health_feed::latest(&store).await.unwrap(), told + 1);
        assert_eq!(changes::latest(&store).await.unwrap(), before);
        touch_last_used(&store, &[(id, NOW)]).await.unwrap();
        let now = by_id(&store, id).await.unwrap().unwrap().credential;
        assert_eq!((now.status, now.checked_at, now.last_used_at), (KeyStatus::Valid, Some(NOW), Some(NOW)));
        store.close().await;
    })
    .await;
}

#[tokio::test]
async fn the_impact_counts_a_day_and_thirty_and_names_the_tokens() {
    on_both(async |place| {
        let store = place.open().await;
        let ann = add_user(&store, "ann@example.org").await;
        let token = add_token(&store, ann.id, "laptop").await;
        let mut id = None;
        for (hours, with) in [(1, Some(token.id)), (48, Some(token.id)), (72, None), (40 * 24, Some(token.id))] {
            let mut start = attempt(&store, ann.id, NOW.minus(Duration::from_hours(hours)));
            start.token = with;
            id = Some(start.credential);
            store.ledger().dispatch(start.clone()).await.unwrap();
            store.ledger().settle(start.attempt, settlement(7)).acknowledged().await.unwrap();
        }
        let found = impact(&store, id.unwrap(), NOW).await.unwrap();
        let last_used_at = Some(NOW.minus(Duration::from_hours(1)));
        let tokens = vec![TokenUse { token: token.id, name: "laptop".to_owned(), calls_30d: 2 }];
        assert_eq!(
            found,
            Impact { last_used_at, calls_24h: 1, calls_30d: 3, cost_30d: Nanos(21), tokens, teams: Vec::new() }
        );
        let unused = impact(&store, CredentialId::of_source("env:NOBODYS"), NOW).await.unwrap();
        assert_eq!(unused, Impact::default());
        store.close().await;
    })
    .await;
}

#[tokio::test]
async fn the_same_secret_is_found_within_one_owner_provider_and_origin() {
    on_both(async |place| {
        let store = place.open().await;
        let (ann, bob) = (add_user(&store, "ann@example.org").await, add_user(&store, "bob@example.org").await);
        let hers = add_credential(&store, ann.id, "work", "sk-one").await;
        let his = add_credential(&store, bob.id, "work", "sk-one").await;
        assert_eq!(hers.fingerprint, his.fingerprint);
        let fingerprint = hers.fingerprint.clone().unwrap();
        let found = async |like: &Credential| {
            let mut change = store.begin(NOW, Actor::System, None).await.unwrap();
            let rows = with_secret(&mut change, like, &fingerprint).await.unwrap();
            change.rollback().await.unwrap();
            rows.into_iter().map(|row| row.id).collect::<Vec<_>>()
        };
        assert_eq!(found(&hers.credential).await, [hers.credential.id]);
        assert_eq!(found(&his.credential).await, [his.credential.id]);
        let elsewhere =
            Credential { origin: Origin::stored("https://other.example".to_owned()), ..hers.credential.clone() };
        assert!(found(&elsewhere).await.is_empty());
        assert!(found(&Credential { provider: ProviderId::Groq, ..hers.credential.clone() }).await.is_empty());
        let event = Event::CredentialDeleted { credential: hers.credential.id };
        let id = hers.credential.id;
        assert!(change(&store, event, async |change| tombstone(change, id, None).await.unwrap()).await);
        assert!(found(&hers.credential).await.is_empty(), "a deleted one does not count");
        let labels = labelled(&store, &[id, his.credential.id]).await.unwrap();
        let deleted: Vec<_> = labels.iter().map(|(row, gone)| (row.id, row.masked.as_str(), *gone)).collect();
        assert!(deleted.contains(&(id, "sk-…b123", true)) && deleted.contains(&(his.credential.id, "sk-…b123", false)));
        store.close().await;
    })
    .await;
}

#[tokio::test]
async fn a_former_secret_follows_its_key_and_never_becomes_primary() {
    on_both(async |place| {
        let store = place.open().await;
        let ann = add_user(&store, "ann@example.org").await;
        let main = add_credential(&store, ann.id, "work", "sk-one").await.credential;
        let former = Credential {
            id: CredentialId::generate(NOW, &entropy()),
            grace_of: Some(main.id),
            expires_at: Some(NOW.plus(Duration::from_hours(1))),
            is_primary: false,
            priority: domain::credential::GRACE_PRIORITY,
            ..main.clone()
        };
        let stored = StoredCredential { credential: former.clone(), sealed: None, fingerprint: None };
        let event = Event::CredentialActivated { credential: main.id };
        change(&store, event.clone(), async |change| {
            insert(change, &stored).await.unwrap();
            true
        })
        .await;
        assert_eq!(of_user(&store, ann.id).await.unwrap().pop().unwrap().credential.id, former.id, "last in order");
        change(&store, event.clone(), async |change| set_active(change, main.id, false, None).await.unwrap()).await;
        assert!(of_user(&store, ann.id).await.unwrap().iter().all(|row| !row.credential.is_active));
        assert_eq!(ended_grace(&store, NOW).await.unwrap(), []);
        change(&store, event.clone(), async |change| {
            shorten_grace(change, main.id, NOW).await.unwrap();
            grace_rows(change, main.id).await.unwrap() == [former.id]
        })
        .await;
        assert_eq!(ended_grace(&store, NOW).await.unwrap(), [EndedGrace { credential: former.id, of: main.id }]);
        change(&store, event, async |change| tombstone(change, main.id, None).await.unwrap()).await;
        let left = of_user(&store, ann.id).await.unwrap();
        assert!(left.iter().all(|row| !row.credential.is_primary), "{left:?}");
        store.close().await;
    })
    .await;
}

#[tokio::test]
async fn the_operator_sees_everybodys_credentials_but_the_deleted() {
    on_both(async |place| {
        let store = place.open().await;
        let (ann, bob) = (add_user(&store, "ann@example.org").await, add_user(&store, "bob@example.org").await);
        let kept = [
            add_credential(&store, ann.id, "hers", "sk-1").await.credential.id,
            add_credential(&store, bob.id, "his", "sk-2").await.credential.id,
        ];
        let gone = add_credential(&store, bob.id, "gone", "sk-3").await.credential.id;
        let mut change = store.begin(NOW, Actor::System, None).await.unwrap();
        assert!(tombstone(&mut change, gone, None).await.unwrap());
        change.commit(Event::CredentialDeleted { credential: gone }).await.unwrap();
        let ids = async |provider| {
            let rows = of_everybody(&store, provider).await.unwrap();
            let mut ids: Vec<_> = rows.into_iter().map(|row| row.credential.id).collect();
            ids.sort();
            ids
        };
        let mut wanted = kept;
        wanted.sort();
        assert_eq!(ids(None).await, wanted);
        assert_eq!(ids(Some(ProviderId::OpenAi)).await, wanted);
        assert!(ids(Some(ProviderId::Groq)).await.is_empty());
        store.close().await;
    })
    .await;
}
