//! What every store test needs: both databases, keys, and rows to put in.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

use domain::attempt::AttemptState;
use domain::audit::{Actor, Event};
use domain::caller::{Role, TokenScope};
use domain::credential::{Credential, KeyStatus, Scope, Settings, Source};
use domain::gateway_token::TokenKind;
use domain::ids::{AttemptId, CredentialId, NodeId, OrganizationId, RequestId, TeamId, TokenId, UserId};
use domain::organization::{Organization, Rules, Team};
use domain::provider::WireName;
use domain::usage::{TokenCounts, UsageSource};
use domain::{Entropy, Nanos, Origin, Price, ProviderId, Secret, Timestamp};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};

use crate::credentials::StoredCredential;
use crate::ledger::{AttemptStart, CallSource, Settlement};
use crate::tokens::Token;
use crate::users::User;
use crate::{MasterKeys, OpenError, OpenOptions, RowIdentity, Store};

/// A random-looking key for tests, and another.
pub(crate) const KEY: &str = "3q2-7wABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhs=";
pub(crate) const OTHER_KEY: &str = "_wECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

pub(crate) const NOW: Timestamp = Timestamp::from_seconds(1_795_248_000);

static DRAWN: AtomicU64 = AtomicU64::new(1);

/// Never the same bytes twice, nor in two processes of the tests.
pub(crate) fn entropy() -> Entropy {
    let process = u64::from(std::process::id()) << 32;
    Entropy::new(move |bytes| {
        for chunk in bytes.chunks_mut(8) {
            let drawn = process | DRAWN.fetch_add(1, Ordering::Relaxed);
            let mut mixed = drawn.wrapping_mul(0x9e37_79b9_7f4a_7c15);
            mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            mixed ^= mixed >> 27;
            chunk.copy_from_slice(&mixed.to_le_bytes()[..chunk.len()]);
        }
    })
}

/// A database of its own for one test.
pub(crate) struct Place {
    pub(crate) url: String,
    pub(crate) directory: tempfile::TempDir,
}

impl Place {
    pub(crate) fn sqlite() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", directory.path().join("ownkey.db").display());
        Self { url, directory }
    }

    pub(crate) fn file(&self) -> PathBuf {
        self.directory.path().join("ownkey.db")
    }

    pub(crate) fn is_sqlite(&self) -> bool {
        self.url.starts_with("sqlite")
    }

    pub(crate) fn options(&self) -> OpenOptions {
        OpenOptions {
            url: self.url.clone(),
            master_keys: MasterKeys::parse(KEY).unwrap(),
            now: NOW,
            entropy: entropy(),
            node: NodeId::generate(NOW, &entropy()),
            serves: false,
            strict_durability: false,
        }
    }

    pub(crate) async fn open(&self) -> Store {
        Store::open(self.options()).await.unwrap()
    }

    pub(crate) async fn open_with(&self, keys: &str) -> Result<Store, OpenError> {
        let master_keys = MasterKeys::parse(keys).unwrap();
        Store::open(OpenOptions { master_keys, ..self.options() }).await
    }

    pub(crate) async fn serve(&self, now: Timestamp) -> Store {
        Store::open(OpenOptions { serves: true, now, ..self.options() }).await.unwrap()
    }
}

#[expect(clippy::disallowed_methods, reason = "the tests' own switches, read here and nowhere else")]
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

pub(crate) fn is_ci() -> bool {
    variable("CI").as_deref() == Some("true")
}

/// Runs a test on SQLite and on a PostgreSQL database made for it.
pub(crate) async fn on_both(test: impl AsyncFn(&Place)) {
    test(&Place::sqlite()).await;
    let Some(admin) = variable("OWNKEY_TEST_POSTGRES") else {
        assert!(!is_ci(), "CI must set OWNKEY_TEST_POSTGRES");
        println!("skipped on PostgreSQL: OWNKEY_TEST_POSTGRES is not set");
        return;
    };
    let name = format!("ownkey_test_{}_{}", std::process::id(), DRAWN.fetch_add(1, Ordering::Relaxed));
    let mut connection = PgConnection::connect(&admin).await.unwrap();
    let create = format!("CREATE DATABASE {name}");
    sqlx::raw_sql(AssertSqlSafe(create)).execute(&mut connection).await.unwrap();
    let (server, _) = admin.rsplit_once('/').unwrap();
    test(&Place { url: format!("{server}/{name}"), directory: tempfile::tempdir().unwrap() }).await;
    let drop = format!("DROP DATABASE {name} WITH (FORCE)");
    sqlx::raw_sql(AssertSqlSafe(drop)).execute(&mut connection).await.unwrap();
}

pub(crate) fn user(email: &str) -> User {
    User {
        id: UserId::generate(NOW, &entropy()),
        email: email.to_owned(),
        display_name: "Ann".to_owned(),
        role: Role::Admin,
        is_active: true,
        password_hash: None,
        preferences: "{}".to_owned(),
        created_at: NOW,
        updated_at: NOW,
        password_reset_at: None,
        has_identity: false,
        deleted_at: None,
    }
}

/// Saves a user.
pub(crate) async fn add_user(store: &Store, email: &str) -> User {
    let user = user(email);
    let mut change = store.begin(NOW, Actor::System, None).await.unwrap();
    crate::users::insert(&mut change, &user).await.unwrap();
    change.commit(Event::UserCreated { user: user.id, role: user.role }).await.unwrap();
    user
}

