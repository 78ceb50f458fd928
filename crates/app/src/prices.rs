//! What a call will be billed at: the catalogue's price today, the provider's
//! own list, nothing for local models. Unknown stays unknown.

use domain::provider::ProviderKind;
use domain::{Price, Timestamp};

use crate::App;
use crate::naming::Place;

/// The price of a place at `now`.
#[must_use]
pub(crate) fn of(app: &App, place: &Place, now: Timestamp) -> Option<Price> {
    if place.provider.facts().kind == ProviderKind::Local {
        return Some(Price::FREE);
    }
    app.catalogue
        .price_at(place.provider, &place.upstream_id, now)
        .or_else(|| place.offer.as_ref().and_then(|offer| offer.facts.price))
}
