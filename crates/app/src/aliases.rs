//! Looking after aliases: names that stand for models of one or several
//! providers. A person has their own; admins make those of their organization
//! and those of everybody.

mod uses;

use std::sync::Arc;

use domain::Caller;
use domain::alias::{self, Alias, Mode, Target};
use domain::audit::Event;
use domain::caller::Proof;
use domain::credential::{Owner, Scope};
use domain::ids::{AliasId, OrganizationId, TeamId};
use domain::model::ModelKind;
use domain::provider::ProviderId;
use domain::text;
use store::mutation::Mutation;

use crate::App;
use crate::error::{Code, Error, Result};
use crate::models::{self, ModelFilter};
use crate::naming;
use crate::organizations::may_manage;
use crate::owners;
use crate::reach::{self, Reach};
use crate::sign_in;

pub use uses::{owner_of, uses};

/// The most teams that one alias names.
const TEAMS: usize = 100;

/// The most aliases of one person, of an organization, or of the server.
const MOST: i64 = 500;

/// An alias as somebody asks for it.
#[derive(Clone, Debug)]
pub struct NewAlias {
    /// For whom.
    pub scope: Scope,
    /// Whose, when an organization's; absent: the one the caller acts in.
    pub organization: Option<OrganizationId>,
    /// The name.
    pub name: String,
    /// Which target is asked first.
    pub mode: Mode,
    /// What it stands for.
    pub targets: Vec<Target>,
    /// The teams that may name it; absent: everybody who sees it.
    pub teams: Option<Vec<TeamId>>,
}

/// What is to change; `None` stays.
#[derive(Clone, Debug, Default)]
pub struct Edit {
    /// Another name.
    pub name: Option<String>,
    /// Which target is asked first.
    pub mode: Option<Mode>,
    /// What it stands for.
    pub targets: Option<Vec<Target>>,
    /// The teams that may name it; cleared: everybody who sees it.
    pub teams: Option<Option<Vec<TeamId>>>,
}

/// An alias with what it means to one caller.
#[derive(Clone, Debug)]
pub struct Described {
    /// The alias.
    pub alias: Arc<Alias>,
    /// What the name would mean without it.
    pub shadows: Vec<String>,
    /// For each target, whether a key of the caller opens it.
    pub opened: Vec<bool>,
}

/// The aliases that the caller may know of, their own first.
///
/// # Errors
/// When the store cannot be read.
pub async fn list(app: &App, caller: &Caller) -> Result<Vec<Described>> {
    let reach = reach::of(app, caller).await?;
    let known = reach.aliases.all().iter().filter(|alias| caller.may_call_model(&alias.name));
    Ok(known.map(|alias| describe(app, caller, &reach, alias)).collect())
}

/// One of them.
///
/// # Errors
/// `not_found`, also when it is somebody else's.
pub async fn get(app: &App, caller: &Caller, id: AliasId) -> Result<Described> {
    let reach = reach::of(app, caller).await?;
    let known = reach.aliases.by_id(id).filter(|alias| caller.may_call_model(&alias.name));
    known.map(|alias| describe(app, caller, &reach, alias)).ok_or_else(|| Error::not_found("alias"))
}

/// Makes an alias.
///
/// # Errors
/// `forbidden` for everybody's by a member, `conflict` for a name that is there,
/// `invalid_request`.
pub async fn create(app: &App, caller: &Caller, new: NewAlias) -> Result<Described> {
    let owner = owner(app, caller, new.scope, new.organization).await?;
    let now = app.clock.now();
    let alias = checked(Alias {
        id: AliasId::generate(now, &app.entropy),
        owner,
        teams: new.teams,
        name: new.name,
        mode: new.mode,
        targets: new.targets,
        created_at: now,
        updated_at: now,
    })?;
    let mut change = app.store.begin(now, sign_in::actor(caller), None).await?;
    if store::aliases::is_taken(&mut change, &alias).await? {
        change.rollback().await?;
        return Err(taken(&alias));
    }
    if store::aliases::count(&mut change, owner).await? >= MOST {
        change.rollback().await?;
        return Err(Error::invalid("alias", format!("is one too many: {MOST} are kept. Delete one first")));
    }
    if let Err(error) = check_teams(&mut change, &alias).await {
        change.rollback().await?;
        return Err(error);
    }
    change.of(alias.owner);
    store::aliases::insert(&mut change, &alias, Some(caller.user)).await?;
    let targets = written(&alias);
    change
        .commit(Event::AliasCreated { alias: alias.id, scope: alias.scope(), name: alias.name.clone(), targets })
        .await?;
    app.reach.forget_of(owner.id());
    get(app, &owners::acting_for(caller, owner), alias.id).await
}

