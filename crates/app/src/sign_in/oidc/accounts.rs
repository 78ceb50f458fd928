//! Whose account somebody from the provider has here: found by issuer and
//! subject; the first time by a verified address, or made. What groups say is
//! applied each time, in one transaction with the audit rows that tell of it.

use domain::audit::{Actor, Event};
use domain::caller::Role;
use domain::ids::UserId;
use domain::organization::MemberRole;
use domain::{Timestamp, text};
use store::Mutation;
use store::identities::{self, Identity};
use store::users::User;
use store::{memberships, organizations};

use super::claims::Person;
use super::settings::Oidc;
use crate::App;
use crate::error::{Code, Error, Result};
use crate::setup;
use crate::sign_in::Visitor;

/// The user that this person is here, brought up to date.
///
/// # Errors
/// `forbidden`, with the reason as a sentence.
pub(super) async fn admit(app: &App, oidc: &Oidc, person: &Person, visitor: &Visitor) -> Result<User> {
    let email = verified_address(oidc, person)?;
    let groups = groups(oidc, person)?;
    let now = app.clock.now();
    // One after another on all nodes: what is read from here on stays so.
    let mut change = app.store.begin(now, Actor::System, Some(visitor.address.clone())).await?;
    let guest = Guest { app, oidc, person, email: &email, groups: &groups, now };
    let (user, events) = match guest.settle(&mut change).await {
        Ok(settled) => settled,
        Err(error) => {
            change.rollback().await?;
            return Err(error);
        }
    };
    if events.is_empty() {
        change.rollback().await?;
    } else {
        change.commit_all(events).await?;
        app.callers.forget_all();
    }
    identities::note_seen(&app.store, &oidc.issuer, &person.subject, &email, now).await?;
    Ok(user)
}

/// The address, when the provider made sure that it is theirs.
fn verified_address(oidc: &Oidc, person: &Person) -> Result<String> {
    let refuse = |sentence: String| Error::new(Code::Forbidden, sentence);
    let Some(email) = &person.email else {
        return Err(refuse(format!(
            "{} did not tell your e-mail address, without which nobody is let in. Ask an admin of this server.",
            oidc.name
        )));
    };
    if person.is_verified != Some(true) {
        return Err(refuse(format!(
            "{} has not verified your e-mail address, so you cannot be let in by it. Verify it there, then begin again.",
            oidc.name
        )));
    }
    text::email(email).map_err(|problem| {
        refuse(format!(
            "The e-mail address that {} has of you cannot be used here. Correct it there, then begin again.",
            oidc.name
        ))
        .because(problem)
    })
}

fn groups(oidc: &Oidc, person: &Person) -> Result<Vec<String>> {
    if person.groups.is_none() && person.has_unnamed_groups && oidc.admission.asks_for_groups() {
        return Err(Error::new(
            Code::Forbidden,
            format!(
                "You are in more groups than {} tells in one answer, so what you may do here cannot be known. Ask an admin of this server to have it send fewer.",
                oidc.name
            ),
        ));
    }
    Ok(person.groups.clone().unwrap_or_default())
}

/// Somebody at the door.
struct Guest<'a> {
    app: &'a App,
    oidc: &'a Oidc,
    person: &'a Person,
    email: &'a str,
    groups: &'a [String],
    now: Timestamp,
}

