//! An answer as the events of Responses, for clients of this wire and providers
//! of another. Every item and part is begun, grows, and is told again as a whole
//! when it is done, as the official clients expect.

use std::io::Write as _;

use domain::usage::TokenCounts;

use super::choices::MAX_KEPT_BYTES;
use super::custom;
use super::whole::{self, Said, Status};
use crate::json_scan::{push_number, push_quoted};
use crate::neutral::{FinishReason, StreamEvent};
use crate::wire::{About, StreamEncoder};

/// Writes events.
#[derive(Debug)]
pub struct Events {
    about: About,
    sequence: u64,
    has_begun: bool,
    next_index: usize,
    open: Option<Open>,
    calls: Vec<Call>,
    /// The items that are done, each with its place.
    items: Vec<(usize, String)>,
    usage: Option<TokenCounts>,
    kept: usize,
}

/// The item that grows.
#[derive(Debug)]
struct Open {
    index: usize,
    id: String,
    /// `None`: thoughts.
    said: Option<Said>,
    /// A message's parts that are done.
    parts: Vec<String>,
    /// What was told of the last part, as it stands between quotes.
    text: String,
}

/// A call under way: its pieces may come between those of others.
#[derive(Debug)]
struct Call {
    index: usize,
    id: String,
    call_id: String,
    name: String,
    /// As they stand between quotes, or plain for a custom tool.
    arguments: String,
}

impl Events {
    /// At the start of a stream.
    #[must_use]
    pub fn new(about: About) -> Self {
        Self {
            about,
            sequence: 0,
            has_begun: false,
            next_index: 0,
            open: None,
            calls: Vec::new(),
            items: Vec::new(),
            usage: None,
            kept: 0,
        }
    }

    /// Begins an event.
    fn event(&mut self, kind: &str, out: &mut Vec<u8>) {
        out.extend_from_slice(b"event: ");
        out.extend_from_slice(kind.as_bytes());
        out.extend_from_slice(b"\ndata: {\"type\":\"");
        out.extend_from_slice(kind.as_bytes());
        out.extend_from_slice(b"\",\"sequence_number\":");
        push_number(out, self.sequence);
        out.push(b',');
        self.sequence += 1;
    }

    fn begin(&mut self, out: &mut Vec<u8>) {
        if self.has_begun {
            return;
        }
        self.has_begun = true;
        for kind in ["response.created", "response.in_progress"] {
            self.event(kind, out);
            self.response(Status::Under, out);
        }
    }

    fn response(&self, status: Status, out: &mut Vec<u8>) {
        out.extend_from_slice(b"\"response\":");
        let items = self.items.iter().map(|(_, item)| item.as_str());
        whole::push(&self.about, status, items, self.usage.as_ref(), out);
        out.extend_from_slice(b"}\n\n");
    }

    /// A place for another item, which is told.
    fn add_item(&mut self, prefix: &str, item: impl FnOnce(&str) -> String, out: &mut Vec<u8>) -> (usize, String) {
        let index = self.next_index;
        self.next_index += 1;
        let id = whole::item_id(prefix, &self.about, index);
        self.event("response.output_item.added", out);
        let _ = write!(out, "\"output_index\":{index},\"item\":{}}}\n\n", item(&id));
        (index, id)
    }

    fn item_done(&mut self, index: usize, item: String, out: &mut Vec<u8>) {
        self.event("response.output_item.done", out);
        let _ = write!(out, "\"output_index\":{index},\"item\":{item}}}\n\n");
        self.items.push((index, item));
    }

    /// An event about a part of the open item.
    fn part_event(&mut self, kind: &str, out: &mut Vec<u8>) {
        self.event(kind, out);
        let Some(open) = &self.open else { return };
        out.extend_from_slice(b"\"item_id\":\"");
        out.extend_from_slice(open.id.as_bytes());
        out.extend_from_slice(b"\",\"output_index\":");
        push_number(out, open.index as u64);
        let (member, part): (&[u8], _) = match open.said {
            Some(_) => (b",\"content_index\":", open.parts.len() as u64),
            None => (b",\"summary_index\":", 0),
        };
        out.extend_from_slice(member);
        push_number(out, part);
        out.push(b',');
    }

