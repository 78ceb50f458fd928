//! Setting, changing and lifting budgets, and who may.

use std::collections::HashMap;

use domain::audit::Event;
use domain::budget::{Authority, Budget, LARGEST, Owner, OwnerKind, Period, checked_percents};
use domain::caller::Proof;
use domain::ids::{BudgetId, OrganizationId, TeamId, TokenId, UserId};
use domain::organization::MemberRole;
use domain::{Caller, Nanos, Timestamp};
use store::StoreError;
use store::budgets::{BudgetEdit, StoredBudget};
use store::mutation::Mutation;
use store::tokens::Token;

use super::{Standard, limits_changed};
use crate::App;
use crate::error::{Code, Error, Result};
use crate::sign_in;

/// The parts that are told where nobody says which.
const USUAL_PERCENTS: [u8; 2] = [50, 80];

/// The most tokens of one person whose budgets are listed.
const TOKENS: i64 = 10_000;

/// The most teams.
const TEAMS: i64 = 1_000;

/// A budget as somebody asks for it.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// The most that may be spent in a window.
    pub limit: Nanos,
    /// For how long what was spent counts.
    pub period: Period,
    /// Parts of it that are told, in per cent; absent: 50 and 80.
    pub soft_percents: Option<Vec<i64>>,
    /// Whether calls paid with personal keys count; absent: for tokens and people.
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

/// On whose word `caller` may set budgets of `owner`: the one rule. A person sets
/// their own and their tokens', whoever looks after an organization its, its
/// teams' and its teams' tokens', an admin of the server anybody's.
///
/// # Errors
/// `not_found` for an owner that is not the caller's to know of, `forbidden` for
/// a gateway token that would change what bounds it.
pub async fn may_manage(app: &App, caller: &Caller, owner: Owner) -> Result<Authority> {
    let ties = Ties::of(app, caller, owner).await?.filter(|ties| ties.sees);
    let ties = ties.ok_or_else(|| Error::not_found(owner_noun(owner.kind)).of_field("owner_id"))?;
    refuse_bounded_token(app, caller).await?;
    if owner.kind != OwnerKind::Token && matches!(caller.proof, Proof::GatewayToken { .. }) {
        return Err(Error::new(
            Code::Forbidden,
            "A gateway token sets budgets of gateway tokens only. Sign in to set this one.",
        ));
    }
    match (ties.looks_after, caller.is_admin()) {
        (true, _) => Ok(Authority::Owner),
        (false, true) => Ok(Authority::Admin),
        (false, false) => {
            let sentence =
                "Only whoever looks after it, or an admin of this server, sets this budget. Ask one of them.";
            Err(Error::new(Code::Forbidden, sentence))
        }
    }
}

/// What a caller has to do with an owner of budgets.
struct Ties {
    /// They may know of it and how its budgets stand.
    sees: bool,
    /// Its budgets are theirs to set.
    looks_after: bool,
}

impl Ties {
    /// `None`: there is no such owner.
    async fn of(app: &App, caller: &Caller, owner: Owner) -> Result<Option<Self>> {
        let is_admin = caller.is_admin() && caller.team().is_none();
        let own = |is_own: bool| Self { sees: is_own || is_admin, looks_after: is_own };
        // A role in the organization, not the server's: an admin's word is another.
        let keeps = |organization: OrganizationId| {
            let role = caller.membership(organization).map(|membership| membership.role);
            role.is_some_and(|role| role >= MemberRole::Admin) && caller.team().is_none()
        };
        Ok(match owner.kind {
            OwnerKind::User if owner.id == caller.user.0 => Some(own(caller.team().is_none())),
            OwnerKind::User => store::users::by_id(&app.store, UserId(owner.id)).await?.map(|_| own(false)),
            OwnerKind::Token => match store::tokens::by_id(&app.store, TokenId(owner.id)).await? {
                None => None,
                Some(token) => Some(match token.team {
                    None => own(token.user == caller.user && caller.team().is_none()),
                    Some(team) => {
                        let team = store::teams::by_id(&app.store, team).await?;
                        let is_kept = team.as_ref().is_some_and(|team| keeps(team.organization));
                        let is_in = team.is_some_and(|team| caller.is_in_team(team.id));
                        Self { sees: is_in || is_kept || is_admin, looks_after: is_kept }
                    }
                }),
            },
            OwnerKind::Team => store::teams::by_id(&app.store, TeamId(owner.id)).await?.map(|team| {
                let is_kept = keeps(team.organization);
                Self { sees: is_kept || is_admin || caller.is_in_team(team.id), looks_after: is_kept }
            }),
            OwnerKind::Organization => {
                let id = OrganizationId(owner.id);
                let organization = store::organizations::by_id(&app.store, id).await?;
                organization.map(|_| Self { sees: keeps(id) || is_admin, looks_after: keeps(id) })
            }
        })
    }
}

/// Whether `caller` may know of `owner` and how its budgets stand.
async fn knows(app: &App, caller: &Caller, owner: Owner) -> Result<bool> {
    Ok(Ties::of(app, caller, owner).await?.is_some_and(|ties| ties.sees))
}

