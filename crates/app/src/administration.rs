//! Looking after users: inviting, changing what they may, letting go. For
//! admins. There is no mail: links are shown to the admin, who passes them on.

use std::time::Duration;

use domain::audit::Event;
use domain::caller::Role;
use domain::ids::UserId;
use domain::organization::MemberRole;
use domain::secret::Password;
use domain::{Caller, text};
use store::sessions::SessionKind;
use store::setup_codes::{self, Purpose, SetupCode};
use store::users::{Belongings, User, UserCounts, UserSearch};

use crate::App;
use crate::callers;
use crate::error::{Code, Error, Result};
use crate::sign_in::{self, Opened, Visitor, actor};
use crate::users::Account;

/// How long an invitation works.
const INVITATION_LIFE: Duration = Duration::from_secs(7 * 24 * 3600);

/// How long a reset link works.
const RESET_LIFE: Duration = Duration::from_secs(60 * 60);

/// A user, and the link to pass on to them.
pub struct Invited {
    /// The user.
    pub account: Account,
    /// The one-time link.
    pub link: String,
}

/// What an admin changes about a user. `None` leaves as is.
#[derive(Clone, Copy, Debug, Default)]
pub struct UserEdit {
    /// Another role.
    pub role: Option<Role>,
    /// Whether they may sign in and call.
    pub is_active: Option<bool>,
}

/// All users, by address.
///
/// # Errors
/// When the store cannot be read.
pub async fn list(app: &App, skip: i64, limit: i64) -> Result<(Vec<Account>, i64)> {
    let (users, count) = store::users::list(&app.store, skip, limit).await?;
    Ok((users.into_iter().map(Account::from).collect(), count))
}

/// Users that pass, by address.
///
/// # Errors
/// When the store cannot be read.
pub async fn search(app: &App, wanted: &UserSearch) -> Result<Vec<Account>> {
    Ok(store::users::search(&app.store, wanted).await?.into_iter().map(Account::from).collect())
}

/// The id of the user with this address, or of whom this is the id.
///
/// # Errors
/// `invalid_request` when there is none.
pub async fn id_of(app: &App, who: &str) -> Result<UserId> {
    if let Ok(id) = who.parse() {
        return Ok(id);
    }
    let user = store::users::by_email(&app.store, who).await?;
    let nobody = || Error::new(Code::InvalidRequest, "Nobody here has that e-mail address. Look for it under Users.");
    user.map(|user| user.id).ok_or_else(|| nobody().of_field("who"))
}

/// How many users there are.
///
/// # Errors
/// When the store cannot be read.
pub async fn counts(app: &App) -> Result<UserCounts> {
    Ok(store::users::counts(&app.store).await?)
}

/// What belongs to a user, and goes with them.
///
/// # Errors
/// `not_found`.
pub async fn belongings(app: &App, id: UserId) -> Result<Belongings> {
    find(app, id).await?;
    Ok(store::users::belongings(&app.store, id, app.clock.now()).await?)
}

/// Signs a user out everywhere. Their gateway tokens go on. Returns how many
/// sessions ended.
///
/// # Errors
/// `not_found`.
pub async fn end_sessions(app: &App, caller: &Caller, id: UserId) -> Result<usize> {
    find(app, id).await?;
    let mut change = app.store.begin(app.clock.now(), actor(caller), None).await?;
    let ended = store::sessions::end_all_of_user(&mut change, id, caller.session()).await?;
    let events: Vec<Event> = ended.iter().map(|&session| Event::SessionEnded { session }).collect();
    if events.is_empty() {
        change.rollback().await?;
    } else {
        change.commit_all(events).await?;
    }
    app.callers.forget_all();
    Ok(ended.len())
}

/// One user.
///
/// # Errors
/// `not_found`.
pub async fn get(app: &App, id: UserId) -> Result<Account> {
    find(app, id).await.map(Account::from)
}

async fn find(app: &App, id: UserId) -> Result<User> {
    let user = store::users::by_id(&app.store, id).await?;
    user.filter(|user| user.deleted_at.is_none()).ok_or_else(|| Error::not_found("user"))
}

