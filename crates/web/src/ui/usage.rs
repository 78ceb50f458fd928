//! `/usage`: what one called, and what it cost.

mod arithmetic;
mod asked;
mod calls;
mod chart;
mod parts;
mod words;

use app::error::Error;
use app::usage;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use domain::access::Need;
use http::{Method, StatusCode};
use maud::{Markup, html};
use store::usage::{Combination, GroupBy, UsageFilter, UsageLine};

use super::forms::SignedIn;
use super::view::{Icon, Place, Shape, complaint, empty, icon, with_status};
use crate::api::usage::view::Names;
use crate::body::Query;
use crate::problem;
use crate::rim::Failure;
use crate::router::{Door, Shared, quiet_door};
use asked::{Asked, By, RANGES, date};
use parts::{Part, parts, passes};
use words::{compact, counted, dollars, duration, share};

/// The calls of a page.
const CALLS: i64 = 50;

/// The tables beside one another: about as long as their neighbours.
const SIDES: [&[By]; 2] = [&[By::Model, By::Source], &[By::Provider, By::Key, By::Token]];

pub(super) fn doors() -> Vec<Door> {
    let need = Need::OwnAccount;
    vec![
        quiet_door(Method::GET, "/usage", need, get(show_usage)),
        quiet_door(Method::GET, "/language-models/billing", need, get(show_billing)),
    ]
}

/// One's own bill is one's own usage.
async fn show_billing() -> Response {
    Redirect::temporary("/usage").into_response()
}

async fn show_usage(
    State(shared): State<Shared>,
    signed_in: SignedIn,
    Query(query): Query<asked::Query>,
) -> Result<Response, Failure> {
    let now = shared.app.clock.now();
    match Asked::of(query, now) {
        Ok(asked) => usage_page(&shared, &signed_in, &asked, None).await,
        Err(error) => {
            let asked = Asked::of(asked::Query::default(), now)?;
            usage_page(&shared, &signed_in, &asked, Some(&error)).await
        }
    }
}

async fn usage_page(
    shared: &Shared,
    signed_in: &SignedIn,
    asked: &Asked,
    error: Option<&Error>,
) -> Result<Response, Failure> {
    let (app, caller) = (&shared.app, &signed_in.caller);
    let of_days = UsageFilter { from: asked.filter.from, to: asked.filter.to, ..UsageFilter::default() };
    // A year has many lines: its sums are read side by side.
    let (all, daily, page) = tokio::try_join!(
        usage::combinations(app, caller, of_days),
        usage::daily(app, caller, asked.filter.clone(), group_of(asked.by)),
        usage::events(app, caller, asked.filter.clone(), asked.after, CALLS),
    )?;
    let used = page.rows.iter().flat_map(|event| &event.attempts).map(|attempt| attempt.start.credential);
    let keys = used.chain(all.iter().map(|call| call.credential));
    let names = Names::of(app, caller, keys).await?;
    let shown: Vec<&Combination> = all.iter().filter(|call| passes(&asked.filter, call)).collect();
    let sums: Vec<UsageLine> = shown.iter().map(|call| call.sums.clone()).collect();
    let total = UsageLine::total(&sums);
    let content = html! {
        div.lead {
            div {
                h1 { "My usage" }
                p { "Your own calls, whoever's key paid. Days are UTC." }
            }
        }
        (complaint(error.map(|error| error.sentence.as_str())))
        (form(asked, &all, &names))
        div #usage-sums data-live="" {
            @if total.attempts == 0 && !asked.is_narrowed() {
                section.card { (nothing_yet()) }
            } @else {
                (tiles(&total, usage::provider_cost_of_line(caller, &total)))
                @let by = parts(shown.iter().copied(), asked.by, asked.measure, &names);
                (chart::chart(asked, &by, &daily))
                div.usage-parts {
                    @for side in SIDES { div { @for by in side { (part(asked, *by, &shown, &names)) } } }
                }
            }
        }
        p.usage-fresh #usage-fresh hidden { a href=(asked.link(|_| ())) { (icon(Icon::Turning)) "There are newer calls. Show them" } }
        @if total.attempts > 0 || asked.is_narrowed() {
            div #usage-calls data-live="" { (calls::calls(asked, caller, &names, &page)) }
        }
    };
    let status = error.map_or(StatusCode::OK, problem::status_of);
    let page = with_status(status, "My usage", &signed_in.viewer, content);
    Ok(page.at(Place::Usage).shaped(Shape::Wide).with_script("usage.js").into_response())
}

const fn group_of(by: By) -> GroupBy {
    match by {
        By::Model => GroupBy::Model,
        By::Provider => GroupBy::Provider,
        By::Key => GroupBy::Credential,
        By::Source => GroupBy::Source,
        By::Token => GroupBy::Token,
    }
}

fn part(asked: &Asked, by: By, shown: &[&Combination], names: &Names) -> Markup {
    let parts = parts(shown.iter().copied(), by, asked.measure, names);
    let is_telling = !(by == By::Token && parts.iter().all(|part| part.value.is_empty()));
    html! { @if is_telling && !parts.is_empty() { (parts::table(asked, by, &parts)) } }
}

