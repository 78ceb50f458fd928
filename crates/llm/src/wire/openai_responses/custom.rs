//! Custom tools take a text in place of JSON. Only OpenAI has them; for all
//! others such a tool is a function with one text, under a name by which its
//! calls are known again.

use serde_json::{Value, json};

use crate::neutral::Tool;

/// What the function's name begins with.
const PREFIX: &str = "ownkey_custom__";

/// The function that stands for a custom tool; `None`: it has no name.
pub(super) fn function(tool: &Value) -> Option<Tool> {
    let name = function_name(tool.get("name")?.as_str()?);
    let mut description = tool.get("description").and_then(Value::as_str).unwrap_or_default().to_owned();
    let grammar = tool.get("format").filter(|format| format.get("type").and_then(Value::as_str) == Some("grammar"));
    if let Some(definition) = grammar.and_then(|grammar| grammar.get("definition")).and_then(Value::as_str) {
        let syntax = grammar.and_then(|grammar| grammar.get("syntax")).and_then(Value::as_str).unwrap_or("lark");
        if !description.is_empty() {
            description.push_str("\n\n");
        }
        description.push_str(&format!("The input must follow this grammar ({syntax}):\n{definition}"));
    }
    let parameters = json!({
        "type": "object",
        "properties": {"input": {"type": "string", "description": "The input, as plain text."}},
        "required": ["input"],
        "additionalProperties": false,
    });
    let description = Some(description).filter(|text| !text.is_empty());
    Some(Tool { name, description, parameters: Some(parameters), strict: None, cache: None })
}

/// The name of the function that stands for a custom tool.
pub(super) fn function_name(tool: &str) -> String {
    format!("{PREFIX}{tool}")
}

/// The arguments of the function that stands for a custom tool.
pub(super) fn arguments(input: &str) -> String {
    json!({"input": input}).to_string()
}

/// The custom tool that a function stands for, if it does.
pub(super) fn tool_name(function: &str) -> Option<&str> {
    function.strip_prefix(PREFIX).filter(|name| !name.is_empty())
}

/// The input in a function's arguments. What a model wrote in another form is
/// the input as it stands.
pub(super) fn input_of(arguments: &str) -> String {
    let read: Option<Value> = serde_json::from_str(arguments).ok();
    let input = read.as_ref().and_then(|object| object.get("input")).and_then(Value::as_str);
    input.unwrap_or(arguments).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grammar_is_told_in_words() {
        let tool = json!({"type": "custom", "name": "apply_patch", "description": "Edits files.",
            "format": {"type": "grammar", "syntax": "lark", "definition": "start: \"x\""}});
        let function = function(&tool).unwrap();
        assert_eq!(tool_name(&function.name), Some("apply_patch"));
        let expected = "Edits files.\n\nThe input must follow this grammar (lark):\nstart: \"x\"";
        assert_eq!(function.description.as_deref(), Some(expected));
    }

    #[test]
    fn inputs_go_there_and_back() {
        for input in ["", "*** Begin Patch\n\"q\"\n", "{\"input\":1}"] {
            assert_eq!(input_of(&arguments(input)), input);
        }
        assert_eq!(input_of("not json"), "not json");
        assert_eq!(tool_name("get_weather"), None);
    }
}
