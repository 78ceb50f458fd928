//! An OpenID provider that says what a test tells it to say, also what no honest
//! one would.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use app::sign_in::oidc::Oidc;
use axum::Router;
use axum::extract::{Form, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use domain::Origin;
use domain::admission::{Admission, Domains};
use domain::audit::Actor;
use domain::caller::Role;
use domain::secret::Password;
use hmac::{Hmac, KeyInit as _, Mac as _};
use openidconnect::core::{CoreEdDsaPrivateSigningKey, CoreJwsSigningAlgorithm};
use openidconnect::{JsonWebKeyId, PrivateSigningKey as _};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use testkit::{House, Options};

/// How an ID token is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Seal {
    /// With the key of this number, under its name.
    Key(u8),
    /// With the key of the second number under the name of the first.
    Under(u8, u8),
    /// Not at all.
    None,
    /// With the public key as if it were a secret.
    PublicKeyAsSecret,
    /// With our own secret at the provider.
    ClientSecret,
}

/// What it says.
pub(super) struct Say {
    /// Of people, over what an honest one says; `null` takes a claim out.
    pub(super) claims: Value,
    /// At the user-info endpoint.
    pub(super) user_info: Value,
    /// Of itself, over what an honest one says.
    pub(super) discovery: Value,
    /// The keys it announces.
    pub(super) keys: Vec<u8>,
    pub(super) seal: Seal,
    /// Another answer of the token endpoint.
    pub(super) token: Option<(u16, String)>,
    /// Endpoints that never answer.
    pub(super) hangs: bool,
}

struct Inner {
    url: String,
    say: Mutex<Say>,
    asked: Mutex<Vec<String>>,
}

/// The provider.
pub(super) struct Scripted(Arc<Inner>);

/// The usual words about a provider: everybody may come in.
pub(crate) fn settings(issuer: &str) -> Oidc {
    Oidc {
        issuer: issuer.to_owned(),
        origin: Origin::stored(issuer.to_owned()),
        name: "Example Login".to_owned(),
        client_id: "ownkey".to_owned(),
        client_secret: Some(domain::Secret::new("s3cret of the tests".to_owned())),
        scopes: ["openid", "email", "profile", "groups"].map(str::to_owned).to_vec(),
        groups_claim: "groups".to_owned(),
        admission: Admission { domains: Domains::Any, links: true, ..Admission::default() },
        passwords: true,
    }
}

impl Scripted {
    pub(super) async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let say = Say {
            claims: json!({}),
            user_info: json!({}),
            discovery: json!({}),
            keys: vec![1],
            seal: Seal::Key(1),
            token: None,
            hangs: false,
        };
        let inner = Arc::new(Inner { url, say: Mutex::new(say), asked: Mutex::default() });
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(discovery))
            .route("/jwks", get(keys))
            .route("/token", post(token))
            .route("/user-info", get(user_info))
            .with_state(Arc::clone(&inner));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self(inner)
    }

    pub(super) fn settings(&self) -> Oidc {
        settings(&self.0.url)
    }

    pub(super) fn issuer(&self) -> &str {
        &self.0.url
    }

    /// A house whose people sign in here.
    pub(super) async fn house(&self) -> House {
        self.house_with(self.settings()).await
    }

    pub(super) async fn house_with(&self, oidc: Oidc) -> House {
        let house = House::start_with(Options { oidc: Some(oidc), ..Options::default() }).await;
        set_up(&house).await;
        house
    }

    /// Changes what it says.
    pub(super) fn says(&self, change: impl FnOnce(&mut Say)) {
        change(&mut self.0.say.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// What it says of a person from now on, in the ID token.
    pub(super) fn knows(&self, claims: Value) {
        self.says(|say| say.claims = claims);
    }

    /// How often an address of its own was asked for.
    pub(super) fn asked(&self, path: &str) -> usize {
        self.0.asked.lock().unwrap().iter().filter(|asked| *asked == path).count()
    }
}

/// What an honest provider says of Ann.
pub(super) fn ann() -> Value {
    json!({"sub": "s-ann", "email": "ann@example.org", "email_verified": true, "name": "Ann Example"})
}

/// Makes the first admin, without whom nobody comes in.
pub(super) async fn set_up(house: &House) {
    let password = Password::new(testkit::PASSWORD.to_owned());
    let email = "operator@example.org".to_owned();
    app::users::create(&house.app, Actor::System, email, password, Role::Admin).await.unwrap();
}

/// Seconds since the epoch.
#[expect(clippy::disallowed_methods, reason = "the provider has a clock of its own")]
pub(super) fn now() -> i64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default().as_secs() as i64
}

fn overlay(mut base: Value, over: &Value) -> Value {
    for (name, value) in over.as_object().unwrap() {
        let base = base.as_object_mut().unwrap();
        if value.is_null() {
            base.remove(name);
        } else {
            base.insert(name.clone(), value.clone());
        }
    }
    base
}

