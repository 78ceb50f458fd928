//! Bars by day, drawn on the server, and the same as a table.

use app::usage::Whose;
use maud::{Markup, html};
use store::usage::Bar;

use super::asked::{Asked, By, Measure};
use super::parts::{Part, amount, written};
use super::words::{grouped, short_day};

/// The parts that have a colour of their own.
const COLOURS: usize = 5;

/// A part of every bar.
struct Series {
    name: String,
    class: &'static str,
    /// One for each day.
    amounts: Vec<i64>,
}

const CLASSES: [&str; COLOURS + 1] = ["s1", "s2", "s3", "s4", "s5", "s6"];

/// The chart of what `daily` says, split as its parts are.
pub(super) fn chart(asked: &Asked, parts: &[Part], daily: &[Bar]) -> Markup {
    let series = series(asked, parts, daily);
    let sums: Vec<i64> =
        (0..asked.days.len()).map(|day| series.iter().map(|series| series.amounts[day]).sum()).collect();
    html! {
        section.card.usage-chart aria-labelledby="by-day" {
            div.row.spread {
                h2 id="by-day" { (title(asked.measure)) " by day" }
                div.row { (measures(asked)) (splits(asked)) }
            }
            @if series.is_empty() {
                p.usage-flat { (nothing(asked.measure)) }
            } @else {
                (plot(asked, &series, &sums))
            }
        }
    }
}

fn plot(asked: &Asked, series: &[Series], sums: &[i64]) -> Markup {
    let top = nice(sums.iter().copied().max().unwrap_or(0));
    html! {
        div.usage-plot {
            div.usage-scale aria-hidden="true" {
                span { (written(asked.measure, top)) } span { @if top > 1 { (written(asked.measure, top / 2)) } } span { "0" }
            }
            (drawn(asked, series, sums, top))
            (axis(&asked.days))
        }
        ul.legend {
            @for series in series {
                li { svg viewBox="0 0 12 12" aria-hidden="true" { rect class=(series.class) width="12" height="12" rx="3" {} } (series.name) }
            }
        }
        details.usage-table { summary { "The same as a table" } (table(asked, series, sums)) }
    }
}

/// Where no bar has a height.
const fn nothing(measure: Measure) -> &'static str {
    match measure {
        Measure::Spend => "These calls cost nothing that is known. Choose tokens or requests to see them by day.",
        Measure::Tokens => "No call in these days has a number of tokens that is known.",
        Measure::Requests => "No call was made in these days.",
    }
}

const fn title(measure: Measure) -> &'static str {
    match measure {
        Measure::Spend => "Spend",
        Measure::Tokens => "Tokens",
        Measure::Requests => "Requests",
    }
}

fn measures(asked: &Asked) -> Markup {
    html! {
        nav.usage-choice aria-label="What bars measure" {
            @for measure in Measure::ALL {
                a href=(asked.link(|query| measure.as_str().clone_into(&mut query.measure)))
                    aria-current=[(*measure == asked.measure).then_some("true")] { (title(*measure)) }
            }
        }
    }
}

fn splits(asked: &Asked) -> Markup {
    html! {
        nav.usage-choice aria-label="What bars are split by" {
            @for by in splits_of(asked) {
                a href=(asked.link(|query| by.as_str().clone_into(&mut query.by)))
                    aria-current=[(by == asked.by).then_some("true")] { (if by == By::Token { "Token" } else { by.title() }) }
            }
        }
    }
}

/// One's own calls are of one person, in few teams.
fn splits_of(asked: &Asked) -> Vec<By> {
    let is_own = asked.whose == Whose::Own;
    let is_group = |by: &By| matches!(by, By::User | By::Team | By::Organization);
    let is_one = |by: &By| *by == By::Organization && !matches!(asked.whose, Whose::Everybody);
    By::ALL.iter().copied().filter(|by| !(is_one(by) || is_own && is_group(by))).collect()
}

