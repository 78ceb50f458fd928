//! Who is asking. Every use case takes a [`Caller`], so that authority is an
//! argument and cannot be forgotten.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::gateway_token::Params;
use crate::ids::{OrganizationId, SessionId, TeamId, TokenId, UserId};
use crate::organization::{Belonging, MemberRole, Membership, TeamRole};
use crate::resolve::Fallback;

/// A user's role on this server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Looks after the server.
    Admin,
    /// Uses it.
    Member,
}

crate::text_enum!(Role, "role" { Admin => "admin", Member => "member" });

/// What a gateway token may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TokenScope {
    /// Call models and list them.
    Models,
    /// Read and change its owner's provider keys.
    ManageCredentials,
    /// Make and revoke gateway tokens.
    ManageTokens,
    /// Read usage.
    ReadUsage,
    /// Read the audit log, where its owner may.
    ReadAudit,
    /// Read `/metrics`.
    Metrics,
}

crate::text_enum!(TokenScope, "token scope" {
    Models => "models",
    ManageCredentials => "manage:credentials",
    ManageTokens => "manage:tokens",
    ReadUsage => "read:usage",
    ReadAudit => "read:audit",
    Metrics => "metrics",
});

/// How the caller proved who they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Proof {
    /// A signed-in browser.
    WebSession(SessionId),
    /// An access token from `/v2/login/access-token`.
    AccessToken(SessionId),
    /// A gateway token with these scopes.
    GatewayToken {
        /// The token.
        id: TokenId,
        /// What it may do.
        scopes: Vec<TokenScope>,
        /// The models it may call; `None`: all.
        models: Option<Vec<String>>,
        /// The team it belongs to; a team's token never uses personal keys.
        team: Option<TeamId>,
        /// How far its calls may go for a key, where it says so.
        policy: Option<Fallback>,
        /// What becomes of parameters that a model cannot take.
        params: Params,
    },
    /// The command line, straight on the store with the master key.
    CommandLine,
}

/// The authenticated caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// Who it is.
    pub user: UserId,
    /// Their role.
    pub role: Role,
    /// The organization they act in.
    pub organization: Option<OrganizationId>,
    /// Where they belong; of a team's token, its team's organization alone.
    pub belonging: Arc<Belonging>,
    /// How far they want their calls to go for a key, where they said so.
    pub fallback: Option<Fallback>,
    /// How they proved it.
    pub proof: Proof,
}

impl Caller {
    /// The gateway token they came with, if any.
    #[must_use]
    pub const fn token(&self) -> Option<TokenId> {
        match &self.proof {
            Proof::GatewayToken { id, .. } => Some(*id),
            _ => None,
        }
    }

    /// The team they act for, if any.
    #[must_use]
    pub const fn team(&self) -> Option<TeamId> {
        match &self.proof {
            Proof::GatewayToken { team, .. } => *team,
            _ => None,
        }
    }

    /// The policy of their token, if it has one.
    #[must_use]
    pub const fn token_policy(&self) -> Option<Fallback> {
        match &self.proof {
            Proof::GatewayToken { policy, .. } => *policy,
            _ => None,
        }
    }

    /// Whether their token leaves out parameters that a model cannot take.
    #[must_use]
    pub const fn is_lenient(&self) -> bool {
        matches!(&self.proof, Proof::GatewayToken { params: Params::Lenient, .. })
    }

    /// The session they came with, if any.
    #[must_use]
    pub const fn session(&self) -> Option<SessionId> {
        match &self.proof {
            Proof::WebSession(id) | Proof::AccessToken(id) => Some(*id),
            _ => None,
        }
    }

    /// Whether their token lets them call `model` (any spelling given to us).
    #[must_use]
    pub fn may_call_model(&self, model: &str) -> bool {
        match &self.proof {
            Proof::GatewayToken { models: Some(allowed), .. } => allowed.iter().any(|name| name == model),
            _ => true,
        }
    }

    /// Whether they may do what `scope` stands for: signed in, always; by
    /// gateway token, when it has the scope.
    #[must_use]
    pub fn has_scope(&self, scope: TokenScope) -> bool {
        match &self.proof {
            Proof::GatewayToken { scopes, .. } => scopes.contains(&scope),
            _ => true,
        }
    }

    /// Their place in an organization, if they belong there.
    #[must_use]
    pub fn membership(&self, organization: OrganizationId) -> Option<&Membership> {
        self.belonging.organizations.iter().find(|membership| membership.organization == organization)
    }

    /// Whether they look after an organization's keys, teams and members: as its
    /// admin or owner, or as an admin of this server.
    #[must_use]
    pub fn looks_after(&self, organization: OrganizationId) -> bool {
        let is_admin = |membership: &Membership| membership.role >= MemberRole::Admin;
        self.is_admin() || self.membership(organization).is_some_and(is_admin)
    }

    /// Whether they may know of an organization.
    #[must_use]
    pub fn may_know_of(&self, organization: OrganizationId) -> bool {
        self.is_admin() || self.membership(organization).is_some()
    }

    /// Whether they make and revoke the tokens of a team: as its lead, or because
    /// they look after its organization.
    #[must_use]
    pub fn leads(&self, team: TeamId, organization: OrganizationId) -> bool {
        let leads = self.belonging.teams.iter().any(|place| place.team == team && place.role == TeamRole::Lead);
        leads || self.looks_after(organization)
    }

    /// Whether they belong to a team.
    #[must_use]
    pub fn is_in_team(&self, team: TeamId) -> bool {
        self.team() == Some(team) || self.belonging.teams.iter().any(|place| place.team == team)
    }

    /// Whether they look after the server.
    #[must_use]
    pub fn is_admin(&self) -> bool {
        self.role == Role::Admin
    }
}