    fn say(&mut self, said: Option<Said>, text: &str, out: &mut Vec<u8>) {
        if text.is_empty() {
            return;
        }
        self.begin(out);
        let is_open = self.open.as_ref().is_some_and(|open| open.said == said);
        if !is_open {
            self.start(said, out);
        }
        self.part_event(delta_kind(said), out);
        out.extend_from_slice(b"\"delta\":");
        let start = out.len() + 1;
        push_quoted(out, text);
        let told = out.get(start..out.len().saturating_sub(1)).unwrap_or_default();
        if self.kept + told.len() <= MAX_KEPT_BYTES
            && let (Some(open), Ok(told)) = (&mut self.open, std::str::from_utf8(told))
        {
            self.kept += told.len();
            open.text.push_str(told);
        }
        out.extend_from_slice(if said == Some(Said::Text) { b",\"logprobs\":[]}\n\n" } else { b"}\n\n" });
    }

    /// Begins an item, or the next part of the open message.
    fn start(&mut self, said: Option<Said>, out: &mut Vec<u8>) {
        let is_message = self.open.as_ref().is_some_and(|open| open.said.is_some());
        if is_message && said.is_some() {
            self.part_done(out);
            if let Some(open) = &mut self.open {
                open.said = said;
            }
        } else {
            self.close("completed", out);
            let (index, id) = match said {
                Some(_) => self.add_item("msg", |id| whole::message(id, "in_progress", &[]), out),
                None => self.add_item("rs", |id| whole::reasoning(id, None), out),
            };
            self.open = Some(Open { index, id, said, parts: Vec::new(), text: String::new() });
        }
        match said {
            Some(said) => {
                self.part_event("response.content_part.added", out);
                let _ = write!(out, "\"part\":{}}}\n\n", whole::part(said, ""));
            }
            None => {
                self.part_event("response.reasoning_summary_part.added", out);
                let _ = write!(out, "\"part\":{}}}\n\n", whole::summary(""));
            }
        }
    }

    /// Tells the open part as a whole.
    fn part_done(&mut self, out: &mut Vec<u8>) {
        let Some((said, text)) = self.open.as_mut().map(|open| (open.said, std::mem::take(&mut open.text))) else {
            return;
        };
        let (whole_kind, part_kind, field, part) = match said {
            Some(Said::Text) => {
                ("response.output_text.done", "response.content_part.done", "text", whole::part(Said::Text, &text))
            }
            Some(Said::Refusal) => {
                ("response.refusal.done", "response.content_part.done", "refusal", whole::part(Said::Refusal, &text))
            }
            None => (
                "response.reasoning_summary_text.done",
                "response.reasoning_summary_part.done",
                "text",
                whole::summary(&text),
            ),
        };
        self.part_event(whole_kind, out);
        let more = if said == Some(Said::Text) { ",\"logprobs\":[]" } else { "" };
        let _ = write!(out, "\"{field}\":\"{text}\"{more}}}\n\n");
        self.part_event(part_kind, out);
        let _ = write!(out, "\"part\":{part}}}\n\n");
        if let Some(open) = &mut self.open {
            if said.is_some() {
                open.parts.push(part);
            } else {
                open.text = text;
            }
        }
    }

    /// Ends the open item.
    fn close(&mut self, status: &str, out: &mut Vec<u8>) {
        self.part_done(out);
        let Some(open) = self.open.take() else { return };
        let item = match open.said {
            Some(_) => whole::message(&open.id, status, &open.parts),
            None => whole::reasoning(&open.id, Some(&open.text)),
        };
        self.item_done(open.index, item, out);
    }

    fn call(&mut self, call_id: &str, name: &str, out: &mut Vec<u8>) {
        self.begin(out);
        self.close("completed", out);
        let (index, id) = match custom::tool_name(name) {
            Some(tool) => self.add_item("ctc", |id| whole::custom_call(id, "in_progress", call_id, tool, ""), out),
            None => self.add_item("fc", |id| whole::function_call(id, "in_progress", call_id, name, ""), out),
        };
        let (call_id, name) = (call_id.to_owned(), name.to_owned());
        self.calls.push(Call { index, id, call_id, name, arguments: String::new() });
    }

