//! `/admin/prices`: what each model costs, who says so, and changing it.

mod edit;
mod import;

use app::prices::{self, Only, PriceFilter, PriceLine};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use domain::ProviderId;
use domain::access::Need;
use domain::model::ModelKind;
use domain::provider::{PROVIDERS, ProviderKind};
use http::{Method, StatusCode};
use maud::{Markup, html};
use serde::Deserialize;

use super::{Part, grouped, page};
use crate::body::Query;
use crate::rim::Failure;
use crate::router::{Door, Shared, quiet_door};
use crate::ui::forms::SignedIn;
use crate::ui::prices::{day, edit_address, rate, source_chip};
use crate::ui::view::{Icon, badge, empty, icon, tile};

/// Rows of one page.
const ROWS: usize = 100;

pub(super) fn doors() -> Vec<Door> {
    let need = Need::ManageUsers;
    vec![
        quiet_door(Method::GET, "/admin/prices", need, get(show_prices)),
        quiet_door(Method::GET, "/admin/prices/import", need, get(import::show_import)),
        quiet_door(Method::POST, "/admin/prices/import", need, post(import::try_import)),
        quiet_door(Method::POST, "/admin/prices/import/apply", need, post(import::apply_import)),
        quiet_door(Method::GET, "/admin/prices/{*id}", need, get(edit::show_price)),
        quiet_door(Method::POST, "/admin/prices/{*id}", need, post(edit::change_price)),
    ]
}

/// The query of the list. What is not understood is as if it was not there.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
struct PricesQuery {
    q: String,
    provider: String,
    only: String,
    page: String,
}

impl PricesQuery {
    fn provider(&self) -> Option<ProviderId> {
        self.provider.parse().ok()
    }

    fn only(&self) -> Option<Only> {
        self.only.parse().ok()
    }

    fn filter(&self) -> PriceFilter {
        let search = Some(self.q.trim().chars().take(200).collect::<String>()).filter(|words| !words.is_empty());
        PriceFilter { provider: self.provider(), search, only: self.only(), model: None }
    }

    /// The query of the address of a page of this list.
    fn query(&self, page: usize) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        let page = if page > 1 { page.to_string() } else { String::new() };
        let only = self.only().map_or("", Only::as_str);
        let provider = self.provider().map_or("", ProviderId::as_str);
        for (name, value) in [("q", self.q.trim()), ("provider", provider), ("only", only), ("page", &page)] {
            if !value.is_empty() {
                query.append_pair(name, value);
            }
        }
        query.finish()
    }

    fn page(&self) -> usize {
        self.page.parse().ok().filter(|page| *page > 0).unwrap_or(1)
    }
}

/// A part of an address after `/admin/prices`, with its query.
fn address(query: &str) -> String {
    if query.is_empty() { "/admin/prices".to_owned() } else { format!("/admin/prices?{query}") }
}

async fn show_prices(
    State(shared): State<Shared>,
    signed_in: SignedIn,
    Query(query): Query<PricesQuery>,
) -> Result<Response, Failure> {
    let lines = prices::list(&shared.app, &signed_in.caller, &query.filter()).await?;
    let pages = lines.len().div_ceil(ROWS).max(1);
    let at = query.page().min(pages);
    let first = (at - 1) * ROWS;
    let rows = lines.get(first..lines.len().min(first + ROWS)).unwrap_or_default();
    let as_of = shared.app.catalogue.as_of();
    let content = html! {
        (search(&query))
        div.card.flush #prices data-live="models." {
            @if rows.is_empty() {
                (empty(Icon::Search, "No model is like that", &html! { p { a href="/admin/prices" { "Show all models" } } }))
            } @else {
                (table(rows, as_of, &query.query(at)))
                div.turn.row.spread {
                    span.small role="status" { (first + 1) "–" (first + rows.len()) " of " (lines.len()) }
                    span.row {
                        @if at > 1 { a.button.quiet.little rel="prev" href=(address(&query.query(at - 1))) { (icon(Icon::Left)) "Before" } }
                        @if at < pages { a.button.quiet.little rel="next" href=(address(&query.query(at + 1))) { "Next" (icon(Icon::Right)) } }
                    }
                }
            }
        }
        p.small.soft { "Dollars per million tokens. What counts, in this order: the registry, what is set here, the catalogue, the provider's own list. Calls keep the price they were billed at." }
        dialog.wide #sheet aria-label="Price of a model" {}
    };
    let page = page(StatusCode::OK, "Prices", &signed_in, Part::Prices, &content);
    Ok(page.with_script("prices.js").into_response())
}

