//! Whether a model is for what is asked of it: chat models make no vectors, and
//! models of vectors do not chat. Only where that is known; else the provider
//! says it.

use std::sync::Arc;

use domain::model::ModelKind;
use domain::provider::ProviderKind;

use crate::error::{Code, Error, Result};
use crate::naming::{self, Place};
use crate::reach::{Offer, Reach};

/// Passes unless the model is known to be of the other kind.
///
/// # Errors
/// `invalid_request`, with a model that would do.
pub(crate) fn suits(wanted: Option<ModelKind>, reach: &Reach, place: &Place) -> Result<()> {
    let Some(wanted) = wanted else { return Ok(()) };
    let is_other = matches!(
        (wanted, known_kind(reach, place)),
        (ModelKind::Embedding, Some(ModelKind::Chat)) | (ModelKind::Chat, Some(ModelKind::Embedding))
    );
    if !is_other {
        return Ok(());
    }
    let model = naming::shown(&place.upstream_id);
    let what = match wanted {
        ModelKind::Embedding => format!("“{model}” answers chats and makes no vectors, so it cannot embed."),
        _ => format!("“{model}” makes vectors of texts and answers no chats."),
    };
    let instead = match suggestion(wanted, reach, place) {
        Some(offer) => format!("Use “{}” instead.", offer.client_id()),
        None => "Choose another model; GET /v1/models lists yours.".to_owned(),
    };
    Err(Error::new(Code::InvalidRequest, format!("{what} {instead}")).of_field("model"))
}

/// What the catalogue, or a local server's own list, says the model is for. A
/// name alone says nothing for sure.
fn known_kind(reach: &Reach, place: &Place) -> Option<ModelKind> {
    let is_told = |offer: &&Arc<Offer>| offer.in_catalogue || place.provider.facts().kind == ProviderKind::Local;
    let offers = reach.keys_of(&place.namespace).filter_map(|key| key.offers.get(&place.upstream_id));
    offers.filter(is_told).map(|offer| offer.facts.kind).next()
}

/// A model of the wanted kind that the caller's keys open: the same provider's
/// before others, a recommended one before others.
fn suggestion<'a>(wanted: ModelKind, reach: &'a Reach, place: &Place) -> Option<&'a Arc<Offer>> {
    let offers = reach.keys.iter().flat_map(|key| key.offers.values());
    offers.filter(|offer| offer.facts.kind == wanted && offer.in_catalogue).min_by_key(|offer| {
        (offer.namespace != place.namespace, !offer.facts.is_recommended, offer.facts.id.len(), offer.facts.id.as_str())
    })
}
