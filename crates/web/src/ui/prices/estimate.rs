//! `/language-models/estimate`: what calls would cost, of up to four models side
//! by side. A plain form whose address says everything.

use app::error::Error;
use app::models::{self, ModelFilter, ModelLine};
use app::prices::{self, AskedEstimate, Estimate};
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};
use domain::Nanos;
use domain::usage::{ABSURD_TOKENS, TokenCounts};
use http::StatusCode;
use maud::{Markup, html};

use super::{amount, source_chip, word};
use crate::rim::Failure;
use crate::router::Shared;
use crate::ui::forms::SignedIn;
use crate::ui::models::dollars;
use crate::ui::view::{Icon, Place, Shape, empty, tile, with_status};

/// The most models that are compared.
const MODELS: usize = 4;

/// Days that a month has here.
const DAYS: u64 = 30;

/// What is asked, as it was typed.
struct Asked {
    models: Vec<String>,
    input: String,
    output: String,
    cached: String,
    calls: String,
}

impl Asked {
    fn read(query: &str) -> Self {
        let mut asked = Self {
            models: Vec::new(),
            input: "1000".into(),
            output: "300".into(),
            cached: "0".into(),
            calls: "100".into(),
        };
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            let value: String = value.trim().chars().take(256).collect();
            match &*name {
                "model" if !value.is_empty() && asked.models.len() < MODELS && !asked.models.contains(&value) => {
                    asked.models.push(value);
                }
                "input" => asked.input = value,
                "output" => asked.output = value,
                "cached" => asked.cached = value,
                "calls" => asked.calls = value,
                _ => {}
            }
        }
        asked
    }

    fn tokens(&self) -> TokenCounts {
        let prompt = number(&self.input);
        TokenCounts {
            prompt,
            completion: number(&self.output),
            cached: number(&self.cached).min(prompt),
            ..TokenCounts::default()
        }
    }
}

/// A number as people type it; what is none is nothing.
fn number(typed: &str) -> u64 {
    let plain: String = typed.chars().filter(|c| !matches!(c, ' ' | ',' | '_')).collect();
    plain.parse().unwrap_or(0).min(ABSURD_TOKENS)
}

/// A model and what came of it.
type Column = (String, Result<Estimate, Error>);

pub(in crate::ui) async fn show_estimate(
    State(shared): State<Shared>,
    signed_in: SignedIn,
    RawQuery(query): RawQuery,
) -> Result<Response, Failure> {
    let (app, caller) = (&shared.app, &signed_in.caller);
    let asked = Asked::read(&query.unwrap_or_default());
    let all = models::list(app, caller, ModelFilter::default()).await?;
    let calls = number(&asked.calls).max(1);
    let mut columns: Vec<Column> = Vec::new();
    for model in &asked.models {
        let one = AskedEstimate { model: model.clone(), tokens: asked.tokens(), calls };
        columns.push((model.clone(), prices::estimate(app, caller, &one).await));
    }
    let content = html! {
        p.small { a href="/language-models" { "Models" } " › Estimate" }
        div.lead { div { h1 { "What would it cost?" } p { "Tokens times prices, nothing else: no model is called. Four characters are about one token." } } }
        (form(&asked, &all))
        @if columns.is_empty() {
            section.card { (empty(Icon::Chart, "Choose a model", &html! { p { "Up to four are compared side by side." } })) }
        } @else {
            (compared(&columns, app.catalogue.as_of()))
        }
    };
    let page = with_status(StatusCode::OK, "What would it cost?", &signed_in.viewer, content);
    Ok(page.at(Place::Models).shaped(Shape::Wide).into_response())
}

fn form(asked: &Asked, all: &[ModelLine]) -> Markup {
    let numbers = [
        ("input", "Tokens in, a call", &asked.input),
        ("cached", "Of those, cached", &asked.cached),
        ("output", "Tokens out, a call", &asked.output),
        ("calls", "Calls a day", &asked.calls),
    ];
    html! {
        form.card.form.reckon method="get" action="/language-models/estimate" {
            datalist #known-models {
                @for line in all.iter().filter(|line| line.price.is_some()) { option value=(line.client_id) { (line.facts.display_name) } }
            }
            div.columns {
                @for at in 0..MODELS {
                    div.field {
                        label for={ "model-" (at) } { (if at == 0 { "Model" } else { "Compare with" }) @if at > 1 { span.sr { " " (at) } } }
                        input id={ "model-" (at) } name="model" list="known-models" value=(asked.models.get(at).map_or("", String::as_str)) autocomplete="off" spellcheck="false";
                    }
                }
            }
            div.columns {
                @for (name, label, value) in numbers {
                    div.field { label for=(name) { (label) } input id=(name) name=(name) value=(value) inputmode="numeric" autocomplete="off"; }
                }
                button type="submit" { "Reckon" }
            }
        }
    }
}

