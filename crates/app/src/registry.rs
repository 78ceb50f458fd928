//! The registry: models that people write down themselves. A person speaks for
//! their own keys; admins speak for their organization's, and for everybody's.

use domain::Caller;
use domain::alias::{MODEL_CHARACTERS, Target};
use domain::audit::Event;
use domain::caller::Proof;
use domain::credential::{Owner, Scope};
use domain::ids::OrganizationId;
use domain::provider::{ProviderId, ProviderKind};
use domain::registration::{MOST_TOKENS, Registration, Said};
use domain::text;
use store::mutation::Mutation;
use uuid::Uuid;

use crate::App;
use crate::error::{Code, Error, Result};
use crate::models::{self, ModelLine};
use crate::organizations::may_manage;
use crate::{naming, owners, reach, sign_in};

/// The most registered models of one person, or of the server.
const MOST: i64 = 1_000;

/// The longest name that people read, in characters.
const NAME_CHARACTERS: usize = 120;

/// A model as somebody asks for it.
#[derive(Clone, Debug)]
pub struct NewModel {
    /// For whom.
    pub scope: Scope,
    /// Whose, when an organization's; absent: the one the caller acts in.
    pub organization: Option<OrganizationId>,
    /// Its provider.
    pub provider: ProviderId,
    /// The provider's id of it; at custom endpoints `slug/id`.
    pub model: String,
    /// What is said of it.
    pub said: Said,
}

/// What is to change of what is said. `None` stays; `Some(None)` is said no more.
#[derive(Clone, Debug, Default)]
pub struct Edit {
    /// The name people read.
    pub display_name: Option<Option<String>>,
    /// What it is for, and what it can do.
    pub abilities: Option<Said>,
    /// Prompt plus completion, in tokens.
    pub context_window: Option<Option<u64>>,
    /// The longest completion, in tokens.
    pub max_output_tokens: Option<Option<u64>>,
    /// What it costs.
    pub price: Option<Option<domain::Price>>,
}

/// What the caller, or everybody, says of a model: the caller's own word first.
///
/// # Errors
/// When the store cannot be read.
pub async fn of_model(app: &App, caller: &Caller, model: Uuid) -> Result<Vec<Registration>> {
    let reach = reach::of(app, caller).await?;
    Ok(reach.registrations.iter().filter(|one| one.uuid() == model).cloned().collect())
}

/// Writes a model into the registry.
///
/// # Errors
/// `forbidden` for everybody's by a member, `conflict` when it is there,
/// `invalid_request`.
pub async fn register(app: &App, caller: &Caller, new: NewModel) -> Result<ModelLine> {
    let owner = owner(app, caller, new.scope, new.organization).await?;
    let now = app.clock.now();
    let registration = checked(Registration {
        owner,
        provider: new.provider,
        namespace: String::new(),
        model: new.model,
        said: new.said,
        created_at: now,
        updated_at: now,
    })?;
    let mut change = app.store.begin(now, sign_in::actor(caller), None).await?;
    let known = store::registrations::get(&mut change, owner, &registration.namespace, &registration.model).await?;
    if known.is_some() {
        change.rollback().await?;
        return Err(taken(&registration));
    }
    if store::registrations::count(&mut change, owner).await? >= MOST {
        change.rollback().await?;
        return Err(Error::invalid("model_id", format!("is one too many: {MOST} are kept. Delete one first")));
    }
    change.of(owner);
    store::registrations::insert(&mut change, &registration, Some(caller.user)).await?;
    let (model, scope, name) = (registration.uuid(), registration.scope(), registration.written());
    change.commit(Event::ModelRegistered { model, scope, name }).await?;
    app.reach.forget_of(owner.id());
    line(app, &owners::acting_for(caller, owner), model).await
}

