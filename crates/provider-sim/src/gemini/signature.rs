//! Thought signatures: given with the first call of a turn, wanted back on that very call.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::Value;

use crate::seal::{fits, seal};

use super::errors::Complaint;

/// The documented stand-in for a signature that was lost.
const STAND_IN: &str = "skip_thought_signature_validator";

/// The signature of a call.
pub(super) fn of_call(name: &str, arguments: &Value) -> String {
    seal("thought", &content(name, arguments))
}

/// The signature that ends a thought-out text.
pub(super) fn of_text() -> String {
    seal("thought", "text")
}

/// Checks what came back on a part.
pub(super) fn check(part: &Value, is_first_call: bool) -> Result<(), Complaint> {
    let signature = part.get("thoughtSignature").and_then(Value::as_str);
    let call = part.get("functionCall");
    let Some(signature) = signature else {
        if is_first_call {
            let message = "Function call is missing a thought_signature in functionCall parts. This is required for \
                           tools to work correctly, and missing thought_signature may lead to degraded model \
                           performance.";
            return Err(Complaint::new(message));
        }
        return Ok(());
    };
    let ours = match call {
        Some(call) => {
            let name = call.get("name").and_then(Value::as_str).unwrap_or_default();
            fits("thought", &content(name, call.get("args").unwrap_or(&Value::Null)), signature)
        }
        None => signature == of_text(),
    };
    if ours || signature == STAND_IN || signature == BASE64_STANDARD.encode(STAND_IN) {
        return Ok(());
    }
    Err(Complaint::new("Corrupted thought signature."))
}

fn content(name: &str, arguments: &Value) -> String {
    let arguments = if arguments.is_null() { "{}".to_owned() } else { arguments.to_string() };
    format!("{name}{arguments}")
}
