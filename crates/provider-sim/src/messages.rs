//! The anthropic-messages wire: messages, plain and streamed, token counts, models and errors as Anthropic writes them.

pub(crate) mod errors;
mod history;
pub(crate) mod models;
mod request;
mod stream;
mod thinking;
mod tools;
mod usage;
mod whole;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use serde_json::json;

use crate::faults::Rendered;
use crate::generation;
use crate::log::Watch;
use crate::play::Outgoing;
use crate::sim::Shared;
use crate::wire::{Dialect, Manner};

/// Named server-sent events that end with `message_stop`.
pub(crate) const MANNER: Manner = Manner {
    content_type: "text/event-stream; charset=utf-8",
    error: || format!("event: error\ndata: {}\n\n", errors::overloaded()),
    comment: "event: ping\ndata: {\"type\":\"ping\"}\n\n",
    garbage: "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"ind\n\n",
    texts: &["\"text\":\"", "\"thinking\":\"", "\"partial_json\":\""],
};

/// `POST /messages` with a key that may.
pub(crate) fn create(shared: &Shared, dialect: Dialect, call: &Received<'_>) -> Outgoing {
    let asked = match request::read(call, true) {
        Ok(asked) => asked,
        Err(refusal) => return *refusal,
    };
    let adds = asked.shows_thought;
    generation::answer(shared, dialect, &asked.conversation, call.watch, call.shown, |scene| {
        if scene.streams {
            Rendered::Events(stream::render(scene, adds))
        } else {
            Rendered::Whole(whole::render(scene, adds))
        }
    })
}

/// `POST /messages/count_tokens`: free.
pub(crate) fn count(shared: &Shared, dialect: Dialect, call: &Received<'_>) -> Outgoing {
    let asked = match request::read(call, false) {
        Ok(asked) => asked,
        Err(refusal) => return *refusal,
    };
    let known = crate::models::usable(&shared.models, dialect.maker(), &asked.conversation.model, false).is_some();
    if !known {
        return dialect.refuse(&crate::refusal::Refusal::NoSuchModel(&asked.conversation.model));
    }
    Outgoing::json(StatusCode::OK, json!({"input_tokens": asked.conversation.prompt_tokens()}).to_string())
}

/// A call as it came in.
#[derive(Debug)]
pub(crate) struct Received<'a> {
    pub(crate) headers: &'a HeaderMap,
    pub(crate) body: &'a Bytes,
    pub(crate) watch: &'a Watch,
    pub(crate) shown: &'a str,
}
