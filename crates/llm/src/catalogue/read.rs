//! The catalogue's file format, and how its prices become whole nano-dollars.

use domain::model::{Capabilities, ModelFacts, ModelKind, ModelStatus, Restrictions, Sampling, Thinking};
use domain::money::{LongContext, Rates};
use domain::provider::{ProviderKind, WireName};
use domain::{Nanos, Price, ProviderId, Timestamp};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{Catalogue, PriceChange};

#[derive(Deserialize)]
struct File<'a> {
    as_of: String,
    #[serde(borrow)]
    models: Vec<Entry<'a>>,
}

#[derive(Deserialize)]
struct Entry<'a> {
    id: String,
    provider: ProviderId,
    #[serde(default)]
    aliases: Vec<String>,
    display_name: String,
    kind: ModelKind,
    status: ModelStatus,
    #[serde(default)]
    recommended: bool,
    context_window: Option<u64>,
    max_output_tokens: Option<u64>,
    #[serde(default)]
    capabilities: Capabilities,
    #[serde(default)]
    wires: Vec<String>,
    #[serde(default)]
    restrictions: Refusals,
    #[serde(borrow)]
    price: Option<Figures<'a>>,
    /// A [`Threshold`] and [`Figures`] in one object.
    #[serde(borrow)]
    long_context_price: Option<&'a RawValue>,
    /// A [`Start`] and [`Figures`] in one object.
    #[serde(borrow, default)]
    price_changes: Vec<&'a RawValue>,
    deprecation_date: Option<String>,
    replacement: Option<String>,
}

/// What the file says of a model's restrictions.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Refusals {
    sampling_params: Sampling,
    thinking: Option<String>,
    forced_tool_choice: Option<String>,
    assistant_prefill: Option<String>,
    reasoning_effort_levels: Vec<String>,
    reasoning_effort_flags: Option<EffortFlags>,
    default_reasoning_effort: Option<String>,
    default_effort: Option<String>,
}

/// Which efforts beside low, medium and high are taken.
#[derive(Deserialize)]
struct EffortFlags {
    #[serde(default)]
    none: bool,
    #[serde(default)]
    minimal: bool,
    #[serde(default = "is_taken")]
    low: bool,
    #[serde(default)]
    xhigh: bool,
    #[serde(default)]
    max: bool,
}

const fn is_taken() -> bool {
    true
}

impl EffortFlags {
    fn levels(&self) -> Vec<String> {
        let levels = [
            ("none", self.none),
            ("minimal", self.minimal),
            ("low", self.low),
            ("medium", true),
            ("high", true),
            ("xhigh", self.xhigh),
            ("max", self.max),
        ];
        levels.into_iter().filter(|(_, is_taken)| *is_taken).map(|(name, _)| name.to_owned()).collect()
    }
}

impl Refusals {
    fn read(self) -> Restrictions {
        let is_refused = |word: Option<String>| word.as_deref() == Some("rejected");
        Restrictions {
            sampling: self.sampling_params,
            thinking: match self.thinking.as_deref() {
                Some("adaptive") => Thinking::Adaptive,
                Some(always) if always.starts_with("always") => Thinking::AlwaysAdaptive,
                _ => Thinking::Budget,
            },
            refuses_forced_tools: is_refused(self.forced_tool_choice),
            refuses_prefill: is_refused(self.assistant_prefill),
            efforts: match self.reasoning_effort_flags {
                Some(flags) => flags.levels(),
                None => self.reasoning_effort_levels,
            },
            default_effort: self.default_reasoning_effort.or(self.default_effort),
        }
    }
}

/// Dollars per million tokens, as the digits in the file.
#[derive(Deserialize)]
struct Figures<'a> {
    #[serde(borrow)]
    input: Option<&'a RawValue>,
    #[serde(borrow)]
    output: Option<&'a RawValue>,
    #[serde(borrow)]
    cached_input: Option<&'a RawValue>,
    #[serde(borrow)]
    cache_write: Option<&'a RawValue>,
    #[serde(borrow)]
    cache_write_1h: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Threshold {
    threshold_tokens: u64,
}

#[derive(Deserialize)]
struct Start {
    from: String,
}