/// Saves an organization.
pub(crate) async fn add_organization(store: &Store, slug: &str) -> OrganizationId {
    let new = Organization {
        id: OrganizationId::generate(NOW, &entropy()),
        slug: slug.to_owned(),
        name: slug.to_owned(),
        rules: Rules::default(),
        suspended_at: None,
        created_at: NOW,
        created_by: None,
        updated_at: NOW,
        updated_by: None,
    };
    let mut change = store.begin(NOW, Actor::System, None).await.unwrap();
    crate::organizations::insert(&mut change, &new).await.unwrap();
    change.commit(Event::OrganizationCreated { organization: new.id, slug: slug.to_owned() }).await.unwrap();
    new.id
}

/// Saves a team.
pub(crate) async fn add_team(store: &Store, organization: OrganizationId, slug: &str) -> TeamId {
    let new = Team {
        id: TeamId::generate(NOW, &entropy()),
        organization,
        slug: slug.to_owned(),
        name: slug.to_owned(),
        markup_basis_points: None,
        models: None,
        suspended_at: None,
        created_at: NOW,
        created_by: None,
        updated_at: NOW,
        updated_by: None,
    };
    let mut change = store.begin(NOW, Actor::System, None).await.unwrap();
    crate::teams::insert(&mut change, &new).await.unwrap();
    change.commit(Event::TeamCreated { team: new.id, organization, slug: slug.to_owned() }).await.unwrap();
    new.id
}

pub(crate) fn credential(owner: UserId, name: &str) -> Credential {
    Credential {
        id: CredentialId::generate(NOW, &entropy()),
        scope: Scope::Personal,
        owner: Some(owner),
        organization: None,
        provider: ProviderId::OpenAi,
        name: name.to_owned(),
        note: String::new(),
        masked: "sk-…b123".to_owned(),
        api_base: None,
        endpoint: "https://api.openai.com/v1".to_owned(),
        origin: Origin::stored("https://api.openai.com".to_owned()),
        settings: Settings::default(),
        is_active: true,
        is_primary: false,
        priority: 0,
        status: KeyStatus::Unverified,
        status_reason: None,
        checked_at: None,
        last_used_at: None,
        expires_at: None,
        rotate_after: None,
        source: Source::Stored,
        secret_version: 1,
        secret_set_at: None,
        grace_of: None,
        created_at: NOW,
        created_by: Some(owner),
        updated_at: NOW,
        updated_by: Some(owner),
    }
}

/// Saves a credential with this secret; what was saved.
pub(crate) async fn add_credential(store: &Store, owner: UserId, name: &str, secret: &str) -> StoredCredential {
    let credential = credential(owner, name);
    let secret = Secret::new(secret.to_owned());
    let sealed = store.vault().seal(&secret, &RowIdentity::of(&credential), NOW, &entropy());
    let fingerprint = Some(store.vault().fingerprint(&secret));
    let stored = StoredCredential { credential, sealed: Some(sealed), fingerprint };
    let mut change = store.begin(NOW, Actor::System, None).await.unwrap();
    crate::credentials::insert(&mut change, &stored).await.unwrap();
    change.commit(created(&stored.credential)).await.unwrap();
    crate::credentials::by_id(store, stored.credential.id).await.unwrap().unwrap()
}

/// Makes a gateway token.
pub(crate) async fn add_token(store: &Store, owner: UserId, name: &str) -> Token {
    let id = TokenId::generate(NOW, &entropy());
    let token = Token {
        id,
        hash: format!("hash of {id}"),
        masked: "owk_…wxyz".to_owned(),
        kind: TokenKind::User,
        user: owner,
        team: None,
        name: name.to_owned(),
        scopes: vec![TokenScope::Models, TokenScope::ReadUsage],
        models: Some(vec!["gpt-6.1".to_owned()]),
        rate_limit: None,
        tokens_per_minute: None,
        policy: None,
        params: domain::gateway_token::Params::Strict,
        created_at: NOW,
        expires_at: None,
        last_used_at: None,
        revoked_at: None,
    };
    let mut change = store.begin(NOW, Actor::System, None).await.unwrap();
    crate::tokens::insert(&mut change, &token).await.unwrap();
    change.commit(Event::TokenCreated { token: id, name: name.to_owned(), scopes: Vec::new() }).await.unwrap();
    token
}

pub(crate) fn created(credential: &Credential) -> Event {
    Event::CredentialCreated {
        credential: credential.id,
        scope: credential.scope,
        provider: credential.provider,
        name: credential.name.clone(),
        origin: credential.origin.clone(),
    }
}

pub(crate) fn attempt(store: &Store, user: UserId, at: Timestamp) -> AttemptStart {
    AttemptStart {
        attempt: AttemptId::generate(at, &entropy()),
        request: RequestId::generate(at, &entropy()),
        client_request_id: None,
        number: 1,
        user,
        token: None,
        team: None,
        organization: None,
        credential: CredentialId::of_source("env:OPENAI_API_KEY"),
        scope: Scope::System,
        provider: ProviderId::OpenAi,
        model: "gpt-6.1".to_owned(),
        requested_model: "fast".to_owned(),
        alias: Some("fast".to_owned()),
        source: CallSource::Api,
        wire: WireName::OpenAiChat,
        streamed: true,
        price: Some(Price::FREE),
        markup_basis_points: 500,
        node: store.node(),
        at,
    }
}

pub(crate) fn settlement(cost: i64) -> Settlement {
    Settlement {
        state: AttemptState::Settled,
        tokens: Some(TokenCounts { prompt: 10, completion: 5, ..TokenCounts::default() }),
        usage_source: UsageSource::Provider,
        provider_cost: Some(Nanos(cost)),
        client_cost: Some(Nanos(cost)),
        budget_charge: None,
        finish: Some("stop".to_owned()),
        error_class: None,
        status: Some(200),
        latency_ms: 12,
        first_token_ms: Some(3),
        at: NOW,
    }
}
