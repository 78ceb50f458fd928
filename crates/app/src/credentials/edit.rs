//! Editing a key. The id and the history stay; a new secret is checked again,
//! and a new origin needs the secret typed again.

use std::sync::Arc;

use domain::audit::Event;
use domain::credential::{Credential, Settings};
use domain::ids::CredentialId;
use domain::{Caller, Timestamp, text};
use store::Store;
use store::credentials::{CredentialEdit, Endpoint, NewSecret};
use store::vault::RowIdentity;

use super::save::{checked_priority, checked_settings, clean_key, resolve_endpoint};
use super::{find_stored, future, wait_for_check};
use crate::App;
use crate::error::{Code, Error, Result};
use crate::{checks, sign_in};

/// What is to change. `None` leaves as is; `Some(None)` clears.
#[derive(Default)]
pub struct Edit {
    /// A new name.
    pub name: Option<String>,
    /// A new note.
    pub note: Option<Option<String>>,
    /// A new secret.
    pub api_key: Option<String>,
    /// A new endpoint; cleared: the default.
    pub api_base: Option<Option<String>>,
    /// New settings, as a whole.
    pub settings: Option<Settings>,
    /// A new place in the order.
    pub priority: Option<i64>,
    /// A new expiry.
    pub expires_at: Option<Option<Timestamp>>,
    /// A new reminder.
    pub rotate_after: Option<Option<Timestamp>>,
    /// Whether to wait for the check.
    pub wait_for_check: bool,
}

/// Edits a key.
///
/// # Errors
/// `not_found`, `forbidden` for environment keys, `invalid_request`,
/// `endpoint_not_allowed`, `key_required_for_new_origin`.
pub async fn edit(app: &Arc<App>, caller: &Caller, id: CredentialId, edit: Edit) -> Result<Credential> {
    let row = find_stored(app, caller, id).await?;
    let current = &row.credential;
    let endpoint = moved_endpoint(app, current, edit.api_base.as_ref())?;
    let clean = match edit.api_key.as_deref() {
        Some(typed) => clean_key(current.provider, Some(typed))?,
        None => None,
    };
    let moves = endpoint.as_ref().is_some_and(|endpoint| endpoint.origin != current.origin);
    if moves && row.sealed.is_some() && clean.is_none() {
        return Err(key_required(current, endpoint.as_ref()));
    }
    let fields = fields_of(app, current, &edit, endpoint.clone().filter(|_| clean.is_none()))?;
    let names = changed_names(&edit);
    let now = app.clock.now();
    let mut change = app.store.begin(now, sign_in::actor(caller), None).await?;
    let mut events = Vec::new();
    if names.iter().any(|name| *name != "api_key") {
        if !store::credentials::update_fields(&mut change, id, &fields, Some(caller.user)).await? {
            change.rollback().await?;
            return Err(Error::new(Code::Conflict, "Somebody else changed this key at the same time. Read it again."));
        }
        let origin = endpoint.as_ref().map_or_else(|| current.origin.clone(), |endpoint| endpoint.origin.clone());
        events.push(Event::CredentialUpdated { credential: id, fields: names, origin });
    }
    if let Some(clean) = &clean {
        let secret = sealed(app, &app.store, current, clean, endpoint, now);
        if !store::credentials::replace_secret(&mut change, id, &secret, Some(caller.user)).await? {
            change.rollback().await?;
            return Err(Error::new(Code::Conflict, "Somebody else changed this key at the same time. Read it again."));
        }
        events.push(Event::CredentialSecretReplaced { credential: id, version: secret.version });
    }
    if events.is_empty() {
        change.rollback().await?;
        return super::get(app, caller, id).await;
    }
    let needs_check = clean.is_some() || edit.api_base.is_some();
    change.commit_all(events).await?;
    app.reach.forget(current.owner);
    if needs_check {
        recheck(app, caller, id, edit.wait_for_check).await?;
    }
    super::get(app, caller, id).await
}

async fn recheck(app: &Arc<App>, caller: &Caller, id: CredentialId, wait: bool) -> Result<()> {
    let fresh = find_stored(app, caller, id).await?;
    if wait {
        wait_for_check(app, fresh).await;
    } else {
        checks::start(app, fresh);
    }
    Ok(())
}

/// The endpoint after the edit, when the edit names one.
fn moved_endpoint(app: &App, current: &Credential, api_base: Option<&Option<String>>) -> Result<Option<Endpoint>> {
    match api_base {
        None => Ok(None),
        Some(typed) => resolve_endpoint(app, current.provider, typed.as_deref()).map(Some),
    }
}

fn key_required(current: &Credential, endpoint: Option<&Endpoint>) -> Error {
    let to = endpoint.map_or("", |endpoint| endpoint.origin.host_and_port());
    Error::new(
        Code::KeyRequiredForNewOrigin,
        format!(
            "The key {} was saved for {}; {to} is another place. Send api_key together with the new api_base.",
            current.title(),
            current.origin.host_and_port()
        ),
    )
    .of_field("api_key")
}

fn fields_of(app: &App, current: &Credential, edit: &Edit, endpoint: Option<Endpoint>) -> Result<CredentialEdit> {
    let name = match &edit.name {
        Some(name) => Some(text::line(name, 100).map_err(|problem| Error::invalid("name", problem))?),
        None => None,
    };
    let note = match &edit.note {
        Some(note) => {
            Some(text::note(note.as_deref().unwrap_or(""), 2_000).map_err(|problem| Error::invalid("note", problem))?)
        }
        None => None,
    };
    let settings = match &edit.settings {
        Some(settings) => {
            let mut settings = settings.clone();
            if settings.slug.is_none() {
                settings.slug.clone_from(&current.settings.slug);
            }
            Some(checked_settings(current.provider, settings, &current.name)?)
        }
        None => None,
    };
    let expires_at = match edit.expires_at {
        Some(Some(at)) => Some(Some(future(app, "expires_at", at)?)),
        other => other,
    };
    Ok(CredentialEdit {
        name,
        note,
        settings,
        priority: edit.priority.map(checked_priority).transpose()?,
        expires_at,
        rotate_after: edit.rotate_after,
        endpoint,
    })
}

fn changed_names(edit: &Edit) -> Vec<&'static str> {
    [
        (edit.name.is_some(), "name"),
        (edit.note.is_some(), "note"),
        (edit.api_key.is_some(), "api_key"),
        (edit.api_base.is_some(), "api_base"),
        (edit.settings.is_some(), "settings"),
        (edit.priority.is_some(), "priority"),
        (edit.expires_at.is_some(), "expires_at"),
        (edit.rotate_after.is_some(), "rotate_after"),
    ]
    .into_iter()
    .filter_map(|(changed, name)| changed.then_some(name))
    .collect()
}

/// The new secret, sealed to where the key will be.
fn sealed(
    app: &App,
    store: &Store,
    current: &Credential,
    clean: &domain::key_shape::CleanKey,
    endpoint: Option<Endpoint>,
    now: Timestamp,
) -> NewSecret {
    let mut next = current.clone();
    next.secret_version += 1;
    if let Some(endpoint) = &endpoint {
        next.origin = endpoint.origin.clone();
    }
    NewSecret {
        sealed: store.vault().seal(&clean.secret, &RowIdentity::of(&next), now, &app.entropy),
        fingerprint: store.vault().fingerprint(&clean.secret),
        masked: clean.masked.clone(),
        version: next.secret_version,
        endpoint,
    }
}
