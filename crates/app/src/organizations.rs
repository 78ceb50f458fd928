//! Organizations: who may see them, making and changing them, and letting them
//! go. Admins of the server make them; their owners and admins look after them.

pub mod invitations;
pub mod members;
mod rules;

use domain::audit::Event;
use domain::credential::Owner;
use domain::ids::{OrganizationId, UserId};
use domain::organization::{self, MemberRole, Organization, Rules};
use domain::{Caller, Timestamp, text};
use serde_json::json;
use store::StoreError;
use store::mutation::Mutation;
use store::organizations::Holdings;

use crate::App;
use crate::error::{Code, Error, Result};
use crate::sign_in::actor;

pub use rules::RulesEdit;
pub(crate) use rules::checked_markup;

/// The longest name, in characters.
const NAME_CHARACTERS: usize = 100;

/// An organization as somebody asks for it.
#[derive(Clone, Debug, Default)]
pub struct NewOrganization {
    /// Its name.
    pub name: String,
    /// Its short name; made from the name when absent.
    pub slug: Option<String>,
    /// Who owns it; whoever makes it when absent.
    pub owner: Option<UserId>,
    /// Its rules, where they are not the usual ones.
    pub rules: RulesEdit,
}

/// What is to change. `None` leaves as is.
#[derive(Clone, Debug, Default)]
pub struct Edit {
    /// Another name.
    pub name: Option<String>,
    /// Another short name.
    pub slug: Option<String>,
    /// Whether nothing works in it; for admins of the server.
    pub is_suspended: Option<bool>,
    /// Other rules.
    pub rules: RulesEdit,
}

/// The organization that a text names, by id or slug, if the caller may know of
/// it.
///
/// # Errors
/// `not_found`.
pub async fn find(app: &App, caller: &Caller, named: &str) -> Result<Organization> {
    let named = named.trim();
    let found = match named.parse::<OrganizationId>() {
        Ok(id) => store::organizations::by_id(&app.store, id).await?,
        // No slug has an odd character, and no database keeps a NUL.
        Err(_) if organization::slug(named).is_err() => None,
        Err(_) => store::organizations::by_slug(&app.store, named).await?,
    };
    found.filter(|found| caller.may_know_of(found.id)).ok_or_else(missing)
}

/// The same, for whoever looks after it.
///
/// # Errors
/// `not_found`, `forbidden`.
pub async fn find_to_manage(app: &App, caller: &Caller, named: &str) -> Result<Organization> {
    let found = find(app, caller, named).await?;
    may_manage(caller, found.id)?;
    Ok(found)
}

/// Passes for whoever looks after an organization that they know of.
///
/// # Errors
/// `forbidden`.
pub(crate) fn may_manage(caller: &Caller, organization: OrganizationId) -> Result<()> {
    if caller.looks_after(organization) {
        return Ok(());
    }
    Err(Error::new(Code::Forbidden, "Only an owner or admin of this organization can do this. Ask one of them."))
}

pub(crate) fn missing() -> Error {
    Error::not_found("organization")
}

/// The organizations that the caller may know of: all for admins of the server,
/// their own for others.
///
/// # Errors
/// When the store cannot be read.
pub async fn list(
    app: &App,
    caller: &Caller,
    search: Option<&str>,
    skip: i64,
    limit: i64,
) -> Result<(Vec<Organization>, i64)> {
    let of_user = (!caller.is_admin()).then_some(caller.user);
    let search = search.map(str::trim).filter(|text| !text.is_empty());
    Ok(store::organizations::list(&app.store, of_user, search, skip, limit).await?)
}

