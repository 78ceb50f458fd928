//! Tools and which of them may be called.

use serde_json::Value;

use super::{invalid, list, text};
use crate::neutral::{ChatRequest, Extra, Tool, ToolChoice};
use crate::wire::RequestError;
use crate::wire::openai_responses::custom;

/// Reads a tool. What OpenAI runs itself is an extra, by its name.
///
/// # Errors
/// [`RequestError`], for a function without a name.
pub(super) fn read(value: &Value, out: &mut ChatRequest) -> Result<(), RequestError> {
    let tool = match value.get("type").and_then(Value::as_str) {
        // Some clients wrap it as chat completions do.
        Some("function") => function(value.get("function").filter(|inner| inner.is_object()).unwrap_or(value)),
        Some("custom") => custom::function(value.get("custom").filter(|inner| inner.is_object()).unwrap_or(value)),
        Some(other) => {
            out.extras.push(Extra { field: format!("tools.{other}"), value: value.clone() });
            return Ok(());
        }
        None => None,
    };
    let tool = tool.ok_or_else(|| invalid("tools", "A tool lacks its type or its name."))?;
    out.tools.push(tool);
    Ok(())
}

fn function(value: &Value) -> Option<Tool> {
    Some(Tool {
        name: text(value.get("name")?)?,
        description: value.get("description").and_then(text),
        parameters: value.get("parameters").filter(|schema| !schema.is_null()).cloned(),
        strict: value.get("strict").and_then(Value::as_bool),
        cache: None,
    })
}

/// Reads the choice, when the tools are known.
///
/// # Errors
/// [`RequestError`], for a choice of another shape.
pub(super) fn choice(value: &Value, out: &mut ChatRequest) -> Result<(), RequestError> {
    let kind = value.as_str().or_else(|| value.get("type")?.as_str());
    out.tool_choice = match kind {
        Some("auto") => Some(ToolChoice::Auto),
        Some("none") => Some(ToolChoice::None),
        Some("required") => Some(ToolChoice::Required),
        Some("function" | "custom") => Some(ToolChoice::Named(name_of(value)?)),
        Some("allowed_tools") => {
            let mut names = Vec::new();
            for tool in value.get("tools").map(list).unwrap_or_default() {
                names.extend(name_of(tool));
            }
            out.tools.retain(|tool| names.contains(&tool.name));
            let is_required = value.get("mode").and_then(Value::as_str) == Some("required");
            Some(if is_required { ToolChoice::Required } else { ToolChoice::Auto })
        }
        Some(_) => {
            out.extras.push(Extra { field: "tool_choice".to_owned(), value: value.clone() });
            None
        }
        None => return Err(invalid("tool_choice", "`tool_choice` is neither a word nor an object with a type.")),
    };
    Ok(())
}

fn name_of(value: &Value) -> Result<String, RequestError> {
    let inner = value.get("function").filter(|inner| inner.is_object()).unwrap_or(value);
    let name = inner.get("name").and_then(Value::as_str);
    let name = name.ok_or_else(|| invalid("tool_choice", "`tool_choice` does not name the tool."))?;
    let is_custom = value.get("type").and_then(Value::as_str) == Some("custom");
    Ok(if is_custom { custom::function_name(name) } else { name.to_owned() })
}
