//! A call for an alias: target after target, until one of them answers. What
//! became of each is kept, so that the answer says it, or the last word speaks
//! of all of them.
//!
//! A target is passed over when it cannot take the call as it is: nobody's key
//! opens it, its provider does not list the model, or a parameter would have to
//! be left out. A target that fails hands over where another may do better, and
//! never after the first byte of an answer.

use std::ops::Range;

use domain::alias::Alias;
use domain::attempt::ErrorClass;
use domain::credential::Credential;
use domain::resolve::Fallback;

use super::{Errand, Here, through_payers};
use crate::attempt::Ask;
use crate::attempt::failure::{self, AttemptFailure};
use crate::call::Answered;
use crate::error::{Code, Error, Result};
use crate::exhausted::{self, Ended};
use crate::kinds;
use crate::naming::Place;
use crate::paying::{self, Asked, Resting, Unpaid};
use crate::targets::Targets;
use crate::terms::Terms;

/// Goes through the targets of `alias` until one of them answers.
///
/// # Errors
/// What ended it, or what became of all of them.
pub(super) async fn through_targets<A: Ask>(
    errand: Errand<'_>,
    ask: &mut A,
    targets: &Targets,
    alias: &Alias,
) -> Result<Answered> {
    let mut course = Course::default();
    let last = targets.places.len().saturating_sub(1);
    for (at, place) in targets.places.iter().enumerate() {
        let here = Here { reach: &targets.reach, place, alias: Some(&alias.name) };
        // Waiting for a limit is for those who have nobody else to ask.
        if let Some(mut answered) = course.ask_at(errand, ask, here, at == last).await? {
            answered.payment.passed_over = course.passed_over();
            return Ok(answered);
        }
        if course.is_over(errand) {
            break;
        }
    }
    Err(course.last_word(errand, targets, alias))
}

/// Why a target was not called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reason {
    NoKey,
    ModelNotListed,
    CannotTake,
    OtherScope,
    Rests,
}

impl Reason {
    const fn word(self) -> &'static str {
        match self {
            Self::NoKey => "no_key",
            Self::ModelNotListed => "model_not_listed",
            Self::CannotTake => "cannot_take_the_call",
            Self::OtherScope => "other_scope",
            Self::Rests => "resting",
        }
    }

    const fn words(self) -> &'static str {
        match self {
            Self::NoKey => "no key opens it",
            Self::ModelNotListed => "its provider does not list it",
            Self::CannotTake => "it cannot take this call as it is",
            Self::OtherScope => "its key is of another scope than the one that failed",
            Self::Rests => "its keys rest",
        }
    }
}

/// A target that was not called.
struct PassedOver {
    place: Place,
    reason: Reason,
    error: Error,
}

/// What became of the targets so far.
#[derive(Default)]
struct Course {
    passed_over: Vec<PassedOver>,
    failures: Vec<AttemptFailure>,
    /// Which of the failures each called target had.
    called: Vec<(Place, Range<usize>)>,
    resting: Vec<Resting>,
}

impl Course {
    /// Asks one target; `None` when it did not answer.
    async fn ask_at<A: Ask>(
        &mut self,
        errand: Errand<'_>,
        ask: &mut A,
        here: Here<'_>,
        waits: bool,
    ) -> Result<Option<Answered>> {
        let suits = ask.suits(here.place).and_then(|()| kinds::suits(ask.kind(), here.reach, here.place));
        if let Err(error) = suits {
            self.pass(here, Reason::CannotTake, error);
            return Ok(None);
        }
        let bound = match ask.bound(errand, here.reach, here.place).await {
            Ok(bound) => bound,
            Err(error) => {
                self.pass(here, Reason::CannotTake, error);
                return Ok(None);
            }
        };
        let payers = {
            let conversation = ask.conversation();
            let wishes = &errand.call.wishes;
            let asked = Asked { place: here.place, wishes, conversation: conversation.as_deref(), bound };
            paying::payers_at(errand.app, errand.caller, here.reach, asked, waits).await
        };
        let payers = match payers {
            Ok(payers) => payers,
            Err(unpaid) => return self.unpaid(here, unpaid).map(|()| None),
        };
        if let Some(key) = payers.keys.first()
            && self.would_cross(errand, &here.reach.terms, key.credential())?
        {
            self.pass(here, Reason::OtherScope, other_scope(here.place));
            return Ok(None);
        }
        self.resting.extend(payers.resting.iter().cloned());
        let begun = self.failures.len();
        match through_payers(errand, ask, here, &payers, &mut self.failures).await {
            Ok(Some(answered)) => return Ok(Some(answered)),
            Ok(None) => {}
            // Nothing was sent: what this target cannot take, another may.
            Err(error) if is_about_the_target(error.code) => self.pass(here, Reason::CannotTake, error),
            Err(error) => return Err(error),
        }
        self.called.push((here.place.clone(), begun..self.failures.len()));
        Ok(None)
    }

