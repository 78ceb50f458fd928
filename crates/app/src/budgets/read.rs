//! Budgets and how they stand, for whoever may see them.

use std::collections::HashMap;

use domain::budget::{Owner, OwnerKind};
use domain::ids::{BudgetId, OrganizationId, TeamId, TokenId, UserId};
use domain::organization::Team;
use domain::{Caller, Timestamp};
use store::budgets::StoredBudget;
use store::tokens::Token;

use super::Standard;
use super::manage::counts_personal;
use super::rights::{is_free, knows, may_manage, owner_noun};
use crate::App;
use crate::error::{Code, Error, Result};

/// The most tokens of one person whose budgets are listed.
const TOKENS: i64 = 10_000;

/// The most teams.
const TEAMS: i64 = 1_000;

/// A budget that `caller` may see.
///
/// # Errors
/// `not_found`.
pub(super) async fn seen(app: &App, caller: &Caller, id: BudgetId) -> Result<StoredBudget> {
    let missing = || Error::not_found("budget");
    let stored = store::budgets::by_id(&app.store, id).await?.ok_or_else(missing)?;
    if knows(app, caller, stored.budget.owner).await? { Ok(stored) } else { Err(missing()) }
}

/// One budget and how it stands.
///
/// # Errors
/// `not_found`.
pub async fn get(app: &App, caller: &Caller, id: BudgetId) -> Result<Standard> {
    standard(app, seen(app, caller, id).await?).await
}

/// The budgets of one owner and how they stand.
///
/// # Errors
/// `not_found` for an owner that is not the caller's to know of.
pub async fn of_owner(app: &App, caller: &Caller, owner: Owner) -> Result<Vec<Standard>> {
    if !knows(app, caller, owner).await? {
        return Err(Error::not_found(owner_noun(owner.kind)).of_field("owner_id"));
    }
    standards(app, store::budgets::of_owners(&app.store, &[owner]).await?).await
}

/// The budgets of one owner, and what the caller may do about them.
#[derive(Clone, Debug)]
pub struct Panel {
    /// Whose they are.
    pub owner: Owner,
    /// What the owner is called.
    pub owner_name: String,
    /// The budgets and how they stand, each with whether the caller may change it.
    pub budgets: Vec<(Standard, bool)>,
    /// Whether the caller may set another.
    pub may_add: bool,
    /// Whether calls paid with personal keys count in one that does not say.
    pub counts_personal: bool,
}

/// The budgets of one owner, and what `caller` may do about them.
///
/// # Errors
/// `not_found` for an owner that is not the caller's to know of.
pub async fn panel(app: &App, caller: &Caller, owner: Owner) -> Result<Panel> {
    let budgets = of_owner(app, caller, owner).await?;
    let may_add = match may_manage(app, caller, owner).await {
        Ok(_) => true,
        Err(error) if error.code == Code::Forbidden => false,
        Err(error) => return Err(error),
    };
    let with_rights = |standard: Standard| {
        let may_change = may_add && is_free(caller, standard.budget());
        (standard, may_change)
    };
    let budgets = budgets.into_iter().map(with_rights).collect();
    let counts_personal = counts_personal(app, owner).await?;
    Ok(Panel { owner, owner_name: owner_name(app, owner).await, budgets, may_add, counts_personal })
}

/// The budgets of the teams and organizations that somebody belongs to, and how
/// they stand: their tokens of a team spend its budget, their calls in an
/// organization that one's.
///
/// # Errors
/// When the store cannot be read.
pub async fn over(app: &App, caller: &Caller) -> Result<Vec<Standard>> {
    let teams = caller.belonging.teams.iter().map(|place| Owner::from(place.team));
    let organizations = caller.belonging.organizations.iter().map(|place| Owner::from(place.organization));
    let owners: Vec<Owner> = teams.chain(organizations).collect();
    standards(app, store::budgets::of_owners(&app.store, &owners).await?).await
}

/// The budgets of the caller's tokens and how they stand.
///
/// # Errors
/// When the store cannot be read.
pub async fn of_tokens(app: &App, caller: &Caller, tokens: &[Token]) -> Result<Vec<Standard>> {
    let owners: Vec<Owner> =
        tokens.iter().filter(|token| token.user == caller.user).map(|token| token.id.into()).collect();
    standards(app, store::budgets::of_owners(&app.store, &owners).await?).await
}

/// The budgets of some of a team's tokens and how they stand.
///
/// # Errors
/// `forbidden` for whoever does not lead the team.
pub async fn of_team_tokens(app: &App, caller: &Caller, team: &Team, tokens: &[Token]) -> Result<Vec<Standard>> {
    if !caller.leads(team.id, team.organization) {
        return Err(Error::new(Code::Forbidden, "Only whoever leads this team sees what its tokens may spend."));
    }
    let theirs = tokens.iter().filter(|token| token.team == Some(team.id));
    let owners: Vec<Owner> = theirs.map(|token| token.id.into()).collect();
    standards(app, store::budgets::of_owners(&app.store, &owners).await?).await
}

