//! A response as named, numbered server-sent events.

use bytes::Bytes;

use crate::conversation::{Called, Finish, tokens};
use crate::faults::{Event, EventKind};
use crate::generation::{Scene, halves, quoted};

use super::object::{self, Ids};
use super::request::Echo;

/// All events.
pub(super) fn render(scene: &Scene, echo: &Echo) -> Vec<Event> {
    let mut pen = Pen { ids: Ids::of(scene), echo, events: Vec::new(), number: 0, place: 0, written: 0 };
    let begun = object::object(scene, echo, "in_progress");
    for name in ["response.created", "response.in_progress"] {
        pen.event(EventKind::Start, name, &format!(r#""response":{begun}"#));
    }
    if !scene.said.thought.is_empty() {
        pen.reasoning(&scene.said.thought);
    }
    pen.written = scene.said.thought_tokens();
    if !scene.said.text.is_empty() {
        let status = if scene.said.finish == Finish::Length { "incomplete" } else { "completed" };
        pen.message(&scene.said.text, status);
    }
    let mut characters = 0;
    let before = scene.said.thought_tokens();
    for (at, call) in scene.said.calls.iter().enumerate() {
        pen.call(at, call, before, &mut characters);
    }
    pen.written = scene.said.tokens();
    let name = if scene.said.finish == Finish::Length { "response.incomplete" } else { "response.completed" };
    pen.event(EventKind::End, name, &format!(r#""response":{}"#, object::finished(scene, echo)));
    pen.events
}

struct Pen<'a> {
    ids: Ids,
    echo: &'a Echo,
    events: Vec<Event>,
    number: u64,
    /// The output item being written.
    place: usize,
    written: u64,
}

impl Pen<'_> {
    fn reasoning(&mut self, pieces: &[String]) {
        let (id, place) = (self.ids.reasoning(), self.place);
        let empty = if self.echo.encrypted { r#","encrypted_content":"""# } else { "" };
        self.added(&format!(r#"{{"id":"{id}","type":"reasoning","summary":[]{empty}}}"#));
        let thought = pieces.concat();
        if self.echo.summary {
            let at = format!(r#""item_id":"{id}","output_index":{place},"summary_index":0"#);
            let name = |word: &str| format!("response.reasoning_summary_{word}");
            let part = |text: &str| format!(r#"{at},"part":{{"type":"summary_text","text":{text}}}"#);
            self.event(EventKind::Start, &name("part.added"), &part(r#""""#));
            let mut characters = 0;
            for piece in pieces {
                characters += piece.chars().count();
                self.written = tokens(characters);
                self.delta(&name("text.delta"), &at, piece, "");
            }
            let whole = quoted(&thought);
            self.event(EventKind::Start, &name("text.done"), &format!(r#"{at},"text":{whole}"#));
            self.event(EventKind::Start, &name("part.done"), &part(&whole));
        }
        let item = object::reasoning(&self.ids, &thought, self.echo);
        self.done(&item, EventKind::Start);
    }

    fn message(&mut self, pieces: &[String], status: &str) {
        let (id, place, before) = (self.ids.message(), self.place, self.written);
        self.added(&format!(
            r#"{{"id":"{id}","type":"message","status":"in_progress","content":[],"role":"assistant"}}"#
        ));
        let at = format!(r#""item_id":"{id}","output_index":{place},"content_index":0"#);
        let part = |text: &str| {
            format!(r#"{at},"part":{{"type":"output_text","annotations":[],"logprobs":[],"text":{text}}}"#)
        };
        self.event(EventKind::Start, "response.content_part.added", &part(r#""""#));
        let mut characters = 0;
        for piece in pieces {
            characters += piece.chars().count();
            self.written = before + tokens(characters);
            self.delta("response.output_text.delta", &at, piece, r#","logprobs":[]"#);
        }
        let text = pieces.concat();
        let whole = quoted(&text);
        let done = format!(r#"{at},"text":{whole},"logprobs":[]"#);
        self.event(EventKind::Finish, "response.output_text.done", &done);
        self.event(EventKind::Finish, "response.content_part.done", &part(&whole));
        let item = object::message(&self.ids, &text, status);
        self.done(&item, EventKind::Finish);
    }

    fn call(&mut self, at: usize, called: &Called, before: u64, characters: &mut usize) {
        let (item, call, name) = (self.ids.item(at), self.ids.call(at), quoted(&called.name));
        self.added(&format!(
            r#"{{"id":"{item}","type":"function_call","status":"in_progress","arguments":"","call_id":"{call}","name":{name}}}"#
        ));
        let place = format!(r#""item_id":"{item}","output_index":{}"#, self.place);
        *characters += called.name.chars().count();
        let arguments = called.arguments_text();
        let (first, second) = halves(&arguments);
        for fragment in [first, second] {
            *characters += fragment.chars().count();
            self.written = before + tokens(*characters);
            self.delta("response.function_call_arguments.delta", &place, fragment, "");
        }
        let whole = format!(r#"{place},"name":{name},"arguments":{}"#, quoted(&arguments));
        self.event(EventKind::Start, "response.function_call_arguments.done", &whole);
        let item = object::call(&self.ids, at, called);
        self.done(&item, EventKind::Start);
    }

    fn added(&mut self, item: &str) {
        let fields = format!(r#""output_index":{},"item":{item}"#, self.place);
        self.event(EventKind::Start, "response.output_item.added", &fields);
    }

    fn done(&mut self, item: &str, kind: EventKind) {
        let fields = format!(r#""output_index":{},"item":{item}"#, self.place);
        self.event(kind, "response.output_item.done", &fields);
        self.place += 1;
    }

    fn delta(&mut self, name: &str, at: &str, piece: &str, more: &str) {
        const PADDING: [&str; 4] = ["kJ2xQ9", "p", "Zt81bW", "a0"];
        let padding = PADDING.iter().cycle().nth(self.events.len() % PADDING.len()).copied().unwrap_or_default();
        let padding = if self.echo.obfuscation { format!(r#","obfuscation":"{padding}""#) } else { String::new() };
        self.event(EventKind::Text, name, &format!(r#"{at},"delta":{}{more}{padding}"#, quoted(piece)));
    }

    fn event(&mut self, kind: EventKind, name: &str, fields: &str) {
        let event =
            format!("event: {name}\ndata: {{\"type\":\"{name}\",\"sequence_number\":{},{fields}}}\n\n", self.number);
        self.number += 1;
        self.events.push(Event { kind, bytes: Bytes::from(event), written: self.written });
    }
}
