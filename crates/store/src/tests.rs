//! The small tables: sign-in, tokens, lists, claims, and who is told.

use std::time::Duration;

use domain::Timestamp;
use domain::audit::{Actor, Event};
use domain::caller::TokenScope;
use domain::credential::KeyStatus;
use domain::gateway_token::{Params, TokenKind};
use domain::ids::{CredentialId, SessionId, TokenId};

use crate::changes::{self, ChangeWatch, Hint};
use crate::environment_health::{self, EnvironmentHealth};
use crate::error::{StoreError, Taken};
use crate::health_feed::{self, Finding, HealthKind, HealthNews};
use crate::idempotency::{self, Known};
use crate::model_lists::{self, ModelList};
use crate::sessions::{self, Session, SessionKind};
use crate::setup_codes::{self, Purpose, SetupCode};
use crate::testing::{NOW, add_token, add_user, entropy, on_both, user};
use crate::tokens::{self, Token, TokenEdit};
use crate::{Dialect, Mutation, Store, login_failures, users};

async fn begin(store: &Store) -> Mutation {
    store.begin(NOW, Actor::System, None).await.unwrap()
}

fn later(seconds: u64) -> Timestamp {
    NOW.plus(Duration::from_secs(seconds))
}

#[tokio::test]
async fn an_address_belongs_to_one_user_however_it_is_written() {
    on_both(async |place| {
        let store = place.open().await;
        let ann = add_user(&store, "Ann@Example.org").await;
        assert_eq!(users::by_email(&store, " ann@EXAMPLE.org").await.unwrap(), Some(ann.clone()));
        let mut change = begin(&store).await;
        let taken = users::insert(&mut change, &user("ANN@example.org")).await;
        assert!(matches!(taken, Err(StoreError::Conflict(Taken::Email))), "{taken:?}");
        drop(change);

        let mut change = begin(&store).await;
        assert!(users::update(&mut change, ann.id, Some("Ann B."), None).await.unwrap());
        assert!(users::set_password_hash(&mut change, ann.id, "$argon2id$").await.unwrap());
        assert!(users::set_active(&mut change, ann.id, false).await.unwrap());
        change.commit(Event::UserUpdated { user: ann.id, fields: vec!["display_name"] }).await.unwrap();
        let now = users::by_id(&store, ann.id).await.unwrap().unwrap();
        assert_eq!((now.display_name.as_str(), now.preferences.as_str(), now.is_active), ("Ann B.", "{}", false));
        assert_eq!(now.password_hash.as_deref(), Some("$argon2id$"));
        assert_eq!(users::list(&store, 0, 10).await.unwrap(), (vec![now], 1));
        store.close().await;
    })
    .await;
}

#[tokio::test]
async fn a_setup_code_is_taken_once_by_two_racers() {
    on_both(async |place| {
        let store = place.open().await;
        let code = SetupCode {
            hash: "c0de".to_owned(),
            purpose: Purpose::Setup,
            user: None,
            expires_at: later(3600),
            used_at: None,
        };
        let mut change = begin(&store).await;
        setup_codes::insert(&mut change, &SetupCode { hash: "old".to_owned(), ..code.clone() }).await.unwrap();
        setup_codes::insert(&mut change, &code).await.unwrap();
        change.commit(Event::SetupLinkCreated {}).await.unwrap();
        assert_eq!(setup_codes::by_hash(&store, "old").await.unwrap(), None, "the newer link replaces the older");

        let second = place.open().await;
        let take = async |store: &Store| {
            let mut change = begin(store).await;
            let taken = setup_codes::take(&mut change, "c0de", Purpose::Setup).await.unwrap();
            change.commit(Event::SetupLinkCreated {}).await.unwrap();
            taken.is_some()
        };
        let (a, b, c) = tokio::join!(take(&store), take(&second), take(&store));
        assert_eq!([a, b, c].iter().filter(|&&taken| taken).count(), 1);
        second.close().await;
        store.close().await;
    })
    .await;
}

