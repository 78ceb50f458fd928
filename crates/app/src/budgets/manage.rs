//! Setting, changing and lifting budgets.

use domain::audit::Event;
use domain::budget::{Authority, Budget, LARGEST, Owner, OwnerKind, Period, checked_percents};
use domain::ids::{BudgetId, OrganizationId, TeamId, TokenId, UserId};
use domain::{Caller, Nanos};
use store::StoreError;
use store::budgets::{BudgetEdit, StoredBudget};
use store::mutation::Mutation;

use super::read::{get, seen, standard};
use super::rights::{is_free, may_manage};
use super::{Standard, limits_changed};
use crate::App;
use crate::error::{Code, Error, Result};
use crate::sign_in;

/// The parts that are told where nobody says which.
const USUAL_PERCENTS: [u8; 2] = [50, 80];

/// A budget as somebody asks for it.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// The most that may be spent in a window.
    pub limit: Nanos,
    /// For how long what was spent counts.
    pub period: Period,
    /// Parts of it that are told, in per cent; absent: 50 and 80.
    pub soft_percents: Option<Vec<i64>>,
    /// Whether calls paid with personal keys count; absent: for tokens and people,
    /// and for organizations and teams where the organization's rules say so.
    pub counts_personal: Option<bool>,
}

/// A budget for somebody.
#[derive(Clone, Debug)]
pub struct NewBudget {
    /// Whose spending it bounds.
    pub owner: Owner,
    /// How much, and for how long.
    pub wanted: Wanted,
}

/// What of a budget is to change. `None` leaves as is.
#[derive(Clone, Debug, Default)]
pub struct Change {
    /// Another limit.
    pub limit: Option<Nanos>,
    /// Other parts that are told.
    pub soft_percents: Option<Vec<i64>>,
    /// Whether calls paid with personal keys count.
    pub counts_personal: Option<bool>,
}

/// Sets a budget.
///
/// # Errors
/// As [`may_manage`]; `invalid_request`; `conflict` where there is one for the
/// period already.
pub async fn create(app: &App, caller: &Caller, new: NewBudget) -> Result<Standard> {
    let authority = may_manage(app, caller, new.owner).await?;
    let counts_personal = counts_personal(app, new.owner).await?;
    let stored = stored(app, caller, new.owner, &new.wanted, authority, counts_personal)?;
    let mut change = app.store.begin(stored.created_at, sign_in::actor(caller), None).await?;
    settle(&mut change, &stored).await?;
    change.commit(created(&stored.budget)).await?;
    changed(app, new.owner).await;
    standard(app, stored).await
}

/// Whether calls paid with personal keys count in a new budget that does not say.
pub(super) async fn counts_personal(app: &App, owner: Owner) -> Result<bool> {
    let organization = match owner.kind {
        OwnerKind::Token | OwnerKind::User => return Ok(true),
        OwnerKind::Team => store::teams::by_id(&app.store, TeamId(owner.id)).await?.map(|team| team.organization),
        OwnerKind::Organization => Some(OrganizationId(owner.id)),
    };
    let Some(organization) = organization else { return Ok(false) };
    let found = store::organizations::by_id(&app.store, organization).await?;
    Ok(found.is_some_and(|found| found.rules.counts_personal))
}

/// A budget as it is to be stored.
///
/// # Errors
/// `invalid_request`.
fn stored(
    app: &App,
    caller: &Caller,
    owner: Owner,
    wanted: &Wanted,
    authority: Authority,
    counts_personal: bool,
) -> Result<StoredBudget> {
    let now = app.clock.now();
    let percents = wanted.soft_percents.as_deref().map(percents).transpose()?;
    let budget = Budget {
        id: BudgetId::generate(now, &app.entropy),
        owner,
        period: wanted.period,
        limit: checked_limit(wanted.limit)?,
        soft_percents: percents.unwrap_or_else(|| USUAL_PERCENTS.to_vec()),
        counts_personal: wanted.counts_personal.unwrap_or(counts_personal),
        authority,
    };
    let by = Some(caller.user);
    Ok(StoredBudget { budget, created_at: now, created_by: by, updated_at: now, updated_by: by })
}

/// Writes a new budget.
///
/// # Errors
/// `conflict` where there is one for the period already.
async fn settle(change: &mut Mutation, stored: &StoredBudget) -> Result<()> {
    match store::budgets::insert(change, stored).await {
        Err(StoreError::Conflict(_)) => Err(Error::new(
            Code::Conflict,
            format!(
                "There is a {} budget already, so none is added. Change that one.",
                stored.budget.period.adjective()
            ),
        )
        .of_field("period")),
        result => Ok(result?),
    }
}

fn created(budget: &Budget) -> Event {
    Event::BudgetCreated {
        budget: budget.id,
        owner_kind: budget.owner.kind,
        owner: budget.owner.id,
        period: budget.period,
        limit: budget.limit,
        counts_personal: budget.counts_personal,
        authority: budget.authority,
    }
}

