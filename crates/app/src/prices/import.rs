//! Taking prices from somebody's list: what it would change, and doing it. Both
//! are the same comparison.

use std::collections::BTreeMap;

use domain::audit::Event;
use domain::price_book::{PriceBook, PriceEntry, PriceSource};
use domain::{Caller, Price, ProviderId, Timestamp};
use llm::catalogue::Catalogue;
use llm::price_lists::{self, LeftOut};

use super::set::{self, MOST_KEPT, may_set, model_id};
use crate::App;
use crate::error::{Error, Result};
use crate::{naming, sign_in};

/// What a list would change, or has changed.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Whose list it is.
    pub source: PriceSource,
    /// From when on its prices count.
    pub starts_at: Timestamp,
    /// The prices that are new or other than those in force then.
    pub differences: Vec<Difference>,
    /// How many are the same.
    pub unchanged: u64,
    /// What is left out, and why.
    pub skipped: Vec<LeftOut>,
    /// Entries that nobody could mean, and why.
    pub refused: Vec<LeftOut>,
}

/// A price that a list has otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Whose model.
    pub provider: ProviderId,
    /// The provider's id of it.
    pub model: String,
    /// What it costs without the list; `None`: it has no price.
    pub old: Option<Price>,
    /// What the list says.
    pub new: Price,
}

/// Prices that somebody picked out of a plan.
#[derive(Clone, Debug)]
pub struct Picked {
    /// Whose list they are from.
    pub source: PriceSource,
    /// What was picked.
    pub prices: Vec<(ProviderId, String, Price)>,
}

impl Plan {
    /// How many have no price without the list.
    #[must_use]
    pub fn added(&self) -> u64 {
        self.differences.iter().filter(|one| one.old.is_none()).count() as u64
    }

    /// How many have another price without it.
    #[must_use]
    pub fn changed(&self) -> u64 {
        self.differences.iter().filter(|one| one.old.is_some()).count() as u64
    }
}

/// A list that was read and may be compared.
struct Listed {
    source: PriceSource,
    prices: BTreeMap<(ProviderId, String), Price>,
    skipped: Vec<LeftOut>,
    refused: Vec<LeftOut>,
}

/// From when on a list counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Start {
    /// `None`: from now on.
    pub at: Option<Timestamp>,
    /// Whether that may lie in the past: calls already made keep the price they
    /// were billed at, but the history says otherwise then.
    pub may_lie_in_the_past: bool,
}

/// What a list would change, from `start` on.
///
/// # Errors
/// `forbidden`, `invalid_request` for what is no list.
pub async fn plan(app: &App, caller: &Caller, document: &str, start: Start) -> Result<Plan> {
    may_set(caller)?;
    let starts_at = checked(start, app.clock.now())?;
    let book = super::book(app).await?;
    Ok(compared(read(document)?, app.catalogue, &book, starts_at))
}

/// Takes all prices of a list, in one change.
///
/// # Errors
/// As [`plan`]; nothing is taken then.
pub async fn apply(app: &App, caller: &Caller, document: &str, start: Start) -> Result<Plan> {
    may_set(caller)?;
    write(app, caller, read(document)?, start).await
}

/// Takes what somebody picked of a list, in one change.
///
/// # Errors
/// As [`apply`].
pub async fn apply_picked(app: &App, caller: &Caller, picked: Picked, start: Start) -> Result<Plan> {
    may_set(caller)?;
    let mut prices = BTreeMap::new();
    for (provider, model, price) in picked.prices {
        price.check().map_err(|problem| Error::invalid(&format!("The price of {model}"), problem.to_string()))?;
        prices.insert((provider, model_id(provider, &model)?), price);
    }
    let listed = Listed { source: picked.source, prices, skipped: Vec::new(), refused: Vec::new() };
    write(app, caller, listed, start).await
}

async fn write(app: &App, caller: &Caller, listed: Listed, start: Start) -> Result<Plan> {
    let now = app.clock.now();
    let starts_at = checked(start, now)?;
    let mut change = app.store.begin(now, sign_in::actor(caller), None).await?;
    let known = store::prices::all_in(&mut change).await?;
    let kept = known.len();
    let plan = compared(listed, app.catalogue, &PriceBook::of(known), starts_at);
    if plan.differences.is_empty() {
        change.rollback().await?;
        return Ok(plan);
    }
    if kept + plan.differences.len() > MOST_KEPT {
        change.rollback().await?;
        return Err(Error::invalid("The list", format!("has too many prices: {MOST_KEPT} are kept, history included")));
    }
    for Difference { provider, model, new, .. } in &plan.differences {
        let entry = PriceEntry {
            provider: *provider,
            model: model.clone(),
            starts_at,
            price: Some(*new),
            source: plan.source,
            note: None,
            created_at: now,
            created_by: Some(caller.user),
        };
        store::prices::insert(&mut change, &entry).await.map_err(|error| set::in_words(error, &entry))?;
    }
    let (source, added, changed) = (plan.source.as_str(), plan.added(), plan.changed());
    change.commit(Event::PricesImported { source, added, changed, starts_at }).await?;
    app.prices.forget();
    Ok(plan)
}

/// When a list begins to count.
fn checked(start: Start, now: Timestamp) -> Result<Timestamp> {
    let starts_at = set::within(start.at.unwrap_or(now), now)?;
    if starts_at < now && !start.may_lie_in_the_past {
        return Err(Error::invalid(
            "starts_at",
            "lies in the past: calls already made keep the price they were billed at; say that it may (confirm=true) to write the list into the history all the same",
        ));
    }
    Ok(starts_at)
}

fn read(document: &str) -> Result<Listed> {
    let list = price_lists::read(document).map_err(|problem| Error::invalid("The document", problem))?;
    // A key in the place of a name is not repeated.
    let named = |all: Vec<LeftOut>| -> Vec<LeftOut> {
        all.into_iter().map(|one| LeftOut { name: naming::shown(&one.name), ..one }).collect()
    };
    let (skipped, refused) = (named(list.skipped), named(list.refused));
    let mut listed = Listed { source: list.source, prices: BTreeMap::new(), skipped, refused };
    for ((provider, model), price) in list.prices {
        match model_id(provider, &model) {
            Ok(model) => {
                listed.prices.insert((provider, model), price);
            }
            Err(_) => listed.refused.push(LeftOut {
                name: provider.to_string(),
                reason: "has a model whose name is none that is kept, such as one that looks like a provider key"
                    .to_owned(),
                entries: 1,
            }),
        }
    }
    Ok(listed)
}

/// The one comparison. A price is the same when it is billed the same: a rate
/// that is absent is the rate it falls back to.
fn compared(listed: Listed, catalogue: &Catalogue, book: &PriceBook, starts_at: Timestamp) -> Plan {
    let mut plan = Plan {
        source: listed.source,
        starts_at,
        differences: Vec::new(),
        unchanged: 0,
        skipped: listed.skipped,
        refused: listed.refused,
    };
    for ((provider, model), new) in listed.prices {
        let old = super::of_server(catalogue, book, provider, &model, starts_at).map(|quote| quote.price);
        if old.is_some_and(|old| old.written_out() == new.written_out()) {
            plan.unchanged += 1;
        } else {
            plan.differences.push(Difference { provider, model, old, new });
        }
    }
    plan
}
