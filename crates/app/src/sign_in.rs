//! Signing in: passwords, lock-out, web sessions and access tokens.

pub(crate) mod access_token;
pub mod oidc;
mod passwords;
mod proofs;
pub mod sessions;

use std::time::Duration;

use domain::audit::{Actor, Event};
use domain::ids::SessionId;
use domain::secret::Password;
use domain::{Caller, Timestamp, text};
use store::sessions::{Session, SessionKind};
use store::users::User;

use crate::App;
use crate::callers;
use crate::error::{Code, Error, Result};

pub use passwords::{PasswordProblem, Passwords};
pub use proofs::PROOF_LIFE;
pub(crate) use proofs::Proofs;

/// Failed log-ins of one account from one address before that pair is locked.
const FAILURES_OF_PAIR: i64 = 5;

/// Failed log-ins of one account from anywhere: high, so that a stranger cannot
/// lock its owner out with a few wrong guesses.
const FAILURES_OF_ACCOUNT: i64 = 100;

/// Failed log-ins from one address, whatever the accounts.
const FAILURES_OF_ADDRESS: i64 = 50;

/// For how long failures count.
const LOCK: Duration = Duration::from_secs(15 * 60);

/// From where somebody knocks.
#[derive(Clone, Debug, Default)]
pub struct Visitor {
    /// The network address.
    pub address: String,
    /// What their client calls itself.
    pub user_agent: Option<String>,
}

/// A fresh session: what to give to the client, shown once.
pub struct Opened {
    /// The cookie's value or the access token.
    pub text: String,
    /// When it ends.
    pub expires_at: Timestamp,
}

/// Signs a browser in.
///
/// # Errors
/// `incorrect_login` or `too_many_logins`.
pub async fn open_web_session(app: &App, email: &str, password: Password, visitor: &Visitor) -> Result<Opened> {
    let user = verify(app, email, password, visitor).await?;
    open_session(app, &user, SessionKind::Web, visitor).await
}

/// Issues an access token.
///
/// # Errors
/// `incorrect_login` or `too_many_logins`.
pub async fn open_access_token(app: &App, email: &str, password: Password, visitor: &Visitor) -> Result<Opened> {
    let user = verify(app, email, password, visitor).await?;
    open_session(app, &user, SessionKind::Access, visitor).await
}

/// Ends the caller's own session.
///
/// # Errors
/// When the store cannot be written.
pub async fn close_session(app: &App, caller: &Caller) -> Result<()> {
    let Some(session) = caller.session() else { return Ok(()) };
    let mut change = app.store.begin(app.clock.now(), actor(caller), None).await?;
    if store::sessions::end(&mut change, session).await? {
        change.commit(Event::SessionEnded { session }).await?;
    } else {
        change.rollback().await?;
    }
    app.callers.forget_all();
    Ok(())
}

/// Opens a session for a user whose password was verified.
pub(crate) async fn open_session(app: &App, user: &User, kind: SessionKind, visitor: &Visitor) -> Result<Opened> {
    let now = app.clock.now();
    let id = SessionId::generate(now, &app.entropy);
    let life = match kind {
        SessionKind::Web => app.settings.web_session_life,
        SessionKind::Access => app.settings.access_token_life,
    };
    let expires_at = now.plus(life);
    let text = match kind {
        SessionKind::Web => callers::random_secret(app),
        SessionKind::Access => access_token::issue(app.store.server_secrets().access_token(), user.id, id, expires_at),
    };
    let session = Session {
        id,
        secret_hash: callers::hash_hex(&text),
        user: user.id,
        kind,
        created_at: now,
        expires_at,
        last_seen_at: now,
        user_agent: visitor.user_agent.as_deref().map(|agent| agent.chars().take(200).collect()),
        address: Some(visitor.address.clone()),
        ended_at: None,
    };
    let actor = Actor::User { user: user.id, token: None };
    let mut change = app.store.begin(now, actor, Some(visitor.address.clone())).await?;
    store::sessions::insert(&mut change, &session).await?;
    change.commit(Event::SessionCreated { user: user.id, session: id }).await?;
    Ok(Opened { text, expires_at })
}

