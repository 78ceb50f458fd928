//! Keys as a page shows them: one scope at a time, some at a time, with what each
//! of them opens. However many there are, a page costs the same.

use std::collections::HashMap;

use domain::credential::{Credential, Owner, Scope};
use domain::ids::{CredentialId, OrganizationId};
use domain::unusual::Unusual;
use domain::{Caller, ProviderId};
use serde::de::IgnoredAny;
use store::credentials::{Count, Shelf as Wanted};

use super::environment_rows;
use crate::App;
use crate::credentials::Listing;
use crate::error::{Error, Result};
use crate::{owners, reach};

/// The longest search, in characters.
const LONGEST_SEARCH: usize = 100;

/// Which keys to show.
#[derive(Clone, Debug)]
pub struct Browse {
    /// Whose.
    pub scope: Scope,
    /// Whose, when an organization's.
    pub organization: Option<OrganizationId>,
    /// Of this provider.
    pub provider: Option<ProviderId>,
    /// With this in their name, note or mask.
    pub search: Option<String>,
    /// Those that come after this one.
    pub after: Option<CredentialId>,
    /// How many at most.
    pub limit: i64,
}

/// A key, and how many models it opens.
#[derive(Clone, Debug)]
pub struct ShownKey {
    /// The key.
    pub credential: Credential,
    /// How many models its provider lists for it; `None`: not known yet.
    pub models: Option<usize>,
    /// How its use of today stands out, if it does.
    pub unusual: Option<Unusual>,
}

/// Some keys.
#[derive(Clone, Debug)]
pub struct Shelf {
    /// Those of this page.
    pub keys: Vec<ShownKey>,
    /// How many there are, by scope and provider; whatever is searched for.
    pub counts: Vec<Count>,
    /// Whether more come after the last one.
    pub has_more: bool,
}

impl Shelf {
    /// How many keys of this scope, and of this provider, there are.
    #[must_use]
    pub fn count(&self, scope: Scope, provider: Option<ProviderId>) -> i64 {
        let counted = self.counts.iter().filter(|count| count.scope == scope);
        counted.filter(|count| provider.is_none_or(|it| it == count.provider)).map(|count| count.keys).sum()
    }
}

/// The keys the caller may see, some at a time. The environment's come last.
///
/// # Errors
/// `forbidden` for a scope that is not the caller's, or when the store cannot be
/// read.
pub async fn browse(app: &App, caller: &Caller, browse: &Browse) -> Result<Shelf> {
    let search = searched(browse.search.as_deref())?;
    let owner = match (browse.scope, browse.organization) {
        (Scope::Personal, _) => Owner::User(caller.user),
        (Scope::Organization, Some(organization)) => {
            owners::known(app, caller, organization).await?;
            Owner::Organization(organization)
        }
        (Scope::System, _) if caller.is_admin() => Owner::System,
        _ => return Err(Error::not_found("scope")),
    };
    let wanted = Wanted {
        owner,
        provider: browse.provider,
        search: search.clone(),
        after: browse.after,
        limit: browse.limit + 1,
    };
    let mut keys = store::credentials::shelf(&app.store, &wanted).await?;
    let most = usize::try_from(browse.limit).unwrap_or(0);
    let has_more = keys.len() > most;
    keys.truncate(most);
    let mut counts =
        store::credentials::counts(&app.store, caller.user, browse.organization, caller.is_admin()).await?;
    if caller.is_admin() {
        let environment = environment_rows(app, &Listing::default()).await?;
        for key in &environment {
            count_in(&mut counts, key);
        }
        if browse.scope == Scope::System && !has_more {
            let fits = |key: &Credential| {
                browse.provider.is_none_or(|provider| provider == key.provider) && is_found(key, search.as_deref())
            };
            keys.extend(environment.into_iter().filter(fits));
        }
    }
    let models = models_seen(app, caller, &keys).await?;
    let ids: Vec<CredentialId> = keys.iter().map(|key| key.id).collect();
    let unusual = crate::unusual::today(app, &ids).await?;
    let shown = |credential: Credential| ShownKey {
        models: models.get(&credential.id).copied(),
        unusual: unusual.get(&credential.id).copied(),
        credential: super::shown_to(caller, credential),
    };
    Ok(Shelf { keys: keys.into_iter().map(shown).collect(), counts, has_more })
}

/// One key, and how many models it opens.
///
/// # Errors
/// `not_found` when it is not there or not the caller's to know of.
pub async fn show(app: &App, caller: &Caller, id: CredentialId) -> Result<ShownKey> {
    let credential = super::get(app, caller, id).await?;
    let models = models_seen(app, caller, std::slice::from_ref(&credential)).await?;
    let unusual = crate::unusual::today(app, &[id]).await?.get(&id).copied();
    Ok(ShownKey { models: models.get(&id).copied(), unusual, credential })
}

fn count_in(counts: &mut Vec<Count>, key: &Credential) {
    let same = counts.iter_mut().find(|count| count.scope == key.scope && count.provider == key.provider);
    match same {
        Some(count) => count.keys += 1,
        None => counts.push(Count { scope: key.scope, provider: key.provider, keys: 1 }),
    }
}

/// What is searched for, in lower case; `None` when nothing is.
///
/// # Errors
/// `invalid_request` when it is longer than anything to be found.
pub(super) fn searched(typed: Option<&str>) -> Result<Option<String>> {
    let search = typed.map(str::trim).filter(|text| !text.is_empty());
    if search.is_some_and(|text| text.chars().count() > LONGEST_SEARCH) {
        return Err(Error::invalid("q", "is too long; search for at most 100 characters"));
    }
    Ok(search.map(str::to_lowercase))
}

/// Whether a key of the environment is one that is searched for.
pub(super) fn is_found(key: &Credential, search: Option<&str>) -> bool {
    let Some(search) = search else { return true };
    [&key.name, &key.masked, &key.source_text()].into_iter().any(|text| text.to_lowercase().contains(search))
}

/// How many models the provider of each key lists for it.
async fn models_seen(app: &App, caller: &Caller, keys: &[Credential]) -> Result<HashMap<CredentialId, usize>> {
    let ids: Vec<CredentialId> = keys.iter().filter(|key| reach::may_see(caller, key)).map(|key| key.id).collect();
    models_of(app, &ids).await
}

/// The same, for whoever may know of all these keys.
pub(crate) async fn models_of(app: &App, ids: &[CredentialId]) -> Result<HashMap<CredentialId, usize>> {
    let lists = store::model_lists::all_for(&app.store, ids).await?;
    let length = |models: &str| serde_json::from_str::<Vec<IgnoredAny>>(models).map(|models| models.len());
    Ok(lists.iter().filter_map(|list| Some((list.credential, length(&list.models).ok()?))).collect())
}
