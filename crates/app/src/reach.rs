//! What a caller can reach: the keys that may pay for them, each with the
//! models it opens. Built once from the store, kept until one of its rows
//! changes, never written back.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, RwLock};

use domain::credential::{Credential, KeyStatus, Scope, Source};
use domain::ids::{CredentialId, UserId, model_uuid};
use domain::model::{Capabilities, ListedModel, ModelFacts, ModelKind, ModelStatus, Restrictions};
use domain::provider::{ProviderId, ProviderKind};
use domain::registration::Registration;
use domain::resolve::Candidate;
use domain::spread::Spread;
use domain::{Caller, Price, Timestamp};
use llm::catalogue::Catalogue;
use llm::egress::{EgressGuard, Endpoint, EndpointProblem};
use store::credentials::StoredCredential;
use store::tries::TriedAbility;
use uuid::Uuid;

use crate::App;
use crate::error::Result;
use crate::spreads::Settled;
use crate::targets::Aliases;
use crate::tries::Known;

/// A key that may pay, and the models it opens.
#[derive(Debug)]
pub struct Key {
    /// The row, or the environment's stand-in for one.
    pub stored: StoredCredential,
    /// The models it opens, by the provider's id.
    pub offers: HashMap<String, Arc<Offer>>,
    /// What its endpoint did, or refused, when it was tried.
    pub tried: Known,
    /// What is known of its list of models.
    pub listing: Option<Listing>,
    /// Its base URL, read; judged again at each call.
    endpoint: std::result::Result<Endpoint, EndpointProblem>,
}

/// When a key's list of models came, and what became of it since.
#[derive(Clone, Debug)]
pub struct Listing {
    /// When these models were listed first.
    pub at: Timestamp,
    /// Why it could not be read again, if so.
    pub error: Option<String>,
}

impl Key {
    pub(crate) fn new(stored: StoredCredential, offers: HashMap<String, Arc<Offer>>) -> Self {
        let endpoint = EgressGuard::read(stored.credential.provider, &stored.credential.endpoint);
        Self { stored, offers, tried: Known::default(), listing: None, endpoint }
    }

    fn with_tries(mut self, rows: Vec<TriedAbility>) -> Self {
        self.tried = Known::of(rows, &self.stored.credential.endpoint);
        self
    }

    fn with_listing(self, listing: Option<Listing>) -> Self {
        Self { listing, ..self }
    }

    /// Its endpoint, if the rules of now allow it.
    ///
    /// # Errors
    /// The refusal.
    pub(crate) fn endpoint(&self, guard: &EgressGuard) -> std::result::Result<&Endpoint, EndpointProblem> {
        let endpoint = self.endpoint.as_ref().map_err(Clone::clone)?;
        guard.admit(endpoint)?;
        Ok(endpoint)
    }

    /// The row without the secret.
    #[must_use]
    pub fn credential(&self) -> &Credential {
        &self.stored.credential
    }

    /// Whether this key's list has `model`, also under another id of the same
    /// model, or only the provider can say so: the model is retired, or the key
    /// came with the request and has no list.
    #[must_use]
    pub fn serves(&self, model: &str, catalogue: &Catalogue) -> bool {
        self.credential().source == Source::Request
            || self.offers.contains_key(model)
            || catalogue
                .get(self.credential().provider, model)
                .is_some_and(|facts| facts.status == ModelStatus::Retired || self.offers.contains_key(&facts.id))
    }
}

/// One model of one provider (or of one custom endpoint), as it is offered.
#[derive(Debug)]
pub struct Offer {
    /// The stable id.
    pub uuid: Uuid,
    /// The provider, or `custom:<slug>`.
    pub namespace: String,
    /// What is known of it; `facts.id` is the provider's own id.
    pub facts: ModelFacts,
    /// When the provider says it was made, in seconds.
    pub created: Option<i64>,
    /// Whether the facts come from the catalogue.
    pub in_catalogue: bool,
    /// Who wrote it into the registry, if somebody did: its owner, or everybody's.
    pub registered: Option<Scope>,
    /// What the registry says it costs, before any catalogue.
    pub set_price: Option<Price>,
}

