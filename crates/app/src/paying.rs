//! Who pays for a call: gathers the candidates, asks `domain::resolve`, and
//! turns its outcome into keys to use or a sentence for the client.

use std::sync::Arc;
use std::time::Duration;

use domain::Caller;
use domain::attempt::ErrorClass;
use domain::credential::Source;
use domain::ids::CredentialId;
use domain::resolve::{self, CrossRefused, Fallback, Outcome, Resolution, Said, Why, Wish};

use crate::App;
use crate::brought::Brought;
use crate::error::{Code, Details, Error, FailedAttempt, Result};
use crate::exhausted::{self, Ended};
use crate::naming::{self, Place};
use crate::reach::{self, Key, Reach};
use crate::spreads::{self, Asks};
use crate::terms::Terms;

/// A call waits in place for a limit that ends within this time, and is told to
/// come back for any longer one.
const SHORT_WAIT: Duration = Duration::from_secs(2);

/// What the request's headers ask for.
#[derive(Debug, Default)]
pub struct Wishes {
    /// Pay with this key and no other.
    pub pinned: Option<CredentialId>,
    /// Go this far for a key, and no further.
    pub policy: Option<Fallback>,
    /// Leave out parameters the model cannot take.
    pub lenient: Option<bool>,
    /// Pay with this key, which came along.
    pub brought: Option<Brought>,
}

/// The keys of a call.
pub(crate) struct Payers {
    /// Those that may pay, in order; never empty.
    pub(crate) keys: Vec<Arc<Key>>,
    /// Those that would be asked too, and are left alone for now.
    pub(crate) resting: Vec<Resting>,
}

/// Why nobody pays at a place.
pub(crate) enum Unpaid {
    /// The request asks for what it may not have; another place changes nothing.
    Refused(Error),
    /// No key that may be used opens the model.
    NoKey(Error),
    /// The key that would pay has not got the model.
    NotListed(Error),
    /// The keys there fail.
    Failing {
        /// What a client is told that can go nowhere else.
        error: Error,
        /// Those that are left alone for now.
        resting: Vec<Resting>,
    },
}

impl From<Unpaid> for Error {
    fn from(unpaid: Unpaid) -> Self {
        match unpaid {
            Unpaid::Refused(error)
            | Unpaid::NoKey(error)
            | Unpaid::NotListed(error)
            | Unpaid::Failing { error, .. } => error,
        }
    }
}

/// A key that is not called, because it is known to fail.
#[derive(Clone)]
pub(crate) struct Resting {
    key: Arc<Key>,
    class: ErrorClass,
    wait: Option<Duration>,
}

impl Resting {
    /// What became of it.
    pub(crate) fn ended(&self) -> Ended<'_> {
        Ended { credential: self.key.credential(), class: self.class, wait: self.wait, sentence: "" }
    }

    /// It, as the client may hear of it.
    pub(crate) fn public(&self) -> FailedAttempt {
        attempt(self.key.credential(), self.class)
    }
}

/// The policy in force: the strictest of the server's, the organization's, the
/// user's, the token's and the request's.
///
/// # Errors
/// `forbidden` for a request that asks for `cross` where somebody was stricter.
pub fn policy(app: &App, caller: &Caller, terms: &Terms, wishes: &Wishes) -> Result<Fallback> {
    let said = Said {
        server: app.settings.policy,
        organization: terms.fallback(),
        user: caller.fallback,
        token: caller.token_policy(),
        request: wishes.policy,
    };
    said.in_force().map_err(|refused| {
        let sentence = match refused {
            CrossRefused::Server => {
                "This server lets no call leave a scope whose keys failed, so the policy cross is not taken. Ask its operator to set OWNKEY_POLICY=cross, or send chain."
            }
            CrossRefused::Organization => {
                "The organization you act in lets no call leave a scope whose keys failed, so the policy cross is not taken. Ask one of its admins to allow it, or send chain."
            }
            CrossRefused::Token => {
                "This gateway token's own policy is stricter than cross. Send chain, or use a token that may leave a scope."
            }
            CrossRefused::User => {
                "Your own preference is stricter than cross. Change preferences.fallback of your account, or send chain."
            }
        };
        Error::new(Code::Forbidden, sentence).of_field("x-ownkey-policy")
    })
}

