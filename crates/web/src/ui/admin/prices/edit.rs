//! `/admin/prices/{provider}/{model}`: one model's price and its history. A page
//! of its own, which a script shows in a dialog.

use app::error::Error;
use app::prices::{self, History, NewPrice};
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use domain::money::{LongContext, Rates};
use domain::price_book::PriceEntry;
use domain::{Nanos, Price, ProviderId, Timestamp};
use http::StatusCode;
use maud::{Markup, html};
use serde::Deserialize;

use super::super::{Part, page};
use crate::api::prices::place;
use crate::body::{Form, Id, Query};
use crate::problem;
use crate::rim::Failure;
use crate::router::Shared;
use crate::ui::forms::{SignedIn, is_for_the_form};
use crate::ui::prices::{edit_address, source_chip, timeline};
use crate::ui::view::{Icon, complaint, icon, tile};

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct BackQuery {
    back: String,
}

/// What was typed. A number is text until it is read.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Typed {
    action: String,
    back: String,
    input: String,
    output: String,
    cached: String,
    write: String,
    write_hour: String,
    threshold: String,
    long_input: String,
    long_output: String,
    long_cached: String,
    long_write: String,
    long_write_hour: String,
    starts: String,
    past: Option<String>,
    note: String,
}

impl Typed {
    /// A price as it would be typed.
    fn of(price: Option<Price>, back: String) -> Self {
        let text = |nanos: Option<i64>| nanos.map(|nanos| Nanos(nanos).to_string()).unwrap_or_default();
        let [input, output, cached, write, write_hour] = match price {
            Some(price) => price.rates.each().map(|(_, nanos)| text(nanos)),
            None => Default::default(),
        };
        let long = price.and_then(|price| price.long_context);
        let [long_input, long_output, long_cached, long_write, long_write_hour] = match long {
            Some(long) => long.rates.each().map(|(_, nanos)| text(nanos)),
            None => Default::default(),
        };
        let threshold = long.map(|long| long.threshold_tokens.to_string()).unwrap_or_default();
        Self {
            input,
            output,
            cached,
            write,
            write_hour,
            threshold,
            long_input,
            long_output,
            long_cached,
            long_write,
            long_write_hour,
            back,
            ..Self::default()
        }
    }

    fn price(&self) -> Result<Price, Error> {
        let rates = rates([&self.input, &self.output, &self.cached, &self.write, &self.write_hour])?
            .ok_or_else(|| Error::invalid("The price", "needs both input and output; write 0 for what is free"))?;
        let long = rates_of_long(self)?;
        let long_context = match (self.threshold.trim(), long) {
            ("", None) => None,
            ("", Some(_)) => return Err(Error::invalid("The threshold", "is missing; say from how many tokens on")),
            (_, None) => return Err(Error::invalid("The price of long prompts", "needs both input and output")),
            (threshold, Some(rates)) => {
                let plain: String = threshold.chars().filter(|c| !matches!(c, ' ' | ',' | '_')).collect();
                let wrong = || Error::invalid("The threshold", "is no whole number of tokens; write it like 200000");
                Some(LongContext { threshold_tokens: plain.parse().map_err(|_| wrong())?, rates })
            }
        };
        Ok(Price { rates, long_context })
    }

    /// The moment that was typed, in UTC; empty: now.
    fn starts_at(&self) -> Result<Option<Timestamp>, Error> {
        moment(&self.starts)
    }
}

/// A start as it is typed into a form, in UTC; empty: now.
pub(super) fn moment(typed: &str) -> Result<Option<Timestamp>, Error> {
    let typed = typed.trim();
    if typed.is_empty() {
        return Ok(None);
    }
    let whole = if typed.len() == 16 { format!("{typed}:00Z") } else { format!("{typed}Z") };
    let wrong = || Error::invalid("The start", "is no time; write it like 2026-12-01T00:00");
    Timestamp::parse(&whole).or_else(|| Timestamp::parse(typed)).map(Some).ok_or_else(wrong)
}

fn rates_of_long(typed: &Typed) -> Result<Option<Rates>, Error> {
    rates([&typed.long_input, &typed.long_output, &typed.long_cached, &typed.long_write, &typed.long_write_hour])
}

fn rates(typed: [&str; 5]) -> Result<Option<Rates>, Error> {
    let mut read = [None; 5];
    for (slot, typed) in read.iter_mut().zip(typed) {
        let plain = typed.trim().trim_start_matches('$').trim();
        if !plain.is_empty() {
            let wrong =
                || Error::invalid("The price", "holds what is no price; write dollars per million tokens, like 1.25");
            *slot = Some(Nanos::parse_usd(plain).ok_or_else(wrong)?.0);
        }
    }
    let [input, output, cached_input_nanos, cache_write_nanos, cache_write_hour_nanos] = read;
    Ok(match (input, output) {
        (Some(input_nanos), Some(output_nanos)) => {
            Some(Rates { input_nanos, output_nanos, cached_input_nanos, cache_write_nanos, cache_write_hour_nanos })
        }
        _ => None,
    })
}

pub(super) async fn show_price(
    State(shared): State<Shared>,
    signed_in: SignedIn,
    Id(name): Id<String>,
    Query(query): Query<BackQuery>,
) -> Result<Response, Failure> {
    let (provider, model) = place(&name)?;
    let history = prices::history(&shared.app, &signed_in.caller, provider, model).await?;
    let typed = Typed::of(history.line.quote.map(|quote| quote.price), query.back);
    Ok(price_page(&shared, &signed_in, &history, &typed, None))
}

