//! What OpenAI's house has beside chats: completions, moderations, rerank, pictures, speech and transcriptions.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use serde_json::{Value, json};

use crate::conversation::tokens;
use crate::faults::{self, Event, EventKind, Rendered};
use crate::generation;
use crate::log::{Usage, Watch};
use crate::models;
use crate::play::Outgoing;
use crate::refusal::Refusal;
use crate::script::Reply;
use crate::sim::Shared;
use crate::vectors::seed;
use crate::wire::Dialect;

use super::Ids;

/// What is said where a script says nothing.
const WORDS: &str = "The quick brown fox jumps over the lazy dog.";

/// The door of an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Door {
    Completions,
    Moderations,
    Rerank,
    Pictures,
    Speech,
    Transcriptions,
}

impl Door {
    pub(crate) fn of(tail: &str) -> Option<Self> {
        Some(match tail {
            "/completions" => Self::Completions,
            "/moderations" => Self::Moderations,
            "/rerank" => Self::Rerank,
            "/images/generations" | "/images/edits" => Self::Pictures,
            "/audio/speech" => Self::Speech,
            "/audio/transcriptions" | "/audio/translations" => Self::Transcriptions,
            _ => return None,
        })
    }
}

/// What was sent, whether as JSON or as a form.
struct Asked {
    model: Option<String>,
    stream: bool,
    wants_usage: bool,
    characters: usize,
}

/// Answers the call.
pub(crate) fn answer(
    shared: &Shared,
    dialect: Dialect,
    door: Door,
    (kind, body): (&str, &Bytes),
    (watch, shown): (&Watch, &str),
) -> Outgoing {
    let Some(asked) = read(kind, body) else { return dialect.refuse(&Refusal::BrokenJson) };
    watch.describe(asked.model.clone(), asked.stream);
    let Some(model) = asked.model.as_deref() else { return dialect.refuse(&Refusal::Missing("model")) };
    if models::usable(&shared.models, dialect.maker(), model, false).is_none() {
        return dialect.refuse(&Refusal::NoSuchModel(model));
    }
    let (behaviour, reply) = generation::behaviour(shared, "");
    let prompt = tokens(asked.characters);
    if let Some(refusal) = generation::refusal(dialect, &behaviour, model, shown, prompt, asked.stream) {
        return refusal;
    }
    let said = said(&reply);
    let usage = Usage { prompt, completion: tokens(said.chars().count()) };
    let ids = Ids { at: watch.at(), model };
    let rendered = if asked.stream {
        Rendered::Events(events(door, &ids, said, usage, asked.wants_usage))
    } else {
        Rendered::Whole(whole(door, &ids, said, usage))
    };
    let outgoing = faults::perform(&behaviour, reply.chunk_delay, rendered, usage, dialect.manner());
    if door == Door::Speech && !asked.stream { outgoing.with("content-type", "audio/mpeg") } else { outgoing }
}

fn said(reply: &Reply) -> &str {
    if reply.text.is_empty() { WORDS } else { &reply.text }
}

fn read(kind: &str, body: &Bytes) -> Option<Asked> {
    if let Some(boundary) = kind.strip_prefix("multipart/form-data; boundary=") {
        return Some(read_form(boundary.trim_matches('"'), body));
    }
    let body: Value = serde_json::from_slice(body).ok()?;
    let text = |name: &str| body.get(name).and_then(Value::as_str);
    let characters = ["prompt", "input", "query"].iter().filter_map(|name| text(name)).map(|text| text.chars().count());
    Some(Asked {
        model: text("model").map(str::to_owned),
        stream: body.get("stream") == Some(&Value::Bool(true)) || text("stream_format") == Some("sse"),
        wants_usage: body.pointer("/stream_options/include_usage") == Some(&Value::Bool(true)),
        characters: characters.sum(),
    })
}