/// Changes an alias.
///
/// # Errors
/// `not_found`, `forbidden`, `conflict`, `invalid_request`.
pub async fn edit(app: &App, caller: &Caller, id: AliasId, edit: Edit) -> Result<Described> {
    let fields: Vec<&'static str> = [
        (edit.name.is_some(), "alias"),
        (edit.mode.is_some(), "mode"),
        (edit.targets.is_some(), "targets"),
        (edit.teams.is_some(), "teams"),
    ]
    .into_iter()
    .filter_map(|(is_there, field)| is_there.then_some(field))
    .collect();
    let now = app.clock.now();
    let mut change = app.store.begin(now, sign_in::actor(caller), None).await?;
    let known = look_after(&mut change, caller, id).await?;
    let seen_as = owners::acting_for(caller, known.owner);
    if fields.is_empty() {
        change.rollback().await?;
        return get(app, &seen_as, id).await;
    }
    let alias = checked(Alias {
        name: edit.name.unwrap_or(known.name),
        mode: edit.mode.unwrap_or(known.mode),
        targets: edit.targets.unwrap_or(known.targets),
        teams: edit.teams.unwrap_or(known.teams),
        updated_at: now,
        ..known
    })?;
    if store::aliases::is_taken(&mut change, &alias).await? {
        change.rollback().await?;
        return Err(taken(&alias));
    }
    if let Err(error) = check_teams(&mut change, &alias).await {
        change.rollback().await?;
        return Err(error);
    }
    change.of(alias.owner);
    if !store::aliases::update(&mut change, &alias).await? {
        change.rollback().await?;
        return Err(Error::not_found("alias"));
    }
    let targets = written(&alias);
    change.commit(Event::AliasUpdated { alias: id, fields, name: alias.name.clone(), targets }).await?;
    app.reach.forget_of(alias.owner.id());
    get(app, &seen_as, id).await
}

/// Deletes an alias.
///
/// # Errors
/// `not_found`, `forbidden`.
pub async fn delete(app: &App, caller: &Caller, id: AliasId) -> Result<()> {
    let mut change = app.store.begin(app.clock.now(), sign_in::actor(caller), None).await?;
    let alias = look_after(&mut change, caller, id).await?;
    change.of(alias.owner);
    if !store::aliases::delete(&mut change, &alias).await? {
        change.rollback().await?;
        return Err(Error::not_found("alias"));
    }
    let owner = alias.owner;
    change.commit(Event::AliasDeleted { alias: id, name: alias.name }).await?;
    app.reach.forget_of(owner.id());
    Ok(())
}

/// Ready-made aliases for clients that list only names which begin with
/// `claude`: one for each provider's recommended model that calls functions.
///
/// # Errors
/// When the store cannot be read.
pub async fn suggestions(app: &App, caller: &Caller) -> Result<Vec<(String, Target)>> {
    let reach = reach::of(app, caller).await?;
    let lines = models::list(app, caller, ModelFilter { is_active: Some(true), provider: None }).await?;
    let fits = |line: &&models::ModelLine| {
        line.alias.is_none()
            && line.facts.kind == ModelKind::Chat
            && line.facts.is_recommended
            && line.facts.capabilities.tools
            && line.facts.provider != ProviderId::Anthropic
    };
    let mut suggested: Vec<(String, Target)> = Vec::new();
    for line in lines.iter().filter(fits) {
        let Ok(name) = alias::name(&format!("claude-{}", line.facts.id.rsplit('/').next().unwrap_or_default())) else {
            continue;
        };
        let is_there = reach.aliases.meant(&name).is_some() || suggested.iter().any(|(known, _)| *known == name);
        if !is_there && naming::place(&name, &reach, app.catalogue, app.clock.now()).is_err() {
            let target = Target { provider: line.facts.provider, model: line.facts.id.clone(), weight: 1 };
            suggested.push((name, target));
        }
    }
    Ok(suggested)
}

/// What an alias stands for, in words.
#[must_use]
pub fn written(alias: &Alias) -> Vec<String> {
    alias.targets.iter().map(Target::written).collect()
}

fn describe(app: &App, caller: &Caller, reach: &Reach, alias: &Arc<Alias>) -> Described {
    let opened = alias.targets.iter().map(|target| models::payer_of(app, caller, reach, target).is_some()).collect();
    Described { alias: Arc::clone(alias), shadows: shadowed(app, reach, alias), opened }
}

/// What the name would mean without this alias.
fn shadowed(app: &App, reach: &Reach, alias: &Alias) -> Vec<String> {
    let is_hidden = |other: &&Arc<Alias>| other.name == alias.name && other.scope() > alias.scope();
    let mut shadowed: Vec<String> =
        reach.aliases.all().iter().filter(is_hidden).map(|other| whose(other.scope()).to_owned()).collect();
    if let Ok(place) = naming::place(&alias.name, reach, app.catalogue, app.clock.now()) {
        shadowed.push(place.written());
    }
    shadowed
}

