//! models.dev's `api.json`: dollars per million tokens, by provider and model.

use domain::money::{LongContext, Rates};
use domain::price_book::PriceSource;
use domain::{Price, ProviderId};
use serde_json::value::RawValue;

use super::{Members, PriceList, Unread, figure, in_order, members, skipped};

/// The prompts, in tokens, that still pay the ordinary rates where there are
/// others.
const THRESHOLD_TOKENS: u64 = 200_000;

pub(super) fn read(providers: Vec<(String, Option<Members<'_>>)>) -> Result<PriceList, String> {
    let mut list = PriceList::of(PriceSource::ModelsDev);
    for (theirs, entry) in providers {
        let models = match entry.as_ref().and_then(|entry| entry.get("models")) {
            Some(raw) => in_order(raw)?,
            None => None,
        };
        let Some(models) = models else {
            list.leave_out(&theirs, 1, "names no models");
            continue;
        };
        match provider(&theirs) {
            Some(provider) => {
                for (model, raw) in models {
                    list.add(&format!("{theirs}/{model}"), provider, &model, price(raw));
                }
            }
            None => list.leave_out(&theirs, models.len() as u64, reason_against(&theirs)),
        }
    }
    Ok(list)
}

fn provider(theirs: &str) -> Option<ProviderId> {
    Some(match theirs {
        "openai" => ProviderId::OpenAi,
        "anthropic" => ProviderId::Anthropic,
        "google" => ProviderId::Google,
        "xai" => ProviderId::XAi,
        "huggingface" => ProviderId::HuggingFace,
        "openrouter" => ProviderId::OpenRouter,
        "groq" => ProviderId::Groq,
        "mistral" => ProviderId::Mistral,
        "fireworks-ai" => ProviderId::Fireworks,
        _ => return None,
    })
}

fn reason_against(theirs: &str) -> &'static str {
    match theirs {
        "azure" => "at Azure each key names its own deployments, so that a list cannot price them",
        "lmstudio" | "ollama" => "models on your own machine cost nothing",
        _ => "is no provider that this server calls",
    }
}

fn price(raw: &RawValue) -> Result<Price, Unread> {
    let Some(cost) = object(raw)?.and_then(|model| model.get("cost").copied()) else { return skipped("has no price") };
    let Some(cost) = object(cost)? else { return skipped("has no price") };
    let Some(ordinary) = rates(&cost, None)? else { return skipped("has no price of both input and output") };
    if figure(&cost, "reasoning", 0)?.is_some_and(|nanos| nanos != ordinary.output_nanos) {
        return skipped("bills reasoning at a rate of its own, which is not kept");
    }
    if cost.contains_key("tiers") {
        return skipped("has prices for more than two lengths of prompt");
    }
    let long_context = match cost.get("context_over_200k") {
        None => None,
        Some(raw) => {
            let beyond = object(raw)?.map(|beyond| rates(&beyond, Some(ordinary))).transpose()?.flatten();
            beyond.map(|rates| LongContext { threshold_tokens: THRESHOLD_TOKENS, rates })
        }
    };
    Ok(Price { rates: ordinary, long_context })
}

fn rates(cost: &Members<'_>, otherwise: Option<Rates>) -> Result<Option<Rates>, Unread> {
    let of = |name: &str| figure(cost, name, 0);
    let input = of("input")?.or(otherwise.map(|rates| rates.input_nanos));
    let output = of("output")?.or(otherwise.map(|rates| rates.output_nanos));
    let (Some(input_nanos), Some(output_nanos)) = (input, output) else { return Ok(None) };
    Ok(Some(Rates {
        input_nanos,
        output_nanos,
        cached_input_nanos: of("cache_read")?.or(otherwise.and_then(|rates| rates.cached_input_nanos)),
        cache_write_nanos: of("cache_write")?.or(otherwise.and_then(|rates| rates.cache_write_nanos)),
        cache_write_hour_nanos: otherwise.and_then(|rates| rates.cache_write_hour_nanos),
    }))
}

fn object(raw: &RawValue) -> Result<Option<Members<'_>>, Unread> {
    let all = in_order(raw).map_err(Unread::Refused)?;
    Ok(all.map(members))
}
