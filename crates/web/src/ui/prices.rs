//! Prices on pages: small parts that the lists, one model's page and the
//! calculator share.

pub(super) mod estimate;

use app::prices::{History, PriceOrigin, Quote};
use domain::money::{LongContext, Rates};
use domain::price_book::{PriceEntry, PriceSource, Standing};
use domain::{Nanos, Price, ProviderId, Timestamp};
use maud::{Markup, html};

use super::models::dollars;
use super::view::{Icon, badge, icon, time};

/// Who says what a model costs, and since when.
pub(super) fn source_chip(quote: Option<Quote>, as_of: &str) -> Markup {
    let Some(quote) = quote else { return badge("amber", Icon::Question, "unpriced") };
    html! {
        @match quote.origin {
            PriceOrigin::Local => { span.chip { "your machine" } }
            PriceOrigin::Registered => { span.chip.set { "registry" } }
            PriceOrigin::Listed => { span.chip { "provider's list" } }
            PriceOrigin::Catalogue => { span.chip { "catalogue " (as_of) } }
            PriceOrigin::Set { source, since } => { span.chip.set { (source_word(source)) " since " (day(since)) } }
        }
    }
}

/// Whose word a price is.
pub(super) const fn source_word(source: PriceSource) -> &'static str {
    match source {
        PriceSource::Manual => "set here",
        PriceSource::LiteLlm => "LiteLLM's map",
        PriceSource::ModelsDev => "models.dev",
    }
}

/// `2026-11-21`
pub(super) fn day(at: Timestamp) -> String {
    at.to_string().chars().take(10).collect()
}

/// A rate for a cell: dollars, or as what it falls back to.
pub(super) fn rate(nanos: Option<i64>) -> Markup {
    html! {
        @match nanos {
            Some(0) => { "free" }
            Some(nanos) => { (dollars(nanos)) }
            None => { span.soft { "—" span.sr { "as input" } } }
        }
    }
}

/// All rates of a price, in a line that wraps.
pub(super) fn figures(price: &Price) -> Markup {
    html! {
        div.figures {
            (rates(&price.rates))
            @if let Some(LongContext { threshold_tokens, rates: long }) = &price.long_context {
                div.long { span.soft { "Prompts over " (super::admin::grouped(i64::try_from(*threshold_tokens).unwrap_or(i64::MAX))) " tokens: " } (rates(long)) }
            }
        }
    }
}

fn rates(rates: &Rates) -> Markup {
    let known = rates.each().into_iter().filter_map(|(what, nanos)| Some((what, nanos?)));
    html! {
        @for (what, nanos) in known { span.figure { span.soft { (word(what)) } " " strong { (dollars(nanos)) } } }
    }
}

/// What tokens are, to a person.
pub(super) const fn word(what: domain::money::Billed) -> &'static str {
    use domain::money::Billed;
    match what {
        Billed::Input => "input",
        Billed::Output => "output",
        Billed::Cached => "cached",
        Billed::CacheWrite => "cache write",
        Billed::CacheWriteHour => "cache write, 1 h",
    }
}

/// The history of a price, the latest first. `withdraw` makes the form that
/// takes back one that has not begun.
pub(super) fn timeline(
    history: &History,
    as_of: &str,
    withdraw: impl Fn(&PriceEntry) -> Markup,
    is_admin: bool,
) -> Markup {
    html! {
        ol.timeline {
            @for (entry, standing) in &history.entries {
                li class=(standing.as_str()) {
                    div.row.spread {
                        div.row {
                            (standing_badge(*standing))
                            span { @match standing { Standing::Upcoming => "from " , _ => "since " } (time(entry.starts_at)) }
                            span.chip { (source_word(entry.source)) }
                        }
                        @if *standing == Standing::Upcoming { (withdraw(entry)) }
                    }
                    @match &entry.price {
                        Some(price) => { (figures(price)) }
                        None => { p.soft { "What the catalogue or the provider says." } }
                    }
                    @if let Some(note) = entry.note.as_ref().filter(|_| is_admin) { p.small { (note) } }
                }
            }
            @for (from, price) in &history.catalogue {
                li.catalogue {
                    div.row {
                        span.chip { "catalogue " (as_of) }
                        @if let Some(from) = from { span { "from " (day(*from)) } }
                    }
                    (figures(price))
                }
            }
            @if history.entries.is_empty() && history.catalogue.is_empty() { li.none { p.soft { "Nothing was ever set, and the catalogue does not know it." } } }
        }
    }
}

fn standing_badge(standing: Standing) -> Markup {
    match standing {
        Standing::Past => badge("grey", Icon::Clock, "Past"),
        Standing::InForce => badge("green", Icon::Check, "In force"),
        Standing::Upcoming => badge("blue", Icon::Clock, "Upcoming"),
    }
}

/// How much dearer or cheaper, in words and a colour.
pub(super) fn change(tenths: Option<i64>) -> Markup {
    html! {
        @match tenths {
            None | Some(0) => {}
            Some(tenths) => {
                @let (whole, part) = (tenths.unsigned_abs() / 10, tenths.unsigned_abs() % 10);
                span.change.dearer[tenths > 0].cheaper[tenths < 0] { (if tenths > 0 { "+" } else { "−" }) (whole) "." (part) " %" }
            }
        }
    }
}

/// Dollars of an amount, short.
pub(super) fn amount(nanos: Nanos) -> String {
    dollars(nanos.0)
}

/// Where the price of a model is changed.
pub(super) fn edit_address(provider: ProviderId, model: &str) -> String {
    let segments: Vec<String> = model.split('/').map(encoded).collect();
    format!("/admin/prices/{provider}/{}", segments.join("/"))
}

/// A segment of a path: everything but plain letters is escaped.
fn encoded(segment: &str) -> String {
    form_urlencoded::byte_serialize(segment.as_bytes()).collect::<String>().replace('+', "%20")
}

/// A link to the calculator.
pub(super) fn reckon_link(model: &str) -> Markup {
    let query = form_urlencoded::Serializer::new(String::new()).append_pair("model", model).finish();
    html! { a.button.quiet href={ "/language-models/estimate?" (query) } { (icon(Icon::Chart)) "Estimate a cost" } }
}