/// Makes an organization.
///
/// # Errors
/// `forbidden` for all but admins of the server, `conflict` for a slug that is
/// taken, `invalid_request`.
pub async fn create(app: &App, caller: &Caller, new: NewOrganization) -> Result<Organization> {
    if !caller.is_admin() {
        return Err(Error::new(
            Code::Forbidden,
            "Only an admin of this server can make organizations. Ask one of them.",
        ));
    }
    let name = checked_name(&new.name)?;
    let slug = match &new.slug {
        Some(slug) => checked_slug(slug)?,
        None => organization::slug_of(&name).ok_or_else(|| {
            Error::invalid("slug", "is missing, and cannot be made from the name; send one like org-123")
        })?,
    };
    let now = app.clock.now();
    let owner = new.owner.unwrap_or(caller.user);
    members::require_active(app, owner).await?;
    let organization = Organization {
        id: OrganizationId::generate(now, &app.entropy),
        slug,
        name,
        rules: new.rules.applied(Rules::default())?.0,
        suspended_at: None,
        created_at: now,
        created_by: Some(caller.user),
        updated_at: now,
        updated_by: Some(caller.user),
    };
    let mut change = app.store.begin(now, actor(caller), None).await?;
    store::organizations::insert(&mut change, &organization).await.map_err(|error| taken(error, &organization.slug))?;
    store::memberships::set(&mut change, organization.id, owner, MemberRole::Owner, Some(caller.user)).await?;
    change
        .commit_all(vec![
            Event::OrganizationCreated { organization: organization.id, slug: organization.slug.clone() },
            Event::MemberSet { organization: organization.id, user: owner, role: MemberRole::Owner },
        ])
        .await?;
    app.belonging_changed(owner.0);
    Ok(organization)
}

/// Changes an organization. Suspending one is for admins of the server.
///
/// # Errors
/// `not_found`, `forbidden`, `conflict`, `invalid_request`.
pub async fn edit(app: &App, caller: &Caller, named: &str, edit: Edit) -> Result<Organization> {
    let id = find_to_manage(app, caller, named).await?.id;
    if edit.is_suspended.is_some() && !caller.is_admin() {
        return Err(Error::new(
            Code::Forbidden,
            "Only an admin of this server can suspend an organization or let it work again. Ask one of them.",
        )
        .of_field("suspended"));
    }
    let name = edit.name.as_deref().map(checked_name).transpose()?;
    let slug = edit.slug.as_deref().map(checked_slug).transpose()?;
    let now = app.clock.now();
    let mut change = app.store.begin(now, actor(caller), None).await?;
    let known = store::organizations::by_id_within(&mut change, id).await?.ok_or_else(missing)?;
    let mut fields: Vec<&'static str> = [(name.is_some(), "name"), (slug.is_some(), "slug")]
        .into_iter()
        .filter_map(|(is_there, field)| is_there.then_some(field))
        .collect();
    let (rules, changed) = edit.rules.applied(known.rules.clone())?;
    fields.extend(changed);
    let told = [Event::OrganizationSuspended { organization: id }, Event::OrganizationResumed { organization: id }];
    let (suspended_at, of_suspension) = suspension(known.suspended_at, edit.is_suspended, now, told);
    let mut events = Vec::new();
    if !fields.is_empty() {
        events.push(Event::OrganizationUpdated { organization: id, fields });
    }
    events.extend(of_suspension);
    let edited = Organization {
        name: name.unwrap_or(known.name),
        slug: slug.unwrap_or(known.slug),
        rules,
        suspended_at,
        updated_at: now,
        updated_by: Some(caller.user),
        ..known
    };
    commit_edit(app, change, events, &edited).await?;
    find(app, caller, &id.to_string()).await
}

/// Since when something is suspended after an edit, and what is told of that:
/// the first when it begins, the second when it ends.
pub(crate) fn suspension(
    known: Option<Timestamp>,
    wanted: Option<bool>,
    now: Timestamp,
    [begun, ended]: [Event; 2],
) -> (Option<Timestamp>, Option<Event>) {
    match (known, wanted) {
        (None, Some(true)) => (Some(now), Some(begun)),
        (Some(_), Some(false)) => (None, Some(ended)),
        (known, _) => (known, None),
    }
}

async fn commit_edit(app: &App, mut change: Mutation, events: Vec<Event>, edited: &Organization) -> Result<()> {
    if events.is_empty() {
        return Ok(change.rollback().await?);
    }
    store::organizations::update(&mut change, edited).await.map_err(|error| taken(error, &edited.slug))?;
    change.commit_all(events).await?;
    app.belonging_changed(edited.id.0);
    Ok(())
}

