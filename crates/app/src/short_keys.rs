//! Personal keys, the short way: one field for each provider, as users' scripts
//! have it. The rules are those of `credentials`.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::audit::Event;
use domain::credential::Credential;
use domain::{Caller, Origin, ProviderId, Timestamp};
use store::credentials::StoredCredential;

use crate::App;
use crate::credentials::{self, Edit, NewKey};
use crate::error::{Code, Error, Result};
use crate::sign_in;

/// One personal key in the status answer.
#[derive(Clone, Debug)]
pub struct KeyLine {
    /// Its provider.
    pub provider: ProviderId,
    /// What may be shown of it.
    pub masked: String,
    /// Its health.
    pub status: domain::credential::KeyStatus,
    /// When that was learnt.
    pub checked_at: Option<Timestamp>,
}

/// The caller's personal keys.
///
/// # Errors
/// When the store cannot be read.
pub async fn status(app: &App, caller: &Caller) -> Result<Vec<KeyLine>> {
    Ok(personal(app, caller)
        .await?
        .into_iter()
        .map(|row| KeyLine {
            provider: row.credential.provider,
            masked: row.credential.masked,
            status: row.credential.status,
            checked_at: row.credential.checked_at,
        })
        .collect())
}

async fn personal(app: &App, caller: &Caller) -> Result<Vec<StoredCredential>> {
    if caller.team().is_some() {
        return Ok(Vec::new());
    }
    Ok(store::credentials::of_user(&app.store, caller.user).await?)
}

/// The names of the fields that are taken.
#[must_use]
pub fn field_names() -> Vec<String> {
    let mut names: Vec<String> = ProviderId::all()
        .filter(|provider| provider.facts().has_short_field)
        .map(|provider| format!("{provider}_api_key"))
        .collect();
    names.push("azure_endpoint".to_owned());
    names
}

/// Replaces, creates or removes the primary personal key of each named
/// provider. All fields are read before any is acted on.
///
/// # Errors
/// `invalid_request` for an unknown field or what cannot be a key,
/// `duplicate_secret` for another key's; then nothing was changed.
pub async fn patch(app: &Arc<App>, caller: &Caller, fields: BTreeMap<String, Option<String>>) -> Result<()> {
    let mut azure_endpoint = None;
    let mut wanted: Vec<Wish> = Vec::new();
    for (field, value) in fields {
        if field == "azure_endpoint" {
            azure_endpoint = Some(value);
            continue;
        }
        let provider = provider_of(&field)?;
        let value = value.filter(|value| !value.trim().is_empty());
        let fingerprint =
            credentials::readable(app, provider, value.as_deref()).map_err(|error| error.of_field(&field))?;
        if wanted.iter().any(|wish| wish.provider == provider) {
            return Err(Error::invalid(&field, "names a provider that another field names too; send one of them"));
        }
        wanted.push(Wish { provider, value, fingerprint });
    }
    let rows = personal(app, caller).await?;
    let primary = |provider| rows.iter().find(|row| row.credential.provider == provider).map(|row| &row.credential);
    if azure_endpoint.is_some() && !wanted.iter().any(|wish| wish.provider == ProviderId::Azure) {
        return Err(Error::invalid("azure_endpoint", "needs azure_api_key beside it"));
    }
    let endpoint_of = |provider| azure_endpoint.clone().flatten().filter(|_| provider == ProviderId::Azure);
    for wish in &wanted {
        let (primary, endpoint) = (primary(wish.provider), endpoint_of(wish.provider));
        let origin = credentials::placeable(app, wish.provider, primary, wish.value.is_some(), endpoint.as_deref())?;
        refuse_known(&rows, primary, wish, origin.as_ref())?;
    }
    for wish in wanted {
        let endpoint = endpoint_of(wish.provider);
        apply(app, caller, wish.provider, primary(wish.provider), wish.value, endpoint).await?;
    }
    Ok(())
}

/// One field, read.
struct Wish {
    provider: ProviderId,
    value: Option<String>,
    fingerprint: Option<String>,
}

/// Refuses a key that another row than the primary one has.
fn refuse_known(
    rows: &[StoredCredential],
    primary: Option<&Credential>,
    wish: &Wish,
    origin: Option<&Origin>,
) -> Result<()> {
    let is_other = |row: &&StoredCredential| {
        row.credential.provider == wish.provider
            && row.credential.grace_of.is_none()
            && Some(row.credential.id) != primary.map(|primary| primary.id)
            && Some(&row.credential.origin) == origin
            && row.fingerprint == wish.fingerprint
    };
    match rows.iter().find(is_other) {
        Some(row) if wish.fingerprint.is_some() => {
            Err(credentials::already_saved(&row.credential).of_field(&format!("{}_api_key", wish.provider)))
        }
        _ => Ok(()),
    }
}

async fn apply(
    app: &Arc<App>,
    caller: &Caller,
    provider: ProviderId,
    primary: Option<&Credential>,
    value: Option<String>,
    endpoint: Option<String>,
) -> Result<()> {
    match (primary, value) {
        (Some(primary), Some(key)) => {
            let edit = Edit { api_key: Some(key), api_base: endpoint.map(Some), ..Edit::default() };
            credentials::edit(app, caller, primary.id, edit).await.map(drop)
        }
        (None, Some(key)) => {
            let new = NewKey {
                name: Some("Primary".to_owned()),
                api_key: Some(key),
                api_base: endpoint,
                is_primary: true,
                ..NewKey::of(provider)
            };
            credentials::create(app, caller, new).await.map(drop)
        }
        (Some(primary), None) => credentials::delete(app, caller, primary.id, true).await,
        (None, None) => Ok(()),
    }
}

fn provider_of(field: &str) -> Result<ProviderId> {
    field
        .strip_suffix("_api_key")
        .and_then(|name| name.parse::<ProviderId>().ok())
        .filter(|provider| provider.facts().has_short_field)
        .ok_or_else(|| {
            let shown: String = field.chars().filter(|c| !c.is_control()).take(60).collect();
            Error::new(
                Code::InvalidRequest,
                format!("Unknown field “{shown}”; the known ones are: {}.", field_names().join(", ")),
            )
            .of_field(&shown)
        })
}

/// Removes all personal keys of the caller. Returns how many.
///
/// # Errors
/// When the store cannot be written.
pub async fn remove_all(app: &App, caller: &Caller) -> Result<usize> {
    let rows = personal(app, caller).await?;
    if rows.is_empty() {
        return Ok(0);
    }
    let mut change = app.store.begin(app.clock.now(), sign_in::actor(caller), None).await?;
    let mut events = Vec::new();
    for row in &rows {
        if store::credentials::tombstone(&mut change, row.credential.id, Some(caller.user)).await? {
            events.push(Event::CredentialDeleted { credential: row.credential.id });
        }
    }
    let removed = events.len();
    change.commit_all(events).await?;
    app.reach.forget(Some(caller.user));
    Ok(removed)
}
