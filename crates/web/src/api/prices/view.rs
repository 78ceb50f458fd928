//! Prices as JSON: dollars per million tokens, written from whole nano-dollars.

use app::error::Error;
use app::prices::{History, PriceLine, PriceOrigin};
use domain::money::{LongContext, Rates};
use domain::price_book::{PriceEntry, Standing};
use domain::{Nanos, Price, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Number;
use utoipa::ToSchema;

/// What a model costs, in dollars per million tokens, as it is sent.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PriceBody {
    /// Fresh prompt tokens.
    #[schema(value_type = f64, minimum = 0, maximum = 1_000_000)]
    input_token_price: Number,
    /// Generated tokens, reasoning included.
    #[schema(value_type = f64, minimum = 0, maximum = 1_000_000)]
    output_token_price: Number,
    /// Read from the provider's cache; absent: as input.
    #[schema(value_type = Option<f64>, minimum = 0, maximum = 1_000_000)]
    cached_input_token_price: Option<Number>,
    /// Written to it; absent: as input.
    #[schema(value_type = Option<f64>, minimum = 0, maximum = 1_000_000)]
    cache_write_token_price: Option<Number>,
    /// Written to it for an hour; absent: as for five minutes.
    #[schema(value_type = Option<f64>, minimum = 0, maximum = 1_000_000)]
    cache_write_1h_token_price: Option<Number>,
    /// What whole requests cost whose prompt is longer than a threshold.
    #[serde(default, deserialize_with = "crate::body::object")]
    long_context: Option<LongBody>,
}

/// Rates for long prompts, as they are sent.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct LongBody {
    /// The longest prompt, in tokens, that still pays the ordinary rates.
    #[schema(minimum = 1, maximum = 1_000_000_000)]
    threshold_tokens: u64,
    #[schema(value_type = f64, minimum = 0, maximum = 1_000_000)]
    input_token_price: Number,
    #[schema(value_type = f64, minimum = 0, maximum = 1_000_000)]
    output_token_price: Number,
    #[schema(value_type = Option<f64>, minimum = 0, maximum = 1_000_000)]
    cached_input_token_price: Option<Number>,
    #[schema(value_type = Option<f64>, minimum = 0, maximum = 1_000_000)]
    cache_write_token_price: Option<Number>,
    #[schema(value_type = Option<f64>, minimum = 0, maximum = 1_000_000)]
    cache_write_1h_token_price: Option<Number>,
}

impl PriceBody {
    pub(super) fn read(&self) -> Result<Price, Error> {
        let rates = rates(
            [&self.input_token_price, &self.output_token_price],
            [&self.cached_input_token_price, &self.cache_write_token_price, &self.cache_write_1h_token_price],
        )?;
        let long = |long: &LongBody| {
            let rates = self::rates(
                [&long.input_token_price, &long.output_token_price],
                [&long.cached_input_token_price, &long.cache_write_token_price, &long.cache_write_1h_token_price],
            )?;
            Ok::<_, Error>(LongContext { threshold_tokens: long.threshold_tokens, rates })
        };
        Ok(Price { rates, long_context: self.long_context.as_ref().map(long).transpose()? })
    }
}

fn rates([input, output]: [&Number; 2], [cached, write, write_hour]: [&Option<Number>; 3]) -> Result<Rates, Error> {
    let maybe = |field, number: &Option<Number>| number.as_ref().map(|number| nanos(field, number)).transpose();
    Ok(Rates {
        input_nanos: nanos("input_token_price", input)?,
        output_nanos: nanos("output_token_price", output)?,
        cached_input_nanos: maybe("cached_input_token_price", cached)?,
        cache_write_nanos: maybe("cache_write_token_price", write)?,
        cache_write_hour_nanos: maybe("cache_write_1h_token_price", write_hour)?,
    })
}

fn nanos(field: &str, number: &Number) -> Result<i64, Error> {
    Nanos::parse_usd(&number.to_string()).map(|nanos| nanos.0).ok_or_else(|| {
        Error::invalid(field, "has more than nine decimals, or is too large; write dollars per million tokens")
    })
}

/// What a model costs, in dollars per million tokens.
#[derive(Serialize, ToSchema)]
pub(crate) struct PriceFigures {
    /// Fresh prompt tokens.
    #[schema(value_type = f64)]
    input_token_price: Nanos,
    /// Generated tokens, reasoning included.
    #[schema(value_type = f64)]
    output_token_price: Nanos,
    /// Read from the provider's cache; `null`: as input.
    #[schema(value_type = Option<f64>)]
    cached_input_token_price: Option<Nanos>,
    /// Written to it; `null`: as input.
    #[schema(value_type = Option<f64>)]
    cache_write_token_price: Option<Nanos>,
    /// Written to it for an hour; `null`: as for five minutes.
    #[schema(value_type = Option<f64>)]
    cache_write_1h_token_price: Option<Nanos>,
    /// What whole requests cost whose prompt is longer; `null`: the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    long_context: Option<LongFigures>,
}

/// Rates for long prompts.
#[derive(Serialize, ToSchema)]
struct LongFigures {
    /// The longest prompt, in tokens, that still pays the ordinary rates.
    threshold_tokens: u64,
    #[schema(value_type = f64)]
    input_token_price: Nanos,
    #[schema(value_type = f64)]
    output_token_price: Nanos,
    #[schema(value_type = Option<f64>)]
    cached_input_token_price: Option<Nanos>,
    #[schema(value_type = Option<f64>)]
    cache_write_token_price: Option<Nanos>,
    #[schema(value_type = Option<f64>)]
    cache_write_1h_token_price: Option<Nanos>,
}