/// Invites somebody: they choose their password by a link that works once,
/// within seven days.
///
/// # Errors
/// `invalid_request` for what is no address, `conflict` for one that is taken.
pub async fn invite(app: &App, caller: &Caller, email: &str, role: Role) -> Result<Invited> {
    let email = text::email(email).map_err(|problem| Error::invalid("email", problem))?;
    let now = app.clock.now();
    let user = User {
        id: UserId::generate(now, &app.entropy),
        display_name: email.split('@').next().unwrap_or("user").to_owned(),
        email,
        role,
        is_active: true,
        password_hash: None,
        preferences: "{}".to_owned(),
        created_at: now,
        updated_at: now,
        password_reset_at: None,
        has_identity: false,
        deleted_at: None,
    };
    let (code, row) = link_code(app, Purpose::Invite, user.id, INVITATION_LIFE);
    let mut change = app.store.begin(now, actor(caller), None).await?;
    store::users::insert(&mut change, &user).await.map_err(|error| match error {
        store::StoreError::Conflict(_) => {
            Error::new(Code::Conflict, "Somebody has this e-mail address already. Give them a reset link instead.")
                .of_field("email")
        }
        error => error.into(),
    })?;
    setup_codes::insert(&mut change, &row).await?;
    change.commit(Event::UserInvited { user: user.id, role }).await?;
    let link = format!("{}/invite/{code}", app.settings.public_url);
    Ok(Invited { account: user.into(), link })
}

/// A link by which a user chooses a new password, within an hour.
///
/// # Errors
/// `not_found`.
pub async fn reset_link(app: &App, caller: &Caller, id: UserId) -> Result<String> {
    let user = find(app, id).await?;
    let (code, row) = link_code(app, Purpose::Reset, user.id, RESET_LIFE);
    let mut change = app.store.begin(app.clock.now(), actor(caller), None).await?;
    setup_codes::insert(&mut change, &row).await?;
    change.commit(Event::ResetLinkCreated { user: user.id }).await?;
    Ok(format!("{}/reset/{code}", app.settings.public_url))
}

fn link_code(app: &App, purpose: Purpose, user: UserId, life: Duration) -> (String, SetupCode) {
    let code = callers::random_secret(app);
    let row = SetupCode {
        hash: callers::hash_hex(&code),
        purpose,
        user: Some(user),
        expires_at: app.clock.now().plus(life),
        used_at: None,
    };
    (code, row)
}

/// Changes what a user may. Somebody must stay who looks after the server.
///
/// # Errors
/// `not_found`, or `conflict` for the last active admin.
pub async fn edit(app: &App, caller: &Caller, id: UserId, edit: UserEdit) -> Result<Account> {
    let user = find(app, id).await?;
    let mut change = app.store.begin(app.clock.now(), actor(caller), None).await?;
    let mut events = Vec::new();
    if let Some(role) = edit.role.filter(|role| *role != user.role) {
        store::users::set_role(&mut change, id, role).await?;
        events.push(Event::RoleChanged { user: id, role });
    }
    if let Some(is_active) = edit.is_active.filter(|is_active| *is_active != user.is_active) {
        store::users::set_active(&mut change, id, is_active).await?;
        if !is_active {
            store::sessions::end_all_of_user(&mut change, id, None).await?;
        }
        events.push(if is_active { Event::UserActivated { user: id } } else { Event::UserDeactivated { user: id } });
    }
    if store::users::count_active_admins(&mut change).await? == 0 {
        change.rollback().await?;
        return Err(last_admin());
    }
    if events.is_empty() {
        change.rollback().await?;
    } else {
        change.commit_all(events).await?;
        app.callers.forget_all();
    }
    get(app, id).await
}

fn last_owner() -> Error {
    Error::new(
        Code::Conflict,
        "They are the last active owner of an organization, and somebody must look after it. Make another owner first.",
    )
}

fn last_admin() -> Error {
    Error::new(
        Code::Conflict,
        "This is the last active admin, and somebody must look after the server. Make another admin first.",
    )
}

