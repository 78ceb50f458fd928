//! The story that every model call shares, whatever it asks: may the caller
//! name this model, which place is it, who pays, and on to the payer's next key
//! when that may do better.

mod course;

use std::sync::Arc;

use domain::Caller;
use domain::resolve::Outcome;

use crate::App;
use crate::attempt::failure::{self, AttemptFailure};
use crate::attempt::{Ask, Run, Stop};
use crate::budgets::Costing;
use crate::call::{Answered, Call};
use crate::error::{Code, Error, Result};
use crate::naming::{self, Place};
use crate::paying::{Asked, Payers};
use crate::reach::{Key, Reach};
use crate::spreads::Asks;
use crate::targets::{self, Targets};
use crate::{attempt, budgets, callers, kinds, limits, paying, reach, spreads};

/// Somebody's call.
#[derive(Clone, Copy)]
pub(crate) struct Errand<'a> {
    pub(crate) app: &'a App,
    pub(crate) caller: &'a Caller,
    pub(crate) call: &'a Call,
}

impl Errand<'_> {
    /// Whether what the target cannot take is left out and told: as the request
    /// says, else as its token does.
    pub(crate) fn is_lenient(&self) -> bool {
        self.call.wishes.lenient.unwrap_or_else(|| self.caller.is_lenient())
    }
}

/// Where a call is made.
#[derive(Clone, Copy)]
struct Here<'a> {
    reach: &'a Arc<Reach>,
    place: &'a Place,
    /// The alias that led here.
    alias: Option<&'a str>,
}

/// Answers a call: by the model it names, or by the first model of an alias that
/// can.
///
/// # Errors
/// Whatever stands in the way, as the client may hear it. Every upstream call
/// that was made has its ledger row by then.
pub(crate) async fn complete<A: Ask>(errand: Errand<'_>, ask: &mut A) -> Result<Answered> {
    let limits = limits::admit(errand.app, errand.caller, ask.prompt_characters()).await?;
    let targets = permitted(errand, ask).await?;
    let mut answered = match (&targets.alias, targets.places.first()) {
        (Some(alias), _) => course::through_targets(errand, ask, &targets, alias).await,
        (None, Some(place)) => at_place(errand, ask, &targets, place).await,
        (None, None) => Err(naming::not_found(ask.model())),
    }?;
    answered.payment.limits = limits.map(Box::new);
    Ok(answered)
}

/// The place that would answer a call now: of an alias, the first whose keys
/// may pay.
///
/// # Errors
/// As [`permitted`].
pub(crate) async fn would_answer<A: Ask>(errand: Errand<'_>, ask: &A) -> Result<(Targets, Place)> {
    limits::admit(errand.app, errand.caller, 0).await?;
    let targets = permitted(errand, ask).await?;
    let may_pay = |place: &&Place| {
        let asked = Asked { place, wishes: &errand.call.wishes, conversation: None, bound: None };
        let judged = paying::judge(errand.app, errand.caller, &targets.reach, asked, Asks::ToKnow);
        judged.is_ok_and(|resolution| matches!(resolution.outcome, Outcome::Use(_)))
    };
    let chosen = targets.alias.as_ref().and_then(|_| targets.places.iter().find(may_pay));
    let place = chosen.or_else(|| targets.places.first()).ok_or_else(|| naming::not_found(ask.model()))?.clone();
    Ok((targets, place))
}

/// What a call can reach, and what the name of its model stands for, if its
/// caller may say it. Whoever may say an alias may have what it stands for.
///
/// # Errors
/// `model_not_allowed`, or what [`naming::place`] says.
async fn permitted<A: Ask>(errand: Errand<'_>, ask: &A) -> Result<Targets> {
    let Errand { app, caller, call } = errand;
    if !caller.may_call_model(ask.model()) {
        return Err(not_allowed(ask.model()));
    }
    let conversation = ask.conversation();
    targets::of(app, caller, &call.wishes, ask.model(), conversation.as_deref()).await
}

