//! What the client is told, from what became of each key.

use std::sync::Arc;

use domain::caller::{Proof, Role};
use domain::credential::{KeyStatus, Scope, Settings};
use domain::ids::{CredentialId, UserId};
use domain::{Origin, Timestamp};

use super::*;

const ANN: UserId = UserId(uuid::Uuid::from_u128(1));

fn caller() -> Caller {
    Caller {
        user: ANN,
        role: Role::Member,
        organization: None,
        belonging: Arc::default(),
        fallback: None,
        proof: Proof::CommandLine,
    }
}

fn key(name: &str) -> Credential {
    let scope = if name == "theirs" { Scope::System } else { Scope::Personal };
    Credential {
        id: CredentialId::of_source(name),
        scope,
        owner: (scope == Scope::Personal).then_some(ANN),
        organization: None,
        provider: ProviderId::OpenAi,
        name: if name == "brought" { "of this request" } else { name }.to_owned(),
        note: String::new(),
        masked: String::new(),
        api_base: None,
        endpoint: "https://api.openai.com/v1".to_owned(),
        origin: Origin::stored("https://api.openai.com".to_owned()),
        settings: Settings::default(),
        is_active: true,
        is_primary: false,
        priority: 0,
        status: KeyStatus::Valid,
        status_reason: None,
        checked_at: None,
        last_used_at: None,
        expires_at: None,
        rotate_after: None,
        secret_set_at: None,
        grace_of: None,
        source: if name == "brought" { Source::Request } else { Source::Stored },
        secret_version: 1,
        created_at: Timestamp::default(),
        created_by: None,
        updated_at: Timestamp::default(),
        updated_by: None,
    }
}

/// Keys with their ends, `a:rate_limited:30 b:timeout`; code, wait and sentence.
fn told(ends: &str) -> (Code, Option<u64>, String) {
    let ends: Vec<(Credential, ErrorClass, Option<Duration>)> = ends
        .split_whitespace()
        .map(|end| {
            let parts: Vec<&str> = end.split(':').collect();
            let wait = parts.get(2).map(|seconds| Duration::from_secs(seconds.parse().unwrap()));
            (key(parts[0]), parts[1].parse().unwrap(), wait)
        })
        .collect();
    let ended: Vec<Ended<'_>> = ends
        .iter()
        .map(|(credential, class, wait)| Ended { credential, class: *class, wait: *wait, sentence: "It broke." })
        .collect();
    let error = error(&caller(), ProviderId::OpenAi, &ended);
    (error.code, error.details.retry_after.map(|wait| wait.as_secs()), error.sentence)
}

fn code(ends: &str) -> (Code, Option<u64>) {
    let (code, wait, _) = told(ends);
    (code, wait)
}

#[test]
fn keys_that_all_failed_alike_are_one_answer() {
    for (ends, expected) in [
        ("a:rate_limited:30 b:rate_limited:7", (Code::RateLimited, Some(7))),
        ("a:quota_exhausted b:rate_limited:7", (Code::RateLimited, Some(7))),
        ("a:rate_limited", (Code::RateLimited, Some(1))),
        ("a:overloaded:5 b:overloaded:9", (Code::ProviderOverloaded, Some(5))),
        ("a:overloaded", (Code::ProviderOverloaded, None)),
        ("a:overloaded:5 b:rate_limited:9", (Code::RateLimited, Some(5))),
        ("a:timeout b:timeout", (Code::ProviderTimeout, None)),
        ("a:invalid_key b:invalid_key", (Code::UpstreamCredentialsExhausted, None)),
        ("a:undecryptable", (Code::Undecryptable, None)),
        ("a:endpoint_refused", (Code::EndpointNotAllowed, None)),
        ("a:server_error b:unreachable", (Code::ProviderError, None)),
        ("a:timeout b:server_error", (Code::ProviderError, None)),
    ] {
        assert_eq!(code(ends), expected, "{ends}");
    }
}

