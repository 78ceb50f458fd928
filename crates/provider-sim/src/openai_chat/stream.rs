//! A chat completion as server-sent events: role, pieces, finish reason, usage when asked for, `[DONE]`.

use bytes::Bytes;

use crate::faults::{Event, EventKind};

use super::answer::{Said, What};
use super::usage::tokens;
use super::{Ids, quoted};

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
}

/// All events.
pub(crate) fn render(ids: &Ids, said: &Said, style: &Style<'_>) -> Vec<Event> {
    let mut pen = Pen { head: head(ids), style, events: Vec::new(), written: 0 };
    let role = match said.what {
        What::Text(_) => r#"{"role":"assistant","content":"","refusal":null}"#,
        What::Call { .. } => r#"{"role":"assistant","content":null}"#,
    };
    for index in 0..style.choices {
        pen.delta(EventKind::Start, index, role);
    }
    for index in 0..style.choices {
        let before = pen.written;
        match &said.what {
            What::Text(pieces) => pen.text(index, pieces),
            What::Call { name, arguments } => pen.call(index, &ids.call(), name, arguments),
        }
        pen.written = before + said.tokens();
    }
    for index in 0..style.choices {
        let choice = format!(r#"{{"index":{index},"delta":{{}},"logprobs":null,"finish_reason":"{}"}}"#, said.finish);
        pen.chunk(EventKind::Finish, &choice, style.finish_usage);
    }
    if let Some(usage) = style.usage_chunk {
        pen.chunk(EventKind::Usage, "", Some(usage));
    }
    pen.push(EventKind::End, Bytes::from_static(b"data: [DONE]\n\n"));
    pen.events
}

fn head(ids: &Ids) -> String {
    format!(
        r#"data: {{"id":"{}","object":"chat.completion.chunk","created":{},"model":{},"service_tier":"default","system_fingerprint":"{}","choices":["#,
        ids.answer(),
        Ids::CREATED,
        quoted(&ids.model),
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

    /// The name first, then the arguments in two fragments, as OpenAI sends them in many.
    fn call(&mut self, index: usize, id: &str, name: &str, arguments: &str) {
        let before = self.written;
        let opening = format!(
            r#"{{"tool_calls":[{{"index":0,"id":"{id}","type":"function","function":{{"name":{},"arguments":""}}}}]}}"#,
            quoted(name)
        );
        self.delta(EventKind::Text, index, &opening);
        let middle = arguments.char_indices().nth(arguments.chars().count() / 2).map_or(0, |(at, _)| at);
        let (first, second) = arguments.split_at(middle);
        let mut characters = name.chars().count();
        for fragment in [first, second] {
            characters += fragment.chars().count();
            self.written = before + tokens(characters);
            let delta = format!(r#"{{"tool_calls":[{{"index":0,"function":{{"arguments":{}}}}}]}}"#, quoted(fragment));
            self.delta(EventKind::Text, index, &delta);
        }
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
