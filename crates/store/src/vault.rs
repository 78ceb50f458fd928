//! Where secrets are sealed and opened; nothing else in this crate sees one.

pub mod fernet;
mod identity;
mod master_key;

use domain::{Entropy, Secret, Timestamp};
use hkdf::Hkdf;
use sha2::Sha256;
use thiserror::Error;
use zeroize::Zeroizing;

use master_key::MasterKey;

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
    fingerprint_key: Zeroizing<[u8; 32]>,
}

impl Vault {
    /// A vault that cannot recognise secrets yet: for the server's own, which
    /// hold the key for that.
    pub(crate) fn new(keys: MasterKeys) -> Self {
        Self { keys, fingerprint_key: Zeroizing::default() }
    }

    pub(crate) fn with_fingerprint_key(self, fingerprint_key: Zeroizing<[u8; 32]>) -> Self {
        Self { fingerprint_key, ..self }
    }

    /// Seals a secret under its row's identity.
    #[must_use]
    pub fn seal(&self, secret: &Secret, row: &RowIdentity<'_>, now: Timestamp, entropy: &Entropy) -> Sealed {
        self.seal_under(&row.context(), secret, now, entropy)
    }

    /// Opens what was sealed under this very identity.
    ///
    /// # Errors
    /// [`Undecryptable`] for anything else.
    pub fn open(&self, sealed: &Sealed, row: &RowIdentity<'_>) -> Result<Secret, Undecryptable> {
        self.open_under(&row.context(), sealed)
    }

    /// Recognises the same secret again without keeping it: a keyed hash, 32
    /// hexadecimal characters.
    #[must_use]
    pub fn fingerprint(&self, secret: &Secret) -> String {
        let mac = fernet::hmac_sha256(self.fingerprint_key.as_slice(), &[secret.expose().as_bytes()]);
        hexadecimal(&mac[..16])
    }

    /// The ids of the master keys, each with the value that proves it is the
    /// same key as before.
    pub(crate) fn key_checks(&self) -> Vec<(String, String)> {
        let check = |key: &MasterKey| hexadecimal(derive(&key.bytes, b"ownkey/check/v1").as_slice());
        self.keys.keys.iter().map(|key| (key.kid.clone(), check(key))).collect()
    }

    /// Seals one of the server's own 32-byte secrets.
    pub(crate) fn seal_server_secret(&self, name: &str, bytes: &[u8; 32], now: Timestamp, entropy: &Entropy) -> Sealed {
        let secret = Secret::new(hexadecimal(bytes));
        self.seal_under(&identity::server_secret_context(name), &secret, now, entropy)
    }

    /// Opens one of the server's own 32-byte secrets.
    pub(crate) fn open_server_secret(&self, name: &str, sealed: &Sealed) -> Result<Zeroizing<[u8; 32]>, Undecryptable> {
        let secret = self.open_under(&identity::server_secret_context(name), sealed)?;
        let mut bytes = Zeroizing::new([0; 32]);
        let digits = secret.expose().as_bytes();
        if digits.len() != 64 {
            return Err(Undecryptable);
        }
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            let pair = std::str::from_utf8(pair).map_err(|_| Undecryptable)?;
            *byte = u8::from_str_radix(pair, 16).map_err(|_| Undecryptable)?;
        }
        Ok(bytes)
    }

    /// Seals what a provider wants back after one call of a function.
    pub(crate) fn seal_replay(
        &self,
        (caller, call_id): (&str, &str),
        state: &str,
        now: Timestamp,
        entropy: &Entropy,
    ) -> Sealed {
        self.seal_under(&identity::replay_context(caller, call_id), &Secret::new(state.to_owned()), now, entropy)
    }

    /// Opens what was sealed for this caller and call.
    pub(crate) fn open_replay(
        &self,
        (caller, call_id): (&str, &str),
        sealed: &Sealed,
    ) -> Result<String, Undecryptable> {
        Ok(self.open_under(&identity::replay_context(caller, call_id), sealed)?.expose().to_owned())
    }

    fn seal_under(&self, context: &[u8], secret: &Secret, now: Timestamp, entropy: &Entropy) -> Sealed {
        let key = self.keys.sealing();
        let row_key = derive(&key.bytes, context);
        let seconds = u64::try_from(now.as_seconds()).unwrap_or(0);
        let token = fernet::seal(&row_key, secret.expose().as_bytes(), seconds, entropy.bytes());
        Sealed(format!("ok1:{}:{token}", key.kid))
    }

    fn open_under(&self, context: &[u8], sealed: &Sealed) -> Result<Secret, Undecryptable> {
        let (kid, token) = sealed.0.strip_prefix("ok1:").and_then(|rest| rest.split_once(':')).ok_or(Undecryptable)?;
        let key = self.keys.keys.iter().find(|key| key.kid == kid).ok_or(Undecryptable)?;
        let plain = fernet::open(&derive(&key.bytes, context), token).map_err(|_| Undecryptable)?;
        let text = std::str::from_utf8(&plain).map_err(|_| Undecryptable)?;
        Ok(Secret::new(text.to_owned()))
    }
}

/// HKDF-SHA256 without salt (RFC 5869), 32 bytes.
fn derive(key: &[u8; 32], context: &[u8]) -> Zeroizing<[u8; 32]> {
    let mut derived = Zeroizing::new([0; 32]);
    Hkdf::<Sha256>::new(None, key)
        .expand(context, derived.as_mut_slice())
        .unwrap_or_else(|_| unreachable!("32 bytes are within HKDF's limit"));
    derived
}

/// Bytes as lower-case hexadecimal digits.
pub(crate) fn hexadecimal(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests;
