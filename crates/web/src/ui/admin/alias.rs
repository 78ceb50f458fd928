//! `/admin/aliases/{id}`: one alias: what it stands for, who may call it, whose
//! key would pay now, and letting it go.

pub(super) mod filled;
pub(super) mod form;
mod meaning;

use app::aliases::{self, Described, Edit, NewAlias};
use app::error::Error;
use app::paying::Wishes;
use app::resolving;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use domain::credential::Owner;
use domain::ids::AliasId;
use http::StatusCode;
use maud::{Markup, html};
use store::aliases::Uses;

use self::filled::Filled;
use self::form::Choices;
use super::aliases::{Whose, list};
use super::organization::not_ticked;
use super::{Part, counted, page};
use crate::body::{Form, Id};
use crate::problem;
use crate::rim::Failure;
use crate::router::Shared;
use crate::ui::forms::{SignedIn, is_for_the_form};
use crate::ui::view::{Icon, badge, complaint, icon, time};

pub(super) async fn make_alias(
    State(shared): State<Shared>,
    signed_in: SignedIn,
    Form(fields): Form<Vec<(String, String)>>,
) -> Result<Response, Failure> {
    let mut filled = Filled::of(fields);
    let whose = Whose::of(&shared, &signed_in, &filled.organization).await?;
    if filled.is_rearranged() {
        return list(&shared, &signed_in, &whose, &filled, None).await;
    }
    let made = match filled.read() {
        Ok(read) => {
            let new = NewAlias {
                scope: whose.owner().scope(),
                organization: whose.id(),
                name: read.name,
                mode: read.mode,
                targets: read.targets,
                teams: read.teams,
            };
            aliases::create(&shared.app, &signed_in.caller, new).await
        }
        Err(error) => Err(error),
    };
    match made {
        Ok(_) => Ok(Redirect::to(&whose.href()).into_response()),
        Err(error) if is_for_the_form(&error) => list(&shared, &signed_in, &whose, &filled, Some(&error)).await,
        Err(error) => Err(error.into()),
    }
}

/// An alias that the caller looks after, and whose it is.
async fn find(shared: &Shared, signed_in: &SignedIn, id: AliasId) -> Result<(Whose, Described), Failure> {
    let (app, caller) = (&shared.app, &signed_in.caller);
    let missing = || Failure::from(Error::not_found("alias"));
    let owner = aliases::owner_of(app, caller, id).await?;
    let named = match owner {
        Owner::Organization(organization) => organization.to_string(),
        Owner::System if caller.is_admin() => String::new(),
        Owner::System | Owner::User(_) => return Err(missing()),
    };
    let whose = Whose::of(shared, signed_in, &named).await?;
    let described = aliases::get(app, &whose.seen_as, id).await?;
    Ok((whose, described))
}

pub(super) async fn show_alias(
    State(shared): State<Shared>,
    signed_in: SignedIn,
    Id(id): Id<AliasId>,
) -> Result<Response, Failure> {
    let (whose, described) = find(&shared, &signed_in, id).await?;
    let filled = Filled::from(&*described.alias);
    alias_page(&shared, &signed_in, &whose, &described, &filled, None).await
}

