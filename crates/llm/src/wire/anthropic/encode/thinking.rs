//! How hard to think: a hint where the model finds its own measure, a number of
//! tokens where it counts.

use domain::model::Thinking;
use serde_json::{Value, json};

use super::super::choices::{ADAPTIVE_NEEDS_ITS_THOUGHTS, BUDGETS, LEAST_BUDGET};
use super::model::Model;
use crate::neutral::{ChatRequest, Message, Part, Role};
use crate::parameters::Unsupported;
use crate::wire::Fitting;
use domain::provider::WireName;

/// The efforts that have a word here, the least first.
const EFFORTS: [&str; 5] = ["low", "medium", "high", "xhigh", "max"];

/// What is left for the answer beside a budget, at least.
const LEAST_ANSWER: u64 = 1_024;

/// What is said of thinking.
#[derive(Debug, Default)]
pub(super) struct Decision {
    /// The value of `thinking`.
    pub(super) block: Option<Value>,
    /// `output_config.effort`.
    pub(super) effort: Option<String>,
    /// It thinks because it is told to.
    pub(super) is_on: bool,
    /// Tokens that a budget takes beyond the limit of the answer.
    pub(super) room: u64,
}

/// What the client asks for.
enum Asked<'a> {
    Nothing,
    NotAtAll,
    Effort(&'a str),
    Tokens(u64),
}

/// Decides about `thinking` and `output_config.effort`.
pub(super) fn decide(
    request: &ChatRequest,
    model: &Model,
    is_forced: bool,
    limit: u64,
    fitting: &mut Fitting<'_>,
) -> Result<Decision, Unsupported> {
    if let Some(own) = request.extras.iter().find(|extra| extra.field == "thinking" && extra.value.is_object()) {
        let is_on = own.value.get("type").and_then(Value::as_str) != Some("disabled");
        return Ok(Decision { block: Some(own.value.clone()), is_on, ..Decision::default() });
    }
    let asked = asked(request);
    let field = if request.thinking_tokens.is_some() { "thinking_tokens" } else { "reasoning_effort" };
    match (asked, model.thinking()) {
        (Asked::Nothing, _) => Ok(Decision::default()),
        (Asked::NotAtAll, Thinking::Adaptive) if model.can_think() => {
            Ok(Decision { block: Some(json!({"type": "disabled"})), ..Decision::default() })
        }
        (Asked::NotAtAll, Thinking::AlwaysAdaptive) => {
            fitting.refuse(field)?;
            Ok(Decision { effort: Some("low".to_owned()), ..Decision::default() })
        }
        (Asked::NotAtAll, _) => Ok(Decision::default()),
        _ if !model.can_think() => {
            fitting.refuse(field)?;
            Ok(Decision::default())
        }
        (asked, Thinking::Budget) => {
            let most = model.limit(u64::MAX).saturating_sub(LEAST_ANSWER).max(LEAST_BUDGET);
            budget(&asked, field, request, is_forced, (limit, most), fitting)
        }
        (asked, _) => adaptive(&asked, field, request, model, is_forced, fitting),
    }
}

fn asked(request: &ChatRequest) -> Asked<'_> {
    match (request.thinking_tokens, request.reasoning_effort.as_deref()) {
        (Some(0), _) | (None, Some("none")) => Asked::NotAtAll,
        (Some(tokens), _) => Asked::Tokens(tokens),
        (None, Some(effort)) => Asked::Effort(effort),
        (None, None) => Asked::Nothing,
    }
}

fn budget(
    asked: &Asked<'_>,
    field: &str,
    request: &ChatRequest,
    is_forced: bool,
    (limit, most): (u64, u64),
    fitting: &mut Fitting<'_>,
) -> Result<Decision, Unsupported> {
    let of_effort = |effort: &str| BUDGETS.iter().find(|(name, _)| *name == effort).map(|(_, tokens)| *tokens);
    let tokens = match asked {
        Asked::Tokens(tokens) => Some((*tokens).max(LEAST_BUDGET)),
        Asked::Effort(effort) => of_effort(effort),
        Asked::Nothing | Asked::NotAtAll => None,
    };
    let Some(tokens) = tokens.map(|tokens| tokens.min(most)) else {
        fitting.refuse(field)?;
        return Ok(Decision::default());
    };
    // Neither a forced call nor a loop whose thoughts are lost goes together
    // with a budget; both matter more than the thoughts.
    if is_forced || has_lost_its_thoughts(request) {
        fitting.drop(field);
        return Ok(Decision::default());
    }
    // The limit counts thoughts, too. Where too little would be left, the answer
    // keeps all of it.
    let room = if tokens.saturating_add(LEAST_ANSWER) > limit { tokens } else { 0 };
    let block = json!({"type": "enabled", "budget_tokens": tokens});
    Ok(Decision { block: Some(block), effort: None, is_on: true, room })
}

fn adaptive(
    asked: &Asked<'_>,
    field: &str,
    request: &ChatRequest,
    model: &Model,
    is_forced: bool,
    fitting: &mut Fitting<'_>,
) -> Result<Decision, Unsupported> {
    let effort = match asked {
        Asked::Tokens(tokens) => Some(effort_of(*tokens)),
        Asked::Effort("minimal") => Some("low"),
        Asked::Effort(effort) => EFFORTS.into_iter().find(|known| known == effort),
        Asked::Nothing | Asked::NotAtAll => None,
    };
    let is_taken = |effort: &&str| model.efforts().is_empty() || model.efforts().iter().any(|taken| taken == effort);
    let Some(effort) = effort.filter(is_taken) else {
        fitting.refuse(field)?;
        return Ok(Decision::default());
    };
    let effort = Some(effort.to_owned());
    // A forced call takes the effort, but no switch for thoughts.
    if is_forced {
        return Ok(Decision { effort, ..Decision::default() });
    }
    if ADAPTIVE_NEEDS_ITS_THOUGHTS && has_lost_its_thoughts(request) {
        fitting.drop(field);
        return Ok(Decision { effort, ..Decision::default() });
    }
    // Without `display` the thoughts come as blanks.
    let block = json!({"type": "adaptive", "display": "summarized"});
    Ok(Decision { block: Some(block), effort, is_on: true, room: 0 })
}

/// The effort that a number of tokens stands for.
const fn effort_of(tokens: u64) -> &'static str {
    match tokens {
        ..2_048 => "low",
        2_048..4_096 => "medium",
        _ => "high",
    }
}

/// Whether the conversation is between a call and its result, and the thoughts
/// before the first call of this round are not there.
fn has_lost_its_thoughts(request: &ChatRequest) -> bool {
    let is_of_the_loop = |message: &&Message| match message.role {
        Role::Assistant | Role::Tool => true,
        Role::User => message.parts.iter().all(|part| matches!(part, Part::ToolResult(_) | Part::CacheBreak(_))),
        Role::System | Role::Developer => false,
    };
    let in_loop = request.messages.iter().rev().take_while(is_of_the_loop);
    let first = in_loop.filter(|message| message.role == Role::Assistant).last();
    let is_own = |part: &Part| matches!(part, Part::Replay(state) if state.wire == WireName::AnthropicMessages);
    first.is_some_and(|message| message.calls().next().is_some() && !message.parts.iter().any(is_own))
}
