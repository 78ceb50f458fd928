//! Explaining who would pay for a model, and why nobody else.

use std::sync::Arc;

use domain::Caller;
use domain::alias::Alias;
use domain::resolve::{Fallback, Outcome, Resolution};

use crate::App;
use crate::error::Result;
use crate::naming::{self, Place};
use crate::paying::{self, Asked, Wishes};
use crate::reach;
use crate::spreads::Asks;
use crate::targets;

/// The explanation.
#[derive(Debug)]
pub struct Explained {
    /// The alias that the name is.
    pub alias: Option<Arc<Alias>>,
    /// The model it is about, or those that the alias stands for, in the order
    /// in which they are asked; never empty.
    pub places: Vec<ExplainedPlace>,
    /// The policy in force.
    pub policy: Fallback,
}

/// One model of one provider.
#[derive(Debug)]
pub struct ExplainedPlace {
    /// The model.
    pub place: Place,
    /// How often an alias draws it, compared to the others.
    pub weight: Option<u32>,
    /// Who would pay.
    pub resolution: Resolution,
}

impl Explained {
    /// The model that would be called: the first whose keys may pay now.
    #[must_use]
    pub fn first(&self) -> Option<&ExplainedPlace> {
        let is_usable = |one: &&ExplainedPlace| matches!(one.resolution.outcome, Outcome::Use(_));
        self.places.iter().find(is_usable).or_else(|| self.places.first())
    }
}

/// Who would pay if the caller called `model` now. An alias that draws is told
/// in the order of its weights.
///
/// # Errors
/// When the name means nothing here.
pub async fn explain(app: &App, caller: &Caller, model: &str, wishes: &Wishes) -> Result<Explained> {
    let reach = reach::of(app, caller).await?;
    let alias = reach.aliases.meant(model).cloned();
    let places: Vec<(Place, Option<u32>)> = match &alias {
        Some(alias) => {
            let targets = targets::in_order(&reach, alias, None);
            targets.into_iter().map(|target| (targets::place(target), Some(target.weight))).collect()
        }
        None => vec![(naming::place(model, &reach, app.catalogue, app.clock.now())?, None)],
    };
    let explained = |(place, weight): (Place, Option<u32>)| {
        let asked = Asked { place: &place, wishes, conversation: None, bound: None };
        let resolution = paying::judge(app, caller, &reach, asked, Asks::ToKnow)?;
        Ok(ExplainedPlace { place, weight, resolution })
    };
    let places = places.into_iter().map(explained).collect::<Result<_>>()?;
    Ok(Explained { alias, places, policy: paying::policy(app, caller, &reach.terms, wishes)? })
}
