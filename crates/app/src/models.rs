//! The models a caller can call, and those a key would unlock.

mod sources;

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use domain::alias::{Alias, Target};
use domain::credential::Scope;
use domain::ids::{CredentialId, model_uuid};
use domain::model::{Capabilities, ModelFacts};
use domain::provider::ProviderKind;
use domain::resolve::{Outcome, Wish};
use domain::spread::Turns;
use domain::{Caller, Price, ProviderId, Timestamp, resolve};
use llm::capabilities::{self, Ability};
use uuid::Uuid;

use crate::App;
use crate::error::{Error, Result};
use crate::naming;
use crate::paying::{self, Wishes};
use crate::reach::{self, Key, Offer, Reach};
use crate::targets;

pub use sources::{Source, sources};

/// A model as lists show it.
#[derive(Clone, Debug)]
pub struct ModelLine {
    /// Its stable id.
    pub uuid: Uuid,
    /// The id to call it by.
    pub client_id: String,
    /// What is known of it.
    pub facts: ModelFacts,
    /// Its price today.
    pub price: Option<Price>,
    /// In whose scope the key lies that would pay; `None`: locked.
    pub payer: Option<Scope>,
    /// The key that would pay.
    pub key: Option<CredentialId>,
    /// Whose word in the registry it is, if somebody registered it.
    pub registered: Option<Scope>,
    /// Whether the provider, not only the catalogue, named it.
    pub is_listed: bool,
    /// When the provider says it was made, in seconds.
    pub created: Option<i64>,
    /// An alias, and what it stands for; the facts are those of the first model
    /// it would reach now, its limits those of the smallest.
    pub alias: Option<Arc<Alias>>,
}

/// Which models to list. `None` lets all through.
#[derive(Clone, Copy, Debug, Default)]
pub struct ModelFilter {
    /// Usable now, or locked.
    pub is_active: Option<bool>,
    /// Of this provider.
    pub provider: Option<ProviderId>,
}

/// The models that pass `filter`: usable ones first, then by provider,
/// recommended first, then by name.
///
/// # Errors
/// When the store cannot be read.
pub async fn list(app: &App, caller: &Caller, filter: ModelFilter) -> Result<Vec<ModelLine>> {
    let reach = reach::of(app, caller).await?;
    let usable = usable(app, caller, &reach);
    let opened: HashSet<Uuid> = usable.iter().map(|line| line.uuid).collect();
    let mut lines: Vec<ModelLine> = usable
        .into_iter()
        .chain(of_aliases(app, caller, &reach))
        .chain(locked(app, &reach, &opened))
        // Each is listed under a name that means it.
        .filter(|line| line.alias.is_some() || !reach.aliases.takes(&line.client_id))
        .filter(|line| filter.provider.is_none_or(|provider| provider == line.facts.provider))
        .filter(|line| filter.is_active.is_none_or(|is_active| is_active == line.payer.is_some()))
        .collect();
    lines.sort_by(|a, b| order(a).cmp(&order(b)));
    Ok(lines)
}

/// The models the caller's token lets them call now.
///
/// # Errors
/// When the store cannot be read.
pub async fn callable(app: &App, caller: &Caller) -> Result<Vec<ModelLine>> {
    let lines = list(app, caller, ModelFilter { is_active: Some(true), provider: None }).await?;
    Ok(lines.into_iter().filter(|line| caller.may_call_model(&line.client_id)).collect())
}

/// One model, by any of its names.
///
/// # Errors
/// `model_not_found`.
pub async fn get(app: &App, caller: &Caller, name: &str) -> Result<ModelLine> {
    let mut lines = list(app, caller, ModelFilter::default()).await?;
    let uuid = Uuid::parse_str(name).ok();
    let prefixed = name.split_once('/').and_then(|(provider, id)| Some((provider.parse::<ProviderId>().ok()?, id)));
    // As a call reads a name: what a list calls it goes before all else.
    let readings: [&dyn Fn(&ModelLine) -> bool; 4] = [
        &|line| line.alias.is_some() && line.client_id == name,
        &|line| line.client_id == name,
        &|line| uuid == Some(line.uuid),
        &|line| prefixed == Some((line.facts.provider, line.facts.id.as_str())),
    ];
    let found = readings.iter().find_map(|reads| lines.iter().position(reads));
    found.map(|at| lines.swap_remove(at)).ok_or_else(|| missing(name))
}