#[tokio::test]
async fn sessions_end_and_stay_ended() {
    on_both(async |place| {
        let store = place.open().await;
        let ann = add_user(&store, "ann@example.org").await;
        let mut change = begin(&store).await;
        let mut all = Vec::new();
        for number in 0..3 {
            let session = Session {
                id: SessionId::generate(NOW, &entropy()),
                secret_hash: format!("hash{number}"),
                user: ann.id,
                kind: SessionKind::Web,
                created_at: later(number),
                expires_at: later(100),
                last_seen_at: NOW,
                user_agent: Some("Firefox".to_owned()),
                address: None,
                ended_at: None,
            };
            sessions::insert(&mut change, &session).await.unwrap();
            all.push(session);
        }
        change.commit(Event::SessionCreated { user: ann.id, session: all[0].id }).await.unwrap();
        assert_eq!(sessions::by_secret_hash(&store, "hash1").await.unwrap(), Some(all[1].clone()));
        sessions::touch(&store, all[1].id, later(9)).await.unwrap();
        assert_eq!(sessions::by_id(&store, all[1].id).await.unwrap().unwrap().last_seen_at, later(9));

        let mut change = begin(&store).await;
        assert!(sessions::end(&mut change, all[2].id).await.unwrap());
        assert!(!sessions::end(&mut change, all[2].id).await.unwrap());
        let ended = sessions::end_all_of_user(&mut change, ann.id, Some(all[0].id)).await.unwrap();
        assert_eq!(ended, [all[1].id]);
        change.commit(Event::PasswordChanged { user: ann.id }).await.unwrap();
        let open = sessions::open_of_user(&store, ann.id, later(50)).await.unwrap();
        assert_eq!(open.iter().map(|session| session.id).collect::<Vec<_>>(), [all[0].id]);
        assert!(sessions::open_of_user(&store, ann.id, later(100)).await.unwrap().is_empty());
        store.close().await;
    })
    .await;
}

#[tokio::test]
async fn a_token_is_found_by_its_hash_until_revoked_and_after() {
    on_both(async |place| {
        let store = place.open().await;
        let ann = add_user(&store, "ann@example.org").await;
        let token = Token {
            id: TokenId::generate(NOW, &entropy()),
            hash: "abc".to_owned(),
            masked: "owk_…wxyz".to_owned(),
            kind: TokenKind::User,
            user: ann.id,
            team: None,
            name: "laptop".to_owned(),
            scopes: vec![TokenScope::Models, TokenScope::ReadUsage],
            models: Some(vec!["gpt-6.1".to_owned()]),
            policy: Some(domain::resolve::Fallback::Strict),
            params: Params::Strict,
            rate_limit: Some(60),
            tokens_per_minute: Some(9_000),
            created_at: NOW,
            expires_at: Some(later(100)),
            last_used_at: None,
            revoked_at: None,
        };
        let mut change = begin(&store).await;
        tokens::insert(&mut change, &token).await.unwrap();
        let event = Event::TokenCreated { token: token.id, name: token.name.clone(), scopes: vec!["models"] };
        change.commit(event).await.unwrap();
        assert_eq!(tokens::by_hash(&store, "abc").await.unwrap(), Some(token.clone()));
        assert_eq!(tokens::list(&store, ann.id, 0, 10).await.unwrap(), (vec![token.clone()], 1));
        tokens::touch_last_used(&store, &[(token.id, later(5)), (token.id, NOW)]).await.unwrap();

        let mut change = begin(&store).await;
        assert!(tokens::revoke(&mut change, token.id).await.unwrap());
        change.commit(Event::TokenRevoked { token: token.id }).await.unwrap();
        let now = tokens::by_id(&store, token.id).await.unwrap().unwrap();
        assert_eq!((now.revoked_at, now.last_used_at), (Some(NOW), Some(later(5))));
        assert_eq!(tokens::list(&store, ann.id, 0, 10).await.unwrap().1, 0);
        store.close().await;
    })
    .await;
}

#[tokio::test]
async fn a_former_text_finds_its_token_and_none_outlives_the_one_after_it() {
    on_both(async |place| {
        let store = place.open().await;
        let ann = add_user(&store, "ann@example.org").await;
        let token = add_token(&store, ann.id, "laptop").await;
        let rotated = async |hash: &str, until: Timestamp| {
            let mut change = begin(&store).await;
            let now = tokens::by_id_within(&mut change, token.id).await.unwrap().unwrap();
            tokens::rotate(&mut change, &now, hash, "owk_…new1", until).await.unwrap();
            let event = Event::TokenRotated { token: token.id, former_until: until.as_micros() };
            change.commit(event).await.unwrap();
        };
        let until =
            async |hash: &str| tokens::by_former_hash(&store, hash).await.unwrap().map(|former| former.valid_until);
        rotated("second", later(100)).await;
        assert_eq!(tokens::by_hash(&store, &token.hash).await.unwrap(), None);
        assert_eq!(tokens::by_hash(&store, "second").await.unwrap().map(|token| token.masked).unwrap(), "owk_…new1");
        assert_eq!(until(&token.hash).await, Some(later(100)));
        rotated("third", later(10)).await;
        assert_eq!((until(&token.hash).await, until("second").await), (Some(later(10)), Some(later(10))));
        tokens::prune_former(&store, later(9)).await.unwrap();
        assert_eq!(until("second").await, Some(later(10)));
        tokens::prune_former(&store, later(10)).await.unwrap();
        assert_eq!(until("second").await, None);
        store.close().await;
    })
    .await;
}

