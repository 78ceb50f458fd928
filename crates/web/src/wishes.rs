//! The `x-ownkey-*` headers: what a request wishes, and who paid in the end.

use app::App;
use app::brought::{self, Brought};
use app::chat::Payment;
use app::error::Error;
use app::paying::Wishes;
use domain::caller::Proof;
use domain::resolve::Fallback;
use domain::{Caller, ProviderId};
use http::{HeaderMap, HeaderName, HeaderValue};
use store::ledger::CallSource;

const CREDENTIAL: HeaderName = HeaderName::from_static("x-ownkey-credential");
const POLICY: HeaderName = HeaderName::from_static("x-ownkey-policy");
const PARAMS: HeaderName = HeaderName::from_static("x-ownkey-params");
const SOURCE: HeaderName = HeaderName::from_static("x-ownkey-source");
const BROUGHT_PROVIDER: HeaderName = HeaderName::from_static(brought::PROVIDER_HEADER);
const BROUGHT_KEY: HeaderName = HeaderName::from_static(brought::KEY_HEADER);

const PAID_CREDENTIAL: HeaderName = HeaderName::from_static("x-ownkey-credential-id");
const PAID_SCOPE: HeaderName = HeaderName::from_static("x-ownkey-credential-scope");
const PAID_PROVIDER: HeaderName = HeaderName::from_static("x-ownkey-provider");
const PAID_MODEL: HeaderName = HeaderName::from_static("x-ownkey-model");
const ATTEMPTS: HeaderName = HeaderName::from_static("x-ownkey-attempts");
const ALIAS: HeaderName = HeaderName::from_static("x-ownkey-alias");
const PASSED_OVER: HeaderName = HeaderName::from_static("x-ownkey-passed-over");
const COST: HeaderName = HeaderName::from_static("x-ownkey-cost-usd");
const DROPPED: HeaderName = HeaderName::from_static("x-ownkey-dropped");
const ESTIMATED: HeaderName = HeaderName::from_static("x-ownkey-estimated");

/// About how many headers an answer has.
const HEADERS: usize = 16;

/// Keeps the key that a request may bring along out of everything that prints
/// headers.
pub(crate) fn hide_brought_key(headers: &mut HeaderMap) {
    if let http::header::Entry::Occupied(mut values) = headers.entry(BROUGHT_KEY) {
        values.iter_mut().for_each(|value| value.set_sensitive(true));
    }
}

/// What the headers of a model call wish.
///
/// # Errors
/// `not_found` for an id that is none, `invalid_request` for an unknown word,
/// `forbidden` for a key brought along where that is not switched on.
pub(crate) fn of(app: &App, headers: &HeaderMap) -> Result<Wishes, Error> {
    let brought = brought_key(app, headers)?;
    let text = |name: HeaderName| headers.get(name).map(|value| value.to_str().unwrap_or("").trim());
    let pinned = text(CREDENTIAL)
        .map(|id| id.parse().map_err(|_| Error::not_found("provider key").of_field(CREDENTIAL.as_str())))
        .transpose()?;
    let policy = Fallback::of_header(text(POLICY))
        .map_err(|problem| Error::invalid(POLICY.as_str(), format!("is not taken: {problem}")))?;
    let lenient = match text(PARAMS) {
        None => None,
        Some("lenient") => Some(true),
        Some("strict") => Some(false),
        Some(_) => return Err(Error::invalid(PARAMS.as_str(), "is not taken: expected lenient or strict")),
    };
    if pinned.is_some() && brought.is_some() {
        return Err(Error::invalid(
            CREDENTIAL.as_str(),
            "names a saved key, and x-ownkey-provider-key brings another; send one",
        ));
    }
    Ok(Wishes { pinned, policy, lenient, brought })
}

/// The provider key that came along: a secret from here on.
fn brought_key(app: &App, headers: &HeaderMap) -> Result<Option<Brought>, Error> {
    let one = |name: HeaderName| {
        let mut values = headers.get_all(&name).iter();
        match (values.next(), values.next()) {
            (_, Some(_)) => Err(Error::invalid(name.as_str(), "is there twice; send it once")),
            // What is no text is no key: the empty one is refused.
            (value, None) => Ok(value.map(|value| value.to_str().unwrap_or(""))),
        }
    };
    brought::read(&app.settings, one(BROUGHT_PROVIDER)?, one(BROUGHT_KEY)?)
}

/// Through which door a call came. Our own page says so when it is the
/// playground; a word of anybody but a signed-in browser counts for nothing.
pub(crate) fn source(caller: &Caller, headers: &HeaderMap) -> CallSource {
    let is_page = matches!(caller.proof, Proof::WebSession(_));
    let is_said = headers.get(SOURCE).is_some_and(|said| said.as_bytes() == CallSource::Playground.as_str().as_bytes());
    if is_page && is_said { CallSource::Playground } else { CallSource::Api }
}

/// Says in the answer whose key paid, for what, in how many calls.
pub(crate) fn say_who_paid(headers: &mut HeaderMap, payment: &Payment) {
    headers.reserve(HEADERS);
    let mut id = [0; 36];
    say(headers, PAID_CREDENTIAL, payment.credential.0.hyphenated().encode_lower(&mut id));
    headers.insert(PAID_SCOPE, HeaderValue::from_static(payment.scope.as_str()));
    headers.insert(PAID_PROVIDER, HeaderValue::from_static(payment.provider.as_str()));
    say(headers, PAID_MODEL, &payment.model);
    headers.insert(ATTEMPTS, HeaderValue::from(payment.attempts));
    if let Some(alias) = &payment.alias {
        say(headers, ALIAS, alias);
    }
    if !payment.passed_over.is_empty() {
        say(headers, PASSED_OVER, &payment.passed_over.join(", "));
    }
    if let Some(cost) = payment.cost {
        say(headers, COST, &cost.to_string());
    }
    if !payment.dropped.is_empty() {
        say(headers, DROPPED, &payment.dropped.join(", "));
    }
}

fn say(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

/// Says in the answer that a number is estimated, and for which model.
pub(crate) fn say_estimated(headers: &mut HeaderMap, provider: ProviderId, model: &str) {
    headers.insert(ESTIMATED, HeaderValue::from_static("true"));
    headers.insert(PAID_PROVIDER, HeaderValue::from_static(provider.as_str()));
    say(headers, PAID_MODEL, model);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_came_along_is_not_printed_with_the_headers() {
        let mut headers = HeaderMap::new();
        for value in ["sk-one-of-two", "sk-two-of-two"] {
            headers.append(brought::KEY_HEADER, HeaderValue::from_static(value));
        }
        hide_brought_key(&mut headers);
        let printed = format!("{headers:?}");
        assert!(!printed.contains("sk-") && headers.get_all(brought::KEY_HEADER).iter().count() == 2, "{printed}");
    }
}
