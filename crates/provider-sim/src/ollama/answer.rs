//! An answer as Ollama writes it: one object, or one a line with the counts in the last.

use bytes::Bytes;

use crate::conversation::{Called, Finish, tokens};
use crate::faults::{Event, EventKind};
use crate::generation::{Scene, quoted};

const CREATED: &str = "2026-11-20T09:00:00.123456789Z";

/// The whole answer under the name that was asked for.
pub(super) fn whole(scene: &Scene, model: &str) -> Bytes {
    let said = &scene.said;
    let calls: Vec<String> =
        said.calls.iter().enumerate().map(|(place, called)| call(scene.at, place, called)).collect();
    let calls = if calls.is_empty() { String::new() } else { format!(r#","tool_calls":[{}]"#, calls.join(",")) };
    let thinking = thinking(&said.thought.concat());
    let content = quoted(&said.text.concat());
    let message = format!(r#"{{"role":"assistant","content":{content}{thinking}{calls}}}"#);
    Bytes::from(format!("{}{}}}", head(model, &message), end(scene)))
}

/// The lines of a stream.
pub(super) fn lines(scene: &Scene, model: &str) -> Vec<Event> {
    let mut pen = Pen { model, events: Vec::new(), written: 0 };
    let mut characters = 0;
    for piece in &scene.said.thought {
        characters += piece.chars().count();
        pen.written = tokens(characters);
        pen.line(&format!(r#"{{"role":"assistant","content":""{}}}"#, thinking(piece)));
    }
    let before = scene.said.thought_tokens();
    characters = 0;
    for piece in &scene.said.text {
        characters += piece.chars().count();
        pen.written = before + tokens(characters);
        pen.line(&format!(r#"{{"role":"assistant","content":{}}}"#, quoted(piece)));
    }
    for (place, called) in scene.said.calls.iter().enumerate() {
        pen.written = scene.said.tokens();
        let call = call(scene.at, place, called);
        pen.line(&format!(r#"{{"role":"assistant","content":"","tool_calls":[{call}]}}"#));
    }
    let last = format!("{}{}}}\n", head(model, r#"{"role":"assistant","content":""}"#), end(scene));
    pen.events.push(Event { kind: EventKind::End, bytes: Bytes::from(last), written: scene.said.tokens() });
    pen.events
}

struct Pen<'a> {
    model: &'a str,
    events: Vec<Event>,
    written: u64,
}

impl Pen<'_> {
    fn line(&mut self, message: &str) {
        let line = format!("{},\"done\":false}}\n", head(self.model, message));
        self.events.push(Event { kind: EventKind::Text, bytes: Bytes::from(line), written: self.written });
    }
}

fn head(model: &str, message: &str) -> String {
    format!(r#"{{"model":{},"created_at":"{CREATED}","message":{message}"#, quoted(model))
}

fn thinking(thought: &str) -> String {
    if thought.is_empty() { String::new() } else { format!(r#","thinking":{}"#, quoted(thought)) }
}

fn call(at: u64, place: usize, called: &Called) -> String {
    let (name, arguments) = (quoted(&called.name), &called.arguments);
    format!(
        r#"{{"id":"call_sim{at:04x}{place:02}","function":{{"index":{place},"name":{name},"arguments":{arguments}}}}}"#
    )
}

/// Why it ended and the counts; calls end with `stop` too.
fn end(scene: &Scene) -> String {
    let reason = if scene.said.finish == Finish::Length { "length" } else { "stop" };
    let done = format!(r#","done":true,"done_reason":"{reason}","total_duration":1883312000,"load_duration":41250000"#);
    if scene.told.is_absent() {
        return done;
    }
    let [prompt, written] = [scene.told.prompt, scene.told.completion].map(|count| scene.told.number(count));
    format!(
        r#"{done},"prompt_eval_count":{prompt},"prompt_eval_duration":118000000,"eval_count":{written},"eval_duration":1700000000"#
    )
}
