//! What a call will be billed at: what the registry says, the catalogue's price today, the list of the
//! key that pays, nothing for local models. Unknown stays unknown.

use std::collections::HashMap;
use std::sync::Arc;

use domain::provider::ProviderKind;
use domain::{Price, ProviderId, Timestamp};
use llm::catalogue::Catalogue;

use crate::naming::Place;
use crate::reach::Offer;

/// The price of a place at `now`, paid by the key with these offers. Another
/// key's list, which the name may have been found in, sets no price.
#[must_use]
pub(crate) fn of(
    catalogue: &Catalogue,
    place: &Place,
    offers: &HashMap<String, Arc<Offer>>,
    now: Timestamp,
) -> Option<Price> {
    if place.provider.facts().kind == ProviderKind::Local {
        return Some(Price::FREE);
    }
    let offer = offers.get(&place.upstream_id).or_else(|| offers.get(same_model(catalogue, place)?));
    offer
        .and_then(|offer| offer.set_price)
        .or_else(|| catalogue.price_at(place.provider, &place.upstream_id, now))
        .or_else(|| offer.and_then(|offer| offer.facts.price))
}

/// The id by which the catalogue has the model. A deployment's name says nothing
/// of the model behind it.
fn same_model<'c>(catalogue: &'c Catalogue, place: &Place) -> Option<&'c String> {
    let names_models = place.provider != ProviderId::Azure;
    catalogue.get(place.provider, &place.upstream_id).filter(|_| names_models).map(|facts| &facts.id)
}

#[cfg(test)]
mod tests {
    use domain::ids::model_uuid;
    use domain::model::{Capabilities, ModelFacts, ModelKind, ModelStatus, Restrictions};
    use domain::money::Rates;

    use super::*;

    fn offer(price: Option<Price>) -> Arc<Offer> {
        let id = "nobody/knows-this".to_owned();
        Arc::new(Offer {
            uuid: model_uuid("openrouter", &id),
            namespace: "openrouter".to_owned(),
            facts: ModelFacts {
                provider: ProviderId::OpenRouter,
                display_name: id.clone(),
                id,
                aliases: Vec::new(),
                kind: ModelKind::Chat,
                status: ModelStatus::Active,
                is_recommended: false,
                context_window: None,
                max_output_tokens: None,
                capabilities: Capabilities::default(),
                wires: Vec::new(),
                restrictions: Restrictions::default(),
                price,
                deprecation_date: None,
                replacement: None,
            },
            created: None,
            in_catalogue: false,
            registered: None,
            set_price: None,
        })
    }

    #[test]
    fn only_the_paying_keys_own_list_sets_a_price() {
        let place = Place {
            provider: ProviderId::OpenRouter,
            namespace: "openrouter".to_owned(),
            upstream_id: "nobody/knows-this".to_owned(),
        };
        let offers = |price| HashMap::from([(place.upstream_id.clone(), offer(price))]);
        let dear = Price { rates: Rates { input_nanos: 7, ..Price::FREE.rates }, ..Price::FREE };
        let now = Timestamp::from_seconds(1_795_000_000);
        for (offers, price) in [(HashMap::new(), None), (offers(None), None), (offers(Some(dear)), Some(dear))] {
            assert_eq!(of(Catalogue::builtin(), &place, &offers, now), price);
        }
    }

    /// Whichever of its ids a model is called by, it is the one that the registry
    /// priced.
    #[test]
    fn a_price_that_was_set_counts_under_each_id_of_the_model() {
        let dear = Price { rates: Rates { input_nanos: 7, ..Price::FREE.rates }, ..Price::FREE };
        let mut set = offer(None);
        Arc::get_mut(&mut set).unwrap().set_price = Some(dear);
        let now = Timestamp::from_seconds(1_795_000_000);
        let catalogue = Catalogue::builtin();
        for (provider, id, called) in [
            (ProviderId::Anthropic, "claude-opus-4-5", "claude-opus-4-5-20251101"),
            (ProviderId::Anthropic, "claude-opus-4-5", "claude-opus-4-5"),
            (ProviderId::Azure, "my-deployment", "my-deployment"),
        ] {
            let place = Place { provider, namespace: provider.as_str().to_owned(), upstream_id: called.to_owned() };
            let offers = HashMap::from([(id.to_owned(), Arc::clone(&set))]);
            assert_eq!(of(catalogue, &place, &offers, now), Some(dear), "{called}");
        }
    }
}
