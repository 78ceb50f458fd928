//! The compiled-in catalogue, and the arithmetic of its prices.

use domain::model::ModelStatus;

use super::*;

#[test]
fn every_provider_has_the_models_of_the_file_and_one_to_suggest() {
    let catalogue = Catalogue::parse(BUILTIN).unwrap();
    assert_eq!(catalogue.as_of(), "2026-11-20");
    for (provider, count) in [
        (ProviderId::OpenAi, 30),
        (ProviderId::Anthropic, 18),
        (ProviderId::Google, 18),
        (ProviderId::XAi, 10),
        (ProviderId::Azure, 9),
        (ProviderId::HuggingFace, 5),
        (ProviderId::OpenRouter, 16),
        (ProviderId::Groq, 5),
        (ProviderId::Mistral, 11),
        (ProviderId::Fireworks, 9),
        (ProviderId::Ollama, 6),
        (ProviderId::LmStudio, 3),
    ] {
        let models = catalogue.models(provider);
        assert_eq!(models.len(), count, "{provider}");
        assert_eq!(models.iter().filter(|model| model.is_recommended).count(), 1, "{provider}");
        let suggested = catalogue.recommended(provider).unwrap();
        assert_eq!(suggested.status, ModelStatus::Active, "{provider}");
        assert!(suggested.price.is_some(), "{provider}");
    }
    assert!(catalogue.models(ProviderId::Custom).is_empty());
    assert!(catalogue.recommended(ProviderId::Custom).is_none());
}

#[test]
fn a_retired_model_says_so_and_its_replacement_is_a_living_one() {
    let retired: Vec<_> = ProviderId::all()
        .flat_map(|provider| Catalogue::builtin().models(provider))
        .filter(|model| model.status == ModelStatus::Retired)
        .collect();
    assert!(retired.len() >= 10, "{}", retired.len());
    for model in ProviderId::all().flat_map(|provider| Catalogue::builtin().models(provider)) {
        if let Some(replacement) = &model.replacement {
            let next = Catalogue::builtin().get(model.provider, replacement);
            assert!(next.is_some_and(|next| next.status != ModelStatus::Retired), "{} → {replacement}", model.id);
        }
    }
}

#[test]
fn prices_are_the_files_digits_in_nano_dollars() {
    let price = |provider, id| Catalogue::builtin().get(provider, id).unwrap().price;
    let astra = price(ProviderId::OpenAi, "gpt-6-astra").unwrap();
    assert_eq!(astra.rates.input_nanos, 10_000_000_000);
    assert_eq!(astra.rates.cache_write_nanos, Some(12_500_000_000));
    let long = astra.long_context.unwrap();
    assert_eq!((long.threshold_tokens, long.rates.output_nanos), (272_000, 75_000_000_000));
    assert_eq!(price(ProviderId::XAi, "grok-2-mini"), None, "unknown is not free");
    assert_eq!(price(ProviderId::OpenRouter, "openrouter/auto"), None);
    for provider in [ProviderId::Ollama, ProviderId::LmStudio] {
        assert!(Catalogue::builtin().models(provider).iter().all(|model| model.price == Some(Price::FREE)));
    }
}

#[test]
fn an_alias_is_its_model() {
    let by_alias = Catalogue::builtin().get(ProviderId::OpenAi, "gpt-5.6").unwrap();
    assert_eq!(by_alias.id, "gpt-5.6-sol");
    assert!(Catalogue::builtin().get(ProviderId::Groq, "gpt-5.6").is_none());
}

#[test]
fn an_announced_price_begins_on_its_day() {
    let input = |day| {
        let now = Timestamp::parse(day).unwrap();
        Catalogue::builtin().price_at(ProviderId::Google, "gemini-4-argon", now).unwrap().rates.input_nanos
    };
    assert_eq!(input("2026-11-30T23:59:59.999999Z"), 2_000_000_000);
    assert_eq!(input("2026-12-01"), 4_000_000_000);
    assert_eq!(input("2030-01-01"), 4_000_000_000);
}

#[test]
fn a_change_names_only_what_changes() {
    let catalogue = Catalogue::parse(
        r#"{"as_of": "2026-01-01", "models": [{"id": "m", "provider": "groq", "display_name": "M", "kind": "chat",
        "status": "active", "context_window": null, "max_output_tokens": null,
        "price": {"input": 1.25, "output": 1e1, "cached_input": 0.000000001, "cache_write": null},
        "price_changes": [{"from": "2026-02-01", "output": 20}, {"from": "2026-03-01", "input": 2}]}]}"#,
    )
    .unwrap();
    let rates = |day| {
        let price = catalogue.price_at(ProviderId::Groq, "m", Timestamp::parse(day).unwrap()).unwrap();
        (price.rates.input_nanos, price.rates.output_nanos, price.rates.cached_input_nanos)
    };
    assert_eq!(rates("2026-01-15"), (1_250_000_000, 10_000_000_000, Some(1)));
    assert_eq!(rates("2026-02-15"), (1_250_000_000, 20_000_000_000, Some(1)));
    assert_eq!(rates("2026-03-15"), (2_000_000_000, 20_000_000_000, Some(1)));
}

#[test]
fn a_price_that_is_no_whole_number_of_nano_dollars_is_refused() {
    for figure in ["0.0000000001", "-1", "\"1\"", "true"] {
        let text = format!(
            r#"{{"as_of": "", "models": [{{"id": "m", "provider": "groq", "display_name": "M", "kind": "chat",
            "status": "active", "context_window": null, "max_output_tokens": null,
            "price": {{"input": {figure}, "output": 1}}}}]}}"#
        );
        assert!(Catalogue::parse(&text).unwrap_err().starts_with("m: "), "{figure}");
    }
    assert!(Catalogue::parse("{").unwrap_err().contains("line 1"));
}
