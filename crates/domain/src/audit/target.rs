//! What an event was about, and in which organization it happened.

use super::{Event, Way};
use crate::budget::OwnerKind;
use crate::ids::{OrganizationId, TeamId, TokenId};

impl Event {
    /// What was acted on: the kind of thing and its id.
    #[must_use]
    pub fn target(&self) -> (&'static str, Option<String>) {
        match self {
            Self::UserCreated { user, .. }
            | Self::UserUpdated { user, .. }
            | Self::UserInvited { user, .. }
            | Self::InvitationAccepted { user }
            | Self::RoleChanged { user, .. }
            | Self::UserActivated { user }
            | Self::UserDeactivated { user }
            | Self::UserDeleted { user }
            | Self::IdentityLinked { user, .. }
            | Self::IdentityUnlinked { user, .. }
            | Self::ResetLinkCreated { user }
            | Self::PasswordChanged { user } => ("user", Some(user.to_string())),
            Self::SetupLinkCreated {} => ("setup", None),
            Self::SessionCreated { session, .. } | Self::SessionEnded { session } => {
                ("session", Some(session.to_string()))
            }
            Self::TokenCreated { token, .. }
            | Self::TokenUpdated { token, .. }
            | Self::TokenRotated { token, .. }
            | Self::TokenRevoked { token } => ("token", Some(token.to_string())),
            Self::AliasCreated { alias, .. } | Self::AliasUpdated { alias, .. } | Self::AliasDeleted { alias, .. } => {
                ("alias", Some(alias.to_string()))
            }
            Self::ModelRegistered { model, .. }
            | Self::ModelUpdated { model, .. }
            | Self::ModelUnregistered { model, .. } => ("model", Some(model.to_string())),
            Self::BudgetCreated { budget, .. }
            | Self::BudgetUpdated { budget, .. }
            | Self::BudgetDeleted { budget, .. } => ("budget", Some(budget.to_string())),
            Self::OrganizationCreated { organization, .. }
            | Self::OrganizationUpdated { organization, .. }
            | Self::OrganizationSuspended { organization }
            | Self::OrganizationResumed { organization }
            | Self::OrganizationDeleted { organization }
            | Self::MemberSet { organization, .. }
            | Self::MemberRemoved { organization, .. } => ("organization", Some(organization.to_string())),
            Self::InvitationCreated { invitation, .. }
            | Self::InvitationRevoked { invitation, .. }
            | Self::InvitationUsed { invitation, .. } => ("invitation", Some(invitation.to_string())),
            Self::TeamCreated { team, .. }
            | Self::TeamUpdated { team, .. }
            | Self::TeamSuspended { team }
            | Self::TeamResumed { team }
            | Self::TeamDeleted { team }
            | Self::TeamMemberSet { team, .. }
            | Self::TeamMemberRemoved { team, .. } => ("team", Some(team.to_string())),
            Self::PriceSet { provider, model, .. } | Self::PriceWithdrawn { provider, model, .. } => {
                ("price", Some(format!("{provider}/{model}")))
            }
            Self::PricesImported { source, .. } => ("price", Some((*source).to_owned())),
            Self::SpreadSet { provider, .. } => ("spread", Some(provider.to_string())),
            Self::CredentialCreated { credential, .. }
            | Self::CredentialUpdated { credential, .. }
            | Self::CredentialSecretReplaced { credential, .. }
            | Self::CredentialRotated { credential, .. }
            | Self::CredentialGraceEnded { credential, .. }
            | Self::CredentialActivated { credential }
            | Self::CredentialDeactivated { credential }
            | Self::CredentialMadePrimary { credential }
            | Self::CredentialDeleted { credential }
            | Self::CredentialRevealed { credential }
            | Self::CredentialRevealRefused { credential }
            | Self::CredentialChecked { credential, .. }
            | Self::CredentialOriginMoved { credential, .. }
            | Self::CredentialTried { credential, .. }
            | Self::LibraryPullStarted { credential, .. }
            | Self::LibraryDeleteAsked { credential, .. }
            | Self::IntegrityViolation { credential } => ("credential", Some(credential.to_string())),
            Self::CredentialsExported { .. } => ("export", None),
            Self::WebhookSecretRotated { .. } => ("webhook", None),
            Self::KeyringRewrapStarted { to: key, .. }
            | Self::KeyringRewrapFinished { to: key, .. }
            | Self::KeyringKeyRetired { key } => ("keyring", Some(key.to_string())),
        }
    }

    /// What leads to the organization it happened in.
    #[must_use]
    pub fn way(&self) -> Way {
        match self {
            Self::OrganizationCreated { organization, .. }
            | Self::OrganizationUpdated { organization, .. }
            | Self::OrganizationSuspended { organization }
            | Self::OrganizationResumed { organization }
            | Self::OrganizationDeleted { organization }
            | Self::MemberSet { organization, .. }
            | Self::MemberRemoved { organization, .. }
            | Self::InvitationCreated { organization, .. }
            | Self::InvitationRevoked { organization, .. }
            | Self::InvitationUsed { organization, .. }
            | Self::TeamCreated { organization, .. } => Way::Organization(*organization),
            Self::BudgetCreated { owner_kind, owner, .. }
            | Self::BudgetUpdated { owner_kind, owner, .. }
            | Self::BudgetDeleted { owner_kind, owner, .. } => match owner_kind {
                OwnerKind::Organization => Way::Organization(OrganizationId(*owner)),
                OwnerKind::Team => Way::Team(TeamId(*owner)),
                OwnerKind::Token => Way::Token(TokenId(*owner)),
                OwnerKind::User => Way::Unsaid,
            },
            Self::TeamUpdated { team, .. }
            | Self::TeamSuspended { team }
            | Self::TeamResumed { team }
            | Self::TeamDeleted { team }
            | Self::TeamMemberSet { team, .. }
            | Self::TeamMemberRemoved { team, .. } => Way::Team(*team),
            Self::TokenCreated { token, .. }
            | Self::TokenUpdated { token, .. }
            | Self::TokenRotated { token, .. }
            | Self::TokenRevoked { token } => Way::Token(*token),
            _ => match self.target() {
                ("credential", Some(id)) => id.parse().map_or(Way::Unsaid, Way::Credential),
                _ => Way::Unsaid,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::ids::{BudgetId, CredentialId, UserId};

    #[test]
    fn an_event_leads_to_the_organization_it_happened_in() {
        let id = Uuid::from_u128(7);
        let lifted = |owner_kind| Event::BudgetDeleted { budget: BudgetId(id), owner_kind, owner: id };
        for (event, way) in [
            (Event::OrganizationSuspended { organization: OrganizationId(id) }, Way::Organization(OrganizationId(id))),
            (Event::TeamDeleted { team: TeamId(id) }, Way::Team(TeamId(id))),
            (Event::TokenRevoked { token: TokenId(id) }, Way::Token(TokenId(id))),
            (Event::CredentialDeleted { credential: CredentialId(id) }, Way::Credential(CredentialId(id))),
            (Event::IntegrityViolation { credential: CredentialId(id) }, Way::Credential(CredentialId(id))),
            (lifted(OwnerKind::Organization), Way::Organization(OrganizationId(id))),
            (lifted(OwnerKind::Team), Way::Team(TeamId(id))),
            (lifted(OwnerKind::Token), Way::Token(TokenId(id))),
            (lifted(OwnerKind::User), Way::Unsaid),
            (Event::UserDeleted { user: UserId(id) }, Way::Unsaid),
            (Event::SetupLinkCreated {}, Way::Unsaid),
        ] {
            assert_eq!(event.way(), way, "{event:?}");
        }
    }
}
