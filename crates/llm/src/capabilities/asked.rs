//! The smallest requests that show an ability.

use bytes::Bytes;
use serde_json::{Value, json};

use super::Ability;

/// A red square of 16 by 16 dots.
const RED: &str = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAABAAAAAQCAIAAACQkWg2AAAAFklEQVR42mP4z8BAEmIY1TCqYfhqAACQ+f8B8u7oVwAAAABJRU5ErkJggg==";

/// Where an ability is asked for.
pub(super) const fn path(ability: Ability) -> &'static str {
    match ability {
        Ability::Embeddings => "/embeddings",
        _ => "/chat/completions",
    }
}

/// What is sent: at most 16 tokens come back.
pub(super) fn body(ability: Ability, model: &str) -> Bytes {
    let ask = |content: Value, max_tokens: u64, more: Value| {
        let mut body =
            json!({"model": model, "messages": [{"role": "user", "content": content}], "max_tokens": max_tokens});
        if let (Some(body), Value::Object(more)) = (body.as_object_mut(), more) {
            body.extend(more);
        }
        body
    };
    let body = match ability {
        Ability::Stream => ask("Say OK.".into(), 1, json!({"stream": true})),
        Ability::Tools => {
            let parameters = json!({"type": "object", "properties": {}});
            let function = json!({"name": "ping", "description": "Answers pong.", "parameters": parameters});
            ask(
                "Call the function ping now.".into(),
                16,
                json!({"tools": [{"type": "function", "function": function}]}),
            )
        }
        Ability::JsonSchema => {
            let schema = json!({"type": "object", "properties": {"ok": {"type": "boolean"}}, "required": ["ok"],
                "additionalProperties": false});
            let format =
                json!({"type": "json_schema", "json_schema": {"name": "answer", "strict": true, "schema": schema}});
            ask("Say that all is well.".into(), 16, json!({"response_format": format}))
        }
        Ability::Vision => {
            let parts = json!([{"type": "text", "text": "Which colour is this? One word."},
                {"type": "image_url", "image_url": {"url": RED}}]);
            ask(parts, 16, json!({}))
        }
        Ability::Embeddings => json!({"model": model, "input": "a"}),
    };
    Bytes::from(body.to_string())
}
