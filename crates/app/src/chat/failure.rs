//! From what went wrong in the attempts to what the client is told.

use std::sync::Arc;
use std::time::Duration;

use domain::attempt::ErrorClass;
use domain::{Caller, ProviderId};
use llm::UpstreamError;
use llm::wire::{ClientRequest, RequestError};

use crate::App;
use crate::error::{Code, Details, Error, FailedAttempt};
use crate::naming::{self, Place};
use crate::reach::{self, Key};

/// Fields whose absence changes no answer's meaning: what a custom endpoint is
/// tried without.
const OPTIONAL_FIELDS: [&str; 8] = [
    "stream_options",
    "user",
    "store",
    "metadata",
    "service_tier",
    "prompt_cache_key",
    "safety_identifier",
    "parallel_tool_calls",
];

/// An attempt that failed before anything reached the client.
pub(super) struct AttemptFailure {
    /// The key that paid, or would have.
    pub(super) key: Arc<Key>,
    /// What went wrong.
    pub(super) error: UpstreamError,
}

impl AttemptFailure {
    /// Whether the payer's next key of the same origin may do better.
    pub(super) const fn next_key_may_help(&self) -> bool {
        matches!(
            self.error.class,
            ErrorClass::InvalidKey
                | ErrorClass::KeyLimited
                | ErrorClass::NoCredit
                | ErrorClass::QuotaExhausted
                | ErrorClass::RateLimited
        )
    }

    /// Whether the call may be made once more as it was: the provider failed at
    /// once, or was not reached, and this key has had no second try.
    pub(super) fn same_key_may_help(&self, earlier: &[Self]) -> bool {
        let had_a_second_try = earlier.iter().any(|other| other.is_hiccup() && self.is_of_key_of(other));
        self.is_hiccup() && !had_a_second_try
    }

    /// A server's error, or a connection that was never made. Never a time-out:
    /// the provider may have worked, and charged.
    fn is_hiccup(&self) -> bool {
        let is_transient = match self.error.class {
            ErrorClass::ServerError => self.error.status.is_some_and(|status| status >= 500),
            // Retryable only when nothing was sent.
            ErrorClass::Unreachable => true,
            _ => false,
        };
        is_transient && self.error.is_retryable
    }

    fn is_of_key_of(&self, other: &Self) -> bool {
        self.key.credential().id == other.key.credential().id
    }

    /// A field that a custom endpoint named in its refusal and that may be left
    /// out once, because nobody knows what such an endpoint takes.
    pub(super) fn field_to_leave_out(&self, request: &ClientRequest<'_>) -> Option<String> {
        let is_custom = self.key.credential().provider == ProviderId::Custom;
        if !is_custom || self.error.class != ErrorClass::BadRequest {
            return None;
        }
        OPTIONAL_FIELDS
            .into_iter()
            .find(|field| {
                let names_it = self.error.param.as_deref() == Some(field) || self.error.message.contains(field);
                names_it && request.may_leave_out(field)
            })
            .map(str::to_owned)
    }

    fn public(&self) -> FailedAttempt {
        let credential = self.key.credential();
        FailedAttempt {
            credential: credential.id,
            scope: credential.scope,
            provider: credential.provider,
            class: self.error.class,
        }
    }
}

/// A body that is no chat request.
pub(super) fn of_request(problem: &RequestError) -> Error {
    let code = if problem.code == "invalid_json" { Code::InvalidJson } else { Code::InvalidRequest };
    let error = Error::new(code, problem.to_string());
    match &problem.param {
        Some(param) => error.of_field(param),
        None => error,
    }
}

/// The one error for a request whose attempts all failed.
pub(super) fn of_attempts(app: &App, caller: &Caller, place: &Place, failures: &[AttemptFailure]) -> Error {
    let Some(last) = failures.last() else {
        return Error::new(Code::Internal, "No key was tried. Try again, and report the request id if it stays.");
    };
    let mut error = if last.error.class.is_the_requests_fault() {
        rejected(app, place, &last.error)
    } else {
        exhausted(caller, place, failures)
    };
    error.details.attempts = failures.iter().map(AttemptFailure::public).collect();
    error
}

