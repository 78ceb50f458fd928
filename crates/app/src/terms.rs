//! On which terms a caller's calls are paid: the rules of the organization they
//! act in, and what their team adds to them. Read with what they can reach, and
//! kept as long.

use domain::Caller;
use domain::credential::Scope;
use domain::ids::OrganizationId;
use domain::organization::Rules;
use domain::provider::ProviderId;
use domain::resolve::Fallback;

use crate::App;
use crate::error::{Error, Result};

/// The terms of one caller's calls.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Terms {
    /// The organization they act in, if any.
    pub organization: Option<OrganizationId>,
    /// Its name.
    pub name: String,
    /// Its rules; `None`: they act in none.
    pub rules: Option<Rules>,
    /// Their team's own mark-up.
    pub team_markup: Option<u32>,
}

impl Terms {
    /// Reads the terms of `caller`.
    ///
    /// # Errors
    /// `not_found` when the organization is gone, or when the store cannot be
    /// read.
    pub(crate) async fn read(app: &App, caller: &Caller) -> Result<Self> {
        let Some(id) = caller.organization else { return Ok(Self::default()) };
        let organization = store::organizations::by_id(&app.store, id).await?;
        let organization = organization.ok_or_else(|| Error::not_found("organization"))?;
        let team = match caller.team() {
            Some(team) => store::teams::by_id(&app.store, team).await?,
            None => None,
        };
        Ok(Self {
            organization: Some(id),
            name: organization.name,
            rules: Some(organization.rules),
            team_markup: team.and_then(|team| team.markup_basis_points),
        })
    }

    /// The organization's word on how far calls may go for a key.
    #[must_use]
    pub fn fallback(&self) -> Option<Fallback> {
        let rules = self.rules.as_ref()?;
        let least = if rules.may_cross { Fallback::Cross } else { Fallback::Chain };
        Some(rules.fallback.unwrap_or(least).strictest(least))
    }

    /// The mark-up on a call that a key of this scope pays, in basis points.
    #[must_use]
    pub fn markup(&self, scope: Scope) -> u32 {
        self.rules.as_ref().map_or(0, |rules| rules.markup(scope, self.team_markup))
    }

    /// Whether a provider may be called.
    #[must_use]
    pub fn allow_provider(&self, provider: ProviderId) -> bool {
        self.rules
            .as_ref()
            .and_then(|rules| rules.allowed_providers.as_ref())
            .is_none_or(|allowed| allowed.contains(&provider))
    }
}