pub(super) async fn act_on_alias(
    State(shared): State<Shared>,
    signed_in: SignedIn,
    Id(id): Id<AliasId>,
    Form(fields): Form<Vec<(String, String)>>,
) -> Result<Response, Failure> {
    let (app, caller) = (&shared.app, &signed_in.caller);
    let (whose, described) = find(&shared, &signed_in, id).await?;
    let mut filled = Filled::of(fields);
    if filled.is_rearranged() {
        return alias_page(&shared, &signed_in, &whose, &described, &filled, None).await;
    }
    let done = match (filled.act.as_str(), filled.read()) {
        ("delete", _) if !filled.is_sure => {
            filled = Filled::from(&*described.alias);
            Err(not_ticked())
        }
        ("delete", _) => aliases::delete(app, caller, id).await,
        (_, Ok(read)) => {
            let known = &described.alias;
            let edit = Edit {
                name: Some(read.name).filter(|name| *name != known.name),
                mode: Some(read.mode).filter(|mode| *mode != known.mode),
                targets: Some(read.targets).filter(|targets| *targets != known.targets),
                teams: Some(read.teams).filter(|teams| *teams != known.teams),
            };
            aliases::edit(app, caller, id, edit).await.map(drop)
        }
        (_, Err(error)) => Err(error),
    };
    match done {
        Ok(()) => Ok(Redirect::to(&whose.href()).into_response()),
        Err(error) if is_for_the_form(&error) => {
            alias_page(&shared, &signed_in, &whose, &described, &filled, Some(&error)).await
        }
        Err(error) => Err(error.into()),
    }
}

async fn alias_page(
    shared: &Shared,
    signed_in: &SignedIn,
    whose: &Whose,
    described: &Described,
    filled: &Filled,
    error: Option<&Error>,
) -> Result<Response, Failure> {
    let (app, alias) = (&shared.app, &described.alias);
    let choices: Choices = form::choices(shared, whose).await?;
    let uses = aliases::uses(app, &signed_in.caller, alias).await?;
    let explained = resolving::explain(app, &whose.seen_as, &alias.id.to_string(), &Wishes::default()).await.ok();
    let content = html! {
        nav.back aria-label="Back" { a href=(whose.href()) { (icon(Icon::Left)) "Aliases" } }
        div.lead {
            div {
                h2.person { code { (alias.name) } " " @if !described.opened.iter().any(|opened| *opened) { (badge("amber", Icon::Lock, "No key opens it")) } }
                p { (whose_words(whose)) " · changed " (time(alias.updated_at)) @if !described.shadows.is_empty() { " · instead of " (described.shadows.join(", ")) } }
            }
            button.quiet.little.scripted type="button" data-copy=(alias.name) { (icon(Icon::Copy)) "Copy the name" }
        }
        (complaint(error.map(|error| error.sentence.as_str())))
        (form::edit(whose, &format!("/admin/aliases/{}", alias.id), filled, &choices))
        div.halves {
            div #meaning data-live="credential. models." { (meaning::now(explained.as_ref())) }
            (removal(&format!("/admin/aliases/{}", alias.id), &alias.name, uses))
        }
    };
    let status = error.map_or(StatusCode::OK, problem::status_of);
    Ok(page(status, &alias.name, signed_in, Part::Aliases, &content).with_script("alias.js").into_response())
}

/// For whom the aliases are.
pub(super) fn whose_words(whose: &Whose) -> Markup {
    html! {
        @match &whose.organization {
            Some(one) => { "For members and teams of " bdi { (one.name) } }
            None => "For everybody on this server",
        }
    }
}

/// Letting it go, and who would miss it.
fn removal(to: &str, name: &str, uses: Uses) -> Markup {
    html! {
        section.card aria-labelledby="delete-title" {
            h2 #delete-title { "Delete" }
            @if uses.calls > 0 {
                p { "Among the server's latest " (super::grouped(store::aliases::LATEST)) " calls, " strong { (counted(uses.calls, "call", "calls")) } " of "
                    (counted(uses.users, "user", "users")) @if uses.teams > 0 { " and " (counted(uses.teams, "team", "teams")) } " named it"
                    @if let Some(at) = uses.last_at { "; the last " (time(at)) } "." }
            } @else {
                p { "None of the server's latest " (super::grouped(store::aliases::LATEST)) " calls named it." }
            }
            p.soft { "Calls that name it then find what else has the name, or nothing." }
            form.stack method="post" action=(to) {
                label.check { input type="checkbox" name="sure" value="yes" required; span { "Yes, delete " code { (name) } } }
                div { button.danger type="submit" name="act" value="delete" { (icon(Icon::Bin)) "Delete this alias" } }
            }
        }
    }
}
