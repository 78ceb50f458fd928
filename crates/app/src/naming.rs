//! From the name in a request to one model of one provider: UUID, exact id,
//! `provider/<id>`; and a truthful sentence when it is nobody's.

use std::sync::Arc;

use domain::Timestamp;
use domain::key_shape;
use domain::model::ModelStatus;
use domain::provider::ProviderId;
use domain::resolve;
use domain::text::is_invisible;
use llm::catalogue::Catalogue;
use uuid::Uuid;

use crate::error::{Code, Error, Result};
use crate::reach::{Key, Offer, Reach};

/// The model a request means.
#[derive(Clone, Debug)]
pub struct Place {
    /// Its provider.
    pub provider: ProviderId,
    /// The provider, or `custom:<slug>`: the keys that may pay.
    pub namespace: String,
    /// The id the provider is called with.
    pub upstream_id: String,
}

impl Place {
    /// How a client names it: with its provider, or its endpoint's slug.
    #[must_use]
    pub fn written(&self) -> String {
        let of_whom = self.namespace.split_once(':').map_or(self.namespace.as_str(), |(_, slug)| slug);
        format!("{of_whom}/{}", self.upstream_id)
    }
}

/// Providers whose own models they serve, before those who host others'.
const MAKERS: [ProviderId; 5] =
    [ProviderId::OpenAi, ProviderId::Anthropic, ProviderId::Google, ProviderId::XAi, ProviderId::Mistral];

/// Which of several places an id means: the maker's, then the table's order.
#[must_use]
pub fn preference(provider: ProviderId) -> (bool, ProviderId) {
    (!MAKERS.contains(&provider), provider)
}

/// The model that `name` means for somebody with this reach.
///
/// # Errors
/// `model_not_found`, `provider_key_required` or `ambiguous_model`, each with a
/// sentence that says what to do.
pub fn place(name: &str, reach: &Reach, catalogue: &Catalogue, now: Timestamp) -> Result<Place> {
    if let Some(offer) = Uuid::parse_str(name).ok().and_then(|uuid| reach.by_uuid.get(&uuid)) {
        return Ok(of_offer(offer));
    }
    if let Some(offers) = reach.by_client_id.get(name) {
        return Ok(of_offer(best(name, offers, reach, now)?));
    }
    if let Some(place) = prefixed(name, reach, catalogue)? {
        return Ok(place);
    }
    known_elsewhere(name, reach, catalogue)
}

fn of_offer(offer: &Arc<Offer>) -> Place {
    Place { provider: offer.facts.provider, namespace: offer.namespace.clone(), upstream_id: offer.facts.id.clone() }
}

/// The place that answers to a bare id: one with a usable key before others.
fn best<'a>(name: &str, offers: &'a [Arc<Offer>], reach: &Reach, now: Timestamp) -> Result<&'a Arc<Offer>> {
    let is_usable = |key: &Arc<Key>| {
        let credential = key.credential();
        credential.is_active && !credential.is_expired(now) && !resolve::is_resting(credential, now)
    };
    let has_usable_key = |offer: &Arc<Offer>| {
        reach.keys_of(&offer.namespace).any(|key| key.offers.contains_key(&offer.facts.id) && is_usable(key))
    };
    let custom = offers.iter().filter(|offer| offer.facts.provider == ProviderId::Custom).count();
    if custom > 1 {
        return Err(Error::new(
            Code::AmbiguousModel,
            format!("Two custom endpoints both offer “{}”. Give one of them another slug.", shown(name)),
        ));
    }
    offers
        .iter()
        .min_by_key(|offer| (!has_usable_key(offer), preference(offer.facts.provider)))
        .ok_or_else(|| not_found(name))
}

/// `provider/<id>`, with any spelling of the provider.
fn prefixed(name: &str, reach: &Reach, catalogue: &Catalogue) -> Result<Option<Place>> {
    let Some((prefix, id)) = name.split_once('/') else { return Ok(None) };
    let Ok(provider) = prefix.parse::<ProviderId>() else { return Ok(None) };
    if let Some(offer) =
        reach.by_client_id.get(id).and_then(|offers| offers.iter().find(|offer| offer.facts.provider == provider))
    {
        return Ok(Some(of_offer(offer)));
    }
    let known = catalogue.get(provider, id);
    if reach.keys_of(provider.as_str()).next().is_some() {
        return Ok(Some(unlisted(provider, id)));
    }
    match known {
        Some(_) => Err(key_required(provider, name)),
        None => Ok(None),
    }
}

