//! An answer as Anthropic's events, for clients of this wire and providers of
//! another. One block is open at a time, as clients expect it.

mod arguments;

use std::collections::VecDeque;
use std::io::Write as _;

use domain::usage::TokenCounts;

use super::answer::{push_call_head, push_head, stop_reason};
use super::json::push_text;
use super::usage;
use crate::json_scan::push_number;
use crate::neutral::{FinishReason, StreamEvent};
use crate::wire::{About, StreamEncoder};
use arguments::Depth;

/// The most of calls that is held back, in bytes.
const MAX_HELD_BYTES: usize = 8 * 1024 * 1024;

/// Writes events.
#[derive(Debug)]
pub struct Events {
    about: About,
    has_begun: bool,
    /// The number of the next block.
    next: usize,
    open: Option<Open>,
    /// Calls that began while another one's arguments were not whole.
    later: VecDeque<Call>,
    /// How much of them was held back.
    held_bytes: usize,
    usage: Option<TokenCounts>,
}

/// The block that is open; it is the latest.
#[derive(Debug)]
enum Open {
    Text,
    Thinking,
    Call { index: usize, depth: Depth },
}

/// A call that waits for its turn.
#[derive(Debug)]
struct Call {
    index: usize,
    id: String,
    name: String,
    arguments: String,
}

impl Events {
    /// At the start of a stream.
    #[must_use]
    pub const fn new(about: About) -> Self {
        Self { about, has_begun: false, next: 0, open: None, later: VecDeque::new(), held_bytes: 0, usage: None }
    }

    /// What the prompt has is not known before the end: the last event says it.
    fn begin(&mut self, out: &mut Vec<u8>) {
        if self.has_begun {
            return;
        }
        self.has_begun = true;
        out.extend_from_slice(b"event: message_start\ndata: {\"type\":\"message_start\",\"message\":{");
        push_head(out, &self.about);
        out.extend_from_slice(b",\"content\":[],\"stop_reason\":null,\"stop_sequence\":null,\"usage\":");
        usage::push(
            out,
            self.usage.as_ref().map(|counts| TokenCounts { completion: 0, reasoning: 0, ..*counts }).as_ref(),
        );
        out.extend_from_slice(b"}}\n\n");
    }

    /// Opens a block; `block` is what it begins with.
    fn start(&mut self, open: Open, out: &mut Vec<u8>, block: impl FnOnce(&mut Vec<u8>)) {
        self.stop(out);
        // Writing to memory cannot fail.
        let _ = write!(
            out,
            "event: content_block_start\ndata: {{\"type\":\"content_block_start\",\"index\":{},\"content_block\":",
            self.next
        );
        block(out);
        out.extend_from_slice(b"}\n\n");
        self.next += 1;
        self.open = Some(open);
    }

