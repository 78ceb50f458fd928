//! The box that takes whatever is pasted, and what became of it.

use app::credentials::{Outcome, Pasted, Saved, ShownKey};
use domain::Timestamp;
use domain::key_shape;
use domain::provider::PROVIDERS;
use maud::{Markup, html};
use serde_json::json;

use super::list::provider_options;
use super::row::Line;
use super::verdict::verdict;
use crate::ui::view::{Icon, icon, tile};

/// One box for the keys of all providers, sent to `action`. `has_focus`: it is
/// what a person came for.
pub(crate) fn paste_box(action: &str, is_admin: bool, has_focus: bool, results: &Markup) -> Markup {
    html! {
        section.card.paste aria-labelledby="paste-title" {
            form #paste method="post" action=(action) {
                label #paste-title for="paste-text" { "Paste a key from any provider" }
                textarea.secret #paste-text name="text" rows="2" required autocomplete="off" autocapitalize="off" spellcheck="false"
                    autofocus[has_focus] aria-describedby="paste-hint" data-shapes=(shapes())
                    placeholder="sk-…  or several lines, or a whole .env file" {}
                div.row.paste-end {
                    p.small.grow #paste-hint aria-live="polite" { "It is recognised by its shape, sealed, and checked by one free call." }
                    select #paste-provider name="provider" aria-label="Provider, where a key does not say it" {
                        option value="" { "Recognise the provider" }
                        (provider_options(None))
                    }
                    @if is_admin {
                        select name="scope" aria-label="Whose key" {
                            option value="personal" { "For me" }
                            option value="system" { "For everybody here" }
                        }
                    }
                    button type="submit" { "Save and check" }
                }
            }
            div #pasted aria-live="polite" { (results) }
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
            @if pasted.len() > 1 { p.small { (saved) " of " (pasted.len()) " keys saved." } }
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
                        p.reason { "Its shape does not say whose key this is. Choose the provider below the box and save again." } }
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
    let line =
        Line { shown: ShownKey { credential: key.clone(), models: None }, cooling_until: None, may_copy: false, now };
    html! {
        li data-key=(key.id) data-saved {
            (tile(key.provider))
            div {
                strong { (key.provider.display_name()) } " · " code { (key_shape::masked_in_lists(&key.masked)) } " · saved"
                (verdict(&line))
                @if let Some(warning) = &saved.warning { p.reason { (icon(Icon::Warning)) " " (warning) } }
            }
        }
    }
}
