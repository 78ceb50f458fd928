//! What other providers answer to a key check or a model list, so that each of them can be pointed here.

use http::StatusCode;
use serde_json::{Value, json};

use crate::gate::Visitor;
use crate::models::{self, Maker};
use crate::play::Outgoing;
use crate::script::{KeyState, Models};
use crate::wire::House;

fn ok(value: &Value) -> Outgoing {
    Outgoing::json(StatusCode::OK, value.to_string())
}

/// `GET /key` of OpenRouter.
pub(crate) fn openrouter_key(visitor: &Visitor) -> Outgoing {
    let Visitor::Holder(state, shown) = visitor else {
        let body = json!({"error": {"code": 401, "message": "No auth credentials found"}});
        return Outgoing::json(StatusCode::UNAUTHORIZED, body.to_string());
    };
    if matches!(state, KeyState::Invalid401 | KeyState::Blocked) {
        let body = json!({"error": {"code": 401, "message": "User not found."}});
        return Outgoing::json(StatusCode::UNAUTHORIZED, body.to_string());
    }
    let (remaining, used) = if *state == KeyState::NoCredit429 { (0.0, 10.0) } else { (7.5, 2.5) };
    ok(&json!({"data": {
        "label": shown, "limit": 10, "limit_remaining": remaining, "limit_reset": "monthly", "include_byok_in_limit": false,
        "usage": used, "usage_daily": 0, "usage_weekly": 0, "usage_monthly": used,
        "byok_usage": 0, "byok_usage_daily": 0, "byok_usage_weekly": 0, "byok_usage_monthly": 0,
        "is_free_tier": false, "is_management_key": false, "is_provisioning_key": false, "expires_at": null,
        "creator_user_id": "user_2dFakeFakeFake",
        "rate_limit": {"requests": -1, "interval": "10s", "note": "deprecated"}
    }}))
}

/// `GET /api-key` of xAI, where a wrong key is 400.
pub(crate) fn xai_key(visitor: &Visitor) -> Outgoing {
    let (state, shown) = match visitor {
        Visitor::Nobody => (&KeyState::Invalid401, ""),
        Visitor::Holder(state, shown) => (state, shown.as_str()),
    };
    if *state == KeyState::Invalid401 {
        let sentence =
            format!("Incorrect API key provided: {shown}. You can obtain an API key from https://console.x.ai.");
        let body = json!({"code": "Client specified an invalid argument", "error": sentence});
        return Outgoing::json(StatusCode::BAD_REQUEST, body.to_string());
    }
    ok(&json!({
        "redacted_api_key": shown, "user_id": "59fbe5f2-040b-46d5-8325-868bb8f23eb2", "name": "Demo key",
        "create_time": "2026-06-01T05:30:04.116862Z", "modify_time": "2026-06-01T05:30:04.116862Z",
        "modified_by": "59fbe5f2-040b-46d5-8325-868bb8f23eb2", "team_id": "5ea6f6bd-7815-4b8a-9135-28b2d7ba6722",
        "acls": ["api-key:model:*", "api-key:endpoint:*"], "api_key_id": "ae1e1841-4326-4b36-a8a9-8a1a7237db11",
        "team_blocked": false, "api_key_blocked": *state == KeyState::Blocked, "api_key_disabled": false
    }))
}

/// `GET /language-models` of xAI.
pub(crate) fn xai_models() -> Outgoing {
    ok(&json!({"models": [{
        "id": "grok-4.7", "fingerprint": "fp_156d35dcaa", "created": 1_790_000_000, "object": "model",
        "owned_by": "xai", "version": "1.0", "input_modalities": ["text", "image"], "output_modalities": ["text"],
        "prompt_text_token_price": 20000, "cached_prompt_text_token_price": 5000,
        "prompt_image_token_price": 20000, "completion_text_token_price": 60000, "aliases": ["grok-4.7-latest"]
    }]}))
}

/// `GET /api/v0/models` of LM Studio.
pub(crate) fn lmstudio_models() -> Outgoing {
    ok(&json!({"object": "list", "data": [
        {"id": "openai/gpt-oss-20b", "object": "model", "type": "llm", "publisher": "openai", "arch": "gpt_oss",
            "compatibility_type": "gguf", "quantization": "MXFP4", "state": "loaded", "max_context_length": 131_072,
            "loaded_context_length": 8192, "capabilities": ["tool_use"]},
        {"id": "text-embedding-nomic-embed-text-v1.5", "object": "model", "type": "embeddings",
            "publisher": "nomic-ai", "arch": "nomic-bert", "compatibility_type": "gguf", "quantization": "Q4_0",
            "state": "not-loaded", "max_context_length": 2048}
    ]}))
}

/// `GET /models` as a house shows it; OpenAI's list where it adds nothing.
pub(crate) fn models(models: &Models, house: House, path: &str) -> Outgoing {
    let maker = if house == House::Ollama { Maker::Ollama } else { Maker::OpenAi };
    let ids = models::listed_at(models, house, maker);
    let list = |line: fn(&str) -> Value| {
        let data: Vec<Value> = ids.iter().map(|id| line(id)).collect();
        ok(&json!({"object": "list", "data": data}))
    };
    match house {
        House::Azure => list(azure_line),
        House::Mistral => list(mistral_line),
        House::OpenRouter => list(openrouter_line),
        House::Groq => list(groq_line),
        House::Fireworks => list(fireworks_line),
        House::HuggingFace => list(huggingface_line),
        House::Ollama => {
            list(|id| json!({"id": id, "object": "model", "created": 1_790_000_000, "owned_by": "library"}))
        }
        House::LmStudio if path.starts_with("/api/v1") => lmstudio_newest(&ids),
        House::LmStudio => list(|id| json!({"id": id, "object": "model", "owned_by": "organization_owner"})),
        _ => models::list(models),
    }
}

