//! `POST /embeddings`: vectors of length one that depend on nothing but the text.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::faults::{self, Rendered};
use crate::log::{Usage, Watch};
use crate::play::Outgoing;
use crate::script::Behaviour;
use crate::sim::Shared;

use super::{errors, models, request, usage};

#[derive(Debug, Deserialize)]
struct EmbeddingsRequest {
    #[serde(default)]
    model: Option<String>,
    #[serde(default)]
    input: Option<Input>,
    #[serde(default)]
    encoding_format: Option<String>,
    #[serde(default)]
    dimensions: Option<usize>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Input {
    Text(String),
    Texts(Vec<String>),
    Tokens(Vec<u64>),
    TokenLists(Vec<Vec<u64>>),
}

/// Answers the call.
pub(crate) fn embed(shared: &Shared, body: &Bytes, watch: &Watch, shown: &str) -> Outgoing {
    let request: EmbeddingsRequest = match serde_json::from_slice(body) {
        Ok(request) => request,
        Err(error) => return request::refuse(&error),
    };
    watch.describe(request.model.clone(), false);
    let Some(input) = &request.input else { return errors::missing("input") };
    let Some(model) = request.model.as_deref() else { return errors::missing("model") };
    let Some(usable) = models::usable(&shared.models, model, true) else { return errors::no_such_model(model) };
    let dimensions = request.dimensions.or(usable.dimensions).unwrap_or(1536);
    if !(1..=8192).contains(&dimensions) {
        return errors::invalid("dimensions", "Invalid 'dimensions': expected a value between 1 and 8192.");
    }
    let (behaviour, _) = super::behaviour(shared, "");
    let (seeds, prompt) = input.seeds();
    if let Some(refusal) = super::refusal(&behaviour, model, shown, prompt, false) {
        return refusal;
    }
    let base64 = request.encoding_format.as_deref() == Some("base64");
    let data: Vec<Value> =
        seeds.iter().enumerate().map(|(index, seed)| line(index, *seed, dimensions, base64)).collect();
    let mut answer = json!({"object": "list", "data": data, "model": usable.snapshot});
    let told = match *behaviour {
        Behaviour::WrongUsage(_) => None,
        _ => Some(json!({"prompt_tokens": prompt, "total_tokens": prompt})),
    };
    if let (Some(told), Some(answer)) = (told, answer.as_object_mut()) {
        answer.insert("usage".to_owned(), told);
    }
    let rendered = Rendered::Whole(Bytes::from(answer.to_string()));
    let usage = Usage { prompt, completion: 0 };
    faults::perform(&behaviour, std::time::Duration::ZERO, rendered, usage, "")
}

impl Input {
    /// One seed an input, and the tokens of all.
    fn seeds(&self) -> (Vec<u64>, u64) {
        let texts = |texts: &[String]| {
            let tokens = texts.iter().map(|text| usage::tokens(text.chars().count())).sum();
            (texts.iter().map(|text| seed(text.bytes())).collect(), tokens)
        };
        let lists = |lists: &[Vec<u64>]| {
            let seeds = lists.iter().map(|list| seed(list.iter().flat_map(|token| token.to_le_bytes()))).collect();
            (seeds, lists.iter().map(|list| list.len() as u64).sum())
        };
        match self {
            Self::Text(text) => texts(std::slice::from_ref(text)),
            Self::Texts(list) => texts(list),
            Self::Tokens(list) => lists(std::slice::from_ref(list)),
            Self::TokenLists(list) => lists(list),
        }
    }
}

/// FNV-1a.
fn seed(bytes: impl Iterator<Item = u8>) -> u64 {
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

fn line(index: usize, seed: u64, dimensions: usize, base64: bool) -> Value {
    let vector = vector(seed, dimensions);
    let embedding = if base64 {
        let bytes: Vec<u8> = vector.iter().flat_map(|number| number.to_le_bytes()).collect();
        Value::from(BASE64_STANDARD.encode(bytes))
    } else {
        Value::from(vector)
    };
    json!({"object": "embedding", "index": index, "embedding": embedding})
}

/// Numbers from a linear congruential generator, scaled to length one.
fn vector(seed: u64, dimensions: usize) -> Vec<f32> {
    let mut state = seed;
    let mut numbers: Vec<f32> = Vec::with_capacity(dimensions);
    for _ in 0..dimensions {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let [high, low, ..] = state.to_be_bytes().map(f32::from);
        numbers.push(high.mul_add(256.0, low) / 32_768.0 - 1.0);
    }
    let length = numbers.iter().map(|number| number * number).sum::<f32>().sqrt().max(f32::MIN_POSITIVE);
    numbers.iter().map(|number| number / length).collect()
}