/// The provider's own no to the request, in the client's words.
fn rejected(app: &App, place: &Place, upstream: &UpstreamError) -> Error {
    let provider = place.provider.display_name();
    if upstream.class == ErrorClass::NotFound {
        let sentence = naming::retired_hint(place.provider, &place.upstream_id, app.catalogue)
            .unwrap_or_else(|| format!("{provider} answered: {}", upstream.message));
        return Error::new(Code::ModelNotFound, sentence).of_field("model");
    }
    let mut error = Error::new(Code::ProviderRejected, upstream.message.clone());
    error.details = Box::new(Details {
        field: upstream.param.clone(),
        provider_status: upstream.status.filter(|status| matches!(status, 400 | 413 | 422)),
        provider_code: upstream.code.clone(),
        ..Details::default()
    });
    error
}

/// What each key came to in the end, in the order of the attempts.
fn last_of_each_key(failures: &[AttemptFailure]) -> Vec<&AttemptFailure> {
    let is_last = |(at, failure): &(usize, &AttemptFailure)| {
        !failures.iter().skip(at + 1).any(|later| later.is_of_key_of(failure))
    };
    failures.iter().enumerate().filter(is_last).map(|(_, failure)| failure).collect()
}

fn exhausted(caller: &Caller, place: &Place, failures: &[AttemptFailure]) -> Error {
    let provider = place.provider.display_name();
    let failures = last_of_each_key(failures);
    let all = |class: ErrorClass| failures.iter().all(|failure| failure.error.class == class);
    let is_limit = |class| matches!(class, ErrorClass::RateLimited | ErrorClass::QuotaExhausted);
    let wait = failures.iter().filter_map(|failure| failure.error.retry_after).min();
    let titles: Vec<String> =
        failures.iter().map(|failure| reach::title_for(caller, failure.key.credential())).collect();
    let titles = titles.join(", ");
    if failures.iter().all(|failure| is_limit(failure.error.class)) {
        let wait = wait.or(Some(Duration::from_secs(1)));
        return Error::new(
            Code::RateLimited,
            format!("{provider}'s rate limit for the key {titles} is reached. Wait, then try again."),
        )
        .retry_after(wait);
    }
    if all(ErrorClass::Overloaded) {
        return Error::new(Code::ProviderOverloaded, format!("{provider} is short of capacity. Try again shortly."))
            .retry_after(wait);
    }
    if all(ErrorClass::Timeout) {
        return Error::new(
            Code::ProviderTimeout,
            format!("{provider} did not answer in time. Try again, or ask for a shorter answer."),
        );
    }
    if let Some(blamed) = failures.iter().find(|failure| failure.error.class.is_the_keys_fault()) {
        return key_trouble(provider, &titles, blamed.error.class);
    }
    if all(ErrorClass::EndpointRefused) {
        let sentence = failures.first().map(|failure| failure.error.message.clone()).unwrap_or_default();
        let mut error = Error::new(Code::EndpointNotAllowed, sentence);
        error.details.provider_status = Some(502);
        return error;
    }
    let sentence = failures.last().map(|failure| failure.error.message.clone()).unwrap_or_default();
    Error::new(Code::ProviderError, format!("{provider} failed: {sentence}")).retry_after(wait)
}

fn key_trouble(provider: &str, titles: &str, class: ErrorClass) -> Error {
    let trouble = match class {
        ErrorClass::NoCredit => "has no credit left. Top it up at the provider, or use another key",
        ErrorClass::KeyLimited => "lacks a right for this call. Give it that right at the provider, or use another key",
        ErrorClass::Forbidden => "may not be used from here. Ask the provider why, or use another key",
        _ => "was refused. Correct it at /keys, or use another key",
    };
    Error::new(Code::UpstreamCredentialsExhausted, format!("The {provider} key {titles} {trouble}."))
}

/// A failure that came after the answer had begun, as the last event says it.
pub(super) fn of_stream(provider: &str, upstream: &UpstreamError) -> Error {
    match upstream.class {
        ErrorClass::StreamTruncated => Error::new(
            Code::ProviderError,
            format!("{provider} broke the answer off before its end. What came is not complete; try again."),
        ),
        ErrorClass::Timeout => Error::new(
            Code::ProviderTimeout,
            format!("{provider} fell silent in the middle of the answer. What came is not complete; try again."),
        ),
        ErrorClass::Overloaded => {
            Error::new(Code::ProviderOverloaded, format!("{provider} ran out of capacity in the middle of the answer."))
        }
        ErrorClass::RateLimited => {
            Error::new(Code::RateLimited, format!("{provider}'s rate limit was reached in the middle of the answer."))
                .retry_after(upstream.retry_after)
        }
        _ => Error::new(
            Code::ProviderError,
            format!("{provider} failed in the middle of the answer: {}", upstream.message),
        ),
    }
}
