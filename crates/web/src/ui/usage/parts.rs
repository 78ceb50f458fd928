//! The same calls by model, provider, key, source and token: as tables with
//! bars, and as what a filter may name.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use app::usage::Report;
use domain::ProviderId;
use domain::ids::{CredentialId, TokenId};
use maud::{Markup, html};
use store::ledger::CallSource;
use store::usage::{Combination, Kind, Largest, UsageFilter, UsageLine};

use super::asked::{Asked, By, Measure};
use super::words::{compact, counted, dollars};
use crate::api::usage::view::Names;
use crate::ui::view::tile;

/// The lines of a table that are shown at once.
const SHOWN: usize = 6;

/// All calls with one model, at one provider, by one key, from one source or
/// with one token.
pub(super) struct Part {
    /// As reports by day name it.
    pub(super) key: String,
    /// As the address names it.
    pub(super) value: String,
    pub(super) provider: Option<ProviderId>,
    pub(super) name: String,
    /// What stands out about it.
    pub(super) note: Option<String>,
    /// How many it stands for: more than one where they are not told apart.
    pub(super) count: usize,
    pub(super) sums: UsageLine,
}

/// How much of a measure a line is.
pub(super) fn amount(measure: Measure, sums: &UsageLine) -> i64 {
    match measure {
        Measure::Spend => sums.client_cost.0,
        Measure::Tokens => i64::try_from(sums.tokens.prompt.saturating_add(sums.tokens.completion)).unwrap_or(i64::MAX),
        Measure::Requests => sums.requests,
    }
}

/// An amount in words.
pub(super) fn written(measure: Measure, amount: i64) -> String {
    match measure {
        Measure::Spend => dollars(domain::Nanos(amount)),
        Measure::Tokens | Measure::Requests => compact(amount.unsigned_abs()),
    }
}

/// Calls of one kind: as far as a report tells them apart.
pub(super) struct Slice {
    provider: ProviderId,
    model: String,
    source: CallSource,
    credential: Option<CredentialId>,
    token: Option<TokenId>,
    pub(super) sums: UsageLine,
}

impl From<Combination> for Slice {
    fn from(of: Combination) -> Self {
        let Combination { provider, model, credential, source, token, sums } = of;
        Self { provider, model, source, credential: Some(credential), token, sums }
    }
}

impl From<Kind> for Slice {
    fn from(of: Kind) -> Self {
        let Kind { provider, model, source, sums } = of;
        Self { provider, model, source, credential: None, token: None, sums }
    }
}

impl Slice {
    /// Whether it passes what the address asks for, as far as it is told apart;
    /// what is not, the reading left out.
    pub(super) fn passes(&self, filter: &UsageFilter) -> bool {
        filter.provider.is_none_or(|provider| provider == self.provider)
            && filter.model.as_ref().is_none_or(|model| *model == self.model)
            && filter.credential.is_none_or(|key| self.credential.is_none_or(|own| own == key))
            && filter.source.is_none_or(|source| source == self.source)
            && filter.token.is_none_or(|token| self.credential.is_none() || self.token == Some(token))
    }

    pub(super) const fn key(&self) -> Option<CredentialId> {
        self.credential
    }
}

/// The parts of a report that is grouped by people, teams or organizations, the
/// largest first, and the others last.
pub(super) fn people(many: &Largest, by: By, names: &Names) -> Vec<Part> {
    let told = many.lines.iter().map(|line| {
        let name = match by {
            By::Key => line.key.parse().ok().map(|id| key_name(names, id)),
            _ => names.of_key(by.group(), &line.key).map(str::to_owned),
        };
        let name = name.unwrap_or_else(|| nameless(by, &line.key).to_owned());
        let key = line.key.parse().ok().filter(|_| by == By::Key);
        let note = key.and_then(|id| names.key(id)).and_then(|label| label.unusual.clone());
        let sums = line.clone();
        Part { key: line.key.clone(), value: line.key.clone(), provider: None, name, note, count: 1, sums }
    });
    let others = many.others.iter().map(|(count, sums)| Part {
        key: OTHERS.to_owned(),
        value: String::new(),
        provider: None,
        name: counted(*count, "other", "others"),
        note: None,
        count: usize::try_from(*count).unwrap_or(usize::MAX),
        sums: sums.clone(),
    });
    told.chain(others).collect()
}

/// No id, so that no line of a day is theirs.
const OTHERS: &str = "others";

/// What has no name, or none that may be said.
fn nameless(by: By, key: &str) -> &'static str {
    match (by, key.is_empty()) {
        (By::Token, true) => "Without a token",
        (By::Team, true) => "Outside of teams",
        (By::Organization, true) => "Outside of organizations",
        (By::Token, false) => "A token",
        (By::Team, false) => "A team",
        (By::Organization, false) => "An organization",
        _ => "Somebody",
    }
}

/// The parts of some calls, the largest first.
pub(super) fn parts<'c>(
    calls: impl IntoIterator<Item = &'c Slice>,
    by: By,
    measure: Measure,
    names: &Names,
) -> Vec<Part> {
    let mut parts: BTreeMap<String, Part> = BTreeMap::new();
    for call in calls {
        let part = empty_part(call, by, names);
        parts.entry(part.key.clone()).or_insert(part).sums.add(&call.sums);
    }
    let mut parts: Vec<Part> = parts.into_values().collect();
    parts.sort_by_key(|part| Reverse((amount(measure, &part.sums), part.sums.requests, part.sums.attempts)));
    parts
}

