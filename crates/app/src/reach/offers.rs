//! The models that a key opens: its live list, the catalogue's, those of its
//! settings, and what the registry says.

use std::collections::HashMap;
use std::sync::Arc;

use domain::Price;
use domain::credential::Credential;
use domain::ids::model_uuid;
use domain::model::{Capabilities, ListedModel, ModelFacts, ModelKind, ModelStatus, Restrictions};
use domain::provider::{ProviderId, ProviderKind};
use domain::registration::Registration;
use llm::catalogue::Catalogue;

use super::Offer;

/// The models a key opens: its live list where there is one, else the
/// catalogue's for its provider. At Azure, whose deployments nobody lists, those
/// of its settings.
pub(super) fn offers_of(
    credential: &Credential,
    listed: Option<Vec<ListedModel>>,
    catalogue: &Catalogue,
) -> HashMap<String, Arc<Offer>> {
    let namespace = credential.model_namespace();
    let provider = credential.provider;
    let offer = |facts: ModelFacts, created, in_catalogue| {
        let uuid = model_uuid(&namespace, &facts.id);
        let namespace = namespace.clone();
        let id = facts.id.clone();
        (id, Arc::new(Offer { uuid, namespace, facts, created, in_catalogue, registered: None, set_price: None }))
    };
    match listed {
        // What is deployed cannot be listed with the key: its owner says it, and
        // no list or catalogue says otherwise.
        _ if provider == ProviderId::Azure => {
            deployed(credential).map(|model| offer(merged(provider, model, None), None, false)).collect()
        }
        Some(models) => models
            .into_iter()
            .map(|model| {
                let known = catalogue.get(provider, &model.id);
                let (created, in_catalogue) = (model.created, known.is_some());
                offer(merged(provider, model, known), created, in_catalogue)
            })
            .collect(),
        // A local server that never answered offers nothing.
        None if provider.facts().kind == ProviderKind::Local => HashMap::new(),
        None => catalogue
            .models(provider)
            .iter()
            .filter(|facts| facts.status != ModelStatus::Retired)
            .map(|facts| offer(facts.clone(), None, true))
            .collect(),
    }
}

/// The offers with what the registry says: models that nobody lists, and other
/// facts of those that are.
pub(super) fn with_registered(
    mut offers: HashMap<String, Arc<Offer>>,
    credential: &Credential,
    registrations: &[Registration],
    catalogue: &Catalogue,
) -> HashMap<String, Arc<Offer>> {
    let mut said: Vec<&Registration> = registrations.iter().filter(|one| one.is_about(credential)).collect();
    // A person's own word about their own keys is the last.
    said.sort_by_key(|one| std::cmp::Reverse(one.scope()));
    for registration in said {
        let known = offers.remove(&registration.model);
        let offer = registered(registration, known.as_deref(), catalogue);
        offers.insert(registration.model.clone(), Arc::new(offer));
    }
    offers
}

/// A model as it is registered, with what else is known of it.
pub(crate) fn registered(registration: &Registration, known: Option<&Offer>, catalogue: &Catalogue) -> Offer {
    let Registration { provider, model, said, .. } = registration;
    let in_catalogue = catalogue.get(*provider, model).filter(|_| *provider != ProviderId::Azure);
    let facts = match known {
        Some(offer) => offer.facts.clone(),
        None => merged(*provider, ListedModel { id: model.clone(), ..ListedModel::default() }, in_catalogue),
    };
    Offer {
        uuid: registration.uuid(),
        namespace: registration.namespace.clone(),
        facts: said.applied_to(facts),
        created: known.and_then(|offer| offer.created),
        in_catalogue: known.map_or(in_catalogue.is_some(), |offer| offer.in_catalogue),
        registered: Some(registration.scope()),
        set_price: said.price.or(known.and_then(|offer| offer.set_price)),
    }
}

/// The deployments of an Azure key, as models.
fn deployed(credential: &Credential) -> impl Iterator<Item = ListedModel> {
    credential.settings.deployments.iter().map(|name| ListedModel { id: name.clone(), ..ListedModel::default() })
}

/// A listed model with what the catalogue knows; the live list wins where it
/// speaks.
fn merged(provider: ProviderId, listed: ListedModel, known: Option<&ModelFacts>) -> ModelFacts {
    let local = provider.facts().kind == ProviderKind::Local;
    let free = local.then_some(Price::FREE);
    let base = known.cloned().unwrap_or_else(|| ModelFacts {
        provider,
        id: listed.id.clone(),
        aliases: Vec::new(),
        display_name: listed.id.clone(),
        kind: guessed_kind(&listed.id),
        status: ModelStatus::Active,
        is_recommended: false,
        context_window: None,
        max_output_tokens: None,
        capabilities: Capabilities::default(),
        wires: Vec::new(),
        restrictions: Restrictions::default(),
        price: None,
        deprecation_date: None,
        replacement: None,
    });
    ModelFacts {
        is_recommended: base.is_recommended && base.id == listed.id,
        display_name: match (known, listed.display_name) {
            (None, Some(name)) => name,
            _ => base.display_name,
        },
        // A model that the provider still lists is served, whatever was announced.
        status: if base.status == ModelStatus::Retired { ModelStatus::Legacy } else { base.status },
        kind: listed.kind.unwrap_or(base.kind),
        context_window: listed.context_window.or(base.context_window),
        max_output_tokens: listed.max_output_tokens.or(base.max_output_tokens),
        capabilities: listed.capabilities.unwrap_or(base.capabilities),
        wires: if listed.wires.is_empty() { base.wires } else { listed.wires },
        price: free.or(base.price).or(listed.price),
        id: listed.id,
        ..base
    }
}

/// What a model is for, by its name, where neither list nor catalogue says.
fn guessed_kind(id: &str) -> ModelKind {
    let id = id.to_ascii_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| id.contains(word));
    if has(&["embed"]) {
        ModelKind::Embedding
    } else if has(&[
        "whisper",
        "tts",
        "dall-e",
        "image",
        "audio",
        "moderation",
        "realtime",
        "sora",
        "transcribe",
        "ocr",
    ]) {
        ModelKind::Other
    } else {
        ModelKind::Chat
    }
}

#[cfg(test)]
mod tests;
