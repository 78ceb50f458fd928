//! From what went wrong in the attempts to what the client is told, whatever
//! was asked.

use std::sync::Arc;
use std::time::Duration;

use domain::attempt::ErrorClass;
use domain::credential::KeyStatus;
use domain::{Caller, ProviderId, Timestamp};
use llm::UpstreamError;
use llm::wire::RequestError;

use crate::App;
use crate::error::{Code, Details, Error, FailedAttempt};
use crate::exhausted::{self, Ended};
use crate::naming::{self, Place};
use crate::paying::Resting;
use crate::reach::Key;
use crate::{checks, cooling, paying};

/// Fields whose absence changes no answer's meaning: what a custom endpoint is
/// tried without. (Vectors come in the encoding that was asked for all the same.)
const OPTIONAL_FIELDS: [&str; 9] = [
    "stream_options",
    "user",
    "store",
    "metadata",
    "service_tier",
    "prompt_cache_key",
    "safety_identifier",
    "parallel_tool_calls",
    "encoding_format",
];

/// An attempt that failed before anything reached the client.
pub(crate) struct AttemptFailure {
    /// The key that paid, or would have.
    pub(crate) key: Arc<Key>,
    /// What went wrong.
    pub(crate) error: UpstreamError,
    /// How long until the key may be tried again, where that is known.
    pub(crate) wait: Option<Duration>,
    /// Whether it came as far as a row of the ledger.
    pub(crate) has_row: bool,
}

impl AttemptFailure {
    /// Whether `next` may do better. Keys of one scope share provider and
    /// origin, so only what is the key's own counts there; a key of another
    /// scope or origin may also be better off with a provider that fails.
    pub(crate) fn may_hand_over_to(&self, next: &Key, is_idempotent: bool) -> bool {
        let (this, next) = (self.key.credential(), next.credential());
        let is_elsewhere = this.scope != next.scope || this.origin != next.origin;
        match self.error.class {
            ErrorClass::InvalidKey
            | ErrorClass::KeyLimited
            | ErrorClass::NoCredit
            | ErrorClass::QuotaExhausted
            | ErrorClass::RateLimited
            | ErrorClass::Undecryptable => true,
            // Short of capacity for this key's account, until a time it named.
            ErrorClass::Overloaded => is_elsewhere || cooling::calls_for_it(&self.error),
            ErrorClass::ServerError => self.is_hiccup(),
            // It was sent, and may have been worked on: nobody pays twice unasked.
            ErrorClass::Timeout => is_idempotent,
            ErrorClass::Unreachable => is_elsewhere && (self.error.is_retryable || is_idempotent),
            ErrorClass::Forbidden | ErrorClass::EndpointRefused => is_elsewhere,
            _ => false,
        }
    }

    /// Whether the call may be made once more as it was: the provider failed at
    /// once, or was not reached, and this request has had no second try.
    pub(crate) fn same_key_may_help(&self, earlier: &[Self]) -> bool {
        self.is_hiccup() && !earlier.iter().any(Self::is_hiccup)
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
    pub(crate) fn field_to_leave_out(&self, may_leave_out: impl Fn(&str) -> bool) -> Option<String> {
        let is_custom = self.key.credential().provider == ProviderId::Custom;
        if !is_custom || self.error.class != ErrorClass::BadRequest {
            return None;
        }
        OPTIONAL_FIELDS
            .into_iter()
            .find(|field| {
                let names_it = self.error.param.as_deref() == Some(field) || self.error.message.contains(field);
                names_it && may_leave_out(field)
            })
            .map(str::to_owned)
    }

    /// Whether another target of an alias may do better: another model, mostly
    /// of another provider. What is wrong with the request stays wrong there.
    pub(crate) fn may_leave_its_target(&self, is_idempotent: bool) -> bool {
        match self.error.class {
            ErrorClass::InvalidKey
            | ErrorClass::KeyLimited
            | ErrorClass::NoCredit
            | ErrorClass::QuotaExhausted
            | ErrorClass::RateLimited
            | ErrorClass::Overloaded
            | ErrorClass::Forbidden
            | ErrorClass::NotFound
            | ErrorClass::EndpointRefused
            | ErrorClass::Undecryptable => true,
            ErrorClass::ServerError => self.is_hiccup() || self.was_told() || is_idempotent,
            ErrorClass::Unreachable => self.error.is_retryable || is_idempotent,
            // It was sent, and may have been worked on: nobody pays twice unasked.
            ErrorClass::Timeout | ErrorClass::StreamTruncated => is_idempotent,
            ErrorClass::BadRequest
            | ErrorClass::ContextTooLong
            | ErrorClass::TooLarge
            | ErrorClass::ContentFiltered => false,
        }
    }

    /// The provider told of its failure, in place of an answer that would have
    /// cost something.
    fn was_told(&self) -> bool {
        self.error.is_retryable && self.error.code.is_some()
    }

    /// It, as the client may hear of it.
    pub(crate) fn public(&self) -> FailedAttempt {
        paying::attempt(self.key.credential(), self.error.class)
    }

    /// What became of its key.
    pub(crate) fn ended(&self) -> Ended<'_> {
        let credential = self.key.credential();
        Ended { credential, class: self.error.class, wait: self.wait, sentence: &self.error.message }
    }
}

