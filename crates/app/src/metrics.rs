//! What Prometheus reads. Labels are bounded: no user, no key, no model text.

use std::sync::Arc;
use std::sync::atomic::AtomicI64;
use std::time::Duration;

use domain::ProviderId;
use domain::attempt::{AttemptState, ErrorClass};
use domain::credential::KeyStatus;
use domain::usage::TokenCounts;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

/// Buckets of durations in seconds, as the OpenTelemetry GenAI conventions have them.
const SECONDS: [f64; 14] = [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92];

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Outcome {
    provider: &'static str,
    state: &'static str,
    error: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Tokens {
    provider: &'static str,
    direction: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Refusal {
    code: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct State {
    status: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Check {
    provider: &'static str,
    status: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Told {
    outcome: &'static str,
}

/// The meters. Cheap to clone: every call does.
#[derive(Clone)]
pub struct Metrics(Arc<Meters>);

struct Meters {
    registry: Registry,
    attempts: Family<Outcome, Counter>,
    tokens: Family<Tokens, Counter>,
    refusals: Family<Refusal, Counter>,
    duration: Histogram,
    first_token: Histogram,
    in_flight: Gauge<i64, AtomicI64>,
    keys: Family<State, Gauge<i64, AtomicI64>>,
    checks: Family<Check, Counter>,
    event_streams: Gauge<i64, AtomicI64>,
    shared_rates: Gauge<i64, AtomicI64>,
    webhook: Family<Told, Counter>,
}

impl Metrics {
    /// Meters at zero.
    #[must_use]
    pub fn new() -> Self {
        let attempts = Family::<Outcome, Counter>::default();
        let tokens = Family::<Tokens, Counter>::default();
        let refusals = Family::<Refusal, Counter>::default();
        let duration = Histogram::new(SECONDS);
        let first_token = Histogram::new(SECONDS);
        let in_flight = Gauge::<i64, AtomicI64>::default();
        let mut registry = Registry::with_prefix("ownkey");
        registry.register("attempts", "Upstream calls by how they ended", attempts.clone());
        registry.register("tokens", "Tokens read and generated", tokens.clone());
        registry.register("refusals", "Requests refused before an upstream call", refusals.clone());
        registry.register("attempt_duration_seconds", "Upstream calls, to the last byte", duration.clone());
        registry.register("first_token_seconds", "Upstream calls, to the first byte of content", first_token.clone());
        registry.register("attempts_in_flight", "Upstream calls not ended yet", in_flight.clone());
        let keys = Family::<State, Gauge<i64, AtomicI64>>::default();
        let checks = Family::<Check, Counter>::default();
        let event_streams = Gauge::<i64, AtomicI64>::default();
        registry.register("keys", "Stored provider keys by state, all nodes together", keys.clone());
        registry.register("checks", "Checks of provider keys by what they found", checks.clone());
        registry.register("event_streams", "Streams of events open", event_streams.clone());
        let shared_rates = Gauge::<i64, AtomicI64>::default();
        registry.register(
            "shared_rates",
            "1 while request rates are counted together with other nodes, 0 while by this node alone",
            shared_rates.clone(),
        );
        let webhook = Family::<Told, Counter>::default();
        registry.register("webhook_messages", "Messages of the webhook by what became of a try", webhook.clone());
        Self(Arc::new(Meters {
            registry,
            attempts,
            tokens,
            refusals,
            duration,
            first_token,
            in_flight,
            keys,
            checks,
            event_streams,
            shared_rates,
            webhook,
        }))
    }

    /// All meters in Prometheus' text format.
    #[must_use]
    pub fn render(&self) -> String {
        let mut text = String::new();
        match prometheus_client::encoding::text::encode(&mut text, &self.0.registry) {
            Ok(()) => text,
            Err(_) => String::new(),
        }
    }

    /// A request ended without an upstream call.
    pub fn refused(&self, code: &'static str) {
        self.0.refusals.get_or_create(&Refusal { code }).inc();
    }

    /// How many keys are in each state; the states not named have none.
    pub(crate) fn keys_counted(&self, keys: &[(KeyStatus, i64)]) {
        for status in KeyStatus::ALL {
            let number = keys.iter().find(|(known, _)| known == status).map_or(0, |(_, number)| *number);
            self.0.keys.get_or_create(&State { status: status.as_str() }).set(number);
        }
    }

    /// A check found this.
    pub(crate) fn checked(&self, provider: ProviderId, status: KeyStatus) {
        let (provider, status) = (provider.as_str(), status.as_str());
        self.0.checks.get_or_create(&Check { provider, status }).inc();
    }

    pub(crate) fn rates_are_shared(&self, are_shared: bool) {
        self.0.shared_rates.set(i64::from(are_shared));
    }

    pub(crate) fn webhook_tried(&self, is_taken: bool) {
        let outcome = if is_taken { "delivered" } else { "failed" };
        self.0.webhook.get_or_create(&Told { outcome }).inc();
    }

    pub(crate) fn webhook_given_up(&self) {
        self.0.webhook.get_or_create(&Told { outcome: "given_up" }).inc();
    }

    pub(crate) fn event_stream_opened(&self) {
        self.0.event_streams.inc();
    }

    pub(crate) fn event_stream_closed(&self) {
        self.0.event_streams.dec();
    }

    pub(crate) fn call_began(&self) {
        self.0.in_flight.inc();
    }

    pub(crate) fn call_ended(
        &self,
        provider: ProviderId,
        state: AttemptState,
        error: Option<ErrorClass>,
        tokens: Option<TokenCounts>,
        latency: Duration,
        first_token: Option<Duration>,
    ) {
        self.0.in_flight.dec();
        let provider = provider.as_str();
        let error = error.map_or("", ErrorClass::as_str);
        self.0.attempts.get_or_create(&Outcome { provider, state: state.as_str(), error }).inc();
        self.0.duration.observe(latency.as_secs_f64());
        if let Some(first_token) = first_token {
            self.0.first_token.observe(first_token.as_secs_f64());
        }
        if let Some(tokens) = tokens {
            self.0.tokens.get_or_create(&Tokens { provider, direction: "input" }).inc_by(tokens.prompt);
            self.0.tokens.get_or_create(&Tokens { provider, direction: "output" }).inc_by(tokens.completion);
        }
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}
