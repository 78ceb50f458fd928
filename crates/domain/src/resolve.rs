//! Which key pays. Scopes are asked from the nearest outwards; a scope without
//! a key is passed over, a scope whose key fails is not: nobody's money is
//! silently replaced by somebody else's.

mod policy;

use serde::Serialize;

use crate::credential::{Credential, KeyStatus, Scope};
use crate::ids::CredentialId;
use crate::organization::{KeyOrder, Rules};
use crate::spread::{self, Contender, Turns};
use crate::time::Timestamp;

pub use policy::{CrossRefused, Fallback, Said};

/// For how long a key known to be refused is not called again, in seconds.
pub const INVALID_REST_SECONDS: i64 = 600;

/// A key that might pay for one model of one provider.
#[derive(Clone, Copy, Debug)]
pub struct Candidate<'a> {
    /// The key.
    pub credential: &'a Credential,
    /// Whether its list (or, without one, the catalogue) has the model.
    pub serves_model: bool,
    /// Until when the provider lets it not call this model.
    pub cooling_until: Option<Timestamp>,
    /// What it did lately, where calls go to the one that did least.
    pub used: u64,
}

/// Why a key does not pay, in the words of `GET /v2/resolve`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// Switched off by its owner.
    Inactive,
    /// Past its expiry.
    Expired,
    /// The caller may not use it: a personal key for a team's token, or against
    /// the rules of the organization they act in.
    ForbiddenByPolicy,
    /// An endpoint of its own that does not serve this model.
    DoesNotServeModel,
    /// The provider's list for this key does not have the model.
    ModelNotListed,
    /// Refused by the provider less than ten minutes ago.
    Invalid,
    /// Its sealed text does not open.
    Undecryptable,
    /// At its rate limit for this model, until the time the verdict says.
    CoolingDown,
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
            Self::Inactive | Self::Expired => !matches!(policy, Fallback::Strict),
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
    /// Until when it is at its rate limit, when that is why.
    pub cooling_until: Option<Timestamp>,
}

/// Who pays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// These, in order: one scope, one provider, one origin; under `cross` then
    /// those of the scopes after it.
    Use(Vec<CredentialId>),
    /// The scope that decides has keys, and none of them works.
    Failing,
    /// No scope has a key.
    NoKey,
}

/// Who pays, and why everybody else does not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolution {
    /// Who pays.
    pub outcome: Outcome,
    /// The keys that would be asked too, and fail.
    pub failing: Vec<CredentialId>,
    /// One verdict for each candidate, in the order of asking.
    pub verdicts: Vec<Verdict>,
}

impl Resolution {
    /// The verdict on one key.
    #[must_use]
    pub fn verdict(&self, credential: CredentialId) -> Option<&Verdict> {
        self.verdicts.iter().find(|verdict| verdict.credential == credential)
    }
}

/// What the caller wants and may.
#[derive(Clone, Copy, Debug)]
pub struct Wish<'a> {
    /// The strictest policy in force.
    pub policy: Fallback,
    /// Whether personal keys may be used at all.
    pub personal_allowed: bool,
    /// The rules of the organization that the caller acts in.
    pub rules: Option<&'a Rules>,
    /// The key the request names.
    pub pinned: Option<CredentialId>,
    /// Whose turn it is among several usable keys.
    pub turns: Turns<'a>,
}

