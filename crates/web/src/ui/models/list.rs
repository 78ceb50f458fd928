//! The list of models, and where it comes from.

use std::collections::HashMap;

use app::models::{ModelLine, Source};
use domain::credential::KeyStatus;
use domain::ids::CredentialId;
use domain::provider::ProviderKind;
use maud::{Markup, html};

use super::asked::{Asked, ROWS, Show, Sort, tokens};
use super::parts::{abilities, add_a_key, chips, is_local, prices, tokens_or_unknown, try_now, whose};
use crate::ui::view::{Icon, badge, empty, icon, key_state, tile, time};

/// The most keys that are listed below the models.
const SOURCES: usize = 40;

/// The keys that models come from, to look them up.
pub(super) struct Keys<'a>(HashMap<CredentialId, &'a Source>, &'a [Source]);

/// What keeps a model locked.
pub(super) enum Lock<'a> {
    /// There is no key of its provider.
    NoKey,
    /// There is one, and it does not work.
    Failing(&'a Source),
    /// There is one that works, and its provider does not list the model for it.
    NotListed,
}

impl<'a> Keys<'a> {
    pub(super) fn of(sources: &'a [Source]) -> Self {
        Self(sources.iter().map(|source| (source.key, source)).collect(), sources)
    }

    /// One of them.
    pub(super) fn get(&self, key: Option<CredentialId>) -> Option<&'a Source> {
        self.0.get(&key?).copied()
    }

    /// Why a model is locked.
    pub(super) fn lock(&self, line: &ModelLine) -> Lock<'a> {
        let mut of_provider = self.1.iter().filter(|source| source.provider == line.facts.provider);
        let is_good = |source: &&Source| source.is_active && source.status == KeyStatus::Valid;
        match (of_provider.clone().find(is_good), of_provider.next()) {
            (Some(_), _) => Lock::NotListed,
            (None, Some(source)) => Lock::Failing(source),
            (None, None) => Lock::NoKey,
        }
    }
}

/// A page of the list.
pub(super) fn page(asked: &Asked, shown: Show, lines: &[&ModelLine], sources: &[Source]) -> Markup {
    let keys = Keys::of(sources);
    let pages = lines.len().div_ceil(ROWS).max(1);
    let page = asked.page.min(pages);
    let first = (page - 1) * ROWS;
    let rows = lines.get(first..lines.len().min(first + ROWS)).unwrap_or_default();
    html! {
        @if rows.is_empty() {
            section.card { (nothing(asked, shown)) }
        } @else {
            section.card.flush {
                table.models {
                    caption.sr { "List of models" }
                    (heads(asked))
                    tbody { @for line in rows { (row(line, &keys)) } }
                }
            }
            (turning(asked, page, pages, first + 1, first + rows.len(), lines.len()))
        }
    }
}

/// The heads of the columns; those that one can sort by lead there.
fn heads(asked: &Asked) -> Markup {
    html! {
        thead {
            tr {
                (sorted(asked, Sort::Name, "Model", "ascending"))
                (sorted(asked, Sort::Provider, "Provider", "ascending"))
                th scope="col" { "Can" }
                (sorted(asked, Sort::Context, "Context", "descending"))
                (sorted(asked, Sort::Input, "Input /1M", "ascending"))
                (sorted(asked, Sort::Output, "Output /1M", "ascending"))
                th scope="col" { "Whose key" }
                th scope="col" { span.sr { "Actions" } }
            }
        }
    }
}

fn sorted(asked: &Asked, by: Sort, word: &str, direction: &str) -> Markup {
    let is_it = asked.sort.unwrap_or(Sort::Provider) == by;
    let is_number = !matches!(by, Sort::Name | Sort::Provider);
    html! {
        th.num[is_number] scope="col" aria-sort=[is_it.then_some(direction)] {
            a href=(asked.sorted(by).address()) { (word) @if is_it { (icon(Icon::Down)) } }
        }
    }
}

fn row(line: &ModelLine, keys: &Keys<'_>) -> Markup {
    let [input, output, cached] = prices(line.price);
    let about = format!("/language-models/{}", line.uuid);
    let facts = &line.facts;
    html! {
        tr.locked[line.payer.is_none()] {
            td.name {
                div.row { a href=(about) { (facts.display_name) } (chips(line)) }
                div.id {
                    code.clip title=(line.client_id) { (line.client_id) }
                    @if let Some(replacement) = &facts.replacement {
                        span.instead title={ "Use " (replacement) " instead" } { span aria-hidden="true" { "→" } span.sr { "use instead" } code.clip { (replacement) } }
                    }
                    button.bare.little.icon-only type="button" data-copy=(line.client_id) aria-label={ "Copy " (line.client_id) } {
                        (icon(Icon::Copy))
                    }
                }
            }
            td.provider { span.of { (tile(facts.provider)) (facts.provider.display_name()) } }
            td.can { (abilities(line)) }
            td.num data-name="Context" {
                (tokens_or_unknown(facts.context_window))
                @if let Some(most) = facts.max_output_tokens { div.small title={ "Answers of up to " (most) " tokens" } { (tokens(most)) " out" } }
            }
            td.num data-name="Input /1M" {
                (input)
                @if line.price.is_some_and(|price| price.rates.cached_input_nanos.is_some() && price != domain::Price::FREE) { div.small { (cached) " cached" } }
            }
            td.num data-name="Output /1M" { (output) }
            td.key { (payer(line, keys, &about)) }
            td.act { (actions(line, keys)) }
        }
    }
}