/// The largest parts, and the others together.
fn series(asked: &Asked, parts: &[Part], daily: &[Bar]) -> Vec<Series> {
    let shown: Vec<&Part> = parts.iter().filter(|part| amount(asked.measure, &part.sums) > 0).collect();
    // The last colour is one part's where that is all that is left.
    let named = if shown.len() == CLASSES.len() { CLASSES.len() } else { COLOURS };
    let mut series: Vec<Series> = shown
        .iter()
        .take(named)
        .zip(CLASSES)
        .map(|(part, class)| Series { name: part.name.clone(), class, amounts: vec![0; asked.days.len()] })
        .collect();
    if shown.len() > named {
        let others: usize = shown.iter().skip(COLOURS).map(|part| part.count).sum();
        let name = format!("{} others", grouped(others as u64));
        series.push(Series { name, class: CLASSES[COLOURS], amounts: vec![0; asked.days.len()] });
    }
    for bar in daily {
        let day = asked.days.binary_search(&bar.day).ok();
        let at = shown.iter().position(|part| part.key == bar.key);
        if let (Some(day), Some(at)) = (day, at)
            && let Some(series) = series.get_mut(at.min(COLOURS))
        {
            series.amounts[day] = series.amounts[day].saturating_add(bar.amount);
        }
    }
    series
}

/// The next of 1, 2, 5, 10, …: where the scale ends.
fn nice(most: i64) -> i64 {
    let mut step = 1_i64;
    loop {
        for factor in [1, 2, 5] {
            let end = step.saturating_mul(factor);
            if end >= most {
                return end;
            }
        }
        step = step.saturating_mul(10);
    }
}

/// A screen reader has the table; links lead to a day's calls.
fn drawn(asked: &Asked, series: &[Series], sums: &[i64], top: i64) -> Markup {
    let width = asked.days.len() * 10;
    html! {
        svg.chart.usage-bars viewBox={ "0 0 " (width) " 100" } preserveAspectRatio="none" aria-hidden="true" {
            @for y in ["0.5", "50", "99.5"] { line.grid x1="0" x2=(width) y1=(y) y2=(y) {} }
            @for (day, date) in asked.days.iter().enumerate() {
                a href={ (asked.link(|query| only_day(query, date))) "#calls" } tabindex="-1" {
                    title { (told(asked.measure, date, series, day, sums[day])) }
                    rect.usage-day x=(day * 10) y="0" width="10" height="100" {}
                    @for (class, y, height) in stack(series, day, top) {
                        rect class=(class) x=(day * 10 + 1) width="8" y=(y) height=(height) {}
                    }
                }
            }
        }
    }
}

/// The pieces of a day's bar: colour, upper edge, height.
fn stack(series: &[Series], day: usize, top: i64) -> Vec<(&'static str, String, String)> {
    let mut edge = 100.0;
    let mut pieces = Vec::new();
    for series in series.iter().filter(|series| series.amounts[day] > 0) {
        let height = series.amounts[day] as f64 / top as f64 * 100.0;
        edge -= height;
        pieces.push((series.class, format!("{edge:.2}"), format!("{height:.2}")));
    }
    pieces
}

fn only_day(query: &mut super::asked::Query, date: &str) {
    "custom".clone_into(&mut query.range);
    date.clone_into(&mut query.from);
    date.clone_into(&mut query.to);
}

fn told(measure: Measure, date: &str, series: &[Series], day: usize, sum: i64) -> String {
    let mut text = format!("{}: {}", short_day(date), written(measure, sum));
    for series in series.iter().filter(|series| series.amounts[day] > 0) {
        text.push_str(&format!("\n{}: {}", series.name, written(measure, series.amounts[day])));
    }
    text
}

/// A few days below the bars.
fn axis(days: &[String]) -> Markup {
    let last = days.len().saturating_sub(1);
    let mut shown =
        if last < 4 { (0..=last).collect::<Vec<_>>() } else { vec![0, last / 4, last / 2, last * 3 / 4, last] };
    shown.dedup();
    html! {
        div.usage-axis aria-hidden="true" { @for at in shown { @if let Some(day) = days.get(at) { span { (short_day(day)) } } } }
    }
}

fn table(asked: &Asked, series: &[Series], sums: &[i64]) -> Markup {
    html! {
        div.scroll tabindex="0" role="region" aria-label={ (title(asked.measure)) " by day" } {
            table {
                thead { tr { th { "Day" } th.num { "All" } @for series in series { th.num { (series.name) } } } }
                tbody {
                    @for (day, date) in asked.days.iter().enumerate().rev().filter(|(day, _)| sums[*day] > 0) {
                        tr {
                            td.nowrap { a href={ (asked.link(|query| only_day(query, date))) "#calls" } { (date) } }
                            td.num { (written(asked.measure, sums[day])) }
                            @for series in series { td.num { (written(asked.measure, series.amounts[day])) } }
                        }
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
    fn a_scale_ends_at_a_round_figure() {
        for (most, end) in [(0, 1), (1, 1), (3, 5), (7, 10), (11, 20), (499, 500), (i64::MAX, i64::MAX)] {
            assert_eq!(nice(most), end, "{most}");
        }
    }
}
