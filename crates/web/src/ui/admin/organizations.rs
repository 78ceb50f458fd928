//! `/admin/organizations`: all of them, and making more.

use app::error::Error;
use app::organizations::{self, NewOrganization};
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use domain::organization::Organization;
use http::StatusCode;
use maud::{Markup, html};
use serde::Deserialize;
use store::organizations::Peopled;

use super::organization::{address, role_badge, suspended};
use super::{Part, counted, grouped, let_in, page};
use crate::body::{Form, Query};
use crate::problem;
use crate::rim::Failure;
use crate::router::Shared;
use crate::ui::forms::{SignedIn, is_for_the_form};
use crate::ui::view::{Icon, badge, complaint, empty, icon, time};

/// How many organizations a page shows.
const PAGE: i64 = 50;

/// The query of `/admin/organizations`. What is not understood is as if it was
/// not there.
#[derive(Clone, Default, Deserialize)]
pub(super) struct OrganizationsQuery {
    #[serde(default)]
    q: String,
    #[serde(default)]
    skip: String,
}

impl OrganizationsQuery {
    fn skip(&self) -> i64 {
        self.skip.parse().unwrap_or(0).clamp(0, 1_000_000)
    }

    fn href(&self, skip: i64) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        if !self.q.trim().is_empty() {
            query.append_pair("q", self.q.trim());
        }
        if skip > 0 {
            query.append_pair("skip", &skip.to_string());
        }
        let query = query.finish();
        if query.is_empty() { "/admin/organizations".to_owned() } else { format!("/admin/organizations?{query}") }
    }
}

#[derive(Default, Deserialize)]
pub(super) struct OrganizationForm {
    #[serde(default)]
    name: String,
    #[serde(default)]
    slug: String,
}

pub(super) async fn show_organizations(
    State(shared): State<Shared>,
    signed_in: SignedIn,
    Query(query): Query<OrganizationsQuery>,
) -> Result<Response, Failure> {
    list(&shared, &signed_in, &query, &OrganizationForm::default(), None).await
}

pub(super) async fn make_organization(
    State(shared): State<Shared>,
    signed_in: SignedIn,
    Form(form): Form<OrganizationForm>,
) -> Result<Response, Failure> {
    let slug = Some(form.slug.trim().to_owned()).filter(|slug| !slug.is_empty());
    let new = NewOrganization { name: form.name.clone(), slug, ..NewOrganization::default() };
    match organizations::create(&shared.app, &signed_in.caller, new).await {
        Ok(made) => Ok(Redirect::to(&address(&made)).into_response()),
        Err(error) if is_for_the_form(&error) => {
            list(&shared, &signed_in, &OrganizationsQuery::default(), &form, Some(&error)).await
        }
        Err(error) => Err(error.into()),
    }
}

async fn list(
    shared: &Shared,
    signed_in: &SignedIn,
    query: &OrganizationsQuery,
    typed: &OrganizationForm,
    error: Option<&Error>,
) -> Result<Response, Failure> {
    let (app, caller) = (&shared.app, &signed_in.caller);
    let_in(caller)?;
    let skip = query.skip();
    let (found, count) = organizations::list(app, caller, Some(&query.q), skip, PAGE).await?;
    let found: Vec<Organization> = found.into_iter().filter(|one| caller.looks_after(one.id)).collect();
    let ids: Vec<_> = found.iter().map(|one| one.id).collect();
    let peopled = store::organizations::peopled(&app.store, &ids).await.map_err(Error::from)?;
    let of = |one: &Organization| peopled.get(&one.id).copied().unwrap_or_default();
    let content = html! {
        (complaint(error.map(|error| error.sentence.as_str())))
        @if caller.is_admin() {
            @if count > 0 || !query.q.trim().is_empty() { (search(query)) }
        }
        div.card.flush #organizations {
            @if found.is_empty() {
                (nothing(query, caller.is_admin()))
            } @else {
                table.list.userlist {
                    thead { tr { th { "Organization" } th { "State" } th { "Members" } th { "Teams" } th { "Provider keys" } th { "Made" } th { span.sr { "Actions" } } } }
                    tbody { @for one in &found { (row(signed_in, one, of(one))) } }
                }
            }
        }
        (pages(query, skip, count))
        @if caller.is_admin() { (form(typed, count == 0)) }
    };
    let status = error.map_or(StatusCode::OK, problem::status_of);
    Ok(page(status, "Organizations", signed_in, Part::Organizations, &content).into_response())
}

