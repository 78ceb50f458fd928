//! The meter of one upstream call. It is started when the ledger row is
//! committed and settles that row exactly once: when the answer is complete,
//! when it failed, or when it is dropped because the client went away.

use std::time::{Duration, Instant};

use domain::attempt::{AttemptState, ErrorClass};
use domain::ids::AttemptId;
use domain::usage::{TokenCounts, UsageSource, estimated_tokens};
use domain::{Clock, Nanos, Price, ProviderId, Timestamp};
use llm::UpstreamError;
use llm::wire::{AnswerFacts, StreamFacts};
use store::ledger::{Ledger, Settlement};

use crate::App;
use crate::metrics::Metrics;
use crate::witness::Witness;

/// What a failed call used up at the provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Used {
    /// Nothing: the provider refused it, or it was never sent.
    Nothing,
    /// Nobody knows: it was sent and no answer came.
    Unknown,
}

/// How the bill of a call is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reckoning {
    /// From the counts that the provider tells, or from estimated ones.
    Usual,
    /// From the counts that the provider tells; without them nobody knows.
    Told,
    /// Counts are kept where they are told, but they are not of text: the price
    /// of a text's tokens would be a wrong bill.
    ToldUnpriced,
    /// It costs nothing.
    Free,
}

/// Measures one upstream call.
pub(crate) struct Meter {
    ledger: Ledger,
    clock: Clock,
    metrics: Metrics,
    provider: ProviderId,
    attempt: AttemptId,
    witness: Witness,
    price: Option<Price>,
    markup_basis_points: u32,
    prompt_characters: u64,
    reckoning: Reckoning,
    started: Instant,
    first_token: Option<Duration>,
    client_cost: Option<Nanos>,
    /// Whether the call may have left this process.
    was_sent: bool,
    is_settled: bool,
}

impl Meter {
    /// Starts measuring a call whose row is about to be written: whatever
    /// happens from here on, the row gets its end.
    pub(crate) fn start(
        app: &App,
        attempt: AttemptId,
        witness: Witness,
        price: Option<Price>,
        prompt_characters: u64,
        provider: ProviderId,
    ) -> Self {
        app.metrics.call_began();
        Self {
            ledger: app.store.ledger().clone(),
            clock: app.clock.clone(),
            metrics: app.metrics.clone(),
            provider,
            attempt,
            witness,
            price,
            markup_basis_points: 0,
            prompt_characters,
            reckoning: Reckoning::Usual,
            started: Instant::now(),
            first_token: None,
            client_cost: None,
            was_sent: false,
            is_settled: false,
        }
    }

    /// The same meter, with another way to make the bill.
    pub(crate) const fn reckoned(mut self, reckoning: Reckoning) -> Self {
        self.reckoning = reckoning;
        self
    }

    /// The same meter, with this mark-up on the provider's cost.
    pub(crate) const fn marked_up(mut self, basis_points: u32) -> Self {
        self.markup_basis_points = basis_points;
        self
    }

    /// The time now.
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The attempt's id, as it is sent to the provider.
    pub(crate) fn attempt_text(&self) -> String {
        self.attempt.to_string()
    }

    /// The same without hyphens, for answers that Ownkey writes itself.
    pub(crate) fn attempt_digits(&self) -> String {
        self.attempt.0.simple().to_string()
    }

    /// What the caller is billed; `None` until settled, and where nobody knows.
    pub(crate) const fn client_cost(&self) -> Option<Nanos> {
        self.client_cost
    }

    /// The call is about to leave: from now on it may cost something.
    pub(crate) const fn sends(&mut self) {
        self.was_sent = true;
    }

    /// Notes the first byte of content.
    pub(crate) fn saw_output(&mut self) {
        if self.first_token.is_none() {
            self.first_token = Some(self.started.elapsed());
        }
    }

    /// Settles a complete answer. Returns what the caller is billed, if known.
    pub(crate) fn finish_answer(&mut self, facts: &AnswerFacts) -> Option<Nanos> {
        let bill = self.bill(facts.usage, facts.absurd, facts.cost, facts.output_characters);
        let finish = facts.finish.map(|finish| finish.as_str().to_owned());
        self.settle(AttemptState::Settled, bill, finish, None, Some(200));
        bill.client_cost
    }

