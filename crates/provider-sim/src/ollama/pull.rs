//! `POST /api/pull`: progress in lines, then the model is there.

use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use serde_json::{Value, json};

use crate::faults::{self, Event, EventKind, Rendered};
use crate::generation;
use crate::log::Usage;
use crate::play::Outgoing;
use crate::refusal::Refusal;
use crate::sim::Shared;
use crate::strict::text;
use crate::wire::Dialect;

use super::{errors, library};

const DIGEST: &str = "sha256:dde5aa3fc5ffc17176b5e8bdc82f587b24b2678c6c66101bf7da77af9f7ccdff";
const LAYER: u64 = 2_019_377_376;

/// Answers the call. A name with `nope` in it is in no registry.
pub(super) fn pull(shared: &Shared, dialect: Dialect, body: &Value) -> Outgoing {
    let Some(name) = text(body, "model").or_else(|| text(body, "name")).filter(|name| !name.is_empty()) else {
        return dialect.refuse(&Refusal::Missing("model"));
    };
    let (behaviour, reply) = generation::behaviour(shared, "");
    if let Some(refusal) = generation::refusal(dialect, &behaviour, name, "", 0, true) {
        return refusal;
    }
    let streams = body.get("stream") != Some(&Value::Bool(false));
    if name.contains("nope") {
        let sentence = "pull model manifest: file does not exist";
        let line = format!("{}\n{}\n", json!({"status": "pulling manifest"}), json!({"error": sentence}));
        return if streams {
            Outgoing::whole(StatusCode::OK, "application/x-ndjson", Bytes::from(line))
        } else {
            errors::told(500, sentence)
        };
    }
    let mut state = shared.state();
    let name = library::full(name);
    state.deleted.retain(|deleted| *deleted != name);
    if !state.pulled.contains(&name) {
        state.pulled.push(name);
    }
    drop(state);
    let rendered = if streams {
        Rendered::Events(progress())
    } else {
        Rendered::Whole(Bytes::from_static(br#"{"status":"success"}"#))
    };
    let mut outgoing = faults::perform(
        &behaviour,
        reply.chunk_delay.max(Duration::ZERO),
        rendered,
        Usage::default(),
        dialect.manner(),
    );
    // A pull costs no tokens.
    outgoing.prompt = None;
    outgoing
}

fn progress() -> Vec<Event> {
    let mut lines = vec![json!({"status": "pulling manifest"})];
    let pulling = format!("pulling {}", DIGEST.get(7..19).unwrap_or_default());
    lines.push(json!({"status": pulling, "digest": DIGEST, "total": LAYER}));
    for quarter in 1..=4_u64 {
        let completed = LAYER / 4 * quarter;
        lines.push(json!({"status": pulling, "digest": DIGEST, "total": LAYER, "completed": completed}));
    }
    for status in ["verifying sha256 digest", "writing manifest", "success"] {
        lines.push(json!({"status": status}));
    }
    let event = |line: &Value| {
        let kind = if line["status"] == "success" { EventKind::End } else { EventKind::Text };
        Event { kind, bytes: Bytes::from(format!("{line}\n")), written: 0 }
    };
    lines.iter().map(event).collect()
}