impl Offer {
    /// The id clients use: `slug/model` at custom endpoints, else the
    /// provider's own.
    #[must_use]
    pub fn client_id(&self) -> String {
        match self.namespace.split_once(':') {
            Some((_, slug)) => format!("{slug}/{}", self.facts.id),
            None => self.facts.id.clone(),
        }
    }
}

/// Everything one caller can reach.
#[derive(Debug)]
pub struct Reach {
    /// The keys, in no particular order.
    pub keys: Vec<Arc<Key>>,
    /// Client ids to the namespaces that offer them.
    pub by_client_id: HashMap<String, Vec<Arc<Offer>>>,
    /// Stable ids to what they name.
    pub by_uuid: HashMap<Uuid, Arc<Offer>>,
    /// How calls are spread over the keys.
    pub settled: Settled,
    /// The aliases the caller may name.
    pub aliases: Aliases,
    /// What the caller, or everybody, wrote into the registry.
    pub registrations: Vec<Registration>,
}

impl Reach {
    /// What these keys open; the primary serves.
    pub(crate) fn of_keys(keys: Vec<Arc<Key>>) -> Self {
        let mut by_client_id: HashMap<String, Vec<Arc<Offer>>> = HashMap::new();
        let mut by_uuid = HashMap::new();
        for offer in keys.iter().flat_map(|key| key.offers.values()) {
            if by_uuid.insert(offer.uuid, Arc::clone(offer)).is_none() {
                by_client_id.entry(offer.client_id()).or_default().push(Arc::clone(offer));
            }
        }
        Self {
            keys,
            by_client_id,
            by_uuid,
            settled: Settled::default(),
            aliases: Aliases::default(),
            registrations: Vec::new(),
        }
    }

    /// The keys that might pay for a model of a namespace, with what is known of them at `now`.
    pub(crate) fn candidates(&self, app: &App, namespace: &str, model: &str, now: Timestamp) -> Vec<Candidate<'_>> {
        let used = |credential: &Credential| {
            let counts = self.settled.of(credential.scope, credential.provider) == Spread::LeastUsed;
            if counts { app.spreads.used(credential.id, now) } else { 0 }
        };
        self.keys
            .iter()
            .filter(|key| key.credential().model_namespace() == namespace)
            .map(|key| Candidate {
                credential: key.credential(),
                serves_model: key.serves(model, app.catalogue),
                cooling_until: app.cooling.of(key, model, now).map(|cool_down| cool_down.until),
                used: used(key.credential()),
            })
            .collect()
    }

    /// One of the keys.
    #[must_use]
    pub fn key(&self, id: CredentialId) -> Option<&Arc<Key>> {
        self.keys.iter().find(|key| key.credential().id == id)
    }

    /// The keys of one namespace.
    pub fn keys_of<'a>(&'a self, namespace: &'a str) -> impl Iterator<Item = &'a Arc<Key>> {
        self.keys.iter().filter(move |key| key.credential().model_namespace() == namespace)
    }
}

/// What each user can reach, kept warm.
#[derive(Debug, Default)]
pub(crate) struct ReachCache {
    entries: RwLock<HashMap<(UserId, bool), Arc<Reach>>>,
    epoch: AtomicU64,
}

impl ReachCache {
    /// Forgets what `user` can reach; `None`: what anybody can.
    pub(crate) fn forget(&self, user: Option<UserId>) {
        self.epoch.fetch_add(1, Ordering::AcqRel);
        let mut entries = self.entries.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        match user {
            Some(user) => entries.retain(|(owner, _), _| *owner != user),
            None => entries.clear(),
        }
    }

    fn get(&self, key: (UserId, bool)) -> Option<Arc<Reach>> {
        self.entries.read().unwrap_or_else(std::sync::PoisonError::into_inner).get(&key).cloned()
    }

    /// Keeps `reach` unless something changed while it was being built.
    fn keep(&self, key: (UserId, bool), reach: &Arc<Reach>, epoch: u64) {
        let mut entries = self.entries.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        if self.epoch.load(Ordering::Acquire) == epoch {
            entries.insert(key, Arc::clone(reach));
        }
    }
}

