//! What is known about models before any key is there: names, limits and prices,
//! compiled in from `catalogue/models.json`. Prices are read digit by digit;
//! none of them is ever a floating-point number.

mod read;

use std::collections::HashMap;
use std::sync::OnceLock;

use domain::model::ModelFacts;
use domain::{Price, ProviderId, Timestamp};

/// The file as it was compiled in.
const BUILTIN: &str = include_str!("../catalogue/models.json");

/// Models and prices.
#[derive(Debug, Default)]
pub struct Catalogue {
    as_of: String,
    models: HashMap<ProviderId, Vec<ModelFacts>>,
    /// Every id and alias, to the place in `models`.
    places: HashMap<(ProviderId, String), usize>,
    /// Announced prices by provider and id, the earliest first.
    changes: HashMap<(ProviderId, String), Vec<PriceChange>>,
}

/// A price that begins on a day.
#[derive(Debug)]
struct PriceChange {
    from: Timestamp,
    price: Price,
}

impl Catalogue {
    /// The catalogue of this version.
    #[must_use]
    pub fn builtin() -> &'static Self {
        static CATALOGUE: OnceLock<Catalogue> = OnceLock::new();
        CATALOGUE.get_or_init(|| {
            // A test reads the same bytes, so this cannot fail in a release.
            Self::parse(BUILTIN).unwrap_or_else(|problem| {
                tracing::error!(problem, "the compiled-in catalogue cannot be read; all prices are unknown");
                Self::default()
            })
        })
    }

    /// Reads a catalogue in the format of the compiled-in one.
    ///
    /// # Errors
    /// Names the entry that cannot be read, and why.
    pub fn parse(text: &str) -> Result<Self, String> {
        read::catalogue(text)
    }

    /// The day its facts are of, `2026-11-20`.
    #[must_use]
    pub fn as_of(&self) -> &str {
        &self.as_of
    }

    /// All models of a provider, in the file's order.
    #[must_use]
    pub fn models(&self, provider: ProviderId) -> &[ModelFacts] {
        self.models.get(&provider).map_or(&[], Vec::as_slice)
    }

    /// The model with this id or alias.
    #[must_use]
    pub fn get(&self, provider: ProviderId, id: &str) -> Option<&ModelFacts> {
        let place = self.places.get(&(provider, id.to_owned()))?;
        self.models(provider).get(*place)
    }

    /// The model to suggest first.
    #[must_use]
    pub fn recommended(&self, provider: ProviderId) -> Option<&ModelFacts> {
        self.models(provider).iter().find(|model| model.is_recommended)
    }

    /// What a model costs at `now`, announced changes included; `None`: unknown.
    #[must_use]
    pub fn price_at(&self, provider: ProviderId, id: &str, now: Timestamp) -> Option<Price> {
        let model = self.get(provider, id)?;
        let changes = self.changes.get(&(provider, model.id.clone()));
        let changed = changes.and_then(|changes| changes.iter().rfind(|change| change.from <= now));
        changed.map(|change| change.price).or(model.price)
    }

    /// All prices of a model that are known: the first one, and those announced
    /// with the day they begin, the earliest first.
    #[must_use]
    pub fn prices(&self, provider: ProviderId, id: &str) -> Vec<(Option<Timestamp>, Price)> {
        let Some(model) = self.get(provider, id) else { return Vec::new() };
        let announced = self.changes.get(&(provider, model.id.clone())).map_or(&[][..], Vec::as_slice);
        let first = model.price.map(|price| (None, price));
        first.into_iter().chain(announced.iter().map(|change| (Some(change.from), change.price))).collect()
    }

    fn add(&mut self, model: ModelFacts, changes: Vec<PriceChange>) -> Result<(), String> {
        let provider = model.provider;
        let models = self.models.entry(provider).or_default();
        for id in std::iter::once(&model.id).chain(&model.aliases) {
            if self.places.insert((provider, id.clone()), models.len()).is_some() {
                return Err(format!("{provider} has {id} twice"));
            }
        }
        if !changes.is_empty() {
            self.changes.insert((provider, model.id.clone()), changes);
        }
        models.push(model);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
