//! Whose key would pay now for what an alias stands for, and why no other.

use app::resolving::{Explained, ExplainedPlace};
use domain::resolve::{Outcome, Verdict, Why};
use maud::{Markup, html};

use crate::ui::keys::scope_word;
use crate::ui::view::{Icon, badge, clock_time, icon, tile};

/// What happens to a call now.
pub(super) fn now(explained: Option<&Explained>) -> Markup {
    html! {
        section.card aria-labelledby="now-title" {
            h2 #now-title { "What a call of yours reaches now" }
            @match explained {
                Some(explained) => {
                    @if let Some(first) = explained.first().filter(|one| is_open(one)) {
                        p { (icon(Icon::Check)) " " code { (first.place.upstream_id) } " at " (first.place.provider.display_name()) @if let Some(key) = payer(first) { ", paid by “" bdi { (key.name) } "”" } "." }
                    } @else {
                        p { (icon(Icon::Warning)) " Nothing: no key opens any of its models." }
                    }
                    ol.ladder { @for place in &explained.places { li { (self::place(place)) } } }
                    p.small { "Policy: " (explained.policy) ". Team tokens never use anybody's own keys." }
                }
                None => { p.soft { "That cannot be said now." } }
            }
        }
    }
}

fn is_open(place: &ExplainedPlace) -> bool {
    matches!(place.resolution.outcome, Outcome::Use(_))
}

fn payer(place: &ExplainedPlace) -> Option<&Verdict> {
    place.resolution.verdicts.iter().find(|verdict| verdict.why.is_none())
}

fn place(explained: &ExplainedPlace) -> Markup {
    html! {
        div.row { (tile(explained.place.provider)) code.grow { (explained.place.upstream_id) }
            @if is_open(explained) { (badge("green", Icon::Check, "Open")) } @else { (badge("grey", Icon::Lock, "No key")) } }
        @if !explained.resolution.verdicts.is_empty() {
            ul.verdicts { @for verdict in explained.resolution.verdicts.iter().take(8) { li.small { (judged(verdict)) } } }
        }
    }
}

fn judged(verdict: &Verdict) -> Markup {
    html! {
        bdi { (verdict.name) } " · " (scope_word(verdict.scope)) ": "
        @match (verdict.why, verdict.cooling_until) {
            (None, _) => strong { "pays" },
            (Some(Why::CoolingDown), Some(until)) => { "rate limited until " time datetime=(until) data-clock { (clock_time(until)) " UTC" } }
            (Some(why), _) => { (words(why)) }
        }
    }
}

const fn words(why: Why) -> &'static str {
    match why {
        Why::Inactive => "inactive",
        Why::Expired => "expired",
        Why::ForbiddenByPolicy => "the rules do not let it pay",
        Why::DoesNotServeModel => "does not serve this model",
        Why::ModelNotListed => "its provider does not list this model for it",
        Why::Invalid => "refused by its provider",
        Why::Undecryptable => "does not open under the master keys",
        Why::CoolingDown => "at its rate limit",
        Why::OtherOrigin => "of another endpoint than the first",
        Why::NearerScopeDecides => "a nearer key goes before it",
        Why::Standby => "steps in when those before it fail",
        Why::NotPinned => "another key was named",
    }
}
