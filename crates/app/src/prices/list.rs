//! What each model costs now and who says so, and the history of one.

use std::collections::HashSet;

use domain::ids::model_uuid;
use domain::model::{Capabilities, ModelKind, ModelStatus};
use domain::price_book::{PriceBook, PriceEntry, PriceSource, Standing, standings};
use domain::{Caller, Price, ProviderId, Timestamp};
use uuid::Uuid;

use super::{PriceOrigin, Quote, of_server};
use crate::App;
use crate::error::{Error, Result};
use crate::models::{self, ModelFilter, ModelLine};

/// A model and its price.
#[derive(Clone, Debug)]
pub struct PriceLine {
    /// The model's stable id.
    pub uuid: Uuid,
    /// Its provider.
    pub provider: ProviderId,
    /// The id under which its price is set; at custom endpoints `slug/id`.
    pub model: String,
    /// What people call it.
    pub display_name: String,
    /// What it is for.
    pub kind: ModelKind,
    /// Where it is in its life.
    pub status: ModelStatus,
    /// What it can do.
    pub capabilities: Capabilities,
    /// Prompt plus completion, in tokens.
    pub context_window: Option<u64>,
    /// Whether a key of the caller opens it.
    pub is_callable: bool,
    /// What it costs now, and who says so; `None`: unpriced.
    pub quote: Option<Quote>,
    /// How many prices were ever set for it.
    pub entries: usize,
    /// When the next one begins.
    pub next: Option<Timestamp>,
}

/// Only lines of one kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Only {
    /// Whose price was set by hand.
    Manual,
    /// Whose price is from somebody's list.
    Imported,
    /// Whose price is the catalogue's.
    Catalogue,
    /// That have none.
    Unpriced,
    /// Whose price changes at a time that is known.
    Upcoming,
}

domain::text_enum!(Only, "choice" {
    Manual => "manual",
    Imported => "imported",
    Catalogue => "catalogue",
    Unpriced => "unpriced",
    Upcoming => "upcoming",
});

impl Only {
    fn lets(self, line: &PriceLine) -> bool {
        let origin = line.quote.map(|quote| quote.origin);
        match self {
            Self::Manual => matches!(origin, Some(PriceOrigin::Set { source: PriceSource::Manual, .. })),
            Self::Imported => {
                matches!(origin, Some(PriceOrigin::Set { source: PriceSource::LiteLlm | PriceSource::ModelsDev, .. }))
            }
            Self::Catalogue => origin == Some(PriceOrigin::Catalogue),
            Self::Unpriced => origin.is_none(),
            Self::Upcoming => line.next.is_some(),
        }
    }
}

/// Which lines to give. `None` lets all through.
#[derive(Clone, Debug, Default)]
pub struct PriceFilter {
    /// Of this provider.
    pub provider: Option<ProviderId>,
    /// Of this very model.
    pub model: Option<String>,
    /// Words that each occur in id, name or provider.
    pub search: Option<String>,
    /// Of this kind.
    pub only: Option<Only>,
}

impl PriceFilter {
    fn lets(&self, line: &PriceLine) -> bool {
        self.provider.is_none_or(|provider| provider == line.provider)
            && self.model.as_ref().is_none_or(|model| *model == line.model)
            && self.only.is_none_or(|only| only.lets(line))
            && self.search.as_ref().is_none_or(|words| has_words(line, words))
    }
}

fn has_words(line: &PriceLine, words: &str) -> bool {
    let text = format!("{} {} {}", line.display_name, line.model, line.provider.display_name()).to_lowercase();
    words.to_lowercase().split_whitespace().all(|word| text.contains(word))
}

/// The models that are known here, with what the caller would pay for them: by
/// provider, then as their provider has them in order.
///
/// # Errors
/// When the store cannot be read.
pub async fn list(app: &App, caller: &Caller, filter: &PriceFilter) -> Result<Vec<PriceLine>> {
    Ok(all(app, caller).await?.into_iter().filter(|line| filter.lets(line)).collect())
}