pub(super) async fn change_price(
    State(shared): State<Shared>,
    signed_in: SignedIn,
    Id(name): Id<String>,
    Form(typed): Form<Typed>,
) -> Result<Response, Failure> {
    let (provider, model) = place(&name)?;
    match change(&shared, &signed_in, provider, model, &typed).await {
        Ok(()) => Ok(Redirect::to(&super::address(&typed.back)).into_response()),
        Err(error) if is_for_the_form(&error) => {
            let history = prices::history(&shared.app, &signed_in.caller, provider, model).await?;
            Ok(price_page(&shared, &signed_in, &history, &typed, Some(&error)))
        }
        Err(error) => Err(error.into()),
    }
}

async fn change(
    shared: &Shared,
    signed_in: &SignedIn,
    provider: ProviderId,
    model: &str,
    typed: &Typed,
) -> Result<(), Error> {
    let (app, caller) = (&shared.app, &signed_in.caller);
    if typed.action == "withdraw" {
        let starts_at = typed.starts_at()?.ok_or_else(|| Error::not_found("price"))?;
        return prices::withdraw(app, caller, provider, model, starts_at).await;
    }
    let price = if typed.action == "back" { None } else { Some(typed.price()?) };
    let note = Some(typed.note.clone()).filter(|note| !note.trim().is_empty());
    let new = NewPrice { provider, model: model.to_owned(), starts_at: typed.starts_at()?, price, note };
    prices::set(app, caller, vec![new], typed.past.is_some()).await.map(drop)
}

fn price_page(
    shared: &Shared,
    signed_in: &SignedIn,
    history: &History,
    typed: &Typed,
    error: Option<&Error>,
) -> Response {
    let line = &history.line;
    let as_of = shared.app.catalogue.as_of();
    let to = edit_address(line.provider, &line.model);
    let withdraw = |entry: &PriceEntry| withdraw_form(&to, entry, &typed.back);
    let content = html! {
        section.card.sheet {
            p.back { a href=(super::address(&typed.back)) data-close { (icon(Icon::Left)) "All prices" } }
            h2.row { (tile(line.provider)) "Price of " (line.display_name) }
            div.row { code { (line.provider) "/" (line.model) } (source_chip(line.quote, as_of)) }
            (form(&to, typed, error))
            h3 { "History" }
            (timeline(history, as_of, withdraw, true))
        }
    };
    let status = error.map_or(StatusCode::OK, problem::status_of);
    page(status, &format!("Price of {}", line.display_name), signed_in, Part::Prices, &content).into_response()
}

fn withdraw_form(to: &str, entry: &PriceEntry, back: &str) -> Markup {
    html! {
        form method="post" action=(to) data-stay="Withdrawn" {
            input type="hidden" name="action" value="withdraw";
            input type="hidden" name="starts" value=(entry.starts_at);
            input type="hidden" name="back" value=(back);
            button.quiet.little type="submit" { (icon(Icon::Cross)) "Withdraw" }
        }
    }
}

fn form(to: &str, typed: &Typed, error: Option<&Error>) -> Markup {
    let ordinary = [
        ("input", "Input", &typed.input, "1.25"),
        ("output", "Output", &typed.output, "10"),
        ("cached", "Cached input", &typed.cached, "as input"),
        ("write", "Cache write", &typed.write, "as input"),
        ("write_hour", "Cache write, 1 h", &typed.write_hour, "as cache write"),
    ];
    let long = [
        ("threshold", "Longer than, in tokens", &typed.threshold, "200000"),
        ("long_input", "Input of long prompts", &typed.long_input, ""),
        ("long_output", "Output of long prompts", &typed.long_output, ""),
        ("long_cached", "Cached input of long prompts", &typed.long_cached, ""),
        ("long_write", "Cache write of long prompts", &typed.long_write, ""),
        ("long_write_hour", "Cache write of long prompts, 1 h", &typed.long_write_hour, ""),
    ];
    html! {
        form.form method="post" action=(to) data-stay="Set" {
            (complaint(error.map(|error| error.sentence.as_str())))
            p.refused role="alert" data-complaint hidden {}
            input type="hidden" name="back" value=(typed.back);
            p.soft { "Dollars per million tokens, with up to nine decimals." }
            div.columns { @for (name, label, value, example) in ordinary { (number(name, label, value, example)) } }
            details open[!typed.threshold.is_empty()] {
                summary { "Long prompts cost something else" }
                div.columns { @for (name, label, value, example) in long { (number(name, label, value, example)) } }
            }
            div.columns {
                div.field {
                    label for="price-starts" { "Starts, in UTC" }
                    input #price-starts name="starts" type="datetime-local" value=(typed.starts) aria-describedby="price-starts-hint";
                    p.hint #price-starts-hint { "Empty: now. Calls already made keep their price." }
                }
                div.field {
                    label for="price-note" { "Note" }
                    input #price-note name="note" value=(typed.note) maxlength="300" autocomplete="off";
                }
            }
            label.check { input type="checkbox" name="past" checked[typed.past.is_some()]; "The start may lie in the past" }
            div.actions {
                button type="submit" name="action" value="set" { "Set the price" }
                button.quiet type="submit" name="action" value="back" formnovalidate { "Give the word back to the catalogue" }
            }
        }
    }
}

fn number(name: &str, label: &str, value: &str, example: &str) -> Markup {
    html! {
        div.field {
            label for={ "price-" (name) } { (label) }
            input id={ "price-" (name) } name=(name) value=(value) inputmode="decimal" placeholder=(example) autocomplete="off";
        }
    }
}
