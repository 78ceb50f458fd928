//! Budgets: who may spend how much, in which window. Set and read here; in force
//! for a call in [`admission`]; what a call holds until it is over in [`holding`].

mod admission;
mod force;
mod holding;
mod manage;
mod read;
mod rights;
mod words;

use domain::budget::{Budget, Window};
use store::budgets::{Standing, StoredBudget};

pub(crate) use admission::{Costing, Size, admit, admit_within, bounds};
pub(crate) use force::Force;
pub(crate) use holding::{Held, Holding, limits_changed, part_is_spent};
pub(crate) use manage::edit_of_token;
pub use manage::{Change, NewBudget, Wanted, change, create, remove};
pub(crate) use read::of_news;
pub use read::{Panel, get, list, of_owner, of_team_tokens, of_tokens, over, panel};
pub use rights::may_manage;
pub(crate) use rights::refuse_bounded_token;
pub use words::dollars;
pub(crate) use words::spent_meanwhile;

/// A budget as it stands now.
#[derive(Clone, Debug)]
pub struct Standard {
    /// The budget, and who set it.
    pub stored: StoredBudget,
    /// The window now.
    pub window: Window,
    /// What was spent in it, and is held.
    pub standing: Standing,
    /// What its owner is called.
    pub owner_name: String,
}

impl Standard {
    /// The budget.
    #[must_use]
    pub const fn budget(&self) -> &Budget {
        &self.stored.budget
    }
}
