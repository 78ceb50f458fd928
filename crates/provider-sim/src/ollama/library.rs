//! The models on the disk: those built in, those pulled, without those deleted.

use http::StatusCode;
use serde_json::{Map, Value, json};

use crate::models::{self, Maker};
use crate::play::Outgoing;
use crate::script::Models;
use crate::sim::Shared;
use crate::strict::text;

use super::errors;

/// `GET /api/tags`.
pub(super) fn tags(shared: &Shared) -> Outgoing {
    let models: Vec<Value> = names(shared).iter().map(|name| line(name)).collect();
    Outgoing::json(StatusCode::OK, json!({"models": models}).to_string())
}

/// `GET /api/ps`: the first model is loaded.
pub(super) fn running(shared: &Shared) -> Outgoing {
    let loaded = names(shared).first().map(|name| {
        let mut model = line(name);
        if let Some(model) = model.as_object_mut() {
            model.remove("modified_at");
            model.insert("expires_at".to_owned(), json!("2026-11-20T09:05:00Z"));
            model.insert("size_vram".to_owned(), json!(1_019_393_189_u64));
            model.insert("context_length".to_owned(), json!(4096));
        }
        model
    });
    let models: Vec<Value> = loaded.into_iter().collect();
    Outgoing::json(StatusCode::OK, json!({"models": models}).to_string())
}

/// `POST /api/show`.
pub(super) fn show(shared: &Shared, body: &Value) -> Outgoing {
    let asked = text(body, "model").or_else(|| text(body, "name")).unwrap_or_default();
    let Some(name) = found(shared, asked) else {
        return errors::told(404, &format!("model '{asked}' not found"));
    };
    let model = models::known(&name);
    let capabilities: Vec<&str> = if model.is_some_and(models::Model::is_for_vectors) {
        vec!["embedding"]
    } else {
        let more = ["tools", "vision", "thinking"].into_iter().filter(|what| !models::refuses(&name, what));
        std::iter::once("completion").chain(more).collect()
    };
    let family = family(&name);
    let mut info = Map::new();
    info.insert("general.architecture".to_owned(), json!(family));
    info.insert("general.parameter_count".to_owned(), json!(3_212_749_888_u64));
    info.insert(format!("{family}.context_length"), json!(model.map_or(131_072, |model| model.context)));
    info.insert(format!("{family}.embedding_length"), json!(3072));
    let body = json!({
        "modelfile": "# Modelfile", "parameters": "stop \"<|eot_id|>\"", "template": "{{ .Prompt }}",
        "details": details(family), "model_info": info, "capabilities": capabilities,
        "modified_at": "2026-11-01T10:00:00.5+01:00"
    });
    Outgoing::json(StatusCode::OK, body.to_string())
}

/// `DELETE /api/delete`.
pub(super) fn delete(shared: &Shared, body: &Value) -> Outgoing {
    let asked = text(body, "model").or_else(|| text(body, "name")).unwrap_or_default();
    let Some(name) = found(shared, asked) else {
        return errors::told(404, &format!("model '{asked}' not found"));
    };
    let mut state = shared.state();
    state.pulled.retain(|pulled| *pulled != name);
    state.deleted.push(name);
    Outgoing::whole(StatusCode::OK, "text/plain", bytes::Bytes::new())
}

/// The full name of a model that is there.
pub(super) fn found(shared: &Shared, asked: &str) -> Option<String> {
    let full = full(asked);
    let there = names(shared);
    let name = [asked, &full].into_iter().find(|name| there.iter().any(|there| there == name)).map(str::to_owned);
    let any = matches!(shared.models, Models::Any) && !asked.is_empty() && !shared.state().deleted.contains(&full);
    name.or_else(|| any.then(|| asked.to_owned()))
}

/// Whether it was pulled since the start.
pub(super) fn is_pulled(shared: &Shared, name: &str) -> bool {
    shared.state().pulled.iter().any(|pulled| pulled == name)
}

/// A name with its tag.
pub(super) fn full(name: &str) -> String {
    if name.contains(':') { name.to_owned() } else { format!("{name}:latest") }
}

fn names(shared: &Shared) -> Vec<String> {
    let listed = models::listed(&shared.models, Maker::Ollama);
    let state = shared.state();
    let there = listed.into_iter().map(str::to_owned).chain(state.pulled.iter().cloned());
    there.filter(|name| !state.deleted.contains(name)).collect()
}

fn line(name: &str) -> Value {
    json!({
        "name": name, "model": name, "modified_at": "2026-11-01T10:00:00.5+01:00", "size": 2_019_393_189_u64,
        "digest": "a80c4f17acd55265feec403c7aef86be0c25983ab279d83f3bcd3abbcb5b8b72", "details": details(family(name))
    })
}

fn details(family: &str) -> Value {
    json!({"parent_model": "", "format": "gguf", "family": family, "families": [family], "parameter_size": "3.2B",
        "quantization_level": "Q4_K_M"})
}

fn family(name: &str) -> &'static str {
    if name.starts_with("nomic") {
        "nomic-bert"
    } else if name.starts_with("qwen") {
        "qwen3"
    } else if name.starts_with("gpt-oss") {
        "gptoss"
    } else {
        "llama"
    }
}
