//! Letting a call in where budgets are in force: what it may come to is held
//! against all of them before anything is sent, or it is not made. Where the
//! client names no limit and the longest answer does not fit, a shorter one is
//! asked for.

use std::sync::Arc;

use domain::budget::{Budget, Estimate, LONGEST_UNSAID, SHORTEST_ANSWER, WINDOW_UNSAID, Window};
use domain::ids::AttemptId;
use domain::model::ModelFacts;
use domain::usage::estimated_tokens;
use domain::{Caller, Nanos, Price};
use llm::media::{self, Media};
use store::budgets::{Admission, Standing};
use tokio::sync::oneshot;

use super::force;
use super::holding::{Held, Holding};
use super::words;
use crate::App;
use crate::attempt::{AnswerLength, Ask};
use crate::calling::Errand;
use crate::error::{Code, Error, Result};
use crate::meter::Reckoning;
use crate::naming::{self, Place};
use crate::reach::Key;

/// How often a shorter answer is tried while others take what was left.
const SHORTER: usize = 4;

/// A call that is about to be made, and what it costs.
pub(crate) struct Costing<'a> {
    pub(crate) place: &'a Place,
    pub(crate) key: &'a Key,
    pub(crate) price: Option<Price>,
    /// In basis points.
    pub(crate) markup: u32,
}

/// Holds what the call may come to. `None`: no budget is in force, or it costs
/// nothing.
///
/// # Errors
/// `budget_exceeded`, and `model_unpriced` where nobody can say what it costs.
pub(crate) async fn admit<A: Ask>(errand: Errand<'_>, ask: &mut A, costing: Costing<'_>) -> Result<Option<Held>> {
    let Errand { app, caller, .. } = errand;
    let reckoning = ask.reckoning(costing.place.provider);
    let bounds = match reckoning {
        Reckoning::Free => Vec::new(),
        _ => bounds(app, caller, &costing).await?,
    };
    if bounds.is_empty() {
        ask.limit_answer(None);
        return Ok(None);
    }
    if reckoning == Reckoning::ToldUnpriced {
        return Err(unreckoned(costing.place));
    }
    let size = Size { characters: ask.priced_characters(errand), media: ask.media(), answer: ask.answer_length() };
    // Out of the way of calls that nothing bounds.
    let held = Box::pin(admit_within(app, caller, bounds, costing, size)).await?;
    ask.limit_answer(held.as_ref().and_then(Held::limit));
    Ok(held)
}

/// The budgets that a call counts against, each with its window.
///
/// # Errors
/// When the store cannot be read.
pub(crate) async fn bounds(app: &App, caller: &Caller, costing: &Costing<'_>) -> Result<Vec<(Budget, Window)>> {
    let (scope, now) = (costing.key.credential().scope, app.clock.now());
    let budgets = force::for_caller(app, caller).await?.into_iter().filter(|budget| budget.counts(scope));
    Ok(budgets.map(|budget| (budget.clone(), budget.period.window(now))).collect())
}

/// How much may be billed of a call.
pub(crate) struct Size {
    /// The characters of the question's text.
    pub(crate) characters: u64,
    /// What it holds besides.
    pub(crate) media: Media,
    pub(crate) answer: AnswerLength,
}

/// Holds what a question of this size and its answer may come to.
///
/// # Errors
/// As [`admit`].
pub(crate) async fn admit_within(
    app: &App,
    caller: &Caller,
    bounds: Vec<(Budget, Window)>,
    costing: Costing<'_>,
    size: Size,
) -> Result<Option<Held>> {
    let length = size.answer;
    let price = costing.price.ok_or_else(|| unpriced(costing.place))?;
    if price == Price::FREE || bounds.is_empty() {
        return Ok(None);
    }
    let estimate = Estimate {
        price,
        markup_basis_points: costing.markup,
        prompt: longest_question(app, &costing, &size),
        choices: length.choices,
    };
    let longest = length.named.unwrap_or_else(|| longest_answer(app, &costing));
    let attempt = AttemptId::generate(app.clock.now(), &app.entropy);
    let may_be_shorter = length.named.is_none() && length.may_be_limited;
    match (Admitting { app, attempt, estimate, bounds }).hold_for(longest, may_be_shorter).await? {
        Ok(held) => Ok(Some(held)),
        Err(refused) => Err(words::exceeded(app, caller, &refused, estimate, may_be_shorter).await),
    }
}

/// Why a call is not let in.
pub(super) struct Refused {
    pub(super) budget: Budget,
    pub(super) window: Window,
    pub(super) standing: Standing,
    /// What was asked for.
    pub(super) longest: u64,
}

/// A call at the door.
struct Admitting<'a> {
    app: &'a App,
    attempt: AttemptId,
    estimate: Estimate,
    bounds: Vec<(Budget, Window)>,
}