/// Lets a user go: their keys are destroyed, their chats are erased, their tokens
/// and sessions stop working, their name is taken out; usage and audit keep the id.
///
/// # Errors
/// `not_found`, or `conflict` for the last active admin, and for the last owner
/// of an organization.
pub async fn delete(app: &App, caller: &Caller, id: UserId) -> Result<()> {
    find(app, id).await?;
    let keys = store::credentials::of_user(&app.store, id).await?;
    let (tokens, _) = store::tokens::list(&app.store, id, 0, i64::from(u32::MAX)).await?;
    let mut change = app.store.begin(app.clock.now(), actor(caller), None).await?;
    let mut events = Vec::new();
    for key in &keys {
        if store::credentials::tombstone(&mut change, key.credential.id, Some(caller.user)).await? {
            events.push(Event::CredentialDeleted { credential: key.credential.id });
        }
    }
    for token in &tokens {
        if store::tokens::revoke(&mut change, token.id).await? {
            events.push(Event::TokenRevoked { token: token.id });
        }
    }
    let aliases = store::aliases::delete_of_user(&mut change, id).await?;
    events.extend(aliases.into_iter().map(|(alias, name)| Event::AliasDeleted { alias, name }));
    store::conversations::delete_of_user(&mut change, id).await?;
    let registered = store::registrations::delete_of_user(&mut change, id).await?;
    events.extend(registered.iter().map(crate::registry::gone));
    for (organization, role) in store::memberships::remove_user(&mut change, id).await? {
        if role == MemberRole::Owner && store::memberships::owners(&mut change, organization).await? == 0 {
            change.rollback().await?;
            return Err(last_owner());
        }
        events.push(Event::MemberRemoved { organization, user: id });
    }
    store::sessions::end_all_of_user(&mut change, id, None).await?;
    store::identities::forget_address(&mut change, id).await?;
    store::users::anonymise(&mut change, id).await?;
    events.push(Event::UserDeleted { user: id });
    if store::users::count_active_admins(&mut change).await? == 0 {
        change.rollback().await?;
        return Err(last_admin());
    }
    change.commit_all(events).await?;
    app.talks.stop_user(id);
    app.forget_everything();
    Ok(())
}

/// Whose a link is that still works: their address.
///
/// # Errors
/// `setup_link_invalid`, or `forbidden` when the account is switched off.
pub async fn check_link(app: &App, code: &str, purpose: Purpose) -> Result<String> {
    let now = app.clock.now();
    let row = setup_codes::by_hash(&app.store, &callers::hash_hex(code)).await?;
    let row = row.filter(|row| row.purpose == purpose && row.used_at.is_none() && row.expires_at > now);
    let Some(id) = row.and_then(|row| row.user) else { return Err(dead_link()) };
    let user = find(app, id).await.map_err(|error| if error.code == Code::NotFound { dead_link() } else { error })?;
    if purpose == Purpose::Invite && user.has_identity {
        // They came in without it; whoever still has the link is somebody else.
        return Err(dead_link());
    }
    sign_in::check_passwords_count(app, &user).await?;
    if user.is_active {
        return Ok(user.email);
    }
    Err(Error::new(Code::Forbidden, "This account is switched off. Ask an admin of this server."))
}

fn dead_link() -> Error {
    Error::new(
        Code::SetupLinkInvalid,
        "This link is wrong, used or too old. Ask an admin of this server for a new one.",
    )
}

/// Uses a link up: the password is set, every other session ends, and the user
/// is signed in.
///
/// # Errors
/// `setup_link_invalid`, or `invalid_request` for a password that is not taken.
pub async fn use_link(
    app: &App,
    code: &str,
    purpose: Purpose,
    display_name: Option<&str>,
    password: Password,
    visitor: &Visitor,
) -> Result<Opened> {
    check_link(app, code, purpose).await?;
    let name = display_name.map(|name| text::line(name, 100)).transpose();
    let name = name.map_err(|problem| Error::invalid("name", problem))?;
    let hash = app.passwords.hash(password).await?;
    let mut change =
        app.store.begin(app.clock.now(), domain::audit::Actor::System, Some(visitor.address.clone())).await?;
    let row = setup_codes::take(&mut change, &callers::hash_hex(code), purpose).await?;
    let Some(user) = row.and_then(|row| row.user) else { return Err(dead_link()) };
    store::users::set_password_hash(&mut change, user, &hash).await?;
    if purpose == Purpose::Reset {
        store::users::note_password_reset(&mut change, user).await?;
    }
    if let Some(name) = &name {
        store::users::update(&mut change, user, Some(name), None).await?;
    }
    store::sessions::end_all_of_user(&mut change, user, None).await?;
    change
        .commit(match purpose {
            Purpose::Invite => Event::InvitationAccepted { user },
            Purpose::Setup | Purpose::Reset => Event::PasswordChanged { user },
        })
        .await?;
    app.callers.forget_all();
    let user = find(app, user).await?;
    store::login_failures::clear(&app.store, &text::folded(&user.email)).await?;
    sign_in::open_session(app, &user, SessionKind::Web, visitor).await
}
