//! The openai-chat wire: chat completions, plain and streamed, embeddings, models and errors as OpenAI writes them.

pub(crate) mod embeddings;
pub(crate) mod errors;
pub(crate) mod houses;
pub(crate) mod passed;
pub(crate) mod request;
mod stream;
mod usage;
mod whole;

use bytes::Bytes;

use crate::faults::Rendered;
use crate::generation::{self, Scene};
use crate::log::Watch;
use crate::play::Outgoing;
use crate::refusal::Refusal;
use crate::sim::Shared;
use crate::wire::{Dialect, House, Manner};

use request::ChatRequest;

/// Server-sent events that end with `[DONE]`.
pub(crate) const MANNER: Manner = Manner {
    content_type: "text/event-stream; charset=utf-8",
    error: || format!("data: {}\n\n", errors::in_body()),
    comment: ": keep-alive\n\n",
    garbage: "data: {\"id\":\"chatcmpl-garbage\",\"choices\":[{\"ind\n\n",
    texts: &["\"content\":\""],
};

/// The names an answer carries, counted up from the call's order number.
#[derive(Debug)]
pub(crate) struct Ids<'a> {
    at: u64,
    pub(crate) model: &'a str,
}

impl Ids<'_> {
    pub(crate) const CREATED: u64 = 1_795_165_200;
    pub(crate) const FINGERPRINT: &'static str = "fp_4c2851f862";

    pub(crate) fn answer(&self) -> String {
        format!("chatcmpl-Sim{:026}", self.at)
    }

    pub(crate) fn call(&self, place: usize) -> String {
        if place == 0 { format!("call_Sim{:021}", self.at) } else { format!("call_Sim{:018}_{place:02}", self.at) }
    }
}

/// `POST /chat/completions` with a key that may. A model in the path wins over the body's (Azure's deployments).
pub(crate) fn chat(
    shared: &Shared,
    dialect: Dialect,
    deployment: Option<&str>,
    body: &Bytes,
    watch: &Watch,
    shown: &str,
) -> Outgoing {
    let mut request: ChatRequest = match serde_json::from_slice(body) {
        Ok(request) => request,
        Err(error) => return dialect.refuse(&request::unread(&error, &error.to_string())),
    };
    if let Some(deployment) = deployment {
        request.model = Some(deployment.to_owned());
    }
    if let Some(field) = request::stranger_to(dialect.house, body) {
        return dialect.refuse(&Refusal::UnknownField(&field));
    }
    watch.describe(request.model.clone(), request.streams());
    if let Some(complaint) = request.complaint(dialect) {
        return complaint;
    }
    let usage = request.wants_usage();
    let obfuscation = request.wants_obfuscation() && dialect.house == House::OpenAi;
    let conversation = request.conversation();
    let outgoing = generation::answer(shared, dialect, &conversation, watch, shown, |scene| {
        render(scene, dialect.house, usage, obfuscation)
    });
    limits(outgoing)
}

fn render(scene: &Scene, house: House, wants_usage: bool, obfuscation: bool) -> Rendered {
    let ids = Ids { at: scene.at, model: &scene.model };
    let told = usage::told(&scene.told, house);
    let told = told.as_deref();
    if !scene.streams {
        return Rendered::Whole(whole::render(&ids, scene, house, told));
    }
    // Mistral and Fireworks tell it with the finish reason, asked or not.
    let in_finish = scene.usage_in_finish || matches!(house, House::Mistral | House::Fireworks);
    let style = stream::Style {
        choices: scene.choices,
        null_usage: wants_usage && !in_finish,
        usage_chunk: told.filter(|_| wants_usage && !in_finish),
        finish_usage: told.filter(|_| in_finish),
        obfuscation,
        house,
    };
    Rendered::Events(stream::render(&ids, &scene.said, &style))
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
