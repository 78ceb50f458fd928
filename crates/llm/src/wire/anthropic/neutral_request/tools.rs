//! Tools: the client's own are functions; those that Anthropic runs itself are
//! extras, named by their type.

use serde_json::Value;

use super::content::cache_break;
use super::{extra, invalid, list, text};
use crate::neutral::{ChatRequest, Tool, ToolChoice};
use crate::wire::RequestError;

/// Members of a tool that are read here, or concern nothing but when its pieces
/// come.
const KNOWN: [&str; 8] = [
    "type",
    "name",
    "description",
    "input_schema",
    "strict",
    "cache_control",
    "eager_input_streaming",
    "defer_loading",
];

/// Reads one tool.
pub(super) fn read(value: &Value, out: &mut ChatRequest) -> Result<(), RequestError> {
    if let Some(kind) = value.get("type").and_then(Value::as_str).filter(|kind| *kind != "custom") {
        out.extras.push(extra(format!("tools.{kind}"), value));
        return Ok(());
    }
    let name = value.get("name").and_then(text).ok_or_else(|| invalid("tools", "A tool has no name."))?;
    for (member, value) in value.as_object().into_iter().flatten() {
        // The model itself may call it, as it may everybody's functions.
        let is_usual = member == "allowed_callers" && list(value).iter().all(|caller| caller == "direct");
        if !KNOWN.contains(&member.as_str()) && !value.is_null() && !is_usual {
            out.extras.push(extra(format!("tools.{member}"), value));
        }
    }
    out.tools.push(Tool {
        name,
        description: value.get("description").and_then(text),
        parameters: value.get("input_schema").filter(|schema| schema.is_object()).cloned(),
        strict: value.get("strict").and_then(Value::as_bool),
        cache: value.get("cache_control").filter(|mark| mark.is_object()).map(cache_break),
    });
    Ok(())
}

/// Reads `tool_choice`.
pub(super) fn choice(value: &Value, out: &mut ChatRequest) -> Result<(), RequestError> {
    let name = || value.get("name").and_then(text);
    let choice = match value.get("type").and_then(Value::as_str) {
        Some("auto") => ToolChoice::Auto,
        Some("any") => ToolChoice::Required,
        Some("none") => ToolChoice::None,
        Some("tool") => {
            ToolChoice::Named(name().ok_or_else(|| invalid("tool_choice", "`tool_choice` names no tool."))?)
        }
        _ => return Err(invalid("tool_choice", "`tool_choice` is none of auto, any, tool and none.")),
    };
    out.tool_choice = Some(choice);
    out.parallel_tool_calls =
        value.get("disable_parallel_tool_use").and_then(Value::as_bool).map(|is_disabled| !is_disabled);
    Ok(())
}