/// The budgets that `caller` may see: their own, their tokens', and those of the
/// teams and organizations they belong to; for admins all.
/// With their number.
///
/// # Errors
/// When the store cannot be read.
pub async fn list(app: &App, caller: &Caller, skip: i64, limit: i64) -> Result<(Vec<Standard>, i64)> {
    if caller.is_admin() && caller.team().is_none() {
        let (stored, count) = store::budgets::list(&app.store, skip, limit).await?;
        return Ok((standards(app, stored).await?, count));
    }
    let (tokens, _) = store::tokens::list(&app.store, caller.user, 0, TOKENS).await?;
    let is_person = caller.team().is_none();
    let own = tokens.into_iter().filter(|token| token.team == caller.team()).map(|token| token.id.into());
    let mut owners: Vec<Owner> = own.chain(is_person.then(|| caller.user.into())).collect();
    owners.extend(caller.team().map(Owner::from));
    if is_person {
        let organizations = caller.belonging.organizations.iter();
        owners.extend(organizations.map(|membership| Owner::from(membership.organization)));
        let (teams, _) = store::teams::list(&app.store, None, Some(caller.user), 0, TEAMS).await?;
        owners.extend(teams.into_iter().map(|team| Owner::from(team.id)));
    }
    let stored = store::budgets::of_owners(&app.store, &owners).await?;
    let count = i64::try_from(stored.len()).unwrap_or(i64::MAX);
    let (skip, limit) = (usize::try_from(skip).unwrap_or(0), usize::try_from(limit).unwrap_or(0));
    let some = stored.into_iter().skip(skip).take(limit).collect();
    Ok((standards(app, some).await?, count))
}

pub(super) async fn standard(app: &App, stored: StoredBudget) -> Result<Standard> {
    let mut all = standards(app, vec![stored]).await?;
    all.pop().ok_or_else(|| Error::not_found("budget"))
}

async fn standards(app: &App, stored: Vec<StoredBudget>) -> Result<Vec<Standard>> {
    let now: Timestamp = app.clock.now();
    let mut names: HashMap<Owner, String> = HashMap::new();
    let windows: Vec<_> = stored.iter().map(|one| (one.budget.id, one.budget.period.window(now))).collect();
    let standings = store::budgets::standings(&app.store, &windows).await?;
    let mut all = Vec::with_capacity(stored.len());
    for ((stored, (_, window)), standing) in stored.into_iter().zip(windows).zip(standings) {
        let owner = stored.budget.owner;
        let owner_name = match names.get(&owner) {
            Some(name) => name.clone(),
            None => names.entry(owner).or_insert(owner_name(app, owner).await).clone(),
        };
        all.push(Standard { stored, window, standing, owner_name });
    }
    Ok(all)
}

/// A budget as it stands now, and the person it is of: for who listens.
///
/// # Errors
/// When the store cannot be read.
pub(crate) async fn of_news(app: &App, id: BudgetId) -> Result<Option<(Standard, Option<UserId>)>> {
    let Some(stored) = store::budgets::by_id(&app.store, id).await? else { return Ok(None) };
    let owner = stored.budget.owner;
    let user = match owner.kind {
        OwnerKind::User => Some(UserId(owner.id)),
        OwnerKind::Token => store::tokens::by_id(&app.store, TokenId(owner.id)).await?.map(|token| token.user),
        OwnerKind::Team | OwnerKind::Organization => None,
    };
    Ok(Some((standard(app, stored).await?, user)))
}

/// What an owner is called; its id where that cannot be read.
pub(super) async fn owner_name(app: &App, owner: Owner) -> String {
    let name = match owner.kind {
        OwnerKind::Token => {
            let token = store::tokens::by_id(&app.store, TokenId(owner.id)).await;
            token.ok().flatten().map(|token| token.name)
        }
        OwnerKind::User => {
            let user = store::users::by_id(&app.store, UserId(owner.id)).await;
            user.ok().flatten().map(|user| user.display_name)
        }
        OwnerKind::Team => {
            let team = store::teams::by_id(&app.store, TeamId(owner.id)).await;
            team.ok().flatten().map(|team| team.name)
        }
        OwnerKind::Organization => {
            let organization = store::organizations::by_id(&app.store, OrganizationId(owner.id)).await;
            organization.ok().flatten().map(|organization| organization.name)
        }
    };
    name.unwrap_or_else(|| owner.id.to_string())
}
