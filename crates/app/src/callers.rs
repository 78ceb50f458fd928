//! From what a request brings along to who is asking: gateway tokens, access
//! tokens and web sessions, answered from memory when nothing changed.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::caller::{Proof, Role};
use domain::ids::TokenId;
use domain::resolve::Fallback;
use domain::{Caller, Timestamp, gateway_token};
use sha2::{Digest, Sha256};
use store::sessions::{Session, SessionKind};
use store::users::User;

use crate::App;
use crate::error::{Code, Error, Result};
use crate::sign_in::access_token;

/// The most callers kept in memory; beyond it they are looked up again.
const KEPT: usize = 100_000;

/// Somebody who proved who they are, and until when that holds.
#[derive(Debug)]
struct Known {
    caller: Arc<Caller>,
    token: Option<TokenId>,
    valid_until: Option<Timestamp>,
}

/// Callers by the hash of what they brought along.
#[derive(Debug, Default)]
pub(crate) struct CallerCache {
    entries: RwLock<HashMap<[u8; 32], Arc<Known>>>,
    epoch: AtomicU64,
}

impl CallerCache {
    /// Forgets everybody.
    pub(crate) fn forget_all(&self) {
        self.epoch.fetch_add(1, Ordering::AcqRel);
        self.entries.write().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Moves whenever something about a caller changed.
    pub(crate) fn epoch(&self) -> u64 {
        self.epoch.load(Ordering::Acquire)
    }

    fn get(&self, hash: &[u8; 32]) -> Option<Arc<Known>> {
        self.entries.read().unwrap_or_else(PoisonError::into_inner).get(hash).cloned()
    }

    fn keep(&self, hash: [u8; 32], known: Arc<Known>, epoch: u64) {
        let mut entries = self.entries.write().unwrap_or_else(PoisonError::into_inner);
        if self.epoch.load(Ordering::Acquire) == epoch {
            if entries.len() >= KEPT {
                entries.clear();
            }
            entries.insert(hash, known);
        }
    }
}

/// The stored form of anything that is only compared: hexadecimal SHA-256.
#[must_use]
pub fn hash_hex(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The cache's key for a text brought as a token, or as a cookie: the same text
/// is never found under the other kind.
fn slot(kind: &str, text: &str) -> [u8; 32] {
    Sha256::new().chain_update(kind).chain_update([0]).chain_update(text).finalize().into()
}

/// Whoever brings this gateway token or access token.
///
/// # Errors
/// `invalid_gateway_token` for anything that is not valid now.
pub async fn by_token(app: &App, text: &str) -> Result<Arc<Caller>> {
    let text = text.trim();
    let hash = slot("token", text);
    let now = app.clock.now();
    if let Some(known) = app.callers.get(&hash) {
        return pass(app, &known, now, text);
    }
    let epoch = app.callers.epoch.load(Ordering::Acquire);
    let known = Arc::new(if text.starts_with(gateway_token::PREFIX) {
        by_gateway_token(app, text).await?
    } else {
        by_access_token(app, text).await?
    });
    app.callers.keep(hash, Arc::clone(&known), epoch);
    pass(app, &known, now, text)
}

/// Passes when the caller's proof still holds; asked again when something about
/// callers changed while their request was under way.
///
/// # Errors
/// `invalid_gateway_token` when it was revoked, ended or switched off meanwhile.
pub(crate) async fn confirm(app: &App, caller: &Caller) -> Result<()> {
    standing(app, caller).await.map(drop)
}

/// How a caller stands now.
pub(crate) struct Standing {
    /// Their role.
    pub(crate) role: Role,
    /// Until when their proof holds, if nobody ends it before.
    pub(crate) valid_until: Option<Timestamp>,
}

/// How the caller stands now, from the store.
///
/// # Errors
/// As [`confirm`].
pub(crate) async fn standing(app: &App, caller: &Caller) -> Result<Standing> {
    let now = app.clock.now();
    let user = active_user(app, caller.user).await?;
    let valid_until = match &caller.proof {
        Proof::GatewayToken { id, .. } => store::tokens::by_id(&app.store, *id)
            .await?
            .filter(|token| token.revoked_at.is_none() && token.expires_at.is_none_or(|at| now < at))
            .map(|token| token.expires_at),
        Proof::WebSession(id) | Proof::AccessToken(id) => store::sessions::by_id(&app.store, *id)
            .await?
            .filter(|session| session.ended_at.is_none() && now < session.expires_at)
            .map(|session| Some(session.expires_at)),
        Proof::CommandLine => Some(None),
    };
    match (user, valid_until) {
        (Some(user), Some(valid_until)) => Ok(Standing { role: user.role, valid_until }),
        _ => Err(invalid(app, "", "was revoked while its request was under way")),
    }
}

/// Whoever brings this web session, if it is still open.
///
/// # Errors
/// When the store cannot be read.
pub async fn by_web_session(app: &App, secret: &str) -> Result<Option<Arc<Caller>>> {
    let hash = slot("cookie", secret);
    let now = app.clock.now();
    if let Some(known) = app.callers.get(&hash) {
        return Ok(is_valid(&known, now).then(|| Arc::clone(&known.caller)));
    }
    let epoch = app.callers.epoch.load(Ordering::Acquire);
    let Some(session) = store::sessions::by_secret_hash(&app.store, &hash_hex(secret)).await? else {
        return Ok(None);
    };
    if session.kind != SessionKind::Web {
        return Ok(None);
    }
    let Some(known) = of_session(app, &session, now).await? else { return Ok(None) };
    let known = Arc::new(known);
    app.callers.keep(hash, Arc::clone(&known), epoch);
    Ok(Some(Arc::clone(&known.caller)))
}

fn is_valid(known: &Known, now: Timestamp) -> bool {
    known.valid_until.is_none_or(|until| now < until)
}

fn pass(app: &App, known: &Known, now: Timestamp, text: &str) -> Result<Arc<Caller>> {
    if !is_valid(known, now) {
        return Err(invalid(app, text, "has expired"));
    }
    if let Some(token) = known.token {
        app.token_used(token, now);
    }
    Ok(Arc::clone(&known.caller))
}

async fn by_gateway_token(app: &App, text: &str) -> Result<Known> {
    if !gateway_token::is_well_formed(text) {
        return Err(invalid(app, text, "is mistyped"));
    }
    let hash = hash_hex(text);
    let (token, former_until) = match store::tokens::by_hash(&app.store, &hash).await? {
        Some(token) => (Some(token), None),
        None => store::tokens::by_former_hash(&app.store, &hash)
            .await?
            .map_or((None, None), |former| (Some(former.token), Some(former.valid_until))),
    };
    let token =
        token.filter(|token| token.revoked_at.is_none()).ok_or_else(|| invalid(app, text, "is unknown or revoked"))?;
    let user = active_user(app, token.user).await?.ok_or_else(|| invalid(app, text, "belongs to nobody active"))?;
    let proof = Proof::GatewayToken {
        id: token.id,
        scopes: token.scopes.clone(),
        models: token.models.clone(),
        team: token.team,
        policy: token.policy,
        params: token.params,
    };
    let valid_until = token.expires_at.into_iter().chain(former_until).min();
    Ok(Known { caller: Arc::new(caller(&user, proof)), token: Some(token.id), valid_until })
}

async fn by_access_token(app: &App, text: &str) -> Result<Known> {
    let now = app.clock.now();
    let session = access_token::session_of(app.store.server_secrets().access_token(), text)
        .ok_or_else(|| invalid(app, text, "is not one of this server"))?;
    let session = store::sessions::by_id(&app.store, session)
        .await?
        .filter(|session| session.kind == SessionKind::Access)
        .ok_or_else(|| invalid(app, text, "is not one of this server"))?;
    of_session(app, &session, now).await?.ok_or_else(|| invalid(app, text, "has expired or was signed out"))
}

async fn of_session(app: &App, session: &Session, now: Timestamp) -> Result<Option<Known>> {
    if session.ended_at.is_some() || session.expires_at <= now {
        return Ok(None);
    }
    let proof = match session.kind {
        SessionKind::Web => Proof::WebSession(session.id),
        SessionKind::Access => Proof::AccessToken(session.id),
    };
    Ok(active_user(app, session.user).await?.map(|user| Known {
        caller: Arc::new(caller(&user, proof)),
        token: None,
        valid_until: Some(session.expires_at),
    }))
}

async fn active_user(app: &App, id: domain::ids::UserId) -> Result<Option<User>> {
    Ok(store::users::by_id(&app.store, id).await?.filter(|user| user.is_active))
}

/// The caller that `user` is with this proof.
#[must_use]
pub fn caller(user: &User, proof: Proof) -> Caller {
    let role: Role = user.role;
    Caller { user: user.id, role, organization: None, fallback: preferred_fallback(user), proof }
}

fn preferred_fallback(user: &User) -> Option<Fallback> {
    crate::users::Preferences::of(user).fallback
}

/// The sentence for a token that is not valid. OpenAI's clients match its
/// beginning, so it is said in their words.
fn invalid(app: &App, text: &str, why: &str) -> Error {
    let shown = if text.is_empty() { "none".to_owned() } else { shown(text) };
    Error::new(
        Code::InvalidGatewayToken,
        format!(
            "Incorrect API key provided: {shown}. This is Ownkey; make a gateway token at {}/tokens.",
            app.settings.public_url
        ),
    )
    .because(format!("the token {why}"))
}

/// The sentence for a request that brings no token at all.
#[must_use]
pub fn missing(app: &App) -> Error {
    invalid(app, "", "is missing")
}

/// A stranger's text made fit for an answer: ours are masked, others reduced to
/// a hint, because they may be somebody's provider key.
fn shown(text: &str) -> String {
    if text.starts_with(gateway_token::PREFIX) && text.is_ascii() && !text.bytes().any(|b| b.is_ascii_control()) {
        gateway_token::masked(text)
    } else {
        "…".to_owned()
    }
}

/// 32 random bytes as text, for session cookies and one-time links.
#[must_use]
pub fn random_secret(app: &App) -> String {
    URL_SAFE_NO_PAD.encode(app.entropy.bytes::<32>())
}
