//! Changing the rules under which an organization's calls are paid.

use domain::organization::{HIGHEST_MARKUP, KeyOrder, Rules};
use domain::provider::ProviderId;
use domain::resolve::Fallback;

use crate::error::{Error, Result};

/// Other rules. `None` leaves as is; `Some(None)` clears.
#[derive(Clone, Debug, Default)]
pub struct RulesEdit {
    /// In which order the scopes are asked.
    pub order: Option<KeyOrder>,
    /// How far a call may go for a key, at most.
    pub fallback: Option<Option<Fallback>>,
    /// Whether a call may leave a scope whose keys failed.
    pub may_cross: Option<bool>,
    /// Whether members' own keys may pay.
    pub personal_keys_allowed: Option<bool>,
    /// The providers that may be called; cleared: all.
    pub allowed_providers: Option<Option<Vec<ProviderId>>>,
    /// The mark-up on calls that shared keys pay.
    pub markup_basis_points: Option<u32>,
    /// Whether calls that members' own keys pay are marked up, too.
    pub personal_markup: Option<bool>,
    /// Whether budgets count what members' own keys pay.
    pub counts_personal: Option<bool>,
}

impl RulesEdit {
    /// The rules with this edit, and the names of what it says.
    ///
    /// # Errors
    /// `invalid_request`.
    pub(super) fn applied(self, known: Rules) -> Result<(Rules, Vec<&'static str>)> {
        let fields = [
            (self.order.is_some(), "order"),
            (self.fallback.is_some(), "fallback"),
            (self.may_cross.is_some(), "may_cross"),
            (self.personal_keys_allowed.is_some(), "personal_keys_allowed"),
            (self.allowed_providers.is_some(), "allowed_providers"),
            (self.markup_basis_points.is_some(), "markup_basis_points"),
            (self.personal_markup.is_some(), "personal_markup"),
            (self.counts_personal.is_some(), "counts_personal"),
        ];
        let fields = fields.into_iter().filter_map(|(is_there, field)| is_there.then_some(field)).collect();
        if self.fallback == Some(Some(Fallback::Cross)) {
            return Err(Error::invalid("fallback", "is not taken: expected chain or strict; may_cross allows cross"));
        }
        let mut allowed_providers = self.allowed_providers.unwrap_or(known.allowed_providers);
        if let Some(allowed) = &mut allowed_providers {
            allowed.sort_unstable();
            allowed.dedup();
            if allowed.is_empty() {
                return Err(Error::invalid("allowed_providers", "is empty; name at least one, or send null for all"));
            }
        }
        let rules = Rules {
            order: self.order.unwrap_or(known.order),
            fallback: self.fallback.unwrap_or(known.fallback),
            may_cross: self.may_cross.unwrap_or(known.may_cross),
            personal_keys_allowed: self.personal_keys_allowed.unwrap_or(known.personal_keys_allowed),
            allowed_providers,
            markup_basis_points: checked_markup(self.markup_basis_points)?.unwrap_or(known.markup_basis_points),
            personal_markup: self.personal_markup.unwrap_or(known.personal_markup),
            counts_personal: self.counts_personal.unwrap_or(known.counts_personal),
        };
        Ok((rules, fields))
    }
}

/// A mark-up as it may be.
///
/// # Errors
/// `invalid_request`.
pub(crate) fn checked_markup(basis_points: Option<u32>) -> Result<Option<u32>> {
    if basis_points.is_some_and(|points| points > HIGHEST_MARKUP) {
        return Err(Error::invalid(
            "markup_basis_points",
            format!("must be 0 to {HIGHEST_MARKUP}; 2000 are twenty per cent"),
        ));
    }
    Ok(basis_points)
}