/// One model that the caller's token lets them call now, by any of its names.
///
/// # Errors
/// `model_not_found`.
pub async fn get_callable(app: &App, caller: &Caller, name: &str) -> Result<ModelLine> {
    let line = get(app, caller, name).await?;
    let is_callable = line.payer.is_some() && caller.may_call_model(&line.client_id);
    if is_callable { Ok(line) } else { Err(missing(name)) }
}

/// A name in an address has no field to be at fault.
fn missing(name: &str) -> Error {
    let mut error = naming::not_found(name);
    error.details.field = None;
    error
}

/// Names that somebody chose come first.
fn order(line: &ModelLine) -> (bool, bool, ProviderId, bool, &str) {
    let (is_locked, is_model) = (line.payer.is_none(), line.alias.is_none());
    (is_locked, is_model, line.facts.provider, !line.facts.is_recommended, line.client_id.as_str())
}

/// Models with a usable key, each by a name that means this very model. An id
/// that several places serve is bare for the one it resolves to.
fn usable(app: &App, caller: &Caller, reach: &Reach) -> Vec<ModelLine> {
    let now = app.clock.now();
    let mut lines = Vec::new();
    for (client_id, offers) in &reach.by_client_id {
        for offer in offers {
            let Some(key) = payer(app, caller, reach, &offer.namespace, &offer.facts.id) else { continue };
            // What the key that pays knows of it, and what it is billed at.
            let offer = key.offers.get(&offer.facts.id).unwrap_or(offer);
            lines.push(ModelLine {
                uuid: offer.uuid,
                client_id: name_of(app, client_id, offer, reach),
                price: price(app, offer, now),
                facts: as_tried(reach, offer),
                payer: Some(key.credential().scope),
                key: Some(key.credential().id),
                registered: offer.registered,
                is_listed: !offer.in_catalogue,
                created: offer.created,
                alias: None,
            });
        }
    }
    lines
}

fn price(app: &App, offer: &Offer, now: Timestamp) -> Option<Price> {
    let today = || app.catalogue.price_at(offer.facts.provider, &offer.facts.id, now);
    offer.set_price.or_else(today).or(offer.facts.price)
}

/// Aliases with at least one target that a key of the caller opens.
fn of_aliases(app: &App, caller: &Caller, reach: &Reach) -> Vec<ModelLine> {
    reach.aliases.in_force().filter_map(|alias| of_alias(app, caller, reach, alias)).collect()
}

fn of_alias(app: &App, caller: &Caller, reach: &Reach, alias: &Arc<Alias>) -> Option<ModelLine> {
    let opened: Vec<(&Target, &Arc<Key>, &Arc<Offer>)> = targets::in_order(reach, alias, None)
        .into_iter()
        .filter_map(|target| {
            // A model may have more than one id at its provider.
            let known = app.catalogue.get(target.provider, target.upstream_id());
            let uuid = |id: &str| model_uuid(&target.namespace(), id);
            let offer = reach.by_uuid.get(&uuid(target.upstream_id()));
            let offer = offer.or_else(|| reach.by_uuid.get(&uuid(&known?.id)))?;
            Some((target, payer(app, caller, reach, &target.namespace(), target.upstream_id())?, offer))
        })
        .collect();
    let &(_, key, first) = opened.first()?;
    let facts = |of: fn(&ModelFacts) -> Option<u64>| opened.iter().filter_map(|(_, _, offer)| of(&offer.facts)).min();
    let all = |can: fn(&Capabilities) -> bool| opened.iter().all(|(_, _, offer)| can(&offer.facts.capabilities));
    let now = app.clock.now();
    Some(ModelLine {
        uuid: alias.id.0,
        client_id: alias.name.clone(),
        facts: ModelFacts {
            display_name: format!("{} ({})", alias.name, first.facts.display_name),
            is_recommended: false,
            context_window: facts(|facts| facts.context_window),
            max_output_tokens: facts(|facts| facts.max_output_tokens),
            capabilities: Capabilities {
                tools: all(|can| can.tools),
                vision: all(|can| can.vision),
                json_schema: all(|can| can.json_schema),
                reasoning: all(|can| can.reasoning),
            },
            ..first.facts.clone()
        },
        price: price(app, key.offers.get(&first.facts.id).unwrap_or(first), now),
        payer: Some(key.credential().scope),
        key: Some(key.credential().id),
        registered: None,
        is_listed: false,
        created: Some(alias.created_at.as_seconds()),
        alias: Some(Arc::clone(alias)),
    })
}

