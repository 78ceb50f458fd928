//! What other providers answer to a key check or a model list, so that each of them can be pointed here.

use bytes::Bytes;
use http::StatusCode;
use serde_json::json;

use crate::gate::Visitor;
use crate::play::Outgoing;
use crate::script::KeyState;

fn ok(value: &serde_json::Value) -> Outgoing {
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

/// `GET /api/version` of Ollama.
pub(crate) fn ollama_version() -> Outgoing {
    Outgoing::json(StatusCode::OK, Bytes::from_static(br#"{"version":"0.24.1"}"#))
}

/// `GET /api/tags` of Ollama.
pub(crate) fn ollama_tags() -> Outgoing {
    ok(&json!({"models": [{
        "name": "llama3.2:latest", "model": "llama3.2:latest", "modified_at": "2026-11-01T10:00:00.5+01:00",
        "size": 2_019_393_189_u64, "digest": "a80c4f17acd55265feec403c7aef86be0c25983ab279d83f3bcd3abbcb5b8b72",
        "details": {"parent_model": "", "format": "gguf", "family": "llama", "families": ["llama"],
            "parameter_size": "3.2B", "quantization_level": "Q4_K_M"}
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
