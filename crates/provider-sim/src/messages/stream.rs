//! A message as named server-sent events, block by block.

use bytes::Bytes;

use crate::conversation::{Called, tokens};
use crate::faults::{Event, EventKind};
use crate::generation::{Scene, halves, quoted};

use super::whole::{call_id, id, stop};
use super::{thinking, usage};

/// All events.
pub(crate) fn render(scene: &Scene, shows_thought: bool) -> Vec<Event> {
    let mut pen = Pen { events: Vec::new(), written: 0, index: 0 };
    pen.start(scene);
    if !scene.said.thought.is_empty() {
        pen.thought(&scene.said.thought, shows_thought);
    }
    let thought = scene.said.thought_tokens();
    if !scene.said.text.is_empty() {
        pen.text(&scene.said.text, thought);
    }
    let mut characters = 0;
    for (place, call) in scene.said.calls.iter().enumerate() {
        pen.call(&call_id(scene.at, place), call, thought, &mut characters);
    }
    pen.written = scene.said.tokens();
    let (reason, sequence) = stop(&scene.said.finish);
    let usage = if scene.told.is_absent() { "{}".to_owned() } else { usage::at_the_end(&scene.told) };
    pen.event(
        EventKind::Finish,
        "message_delta",
        &format!(r#""delta":{{"stop_reason":"{reason}","stop_sequence":{sequence}}},"usage":{usage}"#),
    );
    pen.push(EventKind::End, "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n".to_owned());
    pen.events
}

struct Pen {
    events: Vec<Event>,
    written: u64,
    /// The block being written.
    index: usize,
}

impl Pen {
    fn start(&mut self, scene: &Scene) {
        let usage = if scene.told.is_absent() {
            String::new()
        } else {
            format!(r#","usage":{}"#, usage::object(&scene.told, 1, false))
        };
        let (id, model) = (id(scene.at), quoted(&scene.model));
        self.event(
            EventKind::Start,
            "message_start",
            &format!(
                r#""message":{{"id":"{id}","type":"message","role":"assistant","model":{model},"content":[],"stop_reason":null,"stop_sequence":null{usage}}}"#
            ),
        );
    }

    fn thought(&mut self, pieces: &[String], shown: bool) {
        self.open(r#"{"type":"thinking","thinking":"","signature":""}"#);
        if self.index == 0 {
            self.ping();
        }
        let mut characters = 0;
        for piece in pieces.iter().filter(|_| shown) {
            characters += piece.chars().count();
            self.written = tokens(characters);
            self.delta(&format!(r#"{{"type":"thinking_delta","thinking":{}}}"#, quoted(piece)));
        }
        let signature = thinking::signature(&if shown { pieces.concat() } else { String::new() });
        self.delta(&format!(r#"{{"type":"signature_delta","signature":"{signature}"}}"#));
        self.close();
    }

    fn text(&mut self, pieces: &[String], before: u64) {
        self.open(r#"{"type":"text","text":""}"#);
        if self.index == 0 {
            self.ping();
        }
        let mut characters = 0;
        for piece in pieces {
            characters += piece.chars().count();
            self.written = before + tokens(characters);
            self.delta(&format!(r#"{{"type":"text_delta","text":{}}}"#, quoted(piece)));
        }
        self.close();
    }

    /// No arguments: no fragment at all, as at Anthropic.
    fn call(&mut self, id: &str, call: &Called, before: u64, characters: &mut usize) {
        self.open(&format!(r#"{{"type":"tool_use","id":"{id}","name":{},"input":{{}}}}"#, quoted(&call.name)));
        *characters += call.name.chars().count();
        let arguments = call.arguments_text();
        let (first, second) = if arguments == "{}" { ("", "") } else { halves(&arguments) };
        for fragment in [first, second].into_iter().filter(|fragment| !fragment.is_empty()) {
            *characters += fragment.chars().count();
            self.written = before + tokens(*characters);
            self.delta(&format!(r#"{{"type":"input_json_delta","partial_json":{}}}"#, quoted(fragment)));
        }
        self.close();
    }

    fn open(&mut self, block: &str) {
        let index = self.index;
        self.event(EventKind::Start, "content_block_start", &format!(r#""index":{index},"content_block":{block}"#));
    }

    fn delta(&mut self, delta: &str) {
        let index = self.index;
        self.event(EventKind::Text, "content_block_delta", &format!(r#""index":{index},"delta":{delta}"#));
    }

    fn close(&mut self) {
        let index = self.index;
        self.event(EventKind::Start, "content_block_stop", &format!(r#""index":{index}"#));
        self.index += 1;
    }

    fn ping(&mut self) {
        self.push(EventKind::Start, "event: ping\ndata: {\"type\":\"ping\"}\n\n".to_owned());
    }

    fn event(&mut self, kind: EventKind, name: &str, fields: &str) {
        self.push(kind, format!("event: {name}\ndata: {{\"type\":\"{name}\",{fields}}}\n\n"));
    }

    fn push(&mut self, kind: EventKind, event: String) {
        self.events.push(Event { kind, bytes: Bytes::from(event), written: self.written });
    }
}
