//! The lists of all providers as they come, and lists that nobody should send.

use domain::model::ModelKind;
use domain::{Nanos, Price};
use serde_json::json;

use super::*;

fn fixture(file: &str) -> Vec<u8> {
    std::fs::read(format!("{}/fixtures/lists/{file}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

fn read_fixture(provider: ProviderId, file: &str) -> Vec<ListedModel> {
    read(provider, &fixture(file)).unwrap()
}

/// Dollars per million tokens, as the manifest writes them.
fn nanos(figure: &Value) -> Option<i64> {
    figure.is_number().then(|| Nanos::parse_usd(&figure.to_string()).unwrap().0)
}

fn assert_price(price: Option<Price>, expected: &Value) {
    let rates = price.expect("a price").rates;
    assert_eq!(Some(rates.input_nanos), nanos(&expected["input"]));
    assert_eq!(Some(rates.output_nanos), nanos(&expected["output"]));
    assert_eq!(rates.cached_input_nanos, nanos(&expected["cached_input"]));
    assert_eq!(rates.cache_write_nanos, nanos(&expected["cache_write"]));
}

#[test]
fn every_fixture_reads_as_its_manifest_says() {
    let manifest: Value = serde_json::from_slice(&fixture("manifest.json")).unwrap();
    let cases = manifest["files"].as_array().unwrap();
    assert_eq!(cases.len(), 16);
    for case in cases {
        let file = case["file"].as_str().unwrap();
        let provider: ProviderId = case["provider"].as_str().unwrap().parse().unwrap();
        let models = read_fixture(provider, file);
        let expect = case["expect"].as_object().unwrap();
        assert_eq!(models.is_empty(), file.contains("empty"), "{file}");
        let ids = |wanted: Option<ModelKind>| -> Vec<Value> {
            let chosen = models.iter().filter(|model| wanted.is_none() || model.kind == wanted);
            chosen.map(|model| json!(model.id)).collect()
        };
        if let Some(expected) = expect.get("ids") {
            assert_eq!(&json!(ids(None)), expected, "{file}");
        }
        if let Some(expected) = expect.get("chat") {
            assert_eq!(&json!(ids(Some(ModelKind::Chat))), expected, "{file}");
        }
        match expect.get("price") {
            Some(expected) if expected.get("input").is_some() => assert_price(models[0].price, expected),
            Some(expected) => {
                for (id, expected) in expected.as_object().unwrap() {
                    assert_price(models.iter().find(|model| &model.id == id).unwrap().price, expected);
                }
            }
            None => {}
        }
    }
}

#[test]
fn what_a_list_says_beyond_ids_is_kept() {
    let groq = &read_fixture(ProviderId::Groq, "groq-models.json")[0];
    assert_eq!((groq.context_window, groq.max_output_tokens), (Some(131_072), Some(65_536)));
    assert_eq!(groq.created, Some(1_754_408_224));

    let mistral = read_fixture(ProviderId::Mistral, "mistral-models.json");
    assert_eq!(mistral.len(), 3, "aliases are entries of their own");
    assert_eq!((mistral[0].kind, mistral[2].kind), (Some(ModelKind::Chat), Some(ModelKind::Embedding)));
    assert!(mistral[0].capabilities.unwrap().vision);

    let openrouter = read_fixture(ProviderId::OpenRouter, "openrouter-models.json");
    assert_eq!(openrouter[0].display_name.as_deref(), Some("Anthropic: Claude Sonnet 5.5"));
    assert_eq!(openrouter[0].max_output_tokens, Some(128_000));
    assert_eq!(openrouter[1].price, None, "-1 is a price that varies");

    let anthropic = read_fixture(ProviderId::Anthropic, "anthropic-models-page1.json");
    assert_eq!((anthropic[0].context_window, anthropic[0].max_output_tokens), (Some(1_000_000), Some(128_000)));
    assert_eq!(anthropic[0].display_name.as_deref(), Some("Claude Sonnet 5.5"));
    assert_eq!(anthropic[0].created, Some(1_790_208_000));
    assert!(anthropic[0].capabilities.unwrap().json_schema);

    let google = read_fixture(ProviderId::Google, "google-models-page1.json");
    assert_eq!((google[0].kind, google[1].kind), (Some(ModelKind::Chat), Some(ModelKind::Embedding)));
    assert_eq!((google[0].context_window, google[0].max_output_tokens), (Some(1_048_576), Some(65_536)));
    assert_eq!(google[0].display_name.as_deref(), Some("Gemini 3.8 Flash"));
    assert!(google[0].capabilities.unwrap().reasoning);
    let google = read_fixture(ProviderId::Google, "google-models-page2.json");
    assert_eq!(google[0].kind, Some(ModelKind::Other));

    let fireworks = read_fixture(ProviderId::Fireworks, "fireworks-models.json");
    assert_eq!((fireworks[0].kind, fireworks[1].kind), (Some(ModelKind::Chat), Some(ModelKind::Other)));

    let lmstudio = read_fixture(ProviderId::LmStudio, "lmstudio-api-v0-models.json");
    assert_eq!(lmstudio[0].context_window, Some(8_192), "what is loaded counts");
    assert_eq!(lmstudio[2].kind, Some(ModelKind::Embedding));
    assert!(lmstudio.iter().all(|model| model.price == Some(Price::FREE)));
    let newest = &read_fixture(ProviderId::LmStudio, "lmstudio-api-v1-models.json")[0];
    assert_eq!((newest.id.as_str(), newest.context_window), ("openai/gpt-oss-20b", Some(8_192)));
    assert!(newest.capabilities.unwrap().reasoning);

    let openai = read_fixture(ProviderId::OpenAi, "openai-models.json");
    let kinds: Vec<_> = openai.iter().map(|model| model.kind).collect();
    assert_eq!(kinds, [None, None, None, Some(ModelKind::Embedding), Some(ModelKind::Other), None]);
}

#[test]
fn prices_a_token_are_exact_and_never_guessed() {
    for (text, nanos_per_million) in
        [("0.0000000375", Some(37_500_000)), ("1.5e-07", Some(150_000_000)), ("0", Some(0))]
    {
        let body = json!({"data": [{"id": "m", "pricing": {"prompt": text, "completion": "0"}}]}).to_string();
        let price = read(ProviderId::OpenRouter, body.as_bytes()).unwrap()[0].price;
        assert_eq!(price.map(|price| price.rates.input_nanos), nanos_per_million, "{text}");
    }
    for text in ["-1", "", "free", "1e999999999999", "1e2147483647", "1e2147483640", "0.0000000000000001", "NaN"] {
        let body = json!({"data": [{"id": "m", "pricing": {"prompt": text, "completion": "0"}}]}).to_string();
        assert_eq!(read(ProviderId::OpenRouter, body.as_bytes()).unwrap()[0].price, None, "{text}");
    }
}

#[test]
fn entries_nobody_could_call_are_left_out() {
    let long = "x".repeat(257);
    let body = json!({"data": [
        {"id": "good"}, {"id": "good"}, {"id": ""}, {"id": long}, {"id": "a\nb"}, {"id": 7}, {"object": "model"},
    ]});
    let models = read(ProviderId::Custom, body.to_string().as_bytes()).unwrap();
    assert_eq!(models.iter().map(|model| model.id.as_str()).collect::<Vec<_>>(), ["good"]);
}

#[test]
fn retired_models_are_not_in_a_live_list() {
    let body = json!({"data": [
        {"id": "claude-a", "lifecycle": "deprecated"}, {"id": "claude-b", "lifecycle": "retired"}, {"id": "claude-c"},
    ]});
    let models = read(ProviderId::Anthropic, body.to_string().as_bytes()).unwrap();
    assert_eq!(models.iter().map(|model| model.id.as_str()).collect::<Vec<_>>(), ["claude-a", "claude-c"]);
    assert_eq!((models[0].kind, models[0].capabilities), (Some(ModelKind::Chat), None));
}

#[test]
fn a_list_says_where_it_goes_on() {
    let next = next_page(&fixture("anthropic-models-page1.json"));
    assert_eq!(next.as_deref(), Some("claude-haiku-4-5-20251001"));
    assert_eq!(next_page(&fixture("anthropic-models-page2.json")), None);
    assert_eq!(next_page(b"{\"has_more\":true,\"last_id\":\"\"}"), None);
    assert_eq!(next_page(&fixture("google-models-page1.json")).as_deref(), Some("Cg9mYWtlLXBhZ2UtdG9rZW4"));
    assert_eq!(next_page(&fixture("google-models-page2.json")), None);
    assert_eq!(next_page(b"{\"models\":[],\"nextPageToken\":\"\"}"), None);
}

#[test]
fn a_bare_array_is_a_list_too() {
    assert_eq!(
        read(ProviderId::Custom, b" [{\"id\": \"m\", \"max_model_len\": 4096}]").unwrap()[0].context_window,
        Some(4_096)
    );
}

#[test]
fn what_is_no_list_or_too_long_is_an_error() {
    for body in ["", "<html>", "{}", "{\"data\": {}}", "{\"data\": [1]}", "{\"data\": [", "null", "{\"error\": \"x\"}"]
    {
        assert_eq!(read(ProviderId::Custom, body.as_bytes()), Err(ListProblem::Malformed), "{body}");
    }
    let deep = format!("{{\"data\": [{{\"id\": {}}}]}}", "[".repeat(100_000));
    assert_eq!(read(ProviderId::Custom, deep.as_bytes()), Err(ListProblem::Malformed));
    let many = json!({"data": vec![json!({"id": "m"}); MAX_MODELS + 1]}).to_string();
    assert_eq!(read(ProviderId::Custom, many.as_bytes()), Err(ListProblem::TooLong));
    assert_eq!(read(ProviderId::Custom, &vec![b' '; MAX_LIST_BYTES + 1]), Err(ListProblem::TooLong));
}
