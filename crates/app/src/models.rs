//! The models a caller can call, and those a key would unlock.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::alias::{Alias, Target};
use domain::credential::Scope;
use domain::ids::model_uuid;
use domain::model::{Capabilities, ModelFacts, ModelStatus};
use domain::provider::ProviderKind;
use domain::resolve::{Outcome, Wish};
use domain::spread::Turns;
use domain::{Caller, Price, ProviderId, resolve};
use uuid::Uuid;

use crate::App;
use crate::error::{Error, Result};
use crate::naming;
use crate::paying::{self, Wishes};
use crate::reach::{self, Offer, Reach};
use crate::targets;

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
    let mut lines: Vec<ModelLine> = usable(app, caller, &reach)
        .into_iter()
        .chain(of_aliases(app, caller, &reach))
        .chain(locked(app, &reach))
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
    let by_name = |line: &ModelLine| {
        line.client_id == name
            || Uuid::parse_str(name).is_ok_and(|uuid| uuid == line.uuid)
            || name
                .split_once('/')
                .is_some_and(|(provider, id)| provider.parse() == Ok(line.facts.provider) && id == line.facts.id)
    };
    let lines = list(app, caller, ModelFilter::default()).await?;
    let by_alias = |line: &&ModelLine| line.alias.is_some() && line.client_id == name;
    let alias = lines.iter().find(by_alias).cloned();
    alias.or_else(|| lines.into_iter().find(by_name)).ok_or_else(|| {
        let mut error = naming::not_found(name);
        error.details.field = None;
        error
    })
}

/// Names that somebody chose come first.
fn order(line: &ModelLine) -> (bool, bool, ProviderId, bool, &str) {
    let (is_locked, is_model) = (line.payer.is_none(), line.alias.is_none());
    (is_locked, is_model, line.facts.provider, !line.facts.is_recommended, line.client_id.as_str())
}

/// Models with a usable key. An id that several places serve is listed bare for
/// the place it resolves to, and with its provider for the others.
fn usable(app: &App, caller: &Caller, reach: &Reach) -> Vec<ModelLine> {
    let now = app.clock.now();
    let mut lines = Vec::new();
    for (client_id, offers) in &reach.by_client_id {
        let chosen = naming::place(client_id, reach, app.catalogue, now).ok().map(|place| place.namespace);
        for offer in offers {
            let Some(payer) = payer(app, caller, reach, &offer.namespace, &offer.facts.id) else { continue };
            // A name that an alias took no longer means the model.
            let is_chosen = chosen.as_deref() == Some(offer.namespace.as_str()) && !reach.aliases.takes(client_id);
            lines.push(ModelLine {
                uuid: offer.uuid,
                client_id: if is_chosen { client_id.clone() } else { format!("{}/{client_id}", offer.facts.provider) },
                price: app.catalogue.price_at(offer.facts.provider, &offer.facts.id, now).or(offer.facts.price),
                facts: offer.facts.clone(),
                payer: Some(payer),
                is_listed: !offer.in_catalogue,
                created: offer.created,
                alias: None,
            });
        }
    }
    lines
}

/// Aliases with at least one target that a key of the caller opens.
fn of_aliases(app: &App, caller: &Caller, reach: &Reach) -> Vec<ModelLine> {
    reach.aliases.in_force().filter_map(|alias| of_alias(app, caller, reach, alias)).collect()
}

fn of_alias(app: &App, caller: &Caller, reach: &Reach, alias: &Arc<Alias>) -> Option<ModelLine> {
    let opened: Vec<(&Target, Scope, &Arc<Offer>)> = targets::in_order(reach, alias, None)
        .into_iter()
        .filter_map(|target| {
            // A model may have more than one id at its provider.
            let known = app.catalogue.get(target.provider, target.upstream_id());
            let uuid = |id: &str| model_uuid(&target.namespace(), id);
            let offer = reach.by_uuid.get(&uuid(target.upstream_id()));
            let offer = offer.or_else(|| reach.by_uuid.get(&uuid(&known?.id)))?;
            Some((target, payer_of(app, caller, reach, target)?, offer))
        })
        .collect();
    let &(_, payer, first) = opened.first()?;
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
        price: app.catalogue.price_at(first.facts.provider, &first.facts.id, now).or(first.facts.price),
        payer: Some(payer),
        is_listed: false,
        created: Some(alias.created_at.as_seconds()),
        alias: Some(Arc::clone(alias)),
    })
}

/// Who would pay for a target of an alias, were no key at a limit just now.
pub(crate) fn payer_of(app: &App, caller: &Caller, reach: &Reach, target: &Target) -> Option<Scope> {
    payer(app, caller, reach, &target.namespace(), target.upstream_id())
}

/// Who would pay for a model, were no key at a limit just now: a model does not
/// come and go with the minute.
fn payer(app: &App, caller: &Caller, reach: &Reach, namespace: &str, model: &str) -> Option<Scope> {
    let now = app.clock.now();
    let mut candidates = reach.candidates(app, namespace, model, now);
    candidates.iter_mut().for_each(|candidate| candidate.cooling_until = None);
    let wish = Wish {
        policy: paying::policy(app, caller, &Wishes::default()).ok()?,
        personal_allowed: caller.team().is_none(),
        pinned: None,
        turns: Turns::default(),
    };
    match resolve::resolve(&candidates, wish, now).outcome {
        Outcome::Use(ids) => reach.key(*ids.first()?).map(|key| key.credential().scope),
        Outcome::Failing | Outcome::NoKey => None,
    }
}

/// Models of the catalogue that no usable key opens.
fn locked(app: &App, reach: &Reach) -> Vec<ModelLine> {
    let now = app.clock.now();
    let mut lines = BTreeMap::new();
    for provider in ProviderId::all().filter(|provider| provider.facts().kind == ProviderKind::External) {
        for facts in app.catalogue.models(provider) {
            let uuid = model_uuid(provider.as_str(), &facts.id);
            if reach.by_uuid.contains_key(&uuid) && facts.status != ModelStatus::Retired {
                continue;
            }
            lines.insert(
                uuid,
                ModelLine {
                    uuid,
                    client_id: format!("{provider}/{}", facts.id),
                    price: app.catalogue.price_at(provider, &facts.id, now),
                    facts: facts.clone(),
                    payer: None,
                    is_listed: false,
                    created: None,
                    alias: None,
                },
            );
        }
    }
    lines.into_values().collect()
}

/// The recommended model of a provider, if the catalogue has one.
#[must_use]
pub fn recommended(app: &App, provider: ProviderId) -> Option<&'static str> {
    app.catalogue.recommended(provider).map(|facts| facts.id.as_str())
}

/// What to say when a name is not there.
#[must_use]
pub fn not_found(name: &str) -> Error {
    naming::not_found(name)
}
