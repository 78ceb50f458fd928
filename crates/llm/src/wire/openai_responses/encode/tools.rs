//! Functions, flat.

use serde_json::{Map, Value, json};

use crate::neutral::{ChatRequest, Tool, ToolChoice};

/// Writes the functions and which of them may be called.
pub(super) fn write(request: &ChatRequest, body: &mut Map<String, Value>) {
    if request.tools.is_empty() {
        return;
    }
    body.insert("tools".into(), request.tools.iter().map(tool).collect());
    body.extend(request.tool_choice.as_ref().map(|choice| ("tool_choice".to_owned(), self::choice(choice))));
    body.extend(request.parallel_tool_calls.map(|many| ("parallel_tool_calls".to_owned(), many.into())));
}

fn tool(tool: &Tool) -> Value {
    let mut out = Map::new();
    out.insert("type".into(), "function".into());
    out.insert("name".into(), tool.name.clone().into());
    out.extend(tool.description.clone().map(|text| ("description".to_owned(), text.into())));
    let nothing = || json!({"type": "object", "properties": {}});
    out.insert("parameters".into(), tool.parameters.clone().unwrap_or_else(nothing));
    // Left out, it would be true, and schemas made for others would be refused.
    out.insert("strict".into(), tool.strict.unwrap_or(false).into());
    out.into()
}

fn choice(choice: &ToolChoice) -> Value {
    match choice {
        ToolChoice::Auto => "auto".into(),
        ToolChoice::None => "none".into(),
        ToolChoice::Required => "required".into(),
        ToolChoice::Named(name) => json!({"type": "function", "name": name}),
    }
}
