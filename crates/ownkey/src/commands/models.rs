//! `ownkey models`

use http::Method;
use serde_json::Value;

use super::{encoded, output};
use crate::Failure;
use crate::cli::Models;
use crate::transport::Transport;

pub(super) async fn run(transport: &Transport, command: Models, as_json: bool) -> Result<(), Failure> {
    let mut path = "/v2/llm-models?limit=500".to_owned();
    if !command.all {
        path.push_str("&is_active=true");
    }
    if let Some(provider) = &command.provider {
        path.push_str("&provider=");
        path.push_str(&encoded(provider));
    }
    let list = transport.call(Method::GET, &path, None).await?;
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