/// Changes what is said of a model.
///
/// # Errors
/// `not_found`, `forbidden`, `invalid_request`.
pub async fn edit(app: &App, caller: &Caller, model: Uuid, scope: Option<Scope>, edit: Edit) -> Result<ModelLine> {
    let fields: Vec<&'static str> = [
        (edit.display_name.is_some(), "display_name"),
        (edit.abilities.is_some(), "capabilities"),
        (edit.context_window.is_some(), "context_window"),
        (edit.max_output_tokens.is_some(), "max_tokens"),
        (edit.price.is_some(), "price"),
    ]
    .into_iter()
    .filter_map(|(is_there, field)| is_there.then_some(field))
    .collect();
    let known = look_after(app, caller, model, scope).await?;
    let now = app.clock.now();
    let mut change = app.store.begin(now, sign_in::actor(caller), None).await?;
    let known = still_there(&mut change, &known).await?;
    if fields.is_empty() {
        change.rollback().await?;
        return line(app, caller, model).await;
    }
    change.of(known.owner);
    let edited = checked(Registration { said: merged(known.said.clone(), edit), updated_at: now, ..known })?;
    if !store::registrations::update(&mut change, &edited).await? {
        change.rollback().await?;
        return Err(missing());
    }
    let (scope, name, owner) = (edited.scope(), edited.written(), edited.owner);
    change.commit(Event::ModelUpdated { model, scope, fields, name }).await?;
    app.reach.forget_of(owner.id());
    line(app, caller, model).await
}

/// Takes a model out of the registry. What its provider or the catalogue says
/// of it is in force again.
///
/// # Errors
/// `not_found`, `forbidden`.
pub async fn unregister(app: &App, caller: &Caller, model: Uuid, scope: Option<Scope>) -> Result<()> {
    let known = look_after(app, caller, model, scope).await?;
    let mut change = app.store.begin(app.clock.now(), sign_in::actor(caller), None).await?;
    let known = still_there(&mut change, &known).await?;
    change.of(known.owner);
    store::registrations::delete(&mut change, &known).await?;
    change.commit(gone(&known)).await?;
    app.reach.forget_of(known.owner.id());
    Ok(())
}

/// What the audit log says of a model that was taken out.
pub(crate) fn gone(registration: &Registration) -> Event {
    Event::ModelUnregistered { model: registration.uuid(), scope: registration.scope(), name: registration.written() }
}

async fn line(app: &App, caller: &Caller, model: Uuid) -> Result<ModelLine> {
    models::get(app, caller, &model.to_string()).await
}

/// A registration that the caller may change: their own before everybody's.
async fn look_after(app: &App, caller: &Caller, model: Uuid, scope: Option<Scope>) -> Result<Registration> {
    let known = of_model(app, caller, model).await?;
    let wanted = |one: &&Registration| scope.is_none_or(|scope| scope == one.scope());
    let found = known.iter().find(wanted).ok_or_else(missing)?;
    may_speak_for(caller, found.owner)?;
    Ok(found.clone())
}

/// The same as the change sees it: it may be gone since it was read.
async fn still_there(change: &mut Mutation, known: &Registration) -> Result<Registration> {
    let found = store::registrations::get(change, known.owner, &known.namespace, &known.model).await?;
    found.ok_or_else(missing)
}

fn merged(said: Said, edit: Edit) -> Said {
    let (kind, capabilities) = match edit.abilities {
        Some(abilities) => (abilities.kind, abilities.capabilities),
        None => (said.kind, said.capabilities),
    };
    Said {
        display_name: edit.display_name.unwrap_or(said.display_name),
        kind,
        capabilities,
        context_window: edit.context_window.unwrap_or(said.context_window),
        max_output_tokens: edit.max_output_tokens.unwrap_or(said.max_output_tokens),
        price: edit.price.unwrap_or(said.price),
    }
}

