//! `/admin/organizations/{id}`: one organization in short; for admins of the
//! server also suspending it and letting it go.

use app::error::{Code, Error};
use app::{organizations, spending};
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use domain::ids::OrganizationId;
use domain::organization::{MemberRole, Organization};
use http::StatusCode;
use maud::{Markup, html};
use serde::Deserialize;
use store::organizations::Holdings;
use store::usage::UsageLine;

use super::percent::percent_text;
use super::settings::order_words;
use super::{Part, counted, grouped, looked_after, page};
use crate::body::{Form, Id};
use crate::problem;
use crate::rim::Failure;
use crate::router::Shared;
use crate::ui::chat::figures::dollars;
use crate::ui::forms::{SignedIn, is_for_the_form};
use crate::ui::view::{Icon, Page, badge, complaint, icon, time};

/// A part of an organization's pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Room {
    Overview,
    Members,
    Teams,
    Settings,
}

impl Room {
    const ALL: [(Self, &'static str, &'static str); 4] = [
        (Self::Overview, "", "Overview"),
        (Self::Members, "/members", "Members"),
        (Self::Teams, "/teams", "Teams"),
        (Self::Settings, "/settings", "Settings"),
    ];
}

/// Where an organization's pages are.
pub(super) fn address(organization: &Organization) -> String {
    format!("/admin/organizations/{}", organization.slug)
}

/// A page of one organization.
pub(super) fn framed(
    status: StatusCode,
    signed_in: &SignedIn,
    organization: &Organization,
    room: Room,
    content: &Markup,
) -> Page {
    let caller = &signed_in.caller;
    let to = address(organization);
    let has_others = caller.is_admin() || looked_after(caller).count() > 1;
    let framed = html! {
        @if has_others { nav.back aria-label="Back" { a href="/admin/organizations" { (icon(Icon::Left)) "Organizations" } } }
        div.lead {
            div {
                h2.person { bdi { (organization.name) } " " @if organization.suspended_at.is_some() { (suspended()) } }
                p { code { (organization.slug) } " · made " (time(organization.created_at)) }
            }
            a.button.quiet.little href={ "/admin/audit?organization=" (organization.slug) } { "What was done here" }
        }
        nav.tabs.rooms aria-label={ "Pages of " (organization.name) } {
            @for (other, path, name) in Room::ALL {
                a href={ (to) (path) } aria-current=[(other == room).then_some("page")] { (name) }
            }
            a href={ "/admin/provider-credentials?organization=" (organization.slug) } { "Provider credentials" }
            a href={ "/admin/aliases?organization=" (organization.slug) } { "Aliases" }
        }
        (content)
    };
    page(status, &organization.name, signed_in, Part::Organizations, &framed)
}

/// What somebody is in an organization.
pub(super) fn role_badge(role: MemberRole) -> Markup {
    match role {
        MemberRole::Owner => badge("blue", Icon::Star, "Owner"),
        MemberRole::Admin => badge("blue", Icon::Shield, "Admin"),
        MemberRole::Member => badge("grey", Icon::Person, "Member"),
    }
}

/// Nothing works in it.
pub(super) fn suspended() -> Markup {
    badge("red", Icon::Pause, "Suspended")
}

/// What an organization's calls took this month.
pub(super) async fn month(
    shared: &Shared,
    signed_in: &SignedIn,
    organization: OrganizationId,
) -> Result<UsageLine, Failure> {
    Ok(spending::this_month(&shared.app, &signed_in.caller, organization).await?)
}

/// One thing to do with an organization.
#[derive(Deserialize)]
pub(super) struct ActForm {
    #[serde(default)]
    act: String,
    #[serde(default)]
    sure: String,
}

pub(super) async fn show_organization(
    State(shared): State<Shared>,
    signed_in: SignedIn,
    Id(named): Id<String>,
) -> Result<Response, Failure> {
    overview(&shared, &signed_in, &named, None).await
}

pub(super) async fn act_on_organization(
    State(shared): State<Shared>,
    signed_in: SignedIn,
    Id(named): Id<String>,
    Form(form): Form<ActForm>,
) -> Result<Response, Failure> {
    let (app, caller) = (&shared.app, &signed_in.caller);
    let suspending = |is_suspended| organizations::Edit { is_suspended: Some(is_suspended), ..Default::default() };
    let done = match form.act.as_str() {
        "suspend" => organizations::edit(app, caller, &named, suspending(true)).await.map(drop),
        "resume" => organizations::edit(app, caller, &named, suspending(false)).await.map(drop),
        "delete" if form.sure.is_empty() => Err(not_ticked()),
        "delete" => {
            organizations::delete(app, caller, &named, true).await?;
            return Ok(Redirect::to("/admin/organizations").into_response());
        }
        _ => Err(Error::invalid("act", "is nothing that can be done with an organization")),
    };
    match done {
        Ok(()) => Ok(Redirect::to(&format!("/admin/organizations/{named}")).into_response()),
        Err(error) if is_for_the_form(&error) => overview(&shared, &signed_in, &named, Some(&error)).await,
        Err(error) => Err(error.into()),
    }
}

/// Told to whoever deletes without ticking the box.
pub(super) fn not_ticked() -> Error {
    let sentence = "Nothing was deleted: the box below was not ticked. Tick it if you are sure.";
    Error::new(Code::InvalidRequest, sentence).of_field("sure")
}

