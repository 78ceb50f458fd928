//! `ownkey models`

use http::Method;
use serde_json::{Value, json};

use super::{encoded, output};
use crate::Failure;
use crate::cli::Models;
use crate::transport::Transport;

/// All pages of the list as one.
async fn whole(transport: &Transport, path: &str) -> Result<Value, Failure> {
    let mut models = Vec::new();
    loop {
        let page = transport.call(Method::GET, &format!("{path}&skip={}", models.len()), None).await?;
        let rows = page.get("data").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        models.extend_from_slice(rows);
        let count = page.get("count").and_then(Value::as_u64).unwrap_or_default();
        if rows.is_empty() || models.len() as u64 >= count {
            return Ok(json!({"data": models, "count": count}));
        }
    }
}

pub(super) async fn run(transport: &Transport, command: Models, as_json: bool) -> Result<(), Failure> {
    let mut path = "/v2/llm-models?limit=500".to_owned();
    if !command.all {
        path.push_str("&is_active=true");
    }
    if let Some(provider) = &command.provider {
        path.push_str("&provider=");
        path.push_str(&encoded(provider));
    }
    let list = whole(transport, &path).await?;
    if as_json {
        output::json(&list);
        return Ok(());
    }
    let rows = output::rows(&list, |model| {
        let recommended = model.get("is_recommended") == Some(&Value::Bool(true));
        vec![
            format!("{}{}", output::text(model, "model_id"), if recommended { " *" } else { "" }),
            output::text(model, "provider"),
            output::text(model, "credential_scope"),
            output::text(model, "input_token_price"),
            output::text(model, "output_token_price"),
            output::text(model, "context_window"),
        ]
    });
    if rows.is_empty() {
        output::line("No model yet: save a provider key first (ownkey credential add openai).");
    } else {
        output::table(&["MODEL (* recommended)", "PROVIDER", "KEY", "$ IN / 1M", "$ OUT / 1M", "CONTEXT"], &rows);
    }
    Ok(())
}