/// What would go with an organization.
///
/// # Errors
/// `not_found`, `forbidden`.
pub async fn holdings(app: &App, caller: &Caller, named: &str) -> Result<Holdings> {
    let found = find_to_manage(app, caller, named).await?;
    Ok(store::organizations::holdings(&app.store, found.id).await?)
}

/// Lets an organization go: its keys are destroyed, its teams' tokens stop
/// working, its names mean nothing any more; usage and audit keep the id.
///
/// # Errors
/// `not_found`; `forbidden` for all but admins of the server; `conflict` with
/// what would go with it, unless `confirmed`.
pub async fn delete(app: &App, caller: &Caller, named: &str, confirmed: bool) -> Result<()> {
    let found = find(app, caller, named).await?;
    if !caller.is_admin() {
        return Err(Error::new(
            Code::Forbidden,
            "Only an admin of this server can delete organizations. Ask one of them.",
        ));
    }
    let held = store::organizations::holdings(&app.store, found.id).await?;
    if !confirmed && held.credentials + held.teams + held.tokens > 0 {
        return Err(in_use(&found.name, held));
    }
    let keys = store::credentials::of_organization(&app.store, found.id).await?;
    let (teams, _) = store::teams::list(&app.store, Some(found.id), None, 0, i64::from(u32::MAX)).await?;
    let mut change = app.store.begin(app.clock.now(), actor(caller), None).await?;
    change.of(Owner::Organization(found.id));
    let mut events = Vec::new();
    for key in &keys {
        if store::credentials::tombstone(&mut change, key.credential.id, Some(caller.user)).await? {
            events.push(Event::CredentialDeleted { credential: key.credential.id });
        }
    }
    for team in &teams {
        let ended = store::tokens::revoke_of_team(&mut change, team.id).await?;
        events.extend(ended.into_iter().map(|token| Event::TokenRevoked { token }));
        events.push(Event::TeamDeleted { team: team.id });
    }
    let aliases = store::aliases::delete_of_organization(&mut change, found.id).await?;
    events.extend(aliases.into_iter().map(|(alias, name)| Event::AliasDeleted { alias, name }));
    let registered = store::registrations::delete_of_organization(&mut change, found.id).await?;
    events.extend(registered.iter().map(crate::registry::gone));
    if !store::organizations::tombstone(&mut change, found.id, Some(caller.user)).await? {
        change.rollback().await?;
        return Err(missing());
    }
    events.push(Event::OrganizationDeleted { organization: found.id });
    change.commit_all(events).await?;
    app.forget_everything();
    Ok(())
}

fn in_use(name: &str, held: Holdings) -> Error {
    let mut error = Error::new(
        Code::Conflict,
        format!(
            "“{name}” has {} provider keys, {} teams and {} gateway tokens, which would go with it. Suspend it instead, or delete it with ?confirm=true.",
            held.credentials, held.teams, held.tokens
        ),
    );
    error.details.impact = Some(impact(held));
    error
}

/// What would go with an organization, in the words of the API.
#[must_use]
pub fn impact(held: Holdings) -> serde_json::Value {
    json!({
        "credentials": held.credentials,
        "teams": held.teams,
        "members": held.members,
        "tokens": held.tokens,
        "last_call_at": held.last_call_at,
    })
}

fn checked_name(name: &str) -> Result<String> {
    text::line(name, NAME_CHARACTERS).map_err(|problem| Error::invalid("name", problem))
}

pub(crate) fn checked_slug(slug: &str) -> Result<String> {
    organization::slug(slug).map_err(|problem| Error::invalid("slug", problem))
}

/// A slug that somebody else was faster to take.
pub(crate) fn taken(error: StoreError, slug: &str) -> Error {
    match error {
        StoreError::Conflict(_) => {
            Error::new(Code::Conflict, format!("“{slug}” is taken already. Choose another slug.")).of_field("slug")
        }
        error => error.into(),
    }
}
