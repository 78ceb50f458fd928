//! Lending a secret for one upstream call: opened from the vault, read from
//! where the operator keeps it, or borrowed from the environment.

use std::sync::Arc;

use domain::Secret;
use domain::credential::{Credential, Source};
use http::{HeaderName, HeaderValue};
use llm::egress::Endpoint;
use store::credentials::StoredCredential;
use store::vault::{Payload, RowIdentity};

use crate::App;
use crate::checks;
use crate::error::{Code, Error};
use crate::references::Held;

/// The secrets for one call; dropped, and zeroed, after it.
pub(crate) struct Lent<'a> {
    key: Key<'a>,
    headers: Vec<(String, Secret)>,
}

enum Key<'a> {
    /// Opened for this call.
    Opened(Secret),
    /// Kept outside the store.
    Kept(Arc<Held>),
    /// The environment's own.
    Borrowed(&'a Secret),
    /// There is none: a local server.
    Nothing,
}

/// Why a key cannot be lent.
pub(crate) struct NotLent {
    /// For whoever may see the key.
    pub(crate) reason: String,
    /// Whether the row was altered, rather than the key missing elsewhere.
    pub(crate) is_violation: bool,
}

impl<'a> Lent<'a> {
    /// A key that nobody keeps: it came with the request.
    pub(crate) const fn of(secret: &'a Secret) -> Self {
        Self { key: Key::Borrowed(secret), headers: Vec::new() }
    }
}

impl Lent<'_> {
    /// The key, if there is one.
    pub(crate) fn get(&self) -> Option<&Secret> {
        match &self.key {
            Key::Opened(secret) => Some(secret),
            Key::Kept(held) => Some(&held.secret),
            Key::Borrowed(secret) => Some(secret),
            Key::Nothing => None,
        }
    }

    /// The key, when it was opened from its row.
    pub(crate) fn into_opened(self) -> Option<Secret> {
        match self.key {
            Key::Opened(secret) => Some(secret),
            _ => None,
        }
    }

    /// The headers sent along with the key, marked as secrets.
    pub(crate) fn headers(&self) -> Vec<(HeaderName, HeaderValue)> {
        self.headers.iter().filter_map(|(name, value)| llm::client::secret_header(name, value)).collect()
    }

    /// `text` with every secret struck out.
    pub(crate) fn struck_from(&self, text: &str) -> String {
        self.secrets().fold(text.to_owned(), |text, secret| secret.struck_from(&text))
    }

    /// The key and the headers' values.
    pub(crate) fn secrets(&self) -> impl Iterator<Item = &Secret> {
        self.get().into_iter().chain(self.headers.iter().map(|(_, value)| value))
    }
}

/// Lends the secrets of `stored`.
///
/// # Errors
/// When its sealed text does not open under its own row's identity, or what it
/// refers to is not there.
pub(crate) fn lend<'a>(app: &'a App, stored: &StoredCredential) -> Result<Lent<'a>, NotLent> {
    let credential = &stored.credential;
    let key = match (&credential.source, &stored.sealed) {
        (Source::Environment(_), _) => match app.environment.secret(credential.id) {
            Some(secret) => Key::Borrowed(secret),
            None => return Err(violated(credential)),
        },
        (Source::Stored | Source::Reference(_), Some(_)) => return of_payload(app, credential, opened(app, stored)?),
        // A reference is sealed; a row that only says it is one was altered.
        (Source::Reference(_), None) => return Err(violated(credential)),
        // A key that came with a request is lent by the request.
        (Source::Stored | Source::Keyless | Source::Request, _) => Key::Nothing,
    };
    Ok(Lent { key, headers: Vec::new() })
}

fn of_payload<'a>(app: &App, credential: &Credential, payload: Payload) -> Result<Lent<'a>, NotLent> {
    let Payload { key, reference, headers } = payload;
    let key = match (key, reference) {
        (None, Some(reference)) if credential.source == Source::Reference(reference.clone()) => {
            let held = app.references.read(app.store.vault(), &reference, app.clock.now());
            Key::Kept(held.map_err(|reason| NotLent { reason, is_violation: false })?)
        }
        (Some(key), None) if credential.source == Source::Stored => Key::Opened(key),
        (None, None) if credential.source == Source::Stored => Key::Nothing,
        _ => return Err(violated(credential)),
    };
    Ok(Lent { key, headers })
}

/// Lends the secrets of a key that may be used now, and reads where they may go.
///
/// # Errors
/// When the key is switched off or has expired, cannot be lent, or its endpoint
/// is refused.
pub(crate) fn lend_for_use<'a>(app: &'a App, stored: &StoredCredential) -> crate::Result<(Lent<'a>, Endpoint)> {
    let credential = &stored.credential;
    if !credential.is_active || credential.is_expired(app.clock.now()) {
        return Err(Error::new(
            Code::Forbidden,
            format!(
                "The key {} is switched off or has expired. Activate or replace it at /keys first.",
                credential.title()
            ),
        ));
    }
    let lent = lend(app, stored).map_err(|problem| {
        checks::found_undecryptable(app, stored, problem);
        undecryptable(credential)
    })?;
    let refused = |sentence: String| Error::new(Code::EndpointNotAllowed, sentence);
    let endpoint = app
        .guard
        .check_literal(credential.provider, &credential.endpoint)
        .map_err(|problem| refused(problem.to_string()))?;
    if endpoint.origin() != &credential.origin {
        let sentence = "The stored endpoint is not the one the key was saved for. Type the key in again.";
        return Err(refused(sentence.to_owned()));
    }
    Ok((lent, endpoint))
}

/// The secrets in a row, as they were sealed.
///
/// # Errors
/// When they do not open under their own row's identity.
pub(crate) fn opened(app: &App, stored: &StoredCredential) -> Result<Payload, NotLent> {
    let Some(sealed) = &stored.sealed else { return Ok(Payload::default()) };
    let identity = RowIdentity::of(&stored.credential);
    app.store.vault().open_payload(sealed, &identity).map_err(|_| violated(&stored.credential))
}

fn violated(credential: &Credential) -> NotLent {
    NotLent { reason: undecryptable(credential).sentence, is_violation: true }
}

/// The sentence for a key that does not open, or that is not where it is kept.
pub(crate) fn undecryptable(credential: &Credential) -> Error {
    let provider = credential.provider.display_name();
    let title = credential.title();
    Error::new(
        Code::Undecryptable,
        match &credential.source {
            Source::Reference(_) => format!(
                "The {provider} key {title} cannot be read from where the operator keeps it. An admin sees at /keys what is missing."
            ),
            _ => format!(
                "The {provider} key {title} cannot be opened with this server's master key: the key, its owner or its endpoint was altered. Type it in again at /keys."
            ),
        },
    )
}
