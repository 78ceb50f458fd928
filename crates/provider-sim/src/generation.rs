//! The course of a generation call, the same on every wire: model, behaviour, refusal, what is said, faults.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;

use crate::conversation::{self, Conversation, Said};
use crate::faults::{self, EventKind, Rendered};
use crate::log::{Usage, Watch};
use crate::markers;
use crate::models;
use crate::play::Outgoing;
use crate::refusal::Refusal;
use crate::script::{Behaviour, Reply, WrongUsage};
use crate::sim::Shared;
use crate::wire::{Dialect, Manner};

/// An answer ready to be written.
#[derive(Debug)]
pub(crate) struct Scene {
    /// The order number of the call: ids are counted up from it.
    pub(crate) at: u64,
    /// The model's name as answers carry it.
    pub(crate) model: String,
    pub(crate) said: Said,
    pub(crate) choices: usize,
    pub(crate) streams: bool,
    pub(crate) told: Told,
    /// Usage sits with the finish reason instead of at its usual place.
    pub(crate) usage_in_finish: bool,
}

/// The counts as they are told.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Told {
    /// All that was read.
    pub(crate) prompt: u64,
    /// Of which from a cache.
    pub(crate) cached: u64,
    /// All that was written, the reasoning included.
    pub(crate) completion: u64,
    /// Of which reasoning.
    pub(crate) reasoning: u64,
    pub(crate) wrong: Option<WrongUsage>,
}

impl Told {
    /// Whether nothing is told.
    pub(crate) fn is_absent(&self) -> bool {
        self.wrong == Some(WrongUsage::Absent)
    }

    /// A count as JSON, rightly or wrongly.
    pub(crate) fn number(&self, count: u64) -> String {
        match self.wrong {
            None | Some(WrongUsage::Absent) => count.to_string(),
            Some(WrongUsage::Zero) => "0".to_owned(),
            Some(WrongUsage::Negative) => format!("-{}", count + 1),
            Some(WrongUsage::Absurd) => "9000000000000000".to_owned(),
            Some(WrongUsage::Fractional) => format!("{count}.25"),
            Some(WrongUsage::Strings) => format!("\"{count}\""),
        }
    }
}

/// Answers a generation call with a key that may; `write` puts the scene into the wire's words.
pub(crate) fn answer(
    shared: &Shared,
    dialect: Dialect,
    conversation: &Conversation,
    watch: &Watch,
    shown: &str,
    write: impl FnOnce(&Scene) -> Rendered,
) -> Outgoing {
    answer_in(dialect.manner(), shared, dialect, conversation, (watch, shown), write)
}