fn nothing_yet() -> Markup {
    empty(
        Icon::Chart,
        "No calls in these days",
        &html! {
            p { "Each call you make, in the chat, in the playground or through the API, is listed here with what it used and what it cost." }
            div.row { a.button href="/chat" { (icon(Icon::Chat)) "Start a chat" } a.button.quiet href="/tokens" { (icon(Icon::Token)) "Make a gateway token" } }
        },
    )
}

/// What to look at: a plain form, so that it is all in the address.
fn form(asked: &Asked, all: &[Combination], names: &Names) -> Markup {
    let query = &asked.query;
    let of = |by: By| parts(all, by, asked.measure, names);
    html! {
        form.usage-filter method="get" action="/usage" aria-label="What to look at" {
            div.field {
                label for="range" { "Days" }
                select id="range" name="range" {
                    @for (value, name) in RANGES {
                        option value=(value) selected[value == query.range || (query.range.is_empty() && value == "30d")] { (name) }
                    }
                }
            }
            div.field.usage-dates { label for="from" { "From" } input id="from" name="from" type="date" value=(first_day(asked)); }
            div.field.usage-dates { label for="to" { "To" } input id="to" name="to" type="date" value=(last_day(asked)); }
            (choice("provider", "Provider", &query.provider, &of(By::Provider)))
            (choice("model", "Model", &query.model, &of(By::Model)))
            (choice("key", "Key", &query.key, &of(By::Key)))
            (choice("source", "Source", &query.source, &of(By::Source)))
            (choice("token", "Gateway token", &query.token, &of(By::Token)))
            input type="hidden" name="measure" value=(asked.measure);
            input type="hidden" name="by" value=(asked.by);
            div.row {
                button type="submit" { "Show" }
                @if asked.is_narrowed() { a.button.quiet href=(asked.link(calls::clear)) { "Clear" } }
            }
        }
    }
}

fn first_day(asked: &Asked) -> String {
    date(asked.from)
}

fn last_day(asked: &Asked) -> &str {
    asked.days.last().map_or("", String::as_str)
}

fn choice(name: &str, label: &str, chosen: &str, parts: &[Part]) -> Markup {
    let mut known: Vec<(&str, &str)> = Vec::new();
    for part in parts.iter().filter(|part| !part.value.is_empty()) {
        if known.iter().all(|(value, _)| *value != part.value) {
            known.push((&part.value, &part.name));
        }
    }
    let is_gone = !chosen.is_empty() && known.iter().all(|(value, _)| *value != chosen);
    html! {
        div.field {
            label for=(name) { (label) }
            select id=(name) name=(name) {
                option value="" { "All" }
                @if is_gone { option value=(chosen) selected { (chosen) } }
                @for (value, shown) in known { option value=(value) selected[value == chosen] { (shown) } }
            }
        }
    }
}

/// The figures above all others.
fn tiles(total: &UsageLine, provider_cost: Option<domain::Nanos>) -> Markup {
    let tokens = &total.tokens;
    let ended = total.answered + total.failed;
    let is_unknown = total.unknown > 0 && total.client_cost == domain::Nanos::ZERO;
    html! {
        div.tiles {
            div.stat {
                span.name { "Spend" }
                span.value { @if is_unknown { "Unknown" } @else { (dollars(total.client_cost)) } }
                span.small {
                    @match provider_cost {
                        _ if is_unknown => {}
                        Some(cost) if cost != total.client_cost => { "providers bill " (dollars(cost)) }
                        Some(_) => { "as providers bill it" }
                        None => { "billed to you" }
                    }
                    @if is_unknown { (counted(total.unknown, "call", "calls")) " of unknown cost" }
                    @else if total.unknown > 0 { " · + " (counted(total.unknown, "call", "calls")) " of unknown cost" }
                }
            }
            div.stat {
                span.name { "Requests" } span.value { (compact(total.requests.unsigned_abs())) }
                span.small { (counted(total.attempts, "attempt", "attempts")) @if total.estimated > 0 { " · " (total.estimated) " estimated" } }
            }
            div.stat {
                span.name { "Tokens" } span.value { (compact(tokens.prompt.saturating_add(tokens.completion))) }
                span.small { (compact(tokens.prompt)) " in · " (compact(tokens.completion)) " out · " (compact(tokens.cached)) " cached" }
            }
            div.stat {
                span.name { "Mean time of an answer" } span.value { (total.mean_latency_ms().map_or_else(|| "–".to_owned(), duration)) }
                span.small { @if let Some(first) = total.mean_first_token_ms() { "first words after " (duration(first)) } @else { "none was streamed" } }
            }
            div.stat {
                span.name { "Failed" } span.value { (share(total.failed, ended)) }
                span.small { (counted(total.failed, "attempt", "attempts")) " of " (compact(ended.unsigned_abs())) }
            }
        }
    }
}