    fn unpaid(&mut self, here: Here<'_>, unpaid: Unpaid) -> Result<()> {
        match unpaid {
            Unpaid::Refused(error) => return Err(error),
            Unpaid::NoKey(error) => self.pass(here, Reason::NoKey, error),
            Unpaid::NotListed(error) => self.pass(here, Reason::ModelNotListed, error),
            Unpaid::Failing { error, resting } => {
                self.resting.extend(resting);
                self.pass(here, Reason::Rests, error);
            }
        }
        Ok(())
    }

    fn pass(&mut self, here: Here<'_>, reason: Reason, error: Error) {
        self.passed_over.push(PassedOver { place: here.place.clone(), reason, error });
    }

    /// Whether another scope would pay at a provider and origin where a key of
    /// this call has failed: only those who chose `cross` want that.
    fn would_cross(&self, errand: Errand<'_>, terms: &Terms, next: &Credential) -> Result<bool> {
        let is_same_place = |failed: &Credential| {
            failed.provider == next.provider && failed.origin == next.origin && failed.scope != next.scope
        };
        let has_failed = self.failures.iter().any(|failure| is_same_place(failure.key.credential()))
            || self.resting.iter().any(|resting| is_same_place(resting.ended().credential));
        Ok(has_failed && paying::policy(errand.app, errand.caller, terms, &errand.call.wishes)? != Fallback::Cross)
    }

    /// Whether no further target is to be asked.
    fn is_over(&self, errand: Errand<'_>) -> bool {
        let is_final = |failure: &AttemptFailure| !failure.may_leave_its_target(errand.call.is_idempotent);
        // A key that the request named is never replaced.
        let was_pinned_key_asked =
            errand.call.wishes.pinned.is_some() && !(self.failures.is_empty() && self.resting.is_empty());
        was_pinned_key_asked || self.failures.last().is_some_and(is_final)
    }

    /// What the answer says of targets that were not called.
    fn passed_over(&self) -> Vec<String> {
        self.passed_over.iter().map(|passed| format!("{}={}", passed.place.written(), passed.reason.word())).collect()
    }

    /// The one error for a call that no target answered.
    fn last_word(self, errand: Errand<'_>, targets: &Targets, alias: &Alias) -> Error {
        let is_own_fault = |class: ErrorClass| class.is_the_requests_fault() && class != ErrorClass::NotFound;
        let mut error = match (self.failures.last(), self.called.last()) {
            (Some(last), Some((place, _))) if is_own_fault(last.error.class) => {
                failure::rejected(errand.app, place, &last.error)
            }
            _ => self.out_of_targets(errand, targets, alias),
        };
        let failed = self.failures.iter().map(AttemptFailure::public);
        error.details.attempts = failed.chain(self.resting.iter().map(Resting::public)).collect();
        error
    }

    fn out_of_targets(&self, errand: Errand<'_>, targets: &Targets, alias: &Alias) -> Error {
        // A model that is not there says nothing of when another one will answer.
        let ended: Vec<Ended<'_>> =
            self.ended().into_iter().filter(|ended| ended.class != ErrorClass::NotFound).collect();
        if !ended.is_empty() {
            let not_called: Vec<String> = self
                .passed_over
                .iter()
                .filter(|passed| passed.reason != Reason::Rests)
                .map(|passed| format!("{} ({})", passed.place.written(), passed.reason.words()))
                .collect();
            return exhausted::of_alias(errand.caller, &alias.name, &ended, &not_called);
        }
        for reason in [Reason::Rests, Reason::CannotTake] {
            if let Some(passed) = self.passed_over.iter().find(|passed| passed.reason == reason) {
                return passed.error.copy();
            }
        }
        if let (Some(failed), Some((place, _))) = (self.failures.last(), self.called.last()) {
            return failure::rejected(errand.app, place, &failed.error);
        }
        match self.passed_over.iter().find(|passed| passed.reason == Reason::ModelNotListed) {
            Some(passed) => passed.error.copy(),
            None => no_key(alias, targets),
        }
    }

    /// What each key came to in the end, target by target.
    fn ended(&self) -> Vec<Ended<'_>> {
        let of_target = |(_, range): &(Place, Range<usize>)| {
            failure::last_of_each_key(self.failures.get(range.clone()).unwrap_or_default())
        };
        let called = self.called.iter().flat_map(of_target).map(AttemptFailure::ended);
        called.chain(self.resting.iter().map(Resting::ended)).collect()
    }
}

/// Whether an error says that this target cannot take the call as it is.
const fn is_about_the_target(code: Code) -> bool {
    matches!(code, Code::UnsupportedParameter | Code::EndpointNotSupported | Code::InvalidRequest)
}

fn other_scope(place: &Place) -> Error {
    Error::new(
        Code::UpstreamCredentialsExhausted,
        format!(
            "A key of another scope would pay for {}, and your keys at this provider have failed. Correct them at /keys, or ask for the policy cross.",
            place.written()
        ),
    )
}

fn no_key(alias: &Alias, targets: &Targets) -> Error {
    let places: Vec<String> = targets.places.iter().map(Place::written).collect();
    Error::new(
        Code::ProviderKeyRequired,
        format!(
            "API key required: “{}” stands for {}, and no key that you may use opens any of them. Add one at /keys.",
            alias.name,
            places.join(", ")
        ),
    )
    .of_field("model")
}
