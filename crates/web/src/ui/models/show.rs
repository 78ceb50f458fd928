//! The page of one model: everything that is known of it, who pays for it and
//! why nobody else, how to call it, and what the registry says.

use app::error::Error;
use app::models::{ModelLine, Source};
use app::prices::History;
use app::resolving::{Explained, ExplainedPlace};
use domain::credential::Scope;
use domain::registration::Registration;
use domain::resolve::Verdict;
use maud::{Markup, html};

use super::asked::dollars;
use super::list::Keys;
use super::parts::{
    abilities_in_words, add_a_key, chips, is_local, kind_word, prices, query, tokens_or_unknown, try_now, whose,
    why_words,
};
use super::register::{self, Typed};
use crate::ui::prices::{edit_address, reckon_link, source_chip, timeline};
use crate::ui::snippets::{self, Wanted};
use crate::ui::view::{Icon, badge, icon, tile, time};

/// What the page is about.
pub(super) struct Shown<'a> {
    pub(super) line: &'a ModelLine,
    /// What was said of its price; an alias has none of its own.
    pub(super) history: Option<&'a History>,
    /// The day the catalogue is of.
    pub(super) as_of: &'a str,
    pub(super) explained: Result<Explained, Error>,
    pub(super) sources: &'a [Source],
    pub(super) registrations: &'a [Registration],
    pub(super) url: &'a str,
    pub(super) is_admin: bool,
    /// What was typed into the registry's form, and what was wrong with it.
    pub(super) typed: Option<(Typed, String)>,
}

pub(super) fn content(shown: &Shown<'_>) -> Markup {
    let line = shown.line;
    html! {
        p.small { a href="/language-models" { "Models" } " › " (line.facts.provider.display_name()) }
        div.lead {
            div {
                h1.row { (tile(line.facts.provider)) (line.facts.display_name) }
                div.row {
                    span.id {
                        code { (line.client_id) }
                        button.bare.little.icon-only type="button" data-copy=(line.client_id) aria-label={ "Copy " (line.client_id) } { (icon(Icon::Copy)) }
                    }
                    (chips(line))
                }
            }
            div.actions {
                @if let Some(address) = try_now(line) {
                    a.button href=(address) { (icon(Icon::Play)) "Try now" }
                    a.button.quiet href={ "/chat?" (query("model", &line.client_id)) } { (icon(Icon::Chat)) "Chat" }
                } @else if line.payer.is_none() {
                    a.button href=(add_a_key(line)) { (icon(Icon::Key)) "Add a key" }
                }
            }
        }
        @if let Some(replacement) = &line.facts.replacement {
            p.notice { (icon(Icon::Warning)) span { "Use " a href={ "/language-models?show=all&" (query("q", replacement)) } { code { (replacement) } } " instead." } }
        }
        div.halves {
            (facts(line))
            (payers(shown))
        }
        @if let Some(history) = shown.history { (prices_of(shown, history)) }
        @if try_now(line).is_some() {
            section.card {
                h2 { "Call it" }
                p.soft { "From anywhere, with a gateway token in place of " code { "$OWNKEY_TOKEN" } ". " a href="/tokens" { "Make one" } }
                (snippets::all(shown.url, &Wanted::of(&line.client_id)))
            }
        }
        (registered(shown))
    }
}

fn facts(line: &ModelLine) -> Markup {
    let [input, output, cached] = prices(line.price);
    let facts = &line.facts;
    html! {
        section.card {
            h2 { "What is known" }
            dl.facts {
                dt { "Provider" } dd { (facts.provider.display_name()) }
                dt { "Provider's id" } dd { code { (facts.id) } }
                dt { "UUID" } dd { code { (line.uuid) } }
                dt { "Kind" } dd { (kind_word(facts.kind)) }
                dt { "Can" } dd { (abilities_in_words(line)) }
                dt { "Context" } dd { (tokens_or_unknown(facts.context_window)) }
                dt { "Longest answer" } dd { (tokens_or_unknown(facts.max_output_tokens)) }
                dt { "Input per 1M" } dd { (input) }
                dt { "Output per 1M" } dd { (output) }
                dt { "Cached input per 1M" } dd { (cached) }
                @if let Some(long) = line.price.and_then(|price| price.long_context) {
                    dt { "Prompts over " (super::asked::tokens(long.threshold_tokens)) }
                    dd { (dollars(long.rates.input_nanos)) " in, " (dollars(long.rates.output_nanos)) " out" }
                }
                @if !facts.wires.is_empty() {
                    dt { "Formats" } dd { @for wire in &facts.wires { span.chip { (wire.as_str()) } " " } }
                }
                @if let Some(alias) = &line.alias {
                    dt { "Stands for" } dd { @for target in &alias.targets { code { (target.written()) } br; } }
                }
            }
        }
    }
}

