//! The keys that somebody looks after for others: filters, rows, pages.

use app::credentials::{HeldKey, HeldPage};
use app::{App, cooling};
use domain::credential::{Credential, Scope};
use domain::organization::Organization;
use maud::{Markup, html};

use super::super::counted;
use super::asked::Asked;
use crate::ui::keys::{Line, actions, chips, mask, provider_options, verdict};
use crate::ui::view::{Icon, badge, empty, icon, tile, time};

/// What these keys are for.
pub(super) fn lead(asked: &Asked) -> Markup {
    html! {
        @if asked.scope == Scope::Organization {
            p.soft.about { "Keys that pay for the calls of an organization's members and teams. Several of one provider may be active: the primary serves, the others step in." }
        } @else {
            p.soft.about { "Keys of this server: the last that are asked, for whoever has none of their own. Those of the environment come after the stored ones and are read-only here." }
        }
    }
}

pub(super) fn filters(asked: &Asked, offered: &[Organization]) -> Markup {
    let is_chosen = |one: &Organization| {
        asked
            .organization
            .as_deref()
            .is_some_and(|named| named.eq_ignore_ascii_case(&one.slug) || named == one.id.to_string())
    };
    html! {
        form.filter role="search" method="get" action=(asked.page()) {
            @if asked.scope == Scope::Organization {
                div.field {
                    label for="organization" { "Organization" }
                    select #organization name="organization" {
                        option value="" { "All organizations" }
                        @for one in offered { option value=(one.slug) selected[is_chosen(one)] { (one.name) } }
                    }
                }
            }
            div.field {
                label for="provider" { "Provider" }
                select #provider name="provider" { option value="" { "All providers" } (provider_options(asked.provider)) }
            }
            div.field {
                label for="show" { "State" }
                select #show name="show" {
                    option value="" { "Active and inactive" }
                    option value="active" selected[asked.is_active == Some(true)] { "Active" }
                    option value="inactive" selected[asked.is_active == Some(false)] { "Inactive" }
                }
            }
            div.field.grow {
                label for="q" { "Search" }
                input #q type="search" name="q" value=(asked.search) maxlength="100" placeholder="Name, note or last four characters";
            }
            button.quiet type="submit" { (icon(Icon::Search)) "Show" }
            @if asked.is_narrowed() { a.button.quiet href=(asked.wide().href()) { "Show all" } }
        }
    }
}

/// The keys, told again whenever something happens to one.
pub(super) fn keys(asked: &Asked, found: &HeldPage, app: &App, has_many: bool) -> Markup {
    let is_shared = asked.scope == Scope::Organization;
    html! {
        div.keys #keys data-live="credential. models. usage." {
            @if found.keys.is_empty() {
                div.card { (nothing(asked)) }
            } @else {
                div.card.flush {
                    table.list.heldlist {
                        thead { tr { th { "Credential" } @if is_shared && has_many { th { "Organization" } } th { "State" } th { "Used by" } th { span.sr { "Actions" } } } }
                        tbody { @for (at, key) in found.keys.iter().enumerate() { (row(key, app, is_shared && has_many, has_rivals(found, at))) } }
                    }
                }
                (pages(asked, found))
                p.small { "The keys themselves are never shown again. To order them, drag a row or use its menu." }
            }
        }
    }
}

/// Whether another key of the same owner and provider is on this page.
fn has_rivals(found: &HeldPage, at: usize) -> bool {
    let group = |key: &HeldKey| (key.shown.credential.organization, key.shown.credential.provider);
    let own = found.keys.get(at).map(group);
    found.keys.iter().enumerate().any(|(other, key)| other != at && Some(group(key)) == own)
}

fn row(held: &HeldKey, app: &App, has_organization: bool, has_rivals: bool) -> Markup {
    let key = &held.shown.credential;
    let line = Line {
        shown: held.shown.clone(),
        cooling_until: cooling::until(app, key.id),
        may_copy: false,
        may_change: true,
        now: app.clock.now(),
        has_rivals,
    };
    let can_move = key.is_row() && !key.is_primary && key.grace_of.is_none();
    let group = can_move.then(|| group(key));
    html! {
        tr id={ "key-" (key.id) } data-key=(key.id) data-group=[group] {
            td {
                div.which {
                    (tile(key.provider))
                    div.grow {
                        a.name href={ "/keys/" (key.id) } data-sheet { bdi { (key.name) } } (chips(&line))
                        div.small { (key.provider.display_name()) " · " (mask(key)) }
                        @if !key.note.is_empty() { div.small.note { bdi { (key.note) } } }
                    }
                }
            }
            @if has_organization {
                td data-name="Organization" { @match (&held.organization, key.organization) {
                    (Some(name), Some(id)) => a.plain href={ "/admin/organizations/" (id) } { bdi { (name) } },
                    _ => "",
                } }
            }
            td { div.state-of { (activity(key)) @if key.is_active { (verdict(&line)) } } }
            td.used data-name="Used by" { (used(held)) }
            td.end { (actions(&line)) }
        }
    }
}

/// Among which keys one is moved.
fn group(key: &Credential) -> String {
    let owner = key.organization.map_or_else(String::new, |id| id.to_string());
    format!("{}-{owner}-{}", key.scope, key.provider)
}

/// Active green, inactive grey.
fn activity(key: &Credential) -> Markup {
    if key.is_active { badge("green", Icon::Check, "Active") } else { badge("grey", Icon::Pause, "Inactive") }
}

/// By how many teams, and when last.
fn used(held: &HeldKey) -> Markup {
    let last = held.shown.credential.last_used_at;
    html! {
        @if held.teams > 0 { span title="In its latest calls of 30 days" { (counted(held.teams, "team", "teams")) } }
        @else if last.is_none() { span.soft { "nobody yet" } }
        @else { span.soft { "no team" } }
        @if let Some(at) = last { div.small { "last call " (time(at)) } }
    }
}

fn pages(asked: &Asked, found: &HeldPage) -> Markup {
    let last = found.keys.last().filter(|_| found.has_more).map(|key| key.shown.credential.id);
    html! {
        @if asked.after.is_some() || last.is_some() {
            nav.row.spread aria-label="More keys" {
                @if asked.after.is_some() { a.button.quiet href=(asked.after(None).href()) { "First page" } } @else { span {} }
                @if last.is_some() { a.button.quiet href=(asked.after(last).href()) rel="next" { "Next page" (icon(Icon::Right)) } }
            }
        }
    }
}

fn nothing(asked: &Asked) -> Markup {
    if asked.is_narrowed() {
        return empty(
            Icon::Search,
            "No key matches",
            &html! { p { a href=(asked.wide().href()) { "Show all keys" } } },
        );
    }
    let next = html! {
        @if asked.scope == Scope::Organization {
            p { "Add one above: members and teams of its organization call models with it, and never see it." }
        } @else {
            p { "Add one above, point to one that is kept elsewhere (" code { "env:NAME" } ", " code { "file:/path" } "), or start the server with " code { "OPENAI_API_KEY" } " and its like." }
        }
    };
    empty(Icon::Key, "No key yet", &next)
}
