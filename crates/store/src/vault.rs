//! Where secrets are sealed and opened; nothing else in this crate sees one.

mod export;
pub mod fernet;
mod identity;
mod master_key;
mod payload;
mod ring;

use std::sync::{Arc, PoisonError, RwLock};

use domain::{Entropy, MasterKeyId, Secret, Timestamp};
use hkdf::Hkdf;
use sha2::Sha256;
use thiserror::Error;
use zeroize::Zeroizing;

use ring::Ring;

pub use export::{ExportedSecret, ImportProblem};
pub use identity::RowIdentity;
pub(crate) use identity::{replay_context, server_secret_context};
pub use master_key::{MasterKeyProblem, MasterKeys, read_key_file};
pub use payload::Payload;

/// A sealed secret as it is stored: `ok1:<kid>:<Fernet token>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sealed(pub(crate) String);

impl Sealed {
    /// The stored text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The master key it says it was sealed under; `None` for a text that is no
    /// sealed secret.
    #[must_use]
    pub fn kid(&self) -> Option<MasterKeyId> {
        self.parts().map(|(kid, _)| kid)
    }

    fn parts(&self) -> Option<(MasterKeyId, &str)> {
        let (kid, token) = self.0.strip_prefix("ok1:")?.split_once(':')?;
        Some((kid.parse().ok()?, token))
    }
}

/// A sealed text does not open: it was moved from another row, altered, or its
/// master key is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the stored secret does not open under its row's identity")]
pub struct Undecryptable;

/// Seals and opens.
pub struct Vault {
    ring: RwLock<Arc<Ring>>,
    fingerprint_key: Zeroizing<[u8; 32]>,
}

impl Vault {
    /// A vault that cannot recognise secrets yet: for the server's own, which
    /// hold the key for that.
    pub(crate) fn new(keys: MasterKeys) -> Self {
        Self { ring: RwLock::new(Arc::new(Ring::new(keys))), fingerprint_key: Zeroizing::default() }
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

    /// The ids of the master keys given, in their order, each with the value
    /// that proves it is the same key as before.
    pub(crate) fn key_checks(&self) -> Vec<(MasterKeyId, String)> {
        self.ring().given().map(|key| (key.kid, key.check_value())).collect()
    }

    /// The ids of the master keys given, in their order.
    #[must_use]
    pub fn kids(&self) -> Vec<MasterKeyId> {
        self.ring().given().map(|key| key.kid).collect()
    }

    /// The master key that seals now: the first, or while a running server does
    /// not have that one yet, the first that all of them have.
    #[must_use]
    pub fn sealing_kid(&self) -> MasterKeyId {
        self.ring().sealing().kid
    }

    /// Seals under this one of the keys given from now on.
    pub(crate) fn seal_with(&self, kid: MasterKeyId) {
        let mut ring = self.ring.write().unwrap_or_else(PoisonError::into_inner);
        *ring = Arc::new(ring.sealing_with(kid));
    }

    /// Takes another list of master keys. Those left out of it still open what
    /// this process has in memory.
    pub(crate) fn replace_keys(&self, keys: MasterKeys) {
        let mut ring = self.ring.write().unwrap_or_else(PoisonError::into_inner);
        *ring = Arc::new(ring.replaced_by(keys));
    }

    /// The keys, out of a vault that was only tried.
    pub(crate) fn into_keys(self) -> MasterKeys {
        let ring = self.ring.into_inner().unwrap_or_else(PoisonError::into_inner);
        MasterKeys { keys: ring.shared() }
    }

    fn ring(&self) -> Arc<Ring> {
        Arc::clone(&self.ring.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The same secret under the master key that seals now. What it holds is
    /// not looked at, and its token keeps its time.
    pub(crate) fn rewrap(&self, context: &[u8], sealed: &Sealed, entropy: &Entropy) -> Result<Sealed, Undecryptable> {
        self.sealed_again(sealed, context, context, entropy)
    }

    /// The same secret under another identity of its row.
    ///
    /// # Errors
    /// [`Undecryptable`] when it does not open under `from`.
    pub fn reseal(
        &self,
        sealed: &Sealed,
        from: &RowIdentity<'_>,
        to: &RowIdentity<'_>,
        entropy: &Entropy,
    ) -> Result<Sealed, Undecryptable> {
        self.sealed_again(sealed, &from.context(), &to.context(), entropy)
    }

    /// Whether it opens under this context.
    pub(crate) fn opens(&self, context: &[u8], sealed: &Sealed) -> bool {
        self.read_under(context, sealed).is_ok()
    }

    fn sealed_again(
        &self,
        sealed: &Sealed,
        from: &[u8],
        to: &[u8],
        entropy: &Entropy,
    ) -> Result<Sealed, Undecryptable> {
        let (seconds, plain) = self.read_under(from, sealed)?;
        let ring = self.ring();
        let key = ring.sealing();
        let token = fernet::seal(&derive(&key.bytes, to), &plain, seconds, entropy.bytes());
        Ok(Sealed(format!("ok1:{}:{token}", key.kid)))
    }

    /// Seals one of the server's own 32-byte secrets.
    pub(crate) fn seal_server_secret(&self, name: &str, bytes: &[u8; 32], now: Timestamp, entropy: &Entropy) -> Sealed {
        let secret = Secret::new(hexadecimal(bytes));
        self.seal_under(&server_secret_context(name), &secret, now, entropy)
    }

    /// Opens one of the server's own 32-byte secrets.
    pub(crate) fn open_server_secret(&self, name: &str, sealed: &Sealed) -> Result<Zeroizing<[u8; 32]>, Undecryptable> {
        let secret = self.open_under(&server_secret_context(name), sealed)?;
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
        self.seal_bytes(&replay_context(caller, call_id), state.as_bytes(), now, entropy)
    }

    /// Opens what was sealed for this caller and call.
    pub(crate) fn open_replay(
        &self,
        (caller, call_id): (&str, &str),
        sealed: &Sealed,
    ) -> Result<String, Undecryptable> {
        let (_, plain) = self.read_under(&replay_context(caller, call_id), sealed)?;
        std::str::from_utf8(&plain).map(str::to_owned).map_err(|_| Undecryptable)
    }

    fn seal_under(&self, context: &[u8], secret: &Secret, now: Timestamp, entropy: &Entropy) -> Sealed {
        self.seal_bytes(context, secret.expose().as_bytes(), now, entropy)
    }

    fn seal_bytes(&self, context: &[u8], plain: &[u8], now: Timestamp, entropy: &Entropy) -> Sealed {
        let ring = self.ring();
        let key = ring.sealing();
        let row_key = derive(&key.bytes, context);
        let seconds = u64::try_from(now.as_seconds()).unwrap_or(0);
        let token = fernet::seal(&row_key, plain, seconds, entropy.bytes());
        Sealed(format!("ok1:{}:{token}", key.kid))
    }

    fn open_under(&self, context: &[u8], sealed: &Sealed) -> Result<Secret, Undecryptable> {
        let (_, plain) = self.read_under(context, sealed)?;
        let text = std::str::from_utf8(&plain).map_err(|_| Undecryptable)?;
        Ok(Secret::new(text.to_owned()))
    }

    /// The time and the bytes of a sealed secret.
    fn read_under(&self, context: &[u8], sealed: &Sealed) -> Result<(u64, Zeroizing<Vec<u8>>), Undecryptable> {
        let (kid, token) = sealed.parts().ok_or(Undecryptable)?;
        let ring = self.ring();
        let key = ring.find(kid).ok_or(Undecryptable)?;
        fernet::read(&derive(&key.bytes, context), token).map_err(|_| Undecryptable)
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