/// Remembers what a failure says of the key it was met with: a limit, or that
/// it is no good. Returns for how long the key is left alone.
pub(crate) fn learnt(app: &App, key: &Key, model: &str, error: &UpstreamError) -> Option<Duration> {
    let wait = cooling::met(app, key, model, error);
    if let Some(status @ (KeyStatus::Invalid | KeyStatus::NoCredit | KeyStatus::Forbidden)) = error.key_status
        && !paying::is_brought(key)
    {
        checks::learnt(app, &key.stored, status, &error.message);
    }
    wait
}

/// A body that is no request of its kind.
pub(crate) fn of_request(problem: &RequestError) -> Error {
    let code = match problem.code {
        "invalid_json" => Code::InvalidJson,
        "unsupported_parameter" => Code::UnsupportedParameter,
        _ => Code::InvalidRequest,
    };
    let error = Error::new(code, problem.to_string());
    match &problem.param {
        Some(param) => error.of_field(param),
        None => error,
    }
}

/// The one error for a request whose attempts all failed. The keys that were
/// left alone have their part in what it says.
pub(crate) fn of_attempts(
    app: &App,
    caller: &Caller,
    place: &Place,
    failures: &[AttemptFailure],
    resting: &[Resting],
) -> Error {
    let Some(last) = failures.last() else {
        return Error::new(Code::Internal, "No key was tried. Try again, and report the request id if it stays.");
    };
    let mut error = if last.error.class.is_the_requests_fault() {
        rejected(app, place, &last.error)
    } else {
        let tried = last_of_each_key(failures).into_iter().map(AttemptFailure::ended);
        let ended: Vec<Ended<'_>> = tried.chain(resting.iter().map(Resting::ended)).collect();
        exhausted::error(caller, place.provider, &ended)
    };
    error.details.attempts = failures.iter().map(AttemptFailure::public).collect();
    error
}

/// The provider's own no to the request, in the client's words.
pub(crate) fn rejected(app: &App, place: &Place, upstream: &UpstreamError) -> Error {
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
pub(crate) fn last_of_each_key(failures: &[AttemptFailure]) -> Vec<&AttemptFailure> {
    let is_last = |(at, failure): &(usize, &AttemptFailure)| {
        !failures.iter().skip(at + 1).any(|later| later.is_of_key_of(failure))
    };
    failures.iter().enumerate().filter(is_last).map(|(_, failure)| failure).collect()
}

/// A failure that came after the answer had begun, as the last event says it.
pub(crate) fn of_stream(provider: &str, upstream: &UpstreamError, now: Timestamp) -> Error {
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
                .retry_after(upstream.retry_after.map(|wait| wait.from(now)))
        }
        _ => Error::new(
            Code::ProviderError,
            format!("{provider} failed in the middle of the answer: {}", upstream.message),
        ),
    }
}
