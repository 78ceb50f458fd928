//! Inviting people into an organization: by a link that works once. Whoever is
//! signed in joins with it; whoever is new makes an account with it.

use std::time::Duration;

use domain::audit::{Actor, Event};
use domain::caller::Role;
use domain::ids::{InvitationId, TeamId, UserId};
use domain::organization::{Invitation, MemberRole, Organization, TeamRole};
use domain::secret::Password;
use domain::{Caller, text};
use store::mutation::Mutation;
use store::sessions::SessionKind;

use super::{find_to_manage, members};
use crate::App;
use crate::error::{Code, Error, Result};
use crate::sign_in::{self, Opened, Visitor, actor};
use crate::{callers, setup};

/// How long a link works unless somebody says otherwise.
const USUAL_DAYS: u64 = 7;

/// The longest that a link works.
const MOST_DAYS: u64 = 30;

/// An invitation as somebody asks for it.
#[derive(Clone, Debug)]
pub struct NewInvitation {
    /// For whom.
    pub email: String,
    /// As what.
    pub role: MemberRole,
    /// Into which teams.
    pub teams: Vec<TeamId>,
    /// For how many days.
    pub days: Option<u64>,
}

/// A fresh invitation; its link is shown now and never again.
#[derive(Debug)]
pub struct Invited {
    /// The invitation.
    pub invitation: Invitation,
    /// The link to pass on.
    pub link: String,
}

/// What somebody with a link is invited to.
#[derive(Clone, Debug)]
pub struct Offered {
    /// The invitation.
    pub invitation: Invitation,
    /// Into which organization.
    pub organization: Organization,
    /// Whether somebody with that address has an account already.
    pub has_account: bool,
}

/// Invites somebody.
///
/// # Errors
/// `not_found`, `forbidden`, `invalid_request`.
pub async fn create(app: &App, caller: &Caller, named: &str, new: NewInvitation) -> Result<Invited> {
    let organization = find_to_manage(app, caller, named).await?;
    let email = text::email(&new.email).map_err(|problem| Error::invalid("email", problem))?;
    members::may_touch_owners(caller, organization.id, None, Some(new.role))?;
    let days = new.days.unwrap_or(USUAL_DAYS);
    if !(1..=MOST_DAYS).contains(&days) {
        return Err(Error::invalid("expires_in_days", format!("must be 1 to {MOST_DAYS}")));
    }
    let now = app.clock.now();
    let mut teams = new.teams;
    teams.sort_unstable();
    teams.dedup();
    let code = callers::random_secret(app);
    let mut change = app.store.begin(now, actor(caller), None).await?;
    let known = store::teams::some_within(&mut change, &teams).await?;
    if known.iter().filter(|team| team.organization == organization.id).count() != teams.len() {
        change.rollback().await?;
        return Err(Error::not_found("team").of_field("team_ids"));
    }
    let invitation = Invitation {
        id: InvitationId::generate(now, &app.entropy),
        organization: organization.id,
        email,
        role: new.role,
        teams,
        expires_at: now.plus(Duration::from_hours(24 * days)),
        created_at: now,
        created_by: Some(caller.user),
        accepted_at: None,
        accepted_by: None,
        revoked_at: None,
    };
    store::invitations::insert(&mut change, &invitation, &callers::hash_hex(&code)).await?;
    let (id, role) = (invitation.id, invitation.role);
    change.commit(Event::InvitationCreated { invitation: id, organization: organization.id, role }).await?;
    Ok(Invited { invitation, link: format!("{}/invite/{code}", app.settings.public_url) })
}

/// The invitations that nobody used or took back, newest first.
///
/// # Errors
/// `not_found`, `forbidden`.
pub async fn list(app: &App, caller: &Caller, named: &str, skip: i64, limit: i64) -> Result<(Vec<Invitation>, i64)> {
    let organization = find_to_manage(app, caller, named).await?;
    Ok(store::invitations::list(&app.store, organization.id, skip, limit).await?)
}

/// One of them, whatever became of it.
///
/// # Errors
/// `not_found`, `forbidden`.
pub async fn get(app: &App, caller: &Caller, named: &str, id: InvitationId) -> Result<Invitation> {
    let organization = find_to_manage(app, caller, named).await?;
    let found = store::invitations::by_id(&app.store, organization.id, id).await?;
    found.ok_or_else(|| Error::not_found("invitation"))
}

