//! Who may know of budgets, and who may set them.

use domain::Caller;
use domain::budget::{Authority, Budget, Owner, OwnerKind};
use domain::caller::Proof;
use domain::ids::{OrganizationId, TeamId, TokenId, UserId};
use domain::organization::MemberRole;

use crate::App;
use crate::error::{Code, Error, Result};

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
                let is_in = caller.membership(id).is_some() && caller.team().is_none();
                let organization = store::organizations::by_id(&app.store, id).await?;
                organization.map(|_| Self { sees: is_in || is_admin, looks_after: keeps(id) })
            }
        })
    }
}

/// Whether `caller` may change a budget of an owner whose budgets are theirs to
/// set: what an admin set stays an admin's.
pub(super) fn is_free(caller: &Caller, budget: &Budget) -> bool {
    budget.authority == Authority::Owner || caller.is_admin()
}

/// Whether `caller` may know of `owner` and how its budgets stand.
pub(super) async fn knows(app: &App, caller: &Caller, owner: Owner) -> Result<bool> {
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

/// What an owner is, in a word.
pub(super) const fn owner_noun(kind: OwnerKind) -> &'static str {
    match kind {
        OwnerKind::Token => "gateway token",
        OwnerKind::User => "user",
        OwnerKind::Team => "team",
        OwnerKind::Organization => "organization",
    }
}
