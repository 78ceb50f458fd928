//! How budgets stand: a bar, and the same in words.

use app::budgets::{Panel, Standard, dollars};
use domain::Nanos;
use domain::budget::{Authority, Budget, OwnerKind};
use maud::{Markup, html};

use super::form::{PERIODS, listed};
use crate::ui::view::{Icon, badge, icon, time};

/// What a card of budgets says about itself.
pub(crate) struct Words<'a> {
    /// Above it.
    pub(crate) title: &'a str,
    /// Where there is none.
    pub(crate) none: &'a str,
    /// Beneath it, to whoever may set none.
    pub(crate) not_yours: &'a str,
}

/// The budgets of one owner, told again when calls are made, and the ways to
/// change them.
pub(crate) fn card(panel: &Panel, words: &Words<'_>) -> Markup {
    let all = panel.budgets.iter().map(|(standard, may_change)| line(standard, *may_change));
    html! {
        section.card #budgets data-live="usage. budget." aria-labelledby="budgets-title" {
            div.row.spread {
                h2 #budgets-title { (words.title) }
                @if panel.may_add { a.button.quiet.little href={ "/budgets/new?of=" (panel.owner) } { (icon(Icon::Plus)) "Set a budget" } }
            }
            @if panel.budgets.is_empty() { p.soft { (words.none) } } @else { ul.budgets { @for line in all { (line) } } }
            @if !panel.may_add { p.small { (words.not_yours) } }
        }
    }
}

/// Budgets of teams and organizations, for those who belong to them.
pub(crate) fn others(budgets: &[Standard]) -> Markup {
    html! {
        @if !budgets.is_empty() {
            section.card #budgets-above data-live="usage. budget." aria-labelledby="budgets-above-title" {
                h2 #budgets-above-title { "Budgets of where you belong" }
                p.soft { "Your calls in an organization spend its budgets, and a team's gateway tokens the team's. Whoever looks after the organization sets them." }
                ul.budgets { @for standard in budgets { (named(standard)) } }
            }
        }
    }
}

/// One budget, with whose it is.
fn named(standard: &Standard) -> Markup {
    let kind = match standard.budget().owner.kind {
        OwnerKind::Team => "Team",
        OwnerKind::Organization => "Organization",
        OwnerKind::User => "Person",
        OwnerKind::Token => "Gateway token",
    };
    shown(standard, &html! { span.soft { (kind) } " " strong { bdi { (standard.owner_name) } } ": " }, false)
}

/// One budget.
pub(super) fn line(standard: &Standard, may_change: bool) -> Markup {
    shown(standard, &html! {}, may_change)
}

fn shown(standard: &Standard, whose: &Markup, may_change: bool) -> Markup {
    let (budget, standing) = (standard.budget(), standard.standing);
    let title = title(budget);
    let to = format!("/budgets/{}", budget.id);
    let of_members = matches!(budget.owner.kind, OwnerKind::Team | OwnerKind::Organization);
    html! {
        li {
            div.row.spread {
                div.row { span { (whose) strong { (title) } } (state(standard)) @if budget.authority == Authority::Admin { span.chip { "set by an admin of this server" } } }
                @if may_change {
                    div.actions {
                        a.button.quiet.little href=(to) aria-label={ "Change the budget of " (title) } { (icon(Icon::Pen)) "Change" }
                        a.button.quiet.little.danger href={ (to) "#delete" } aria-label={ "Delete the budget of " (title) } { "Delete" }
                    }
                }
            }
            (bar(standard))
            p.standing {
                span { strong { (dollars(standing.spent)) } " spent" }
                @if standing.held > Nanos::ZERO { span { strong { (dollars(standing.held)) } " held for calls under way" } }
                span { strong { (dollars(standing.left(budget.limit))) } " left" }
                span { @match standard.window.ends_at { Some(end) => { "begins anew " (time(end)) } None => "never begins anew" } }
            }
            p.small {
                @if !budget.soft_percents.is_empty() { "Told at " (listed(&budget.soft_percents, " %, ")) " %. " }
                "Hard stop: calls are refused when all of it is spent. Calls paid with " @if of_members { "members' own" } @else { "personal" } " keys "
                @if budget.counts_personal { "count." } @else { "do not count." }
            }
        }
    }
}

/// `$5.00 a month`
fn title(budget: &Budget) -> String {
    let words = PERIODS.iter().find(|(period, _)| *period == budget.period).map_or("", |(_, words)| words);
    format!("{} {words}", dollars(budget.limit))
}

/// Whether calls are refused, or soon will be.
fn state(standard: &Standard) -> Markup {
    let (budget, spent) = (standard.budget(), standard.standing.spent);
    let told = budget.soft_percents.iter().rev().find(|part| percent(spent, budget.limit) >= f64::from(**part));
    html! {
        @if spent >= budget.limit { (badge("red", Icon::Stop, "Spent: calls are refused")) }
        @else if let Some(part) = told { (badge("amber", Icon::Warning, &format!("More than {part} % spent"))) }
    }
}

/// What part of a budget an amount is; all, of a budget of nothing.
fn percent(amount: Nanos, limit: Nanos) -> f64 {
    if limit.0 <= 0 {
        return 100.0;
    }
    // A hundredth of a per cent is finer than any screen.
    let hundredths = i128::from(amount.0.max(0)) * 10_000 / i128::from(limit.0);
    f64::from(u16::try_from(hundredths.min(10_000)).unwrap_or(10_000)) / 100.0
}

/// What is spent and held, with a mark at each part that is told.
fn bar(standard: &Standard) -> Markup {
    let (budget, standing) = (standard.budget(), standard.standing);
    let spent = percent(standing.spent, budget.limit);
    let held = percent(standing.held, budget.limit).min(100.0 - spent);
    let is_late = budget.soft_percents.last().is_some_and(|part| spent >= f64::from(*part));
    let colour = if spent >= 100.0 {
        "amount red"
    } else if is_late {
        "amount amber"
    } else {
        "amount"
    };
    let words = format!("{} of {} spent", dollars(standing.spent), dollars(budget.limit));
    html! {
        svg.budget-bar viewBox="0 0 100 6" preserveAspectRatio="none" role="img" aria-label=(words) {
            rect.ground width="100" height="6" {}
            rect class=(colour) width=(spent) height="6" {}
            @if held > 0.0 { rect.held x=(spent) width=(held) height="6" {} }
            @for part in &budget.soft_percents { line.part x1=(part) x2=(part) y1="0" y2="6" {} }
        }
    }
}

/// What of a budget is spent, as a thin bar with one line of words.
pub(crate) fn thin(standard: &Standard) -> Markup {
    let budget = standard.budget();
    html! {
        div.spent {
            (bar(standard))
            span.small { (dollars(standard.standing.spent)) " of " (dollars(budget.limit)) " spent, " (budget.period.adjective()) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_never_more_than_all() {
        for (amount, limit, expected) in
            [(0, 5, 0.0), (1, 4, 25.0), (5, 5, 100.0), (9, 5, 100.0), (0, 0, 100.0), (i64::MAX, i64::MAX, 100.0)]
        {
            assert!((percent(Nanos(amount), Nanos(limit)) - expected).abs() < f64::EPSILON, "{amount} of {limit}");
        }
    }
}