#[test]
fn a_key_that_somebody_has_to_look_after_makes_it_no_matter_of_waiting() {
    for fault in ["invalid_key", "no_credit", "forbidden", "key_limited", "undecryptable"] {
        for other in ["rate_limited:3", "overloaded:3", "timeout", "server_error"] {
            let ends = format!("a:{fault} b:{other}");
            assert_eq!(code(&ends), (Code::UpstreamCredentialsExhausted, None), "{ends}");
        }
    }
}

#[test]
fn sentences_are_right_for_one_key_and_for_several() {
    for (ends, expected) in [
        ("a:rate_limited:7", "OpenAI's rate limit for the key “a” is reached. Wait, then try again."),
        (
            "a:rate_limited:7 b:rate_limited:7",
            "OpenAI's rate limit for the keys “a”, “b” is reached. Wait, then try again.",
        ),
        ("a:invalid_key", "The OpenAI key “a” was refused. Correct it at /keys, or use another key."),
        ("a:invalid_key b:invalid_key", "The OpenAI keys “a”, “b” were refused. Correct them at /keys, or use others."),
        (
            "a:invalid_key b:no_credit c:rate_limited:7",
            "No OpenAI key that may pay works: the key “a” was refused, the key “b” has no credit left, the key “c” is at its rate limit. Look after them at /keys.",
        ),
        (
            "theirs:no_credit",
            "The OpenAI key of this server has no credit left. Top up its account at the provider, or use another key.",
        ),
        (
            "theirs:no_credit theirs:no_credit",
            "The OpenAI keys of this server have no credit left. Top up their accounts at the provider, or use others.",
        ),
        (
            "a:rate_limited:7 theirs:rate_limited:7",
            "OpenAI's rate limit for the keys “a” and of this server is reached. Wait, then try again.",
        ),
        (
            "brought:invalid_key",
            "The OpenAI key of this request was refused. Correct x-ownkey-provider-key, or leave it out.",
        ),
        ("a:server_error", "OpenAI failed: It broke."),
    ] {
        assert_eq!(told(ends).2, expected, "{ends}");
    }
}

#[test]
fn an_alias_names_each_provider_and_what_was_not_called() {
    let (first, mut second) = (key("a"), key("b"));
    second.provider = ProviderId::Anthropic;
    let told = |classes: [ErrorClass; 2], not_called: &[String]| {
        let ends = [(&first, classes[0], Some(40)), (&second, classes[1], Some(20))];
        let ended = ends.map(|(credential, class, wait)| Ended {
            credential,
            class,
            wait: wait.map(Duration::from_secs),
            sentence: "It broke.",
        });
        let error = of_alias(&caller(), "fast", &ended, not_called);
        (error.code, error.details.retry_after.map(|wait| wait.as_secs()), error.sentence)
    };
    use ErrorClass::{NoCredit, Overloaded, RateLimited, ServerError, Timeout};
    for (classes, code, wait, says) in [
        (
            [RateLimited, RateLimited],
            Code::RateLimited,
            Some(20),
            "the OpenAI key “a” is at its rate limit; the Anthropic key “b” is",
        ),
        ([RateLimited, Overloaded], Code::RateLimited, Some(20), "Anthropic is short of capacity. Wait"),
        ([Overloaded, Overloaded], Code::ProviderOverloaded, Some(20), "OpenAI is short of capacity; Anthropic is"),
        ([Timeout, Timeout], Code::ProviderTimeout, None, "did not answer in time"),
        ([NoCredit, RateLimited], Code::UpstreamCredentialsExhausted, None, "has no credit left; the Anthropic"),
        ([ServerError, RateLimited], Code::ProviderError, Some(20), "OpenAI failed: It broke; the Anthropic"),
    ] {
        let (is, waits, sentence) = told(classes, &[]);
        assert_eq!((is, waits), (code, wait), "{classes:?}");
        assert!(sentence.starts_with("No model of “fast” answered: ") && sentence.contains(says), "{sentence}");
    }
    let (.., sentence) = told([RateLimited, RateLimited], &["google/x (no key opens it)".to_owned()]);
    assert!(sentence.contains("; not called: google/x (no key opens it). Wait"), "{sentence}");
}
