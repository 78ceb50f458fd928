//! Small parts of the pages about models.

use app::models::ModelLine;
use domain::Price;
use domain::credential::Scope;
use domain::model::{ModelKind, ModelStatus};
use domain::provider::ProviderKind;
use domain::resolve::Why;
use maud::{Markup, html};

use super::asked::{dollars, tokens};
use crate::ui::view::{Icon, icon};

/// What a model can do: an icon each, always in the same place, with its word
/// for whoever points at it or listens.
pub(super) fn abilities(line: &ModelLine) -> Markup {
    let is_chat = line.facts.kind == ModelKind::Chat;
    html! {
        ul.abilities {
            @if !is_chat { li.small { (kind_word(line.facts.kind)) } }
            @for (has, mark, word) in known(line) {
                @if has { li title=(word) { (icon(mark)) span.sr { (word) } } }
                @else if is_chat { li.lacks aria-hidden="true" {} }
            }
        }
    }
}

/// The same, in icons with their words.
pub(super) fn abilities_in_words(line: &ModelLine) -> Markup {
    html! {
        ul.abilities.worded {
            @for (_, mark, word) in known(line).into_iter().filter(|(has, ..)| *has) { li { (icon(mark)) (word) } }
        }
    }
}

fn known(line: &ModelLine) -> [(bool, Icon, &'static str); 4] {
    let can = line.facts.capabilities;
    [
        (can.vision, Icon::Eye, "Vision"),
        (can.tools, Icon::Wrench, "Tools"),
        (can.reasoning, Icon::Thought, "Reasoning"),
        (can.json_schema, Icon::Braces, "Structured output"),
    ]
}

/// Words about a model that stand beside its name.
pub(super) fn chips(line: &ModelLine) -> Markup {
    html! {
        @if line.facts.is_recommended { span.badge.green { (icon(Icon::Star)) "Recommended" } }
        @if line.alias.is_some() { span.chip { "alias" } }
        @if let Some(scope) = line.registered {
            span.chip { (if scope == Scope::Personal { "registered by you" } else { "registered" }) }
        }
        @match line.facts.status {
            ModelStatus::Active => {}
            ModelStatus::Legacy => { span.chip { "legacy" } }
            ModelStatus::Deprecated => {
                span.badge.amber {
                    (icon(Icon::Clock))
                    @match &line.facts.deprecation_date { Some(day) => { "Ends " (day) } None => { "Deprecated" } }
                }
            }
            ModelStatus::Retired => { span.badge.grey { (icon(Icon::Cross)) "Retired" } }
        }
    }
}

/// A number of tokens, or a dash that says what it is.
pub(super) fn tokens_or_unknown(number: Option<u64>) -> Markup {
    html! {
        @match number {
            Some(number) => { span title={ (number) " tokens" } { (tokens(number)) } }
            None => { span.soft { "—" span.sr { "unknown" } } }
        }
    }
}

/// Input, output and cached input, per million tokens; each for its own cell.
pub(super) fn prices(price: Option<Price>) -> [Markup; 3] {
    let Some(price) = price else {
        return [html! { span.soft { "unpriced" } }, unknown(), unknown()];
    };
    if price == Price::FREE {
        return [html! { "free" }, html! { "free" }, html! { "free" }];
    }
    let rates = price.rates;
    let cached = match rates.cached_input_nanos {
        Some(nanos) => html! { (dollars(nanos)) },
        None => unknown(),
    };
    [html! { (dollars(rates.input_nanos)) }, html! { (dollars(rates.output_nanos)) }, cached]
}

fn unknown() -> Markup {
    html! { span.soft { "—" span.sr { "unknown" } } }
}

/// Whose key it is.
pub(super) const fn whose(scope: Scope) -> &'static str {
    match scope {
        Scope::Personal => "your key",
        Scope::Organization => "your organization's key",
        Scope::System => "this server's key",
    }
}

/// Why a key does not pay, to a person.
pub(super) const fn why_words(why: Why) -> &'static str {
    match why {
        Why::Inactive => "It is switched off.",
        Why::Expired => "It has expired.",
        Why::ForbiddenByPolicy => "A team's calls never use personal keys.",
        Why::DoesNotServeModel => "Its endpoint does not serve this model.",
        Why::ModelNotListed => "Its provider does not list this model for it.",
        Why::Invalid => "Its provider refused it a moment ago.",
        Why::Undecryptable => "Its stored text cannot be opened with this server's master key.",
        Why::CoolingDown => "It is at its rate limit for this model.",
        Why::OtherOrigin => "It belongs to another endpoint than the first key of its scope.",
        Why::NearerScopeDecides => "A nearer key decides: nobody's money silently replaces somebody else's.",
        Why::Standby => "It steps in when the keys before it fail.",
        Why::NotPinned => "Another key was asked for.",
    }
}

/// What a model is for.
pub(super) const fn kind_word(kind: ModelKind) -> &'static str {
    match kind {
        ModelKind::Chat => "Chat",
        ModelKind::Embedding => "Embeddings",
        ModelKind::Other => "Other",
    }
}

/// Where to go to try a model, if that is possible.
pub(super) fn try_now(line: &ModelLine) -> Option<String> {
    let is_chat = line.facts.kind == ModelKind::Chat && line.payer.is_some();
    is_chat.then(|| format!("/playground?{}", query("model", &line.client_id)))
}

/// Where to go to add a key for a model that is locked.
pub(super) fn add_a_key(line: &ModelLine) -> String {
    format!("/keys?{}", query("provider", line.facts.provider.as_str()))
}

/// One parameter of an address.
pub(super) fn query(name: &str, value: &str) -> String {
    form_urlencoded::Serializer::new(String::new()).append_pair(name, value).finish()
}

/// Whether its provider runs on somebody's own machine.
pub(super) fn is_local(line: &ModelLine) -> bool {
    line.facts.provider.facts().kind == ProviderKind::Local
}
