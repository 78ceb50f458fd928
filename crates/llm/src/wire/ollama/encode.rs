//! A neutral request as the body of `POST /api/chat`.

use bytes::Bytes;
use domain::model::Capabilities;
use serde_json::{Map, Value, json};

use super::{context, messages};
use crate::neutral::{ChatRequest, ResponseFormat, Tool, ToolChoice};
use crate::parameters::Unsupported;
use crate::wire::{Fitting, Target};

/// Members of the client's body that are Ollama's own.
const OWN: [&str; 2] = ["options", "keep_alive"];

/// Sampling words that other local servers take at the top, Ollama among its
/// options.
const OPTIONS: [&str; 3] = ["min_p", "repeat_penalty", "num_ctx"];

/// Writes the body.
///
/// # Errors
/// [`Unsupported`], when Ollama cannot take a field that would change the
/// answer.
pub fn encode(request: &ChatRequest, fitting: &mut Fitting<'_>) -> Result<Bytes, Unsupported> {
    let target = fitting.target;
    let mut body = Map::new();
    body.insert("model".into(), target.model.into());
    body.insert("messages".into(), messages::messages(request, fitting)?);
    // What is not said is true here.
    body.insert("stream".into(), request.stream.into());
    tools(request, fitting, &mut body)?;
    if let Some(format) = request.response_format.as_ref().and_then(format) {
        body.insert("format".into(), format);
    }
    if let Some(think) = think(request, fitting) {
        body.insert("think".into(), think);
    }
    body.insert("options".into(), options(request, &target).into());
    if let Some(keep) = extra(request, "keep_alive") {
        body.insert("keep_alive".into(), keep.clone());
    }
    if request.user.is_some() {
        fitting.drop("user");
    }
    fitting.leave_extras(request, |field| OWN.contains(&field) || OPTIONS.contains(&field))?;
    Ok(Bytes::from(Value::Object(body).to_string()))
}

fn extra<'a>(request: &'a ChatRequest, field: &str) -> Option<&'a Value> {
    request.extras.iter().find(|extra| extra.field == field).map(|extra| &extra.value)
}

/// Ollama has no word for whether functions are called: none can be had by
/// sending none, being made to call one cannot.
fn tools(request: &ChatRequest, fitting: &mut Fitting<'_>, body: &mut Map<String, Value>) -> Result<(), Unsupported> {
    if request.tools.is_empty() {
        return Ok(());
    }
    match request.tool_choice {
        Some(ToolChoice::None) => return Ok(()),
        Some(ToolChoice::Required | ToolChoice::Named(_)) => fitting.refuse("tool_choice")?,
        Some(ToolChoice::Auto) | None => {}
    }
    if request.parallel_tool_calls == Some(false) {
        fitting.drop("parallel_tool_calls");
    }
    body.insert("tools".into(), request.tools.iter().map(tool).collect());
    Ok(())
}

fn tool(tool: &Tool) -> Value {
    let mut function = Map::new();
    function.insert("name".into(), tool.name.clone().into());
    function.extend(tool.description.clone().map(|text| ("description".to_owned(), text.into())));
    let none = || json!({"type": "object", "properties": {}});
    function.insert("parameters".into(), tool.parameters.clone().unwrap_or_else(none));
    json!({"type": "function", "function": function})
}

fn format(format: &ResponseFormat) -> Option<Value> {
    match format {
        ResponseFormat::Text => None,
        ResponseFormat::JsonObject => Some("json".into()),
        ResponseFormat::JsonSchema { schema, .. } => Some(schema.clone()),
    }
}

/// Whether to think: a level for gpt-oss, which cannot do without, yes or no for
/// the others. A model that is known not to think is not asked to.
fn think(request: &ChatRequest, fitting: &mut Fitting<'_>) -> Option<Value> {
    let effort = request.reasoning_effort.as_deref();
    let tokens = request.thinking_tokens;
    if tokens.is_some_and(|tokens| tokens > 0) {
        fitting.drop("thinking_tokens");
    }
    let wants = effort.map(|effort| effort != "none").or_else(|| tokens.map(|tokens| tokens > 0))?;
    let target = fitting.target;
    if never_thinks(&target) {
        if wants {
            fitting.drop("reasoning_effort");
        }
        return None;
    }
    let has_levels = target.model.rsplit('/').next().is_some_and(|name| name.starts_with("gpt-oss"));
    if !has_levels {
        return Some(wants.into());
    }
    Some(match effort {
        Some("none" | "minimal" | "low") => "low".into(),
        Some("high" | "xhigh" | "max") => "high".into(),
        _ => "medium".into(),
    })
}

/// Nothing known at all is not the same as no ability.
fn never_thinks(target: &Target<'_>) -> bool {
    target.facts.is_some_and(|facts| !facts.capabilities.reasoning && facts.capabilities != Capabilities::default())
}

fn options(request: &ChatRequest, target: &Target<'_>) -> Map<String, Value> {
    let mut options = Map::new();
    let mut add = |name: &str, value: Option<Value>| options.extend(value.map(|value| (name.to_owned(), value)));
    let model_has = target.facts.and_then(|facts| facts.context_window);
    add("num_ctx", Some(context::tokens(request, model_has).into()));
    add("num_predict", request.max_tokens.map(Value::from));
    add("temperature", request.temperature.map(Value::from));
    add("top_p", request.top_p.map(Value::from));
    add("top_k", request.top_k.map(Value::from));
    add("seed", request.seed.map(Value::from));
    add("presence_penalty", request.presence_penalty.map(Value::from));
    add("frequency_penalty", request.frequency_penalty.map(Value::from));
    add("stop", (!request.stop.is_empty()).then(|| request.stop.clone().into()));
    for name in OPTIONS {
        add(name, extra(request, name).cloned());
    }
    // The client's own options win: whoever names them knows Ollama.
    if let Some(Value::Object(own)) = extra(request, "options") {
        options.extend(own.clone());
    }
    options
}
