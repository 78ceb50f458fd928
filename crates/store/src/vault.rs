//! Where secrets are sealed and opened; nothing else in this crate sees one.

pub mod fernet;
mod identity;
mod master_key;

use domain::{Entropy, Secret, Timestamp};
use thiserror::Error;

pub use identity::RowIdentity;
pub use master_key::{MasterKeyProblem, MasterKeys, read_key_file};

/// A sealed secret as it is stored: `ok1:<kid>:<Fernet token>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sealed(pub(crate) String);

impl Sealed {
    /// The stored text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A sealed text does not open: it was moved from another row, altered, or its
/// master key is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the stored secret does not open under its row's identity")]
pub struct Undecryptable;

/// Seals and opens.
pub struct Vault {
    keys: MasterKeys,
}

impl Vault {
    /// Seals a secret under its row's identity.
    #[must_use]
    pub fn seal(&self, secret: &Secret, row: &RowIdentity<'_>, now: Timestamp, entropy: &Entropy) -> Sealed {
        let _ = (&self.keys, secret, row, now, entropy);
        todo!()
    }

    /// Opens what was sealed under this very identity.
    ///
    /// # Errors
    /// [`Undecryptable`] for anything else.
    pub fn open(&self, sealed: &Sealed, row: &RowIdentity<'_>) -> Result<Secret, Undecryptable> {
        let _ = (sealed, row);
        todo!()
    }

    /// Recognises the same secret again without keeping it: a keyed hash, 32
    /// hexadecimal characters.
    #[must_use]
    pub fn fingerprint(&self, secret: &Secret) -> String {
        let _ = secret;
        todo!()
    }
}
