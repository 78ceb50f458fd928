//! A whole answer, made neutral.

use domain::ProviderId;

use super::calls::{Calls, made_id};
use super::think_tags::{Split, ThinkTags};
use super::walk::{Arguments, Piece, Sink, walk};
use super::{errors, usage};
use crate::UpstreamError;
use crate::json_scan::{self, RawText};
use crate::neutral::{Answer, FinishReason, ToolCall};

/// Reads an answer that came with a status of success.
///
/// # Errors
/// The failure that it holds in place of an answer.
pub fn decode(provider: ProviderId, body: &[u8]) -> Result<Answer, UpstreamError> {
    json_scan::check(body).map_err(|_| errors::unreadable(provider))?;
    let mut builder = Builder::default();
    let (envelope, _) = walk(body, &mut builder);
    if let Some(fault) = envelope.fault {
        return Err(errors::read_inside(provider, Some(200), fault, body));
    }
    if envelope.choices.is_none() {
        return Err(errors::read_instead(provider, body));
    }
    let mut answer = builder.answer;
    let text = |raw: Option<RawText<'_>>| raw.map(|raw| raw.text().into_owned()).unwrap_or_default();
    (answer.id, answer.model) = (text(envelope.id), text(envelope.model));
    for (index, call) in answer.tool_calls.iter_mut().enumerate().filter(|(_, call)| call.id.is_empty()) {
        call.id = made_id(&answer.id, index);
    }
    if may_think_inline(provider) {
        split_thoughts(&mut answer);
    }
    let has_calls = !answer.tool_calls.is_empty();
    let finish = answer.finish.or(has_calls.then_some(FinishReason::ToolCalls));
    answer.finish = finish.map(|finish| finish.with_calls(has_calls));
    let usage = envelope.usage.map(|value| usage::read(provider, value)).unwrap_or_default();
    (answer.usage, answer.cost, answer.usage_is_absurd) = (usage.tokens, usage.cost, usage.is_absurd);
    Ok(answer)
}

/// Servers that leave the thoughts of open models in the text.
pub(super) const fn may_think_inline(provider: ProviderId) -> bool {
    matches!(provider, ProviderId::Custom | ProviderId::LmStudio | ProviderId::Ollama | ProviderId::HuggingFace)
}

fn split_thoughts(answer: &mut Answer) {
    let (mut tags, mut parts) = (ThinkTags::new(true), Vec::new());
    tags.push(&std::mem::take(&mut answer.text), &mut parts);
    tags.finish(&mut parts);
    for part in parts {
        match part {
            Split::Thought(text) => answer.reasoning.push_str(&text),
            Split::Answer(text) => answer.text.push_str(&text),
        }
    }
}

/// Collects the first choice; nothing of ours asks for more than one.
#[derive(Default)]
struct Builder {
    answer: Answer,
    calls: Calls,
    choice: Option<u64>,
}

impl<'a> Sink<'a> for Builder {
    fn choice(&mut self, index: u64) {
        self.choice.get_or_insert(index);
    }

    fn piece(&mut self, choice: u64, piece: Piece<'a>) {
        if self.choice != Some(choice) {
            return;
        }
        match piece {
            Piece::Content(text) => self.answer.text.push_str(&text.text()),
            Piece::Reasoning(text) => self.answer.reasoning.push_str(&text.text()),
            Piece::Refusal(text) => {
                self.answer.refusal.get_or_insert_default().push_str(&text.text());
            }
            Piece::Finish(reason) => self.answer.finish = Some(reason),
            Piece::Call(piece) => {
                let (index, is_new) = self.calls.place(&piece);
                if is_new {
                    self.answer.tool_calls.push(ToolCall::default());
                }
                let Some(call) = self.answer.tool_calls.get_mut(index) else { return };
                if let Some(id) = piece.id {
                    call.id = id.text().into_owned();
                }
                if let Some(name) = piece.name {
                    call.name = name.text().into_owned();
                }
                match piece.arguments {
                    Some(Arguments::Text(text)) => call.arguments.push_str(&text.text()),
                    Some(Arguments::Json(json)) => call.arguments.push_str(&String::from_utf8_lossy(json)),
                    None => {}
                }
            }
        }
    }
}