impl Inner {
    fn note(&self, path: &str) {
        self.asked.lock().unwrap().push(path.to_owned());
    }

    async fn hang(&self) {
        let hangs = self.say.lock().unwrap().hangs;
        if hangs {
            std::future::pending::<()>().await;
        }
    }
}

async fn discovery(State(inner): State<Arc<Inner>>) -> Response {
    inner.note("/.well-known/openid-configuration");
    inner.hang().await;
    let url = &inner.url;
    let honest = json!({
        "issuer": url,
        "authorization_endpoint": format!("{url}/authorize"),
        "token_endpoint": format!("{url}/token"),
        "userinfo_endpoint": format!("{url}/user-info"),
        "jwks_uri": format!("{url}/jwks"),
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["EdDSA", "HS256", "none"],
    });
    axum::Json(overlay(honest, &inner.say.lock().unwrap().discovery)).into_response()
}

async fn keys(State(inner): State<Arc<Inner>>) -> Response {
    inner.note("/jwks");
    let keys: Vec<Value> = inner.say.lock().unwrap().keys.iter().map(|number| public(*number)).collect();
    axum::Json(json!({"keys": keys})).into_response()
}

async fn user_info(State(inner): State<Arc<Inner>>) -> Response {
    inner.note("/user-info");
    let honest = json!({"sub": "s-ann"});
    axum::Json(overlay(honest, &inner.say.lock().unwrap().user_info)).into_response()
}

async fn token(State(inner): State<Arc<Inner>>, Form(form): Form<HashMap<String, String>>) -> Response {
    inner.note("/token");
    inner.hang().await;
    let say = inner.say.lock().unwrap();
    if let Some((status, body)) = &say.token {
        let kind = [("content-type", "application/json")];
        return (StatusCode::from_u16(*status).unwrap(), kind, body.clone()).into_response();
    }
    // The code says what the sign-in was begun with.
    let (nonce, challenge) = form["code"].split_once('.').unwrap();
    let proof = URL_SAFE_NO_PAD.encode(Sha256::digest(form["code_verifier"].as_bytes()));
    if proof != challenge || form["grant_type"] != "authorization_code" {
        return (StatusCode::BAD_REQUEST, axum::Json(json!({"error": "invalid_grant"}))).into_response();
    }
    let access_token = "an-access-token";
    let hash = half_hash(access_token);
    let honest = json!({
        "iss": inner.url, "aud": "ownkey", "iat": now(), "exp": now() + 300, "nonce": nonce, "at_hash": hash,
    });
    let honest = overlay(honest, &ann());
    let id_token = signed(&overlay(honest, &say.claims), say.seal);
    let answer = json!({"access_token": access_token, "token_type": "Bearer", "id_token": id_token});
    axum::Json(answer).into_response()
}

/// For Ed25519 the hash is SHA-512's first half.
fn half_hash(token: &str) -> String {
    URL_SAFE_NO_PAD.encode(&sha2::Sha512::digest(token.as_bytes())[..32])
}

fn private(number: u8, name: u8) -> CoreEdDsaPrivateSigningKey {
    let mut der = b"\x30\x2e\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x70\x04\x22\x04\x20".to_vec();
    der.extend([number; 32]);
    let text = STANDARD.encode(der);
    let pem = format!("-----BEGIN PRIVATE KEY-----\n{text}\n-----END PRIVATE KEY-----\n");
    CoreEdDsaPrivateSigningKey::from_ed25519_pem(&pem, Some(JsonWebKeyId::new(format!("key-{name}")))).unwrap()
}

fn public(number: u8) -> Value {
    serde_json::to_value(private(number, number).as_verification_key()).unwrap()
}

fn signed(claims: &Value, seal: Seal) -> String {
    let header = match seal {
        Seal::Key(name) | Seal::Under(name, _) => json!({"alg": "EdDSA", "kid": format!("key-{name}")}),
        Seal::None => json!({"alg": "none"}),
        Seal::PublicKeyAsSecret => json!({"alg": "HS256", "kid": "key-1"}),
        Seal::ClientSecret => json!({"alg": "HS256"}),
    };
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let text = format!("{}.{}", part(&header), part(claims));
    let hmac = |key: &[u8]| {
        let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
        mac.update(text.as_bytes());
        mac.finalize().into_bytes().to_vec()
    };
    let signature = match seal {
        Seal::Key(key) | Seal::Under(_, key) => {
            private(key, key).sign(&CoreJwsSigningAlgorithm::EdDsa, text.as_bytes()).unwrap()
        }
        Seal::None => Vec::new(),
        Seal::PublicKeyAsSecret => hmac(&URL_SAFE_NO_PAD.decode(public(1)["x"].as_str().unwrap()).unwrap()),
        Seal::ClientSecret => hmac(b"s3cret of the tests"),
    };
    format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature))
}
