//! Secrets on their way to another server: bare Fernet tokens under the master
//! key itself, which other programs can read, each with a proof of what it was
//! exported for. Without the proof a bare token could be given another endpoint.

use domain::{Entropy, MasterKeyId, Timestamp};
use subtle::ConstantTimeEq as _;
use thiserror::Error;
use zeroize::Zeroizing;

use super::master_key::MasterKey;
use super::{MasterKeys, RowIdentity, Sealed, Undecryptable, Vault, derive, fernet, hexadecimal, identity};

/// An exported secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExportedSecret {
    /// The master key that it is under.
    pub kid: MasterKeyId,
    /// A Fernet token under that key.
    pub token: String,
    /// Ties the token to what it was exported for.
    pub proof: String,
}

/// Why an exported secret is not taken in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ImportProblem {
    /// None of the keys made it.
    #[error("it is under another master key")]
    OtherKey,
    /// The key made the token, for something else.
    #[error("the file was altered: the secret was exported for another provider or endpoint")]
    Altered,
}

impl Vault {
    /// Takes a secret out of its row: under the master key that seals, for
    /// `purpose` (its provider and endpoint).
    ///
    /// # Errors
    /// [`Undecryptable`] when it does not open in its row.
    pub fn export(
        &self,
        sealed: &Sealed,
        row: &RowIdentity<'_>,
        purpose: &[&str],
        now: Timestamp,
        entropy: &Entropy,
    ) -> Result<ExportedSecret, Undecryptable> {
        // Headers stay behind, and a reference means nothing elsewhere.
        let secret = self.open_payload(sealed, row)?.key.ok_or(Undecryptable)?;
        let ring = self.ring();
        let key = ring.sealing();
        let seconds = u64::try_from(now.as_seconds()).unwrap_or(0);
        let token = fernet::seal(&key.bytes, secret.expose().as_bytes(), seconds, entropy.bytes());
        let proof = key.proof(&token, purpose);
        Ok(ExportedSecret { kid: key.kid, token, proof })
    }
}

impl MasterKeys {
    /// Reads an exported secret, if it was exported for `purpose` by one of
    /// these keys. What it holds is then saved like a typed key.
    ///
    /// # Errors
    /// [`ImportProblem`].
    pub fn import(&self, token: &str, proof: &str, purpose: &[&str]) -> Result<Zeroizing<String>, ImportProblem> {
        let opened = self.keys.iter().find_map(|key| Some((key, fernet::open(&key.bytes, token).ok()?)));
        let (key, plain) = opened.ok_or(ImportProblem::OtherKey)?;
        if !bool::from(key.proof(token, purpose).as_bytes().ct_eq(proof.as_bytes())) {
            return Err(ImportProblem::Altered);
        }
        let text = std::str::from_utf8(&plain).map_err(|_| ImportProblem::Altered)?;
        Ok(Zeroizing::new(text.to_owned()))
    }
}

impl MasterKey {
    fn proof(&self, token: &str, purpose: &[&str]) -> String {
        let context = identity::context(b"ownkey/export/v1", purpose);
        hexadecimal(&fernet::hmac_sha256(derive(&self.bytes, &context).as_slice(), &[token.as_bytes()]))
    }
}

#[cfg(test)]
mod tests {
    use domain::Secret;

    use super::*;
    use crate::testing::{KEY, NOW, OTHER_KEY, credential, entropy};

    const PURPOSE: [&str; 2] = ["openai", "https://api.openai.com/v1"];

    fn exported() -> ExportedSecret {
        let row = credential(domain::ids::UserId::generate(NOW, &entropy()), "work");
        let vault = Vault::new(MasterKeys::parse(KEY).unwrap());
        let identity = RowIdentity::of(&row);
        let sealed = vault.seal(&Secret::new("sk-proj-canary".to_owned()), &identity, NOW, &entropy());
        vault.export(&sealed, &identity, &PURPOSE, NOW, &entropy()).unwrap()
    }

    #[test]
    fn an_exported_secret_is_read_by_its_key_for_its_purpose_only() {
        let exported = exported();
        let read = |keys: &str, purpose: &[&str]| {
            MasterKeys::parse(keys)
                .unwrap()
                .import(&exported.token, &exported.proof, purpose)
                .map(|text| text.to_string())
        };
        assert_eq!(read(KEY, &PURPOSE).as_deref(), Ok("sk-proj-canary"));
        assert_eq!(read(&format!("{OTHER_KEY},{KEY}"), &PURPOSE).as_deref(), Ok("sk-proj-canary"));
        assert_eq!(read(OTHER_KEY, &PURPOSE), Err(ImportProblem::OtherKey));
        assert_eq!(read(KEY, &["openai", "https://evil.example/v1"]), Err(ImportProblem::Altered));
        assert_eq!(read(KEY, &["openaihttps://api.openai.com/v1", ""]), Err(ImportProblem::Altered));
    }

    #[test]
    fn a_token_of_somebody_else_has_no_proof() {
        let bare = MasterKeys::parse(KEY).unwrap();
        let token = fernet::seal(&bare.keys[0].bytes, b"sk-proj-canary", 1, [7; 16]);
        assert_eq!(bare.import(&token, "", &PURPOSE), Err(ImportProblem::Altered));
        assert_eq!(bare.import(&token, &exported().proof, &PURPOSE), Err(ImportProblem::Altered));
        assert_eq!(bare.import("nonsense", "", &PURPOSE), Err(ImportProblem::OtherKey));
    }
}
