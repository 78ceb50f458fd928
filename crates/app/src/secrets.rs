//! Lending a secret for one upstream call: opened from the vault, or borrowed
//! from the environment.

use domain::Secret;
use domain::credential::{Credential, Source};
use store::credentials::StoredCredential;
use store::vault::{RowIdentity, Undecryptable};

use crate::App;
use crate::error::{Code, Error};

/// A secret for one call; dropped, and zeroed, after it.
pub(crate) enum Lent<'a> {
    /// Opened for this call.
    Opened(Secret),
    /// The environment's own.
    Borrowed(&'a Secret),
    /// There is none: a local server.
    Nothing,
}

impl Lent<'_> {
    /// The secret, if there is one.
    pub(crate) const fn get(&self) -> Option<&Secret> {
        match self {
            Self::Opened(secret) => Some(secret),
            Self::Borrowed(secret) => Some(secret),
            Self::Nothing => None,
        }
    }
}

/// Lends the secret of `stored`.
///
/// # Errors
/// When its sealed text does not open under its own row's identity.
pub(crate) fn lend<'a>(app: &'a App, stored: &StoredCredential) -> Result<Lent<'a>, Undecryptable> {
    match (&stored.credential.source, &stored.sealed) {
        (Source::Environment(_), _) => {
            app.environment.secret(stored.credential.id).map(Lent::Borrowed).ok_or(Undecryptable)
        }
        (Source::Stored, Some(sealed)) => {
            app.store.vault().open(sealed, &RowIdentity::of(&stored.credential)).map(Lent::Opened)
        }
        // A key that came with a request is lent by the request.
        (Source::Stored | Source::Keyless | Source::Request, _) => Ok(Lent::Nothing),
    }
}

/// The sentence for a key that does not open.
pub(crate) fn undecryptable(credential: &Credential) -> Error {
    Error::new(
        Code::Undecryptable,
        format!(
            "The {} key {} cannot be opened with this server's master key: the key, its owner or its endpoint was altered. Type it in again at /keys.",
            credential.provider.display_name(),
            credential.title()
        ),
    )
}
