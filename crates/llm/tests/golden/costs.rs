//! What the counts of the fixtures cost at the catalogue's prices, to the
//! nano-dollar. The figures were worked out by hand from the catalogue's file.

use domain::usage::TokenCounts;
use domain::{Nanos, ProviderId, Timestamp};
use llm::catalogue::Catalogue;

use crate::manifest::{Seen, all_cases};
use crate::streams::decoded;

/// When the catalogue's facts are of, before any announced change.
const THEN: Timestamp = Timestamp::from_seconds(1_795_000_000);

fn cost(provider: ProviderId, model: &str, tokens: &TokenCounts) -> Nanos {
    Catalogue::builtin().price_at(provider, model, THEN).unwrap().cost(tokens)
}

/// What a fixture says was used, and the provider's own price.
fn used(file: &str, kind: &str) -> (ProviderId, TokenCounts, Option<Nanos>) {
    let case = all_cases(kind).into_iter().find(|case| case.file == file).unwrap();
    let seen = match kind {
        "stream" => decoded(&case, &[&case.body()]).0,
        _ => Seen::of(case.wire().unwrap().decode_answer(case.provider, &case.body()).unwrap()),
    };
    (case.provider, seen.usage.unwrap(), seen.cost)
}

#[test]
fn each_providers_counts_cost_what_its_price_list_says() {
    for (file, kind, model, nanos) in [
        // Read from the cache, written to it, and reasoning.
        ("openai-chat/reasoning.response.json", "response", "gpt-5.6-luna", 345_920),
        ("openai-responses/reasoning.response.json", "response", "gpt-6-astra", 15_256_000),
        ("azure-openai/text.response.json", "response", "gpt-6.1-sol", 128_000),
        // All of what was written is kept for an hour.
        ("anthropic-messages/cache.response.json", "response", "claude-opus-5-5", 18_552_000),
        ("anthropic-messages/stream-thinking-tools.sse", "stream", "claude-sonnet-5-5", 2_920_000),
        // Thoughts are beside the answer's count, not in it.
        ("gemini-generateContent/cached.response.json", "response", "gemini-3.8-flash", 956_250),
        ("variants/xai/text.response.json", "response", "grok-4.7", 832_000),
        ("variants/groq/reasoning.response.json", "response", "openai/gpt-oss-120b", 69_000),
        ("variants/mistral/text.response.json", "response", "mistral-large-4", 31_500),
        ("variants/fireworks/stream-tools.sse", "stream", "accounts/fireworks/models/deepseek-v4p1-flash", 94_368),
        ("ollama-native/thinking.response.json", "response", "llama3.2", 0),
        ("variants/lmstudio/stream-reasoning.sse", "stream", "openai/gpt-oss-20b", 0),
    ] {
        let (provider, tokens, _) = used(file, kind);
        assert_eq!(cost(provider, model, &tokens), Nanos(nanos), "{file}");
    }
}

#[test]
fn a_provider_that_names_its_price_is_believed() {
    for (file, kind, nanos) in [
        ("variants/openrouter/stream-text.sse", "stream", 420_000),
        ("variants/openrouter/reasoning.response.json", "response", 420_000),
        ("variants/xai/text.response.json", "response", 1_673_000),
    ] {
        assert_eq!(used(file, kind).2, Some(Nanos(nanos)), "{file}");
    }
}

#[test]
fn one_token_beyond_the_threshold_prices_the_whole_request() {
    for (provider, model, threshold, at, beyond) in [
        (ProviderId::OpenAi, "gpt-6-astra", 272_000, 2_770_000_000, 5_497_020_000),
        (ProviderId::Google, "gemini-3.1-pro-preview", 200_000, 412_000_000, 814_404_000),
    ] {
        let counts = |prompt, cached| TokenCounts { prompt, completion: 1_000, cached, ..TokenCounts::default() };
        assert_eq!(cost(provider, model, &counts(threshold, 0)), Nanos(at), "{model}");
        assert_eq!(cost(provider, model, &counts(threshold + 1, 1_000)), Nanos(beyond), "{model}");
    }
}