/// Whose a registration of this scope is that the caller makes.
async fn owner(app: &App, caller: &Caller, scope: Scope, organization: Option<OrganizationId>) -> Result<Owner> {
    let owner = match scope {
        Scope::Organization => owners::organization(app, caller, organization).await?,
        Scope::Personal => Owner::User(caller.user),
        Scope::System => Owner::System,
    };
    if scope != Scope::Organization {
        owners::refuse_stray(organization)?;
    }
    may_speak_for(caller, owner)?;
    Ok(owner)
}

/// Passes for whoever may say what is known of models to this owner.
fn may_speak_for(caller: &Caller, owner: Owner) -> Result<()> {
    let forbidden = |sentence| Err(Error::new(Code::Forbidden, sentence));
    if let Proof::GatewayToken { models: Some(_), .. } = caller.proof {
        return forbidden(
            "A gateway token that is limited to some models cannot change what is known of models. Use another token, or sign in.",
        );
    }
    match owner {
        Owner::User(_) if caller.team().is_some() => {
            forbidden("A team's token has no models of its own. Use a token of your own, or sign in.")
        }
        Owner::User(_) => Ok(()),
        Owner::Organization(organization) => may_manage(caller, organization),
        Owner::System if caller.is_admin() => Ok(()),
        Owner::System => {
            forbidden("Only an admin of this server can register models for everybody. Register one for your own keys.")
        }
    }
}

/// The registration as it is kept, or what is wrong with it.
fn checked(registration: Registration) -> Result<Registration> {
    let invalid = |field: &str, problem: &str| Err(Error::invalid(field, problem));
    let (namespace, model) = if registration.namespace.is_empty() {
        place(registration.provider, &registration.model)?
    } else {
        (registration.namespace, registration.model)
    };
    let mut said = registration.said;
    said.display_name = said
        .display_name
        .map(|name| text::line(&name, NAME_CHARACTERS).map_err(|problem| Error::invalid("display_name", problem)))
        .transpose()?;
    // Names are listed and logged: none of them may be somebody's key.
    if naming::holds_a_key(&model) {
        return invalid("model_id", "looks like a provider key; keys are saved at /keys, sealed");
    }
    if said.display_name.as_deref().is_some_and(naming::holds_a_key) {
        return invalid("display_name", "looks like a provider key; keys are saved at /keys, sealed");
    }
    for (field, tokens) in [("context_window", said.context_window), ("max_tokens", said.max_output_tokens)] {
        if tokens.is_some_and(|tokens| !(1..=MOST_TOKENS).contains(&tokens)) {
            return invalid(field, "must be 1 to 1,000,000,000 tokens");
        }
    }
    if said.price.is_some() && registration.provider.facts().kind == ProviderKind::Local {
        return invalid("input_token_price", "is not taken: models on your own machine cost nothing");
    }
    if said.price.is_some_and(|price| price.check().is_err()) {
        return invalid("input_token_price", "and the other prices must be 0 to 1,000,000 dollars per million tokens");
    }
    Ok(Registration { namespace, model, said, ..registration })
}

/// Whose keys open it, and the id its provider is called with.
fn place(provider: ProviderId, written: &str) -> Result<(String, String)> {
    let model = text::line(written, MODEL_CHARACTERS).map_err(|problem| Error::invalid("model_id", problem))?;
    let is_whole = model.split_once('/').is_some_and(|(slug, id)| !slug.is_empty() && !id.is_empty());
    let target = Target { provider, model, weight: 1 };
    if provider == ProviderId::Custom && !is_whole {
        return Err(Error::invalid(
            "model_id",
            "needs the short name of its endpoint before it: slug/model, as the key has it",
        ));
    }
    Ok((target.namespace(), target.upstream_id().to_owned()))
}

fn missing() -> Error {
    Error::not_found("registered model")
}

fn taken(registration: &Registration) -> Error {
    let whose = match registration.scope() {
        Scope::Personal => "You have",
        Scope::Organization => "This organization has",
        Scope::System => "This server has",
    };
    Error::new(
        Code::Conflict,
        format!("{whose} registered “{}” already. Change that one, or register another.", registration.written()),
    )
    .of_field("model_id")
}
