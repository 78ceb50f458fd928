//! What each provider adds to an entry of its list.

use domain::model::{Capabilities, ListedModel, ModelKind};
use domain::money::Rates;
use domain::provider::ProviderKind;
use domain::{Nanos, Price, ProviderId, Timestamp};
use serde_json::{Map, Value};

type Entry = Map<String, Value>;

/// The longest name that is shown, in characters.
const MAX_NAME_LENGTH: usize = 200;

/// One entry as a model; `None` without an id.
pub(super) fn model(provider: ProviderId, entry: &Entry) -> Option<ListedModel> {
    // LM Studio's newest list calls the id `key`, Ollama's own calls it `name`.
    let id = text(entry, "id").or_else(|| text(entry, "key")).or_else(|| text(entry, "name"))?;
    // Google's ids stand in a folder.
    let id = if provider == ProviderId::Google { id.strip_prefix("models/").unwrap_or(id) } else { id };
    let mut model = ListedModel {
        id: id.to_owned(),
        display_name: display_name(entry, id),
        kind: kind_by_id(id),
        context_window: ["context_window", "context_length", "max_context_length", "max_model_len"]
            .iter()
            .find_map(|field| count(entry, field)),
        max_output_tokens: count(entry, "max_completion_tokens"),
        created: entry.get("created").and_then(Value::as_i64).filter(|at| *at > 0),
        ..ListedModel::default()
    };
    match provider {
        ProviderId::Mistral => mistral(&mut model, entry),
        ProviderId::OpenRouter => openrouter(&mut model, entry),
        ProviderId::Fireworks => fireworks(&mut model, entry),
        ProviderId::XAi => xai(&mut model, entry),
        // What cannot be called any more is no model of a live list.
        ProviderId::Anthropic if text(entry, "lifecycle") == Some("retired") => return None,
        ProviderId::Anthropic => anthropic(&mut model, entry),
        ProviderId::Google => google(&mut model, entry),
        ProviderId::HuggingFace => huggingface(&mut model, entry),
        ProviderId::LmStudio => lmstudio(&mut model, entry),
        _ => {}
    }
    if provider.facts().kind == ProviderKind::Local {
        model.price = Some(Price::FREE);
    }
    Some(model)
}

fn text<'a>(entry: &'a Entry, field: &str) -> Option<&'a str> {
    entry.get(field).and_then(Value::as_str)
}

fn count(entry: &Entry, field: &str) -> Option<u64> {
    entry.get(field).and_then(Value::as_u64).filter(|count| *count > 0)
}

fn flag(entry: &Entry, field: &str) -> Option<bool> {
    entry.get(field).and_then(Value::as_bool)
}

/// Whether the list under `field` names `wanted`.
fn lists(entry: &Entry, field: &str, wanted: &str) -> bool {
    entry.get(field).and_then(Value::as_array).is_some_and(|list| list.iter().any(|item| item == wanted))
}

fn display_name(entry: &Entry, id: &str) -> Option<String> {
    let name = text(entry, "display_name").or_else(|| text(entry, "name"))?.trim();
    let is_shown = !name.is_empty() && name != id && !name.chars().any(char::is_control);
    is_shown.then(|| name.chars().take(MAX_NAME_LENGTH).collect())
}

/// Lists without kinds still name what is no chat model.
fn kind_by_id(id: &str) -> Option<ModelKind> {
    const OTHERS: [&str; 14] = [
        "whisper",
        "tts",
        "dall-e",
        "gpt-image",
        "sora",
        "moderation",
        "realtime",
        "transcribe",
        "-audio",
        "flux-",
        "stable-diffusion",
        "rerank",
        "-ocr",
        "davinci-002",
    ];
    let id = id.to_ascii_lowercase();
    if id.contains("embed") {
        return Some(ModelKind::Embedding);
    }
    OTHERS.iter().any(|word| id.contains(word)).then_some(ModelKind::Other)
}

fn mistral(model: &mut ListedModel, entry: &Entry) {
    let Some(abilities) = entry.get("capabilities").and_then(Value::as_object) else { return };
    let has = |name| flag(abilities, name).unwrap_or(false);
    if has("completion_chat") {
        model.kind = Some(ModelKind::Chat);
    } else if model.kind.is_none() {
        model.kind = Some(ModelKind::Other);
    }
    let tools = has("function_calling");
    model.capabilities =
        Some(Capabilities { tools, vision: has("vision"), json_schema: tools, reasoning: has("reasoning") });
}