/// A token that is bounded itself bounds nobody else, and makes no token that is
/// bounded less.
pub(crate) async fn refuse_bounded_token(app: &App, caller: &Caller) -> Result<()> {
    let Some(id) = caller.token() else { return Ok(()) };
    let token = store::tokens::by_id(&app.store, id).await?;
    let has_rates = token.is_some_and(|token| token.rate_limit.is_some() || token.tokens_per_minute.is_some());
    let has_budget = !store::budgets::of_owners(&app.store, &[id.into()]).await?.is_empty();
    if has_rates || has_budget {
        return Err(Error::new(
            Code::Forbidden,
            "Your own gateway token has a budget or a rate, so it can neither make other tokens nor change what bounds them. Sign in to do it.",
        ));
    }
    Ok(())
}

/// Sets a budget.
///
/// # Errors
/// As [`may_manage`]; `invalid_request`; `conflict` where there is one for the
/// period already.
pub async fn create(app: &App, caller: &Caller, new: NewBudget) -> Result<Standard> {
    let authority = may_manage(app, caller, new.owner).await?;
    let stored = stored(app, caller, new.owner, &new.wanted, authority)?;
    let mut change = app.store.begin(stored.created_at, sign_in::actor(caller), None).await?;
    settle(&mut change, &stored).await?;
    change.commit(created(&stored.budget)).await?;
    changed(app, new.owner).await;
    standard(app, stored).await
}

/// A budget as it is to be stored.
///
/// # Errors
/// `invalid_request`.
fn stored(app: &App, caller: &Caller, owner: Owner, wanted: &Wanted, authority: Authority) -> Result<StoredBudget> {
    let now = app.clock.now();
    let is_personal = matches!(owner.kind, OwnerKind::Token | OwnerKind::User);
    let percents = wanted.soft_percents.as_deref().map(percents).transpose()?;
    let budget = Budget {
        id: BudgetId::generate(now, &app.entropy),
        owner,
        period: wanted.period,
        limit: checked_limit(wanted.limit)?,
        soft_percents: percents.unwrap_or_else(|| USUAL_PERCENTS.to_vec()),
        counts_personal: wanted.counts_personal.unwrap_or(is_personal),
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
        )),
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
                events.push(Event::BudgetUpdated { budget: budget.id, fields: names(&edit), limit: wanted.limit });
            }
            None => events.push(lift(change, &budget, caller.user).await?),
        }
    }
    if let Some(wanted) = wanted {
        let stored = stored(app, caller, token.into(), &wanted, Authority::Owner)?;
        settle(change, &stored).await?;
        events.push(created(&stored.budget));
    }
    Ok(events)
}

/// Lifts a budget within a change.
async fn lift(change: &mut Mutation, budget: &Budget, by: UserId) -> Result<Event> {
    store::budgets::delete(change, budget, Some(by)).await?;
    Ok(Event::BudgetDeleted { budget: budget.id })
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
        change.commit(Event::BudgetUpdated { budget: id, fields, limit }).await?;
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
    if budget.authority == Authority::Admin && !caller.is_admin() {
        return Err(Error::new(
            Code::Forbidden,
            "An admin of this server set this budget, so only an admin changes it. You may set a lower one beside it.",
        ));
    }
    Ok(budget)
}

async fn seen(app: &App, caller: &Caller, id: BudgetId) -> Result<StoredBudget> {
    let missing = || Error::not_found("budget");
    let stored = store::budgets::by_id(&app.store, id).await?.ok_or_else(missing)?;
    if knows(app, caller, stored.budget.owner).await? { Ok(stored) } else { Err(missing()) }
}

/// Here at once; the feed of changes tells the others.
async fn changed(app: &App, owner: Owner) {
    app.budgets.forget(Some(owner));
    limits_changed(app, owner).await;
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

/// The budgets of the caller's tokens and how they stand.
///
/// # Errors
/// When the store cannot be read.
pub async fn of_tokens(app: &App, caller: &Caller, tokens: &[Token]) -> Result<Vec<Standard>> {
    let owners: Vec<Owner> =
        tokens.iter().filter(|token| token.user == caller.user).map(|token| token.id.into()).collect();
    standards(app, store::budgets::of_owners(&app.store, &owners).await?).await
}

/// The budgets that `caller` may see: their own, their tokens', their teams', and
/// those of what they look after; for admins all.
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
        let kept = caller.belonging.organizations.iter().filter(|membership| membership.role >= MemberRole::Admin);
        owners.extend(kept.map(|membership| Owner::from(membership.organization)));
        let (teams, _) = store::teams::list(&app.store, None, Some(caller.user), 0, TEAMS).await?;
        owners.extend(teams.into_iter().map(|team| Owner::from(team.id)));
    }
    let stored = store::budgets::of_owners(&app.store, &owners).await?;
    let count = i64::try_from(stored.len()).unwrap_or(i64::MAX);
    let (skip, limit) = (usize::try_from(skip).unwrap_or(0), usize::try_from(limit).unwrap_or(0));
    let some = stored.into_iter().skip(skip).take(limit).collect();
    Ok((standards(app, some).await?, count))
}

async fn standard(app: &App, stored: StoredBudget) -> Result<Standard> {
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

const fn owner_noun(kind: OwnerKind) -> &'static str {
    match kind {
        OwnerKind::Token => "gateway token",
        OwnerKind::User => "user",
        OwnerKind::Team => "team",
        OwnerKind::Organization => "organization",
    }
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