/// What `caller` can reach, from memory when nothing changed.
///
/// # Errors
/// When the store cannot be read.
pub(crate) async fn of(app: &App, caller: &Caller) -> Result<Arc<Reach>> {
    // A team's token never uses personal keys, so it has a reach of its own.
    let with_personal = caller.team().is_none();
    let slot = (caller.user, with_personal);
    if let Some(reach) = app.reach.get(slot) {
        return Ok(reach);
    }
    let epoch = app.reach.epoch.load(Ordering::Acquire);
    let settled = Settled::read(app, caller.user).await?;
    let aliases = Aliases::read(app, caller, with_personal).await?;
    let mut registrations = store::registrations::for_user(&app.store, caller.user).await?;
    registrations.retain(|registration| with_personal || registration.scope != Scope::Personal);
    let keys = load_keys(app, caller, with_personal, &registrations).await?;
    let reach = Arc::new(Reach { settled, aliases, registrations, ..Reach::of_keys(keys) });
    app.reach.keep(slot, &reach, epoch);
    Ok(reach)
}

async fn load_keys(
    app: &App,
    caller: &Caller,
    with_personal: bool,
    registrations: &[Registration],
) -> Result<Vec<Arc<Key>>> {
    let mut rows = app.environment.rows(app).await?;
    if with_personal {
        rows.extend(store::credentials::of_user(&app.store, caller.user).await?);
    }
    if let Some(organization) = caller.organization {
        rows.extend(store::credentials::of_organization(&app.store, organization).await?);
    }
    rows.extend(store::credentials::of_system(&app.store).await?);
    let ids: Vec<CredentialId> = rows.iter().map(|row| row.credential.id).collect();
    let lists = store::model_lists::all_for(&app.store, &ids).await?;
    let mut lists: HashMap<CredentialId, (Option<Vec<ListedModel>>, Listing)> = lists
        .into_iter()
        .map(|list| {
            let listing = Listing { at: list.fetched_at, error: list.error };
            (list.credential, (serde_json::from_str(&list.models).ok(), listing))
        })
        .collect();
    let mut tries: HashMap<CredentialId, Vec<TriedAbility>> = HashMap::new();
    for tried in store::tries::all_for(&app.store, &ids).await? {
        tries.entry(tried.credential).or_default().push(tried);
    }
    Ok(rows
        .into_iter()
        .map(|stored| {
            let tried = tries.remove(&stored.credential.id).unwrap_or_default();
            let (listed, listing) = lists.remove(&stored.credential.id).unzip();
            let offers = offers_of(&stored.credential, listed.flatten(), app.catalogue);
            let offers = with_registered(offers, &stored.credential, registrations, app.catalogue);
            Arc::new(Key::new(stored, offers).with_tries(tried).with_listing(listing))
        })
        .collect())
}

/// The models a key opens: its live list where there is one, else the
/// catalogue's for its provider. At Azure, whose deployments nobody lists, those
/// of its settings.
fn offers_of(
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
fn with_registered(
    mut offers: HashMap<String, Arc<Offer>>,
    credential: &Credential,
    registrations: &[Registration],
    catalogue: &Catalogue,
) -> HashMap<String, Arc<Offer>> {
    let mut said: Vec<&Registration> = registrations.iter().filter(|one| one.is_about(credential)).collect();
    // A person's own word about their own keys is the last.
    said.sort_by_key(|one| one.scope == Scope::Personal);
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
        registered: Some(registration.scope),
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

/// Whether it is a local server that does not run now, as far as is known.
#[must_use]
pub fn is_stopped(credential: &Credential) -> bool {
    credential.provider.facts().kind == ProviderKind::Local && credential.status == KeyStatus::Unreachable
}

/// How a key is named to `caller`: one they may not see has no name for them.
#[must_use]
pub fn title_for(caller: &Caller, credential: &Credential) -> String {
    if may_see(caller, credential) { credential.title() } else { "of this server".to_owned() }
}

/// Whether `caller` may know of this credential: their own, their
/// organization's when they look after it, the system's when they look after
/// the server.
#[must_use]
pub fn may_see(caller: &Caller, credential: &Credential) -> bool {
    match credential.scope {
        Scope::Personal => credential.owner == Some(caller.user) && caller.team().is_none(),
        Scope::Organization | Scope::System => caller.is_admin(),
    }
}

#[cfg(test)]
mod tests;
