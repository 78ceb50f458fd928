//! Teams of organizations: what they may call, and who is in them. Admins and
//! owners of the organization look after them; leads look after their members
//! and tokens.

use domain::audit::Event;
use domain::ids::{OrganizationId, TeamId, UserId};
use domain::organization::{self, Team, TeamRole};
use domain::{Caller, text};
use serde_json::json;
use store::memberships::Member;

use crate::App;
use crate::error::{Code, Error, Result};
use crate::organizations::{self, checked_slug, may_manage, taken};
use crate::sign_in::actor;

/// The most models of one team's list.
const MODELS: usize = 500;

/// A team as somebody asks for it.
#[derive(Clone, Debug, Default)]
pub struct NewTeam {
    /// Its organization, by id or slug.
    pub organization: String,
    /// Its name.
    pub name: String,
    /// Its short name; made from the name when absent.
    pub slug: Option<String>,
    /// The models and aliases its tokens may name; absent: all.
    pub models: Option<Vec<String>>,
    /// Its own mark-up; absent: the organization's.
    pub markup_basis_points: Option<u32>,
}

/// What is to change. `None` leaves as is; `Some(None)` clears.
#[derive(Clone, Debug, Default)]
pub struct Edit {
    /// Another name.
    pub name: Option<String>,
    /// Another short name.
    pub slug: Option<String>,
    /// Other models.
    pub models: Option<Option<Vec<String>>>,
    /// Another mark-up.
    pub markup_basis_points: Option<Option<u32>>,
    /// Whether its tokens do not work.
    pub is_suspended: Option<bool>,
}

/// A team that the caller may know of: one of theirs, or of an organization that
/// they look after.
///
/// # Errors
/// `not_found`.
pub async fn get(app: &App, caller: &Caller, id: TeamId) -> Result<Team> {
    let found = store::teams::by_id(&app.store, id).await?;
    let may_know = |team: &Team| caller.looks_after(team.organization) || caller.is_in_team(team.id);
    found.filter(may_know).ok_or_else(missing)
}

/// The same, for whoever looks after its organization.
///
/// # Errors
/// `not_found`, `forbidden`.
pub async fn find_to_manage(app: &App, caller: &Caller, id: TeamId) -> Result<Team> {
    let team = get(app, caller, id).await?;
    may_manage(caller, team.organization)?;
    Ok(team)
}

/// The same, for its leads, too.
///
/// # Errors
/// `not_found`, `forbidden`.
pub async fn find_to_lead(app: &App, caller: &Caller, id: TeamId) -> Result<Team> {
    let team = get(app, caller, id).await?;
    if caller.leads(team.id, team.organization) {
        return Ok(team);
    }
    Err(Error::new(
        Code::Forbidden,
        "Only a lead of this team, or an admin of its organization, can do this. Ask one of them.",
    ))
}

fn missing() -> Error {
    Error::not_found("team")
}

/// The teams that the caller may know of, of one organization or of all.
///
/// # Errors
/// `not_found` for an organization that they may not know of.
pub async fn list(
    app: &App,
    caller: &Caller,
    organization: Option<&str>,
    skip: i64,
    limit: i64,
) -> Result<(Vec<Team>, i64)> {
    let organization = match organization {
        Some(named) => Some(organizations::find(app, caller, named).await?.id),
        None => None,
    };
    let seen_by = (!caller.is_admin()).then_some(caller.user);
    Ok(store::teams::list(&app.store, organization, seen_by, skip, limit).await?)
}