fn nothing(query: &OrganizationsQuery, may_make: bool) -> Markup {
    if query.q.trim().is_empty() {
        let next = html! {
            p { "An organization has members and teams, its own provider keys and aliases, and rules for who pays." }
            @if may_make { p { "Make the first one below." } }
        };
        return empty(Icon::Shield, "No organization yet", &next);
    }
    empty(Icon::Search, "No organization matches", &html! { p { a href="/admin/organizations" { "Show all" } } })
}

fn search(query: &OrganizationsQuery) -> Markup {
    html! {
        form.filter role="search" method="get" action="/admin/organizations" {
            div.field.grow {
                label for="q" { "Search" }
                input #q type="search" name="q" value=(query.q) maxlength="100" placeholder="Part of a name or a slug";
            }
            button.quiet type="submit" { (icon(Icon::Search)) "Search" }
            @if !query.q.trim().is_empty() { a.button.quiet href="/admin/organizations" { "Show all" } }
        }
    }
}

fn row(signed_in: &SignedIn, one: &Organization, people: Peopled) -> Markup {
    let to = address(one);
    let role = signed_in.caller.membership(one.id).map(|place| place.role);
    html! {
        tr {
            td { a.name href=(to) { bdi { (one.name) } } @if let Some(role) = role { " " (role_badge(role)) } div.small { code { (one.slug) } } }
            td { @if one.suspended_at.is_some() { (suspended()) } @else { (badge("green", Icon::Check, "Active")) } }
            td data-name="Members" { (grouped(people.members)) }
            td data-name="Teams" { (grouped(people.teams)) }
            td data-name="Provider keys" { (grouped(people.credentials)) }
            td data-name="Made" { (time(one.created_at)) }
            td.end { a.button.quiet.little href=(to) aria-label={ "Manage " (one.name) } { "Manage" } }
        }
    }
}

fn pages(query: &OrganizationsQuery, skip: i64, count: i64) -> Markup {
    html! {
        @if skip > 0 || skip + PAGE < count {
            nav.row.spread aria-label="Pages of organizations" {
                @if skip > 0 { a.button.quiet href=(query.href((skip - PAGE).max(0))) { (icon(Icon::Left)) "Before" } } @else { span {} }
                span.small { (counted(count, "organization", "organizations")) }
                @if skip + PAGE < count { a.button.quiet href=(query.href(skip + PAGE)) rel="next" { "Next page" (icon(Icon::Right)) } } @else { span {} }
            }
        }
    }
}

fn form(typed: &OrganizationForm, is_first: bool) -> Markup {
    html! {
        section.card aria-labelledby="make-title" {
            h2 #make-title { "Make an organization" }
            form.invite method="post" action="/admin/organizations" {
                div.field.grow {
                    label for="name" { "Name" }
                    input #name name="name" type="text" value=(typed.name) maxlength="100" autocomplete="off" required autofocus[is_first] placeholder="Acme Ltd";
                }
                div.field {
                    label for="slug" { "Slug " span.soft { "(optional)" } }
                    input #slug name="slug" type="text" value=(typed.slug) maxlength="64" autocomplete="off" spellcheck="false" placeholder="acme";
                }
                button type="submit" { (icon(Icon::Plus)) "Make organization" }
            }
            p.small { "The slug stands in addresses and in the header " code { "x-ownkey-organization" } "; without one it is made from the name. You become its first owner." }
        }
    }
}
