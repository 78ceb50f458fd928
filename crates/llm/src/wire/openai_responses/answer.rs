//! An answer in the words of Responses, for clients of this wire and providers
//! of another.

use bytes::Bytes;

use super::whole::{self, Said, Status};
use crate::neutral::{Answer, FinishReason};
use crate::wire::About;

/// Writes a whole answer.
#[must_use]
pub fn encode(answer: &Answer, about: &About) -> Bytes {
    let status = Status::Ended(answer.finish.unwrap_or(FinishReason::Stop));
    let mut items = Vec::new();
    if !answer.reasoning.is_empty() {
        items.push(whole::reasoning(&whole::item_id("rs", about, 0), Some(&whole::escaped(&answer.reasoning))));
    }
    let mut parts = Vec::new();
    let refusal = answer.refusal.as_deref();
    if !answer.text.is_empty() || (refusal.is_none() && answer.tool_calls.is_empty()) {
        parts.push(whole::part(Said::Text, &whole::escaped(&answer.text)));
    }
    parts.extend(refusal.map(|refusal| whole::part(Said::Refusal, &whole::escaped(refusal))));
    if !parts.is_empty() {
        items.push(whole::message(&whole::item_id("msg", about, items.len()), status.word(), &parts));
    }
    for call in &answer.tool_calls {
        items.push(whole::call(about, items.len(), status.word(), call));
    }
    let mut out = Vec::new();
    whole::push(about, status, items.iter().map(String::as_str), answer.usage.as_ref(), &mut out);
    Bytes::from(out)
}