/// An alias that the caller may change.
async fn look_after(change: &mut Mutation, caller: &Caller, id: AliasId) -> Result<Alias> {
    let alias = store::aliases::by_id(change, id).await?.ok_or_else(|| Error::not_found("alias"))?;
    let may_know = match alias.owner {
        Owner::User(user) => user == caller.user && caller.team().is_none(),
        Owner::Organization(organization) => caller.may_know_of(organization),
        Owner::System => true,
    };
    if !may_know {
        return Err(Error::not_found("alias"));
    }
    may_change_names(caller)?;
    match alias.owner {
        Owner::Organization(organization) => may_manage(caller, organization)?,
        Owner::System => may_change_the_servers(caller)?,
        Owner::User(_) => {}
    }
    Ok(alias)
}

/// Whose an alias of this scope is that the caller makes.
async fn owner(app: &App, caller: &Caller, scope: Scope, organization: Option<OrganizationId>) -> Result<Owner> {
    may_change_names(caller)?;
    match scope {
        Scope::Organization => return owners::organization(app, caller, organization).await,
        _ => owners::refuse_stray(organization)?,
    }
    match scope {
        Scope::Personal if caller.team().is_some() => Err(Error::new(
            Code::Forbidden,
            "A team's token has no aliases of its own. Use a token of your own, or sign in.",
        )),
        Scope::Personal => Ok(Owner::User(caller.user)),
        _ => may_change_the_servers(caller).map(|()| Owner::System),
    }
}

/// A token that is limited to some models would give other models the names that
/// it may call.
fn may_change_names(caller: &Caller) -> Result<()> {
    match caller.proof {
        Proof::GatewayToken { models: Some(_), .. } => Err(Error::new(
            Code::Forbidden,
            "A gateway token that is limited to some models cannot change what names mean. Use another token, or sign in.",
        )),
        _ => Ok(()),
    }
}

fn may_change_the_servers(caller: &Caller) -> Result<()> {
    if caller.is_admin() {
        return Ok(());
    }
    Err(Error::new(
        Code::Forbidden,
        "Only an admin of this server can change what a name means for everybody. Make an alias of your own.",
    ))
}

/// Whose name an alias hides.
const fn whose(scope: Scope) -> &'static str {
    match scope {
        Scope::Personal => "an alias of yours",
        Scope::Organization => "an alias of your organization",
        Scope::System => "an alias of this server",
    }
}

/// Passes when an alias may name its teams: an organization's its own, the
/// server's any.
async fn check_teams(change: &mut Mutation, alias: &Alias) -> Result<()> {
    let Some(teams) = &alias.teams else { return Ok(()) };
    let invalid = |problem: &str| Err(Error::invalid("teams", problem));
    if matches!(alias.owner, Owner::User(_)) {
        return invalid("goes with aliases of an organization or of the server; leave it out");
    }
    if teams.is_empty() || teams.len() > TEAMS {
        return invalid("needs 1 to 100 teams; send null for everybody");
    }
    let known = store::teams::some_within(change, teams).await?;
    let is_theirs = |team: &domain::organization::Team| match alias.owner {
        Owner::Organization(own) => team.organization == own,
        _ => true,
    };
    if known.len() == teams.len() && known.iter().all(is_theirs) {
        return Ok(());
    }
    Err(Error::not_found("team").of_field("teams"))
}

/// The alias as it is kept, or what is wrong with it.
fn checked(alias: Alias) -> Result<Alias> {
    let name = alias::name(&alias.name).map_err(|problem| Error::invalid("alias", problem))?;
    let mut targets = alias.targets;
    for target in &mut targets {
        target.model = text::line(&target.model, alias::MODEL_CHARACTERS)
            .map_err(|problem| Error::invalid("targets.model", problem))?;
    }
    alias::check_targets(alias.mode, &targets).map_err(|problem| Error::invalid("targets", problem))?;
    // Names are listed and logged: none of them may be somebody's key.
    if naming::holds_a_key(&name) {
        return Err(Error::invalid("alias", "looks like a provider key; keys are saved at /keys, sealed"));
    }
    if targets.iter().any(|target| naming::holds_a_key(&target.model)) {
        return Err(Error::invalid("targets.model", "looks like a provider key; keys are saved at /keys, sealed"));
    }
    let teams = alias.teams.map(|mut teams| {
        teams.sort_unstable();
        teams.dedup();
        teams
    });
    Ok(Alias { name, targets, teams, ..alias })
}

fn taken(alias: &Alias) -> Error {
    let whose = match alias.scope() {
        Scope::Personal => "You have",
        Scope::Organization => "This organization has",
        Scope::System => "This server has",
    };
    Error::new(
        Code::Conflict,
        format!("{whose} an alias “{}” already. Change that one, or choose another name.", alias.name),
    )
    .of_field("alias")
}
