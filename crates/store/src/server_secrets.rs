//! The server's own keys: random, made at first open, sealed like credentials.

use zeroize::Zeroizing;

/// The keys, in the clear, for as long as the process lives.
pub struct ServerSecrets {
    pub(crate) access_token: Zeroizing<[u8; 32]>,
    pub(crate) audit: Zeroizing<[u8; 32]>,
}

impl ServerSecrets {
    /// Signs access tokens.
    #[must_use]
    pub fn access_token(&self) -> &[u8; 32] {
        &self.access_token
    }

    /// Links the audit log.
    pub(crate) fn audit(&self) -> &[u8; 32] {
        &self.audit
    }
}
