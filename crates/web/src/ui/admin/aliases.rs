//! `/admin/aliases`: the names of this server, or of an organization, and what
//! they stand for.

use app::aliases::{self, Described};
use app::error::Error;
use app::organizations;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use domain::Caller;
use domain::alias::{Mode, Target};
use domain::credential::Owner;
use domain::ids::OrganizationId;
use domain::organization::Organization;
use http::StatusCode;
use maud::{Markup, html};
use serde::Deserialize;

use super::alias::filled::{Filled, likeness};
use super::alias::form;
use super::{Part, counted, let_in, looked_after, page};
use crate::body::Query;
use crate::problem;
use crate::rim::Failure;
use crate::router::Shared;
use crate::ui::forms::SignedIn;
use crate::ui::view::{Icon, badge, complaint, copyable, empty, icon, tile, time};

/// The most organizations that are offered to choose from.
const OFFERED: i64 = 200;

#[derive(Default, Deserialize)]
pub(super) struct AliasesQuery {
    #[serde(default)]
    organization: String,
    /// A suggestion to begin with: `name=provider/model`.
    #[serde(default)]
    like: String,
}

/// Whose aliases somebody looks at.
pub(super) struct Whose {
    /// The organization; `None`: the server.
    pub(super) organization: Option<Organization>,
    /// Those that they may look at beside.
    offered: Vec<Organization>,
    /// As whom these aliases are seen.
    pub(super) seen_as: Caller,
}

impl Whose {
    /// The organization that is named, else the server's for its admins, else the
    /// first that they look after.
    pub(super) async fn of(shared: &Shared, signed_in: &SignedIn, named: &str) -> Result<Self, Failure> {
        let (app, caller) = (&shared.app, &signed_in.caller);
        let_in(caller)?;
        let first = looked_after(caller).next().map(|place| place.organization.to_string());
        let named = match named.trim() {
            "" if caller.is_admin() => None,
            "" => first,
            named => Some(named.to_owned()),
        };
        let organization = match named {
            Some(named) => Some(organizations::find_to_manage(app, caller, &named).await?),
            None => None,
        };
        let (all, _) = organizations::list(app, caller, None, 0, OFFERED).await?;
        let offered = all.into_iter().filter(|one| caller.looks_after(one.id)).collect();
        let acting = organization.as_ref().map(|one| one.id).or(caller.organization);
        let seen_as = Caller { organization: acting, ..Caller::clone(caller) };
        Ok(Self { organization, offered, seen_as })
    }

    pub(super) fn owner(&self) -> Owner {
        self.organization.as_ref().map_or(Owner::System, |one| Owner::Organization(one.id))
    }

    pub(super) fn id(&self) -> Option<OrganizationId> {
        self.organization.as_ref().map(|one| one.id)
    }

    /// The address of these aliases.
    pub(super) fn href(&self) -> String {
        match &self.organization {
            Some(one) => format!("/admin/aliases?organization={}", one.slug),
            None => "/admin/aliases".to_owned(),
        }
    }
}

pub(super) async fn show_aliases(
    State(shared): State<Shared>,
    signed_in: SignedIn,
    Query(query): Query<AliasesQuery>,
) -> Result<Response, Failure> {
    let whose = Whose::of(&shared, &signed_in, &query.organization).await?;
    let filled = Filled::like(&query.like);
    list(&shared, &signed_in, &whose, &filled, None).await
}

/// The page with the form, and what was wrong with it.
pub(super) async fn list(
    shared: &Shared,
    signed_in: &SignedIn,
    whose: &Whose,
    filled: &Filled,
    error: Option<&Error>,
) -> Result<Response, Failure> {
    let app = &shared.app;
    let all = aliases::list(app, &whose.seen_as).await?;
    let own: Vec<&Described> = all.iter().filter(|one| one.alias.owner == whose.owner()).collect();
    let suggested = aliases::suggestions(app, &whose.seen_as).await?;
    let choices = form::choices(shared, whose).await?;
    let is_caller_admin = signed_in.caller.is_admin();
    let content = html! {
        (complaint(error.map(|error| error.sentence.as_str())))
        (chooser(whose, is_caller_admin))
        div.card.flush #aliases data-live="models. credential." {
            @if own.is_empty() { (nothing(whose)) }
            @else {
                table.list.userlist.aliaslist {
                    thead { tr { th { "Alias" } th { "Stands for" } th { "Who may call it" } th { "Changed" } th { span.sr { "Actions" } } } }
                    tbody { @for one in &own { (row(one)) } }
                }
            }
        }
        (form::make(whose, filled, &choices))
        @if !suggested.is_empty() { (suggestions(whose, &suggested)) }
    };
    let status = error.map_or(StatusCode::OK, problem::status_of);
    let page = page(status, "Aliases", signed_in, Part::Aliases, &content);
    Ok(page.with_script("alias.js").into_response())
}

