//! The calls one by one, newest first; each opens to what was tried and how its
//! cost comes about.

use app::usage::Report;
use domain::Nanos;
use domain::attempt::{AttemptState, ErrorClass};
use domain::usage::{TokenCounts, UsageSource};
use maud::{Markup, html};
use store::audit::Page;
use store::usage::{Attempt, EventCursor, UsageEvent};

use super::arithmetic::arithmetic;
use super::asked::Asked;
use super::parts::{key_name, little_tile, source_name};
use super::words::{counted, dollars, duration, grouped};
use crate::api::usage::view::Names;
use crate::api::usage::written_cursor;
use crate::ui::view::{Icon, badge, empty, icon, time};

/// A page of calls, and how to go on.
pub(super) fn calls(asked: &Asked, report: &Report, names: &Names, page: &Page<UsageEvent, EventCursor>) -> Markup {
    let count = counted(page.count, "call", "calls");
    html! {
        section.card.flush.usage-calls #calls aria-labelledby="calls-title" {
            div.row.spread.usage-calls-head {
                h2 id="calls-title" { "Calls " span.soft { @if page.count_is_exact { (count) } @else { "more than " (count) } } }
                div.row {
                    a.button.quiet.little href=(asked.export("/v2/usage/export.csv")) download { (icon(Icon::Download)) "CSV" }
                    a.button.quiet.little href=(asked.export("/v2/usage/export.jsonl")) download { (icon(Icon::Download)) "JSON lines" }
                }
            }
            @if page.rows.is_empty() {
                (empty(Icon::List, "No call passes", &html! { p { "Nothing was called that way in these days. " a href=(asked.link(clear)) { "Show all calls" } } }))
            } @else {
                div.usage-heads aria-hidden="true" {
                    span { "When" } span { "Model" } span { "Paid by" } span.num { "Tokens in / out" } span.num { "Cost" } span.num { "Took" } span { "Outcome" }
                }
                @for event in &page.rows { (call(report, names, event)) }
            }
            @if asked.after.is_some() || page.next.is_some() {
                nav.row.spread.usage-turn aria-label="Pages of calls" {
                    @if asked.after.is_some() { a href={ (asked.link(|_| ())) "#calls" } { "Newest calls" } } @else { span {} }
                    @if let Some(next) = page.next {
                        a href={ (asked.link(|query| query.after = written_cursor(next))) "#calls" } { "Older calls" }
                    }
                }
            }
        }
    }
}

pub(super) fn clear(query: &mut super::asked::Query) {
    let asked = [&mut query.provider, &mut query.model, &mut query.key, &mut query.source, &mut query.token];
    let more = [&mut query.user, &mut query.team, &mut query.organization, &mut query.scope, &mut query.status];
    asked.into_iter().chain(more).for_each(String::clear);
}

fn call(report: &Report, names: &Names, event: &UsageEvent) -> Markup {
    let Some(last) = event.attempts.last() else { return html! {} };
    let start = &last.start;
    html! {
        details.usage-call data-stays id={ "call-" (event.request) } {
            summary {
                span.clip { (time(event.at)) }
                span.usage-model { (little_tile(start.provider)) span.clip { (start.model) } @if event.attempts.len() > 1 { span.chip { (event.attempts.len()) " tries" } } }
                span.clip { (key_name(names, start.credential)) }
                span.num { (tokens(last)) }
                span.num { (cost(event)) }
                span.num { @if let Some(ms) = last.latency_ms { (duration(ms)) } }
                span { (outcome(last)) }
            }
            div.usage-story {
                ol { @for attempt in &event.attempts { li { (tried(report, names, attempt)) } } }
                dl.facts { (facts(names, event)) }
            }
        }
    }
}

fn tokens(attempt: &Attempt) -> Markup {
    html! {
        @match attempt.tokens {
            Some(tokens) => { (grouped(tokens.prompt)) " / " (grouped(tokens.completion)) }
            None if attempt.state == AttemptState::Dispatched => { "…" }
            None => { span.soft { "unknown" } }
        }
        @if attempt.usage_source == Some(UsageSource::Estimated) { " " span.chip title="The provider sent no count; this is Ownkey's estimate." { "est." } }
    }
}

