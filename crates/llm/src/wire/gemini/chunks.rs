//! An answer as pieces of a stream, for clients of this wire and providers of
//! another. Calls are whole in this format, so that they wait for the end.

use domain::usage::TokenCounts;

use super::pieces;
use crate::neutral::{FinishReason, StreamEvent, ToolCall};
use crate::wire::{About, StreamEncoder};

/// Writes pieces, as server-sent events.
#[derive(Debug)]
pub struct Chunks {
    names: String,
    calls: Vec<Call>,
    /// A signature for the words that follow.
    signature: Option<String>,
    usage: Option<TokenCounts>,
    parts: String,
    line: String,
}

#[derive(Debug, Default)]
struct Call {
    call: ToolCall,
    signature: Option<String>,
}

impl Chunks {
    /// At the start of a stream.
    #[must_use]
    pub fn new(about: &About) -> Self {
        Self {
            names: pieces::names(about),
            calls: Vec::new(),
            signature: None,
            usage: None,
            parts: String::new(),
            line: String::new(),
        }
    }

    fn text(&mut self, text: &str, is_thought: bool, out: &mut Vec<u8>) {
        if text.is_empty() {
            return;
        }
        let signature = if is_thought { None } else { self.signature.take() };
        pieces::text(&mut self.parts, text, is_thought, signature.as_deref());
        self.send(None, out);
    }

    /// Sends the parts that are there.
    fn send(&mut self, finish: Option<FinishReason>, out: &mut Vec<u8>) {
        let usage = self.usage.as_ref().filter(|_| finish.is_some());
        self.line.push_str("data: ");
        pieces::response(&mut self.line, &self.names, &self.parts, finish, usage);
        self.line.push_str("\r\n\r\n");
        out.extend_from_slice(self.line.as_bytes());
        self.line.clear();
        self.parts.clear();
    }

    fn end(&mut self, finish: FinishReason, out: &mut Vec<u8>) {
        for Call { call, signature } in std::mem::take(&mut self.calls) {
            pieces::call(&mut self.parts, &call, signature.as_deref());
        }
        if !self.parts.is_empty() {
            self.send(None, out);
        }
        let signature = self.signature.take();
        pieces::text(&mut self.parts, "", false, signature.as_deref());
        self.send(Some(finish), out);
    }
}

impl StreamEncoder for Chunks {
    fn push(&mut self, event: &StreamEvent, out: &mut Vec<u8>) {
        match event {
            StreamEvent::Delta { text } | StreamEvent::Refusal { text } => self.text(text, false, out),
            StreamEvent::Reasoning { text } => self.text(text, true, out),
            StreamEvent::ToolCallStart { id, name, .. } => {
                let call = ToolCall { id: id.clone(), name: name.clone(), arguments: String::new() };
                self.calls.push(Call { call, signature: None });
            }
            StreamEvent::ToolCallArguments { index, arguments } => {
                if let Some(call) = self.calls.get_mut(*index) {
                    call.call.arguments.push_str(arguments);
                }
            }
            StreamEvent::Replay(state) => {
                let signature = pieces::signature(state).map(str::to_owned);
                match &state.call_id {
                    None => self.signature = signature.or(self.signature.take()),
                    Some(id) => {
                        let call = self.calls.iter_mut().rfind(|call| call.call.id == *id);
                        call.into_iter().for_each(|call| call.signature.clone_from(&signature));
                    }
                }
            }
            StreamEvent::Usage { tokens, .. } => self.usage = *tokens,
            StreamEvent::Finish(finish) => self.end(*finish, out),
            StreamEvent::Error(_) => {}
        }
    }
}
