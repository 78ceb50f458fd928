//! An answer as `chat.completion.chunk`s, for clients of this wire and
//! providers of another.

use domain::usage::TokenCounts;
use serde_json::{Value, json};

use super::answer::{extra_content, id, usage};
use crate::json_scan::{push_number, push_quoted, quoted};
use crate::neutral::StreamEvent;
use crate::wire::{About, StreamEncoder};

/// Writes chunks.
#[derive(Debug)]
pub struct Chunks {
    /// `data: {"id":…,"object":…,"created":…,"model":…,"system_fingerprint":null,"choices":[`
    head: Box<str>,
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
             \"system_fingerprint\":null,\"choices\":["
        )
        .into_boxed_str();
        Self { head, include_usage: about.include_usage, has_role: false, call_ids: Vec::new(), usage: None }
    }

    /// Appends a chunk with this delta, which is JSON.
    fn delta(&mut self, finish: Option<&str>, out: &mut Vec<u8>, delta: impl FnOnce(&mut Vec<u8>)) {
        if !self.has_role {
            self.has_role = true;
            self.chunk(None, out, |out| {
                out.extend_from_slice(b"{\"role\":\"assistant\",\"content\":\"\",\"refusal\":null}");
            });
        }
        self.chunk(finish, out, delta);
    }

    fn chunk(&self, finish: Option<&str>, out: &mut Vec<u8>, delta: impl FnOnce(&mut Vec<u8>)) {
        out.extend_from_slice(self.head.as_bytes());
        out.extend_from_slice(b"{\"index\":0,\"delta\":");
        delta(out);
        out.extend_from_slice(b",\"logprobs\":null,\"finish_reason\":");
        match finish {
            Some(finish) => push_quoted(out, finish),
            None => out.extend_from_slice(b"null"),
        }
        out.extend_from_slice(if self.include_usage { b"}],\"usage\":null}\n\n" } else { b"}]}\n\n" });
    }

    /// A delta of one text.
    fn text(&mut self, member: &[u8], text: &str, out: &mut Vec<u8>) {
        self.delta(None, out, |out| {
            out.extend_from_slice(member);
            push_quoted(out, text);
            out.push(b'}');
        });
    }

    fn call(&mut self, index: usize, mut call: Value, out: &mut Vec<u8>) {
        call["index"] = index.into();
        let delta = json!({"tool_calls": [call]}).to_string();
        self.delta(None, out, |out| out.extend_from_slice(delta.as_bytes()));
    }

    fn arguments(&mut self, index: usize, arguments: &str, out: &mut Vec<u8>) {
        self.delta(None, out, |out| {
            out.extend_from_slice(b"{\"tool_calls\":[{\"function\":{\"arguments\":");
            push_quoted(out, arguments);
            out.extend_from_slice(b"},\"index\":");
            push_number(out, index as u64);
            out.extend_from_slice(b"}]}");
        });
    }

    fn end(&mut self, finish: &str, out: &mut Vec<u8>) {
        self.delta(Some(finish), out, |out| out.extend_from_slice(b"{}"));
        if let Some(counts) = self.usage.filter(|_| self.include_usage) {
            out.extend_from_slice(self.head.as_bytes());
            out.extend_from_slice(b"],\"usage\":");
            out.extend_from_slice(usage(&counts).to_string().as_bytes());
            out.extend_from_slice(b"}\n\n");
        }
        out.extend_from_slice(b"data: [DONE]\n\n");
    }
}

impl StreamEncoder for Chunks {
    fn push(&mut self, event: &StreamEvent, out: &mut Vec<u8>) {
        match event {
            StreamEvent::Delta { text } => self.text(b"{\"content\":", text, out),
            StreamEvent::Reasoning { text } => self.text(b"{\"reasoning_content\":", text, out),
            StreamEvent::Refusal { text } => self.text(b"{\"refusal\":", text, out),
            StreamEvent::ToolCallStart { index, id, name } => {
                self.call_ids.push(id.clone());
                let function = json!({"name": name, "arguments": ""});
                self.call(*index, json!({"id": id, "type": "function", "function": function}), out);
            }
            StreamEvent::ToolCallArguments { index, arguments } => {
                self.arguments(*index, arguments, out);
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
