use super::*;

const LITELLM: &str = include_str!("litellm.json");
const MODELS_DEV: &str = include_str!("models_dev.json");

fn price(list: &PriceList, provider: ProviderId, model: &str) -> Option<Price> {
    list.prices.get(&(provider, model.to_owned())).copied()
}

fn left_out(all: &[LeftOut]) -> Vec<(&str, u64)> {
    all.iter().map(|one| (one.name.as_str(), one.entries)).collect()
}

#[test]
fn litellms_map_is_read_and_what_is_no_price_of_ours_is_named() {
    let list = read(LITELLM).unwrap();
    assert_eq!(list.source, PriceSource::LiteLlm);
    let mini = price(&list, ProviderId::OpenAi, "gpt-4o-mini").unwrap();
    let rates = mini.rates;
    assert_eq!((rates.input_nanos, rates.output_nanos), (150_000_000, 600_000_000));
    assert_eq!((rates.cached_input_nanos, mini.long_context), (Some(75_000_000), None));
    assert_eq!(price(&list, ProviderId::Groq, "llama-3.3-70b-versatile").unwrap().rates.input_nanos, 590_000_000);
    assert_eq!(price(&list, ProviderId::OpenAi, "text-embedding-3-small").unwrap().rates.output_nanos, 0);
    let sonnet = price(&list, ProviderId::Anthropic, "claude-sonnet-4-5").unwrap();
    assert_eq!(sonnet.rates.cache_write_hour_nanos, Some(6_000_000_000));
    let long = sonnet.long_context.unwrap();
    assert_eq!(
        (long.threshold_tokens, long.rates.input_nanos, long.rates.output_nanos),
        (200_000, 6_000_000_000, 22_500_000_000)
    );
    assert_eq!(long.rates.cached_input_nanos, Some(600_000_000));
    assert_eq!(long.rates.cache_write_hour_nanos, None, "not the ordinary one, which is less than for five minutes");
    let gemini = price(&list, ProviderId::Google, "gemini-2.5-pro").unwrap();
    assert_eq!(gemini.long_context.unwrap().rates.cached_input_nanos, Some(312_500_000), "as the ordinary one");
    assert_eq!(list.prices.len(), 5);
    assert_eq!(
        left_out(&list.skipped),
        [
            ("1024-x-1024/dall-e-2", 1),
            ("ft:gpt-4o-2024-08-06", 1),
            ("xai/grok-thinking", 1),
            ("azure", 1),
            ("bedrock", 2)
        ]
    );
    assert!(list.refused.is_empty(), "{:?}", list.refused);
}

#[test]
fn models_devs_list_is_read() {
    let list = read(MODELS_DEV).unwrap();
    assert_eq!(list.source, PriceSource::ModelsDev);
    let sonnet = price(&list, ProviderId::Anthropic, "claude-sonnet-4-5").unwrap();
    assert_eq!(sonnet.rates.cached_input_nanos, Some(300_000_000));
    assert_eq!(sonnet.long_context.unwrap().rates.cache_write_nanos, Some(7_500_000_000));
    assert_eq!(price(&list, ProviderId::OpenAi, "gpt-4o-mini").unwrap().rates.cached_input_nanos, Some(80_000_000));
    assert_eq!(left_out(&list.skipped), [("openai/nameless", 1), ("vercel", 2)]);
}

#[test]
fn numbers_that_nobody_means_are_refused_and_their_entry_is_named() {
    let hostile = [
        "-1e-06",
        "\"NaN\"",
        "\"0.000001\"",
        "1e400",
        "1e-400",
        "1e9999999999",
        "2",
        "99999999999999999999999999999999999999999999",
        "true",
        "[1]",
        "{}",
    ];
    for number in hostile {
        let litellm = format!(
            r#"{{"bad":{{"litellm_provider":"openai","mode":"chat","input_cost_per_token":{number},"output_cost_per_token":1e-06}},
                "good":{{"litellm_provider":"openai","mode":"chat","input_cost_per_token":1e-06,"output_cost_per_token":1e-06}}}}"#
        );
        let list = read(&litellm).unwrap();
        assert_eq!(left_out(&list.refused), [("bad", 1)], "{number}");
        assert_eq!(list.prices.len(), 1, "{number}");
        let long = litellm.replace("\"input_cost_per_token\":", "\"input_cost_per_token_above_200k_tokens\":");
        assert_eq!(read(&long).unwrap().prices.len(), 0, "{number}");
        if number != "2" {
            let models_dev =
                format!(r#"{{"openai":{{"models":{{"bad":{{"cost":{{"input":{number},"output":1}}}}}}}}}}"#);
            assert_eq!(left_out(&read(&models_dev).unwrap().refused), [("openai/bad", 1)], "{number}");
        }
    }
}

#[test]
fn a_document_that_is_no_list_is_refused_whole() {
    let deep = format!("{{\"a\":{}{}}}", "[".repeat(500), "]".repeat(500));
    for (document, words) in [
        ("", "is no JSON"),
        ("{\"a\":{\"input_cost_per_token\":NaN,\"litellm_provider\":\"openai\"}}", "is no JSON"),
        ("[]", "is no JSON object"),
        ("{}", "is neither"),
        ("{\"a\":1}", "is neither"),
        ("{\"a\":{\"litellm_provider\":\"x\"},\"a\":{\"litellm_provider\":\"x\"}}", "names “a” twice"),
        ("{\"openai\":{\"models\":{\"m\":{},\"m\":{}}}}", "names “m” twice"),
        (&deep, "is no JSON"),
    ] {
        let problem = read(document).unwrap_err();
        assert!(problem.contains(words), "{document:.60}: {problem}");
    }
}

#[test]
fn a_name_that_cannot_be_seen_or_is_endless_is_refused() {
    let named = |name: &str| {
        format!(
            r#"{{"{name}":{{"litellm_provider":"openai","input_cost_per_token":1e-06,"output_cost_per_token":1e-06}}}}"#
        )
    };
    for name in ["a\\u0000b", "a\\u202eb", "   ", &"x".repeat(400)] {
        let list = read(&named(name)).unwrap();
        assert_eq!((list.refused.len(), list.prices.len()), (1, 0), "{name:.20}");
    }
    assert_eq!(read(&named("fine")).unwrap().prices.len(), 1);
}
