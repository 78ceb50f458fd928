//! Prices that admins of the server set, or took from somebody's list: each from
//! a moment on. Which is in force when is decided here.

use std::collections::HashMap;

use crate::ids::UserId;
use crate::money::Price;
use crate::provider::ProviderId;
use crate::time::Timestamp;

/// Who says what a model costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PriceSource {
    /// An admin typed it.
    Manual,
    /// LiteLLM's price map.
    LiteLlm,
    /// models.dev.
    ModelsDev,
}

crate::text_enum!(PriceSource, "price source" {
    Manual => "manual",
    LiteLlm => "litellm",
    ModelsDev => "models_dev",
});

/// A price from a moment on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PriceEntry {
    /// The provider that serves the model.
    pub provider: ProviderId,
    /// The provider's id of it; at custom endpoints `slug/id`.
    pub model: String,
    /// From when on.
    pub starts_at: Timestamp,
    /// What it costs; `None`: what the catalogue or the provider says again.
    pub price: Option<Price>,
    /// Who says so.
    pub source: PriceSource,
    /// Why, in somebody's words.
    pub note: Option<String>,
    /// When it was written down.
    pub created_at: Timestamp,
    /// By whom.
    pub created_by: Option<UserId>,
}

/// Where an entry is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// A later one took its place.
    Past,
    /// It counts now.
    InForce,
    /// It has not begun.
    Upcoming,
}

crate::text_enum!(Standing, "standing" {
    Past => "past",
    InForce => "in_force",
    Upcoming => "upcoming",
});

/// All prices that were set, by model, the earliest first.
#[derive(Clone, Debug, Default)]
pub struct PriceBook(HashMap<ProviderId, HashMap<String, Vec<PriceEntry>>>);

impl PriceBook {
    /// A book of these entries.
    #[must_use]
    pub fn of(entries: impl IntoIterator<Item = PriceEntry>) -> Self {
        let mut book: HashMap<ProviderId, HashMap<String, Vec<PriceEntry>>> = HashMap::new();
        for entry in entries {
            book.entry(entry.provider).or_default().entry(entry.model.clone()).or_default().push(entry);
        }
        book.values_mut()
            .flat_map(HashMap::values_mut)
            .for_each(|entries| entries.sort_by_key(|entry| entry.starts_at));
        Self(book)
    }

    /// Everything that was ever said of a model, the earliest first.
    #[must_use]
    pub fn history(&self, provider: ProviderId, model: &str) -> &[PriceEntry] {
        self.0.get(&provider).and_then(|models| models.get(model)).map_or(&[], Vec::as_slice)
    }

    /// The entry that counts at `now`, and its price; `None`: nothing was set, it
    /// has not begun, or it was taken back.
    #[must_use]
    pub fn in_force(&self, provider: ProviderId, model: &str, now: Timestamp) -> Option<(&PriceEntry, Price)> {
        let entry = begun(self.history(provider, model), now)?;
        entry.price.map(|price| (entry, price))
    }

    /// All entries, model by model, in no particular order.
    pub fn models(&self) -> impl Iterator<Item = (ProviderId, &str, &[PriceEntry])> {
        self.0.iter().flat_map(|(provider, models)| {
            models.iter().map(|(model, entries)| (*provider, model.as_str(), entries.as_slice()))
        })
    }
}

/// The last of these that has begun.
fn begun(history: &[PriceEntry], now: Timestamp) -> Option<&PriceEntry> {
    history.iter().rfind(|entry| entry.starts_at <= now)
}

/// Where each entry of a history is in its life at `now`.
#[must_use]
pub fn standings(history: &[PriceEntry], now: Timestamp) -> Vec<Standing> {
    let in_force = history.iter().rposition(|entry| entry.starts_at <= now);
    let standing = |place| match in_force {
        Some(current) if place < current => Standing::Past,
        Some(current) if place == current => Standing::InForce,
        _ => Standing::Upcoming,
    };
    (0..history.len()).map(standing).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::Rates;

    fn price(input_nanos: i64) -> Price {
        Price { rates: Rates { input_nanos, ..Rates::default() }, long_context: None }
    }

    fn entry(model: &str, starts_at: i64, price: Option<Price>) -> PriceEntry {
        PriceEntry {
            provider: ProviderId::OpenAi,
            model: model.to_owned(),
            starts_at: Timestamp::from_seconds(starts_at),
            price,
            source: PriceSource::Manual,
            note: None,
            created_at: Timestamp::from_seconds(0),
            created_by: None,
        }
    }

    /// Written in no order: 10 at 100, 30 at 300, taken back at 400, 20 at 200.
    fn book() -> PriceBook {
        PriceBook::of([
            entry("gpt", 300, Some(price(30))),
            entry("gpt", 100, Some(price(10))),
            entry("gpt", 400, None),
            entry("gpt", 200, Some(price(20))),
            entry("other", 100, Some(price(7))),
        ])
    }

    #[test]
    fn the_last_price_that_has_begun_is_in_force() {
        let book = book();
        for (provider, model, at, expected) in [
            (ProviderId::OpenAi, "gpt", 99, None),
            (ProviderId::OpenAi, "gpt", 100, Some(10)),
            (ProviderId::OpenAi, "gpt", 199, Some(10)),
            (ProviderId::OpenAi, "gpt", 200, Some(20)),
            (ProviderId::OpenAi, "gpt", 399, Some(30)),
            (ProviderId::OpenAi, "gpt", 400, None),
            (ProviderId::OpenAi, "gpt", 9_999, None),
            (ProviderId::OpenAi, "other", 9_999, Some(7)),
            (ProviderId::OpenAi, "GPT", 200, None),
            (ProviderId::Groq, "gpt", 200, None),
        ] {
            let found = book.in_force(provider, model, Timestamp::from_seconds(at));
            assert_eq!(found.map(|(_, price)| price), expected.map(price), "{provider} {model} at {at}");
        }
    }

    #[test]
    fn an_entry_is_past_in_force_or_upcoming() {
        let book = book();
        let words = |at| {
            let history = book.history(ProviderId::OpenAi, "gpt");
            standings(history, Timestamp::from_seconds(at)).into_iter().map(Standing::as_str).collect::<Vec<_>>()
        };
        assert_eq!(words(50), ["upcoming"; 4]);
        assert_eq!(words(250), ["past", "in_force", "upcoming", "upcoming"]);
        assert_eq!(words(400), ["past", "past", "past", "in_force"]);
        assert!(standings(book.history(ProviderId::Groq, "gpt"), Timestamp::from_seconds(0)).is_empty());
    }
}
