//! Typed identifiers, so that a token's id cannot be passed where a user's is
//! meant. All are UUIDs, written as 36 lower-case characters.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::ambient::Entropy;
use crate::time::Timestamp;

/// A UUID of version 7: 48 bits of milliseconds, then 74 random bits.
#[must_use]
pub fn uuid_v7(now: Timestamp, entropy: &Entropy) -> Uuid {
    let millis = u64::try_from(now.as_micros() / 1_000).unwrap_or(0);
    let mut bytes = [0_u8; 16];
    bytes[..6].copy_from_slice(&millis.to_be_bytes()[2..]);
    bytes[6..].copy_from_slice(&entropy.bytes::<10>());
    bytes[6] = (bytes[6] & 0x0f) | 0x70;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    Uuid::from_bytes(bytes)
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl $name {
            /// A new id, ordered by time.
            #[must_use]
            pub fn generate(now: Timestamp, entropy: &Entropy) -> Self {
                Self(uuid_v7(now, entropy))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.hyphenated().fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Uuid::parse_str(text).map(Self)
            }
        }
    )*};
}

ids! {
    /// A person who can sign in.
    UserId,
    /// A company or group that keeps keys together.
    OrganizationId,
    /// A group within an organization.
    TeamId,
    /// A link that lets somebody into an organization.
    InvitationId,
    /// A provider key, stored or from the environment.
    CredentialId,
    /// A gateway token.
    TokenId,
    /// A name that stands for models.
    AliasId,
    /// A web session or an access token.
    SessionId,
    /// One call of a client, answered by one or more attempts.
    RequestId,
    /// One upstream call.
    AttemptId,
    /// A row of the audit log.
    AuditId,
    /// One running Ownkey process.
    NodeId,
    /// A saved chat.
    ConversationId,
    /// What somebody said in a saved chat, or an answer to it.
    MessageId,
}

/// The namespace of every id that is derived from a name instead of drawn.
const NAMESPACE: Uuid = Uuid::from_u128(0x6f77_6e6b_6579_4000_8000_6e61_6d65_7370);

impl CredentialId {
    /// The id of a credential that is no row of the database: the environment's
    /// (`env:OPENAI_API_KEY`) or a local provider's (`local:ollama`).
    #[must_use]
    pub fn of_source(source: &str) -> Self {
        Self(Uuid::new_v5(&NAMESPACE, source.as_bytes()))
    }
}

/// The stable id of a model: the same on every server and after every restart.
/// `provider` is the provider id, or `custom:<slug>` for a custom endpoint.
#[must_use]
pub fn model_uuid(provider: &str, model_id: &str) -> Uuid {
    Uuid::new_v5(&NAMESPACE, format!("model:{provider}:{model_id}").as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zeros() -> Entropy {
        Entropy::new(|bytes| bytes.fill(0))
    }

    #[test]
    fn an_id_starts_with_its_time_and_says_version_7() {
        let id = UserId::generate(Timestamp::from_micros(1_795_000_000_000_000), &zeros());
        assert_eq!(id.to_string(), "01a1ee56-5e00-7000-8000-000000000000");
    }

    #[test]
    fn ids_of_later_times_sort_later() {
        let early = RequestId::generate(Timestamp::from_micros(1_000_000), &zeros());
        let late = RequestId::generate(Timestamp::from_micros(2_000_000), &zeros());
        assert!(early < late);
    }

    #[test]
    fn a_model_keeps_its_id_and_shares_it_with_no_other() {
        let id = model_uuid("openai", "gpt-6.1-terra");
        assert_eq!(id, model_uuid("openai", "gpt-6.1-terra"));
        assert_ne!(id, model_uuid("azure", "gpt-6.1-terra"));
    }
}