const CHOICES: [(Only, &str); 5] = [
    (Only::Unpriced, "Unpriced"),
    (Only::Manual, "Set here"),
    (Only::Imported, "From a list"),
    (Only::Catalogue, "Catalogue's"),
    (Only::Upcoming, "About to change"),
];

fn search(query: &PricesQuery) -> Markup {
    html! {
        form.filter role="search" method="get" action="/admin/prices" {
            div.field.grow {
                label for="q" { "Search models" }
                input #q name="q" type="search" value=(query.q) autocomplete="off" spellcheck="false";
            }
            div.field {
                label for="provider" { "Provider" }
                select #provider name="provider" {
                    option value="" { "Any provider" }
                    @for provider in PROVIDERS.iter().filter(|provider| provider.kind == ProviderKind::External) {
                        option value=(provider.name) selected[query.provider() == Some(provider.id)] { (provider.display_name) }
                    }
                }
            }
            div.field {
                label for="only" { "Price" }
                select #only name="only" {
                    option value="" { "Any price" }
                    @for (only, word) in CHOICES { option value=(only.as_str()) selected[query.only() == Some(only)] { (word) } }
                }
            }
            button.quiet type="submit" { "Show" }
            a.button.quiet href="/language-models/estimate" { (icon(Icon::Chart)) "Estimate" }
            a.button href="/admin/prices/import" { (icon(Icon::Plus)) "Import a list" }
        }
    }
}

fn table(rows: &[PriceLine], as_of: &str, back: &str) -> Markup {
    html! {
        table.prices {
            caption.sr { "Prices, dollars per million tokens" }
            thead {
                tr {
                    th scope="col" { "Model" }
                    th scope="col" { "Can" }
                    th.num scope="col" { "Context" }
                    th.num scope="col" { "Input" }
                    th.num scope="col" { "Output" }
                    th.num scope="col" { "Cached" }
                    th scope="col" { "Source" }
                    th scope="col" { span.sr { "Actions" } }
                }
            }
            tbody { @for line in rows { (row(line, as_of, back)) } }
        }
    }
}

fn row(line: &PriceLine, as_of: &str, back: &str) -> Markup {
    let rates = line.quote.map(|quote| quote.price.rates);
    let is_local = line.provider.facts().kind == ProviderKind::Local;
    html! {
        tr {
            td.name {
                span.of {
                    (tile(line.provider))
                    span { a href={ "/language-models/" (line.uuid) } { (line.display_name) } br; code.small { (line.provider) "/" (line.model) } }
                }
            }
            td.can { (abilities(line)) }
            td.num data-name="context" { @match line.context_window { Some(tokens) => { (crate::ui::models::tokens(tokens)) } None => { span.soft { "—" span.sr { "unknown" } } } } }
            @match rates {
                Some(rates) => {
                    td.num data-name="in" { (rate(Some(rates.input_nanos))) }
                    td.num data-name="out" { (rate(Some(rates.output_nanos))) }
                    td.num data-name="cached" { (rate(rates.cached_input_nanos)) }
                }
                None => { td.num.none {} td.num.none {} td.num.none {} }
            }
            td.source {
                (source_chip(line.quote, as_of))
                @if let Some(next) = line.next { " " (badge("blue", Icon::Clock, &format!("changes {}", day(next)))) }
            }
            td.act {
                @if line.entries > 0 {
                    span.count title="Prices in its history" { (grouped(i64::try_from(line.entries).unwrap_or(i64::MAX))) span.sr { " in its history" } }
                }
                @if !is_local {
                    a.button.quiet.little data-sheet href={ (edit_address(line.provider, &line.model)) "?" (back_query(back)) } aria-label={ "Edit the price of " (line.display_name) } {
                        "Edit"
                    }
                }
            }
        }
    }
}

fn back_query(back: &str) -> String {
    form_urlencoded::Serializer::new(String::new()).append_pair("back", back).finish()
}

fn abilities(line: &PriceLine) -> Markup {
    let can = line.capabilities;
    let marks = [
        (can.vision, Icon::Eye, "Vision"),
        (can.tools, Icon::Wrench, "Tools"),
        (can.reasoning, Icon::Thought, "Reasoning"),
        (can.json_schema, Icon::Braces, "Structured output"),
    ];
    html! {
        ul.able {
            @if line.kind == ModelKind::Embedding { li.small { "Embeddings" } }
            @for (_, mark, word) in marks.into_iter().filter(|(has, ..)| *has) { li title=(word) { (icon(mark)) span.sr { (word) } } }
        }
    }
}
