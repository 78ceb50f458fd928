//! Thoughts as the provider wants them back: blocks with their signature, or
//! sealed ones, each kept for the call that follows it.

use domain::provider::WireName;
use serde_json::{Value, json};

use crate::neutral::ReplayState;

/// The longest thought that is kept, in bytes. A longer one would not be signed
/// for what is left of it, and is not kept at all.
const MAX_KEPT_BYTES: usize = 1024 * 1024;

/// Thoughts that wait for their call.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    blocks: Vec<Value>,
    bytes: usize,
    has_calls: bool,
}

impl Waiting {
    /// A thought in words. Without a signature nobody would take it back.
    pub(super) fn thought(&mut self, text: &str, signature: &str) {
        if !signature.is_empty() {
            let block = json!({"type": "thinking", "thinking": text, "signature": signature});
            self.keep(block, text.len() + signature.len());
        }
    }

    /// A sealed thought.
    pub(super) fn sealed(&mut self, data: &str) {
        if !data.is_empty() {
            self.keep(json!({"type": "redacted_thinking", "data": data}), data.len());
        }
    }

    /// A call begins: what waited belongs to it.
    pub(super) fn of_call(&mut self, id: &str) -> impl Iterator<Item = ReplayState> {
        self.has_calls = true;
        states(std::mem::take(&mut self.blocks), Some(id.to_owned()))
    }

    /// The answer is over. What was thought after the last call is not asked
    /// for again.
    pub(super) fn of_answer(&mut self) -> impl Iterator<Item = ReplayState> {
        let blocks = std::mem::take(&mut self.blocks);
        states(if self.has_calls { Vec::new() } else { blocks }, None)
    }

    fn keep(&mut self, block: Value, bytes: usize) {
        self.bytes = self.bytes.saturating_add(bytes);
        if self.bytes <= MAX_KEPT_BYTES {
            self.blocks.push(block);
        } else {
            // Half of the thoughts would be refused.
            self.blocks.clear();
        }
    }
}

fn states(blocks: Vec<Value>, call_id: Option<String>) -> impl Iterator<Item = ReplayState> {
    let of = move |state| ReplayState { wire: WireName::AnthropicMessages, call_id: call_id.clone(), state };
    blocks.into_iter().map(of)
}

/// Whether a kept state is a block of thoughts.
pub(super) fn is_thought(state: &Value) -> bool {
    matches!(state.get("type").and_then(Value::as_str), Some("thinking" | "redacted_thinking"))
}

/// A thought that is being written.
#[derive(Debug, Default)]
pub(super) struct Growing {
    text: String,
    signature: String,
    is_too_long: bool,
}

impl Growing {
    /// More of its words.
    pub(super) fn text(&mut self, more: &str) {
        self.is_too_long |= self.text.len() + more.len() > MAX_KEPT_BYTES;
        if !self.is_too_long {
            self.text.push_str(more);
        }
    }

    /// More of its signature.
    pub(super) fn signature(&mut self, more: &str) {
        self.is_too_long |= self.signature.len() + more.len() > MAX_KEPT_BYTES;
        if !self.is_too_long {
            self.signature.push_str(more);
        }
    }

    /// It is over.
    pub(super) fn finish(self, waiting: &mut Waiting) {
        if !self.is_too_long {
            waiting.thought(&self.text, &self.signature);
        }
    }
}
