//! What a caller can reach: the keys that may pay for them, each with the
//! models it opens. Built once from the store, kept until one of its rows
//! changes, never written back.

mod offers;

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, RwLock};

use domain::credential::{Credential, KeyStatus, Scope, Source};
use domain::ids::{CredentialId, OrganizationId, TeamId, UserId};
use domain::model::{ListedModel, ModelFacts, ModelStatus};
use domain::provider::ProviderKind;
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
use crate::secrets;
use crate::spreads::Settled;
use crate::targets::Aliases;
use crate::terms::Terms;
use crate::tries::Known;
use offers::{offers_of, with_registered};

pub(crate) use offers::registered;

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

    /// Its endpoint, if the rules of now allow it and it is the one that the key
    /// was saved for.
    ///
    /// # Errors
    /// The refusal, a sentence.
    pub(crate) fn endpoint(&self, guard: &EgressGuard) -> std::result::Result<&Endpoint, String> {
        let endpoint = self.endpoint.as_ref().map_err(ToString::to_string)?;
        guard.admit(endpoint).map_err(|problem| problem.to_string())?;
        if endpoint.origin() == &self.credential().origin { Ok(endpoint) } else { Err(secrets::MOVED.to_owned()) }
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
    /// On which terms their calls are paid.
    pub terms: Arc<Terms>,
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
            terms: Arc::default(),
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

/// Who reaches it: a user, in an organization or in none; or a team's token.
type Slot = (UserId, Option<OrganizationId>, Option<TeamId>);

/// What each user can reach, kept warm.
#[derive(Debug, Default)]
pub(crate) struct ReachCache {
    entries: RwLock<HashMap<Slot, Arc<Reach>>>,
    epoch: AtomicU64,
}

impl ReachCache {
    /// Forgets what `user` can reach; `None`: what anybody can.
    pub(crate) fn forget(&self, user: Option<UserId>) {
        self.forget_of(user.map(|user| user.0));
    }

    /// Forgets what is reached as, or in, this user, organization or team;
    /// `None`: what anybody can.
    pub(crate) fn forget_of(&self, whose: Option<Uuid>) {
        self.epoch.fetch_add(1, Ordering::AcqRel);
        let mut entries = self.entries.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        match whose {
            Some(id) => entries.retain(|(user, organization, team), _| {
                user.0 != id && organization.is_none_or(|own| own.0 != id) && team.is_none_or(|own| own.0 != id)
            }),
            None => entries.clear(),
        }
    }

    fn get(&self, key: Slot) -> Option<Arc<Reach>> {
        self.entries.read().unwrap_or_else(std::sync::PoisonError::into_inner).get(&key).cloned()
    }

    /// Keeps `reach` unless something changed while it was being built.
    fn keep(&self, key: Slot, reach: &Arc<Reach>, epoch: u64) {
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
    let slot = (caller.user, caller.organization, caller.team());
    if let Some(reach) = app.reach.get(slot) {
        return Ok(reach);
    }
    let epoch = app.reach.epoch.load(Ordering::Acquire);
    let terms = Arc::new(Terms::read(app, caller).await?);
    let settled = Settled::read(app, caller.user).await?;
    let aliases = Aliases::read(app, caller, with_personal).await?;
    let mut registrations = store::registrations::for_user(&app.store, caller.user).await?;
    registrations.retain(|registration| with_personal || registration.scope != Scope::Personal);
    let keys = load_keys(app, caller, with_personal, &registrations).await?;
    let reach = Arc::new(Reach { settled, aliases, registrations, terms, ..Reach::of_keys(keys) });
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