/// A form as a simple server reads it: split at the boundary, the last value of a name wins.
fn read_form(boundary: &str, body: &Bytes) -> Asked {
    let text = String::from_utf8_lossy(body);
    let field = |name: &str| {
        let (mark, boundary) = (format!("name=\"{name}\""), format!("--{boundary}"));
        let parts = text.split(&boundary).filter(|part| part.contains(&mark));
        parts.last().and_then(|part| Some(part.split_once("\r\n\r\n")?.1.trim_end_matches("\r\n").to_owned()))
    };
    Asked {
        model: field("model"),
        stream: field("stream").as_deref() == Some("true"),
        wants_usage: false,
        characters: body.len(),
    }
}

fn whole(door: Door, ids: &Ids<'_>, said: &str, usage: Usage) -> Bytes {
    let answer = match door {
        Door::Completions => completion(ids, said, Some("stop"), Some(usage)),
        Door::Moderations => json!({"id": format!("modr-{}", ids.at), "model": ids.model, "results": [
            {"flagged": false, "categories": {"violence": false}, "category_scores": {"violence": 0.01}},
        ]}),
        Door::Rerank => json!({"id": format!("rerank-{}", ids.at), "model": ids.model, "results": [
            {"index": 1, "relevance_score": 0.9}, {"index": 0, "relevance_score": 0.1},
        ], "usage": {"total_tokens": usage.prompt}}),
        Door::Pictures => json!({
            "created": Ids::CREATED,
            "data": [{"b64_json": BASE64_STANDARD.encode(bytes_of(said))}],
            "usage": counted(usage),
        }),
        Door::Transcriptions => {
            let mut used = counted(usage);
            used["type"] = "tokens".into();
            json!({"text": said, "usage": used})
        }
        Door::Speech => return Bytes::from(bytes_of(said)),
    };
    Bytes::from(answer.to_string())
}

fn counted(usage: Usage) -> Value {
    json!({
        "input_tokens": usage.prompt,
        "output_tokens": usage.completion,
        "total_tokens": usage.prompt + usage.completion,
    })
}

fn completion(ids: &Ids<'_>, text: &str, finish: Option<&str>, usage: Option<Usage>) -> Value {
    let mut answer = json!({
        "id": format!("cmpl-Sim{:026}", ids.at),
        "object": "text_completion",
        "created": Ids::CREATED,
        "model": ids.model,
        "choices": [{"text": text, "index": 0, "logprobs": null, "finish_reason": finish}],
    });
    if let Some(Usage { prompt, completion }) = usage {
        answer["usage"] =
            json!({"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion});
    }
    answer
}

/// Bytes that are no text and depend on nothing but it.
fn bytes_of(text: &str) -> Vec<u8> {
    let mut state = seed(text.bytes());
    let next = |_| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state.to_be_bytes()[0]
    };
    (0..4096).map(next).collect()
}

fn events(door: Door, ids: &Ids<'_>, said: &str, usage: Usage, wants_usage: bool) -> Vec<Event> {
    let event = |kind, written, data: &Value| {
        let name = data["type"].as_str().map(|name| format!("event: {name}\n")).unwrap_or_default();
        Event { kind, bytes: Bytes::from(format!("{name}data: {data}\n\n")), written }
    };
    let (delta, done) = match door {
        Door::Speech => ("speech.audio.delta", "speech.audio.done"),
        Door::Pictures => ("image_generation.partial_image", "image_generation.completed"),
        _ => ("transcript.text.delta", "transcript.text.done"),
    };
    let mut left = usage.completion;
    let mut events: Vec<Event> = said
        .split_inclusive(' ')
        .map(|word| {
            let written = tokens(word.chars().count()).min(left);
            left -= written;
            let data = match door {
                Door::Completions => completion(ids, word, None, None),
                _ => json!({"type": delta, "delta": word}),
            };
            event(EventKind::Text, written, &data)
        })
        .collect();
    if door != Door::Completions {
        events.push(event(EventKind::Finish, left, &json!({"type": done, "usage": counted(usage)})));
        return events;
    }
    events.push(event(EventKind::Finish, left, &completion(ids, "", Some("stop"), None)));
    if wants_usage {
        let mut told = completion(ids, "", None, Some(usage));
        told["choices"] = json!([]);
        events.push(event(EventKind::Usage, 0, &told));
    }
    events.push(Event { kind: EventKind::End, bytes: Bytes::from_static(b"data: [DONE]\n\n"), written: 0 });
    events
}