fn empty_part(call: &Slice, by: By, names: &Names) -> Part {
    let (key, value, name) = match by {
        By::Model => (format!("{}/{}", call.provider, call.model), call.model.clone(), call.model.clone()),
        By::Provider => {
            let id = call.provider.as_str().to_owned();
            (id.clone(), id, call.provider.display_name().to_owned())
        }
        By::Key => {
            let id = call.credential.map(|id| id.to_string()).unwrap_or_default();
            (id.clone(), id, call.credential.map_or_else(String::new, |id| key_name(names, id)))
        }
        By::Source => {
            let id = call.source.as_str().to_owned();
            (id.clone(), id, source_name(call.source).to_owned())
        }
        By::Token => match call.token {
            None => (String::new(), String::new(), "Without a token".to_owned()),
            Some(id) => (id.to_string(), id.to_string(), names.token(id).unwrap_or("A token").to_owned()),
        },
        By::Team | By::Organization | By::User => (String::new(), String::new(), nameless(by, "").to_owned()),
    };
    let provider = matches!(by, By::Model | By::Provider | By::Key).then_some(call.provider);
    let label = call.credential.filter(|_| by == By::Key).and_then(|id| names.key(id));
    let note = label.and_then(|label| label.unusual.clone());
    Part { key, value, provider, name, note, count: 1, sums: UsageLine::default() }
}

/// `“work” (…b123)`, and whether it is gone.
pub(super) fn key_name(names: &Names, id: CredentialId) -> String {
    let Some(label) = names.key(id) else { return "A key that is not yours".to_owned() };
    let tail: Vec<char> = label.masked.chars().rev().take(4).collect();
    let tail: String = tail.into_iter().rev().collect();
    let name = if tail.chars().count() == 4 && !tail.contains('…') {
        format!("{} (…{tail})", label.name)
    } else {
        label.name.clone()
    };
    if label.is_deleted { format!("{name}, deleted") } else { name }
}

/// Where calls come from, in words.
pub(super) const fn source_name(source: CallSource) -> &'static str {
    match source {
        CallSource::Chat => "Chat",
        CallSource::Playground => "Playground",
        CallSource::Api => "API",
    }
}

/// A table with bars; each line leads to its calls.
pub(super) fn table(asked: &Asked, report: &Report, by: By, parts: &[Part]) -> Markup {
    let one = parts.iter().filter(|part| part.count == 1);
    let most = one.map(|part| amount(asked.measure, &part.sums)).max().unwrap_or(0);
    let (first, rest) = parts.split_at(parts.len().min(SHOWN));
    html! {
        section.card.usage-part aria-labelledby={ "by-" (by) } {
            h2 id={ "by-" (by) } { (by.title()) }
            (lines(asked, report, by, first, most))
            @if !rest.is_empty() {
                details {
                    summary { (counted(rest.iter().map(|part| part.count as i64).sum(), "more", "more")) }
                    (lines(asked, report, by, rest, most))
                }
            }
        }
    }
}

fn lines(asked: &Asked, report: &Report, by: By, parts: &[Part], most: i64) -> Markup {
    html! {
        div.scroll {
            table {
                thead { tr { th { (by.title()) } th.num { "Requests" } th.num { "Tokens" }
                    @if asked.shows_money() { th.num { "Provider cost" } th.num { "Client cost" } th.num { "Profit" } }
                    @else { th.num { "Spend" } }
                } }
                tbody { @for part in parts { (line(asked, report, by, part, most)) } }
            }
        }
    }
}

fn line(asked: &Asked, report: &Report, by: By, part: &Part, most: i64) -> Markup {
    let sums = &part.sums;
    html! {
        tr {
            td.usage-name {
                span.row {
                    @if let Some(provider) = part.provider { (little_tile(provider)) }
                    @if part.value.is_empty() { (part.name) } @else {
                        a href={ (asked.link(|query| narrow(query, by, part))) "#calls" } { (part.name) }
                    }
                    @if let Some(note) = &part.note { span.chip { (note) } }
                    @if sums.failed > 0 { span.small { (counted(sums.failed, "failed call", "failed calls")) } }
                }
                @if part.count == 1 { (bar(amount(asked.measure, sums), most)) }
            }
            td.num { (compact(sums.requests.unsigned_abs())) }
            td.num { (compact(sums.tokens.prompt.saturating_add(sums.tokens.completion))) }
            @let money = report.money(sums);
            @if asked.shows_money() { td.num { (known(money.provider_cost)) } }
            td.num {
                @if sums.unknown > 0 && sums.client_cost == domain::Nanos::ZERO { span.soft { "unknown" } }
                @else {
                    (dollars(sums.client_cost))
                    @if sums.unknown > 0 { br; span.small { "+ " (compact(sums.unknown.unsigned_abs())) " unknown" } }
                }
            }
            @if asked.shows_money() { td.num { (known(money.profit)) } }
        }
    }
}

/// An amount, where the reader may know it.
pub(super) fn known(amount: Option<domain::Nanos>) -> Markup {
    html! { @match amount { Some(amount) => { (dollars(amount)) } None => { span.soft title="Told to whoever owns the keys." { "–" } } } }
}

fn narrow(query: &mut super::asked::Query, by: By, part: &Part) {
    query.narrow(by, &part.value);
    if let (By::Model, Some(provider)) = (by, part.provider) {
        provider.as_str().clone_into(&mut query.provider);
    }
}

/// How long something is beside the longest. The figures beside it say it too.
fn bar(amount: i64, most: i64) -> Markup {
    let width = if most > 0 { amount.max(0) as f64 / most as f64 * 100.0 } else { 0.0 };
    html! {
        svg.usage-bar viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true" {
            rect.s1 width=(format!("{width:.2}")) height="4" {}
        }
    }
}

/// A provider's mark, small.
pub(super) fn little_tile(provider: ProviderId) -> Markup {
    html! { span.usage-tile title=(provider.display_name()) { (tile(provider)) } }
}
