//! What a summary has lines for, and what a line says.

use domain::credential::Scope;
use domain::ids::{CredentialId, TokenId};
use domain::usage::TokenCounts;
use domain::{Nanos, ProviderId};

use crate::ledger::CallSource;

/// What a summary has one line for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GroupBy {
    /// A day, UTC.
    Day,
    /// A provider's model.
    Model,
    /// A provider.
    Provider,
    /// A key.
    Credential,
    /// Where calls come from.
    Source,
    /// A gateway token.
    Token,
    /// A team.
    Team,
    /// A user.
    User,
    /// An organization.
    Organization,
    /// Whose key paid.
    Scope,
}

domain::text_enum!(GroupBy, "grouping" {
    Day => "day",
    Model => "model",
    Provider => "provider",
    Credential => "credential",
    Source => "source",
    Token => "token",
    Team => "team",
    User => "user",
    Organization => "organization",
    Scope => "scope",
});

impl GroupBy {
    /// What it is made of, in SQL.
    pub(in crate::usage) const fn column(self) -> &'static str {
        match self {
            Self::Day => "CAST(day AS TEXT)",
            Self::Model => "provider || '/' || model",
            Self::Provider => "provider",
            Self::Credential => "credential_id",
            Self::Source => "source",
            Self::Token => "token_id",
            Self::Team => "team_id",
            Self::User => "user_id",
            Self::Organization => "organization_id",
            Self::Scope => "scope",
        }
    }
}

/// What keys of one scope paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Paid {
    /// Attempts.
    pub attempts: i64,
    /// What providers bill for them, as far as it is known.
    pub provider_cost: Nanos,
    /// What clients are billed for them.
    pub client_cost: Nanos,
}

/// One line of a summary.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct UsageLine {
    /// `2026-11-21`, where there is a line for each day.
    pub day: Option<String>,
    /// `2026-11-21`, `openai/gpt-6`, `openai`, an id, or `chat`; empty for calls
    /// without a token or a team.
    pub key: String,
    /// Requests whose first attempt is in this line: lines add up.
    pub requests: i64,
    /// Attempts.
    pub attempts: i64,
    /// Attempts that were answered completely.
    pub answered: i64,
    /// Attempts that failed.
    pub failed: i64,
    /// Attempts whose cost nobody knows; never counted as zero.
    pub unknown: i64,
    /// Attempts whose usage is estimated.
    pub estimated: i64,
    /// Of these, what people's own keys paid.
    pub personal: Paid,
    /// Of these, what organizations' keys paid.
    pub organization: Paid,
    /// The tokens that are known.
    pub tokens: TokenCounts,
    /// The provider's cost that is known.
    pub provider_cost: Nanos,
    /// The client's cost that is known.
    pub client_cost: Nanos,
    /// Until the last byte, of those answered, together.
    pub latency_ms: i64,
    /// Those answered that had a first byte of content.
    pub first_tokens: i64,
    /// Until that byte, together.
    pub first_token_ms: i64,
}

impl UsageLine {
    /// What keys of a scope paid.
    #[must_use]
    pub const fn paid(&self, scope: Scope) -> Paid {
        match scope {
            Scope::Personal => self.personal,
            Scope::Organization => self.organization,
            Scope::System => Paid {
                attempts: self.attempts - self.personal.attempts - self.organization.attempts,
                provider_cost: Nanos(
                    self.provider_cost.0 - self.personal.provider_cost.0 - self.organization.provider_cost.0,
                ),
                client_cost: Nanos(self.client_cost.0 - self.personal.client_cost.0 - self.organization.client_cost.0),
            },
        }
    }

    /// How long an answer took, in the mean.
    #[must_use]
    pub const fn mean_latency_ms(&self) -> Option<i64> {
        self.latency_ms.checked_div(self.answered)
    }

    /// How long its first byte took, in the mean.
    #[must_use]
    pub const fn mean_first_token_ms(&self) -> Option<i64> {
        self.first_token_ms.checked_div(self.first_tokens)
    }

    /// Adds another line to this one.
    pub fn add(&mut self, other: &Self) {
        for (sum, more) in [
            (&mut self.requests, other.requests),
            (&mut self.attempts, other.attempts),
            (&mut self.answered, other.answered),
            (&mut self.failed, other.failed),
            (&mut self.unknown, other.unknown),
            (&mut self.estimated, other.estimated),
            (&mut self.personal.attempts, other.personal.attempts),
            (&mut self.organization.attempts, other.organization.attempts),
            (&mut self.latency_ms, other.latency_ms),
            (&mut self.first_tokens, other.first_tokens),
            (&mut self.first_token_ms, other.first_token_ms),
        ] {
            *sum = sum.saturating_add(more);
        }
        for (sum, more) in [
            (&mut self.tokens.prompt, other.tokens.prompt),
            (&mut self.tokens.completion, other.tokens.completion),
            (&mut self.tokens.cached, other.tokens.cached),
            (&mut self.tokens.cache_write, other.tokens.cache_write),
            (&mut self.tokens.reasoning, other.tokens.reasoning),
        ] {
            *sum = sum.saturating_add(more);
        }
        for (sum, more) in [(&mut self.personal, other.personal), (&mut self.organization, other.organization)] {
            sum.provider_cost = sum.provider_cost.plus(more.provider_cost);
            sum.client_cost = sum.client_cost.plus(more.client_cost);
        }
        self.provider_cost = self.provider_cost.plus(other.provider_cost);
        self.client_cost = self.client_cost.plus(other.client_cost);
    }

    /// All lines in one.
    #[must_use]
    pub fn total(lines: &[Self]) -> Self {
        let mut total = Self::default();
        lines.iter().for_each(|line| total.add(line));
        total
    }
}

/// What calls of one kind come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Combination {
    /// The provider called.
    pub provider: ProviderId,
    /// Its id of the model.
    pub model: String,
    /// The key that paid.
    pub credential: CredentialId,
    /// Where they came from.
    pub source: CallSource,
    /// With which gateway token.
    pub token: Option<TokenId>,
    /// What they come to.
    pub sums: UsageLine,
}

/// What calls of one kind come to, whoever made them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kind {
    /// The provider called.
    pub provider: ProviderId,
    /// Its id of the model.
    pub model: String,
    /// Where they came from.
    pub source: CallSource,
    /// What they come to.
    pub sums: UsageLine,
}

/// The groups that are told apart, and the others.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Largest {
    /// Those with the most, the largest first.
    pub lines: Vec<UsageLine>,
    /// How many more there are, two at least, and what they come to.
    pub others: Option<(i64, UsageLine)>,
}

/// What a team's calls come to, or an organization's that are no team's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// The organization; empty: none.
    pub organization: String,
    /// What they come to; its key is the team, empty for none.
    pub sums: UsageLine,
}