/// Decides which of `candidates` (all of one provider) pays for a call at `now`.
#[must_use]
pub fn resolve(candidates: &[Candidate<'_>], wish: Wish<'_>, now: Timestamp) -> Resolution {
    let mut ordered: Vec<_> = candidates.to_vec();
    let order = wish.rules.map_or(KeyOrder::PersonalFirst, |rules| rules.order);
    ordered.sort_by_key(|candidate| rank(candidate.credential, order));
    let mut verdicts: Vec<Verdict> = ordered.iter().map(|candidate| verdict(candidate, wish, now)).collect();
    let is_failing = |verdict: &Verdict| {
        verdict.why.is_some_and(|why| !why.is_absence(wish.policy) && !matches!(why, Why::OtherOrigin))
    };
    let decides = |verdict: &Verdict| verdict.why.is_none() || is_failing(verdict);
    let Some(first) = verdicts.iter().position(decides) else {
        return Resolution { outcome: Outcome::NoKey, failing: Vec::new(), verdicts };
    };
    let (scope, origin) = (ordered[first].credential.scope, &ordered[first].credential.origin);
    let may_leave = wish.policy == Fallback::Cross;
    let is_asked = |scope_of_key| scope_of_key == scope || may_leave;
    for (verdict, candidate) in verdicts.iter_mut().zip(&ordered) {
        if !is_asked(candidate.credential.scope) {
            verdict.why = verdict.why.or(Some(Why::NearerScopeDecides));
        } else if candidate.credential.scope == scope && candidate.credential.origin != *origin {
            verdict.why = verdict.why.or(Some(Why::OtherOrigin));
        }
    }
    let is_in_the_way = |candidate: &Candidate<'_>| {
        let at = candidate.credential;
        is_asked(at.scope) && (at.scope != scope || at.origin == *origin)
    };
    let failing = ordered
        .iter()
        .zip(&verdicts)
        .filter(|(candidate, verdict)| is_in_the_way(candidate) && is_failing(verdict))
        .map(|(_, verdict)| verdict.credential)
        .collect();
    let usable = usable(&ordered, &verdicts, wish.turns);
    for verdict in &mut verdicts {
        let is_standby = verdict.why.is_none() && usable.first() != Some(&verdict.credential);
        verdict.why = if is_standby { Some(Why::Standby) } else { verdict.why };
    }
    let outcome = if usable.is_empty() { Outcome::Failing } else { Outcome::Use(usable) };
    Resolution { outcome, failing, verdicts }
}

/// The keys nothing speaks against, in the order in which they are tried: scope
/// after scope, within one those of the store before those of the environment.
fn usable(ordered: &[Candidate<'_>], verdicts: &[Verdict], turns: Turns<'_>) -> Vec<CredentialId> {
    let good: Vec<_> = ordered.iter().zip(verdicts).filter(|(_, verdict)| verdict.why.is_none()).collect();
    let rung = |candidate: &Candidate<'_>| (candidate.credential.scope, candidate.credential.is_row());
    let mut usable = Vec::with_capacity(good.len());
    for group in good.chunk_by(|(one, _), (other, _)| rung(one) == rung(other)) {
        let mut keys: Vec<_> = group
            .iter()
            .map(|(candidate, _)| Contender { credential: candidate.credential.id, used: candidate.used })
            .collect();
        if let Some((first, _)) = group.first() {
            spread::order(&mut keys, turns.of(first.credential.scope));
        }
        usable.extend(keys.iter().map(|key| key.credential));
    }
    usable
}

/// Whether the provider refused this key so recently that it is left alone.
#[must_use]
pub fn is_resting(credential: &Credential, now: Timestamp) -> bool {
    credential.status == KeyStatus::Invalid
        && credential
            .checked_at
            .is_some_and(|at| now.as_seconds().saturating_sub(at.as_seconds()) < INVALID_REST_SECONDS)
}

/// Nearest scope first, as the organization orders them; stored before environment; primary, then priority, then age.
fn rank(credential: &Credential, order: KeyOrder) -> (u8, bool, bool, i64, Timestamp, CredentialId) {
    (
        order.place(credential.scope),
        !credential.is_row(),
        !credential.is_primary,
        credential.priority,
        credential.created_at,
        credential.id,
    )
}

fn verdict(candidate: &Candidate<'_>, wish: Wish<'_>, now: Timestamp) -> Verdict {
    let why = fault(candidate, wish, now);
    Verdict {
        credential: candidate.credential.id,
        scope: candidate.credential.scope,
        name: candidate.credential.name.clone(),
        why,
        cooling_until: candidate.cooling_until.filter(|_| why == Some(Why::CoolingDown)),
    }
}

/// Whether the caller may use this key at all.
fn may_pay(credential: &Credential, wish: Wish<'_>) -> bool {
    let is_ruled_out = wish.rules.is_some_and(|rules| !rules.allow(credential.scope, credential.provider));
    !is_ruled_out && (credential.scope != Scope::Personal || wish.personal_allowed)
}

fn fault(candidate: &Candidate<'_>, wish: Wish<'_>, now: Timestamp) -> Option<Why> {
    let credential = candidate.credential;
    if wish.pinned.is_some_and(|pinned| pinned != credential.id) {
        Some(Why::NotPinned)
    } else if !may_pay(credential, wish) {
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
    } else if candidate.cooling_until.is_some_and(|until| now < until) {
        Some(Why::CoolingDown)
    } else {
        None
    }
}

#[cfg(test)]
mod tests;
