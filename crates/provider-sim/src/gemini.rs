//! The gemini wire: generateContent, plain and streamed, token counts, embeddings, models and errors as Google writes them.

pub(crate) mod embeddings;
pub(crate) mod errors;
mod history;
pub(crate) mod models;
mod request;
mod signature;
mod spelling;
mod tools;
mod write;

use bytes::Bytes;
use http::StatusCode;
use serde_json::{Value, json};

use crate::faults::Rendered;
use crate::generation;
use crate::log::Watch;
use crate::play::Outgoing;
use crate::refusal::Refusal;
use crate::sim::Shared;
use crate::wire::{Dialect, Manner};

/// Server-sent events without an end mark.
pub(crate) const MANNER: Manner = Manner {
    content_type: "text/event-stream",
    error: || format!("data: {}\r\n\r\n", errors::overloaded()),
    comment: ": keep-alive\n\n",
    garbage: "data: {\"candidates\":[{\"content\":{\"par\r\n\r\n",
    texts: &["\"text\":\""],
};

/// Without `alt=sse`: one JSON array, sent in pieces.
const ARRAY: Manner = Manner {
    content_type: "application/json; charset=UTF-8",
    error: || format!(",\r\n{}\r\n]", errors::overloaded()),
    comment: "\n",
    garbage: ",\r\n{\"candidates\":[{\"content\":{\"par",
    texts: &["\"text\":\""],
};

/// What is asked of a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    Generate,
    /// As events; else as one array.
    Stream {
        events: bool,
    },
    Count,
    Embed,
    EmbedMany,
}

impl Action {
    /// The action after the colon of a path.
    pub(crate) fn named(name: &str, query: Option<&str>) -> Option<Self> {
        let events = query.is_some_and(|query| query.split('&').any(|pair| pair == "alt=sse"));
        Some(match name {
            "generateContent" => Self::Generate,
            "streamGenerateContent" => Self::Stream { events },
            "countTokens" => Self::Count,
            "embedContent" => Self::Embed,
            "batchEmbedContents" => Self::EmbedMany,
            _ => return None,
        })
    }
}

/// `POST /models/{model}:{action}` with a key that may.
pub(crate) fn act(
    shared: &Shared,
    dialect: Dialect,
    (model, action): (&str, Action),
    body: &Bytes,
    (watch, shown): (&Watch, &str),
) -> Outgoing {
    watch.describe(Some(model.to_owned()), matches!(action, Action::Stream { .. }));
    let body: Value = match serde_json::from_slice(body) {
        Ok(body) => spelling::as_in_the_reference(body),
        Err(_) => return errors::refuse(&Refusal::BrokenJson),
    };
    match action {
        Action::Embed | Action::EmbedMany => {
            embeddings::embed(shared, dialect, (model, action), &body, shown).unwrap_or_else(|refused| *refused)
        }
        Action::Count => count(shared, dialect, model, &body),
        Action::Generate | Action::Stream { .. } => generate(shared, dialect, (model, action), &body, (watch, shown)),
    }
}

fn generate(
    shared: &Shared,
    dialect: Dialect,
    (model, action): (&str, Action),
    body: &Value,
    (watch, shown): (&Watch, &str),
) -> Outgoing {
    let mut conversation = match request::read(model, body) {
        Ok(conversation) => conversation,
        Err(complaint) => return complaint.outgoing(),
    };
    conversation.streams = action != Action::Generate;
    let events = action != Action::Stream { events: false };
    let manner = if events { dialect.manner() } else { &ARRAY };
    generation::answer_in(manner, shared, dialect, &conversation, (watch, shown), |scene| {
        if scene.streams {
            Rendered::Events(write::events(scene, model, events))
        } else {
            Rendered::Whole(write::whole(scene, model))
        }
    })
}

/// `countTokens` takes the contents, or a whole request under its name.
fn count(shared: &Shared, dialect: Dialect, model: &str, body: &Value) -> Outgoing {
    if crate::models::usable(&shared.models, dialect.maker(), model, false).is_none() {
        return errors::refuse(&Refusal::NoSuchModel(model));
    }
    let conversation = match request::read(model, body.get("generateContentRequest").unwrap_or(body)) {
        Ok(conversation) => conversation,
        Err(complaint) => return complaint.outgoing(),
    };
    let tokens = conversation.prompt_tokens();
    let body = json!({"totalTokens": tokens, "promptTokensDetails": [{"modality": "TEXT", "tokenCount": tokens}]});
    Outgoing::json(StatusCode::OK, body.to_string())
}

/// Whether a model is of the third generation or later, with ids and signatures on its calls.
pub(crate) fn is_third(model: &str) -> bool {
    let number = model.strip_prefix("gemini-").and_then(|rest| rest.split(['.', '-']).next());
    number.and_then(|number| number.parse::<u32>().ok()).is_some_and(|number| number >= 3)
}
