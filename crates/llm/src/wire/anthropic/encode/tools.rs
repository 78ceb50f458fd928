//! Functions, and whether they are called.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::super::ANSWER_TOOL;
use super::cache;
use super::format::Format;
use super::model::Model;
use super::schema;
use crate::neutral::{ChatRequest, Message, Tool, ToolChoice};
use crate::parameters::Unsupported;
use crate::wire::Fitting;

/// What is said of functions.
#[derive(Debug, Default)]
pub(super) struct Written {
    pub(super) tools: Option<Value>,
    pub(super) choice: Option<Value>,
    /// Some function must be called.
    pub(super) is_forced: bool,
}

/// Writes `tools` and `tool_choice`.
pub(super) fn write(
    request: &ChatRequest,
    model: &Model,
    format: &Format,
    fitting: &mut Fitting<'_>,
) -> Result<Written, Unsupported> {
    let mut tools: Vec<Value> = request.tools.iter().map(|one| tool(one, model, fitting)).collect();
    if let Format::Function(schema) = format {
        return Ok(with_answer(request, tools, schema));
    }
    if tools.is_empty() {
        tools = of_the_past(request);
        if tools.is_empty() {
            return Ok(Written::default());
        }
        // None was offered, so that none may be called.
        return Ok(Written { tools: Some(tools.into()), choice: Some(json!({"type": "none"})), is_forced: false });
    }
    let mut choice = request.tool_choice.clone();
    let is_forced = matches!(choice, Some(ToolChoice::Required | ToolChoice::Named(_)));
    if is_forced && !model.can_be_forced() {
        fitting.refuse("tool_choice")?;
        choice = None;
    }
    let is_forced = is_forced && model.can_be_forced();
    Ok(Written { tools: Some(tools.into()), choice: tool_choice(choice.as_ref(), request), is_forced })
}

fn tool_choice(choice: Option<&ToolChoice>, request: &ChatRequest) -> Option<Value> {
    let one_at_a_time = request.parallel_tool_calls == Some(false);
    let mut out = match choice {
        Some(ToolChoice::None) => return Some(json!({"type": "none"})),
        None if !one_at_a_time => return None,
        None | Some(ToolChoice::Auto) => json!({"type": "auto"}),
        Some(ToolChoice::Required) => json!({"type": "any"}),
        Some(ToolChoice::Named(name)) => json!({"type": "tool", "name": name}),
    };
    if let Some(parallel) = request.parallel_tool_calls {
        out["disable_parallel_tool_use"] = (!parallel).into();
    }
    Some(out)
}

/// The answer as a function. Beside others the model chooses among all of them.
fn with_answer(request: &ChatRequest, mut tools: Vec<Value>, schema: &Value) -> Written {
    let is_alone = tools.is_empty() || request.tool_choice == Some(ToolChoice::None);
    if tools.is_empty() {
        tools = of_the_past(request);
    }
    tools.push(json!({
        "name": ANSWER_TOOL,
        "description": "Gives the answer to the user in the form that was asked for.",
        "input_schema": schema,
    }));
    let choice = match &request.tool_choice {
        Some(ToolChoice::Named(name)) if !is_alone => json!({"type": "tool", "name": name}),
        _ if is_alone => json!({"type": "tool", "name": ANSWER_TOOL}),
        _ => json!({"type": "any"}),
    };
    Written { tools: Some(tools.into()), choice: Some(choice), is_forced: true }
}

fn tool(tool: &Tool, model: &Model, fitting: &mut Fitting<'_>) -> Value {
    let mut out = Map::new();
    out.insert("name".into(), tool.name.clone().into());
    out.extend(tool.description.clone().map(|text| ("description".to_owned(), text.into())));
    let schema = tool.parameters.clone().filter(Value::is_object);
    let mut schema = schema.unwrap_or_else(|| json!({"type": "object", "properties": {}}));
    if let Some(schema) = schema.as_object_mut() {
        schema.entry("type").or_insert_with(|| "object".into());
    }
    if tool.strict == Some(true) {
        if model.has_structured_outputs() {
            out.insert("strict".into(), true.into());
            schema = schema::cleaned(&schema);
        } else {
            fitting.drop("tools.strict");
        }
    }
    out.insert("input_schema".into(), schema);
    out.extend(tool.cache.as_ref().map(|until| ("cache_control".to_owned(), cache::mark(until))));
    out.into()
}

/// Functions that were called before and are not offered any more: without them
/// the conversation is refused.
fn of_the_past(request: &ChatRequest) -> Vec<Value> {
    let names: BTreeSet<&str> =
        request.messages.iter().flat_map(Message::calls).map(|call| call.name.as_str()).collect();
    names.into_iter().map(|name| json!({"name": name, "input_schema": {"type": "object", "properties": {}}})).collect()
}
