//! Functions and whether they are called.

use serde_json::{Map, Value, json};

use crate::neutral::{ChatRequest, Tool, ToolChoice};
use crate::parameters::Unsupported;
use crate::wire::Fitting;

/// Writes `tools` and `toolConfig`.
pub(super) fn write(
    request: &ChatRequest,
    fitting: &mut Fitting<'_>,
    body: &mut Map<String, Value>,
) -> Result<(), Unsupported> {
    if request.tools.is_empty() {
        return Ok(());
    }
    let declarations: Vec<Value> = request.tools.iter().map(declaration).collect();
    body.insert("tools".into(), json!([{"functionDeclarations": declarations}]));
    if request.tools.iter().any(|tool| tool.strict == Some(true)) {
        fitting.drop("tools.strict");
    }
    if request.parallel_tool_calls == Some(false) {
        // Google has no word for it. Each call is whole and named, so that a
        // client may still answer them one by one.
        fitting.drop("parallel_tool_calls");
    }
    let Some(choice) = &request.tool_choice else { return Ok(()) };
    let forces = matches!(choice, ToolChoice::Required | ToolChoice::Named(_));
    if forces && fitting.target.facts.is_some_and(|facts| facts.restrictions.refuses_forced_tools) {
        return fitting.refuse("tool_choice");
    }
    let calling = match choice {
        ToolChoice::Auto => json!({"mode": "AUTO"}),
        ToolChoice::None => json!({"mode": "NONE"}),
        ToolChoice::Required => json!({"mode": "ANY"}),
        ToolChoice::Named(name) => json!({"mode": "ANY", "allowedFunctionNames": [name]}),
    };
    body.insert("toolConfig".into(), json!({"functionCallingConfig": calling}));
    Ok(())
}

fn declaration(tool: &Tool) -> Value {
    let mut out = Map::new();
    out.insert("name".into(), tool.name.clone().into());
    out.extend(tool.description.clone().map(|text| ("description".to_owned(), text.into())));
    let parameters = tool.parameters.clone().filter(|schema| !is_empty(schema));
    out.extend(parameters.map(|schema| ("parametersJsonSchema".to_owned(), schema)));
    out.into()
}

/// An object of nothing, which Google refuses: such a function has no parameters.
fn is_empty(schema: &Value) -> bool {
    let Some(schema) = schema.as_object() else { return schema.is_null() };
    let has = |name: &str| schema.get(name).and_then(Value::as_object).is_some_and(|members| !members.is_empty());
    let is_object = schema.get("type").is_none_or(|kind| kind == "object");
    let is_composed = ["anyOf", "oneOf", "allOf", "$ref", "$defs"].iter().any(|name| schema.contains_key(*name));
    is_object && !has("properties") && !has("patternProperties") && !has("additionalProperties") && !is_composed
}
