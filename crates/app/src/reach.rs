//! What a caller can reach: the keys that may pay for them, each with the
//! models it opens. Built once from the store, kept until one of its rows
//! changes, never written back.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, RwLock};

use domain::credential::{Credential, Scope};
use domain::ids::{CredentialId, UserId, model_uuid};
use domain::model::{Capabilities, ListedModel, ModelFacts, ModelKind, ModelStatus, Restrictions};
use domain::provider::{ProviderId, ProviderKind};
use domain::resolve::Candidate;
use domain::{Caller, Price};
use llm::catalogue::Catalogue;
use store::credentials::StoredCredential;
use uuid::Uuid;

use crate::App;
use crate::error::Result;

/// A key that may pay, and the models it opens.
#[derive(Debug)]
pub struct Key {
    /// The row, or the environment's stand-in for one.
    pub stored: StoredCredential,
    /// The models it opens, by the provider's id.
    pub offers: HashMap<String, Arc<Offer>>,
}

impl Key {
    /// The row without the secret.
    #[must_use]
    pub fn credential(&self) -> &Credential {
        &self.stored.credential
    }

    /// Whether this key's list has `model`, also under another id of the same
    /// model, or the model is retired and only the provider can say so.
    #[must_use]
    pub fn serves(&self, model: &str, catalogue: &Catalogue) -> bool {
        self.offers.contains_key(model)
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
}

impl Reach {
    fn of_keys(keys: Vec<Arc<Key>>) -> Self {
        let mut by_client_id: HashMap<String, Vec<Arc<Offer>>> = HashMap::new();
        let mut by_uuid = HashMap::new();
        for offer in keys.iter().flat_map(|key| key.offers.values()) {
            if by_uuid.insert(offer.uuid, Arc::clone(offer)).is_none() {
                by_client_id.entry(offer.client_id()).or_default().push(Arc::clone(offer));
            }
        }
        Self { keys, by_client_id, by_uuid }
    }

    /// The keys that might pay for a model of a namespace.
    #[must_use]
    pub fn candidates(&self, namespace: &str, model: &str, catalogue: &Catalogue) -> Vec<Candidate<'_>> {
        self.keys
            .iter()
            .filter(|key| key.credential().model_namespace() == namespace)
            .map(|key| Candidate { credential: key.credential(), serves_model: key.serves(model, catalogue) })
            .collect()
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
    let reach = Arc::new(Reach::of_keys(load_keys(app, caller, with_personal).await?));
    app.reach.keep(slot, &reach, epoch);
    Ok(reach)
}

async fn load_keys(app: &App, caller: &Caller, with_personal: bool) -> Result<Vec<Arc<Key>>> {
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
    let mut lists: HashMap<CredentialId, Option<Vec<ListedModel>>> =
        lists.into_iter().map(|list| (list.credential, serde_json::from_str(&list.models).ok())).collect();
    Ok(rows
        .into_iter()
        .map(|stored| {
            let listed = lists.remove(&stored.credential.id).flatten();
            let offers = offers_of(&stored.credential, listed, app.catalogue);
            Arc::new(Key { stored, offers })
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
    if !provider.is_callable() {
        return HashMap::new();
    }
    let offer = |facts: ModelFacts, created, in_catalogue| {
        let uuid = model_uuid(&namespace, &facts.id);
        (facts.id.clone(), Arc::new(Offer { uuid, namespace: namespace.clone(), facts, created, in_catalogue }))
    };
    let listed = match provider {
        ProviderId::Azure => Some(deployments(credential)),
        _ => listed,
    };
    match listed {
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

fn deployments(credential: &Credential) -> Vec<ListedModel> {
    let named = |id: &String| ListedModel { id: id.clone(), ..ListedModel::default() };
    credential.settings.deployments.iter().map(named).collect()
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
