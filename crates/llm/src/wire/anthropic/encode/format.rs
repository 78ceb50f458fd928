//! The form of the answer: by the model's own means, or as the arguments of a
//! function that it is made to call and that nobody else sees.

use serde_json::{Value, json};

use super::model::Model;
use super::schema;
use crate::neutral::{ChatRequest, ResponseFormat};
use crate::parameters::Unsupported;
use crate::wire::Fitting;

/// What becomes of the response format.
#[derive(Debug)]
pub(super) enum Format {
    /// Free text.
    Text,
    /// `output_config.format`.
    Native(Value),
    /// The arguments of a function with this schema.
    Function(Value),
}

/// Decides about the response format.
pub(super) fn decide(request: &ChatRequest, model: &Model, fitting: &mut Fitting<'_>) -> Result<Format, Unsupported> {
    let (schema, is_native) = match &request.response_format {
        None | Some(ResponseFormat::Text) => return Ok(Format::Text),
        // Any object: a schema of the model's own kind would have to name all
        // members.
        Some(ResponseFormat::JsonObject) => (json!({"type": "object", "additionalProperties": true}), false),
        Some(ResponseFormat::JsonSchema { schema, .. }) => (schema.clone(), model.has_structured_outputs()),
    };
    if is_native {
        let schema = schema::cleaned(&schema);
        return Ok(Format::Native(json!({"type": "json_schema", "schema": schema})));
    }
    let is_object = schema.get("type").and_then(Value::as_str) == Some("object");
    if is_object && model.can_be_forced() {
        return Ok(Format::Function(schema));
    }
    fitting.refuse("response_format")?;
    Ok(Format::Text)
}
