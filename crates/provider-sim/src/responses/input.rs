//! The input of a responses request: messages, calls with their outputs, reasoning with its encrypted content.

use serde_json::Value;

use crate::strict::{items, length, text};

use super::{Complaint, is_ours};

/// What the input says.
#[derive(Debug, Default)]
pub(super) struct Heard {
    pub(super) question: String,
    pub(super) images: usize,
    pub(super) tool_result: Option<String>,
    pub(super) characters: usize,
    pub(super) all_images: usize,
}

/// Reads it in order, with the complaint OpenAI would have.
pub(super) fn read(body: &Value) -> Result<Heard, Complaint> {
    let mut heard = Heard::default();
    match body.get("input") {
        None | Some(Value::Null) => {
            let message = "Missing required parameter: 'input'.";
            return Err(Complaint::coded("input", message, "missing_required_parameter"));
        }
        Some(Value::String(text)) => {
            heard.question.clone_from(text);
            heard.characters = length(text);
        }
        Some(Value::Array(list)) => {
            for (at, item) in list.iter().enumerate() {
                heard.take(at, item)?;
            }
            pairs(list)?;
            reasoning(body, list)?;
        }
        Some(_) => return Err(Complaint::coded("input", "Invalid type for 'input'.", "invalid_type")),
    }
    Ok(heard)
}

impl Heard {
    fn take(&mut self, at: usize, item: &Value) -> Result<(), Complaint> {
        let kind = text(item, "type").unwrap_or("message");
        let needs = |name: &str| {
            let param = format!("input[{at}].{name}");
            let message = format!("Missing required parameter: '{param}'.");
            text(item, name).ok_or_else(|| Complaint::coded(&param, message, "missing_required_parameter"))
        };
        match kind {
            "message" => self.message(at, needs("role")?, item)?,
            "function_call" => {
                needs("call_id")?;
                needs("name")?;
                let arguments = needs("arguments")?;
                if serde_json::from_str::<Value>(arguments).is_err() {
                    let message = format!("Invalid 'input[{at}].arguments': not JSON.");
                    return Err(Complaint::coded("input", message, "invalid_value"));
                }
            }
            "function_call_output" => {
                needs("call_id")?;
                let output = match item.get("output") {
                    Some(Value::String(output)) => output.clone(),
                    Some(Value::Array(parts)) => {
                        parts.iter().filter_map(|part| text(part, "text")).collect::<Vec<_>>().join("\n")
                    }
                    _ => needs("output")?.to_owned(),
                };
                self.characters += length(&output);
                self.tool_result = Some(output);
            }
            "item_reference" => {
                let id = text(item, "id").unwrap_or_default();
                return Err(Complaint::new("input", format!("Item with id '{id}' not found.")));
            }
            _ => {}
        }
        Ok(())
    }

    fn message(&mut self, at: usize, role: &str, item: &Value) -> Result<(), Complaint> {
        let takes: &[&str] = match role {
            "user" | "system" | "developer" => &["input_text", "input_image", "input_file"],
            "assistant" => &["output_text", "refusal"],
            _ => {
                let message = format!(
                    "Invalid value: '{role}'. Supported values are: 'assistant', 'system', 'developer', and 'user'."
                );
                return Err(Complaint::coded(&format!("input[{at}].role"), message, "invalid_value"));
            }
        };
        let param = format!("input[{at}].content");
        let (said, images) = match item.get("content") {
            Some(Value::String(said)) => (said.clone(), 0),
            Some(Value::Array(parts)) => content(&param, parts, takes)?,
            _ => {
                let message = format!("Missing required parameter: '{param}'.");
                return Err(Complaint::coded(&param, message, "missing_required_parameter"));
            }
        };
        self.characters += length(&said);
        self.all_images += images;
        self.tool_result = None;
        if role == "user" {
            self.question = said;
            self.images = images;
        }
        Ok(())
    }
}

fn content(param: &str, parts: &[Value], takes: &[&str]) -> Result<(String, usize), Complaint> {
    let mut texts = Vec::new();
    let mut images = 0;
    for (place, part) in parts.iter().enumerate() {
        let kind = text(part, "type").unwrap_or_default();
        if !takes.contains(&kind) {
            let message = format!("Invalid value: '{kind}'. Supported values are: '{}'.", takes.join("', '"));
            return Err(Complaint::coded(&format!("{param}[{place}]"), message, "invalid_value"));
        }
        match kind {
            "input_image" if text(part, "image_url").or_else(|| text(part, "file_id")).is_none() => {
                let message = format!("Missing required parameter: '{param}[{place}].image_url'.");
                return Err(Complaint::coded(param, message, "missing_required_parameter"));
            }
            "input_image" => images += 1,
            _ => texts.extend(text(part, "text").or_else(|| text(part, "refusal"))),
        }
    }
    Ok((texts.join("\n"), images))
}

/// Every call has its output and every output its call.
fn pairs(list: &[Value]) -> Result<(), Complaint> {
    let ids = |kind: &'static str| {
        list.iter().filter(move |item| text(item, "type") == Some(kind)).filter_map(|item| text(item, "call_id"))
    };
    if let Some(id) = ids("function_call").find(|id| !ids("function_call_output").any(|output| output == *id)) {
        return Err(Complaint::new("input", format!("No tool output found for function call {id}.")));
    }
    if let Some(id) = ids("function_call_output").find(|id| !ids("function_call").any(|call| call == *id)) {
        let message = format!("No tool call found for function call output with call_id {id}.");
        return Err(Complaint::new("input", message));
    }
    Ok(())
}

/// Reasoning comes back with its encrypted content, before what it led to; a call with its own id wants its reasoning.
fn reasoning(body: &Value, list: &[Value]) -> Result<(), Complaint> {
    let mut seen = false;
    for (at, item) in list.iter().enumerate() {
        match text(item, "type").unwrap_or("message") {
            "reasoning" => {
                seen = true;
                let id = text(item, "id").unwrap_or_default();
                match text(item, "encrypted_content") {
                    Some(content) if is_ours(id, content) => {}
                    Some(_) => {
                        let message = format!(
                            "The encrypted content for item {id} could not be verified. Reason: Encrypted content could \
                             not be decrypted or parsed."
                        );
                        return Err(Complaint::coded("input", message, "invalid_encrypted_content"));
                    }
                    None => {
                        let message = format!(
                            "Item with id '{id}' not found. Items are not persisted when `store` is set to false. Try \
                             again with `store` set to true, or remove this item from your input."
                        );
                        return Err(Complaint::new("input", message));
                    }
                }
                if items(body, "input").len() == at + 1 {
                    let message =
                        format!("Item '{id}' of type 'reasoning' was provided without its required following item.");
                    return Err(Complaint::new("input", message));
                }
            }
            "function_call" => {
                let id = text(item, "id").unwrap_or_default();
                if id.starts_with("fc_Reasoned") && !seen {
                    let message = format!(
                        "Item '{id}' of type 'function_call' was provided without its required 'reasoning' item."
                    );
                    return Err(Complaint::new("input", message));
                }
            }
            _ => {}
        }
    }
    Ok(())
}
