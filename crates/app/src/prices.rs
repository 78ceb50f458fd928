//! What a call will be billed at: what the registry says, what was set here and
//! is in force, the catalogue's price today, the list of the key that pays,
//! nothing for local models. Unknown stays unknown.

mod estimate;
mod import;
mod list;
mod set;

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use domain::price_book::{PriceBook, PriceSource};
use domain::provider::ProviderKind;
use domain::{Price, ProviderId, Timestamp};
use llm::catalogue::Catalogue;

use crate::App;
use crate::error::Result;
use crate::naming::Place;
use crate::reach::Offer;

pub use estimate::{AskedEstimate, Estimate, estimate};
pub use import::{Difference, Picked, Plan, Start, apply, apply_picked, plan};
pub use list::{History, Only, PriceFilter, PriceLine, history, list};
pub use set::{NewPrice, may_set, set, withdraw};

/// A price, and who says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quote {
    /// What it costs.
    pub price: Price,
    /// Who says so.
    pub origin: PriceOrigin,
}

/// Who says what a model costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PriceOrigin {
    /// It runs on somebody's own machine.
    Local,
    /// The registry.
    Registered,
    /// An admin of this server, or a list that they took.
    Set {
        /// By hand, or whose list.
        source: PriceSource,
        /// Since when it is in force.
        since: Timestamp,
    },
    /// The catalogue that came with this version.
    Catalogue,
    /// The list of the key that pays.
    Listed,
}

impl PriceOrigin {
    /// Its word in answers.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::Registered => "registered",
            Self::Set { source, .. } => source.as_str(),
            Self::Catalogue => "catalogue",
            Self::Listed => "listed",
        }
    }
}

/// What was set, kept in memory until it changes. What begins later is in it:
/// no node has to hear of a beginning.
#[derive(Debug, Default)]
pub(crate) struct PriceCache {
    book: RwLock<Option<Arc<PriceBook>>>,
    epoch: AtomicU64,
}

impl PriceCache {
    /// Forgets what was set, because it is something else now.
    pub(crate) fn forget(&self) {
        self.epoch.fetch_add(1, Ordering::AcqRel);
        *self.book.write().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

/// What was set, from memory when nothing changed.
///
/// # Errors
/// When the store cannot be read.
pub async fn book(app: &App) -> Result<Arc<PriceBook>> {
    let known = app.prices.book.read().unwrap_or_else(PoisonError::into_inner).clone();
    if let Some(book) = known {
        return Ok(book);
    }
    let epoch = app.prices.epoch.load(Ordering::Acquire);
    let book = Arc::new(PriceBook::of(store::prices::all(&app.store).await?));
    let mut kept = app.prices.book.write().unwrap_or_else(PoisonError::into_inner);
    if app.prices.epoch.load(Ordering::Acquire) == epoch {
        *kept = Some(Arc::clone(&book));
    }
    Ok(book)
}

/// The price of a place at `now`, paid by the key with these offers. Another
/// key's list, which the name may have been found in, sets no price.
///
/// # Errors
/// When the store has to be read, and cannot.
pub(crate) async fn of(
    app: &App,
    place: &Place,
    offers: &HashMap<String, Arc<Offer>>,
    now: Timestamp,
) -> Result<Option<Price>> {
    let book = book(app).await?;
    Ok(paid(app.catalogue, &book, place, offers, now).map(|quote| quote.price))
}

fn paid(
    catalogue: &Catalogue,
    book: &PriceBook,
    place: &Place,
    offers: &HashMap<String, Arc<Offer>>,
    now: Timestamp,
) -> Option<Quote> {
    let offer = offers.get(&place.upstream_id);
    let offer = offer.or_else(|| offers.get(same_model(catalogue, place.provider, &place.upstream_id)?));
    quote(catalogue, book, place, offer.map(Arc::as_ref), now)
}

/// The price of a place at `now`, with what the paying key's list says of it.
pub(crate) fn quote(
    catalogue: &Catalogue,
    book: &PriceBook,
    place: &Place,
    offer: Option<&Offer>,
    now: Timestamp,
) -> Option<Quote> {
    if place.provider.facts().kind == ProviderKind::Local {
        return Some(Quote { price: Price::FREE, origin: PriceOrigin::Local });
    }
    let by = |origin| move |price| Quote { price, origin };
    let registered = offer.and_then(|offer| offer.set_price).map(by(PriceOrigin::Registered));
    let listed = || offer.and_then(|offer| offer.facts.price).map(by(PriceOrigin::Listed));
    registered.or_else(|| of_server(catalogue, book, place.provider, &priced_id(place), now)).or_else(listed)
}

/// What a model costs everybody here at `now`: as it was set, else as the
/// catalogue has it. A price that is set for a model counts under each of its ids.
pub(crate) fn of_server(
    catalogue: &Catalogue,
    book: &PriceBook,
    provider: ProviderId,
    model: &str,
    now: Timestamp,
) -> Option<Quote> {
    let set = |model: &str| {
        let (entry, price) = book.in_force(provider, model, now)?;
        Some(Quote { price, origin: PriceOrigin::Set { source: entry.source, since: entry.starts_at } })
    };
    let of_same_model = || same_model(catalogue, provider, model).and_then(|id| set(id));
    let of_catalogue = || {
        let price = catalogue.price_at(provider, model, now)?;
        Some(Quote { price, origin: PriceOrigin::Catalogue })
    };
    set(model).or_else(of_same_model).or_else(of_catalogue)
}

/// The id under which a place's price is set: with its endpoint's slug, where it
/// has one.
pub(crate) fn priced_id(place: &Place) -> String {
    match place.namespace.split_once(':') {
        Some((_, slug)) => format!("{slug}/{}", place.upstream_id),
        None => place.upstream_id.clone(),
    }
}

/// Where an offer is called.
pub(crate) fn place_of(offer: &Offer) -> Place {
    Place { provider: offer.facts.provider, namespace: offer.namespace.clone(), upstream_id: offer.facts.id.clone() }
}

/// The id by which the catalogue has the model. A deployment's name says nothing
/// of the model behind it.
fn same_model<'c>(catalogue: &'c Catalogue, provider: ProviderId, model: &str) -> Option<&'c String> {
    catalogue.get(provider, model).filter(|_| provider != ProviderId::Azure).map(|facts| &facts.id)
}

#[cfg(test)]
mod tests;
