//! Who pays for a call: gathers the candidates, asks `domain::resolve`, and
//! turns its outcome into keys to use or a sentence for the client.

use std::sync::Arc;

use domain::Caller;
use domain::credential::Source;
use domain::ids::CredentialId;
use domain::resolve::{self, Fallback, Outcome, Resolution, Why, Wish};

use crate::App;
use crate::error::{Code, Details, Error, FailedAttempt, Result};
use crate::naming::{self, Place};
use crate::reach::{self, Key, Reach};
use domain::attempt::ErrorClass;

/// What the request's headers ask for.
#[derive(Clone, Debug, Default)]
pub struct Wishes {
    /// Pay with this key and no other.
    pub pinned: Option<CredentialId>,
    /// Be this strict.
    pub policy: Option<Fallback>,
    /// Leave out parameters the model cannot take.
    pub lenient: bool,
}

/// The policy in force: the strictest of the caller's and the request's.
#[must_use]
pub fn policy(caller: &Caller, wishes: &Wishes) -> Fallback {
    caller.fallback.strictest(wishes.policy.unwrap_or(Fallback::Chain))
}

/// Judges every key of the place.
///
/// # Errors
/// `not_found` when the request pins a key that is not the caller's.
pub fn judge(app: &App, caller: &Caller, reach: &Reach, place: &Place, wishes: &Wishes) -> Result<Resolution> {
    if let Some(pinned) = wishes.pinned {
        let is_theirs = |key: &Arc<Key>| key.credential().id == pinned && reach::may_see(caller, key.credential());
        let known = reach.keys.iter().any(is_theirs);
        if !known {
            return Err(Error::not_found("provider key").of_field("x-ownkey-credential"));
        }
    }
    let candidates = reach.candidates(&place.namespace, &place.upstream_id, app.catalogue);
    let wish =
        Wish { policy: policy(caller, wishes), personal_allowed: caller.team().is_none(), pinned: wishes.pinned };
    Ok(resolve::resolve(&candidates, wish, app.clock.now()))
}

/// The keys that may pay, in order; never empty.
///
/// # Errors
/// `provider_key_required`, `model_not_found`, `undecryptable` or
/// `upstream_credentials_exhausted`, with the keys that stand in the way.
pub fn keys(app: &App, caller: &Caller, reach: &Reach, place: &Place, wishes: &Wishes) -> Result<Vec<Arc<Key>>> {
    let resolution = judge(app, caller, reach, place, wishes)?;
    let find = |id: &CredentialId| reach.keys.iter().find(|key| key.credential().id == *id).cloned();
    match &resolution.outcome {
        Outcome::Use(ids) => Ok(ids.iter().filter_map(find).collect()),
        Outcome::NoKey => Err(no_key(caller, reach, place, &resolution)),
        Outcome::Failing(ids) => {
            let keys: Vec<Arc<Key>> = ids.iter().filter_map(find).collect();
            Err(failing(caller, reach, place, &resolution, &keys))
        }
    }
}

fn no_key(caller: &Caller, reach: &Reach, place: &Place, resolution: &Resolution) -> Error {
    let provider = place.provider.display_name();
    let model = naming::shown(&place.upstream_id);
    let title = |id: CredentialId| {
        let key = reach.keys.iter().find(|key| key.credential().id == id);
        key.map(|key| reach::title_for(caller, key.credential())).unwrap_or_default()
    };
    let why = resolution.verdicts.iter().find_map(|verdict| Some((title(verdict.credential), verdict.why?)));
    let state = match why {
        Some((title, Why::Inactive)) => format!("the key {title} is switched off. Activate it"),
        Some((title, Why::Expired)) => format!("the key {title} has expired. Replace it"),
        Some((_, Why::NotPinned)) => "the key you named does not open it. Name another".to_owned(),
        _ => format!("no {provider} key that you may use is saved. Add one"),
    };
    Error::new(
        Code::ProviderKeyRequired,
        format!("API key required: “{model}” is served by {provider}, and {state} at /keys."),
    )
    .of_field("model")
}

fn failing(caller: &Caller, reach: &Reach, place: &Place, resolution: &Resolution, keys: &[Arc<Key>]) -> Error {
    let why = |key: &Key| {
        let id = key.credential().id;
        resolution.verdicts.iter().find(|verdict| verdict.credential == id).and_then(|verdict| verdict.why)
    };
    let provider = place.provider.display_name();
    let model = naming::shown(&place.upstream_id);
    let Some(first) = keys.first() else { return no_key(caller, reach, place, resolution) };
    let title = reach::title_for(caller, first.credential());
    if keys.iter().all(|key| why(key) == Some(Why::ModelNotListed)) {
        return Error::new(
            Code::ModelNotFound,
            format!("The {provider} key {title} would pay, and {provider} does not list “{model}” for it. Choose another model, or another key."),
        )
        .of_field("model");
    }
    let (code, sentence) = match why(first) {
        Some(Why::Undecryptable) if matches!(first.credential().source, Source::Reference(_)) => (
            Code::Undecryptable,
            format!(
                "The {provider} key {title} cannot be read from where the operator keeps it. An admin sees at /keys what is missing."
            ),
        ),
        Some(Why::Undecryptable) => (
            Code::Undecryptable,
            format!(
                "The {provider} key {title} cannot be opened with this server's master key. Type it in again at /keys."
            ),
        ),
        Some(Why::Inactive) => (
            Code::UpstreamCredentialsExhausted,
            format!(
                "The {provider} key {title} is switched off, and the strict policy lets no other pay. Activate it at /keys."
            ),
        ),
        Some(Why::Expired) => (
            Code::UpstreamCredentialsExhausted,
            format!(
                "The {provider} key {title} has expired, and the strict policy lets no other pay. Replace it at /keys."
            ),
        ),
        _ => (
            Code::UpstreamCredentialsExhausted,
            format!(
                "{provider} refused the key {title}, so it rests for ten minutes. Correct it or check it again at /keys."
            ),
        ),
    };
    let mut error = Error::new(code, sentence);
    error.details = Box::new(Details {
        attempts: keys
            .iter()
            .map(|key| FailedAttempt {
                credential: key.credential().id,
                scope: key.credential().scope,
                provider: place.provider,
                class: ErrorClass::InvalidKey,
            })
            .collect(),
        ..Details::default()
    });
    error
}
