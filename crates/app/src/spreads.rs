//! How calls are spread over the keys of one provider and owner: read and
//! settled here, counted here, decided in `domain::spread`.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use domain::audit::Event;
use domain::credential::{Credential, Owner, Scope};
use domain::ids::{CredentialId, OrganizationId};
use domain::spread::{Spread, Tally, Turn, Turns};
use domain::{Caller, ProviderId, Timestamp};
use store::spreads::Setting;

use crate::App;
use crate::error::{Code, Error, Result};
use crate::{owners, sign_in};

/// A person's keys, an organization's, or the server's, of one provider.
type Group = (Owner, ProviderId);

/// What is counted so that calls can be spread. Each node counts for itself.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    turns: RwLock<HashMap<Group, Arc<AtomicU64>>>,
    used: Mutex<HashMap<CredentialId, Tally>>,
}

impl Counts {
    /// The counter of a group's turns.
    fn of(&self, group: Group) -> Arc<AtomicU64> {
        if let Some(count) = self.turns.read().unwrap_or_else(PoisonError::into_inner).get(&group) {
            return Arc::clone(count);
        }
        let mut turns = self.turns.write().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(turns.entry(group).or_default())
    }

    /// What a key did lately.
    pub(crate) fn used(&self, credential: CredentialId, now: Timestamp) -> u64 {
        let used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        used.get(&credential).map_or(0, |tally| tally.at(now))
    }

    fn serves(&self, credential: CredentialId, now: Timestamp) {
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        used.entry(credential).or_insert_with(|| Tally::starting(now)).add(now);
    }
}

/// What is settled for one caller; nothing: the primary serves.
#[derive(Debug, Default)]
pub struct Settled(HashMap<(Scope, ProviderId), Spread>);

impl Settled {
    /// Reads what is settled for `caller`.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub(crate) async fn read(app: &App, caller: &Caller) -> Result<Self> {
        let user = caller.team().is_none().then_some(caller.user);
        let settings = store::spreads::seen_by(&app.store, user, caller.organization).await?;
        Ok(Self(settings.into_iter().map(|one| ((one.scope, one.provider), one.spread)).collect()))
    }

    /// How calls are spread over the keys of one scope.
    #[must_use]
    pub fn of(&self, scope: Scope, provider: ProviderId) -> Spread {
        self.0.get(&(scope, provider)).copied().unwrap_or_default()
    }
}

/// Whether whoever asks is about to call, or only wants to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asks {
    /// About to call: the turn is theirs.
    ToCall,
    /// Only looking.
    ToKnow,
}

/// Whose turn it is among the caller's keys of `provider`.
pub(crate) fn turns<'a>(
    app: &App,
    caller: &Caller,
    settled: &Settled,
    provider: ProviderId,
    conversation: Option<&'a str>,
    asks: Asks,
) -> Turns<'a> {
    let turn = |scope| {
        let spread = settled.of(scope, provider);
        let owner = match (scope, caller.organization) {
            (Scope::Personal, _) => Owner::User(caller.user),
            (Scope::Organization, Some(organization)) => Owner::Organization(organization),
            _ => Owner::System,
        };
        let count = match (spread, asks) {
            (Spread::RoundRobin, Asks::ToCall) => app.spreads.of((owner, provider)).fetch_add(1, Ordering::Relaxed),
            (Spread::RoundRobin, Asks::ToKnow) => app.spreads.of((owner, provider)).load(Ordering::Relaxed),
            _ => 0,
        };
        Turn { spread, count, conversation }
    };
    Turns { personal: turn(Scope::Personal), organization: turn(Scope::Organization), system: turn(Scope::System) }
}

/// Counts a call that `credential` is about to serve, where that is asked for.
pub(crate) fn count(app: &App, settled: &Settled, credential: &Credential) {
    if settled.of(credential.scope, credential.provider) == Spread::LeastUsed {
        app.spreads.serves(credential.id, app.clock.now());
    }
}

/// What is settled, as far as `caller` may know: theirs, their organization's
/// where they look after it, and for admins the server's.
///
/// # Errors
/// When the store cannot be read.
pub async fn list(app: &App, caller: &Caller) -> Result<Vec<Setting>> {
    let settings = store::spreads::seen_by(&app.store, Some(caller.user), caller.organization).await?;
    let is_theirs = |setting: &Setting| match setting.scope {
        Scope::Personal => caller.team().is_none(),
        Scope::Organization => caller.organization.is_some_and(|own| caller.looks_after(own)),
        Scope::System => caller.is_admin(),
    };
    Ok(settings.into_iter().filter(is_theirs).collect())
}

/// Settles how calls are spread over the caller's keys of `provider`, over an
/// organization's, or over the server's.
///
/// # Errors
/// `forbidden` for keys that are not the caller's to look after.
pub async fn set(
    app: &App,
    caller: &Caller,
    scope: Scope,
    organization: Option<OrganizationId>,
    provider: ProviderId,
    spread: Spread,
) -> Result<Setting> {
    let owner = owner(app, caller, scope, organization).await?;
    let mut change = app.store.begin(app.clock.now(), sign_in::actor(caller), None).await?;
    change.of(owner);
    store::spreads::set(&mut change, owner, provider, spread).await?;
    change.commit(Event::SpreadSet { scope, provider, spread }).await?;
    app.reach.forget_of(owner.id());
    Ok(Setting { scope, provider, spread })
}

async fn owner(app: &App, caller: &Caller, scope: Scope, organization: Option<OrganizationId>) -> Result<Owner> {
    if scope == Scope::Organization {
        return owners::organization(app, caller, organization).await;
    }
    owners::refuse_stray(organization)?;
    match scope {
        Scope::Personal if caller.team().is_some() => Err(Error::new(
            Code::Forbidden,
            "A team's token has no personal keys to spread calls over. Use a token of your own, or sign in.",
        )),
        Scope::Personal => Ok(Owner::User(caller.user)),
        Scope::System if caller.is_admin() => Ok(Owner::System),
        Scope::System | Scope::Organization => Err(Error::new(
            Code::Forbidden,
            "Only an admin of this server can settle how calls are spread over its keys. Settle it for your own.",
        )),
    }
}
