//! Functions, and Google's own tools, which nobody else has.

use serde_json::Value;

use super::super::names::{camel, field};
use super::super::schema::plain;
use super::{extra, list, refusal, text};
use crate::neutral::{ChatRequest, Tool, ToolChoice};
use crate::wire::RequestError;

/// Reads `tools`.
pub(super) fn read(value: &Value, out: &mut ChatRequest) -> Result<(), RequestError> {
    for tool in list(value) {
        let Some(members) = tool.as_object() else {
            return Err(refusal("tools", "`tools` has an entry that is no object. Send objects.".to_owned()));
        };
        for (name, value) in members.iter().filter(|(_, value)| !value.is_null()) {
            let name = camel(name);
            if name != "functionDeclarations" {
                out.extras.push(extra(format!("tools.{name}"), value));
                continue;
            }
            for declaration in list(value) {
                out.tools.push(function(declaration)?);
            }
        }
    }
    Ok(())
}

fn function(value: &Value) -> Result<Tool, RequestError> {
    let name = text(field(value, "name"))
        .ok_or_else(|| refusal("tools", "`tools` has a function without `name`. Name it.".to_owned()))?;
    let parameters = field(value, "parametersJsonSchema").cloned().or_else(|| field(value, "parameters").map(plain));
    Ok(Tool { name, description: text(field(value, "description")), parameters, strict: None, cache: None })
}

/// Reads `toolConfig`. The names of several functions, when only these may be
/// called.
pub(super) fn config(value: &Value, out: &mut ChatRequest) -> Option<Vec<String>> {
    for (name, value) in value.as_object().into_iter().flatten().filter(|(_, value)| !value.is_null()) {
        let name = camel(name);
        if name != "functionCallingConfig" {
            out.extras.push(extra(format!("toolConfig.{name}"), value));
        }
    }
    let calling = field(value, "functionCallingConfig")?;
    let names: Vec<String> = field(calling, "allowedFunctionNames")
        .map(list)
        .unwrap_or_default()
        .iter()
        .filter_map(|name| text(Some(name)))
        .collect();
    let mode = text(field(calling, "mode")).unwrap_or_default().to_ascii_uppercase();
    out.tool_choice = match (mode.as_str(), names.as_slice()) {
        ("NONE", _) => Some(ToolChoice::None),
        ("ANY", [name]) => Some(ToolChoice::Named(name.clone())),
        ("ANY", _) => Some(ToolChoice::Required),
        ("AUTO" | "VALIDATED", _) => Some(ToolChoice::Auto),
        _ => None,
    };
    (names.len() > 1 || (names.len() == 1 && mode == "VALIDATED")).then_some(names)
}
