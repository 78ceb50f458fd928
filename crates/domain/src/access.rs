//! Who may open which door. A door names what it needs; this table says who
//! has it. Rows are checked where they are read: "not yours" is "not there".

use crate::caller::{Caller, Proof, TokenScope};

/// What a door asks of whoever knocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Need {
    /// Nothing.
    Nothing,
    /// Somebody who can call models.
    CallModels,
    /// Somebody, for their own account. Not a gateway token.
    OwnAccount,
    /// Somebody who may list and change their provider keys.
    ManageCredentials,
    /// Somebody who signed in themselves: for reveal, never a gateway token.
    SignedIn,
    /// Somebody who may make and revoke gateway tokens.
    ManageTokens,
    /// An admin who signed in themselves: whoever makes reset links could
    /// otherwise become anybody with a gateway token.
    ManageUsers,
    /// Somebody who may read usage.
    ReadUsage,
    /// Somebody who may hear of their keys or of their usage; each event is told
    /// only to whoever may read what it is about. So a script that watches keys,
    /// or spending, needs no more than the scope for just that.
    FollowEvents,
    /// Somebody who may read an audit log: the server's for its admins, an
    /// organization's for whoever looks after it.
    ReadAudit,
    /// A reader of metrics; loopback is let in without proof.
    Metrics,
}

crate::text_enum!(Need, "need" {
    Nothing => "nothing",
    CallModels => "call-models",
    OwnAccount => "own-account",
    ManageCredentials => "manage-credentials",
    SignedIn => "signed-in",
    ManageTokens => "manage-tokens",
    ManageUsers => "manage-users",
    ReadUsage => "read-usage",
    FollowEvents => "follow-events",
    ReadAudit => "read-audit",
    Metrics => "metrics",
});

/// Why a known caller may not pass. `Display` is the sentence for them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The gateway token lacks a scope.
    #[error("This gateway token lacks the scope “{0}”. Make one that has it, or sign in.")]
    TokenScope(&'static str),
    /// Gateway tokens never pass here.
    #[error("A gateway token cannot do this. Sign in and use an access token or the web page.")]
    NoTokens,
    /// Only instance admins pass here.
    #[error("Only an admin of this server can do this. Ask one of them.")]
    AdminsOnly,
}

/// Whether `caller` may pass a door that needs `need`.
///
/// # Errors
/// The reason, as a sentence for the caller.
pub fn permit(caller: &Caller, need: Need) -> Result<(), Refusal> {
    if need == Need::ManageUsers && !caller.is_admin() {
        return Err(Refusal::AdminsOnly);
    }
    let Proof::GatewayToken { scopes, .. } = &caller.proof else {
        let may = need != Need::Metrics || caller.is_admin();
        return if may { Ok(()) } else { Err(Refusal::AdminsOnly) };
    };
    let wanted = match need {
        Need::Nothing => return Ok(()),
        Need::OwnAccount | Need::SignedIn | Need::ManageUsers => return Err(Refusal::NoTokens),
        Need::CallModels => TokenScope::Models,
        Need::ManageCredentials => TokenScope::ManageCredentials,
        Need::ManageTokens => TokenScope::ManageTokens,
        Need::ReadUsage => TokenScope::ReadUsage,
        Need::FollowEvents if scopes.contains(&TokenScope::ReadUsage) => return Ok(()),
        Need::FollowEvents => TokenScope::ManageCredentials,
        Need::ReadAudit => TokenScope::ReadAudit,
        Need::Metrics => TokenScope::Metrics,
    };
    if scopes.contains(&wanted) { Ok(()) } else { Err(Refusal::TokenScope(wanted.as_str())) }
}

/// The scopes a caller may give to a token they mint: all of them when signed
/// in, never more than their own when they came with a token.
#[must_use]
pub fn grantable_scopes(caller: &Caller) -> Vec<TokenScope> {
    match &caller.proof {
        Proof::GatewayToken { scopes, .. } => scopes.clone(),
        _ => TokenScope::ALL.to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::caller::Role;
    use crate::ids::{TokenId, UserId};

    fn caller(role: Role, proof: Proof) -> Caller {
        Caller {
            user: UserId(uuid::Uuid::nil()),
            role,
            organization: None,
            belonging: Arc::default(),
            fallback: None,
            proof,
        }
    }

    fn token(scopes: &[TokenScope]) -> Proof {
        Proof::GatewayToken {
            id: TokenId(uuid::Uuid::nil()),
            scopes: scopes.to_vec(),
            models: None,
            team: None,
            policy: None,
            params: crate::gateway_token::Params::Strict,
            rates: crate::limit::Rates::default(),
        }
    }

    #[test]
    fn a_token_passes_exactly_the_doors_of_its_scopes() {
        let models_only = caller(Role::Admin, token(&[TokenScope::Models]));
        let passes = |need| permit(&models_only, need).is_ok();
        let open: Vec<_> = Need::ALL.iter().copied().filter(|&need| passes(need)).collect();
        assert_eq!(open, [Need::Nothing, Need::CallModels]);
    }

    #[test]
    fn events_are_for_whoever_may_read_keys_or_usage() {
        for (scope, may) in [
            (TokenScope::ManageCredentials, true),
            (TokenScope::ReadUsage, true),
            (TokenScope::Models, false),
            (TokenScope::Metrics, false),
        ] {
            let caller = caller(Role::Member, token(&[scope]));
            assert_eq!(permit(&caller, Need::FollowEvents).is_ok(), may, "{scope}");
        }
    }

    #[test]
    fn no_scope_lets_a_token_reveal_a_key() {
        let all = caller(Role::Admin, token(TokenScope::ALL));
        assert_eq!(permit(&all, Need::SignedIn), Err(Refusal::NoTokens));
    }

    #[test]
    fn looking_after_users_is_for_admins_and_whose_audit_log_is_asked_where_it_is_read() {
        for (role, users) in [(Role::Member, Err(Refusal::AdminsOnly)), (Role::Admin, Ok(()))] {
            assert_eq!(permit(&caller(role, Proof::CommandLine), Need::ManageUsers), users);
            assert_eq!(permit(&caller(role, Proof::CommandLine), Need::ReadAudit), Ok(()));
        }
        let without = caller(Role::Admin, token(&[TokenScope::Models]));
        assert_eq!(permit(&without, Need::ReadAudit), Err(Refusal::TokenScope("read:audit")));
    }

    #[test]
    fn a_minted_token_never_exceeds_its_minter() {
        let minter = caller(Role::Admin, token(&[TokenScope::ManageTokens, TokenScope::Models]));
        assert_eq!(grantable_scopes(&minter), [TokenScope::ManageTokens, TokenScope::Models]);
    }
}