/// Takes an invitation back.
///
/// # Errors
/// `not_found`, `forbidden`.
pub async fn revoke(app: &App, caller: &Caller, named: &str, id: InvitationId) -> Result<()> {
    let organization = find_to_manage(app, caller, named).await?.id;
    let mut change = app.store.begin(app.clock.now(), actor(caller), None).await?;
    if !store::invitations::revoke(&mut change, organization, id).await? {
        change.rollback().await?;
        return Err(Error::not_found("invitation"));
    }
    Ok(change.commit(Event::InvitationRevoked { invitation: id, organization }).await?)
}

/// What somebody with this code is invited to.
///
/// # Errors
/// `setup_link_invalid`.
pub async fn offered(app: &App, code: &str) -> Result<Offered> {
    let invitation = store::invitations::by_code(&app.store, &callers::hash_hex(code)).await?;
    let invitation = invitation.filter(|invitation| invitation.is_open(app.clock.now())).ok_or_else(dead)?;
    let organization = store::organizations::by_id(&app.store, invitation.organization).await?.ok_or_else(dead)?;
    let has_account = store::users::by_email(&app.store, &invitation.email).await?.is_some();
    Ok(Offered { invitation, organization, has_account })
}

/// Joins with an account that the caller has. A role they have already is never
/// made smaller.
///
/// # Errors
/// `setup_link_invalid`.
pub async fn join(app: &App, caller: &Caller, code: &str) -> Result<Organization> {
    let Offered { organization, .. } = offered(app, code).await?;
    let mut change = app.store.begin(app.clock.now(), actor(caller), None).await?;
    let events = take(&mut change, code, caller.user).await?;
    change.commit_all(events).await?;
    app.belonging_changed(caller.user.0);
    Ok(organization)
}

/// Makes an account for the address that was invited, joins with it, and signs
/// in.
///
/// # Errors
/// `setup_link_invalid`, `conflict` when the address has an account,
/// `invalid_request` for a password that is not taken.
pub async fn join_as_new(
    app: &App,
    code: &str,
    display_name: Option<&str>,
    password: Password,
    visitor: &Visitor,
) -> Result<Opened> {
    let Offered { invitation, has_account, .. } = offered(app, code).await?;
    if has_account {
        return Err(Error::new(
            Code::Conflict,
            "Somebody with this e-mail address has an account here. Sign in, then open the link again.",
        ));
    }
    let name = display_name.unwrap_or_default().to_owned();
    let user = setup::new_user(app, invitation.email, name, password, Role::Member).await?;
    let mut change = app.store.begin(app.clock.now(), Actor::System, Some(visitor.address.clone())).await?;
    store::users::insert(&mut change, &user).await?;
    let mut events = vec![Event::UserCreated { user: user.id, role: user.role }];
    events.extend(take(&mut change, code, user.id).await?);
    change.commit_all(events).await?;
    app.belonging_changed(user.id.0);
    sign_in::open_session(app, &user, SessionKind::Web, visitor).await
}

/// Uses the link up and takes its user in.
async fn take(change: &mut Mutation, code: &str, user: UserId) -> Result<Vec<Event>> {
    let taken = store::invitations::take(change, &callers::hash_hex(code), user).await?;
    let Invitation { id, organization, role, teams, created_by, .. } = taken.ok_or_else(dead)?;
    let mut events = vec![Event::InvitationUsed { invitation: id, organization, user }];
    let known = store::memberships::role(change, organization, user).await?;
    if known.is_none_or(|known| known < role) {
        store::memberships::set(change, organization, user, role, created_by).await?;
        events.push(Event::MemberSet { organization, user, role });
    }
    for team in store::teams::some_within(change, &teams).await? {
        if store::memberships::role_in_team(change, team.id, user).await?.is_none() {
            store::memberships::set_in_team(change, team.id, user, TeamRole::Member, created_by).await?;
            events.push(Event::TeamMemberSet { team: team.id, user, role: TeamRole::Member });
        }
    }
    Ok(events)
}

fn dead() -> Error {
    Error::new(Code::SetupLinkInvalid, "This link is wrong, used or too old. Ask whoever sent it for a new one.")
}
