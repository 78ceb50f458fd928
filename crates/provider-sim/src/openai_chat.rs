//! The openai-chat wire: chat completions, plain and streamed, embeddings, models and errors as OpenAI writes them.

pub(crate) mod answer;
pub(crate) mod embeddings;
pub(crate) mod errors;
pub(crate) mod models;
mod plain;
pub(crate) mod request;
mod stream;
mod usage;

use std::sync::Arc;

use bytes::Bytes;
use http::StatusCode;

use crate::faults::{self, Event, EventKind, Rendered};
use crate::log::{Usage, Watch};
use crate::markers::{self, Asked};
use crate::play::Outgoing;
use crate::script::{Behaviour, Reply, WrongUsage};
use crate::sim::Shared;

use answer::Said;
use request::ChatRequest;

/// The names an answer carries, counted up from the call's order number.
#[derive(Debug)]
pub(crate) struct Ids {
    at: u64,
    pub(crate) model: String,
}

impl Ids {
    pub(crate) const CREATED: u64 = 1_795_165_200;
    pub(crate) const FINGERPRINT: &'static str = "fp_4c2851f862";

    pub(crate) fn answer(&self) -> String {
        format!("chatcmpl-Sim{:026}", self.at)
    }

    pub(crate) fn call(&self) -> String {
        format!("call_Sim{:021}", self.at)
    }
}

/// A JSON string literal.
pub(crate) fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap_or_default()
}

/// `POST /chat/completions` with a key that may.
pub(crate) fn chat(shared: &Shared, body: &Bytes, watch: &Watch, shown: &str) -> Outgoing {
    let request: ChatRequest = match serde_json::from_slice(body) {
        Ok(request) => request,
        Err(error) => return request::refuse(&error),
    };
    watch.describe(request.model.clone(), request.streams());
    if let Some(complaint) = request.complaint() {
        return complaint;
    }
    let model = request.model.as_deref().unwrap_or_default();
    let Some(usable) = models::usable(&shared.models, model, false) else { return errors::no_such_model(model) };
    let (behaviour, reply) = behaviour(shared, &request.question());
    let prompt = request.prompt_tokens();
    let streams = request.streams() && !matches!(*behaviour, Behaviour::JsonInsteadOfStream);
    if let Some(refusal) = refusal(&behaviour, model, shown, prompt, streams) {
        return refusal;
    }
    let asked = markers::read(&request.question(), &reply);
    let ids = Ids { at: watch.at(), model: usable.snapshot };
    let (rendered, usage) = render(&request, &behaviour, &reply, &asked, &ids, prompt, streams);
    limits(faults::perform(&behaviour, reply.chunk_delay, rendered, usage, &errors::in_body()))
}

/// What to do with this call: the queue, then a marker, then the default; and the answer under it.
pub(crate) fn behaviour(shared: &Shared, question: &str) -> (Arc<Behaviour>, Arc<Reply>) {
    let mut state = shared.state();
    let reply = Arc::clone(&state.reply);
    let queued = state.queued.pop_front();
    let default = Arc::clone(&state.default);
    drop(state);
    let behaviour = queued.or_else(|| markers::read(question, &reply).fault).map_or(default, Arc::new);
    let reply = match &*behaviour {
        Behaviour::Answer(answer) => Arc::new(answer.clone()),
        _ => reply,
    };
    (behaviour, reply)
}

/// The error a behaviour stands for, if it is one from the start.
pub(crate) fn refusal(behaviour: &Behaviour, model: &str, shown: &str, prompt: u64, streams: bool) -> Option<Outgoing> {
    Some(match behaviour {
        Behaviour::Status401 => errors::wrong_key(shown),
        Behaviour::Status429 { retry_after_s } => errors::rate_limited(std::time::Duration::from_secs(*retry_after_s)),
        Behaviour::NoCredit => errors::no_credit(),
        Behaviour::Status5xx(status) => errors::server_error(*status),
        Behaviour::ContextTooLong => errors::context_too_long(prompt),
        Behaviour::NoSuchModel => errors::no_such_model(model),
        Behaviour::Says(status, body) => {
            let status = StatusCode::from_u16(*status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            Outgoing::json(status, body.clone()).with("x-repeated", body)
        }
        Behaviour::RefusesField(field) => {
            errors::invalid(field, &format!("Unrecognized request argument supplied: {field}"))
        }
        Behaviour::ErrorMidStream { .. } | Behaviour::CommentThenError if !streams => errors::server_error(500),
        Behaviour::ErrorWith200 => Outgoing::json(StatusCode::OK, errors::in_body()),
        Behaviour::Html502 => {
            let page = "<html><head><title>502 Bad Gateway</title></head><body><center><h1>502 Bad Gateway</h1>\
                        </center></body></html>\n";
            Outgoing::whole(StatusCode::BAD_GATEWAY, "text/html", Bytes::from_static(page.as_bytes()))
        }
        Behaviour::Redirect(to) => {
            Outgoing::whole(StatusCode::TEMPORARY_REDIRECT, "text/html", Bytes::new()).with("location", to)
        }
        _ => return None,
    })
}

/// The answer as this wire writes it, with the faults that only the wire can make, and its true cost.
fn render(
    request: &ChatRequest,
    behaviour: &Behaviour,
    reply: &Reply,
    asked: &Asked,
    ids: &Ids,
    prompt: u64,
    streams: bool,
) -> (Rendered, Usage) {
    let huge = if let Behaviour::HugeEvent(bytes) = behaviour { *bytes } else { 0 };
    let said: Said = answer::say(request, asked, reply, huge);
    let choices = request.n.unwrap_or(1);
    let cost = Usage { prompt, completion: said.tokens() * choices as u64 };
    let wrong: Option<WrongUsage> = if let Behaviour::WrongUsage(wrong) = behaviour { Some(*wrong) } else { None };
    let told = usage::told(cost, wrong);
    let told = told.as_deref();
    let spoiled = matches!(behaviour, Behaviour::InvalidUtf8);
    if !streams {
        let body = plain::render(ids, &said, choices, told);
        let body = if spoiled { faults::spoil(&body, br#""content":""#) } else { body };
        return (Rendered::Whole(body), cost);
    }
    let in_finish = matches!(behaviour, Behaviour::UsageInFinishChunk);
    let style = stream::Style {
        choices,
        null_usage: request.wants_usage(),
        usage_chunk: told.filter(|_| request.wants_usage() && !in_finish),
        finish_usage: told.filter(|_| in_finish),
        obfuscation: request.wants_obfuscation(),
    };
    let mut events = stream::render(ids, &said, &style);
    if spoiled {
        spoil_first_text(&mut events);
    }
    (Rendered::Events(events), cost)
}

fn spoil_first_text(events: &mut [Event]) {
    if let Some(event) = events.iter_mut().find(|event| event.kind == EventKind::Text) {
        event.bytes = faults::spoil(&event.bytes, br#""content":""#);
    }
}

/// The rate limit headers of an answer that was given.
fn limits(outgoing: Outgoing) -> Outgoing {
    outgoing
        .with("x-ratelimit-limit-requests", "10000")
        .with("x-ratelimit-remaining-requests", "9999")
        .with("x-ratelimit-reset-requests", "8ms")
        .with("x-ratelimit-limit-tokens", "2000000")
        .with("x-ratelimit-remaining-tokens", "1999712")
        .with("x-ratelimit-reset-tokens", "6m0s")
}
