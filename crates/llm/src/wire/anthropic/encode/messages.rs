//! The conversation: instructions apart, turns that alternate and begin with the
//! person, results of calls first in theirs.

use domain::provider::WireName;
use serde_json::{Map, Value, json};

use super::super::thoughts::is_thought;
use super::model::Model;
use super::{blocks, cache};
use crate::neutral::{ChatRequest, Message, Part, Role};
use crate::parameters::Unsupported;
use crate::wire::Fitting;

/// What the person says in a conversation that begins with the model.
const FIRST_WORD: &str = ".";

/// One turn.
struct Turn {
    is_assistant: bool,
    /// Results of calls, or the thoughts before the first call: what has to come
    /// first.
    first: Vec<Value>,
    rest: Vec<Value>,
}

impl Turn {
    const fn of(is_assistant: bool) -> Self {
        Self { is_assistant, first: Vec::new(), rest: Vec::new() }
    }

    fn into_value(self) -> Value {
        let role = if self.is_assistant { "assistant" } else { "user" };
        let mut blocks = self.first;
        blocks.extend(self.rest);
        json!({"role": role, "content": content(blocks)})
    }
}

/// Writes `system` and `messages`.
pub(super) fn write(
    request: &ChatRequest,
    model: &Model,
    body: &mut Map<String, Value>,
    fitting: &mut Fitting<'_>,
) -> Result<(), Unsupported> {
    let is_instruction = |message: &&Message| matches!(message.role, Role::System | Role::Developer);
    let leading = request.messages.iter().take_while(is_instruction).count();
    let (instructions, conversation) = request.messages.split_at_checked(leading).unwrap_or_default();
    let mut system = Turn::of(false);
    for message in instructions {
        add(message, &mut system, fitting)?;
    }
    let mut turns = turns(conversation, fitting)?;
    end(&mut turns, model, fitting)?;
    if turns.is_empty() {
        // Instructions alone are a question, too.
        turns.push(std::mem::replace(&mut system, Turn::of(false)));
    }
    if turns.first().is_some_and(|turn| turn.is_assistant) {
        let mut opening = Turn::of(false);
        opening.rest.push(json!({"type": "text", "text": FIRST_WORD}));
        turns.insert(0, opening);
    }
    if !system.rest.is_empty() {
        body.insert("system".into(), content(system.rest));
    }
    turns.retain(|turn| !turn.first.is_empty() || !turn.rest.is_empty());
    body.insert("messages".into(), turns.into_iter().map(Turn::into_value).collect());
    Ok(())
}

/// Turns that alternate. Later instructions go with the person's words.
fn turns(messages: &[Message], fitting: &mut Fitting<'_>) -> Result<Vec<Turn>, Unsupported> {
    let mut turns: Vec<Turn> = Vec::new();
    for message in messages {
        let is_assistant = message.role == Role::Assistant;
        let mut turn = match turns.pop() {
            Some(last) if last.is_assistant == is_assistant => last,
            last => {
                turns.extend(last);
                Turn::of(is_assistant)
            }
        };
        add(message, &mut turn, fitting)?;
        if !turn.first.is_empty() || !turn.rest.is_empty() {
            turns.push(turn);
        }
    }
    Ok(turns)
}

/// What the model began and would have to go on with.
fn end(turns: &mut Vec<Turn>, model: &Model, fitting: &mut Fitting<'_>) -> Result<(), Unsupported> {
    let Some(last) = turns.last_mut().filter(|turn| turn.is_assistant) else { return Ok(()) };
    if !model.takes_prefill() {
        fitting.refuse("messages")?;
        turns.pop();
        return Ok(());
    }
    // Blanks at the end are refused.
    if let Some(Value::String(text)) = last.rest.last_mut().and_then(|block| block.get_mut("text")) {
        text.truncate(text.trim_end().len());
    }
    Ok(())
}

/// Adds a message to a turn.
fn add(message: &Message, turn: &mut Turn, fitting: &mut Fitting<'_>) -> Result<(), Unsupported> {
    let mut has_called = turn.rest.iter().any(|block| block["type"] == "tool_use");
    // Which block came last, and where it is.
    let mut is_last_first = false;
    for part in &message.parts {
        if let Part::CacheBreak(until) = part {
            let list = if is_last_first { &mut turn.first } else { &mut turn.rest };
            if let Some(block) = list.last_mut().and_then(Value::as_object_mut) {
                block.insert("cache_control".into(), cache::mark(until));
            }
            continue;
        }
        let block = match part {
            Part::Replay(state) if state.wire == WireName::AnthropicMessages && is_thought(&state.state) => {
                // In front of the call it belongs to; what came before the first
                // call began the turn.
                let list = if has_called { &mut turn.rest } else { &mut turn.first };
                list.push(state.state.clone());
                continue;
            }
            part => blocks::write(part, fitting)?,
        };
        let Some(block) = block else { continue };
        has_called |= matches!(part, Part::ToolCall(_));
        is_last_first = matches!(part, Part::ToolResult(_));
        if is_last_first { &mut turn.first } else { &mut turn.rest }.push(block);
    }
    Ok(())
}

/// A string for words alone.
fn content(mut blocks: Vec<Value>) -> Value {
    if let [block] = blocks.as_mut_slice()
        && let Some(block) = block.as_object_mut()
        && block.len() == 2
        && block.get("type").is_some_and(|kind| kind == "text")
        && let Some(text) = block.remove("text")
    {
        return text;
    }
    blocks.into()
}