fn compared(columns: &[Column], as_of: &str) -> Markup {
    let known = columns.iter().filter_map(|(_, found)| found.as_ref().ok());
    let dearest = known.map(|estimate| estimate.total.0).max().unwrap_or(0);
    html! {
        section.card aria-labelledby="compared" {
            h2 #compared { "A month of " (DAYS) " days" }
            ul.bars {
                @for (name, found) in columns {
                    li {
                        @match found {
                            Ok(estimate) => { (bar(estimate, dearest)) }
                            Err(error) => { strong { (app::naming::shown(name)) } p.soft { (error.sentence) } }
                        }
                    }
                }
            }
        }
        div.halves {
            @for estimate in columns.iter().filter_map(|(_, found)| found.as_ref().ok()) { (sum(estimate, as_of)) }
        }
    }
}

fn bar(estimate: &Estimate, dearest: i64) -> Markup {
    let month = estimate.total.times(DAYS);
    let width = if dearest > 0 { i128::from(estimate.total.0) * 1_000 / i128::from(dearest) } else { 0 };
    html! {
        div.row.spread {
            span.of { (tile(estimate.line.facts.provider)) strong { (estimate.line.facts.display_name) } }
            strong.num { (short(month)) }
        }
        svg.bar viewBox="0 0 1000 10" preserveAspectRatio="none" aria-hidden="true" {
            rect.ground width="1000" height="10" {}
            rect.amount width=(width) height="10" {}
        }
    }
}

/// An amount a person can read: cents from ten cents on, all digits below.
fn short(amount: Nanos) -> String {
    if amount.0 < 100_000_000 {
        return dollars(amount.0);
    }
    let cents = (i128::from(amount.0) + 5_000_000) / 10_000_000;
    let whole = counted(u64::try_from(cents / 100).unwrap_or(u64::MAX));
    format!("${whole}.{:02}", cents % 100)
}

/// `300,000`.
fn counted(number: u64) -> String {
    super::super::admin::grouped(i64::try_from(number).unwrap_or(i64::MAX))
}

fn sum(estimate: &Estimate, as_of: &str) -> Markup {
    let quote = estimate.line.price_origin.map(|origin| prices::Quote { price: estimate.price, origin });
    html! {
        section.card.sum {
            h3 { (estimate.line.facts.display_name) }
            div.row { code { (estimate.line.client_id) } (source_chip(quote, as_of)) @if estimate.is_long { span.chip { "rates for long prompts" } } }
            div.scroll tabindex="0" role="region" aria-label={ "What one call of " (estimate.line.facts.display_name) " costs" } {
                table {
                    caption.sr { "One call of " (estimate.line.facts.display_name) }
                    thead { tr { th scope="col" { "One call" } th.num scope="col" { "Tokens" } th.num scope="col" { "Per 1M" } th.num scope="col" { "Cost" } } }
                    tbody {
                        @for term in &estimate.terms {
                            tr { td { (word(term.what)) } td.num { (counted(term.tokens)) } td.num { (dollars(term.nanos_per_million)) } td.num { (amount(term.cost())) } }
                        }
                        tr.total { th scope="row" { "One call" } td {} td {} td.num { strong { (amount(estimate.per_call)) } } }
                        tr { th scope="row" { "A day, × " (estimate.calls) } td {} td {} td.num { (short(estimate.total)) } }
                        tr { th scope="row" { "A month, × " (DAYS) } td {} td {} td.num { (short(estimate.total.times(DAYS))) } }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_by_people() {
        for (nanos, text) in [
            (0, "$0.00"),
            (850_000, "$0.00085"),
            (99_999_999, "$0.099999999"),
            (100_000_000, "$0.10"),
            (1_999_999_999, "$2.00"),
            (1_234_567_890_000, "$1,234.57"),
        ] {
            assert_eq!(short(Nanos(nanos)), text);
        }
    }

    #[test]
    fn what_is_typed_is_read_and_never_more_than_four_models() {
        let asked =
            Asked::read("model=a&model=b&model=a&model=&model=c&model=d&model=e&input=1,000&cached=5000&calls=x");
        assert_eq!(asked.models, ["a", "b", "c", "d"]);
        let tokens = asked.tokens();
        assert_eq!((tokens.prompt, tokens.cached, tokens.completion), (1_000, 1_000, 300));
        assert_eq!(number(&asked.calls), 0);
    }
}
