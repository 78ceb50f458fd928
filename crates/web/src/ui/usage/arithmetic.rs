//! How the cost of an attempt comes about: `20 tok × $1.10/1M + … = $0.000022`.

use domain::Nanos;
use domain::attempt::AttemptState;
use domain::money::{Billed, Price, Term};
use domain::usage::{TokenCounts, UsageSource};
use maud::{Markup, html};
use store::usage::Attempt;

use super::calls::asides;
use super::words::{dollars, grouped, rate};

/// The sum, where the reader may know what the provider bills.
pub(super) fn arithmetic(attempt: &Attempt, may_see_all: bool) -> Markup {
    if attempt.state == AttemptState::Dispatched {
        return html! { p.small { "It is under way: its cost is not known yet." } };
    }
    html! {
        @match (attempt.tokens, attempt.client_cost) {
            (_, Some(Nanos::ZERO)) if attempt.tokens.is_none() => { p.small { "Nothing was used, and nothing is billed." } }
            (None, None) => { p.small { "Nobody knows what it used, so its cost is " strong { "unknown" } ", not zero." } }
            (Some(tokens), None) => {
                p.small { (counts(&tokens)) " No price of this model is known, so the cost is " strong { "unknown" } ". " a href="/language-models" { "See the models' prices" } }
            }
            (tokens, Some(billed)) => (known(attempt, tokens, billed, may_see_all))
        }
        @if attempt.usage_source == Some(UsageSource::Estimated) {
            p.small { "The provider sent no counts: these are " strong { "estimated" } ", four characters a token." }
        }
    }
}

fn known(attempt: &Attempt, tokens: Option<TokenCounts>, billed: Nanos, may_see_all: bool) -> Markup {
    let provider_cost = attempt.provider_cost.filter(|_| may_see_all);
    let Some(cost) = provider_cost else {
        return html! { p.small { "Billed to you: " strong { (exact(billed)) } ". What the provider bills is told to the key's owner." } };
    };
    let price = attempt.start.price.zip(tokens).filter(|(price, tokens)| price.cost(tokens) == cost);
    let markup = attempt.start.markup_basis_points;
    html! {
        p.usage-sum {
            @match price {
                Some((price, tokens)) => { (terms(&price, &tokens)) " = " strong { (exact(cost)) } }
                // The row does not say which of them were for an hour.
                None if may_be_for_an_hour(attempt, tokens) => { "By the rates, some of it for an hour in the cache: " strong { (exact(cost)) } }
                None => { "The provider's own figure: " strong { (exact(cost)) } }
            }
            @if markup > 0 { "; with a mark-up of " (percent(markup)) " " strong { (exact(billed)) } " to you" }
        }
        @if let Some(tokens) = tokens { @let asides = asides(&tokens); @if !asides.is_empty() { p.small { "Of these: " (asides) "." } } }
    }
}

fn may_be_for_an_hour(attempt: &Attempt, tokens: Option<TokenCounts>) -> bool {
    let has_a_rate = attempt.start.price.is_some_and(|price| price.rates.cache_write_hour_nanos.is_some());
    has_a_rate && tokens.is_some_and(|tokens| tokens.cache_write > 0)
}

fn counts(tokens: &TokenCounts) -> String {
    format!("{} tokens in, {} out.", grouped(tokens.prompt), grouped(tokens.completion))
}

/// `20 tok × $1.10/1M + 5 cached × $0.55/1M`
fn terms(price: &Price, tokens: &TokenCounts) -> String {
    let terms = price.terms(tokens);
    let written: Vec<String> = terms.iter().filter(|term| term.tokens > 0).map(term).collect();
    if written.is_empty() { "no tokens".to_owned() } else { written.join(" + ") }
}

fn term(term: &Term) -> String {
    let what = match term.what {
        Billed::Input => "tok in",
        Billed::Cached => "cached",
        Billed::CacheWrite => "to the cache",
        Billed::CacheWriteHour => "to the cache for an hour",
        Billed::Output => "out",
    };
    format!("{} {what} × {}/1M", grouped(term.tokens), rate(term.nanos_per_million))
}

/// All nine decimals, where they say something.
fn exact(cost: Nanos) -> String {
    if cost.0 >= 1_000_000_000 { dollars(cost) } else { format!("${cost}") }
}

fn percent(basis_points: u32) -> String {
    let text = Nanos(i64::from(basis_points) * 10_000_000).to_string();
    format!("{text} %")
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::money::Rates;

    #[test]
    fn a_sum_names_each_rate_it_used() {
        let rates = Rates {
            input_nanos: 1_100_000_000,
            output_nanos: 4_400_000_000,
            cached_input_nanos: Some(550_000_000),
            ..Rates::default()
        };
        let price = Price { rates, long_context: None };
        let tokens = TokenCounts { prompt: 25, cached: 5, completion: 1_015, ..TokenCounts::default() };
        assert_eq!(terms(&price, &tokens), "20 tok in × $1.10/1M + 5 cached × $0.55/1M + 1,015 out × $4.40/1M");
        assert_eq!(exact(price.cost(&tokens)), "$0.00449075");
        assert_eq!((percent(500), percent(1_250)), ("5 %".to_owned(), "12.5 %".to_owned()));
    }
}
