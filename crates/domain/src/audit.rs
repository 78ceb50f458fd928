//! What the audit log can say. A closed list whose fields cannot hold a secret;
//! anything not in it cannot be logged.

mod event;
mod target;

use crate::ids::{CredentialId, OrganizationId, TeamId, TokenId, UserId};

pub use event::Event;

/// Who did it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Actor {
    /// A signed-in user, or one of their tokens.
    User {
        /// Who.
        user: UserId,
        /// The gateway token used, if any.
        token: Option<TokenId>,
    },
    /// Somebody with the master key at the command line, acting as this user.
    CommandLine {
        /// As whom; `None` before the first user exists.
        user: Option<UserId>,
    },
    /// The server itself.
    System,
}

/// What leads from an event to the organization it happened in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// The event says it.
    Organization(OrganizationId),
    /// Its team's.
    Team(TeamId),
    /// Its gateway token's team's, if that is a team's.
    Token(TokenId),
    /// Its key's, if that is an organization's.
    Credential(CredentialId),
    /// Nothing of its own does: whoever makes the change knows.
    Unsaid,
}
