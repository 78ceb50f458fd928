//! What the operator settled about signing in through an OpenID provider.

use std::fmt;

use domain::admission::Admission;
use domain::{Origin, Secret};

/// The operator's OpenID provider.
pub struct Oidc {
    /// Its address, exactly as it calls itself.
    pub issuer: String,
    /// The address's origin: the one that may be on this network.
    pub origin: Origin,
    /// What people call it.
    pub name: String,
    /// What it calls us.
    pub client_id: String,
    /// What we prove that by; `None`: a public client, proven by PKCE alone.
    pub client_secret: Option<Secret>,
    /// What we ask for.
    pub scopes: Vec<String>,
    /// The claim with a person's groups; a dotted path where there is none of
    /// that name.
    pub groups_claim: String,
    /// Who is let in, as what.
    pub admission: Admission,
    /// Whether everybody's password counts; else the first admin's alone.
    pub passwords: bool,
}

impl fmt::Debug for Oidc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Oidc").field("issuer", &self.issuer).field("client_id", &self.client_id).finish_non_exhaustive()
    }
}
