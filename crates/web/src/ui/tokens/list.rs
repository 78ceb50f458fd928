//! The tokens that one has.

use app::budgets::Standard;
use domain::Timestamp;
use domain::caller::TokenScope;
use domain::gateway_token::Params;
use maud::{Markup, html};
use store::tokens::Token;

use super::PAGE;
use super::form::{policy_words, scope_words};
use crate::ui::budgets::thin;
use crate::ui::view::{Icon, badge, empty, icon, time};

/// One's tokens, told again when calls are made.
pub(super) fn tokens(tokens: &[Token], budgets: &[Standard], count: i64, skip: i64, now: Timestamp) -> Markup {
    html! {
        section aria-label="Your tokens" #tokens data-live="usage." {
            @if tokens.is_empty() {
                div.card { (empty(Icon::Token, "No token yet", &html! { p { "Make one above, paste the code it comes with, and watch the first request arrive." } })) }
            } @else {
                div.card.flush {
                    table.list.tokenlist {
                        thead { tr { th { "Token" } th { "It may" } th { "Works until" } th { "Last used" } th { span.sr { "Actions" } } } }
                        tbody { @for token in tokens { (row(token, budgets, now)) } }
                    }
                }
                @if count > PAGE { (pages(count, skip)) }
            }
        }
    }
}

/// A team's tokens, told again when calls are made.
pub(crate) fn of_team(tokens: &[Token], budgets: &[Standard], count: i64, now: Timestamp) -> Markup {
    html! {
        section aria-label="Tokens of this team" #tokens data-live="usage." {
            @if tokens.is_empty() {
                div.card { (empty(Icon::Token, "No token yet", &html! { p { "Make one above and give it to whatever calls for this team." } })) }
            } @else {
                div.card.flush {
                    table.list.tokenlist {
                        thead { tr { th { "Token" } th { "It may" } th { "Works until" } th { "Last used" } th { span.sr { "Actions" } } } }
                        tbody { @for token in tokens { (row(token, budgets, now)) } }
                    }
                }
                @if count > PAGE { p.small { "The latest " (PAGE) " of " (count) "." } }
            }
        }
    }
}

fn row(token: &Token, budgets: &[Standard], now: Timestamp) -> Markup {
    let own = budgets.iter().filter(|standard| standard.budget().owner == token.id.into());
    let page = format!("/tokens/{}", token.id);
    html! {
        tr {
            td { a.name href=(page) { (token.name) } div.small { code { (token.masked) } " · made " (time(token.created_at)) } }
            td { (may(token)) @for standard in own { (thin(standard)) } }
            td data-name="Works until" { (until(token, now)) }
            td data-name="Last used" { @match token.last_used_at { Some(at) => { (time(at)) } None => { span.soft { "never" } } } }
            td.end {
                div.actions {
                    a.button.quiet.little href=(page) aria-label={ "Edit " (token.name) } { (icon(Icon::Pen)) "Edit" }
                    a.button.quiet.little.danger href={ (page) "#revoke" } aria-label={ "Revoke " (token.name) } { "Revoke" }
                }
            }
        }
    }
}

/// What a token may do, in short.
fn may(token: &Token) -> Markup {
    let others = token.scopes.iter().filter(|scope| **scope != TokenScope::Models);
    html! {
        div.chips {
            @if token.scopes.contains(&TokenScope::Models) {
                span.chip { @match token.models.as_deref() {
                    None => "Call models",
                    Some([model]) => { "Call " (model) }
                    Some(models) => { "Call " (models.len()) " models" }
                } }
            }
            @for scope in others { span.chip { (scope_words(*scope).0) } }
            @if let Some(policy) = token.policy { span.chip title=(policy_words(policy).1) { (policy_words(policy).0) " keys" } }
            @if let Some(rate) = token.rate_limit { span.chip { (rate) " calls a minute" } }
            @if let Some(rate) = token.tokens_per_minute { span.chip { (rate) " tokens a minute" } }
            @if token.params == Params::Lenient { span.chip title="Parameters that a model cannot take are left out" { "Lenient" } }
        }
    }
}

fn until(token: &Token, now: Timestamp) -> Markup {
    match (token.revoked_at, token.expires_at) {
        (Some(_), _) => badge("grey", Icon::Cross, "Revoked"),
        (None, None) => html! { span.soft { "you revoke it" } },
        (None, Some(end)) if end <= now => badge("red", Icon::Clock, "Expired"),
        (None, Some(end)) => time(end),
    }
}

fn pages(count: i64, skip: i64) -> Markup {
    html! {
        nav.row.spread aria-label="More tokens" {
            @if skip > 0 { a.button.quiet href={ "/tokens?skip=" ((skip - PAGE).max(0)) } { (icon(Icon::Left)) "Newer" } } @else { span {} }
            @if skip + PAGE < count { a.button.quiet href={ "/tokens?skip=" (skip + PAGE) } { "Older" (icon(Icon::Right)) } }
        }
    }
}

/// Where its calls are: a team's are its team's.
pub(super) fn calls(token: &Token) -> String {
    match token.team {
        Some(team) => format!("/language-models/billing?whose=team:{team}&token={}", token.id),
        None => format!("/usage?token={}", token.id),
    }
}

/// What is known of one token.
pub(super) fn head(token: &Token, now: Timestamp) -> Markup {
    html! {
        div.lead {
            div {
                h1 { (token.name) }
                p { code { (token.masked) } " · made " (time(token.created_at)) " · "
                    @match token.last_used_at { Some(at) => { "last used " (time(at)) } None => "never used" }
                    @if token.revoked_at.is_some() || token.expires_at.is_some_and(|end| end <= now) { " · " (until(token, now)) }
                }
            }
            a.button.quiet href=(calls(token)) { (icon(Icon::Chart)) "Its calls" }
        }
    }
}
