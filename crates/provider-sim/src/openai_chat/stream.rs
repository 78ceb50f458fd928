//! A chat completion as server-sent events: role, pieces, finish reason, usage when asked for, `[DONE]`.

use bytes::Bytes;

use crate::conversation::{Called, Said, tokens};
use crate::faults::{Event, EventKind};
use crate::generation::{halves, quoted};
use crate::wire::House;

use super::Ids;
use super::whole::{finish, mistral_thought, reasoning_field};

/// How a stream is to be written.
#[derive(Debug)]
pub(crate) struct Style<'a> {
    pub(crate) choices: usize,
    /// `usage: null` on every chunk.
    pub(crate) null_usage: bool,
    /// The usage object of the extra chunk.
    pub(crate) usage_chunk: Option<&'a str>,
    /// The usage object of the finish chunk.
    pub(crate) finish_usage: Option<&'a str>,
    /// Random padding, as OpenAI adds it.
    pub(crate) obfuscation: bool,
    pub(crate) house: House,
}

/// All events.
pub(crate) fn render(ids: &Ids<'_>, said: &Said, style: &Style<'_>) -> Vec<Event> {
    let mut pen = Pen { head: head(ids), style, events: Vec::new(), written: 0 };
    if style.house == House::Azure {
        pen.filter_results();
    }
    let role = if said.calls.is_empty() {
        r#"{"role":"assistant","content":"","refusal":null}"#
    } else {
        r#"{"role":"assistant","content":null}"#
    };
    for index in 0..style.choices {
        pen.delta(EventKind::Start, index, role);
    }
    for index in 0..style.choices {
        let before = pen.written;
        pen.thought(index, &said.thought);
        pen.text(index, &said.text);
        let mut characters = 0;
        for (place, call) in said.calls.iter().enumerate() {
            pen.call(index, place, &ids.call(place), call, &mut characters);
        }
        pen.written = before + said.tokens();
    }
    for index in 0..style.choices {
        let finish = finish(&said.finish);
        let choice = format!(r#"{{"index":{index},"delta":{{}},"logprobs":null,"finish_reason":"{finish}"}}"#);
        pen.chunk(EventKind::Finish, &choice, style.finish_usage);
    }
    if let Some(usage) = style.usage_chunk {
        pen.chunk(EventKind::Usage, "", Some(usage));
    }
    pen.push(EventKind::End, Bytes::from_static(b"data: [DONE]\n\n"));
    pen.events
}

fn head(ids: &Ids<'_>) -> String {
    format!(
        r#"data: {{"id":"{}","object":"chat.completion.chunk","created":{},"model":{},"service_tier":"default","system_fingerprint":"{}","choices":["#,
        ids.answer(),
        Ids::CREATED,
        quoted(ids.model),
        Ids::FINGERPRINT,
    )
}

struct Pen<'a> {
    head: String,
    style: &'a Style<'a>,
    events: Vec<Event>,
    written: u64,
}

impl Pen<'_> {
    fn text(&mut self, index: usize, pieces: &[String]) {
        let before = self.written;
        let mut characters = 0;
        for piece in pieces {
            characters += piece.chars().count();
            self.written = before + tokens(characters);
            self.delta(EventKind::Text, index, &format!(r#"{{"content":{}}}"#, quoted(piece)));
        }
    }

    fn thought(&mut self, index: usize, pieces: &[String]) {
        let house = self.style.house;
        let field = reasoning_field(house);
        if field.is_none() && house != House::Mistral {
            return;
        }
        let before = self.written;
        let mut characters = 0;
        for piece in pieces {
            characters += piece.chars().count();
            self.written = before + tokens(characters);
            let delta = match field {
                Some(field) => format!(r#"{{"{field}":{}}}"#, quoted(piece)),
                None => format!(r#"{{"content":[{}]}}"#, mistral_thought(piece)),
            };
            self.delta(EventKind::Text, index, &delta);
        }
    }

    /// The name first, then the arguments in two fragments, as OpenAI sends them in many.
    fn call(&mut self, index: usize, place: usize, id: &str, call: &Called, characters: &mut usize) {
        let (before, name, arguments) = (self.written - tokens(*characters), quoted(&call.name), call.arguments_text());
        // Calls come whole at xAI and Mistral.
        if matches!(self.style.house, House::XAi | House::Mistral) {
            *characters += call.name.chars().count() + arguments.chars().count();
            self.written = before + tokens(*characters);
            let arguments = quoted(&arguments);
            let delta = format!(
                r#"{{"tool_calls":[{{"index":{place},"id":"{id}","type":"function","function":{{"name":{name},"arguments":{arguments}}}}}]}}"#
            );
            return self.delta(EventKind::Text, index, &delta);
        }
        let opening = format!(
            r#"{{"tool_calls":[{{"index":{place},"id":"{id}","type":"function","function":{{"name":{name},"arguments":""}}}}]}}"#
        );
        self.delta(EventKind::Text, index, &opening);
        *characters += call.name.chars().count();
        let (first, second) = halves(&arguments);
        for fragment in [first, second] {
            *characters += fragment.chars().count();
            self.written = before + tokens(*characters);
            let arguments = quoted(fragment);
            let delta = format!(r#"{{"tool_calls":[{{"index":{place},"function":{{"arguments":{arguments}}}}}]}}"#);
            self.delta(EventKind::Text, index, &delta);
        }
    }

    /// Azure's first chunk: no choice, no id, what the filter found in the prompt.
    fn filter_results(&mut self) {
        let chunk = concat!(
            r#"data: {"id":"","object":"","created":0,"model":"","choices":[],"prompt_filter_results":[{"prompt_index":0,"#,
            r#""content_filter_results":{"hate":{"filtered":false,"severity":"safe"}}}]}"#,
            "\n\n"
        );
        self.push(EventKind::Start, Bytes::from_static(chunk.as_bytes()));
    }

    fn delta(&mut self, kind: EventKind, index: usize, delta: &str) {
        let choice = format!(r#"{{"index":{index},"delta":{delta},"logprobs":null,"finish_reason":null}}"#);
        self.chunk(kind, &choice, None);
    }

    fn chunk(&mut self, kind: EventKind, choice: &str, usage: Option<&str>) {
        let mut chunk = String::with_capacity(self.head.len() + choice.len() + 64);
        chunk.push_str(&self.head);
        chunk.push_str(choice);
        chunk.push(']');
        if let Some(usage) = usage {
            chunk.push_str(",\"usage\":");
            chunk.push_str(usage);
        } else if self.style.null_usage {
            chunk.push_str(",\"usage\":null");
        }
        if self.style.obfuscation {
            const PADDING: [&str; 4] = ["kJ2xQ9", "p", "Zt81bW", "a0"];
            chunk.push_str(",\"obfuscation\":\"");
            chunk.push_str(PADDING[self.events.len() % PADDING.len()]);
            chunk.push('"');
        }
        chunk.push_str("}\n\n");
        self.push(kind, Bytes::from(chunk));
    }

    fn push(&mut self, kind: EventKind, bytes: Bytes) {
        self.events.push(Event { kind, bytes, written: self.written });
    }
}
