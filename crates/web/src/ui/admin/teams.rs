//! `/admin/organizations/{id}/teams`: its teams, and making more.

use app::error::Error;
use app::organizations;
use app::teams::{self, NewTeam};
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use domain::organization::{Organization, Team};
use http::StatusCode;
use maud::{Markup, html};
use serde::Deserialize;

use super::organization::{Room, address, framed, suspended};
use super::percent::{percent, percent_text};
use crate::body::{Form, Id, Query};
use crate::problem;
use crate::rim::Failure;
use crate::router::Shared;
use crate::ui::forms::{SignedIn, is_for_the_form};
use crate::ui::view::{Icon, badge, complaint, empty, icon, time};

/// How many teams a page shows.
const PAGE: i64 = 50;

#[derive(Default, Deserialize)]
pub(super) struct TeamsQuery {
    #[serde(default)]
    skip: String,
}

#[derive(Default, Deserialize)]
pub(super) struct TeamForm {
    #[serde(default)]
    name: String,
    #[serde(default)]
    slug: String,
    #[serde(default)]
    markup: String,
}

pub(super) async fn show_teams(
    State(shared): State<Shared>,
    signed_in: SignedIn,
    Id(named): Id<String>,
    Query(query): Query<TeamsQuery>,
) -> Result<Response, Failure> {
    let skip = query.skip.parse().unwrap_or(0).clamp(0, 1_000_000);
    list(&shared, &signed_in, &named, skip, &TeamForm::default(), None).await
}

pub(super) async fn make_team(
    State(shared): State<Shared>,
    signed_in: SignedIn,
    Id(named): Id<String>,
    Form(form): Form<TeamForm>,
) -> Result<Response, Failure> {
    let made = match percent("markup", &form.markup) {
        Ok(markup_basis_points) => {
            let slug = Some(form.slug.trim().to_owned()).filter(|slug| !slug.is_empty());
            let name = form.name.clone();
            let new = NewTeam { organization: named.clone(), name, slug, markup_basis_points, ..NewTeam::default() };
            teams::create(&shared.app, &signed_in.caller, new).await
        }
        Err(error) => Err(error),
    };
    match made {
        Ok(team) => Ok(Redirect::to(&format!("/admin/teams/{}", team.id)).into_response()),
        Err(error) if is_for_the_form(&error) => list(&shared, &signed_in, &named, 0, &form, Some(&error)).await,
        Err(error) => Err(error.into()),
    }
}

async fn list(
    shared: &Shared,
    signed_in: &SignedIn,
    named: &str,
    skip: i64,
    typed: &TeamForm,
    error: Option<&Error>,
) -> Result<Response, Failure> {
    let (app, caller) = (&shared.app, &signed_in.caller);
    let organization = organizations::find_to_manage(app, caller, named).await?;
    let (found, count) = teams::list(app, caller, Some(named), skip, PAGE).await?;
    let to = format!("{}/teams", address(&organization));
    let content = html! {
        (complaint(error.map(|error| error.sentence.as_str())))
        div.card.flush #teams {
            @if found.is_empty() {
                (empty(Icon::Person, "No team yet", &html! { p { "A team has gateway tokens of its own, which outlive whoever made them, and says which models they may call." } }))
            } @else {
                table.list.userlist {
                    thead { tr { th { "Team" } th { "State" } th { "May call" } th { "Mark-up" } th { "Made" } th { span.sr { "Actions" } } } }
                    tbody { @for team in &found { (row(&organization, team)) } }
                }
            }
        }
        @if skip > 0 || skip + PAGE < count {
            nav.row.spread aria-label="Pages of teams" {
                @if skip > 0 { a.button.quiet href={ (to) "?skip=" ((skip - PAGE).max(0)) } { (icon(Icon::Left)) "Before" } } @else { span {} }
                @if skip + PAGE < count { a.button.quiet href={ (to) "?skip=" (skip + PAGE) } rel="next" { "Next page" (icon(Icon::Right)) } }
            }
        }
        (form(&to, typed, &organization, count == 0))
    };
    let status = error.map_or(StatusCode::OK, problem::status_of);
    Ok(framed(status, signed_in, &organization, Room::Teams, &content).into_response())
}

/// Whether a team's tokens work.
pub(super) fn state(team: &Team) -> Markup {
    if team.suspended_at.is_some() { suspended() } else { badge("green", Icon::Check, "Active") }
}

fn row(organization: &Organization, team: &Team) -> Markup {
    let to = format!("/admin/teams/{}", team.id);
    html! {
        tr {
            td { a.name href=(to) { bdi { (team.name) } } div.small { code { (team.slug) } } }
            td { (state(team)) }
            td data-name="May call" { @match team.models.as_deref() {
                None => "all models",
                Some([only]) => { (only) }
                Some(some) => span title=(some.join(", ")) { (some.len()) " models" },
            } }
            td data-name="Mark-up" { @match team.markup_basis_points {
                Some(own) => { (percent_text(own)) " %" }
                None => span.soft { (percent_text(organization.rules.markup_basis_points)) " %, the organization's" },
            } }
            td data-name="Made" { (time(team.created_at)) }
            td.end { a.button.quiet.little href=(to) aria-label={ "Manage " (team.name) } { "Manage" } }
        }
    }
}

fn form(to: &str, typed: &TeamForm, organization: &Organization, is_first: bool) -> Markup {
    html! {
        section.card aria-labelledby="make-title" {
            h2 #make-title { "Make a team" }
            form.invite method="post" action=(to) {
                div.field.grow {
                    label for="name" { "Name" }
                    input #name name="name" type="text" value=(typed.name) maxlength="100" autocomplete="off" required autofocus[is_first] placeholder="Search";
                }
                div.field {
                    label for="slug" { "Slug " span.soft { "(optional)" } }
                    input #slug name="slug" type="text" value=(typed.slug) maxlength="64" autocomplete="off" spellcheck="false" placeholder="search";
                }
                div.field {
                    label for="markup" { "Mark-up in per cent " span.soft { "(optional)" } }
                    input #markup name="markup" type="text" inputmode="decimal" value=(typed.markup) maxlength="12" autocomplete="off"
                        placeholder=(percent_text(organization.rules.markup_basis_points));
                }
                button type="submit" { (icon(Icon::Plus)) "Make team" }
            }
        }
    }
}