/// What a call is about: the name its client gave, made into a place, and what
/// its conversation is known by.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked<'a> {
    /// The model of one provider.
    pub(crate) place: &'a Place,
    /// What the request's headers ask for.
    pub(crate) wishes: &'a Wishes,
    /// What all calls of its conversation have in common.
    pub(crate) conversation: Option<&'a str>,
    /// The one key that may pay, because its account keeps the conversation.
    pub(crate) bound: Option<CredentialId>,
}

/// Judges every key of the place.
///
/// # Errors
/// `not_found` when the request pins a key that is not the caller's, `forbidden`
/// for a policy that is not allowed.
pub(crate) fn judge(app: &App, caller: &Caller, reach: &Reach, asked: Asked<'_>, asks: Asks) -> Result<Resolution> {
    let Asked { place, wishes, conversation, bound } = asked;
    if let Some(pinned) = wishes.pinned {
        let is_theirs = |key: &Arc<Key>| key.credential().id == pinned && reach::may_see(caller, key.credential());
        let known = reach.keys.iter().any(is_theirs);
        if !known {
            return Err(Error::not_found("provider key").of_field("x-ownkey-credential"));
        }
    }
    let now = app.clock.now();
    let wish = Wish {
        policy: policy(app, caller, &reach.terms, wishes)?,
        personal_allowed: caller.team().is_none(),
        rules: reach.terms.rules.as_ref(),
        pinned: bound.or(wishes.pinned),
        turns: spreads::turns(app, caller, &reach.settled, place.provider, conversation, asks),
    };
    Ok(resolve::resolve(&reach.candidates(app, &place.namespace, &place.upstream_id, now), wish, now))
}

/// The keys that may pay. Waits in place when all of them are at a limit that
/// ends within two seconds; whoever drops the future waits no more.
///
/// # Errors
/// `provider_key_required`, `model_not_found`, `rate_limited`, `undecryptable`
/// or `upstream_credentials_exhausted`, with the keys that stand in the way.
pub(crate) async fn payers(app: &App, caller: &Caller, reach: &Reach, asked: Asked<'_>) -> Result<Payers> {
    Ok(payers_at(app, caller, reach, asked, true).await?)
}

/// The keys that may pay, for a call that may have other places to go to: it
/// waits for a limit only when `waits` says so.
///
/// # Errors
/// Why nobody pays here.
pub(crate) async fn payers_at(
    app: &App,
    caller: &Caller,
    reach: &Reach,
    asked: Asked<'_>,
    waits: bool,
) -> std::result::Result<Payers, Unpaid> {
    let mut resolution = judge(app, caller, reach, asked, Asks::ToCall).map_err(Unpaid::Refused)?;
    if let Some(wait) = short_wait(app, &resolution).filter(|_| waits) {
        tokio::time::sleep(wait).await;
        resolution = judge(app, caller, reach, asked, Asks::ToKnow).map_err(Unpaid::Refused)?;
    }
    let place = asked.place;
    match &resolution.outcome {
        Outcome::Use(ids) => Ok(Payers {
            keys: ids.iter().filter_map(|id| reach.key(*id)).cloned().collect(),
            resting: resting(app, reach, place, &resolution),
        }),
        Outcome::NoKey => Err(Unpaid::NoKey(no_key(caller, reach, place, &resolution))),
        Outcome::Failing => Err(failing(app, caller, reach, place, &resolution)),
    }
}

/// For how long to wait for the first of the keys, when that is not for long.
fn short_wait(app: &App, resolution: &Resolution) -> Option<Duration> {
    if resolution.outcome != Outcome::Failing {
        return None;
    }
    let now = app.clock.now();
    let ends = resolution.failing.iter().filter_map(|id| resolution.verdict(*id)?.cooling_until);
    ends.min().map(|end| end.since(now)).filter(|wait| *wait <= SHORT_WAIT)
}

/// The keys that are left alone for a reason that tells how the others' failure
/// is to be read.
fn resting(app: &App, reach: &Reach, place: &Place, resolution: &Resolution) -> Vec<Resting> {
    let now = app.clock.now();
    let rest = |id: &CredentialId| {
        let key = reach.key(*id)?;
        let (class, wait) = match resolution.verdict(*id)?.why? {
            Why::CoolingDown => {
                let cool_down = app.cooling.of(key, &place.upstream_id, now)?;
                (cool_down.class, cool_down.left(now))
            }
            Why::Invalid => (ErrorClass::InvalidKey, None),
            Why::Undecryptable => (ErrorClass::Undecryptable, None),
            _ => return None,
        };
        Some(Resting { key: Arc::clone(key), class, wait })
    };
    resolution.failing.iter().filter_map(rest).collect()
}

