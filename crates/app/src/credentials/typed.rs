//! What somebody typed to open a provider: a key, or where the operator keeps
//! one. Read, cleaned, and never repeated.

use domain::credential::{Credential, REMINDER, Scope};
use domain::key_shape;
use domain::secret_reference::SecretReference;
use domain::{ProviderId, Secret, Timestamp};
use store::credentials::{Endpoint, NewSecret};
use store::vault::{Payload, RowIdentity};

use crate::App;
use crate::error::{Code, Error, Result};

/// A key that may be saved, or where it is.
pub(super) struct TypedKey {
    key: Option<Secret>,
    reference: Option<String>,
    /// Recognises the key.
    pub(super) fingerprint: String,
    /// What may be shown of it.
    pub(super) masked: String,
    /// Something its owner should know.
    pub(super) warning: Option<String>,
}

impl TypedKey {
    /// The reference, when it is one.
    pub(super) fn reference(&self) -> Option<&str> {
        self.reference.as_deref()
    }

    /// The key itself, when it was typed.
    pub(super) const fn secret(&self) -> Option<&Secret> {
        self.key.as_ref()
    }

    /// What to seal: it, and these headers.
    pub(super) fn into_payload(self, headers: Vec<(String, Secret)>) -> Payload {
        Payload { key: self.key, reference: self.reference, headers }
    }
}

/// Reads what was typed; `None` where nothing was, and the provider needs
/// nothing.
pub(super) fn read(
    app: &App,
    provider: ProviderId,
    scope: Scope,
    api_key: Option<&str>,
    secret_ref: Option<&str>,
) -> Result<Option<TypedKey>> {
    match (api_key, secret_ref) {
        (Some(_), Some(_)) => Err(Error::invalid("secret_ref", "goes instead of api_key; send one of them")),
        (None, Some(reference)) => read_reference(app, scope, reference).map(Some),
        (api_key, None) => clean_key(app, provider, api_key),
    }
}

/// Trims and checks a typed key.
fn clean_key(app: &App, provider: ProviderId, typed: Option<&str>) -> Result<Option<TypedKey>> {
    let clean = match typed {
        Some(typed) if provider.facts().needs_key || !typed.trim().is_empty() => key_shape::clean(typed, provider)
            .map_err(|problem| Error::new(Code::InvalidRequest, problem.to_string()).of_field("api_key"))?,
        _ if provider.facts().needs_key => return Err(key_missing(provider)),
        _ => return Ok(None),
    };
    Ok(Some(TypedKey {
        fingerprint: app.store.vault().fingerprint(&clean.secret),
        key: Some(clean.secret),
        reference: None,
        masked: clean.masked,
        warning: clean.warning,
    }))
}

fn key_missing(provider: ProviderId) -> Error {
    Error::new(
        Code::InvalidRequest,
        format!(
            "{} needs a key. Get one at {} and send it as api_key.",
            provider.display_name(),
            provider.facts().key_url
        ),
    )
    .of_field("api_key")
}

/// Reads a reference: what the operator allowed, and nothing else.
fn read_reference(app: &App, scope: Scope, typed: &str) -> Result<TypedKey> {
    let field = "secret_ref";
    if scope != Scope::System {
        return Err(Error::invalid(field, "is for keys of the server only (scope system); send api_key"));
    }
    let reference: SecretReference = typed.parse().map_err(|problem| Error::invalid(field, problem))?;
    let refused = |code| move |sentence: String| Error::new(code, sentence).of_field(field);
    app.references.permit(&reference).map_err(refused(Code::Forbidden))?;
    let reference = reference.to_string();
    let held =
        app.references.read(app.store.vault(), &reference, app.clock.now()).map_err(refused(Code::InvalidRequest))?;
    Ok(TypedKey {
        key: None,
        reference: Some(reference),
        fingerprint: held.fingerprint.clone(),
        masked: held.masked.clone(),
        warning: None,
    })
}

/// What is known of a payload that takes the place of `current`'s.
pub(super) struct Renewal {
    /// To seal.
    pub(super) payload: Payload,
    /// Recognises its key; `None` where there is none.
    pub(super) fingerprint: Option<String>,
    /// What may be shown of it.
    pub(super) masked: String,
    /// Where calls go from now on, if elsewhere.
    pub(super) endpoint: Option<Endpoint>,
    /// When the key was set.
    pub(super) set_at: Option<Timestamp>,
    /// When its owner is to be reminded.
    pub(super) rotate_after: Option<Timestamp>,
}

/// Seals a payload to where `current` will be, as its next version.
pub(super) fn renewed(app: &App, current: &Credential, renewal: Renewal) -> NewSecret {
    let mut next = current.clone();
    next.secret_version += 1;
    if let Some(endpoint) = &renewal.endpoint {
        next.origin = endpoint.origin.clone();
    }
    let vault = app.store.vault();
    let seal = |payload| vault.seal_payload(payload, &RowIdentity::of(&next), app.clock.now(), &app.entropy);
    NewSecret {
        sealed: Some(&renewal.payload).filter(|payload| !payload.is_empty()).map(seal),
        fingerprint: renewal.fingerprint,
        masked: renewal.masked,
        version: next.secret_version,
        endpoint: renewal.endpoint,
        reference: renewal.payload.reference.clone(),
        set_at: renewal.set_at,
        rotate_after: renewal.rotate_after,
    }
}

/// When to remind of a key that takes the place of `current`'s at `now`. Whoever
/// wanted no reminder gets none.
pub(super) fn next_reminder(current: &Credential, now: Timestamp) -> Option<Timestamp> {
    let wants_none = current.secret_set_at.is_some() && current.rotate_after.is_none();
    (!wants_none).then(|| now.plus(REMINDER))
}

/// The secret of a reference whose value became another one where it is kept.
pub(crate) fn noticed(app: &App, current: &Credential, payload: Payload, fingerprint: &str, masked: &str) -> NewSecret {
    let now = app.clock.now();
    let renewal = Renewal {
        payload,
        fingerprint: Some(fingerprint.to_owned()),
        masked: masked.to_owned(),
        endpoint: None,
        set_at: Some(now),
        rotate_after: next_reminder(current, now),
    };
    renewed(app, current, renewal)
}
