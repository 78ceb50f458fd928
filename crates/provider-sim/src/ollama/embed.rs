//! `POST /api/embed`.

use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};

use crate::conversation::tokens;
use crate::faults::{self, Rendered};
use crate::generation;
use crate::log::{Usage, Watch};
use crate::models;
use crate::play::Outgoing;
use crate::refusal::Refusal;
use crate::sim::Shared;
use crate::strict::{length, text};
use crate::vectors::{seed, vector};
use crate::wire::Dialect;

use super::{errors, library};

/// Answers the call, or refuses it.
pub(super) fn embed(
    shared: &Shared,
    dialect: Dialect,
    body: &Value,
    (watch, shown): (&Watch, &str),
) -> Result<Outgoing, Box<Outgoing>> {
    let asked = text(body, "model").ok_or_else(|| Box::new(dialect.refuse(&Refusal::Missing("model"))))?;
    watch.describe(Some(asked.to_owned()), false);
    let name = library::found(shared, asked).ok_or_else(|| Box::new(dialect.refuse(&Refusal::NoSuchModel(asked))))?;
    let known = models::known(&name);
    if known.is_some_and(|model| !model.is_for_vectors()) {
        return Err(Box::new(errors::told(501, "this model does not support embeddings")));
    }
    let input: Vec<&str> = match body.get("input") {
        Some(Value::String(text)) => vec![text],
        Some(Value::Array(texts)) => texts.iter().filter_map(Value::as_str).collect(),
        _ => return Err(Box::new(errors::told(400, "invalid input type"))),
    };
    let asked_for = body.get("dimensions").and_then(Value::as_u64).and_then(|n| usize::try_from(n).ok());
    let dimensions = asked_for.or(known.and_then(|model| model.dimensions)).unwrap_or(768).clamp(1, 8192);
    let prompt = input.iter().map(|text| tokens(length(text))).sum();
    let (behaviour, _) = generation::behaviour(shared, "");
    if let Some(refusal) = generation::refusal(dialect, &behaviour, asked, shown, prompt, false) {
        return Err(Box::new(refusal));
    }
    let vectors: Vec<Vec<f32>> = input.iter().map(|text| vector(seed(text.bytes()), dimensions)).collect();
    let answer = json!({"model": asked, "embeddings": vectors, "total_duration": 14_143_917, "load_duration": 1_019_500,
        "prompt_eval_count": prompt});
    let rendered = Rendered::Whole(Bytes::from(answer.to_string()));
    let usage = Usage { prompt, completion: 0 };
    Ok(faults::perform(&behaviour, Duration::ZERO, rendered, usage, dialect.manner()))
}