/// A name that no key lists: known to the catalogue, or to nobody.
fn known_elsewhere(name: &str, reach: &Reach, catalogue: &Catalogue) -> Result<Place> {
    let mut knowing: Vec<ProviderId> =
        ProviderId::all().filter(|&provider| catalogue.get(provider, name).is_some()).collect();
    knowing.sort_by_key(|&provider| preference(provider));
    if let Some(&provider) = knowing.iter().find(|provider| reach.keys_of(provider.as_str()).next().is_some()) {
        return Ok(unlisted(provider, name));
    }
    let by_uuid = Uuid::parse_str(name).ok().and_then(|uuid| catalogue_model_of(uuid, catalogue));
    match (knowing.first(), by_uuid) {
        (Some(&provider), _) => Err(key_required(provider, name)),
        (None, Some((provider, id))) => Err(key_required(provider, id)),
        (None, None) => Err(not_found(name)),
    }
}

/// A model that keys of the provider do not list; resolution says so, unless it
/// is retired, or another id of one they do list.
pub(crate) fn unlisted(provider: ProviderId, id: &str) -> Place {
    Place { provider, namespace: provider.to_string(), upstream_id: id.to_owned() }
}

/// A model of this very provider: a UUID or a name with the provider before it
/// is undone, anything else is the provider's to know. But a key in the place of
/// a name goes no further: the ledger keeps names.
///
/// # Errors
/// `model_not_found`.
pub fn at_provider(provider: ProviderId, name: &str, catalogue: &Catalogue) -> Result<Place> {
    if holds_a_key(name) {
        return Err(not_found(name));
    }
    let by_uuid = Uuid::parse_str(name).ok().and_then(|uuid| catalogue_model_of(uuid, catalogue));
    let prefixed = name.split_once('/').filter(|(prefix, _)| prefix.parse() == Ok(provider)).map(|(_, id)| id);
    let id = match (by_uuid, prefixed) {
        (Some((of, id)), _) if of == provider => id,
        (_, Some(id)) if catalogue.get(provider, name).is_none() => id,
        _ => name,
    };
    Ok(unlisted(provider, id))
}

fn catalogue_model_of(uuid: Uuid, catalogue: &Catalogue) -> Option<(ProviderId, &str)> {
    ProviderId::all()
        .flat_map(|provider| catalogue.models(provider).iter().map(move |facts| (provider, facts.id.as_str())))
        .find(|(provider, id)| domain::ids::model_uuid(provider.as_str(), id) == uuid)
}

fn key_required(provider: ProviderId, name: &str) -> Error {
    let display = provider.display_name();
    Error::new(
        Code::ProviderKeyRequired,
        format!(
            "API key required: “{}” is served by {display}, and no {display} key is saved. Add one at /keys.",
            shown(name)
        ),
    )
    .of_field("model")
}

/// The sentence for a name that means nothing here.
#[must_use]
pub fn not_found(name: &str) -> Error {
    Error::new(
        Code::ModelNotFound,
        format!(
            "The model “{}” does not exist, or no key of yours opens it. GET /v1/models lists the ones you can call.",
            shown(name)
        ),
    )
    .of_field("model")
}

/// A client's name made fit for a sentence; a provider key in the place of a
/// name is not repeated.
#[must_use]
pub fn shown(name: &str) -> String {
    if holds_a_key(name) {
        return "…".to_owned();
    }
    let clean: String = name.chars().filter(|c| !is_invisible(*c)).take(100).collect();
    if clean.chars().count() < name.chars().count() { format!("{clean}…") } else { clean }
}

/// Whether a part of a name has the shape of somebody's provider key.
pub(crate) fn holds_a_key(name: &str) -> bool {
    let is_apart = |c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_'));
    name.split(is_apart).any(|word| word.len() >= 24 && key_shape::recognise(word).is_some())
}

/// The sentence a retired model's 404 gets, when its replacement is known.
#[must_use]
pub fn retired_hint(provider: ProviderId, id: &str, catalogue: &Catalogue) -> Option<String> {
    let facts = catalogue.get(provider, id).filter(|facts| facts.status == ModelStatus::Retired)?;
    let replacement = facts.replacement.as_deref()?;
    Some(format!("{} retired “{}”. Use “{replacement}” instead.", provider.display_name(), shown(id)))
}
