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
        Self { names: pieces::names(about), calls: Vec::new(), signature: None, usage: None, parts: String::new() }
    }

    fn text(&mut self, text: &str, is_thought: bool, out: &mut Vec<u8>) {
        if text.is_empty() {
            return;
        }
        if !is_thought && let Some(signature) = self.signature.take() {
            pieces::text(&mut self.parts, text, false, Some(&signature));
            return self.send(None, out);
        }
        out.extend_from_slice(b"data: ");
        pieces::push_text(out, &self.names, text, is_thought);
        out.extend_from_slice(b"\r\n\r\n");
    }

    /// Sends the parts that are there.
    fn send(&mut self, finish: Option<FinishReason>, out: &mut Vec<u8>) {
        let usage = self.usage.as_ref().filter(|_| finish.is_some());
        let mut line = String::new();
        pieces::response(&mut line, &self.names, &std::mem::take(&mut self.parts), finish, usage);
        out.extend_from_slice(b"data: ");
        out.extend_from_slice(line.as_bytes());
        out.extend_from_slice(b"\r\n\r\n");
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