fn no_key(caller: &Caller, reach: &Reach, place: &Place, resolution: &Resolution) -> Error {
    let provider = place.provider.display_name();
    let model = naming::shown(&place.upstream_id);
    let title = |id: CredentialId| {
        let key = reach.key(id);
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

fn failing(app: &App, caller: &Caller, reach: &Reach, place: &Place, resolution: &Resolution) -> Unpaid {
    let keys: Vec<&Arc<Key>> = resolution.failing.iter().filter_map(|id| reach.key(*id)).collect();
    let why = |key: &Key| resolution.verdict(key.credential().id).and_then(|verdict| verdict.why);
    let provider = place.provider.display_name();
    if keys.is_empty() {
        return Unpaid::NoKey(no_key(caller, reach, place, resolution));
    }
    let resting = resting(app, reach, place, resolution);
    let attempts = resting.iter().map(Resting::public).collect();
    // A key that only has to wait, or has not got the model, is not one to look after.
    let to_look_after = |key: &&&Arc<Key>| !matches!(why(key), Some(Why::CoolingDown | Why::ModelNotListed));
    let Some(blamed) = keys.iter().find(to_look_after) else {
        if resting.is_empty() {
            return Unpaid::NotListed(not_listed(caller, place, &keys));
        }
        let ended: Vec<Ended<'_>> = resting.iter().map(Resting::ended).collect();
        let mut error = exhausted::error(caller, place.provider, &ended);
        error.details.attempts = attempts;
        return Unpaid::Failing { error, resting };
    };
    let title = reach::title_for(caller, blamed.credential());
    let exhausted = |what| (Code::UpstreamCredentialsExhausted, what);
    let is_reference = matches!(blamed.credential().source, Source::Reference(_));
    let (code, what) = match why(blamed) {
        Some(Why::Undecryptable) if is_reference => (
            Code::Undecryptable,
            format!(
                "The {provider} key {title} cannot be read from where the operator keeps it. An admin sees at /keys what is missing."
            ),
        ),
        Some(Why::Undecryptable) if keys.len() == 1 => (
            Code::Undecryptable,
            format!(
                "The {provider} key {title} cannot be opened with this server's master key. Type it in again at /keys."
            ),
        ),
        Some(Why::Undecryptable) => exhausted(format!(
            "The {provider} key {title} cannot be opened with this server's master key, and no other may pay. Type it in again at /keys."
        )),
        Some(Why::Inactive) => exhausted(format!(
            "The {provider} key {title} is switched off, and the strict policy lets no other pay. Activate it at /keys."
        )),
        Some(Why::Expired) => exhausted(format!(
            "The {provider} key {title} has expired, and the strict policy lets no other pay. Replace it at /keys."
        )),
        _ => exhausted(format!(
            "{provider} refused the key {title}, so it rests for ten minutes. Correct it or check it again at /keys."
        )),
    };
    let mut error = Error::new(code, what);
    error.details = Box::new(Details { attempts, ..Details::default() });
    Unpaid::Failing { error, resting }
}

fn not_listed(caller: &Caller, place: &Place, keys: &[&Arc<Key>]) -> Error {
    let provider = place.provider.display_name();
    let model = naming::shown(&place.upstream_id);
    let title = keys.first().map(|key| reach::title_for(caller, key.credential())).unwrap_or_default();
    Error::new(
        Code::ModelNotFound,
        format!("The {provider} key {title} would pay, and {provider} does not list “{model}” for it. Choose another model, or another key."),
    )
    .of_field("model")
}

/// A key's failure, as the client may hear of it.
pub(crate) fn attempt(credential: &domain::credential::Credential, class: ErrorClass) -> FailedAttempt {
    FailedAttempt { credential: credential.id, scope: credential.scope, provider: credential.provider, class }
}

/// Whether a key came with the request, so that nothing is remembered of it.
pub(crate) fn is_brought(key: &Key) -> bool {
    key.credential().source == Source::Request
}
