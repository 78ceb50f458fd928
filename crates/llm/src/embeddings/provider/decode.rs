//! Vectors in all the forms they come in.

use std::collections::BTreeMap;

use domain::ProviderId;
use domain::usage::TokenCounts;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::super::{EmbeddingAnswer, numbers};
use super::instead;
use crate::UpstreamError;
use crate::wire::openai_chat::usage::Usage;
use crate::wire::{gemini, openai_chat};

/// A list of vectors in any of the dialects.
#[derive(Deserialize)]
struct Sent<'a> {
    #[serde(default)]
    model: Option<String>,
    #[serde(borrow, default)]
    data: Option<Vec<Entry<'a>>>,
    #[serde(borrow, default)]
    embeddings: Option<Vec<&'a RawValue>>,
    #[serde(borrow, default)]
    embedding: Option<&'a RawValue>,
    #[serde(borrow, default)]
    usage: Option<&'a RawValue>,
    #[serde(borrow, default, rename = "usageMetadata")]
    usage_metadata: Option<&'a RawValue>,
    #[serde(default)]
    prompt_eval_count: Option<u64>,
}

#[derive(Deserialize)]
struct Entry<'a> {
    #[serde(default)]
    index: Option<usize>,
    #[serde(borrow)]
    embedding: &'a RawValue,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Vector {
    Numbers(Vec<f32>),
    Values { values: Vec<f32> },
    Bytes(String),
}

/// Reads an answer that came with a status of success.
///
/// # Errors
/// The failure that it holds in place of vectors.
pub fn decode(provider: ProviderId, body: &[u8]) -> Result<EmbeddingAnswer, UpstreamError> {
    let sent: Sent<'_> = serde_json::from_slice(body).map_err(|_| instead(provider, body))?;
    let vectors: Option<Vec<Vec<f32>>> = match (&sent.data, &sent.embeddings, sent.embedding) {
        (Some(data), _, _) => in_order(data),
        (None, Some(list), _) => list.iter().map(|raw| vector(raw)).collect(),
        (None, None, Some(one)) => vector(one).map(|one| vec![one]),
        (None, None, None) => None,
    };
    let vectors = vectors.filter(|vectors| !vectors.is_empty()).ok_or_else(|| instead(provider, body))?;
    let usage = used(provider, &sent);
    let (usage_is_absurd, cost) = (usage.is_absurd, usage.cost);
    Ok(EmbeddingAnswer { model: sent.model.unwrap_or_default(), vectors, usage: usage.tokens, usage_is_absurd, cost })
}

/// Entries may come in any order; each says its place.
fn in_order(data: &[Entry<'_>]) -> Option<Vec<Vec<f32>>> {
    let mut placed = BTreeMap::new();
    for (at, entry) in data.iter().enumerate() {
        placed.insert(entry.index.unwrap_or(at), vector(entry.embedding)?);
    }
    (placed.len() == data.len()).then(|| placed.into_values().collect())
}

fn vector(raw: &RawValue) -> Option<Vec<f32>> {
    match serde_json::from_str(raw.get()).ok()? {
        Vector::Numbers(numbers) | Vector::Values { values: numbers } => Some(numbers),
        Vector::Bytes(text) => numbers::of_base64(&text),
    }
}

fn used(provider: ProviderId, sent: &Sent<'_>) -> Usage {
    if let Some(value) = sent.usage {
        // Vectors have no completion, which some leave out and some call zero.
        let usage = openai_chat::usage::read(provider, value.get().as_bytes());
        return if usage.tokens.is_none() && !usage.is_absurd { prompt_alone(value, usage) } else { usage };
    }
    if let Some(value) = sent.usage_metadata {
        return gemini::usage::read(value.get().as_bytes());
    }
    counted(sent.prompt_eval_count, Usage::default())
}

fn prompt_alone(value: &RawValue, usage: Usage) -> Usage {
    #[derive(Deserialize)]
    struct Prompt {
        prompt_tokens: Option<u64>,
    }
    let prompt = serde_json::from_str::<Prompt>(value.get()).ok().and_then(|prompt| prompt.prompt_tokens);
    counted(prompt, usage)
}

fn counted(prompt: Option<u64>, usage: Usage) -> Usage {
    let counts = prompt.filter(|prompt| *prompt > 0).map(|prompt| TokenCounts { prompt, ..TokenCounts::default() });
    let tokens = counts.filter(TokenCounts::is_plausible);
    Usage { tokens, is_absurd: usage.is_absurd || (counts.is_some() && tokens.is_none()), ..usage }
}
