//! Which key pays. Scopes are asked from the nearest outwards; a scope without
//! a key is passed over, a scope whose key fails is not: nobody's money is
//! silently replaced by somebody else's.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::credential::{Credential, KeyStatus, Scope};
use crate::ids::CredentialId;
use crate::time::Timestamp;

/// For how long a key known to be refused is not called again, in seconds.
pub const INVALID_REST_SECONDS: i64 = 600;

/// Whether a caller may be served by the next scope when the nearer one has no
/// usable key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, PartialOrd, Ord)]
#[serde(rename_all = "snake_case")]
pub enum Fallback {
    /// An absent key (also an inactive or expired one) falls through.
    Chain,
    /// The first scope that has any key decides, usable or not.
    Strict,
}

crate::text_enum!(Fallback, "policy" { Chain => "chain", Strict => "strict" });

impl Fallback {
    /// The stricter of two policies; the strictest word wins.
    #[must_use]
    pub fn strictest(self, other: Self) -> Self {
        self.max(other)
    }

    /// Reads a request header; `None` when absent.
    ///
    /// # Errors
    /// Lists the known policies.
    pub fn of_header(text: Option<&str>) -> Result<Option<Self>, String> {
        text.map(Self::from_str).transpose()
    }
}

/// A key that might pay for one model of one provider.
#[derive(Clone, Copy, Debug)]
pub struct Candidate<'a> {
    /// The key.
    pub credential: &'a Credential,
    /// Whether its list (or, without one, the catalogue) has the model.
    pub serves_model: bool,
}

/// Why a key does not pay, in the words of `GET /v2/resolve`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// Switched off by its owner.
    Inactive,
    /// Past its expiry.
    Expired,
    /// The caller may not use this scope: a team's token and personal keys.
    ForbiddenByPolicy,
    /// An endpoint of its own that does not serve this model.
    DoesNotServeModel,
    /// The provider's list for this key does not have the model.
    ModelNotListed,
    /// Refused by the provider less than ten minutes ago.
    Invalid,
    /// Its sealed text does not open.
    Undecryptable,
    /// Of another origin than the first key of its scope.
    OtherOrigin,
    /// A key of a nearer scope decides.
    NearerScopeDecides,
    /// Usable; steps in when the ones before it fail.
    Standby,
    /// The request named another key.
    NotPinned,
}

impl Why {
    /// Whether the next scope may be asked.
    const fn is_absence(self, policy: Fallback) -> bool {
        match self {
            Self::ForbiddenByPolicy | Self::DoesNotServeModel | Self::NotPinned => true,
            Self::Inactive | Self::Expired => matches!(policy, Fallback::Chain),
            _ => false,
        }
    }
}

/// The judgement on one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Which key.
    pub credential: CredentialId,
    /// Whose.
    pub scope: Scope,
    /// Its owner's name for it.
    pub name: String,
    /// Why it does not pay; `None` for the one that does.
    pub why: Option<Why>,
}

/// Who pays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// These, in order: one scope, one provider, one origin.
    Use(Vec<CredentialId>),
    /// The scope that decides has keys, and none of them works.
    Failing(Vec<CredentialId>),
    /// No scope has a key.
    NoKey,
}

/// Who pays, and why everybody else does not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolution {
    /// Who pays.
    pub outcome: Outcome,
    /// One verdict for each candidate, in the order of asking.
    pub verdicts: Vec<Verdict>,
}

/// What the caller wants and may.
#[derive(Clone, Copy, Debug)]
pub struct Wish {
    /// The strictest policy in force.
    pub policy: Fallback,
    /// Whether personal keys may be used at all.
    pub personal_allowed: bool,
    /// The key the request names.
    pub pinned: Option<CredentialId>,
}

/// Decides which of `candidates` (all of one provider) pays for a call at `now`.
#[must_use]
pub fn resolve(candidates: &[Candidate<'_>], wish: Wish, now: Timestamp) -> Resolution {
    let mut ordered: Vec<_> = candidates.to_vec();
    ordered.sort_by_key(|candidate| rank(candidate.credential));
    let mut verdicts: Vec<Verdict> = ordered
        .iter()
        .map(|candidate| Verdict {
            credential: candidate.credential.id,
            scope: candidate.credential.scope,
            name: candidate.credential.name.clone(),
            why: fault(candidate, wish, now),
        })
        .collect();
    let Some(first) = verdicts.iter().position(|verdict| !verdict.why.is_some_and(|why| why.is_absence(wish.policy)))
    else {
        return Resolution { outcome: Outcome::NoKey, verdicts };
    };
    let (scope, origin) = (ordered[first].credential.scope, &ordered[first].credential.origin);
    for (verdict, candidate) in verdicts.iter_mut().zip(&ordered) {
        if candidate.credential.scope > scope {
            verdict.why = Some(verdict.why.unwrap_or(Why::NearerScopeDecides));
        } else if candidate.credential.scope == scope && candidate.credential.origin != *origin {
            verdict.why = Some(verdict.why.unwrap_or(Why::OtherOrigin));
        }
    }
    let usable: Vec<_> = verdicts.iter().filter(|verdict| verdict.why.is_none()).map(|v| v.credential).collect();
    if usable.is_empty() {
        let failing = verdicts
            .iter()
            .filter(|v| v.scope == scope && v.why != Some(Why::OtherOrigin))
            .filter(|v| !v.why.is_some_and(|why| why.is_absence(wish.policy)))
            .map(|v| v.credential)
            .collect();
        return Resolution { outcome: Outcome::Failing(failing), verdicts };
    }
    for verdict in verdicts.iter_mut().filter(|verdict| verdict.why.is_none()).skip(1) {
        verdict.why = Some(Why::Standby);
    }
    Resolution { outcome: Outcome::Use(usable), verdicts }
}

/// Whether the provider refused this key so recently that it is left alone.
#[must_use]
pub fn is_resting(credential: &Credential, now: Timestamp) -> bool {
    credential.status == KeyStatus::Invalid
        && credential
            .checked_at
            .is_some_and(|at| now.as_seconds().saturating_sub(at.as_seconds()) < INVALID_REST_SECONDS)
}

/// Nearest scope first; stored before environment; primary, then priority, then age.
fn rank(credential: &Credential) -> (Scope, bool, bool, i64, Timestamp, CredentialId) {
    (
        credential.scope,
        !credential.is_row(),
        !credential.is_primary,
        credential.priority,
        credential.created_at,
        credential.id,
    )
}

fn fault(candidate: &Candidate<'_>, wish: Wish, now: Timestamp) -> Option<Why> {
    let credential = candidate.credential;
    if wish.pinned.is_some_and(|pinned| pinned != credential.id) {
        Some(Why::NotPinned)
    } else if credential.scope == Scope::Personal && !wish.personal_allowed {
        Some(Why::ForbiddenByPolicy)
    } else if !candidate.serves_model && credential.provider.is_endpoint_bound() {
        Some(Why::DoesNotServeModel)
    } else if !credential.is_active {
        Some(Why::Inactive)
    } else if credential.is_expired(now) {
        Some(Why::Expired)
    } else if credential.status == KeyStatus::Undecryptable {
        Some(Why::Undecryptable)
    } else if is_resting(credential, now) {
        Some(Why::Invalid)
    } else if !candidate.serves_model {
        Some(Why::ModelNotListed)
    } else {
        None
    }
}

#[cfg(test)]
mod tests;