impl Guest<'_> {
    /// Their user as it will be, and what has to be told of it.
    async fn settle(&self, change: &mut Mutation) -> Result<(User, Vec<Event>)> {
        let mut events = Vec::new();
        let mut user = match self.known().await? {
            Some(user) => user,
            None => self.first_time(change, &mut events).await?,
        };
        if !user.is_active {
            return Err(Error::new(
                Code::Forbidden,
                "Your account is switched off on this server. Ask an admin of this server.",
            ));
        }
        self.apply_role(change, &mut user, &mut events).await?;
        self.apply_memberships(change, user.id, &mut events).await?;
        Ok((user, events))
    }

    /// Who they were the last time; `None` also for somebody who was let go and
    /// invited anew.
    async fn known(&self) -> Result<Option<User>> {
        let store = &self.app.store;
        let Some(identity) = identities::find(store, &self.oidc.issuer, &self.person.subject).await? else {
            return Ok(None);
        };
        let user = store::users::by_id(store, identity.user).await?;
        if let Some(user) = user.filter(|user| user.deleted_at.is_none()) {
            return Ok(Some(user));
        }
        if store::users::by_email(store, self.email).await?.is_some() {
            return Ok(None);
        }
        Err(Error::new(
            Code::Forbidden,
            "Your account on this server was removed. Ask an admin of this server to invite you anew.",
        ))
    }

    /// Links them to the account with their address, or makes them one.
    async fn first_time(&self, change: &mut Mutation, events: &mut Vec<Event>) -> Result<User> {
        let refuse = |reason: domain::admission::NotAdmitted| Error::new(Code::Forbidden, reason.to_string());
        let user = match store::users::by_email(&self.app.store, self.email).await? {
            Some(user) => {
                let others = identities::of_user(&self.app.store, user.id).await?;
                if others.iter().any(|other| other.issuer == self.oidc.issuer) {
                    // An address that was given to somebody new is no key to the former one's account.
                    return Err(Error::new(
                        Code::Forbidden,
                        format!(
                            "The account with your address here is somebody else's at {}. Ask an admin of this server.",
                            self.oidc.name
                        ),
                    ));
                }
                self.oidc.admission.admit_known(self.email, user.password_hash.is_some()).map_err(refuse)?;
                user
            }
            None => {
                self.oidc.admission.admit_new(self.email, self.groups).map_err(refuse)?;
                self.newcomer(change, events).await?
            }
        };
        let identity = Identity {
            issuer: self.oidc.issuer.clone(),
            subject: self.person.subject.clone(),
            user: user.id,
            email: self.email.to_owned(),
            created_at: self.now,
            last_seen_at: self.now,
        };
        identities::link(change, &identity).await?;
        events.push(Event::IdentityLinked { user: user.id, issuer: self.oidc.issuer.clone() });
        Ok(User { has_identity: true, ..user })
    }

    async fn newcomer(&self, change: &mut Mutation, events: &mut Vec<Event>) -> Result<User> {
        let role = self.oidc.admission.role(self.groups).unwrap_or(Role::Member);
        if role != Role::Admin && setup::is_needed(self.app).await? {
            return Err(Error::new(
                Code::Forbidden,
                "This server waits to be set up: its first account is an admin's. Open the set-up link it printed to its terminal.",
            ));
        }
        let of_address = || self.email.split('@').next().unwrap_or("user").to_owned();
        let name = self.person.name.as_deref().and_then(|name| text::line(name, 100).ok()).unwrap_or_else(of_address);
        let user = User {
            id: UserId::generate(self.now, &self.app.entropy),
            email: self.email.to_owned(),
            display_name: name,
            role,
            is_active: true,
            password_hash: None,
            preferences: "{}".to_owned(),
            created_at: self.now,
            updated_at: self.now,
            password_reset_at: None,
            has_identity: true,
            deleted_at: None,
        };
        store::users::insert(change, &user).await?;
        events.push(Event::UserCreated { user: user.id, role });
        Ok(user)
    }

    /// The role that groups give or take. Somebody stays who looks after the server.
    async fn apply_role(&self, change: &mut Mutation, user: &mut User, events: &mut Vec<Event>) -> Result<()> {
        let Some(role) = self.oidc.admission.role(self.groups).filter(|role| *role != user.role) else {
            return Ok(());
        };
        store::users::set_role(change, user.id, role).await?;
        if store::users::count_active_admins(change).await? == 0 {
            store::users::set_role(change, user.id, user.role).await?;
            tracing::warn!(user = %user.id, "groups take the role of the last active admin, who keeps it");
            return Ok(());
        }
        user.role = role;
        events.push(Event::RoleChanged { user: user.id, role });
        Ok(())
    }

    /// The organizations that groups say something about. Each keeps an owner.
    async fn apply_memberships(&self, change: &mut Mutation, user: UserId, events: &mut Vec<Event>) -> Result<()> {
        for (slug, wanted) in self.oidc.admission.memberships(self.groups) {
            let Some(organization) = organizations::by_slug(&self.app.store, slug).await? else {
                tracing::warn!(slug, "OWNKEY_OIDC_GROUP_MAP names an organization that is not there");
                continue;
            };
            let now = memberships::role(change, organization.id, user).await?;
            if now == wanted {
                continue;
            }
            if now == Some(MemberRole::Owner) && memberships::owners(change, organization.id).await? <= 1 {
                tracing::warn!(%user, slug, "groups take the role of an organization's last owner, who keeps it");
                continue;
            }
            match wanted {
                Some(role) => {
                    memberships::set(change, organization.id, user, role, None).await?;
                    events.push(Event::MemberSet { organization: organization.id, user, role });
                }
                None => {
                    memberships::remove(change, organization.id, user).await?;
                    events.push(Event::MemberRemoved { organization: organization.id, user });
                }
            }
        }
        Ok(())
    }
}
