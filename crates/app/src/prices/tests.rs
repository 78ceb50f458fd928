//! Which price counts.

use domain::ids::model_uuid;
use domain::model::{Capabilities, ModelFacts, ModelKind, ModelStatus, Restrictions};
use domain::money::Rates;
use domain::price_book::PriceEntry;

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
        assert_eq!(
            paid(Catalogue::builtin(), &PriceBook::default(), &place, &offers, now).map(|quote| quote.price),
            price
        );
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
        assert_eq!(
            paid(catalogue, &PriceBook::default(), &place, &offers, now).map(|quote| quote.price),
            Some(dear),
            "{called}"
        );
    }
}

fn set(provider: ProviderId, model: &str, starts_at: i64, input_nanos: i64) -> PriceEntry {
    let price = Price { rates: Rates { input_nanos, ..Price::FREE.rates }, ..Price::FREE };
    PriceEntry {
        provider,
        model: model.to_owned(),
        starts_at: Timestamp::from_seconds(starts_at),
        price: Some(price),
        source: PriceSource::LiteLlm,
        note: None,
        created_at: Timestamp::from_seconds(0),
        created_by: None,
    }
}

/// The registry, what was set, the catalogue, the live list: in this order, and
/// each at its time.
#[test]
fn each_says_what_a_model_costs_where_nobody_before_it_does() {
    let catalogue = Catalogue::builtin();
    let known = catalogue.price_at(ProviderId::OpenAi, "gpt-5-mini", Timestamp::from_seconds(1_795_000_000));
    let listed = Price { rates: Rates { input_nanos: 7, ..Price::FREE.rates }, ..Price::FREE };
    let book = PriceBook::of([
        set(ProviderId::OpenAi, "gpt-5-mini", 1_795_000_000, 11),
        PriceEntry { price: None, ..set(ProviderId::OpenAi, "gpt-5-mini", 1_795_000_100, 0) },
        set(ProviderId::OpenRouter, "nobody/knows-this", 1_795_000_050, 13),
        set(ProviderId::Anthropic, "claude-opus-4-5", 1_795_000_000, 17),
        set(ProviderId::Custom, "mine/llama", 1_795_000_000, 19),
        set(ProviderId::Ollama, "llama", 1_795_000_000, 23),
    ]);
    let of_list = offer(Some(listed));
    let mut registered = offer(Some(listed));
    Arc::get_mut(&mut registered).unwrap().set_price =
        Some(Price { rates: Rates { input_nanos: 3, ..listed.rates }, ..listed });
    let catalogued = known.map(|price| (price.rates.input_nanos, "catalogue"));
    assert!(catalogued.is_some());
    for (provider, namespace, model, offer, at, expected) in [
        (ProviderId::OpenAi, "openai", "gpt-5-mini", None, -1, catalogued),
        (ProviderId::OpenAi, "openai", "gpt-5-mini", None, 0, Some((11, "litellm"))),
        (ProviderId::OpenAi, "openai", "gpt-5-mini", Some(&registered), 0, Some((3, "registered"))),
        (ProviderId::OpenAi, "openai", "gpt-5-mini", None, 100, catalogued),
        (ProviderId::OpenRouter, "openrouter", "nobody/knows-this", Some(&of_list), 49, Some((7, "listed"))),
        (ProviderId::OpenRouter, "openrouter", "nobody/knows-this", Some(&of_list), 50, Some((13, "litellm"))),
        (ProviderId::OpenRouter, "openrouter", "nobody/knows-this", None, 49, None),
        (ProviderId::Anthropic, "anthropic", "claude-opus-4-5-20251101", None, 0, Some((17, "litellm"))),
        (ProviderId::Custom, "custom:mine", "llama", None, 0, Some((19, "litellm"))),
        (ProviderId::Custom, "custom:other", "llama", None, 0, None),
        (ProviderId::Ollama, "ollama", "llama", None, 0, Some((0, "local"))),
    ] {
        let place = Place { provider, namespace: namespace.to_owned(), upstream_id: model.to_owned() };
        let now = Timestamp::from_seconds(1_795_000_000 + at);
        let found = quote(catalogue, &book, &place, offer.map(Arc::as_ref), now);
        let found = found.map(|quote| (quote.price.rates.input_nanos, quote.origin.as_str()));
        assert_eq!(found, expected, "{namespace} {model} at {at}");
    }
}