async fn overview(
    shared: &Shared,
    signed_in: &SignedIn,
    named: &str,
    error: Option<&Error>,
) -> Result<Response, Failure> {
    let (app, caller) = (&shared.app, &signed_in.caller);
    let organization = organizations::find_to_manage(app, caller, named).await?;
    let held = organizations::holdings(app, caller, named).await?;
    let spent = month(shared, signed_in, organization.id).await?;
    let content = html! {
        (complaint(error.map(|error| error.sentence.as_str())))
        div #organization-tiles data-live="usage. credential." { (tiles(&organization, held, &spent)) }
        div.halves {
            (rules(&organization))
            @if caller.is_admin() { (access(&organization, held)) }
        }
    };
    let status = error.map_or(StatusCode::OK, problem::status_of);
    Ok(framed(status, signed_in, &organization, Room::Overview, &content).into_response())
}

fn tiles(organization: &Organization, held: Holdings, spent: &UsageLine) -> Markup {
    let to = address(organization);
    let stat = |name: &str, value: &str, more: &Markup| {
        html! { div.stat { span.name { (name) } span.value { (value) } span.small { (more) } } }
    };
    let keys = format!("/admin/provider-credentials?organization={}", organization.slug);
    html! {
        div.tiles {
            (stat("Members", &grouped(held.members), &html! { a href={ (to) "/members" } { "Look after them" } }))
            (stat("Teams", &grouped(held.teams), &html! { a href={ (to) "/teams" } { (counted(held.tokens, "gateway token", "gateway tokens")) } }))
            (stat("Provider keys", &grouped(held.credentials), &html! { a href=(keys) { @if held.credentials == 0 { "Add the first" } @else { "Look after them" } } }))
            (stat("Spent this month", &dollars(spent.client_cost), &html! {
                @if spent.unknown > 0 { (counted(spent.unknown, "call", "calls")) " of unknown cost beside" } @else { "mark-up included, UTC" }
            }))
            (stat("Calls this month", &grouped(spent.requests), &html! {
                @match held.last_call_at { Some(at) => { "last " (time(at)) } None => "none yet" }
            }))
        }
    }
}

/// Under which rules calls are paid, in words.
fn rules(organization: &Organization) -> Markup {
    let rules = &organization.rules;
    let providers = rules.allowed_providers.as_deref();
    html! {
        section.card aria-labelledby="rules-title" {
            div.row.spread { h2 #rules-title { "Who pays for calls" } a href={ (address(organization)) "/settings" } { "Change" } }
            dl.facts {
                dt { "Keys" } dd { (order_words(rules.order).0) }
                dt { "Own keys of members" } dd { @if rules.personal_keys_allowed && rules.order != domain::organization::KeyOrder::OrgOnly { "may pay" } @else { "never pay" } }
                dt { "Without a key" } dd { @match rules.fallback {
                    None => "as members and the server say",
                    Some(policy) => { (policy) }
                } @if rules.may_cross { ", and may go on to the next where keys fail" } }
                dt { "Providers" } dd { @match providers {
                    None => "all",
                    Some(some) => { (some.iter().map(|one| one.display_name()).collect::<Vec<_>>().join(", ")) }
                } }
                dt { "Mark-up" } dd { (percent_text(rules.markup_basis_points)) " %" @if rules.personal_markup { ", also on members' own keys" } }
            }
        }
    }
}

/// Suspending and deleting, for admins of the server.
fn access(organization: &Organization, held: Holdings) -> Markup {
    html! {
        div {
            section.card aria-labelledby="access-title" {
                h2 #access-title { "Access" }
                form.stack method="post" action=(address(organization)) {
                    div.deed {
                        @if organization.suspended_at.is_none() {
                            div { strong { "Suspend" } div.small { "Calls in it are refused within two seconds. Nothing is lost." } }
                            button.quiet.little.danger type="submit" name="act" value="suspend" { (icon(Icon::Pause)) "Suspend" }
                        } @else {
                            div { strong { "Suspended" } div.small { "Nobody can call in it, and its teams' tokens do not work." } }
                            button.quiet.little type="submit" name="act" value="resume" { (icon(Icon::Check)) "Let it work again" }
                        }
                    }
                }
            }
            section.card aria-labelledby="delete-title" {
                h2 #delete-title { "Delete" }
                p.soft { "Goes for good, at once:" }
                ul.goes {
                    @if held.credentials > 0 { li { (counted(held.credentials, "provider key", "provider keys")) ", destroyed" } }
                    @if held.tokens > 0 { li { (counted(held.tokens, "gateway token of its teams", "gateway tokens of its teams")) ", revoked" } }
                    @if held.teams > 0 { li { (counted(held.teams, "team", "teams")) } }
                    li { "its aliases and its " (counted(held.members, "member's place", "members' places")) "; their accounts stay, and so do usage and the audit log" }
                }
                form.stack method="post" action=(address(organization)) {
                    label.check { input type="checkbox" name="sure" value="yes" required; span { "Yes, delete " strong { bdi { (organization.name) } } } }
                    div { button.danger type="submit" name="act" value="delete" { (icon(Icon::Bin)) "Delete this organization" } }
                }
            }
        }
    }
}
