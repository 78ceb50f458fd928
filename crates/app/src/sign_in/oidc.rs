//! Signing in through an OpenID provider, beside passwords: the authorization
//! code flow with PKCE. What has to be remembered while somebody is at the
//! provider is in a sealed cookie of their browser, for ten minutes and for one
//! return.
//!
//! Reading order: what the operator settled, the journey there and back, what the
//! provider says, whose account that is.

mod accounts;
mod claims;
mod exchange;
mod provider;
mod settings;
mod voyage;

use domain::caller::Proof;
use domain::{Caller, Timestamp};
use openidconnect::core::{CoreAuthPrompt, CoreResponseType};
use openidconnect::{AuthenticationFlow, CsrfToken, Nonce, PkceCodeChallenge, PkceCodeVerifier, Scope};
use store::sessions::SessionKind;
use subtle::ConstantTimeEq as _;

use super::{Opened, Visitor, open_session};
use crate::App;
use crate::callers;
use crate::error::{Code, Error, Result};

pub(crate) use provider::Provider;
pub use settings::Oidc;
pub use voyage::LIFE;
use voyage::Voyage;

/// How much older than asked for a fresh proof may look, because two clocks are
/// never quite alike.
const PROOF_SLACK_SECONDS: i64 = 30;

/// How long a page waits for a provider that it can do without.
const SHORT_PATIENCE: std::time::Duration = std::time::Duration::from_secs(2);

/// What a browser is to do to begin: keep this, and go there.
pub struct Departure {
    /// The provider's page.
    pub url: String,
    /// For a cookie that comes back with them.
    pub cookie: String,
}

/// With what the provider sent them back.
#[derive(Clone, Debug, Default)]
pub struct Return {
    /// The state we gave them.
    pub state: Option<String>,
    /// The code to exchange.
    pub code: Option<String>,
    /// Who says it is sending them (RFC 9207).
    pub iss: Option<String>,
    /// The provider's word for what went wrong.
    pub error: Option<String>,
}

/// How the journey ended.
pub enum Arrival {
    /// They are signed in, in a session that did not exist before.
    SignedIn(Opened),
    /// Who was signed in proved it once more; they go on there, on our own page.
    Proven(String),
}

/// The operator's provider, where there is one.
///
/// # Errors
/// `not_found`.
fn settings(app: &App) -> Result<&Oidc> {
    let none = || Error::new(Code::NotFound, "This server has no other way to sign in than a password. Use /login.");
    app.settings.oidc.as_deref().ok_or_else(none)
}

/// Begins a sign-in.
///
/// # Errors
/// `not_found` where none is offered, `provider_error` when the provider cannot
/// be asked how.
pub async fn begin(app: &App) -> Result<Departure> {
    depart(app, None, "/").await
}

/// Where somebody who signed out here signs out at the provider as well; `None`
/// where that says of no such page, or nothing in good time.
pub async fn way_out(app: &App) -> Option<String> {
    let oidc = app.settings.oidc.as_deref()?;
    let known = tokio::time::timeout(SHORT_PATIENCE, provider::known(app, oidc)).await.ok()?;
    known.ok()?.way_out.clone()
}

/// Whether somebody is known at the operator's provider.
///
/// # Errors
/// When the store cannot be read.
pub async fn is_known_there(app: &App, caller: &Caller) -> Result<bool> {
    let Some(oidc) = app.settings.oidc.as_deref() else { return Ok(false) };
    let identities = store::identities::of_user(&app.store, caller.user).await?;
    Ok(identities.iter().any(|identity| identity.issuer == oidc.issuer))
}

/// Begins the proof that whoever is signed in here is still there: they sign in
/// at the provider anew, whatever session they have with it.
///
/// # Errors
/// As [`begin`]; `forbidden` for callers without a browser's session.
pub async fn begin_proof(app: &App, caller: &Caller, next: &str) -> Result<Departure> {
    if !matches!(caller.proof, Proof::WebSession(_)) {
        return Err(Error::new(Code::Forbidden, "Only a browser that is signed in can do this. Use the web page."));
    }
    depart(app, Some(caller), next).await
}

async fn depart(app: &App, proving: Option<&Caller>, next: &str) -> Result<Departure> {
    let oidc = settings(app)?;
    let known = provider::known(app, oidc).await?;
    let voyage = Voyage {
        state: callers::random_secret(app),
        nonce: callers::random_secret(app),
        verifier: callers::random_secret(app),
        issuer: oidc.issuer.clone(),
        began: app.clock.now().as_seconds(),
        session: proving.and_then(Caller::session),
        next: voyage::own_page(next).to_owned(),
    };
    let (state, nonce) = (voyage.state.clone(), voyage.nonce.clone());
    let challenge = PkceCodeChallenge::from_code_verifier_sha256(&PkceCodeVerifier::new(voyage.verifier.clone()));
    let flow = AuthenticationFlow::<CoreResponseType>::AuthorizationCode;
    let mut request = known.client.authorize_url(flow, || CsrfToken::new(state), || Nonce::new(nonce));
    for scope in oidc.scopes.iter().filter(|scope| *scope != "openid") {
        request = request.add_scope(Scope::new(scope.clone()));
    }
    if proving.is_some() {
        request = request.add_prompt(CoreAuthPrompt::Login).set_max_age(std::time::Duration::ZERO);
    }
    let (url, ..) = request.set_pkce_challenge(challenge).url();
    Ok(Departure { url: url.into(), cookie: voyage.sealed(app) })
}