/// The same, framed in this manner.
pub(crate) fn answer_in(
    manner: &Manner,
    shared: &Shared,
    dialect: Dialect,
    conversation: &Conversation,
    (watch, shown): (&Watch, &str),
    write: impl FnOnce(&Scene) -> Rendered,
) -> Outgoing {
    let Some(usable) = models::usable(&shared.models, dialect.maker(), &conversation.model, false) else {
        return dialect.refuse(&Refusal::NoSuchModel(&conversation.model));
    };
    let (behaviour, reply) = behaviour(shared, &conversation.question);
    let prompt = conversation.prompt_tokens();
    let streams = conversation.streams && !matches!(*behaviour, Behaviour::JsonInsteadOfStream);
    if let Some(refusal) = refusal(dialect, &behaviour, &conversation.model, shown, prompt, streams) {
        return refusal;
    }
    let asked = markers::read(&conversation.question, &reply);
    let huge = if let Behaviour::HugeEvent(bytes) = &*behaviour { *bytes } else { 0 };
    let said = conversation::say(conversation, &asked, &reply, huge);
    let completion = said.tokens() * conversation.choices as u64;
    let reasoning = said.thought_tokens() * conversation.choices as u64;
    let wrong = if let Behaviour::WrongUsage(wrong) = &*behaviour { Some(*wrong) } else { None };
    let scene = Scene {
        at: watch.at(),
        model: usable.snapshot,
        said,
        choices: conversation.choices,
        streams,
        told: Told { prompt, cached: asked.cached.min(prompt), completion, reasoning, wrong },
        usage_in_finish: matches!(*behaviour, Behaviour::UsageInFinishChunk),
    };
    let mut rendered = write(&scene);
    if matches!(*behaviour, Behaviour::InvalidUtf8) {
        spoil(&mut rendered, manner.texts);
    }
    let is_told = matches!(*behaviour, Behaviour::Answer(_) | Behaviour::Noise | Behaviour::Trickle(_));
    watch.generates(shown, &conversation.model, scene.told.cached, is_told);
    faults::perform(&behaviour, reply.chunk_delay, rendered, Usage { prompt, completion }, manner)
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
pub(crate) fn refusal(
    dialect: Dialect,
    behaviour: &Behaviour,
    model: &str,
    shown: &str,
    prompt: u64,
    streams: bool,
) -> Option<Outgoing> {
    let refuse = |refusal: Refusal<'_>| Some(dialect.refuse(&refusal));
    match behaviour {
        Behaviour::Status401 => refuse(Refusal::WrongKey(shown)),
        Behaviour::Status429 { retry_after_s } => refuse(Refusal::RateLimited(Duration::from_secs(*retry_after_s))),
        Behaviour::DayQuota => refuse(Refusal::DayQuota),
        Behaviour::NoCredit => refuse(Refusal::NoCredit),
        Behaviour::Status5xx(status) => refuse(Refusal::Server(*status)),
        Behaviour::ContextTooLong => refuse(Refusal::TooLong(prompt)),
        Behaviour::TooLarge => refuse(Refusal::TooLarge),
        Behaviour::Filtered => refuse(Refusal::Filtered),
        Behaviour::NoSuchModel => refuse(Refusal::NoSuchModel(model)),
        Behaviour::Says(status, body) => {
            let status = StatusCode::from_u16(*status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            Some(Outgoing::json(status, body.clone()).with("x-repeated", body))
        }
        Behaviour::RefusesField(field) => refuse(Refusal::UnknownField(field)),
        Behaviour::ErrorMidStream { .. } | Behaviour::CommentThenError if !streams => refuse(Refusal::Server(500)),
        Behaviour::ErrorWith200 => Some(Outgoing::json(StatusCode::OK, dialect.error_body())),
        Behaviour::Html502 => {
            let page = "<html><head><title>502 Bad Gateway</title></head><body><center><h1>502 Bad Gateway</h1>\
                        </center></body></html>\n";
            Some(Outgoing::whole(StatusCode::BAD_GATEWAY, "text/html", Bytes::from_static(page.as_bytes())))
        }
        Behaviour::Redirect(to) => {
            Some(Outgoing::whole(StatusCode::TEMPORARY_REDIRECT, "text/html", Bytes::new()).with("location", to))
        }
        _ => None,
    }
}

/// Puts bytes that are no UTF-8 into the first text.
fn spoil(rendered: &mut Rendered, texts: &[&str]) {
    let spoiled = |bytes: &Bytes| texts.iter().find_map(|opening| faults::spoil(bytes, opening.as_bytes()));
    match rendered {
        Rendered::Whole(body) => *body = spoiled(body).unwrap_or_else(|| body.clone()),
        Rendered::Events(events) => {
            for event in events.iter_mut().filter(|event| event.kind == EventKind::Text) {
                if let Some(bytes) = spoiled(&event.bytes) {
                    event.bytes = bytes;
                    break;
                }
            }
        }
    }
}

/// A JSON string literal.
pub(crate) fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap_or_default()
}

/// The two halves of a text, cut between characters: fragments of a call's arguments.
pub(crate) fn halves(text: &str) -> (&str, &str) {
    let middle = text.char_indices().nth(text.chars().count() / 2).map_or(0, |(at, _)| at);
    text.split_at(middle)
}
