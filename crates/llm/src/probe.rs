//! Checking a key: one cheap request that costs nothing, and the list of models
//! the key opens. What the provider writes is read, never repeated.
//!
//! A good check proves that the provider knows the key, not that there is money:
//! only OpenRouter says so without a paid call.

mod steps;
mod verdict;

use std::time::Duration;

use domain::credential::KeyStatus;
use domain::model::ListedModel;
use domain::{ProviderId, Secret};
use http::{HeaderName, HeaderValue};
use tokio::time::Instant;

pub use verdict::{Verdict, verdict};

use crate::client::Upstream;
use crate::egress::Endpoint;

/// How long a check may take, all its requests together.
const TIME_LIMIT: Duration = Duration::from_secs(10);

/// The key to check.
pub struct ProbeTarget<'a> {
    /// Its provider.
    pub provider: ProviderId,
    /// Where it is used.
    pub endpoint: &'a Endpoint,
    /// The key; `None` for a server that needs none.
    pub secret: Option<&'a Secret>,
    /// Headers sent along with it.
    pub headers: &'a [(HeaderName, HeaderValue)],
}

/// What a check found.
#[derive(Clone, Debug, PartialEq)]
pub struct ProbeReport {
    /// The key's health. `Unreachable` says nothing about the key.
    pub status: KeyStatus,
    /// The health in plain words: ours, never the provider's.
    pub reason: String,
    /// The models it opens; `None`: not learnt, keep the last list.
    pub models: Option<Vec<ListedModel>>,
    /// Another base URL that worked where this one did not.
    pub endpoint_hint: Option<String>,
    /// How long the check took.
    pub latency: Duration,
}

/// Whether a check of this provider's keys can tell that there is no money.
#[must_use]
pub const fn sees_credit(provider: ProviderId) -> bool {
    matches!(provider, ProviderId::OpenRouter)
}

/// Checks a key within ten seconds. Never fails: what goes wrong is the report.
pub async fn probe(upstream: &Upstream, target: &ProbeTarget<'_>) -> ProbeReport {
    let started = Instant::now();
    let name = target.provider.display_name();
    let findings = if target.provider.facts().needs_key && target.secret.is_none() {
        let reason = format!("There is no key to check. {name} needs one.");
        steps::Findings::of(Verdict::new(KeyStatus::Unverified, reason))
    } else {
        steps::Check { upstream, target, deadline: started + TIME_LIMIT }.run().await
    };
    ProbeReport {
        status: findings.verdict.status,
        reason: findings.verdict.reason,
        models: findings.models,
        endpoint_hint: findings.endpoint_hint,
        latency: started.elapsed(),
    }
}

#[cfg(test)]
mod tests;
