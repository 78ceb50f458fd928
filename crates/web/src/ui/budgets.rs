//! `/budgets/…`: setting, changing and lifting one budget. How budgets stand is
//! told where their owner is looked after, by [`card()`].

mod card;
mod form;

use app::budgets::{self, Change, NewBudget, Panel, Standard};
use app::error::{Code, Error};
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use domain::Caller;
use domain::access::Need;
use domain::budget::{Owner, OwnerKind};
use domain::ids::BudgetId;
use http::{Method, StatusCode};
use maud::{Markup, html};
use serde::Deserialize;

pub(super) use self::card::{Words, card, others, thin};
use self::form::Filled;
pub(super) use self::form::{PERIODS, amount};
use super::forms::{SignedIn, is_for_the_form};
use super::view::{Icon, Page, Place, Shape, complaint, icon, with_status};
use crate::body::{Form, Id, Query};
use crate::problem;
use crate::rim::Failure;
use crate::router::{Door, Shared, quiet_door};

pub(super) fn doors() -> Vec<Door> {
    let need = Need::OwnAccount;
    vec![
        quiet_door(Method::GET, "/budgets/new", need, get(show_new)),
        quiet_door(Method::POST, "/budgets/new", need, post(set_budget)),
        quiet_door(Method::GET, "/budgets/{id}", need, get(show_budget)),
        quiet_door(Method::POST, "/budgets/{id}", need, post(act_on_budget)),
    ]
}

#[derive(Default, Deserialize)]
struct NewQuery {
    /// Whose budget, `team:0192…`; their own without.
    #[serde(default)]
    of: String,
}

impl NewQuery {
    fn owner(&self, caller: &Caller) -> Result<Owner, Error> {
        if self.of.is_empty() {
            return Ok(Owner::from(caller.user));
        }
        self.of.parse().map_err(|_| Error::not_found("owner of a budget"))
    }
}

async fn show_new(
    State(shared): State<Shared>,
    signed_in: SignedIn,
    Query(query): Query<NewQuery>,
) -> Result<Response, Failure> {
    new_page(&shared, &signed_in, query.owner(&signed_in.caller)?, &Filled::default(), None).await
}

async fn set_budget(
    State(shared): State<Shared>,
    signed_in: SignedIn,
    Query(query): Query<NewQuery>,
    Form(fields): Form<Vec<(String, String)>>,
) -> Result<Response, Failure> {
    let owner = query.owner(&signed_in.caller)?;
    let filled = Filled::of(fields);
    let made = match filled.wanted() {
        Ok(wanted) => budgets::create(&shared.app, &signed_in.caller, NewBudget { owner, wanted }).await,
        Err(error) => Err(error),
    };
    match made {
        Ok(_) => Ok(Redirect::to(&home(&signed_in.caller, owner, true)).into_response()),
        Err(error) if is_for_the_form(&error) => new_page(&shared, &signed_in, owner, &filled, Some(&error)).await,
        Err(error) => Err(error.into()),
    }
}

async fn new_page(
    shared: &Shared,
    signed_in: &SignedIn,
    owner: Owner,
    filled: &Filled,
    error: Option<&Error>,
) -> Result<Response, Failure> {
    let panel = budgets::panel(&shared.app, &signed_in.caller, owner).await?;
    if !panel.may_add {
        // The rule says why.
        budgets::may_manage(&shared.app, &signed_in.caller, owner).await?;
    }
    let back = home(&signed_in.caller, owner, true);
    let content = html! {
        (lead(&signed_in.caller, &panel, &back, "Set a budget"))
        (above(error))
        section.card.budget-form {
            form.form method="post" action={ "/budgets/new?of=" (owner) } {
                (form::fields(filled, &panel, true, error))
                div.actions { button type="submit" { (icon(Icon::Plus)) "Set budget" } a.button.quiet href=(back) { "Cancel" } }
            }
        }
    };
    Ok(page(signed_in, owner, "Set a budget", error, content).into_response())
}

async fn show_budget(
    State(shared): State<Shared>,
    signed_in: SignedIn,
    Id(id): Id<BudgetId>,
) -> Result<Response, Failure> {
    let budget = budgets::get(&shared.app, &signed_in.caller, id).await?;
    let filled = Filled::from(budget.budget());
    budget_page(&shared, &signed_in, &budget, &filled, None).await
}

async fn act_on_budget(
    State(shared): State<Shared>,
    signed_in: SignedIn,
    Id(id): Id<BudgetId>,
    Form(fields): Form<Vec<(String, String)>>,
) -> Result<Response, Failure> {
    let (app, caller) = (&shared.app, &signed_in.caller);
    let budget = budgets::get(app, caller, id).await?;
    let filled = Filled::of(fields);
    let done = if filled.is_to_go() {
        budgets::remove(app, caller, id).await
    } else {
        match filled.change(budget.budget()) {
            Ok(change) => save(&shared, caller, id, change).await,
            Err(error) => Err(error),
        }
    };
    match done {
        Ok(()) => Ok(Redirect::to(&home(caller, budget.budget().owner, true)).into_response()),
        Err(error) if error.code != Code::Forbidden && is_for_the_form(&error) => {
            budget_page(&shared, &signed_in, &budget, &filled, Some(&error)).await
        }
        Err(error) => Err(error.into()),
    }
}