#[tokio::test]
async fn a_token_is_edited_field_by_field() {
    on_both(async |place| {
        let store = place.open().await;
        let ann = add_user(&store, "ann@example.org").await;
        let token = add_token(&store, ann.id, "laptop").await;
        let edited = async |edit: TokenEdit| {
            let mut change = begin(&store).await;
            let done = tokens::update(&mut change, token.id, &edit).await.unwrap();
            change.commit(Event::TokenUpdated { token: token.id, fields: vec!["name"] }).await.unwrap();
            done
        };
        assert!(edited(TokenEdit { name: Some("desk".to_owned()), ..TokenEdit::default() }).await);
        let now = tokens::by_id(&store, token.id).await.unwrap().unwrap();
        assert_eq!(now, Token { name: "desk".to_owned(), ..token.clone() });
        let edit = TokenEdit {
            scopes: Some(vec![TokenScope::Metrics]),
            models: Some(None),
            policy: None,
            params: Some(Params::Lenient),
            expires_at: Some(Some(later(5))),
            rate_limit: Some(Some(30)),
            tokens_per_minute: Some(None),
            name: None,
        };
        assert!(edited(edit).await);
        let now = tokens::by_id(&store, token.id).await.unwrap().unwrap();
        assert_eq!(now.params, Params::Lenient);
        assert_eq!((now.rate_limit, now.tokens_per_minute), (Some(30), None));
        assert_eq!((now.scopes, now.models, now.expires_at), (vec![TokenScope::Metrics], None, Some(later(5))));
        let mut change = begin(&store).await;
        tokens::revoke(&mut change, token.id).await.unwrap();
        change.commit(Event::TokenRevoked { token: token.id }).await.unwrap();
        assert!(!edited(TokenEdit::default()).await, "a revoked one stays as it is");
        store.close().await;
    })
    .await;
}

#[tokio::test]
async fn login_failures_count_by_account_and_by_address() {
    on_both(async |place| {
        let store = place.open().await;
        let counted = async |account: &str, address: &str, at, from| {
            let found = login_failures::count_in(&store, account, address, at, from).await.unwrap();
            (found.of_pair, found.of_account, found.of_address)
        };
        // Each attempt is counted before it is tried: pair, account, address.
        assert_eq!(counted("Ann@x", "1.1.1.1", NOW, NOW).await, (1, 1, 1));
        assert_eq!(counted("ann@X", "2.2.2.2", NOW, NOW).await, (1, 2, 1));
        assert_eq!(counted("bob@x", "1.1.1.1", NOW, NOW).await, (1, 1, 2));
        assert_eq!(counted("ann@x", "1.1.1.1", NOW, NOW).await, (2, 3, 3));
        // A minute later the earlier ones are outside of what is asked for.
        assert_eq!(counted("ann@x", "1.1.1.1", later(60), later(60)).await, (1, 1, 1));
        login_failures::clear(&store, "ANN@x").await.unwrap();
        assert_eq!(counted("ann@x", "1.1.1.1", later(60), NOW).await, (1, 1, 2));
        login_failures::prune(&store, later(60)).await.unwrap();
        assert_eq!(counted("bob@x", "1.1.1.1", later(60), NOW).await, (1, 1, 2));
        store.close().await;
    })
    .await;
}

