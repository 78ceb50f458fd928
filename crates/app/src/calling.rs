//! The story that every model call shares, whatever it asks: may the caller
//! name this model, which place is it, who pays, and on to the payer's next key
//! when that may do better.

use std::sync::Arc;

use domain::Caller;

use crate::App;
use crate::attempt::failure::{self, AttemptFailure};
use crate::attempt::{Ask, Run, Stop};
use crate::call::{Answered, Call};
use crate::error::{Code, Error, Result};
use crate::naming::{self, Place};
use crate::paying::{Asked, Payers};
use crate::reach::{Key, Reach};
use crate::{brought, callers, kinds, paying, reach, spreads};

/// Somebody's call.
#[derive(Clone, Copy)]
pub(crate) struct Errand<'a> {
    pub(crate) app: &'a App,
    pub(crate) caller: &'a Caller,
    pub(crate) call: &'a Call,
}

/// The keys a call can reach and the model it means, if its caller may name it.
///
/// # Errors
/// `model_not_allowed`, or what [`naming::place`] says.
pub(crate) async fn permitted(errand: Errand<'_>, model: &str) -> Result<(Arc<Reach>, Place)> {
    if !errand.caller.may_call_model(model) {
        return Err(not_allowed(model));
    }
    within_reach(errand.app, errand.caller, errand.call, model).await
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
    reach: &Arc<Reach>,
    place: &Place,
) -> Result<Answered> {
    kinds::suits(ask.kind(), reach, place)?;
    let payers = {
        let conversation = ask.conversation();
        let asked = Asked { place, wishes: &errand.call.wishes, conversation: conversation.as_deref() };
        paying::payers(errand.app, errand.caller, reach, asked).await?
    };
    let mut failures = Vec::new();
    match through_payers(errand, ask, (reach, place), &payers, &mut failures).await? {
        Some(answered) => Ok(answered),
        None => Err(failure::of_attempts(errand.app, errand.caller, place, &failures, &payers.resting)),
    }
}

/// Goes through the payers of one place until one of them is answered; `None`
/// when none was. What failed is added to `failures`.
async fn through_payers<A: Ask>(
    errand: Errand<'_>,
    ask: &mut A,
    (reach, place): (&Arc<Reach>, &Place),
    payers: &Payers,
    failures: &mut Vec<AttemptFailure>,
) -> Result<Option<Answered>> {
    let Errand { app, caller, call } = errand;
    let mut untried = payers.keys.iter();
    let mut next = untried.next();
    while let Some(key) = next {
        still_allowed(app, caller, call, reach, key).await?;
        spreads::count(app, &reach.settled, key.credential());
        let number = failures.iter().filter(|failure| failure.has_row).count() as u32 + 1;
        let run = Run { errand, ask: &*ask, place, key, number };
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

/// The keys a call can reach and the model it means: by the key it brought, or
/// by those that are kept.
async fn within_reach(app: &App, caller: &Caller, call: &Call, model: &str) -> Result<(Arc<Reach>, Place)> {
    if let Some(brought) = &call.wishes.brought {
        return brought::reach(app, caller, brought, model);
    }
    let reach = reach::of(app, caller).await?;
    let place = naming::place(model, &reach, app.catalogue, app.clock.now())?;
    Ok((reach, place))
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
