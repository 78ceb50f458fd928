//! Keys that are used as never before: found by housekeeping, told to whoever may
//! see the key.

use std::collections::HashMap;

use domain::ids::CredentialId;
use domain::unusual::Unusual;

use crate::App;
use crate::error::Result;

/// Looks at today's use of all keys.
pub(crate) async fn look(app: &App) -> std::result::Result<(), store::StoreError> {
    for (credential, unusual) in store::unusual::look(&app.store, app.clock.now()).await? {
        tracing::warn!(%credential, measure = unusual.measure.as_str(), use_ = unusual.told(), "a key is used unusually");
    }
    Ok(())
}

/// Those of these keys whose use of today stands out.
///
/// # Errors
/// When the store cannot be read.
pub async fn today(app: &App, ids: &[CredentialId]) -> Result<HashMap<CredentialId, Unusual>> {
    let mut found = HashMap::new();
    for some in ids.chunks(500) {
        found.extend(store::unusual::of_day(&app.store, app.clock.now(), Some(some)).await?);
    }
    Ok(found)
}
