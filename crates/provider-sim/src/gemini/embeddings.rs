//! `embedContent` and `batchEmbedContents`.

use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};

use crate::conversation::tokens;
use crate::faults::{self, Rendered};
use crate::generation;
use crate::log::Usage;
use crate::models;
use crate::play::Outgoing;
use crate::refusal::Refusal;
use crate::sim::Shared;
use crate::strict::{items, length, stranger, text};
use crate::vectors::{seed, vector};
use crate::wire::Dialect;

use super::Action;
use super::errors::{self, Complaint};

const FIELDS: [&str; 5] = ["model", "content", "taskType", "title", "outputDimensionality"];

/// Answers the call, or refuses it.
pub(crate) fn embed(
    shared: &Shared,
    dialect: Dialect,
    (model, action): (&str, Action),
    body: &Value,
    shown: &str,
) -> Result<Outgoing, Box<Outgoing>> {
    let usable = models::usable(&shared.models, dialect.maker(), model, true)
        .ok_or_else(|| Box::new(errors::refuse(&Refusal::NoSuchModel(model))))?;
    let requests = match action {
        Action::EmbedMany => items(body, "requests"),
        _ => std::slice::from_ref(body),
    };
    if requests.is_empty() {
        let complaint = Complaint::new("* BatchEmbedContentsRequest.requests: requests is not specified");
        return Err(Box::new(complaint.outgoing()));
    }
    let mut values = Vec::new();
    let mut prompt = 0;
    for request in requests {
        let input = read(request, model, action).map_err(|complaint| Box::new(complaint.outgoing()))?;
        let asked = request.get("outputDimensionality").and_then(Value::as_u64).and_then(|n| usize::try_from(n).ok());
        let dimensions = asked.or(usable.dimensions).unwrap_or(768);
        if !(1..=8192).contains(&dimensions) {
            return Err(Box::new(Complaint::new("output_dimensionality must be positive.").outgoing()));
        }
        values.push(json!({"values": vector(seed(input.bytes()), dimensions)}));
        prompt += tokens(length(&input));
    }
    let (behaviour, _) = generation::behaviour(shared, "");
    if let Some(refusal) = generation::refusal(dialect, &behaviour, model, shown, prompt, false) {
        return Err(Box::new(refusal));
    }
    let answer = match action {
        Action::EmbedMany => json!({"embeddings": values}),
        _ => json!({"embedding": values.first()}),
    };
    let rendered = Rendered::Whole(Bytes::from(answer.to_string()));
    let usage = Usage { prompt, completion: 0 };
    Ok(faults::perform(&behaviour, Duration::ZERO, rendered, usage, dialect.manner()))
}

fn read(request: &Value, model: &str, action: Action) -> Result<String, Complaint> {
    if let Some(field) = request.as_object().and_then(|request| stranger(request, &FIELDS)) {
        return Err(Complaint::unknown(field, "requests"));
    }
    let named = text(request, "model");
    let wanted = format!("models/{model}");
    if named.map_or(action == Action::EmbedMany, |named| named != wanted) {
        return Err(Complaint::new(format!("* EmbedContentRequest.model: model must be {wanted}")));
    }
    let content = request.get("content").unwrap_or(&Value::Null);
    let texts: Vec<&str> = items(content, "parts").iter().filter_map(|part| text(part, "text")).collect();
    if texts.is_empty() {
        return Err(Complaint::new("* EmbedContentRequest.content: content is not specified"));
    }
    Ok(texts.join("\n"))
}
