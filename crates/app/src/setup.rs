//! The first admin: made from the environment, or by whoever holds the one-time
//! set-up link that was printed to the terminal.

use std::time::Duration;

use domain::audit::{Actor, Event};
use domain::caller::Role;
use domain::credential::Source;
use domain::ids::UserId;
use domain::secret::Password;
use domain::text;
use store::sessions::SessionKind;
use store::setup_codes::{self, Purpose, SetupCode};
use store::users::User;

use crate::App;
use crate::callers;
use crate::credentials::{self, ShownKey};
use crate::error::{Code, Error, Result};
use crate::sign_in::{self, Opened, Visitor};

/// How long a set-up link works.
const LINK_LIFE: Duration = Duration::from_secs(60 * 60);

/// Who is to be the first admin.
pub struct FirstAdmin {
    /// Their e-mail address.
    pub email: String,
    /// The name shown; empty: the part before the `@`.
    pub display_name: String,
    /// Their password.
    pub password: Password,
}

/// Whether nobody can sign in yet.
///
/// # Errors
/// When the store cannot be read.
pub async fn is_needed(app: &App) -> Result<bool> {
    Ok(store::users::count(&app.store).await? == 0)
}

/// Makes the first admin from the operator's words.
///
/// # Errors
/// When the address or the password is not taken, or somebody was first.
pub async fn create_first_admin(app: &App, admin: FirstAdmin) -> Result<UserId> {
    let user = new_user(app, admin.email, admin.display_name, admin.password, Role::Admin).await?;
    insert_first(app, &user, None).await?;
    Ok(user.id)
}

/// A fresh one-time code for the set-up page.
///
/// # Errors
/// When the store cannot be written.
pub async fn create_link(app: &App) -> Result<String> {
    let code = callers::random_secret(app);
    let now = app.clock.now();
    let row = SetupCode {
        hash: callers::hash_hex(&code),
        purpose: Purpose::Setup,
        user: None,
        expires_at: now.plus(LINK_LIFE),
        used_at: None,
    };
    let mut change = app.store.begin(now, Actor::System, None).await?;
    setup_codes::insert(&mut change, &row).await?;
    change.commit(Event::SetupLinkCreated {}).await?;
    Ok(format!("{}/setup?code={code}", app.settings.public_url))
}

/// Whether the set-up page may be shown for this code.
///
/// # Errors
/// `setup_closed` once somebody can sign in, `setup_link_invalid` for a wrong code.
pub async fn check_code(app: &App, code: &str) -> Result<()> {
    if !is_needed(app).await? {
        return Err(closed());
    }
    let now = app.clock.now();
    let row = setup_codes::by_hash(&app.store, &callers::hash_hex(code)).await?;
    match row {
        Some(row) if row.purpose == Purpose::Setup && row.used_at.is_none() && row.expires_at > now => Ok(()),
        _ => Err(wrong_code()),
    }
}

/// What a new server has already: keys of its environment, and local servers that
/// answer, each with the number of its models.
#[derive(Clone, Debug, Default)]
pub struct Offers {
    /// Keys that were found in the environment.
    pub keys: Vec<ShownKey>,
    /// Local servers that answer.
    pub servers: Vec<ShownKey>,
}

/// What this server has already, for whoever holds the set-up code.
///
/// # Errors
/// As [`check_code`].
pub async fn offers(app: &App, code: &str) -> Result<Offers> {
    check_code(app, code).await?;
    let rows = app.environment.rows(app).await?;
    let ids: Vec<_> = rows.iter().map(|row| row.credential.id).collect();
    let models = credentials::models_of(app, &ids).await?;
    let shown = rows.into_iter().map(|row| row.credential);
    let shown =
        shown.map(|credential| ShownKey { models: models.get(&credential.id).copied(), unusual: None, credential });
    let (servers, keys): (Vec<_>, Vec<_>) = shown.partition(|key| key.credential.source == Source::Keyless);
    let servers = servers.into_iter().filter(|server| server.models.is_some_and(|models| models > 0)).collect();
    Ok(Offers { keys, servers })
}

/// Makes the first admin with a set-up code, and signs them in.
///
/// # Errors
/// As [`check_code`], and when the address or the password is not taken.
pub async fn complete(app: &App, code: &str, admin: FirstAdmin, visitor: &Visitor) -> Result<Opened> {
    check_code(app, code).await?;
    let user = new_user(app, admin.email, admin.display_name, admin.password, Role::Admin).await?;
    insert_first(app, &user, Some(code)).await?;
    sign_in::open_session(app, &user, SessionKind::Web, visitor).await
}

async fn insert_first(app: &App, user: &User, code: Option<&str>) -> Result<()> {
    let mut change = app.store.begin(app.clock.now(), Actor::System, None).await?;
    // Mutations happen one after another: whoever is second sees the first.
    if !is_needed(app).await? {
        change.rollback().await?;
        return Err(closed());
    }
    if let Some(code) = code {
        let taken = setup_codes::take(&mut change, &callers::hash_hex(code), Purpose::Setup).await?;
        if taken.is_none() {
            return Err(wrong_code());
        }
    }
    store::users::insert(&mut change, user).await?;
    change.commit(Event::UserCreated { user: user.id, role: user.role }).await?;
    Ok(())
}

/// A user with a checked address and a hashed password.
pub(crate) async fn new_user(
    app: &App,
    email: String,
    display_name: String,
    password: Password,
    role: Role,
) -> Result<User> {
    let email = text::email(&email).map_err(|problem| Error::invalid("email", problem))?;
    let name = match display_name.trim() {
        "" => email.split('@').next().unwrap_or("admin").to_owned(),
        _ => text::line(&display_name, 100).map_err(|problem| Error::invalid("display_name", problem))?,
    };
    let now = app.clock.now();
    Ok(User {
        id: UserId::generate(now, &app.entropy),
        email,
        display_name: name,
        role,
        is_active: true,
        password_hash: Some(app.passwords.hash(password).await?),
        preferences: "{}".to_owned(),
        created_at: now,
        updated_at: now,
        password_reset_at: None,
        has_identity: false,
        deleted_at: None,
    })
}

fn closed() -> Error {
    Error::new(Code::SetupClosed, "This server is set up already. Sign in at /login instead.")
}

fn wrong_code() -> Error {
    Error::new(
        Code::SetupLinkInvalid,
        "This set-up link is wrong, used or older than an hour. Restart Ownkey for a new one, printed to its terminal, or run `ownkey user setup-link`.",
    )
}
