//! What the server says about its models.

use domain::model::{Capabilities, ModelKind};
use serde::Deserialize;
use serde_json::{Map, Value};

/// What is known of one model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// What it is for.
    pub kind: ModelKind,
    /// What it can do; `None`: an older server that does not say.
    pub capabilities: Option<Capabilities>,
    /// Prompt plus answer it was made for, in tokens.
    pub context_window: Option<u64>,
    /// How large it is: `3.2B`.
    pub parameter_size: Option<String>,
    /// How it is packed: `Q4_K_M`.
    pub quantization: Option<String>,
}

/// A loaded model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Running {
    /// Its name.
    pub model: String,
    /// The memory it takes, in bytes.
    pub size_bytes: u64,
    /// How much of that is the graphics card's, in bytes.
    pub video_bytes: u64,
    /// The context it was loaded with, in tokens; older servers do not say.
    pub context_length: Option<u64>,
}

#[derive(Deserialize)]
struct ShowDocument {
    #[serde(default)]
    capabilities: Option<Vec<String>>,
    #[serde(default)]
    model_info: Option<Map<String, Value>>,
    #[serde(default)]
    details: Option<Details>,
}

#[derive(Default, Deserialize)]
struct Details {
    #[serde(default)]
    parameter_size: Option<String>,
    #[serde(default)]
    quantization_level: Option<String>,
}

/// The longest word that is passed on, in characters.
const MAX_WORD: usize = 40;

pub(super) fn shown(body: &[u8]) -> Option<Shown> {
    let document: ShowDocument = serde_json::from_slice(body).ok()?;
    let info = document.model_info.unwrap_or_default();
    let details = document.details.unwrap_or_default();
    let can = |what: &str| document.capabilities.iter().flatten().any(|capability| capability == what);
    let word = |word: Option<String>| {
        word.filter(|word| !word.is_empty() && word.len() <= MAX_WORD && !word.contains(char::is_control))
    };
    let capabilities = document.capabilities.is_some().then(|| Capabilities {
        tools: can("tools"),
        vision: can("vision"),
        reasoning: can("thinking"),
        json_schema: can("completion"),
    });
    let kind = match (can("completion"), can("embedding")) {
        (false, true) => ModelKind::Embedding,
        (false, false) if document.capabilities.is_some() => ModelKind::Other,
        _ => ModelKind::Chat,
    };
    Some(Shown {
        kind,
        capabilities,
        context_window: context_window(&info),
        parameter_size: word(details.parameter_size),
        quantization: word(details.quantization_level),
    })
}

/// It stands under the name of the model's architecture.
fn context_window(info: &Map<String, Value>) -> Option<u64> {
    let architecture = info.get("general.architecture").and_then(Value::as_str);
    let named = architecture.and_then(|name| info.get(&format!("{name}.context_length")));
    let any = || info.iter().find(|(name, _)| name.ends_with(".context_length")).map(|(_, value)| value);
    named.or_else(any)?.as_u64().filter(|tokens| *tokens > 0)
}

pub(super) fn running(body: &[u8]) -> Option<Vec<Running>> {
    let document: Value = serde_json::from_slice(body).ok()?;
    let models = document.get("models")?.as_array()?;
    let number = |model: &Value, name: &str| model.get(name).and_then(Value::as_u64);
    let read = |model: &Value| {
        Some(Running {
            model: model.get("model").or_else(|| model.get("name"))?.as_str()?.to_owned(),
            size_bytes: number(model, "size").unwrap_or(0),
            video_bytes: number(model, "size_vram").unwrap_or(0),
            context_length: number(model, "context_length"),
        })
    };
    Some(models.iter().filter_map(read).collect())
}