/// What it cost and will cost.
fn prices_of(shown: &Shown<'_>, history: &History) -> Markup {
    let line = &history.line;
    html! {
        section.card #price-history data-live="models." {
            div.row.spread {
                h2 { "Price" }
                div.row {
                    (source_chip(line.quote, shown.as_of))
                    (reckon_link(&shown.line.client_id))
                    @if shown.is_admin && !is_local(shown.line) { a.button.quiet href=(edit_address(line.provider, &line.model)) { "Edit" } }
                }
            }
            (timeline(history, shown.as_of, |_| html! {}, shown.is_admin))
        }
    }
}

fn payers(shown: &Shown<'_>) -> Markup {
    html! {
        section.card #who-pays data-live="models. credential." {
            h2 { "Who pays" }
            @match &shown.explained {
                Err(error) => {
                    p { (error.sentence) }
                    a.button.quiet href=(add_a_key(shown.line)) { "Add a key" }
                }
                Ok(explained) => {
                    @for place in &explained.places { (place_payers(shown, place, explained.places.len() > 1)) }
                    p.small { "Asked in this order, under the policy “" (explained.policy.as_str()) "”. A key that fails is never silently replaced by somebody else's money." }
                }
            }
        }
    }
}

fn place_payers(shown: &Shown<'_>, explained: &ExplainedPlace, is_one_of_many: bool) -> Markup {
    let verdicts = &explained.resolution.verdicts;
    html! {
        @if is_one_of_many { h3 { code { (explained.place.written()) } } }
        @if verdicts.is_empty() {
            p { "No " (explained.place.provider.display_name()) " key is saved. " a href=(add_a_key(shown.line)) { "Add one" } }
        } @else {
            ol.verdicts { @for verdict in verdicts { li { (judged(shown, verdict)) } } }
        }
    }
}

fn judged(shown: &Shown<'_>, verdict: &Verdict) -> Markup {
    let keys = Keys::of(shown.sources);
    let title = keys.get(Some(verdict.credential)).map_or("of this server", |source| source.title.as_str());
    html! {
        div.grow {
            strong { (title) } " " span.soft { (whose(verdict.scope)) }
            @if let Some(why) = verdict.why { div.small { (why_words(why)) } }
            @if let Some(until) = verdict.cooling_until { div.small { "Until " (time(until)) } }
        }
        @match verdict.why {
            None => { (badge("green", Icon::Check, "Pays")) }
            Some(domain::resolve::Why::Standby) => { (badge("blue", Icon::Clock, "Stands by")) }
            Some(_) => { (badge("grey", Icon::Pause, "Does not pay")) }
        }
    }
}

/// What the registry says; an alias and a model that only its provider knows
/// are looked after elsewhere.
fn registered(shown: &Shown<'_>) -> Markup {
    if shown.line.alias.is_some() {
        return html! {};
    }
    let may_edit = |one: &&Registration| one.scope() == Scope::Personal || shown.is_admin;
    let known = shown.registrations.iter().find(may_edit);
    let model = known.map_or_else(|| written_id(shown.line), |one| one.model.clone());
    let typed = match (&shown.typed, known) {
        (Some((typed, _)), _) => typed.clone(),
        (None, Some(registration)) => Typed::of(registration),
        (None, None) => Typed::about(shown.line.facts.provider.as_str(), &model),
    };
    let complaint = shown.typed.as_ref().map(|(_, sentence)| sentence.as_str());
    let address = format!("/language-models/{}", shown.line.uuid);
    html! {
        details.card #registry open[known.is_some() || complaint.is_some()] {
            summary { h2 { (if known.is_some() { "In the registry" } else { "Correct what is known" }) } }
            p.soft {
                @match known.map(Registration::scope) {
                    Some(Scope::Personal) => { "Registered by you, for your own keys." }
                    Some(_) => { "Registered for everybody on this server." }
                    None => { "Write down another price, context or ability. It counts for your own keys, and what you leave empty stays." }
                }
            }
            (register::edit_form(&typed, &address, known.is_some(), shown.is_admin, complaint))
        }
    }
}

/// The id as a registration names it: with its endpoint's slug, where it has one.
fn written_id(line: &ModelLine) -> String {
    if line.facts.provider == domain::ProviderId::Custom { line.client_id.clone() } else { line.facts.id.clone() }
}
