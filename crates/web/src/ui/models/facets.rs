//! The form that narrows the list of models, and the tabs above it.

use domain::Nanos;
use domain::model::ModelKind;
use domain::provider::PROVIDERS;
use maud::{Markup, html};

use super::asked::{Asked, Facet, Show, Sort, kind_name};
use super::parts::kind_word;
use crate::ui::view::{Icon, icon};

/// Sizes of context to ask for, in tokens.
const CONTEXTS: [(u64, &str); 5] = [
    (8_000, "8k and more"),
    (32_000, "32k and more"),
    (128_000, "128k and more"),
    (200_000, "200k and more"),
    (1_000_000, "1M and more"),
];

/// Prices of input to ask for, in nano-dollars per million tokens.
const PRICES: [(i64, &str); 5] = [
    (0, "Free"),
    (500_000_000, "Up to $0.50 in"),
    (2_000_000_000, "Up to $2 in"),
    (5_000_000_000, "Up to $5 in"),
    (15_000_000_000, "Up to $15 in"),
];

const KINDS: [ModelKind; 3] = [ModelKind::Chat, ModelKind::Embedding, ModelKind::Other];

/// The form. Sent by hand, or at every change where a script runs.
pub(super) fn form(asked: &Asked) -> Markup {
    html! {
        form.facets #facets method="get" action="/language-models" role="search" aria-label="Models" {
            div.search {
                (icon(Icon::Search))
                label.sr for="q" { "Search models" }
                input #q name="q" type="search" value=(asked.words) placeholder="Search models" autocomplete="off" spellcheck="false";
                kbd aria-hidden="true" { "/" }
            }
            (choices(asked))
            @if let Some(show) = asked.show { input type="hidden" name="show" value=(show.as_str()); }
            button.quiet type="submit" data-needless { "Show" }
        }
    }
}

/// The check marks of that form; they stand beside the tabs.
pub(super) fn marks(asked: &Asked) -> Markup {
    html! {
        fieldset.marks {
            legend.sr { "Only models with" }
            @for facet in Facet::ALL {
                label.mark {
                    input type="checkbox" name="has" form="facets" value=(facet.as_str()) checked[asked.facets.contains(facet)];
                    (facet.word())
                }
            }
        }
    }
}

fn choices(asked: &Asked) -> Markup {
    let sort = asked.sort.unwrap_or(Sort::Provider);
    html! {
        select name="provider" aria-label="Provider" {
            option value="" { "Any provider" }
            @for provider in &PROVIDERS {
                option value=(provider.name) selected[asked.provider == Some(provider.id)] { (provider.display_name) }
            }
        }
        select name="kind" aria-label="Kind" {
            option value="" { "Any kind" }
            @for kind in KINDS { option value=(kind_name(kind)) selected[asked.kind == Some(kind)] { (kind_word(kind)) } }
        }
        select name="context" aria-label="Context" {
            option value="" { "Any context" }
            @for (least, word) in CONTEXTS { option value=(least) selected[asked.context == Some(least)] { (word) } }
        }
        select name="price" aria-label="Price of input" {
            option value="" { "Any price" }
            @for (most, word) in PRICES { option value=(Nanos(most)) selected[asked.price == Some(most)] { (word) } }
        }
        select name="sort" aria-label="Order" {
            @for order in Sort::ALL {
                option value=(if *order == Sort::Provider { "" } else { order.as_str() }) selected[*order == sort] { (order.word()) }
            }
        }
    }
}

/// Callable, locked, retired, all: how many there are of each.
pub(super) fn tabs(asked: &Asked, shown: Show, counts: [usize; 4]) -> Markup {
    html! {
        nav.tabs #which aria-label="Which models" data-live="models. credential." {
            @for (show, count) in Show::ALL.iter().zip(counts) {
                @if count > 0 || *show == shown || *show != Show::Retired {
                    a href=(asked.showing(*show).address()) aria-current=[(*show == shown).then_some("page")] {
                        (show.word()) span.count { (count) }
                    }
                }
            }
            @if asked.is_narrow() { a href="/language-models" { (icon(Icon::Cross)) "Clear" } }
        }
    }
}
