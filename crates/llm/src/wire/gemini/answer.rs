//! An answer in Google's words, for clients of this wire and providers of
//! another.

use bytes::Bytes;

use super::pieces;
use crate::neutral::{Answer, FinishReason};
use crate::wire::About;

/// Writes a whole answer. A refusal is said as text: there is no other word.
#[must_use]
pub fn encode(answer: &Answer, about: &About) -> Bytes {
    let mut parts = String::new();
    let signature_of = |call_id: Option<&str>| {
        let mut states = answer.replay.iter().filter(|state| state.call_id.as_deref() == call_id);
        states.find_map(pieces::signature)
    };
    if !answer.reasoning.is_empty() {
        pieces::text(&mut parts, &answer.reasoning, true, None);
    }
    let mut own = signature_of(None);
    for text in [&answer.text, answer.refusal.as_ref().unwrap_or(&String::new())] {
        if !text.is_empty() {
            pieces::text(&mut parts, text, false, own.take());
        }
    }
    for call in &answer.tool_calls {
        pieces::call(&mut parts, call, signature_of(Some(&call.id)));
    }
    if own.is_some() {
        pieces::text(&mut parts, "", false, own);
    }
    let mut out = String::new();
    let finish = answer.finish.unwrap_or(FinishReason::Stop);
    pieces::response(&mut out, &pieces::names(about), &parts, Some(finish), answer.usage.as_ref());
    Bytes::from(out)
}