/// Ends the journey: checks that it is the one this browser began, has the
/// provider say who it is, and signs that person in.
///
/// # Errors
/// A sentence for the person. Nobody is signed in then, and the journey is over.
pub async fn end(
    app: &App,
    caller: Option<&Caller>,
    cookie: Option<&str>,
    back: Return,
    visitor: &Visitor,
) -> Result<Arrival> {
    let ended = arrive(app, caller, cookie, back, visitor).await;
    if let Err(error) = &ended {
        let cause = error.cause_chain().unwrap_or_default();
        // Anybody can come without a journey; that fills no log.
        if error.code == Code::InvalidRequest {
            tracing::debug!(address = visitor.address, cause, "a sign-in by OpenID was lost");
        } else {
            tracing::warn!(address = visitor.address, sentence = error.sentence, cause, "a sign-in by OpenID failed");
        }
    }
    ended
}

async fn arrive(
    app: &App,
    caller: Option<&Caller>,
    cookie: Option<&str>,
    back: Return,
    visitor: &Visitor,
) -> Result<Arrival> {
    let oidc = settings(app)?;
    let voyage = cookie.and_then(|cookie| Voyage::opened(app, cookie)).ok_or_else(lost)?;
    let state = back.state.unwrap_or_default();
    if voyage.issuer != oidc.issuer || !bool::from(voyage.state.as_bytes().ct_eq(state.as_bytes())) {
        return Err(lost());
    }
    let known = provider::known(app, oidc).await?;
    if back.iss.as_deref().map_or(known.names_itself, |iss| iss != oidc.issuer) {
        return Err(unproven(oidc).because("the answer came in the name of another issuer"));
    }
    if let Some(word) = back.error {
        return Err(refused_there(oidc, &word));
    }
    let code = back.code.ok_or_else(|| unproven(oidc).because("there was neither a code nor an error"))?;
    // Each state comes back once, whatever else is still valid.
    if !store::identities::spend_state(&app.store, &callers::hash_hex(&state), app.clock.now()).await? {
        return Err(lost().because("the state came back a second time"));
    }
    let person = exchange::who_is_it(app, oidc, &voyage, code).await?;
    if voyage.session.is_some() {
        return prove(app, oidc, caller, &voyage, &person).await.map(Arrival::Proven);
    }
    let user = accounts::admit(app, oidc, &person, visitor).await?;
    Ok(Arrival::SignedIn(open_session(app, &user, SessionKind::Web, visitor).await?))
}

/// Notes that whoever is signed in proved it at the provider, just now.
async fn prove(
    app: &App,
    oidc: &Oidc,
    caller: Option<&Caller>,
    voyage: &Voyage,
    person: &claims::Person,
) -> Result<String> {
    let caller = caller.filter(|caller| caller.session() == voyage.session).ok_or_else(lost)?;
    let identity = store::identities::find(&app.store, &oidc.issuer, &person.subject).await?;
    let Some(identity) = identity.filter(|identity| identity.user == caller.user) else {
        return Err(Error::new(
            Code::Forbidden,
            format!(
                "You signed in to {} as somebody else than you are here, so nothing was confirmed. Try again as yourself.",
                oidc.name
            ),
        ));
    };
    let since = voyage.began - PROOF_SLACK_SECONDS;
    if person.authenticated_at.is_none_or(|at| at < Timestamp::from_seconds(since)) {
        return Err(Error::new(
            Code::Forbidden,
            format!(
                "{} did not ask you anew who you are, so nothing was confirmed. Sign out there, then try again.",
                oidc.name
            ),
        ));
    }
    app.proofs.note_elsewhere(caller, identity.created_at, app.clock.now());
    Ok(voyage.next.clone())
}

fn lost() -> Error {
    Error::new(
        Code::InvalidRequest,
        "This sign-in was not begun in this browser, was finished before, or took longer than ten minutes. Begin again.",
    )
}

/// The provider says no, in one of its few words.
fn refused_there(oidc: &Oidc, word: &str) -> Error {
    let name = &oidc.name;
    let (code, sentence) = match word {
        "access_denied" => (
            Code::Forbidden,
            format!("{name} did not let you in here, or you said no there. Try again, or ask an admin of this server."),
        ),
        "login_required" | "interaction_required" | "consent_required" | "account_selection_required" => {
            (Code::Forbidden, format!("{name} wants to ask you something first. Begin again and answer it there."))
        }
        "temporarily_unavailable" | "server_error" => {
            (Code::ProviderError, format!("{name} cannot sign anybody in just now. Try again shortly."))
        }
        _ => (
            Code::ProviderError,
            format!(
                "{name} does not take this server's request. Tell an admin of this server; its log has the reason."
            ),
        ),
    };
    let shown: String = word.chars().filter(|c| !domain::text::is_invisible(*c)).take(100).collect();
    Error::new(code, sentence).because(format!("the provider's word: {shown}"))
}

/// What came from the provider, or claims to, proves nothing.
fn unproven(oidc: &Oidc) -> Error {
    Error::new(
        Code::Forbidden,
        format!(
            "What came from {} does not prove who you are, so nobody was signed in. Begin again; if it stays, tell an admin of this server.",
            oidc.name
        ),
    )
}