/// Reads the whole file.
pub(super) fn catalogue(text: &str) -> Result<Catalogue, String> {
    let file: File<'_> = serde_json::from_str(text).map_err(|error| {
        format!("the catalogue is not in the expected format (line {}, column {})", error.line(), error.column())
    })?;
    let mut catalogue = Catalogue { as_of: file.as_of, ..Catalogue::default() };
    for entry in file.models {
        let id = entry.id.clone();
        add(&mut catalogue, entry).map_err(|problem| format!("{id}: {problem}"))?;
    }
    Ok(catalogue)
}

fn add(catalogue: &mut Catalogue, entry: Entry<'_>) -> Result<(), String> {
    let price = price_of(&entry)?;
    let mut changes = Vec::new();
    let mut current = price;
    for raw in &entry.price_changes {
        let change = change_of(raw, current)?;
        current = Some(change.price);
        changes.push(change);
    }
    if !changes.is_sorted_by_key(|change| change.from) {
        return Err("price_changes are not in the order of their dates".to_owned());
    }
    let facts = ModelFacts {
        provider: entry.provider,
        id: entry.id,
        aliases: entry.aliases,
        display_name: entry.display_name,
        kind: entry.kind,
        status: entry.status,
        is_recommended: entry.recommended,
        context_window: entry.context_window,
        max_output_tokens: entry.max_output_tokens,
        capabilities: entry.capabilities,
        // Formats that this version does not speak are nothing to choose from.
        wires: entry.wires.iter().filter_map(|wire| wire.parse::<WireName>().ok()).collect(),
        restrictions: entry.restrictions.read(),
        price,
        deprecation_date: entry.deprecation_date,
        replacement: entry.replacement,
    };
    catalogue.add(facts, changes)
}

fn price_of(entry: &Entry<'_>) -> Result<Option<Price>, String> {
    if entry.provider.facts().kind == ProviderKind::Local {
        return Ok(Some(Price::FREE));
    }
    let Some(figures) = &entry.price else { return Ok(None) };
    let Some(rates) = figures.rates(None)? else { return Ok(None) };
    let long_context = match entry.long_context_price {
        None => None,
        Some(raw) => {
            let threshold: Threshold = part(raw)?;
            let figures: Figures<'_> = part(raw)?;
            let rates = figures.rates(None)?.ok_or("long_context_price lacks input or output")?;
            Some(LongContext { threshold_tokens: threshold.threshold_tokens, rates })
        }
    };
    Ok(Some(Price { rates, long_context }))
}

/// A change names only what changes; the rest stays as it was before it.
fn change_of(raw: &RawValue, before: Option<Price>) -> Result<PriceChange, String> {
    let start: Start = part(raw)?;
    let from = Timestamp::parse(&start.from).ok_or("price_changes.from is no date")?;
    let figures: Figures<'_> = part(raw)?;
    let rates = figures.rates(before.map(|price| price.rates))?.ok_or("price_changes lack input or output")?;
    Ok(PriceChange { from, price: Price { rates, long_context: before.and_then(|price| price.long_context) } })
}

fn part<'a, T: Deserialize<'a>>(raw: &'a RawValue) -> Result<T, String> {
    serde_json::from_str(raw.get()).map_err(|_| format!("unreadable: {}", raw.get()))
}

impl Figures<'_> {
    /// The rates; what is missing is taken from `before`. `None` when input or
    /// output is unknown, because half a price would bill half.
    fn rates(&self, before: Option<Rates>) -> Result<Option<Rates>, String> {
        let input = nanos(self.input)?.or(before.map(|rates| rates.input_nanos));
        let output = nanos(self.output)?.or(before.map(|rates| rates.output_nanos));
        let (Some(input_nanos), Some(output_nanos)) = (input, output) else { return Ok(None) };
        let cached_input_nanos = nanos(self.cached_input)?.or(before.and_then(|rates| rates.cached_input_nanos));
        let cache_write_nanos = nanos(self.cache_write)?.or(before.and_then(|rates| rates.cache_write_nanos));
        let cache_write_hour_nanos =
            nanos(self.cache_write_1h)?.or(before.and_then(|rates| rates.cache_write_hour_nanos));
        Ok(Some(Rates { input_nanos, output_nanos, cached_input_nanos, cache_write_nanos, cache_write_hour_nanos }))
    }
}

fn nanos(figure: Option<&RawValue>) -> Result<Option<i64>, String> {
    let Some(figure) = figure else { return Ok(None) };
    match Nanos::parse_usd(figure.get()) {
        Some(Nanos(nanos)) if nanos >= 0 => Ok(Some(nanos)),
        _ => Err(format!("{} is not a price in whole nano-dollars", figure.get())),
    }
}