/// What all attempts cost; one of which nobody knows the cost is not zero.
fn cost(event: &UsageEvent) -> Markup {
    let ended = || event.attempts.iter().filter(|attempt| attempt.state != AttemptState::Dispatched);
    let known: Vec<Nanos> = ended().filter_map(|attempt| attempt.client_cost).collect();
    let sum = known.iter().fold(Nanos::ZERO, |sum, cost| sum.plus(*cost));
    let unknown = ended().count() - known.len();
    html! {
        @if ended().count() == 0 { "…" }
        @else if unknown == 0 { (dollars(sum)) }
        @else if sum == Nanos::ZERO { span.soft { "unknown" } }
        @else { (dollars(sum)) " + " span.soft { "unknown" } }
    }
}

fn outcome(attempt: &Attempt) -> Markup {
    match attempt.state {
        AttemptState::Settled => badge("green", Icon::Check, "Answered"),
        AttemptState::Aborted => badge("grey", Icon::Stop, "Stopped"),
        AttemptState::Failed => badge("red", Icon::Cross, "Failed"),
        AttemptState::Unknown => badge("amber", Icon::Question, "Unknown"),
        AttemptState::Dispatched => badge("blue", Icon::Clock, "Under way"),
    }
}

/// One attempt, as it is told.
fn tried(report: &Report, names: &Names, attempt: &Attempt) -> Markup {
    let start = &attempt.start;
    html! {
        p {
            (outcome(attempt)) " " (start.provider.display_name()) " " code { (start.model) } " with "
            a href={ "/keys?provider=" (start.provider.as_str()) } { (key_name(names, start.credential)) }
            ", " (start.scope.as_str()) "."
            @if let Some(class) = attempt.error_class { " " (trouble(class)) @if let Some(status) = attempt.status { " (status " (status) ")" } "." }
            @if let Some(first) = attempt.first_token_ms { " First words after " (duration(first)) @if let Some(all) = attempt.latency_ms { ", all of it after " (duration(all)) } "." }
        }
        (arithmetic(attempt, report.may_see_provider_cost(attempt)))
    }
}

/// What went wrong, in words.
const fn trouble(class: ErrorClass) -> &'static str {
    match class {
        ErrorClass::InvalidKey => "The provider refused the key",
        ErrorClass::KeyLimited => "The key lacks a right for this call",
        ErrorClass::NoCredit => "The key's account has no credit",
        ErrorClass::QuotaExhausted => "The key's quota was used up",
        ErrorClass::RateLimited => "The key was at its rate limit",
        ErrorClass::Overloaded => "The provider was short of capacity",
        ErrorClass::ServerError => "The provider failed",
        ErrorClass::Timeout => "No answer came in time",
        ErrorClass::Forbidden => "The provider does not serve this account or region",
        ErrorClass::NotFound => "The key does not reach this model",
        ErrorClass::BadRequest => "The provider found the request wrong",
        ErrorClass::ContextTooLong => "The prompt was too long for the model",
        ErrorClass::TooLarge => "The request was too large",
        ErrorClass::ContentFiltered => "The provider's filter refused the content",
        ErrorClass::StreamTruncated => "The answer broke off",
        ErrorClass::Unreachable => "The provider could not be reached",
        ErrorClass::EndpointRefused => "The endpoint is not allowed on this server",
        ErrorClass::Undecryptable => "The stored key could not be opened",
    }
}

fn facts(names: &Names, event: &UsageEvent) -> Markup {
    let Some(first) = event.attempts.first() else { return html! {} };
    let start = &first.start;
    html! {
        @if let Some(name) = names.user(start.user) { dt { "By" } dd { (name) } }
        @if let Some(team) = start.team { dt { "Team" } dd { (names.team(team).unwrap_or("A team that is gone")) } }
        @if let Some(id) = start.organization { dt { "Organization" } dd { (names.organization(id).unwrap_or("One that is gone")) } }
        dt { "From" } dd { (source_name(start.source)) @if let Some(token) = start.token { ", token " (names.token(token).unwrap_or("that is gone")) } }
        @if start.requested_model != start.model { dt { "Asked for" } dd { code { (start.requested_model) } } }
        dt { "Request" } dd { code { (event.request) } }
        @if let Some(id) = &start.client_request_id { dt { "Client's own id" } dd { code { (id) } } }
    }
}

/// Cached and reasoning tokens, where there were some.
pub(super) fn asides(tokens: &TokenCounts) -> String {
    let parts =
        [(tokens.cached, "cached"), (tokens.cache_write, "written to the cache"), (tokens.reasoning, "reasoning")];
    let parts: Vec<_> = parts
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{} {what}", grouped(*count)))
        .collect();
    parts.join(", ")
}
