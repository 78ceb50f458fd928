//! The `x-ownkey-*` headers: what a request wishes, and who paid in the end.

use app::chat::Payment;
use app::error::{Code, Error};
use app::paying::Wishes;
use domain::resolve::Fallback;
use http::{HeaderMap, HeaderName, HeaderValue};

const CREDENTIAL: &str = "x-ownkey-credential";
const POLICY: &str = "x-ownkey-policy";
const ORGANIZATION: &str = "x-ownkey-organization";
const PARAMS: &str = "x-ownkey-params";
const OWN_KEY: [&str; 2] = ["x-ownkey-provider-key", "x-ownkey-provider"];

/// What the headers of a model call wish.
///
/// # Errors
/// `not_found` for an id that is none, `invalid_request` for an unknown word,
/// `forbidden` for a key brought along, which this server does not take.
pub(crate) fn of(headers: &HeaderMap) -> Result<Wishes, Error> {
    if OWN_KEY.iter().any(|name| headers.contains_key(*name)) {
        return Err(Error::new(
            Code::Forbidden,
            "This server takes no provider key with a request. Save the key at /keys, then name it with x-ownkey-credential.",
        ));
    }
    if headers.contains_key(ORGANIZATION) {
        return Err(Error::not_found("organization").of_field(ORGANIZATION));
    }
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or("").trim());
    let pinned = text(CREDENTIAL)
        .map(|id| id.parse().map_err(|_| Error::not_found("provider key").of_field(CREDENTIAL)))
        .transpose()?;
    let policy = Fallback::of_header(text(POLICY))
        .map_err(|problem| Error::invalid(POLICY, format!("is not taken: {problem}")))?;
    let lenient = match text(PARAMS) {
        None => false,
        Some("lenient") => true,
        Some("strict") => false,
        Some(_) => return Err(Error::invalid(PARAMS, "is not taken: expected lenient or strict")),
    };
    Ok(Wishes { pinned, policy, lenient })
}

/// Says in the answer whose key paid, for what, in how many calls.
pub(crate) fn say_who_paid(headers: &mut HeaderMap, payment: &Payment) {
    let mut say = |name: &'static str, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    };
    say("x-ownkey-credential-id", &payment.credential.to_string());
    say("x-ownkey-credential-scope", payment.scope.as_str());
    say("x-ownkey-provider", payment.provider.as_str());
    say("x-ownkey-model", &payment.model);
    say("x-ownkey-attempts", &payment.attempts.to_string());
    if let Some(cost) = payment.cost {
        say("x-ownkey-cost-usd", &cost.to_string());
    }
    if !payment.dropped.is_empty() {
        say("x-ownkey-dropped", &payment.dropped.join(", "));
    }
}
