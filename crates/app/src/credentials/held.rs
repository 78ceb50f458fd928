//! Keys as whoever looks after them sees them: those of one organization or of
//! many at once, or the server's; with whose they are and which teams use them.
//! However many there are, a page costs the same.

use std::collections::HashMap;
use std::time::Duration;

use domain::credential::{Credential, Scope};
use domain::ids::{CredentialId, OrganizationId};
use domain::organization::MemberRole;
use domain::{Caller, ProviderId};
use store::credentials::{Held as Wanted, Holder};

use super::shelf::{is_found, searched};
use super::{Listing, ShownKey, environment_rows};
use crate::App;
use crate::error::{Code, Error, Result};
use crate::organizations::may_manage;
use crate::owners;

/// How far back calls of teams count.
const MONTH: Duration = Duration::from_hours(30 * 24);

/// Whose keys to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeldBy {
    /// The server's.
    System,
    /// One organization's.
    Organization(OrganizationId),
    /// Those of all organizations that the caller looks after.
    Organizations,
}

/// Which keys to show.
#[derive(Clone, Debug)]
pub struct Held {
    /// Whose.
    pub by: HeldBy,
    /// Of this provider.
    pub provider: Option<ProviderId>,
    /// Switched on or off.
    pub is_active: Option<bool>,
    /// With this in their name, note or mask.
    pub search: Option<String>,
    /// Those that come after this one.
    pub after: Option<CredentialId>,
    /// How many at most.
    pub limit: i64,
}

/// A key, whose it is and who uses it.
#[derive(Clone, Debug)]
pub struct HeldKey {
    /// The key, and how many models it opens.
    pub shown: ShownKey,
    /// What its organization is called.
    pub organization: Option<String>,
    /// Of how many teams its latest calls were.
    pub teams: i64,
}

/// Some keys, and whether more come after the last one.
#[derive(Clone, Debug)]
pub struct HeldPage {
    /// Those of this page.
    pub keys: Vec<HeldKey>,
    /// Whether more come after the last one.
    pub has_more: bool,
}

/// The keys that the caller looks after for others, some at a time. The
/// environment's come after the server's.
///
/// # Errors
/// `not_found` for an organization that is not the caller's to know of,
/// `forbidden` for one that they do not look after, and for the server's keys by
/// others than its admins.
pub async fn held(app: &App, caller: &Caller, asked: &Held) -> Result<HeldPage> {
    let holder = holder(app, caller, asked.by).await?;
    let search = searched(asked.search.as_deref())?;
    let wanted = Wanted {
        holder,
        provider: asked.provider,
        is_active: asked.is_active,
        search: search.clone(),
        after: asked.after,
        limit: asked.limit + 1,
    };
    let mut keys = store::credentials::held(&app.store, &wanted).await?;
    let most = usize::try_from(asked.limit).unwrap_or(0);
    let has_more = keys.len() > most;
    keys.truncate(most);
    if asked.by == HeldBy::System && !has_more {
        let listing = Listing { provider: asked.provider, is_active: asked.is_active, ..Listing::default() };
        let environment = environment_rows(app, &listing).await?;
        keys.extend(environment.into_iter().filter(|key| is_found(key, search.as_deref())));
    }
    Ok(HeldPage { keys: described(app, keys).await?, has_more })
}

async fn holder(app: &App, caller: &Caller, by: HeldBy) -> Result<Holder> {
    match by {
        HeldBy::System if caller.is_admin() => Ok(Holder::System),
        HeldBy::System => {
            Err(Error::new(Code::Forbidden, "Only an admin of this server can do this. Ask one of them."))
        }
        HeldBy::Organization(id) => {
            owners::known(app, caller, id).await?;
            may_manage(caller, id)?;
            Ok(Holder::Organization(id))
        }
        HeldBy::Organizations if caller.is_admin() => Ok(Holder::EveryOrganization),
        HeldBy::Organizations => {
            let is_admin = |place: &domain::organization::Membership| place.role >= MemberRole::Admin;
            match caller.belonging.organizations.iter().find(|place| is_admin(place)) {
                Some(_) => Ok(Holder::OfAdmin(caller.user)),
                None => Err(Error::new(
                    Code::Forbidden,
                    "Only an owner or admin of an organization can do this. Ask one of them.",
                )),
            }
        }
    }
}

/// The keys with how many models they open, whose they are, and who uses them.
async fn described(app: &App, keys: Vec<Credential>) -> Result<Vec<HeldKey>> {
    let ids: Vec<CredentialId> = keys.iter().map(|key| key.id).collect();
    let models = super::models_of(app, &ids).await?;
    let teams = store::credentials::teams_lately(&app.store, &ids, app.clock.now().minus(MONTH)).await?;
    let mut owners: Vec<OrganizationId> = keys.iter().filter_map(|key| key.organization).collect();
    owners.sort_unstable();
    owners.dedup();
    let names: HashMap<OrganizationId, String> =
        store::organizations::labelled(&app.store, &owners).await?.into_iter().collect();
    let unusual = crate::unusual::today(app, &ids).await?;
    let described = |credential: Credential| HeldKey {
        organization: credential.organization.and_then(|id| names.get(&id).cloned()),
        teams: teams.get(&credential.id).copied().unwrap_or(0),
        shown: ShownKey {
            models: models.get(&credential.id).copied(),
            unusual: unusual.get(&credential.id).copied(),
            credential,
        },
    };
    Ok(keys.into_iter().map(described).collect())
}

impl HeldBy {
    /// The scope of these keys.
    #[must_use]
    pub const fn scope(self) -> Scope {
        match self {
            Self::System => Scope::System,
            Self::Organization(_) | Self::Organizations => Scope::Organization,
        }
    }
}