async fn all(app: &App, caller: &Caller) -> Result<Vec<PriceLine>> {
    let book = super::book(app).await?;
    let now = app.clock.now();
    let models = models::list(app, caller, ModelFilter::default()).await?;
    let mut seen = HashSet::new();
    let mut lines: Vec<PriceLine> = models
        .iter()
        .filter(|line| line.alias.is_none())
        .map(|line| of_model(line, &book, now))
        .filter(|line| seen.insert((line.provider, line.model.clone())))
        .collect();
    // What is priced, and no list has.
    let unlisted = book.models().filter(|(provider, model, _)| !seen.contains(&(*provider, (*model).to_owned())));
    lines.extend(unlisted.map(|(provider, model, _)| of_entry(app, provider, model, &book, now)));
    lines.sort_by(|a, b| {
        (a.provider, a.status == ModelStatus::Retired, &a.model).cmp(&(
            b.provider,
            b.status == ModelStatus::Retired,
            &b.model,
        ))
    });
    Ok(lines)
}

fn of_model(line: &ModelLine, book: &PriceBook, now: Timestamp) -> PriceLine {
    let facts = &line.facts;
    let model = line.priced_id();
    let quote = line.price.zip(line.price_origin).map(|(price, origin)| Quote { price, origin });
    let (entries, next) = counted(book, facts.provider, &model, now);
    PriceLine {
        uuid: line.uuid,
        provider: facts.provider,
        display_name: facts.display_name.clone(),
        kind: facts.kind,
        status: facts.status,
        capabilities: facts.capabilities,
        context_window: facts.context_window,
        is_callable: line.payer.is_some(),
        model,
        quote,
        entries,
        next,
    }
}

fn of_entry(app: &App, provider: ProviderId, model: &str, book: &PriceBook, now: Timestamp) -> PriceLine {
    let (namespace, id) = match model.split_once('/').filter(|_| provider == ProviderId::Custom) {
        Some((slug, id)) => (format!("custom:{slug}"), id),
        None => (provider.to_string(), model),
    };
    let known = app.catalogue.get(provider, id);
    let (entries, next) = counted(book, provider, model, now);
    PriceLine {
        uuid: model_uuid(&namespace, id),
        provider,
        model: model.to_owned(),
        display_name: known.map_or(model, |facts| facts.display_name.as_str()).to_owned(),
        kind: known.map_or(ModelKind::Chat, |facts| facts.kind),
        status: known.map_or(ModelStatus::Active, |facts| facts.status),
        capabilities: known.map(|facts| facts.capabilities).unwrap_or_default(),
        context_window: known.and_then(|facts| facts.context_window),
        is_callable: false,
        quote: of_server(app.catalogue, book, provider, model, now),
        entries,
        next,
    }
}

fn counted(book: &PriceBook, provider: ProviderId, model: &str, now: Timestamp) -> (usize, Option<Timestamp>) {
    let history = book.history(provider, model);
    (history.len(), history.iter().map(|entry| entry.starts_at).find(|start| *start > now))
}

/// All that was ever said of a model's price.
#[derive(Clone, Debug)]
pub struct History {
    /// The model and its price now.
    pub line: PriceLine,
    /// What was set, the latest first, and where each is in its life.
    pub entries: Vec<(PriceEntry, Standing)>,
    /// What the catalogue says, and from when on where that was announced; the
    /// latest first.
    pub catalogue: Vec<(Option<Timestamp>, Price)>,
}

/// The history of one model.
///
/// # Errors
/// `not_found` for a model that neither a list nor a price knows.
pub async fn history(app: &App, caller: &Caller, provider: ProviderId, model: &str) -> Result<History> {
    let filter = PriceFilter { provider: Some(provider), model: Some(model.to_owned()), ..PriceFilter::default() };
    let line = list(app, caller, &filter).await?.into_iter().next().ok_or_else(|| Error::not_found("model"))?;
    let book = super::book(app).await?;
    let set = book.history(provider, model);
    let mut entries: Vec<_> = set.iter().cloned().zip(standings(set, app.clock.now())).collect();
    entries.reverse();
    let mut catalogue = app.catalogue.prices(provider, model);
    catalogue.reverse();
    Ok(History { line, entries, catalogue })
}
