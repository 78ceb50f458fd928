//! The box that takes whatever is pasted, and what became of it.

use app::credentials::{Outcome, Pasted, Saved, ShownKey};
use domain::credential::Scope;
use domain::key_shape;
use domain::provider::PROVIDERS;
use domain::{ProviderId, Timestamp};
use maud::{Markup, html};
use serde_json::json;

use super::list::provider_options;
use super::row::Line;
use super::verdict::verdict;
use crate::ui::view::{Icon, icon, tile};

/// The box for the keys of all providers, and where it stands.
pub(super) struct PasteBox<'a> {
    /// Where its form is sent.
    pub(super) action: &'a str,
    /// Whether the server's keys are theirs to save too.
    pub(super) is_admin: bool,
    /// Whose the keys are to be, unless another is chosen.
    pub(super) scope: Scope,
    /// Whose they are where neither shape nor name says so.
    pub(super) provider: Option<ProviderId>,
    /// Whether it is what a person came for.
    pub(super) has_focus: bool,
    /// Another way to save a key.
    pub(super) beside: &'a Markup,
    /// What became of what was pasted before.
    pub(super) results: &'a Markup,
}

/// One box for the keys of all providers, sent to `action`. `has_focus`: it is
/// what a person came for.
pub(crate) fn paste_box(action: &str, is_admin: bool, has_focus: bool, results: &Markup) -> Markup {
    let beside = &html! {};
    filled(&PasteBox { action, is_admin, scope: Scope::Personal, provider: None, has_focus, beside, results })
}

/// The box, as its place has it.
pub(super) fn filled(it: &PasteBox<'_>) -> Markup {
    html! {
        section.card.paste aria-labelledby="paste-title" {
            label #paste-title for="paste-text" { "Paste a key from any provider" }
            (it.beside)
            form #paste method="post" action=(it.action) {
                textarea.secret #paste-text name="text" rows="2" required autocomplete="off" autocapitalize="off" spellcheck="false"
                    autofocus[it.has_focus] aria-describedby="paste-hint" data-shapes=(shapes())
                    placeholder="sk-…  or several lines, or a whole .env file" {}
                div.row.paste-end {
                    p.small.grow #paste-hint aria-live="polite" { "It is recognised by its shape, sealed, and checked by one free call." }
                    select #paste-provider name="provider" aria-label="Provider, where a key does not say it" {
                        option value="" { "Whose key is it?" }
                        (provider_options(it.provider))
                    }
                    @if it.is_admin {
                        select name="scope" aria-label="Whose key" {
                            option value="personal" { "For me" }
                            option value="system" selected[it.scope == Scope::System] { "For everybody here" }
                        }
                    }
                    button type="submit" { "Save and check" }
                }
            }
            div #pasted aria-live="polite" { (it.results) }
        }
    }
}

/// How keys begin, for the hint while somebody types.
fn shapes() -> String {
    let all: Vec<_> = PROVIDERS
        .iter()
        .flat_map(|provider| provider.key_prefixes.iter().map(move |prefix| (*prefix, provider.display_name)))
        .collect();
    json!(all).to_string()
}

/// What became of each pasted key.
pub(crate) fn results(pasted: &[Pasted], now: Timestamp) -> Markup {
    let saved = pasted.iter().filter(|one| matches!(one.outcome, Outcome::Saved(_))).count();
    html! {
        @if !pasted.is_empty() {
            @if pasted.len() > 1 { p.small.tally { (saved) " of " (pasted.len()) " keys saved." } }
            ul.pasted { @for one in pasted { (result(one, now)) } }
        }
    }
}

fn result(pasted: &Pasted, now: Timestamp) -> Markup {
    let name = pasted.provider.map_or_else(
        || pasted.variable.clone().unwrap_or_else(|| "Unknown provider".to_owned()),
        |provider| provider.display_name().to_owned(),
    );
    html! {
        @match &pasted.outcome {
            Outcome::Saved(saved) => { (saved_line(saved, now)) }
            Outcome::WhoseKey => {
                li data-line=(pasted.line) data-whose {
                    (icon(Icon::Question))
                    div { strong { (name) } " · " code { (pasted.masked) }
                        p.reason {
                            @if pasted.variable.is_some() {
                                "This variable is no provider's that is known here, so it was sent nowhere. If it is one, leave only its line in the box, choose the provider and save again."
                            } @else {
                                "Its shape does not say whose key this is. Choose the provider beside the box and save again."
                            }
                        } }
                }
            }
            Outcome::Refused(error) => {
                li.bad data-line=(pasted.line) {
                    (icon(Icon::Warning))
                    div { strong { (name) } " · " code { (pasted.masked) } p.reason { (error.sentence) } }
                }
            }
        }
    }
}

fn saved_line(saved: &Saved, now: Timestamp) -> Markup {
    let key = &saved.credential;
    let line = Line {
        shown: ShownKey { credential: key.clone(), models: None, unusual: None },
        cooling_until: None,
        may_copy: false,
        may_change: true,
        now,
        has_rivals: false,
    };
    html! {
        li data-key=(key.id) data-saved {
            (tile(key.provider))
            div {
                span { strong { (key.provider.display_name()) } " · " code { (key_shape::masked_in_lists(&key.masked)) } " · saved" }
                (verdict(&line))
                @if let Some(warning) = &saved.warning { p.reason { (icon(Icon::Warning)) " " (warning) } }
            }
        }
    }
}