/// Whose key serves it, with the way to the reasons.
fn payer(line: &ModelLine, keys: &Keys<'_>, about: &str) -> Markup {
    let of = |key: &Source| html! { @if key.is_theirs { (title(&key.title)) } };
    html! {
        @match (line.payer, keys.get(line.key)) {
            (Some(_), _) if is_local(line) => { a.why href={ (about) "#who-pays" } { "free, on this machine" } }
            (Some(scope), key) => {
                a.why href={ (about) "#who-pays" } { (whose(scope)) }
                @if let Some(key) = key { (of(key)) }
            }
            (None, _) => {
                @match keys.lock(line) {
                    Lock::NoKey => { (badge("grey", Icon::Lock, "No key")) }
                    Lock::NotListed => { (badge("grey", Icon::Question, "Not listed")) div.small { "for your key" } }
                    Lock::Failing(key) => { (key_state(key.status, key.is_active)) (of(key)) }
                }
            }
        }
    }
}

/// A key's name, cut short where there is no room, and its last characters, which stay.
fn title(title: &str) -> Markup {
    let (name, tail) = title.split_at(title.rfind(" (…").unwrap_or(title.len()));
    html! { div.small.title title=(title) { span.clip { (name) } span.tail { (tail) } } }
}

fn actions(line: &ModelLine, keys: &Keys<'_>) -> Markup {
    html! {
        @if let Some(address) = try_now(line) {
            a.button.quiet.little href=(address) aria-label={ "Try now: " (line.facts.display_name) } { "Try now" }
        } @else if line.payer.is_none() && Show::of(line) == Show::Locked {
            @match keys.lock(line) {
                Lock::NoKey => {
                    a.button.quiet.little href=(add_a_key(line)) aria-label={ "Add a key for " (line.facts.display_name) } { "Add a key" }
                }
                Lock::Failing(_) => {
                    a.button.quiet.little href=(add_a_key(line)) aria-label={ "See the key for " (line.facts.display_name) } { "See the key" }
                }
                Lock::NotListed => {}
            }
        }
    }
}

fn nothing(asked: &Asked, shown: Show) -> Markup {
    if asked.is_narrow() {
        return empty(
            Icon::Search,
            "No model is like that",
            &html! {
                p { "Nothing among the " (shown.word().to_lowercase()) " models has all that you ask for." }
                div.row {
                    a.button.quiet href=(asked.showing(Show::All).address()) { "Look among all" }
                    a.button.quiet href="/language-models" { "Clear" }
                }
            },
        );
    }
    match shown {
        Show::Callable => empty(
            Icon::Models,
            "No key opens a model yet",
            &html! {
                p { "Save a provider key and its models are here at once. What each key would open is under Locked." }
                div.row {
                    a.button href="/keys" { (icon(Icon::Plus)) "Add a key" }
                    a.button.quiet href="/language-models?show=locked" { "Look at the locked ones" }
                }
            },
        ),
        _ => empty(Icon::Models, "Nothing here", &html! { p { "No model belongs here now." } }),
    }
}

fn turning(asked: &Asked, page: usize, pages: usize, from: usize, to: usize, count: usize) -> Markup {
    html! {
        nav.turning aria-label="Pages of the list" {
            span.small role="status" { (from) "–" (to) " of " (count) }
            @if pages > 1 {
                span.actions {
                    @if page > 1 { a.button.quiet.little href=(asked.on_page(page - 1).address()) rel="prev" { (icon(Icon::Left)) "Before" } }
                    @if page < pages { a.button.quiet.little href=(asked.on_page(page + 1).address()) rel="next" { "Next" (icon(Icon::Right)) } }
                }
            }
        }
    }
}

/// Which keys the models come from, how fresh their lists are, and a button that
/// has them listed again.
pub(super) fn sources(asked: &Asked, sources: &[Source]) -> Markup {
    html! {
        section.card #sources data-live="models. credential." {
            h2 { "Where these come from" }
            @if sources.is_empty() {
                p.soft { "No key is saved. The locked models are those of the catalogue that came with Ownkey." }
            } @else {
                ul.sources { @for source in sources.iter().take(SOURCES) { li { (source_row(asked, source)) } } }
                @if sources.len() > SOURCES { p.more { "And " (sources.len() - SOURCES) " more. " a href="/keys" { "See all provider keys" } } }
            }
        }
    }
}

fn source_row(asked: &Asked, source: &Source) -> Markup {
    let is_local = source.provider.facts().kind == ProviderKind::Local;
    html! {
        (tile(source.provider))
        div.grow {
            strong { (source.provider.display_name()) } " " span.soft { (source.title) }
            div.small {
                (source.models) (if source.models == 1 { " model" } else { " models" }) ", "
                @match &source.listing {
                    Some(listing) => { "as listed " (time(listing.at)) }
                    None if is_local => { "as soon as it answers" }
                    None => { "from the catalogue: its provider has not listed them" }
                }
                @if let Some(at) = source.checked_at { "; checked " (time(at)) }
            }
            @if let Some(error) = source.listing.as_ref().and_then(|listing| listing.error.as_ref()) {
                div.small { "The last list could not be read: " (error) }
            }
        }
        (key_state(source.status, source.is_active))
        @if source.is_theirs {
            form method="post" action="/language-models/refresh" data-stay="Listed again" {
                input type="hidden" name="back" value=(asked.query());
                button.quiet.little name="key" value=(source.key) aria-label={ "Refresh the models of " (source.provider.display_name()) " " (source.title) } {
                    (icon(Icon::Turning)) "Refresh"
                }
            }
        }
    }
}
