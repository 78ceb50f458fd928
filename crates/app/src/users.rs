//! A user's own account.

use domain::audit::{Actor, Event};
use domain::caller::Role;
use domain::ids::{CredentialId, OrganizationId, UserId};
use domain::resolve::Fallback;
use domain::secret::Password;
use domain::{Caller, Timestamp, text};
use serde::{Deserialize, Serialize};
use store::identities::Identity;
use store::users::User;

use crate::App;
use crate::error::{Code, Error, Result};
use crate::sign_in::{self, Visitor};
use crate::{credentials, setup};

/// What a user prefers. Unknown members of older or newer versions are kept out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Preferences {
    /// How far their calls may go for a key; `None`: they did not say.
    pub fallback: Option<Fallback>,
    /// The key they chose to chat with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chat_credential_id: Option<CredentialId>,
    /// The organization they act in unless they say otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub organization: Option<OrganizationId>,
}

impl Preferences {
    /// The preferences of a stored user; the defaults where they cannot be read.
    #[must_use]
    pub fn of(user: &User) -> Self {
        serde_json::from_str(&user.preferences).unwrap_or_default()
    }
}

impl Account {
    /// Whether they were invited, and have no way in yet.
    #[must_use]
    pub const fn is_invited(&self) -> bool {
        !self.has_password && !self.has_identity
    }
}

/// A user as they and admins may see them.
#[derive(Clone, Debug)]
pub struct Account {
    /// Their id.
    pub id: UserId,
    /// Their address.
    pub email: String,
    /// Their name.
    pub display_name: String,
    /// Their role on this server.
    pub role: Role,
    /// Whether they may sign in.
    pub is_active: bool,
    /// Whether they chose a password: whoever was invited did not yet.
    pub has_password: bool,
    /// Whether they sign in through an OpenID provider, or could.
    pub has_identity: bool,
    /// What they prefer.
    pub preferences: Preferences,
    /// When they came.
    pub created_at: Timestamp,
}

impl From<User> for Account {
    fn from(user: User) -> Self {
        Self {
            preferences: Preferences::of(&user),
            id: user.id,
            email: user.email,
            display_name: user.display_name,
            role: user.role,
            is_active: user.is_active,
            has_password: user.password_hash.is_some(),
            has_identity: user.has_identity,
            created_at: user.created_at,
        }
    }
}

/// What a user may change about themselves. `None` leaves as is.
#[derive(Clone, Debug, Default)]
pub struct AccountEdit {
    /// A new name.
    pub display_name: Option<String>,
    /// A new fall-back preference; `Some(None)`: none any more.
    pub fallback: Option<Option<Fallback>>,
    /// Another key to chat with; `Some(None)`: none in particular.
    pub chat_credential: Option<Option<CredentialId>>,
    /// Another organization to act in; `Some(None)`: none in particular.
    pub organization: Option<Option<OrganizationId>>,
}

/// Makes a user.
///
/// # Errors
/// When the address or the password is not taken.
pub async fn create(app: &App, actor: Actor, email: String, password: Password, role: Role) -> Result<Account> {
    let user = setup::new_user(app, email, String::new(), password, role).await?;
    let mut change = app.store.begin(app.clock.now(), actor, None).await?;
    store::users::insert(&mut change, &user).await?;
    change.commit(Event::UserCreated { user: user.id, role }).await?;
    Ok(user.into())
}

/// The caller's own account.
///
/// # Errors
/// When the store cannot be read.
pub async fn me(app: &App, caller: &Caller) -> Result<Account> {
    let user = store::users::by_id(&app.store, caller.user).await?;
    user.map(Account::from).ok_or_else(|| Error::not_found("user"))
}

/// Who the caller is elsewhere.
///
/// # Errors
/// When the store cannot be read.
pub async fn identities(app: &App, caller: &Caller) -> Result<Vec<Identity>> {
    Ok(store::identities::of_user(&app.store, caller.user).await?)
}

