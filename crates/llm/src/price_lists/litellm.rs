//! LiteLLM's price map: dollars per token, by the name that LiteLLM calls a
//! model by.

use std::collections::BTreeMap;

use domain::money::{LongContext, Rates};
use domain::price_book::PriceSource;
use domain::{Price, ProviderId};

use super::{Members, PriceList, Unread, figure, skipped, word};

/// Dollars per token are a million times as many per million.
const PER_MILLION: i32 = 6;

/// The entry that only says which fields there are.
const SAMPLE: &str = "sample_spec";

pub(super) fn read(entries: Vec<(String, Option<Members<'_>>)>) -> PriceList {
    let mut list = PriceList::of(PriceSource::LiteLlm);
    let mut others: BTreeMap<String, u64> = BTreeMap::new();
    for (name, members) in entries.into_iter().filter(|(name, _)| name != SAMPLE) {
        let theirs = members.as_ref().and_then(|members| word(members, "litellm_provider"));
        let (Some(members), Some(theirs)) = (members, theirs) else {
            list.leave_out(&name, 1, "names no provider");
            continue;
        };
        match provider(&theirs) {
            Some(provider) => {
                let model = name.strip_prefix(&theirs).and_then(|rest| rest.strip_prefix('/')).unwrap_or(&name);
                list.add(&name, provider, model, price(&name, &members));
            }
            None => *others.entry(theirs).or_default() += 1,
        }
    }
    for (theirs, number) in others {
        list.leave_out(&theirs, number, reason_against(&theirs));
    }
    list
}

fn provider(theirs: &str) -> Option<ProviderId> {
    Some(match theirs {
        "openai" => ProviderId::OpenAi,
        "anthropic" => ProviderId::Anthropic,
        "gemini" => ProviderId::Google,
        "xai" => ProviderId::XAi,
        "huggingface" => ProviderId::HuggingFace,
        "openrouter" => ProviderId::OpenRouter,
        "groq" => ProviderId::Groq,
        "mistral" => ProviderId::Mistral,
        "fireworks_ai" => ProviderId::Fireworks,
        _ => return None,
    })
}

fn reason_against(theirs: &str) -> &'static str {
    match theirs {
        "azure" | "azure_ai" => "at Azure each key names its own deployments, so that a list cannot price them",
        "ollama" | "lm_studio" => "models on your own machine cost nothing",
        _ => "is no provider that this server calls",
    }
}

fn price(name: &str, entry: &Members<'_>) -> Result<Price, Unread> {
    let mode = word(entry, "mode");
    let is_embedding = match mode.as_deref() {
        None | Some("chat" | "completion" | "responses") => false,
        Some("embedding") => true,
        Some(_) => return skipped("is not for text; only prices per token of text are kept"),
    };
    if name.starts_with("ft:") {
        return skipped("is a name for all models made from another; those have ids of their own");
    }
    if entry.contains_key("tiered_pricing") {
        return skipped("has prices for more than two lengths of prompt");
    }
    let Some(ordinary) = rates(entry, "", None, is_embedding)? else {
        return skipped("has no price per token of text");
    };
    let reasoning = figure(entry, "output_cost_per_reasoning_token", PER_MILLION)?;
    if reasoning.is_some_and(|nanos| nanos != ordinary.output_nanos) {
        return skipped("bills reasoning at a rate of its own, which is not kept");
    }
    let long_context = match thresholds(entry).as_slice() {
        [] => None,
        [thousands] => {
            let threshold_tokens = thousands.saturating_mul(1_000);
            let beyond = rates(entry, &format!("_above_{thousands}k_tokens"), Some(ordinary), is_embedding)?;
            beyond.map(|rates| LongContext { threshold_tokens, rates })
        }
        _ => return skipped("has prices for more than two lengths of prompt"),
    };
    Ok(Price { rates: ordinary, long_context })
}

/// The rates whose names end in `suffix`; what is missing is as in `otherwise`.
fn rates(
    entry: &Members<'_>,
    suffix: &str,
    otherwise: Option<Rates>,
    is_embedding: bool,
) -> Result<Option<Rates>, Unread> {
    let of = |name: &str| figure(entry, &format!("{name}{suffix}"), PER_MILLION);
    let nothing_out = is_embedding.then_some(0);
    let input = of("input_cost_per_token")?.or(otherwise.map(|rates| rates.input_nanos));
    let output = of("output_cost_per_token")?.or(otherwise.map(|rates| rates.output_nanos)).or(nothing_out);
    let (Some(input_nanos), Some(output_nanos)) = (input, output) else { return Ok(None) };
    let or = |nanos: Option<i64>, of: fn(Rates) -> Option<i64>| nanos.or_else(|| otherwise.and_then(of));
    let write = of("cache_creation_input_token_cost")?;
    let write_hour = of("cache_creation_input_token_cost_above_1hr")?;
    Ok(Some(Rates {
        input_nanos,
        output_nanos,
        cached_input_nanos: or(of("cache_read_input_token_cost")?, |rates| rates.cached_input_nanos),
        cache_write_nanos: or(write, |rates| rates.cache_write_nanos),
        // Where writing costs something else, an hour of it does too.
        cache_write_hour_nanos: match write {
            Some(_) => write_hour,
            None => or(write_hour, |rates| rates.cache_write_hour_nanos),
        },
    }))
}

/// The lengths of prompt, in thousands of tokens, beyond which input or output
/// cost something else.
fn thresholds(entry: &Members<'_>) -> Vec<u64> {
    let beyond = |name: &String| {
        let rest = ["input_cost_per_token_above_", "output_cost_per_token_above_"]
            .iter()
            .find_map(|begin| name.strip_prefix(begin))?;
        rest.strip_suffix("k_tokens")?.parse().ok()
    };
    let mut found: Vec<u64> = entry.keys().filter_map(beyond).collect();
    found.sort_unstable();
    found.dedup();
    found
}
