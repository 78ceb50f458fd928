//! From what a request brings along to who is asking: gateway tokens, access
//! tokens and web sessions, answered from memory when nothing changed.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::caller::{Proof, Role};
use domain::ids::{OrganizationId, TeamId, TokenId, UserId};
use domain::organization::{Belonging, MemberRole, Membership, Organization, Team};
use domain::{Caller, Timestamp, gateway_token};
use sha2::{Digest, Sha256};
use store::sessions::{Session, SessionKind};
use store::users::User;

use crate::App;
use crate::error::{Code, Error, Result};
use crate::sign_in::access_token;
use crate::users::Preferences;

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
    /// Where they belong.
    pub(crate) belonging: Belonging,
    /// Until when their proof holds, if nobody ends it before.
    pub(crate) valid_until: Option<Timestamp>,
}

impl Standing {
    /// Whether the caller is who they were.
    pub(crate) fn is_still(&self, caller: &Caller) -> bool {
        self.role == caller.role && (caller.team().is_some() || self.belonging == *caller.belonging)
    }
}

/// How the caller stands now, from the store.
///
/// # Errors
/// As [`confirm`]; `forbidden` when they may no longer act where they did.
pub(crate) async fn standing(app: &App, caller: &Caller) -> Result<Standing> {
    let now = app.clock.now();
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
    let Some(valid_until) = valid_until else {
        return Err(invalid(app, "", "was revoked while its request was under way"));
    };
    if let Some(team) = caller.team() {
        working_team(app, team).await?.ok_or_else(|| invalid(app, "", "belongs to a team that is gone"))?;
        return Ok(Standing { role: caller.role, belonging: Belonging::default(), valid_until });
    }
    let Some(user) = active_user(app, caller.user).await? else {
        return Err(invalid(app, "", "was revoked while its request was under way"));
    };
    let belonging = store::memberships::of_user(&app.store, user.id).await?;
    if let Some(acting) = caller.organization {
        let membership = belonging.organizations.iter().find(|membership| membership.organization == acting);
        may_act(membership.ok_or_else(|| Error::not_found("organization"))?)?;
    }
    Ok(Standing { role: user.role, belonging, valid_until })
}

/// The caller, acting in the organization that their request names by id or
/// slug.
///
/// # Errors
/// `not_found` for one that they do not belong to, `forbidden` for a suspended
/// one.
pub fn acting_in(caller: &Arc<Caller>, named: &str) -> Result<Arc<Caller>> {
    let named = named.trim();
    let is_named = |membership: &Membership| is_called(membership.organization, &membership.slug, named);
    if caller.team().is_some() {
        // A team's token acts for its team, whatever it says.
        let is_own = caller.belonging.organizations.iter().any(is_named);
        return if is_own { Ok(Arc::clone(caller)) } else { Err(Error::not_found("organization")) };
    }
    let membership = caller.belonging.organizations.iter().find(|membership| is_named(membership));
    let membership = membership.ok_or_else(|| Error::not_found("organization"))?;
    may_act(membership)?;
    if caller.organization == Some(membership.organization) {
        return Ok(Arc::clone(caller));
    }
    Ok(Arc::new(Caller { organization: Some(membership.organization), ..Caller::clone(caller) }))
}

fn is_called(id: OrganizationId, slug: &str, named: &str) -> bool {
    slug.eq_ignore_ascii_case(named) || named.parse() == Ok(id)
}

fn may_act(membership: &Membership) -> Result<()> {
    if membership.is_suspended {
        return Err(suspended("organization", &membership.name));
    }
    Ok(())
}

fn suspended(what: &str, name: &str) -> Error {
    Error::new(
        Code::Forbidden,
        format!("The {what} “{name}” is suspended, so nothing is done for it. Ask whoever looks after it."),
    )
}

/// The team of a token, and its organization, when both may work; `None` when
/// one of them is gone.
async fn working_team(app: &App, team: TeamId) -> Result<Option<(Team, Organization)>> {
    let Some(team) = store::teams::by_id(&app.store, team).await? else { return Ok(None) };
    let Some(organization) = store::organizations::by_id(&app.store, team.organization).await? else {
        return Ok(None);
    };
    if organization.suspended_at.is_some() {
        return Err(suspended("organization", &organization.name));
    }
    if team.suspended_at.is_some() {
        return Err(suspended("team", &team.name));
    }
    Ok(Some((team, organization)))
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
    let valid_until = token.expires_at.into_iter().chain(former_until).min();
    let proof = |models| Proof::GatewayToken {
        id: token.id,
        scopes: token.scopes.clone(),
        models,
        team: token.team,
        policy: token.policy,
        params: token.params,
    };
    let caller = match token.team {
        Some(team) => {
            let (team, organization) =
                working_team(app, team).await?.ok_or_else(|| invalid(app, text, "belongs to a team that is gone"))?;
            let proof = proof(both(token.models.clone(), team.models));
            of_team(token.user, &organization, proof)
        }
        None => {
            let user =
                active_user(app, token.user).await?.ok_or_else(|| invalid(app, text, "belongs to nobody active"))?;
            caller_of(app, &user, proof(token.models.clone())).await?
        }
    };
    Ok(Known { caller: Arc::new(caller), token: Some(token.id), valid_until })
}

/// The models that two lists both allow; no list allows all.
fn both(one: Option<Vec<String>>, other: Option<Vec<String>>) -> Option<Vec<String>> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.into_iter().filter(|model| other.contains(model)).collect()),
        (one, other) => one.or(other),
    }
}

/// Whoever brings a team's token: nobody in particular, whoever made it.
fn of_team(maker: UserId, organization: &Organization, proof: Proof) -> Caller {
    let membership = Membership {
        organization: organization.id,
        slug: organization.slug.clone(),
        name: organization.name.clone(),
        role: MemberRole::Member,
        is_suspended: false,
    };
    Caller {
        user: maker,
        role: Role::Member,
        organization: Some(organization.id),
        belonging: Arc::new(Belonging { organizations: vec![membership], teams: Vec::new() }),
        fallback: None,
        proof,
    }
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
    let Some(user) = active_user(app, session.user).await? else { return Ok(None) };
    let caller = Arc::new(caller_of(app, &user, proof).await?);
    Ok(Some(Known { caller, token: None, valid_until: Some(session.expires_at) }))
}

async fn active_user(app: &App, id: UserId) -> Result<Option<User>> {
    Ok(store::users::by_id(&app.store, id).await?.filter(|user| user.is_active))
}

/// The caller that `user` is with this proof. They act in the organization they
/// prefer, else in their only one.
///
/// # Errors
/// When the store cannot be read.
pub async fn caller_of(app: &App, user: &User, proof: Proof) -> Result<Caller> {
    let belonging = store::memberships::of_user(&app.store, user.id).await?;
    let preferences = Preferences::of(user);
    Ok(Caller {
        user: user.id,
        role: user.role,
        organization: acting(&belonging, preferences.organization),
        belonging: Arc::new(belonging),
        fallback: preferences.fallback,
        proof,
    })
}

/// Where somebody acts who does not say where: nowhere in a suspended one.
fn acting(belonging: &Belonging, preferred: Option<OrganizationId>) -> Option<OrganizationId> {
    let working = || belonging.organizations.iter().filter(|membership| !membership.is_suspended);
    let chosen = working().find(|membership| Some(membership.organization) == preferred);
    let only = (belonging.organizations.len() == 1).then(|| working().next()).flatten();
    chosen.or(only).map(|membership| membership.organization)
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
