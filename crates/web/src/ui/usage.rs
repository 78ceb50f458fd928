//! `/usage`, `/language-models/billing` and `/admin/usage`: what was called, and
//! what it cost.

mod arithmetic;
mod asked;
mod calls;
mod chart;
mod found;
mod many;
mod parts;
mod words;

use std::collections::HashSet;

use app::error::Error;
use app::usage::{self, Report, Whose};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use domain::Nanos;
use domain::access::Need;
use http::{Method, StatusCode};
use maud::{Markup, html};
use store::usage::UsageLine;

use super::forms::SignedIn;
use super::view::{Icon, Place, Shape, complaint, empty, icon, with_status};
use crate::api::usage::view::Names;
use crate::body::Query;
use crate::problem;
use crate::rim::Failure;
use crate::router::{Door, Shared, quiet_door};
use asked::{Asked, By, RANGES, date, whose_text};
use found::Found;
use parts::{Part, Slice, known, parts, people};
use words::{compact, counted, dollars, duration, share};

pub(in crate::ui) use asked::{Query as UsageQuery, Room};

/// The tables beside one another: about as long as their neighbours.
const SIDES: [&[By]; 2] =
    [&[By::Model, By::Source, By::Team], &[By::Provider, By::Key, By::Token, By::User, By::Organization]];

pub(super) fn doors() -> Vec<Door> {
    let need = Need::OwnAccount;
    vec![
        quiet_door(Method::GET, "/usage", need, get(show_usage)),
        quiet_door(Method::GET, "/language-models/billing", need, get(show_billing)),
    ]
}

async fn show_billing(
    State(shared): State<Shared>,
    signed_in: SignedIn,
    Query(query): Query<UsageQuery>,
) -> Result<Response, Failure> {
    let (status, content) = shown(&shared, &signed_in, Room::Billing, query).await?;
    let content = html! {
        div.lead {
            div {
                h1 { "Billing" }
                p { "What calls cost: what providers bill, and what is billed to whoever calls. Days are UTC." }
            }
        }
        (content)
    };
    let page = with_status(status, "Billing", &signed_in.viewer, content);
    Ok(page.at(Place::Usage).shaped(Shape::Wide).with_script("usage.js").into_response())
}

async fn show_usage(
    State(shared): State<Shared>,
    signed_in: SignedIn,
    Query(query): Query<UsageQuery>,
) -> Result<Response, Failure> {
    let (status, content) = shown(&shared, &signed_in, Room::Usage, query).await?;
    let content = html! {
        div.lead {
            div {
                h1 { "My usage" }
                p { "Your own calls, whoever's key paid; what a team's gateway tokens call is the team's. Days are UTC." }
            }
        }
        (content)
    };
    let page = with_status(status, "My usage", &signed_in.viewer, content);
    Ok(page.at(Place::Usage).shaped(Shape::Wide).with_script("usage.js").into_response())
}

/// A report, or why it is not the one that was asked for.
pub(in crate::ui) async fn shown(
    shared: &Shared,
    signed_in: &SignedIn,
    room: Room,
    query: UsageQuery,
) -> Result<(StatusCode, Markup), Failure> {
    let now = shared.app.clock.now();
    let opened = async {
        let asked = Asked::of(room, query, now)?;
        let report = usage::open(&shared.app, &signed_in.caller, asked.whose).await?;
        Ok::<_, Error>((asked, report))
    };
    match opened.await {
        Ok((asked, report)) => Ok((StatusCode::OK, content(shared, signed_in, &asked, &report, None).await?)),
        Err(error) => {
            let asked = Asked::of(room, UsageQuery::default(), now)?;
            let report = usage::open(&shared.app, &signed_in.caller, asked.whose).await?;
            let content = content(shared, signed_in, &asked, &report, Some(&error)).await?;
            Ok((problem::status_of(&error), content))
        }
    }
}