impl From<Price> for PriceFigures {
    fn from(price: Price) -> Self {
        let rates = price.rates;
        let long = |LongContext { threshold_tokens, rates }| LongFigures {
            threshold_tokens,
            input_token_price: Nanos(rates.input_nanos),
            output_token_price: Nanos(rates.output_nanos),
            cached_input_token_price: rates.cached_input_nanos.map(Nanos),
            cache_write_token_price: rates.cache_write_nanos.map(Nanos),
            cache_write_1h_token_price: rates.cache_write_hour_nanos.map(Nanos),
        };
        Self {
            input_token_price: Nanos(rates.input_nanos),
            output_token_price: Nanos(rates.output_nanos),
            cached_input_token_price: rates.cached_input_nanos.map(Nanos),
            cache_write_token_price: rates.cache_write_nanos.map(Nanos),
            cache_write_1h_token_price: rates.cache_write_hour_nanos.map(Nanos),
            long_context: price.long_context.map(long),
        }
    }
}

/// A model and its price.
#[derive(Serialize, ToSchema)]
pub(crate) struct PriceView {
    /// The model's stable id.
    id: String,
    #[schema(pattern = "@provider")]
    provider: &'static str,
    /// The id under which its price is set.
    #[schema(pattern = "@text")]
    model: String,
    /// What people call it.
    display_name: String,
    context_window: Option<u64>,
    capabilities: Vec<&'static str>,
    /// Whether a key of yours opens it.
    is_active: bool,
    /// `null`: unpriced, which is not free.
    price: Option<PriceFigures>,
    /// Who says so; `null`: nobody.
    #[schema(pattern = "^(local|registered|manual|litellm|models_dev|catalogue|listed)$")]
    source: Option<&'static str>,
    /// Since when, where it was set on this server.
    #[schema(value_type = Option<String>, format = "date-time")]
    since: Option<Timestamp>,
    /// How many prices were ever set for it on this server.
    history_count: u64,
    /// When another one begins.
    #[schema(value_type = Option<String>, format = "date-time")]
    changes_at: Option<Timestamp>,
}

impl From<&PriceLine> for PriceView {
    fn from(line: &PriceLine) -> Self {
        let origin = line.quote.map(|quote| quote.origin);
        Self {
            id: line.uuid.to_string(),
            provider: line.provider.as_str(),
            model: line.model.clone(),
            display_name: line.display_name.clone(),
            context_window: line.context_window,
            capabilities: crate::api::models::ability_words(line.kind, line.capabilities),
            is_active: line.is_callable,
            price: line.quote.map(|quote| quote.price.into()),
            source: origin.map(PriceOrigin::as_str),
            since: match origin {
                Some(PriceOrigin::Set { since, .. }) => Some(since),
                _ => None,
            },
            history_count: line.entries as u64,
            changes_at: line.next,
        }
    }
}

/// A price that was set, from a moment on.
#[derive(Serialize, ToSchema)]
pub(crate) struct EntryView {
    #[schema(pattern = "@provider")]
    provider: &'static str,
    #[schema(pattern = "@text")]
    model: String,
    #[schema(value_type = String, format = "date-time")]
    starts_at: Timestamp,
    /// `null`: what the catalogue or its provider says.
    price: Option<PriceFigures>,
    /// By hand, or whose list.
    #[schema(pattern = "^(manual|litellm|models_dev)$")]
    source: &'static str,
    /// Where it is in its life.
    #[schema(pattern = "^(past|in_force|upcoming)$")]
    standing: &'static str,
    #[schema(value_type = String, format = "date-time")]
    created_at: Timestamp,
    /// Why, for admins.
    note: Option<String>,
    /// Who set it, for admins.
    created_by: Option<String>,
}

impl EntryView {
    fn of(entry: &PriceEntry, standing: Standing, is_admin: bool) -> Self {
        Self {
            provider: entry.provider.as_str(),
            model: entry.model.clone(),
            starts_at: entry.starts_at,
            price: entry.price.map(PriceFigures::from),
            source: entry.source.as_str(),
            standing: standing.as_str(),
            created_at: entry.created_at,
            note: entry.note.clone().filter(|_| is_admin),
            created_by: entry.created_by.filter(|_| is_admin).map(|user| user.to_string()),
        }
    }

    /// As it stands just after it was set.
    pub(super) fn just_set(entry: &PriceEntry, now: Timestamp) -> Self {
        let standing = if entry.starts_at > now { Standing::Upcoming } else { Standing::InForce };
        Self::of(entry, standing, true)
    }
}

/// What the catalogue says, from a day on.
#[derive(Serialize, ToSchema)]
struct CatalogueEntryView {
    /// `null`: from the beginning.
    #[schema(value_type = Option<String>, format = "date-time")]
    starts_at: Option<Timestamp>,
    price: PriceFigures,
}

/// One model's price, and all that it did and will cost.
#[derive(Serialize, ToSchema)]
pub(crate) struct HistoryView {
    /// The model and its price now.
    now: PriceView,
    /// What was set on this server, the latest first.
    history: Vec<EntryView>,
    /// What the catalogue says, the latest first.
    catalogue: Vec<CatalogueEntryView>,
    /// The day the catalogue is of.
    #[schema(format = "date")]
    catalogue_as_of: String,
}

impl HistoryView {
    pub(super) fn of(history: &History, is_admin: bool, as_of: &str) -> Self {
        let entries = history.entries.iter();
        let catalogue = history.catalogue.iter();
        Self {
            now: PriceView::from(&history.line),
            history: entries.map(|(entry, standing)| EntryView::of(entry, *standing, is_admin)).collect(),
            catalogue: catalogue
                .map(|(starts_at, price)| CatalogueEntryView { starts_at: *starts_at, price: (*price).into() })
                .collect(),
            catalogue_as_of: as_of.to_owned(),
        }
    }
}
