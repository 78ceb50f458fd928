//! Other people's price lists: LiteLLM's price map and models.dev's `api.json`,
//! told apart by their shape. Numbers are read digit by digit; one that no
//! provider could mean keeps its entry out, and the entry is named.
//!
//! Source: <https://github.com/BerriAI/litellm> `model_prices_and_context_window.json`,
//! <https://models.dev/api.json>, as of November 2026.

mod litellm;
mod models_dev;

use std::collections::{BTreeMap, HashMap};
use std::fmt;

use domain::money::{PriceProblem, Rates};
use domain::price_book::PriceSource;
use domain::{Nanos, Price, ProviderId, text};
use serde::Deserializer;
use serde::de::{MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::json_scan;

/// The most entries that a list may have, known or not.
pub const MOST_ENTRIES: usize = 50_000;

/// The longest id of a model, in characters.
const NAME_CHARACTERS: usize = 256;

/// What could be read of a list.
#[derive(Debug)]
pub struct PriceList {
    /// Whose list it is.
    pub source: PriceSource,
    /// The prices of providers that are known here, by provider and model.
    pub prices: BTreeMap<(ProviderId, String), Price>,
    /// What is left out, and why.
    pub skipped: Vec<LeftOut>,
    /// Entries whose numbers nobody could mean.
    pub refused: Vec<LeftOut>,
}

/// What of a list is not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// The entry's name, or its provider's where there are many of one kind.
    pub name: String,
    /// Why, as the end of a sentence.
    pub reason: String,
    /// How many entries it stands for.
    pub entries: u64,
}

/// Why an entry has no price here.
enum Unread {
    /// It is fine, and nothing for us.
    Skipped(String),
    /// Nobody could mean it.
    Refused(String),
}

/// The members of an object, with their values as they are written.
type Members<'a> = HashMap<String, &'a RawValue>;

/// Reads a list of either kind.
///
/// # Errors
/// When it is neither; the sentence's end says what is wrong.
pub fn read(document: &str) -> Result<PriceList, String> {
    // It also bounds how deep it is nested.
    json_scan::check(document.as_bytes()).map_err(|problem| format!("is no JSON that can be read: {problem}"))?;
    let raw: &RawValue = serde_json::from_str(document)
        .map_err(|error| format!("is no JSON (line {}, column {})", error.line(), error.column()))?;
    let entries = in_order(raw)?.ok_or("is no JSON object")?;
    if entries.len() > MOST_ENTRIES {
        return Err(format!("has more than {MOST_ENTRIES} entries"));
    }
    let of_entries = entries
        .into_iter()
        .map(|(name, raw)| Ok((name, in_order(raw)?.map(members))))
        .collect::<Result<Vec<_>, String>>()?;
    let has = |wanted: &str| {
        of_entries.iter().any(|(_, members)| members.as_ref().is_some_and(|all| all.contains_key(wanted)))
    };
    if has("litellm_provider") {
        Ok(litellm::read(of_entries))
    } else if has("models") {
        models_dev::read(of_entries)
    } else {
        Err("is neither LiteLLM's price map (entries with `litellm_provider`) nor models.dev's api.json (providers with `models`)".to_owned())
    }
}

impl PriceList {
    fn of(source: PriceSource) -> Self {
        Self { source, prices: BTreeMap::new(), skipped: Vec::new(), refused: Vec::new() }
    }

    /// Adds an entry, or why it is none.
    fn add(&mut self, name: &str, provider: ProviderId, model: &str, price: Result<Price, Unread>) {
        let checked = price.and_then(|price| {
            price.check().map_err(|problem| Unread::Refused(in_words(problem)))?;
            let model = text::line(model, NAME_CHARACTERS)
                .map_err(|problem| Unread::Refused(format!("a name that {problem}")))?;
            Ok((model, price))
        });
        let unread = match checked {
            Ok((model, price)) => match self.prices.get(&(provider, model.clone())) {
                Some(known) if *known != price => {
                    Unread::Skipped("is there twice with another price; the first one counts".to_owned())
                }
                Some(_) => return,
                None => {
                    self.prices.insert((provider, model), price);
                    return;
                }
            },
            Err(unread) => unread,
        };
        let name = shown(name);
        match unread {
            Unread::Skipped(reason) => self.skipped.push(LeftOut { name, reason, entries: 1 }),
            Unread::Refused(reason) => self.refused.push(LeftOut { name, reason, entries: 1 }),
        }
    }

    /// Leaves out all entries of a provider.
    fn leave_out(&mut self, provider: &str, entries: u64, reason: &str) {
        self.skipped.push(LeftOut { name: shown(provider), reason: reason.to_owned(), entries });
    }
}

/// An object's members in their order; `None`: it is no object.
fn in_order(raw: &RawValue) -> Result<Option<Vec<(String, &RawValue)>>, String> {
    if !raw.get().starts_with('{') {
        return Ok(None);
    }
    let mut reader = serde_json::Deserializer::from_str(raw.get());
    let found = reader.deserialize_map(InOrder).map_err(|_| "holds an object that cannot be read".to_owned())?;
    let mut names: Vec<&str> = found.iter().map(|(name, _)| name.as_str()).collect();
    names.sort_unstable();
    match names.windows(2).find(|pair| pair.first() == pair.last()) {
        Some(twice) => Err(format!("names “{}” twice", shown(twice.first().copied().unwrap_or_default()))),
        None => Ok(Some(found)),
    }
}

fn members(all: Vec<(String, &RawValue)>) -> Members<'_> {
    all.into_iter().collect()
}

struct InOrder;

impl<'de> Visitor<'de> for InOrder {
    type Value = Vec<(String, &'de RawValue)>;

    fn expecting(&self, words: &mut fmt::Formatter<'_>) -> fmt::Result {
        words.write_str("an object")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut members: M) -> Result<Self::Value, M::Error> {
        let mut all = Vec::new();
        while let Some(member) = members.next_entry()? {
            all.push(member);
        }
        Ok(all)
    }
}

/// A figure in nano-dollars per million tokens: what is written, times ten to
/// the `power`. `null` and absent are none.
fn figure(entry: &Members<'_>, name: &str, power: i32) -> Result<Option<i64>, Unread> {
    let Some(raw) = entry.get(name).map(|raw| raw.get()).filter(|raw| *raw != "null") else { return Ok(None) };
    let refused = |why: &str| Unread::Refused(format!("its `{name}` {why}"));
    if !raw.starts_with(|c: char| c == '-' || c.is_ascii_digit()) {
        return Err(refused("is no number"));
    }
    let Nanos(nanos) = Nanos::parse_rounded(raw, power)
        .ok_or_else(|| refused("is too large, or too small to be anything but free"))?;
    if nanos < 0 {
        return Err(refused("is negative"));
    }
    Price { rates: Rates { input_nanos: nanos, ..Rates::default() }, long_context: None }
        .check()
        .map_err(|_| refused("is over 1,000,000 dollars per million tokens"))?;
    Ok(Some(nanos))
}

/// A text member.
fn word(entry: &Members<'_>, name: &str) -> Option<String> {
    serde_json::from_str(entry.get(name)?.get()).ok()
}

fn skipped<T>(reason: &str) -> Result<T, Unread> {
    Err(Unread::Skipped(reason.to_owned()))
}

fn in_words(problem: PriceProblem) -> String {
    format!("its price {problem}")
}

/// A name from outside, short and without what cannot be seen.
fn shown(name: &str) -> String {
    name.chars().filter(|c| !text::is_invisible(*c)).take(120).collect()
}

#[cfg(test)]
mod tests;
