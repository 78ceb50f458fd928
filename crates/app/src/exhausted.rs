//! The one answer when every key that might have paid has failed. What the
//! client is told follows from what became of each key, tried or left alone.

mod of_alias;

use std::time::Duration;

use domain::attempt::ErrorClass;
use domain::credential::{Credential, Source};
use domain::{Caller, ProviderId, Timestamp};
use llm::UpstreamError;

use crate::error::{Code, Error};
use crate::reach;

pub(crate) use of_alias::of_alias;

/// How long to wait for a limit that told no time.
const LEAST_WAIT: Duration = Duration::from_secs(1);

/// What became of one key.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ended<'a> {
    /// The key.
    pub(crate) credential: &'a Credential,
    /// How it failed.
    pub(crate) class: ErrorClass,
    /// How long until it may be tried again, where that is known.
    pub(crate) wait: Option<Duration>,
    /// What was said of it, safe to show.
    pub(crate) sentence: &'a str,
}

/// What a request comes to, none of whose keys could pay.
fn code(ended: &[Ended<'_>]) -> Code {
    let all = |is: &dyn Fn(ErrorClass) -> bool| ended.iter().all(|end| is(end.class));
    let is_overload = |class| class == ErrorClass::Overloaded;
    if all(&is_overload) {
        Code::ProviderOverloaded
    } else if all(&|class| class.is_a_limit() || is_overload(class)) {
        Code::RateLimited
    } else if all(&|class| class == ErrorClass::Timeout) {
        Code::ProviderTimeout
    } else if ended.iter().any(|end| end.class.is_the_keys_fault()) {
        Code::UpstreamCredentialsExhausted
    } else if all(&|class| class == ErrorClass::EndpointRefused) {
        Code::EndpointNotAllowed
    } else {
        Code::ProviderError
    }
}

/// What is told of a question to one key's provider that failed.
pub(crate) fn of_one(caller: &Caller, credential: &Credential, failed: &UpstreamError, now: Timestamp) -> Error {
    if failed.class.is_the_requests_fault() {
        let mut refusal = Error::new(Code::ProviderRejected, failed.message.clone());
        refusal.details.field.clone_from(&failed.param);
        refusal.details.provider_code.clone_from(&failed.code);
        return refusal;
    }
    let wait = failed.retry_after.map(|wait| wait.from(now));
    error(caller, credential.provider, &[Ended { credential, class: failed.class, wait, sentence: &failed.message }])
}

/// The error for a request none of whose keys could pay; `ended` is never empty.
pub(crate) fn error(caller: &Caller, provider: ProviderId, ended: &[Ended<'_>]) -> Error {
    let name = provider.display_name();
    let wait = ended.iter().filter_map(|end| end.wait).min();
    let keys = named(caller, &ended.iter().map(|end| end.credential).collect::<Vec<_>>());
    let sentence = ended.last().map(|end| end.sentence).unwrap_or_default();
    match code(ended) {
        Code::ProviderOverloaded => {
            Error::new(Code::ProviderOverloaded, format!("{name} is short of capacity. Try again shortly."))
                .retry_after(wait)
        }
        Code::RateLimited => Error::new(
            Code::RateLimited,
            format!("{name}'s rate limit for the {keys} is reached. Wait, then try again."),
        )
        .retry_after(wait.or(Some(LEAST_WAIT))),
        Code::ProviderTimeout => Error::new(
            Code::ProviderTimeout,
            format!("{name} did not answer in time. Try again, or ask for a shorter answer."),
        ),
        Code::UpstreamCredentialsExhausted => key_trouble(caller, name, &keys, ended),
        Code::EndpointNotAllowed => refused_in_use(Error::new(Code::EndpointNotAllowed, sentence)),
        code => Error::new(code, format!("{name} failed: {sentence}")).retry_after(wait),
    }
}

/// An endpoint that is refused in use is the server's fault, not the request's.
fn refused_in_use(mut error: Error) -> Error {
    error.details.provider_status = Some(502);
    error
}

/// One trouble is said of all keys at once; several are said key by key.
fn key_trouble(caller: &Caller, provider: &str, keys: &str, ended: &[Ended<'_>]) -> Error {
    let first = ended.first().map(|end| (end.class, end.credential.source == Source::Request));
    let (class, is_brought) = first.unwrap_or((ErrorClass::InvalidKey, false));
    if ended.iter().any(|end| end.class != class) {
        let each: Vec<String> = ended
            .iter()
            .map(|end| format!("the {} {}", named(caller, &[end.credential]), what_is_wrong(end.class, false)))
            .collect();
        return Error::new(
            Code::UpstreamCredentialsExhausted,
            format!("No {provider} key that may pay works: {}. Look after them at /keys.", each.join(", ")),
        );
    }
    let are_several = ended.len() > 1;
    let what_next =
        if is_brought { "Correct x-ownkey-provider-key, or leave it out" } else { what_next(class, are_several) };
    let is_unopened = class == ErrorClass::Undecryptable;
    let code = if is_unopened { Code::Undecryptable } else { Code::UpstreamCredentialsExhausted };
    Error::new(code, format!("The {provider} {keys} {}. {what_next}.", what_is_wrong(class, are_several)))
}

const fn what_next(class: ErrorClass, are_several: bool) -> &'static str {
    match (class, are_several) {
        (ErrorClass::NoCredit, false) => "Top up its account at the provider, or use another key",
        (ErrorClass::NoCredit, true) => "Top up their accounts at the provider, or use others",
        (ErrorClass::KeyLimited, false) => "Give it that right at the provider, or use another key",
        (ErrorClass::KeyLimited, true) => "Give them that right at the provider, or use others",
        (ErrorClass::Forbidden, _) => "Ask the provider why, or use another key",
        (ErrorClass::Undecryptable, false) => "Type it in again at /keys",
        (ErrorClass::Undecryptable, true) => "Type them in again at /keys",
        (_, false) => "Correct it at /keys, or use another key",
        (_, true) => "Correct them at /keys, or use others",
    }
}

fn what_is_wrong(class: ErrorClass, are_several: bool) -> &'static str {
    match (class, are_several) {
        (ErrorClass::NoCredit, false) => "has no credit left",
        (ErrorClass::NoCredit, true) => "have no credit left",
        (ErrorClass::KeyLimited, false) => "lacks a right for this call",
        (ErrorClass::KeyLimited, true) => "lack a right for this call",
        (ErrorClass::Forbidden, _) => "may not be used from here",
        (ErrorClass::Undecryptable, _) => "cannot be opened with this server's master key",
        (ErrorClass::InvalidKey, false) => "was refused",
        (ErrorClass::InvalidKey, true) => "were refused",
        (class, false) if class.is_a_limit() => "is at its rate limit",
        (class, true) if class.is_a_limit() => "are at their rate limits",
        (_, false) => "got no answer",
        (_, true) => "got no answers",
    }
}

/// `key “a”`, `keys “a”, “b”`, `keys of this server`, `keys “a” and of this
/// server`: a key that the caller may not see has no name for them.
fn named(caller: &Caller, keys: &[&Credential]) -> String {
    let noun = if keys.len() == 1 { "key" } else { "keys" };
    let (seen, unseen): (Vec<_>, Vec<_>) = keys.iter().copied().partition(|key| reach::may_see(caller, key));
    let mut words: Vec<String> =
        seen.iter().map(|key| if key.source == Source::Request { key.name.clone() } else { key.title() }).collect();
    words.dedup();
    let words = words.join(", ");
    match (words.is_empty(), unseen.is_empty()) {
        (true, _) => format!("{noun} of this server"),
        (false, true) => format!("{noun} {words}"),
        (false, false) => format!("{noun} {words} and of this server"),
    }
}

#[cfg(test)]
mod tests;
