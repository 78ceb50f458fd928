//! The keys as provider cards, the way `/profile` shows them: open one, paste,
//! save.

use domain::ProviderId;
use domain::credential::{Credential, KeyStatus};
use maud::{Markup, html};

use super::row::mask;
use crate::ui::view::{Icon, icon, key_state, tile};

/// A provider, with the keys somebody has for it.
pub(crate) struct Card<'a> {
    /// Which.
    pub(crate) provider: ProviderId,
    /// Their keys.
    pub(crate) keys: Vec<&'a Credential>,
    /// What went wrong with what was typed into it.
    pub(crate) problem: Option<String>,
}

/// All cards in one form: each button saves its card, the last one all.
pub(crate) fn cards(cards: &[Card<'_>]) -> Markup {
    html! {
        form.cards method="post" action="/profile/keys" autocomplete="off" data-stay="API keys saved" {
            p.wrong data-complaint hidden role="alert" {}
            @for card in cards { (one(card)) }
            div.end { button type="submit" name="save" value="all" { "Save API Keys" } }
        }
    }
}

fn one(card: &Card<'_>) -> Markup {
    let provider = card.provider;
    let facts = provider.facts();
    let id = format!("card-{provider}");
    html! {
        details.provider open[card.problem.is_some()] {
            summary {
                (tile(provider))
                span.state id={ "state-" (provider) } data-live="credential." { strong { (facts.display_name) }
                    @if let Some(first) = card.keys.first() { " " span.small { (mask(first)) @if card.keys.len() > 1 { " and " (card.keys.len() - 1) " more" } } }
                    @match card.keys.first() {
                        Some(key) => { " " (key_state(key.status, key.is_active)) }
                        None => { " " span.small { "No key" } }
                    }
                }
                (icon(Icon::Down))
            }
            p.small { (facts.description) " "
                @if !facts.key_url.is_empty() {
                    a href=(facts.key_url) target="_blank" rel="noopener noreferrer" { "Get your " (facts.display_name) " key here" }
                }
            }
            @if let Some(problem) = &card.problem { p.wrong { (problem) } }
            div.why id={ "why-" (provider) } data-live="credential." {
                @if let Some(reason) = card.keys.first().and_then(|key| bad(key)) { p.small { (reason) } }
            }
            div.columns {
                @if provider == ProviderId::Azure {
                    div.field { label for={ (id) "-base" } { "Azure OpenAI endpoint" }
                        input id={ (id) "-base" } name="azure_endpoint" type="url" autocomplete="off" placeholder="https://my-resource.openai.azure.com"; }
                }
                div.field {
                    label for=(id) { (facts.display_name) " key" }
                    input.secret id=(id) name={ (provider) "_api_key" } type="text" autocomplete="off" autocapitalize="off" spellcheck="false"
                        placeholder=(facts.key_example);
                }
                button.quiet type="submit" name="save" value=(provider) aria-label={ "Save the " (facts.display_name) " key" } { "Save" }
            }
            @if !card.keys.is_empty() { p.small { a href={ "/keys?provider=" (provider) } { "Manage the " (facts.display_name) " keys" } } }
        }
    }
}

/// Why a key does not work, where one knows.
fn bad(key: &Credential) -> Option<&str> {
    key.status_reason.as_deref().filter(|_| key.is_active && key.status != KeyStatus::Valid)
}
