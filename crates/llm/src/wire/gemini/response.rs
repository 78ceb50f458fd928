//! A whole answer, made neutral.

use domain::ProviderId;
use domain::provider::WireName;
use serde_json::Value;

use super::json::compact;
use super::walk::{Call, Piece, Sink, walk};
use super::{errors, usage};
use crate::UpstreamError;
use crate::json_scan::{self, RawText};
use crate::neutral::{Answer, FinishReason, ReplayState, ToolCall};
use crate::wire::call_ids;

/// Reads an answer that came with a status of success.
///
/// # Errors
/// The failure that it holds in place of an answer.
pub fn decode(provider: ProviderId, body: &[u8]) -> Result<Answer, UpstreamError> {
    json_scan::check(body).map_err(|_| errors::unreadable(provider))?;
    let mut builder = Builder::default();
    let (envelope, _) = walk(body, &mut builder);
    if let Some(fault) = envelope.fault {
        return Err(errors::read_inside(provider, Some(200), fault));
    }
    if !envelope.is_answer() {
        return Err(errors::read_instead(provider, body));
    }
    let mut answer = builder.answer;
    let text = |raw: Option<RawText<'_>>| raw.map(|raw| raw.text().into_owned()).unwrap_or_default();
    (answer.id, answer.model) = (text(envelope.id), text(envelope.model));
    let seed = if answer.id.is_empty() { body } else { answer.id.as_bytes() };
    for (index, call) in answer.tool_calls.iter_mut().enumerate().filter(|(_, call)| call.id.is_empty()) {
        call.id = call_ids::made(seed, index);
    }
    for (index, state) in builder.signatures {
        let call_id = index.and_then(|index| answer.tool_calls.get(index)).map(|call| call.id.clone());
        answer.replay.push(ReplayState { wire: WireName::Gemini, call_id, state });
    }
    let has_calls = !answer.tool_calls.is_empty();
    let finish = answer.finish.or(envelope.is_blocked.then_some(FinishReason::ContentFilter));
    answer.finish = finish.map(|finish| finish.with_calls(has_calls));
    let usage = envelope.usage.map(usage::read).unwrap_or_default();
    (answer.usage, answer.usage_is_absurd) = (usage.tokens, usage.is_absurd);
    Ok(answer)
}

/// A picture that the model made, as other formats can show it: in the text.
pub(super) fn picture(media_type: RawText<'_>, data: RawText<'_>) -> String {
    format!("![image](data:{};base64,{})", media_type.text(), data.text())
}

/// A call without its id.
pub(super) fn call(call: &Call<'_>) -> ToolCall {
    let text = |raw: Option<RawText<'_>>| raw.map(|raw| raw.text().into_owned()).unwrap_or_default();
    let arguments = call.arguments.map_or_else(|| "{}".to_owned(), compact);
    ToolCall { id: text(call.id), name: text(call.name), arguments }
}

/// Collects the first candidate; nothing of ours asks for more than one.
#[derive(Default)]
struct Builder {
    answer: Answer,
    candidate: Option<u64>,
    /// Each with the number of the call it belongs to.
    signatures: Vec<(Option<usize>, Value)>,
}

impl<'a> Sink<'a> for Builder {
    fn candidate(&mut self, index: u64) {
        self.candidate.get_or_insert(index);
    }

    fn piece(&mut self, candidate: u64, piece: Piece<'a>) {
        if self.candidate != Some(candidate) {
            return;
        }
        let answer = &mut self.answer;
        match piece {
            Piece::Text(text) => answer.text.push_str(&text.text()),
            Piece::Thought(text) => answer.reasoning.push_str(&text.text()),
            Piece::Picture { media_type, data } => answer.text.push_str(&picture(media_type, data)),
            Piece::Signature(text) => self.signatures.push((None, text.text().into())),
            Piece::Call(piece) => {
                if let Some(signature) = piece.signature {
                    self.signatures.push((Some(answer.tool_calls.len()), signature.text().into()));
                }
                answer.tool_calls.push(call(&piece));
            }
            Piece::Finish(reason) => answer.finish = Some(reason),
        }
    }
}
