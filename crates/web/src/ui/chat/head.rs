//! Above the thread: what it is called, who answers, what it took so far.

use domain::credential::Scope;
use domain::provider::ProviderKind;
use maud::{Markup, html};

use super::figures::{dollars, grouped};
use super::scene::{Chat, Desk, Payer};
use crate::ui::view::{Icon, icon, key_state, tile};

/// The header of a conversation.
pub(super) fn head(chat: &Chat, desk: &Desk) -> Markup {
    let path = chat.path();
    let totals = &chat.totals;
    html! {
        header #head.talk-head data-live="" {
            button.bare.icon-only.only-narrow type="button" popovertarget="rail" aria-label="Conversations" { (icon(Icon::List)) }
            h1.clip { (chat.title) }
            (switcher(&path, chat, desk))
            div.talk-end {
                @if totals.tokens > 0 {
                    span.small.nowrap.totals title="All answers of this conversation" {
                        (grouped(totals.tokens)) " tokens"
                        @if let Some(cost) = totals.cost { " · " (dollars(cost)) }
                    }
                }
                @if chat.is_temporary { span.chip { (icon(Icon::Clock)) "Temporary" } }
                @if chat.id.is_some() {
                    a.bare-link href={ (path) "/about" } data-sheet {
                        (icon(Icon::Dials)) span.sr { "Parameters, rename, export, delete" }
                        @if chat.parameters.count() > 0 { span.count aria-hidden="true" { (chat.parameters.count()) } }
                    }
                }
                button.bare.icon-only.only-wide type="button" data-open="shortcuts" aria-label="Keyboard shortcuts" aria-keyshortcuts="?" { (icon(Icon::Question)) }
            }
        }
    }
}

/// Provider · key · model, and the way to others.
fn switcher(path: &str, chat: &Chat, desk: &Desk) -> Markup {
    let query = match (&chat.id, desk.model.as_ref()) {
        (None, Some(_)) => {
            let key = desk.pinned.map(|key| format!("&credential_id={key}")).unwrap_or_default();
            format!("?model={}{key}", urlencoded(&desk.model_name))
        }
        _ => String::new(),
    };
    let name = desk.model.as_ref().map_or(desk.model_name.as_str(), |model| model.facts.display_name.as_str());
    let takes_images = desk.model.as_ref().is_some_and(|model| model.facts.capabilities.vision);
    html! {
        a #who.switcher href={ (path) "/switch" (query) } data-sheet data-model=(name) data-takes-images[takes_images] {
            span.sr { "Provider, key and model: " }
            @match &desk.payer {
                Some(payer) => {
                    (tile(payer.provider))
                    span.switcher-words {
                        strong.clip { @if name.is_empty() { "Choose a model" } @else { (name) } }
                        span.small.clip { (key_words(payer)) }
                    }
                    @if let Some((status, is_active)) = payer.state { span.only-wide { (key_state(status, is_active)) } }
                }
                None => {
                    span.tile aria-hidden="true" { (icon(Icon::Models)) }
                    span.switcher-words {
                        strong.clip { @if name.is_empty() { "No model yet" } @else { (name) } }
                        span.small.clip { "No key opens it" }
                    }
                }
            }
            (icon(Icon::Down))
        }
    }
}

/// `Anthropic · work ••••b123 · personal`.
fn key_words(payer: &Payer) -> Markup {
    let provider = payer.provider.display_name();
    html! {
        span.only-wide { (provider) " · " }
        @if payer.provider.facts().kind == ProviderKind::Local && payer.mask.is_none() { "no key needed" }
        @else {
            (payer.name)
            @if let Some(mask) = &payer.mask { " " code { (mask) } }
            @match &payer.organization {
                Some(name) => { " · " bdi { (name) } }
                None => { span.only-wide { " · " (whose(payer.scope)) } }
            }
        }
    }
}

/// Whose key, in a word.
pub(super) const fn whose(scope: Scope) -> &'static str {
    match scope {
        Scope::Personal => "personal",
        Scope::Organization => "organization",
        Scope::System => "server",
    }
}

/// A text as part of a query.
pub(super) fn urlencoded(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}
