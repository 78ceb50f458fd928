//! Where a caller's models come from: which keys open them, and how fresh their
//! lists are.

use domain::credential::{KeyStatus, Scope};
use domain::ids::CredentialId;
use domain::{Caller, ProviderId, Timestamp};

use crate::App;
use crate::error::Result;
use crate::reach::{self, Key, Listing};

/// A key that models come from.
#[derive(Clone, Debug)]
pub struct Source {
    /// Which.
    pub key: CredentialId,
    /// Its name, as the caller may know it.
    pub title: String,
    /// Of which provider.
    pub provider: ProviderId,
    /// Whose.
    pub scope: Scope,
    /// Whether the caller may look after it.
    pub is_theirs: bool,
    /// What is known of its health.
    pub status: KeyStatus,
    /// Whether it is switched on.
    pub is_active: bool,
    /// When it was checked.
    pub checked_at: Option<Timestamp>,
    /// How many models it opens.
    pub models: usize,
    /// When its list came; `None`: its provider has none, or did not answer, and
    /// the catalogue speaks for it.
    pub listing: Option<Listing>,
}

/// The keys that the caller's models come from, by provider.
///
/// # Errors
/// When the store cannot be read.
pub async fn sources(app: &App, caller: &Caller) -> Result<Vec<Source>> {
    let reach = reach::of(app, caller).await?;
    let mut sources: Vec<Source> = reach.keys.iter().map(|key| source(caller, key)).collect();
    sources.sort_by(|a, b| (a.provider, a.scope, &a.title).cmp(&(b.provider, b.scope, &b.title)));
    Ok(sources)
}

fn source(caller: &Caller, key: &Key) -> Source {
    let credential = key.credential();
    let is_theirs = reach::may_see(caller, credential);
    // What fails, and where, is told to who can do something about it.
    let listing = key.listing.clone();
    let listing = listing.map(|listing| Listing { error: listing.error.filter(|_| is_theirs), ..listing });
    Source {
        key: credential.id,
        title: reach::title_for(caller, credential),
        provider: credential.provider,
        scope: credential.scope,
        is_theirs,
        status: credential.status,
        is_active: credential.is_active,
        checked_at: credential.checked_at,
        models: key.offers.len(),
        listing,
    }
}
