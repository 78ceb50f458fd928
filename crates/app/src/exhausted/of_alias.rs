//! The one answer when nothing that an alias stands for could answer: the code
//! follows from all of the keys, whosever provider they are of; the sentence
//! names each provider.

use domain::attempt::ErrorClass;
use domain::credential::Credential;
use domain::{Caller, ProviderId};

use super::{Ended, LEAST_WAIT, code, named, refused_in_use, what_is_wrong, what_next};
use crate::error::{Code, Error};

/// The error for a call of `alias`; `ended` is never empty, `not_called` tells of
/// targets that no key opened, each with its reason.
pub(crate) fn of_alias(caller: &Caller, alias: &str, ended: &[Ended<'_>], not_called: &[String]) -> Error {
    let code = code(ended);
    let wait = ended.iter().filter_map(|end| end.wait).min();
    let mut sentence = format!("No model of “{alias}” answered: {}", each_trouble(caller, ended).join("; "));
    if !not_called.is_empty() {
        sentence.push_str(&format!("; not called: {}", not_called.join(", ")));
    }
    sentence.push_str(". ");
    sentence.push_str(advice(code, ended));
    sentence.push('.');
    let error = Error::new(code, sentence);
    match code {
        Code::RateLimited => error.retry_after(wait.or(Some(LEAST_WAIT))),
        Code::ProviderOverloaded | Code::ProviderError => error.retry_after(wait),
        Code::EndpointNotAllowed => refused_in_use(error),
        _ => error,
    }
}

/// `OpenAI's key “a” is at its rate limit`, once for each provider and trouble.
fn each_trouble(caller: &Caller, ended: &[Ended<'_>]) -> Vec<String> {
    let mut groups: Vec<(ProviderId, ErrorClass, Vec<&Credential>)> = Vec::new();
    for end in ended {
        let provider = end.credential.provider;
        match groups.iter_mut().find(|(of, class, _)| *of == provider && *class == end.class) {
            Some((_, _, keys)) if keys.iter().any(|key| key.id == end.credential.id) => {}
            Some((_, _, keys)) => keys.push(end.credential),
            None => groups.push((provider, end.class, vec![end.credential])),
        }
    }
    let words = |(provider, class, keys): &(ProviderId, ErrorClass, Vec<&Credential>)| {
        let name = provider.display_name();
        match class {
            ErrorClass::Overloaded => format!("{name} is short of capacity"),
            ErrorClass::Timeout => format!("{name} did not answer in time"),
            ErrorClass::ServerError | ErrorClass::Unreachable | ErrorClass::StreamTruncated => {
                let said = ended.iter().rfind(|end| end.credential.provider == *provider && end.class == *class);
                let said = said.map(|end| end.sentence.trim_end_matches('.')).unwrap_or_default();
                format!("{name} failed: {said}")
            }
            ErrorClass::EndpointRefused => format!("the endpoint of the {name} {} is refused", named(caller, keys)),
            _ => format!("the {name} {} {}", named(caller, keys), what_is_wrong(*class, keys.len() > 1)),
        }
    };
    groups.iter().map(words).collect()
}

fn advice(code: Code, ended: &[Ended<'_>]) -> &'static str {
    let to_look_after: Vec<ErrorClass> =
        ended.iter().map(|end| end.class).filter(|class| class.is_the_keys_fault()).collect();
    match (code, &*to_look_after) {
        (Code::RateLimited, _) => "Wait, then try again",
        (Code::UpstreamCredentialsExhausted, [class]) => what_next(*class, false),
        (Code::UpstreamCredentialsExhausted, _) => "Look after the keys at /keys",
        (Code::EndpointNotAllowed, _) => "Correct the endpoints at /keys",
        _ => "Try again shortly, or give the alias another target",
    }
}