/// Makes a team.
///
/// # Errors
/// `not_found`, `forbidden`, `conflict` for a slug that is taken,
/// `invalid_request`.
pub async fn create(app: &App, caller: &Caller, new: NewTeam) -> Result<Team> {
    let organization = organizations::find_to_manage(app, caller, &new.organization).await?;
    let name = checked_name(&new.name)?;
    let slug = match &new.slug {
        Some(slug) => checked_slug(slug)?,
        None => organization::slug_of(&name).ok_or_else(|| {
            Error::invalid("slug", "is missing, and cannot be made from the name; send one like crew-1")
        })?,
    };
    let now = app.clock.now();
    let team = Team {
        id: TeamId::generate(now, &app.entropy),
        organization: organization.id,
        slug,
        name,
        markup_basis_points: organizations::checked_markup(new.markup_basis_points)?,
        models: new.models.as_deref().map(checked_models).transpose()?,
        suspended_at: None,
        created_at: now,
        created_by: Some(caller.user),
        updated_at: now,
        updated_by: Some(caller.user),
    };
    let mut change = app.store.begin(now, actor(caller), None).await?;
    store::teams::insert(&mut change, &team).await.map_err(|error| taken(error, &team.slug))?;
    change.commit(Event::TeamCreated { team: team.id, organization: organization.id, slug: team.slug.clone() }).await?;
    Ok(team)
}

/// Changes a team.
///
/// # Errors
/// `not_found`, `forbidden`, `conflict`, `invalid_request`.
pub async fn edit(app: &App, caller: &Caller, id: TeamId, edit: Edit) -> Result<Team> {
    find_to_manage(app, caller, id).await?;
    let fields: Vec<&'static str> = [
        (edit.name.is_some(), "name"),
        (edit.slug.is_some(), "slug"),
        (edit.models.is_some(), "models"),
        (edit.markup_basis_points.is_some(), "markup_basis_points"),
    ]
    .into_iter()
    .filter_map(|(is_there, field)| is_there.then_some(field))
    .collect();
    let name = edit.name.as_deref().map(checked_name).transpose()?;
    let slug = edit.slug.as_deref().map(checked_slug).transpose()?;
    let models = edit.models.map(|models| models.as_deref().map(checked_models).transpose()).transpose()?;
    let markup = edit.markup_basis_points.map(organizations::checked_markup).transpose()?;
    let now = app.clock.now();
    let mut change = app.store.begin(now, actor(caller), None).await?;
    let known = store::teams::by_id_within(&mut change, id).await?.ok_or_else(missing)?;
    let told = [Event::TeamSuspended { team: id }, Event::TeamResumed { team: id }];
    let (suspended_at, of_suspension) = organizations::suspension(known.suspended_at, edit.is_suspended, now, told);
    let mut events = Vec::new();
    if !fields.is_empty() {
        events.push(Event::TeamUpdated { team: id, fields });
    }
    events.extend(of_suspension);
    if events.is_empty() {
        change.rollback().await?;
        return get(app, caller, id).await;
    }
    let edited = Team {
        name: name.unwrap_or(known.name),
        slug: slug.unwrap_or(known.slug),
        models: models.unwrap_or(known.models),
        markup_basis_points: markup.unwrap_or(known.markup_basis_points),
        suspended_at,
        updated_at: now,
        updated_by: Some(caller.user),
        ..known
    };
    store::teams::update(&mut change, &edited).await.map_err(|error| taken(error, &edited.slug))?;
    change.commit_all(events).await?;
    app.belonging_changed(id.0);
    get(app, caller, id).await
}

/// Lets a team go: its tokens stop working for good; usage and audit keep the
/// id.
///
/// # Errors
/// `not_found`, `forbidden`; `conflict` when it has tokens, unless `confirmed`.
pub async fn delete(app: &App, caller: &Caller, id: TeamId, confirmed: bool) -> Result<()> {
    let team = find_to_manage(app, caller, id).await?;
    let (_, tokens) = store::tokens::of_teams(&app.store, team.organization, Some(id), 0, 1).await?;
    if !confirmed && tokens > 0 {
        let sentence = format!(
            "“{}” has {tokens} gateway tokens, which would stop working. Suspend it instead, or delete it with ?confirm=true.",
            team.name
        );
        let mut error = Error::new(Code::Conflict, sentence);
        error.details.impact = Some(json!({"tokens": tokens}));
        return Err(error);
    }
    let mut change = app.store.begin(app.clock.now(), actor(caller), None).await?;
    let ended = store::tokens::revoke_of_team(&mut change, id).await?;
    let mut events: Vec<Event> = ended.into_iter().map(|token| Event::TokenRevoked { token }).collect();
    if !store::teams::tombstone(&mut change, id, Some(caller.user)).await? {
        change.rollback().await?;
        return Err(missing());
    }
    events.push(Event::TeamDeleted { team: id });
    change.commit_all(events).await?;
    app.forget_everything();
    Ok(())
}