impl Admitting<'_> {
    /// Holds what an answer of `longest` tokens costs, or of as many as fit.
    async fn hold_for(&self, longest: u64, may_be_shorter: bool) -> Result<std::result::Result<Held, Refused>> {
        let (mut answer, mut limited_to) = (longest, None);
        let (mut is_settled, mut left) = (false, SHORTER + self.bounds.len());
        loop {
            let (budget, limit, standing) = match self.hold(self.estimate.cost(answer)).await? {
                Ok(held) => return Ok(Ok(held.limited_to(limited_to))),
                Err(refused) => refused,
            };
            let refused = || Refused { window: budget.1, budget: budget.0.clone(), standing, longest };
            left = left.saturating_sub(1);
            if left == 0 {
                return Ok(Err(refused()));
            }
            // Calls that are over may still be on their way into the books.
            if !is_settled && standing.held > Nanos::ZERO {
                is_settled = true;
                self.app.store.ledger().flush().await.map_err(Error::from)?;
                continue;
            }
            let fits = self.estimate.longest_answer(standing.left(limit), longest).filter(|_| may_be_shorter);
            match fits.filter(|fits| *fits >= SHORTEST_ANSWER.min(longest) && *fits < answer) {
                Some(fits) => (answer, limited_to) = (fits, Some(fits)),
                None => return Ok(Err(refused())),
            }
        }
    }

    /// Holds `nanos`, or says which budget has no room, its limit and how it
    /// stands. The writing is finished whoever goes away meanwhile.
    async fn hold(&self, nanos: Nanos) -> Result<std::result::Result<Held, (&(Budget, Window), Nanos, Standing)>> {
        let app = self.app.handle().ok_or_else(|| Error::new(Code::StoreUnavailable, "Ownkey is going down."))?;
        let (holding, attempt, now) = (self.holding(&app, nanos), self.attempt, self.app.clock.now());
        let asked: Vec<_> = self.bounds.iter().map(|(budget, window)| (budget.id, window.starts_at)).collect();
        let (sender, receiver) = oneshot::channel();
        let within = Arc::clone(&app);
        app.spawn(async move {
            let admission = store::budgets::admit(&within.store, attempt, nanos, &asked, now).await;
            let answer = admission.map(|admission| match admission {
                Admission::Held(held) => Ok(Held::of(holding.standing(&held))),
                Admission::Refused { budget, limit, standing } => Err((budget, limit, standing)),
            });
            // Nobody there to hear it: what is held is freed with it.
            drop(sender.send(answer));
        });
        let gone = |_| Error::new(Code::StoreUnavailable, "The budget could not be asked. Send the request again.");
        Ok(receiver.await.map_err(gone)??.map_err(|(id, limit, standing)| {
            let refuser = self.bounds.iter().find(|(budget, _)| budget.id == id);
            (refuser.unwrap_or(&self.bounds[0]), limit, standing)
        }))
    }

    fn holding(&self, app: &Arc<App>, nanos: Nanos) -> Holding {
        Holding::new(app, self.attempt, self.estimate, nanos, self.bounds.clone())
    }
}

/// What the key's list, or else the catalogue, says of the model.
fn said<T>(app: &App, costing: &Costing<'_>, what: impl Fn(&ModelFacts) -> Option<T>) -> Option<T> {
    let Costing { place, key, .. } = costing;
    let offered = key.offers.get(&place.upstream_id).map(|offer| &offer.facts);
    [offered, app.catalogue.get(place.provider, &place.upstream_id)].into_iter().flatten().find_map(what)
}

/// The longest answer the model gives.
fn longest_answer(app: &App, costing: &Costing<'_>) -> u64 {
    let longest = said(app, costing, |facts| facts.max_output_tokens);
    longest.or_else(|| said(app, costing, |facts| facts.context_window)).unwrap_or(LONGEST_UNSAID)
}

/// The most tokens that the question is billed as. Nobody knows how long a sound,
/// a film, a document or what the provider keeps is: it may be all that the model
/// reads.
fn longest_question(app: &App, costing: &Costing<'_>, size: &Size) -> u64 {
    let Media { pictures, has_more } = size.media;
    let of_a_picture = || media::most_tokens_of_a_picture(costing.place.provider, &costing.place.upstream_id);
    let seen = if pictures > 0 { pictures.saturating_mul(of_a_picture()) } else { 0 };
    let window = || said(app, costing, |facts| facts.context_window).unwrap_or(WINDOW_UNSAID);
    let more = if has_more { window() } else { 0 };
    estimated_tokens(size.characters).saturating_add(seen).saturating_add(more)
}

fn unreckoned(place: &Place) -> Error {
    Error::new(
        Code::ModelUnpriced,
        format!(
            "What “{}” costs at {} is not told by tokens of text, so that it cannot be held against the budget in force, and it is not called. Call it without a budget.",
            naming::shown(&place.upstream_id),
            place.provider.display_name()
        ),
    )
    .of_field("model")
}

fn unpriced(place: &Place) -> Error {
    Error::new(
        Code::ModelUnpriced,
        format!(
            "Nobody says what “{}” costs at {}, and a budget is in force, so it is not called. Set its price in the registry of models, or call another model.",
            naming::shown(&place.upstream_id),
            place.provider.display_name()
        ),
    )
    .of_field("model")
}