fn updated(budget: &Budget, fields: Vec<&'static str>, limit: Nanos) -> Event {
    let Owner { kind: owner_kind, id: owner } = budget.owner;
    Event::BudgetUpdated { budget: budget.id, fields, limit, owner_kind, owner }
}

/// Makes `wanted` the one budget that a token has on its owner's word, or lifts
/// what there is, within a change. What is to be told of it.
///
/// # Errors
/// `invalid_request`.
pub(crate) async fn edit_of_token(
    app: &App,
    caller: &Caller,
    change: &mut Mutation,
    token: TokenId,
    wanted: Option<Wanted>,
) -> Result<Vec<Event>> {
    let mut events = Vec::new();
    let mut wanted = wanted;
    for there in store::budgets::of_owners(&app.store, &[token.into()]).await? {
        let budget = there.budget;
        if budget.authority != Authority::Owner {
            continue;
        }
        match wanted.take_if(|wanted| wanted.period == budget.period) {
            Some(wanted) => {
                let edit = BudgetEdit {
                    limit: Some(checked_limit(wanted.limit)?),
                    soft_percents: wanted.soft_percents.as_deref().map(percents).transpose()?,
                    counts_personal: wanted.counts_personal,
                };
                store::budgets::update(change, &budget, &edit, Some(caller.user)).await?;
                events.push(updated(&budget, names(&edit), wanted.limit));
            }
            None => events.push(lift(change, &budget, caller.user).await?),
        }
    }
    if let Some(wanted) = wanted {
        let stored = stored(app, caller, token.into(), &wanted, Authority::Owner, true)?;
        settle(change, &stored).await?;
        events.push(created(&stored.budget));
    }
    Ok(events)
}

/// Lifts a budget within a change.
async fn lift(change: &mut Mutation, budget: &Budget, by: UserId) -> Result<Event> {
    store::budgets::delete(change, budget, Some(by)).await?;
    Ok(Event::BudgetDeleted { budget: budget.id, owner_kind: budget.owner.kind, owner: budget.owner.id })
}

/// Changes a budget.
///
/// # Errors
/// `not_found`, `forbidden` for one that an admin set, `invalid_request`.
pub async fn change(app: &App, caller: &Caller, id: BudgetId, wish: Change) -> Result<Standard> {
    let budget = managed(app, caller, id).await?;
    let edit = BudgetEdit {
        limit: wish.limit.map(checked_limit).transpose()?,
        soft_percents: wish.soft_percents.as_deref().map(percents).transpose()?,
        counts_personal: wish.counts_personal,
    };
    let fields = names(&edit);
    if !fields.is_empty() {
        let mut change = app.store.begin(app.clock.now(), sign_in::actor(caller), None).await?;
        if !store::budgets::update(&mut change, &budget, &edit, Some(caller.user)).await? {
            change.rollback().await?;
            return Err(Error::not_found("budget"));
        }
        let limit = edit.limit.unwrap_or(budget.limit);
        change.commit(updated(&budget, fields, limit)).await?;
        changed(app, budget.owner).await;
    }
    get(app, caller, id).await
}

/// Lifts a budget.
///
/// # Errors
/// As [`change`].
pub async fn remove(app: &App, caller: &Caller, id: BudgetId) -> Result<()> {
    let budget = managed(app, caller, id).await?;
    let mut change = app.store.begin(app.clock.now(), sign_in::actor(caller), None).await?;
    let event = lift(&mut change, &budget, caller.user).await?;
    change.commit(event).await?;
    changed(app, budget.owner).await;
    Ok(())
}

/// A budget that `caller` may change.
async fn managed(app: &App, caller: &Caller, id: BudgetId) -> Result<Budget> {
    let budget = seen(app, caller, id).await?.budget;
    may_manage(app, caller, budget.owner).await?;
    if !is_free(caller, &budget) {
        return Err(Error::new(
            Code::Forbidden,
            "An admin of this server set this budget, so only an admin changes it. You may set a lower one beside it.",
        ));
    }
    Ok(budget)
}

/// Here at once; the feed of changes tells the others.
async fn changed(app: &App, owner: Owner) {
    app.budgets.forget(Some(owner));
    limits_changed(app, owner).await;
}

fn checked_limit(limit: Nanos) -> Result<Nanos> {
    if (Nanos::ZERO..=LARGEST).contains(&limit) {
        return Ok(limit);
    }
    Err(Error::invalid("limit", "is not taken; give 0 to 10000000 dollars"))
}

fn percents(percents: &[i64]) -> Result<Vec<u8>> {
    checked_percents(percents).map_err(|problem| Error::invalid("soft_percents", problem))
}

fn names(edit: &BudgetEdit) -> Vec<&'static str> {
    [
        (edit.limit.is_some(), "limit"),
        (edit.soft_percents.is_some(), "soft_percents"),
        (edit.counts_personal.is_some(), "counts_personal"),
    ]
    .into_iter()
    .filter_map(|(changed, name)| changed.then_some(name))
    .collect()
}
