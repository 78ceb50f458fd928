//! `ownkey chat`: the answer streams to the terminal.

use std::io::{IsTerminal, Read, Write};

use http::Method;
use llm::sse::SseDecoder;
use serde_json::{Value, json};

use super::output;
use crate::Failure;
use crate::cli::Chat;
use crate::transport::Transport;

pub(super) async fn run(transport: &Transport, command: Chat, as_json: bool) -> Result<(), Failure> {
    let prompt = prompt(&command)?;
    let model = match command.model {
        Some(model) => model,
        None => recommended(transport).await?,
    };
    let mut messages = Vec::new();
    if let Some(system) = &command.system {
        messages.push(json!({"role": "system", "content": system}));
    }
    messages.push(json!({"role": "user", "content": prompt}));
    if as_json {
        let body = json!({"model_id": model, "messages": messages});
        output::json(&transport.call(Method::POST, "/v2/llm/chat/completions", Some(&body)).await?);
        return Ok(());
    }
    let body = json!({"model_id": model, "messages": messages, "stream": true});
    let mut coming = transport.stream("/v2/llm/chat/completions", &body).await?;
    let mut decoder = SseDecoder::new();
    while let Some(bytes) = coming.next().await {
        decoder.push(&bytes?);
        while let Some(event) =
            decoder.next_event().map_err(|_| Failure::new("The answer has an event that is too long to read."))?
        {
            let data: Value = serde_json::from_slice(&event.data).unwrap_or(Value::Null);
            tell(event.event.as_deref().unwrap_or(""), &data)?;
        }
    }
    Ok(())
}

/// The words after the command, else standard input.
fn prompt(command: &Chat) -> Result<String, Failure> {
    if !command.prompt.is_empty() {
        return Ok(command.prompt.join(" "));
    }
    if std::io::stdin().is_terminal() {
        return Err(Failure::new("Say what to ask: ownkey chat \"Why is the sky blue?\""));
    }
    let mut text = String::new();
    std::io::stdin()
        .read_to_string(&mut text)
        .map_err(|error| Failure::new(format!("Standard input cannot be read: {error}.")))?;
    Ok(text)
}

/// The recommended model among those that can be called, else the first.
async fn recommended(transport: &Transport) -> Result<String, Failure> {
    let list = transport.call(Method::GET, "/v2/llm-models?is_active=true&limit=500", None).await?;
    let models = list.get("data").and_then(Value::as_array).cloned().unwrap_or_default();
    let is_recommended = |model: &&Value| model.get("is_recommended") == Some(&Value::Bool(true));
    let chosen = models.iter().find(is_recommended).or_else(|| models.first());
    chosen
        .map(|model| output::text(model, "model_id"))
        .ok_or_else(|| Failure::new("No model yet: save a provider key first (ownkey credential add openai)."))
}

#[expect(clippy::print_stderr, reason = "the command line's own output")]
fn tell(event: &str, data: &Value) -> Result<(), Failure> {
    let text = |member: &str| data.get(member).and_then(Value::as_str);
    match event {
        "delta" => {
            let mut out = std::io::stdout().lock();
            out.write_all(printable(text("content").unwrap_or_default()).as_bytes())
                .and_then(|()| out.flush())
                .map_err(|error| Failure::new(format!("The terminal cannot be written: {error}.")))
        }
        "done" => {
            output::line("");
            let cost = data
                .get("cost")
                .filter(|cost| !cost.is_null())
                .map_or("unpriced".to_owned(), |cost| format!("${cost}"));
            eprintln!(
                "— {} · {} key · {} in, {} out · {cost}",
                output::text(data, "model"),
                output::text(data, "credential_scope"),
                output::text(data, "input_tokens"),
                output::text(data, "output_tokens"),
            );
            Ok(())
        }
        "error" => {
            output::line("");
            Err(Failure::new(text("detail").unwrap_or("The answer failed.").to_owned()))
        }
        _ => Ok(()),
    }
}

/// Model output is untrusted: no escape sequence of it reaches the terminal.
fn printable(text: &str) -> String {
    text.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).collect()
}
