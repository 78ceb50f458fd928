//! The life of one upstream call, as the ledger knows it, and the classes of
//! what can go wrong in it.

use serde::{Deserialize, Serialize};

/// Where an attempt stands. A row starts as `Dispatched`, committed before the
/// first byte leaves, and moves once, to one of the final states.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AttemptState {
    /// About to be sent, or sent: no outcome yet.
    Dispatched,
    /// Answered completely.
    Settled,
    /// The client went away; what was streamed until then is charged.
    Aborted,
    /// The provider refused or failed; the cost is what it reported, mostly none.
    Failed,
    /// The process died before an outcome was known. Never counted as zero.
    Unknown,
}

crate::text_enum!(AttemptState, "attempt state" {
    Dispatched => "dispatched",
    Settled => "settled",
    Aborted => "aborted",
    Failed => "failed",
    Unknown => "unknown",
});

/// What kind of failure an attempt met. It decides who may try again, and what
/// the client is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorClass {
    /// The key is wrong, revoked, expired or missing.
    InvalidKey,
    /// The key is real but lacks a right for this call.
    KeyLimited,
    /// No money, or a spending limit is reached.
    NoCredit,
    /// The day's quota is gone.
    QuotaExhausted,
    /// Too many calls a minute.
    RateLimited,
    /// The provider is short of capacity.
    Overloaded,
    /// The provider failed.
    ServerError,
    /// No answer in time.
    Timeout,
    /// Region, network, licence, organization: a person has to act.
    Forbidden,
    /// The model or deployment is unknown to this key.
    NotFound,
    /// The request itself is wrong.
    BadRequest,
    /// The prompt is longer than the model's context.
    ContextTooLong,
    /// The body, or one request's tokens, are over a limit.
    TooLarge,
    /// Refused by the provider's content filter.
    ContentFiltered,
    /// The connection ended without an end mark.
    StreamTruncated,
    /// No connection could be made: name, TCP or TLS.
    Unreachable,
    /// The egress guard refused the endpoint.
    EndpointRefused,
    /// The stored key does not open under its row's identity.
    Undecryptable,
}

crate::text_enum!(ErrorClass, "error class" {
    InvalidKey => "invalid_key",
    KeyLimited => "key_limited",
    NoCredit => "no_credit",
    QuotaExhausted => "quota_exhausted",
    RateLimited => "rate_limited",
    Overloaded => "overloaded",
    ServerError => "server_error",
    Timeout => "timeout",
    Forbidden => "forbidden",
    NotFound => "not_found",
    BadRequest => "bad_request",
    ContextTooLong => "context_too_long",
    TooLarge => "too_large",
    ContentFiltered => "content_filtered",
    StreamTruncated => "stream_truncated",
    Unreachable => "unreachable",
    EndpointRefused => "endpoint_refused",
    Undecryptable => "undecryptable",
});

impl ErrorClass {
    /// Whether the fault is the request's own, so that the provider's answer is
    /// the client's to read and no other key would help.
    #[must_use]
    pub const fn is_the_requests_fault(self) -> bool {
        matches!(
            self,
            Self::NotFound | Self::BadRequest | Self::ContextTooLong | Self::TooLarge | Self::ContentFiltered
        )
    }

    /// Whether the fault lies with the key, so that its owner has to act.
    #[must_use]
    pub const fn is_the_keys_fault(self) -> bool {
        matches!(self, Self::InvalidKey | Self::KeyLimited | Self::NoCredit | Self::Forbidden | Self::Undecryptable)
    }

    /// Whether the key is at a limit of its own, which ends by itself.
    #[must_use]
    pub const fn is_a_limit(self) -> bool {
        matches!(self, Self::RateLimited | Self::QuotaExhausted)
    }
}