async fn content(
    shared: &Shared,
    signed_in: &SignedIn,
    asked: &Asked,
    report: &Report,
    error: Option<&Error>,
) -> Result<Markup, Failure> {
    let found = found::find(shared, asked, report).await?;
    let names = found::named(shared, signed_in, report, &found, asked.by).await?;
    let offered =
        if asked.room == Room::Usage { Vec::new() } else { usage::offered(&shared.app, &signed_in.caller).await? };
    let shown: Vec<&Slice> = found.all.iter().filter(|call| call.passes(&asked.filter)).collect();
    let sums: Vec<UsageLine> = shown.iter().map(|call| call.sums.clone()).collect();
    let total = UsageLine::total(&sums);
    let by = if report.is_wide() && asked.by.has_many() {
        people(&found.people, asked.by, &names)
    } else {
        parts(shown.iter().copied(), asked.by, asked.measure, &names)
    };
    Ok(html! {
        (complaint(error.map(|error| error.sentence.as_str())))
        (form(asked, &found, &by, &names, &offered))
        div #usage-sums data-live="" {
            @if total.attempts == 0 && !asked.is_narrowed() {
                section.card { (nothing_yet()) }
            } @else {
                (tiles(asked, report, &total))
                (chart::chart(asked, &by, &found.daily))
                div.usage-parts.money[asked.shows_money()] {
                    @for side in SIDES {
                        div {
                            @for one in side {
                                @if report.is_wide() && one.is_of_people() {
                                    @if *one == asked.by && !by.is_empty() { (parts::table(asked, report, *one, &by)) }
                                } @else { (part(asked, report, *one, &table_of(asked, *one, &found, &shown, &names))) }
                            }
                        }
                    }
                }
            }
        }
        p.usage-fresh #usage-fresh hidden { a href=(asked.link(|_| ())) { (icon(Icon::Turning)) "There are newer calls. Show them" } }
        @if total.attempts > 0 || asked.is_narrowed() {
            // Newer calls would push away what somebody turned to.
            div #usage-calls data-live=[asked.after.is_none().then_some("")] { (calls::calls(asked, report, &names, &found.page)) }
        }
    })
}

/// The parts of what is shown: groups have lines of their own where there are many.
fn table_of(asked: &Asked, by: By, found: &Found, shown: &[&Slice], names: &Names) -> Vec<Part> {
    if by.is_group() && asked.whose != Whose::Own {
        people(found.of(by), by, names)
    } else {
        parts(shown.iter().copied(), by, asked.measure, names)
    }
}