    /// Settles a stream that ended in `state`.
    pub(crate) fn finish_stream(&mut self, state: AttemptState, facts: &StreamFacts, error: Option<&UpstreamError>) {
        let mut bill = self.bill(facts.usage, facts.absurd, facts.cost, facts.output_characters);
        if let Some(counted) = facts.usage_so_far.filter(|_| facts.usage.is_none() && !facts.absurd) {
            bill = self.bill_so_far(counted, facts.output_characters);
        }
        let finish = facts.finish.map(|finish| finish.as_str().to_owned());
        self.settle(state, bill, finish, error.map(|error| error.class), Some(200));
    }

    /// Settles a call that brought nothing.
    pub(crate) fn fail(&mut self, error: &UpstreamError, used: Used) {
        let bill = match used {
            Used::Nothing => Bill::FREE,
            Used::Unknown if self.reckoning == Reckoning::Free => Bill::FREE,
            Used::Unknown => Bill::UNKNOWN,
        };
        self.settle(AttemptState::Failed, bill, None, Some(error.class), error.status);
    }

    /// The counts and the costs: the provider's own where it sent them, an
    /// estimate where it sent none, nothing where it sent nonsense.
    fn bill(&self, usage: Option<TokenCounts>, absurd: bool, reported: Option<Nanos>, output_characters: u64) -> Bill {
        if absurd {
            return Bill::UNKNOWN;
        }
        let (tokens, source) = match usage {
            _ if self.reckoning == Reckoning::Free => return Bill { tokens: usage, ..Bill::FREE },
            Some(tokens) => (tokens, UsageSource::Provider),
            None if self.reckoning != Reckoning::Usual => {
                let client_cost = reported.map(|cost| cost.marked_up(self.markup_basis_points));
                return Bill { provider_cost: reported, client_cost, ..Bill::UNKNOWN };
            }
            None => (
                TokenCounts {
                    prompt: estimated_tokens(self.prompt_characters),
                    completion: estimated_tokens(output_characters),
                    ..TokenCounts::default()
                },
                UsageSource::Estimated,
            ),
        };
        let provider_cost = reported.or_else(|| self.price.map(|price| price.cost(&tokens)));
        let client_cost = provider_cost.map(|cost| cost.marked_up(self.markup_basis_points));
        Bill { tokens: Some(tokens), source, provider_cost, client_cost }
    }

    /// For an answer that broke off at a provider that counts as it goes: its
    /// prompt, and as much of an answer as was counted or seen.
    fn bill_so_far(&self, counted: TokenCounts, output_characters: u64) -> Bill {
        let completion = counted.completion.max(estimated_tokens(output_characters));
        let bill = self.bill(Some(TokenCounts { completion, ..counted }), false, None, output_characters);
        Bill { source: UsageSource::Estimated, ..bill }
    }

    fn settle(
        &mut self,
        state: AttemptState,
        bill: Bill,
        finish: Option<String>,
        error_class: Option<ErrorClass>,
        status: Option<u16>,
    ) {
        if self.is_settled {
            return;
        }
        self.is_settled = true;
        self.client_cost = bill.client_cost;
        let latency = self.started.elapsed();
        self.metrics.call_ended(self.provider, state, error_class, bill.tokens, latency, self.first_token);
        // The acknowledgement is not awaited: the row is written all the same.
        let row = self.ledger.settle(
            self.attempt,
            Settlement {
                state,
                tokens: bill.tokens,
                usage_source: bill.source,
                provider_cost: bill.provider_cost,
                client_cost: bill.client_cost,
                finish,
                error_class,
                status,
                latency_ms: millis(latency),
                first_token_ms: self.first_token.map(millis),
                at: self.clock.now(),
            },
        );
        self.witness.hears(state, row);
    }
}

impl Drop for Meter {
    /// The client went away before the provider answered. What was sent is
    /// charged by estimate; what never left is free.
    fn drop(&mut self) {
        if !self.is_settled {
            let bill = if self.was_sent { self.bill(None, false, None, 0) } else { Bill::FREE };
            self.settle(AttemptState::Aborted, bill, None, None, None);
        }
    }
}

#[derive(Clone, Copy)]
struct Bill {
    tokens: Option<TokenCounts>,
    source: UsageSource,
    provider_cost: Option<Nanos>,
    client_cost: Option<Nanos>,
}

impl Bill {
    const FREE: Self = Self {
        tokens: None,
        source: UsageSource::Provider,
        provider_cost: Some(Nanos::ZERO),
        client_cost: Some(Nanos::ZERO),
    };

    const UNKNOWN: Self = Self { tokens: None, source: UsageSource::Unknown, provider_cost: None, client_cost: None };
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
