//! Explaining who would pay for a model, and why nobody else.

use domain::Caller;
use domain::resolve::{Fallback, Resolution};

use crate::App;
use crate::error::Result;
use crate::naming::{self, Place};
use crate::paying::{self, Asked, Wishes};
use crate::reach;
use crate::spreads::Asks;

/// The explanation.
#[derive(Debug)]
pub struct Explained {
    /// The model it is about.
    pub place: Place,
    /// Who would pay.
    pub resolution: Resolution,
    /// The policy in force.
    pub policy: Fallback,
}

/// Who would pay if the caller called `model` now.
///
/// # Errors
/// When the name means nothing here.
pub async fn explain(app: &App, caller: &Caller, model: &str, wishes: &Wishes) -> Result<Explained> {
    let reach = reach::of(app, caller).await?;
    let place = naming::place(model, &reach, app.catalogue, app.clock.now())?;
    let asked = Asked { place: &place, wishes, conversation: None, bound: None };
    let resolution = paying::judge(app, caller, &reach, asked, Asks::ToKnow)?;
    Ok(Explained { place, resolution, policy: paying::policy(app, caller, wishes)? })
}