    fn stop(&mut self, out: &mut Vec<u8>) {
        if self.open.take().is_some() {
            out.extend_from_slice(b"event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":");
            push_number(out, self.next.saturating_sub(1) as u64);
            out.extend_from_slice(b"}\n\n");
        }
    }

    /// Adds to the open block: `delta` is how its delta begins, up to the text.
    fn add(&self, delta: &[u8], text: &str, out: &mut Vec<u8>) {
        out.extend_from_slice(b"event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":");
        push_number(out, self.next.saturating_sub(1) as u64);
        out.extend_from_slice(b",\"delta\":");
        out.extend_from_slice(delta);
        push_text(out, text);
        out.extend_from_slice(b"}}\n\n");
    }

    fn say(&mut self, text: &str, out: &mut Vec<u8>) {
        if text.is_empty() {
            return;
        }
        if !matches!(self.open, Some(Open::Text)) {
            self.flush(out);
            self.start(Open::Text, out, |out| out.extend_from_slice(b"{\"type\":\"text\",\"text\":\"\"}"));
        }
        self.add(b"{\"type\":\"text_delta\",\"text\":", text, out);
    }

    fn think(&mut self, text: &str, out: &mut Vec<u8>) {
        if text.is_empty() {
            return;
        }
        if !matches!(self.open, Some(Open::Thinking)) {
            self.flush(out);
            let block = b"{\"type\":\"thinking\",\"thinking\":\"\",\"signature\":\"\"}";
            self.start(Open::Thinking, out, |out| out.extend_from_slice(block));
        }
        self.add(b"{\"type\":\"thinking_delta\",\"thinking\":", text, out);
    }

    fn call(&mut self, call: Call, out: &mut Vec<u8>) {
        let is_busy = matches!(&self.open, Some(Open::Call { depth, .. }) if !depth.is_whole());
        if is_busy || !self.later.is_empty() {
            self.held_bytes += call.id.len() + call.name.len();
            self.later.push_back(call);
        } else {
            self.start_call(&call, out);
        }
    }

    fn start_call(&mut self, call: &Call, out: &mut Vec<u8>) {
        let open = Open::Call { index: call.index, depth: Depth::default() };
        self.start(open, out, |out| {
            push_call_head(out, &call.id, &call.name);
            out.extend_from_slice(b"{}}");
        });
        self.add_arguments(&call.arguments, out);
    }

    fn arguments(&mut self, index: usize, arguments: &str, out: &mut Vec<u8>) {
        if matches!(self.open, Some(Open::Call { index: open, .. }) if open == index) {
            self.add_arguments(arguments, out);
            self.go_on(out);
        } else if let Some(call) = self.later.iter_mut().find(|call| call.index == index) {
            // More than any call has: nothing that would be of use.
            if self.held_bytes < MAX_HELD_BYTES {
                self.held_bytes += arguments.len();
                call.arguments.push_str(arguments);
            }
        }
    }

    fn add_arguments(&mut self, arguments: &str, out: &mut Vec<u8>) {
        if arguments.is_empty() {
            return;
        }
        self.add(b"{\"type\":\"input_json_delta\",\"partial_json\":", arguments, out);
        if let Some(Open::Call { depth, .. }) = &mut self.open {
            depth.pass(arguments);
        }
    }

    /// Goes on with those that wait, while the open one is whole.
    fn go_on(&mut self, out: &mut Vec<u8>) {
        while matches!(&self.open, Some(Open::Call { depth, .. }) if depth.is_whole())
            && let Some(call) = self.later.pop_front()
        {
            self.start_call(&call, out);
        }
    }

    /// Whatever waits has all it will get.
    fn flush(&mut self, out: &mut Vec<u8>) {
        while let Some(call) = self.later.pop_front() {
            self.start_call(&call, out);
        }
    }

    fn end(&mut self, finish: FinishReason, out: &mut Vec<u8>) {
        self.begin(out);
        self.flush(out);
        self.stop(out);
        let reason = stop_reason(finish);
        let _ = write!(
            out,
            "event: message_delta\ndata: {{\"type\":\"message_delta\",\"delta\":{{\"stop_reason\":\"{reason}\",\
             \"stop_sequence\":null}},\"usage\":"
        );
        usage::push(out, self.usage.as_ref());
        out.extend_from_slice(b"}\n\nevent: message_stop\ndata: {\"type\":\"message_stop\"}\n\n");
    }
}

impl StreamEncoder for Events {
    fn push(&mut self, event: &StreamEvent, out: &mut Vec<u8>) {
        match event {
            StreamEvent::Delta { text } | StreamEvent::Refusal { text } => {
                self.begin(out);
                self.say(text, out);
            }
            StreamEvent::Reasoning { text } => {
                self.begin(out);
                self.think(text, out);
            }
            StreamEvent::ToolCallStart { index, id, name } => {
                self.begin(out);
                let (id, name) = (id.clone(), name.clone());
                self.call(Call { index: *index, id, name, arguments: String::new() }, out);
            }
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
