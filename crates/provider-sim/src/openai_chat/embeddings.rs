//! `POST /embeddings`.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::conversation::tokens;
use crate::faults::{self, Rendered};
use crate::generation;
use crate::log::{Usage, Watch};
use crate::models;
use crate::play::Outgoing;
use crate::refusal::Refusal;
use crate::script::Behaviour;
use crate::sim::Shared;
use crate::vectors::{seed, vector};
use crate::wire::{Dialect, House};

use super::request;

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
    /// Mistral's name for it.
    #[serde(default)]
    output_dimension: Option<usize>,
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
pub(crate) fn embed(
    shared: &Shared,
    dialect: Dialect,
    deployment: Option<&str>,
    body: &Bytes,
    watch: &Watch,
    shown: &str,
) -> Outgoing {
    let mut request: EmbeddingsRequest = match serde_json::from_slice(body) {
        Ok(request) => request,
        Err(error) => return dialect.refuse(&request::unread(&error, &error.to_string())),
    };
    if let Some(deployment) = deployment {
        request.model = Some(deployment.to_owned());
    }
    watch.describe(request.model.clone(), false);
    let Some(input) = &request.input else { return dialect.refuse(&Refusal::Missing("input")) };
    let Some(model) = request.model.as_deref() else { return dialect.refuse(&Refusal::Missing("model")) };
    let Some(usable) = models::usable(&shared.models, dialect.maker(), model, true) else {
        return dialect.refuse(&Refusal::NoSuchModel(model));
    };
    if dialect.house == House::Mistral {
        if request.dimensions.is_some() {
            return dialect.refuse(&Refusal::UnknownField("dimensions"));
        }
        request.dimensions = request.output_dimension;
    }
    let dimensions = request.dimensions.or(usable.dimensions).unwrap_or(1536);
    if !(1..=8192).contains(&dimensions) {
        let message = "Invalid 'dimensions': expected a value between 1 and 8192.";
        return dialect.refuse(&Refusal::Invalid("dimensions", message));
    }
    let (behaviour, _) = generation::behaviour(shared, "");
    let (seeds, prompt) = input.seeds();
    if let Some(refusal) = generation::refusal(dialect, &behaviour, model, shown, prompt, false) {
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
    faults::perform(&behaviour, std::time::Duration::ZERO, rendered, usage, dialect.manner())
}

impl Input {
    /// One seed an input, and the tokens of all.
    fn seeds(&self) -> (Vec<u64>, u64) {
        let texts = |texts: &[String]| {
            let tokens = texts.iter().map(|text| tokens(text.chars().count())).sum();
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
