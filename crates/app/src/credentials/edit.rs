//! Editing a key. The id and the history stay; a new secret is checked again,
//! and a new origin needs the secret typed again.

use std::sync::Arc;

use domain::audit::Event;
use domain::credential::Credential;
use domain::ids::CredentialId;
use domain::{Caller, Secret, Timestamp, text};
use store::credentials::{CredentialEdit, Endpoint, NewSecret, StoredCredential};
use store::vault::Payload;

use super::save::{checked_priority, resolve_endpoint};
use super::settings::{self, CheckedSettings, TypedSettings};
use super::typed::{self, Renewal, TypedKey};
use super::{Saved, duplicates, find_stored, future, refuse_former, wait_for_check};
use crate::App;
use crate::error::{Code, Error, Result};
use crate::{checks, secrets, sign_in};

/// What is to change. `None` leaves as is; `Some(None)` clears.
#[derive(Default)]
pub struct Edit {
    /// A new name.
    pub name: Option<String>,
    /// A new note.
    pub note: Option<Option<String>>,
    /// A new secret.
    pub api_key: Option<String>,
    /// Where the operator keeps the secret from now on.
    pub secret_ref: Option<String>,
    /// A new endpoint; cleared: the default.
    pub api_base: Option<Option<String>>,
    /// New settings.
    pub settings: Option<TypedSettings>,
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
/// `endpoint_not_allowed`, `key_required_for_new_origin`, `duplicate_secret`.
pub async fn edit(app: &Arc<App>, caller: &Caller, id: CredentialId, mut edit: Edit) -> Result<Saved> {
    let row = find_stored(app, caller, id).await?;
    let current = &row.credential;
    refuse_former(current)?;
    let names = changed_names(&edit);
    let endpoint = moved_endpoint(app, current, edit.api_base.as_ref())?;
    let checked = match edit.settings.take() {
        Some(typed) => Some(settings::checked(current.provider, typed, &current.settings, &current.name)?),
        None => None,
    };
    let (settings, headers) = match checked {
        Some(CheckedSettings { settings, headers }) => (Some(settings), headers),
        None => (None, None),
    };
    if let Some(settings) = &settings {
        settings::refuse_taken_slug(app, caller, (current.scope, current.organization), settings, Some(current))
            .await?;
    }
    let typed = match (&edit.api_key, &edit.secret_ref) {
        (None, None) => None,
        (key, place) => typed::read(app, current.provider, current.scope, key.as_deref(), place.as_deref())?,
    };
    let moves = endpoint.as_ref().is_some_and(|endpoint| endpoint.origin != current.origin);
    if moves {
        require_secrets(&row, endpoint.as_ref(), typed.is_some(), headers.is_some())?;
    }
    let was_typed = typed.is_some();
    let typed = typed.filter(|typed| moves || headers.is_some() || !is_in_place(app, &row, typed));
    let change = Change { typed, headers, endpoint, settings };
    let warning = commit(app, caller, &row, &edit, change, names).await?;
    app.reach.forget(current.owner);
    if was_typed || edit.api_base.is_some() || warning.renewed {
        recheck(app, caller, id, edit.wait_for_check).await?;
    }
    Ok(Saved { credential: super::get(app, caller, id).await?, warning: warning.text })
}

/// What was read of an edit.
struct Change {
    typed: Option<TypedKey>,
    headers: Option<Vec<(String, Secret)>>,
    endpoint: Option<Endpoint>,
    settings: Option<domain::credential::Settings>,
}

/// What came of it.
struct Outcome {
    text: Option<String>,
    renewed: bool,
}

async fn commit(
    app: &App,
    caller: &Caller,
    row: &StoredCredential,
    edit: &Edit,
    read: Change,
    names: Vec<&'static str>,
) -> Result<Outcome> {
    let current = &row.credential;
    let Change { typed, headers, endpoint, settings } = read;
    let renews = typed.is_some() || headers.is_some();
    let origin = endpoint.as_ref().map_or_else(|| current.origin.clone(), |endpoint| endpoint.origin.clone());
    let fields = fields_of(app, edit, settings, endpoint.clone().filter(|_| !renews))?;
    let mut text = typed.as_ref().and_then(|typed| typed.warning.clone());
    let fingerprint = typed.as_ref().map(|typed| typed.fingerprint.clone());
    let secret = if renews { Some(new_secret(app, row, typed, headers, endpoint, edit)?) } else { None };
    let mut change = app.store.begin(app.clock.now(), sign_in::actor(caller), None).await?;
    let mut events = Vec::new();
    if let Some(fingerprint) = &fingerprint {
        let like = Credential { origin: origin.clone(), ..current.clone() };
        let returned = duplicates::settle(&mut change, &like, fingerprint, Some(current.id), caller.user).await?;
        text = returned.warning.or(text);
        events.extend(returned.events);
    }
    if names.iter().any(|name| !matches!(*name, "api_key" | "secret_ref")) {
        if !store::credentials::update_fields(&mut change, current.id, &fields, Some(caller.user)).await? {
            change.rollback().await?;
            return Err(conflict());
        }
        if let Some(Some(end)) = fields.expires_at {
            store::credentials::shorten_grace(&mut change, current.id, end).await?;
        }
        events.push(Event::CredentialUpdated { credential: current.id, fields: names, origin });
    }
    if let Some(secret) = &secret {
        if !store::credentials::replace_secret(&mut change, current.id, secret, Some(caller.user)).await? {
            change.rollback().await?;
            return Err(conflict());
        }
        if fingerprint.is_some() {
            events.push(Event::CredentialSecretReplaced { credential: current.id, version: secret.version });
        }
    }
    if events.is_empty() {
        change.rollback().await?;
    } else {
        change.commit_all(events).await?;
    }
    Ok(Outcome { text, renewed: renews })
}

fn conflict() -> Error {
    Error::new(Code::Conflict, "Somebody else changed this key at the same time. Read it again.")
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

/// Everything secret goes to a new origin only when typed for it.
fn require_secrets(
    row: &StoredCredential,
    endpoint: Option<&Endpoint>,
    has_key: bool,
    has_headers: bool,
) -> Result<()> {
    let current = &row.credential;
    let holds_key = row.fingerprint.is_some() || (row.sealed.is_some() && current.settings.headers.is_empty());
    let field = if holds_key && !has_key {
        if current.source == domain::credential::Source::Stored { "api_key" } else { "secret_ref" }
    } else if !current.settings.headers.is_empty() && !has_headers {
        "settings.headers"
    } else {
        return Ok(());
    };
    let to = endpoint.map_or("", |endpoint| endpoint.origin.host_and_port());
    Err(Error::new(
        Code::KeyRequiredForNewOrigin,
        format!(
            "The key {} was saved for {}; {to} is another place. Send {field} together with the new api_base.",
            current.title(),
            current.origin.host_and_port()
        ),
    )
    .of_field(field))
}

/// Whether the row holds this very key already, in a form that opens.
fn is_in_place(app: &App, row: &StoredCredential, typed: &TypedKey) -> bool {
    let holds_it = row.fingerprint.as_deref() == Some(&typed.fingerprint);
    holds_it && secrets::opened(app, row).is_ok_and(|payload| payload.reference.as_deref() == typed.reference())
}

/// The secrets after the edit: what was typed, and of the rest what was there.
fn new_secret(
    app: &App,
    row: &StoredCredential,
    typed: Option<TypedKey>,
    headers: Option<Vec<(String, Secret)>>,
    endpoint: Option<Endpoint>,
    edit: &Edit,
) -> Result<NewSecret> {
    let current = &row.credential;
    // Nothing that was sealed for one origin is ever sealed to another.
    let moves = endpoint.as_ref().is_some_and(|endpoint| endpoint.origin != current.origin);
    let needs_former = !moves && (typed.is_none() || (headers.is_none() && !current.settings.headers.is_empty()));
    let former = if needs_former {
        secrets::opened(app, row).map_err(|_| secrets::undecryptable(current))?
    } else {
        Payload::default()
    };
    let now = app.clock.now();
    let headers = headers.unwrap_or(former.headers);
    let renewal = match typed {
        Some(typed) => Renewal {
            fingerprint: Some(typed.fingerprint.clone()),
            masked: typed.masked.clone(),
            payload: typed.into_payload(headers),
            endpoint,
            set_at: Some(now),
            rotate_after: edit.rotate_after.unwrap_or_else(|| typed::next_reminder(current, now)),
        },
        None => Renewal {
            fingerprint: row.fingerprint.clone().filter(|_| !moves),
            masked: if moves { String::new() } else { current.masked.clone() },
            payload: Payload { key: former.key, reference: former.reference, headers },
            endpoint,
            set_at: current.secret_set_at,
            rotate_after: edit.rotate_after.unwrap_or(current.rotate_after),
        },
    };
    Ok(typed::renewed(app, current, renewal))
}

fn fields_of(
    app: &App,
    edit: &Edit,
    settings: Option<domain::credential::Settings>,
    endpoint: Option<Endpoint>,
) -> Result<CredentialEdit> {
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
        (edit.secret_ref.is_some(), "secret_ref"),
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