fn openrouter(model: &mut ListedModel, entry: &Entry) {
    let nothing = Entry::new();
    let part = |field| entry.get(field).and_then(Value::as_object).unwrap_or(&nothing);
    let (architecture, top, pricing) = (part("architecture"), part("top_provider"), part("pricing"));
    if architecture.contains_key("output_modalities") {
        let is_chat = lists(architecture, "output_modalities", "text");
        model.kind = Some(if is_chat { ModelKind::Chat } else { model.kind.unwrap_or(ModelKind::Other) });
    }
    model.max_output_tokens = count(top, "max_completion_tokens").or(model.max_output_tokens);
    if entry.contains_key("supported_parameters") {
        let takes = |parameter| lists(entry, "supported_parameters", parameter);
        model.capabilities = Some(Capabilities {
            tools: takes("tools"),
            vision: lists(architecture, "input_modalities", "image"),
            json_schema: takes("structured_outputs"),
            reasoning: takes("reasoning"),
        });
    }
    let rate = |field| text(pricing, field).and_then(per_million);
    if let (Some(input_nanos), Some(output_nanos)) = (rate("prompt"), rate("completion")) {
        let rates = Rates {
            input_nanos,
            output_nanos,
            cached_input_nanos: rate("input_cache_read"),
            cache_write_nanos: rate("input_cache_write"),
            cache_write_hour_nanos: None,
        };
        model.price = Some(Price { rates, long_context: None });
    }
}

/// Dollars a token, as text, in nano-dollars per million tokens. `None` for
/// `-1`, which means that the price varies.
fn per_million(usd_per_token: &str) -> Option<i64> {
    let (digits, exponent) = match usd_per_token.split_once(['e', 'E']) {
        Some((digits, exponent)) => (digits, exponent.parse::<i32>().ok()?),
        None => (usd_per_token, 0),
    };
    // Beyond this no price is sane, and the arithmetic would overflow.
    let exponent = (-40..=40).contains(&exponent).then(|| exponent + 6)?;
    let Nanos(nanos) = Nanos::parse_usd(&format!("{digits}e{exponent}"))?;
    (nanos >= 0).then_some(nanos)
}

fn fireworks(model: &mut ListedModel, entry: &Entry) {
    match flag(entry, "supports_chat") {
        Some(true) => model.kind = Some(ModelKind::Chat),
        Some(false) if model.kind.is_none() => model.kind = Some(ModelKind::Other),
        _ => {}
    }
    if let Some(tools) = flag(entry, "supports_tools") {
        let vision = flag(entry, "supports_image_input").unwrap_or(false);
        // Structured output is a property of their server, not of the model.
        model.capabilities = Some(Capabilities { tools, vision, json_schema: true, reasoning: false });
    }
}

fn xai(model: &mut ListedModel, entry: &Entry) {
    if entry.contains_key("output_modalities") && lists(entry, "output_modalities", "text") {
        model.kind = Some(ModelKind::Chat);
    }
    // Units of 1e-10 dollars a token: 100,000 nano-dollars per million.
    let rate = |field| entry.get(field).and_then(Value::as_i64).filter(|n| *n >= 0)?.checked_mul(100_000);
    if let (Some(input_nanos), Some(output_nanos)) =
        (rate("prompt_text_token_price"), rate("completion_text_token_price"))
    {
        let cached_input_nanos = rate("cached_prompt_text_token_price");
        let rates =
            Rates { input_nanos, output_nanos, cached_input_nanos, cache_write_nanos: None, ..Rates::default() };
        model.price = Some(Price { rates, long_context: None });
    }
}