fn is_for_vectors(id: &str) -> bool {
    models::known(id).map_or_else(|| id.contains("embed"), models::Model::is_for_vectors)
}

fn azure_line(id: &str) -> Value {
    let chat = !is_for_vectors(id);
    json!({"id": id, "object": "model", "status": "succeeded", "created_at": 1_790_000_000, "updated_at": 1_790_000_000,
        "lifecycle_status": "generally-available", "deprecation": {"inference": 1_830_000_000},
        "capabilities": {"fine_tune": false, "inference": true, "completion": false, "chat_completion": chat,
            "embeddings": !chat}})
}

fn mistral_line(id: &str) -> Value {
    let chat = !is_for_vectors(id);
    json!({"id": id, "object": "model", "created": 1_790_000_000, "owned_by": "mistralai", "name": id,
        "description": "A model.", "max_context_length": 131_072, "aliases": [], "deprecation": null,
        "deprecation_replacement_model": null, "default_model_temperature": 0.3, "type": "base",
        "capabilities": {"completion_chat": chat, "function_calling": chat, "completion_fim": false,
            "fine_tuning": false, "vision": false, "reasoning": false, "classification": false}})
}

fn openrouter_line(id: &str) -> Value {
    json!({"id": id, "canonical_slug": id, "name": id, "created": 1_790_000_000, "description": "A model.",
        "context_length": 131_072,
        "architecture": {"modality": "text->text", "input_modalities": ["text"], "output_modalities": ["text"],
            "tokenizer": "Other", "instruct_type": null},
        "pricing": {"prompt": "0.0000005", "completion": "0.0000015", "request": "0", "image": "0"},
        "top_provider": {"context_length": 131_072, "max_completion_tokens": 16_384, "is_moderated": false},
        "per_request_limits": null, "supported_parameters": ["max_tokens", "tools", "temperature"],
        "expiration_date": null})
}

fn groq_line(id: &str) -> Value {
    json!({"id": id, "object": "model", "created": 1_790_000_000, "owned_by": "Demo", "active": true,
        "context_window": 131_072, "public_apps": null, "max_completion_tokens": 65_536})
}

fn fireworks_line(id: &str) -> Value {
    let chat = !is_for_vectors(id);
    json!({"id": id, "object": "model", "owned_by": "fireworks", "created": 1_790_000_000, "kind": "HF_BASE_MODEL",
        "supports_chat": chat, "supports_image_input": false, "supports_tools": chat, "context_length": 131_072})
}

fn huggingface_line(id: &str) -> Value {
    json!({"id": id, "object": "model", "created": 1_790_000_000, "owned_by": "demo",
        "architecture": {"input_modalities": ["text"], "output_modalities": ["text"]},
        "providers": [{"provider": "demo", "status": "live", "context_length": 131_072,
            "pricing": {"input": 0.5, "output": 1.5}, "supports_tools": true, "supports_structured_output": true}]})
}

/// `GET /api/v1/models` of LM Studio.
fn lmstudio_newest(ids: &[&str]) -> Outgoing {
    let line = |id: &&str| {
        let kind = if is_for_vectors(id) { "embedding" } else { "llm" };
        json!({"type": kind, "publisher": "demo", "key": id, "display_name": id, "architecture": "llama",
            "quantization": {"name": "Q4_K_M", "bits_per_weight": 4}, "size_bytes": 2_019_393_189_u64,
            "params_string": "3B", "loaded_instances": [{"id": id, "config": {"context_length": 8192}}],
            "max_context_length": 131_072, "format": "gguf",
            "capabilities": {"vision": false, "trained_for_tool_use": true}})
    };
    let models: Vec<Value> = ids.iter().map(line).collect();
    ok(&json!({"models": models}))
}

/// `GET /api/whoami-v2` of Hugging Face.
pub(crate) fn huggingface_whoami(visitor: &Visitor) -> Outgoing {
    let state = match visitor {
        Visitor::Nobody => &KeyState::Invalid401,
        Visitor::Holder(state, _) => state,
    };
    if matches!(state, KeyState::Invalid401 | KeyState::Blocked) {
        let body = json!({"error": "Invalid credentials in Authorization header"});
        return Outgoing::json(StatusCode::UNAUTHORIZED, body.to_string());
    }
    let permissions = if *state == KeyState::RestrictedNoList403 {
        json!(["repo.content.read"])
    } else {
        json!(["inference.serverless.write"])
    };
    ok(&json!({"type": "user", "id": "64fake", "name": "demo", "fullname": "Demo", "isPro": false,
        "canPay": *state != KeyState::NoCredit429, "orgs": [],
        "auth": {"type": "access_token", "accessToken": {"displayName": "demo", "role": "fineGrained",
            "createdAt": "2026-06-01T05:30:04.000Z",
            "fineGrained": {"canReadGatedRepos": false, "global": permissions,
                "scoped": [{"entity": {"_id": "64fake", "type": "user", "name": "demo"}, "permissions": permissions}]}}}}))
}
