//! An answer as `chat.completion.chunk`s, for clients of this wire and
//! providers of another.

use std::io::Write as _;

use domain::usage::TokenCounts;
use serde_json::{Value, json};

use super::answer::{extra_content, id, usage};
use crate::json_scan::quoted;
use crate::neutral::StreamEvent;
use crate::wire::{About, StreamEncoder};

/// Writes chunks.
#[derive(Debug)]
pub struct Chunks {
    /// `{"id":…,"object":…,"created":…,"model":…,"system_fingerprint":null,`
    head: String,
    include_usage: bool,
    has_role: bool,
    call_ids: Vec<String>,
    usage: Option<TokenCounts>,
}

impl Chunks {
    /// At the start of a stream.
    #[must_use]
    pub fn new(about: &About) -> Self {
        let (id, model, created) = (quoted(&id(about)), quoted(&about.model), about.created);
        let head = format!(
            "data: {{\"id\":{id},\"object\":\"chat.completion.chunk\",\"created\":{created},\"model\":{model},\
             \"system_fingerprint\":null,"
        );
        Self { head, include_usage: about.include_usage, has_role: false, call_ids: Vec::new(), usage: None }
    }

    /// Appends a chunk with this delta, which is JSON.
    fn delta(&mut self, delta: &str, finish: Option<&str>, out: &mut Vec<u8>) {
        if !self.has_role {
            self.has_role = true;
            self.delta("{\"role\":\"assistant\",\"content\":\"\",\"refusal\":null}", None, out);
        }
        let finish = finish.map_or_else(|| "null".to_owned(), quoted);
        let usage = if self.include_usage { ",\"usage\":null" } else { "" };
        out.extend_from_slice(self.head.as_bytes());
        // Writing to memory cannot fail.
        let _ = write!(
            out,
            "\"choices\":[{{\"index\":0,\"delta\":{delta},\"logprobs\":null,\"finish_reason\":{finish}}}]{usage}}}\n\n"
        );
    }

    fn call(&mut self, index: usize, mut call: Value, out: &mut Vec<u8>) {
        call["index"] = index.into();
        self.delta(&json!({"tool_calls": [call]}).to_string(), None, out);
    }

    fn end(&mut self, finish: &str, out: &mut Vec<u8>) {
        self.delta("{}", Some(finish), out);
        if let Some(counts) = self.usage.filter(|_| self.include_usage) {
            out.extend_from_slice(self.head.as_bytes());
            let _ = write!(out, "\"choices\":[],\"usage\":{}}}\n\n", usage(&counts));
        }
        out.extend_from_slice(b"data: [DONE]\n\n");
    }
}

impl StreamEncoder for Chunks {
    fn push(&mut self, event: &StreamEvent, out: &mut Vec<u8>) {
        match event {
            StreamEvent::Delta { text } => self.delta(&format!("{{\"content\":{}}}", quoted(text)), None, out),
            StreamEvent::Reasoning { text } => {
                self.delta(&format!("{{\"reasoning_content\":{}}}", quoted(text)), None, out);
            }
            StreamEvent::Refusal { text } => self.delta(&format!("{{\"refusal\":{}}}", quoted(text)), None, out),
            StreamEvent::ToolCallStart { index, id, name } => {
                self.call_ids.push(id.clone());
                let function = json!({"name": name, "arguments": ""});
                self.call(*index, json!({"id": id, "type": "function", "function": function}), out);
            }
            StreamEvent::ToolCallArguments { index, arguments } => {
                self.call(*index, json!({"function": {"arguments": arguments}}), out);
            }
            StreamEvent::Replay(state) => {
                let index = self.call_ids.iter().position(|id| state.call_id.as_ref() == Some(id));
                if let (Some(index), Some(content)) = (index, extra_content(state)) {
                    // Clients read `function.arguments` of every piece.
                    self.call(index, json!({"function": {"arguments": ""}, "extra_content": content}), out);
                }
            }
            StreamEvent::Usage { tokens, .. } => self.usage = *tokens,
            StreamEvent::Finish(finish) => self.end(finish.as_str(), out),
            StreamEvent::Error(_) => {}
        }
    }
}
