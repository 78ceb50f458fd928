//! `/admin` of whoever looks after an organization or leads a team: what is
//! theirs, in short.

use app::organizations;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use domain::organization::{Membership, TeamRole};
use http::StatusCode;
use maud::{Markup, html};

use super::organization::{month, role_badge, suspended};
use super::{Part, counted, grouped, has_rooms, kept_out, looked_after, page, summary};
use crate::rim::Failure;
use crate::router::Shared;
use crate::ui::chat::figures::dollars;
use crate::ui::forms::SignedIn;
use crate::ui::view::{Icon, icon, time};

pub(super) async fn show_landing(State(shared): State<Shared>, signed_in: SignedIn) -> Result<Response, Failure> {
    if signed_in.caller.is_admin() {
        return summary::show_summary(&shared, &signed_in).await;
    }
    if !has_rooms(&signed_in.caller) {
        return Err(kept_out().into());
    }
    let mut cards = Vec::new();
    for place in looked_after(&signed_in.caller) {
        cards.push(organization(&shared, &signed_in, place).await?);
    }
    let teams = led(&shared, &signed_in).await?;
    let content = html! {
        div.halves { @for card in &cards { (card) } (teams) }
    };
    Ok(page(StatusCode::OK, "Organization", &signed_in, Part::Summary, &content).into_response())
}

/// One organization, with the ways into it.
async fn organization(shared: &Shared, signed_in: &SignedIn, place: &Membership) -> Result<Markup, Failure> {
    let (app, caller) = (&shared.app, &signed_in.caller);
    let held = organizations::holdings(app, caller, &place.organization.to_string()).await?;
    let spent = month(shared, signed_in, place.organization).await?;
    let to = format!("/admin/organizations/{}", place.slug);
    let title = format!("organization-{}", place.slug);
    Ok(html! {
        section.card aria-labelledby=(title) {
            div.row.spread {
                h2.person id=(title) { a href=(to) { (place.name) } " " @if place.is_suspended { (suspended()) } }
                (role_badge(place.role))
            }
            dl.facts.wide {
                dt { "Members" } dd { a href={ (to) "/members" } { (counted(held.members, "member", "members")) } }
                dt { "Teams" } dd { a href={ (to) "/teams" } { (counted(held.teams, "team", "teams")) } ", " (counted(held.tokens, "gateway token", "gateway tokens")) }
                dt { "Provider keys" } dd { a href={ "/admin/provider-credentials?organization=" (place.slug) } { (counted(held.credentials, "key", "keys")) } }
                dt { "This month" } dd { (dollars(spent.client_cost)) " in " (grouped(spent.requests)) " calls" }
                dt { "Last call" } dd { @match held.last_call_at { Some(at) => { (time(at)) } None => "none yet" } }
            }
        }
    })
}

/// The teams that somebody leads without looking after their organization.
async fn led(shared: &Shared, signed_in: &SignedIn) -> Result<Markup, Failure> {
    let (app, caller) = (&shared.app, &signed_in.caller);
    let mut teams = Vec::new();
    let leads = caller.belonging.teams.iter().filter(|place| place.role == TeamRole::Lead);
    for place in leads.filter(|place| !caller.looks_after(place.organization)) {
        teams.push(app::teams::get(app, caller, place.team).await?);
    }
    Ok(html! {
        @if !teams.is_empty() {
            section.card aria-labelledby="led-title" {
                h2 #led-title { "Teams you lead" }
                ul.plain { @for team in &teams { li { a href={ "/admin/teams/" (team.id) } { (icon(Icon::Person)) bdi { (team.name) } } @if team.suspended_at.is_some() { " " (suspended()) } } } }
                p.small { "You make and revoke their tokens, and say who is in them." }
            }
        }
    })
}