async fn save(shared: &Shared, caller: &Caller, id: BudgetId, change: Change) -> Result<(), Error> {
    budgets::change(&shared.app, caller, id, change).await.map(drop)
}

async fn budget_page(
    shared: &Shared,
    signed_in: &SignedIn,
    standard: &Standard,
    filled: &Filled,
    error: Option<&Error>,
) -> Result<Response, Failure> {
    let (app, caller, budget) = (&shared.app, &signed_in.caller, standard.budget());
    let panel = budgets::panel(app, caller, budget.owner).await?;
    let may_change = panel.budgets.iter().any(|(one, may_change)| one.budget().id == budget.id && *may_change);
    let (to, back) = (format!("/budgets/{}", budget.id), home(caller, budget.owner, panel.may_add));
    let title = if may_change { "Change a budget" } else { "A budget" };
    let content = html! {
        (lead(caller, &panel, &back, title))
        (above(error))
        section.card.budget-form aria-label="How it stands" { ul.budgets { (card::line(standard, false)) } }
        @if may_change {
            section.card.budget-form aria-label="Change it" {
                form.form method="post" action=(to) {
                    (form::fields(filled, &panel, false, error))
                    div.actions { button type="submit" name="act" value="save" { "Save" } a.button.quiet href=(back) { "Cancel" } }
                }
            }
            section.card.budget-form #delete aria-labelledby="delete-title" {
                h2 #delete-title { "Delete" }
                p.soft { "It bounds nothing from now on, within two seconds. What was spent stays in the books; a new budget begins at nothing." }
                form method="post" action=(to) {
                    button.danger type="submit" name="act" value="delete" { (icon(Icon::Bin)) "Delete this budget" }
                }
            }
        }
    };
    Ok(page(signed_in, budget.owner, title, error, content).into_response())
}

/// What is wrong with no field.
fn above(error: Option<&Error>) -> Markup {
    let of_none =
        error.filter(|error| error.details.field.as_deref().is_none_or(|field| !form::FIELDS.contains(&field)));
    complaint(of_none.map(|error| error.sentence.as_str()))
}

fn lead(caller: &Caller, panel: &Panel, back: &str, title: &str) -> Markup {
    let (owner, name) = (panel.owner, &panel.owner_name);
    let is_self = owner.kind == OwnerKind::User && owner.id == caller.user.0;
    html! {
        nav.back aria-label="Back" { a href=(back) { (icon(Icon::Left)) @if back.starts_with("/profile") { "Profile" } @else { bdi { (name) } } } }
        div.lead { div {
            h1 { (title) }
            p { @match owner.kind {
                OwnerKind::User if is_self => "For your own calls, by page and by gateway token.",
                OwnerKind::User => { "For the calls of " bdi { (name) } "." }
                OwnerKind::Token => { "For the calls of the gateway token “" bdi { (name) } "”." }
                OwnerKind::Team => { "For the calls of the team " bdi { (name) } "'s gateway tokens." }
                OwnerKind::Organization => { "For all calls in the organization " bdi { (name) } ": its members' and its teams'." }
            } }
        } }
    }
}

fn page(signed_in: &SignedIn, owner: Owner, title: &str, error: Option<&Error>, content: Markup) -> Page {
    let place = match owner.kind {
        OwnerKind::User if owner.id == signed_in.caller.user.0 => Place::Profile,
        OwnerKind::Token => Place::Tokens,
        OwnerKind::User | OwnerKind::Team | OwnerKind::Organization => Place::Admin,
    };
    let status = error.map_or(StatusCode::OK, problem::status_of);
    // As wide as the page that leads here.
    let shape = if place == Place::Admin { Shape::Wide } else { Shape::Column };
    with_status(status, title, &signed_in.viewer, content).at(place).shaped(shape)
}

/// Where the owner of a budget is looked after; for whoever only looks, where
/// they find all that bound them.
fn home(caller: &Caller, owner: Owner, is_theirs: bool) -> String {
    let id = owner.id;
    match owner.kind {
        OwnerKind::User if id != caller.user.0 => format!("/admin/users/{id}#budgets"),
        OwnerKind::Token => format!("/tokens/{id}#budgets"),
        OwnerKind::Team if is_theirs => format!("/admin/teams/{id}#budgets"),
        OwnerKind::Organization if is_theirs => format!("/admin/organizations/{id}/settings#budgets"),
        OwnerKind::User | OwnerKind::Team | OwnerKind::Organization => "/profile#budgets".to_owned(),
    }
}
