//! How this server does, in short, for whoever looks after it. Read from the
//! database alone: nobody is called for it.

use domain::access::{self, Need};
use domain::credential::KeyStatus;
use domain::{Caller, MasterKeyId, Timestamp};
use store::Dialect;
use store::keyring::ServingNode;
use store::usage::{GroupBy, UsageFilter, UsageLine};
use store::users::UserCounts;

use crate::App;
use crate::error::{Code, Error, Result};

/// How a server does.
#[derive(Clone, Debug)]
pub struct Overview {
    /// Its users.
    pub users: UserCounts,
    /// Stored provider keys of everybody, by state.
    pub keys: Vec<(KeyStatus, i64)>,
    /// The calls of today, UTC, of everybody.
    pub today: UsageLine,
    /// Its database.
    pub database: Dialect,
    /// The servers that run on it.
    pub nodes: Vec<ServingNode>,
    /// The one that answers.
    pub node: domain::ids::NodeId,
    /// The master key that seals.
    pub sealing_key: MasterKeyId,
    /// All master keys that this server was given.
    pub master_keys: Vec<MasterKeyId>,
    /// Secrets that are sealed under another than the one that seals.
    pub secrets_under_others: i64,
}

/// How this server does now.
///
/// # Errors
/// `forbidden` for everybody but admins.
pub async fn of(app: &App, caller: &Caller) -> Result<Overview> {
    access::permit(caller, Need::ManageUsers).map_err(|refusal| Error::new(Code::Forbidden, refusal.to_string()))?;
    let (store, now) = (&app.store, app.clock.now());
    let midnight = Timestamp::from_seconds(now.as_seconds().div_euclid(86_400) * 86_400);
    let of_today = UsageFilter { from: Some(midnight), ..UsageFilter::default() };
    let today = store::usage::summary(store, &of_today, GroupBy::Provider).await?;
    Ok(Overview {
        users: store::users::counts(store).await?,
        keys: store::credentials::count_by_status(store).await?,
        today: UsageLine::total(&today),
        database: store.dialect(),
        nodes: store::keyring::serving_nodes(store, now).await?,
        node: store.node(),
        sealing_key: store.vault().sealing_kid(),
        master_keys: store.vault().kids(),
        secrets_under_others: store::rewrap::pending(store).await?,
    })
}
