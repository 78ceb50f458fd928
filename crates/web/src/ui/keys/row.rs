//! One key in the list: what it is, how it does, and what can be done with it.

use app::credentials::ShownKey;
use domain::credential::{Credential, Scope, Source};
use domain::key_shape;
use domain::{Caller, Timestamp};
use maud::{Markup, html};

use super::verdict::verdict;
use crate::ui::view::{Icon, icon, tile, time};

/// A key, and what a row says of it.
pub(crate) struct Line {
    pub(crate) shown: ShownKey,
    pub(crate) cooling_until: Option<Timestamp>,
    /// Whether the server lets keys be copied.
    pub(crate) may_copy: bool,
    pub(crate) now: Timestamp,
    /// Whether whoever looks at it looks after it.
    pub(crate) may_change: bool,
    /// Whether it is one of several for its provider.
    pub(crate) has_rivals: bool,
}

/// Whether the caller looks after a key that they see.
pub(crate) fn may_change(caller: &Caller, key: &Credential) -> bool {
    key.organization.is_none_or(|organization| caller.looks_after(organization))
}

pub(super) fn row(line: &Line) -> Markup {
    let key = &line.shown.credential;
    let can_move = line.may_change && key.is_row() && !key.is_primary && key.grace_of.is_none();
    let group = can_move.then(|| format!("{}-{}", key.scope, key.provider));
    html! {
        tr id={ "key-" (key.id) } data-key=(key.id) data-group=[group] {
            td {
                div.which {
                    (tile(key.provider))
                    div.grow {
                        a.name href={ "/keys/" (key.id) } data-sheet { bdi { (key.name) } } (chips(line))
                        div.small { (key.provider.display_name()) " · " (mask(key)) " · " (scope_word(key.scope)) }
                        @if !key.note.is_empty() { div.small.note { bdi { (key.note) } } }
                    }
                }
            }
            td { (verdict(line)) }
            td.used data-name="Last used" { @match key.last_used_at { Some(at) => { (time(at)) } None => { span.soft { "never" } } } }
            td.end { @if line.may_change { (actions(line)) } }
        }
    }
}

/// What may be shown of a key, or where it is instead.
pub(crate) fn mask(key: &Credential) -> Markup {
    html! {
        @match key.source {
            Source::Stored if !key.masked.is_empty() => { code { (key_shape::masked_in_lists(&key.masked)) } }
            Source::Stored | Source::Keyless => { "no key needed" }
            _ => { code { (key.source_text()) } }
        }
    }
}

pub(crate) const fn scope_word(scope: Scope) -> &'static str {
    match scope {
        Scope::Personal => "Personal",
        Scope::Organization => "Organization",
        Scope::System => "System",
    }
}

/// What is special about a key, in few words.
pub(crate) fn chips(line: &Line) -> Markup {
    let key = &line.shown.credential;
    html! {
        @if key.is_primary && line.has_rivals { " " span.chip { (icon(Icon::Star)) "Primary" } }
        @if let Some(unusual) = line.shown.unusual {
            " " a.chip href={ "/usage?range=7d&by=key&key=" (key.id) } title="Its use of today stands out against its own days before. Look whether that was you." { (icon(Icon::Warning)) (unusual.told()) }
        }
        @if key.grace_of.is_some() { " " span.chip { "former key" } }
        @if matches!(key.source, Source::Environment(_)) { " " span.chip { "read-only" } }
        @if line.may_change && key.is_rotation_due(line.now) { " " a.chip href={ "/keys/" (key.id) "/rotate" } data-sheet { (age(key, line.now)) } }
        @if let Some(end) = key.expires_at.filter(|end| *end > line.now) { " " span.chip { "ends " (time(end)) } }
    }
}

/// How old a key is that should be replaced.
fn age(key: &Credential, now: Timestamp) -> String {
    match key.secret_set_at.map(|at| now.since(at).as_secs() / (24 * 3600)) {
        Some(days) if days > 0 => format!("{days} days old"),
        _ => "replace it".to_owned(),
    }
}

/// A button for the commonest, a menu for the rest.
pub(crate) fn actions(line: &Line) -> Markup {
    let key = &line.shown.credential;
    let menu = format!("menu-{}", key.id);
    html! {
        div.actions {
            form method="post" action={ "/keys/" (key.id) } data-stay="" {
                button.quiet.little name="action" value="check" aria-label={ "Check API key " (key.name) } { "Check API key" }
            }
            @if key.is_row() {
                button.quiet.little.icon-only id={ "more-" (key.id) } type="button" popovertarget=(menu)
                    aria-label={ "More about " (key.name) } { (icon(Icon::More)) }
                div id=(menu) popover { (menu_of(line)) }
            }
        }
    }
}

fn menu_of(line: &Line) -> Markup {
    let key = &line.shown.credential;
    let door = format!("/keys/{}", key.id);
    let is_former = key.grace_of.is_some();
    let has_secret = key.source == Source::Stored && !key.masked.is_empty();
    html! {
        div.menu {
            div.who { strong.clip dir="auto" { (key.name) } (mask(key)) }
            @if has_secret && key.scope == Scope::Personal && line.may_copy {
                button.scripted type="button" data-reveal=(key.id) data-name=(key.title()) { (icon(Icon::Copy)) "Copy" }
            }
            @if !is_former {
                a href={ (door) "/edit" } data-sheet { (icon(Icon::Pen)) "Edit" }
                @if has_secret { a href={ (door) "/rotate" } data-sheet { (icon(Icon::Turning)) "Rotate" } }
            }
            form.menu method="post" action=(door) data-stay="" {
                @if !is_former && !key.is_primary {
                    button name="action" value="make-primary" { (icon(Icon::Star)) "Make primary" }
                    button name="action" value="up" { (icon(Icon::Send)) "Move up" }
                    button name="action" value="down" { (icon(Icon::Down)) "Move down" }
                }
                @if key.is_active { button name="action" value="deactivate" { (icon(Icon::Pause)) "Deactivate" } }
                @else { button name="action" value="activate" { (icon(Icon::Check)) "Activate" } }
            }
            hr;
            a.danger href={ (door) "/delete" } data-sheet { (icon(Icon::Bin)) "Delete" }
        }
    }
}