/// Answers a call at one place: finds who pays there, calls, and moves to the
/// payer's next key when that may do better.
///
/// # Errors
/// Whatever stands in the way, as the client may hear it. Every upstream call
/// that was made has its ledger row by then.
pub(crate) async fn at_place<A: Ask>(
    errand: Errand<'_>,
    ask: &mut A,
    targets: &Targets,
    place: &Place,
) -> Result<Answered> {
    let (reach, alias) = (&targets.reach, targets.alias.as_ref().map(|alias| alias.name.as_str()));
    ask.suits(place)?;
    kinds::suits(ask.kind(), reach, place)?;
    let bound = ask.bound(errand, reach, place).await?;
    let payers = {
        let conversation = ask.conversation();
        let asked = Asked { place, wishes: &errand.call.wishes, conversation: conversation.as_deref(), bound };
        paying::payers(errand.app, errand.caller, reach, asked).await?
    };
    let mut failures = Vec::new();
    match through_payers(errand, ask, Here { reach, place, alias }, &payers, &mut failures).await? {
        Some(answered) => Ok(answered),
        None => Err(failure::of_attempts(errand.app, errand.caller, place, &failures, &payers.resting)),
    }
}

/// Goes through the payers of one place until one of them is answered; `None`
/// when none was. What failed is added to `failures`.
async fn through_payers<A: Ask>(
    errand: Errand<'_>,
    ask: &mut A,
    here: Here<'_>,
    payers: &Payers,
    failures: &mut Vec<AttemptFailure>,
) -> Result<Option<Answered>> {
    let Errand { app, caller, call } = errand;
    let Here { reach, place, alias } = here;
    let mut untried = payers.keys.iter();
    let mut next = untried.next();
    while let Some(key) = next {
        still_allowed(app, caller, call, reach, key).await?;
        spreads::count(app, &reach.settled, key.credential());
        let number = failures.iter().filter(|failure| failure.has_row).count() as u32 + 1;
        let markup = reach.terms.markup(key.credential().scope);
        let price = attempt::price(app, &*ask, place, key).await?;
        let held = budgets::admit(errand, ask, Costing { place, key, price, markup }).await?;
        let run = Run { errand, ask: &*ask, place, alias, key, number, price, markup, held: held.as_ref() };
        let failure = match run.answer().await {
            Ok(answered) => {
                app.cooling.answered(key, &place.upstream_id, app.clock.now());
                return Ok(Some(answered));
            }
            Err(Stop::Refused(error)) => return Err(error),
            Err(Stop::Failed(failure)) => *failure,
        };
        if let Some(field) = failure.field_to_leave_out(|field| ask.may_leave_out(field)) {
            ask.leave_out(&field);
        } else if failure.same_key_may_help(failures) {
            // A hiccup: the same key once more.
        } else {
            next = untried.find(|key| failure.may_hand_over_to(key, call.is_idempotent));
        }
        failures.push(failure);
    }
    Ok(None)
}

/// Passes when caller and key may still be used, which may have changed while
/// the body was read or another key was tried.
async fn still_allowed(app: &App, caller: &Caller, call: &Call, known: &Arc<Reach>, key: &Key) -> Result<()> {
    app.freshness.confirm(app).await?;
    if app.callers.epoch() != call.callers_epoch {
        callers::confirm(app, caller).await?;
    }
    if paying::is_brought(key) {
        return Ok(());
    }
    let reach = reach::of(app, caller).await?;
    let (id, now) = (key.credential().id, app.clock.now());
    let is_usable = |key: &Arc<Key>| {
        let credential = key.credential();
        credential.id == id && credential.is_active && !credential.is_expired(now)
    };
    if Arc::ptr_eq(&reach, known) || reach.keys.iter().any(is_usable) {
        return Ok(());
    }
    Err(Error::new(
        Code::UpstreamCredentialsExhausted,
        "The key that would pay was switched off while this request was under way. Send it again.",
    ))
}

fn not_allowed(model: &str) -> Error {
    Error::new(
        Code::ModelNotAllowed,
        format!("This gateway token may not call “{}”. Use one of its models, or another token.", naming::shown(model)),
    )
    .of_field("model")
}