#[tokio::test]
async fn an_idempotency_key_is_claimed_once_a_day() {
    on_both(async |place| {
        let store = place.open().await;
        let begin = async |at| idempotency::begin(&store, "key", "ann", "body", at).await.unwrap();
        let body_hash = "body".to_owned();
        assert_eq!(begin(NOW).await, Known::Fresh);
        assert_eq!(begin(NOW).await, Known::InProgress { body_hash: body_hash.clone() });
        idempotency::release(&store, "key", "ann").await.unwrap();
        assert_eq!(begin(NOW).await, Known::Fresh);
        // A process that died never ends its claim.
        assert_eq!(begin(later(130 * 60)).await, Known::InProgress { body_hash: body_hash.clone() });
        assert_eq!(begin(later(130 * 60 + 1)).await, Known::Fresh);
        idempotency::release(&store, "key", "ann").await.unwrap();
        assert_eq!(begin(NOW).await, Known::Fresh);
        idempotency::finish(&store, "key", "ann", 201, Some("id")).await.unwrap();
        let done = Known::Done { body_hash, status: 201, resource_id: Some("id".to_owned()) };
        assert_eq!(begin(later(86_400)).await, done);
        assert_eq!(begin(later(86_401)).await, Known::Fresh);
        idempotency::prune(&store, later(86_401 * 2)).await.unwrap();
        assert_eq!(idempotency::begin(&store, "key", "bob", "body", NOW).await.unwrap(), Known::Fresh);
        store.close().await;
    })
    .await;
}

#[tokio::test]
async fn lists_and_environment_health_are_replaced_and_told() {
    on_both(async |place| {
        let store = place.open().await;
        let credential = CredentialId::of_source("env:OPENAI_API_KEY");
        let list = ModelList { credential, models: "[]".to_owned(), fetched_at: NOW, error: None };
        assert!(model_lists::put(&store, &list).await.unwrap());
        assert!(!model_lists::put(&store, &list).await.unwrap(), "nothing new");
        let list = ModelList { error: Some("timeout".to_owned()), ..list };
        assert!(!model_lists::put(&store, &list).await.unwrap(), "the models are the same");
        let list = ModelList { models: r#"[{"id":"m"}]"#.to_owned(), ..list };
        assert!(model_lists::put(&store, &list).await.unwrap());
        assert_eq!(model_lists::get(&store, credential).await.unwrap(), Some(list.clone()));
        let other = CredentialId::of_source("local:ollama");
        assert_eq!(model_lists::all_for(&store, &[other, credential]).await.unwrap(), [list]);
        assert!(model_lists::all_for(&store, &[]).await.unwrap().is_empty());

        let health = EnvironmentHealth {
            credential,
            value_fingerprint: "f".to_owned(),
            status: KeyStatus::Valid,
            reason: None,
            checked_at: NOW,
        };
        assert!(environment_health::put(&store, &health).await.unwrap());
        assert!(!environment_health::put(&store, &health).await.unwrap());
        assert_eq!(environment_health::all(&store).await.unwrap(), [health]);
        let told = |seq, kind, status| {
            let finding = Finding { kind, credential, at: NOW, status, reason: None };
            HealthNews { seq, finding: Some(finding) }
        };
        let models = |seq| told(seq, HealthKind::Models, None);
        let feed = health_feed::since(&store, 0, 10).await.unwrap();
        assert_eq!(feed, [models(1), models(2), told(3, HealthKind::Status, Some(KeyStatus::Valid))]);
        assert_eq!(health_feed::since(&store, 1, 1).await.unwrap(), [models(2)]);
        assert_eq!(changes::latest(&store).await.unwrap(), 0, "health is no change of configuration");
        store.close().await;
    })
    .await;
}

#[tokio::test]
async fn a_change_on_one_node_wakes_the_other_within_two_seconds() {
    on_both(async |place| {
        let (one, two) = (place.open().await, place.open().await);
        let mut watch = ChangeWatch::open(&two).await.unwrap();
        assert_eq!(watch.wait(Duration::from_millis(1)).await.unwrap(), None);
        let (hint, _) = tokio::join!(watch.wait(Duration::from_secs(2)), add_user(&one, "ann@example.org"));
        assert_eq!(hint.unwrap(), Some(Hint::Changed));
        assert_eq!(changes::latest(&two).await.unwrap(), 1);
        drop(watch);
        one.close().await;
        two.close().await;
    })
    .await;
}

#[tokio::test]
async fn a_text_that_the_database_cannot_keep_is_said_to_be_one() {
    on_both(async |place| {
        let store = place.open().await;
        let read = sqlx::query("SELECT id FROM users WHERE email = $1").bind("a\0b").fetch_all(store.pool()).await;
        match read.map_err(StoreError::from) {
            Err(StoreError::Text(_)) => assert_eq!(store.dialect(), Dialect::Postgres),
            Ok(rows) => assert!(rows.is_empty()),
            Err(other) => panic!("{other:?}"),
        }
        store.close().await;
    })
    .await;
}