/// The members of a team, by address.
///
/// # Errors
/// `not_found`.
pub async fn members(
    app: &App,
    caller: &Caller,
    id: TeamId,
    skip: i64,
    limit: i64,
) -> Result<(Vec<Member<TeamRole>>, i64)> {
    find_to_lead(app, caller, id).await?;
    Ok(store::memberships::of_team(&app.store, id, skip, limit).await?)
}

/// Takes a member of the organization into a team, or gives them another role
/// there. Leads are made and changed by admins of the organization.
///
/// # Errors
/// `not_found`, `forbidden`.
pub async fn set_member(app: &App, caller: &Caller, id: TeamId, user: UserId, role: TeamRole) -> Result<()> {
    let team = find_to_lead(app, caller, id).await?;
    let mut change = app.store.begin(app.clock.now(), actor(caller), None).await?;
    if store::memberships::role(&mut change, team.organization, user).await?.is_none() {
        change.rollback().await?;
        return Err(Error::not_found("member"));
    }
    let known = store::memberships::role_in_team(&mut change, id, user).await?;
    if let Err(error) = may_touch_leads(caller, team.organization, known, Some(role)) {
        change.rollback().await?;
        return Err(error);
    }
    store::memberships::set_in_team(&mut change, id, user, role, Some(caller.user)).await?;
    if known == Some(role) {
        change.rollback().await?;
    } else {
        change.commit(Event::TeamMemberSet { team: id, user, role }).await?;
        app.belonging_changed(user.0);
    }
    Ok(())
}

/// Takes somebody out of a team. Everybody may leave.
///
/// # Errors
/// `not_found`, `forbidden`.
pub async fn remove_member(app: &App, caller: &Caller, id: TeamId, user: UserId) -> Result<()> {
    let team = if user == caller.user { get(app, caller, id).await? } else { find_to_lead(app, caller, id).await? };
    let mut change = app.store.begin(app.clock.now(), actor(caller), None).await?;
    let known = store::memberships::role_in_team(&mut change, id, user).await?;
    let judged = match known {
        None => Err(Error::not_found("member")),
        known if user != caller.user => may_touch_leads(caller, team.organization, known, None),
        _ => Ok(()),
    };
    if let Err(error) = judged {
        change.rollback().await?;
        return Err(error);
    }
    store::memberships::remove_from_team(&mut change, id, user).await?;
    change.commit(Event::TeamMemberRemoved { team: id, user }).await?;
    app.belonging_changed(user.0);
    Ok(())
}

fn may_touch_leads(
    caller: &Caller,
    organization: OrganizationId,
    before: Option<TeamRole>,
    after: Option<TeamRole>,
) -> Result<()> {
    let is_about_leads = before == Some(TeamRole::Lead) || after == Some(TeamRole::Lead);
    if is_about_leads { may_manage(caller, organization).map_err(|error| error.of_field("role")) } else { Ok(()) }
}

fn checked_name(name: &str) -> Result<String> {
    text::line(name, 100).map_err(|problem| Error::invalid("name", problem))
}

fn checked_models(models: &[String]) -> Result<Vec<String>> {
    if models.is_empty() || models.len() > MODELS {
        return Err(Error::invalid("models", "needs 1 to 500 names; send null to allow all"));
    }
    let checked = models.iter().map(|model| text::line(model, 256));
    checked.collect::<std::result::Result<_, _>>().map_err(|problem| Error::invalid("models", problem))
}