/// Checks an e-mail address and a password. The attempt counts as failed before
/// it is tried, so that many at once are not many guesses.
async fn verify(app: &App, email: &str, password: Password, visitor: &Visitor) -> Result<User> {
    // What no address can have, such as NUL, no database is asked about either.
    let visible = |c| if text::is_invisible(c) { char::REPLACEMENT_CHARACTER } else { c };
    let account: String = text::folded(email).chars().take(254).map(visible).collect();
    let now = app.clock.now();
    let failures =
        store::login_failures::count_in(&app.store, &account, &visitor.address, now, now.minus(LOCK)).await?;
    let is_locked = failures.of_pair > FAILURES_OF_PAIR
        || failures.of_account > FAILURES_OF_ACCOUNT
        || failures.of_address > FAILURES_OF_ADDRESS;
    if is_locked {
        return Err(Error::new(
            Code::TooManyLogins,
            "Too many failed log-ins. Wait 15 minutes, then try again; an admin can give you a reset link.",
        )
        .retry_after(Some(LOCK)));
    }
    let user = store::users::by_email(&app.store, &account).await?;
    let hash = user.as_ref().and_then(|user| user.password_hash.clone());
    let matches = app.passwords.verify(password, hash).await?;
    match user.filter(|user| matches && user.is_active) {
        Some(user) => {
            store::login_failures::clear(&app.store, &account).await?;
            check_passwords_count(app, &user).await?;
            Ok(user)
        }
        None => Err(Error::new(Code::IncorrectLogin, "Incorrect email or password")),
    }
}

/// Where people sign in elsewhere only, one password still counts: the first
/// admin's, as the way back in.
///
/// # Errors
/// `forbidden` for everybody else's.
pub(crate) async fn check_passwords_count(app: &App, user: &User) -> Result<()> {
    let Some(oidc) = app.settings.oidc.as_deref().filter(|oidc| !oidc.passwords) else { return Ok(()) };
    if store::users::first_admin(&app.store).await? == Some(user.id) {
        return Ok(());
    }
    let sentence = format!("Passwords are switched off on this server. Sign in with {} instead.", oidc.name);
    Err(Error::new(Code::Forbidden, sentence))
}

/// Checks the caller's own password again, before something that needs it.
/// Failures count towards the lock-out of their account.
///
/// # Errors
/// `incorrect_login` or `too_many_logins`.
pub(crate) async fn prove_again(app: &App, caller: &Caller, password: Password, visitor: &Visitor) -> Result<User> {
    let user = store::users::by_id(&app.store, caller.user).await?.ok_or_else(|| Error::not_found("user"))?;
    let proven = verify(app, &user.email, password, visitor).await;
    proven.map_err(|error| {
        if error.code == Code::IncorrectLogin {
            Error::new(Code::IncorrectLogin, "The password is not right. Nothing was shown; try again.")
                .of_field("password")
        } else {
            error
        }
    })
}

/// Somebody who proved who they are, just now.
pub(crate) struct Proven {
    /// Who.
    pub(crate) user: User,
    /// By what was linked to their account then, not by the password: it proves
    /// nothing about what was there before.
    pub(crate) linked_at: Option<Timestamp>,
}

/// The caller, proven by the password typed now, or by it or their OpenID
/// provider a moment ago in this browser's session; `None` when it was neither.
///
/// # Errors
/// `incorrect_login` or `too_many_logins`.
pub(crate) async fn proven(
    app: &App,
    caller: &Caller,
    password: Option<Password>,
    visitor: &Visitor,
) -> Result<Option<Proven>> {
    if let Some(password) = password {
        let user = prove_again(app, caller, password, visitor).await?;
        app.proofs.note(caller, app.clock.now());
        return Ok(Some(Proven { user, linked_at: None }));
    }
    let Some(proof) = app.proofs.of(caller, app.clock.now()) else { return Ok(None) };
    let user = store::users::by_id(&app.store, caller.user).await?;
    Ok(user.map(|user| Proven { user, linked_at: proof.linked_at }))
}

/// Until when the caller counts as just proven, in this browser's session.
#[must_use]
pub fn proven_until(app: &App, caller: &Caller) -> Option<Timestamp> {
    app.proofs.of(caller, app.clock.now()).map(|proof| proof.until)
}

/// The caller as the audit log names them.
#[must_use]
pub fn actor(caller: &Caller) -> Actor {
    match &caller.proof {
        domain::caller::Proof::CommandLine => Actor::CommandLine { user: Some(caller.user) },
        _ => Actor::User { user: caller.user, token: caller.token() },
    }
}