fn part(asked: &Asked, report: &Report, by: By, parts: &[Part]) -> Markup {
    if by == By::User || (by == By::Organization && report.whose() != Whose::Everybody) {
        return html! {};
    }
    let may_be_none = matches!(by, By::Token | By::Team | By::Organization);
    let is_telling = !(may_be_none && parts.iter().all(|part| part.value.is_empty()));
    html! { @if is_telling && !parts.is_empty() { (parts::table(asked, report, by, parts)) } }
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
fn form(asked: &Asked, found: &Found, by: &[Part], names: &Names, offered: &[(Whose, String)]) -> Markup {
    let query = &asked.query;
    let all: Vec<&Slice> = found.all.iter().collect();
    let of = |by: By| table_of(asked, by, found, &all, names);
    let is_wide = asked.whose != Whose::Own;
    let people = |one: By, chosen: &str| {
        let is_given = !chosen.is_empty() || (one == asked.by && is_wide);
        html! { @if is_given { (choice(one.as_str(), one.title(), chosen, if one == asked.by { by } else { &[] })) } }
    };
    html! {
        form.usage-filter method="get" action=(asked.room.path()) aria-label="What to look at" {
            @if !offered.is_empty() {
                div.field {
                    label for="whose" { "Whose" }
                    select id="whose" name="whose" {
                        @for (whose, name) in offered {
                            option value=(whose_text(*whose)) selected[*whose == asked.whose] { (name) }
                        }
                    }
                }
            }
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
            @if is_wide { (people(By::Key, &query.key)) } @else { (choice("key", "Key", &query.key, &of(By::Key))) }
            (choice("source", "Source", &query.source, &of(By::Source)))
            @if is_wide {
                (people(By::Token, &query.token))
                (people(By::User, &query.user))
                @if !matches!(asked.whose, Whose::Team(_)) { (choice("team", "Team", &query.team, &of(By::Team))) }
                @if asked.whose == Whose::Everybody {
                    (choice("organization", "Organization", &query.organization, &of(By::Organization)))
                }
            } @else { (choice("token", "Gateway token", &query.token, &of(By::Token))) }
            div.field {
                label for="status" { "Outcome of calls" }
                select id="status" name="status" {
                    option value="" { "All" }
                    @for (value, name) in OUTCOMES { option value=(value) selected[value == query.status] { (name) } }
                }
            }
            input type="hidden" name="measure" value=(asked.measure);
            input type="hidden" name="by" value=(asked.by);
            div.row {
                button type="submit" { "Show" }
                @if asked.is_narrowed() { a.button.quiet href=(asked.link(calls::clear)) { "Clear" } }
            }
        }
    }
}

/// How calls may stand, as the list of them is narrowed.
const OUTCOMES: [(&str, &str); 5] = [
    ("settled", "Answered"),
    ("failed", "Failed"),
    ("aborted", "Stopped"),
    ("unknown", "Unknown"),
    ("dispatched", "Under way"),
];

fn first_day(asked: &Asked) -> String {
    date(asked.from)
}

fn last_day(asked: &Asked) -> &str {
    asked.days.last().map_or("", String::as_str)
}

fn choice(name: &str, label: &str, chosen: &str, parts: &[Part]) -> Markup {
    let mut values = HashSet::new();
    let known: Vec<(&str, &str)> = parts
        .iter()
        .filter(|part| !part.value.is_empty() && values.insert(part.value.as_str()))
        .map(|part| (part.value.as_str(), part.name.as_str()))
        .collect();
    let is_gone = !chosen.is_empty() && !values.contains(chosen);
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
fn tiles(asked: &Asked, report: &Report, total: &UsageLine) -> Markup {
    let tokens = &total.tokens;
    let ended = total.answered + total.failed;
    html! {
        div.tiles {
            @if asked.shows_money() { (money(report, total)) } @else { (spend(report, total)) }
            div.stat {
                span.name { "Requests" } span.value { (compact(total.requests.unsigned_abs())) }
                span.small { (counted(total.attempts, "attempt", "attempts")) @if total.estimated > 0 { " · " (total.estimated) " estimated" } }
            }
            div.stat {
                span.name { "Tokens" } span.value { (compact(tokens.prompt.saturating_add(tokens.completion))) }
                span.small { (compact(tokens.prompt)) " in · " (compact(tokens.completion)) " out · " (compact(tokens.cached)) " cached" }
            }
            @if !asked.shows_money() {
                div.stat {
                    span.name { "Mean time of an answer" } span.value { (total.mean_latency_ms().map_or_else(|| "–".to_owned(), duration)) }
                    span.small { @if let Some(first) = total.mean_first_token_ms() { "first words after " (duration(first)) } @else { "none was streamed" } }
                }
            }
            div.stat {
                span.name { "Failed" } span.value { (share(total.failed, ended)) }
                span.small { (counted(total.failed, "attempt", "attempts")) " of " (compact(ended.unsigned_abs())) }
            }
        }
    }
}

fn spend(report: &Report, total: &UsageLine) -> Markup {
    let is_unknown = total.unknown > 0 && total.client_cost == Nanos::ZERO;
    html! {
        div.stat {
            span.name { "Spend" }
            span.value { @if is_unknown { "Unknown" } @else { (dollars(total.client_cost)) } }
            span.small {
                @match report.money(total).provider_cost {
                    _ if is_unknown => {}
                    Some(cost) if cost != total.client_cost => { "providers bill " (dollars(cost)) }
                    Some(_) => { "as providers bill it" }
                    None => { "billed to you" }
                }
                @if is_unknown { (counted(total.unknown, "call", "calls")) " of unknown cost" }
                @else if total.unknown > 0 { " · + " (counted(total.unknown, "call", "calls")) " of unknown cost" }
            }
        }
    }
}

/// What providers bill beside what clients are billed.
fn money(report: &Report, total: &UsageLine) -> Markup {
    let money = report.money(total);
    html! {
        div.stat {
            span.name { "Client cost" }
            span.value { @if total.unknown > 0 && total.client_cost == Nanos::ZERO { "Unknown" } @else { (dollars(total.client_cost)) } }
            span.small { @if total.unknown > 0 { "+ " (counted(total.unknown, "call", "calls")) " of unknown cost" } @else { "billed to whoever called" } }
        }
        div.stat {
            span.name { "Provider cost" }
            span.value { (known(money.provider_cost)) }
            span.small {
                @match (money.provider_cost, money.personal_provider_cost) {
                    (None, _) => { "told to whoever owns the keys" }
                    (Some(_), Some(personal)) if personal > Nanos::ZERO => { (dollars(personal)) " of it by people's own keys" }
                    _ => { "what providers bill" }
                }
            }
        }
        div.stat {
            span.name { "Profit" }
            span.value { (known(money.profit)) }
            span.small { "client cost less provider cost, shared keys only" }
        }
    }
}