/// Who would pay for a target of an alias, were no key at a limit just now.
pub(crate) fn payer_of(app: &App, caller: &Caller, reach: &Reach, target: &Target) -> Option<Scope> {
    payer(app, caller, reach, &target.namespace(), target.upstream_id()).map(|key| key.credential().scope)
}

/// What is known of a model, with what was tried of it.
fn as_tried(reach: &Reach, offer: &Offer) -> ModelFacts {
    let mut facts = offer.facts.clone();
    let shown = |ability| {
        let outcomes = reach.keys_of(&offer.namespace).map(|key| key.tried.of_model(&offer.facts.id, ability));
        outcomes.flatten().next().map(|outcome| outcome == capabilities::Outcome::Works)
    };
    let can = &mut facts.capabilities;
    can.tools = shown(Ability::Tools).unwrap_or(can.tools);
    can.json_schema = shown(Ability::JsonSchema).unwrap_or(can.json_schema);
    can.vision = shown(Ability::Vision).unwrap_or(can.vision);
    facts
}

/// The shortest name that resolves to this offer and no other.
fn name_of(app: &App, client_id: &str, offer: &Offer, reach: &Reach) -> String {
    let means_it = |name: &String| {
        // A name that an alias took no longer means the model.
        !reach.aliases.takes(name)
            && naming::place(name, reach, app.catalogue, app.clock.now())
                .is_ok_and(|place| place.namespace == offer.namespace && place.upstream_id == offer.facts.id)
    };
    let names = [client_id.to_owned(), format!("{}/{client_id}", offer.facts.provider)];
    names.into_iter().find(means_it).unwrap_or_else(|| offer.uuid.to_string())
}

/// Who would pay for a model, were no key at a limit just now: a model does not
/// come and go with the minute, but with the server that it runs on.
fn payer<'a>(app: &App, caller: &Caller, reach: &'a Reach, namespace: &str, model: &str) -> Option<&'a Arc<Key>> {
    let now = app.clock.now();
    let mut candidates = reach.candidates(app, namespace, model, now);
    candidates.retain(|candidate| !reach::is_stopped(candidate.credential));
    candidates.iter_mut().for_each(|candidate| candidate.cooling_until = None);
    let wish = Wish {
        policy: paying::policy(app, caller, &reach.terms, &Wishes::default()).ok()?,
        personal_allowed: caller.team().is_none(),
        rules: reach.terms.rules.as_ref(),
        pinned: None,
        turns: Turns::default(),
    };
    match resolve::resolve(&candidates, wish, now).outcome {
        Outcome::Use(ids) => reach.key(*ids.first()?),
        Outcome::Failing | Outcome::NoKey => None,
    }
}

/// Models of the catalogue and of the registry that no usable key opens, because
/// there is none, or because it fails.
fn locked(app: &App, reach: &Reach, opened: &HashSet<Uuid>) -> Vec<ModelLine> {
    let now = app.clock.now();
    let mut lines = BTreeMap::new();
    for provider in ProviderId::all().filter(|provider| provider.facts().kind == ProviderKind::External) {
        for facts in app.catalogue.models(provider) {
            let uuid = model_uuid(provider.as_str(), &facts.id);
            if opened.contains(&uuid) {
                continue;
            }
            let price = app.catalogue.price_at(provider, &facts.id, now);
            lines.insert(uuid, closed(uuid, format!("{provider}/{}", facts.id), facts.clone(), price));
        }
    }
    // The server's first, so that a person's own word is the last.
    for registration in reach.registrations.iter().rev().filter(|one| !opened.contains(&one.uuid())) {
        let offer = reach::registered(registration, None, app.catalogue);
        let price = price(app, &offer, now);
        let line = closed(offer.uuid, registration.written(), offer.facts, price);
        lines.insert(offer.uuid, ModelLine { registered: Some(registration.scope), ..line });
    }
    lines.into_values().collect()
}

fn closed(uuid: Uuid, client_id: String, facts: ModelFacts, price: Option<Price>) -> ModelLine {
    ModelLine {
        uuid,
        client_id,
        facts,
        price,
        payer: None,
        key: None,
        registered: None,
        is_listed: false,
        created: None,
        alias: None,
    }
}

/// The recommended model of a provider, if the catalogue has one.
#[must_use]
pub fn recommended(app: &App, provider: ProviderId) -> Option<&'static str> {
    app.catalogue.recommended(provider).map(|facts| facts.id.as_str())
}
