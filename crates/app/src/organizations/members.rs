//! The members of an organization and their roles. At least one owner stays;
//! only owners, and admins of the server, make and change owners.

use domain::Caller;
use domain::audit::Event;
use domain::ids::{OrganizationId, UserId};
use domain::organization::{MemberRole, Membership};
use store::memberships::Member;

use super::{find, find_to_manage};
use crate::App;
use crate::error::{Code, Error, Result};
use crate::sign_in::actor;

/// The members of an organization, by address.
///
/// # Errors
/// `not_found`, `forbidden`.
pub async fn list(
    app: &App,
    caller: &Caller,
    named: &str,
    skip: i64,
    limit: i64,
) -> Result<(Vec<Member<MemberRole>>, i64)> {
    let organization = find_to_manage(app, caller, named).await?;
    Ok(store::memberships::of_organization(&app.store, organization.id, skip, limit).await?)
}

/// Gives a member another role; an admin of the server also takes somebody in.
/// Others are invited, so that nobody is a member without their word.
///
/// # Errors
/// `not_found`, `forbidden`, or `conflict` for the last owner.
pub async fn set(
    app: &App,
    caller: &Caller,
    named: &str,
    user: UserId,
    role: MemberRole,
) -> Result<Member<MemberRole>> {
    let organization = find_to_manage(app, caller, named).await?.id;
    // Before the change: whoever has the turn waits for no other connection.
    if caller.is_admin() {
        require_active(app, user).await?;
    }
    let mut change = app.store.begin(app.clock.now(), actor(caller), None).await?;
    let known = store::memberships::role(&mut change, organization, user).await?;
    let judged = match known {
        None if !caller.is_admin() => Err(Error::new(
            Code::Forbidden,
            "They are no member of this organization. Invite them: an invitation is a link that works once.",
        )),
        known => may_touch_owners(caller, organization, known, Some(role)),
    };
    if let Err(error) = judged {
        change.rollback().await?;
        return Err(error);
    }
    store::memberships::set(&mut change, organization, user, role, Some(caller.user)).await?;
    let loses_owner = known == Some(MemberRole::Owner) && role != MemberRole::Owner;
    if loses_owner && store::memberships::owners(&mut change, organization).await? == 0 {
        change.rollback().await?;
        return Err(last_owner());
    }
    if known == Some(role) {
        change.rollback().await?;
    } else {
        change.commit(Event::MemberSet { organization, user, role }).await?;
        app.belonging_changed(user.0);
    }
    one(app, organization, user).await
}

/// Takes somebody out, of the organization's teams as well. Their teams' tokens
/// go on: those are the teams'. Everybody may leave.
///
/// # Errors
/// `not_found`, `forbidden`, or `conflict` for the last owner.
pub async fn remove(app: &App, caller: &Caller, named: &str, user: UserId) -> Result<()> {
    let organization = if user == caller.user {
        find(app, caller, named).await?.id
    } else {
        find_to_manage(app, caller, named).await?.id
    };
    let mut change = app.store.begin(app.clock.now(), actor(caller), None).await?;
    let Some(known) = store::memberships::role(&mut change, organization, user).await? else {
        change.rollback().await?;
        return Err(Error::not_found("member"));
    };
    if user != caller.user
        && let Err(error) = may_touch_owners(caller, organization, Some(known), None)
    {
        change.rollback().await?;
        return Err(error);
    }
    store::memberships::remove(&mut change, organization, user).await?;
    if known == MemberRole::Owner && store::memberships::owners(&mut change, organization).await? == 0 {
        change.rollback().await?;
        return Err(last_owner());
    }
    change.commit(Event::MemberRemoved { organization, user }).await?;
    app.belonging_changed(user.0);
    Ok(())
}

/// Passes unless somebody who is no owner makes one, or changes one.
pub(super) fn may_touch_owners(
    caller: &Caller,
    organization: OrganizationId,
    before: Option<MemberRole>,
    after: Option<MemberRole>,
) -> Result<()> {
    let is_owner = |membership: &Membership| membership.role == MemberRole::Owner;
    let may = caller.is_admin() || caller.membership(organization).is_some_and(is_owner);
    if may || (before != Some(MemberRole::Owner) && after != Some(MemberRole::Owner)) {
        return Ok(());
    }
    Err(Error::new(
        Code::Forbidden,
        "Only an owner of this organization can make, change or remove owners. Ask one of them.",
    )
    .of_field("role"))
}

/// Somebody who has an account that works.
///
/// # Errors
/// `not_found`.
pub(crate) async fn require_active(app: &App, user: UserId) -> Result<()> {
    let known = store::users::by_id(&app.store, user).await?;
    match known.filter(|user| user.deleted_at.is_none()) {
        Some(_) => Ok(()),
        None => Err(Error::not_found("user")),
    }
}

async fn one(app: &App, organization: OrganizationId, user: UserId) -> Result<Member<MemberRole>> {
    let member = store::memberships::member(&app.store, organization, user).await?;
    member.ok_or_else(|| Error::not_found("member"))
}

pub(crate) fn last_owner() -> Error {
    Error::new(
        Code::Conflict,
        "This is the last active owner, and somebody must look after the organization. Make another owner first.",
    )
}