    fn arguments(&mut self, number: usize, arguments: &str, out: &mut Vec<u8>) {
        let Some(at) = self.calls.get(number).map(|call| call.index).filter(|_| !arguments.is_empty()) else { return };
        let is_kept = self.kept + arguments.len() <= MAX_KEPT_BYTES;
        let is_custom = self.calls.get(number).is_some_and(|call| custom::tool_name(&call.name).is_some());
        if is_custom {
            if let Some(call) = self.calls.get_mut(number).filter(|_| is_kept) {
                self.kept += arguments.len();
                call.arguments.push_str(arguments);
            }
            return;
        }
        self.event("response.function_call_arguments.delta", out);
        let Some(call) = self.calls.get_mut(number) else { return };
        let _ = write!(out, "\"item_id\":\"{}\",\"output_index\":{at},\"delta\":", call.id);
        let start = out.len() + 1;
        push_quoted(out, arguments);
        let told = out.get(start..out.len().saturating_sub(1)).unwrap_or_default();
        if let (true, Ok(told)) = (is_kept, std::str::from_utf8(told)) {
            self.kept += told.len();
            call.arguments.push_str(told);
        }
        out.extend_from_slice(b"}\n\n");
    }

    fn call_done(&mut self, call: &Call, status: &str, out: &mut Vec<u8>) {
        let (index, id) = (call.index, &call.id);
        let item = if let Some(tool) = custom::tool_name(&call.name) {
            let input = whole::escaped(&custom::input_of(&call.arguments));
            for (kind, field) in
                [("response.custom_tool_call_input.delta", "delta"), ("response.custom_tool_call_input.done", "input")]
            {
                self.event(kind, out);
                let _ = write!(out, "\"item_id\":\"{id}\",\"output_index\":{index},\"{field}\":\"{input}\"}}\n\n");
            }
            whole::custom_call(id, status, &call.call_id, tool, &input)
        } else {
            let (name, arguments) = (crate::json_scan::quoted(&call.name), &call.arguments);
            self.event("response.function_call_arguments.done", out);
            let _ = write!(
                out,
                "\"item_id\":\"{id}\",\"output_index\":{index},\"name\":{name},\"arguments\":\"{arguments}\"}}\n\n"
            );
            whole::function_call(id, status, &call.call_id, &call.name, arguments)
        };
        self.item_done(index, item, out);
    }

    fn end(&mut self, finish: FinishReason, out: &mut Vec<u8>) {
        self.begin(out);
        let status = Status::Ended(finish);
        self.close(status.word(), out);
        for call in std::mem::take(&mut self.calls) {
            self.call_done(&call, status.word(), out);
        }
        self.items.sort_by_key(|(index, _)| *index);
        let kind = if status.word() == "incomplete" { "response.incomplete" } else { "response.completed" };
        self.event(kind, out);
        self.response(status, out);
    }
}

const fn delta_kind(said: Option<Said>) -> &'static str {
    match said {
        Some(Said::Text) => "response.output_text.delta",
        Some(Said::Refusal) => "response.refusal.delta",
        None => "response.reasoning_summary_text.delta",
    }
}

impl StreamEncoder for Events {
    fn repeats_all(&self) -> bool {
        true
    }

    fn push(&mut self, event: &StreamEvent, out: &mut Vec<u8>) {
        match event {
            StreamEvent::Delta { text } => self.say(Some(Said::Text), text, out),
            StreamEvent::Refusal { text } => self.say(Some(Said::Refusal), text, out),
            StreamEvent::Reasoning { text } => self.say(None, text, out),
            StreamEvent::ToolCallStart { id, name, .. } => self.call(id, name, out),
            StreamEvent::ToolCallArguments { index, arguments } => self.arguments(*index, arguments, out),
            StreamEvent::Usage { tokens, .. } => self.usage = *tokens,
            StreamEvent::Finish(finish) => self.end(*finish, out),
            // Kept by the server for the calls they belong to.
            StreamEvent::Replay(_) | StreamEvent::Error(_) => {}
        }
    }
}

#[cfg(test)]
mod tests;