/// Unlinks the caller from who they are at a provider; from then on only their
/// password lets them in, which they prove with it. Every other session of theirs
/// ends.
///
/// # Errors
/// `not_found` where they are nobody, `conflict` without a password,
/// `incorrect_login`, and `forbidden` where passwords do not count.
pub async fn unlink(app: &App, caller: &Caller, issuer: &str, password: Password, visitor: &Visitor) -> Result<()> {
    if !identities(app, caller).await?.iter().any(|identity| identity.issuer == issuer) {
        return Err(Error::not_found("account elsewhere").of_field("issuer"));
    }
    if !me(app, caller).await?.has_password {
        return Err(Error::new(
            Code::Conflict,
            "You have no password, so this is your only way in. Have an admin of this server make you a password link first.",
        ));
    }
    let user = sign_in::prove_again(app, caller, password, visitor).await?;
    let mut change = app.store.begin(app.clock.now(), sign_in::actor(caller), Some(visitor.address.clone())).await?;
    if !store::identities::unlink(&mut change, user.id, issuer).await? {
        change.rollback().await?;
        return Err(Error::not_found("account elsewhere").of_field("issuer"));
    }
    store::sessions::end_all_of_user(&mut change, user.id, caller.session()).await?;
    change.commit(Event::IdentityUnlinked { user: user.id, issuer: issuer.to_owned() }).await?;
    app.callers.forget_all();
    Ok(())
}

/// Changes the caller's own account.
///
/// # Errors
/// When a field is not taken or the store cannot be written.
pub async fn edit_me(app: &App, caller: &Caller, edit: AccountEdit) -> Result<Account> {
    let user = store::users::by_id(&app.store, caller.user).await?.ok_or_else(|| Error::not_found("user"))?;
    let mut fields = Vec::new();
    let mut display_name = user.display_name.clone();
    let mut preferences = Preferences::of(&user);
    if let Some(name) = &edit.display_name {
        display_name = text::line(name, 100).map_err(|problem| Error::invalid("display_name", problem))?;
        fields.push("display_name");
    }
    if let Some(fallback) = edit.fallback {
        preferences.fallback = fallback;
        fields.push("fallback");
    }
    if let Some(chosen) = edit.chat_credential {
        if let Some(id) = chosen {
            credentials::get(app, caller, id).await?;
        }
        preferences.chat_credential_id = chosen;
        fields.push("chat_credential_id");
    }
    if let Some(chosen) = edit.organization {
        if chosen.is_some_and(|id| caller.membership(id).is_none()) {
            return Err(Error::not_found("organization").of_field("preferences.organization_id"));
        }
        preferences.organization = chosen;
        fields.push("organization_id");
    }
    if !fields.is_empty() {
        let preferences = serde_json::to_string(&preferences).unwrap_or_else(|_| "{}".to_owned());
        let mut change = app.store.begin(app.clock.now(), sign_in::actor(caller), None).await?;
        store::users::update(&mut change, user.id, Some(&display_name), Some(&preferences)).await?;
        change.commit(Event::UserUpdated { user: user.id, fields }).await?;
        app.callers.forget_all();
    }
    me(app, caller).await
}

/// Changes the caller's password; every other session of theirs ends.
///
/// # Errors
/// `incorrect_login` when the current one is wrong, `invalid_request` when the
/// new one is too short.
pub async fn change_password(
    app: &App,
    caller: &Caller,
    current: Password,
    new: Password,
    visitor: &Visitor,
) -> Result<()> {
    let user = sign_in::prove_again(app, caller, current, visitor).await?;
    let hash = app.passwords.hash(new).await?;
    let mut change = app.store.begin(app.clock.now(), sign_in::actor(caller), Some(visitor.address.clone())).await?;
    store::users::set_password_hash(&mut change, user.id, &hash).await?;
    store::sessions::end_all_of_user(&mut change, user.id, caller.session()).await?;
    change.commit(Event::PasswordChanged { user: user.id }).await?;
    app.callers.forget_all();
    Ok(())
}