fn anthropic(model: &mut ListedModel, entry: &Entry) {
    model.kind = Some(ModelKind::Chat);
    model.context_window = count(entry, "max_input_tokens");
    model.max_output_tokens = count(entry, "max_tokens");
    model.created =
        text(entry, "created_at").and_then(Timestamp::parse).map(Timestamp::as_seconds).filter(|at| *at > 0);
    // New in 2026, and left out by older servers.
    let Some(abilities) = entry.get("capabilities").filter(|abilities| abilities.is_object()) else { return };
    let has = |name: &str| abilities.pointer(&format!("/{name}/supported")).and_then(Value::as_bool).unwrap_or(false);
    model.capabilities = Some(Capabilities {
        tools: true,
        vision: has("image_input"),
        json_schema: has("structured_outputs"),
        reasoning: has("thinking"),
    });
}

fn google(model: &mut ListedModel, entry: &Entry) {
    let does = |method| lists(entry, "supportedGenerationMethods", method);
    if does("embedContent") {
        model.kind = Some(ModelKind::Embedding);
    } else if !does("generateContent") {
        model.kind = Some(ModelKind::Other);
    } else if model.kind.is_none() {
        model.kind = Some(ModelKind::Chat);
    }
    let name = text(entry, "displayName").filter(|name| !name.chars().any(char::is_control));
    model.display_name = name.map(|name| name.chars().take(MAX_NAME_LENGTH).collect());
    model.context_window = count(entry, "inputTokenLimit");
    model.max_output_tokens = count(entry, "outputTokenLimit");
    if model.kind == Some(ModelKind::Chat) && model.id.starts_with("gemini-") {
        let reasoning = flag(entry, "thinking").unwrap_or(false);
        model.capabilities = Some(Capabilities { tools: true, vision: true, json_schema: true, reasoning });
    }
}

/// A model is served by several; the first one that lives is taken for all, as
/// the router does when nobody is chosen.
fn huggingface(model: &mut ListedModel, entry: &Entry) {
    let nothing = Entry::new();
    let architecture = entry.get("architecture").and_then(Value::as_object).unwrap_or(&nothing);
    if lists(architecture, "output_modalities", "text") {
        model.kind = Some(ModelKind::Chat);
    }
    let servers = entry.get("providers").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_object);
    let Some(server) = servers.clone().find(|server| text(server, "status") == Some("live")) else { return };
    model.context_window = count(server, "context_length").or(model.context_window);
    let does = |name| flag(server, name).unwrap_or(false);
    model.capabilities = Some(Capabilities {
        tools: does("supports_tools"),
        vision: lists(architecture, "input_modalities", "image"),
        json_schema: does("supports_structured_output"),
        reasoning: false,
    });
    // Dollars per million tokens.
    let rate = |field: &str| {
        let figure = server.get("pricing")?.get(field).filter(|figure| figure.is_number())?;
        let Nanos(nanos) = Nanos::parse_usd(&figure.to_string())?;
        (nanos >= 0).then_some(nanos)
    };
    if let (Some(input_nanos), Some(output_nanos)) = (rate("input"), rate("output")) {
        let rates =
            Rates { input_nanos, output_nanos, cached_input_nanos: None, cache_write_nanos: None, ..Rates::default() };
        model.price = Some(Price { rates, long_context: None });
    }
}

fn lmstudio(model: &mut ListedModel, entry: &Entry) {
    let Some(kind) = text(entry, "type") else { return };
    model.kind = Some(match kind {
        "llm" | "vlm" => ModelKind::Chat,
        "embedding" | "embeddings" => ModelKind::Embedding,
        _ => ModelKind::Other,
    });
    // What is loaded limits the prompt, not what could be.
    let loaded = entry.get("loaded_instances").and_then(Value::as_array).and_then(|instances| instances.first());
    let loaded = loaded.and_then(|instance| instance.pointer("/config/context_length")).and_then(Value::as_u64);
    model.context_window = count(entry, "loaded_context_length").or(loaded).or(model.context_window);
    if model.kind == Some(ModelKind::Chat) {
        let abilities = entry.get("capabilities").and_then(Value::as_object);
        let has = |name| abilities.and_then(|abilities| flag(abilities, name)).unwrap_or(false);
        model.capabilities = Some(Capabilities {
            tools: lists(entry, "capabilities", "tool_use") || has("trained_for_tool_use"),
            vision: kind == "vlm" || has("vision"),
            json_schema: true,
            reasoning: abilities.is_some_and(|abilities| abilities.get("reasoning").is_some_and(Value::is_object)),
        });
    }
}