fn nothing(whose: &Whose) -> Markup {
    let who = if whose.organization.is_some() { "members and teams of the organization" } else { "everybody here" };
    empty(
        Icon::Branch,
        "No alias yet",
        &html! {
            p { "An alias is a name that " (who) " may call. What it stands for can be changed without touching whoever calls it: another model, another provider, several in order, or a draw by weight." }
        },
    )
}

fn chooser(whose: &Whose, is_admin: bool) -> Markup {
    let chosen = whose.id();
    html! {
        @if is_admin || whose.offered.len() > 1 {
            form.filter method="get" action="/admin/aliases" data-at-once {
                div.field {
                    label for="organization" { "Whose" }
                    select #organization name="organization" {
                        @if is_admin { option value="" { "This server's, for everybody" } }
                        @for one in &whose.offered { option value=(one.slug) selected[chosen == Some(one.id)] { (one.name) } }
                    }
                }
                button.quiet type="submit" { "Show" }
            }
        }
    }
}

fn row(described: &Described) -> Markup {
    let alias = &described.alias;
    let to = format!("/admin/aliases/{}", alias.id);
    html! {
        tr {
            td {
                a.name href=(to) { code { (alias.name) } }
                @if !described.opened.iter().any(|opened| *opened) { " " (badge("amber", Icon::Lock, "No key opens it")) }
                @if !described.shadows.is_empty() { div.small { "instead of " (described.shadows.join(", ")) } }
            }
            td data-name="Stands for" { (targets(&alias.targets, alias.mode, &described.opened)) }
            td data-name="Who may call it" { @match &alias.teams {
                None => "everybody",
                Some(teams) => { (counted(i64::try_from(teams.len()).unwrap_or(0), "team", "teams")) }
            } }
            td data-name="Changed" { (time(alias.updated_at)) }
            td.end {
                div.actions.flat {
                    button.quiet.little.icon-only.scripted type="button" data-copy=(alias.name) aria-label={ "Copy " (alias.name) } { (icon(Icon::Copy)) }
                    a.button.quiet.little href=(to) aria-label={ "Edit " (alias.name) } { (icon(Icon::Pen)) "Edit" }
                }
            }
        }
    }
}

/// What an alias stands for, in its order.
pub(super) fn targets(targets: &[Target], mode: Mode, opened: &[bool]) -> Markup {
    let all: u32 = targets.iter().map(|target| target.weight).sum();
    html! {
        ol.targets {
            @for (target, opened) in targets.iter().zip(opened.iter().chain(std::iter::repeat(&true))) {
                li {
                    (tile(target.provider)) span.grow { code { (target.model) } }
                    @if mode == Mode::Weighted && all > 0 { span.small.num { (target.weight * 100 / all) " %" } }
                    @if !*opened { span.locked title="No key opens it" { (icon(Icon::Lock)) span.sr { "no key opens it" } } }
                }
            }
        }
    }
}

/// Names that Claude Code's picker lists, ready to be made.
fn suggestions(whose: &Whose, suggested: &[(String, Target)]) -> Markup {
    let back = whose.organization.as_ref().map(|one| format!("&organization={}", one.slug)).unwrap_or_default();
    html! {
        section.card aria-labelledby="ready-title" {
            h2 #ready-title { "Ready-made for Claude Code" }
            p.soft { "Its picker lists only names that begin with " code { "claude" } ". These stand for recommended models of other providers whose keys are here." }
            div.ready {
                @for (name, target) in suggested {
                    div.suggestion {
                        (copyable(name, &format!("the name {name}")))
                        div.row { (tile(target.provider)) span.small.grow { (target.provider.display_name()) " · " (target.model) }
                            a.button.quiet.little href={ "/admin/aliases?like=" (likeness(name, target)) (back) "#make" } aria-label={ "Use it: " (name) } { "Use it" } }
                    }
                }
            }
        }
    }
}
