//! Personal keys, the short way: `/v2/users/me/api-key`.

use std::collections::BTreeMap;
use std::sync::Arc;

use app::{App, Code, short_keys};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, patch};
use domain::ProviderId;
use domain::access::Need;
use http::Method;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use crate::auth::Authenticated;
use crate::body::Json;
use crate::openapi::says;
use crate::rim::Failure;
use crate::router::{Door, door};

pub(crate) fn doors() -> Vec<Door> {
    let need = Need::ManageCredentials;
    vec![
        door(
            Method::GET,
            "/v2/users/me/api-key-status",
            need,
            get(get_status),
            says("keys, the short way", "Which providers you have keys for")
                .gives::<KeyStatus>(200, "One flag a provider"),
        ),
        door(
            Method::PATCH,
            "/v2/users/me/api-key",
            need,
            patch(patch_keys),
            says("keys, the short way", "Save, replace or remove your primary key of each provider named")
                .takes::<KeyFields>()
                .example(json!({"openai_api_key": "sk-proj-EXAMPLE0123456789abcdefghij", "groq_api_key": null}))
                .gives::<KeysSaved>(200, "Saved")
                .refuses(&[Code::KeyRequiredForNewOrigin, Code::EndpointNotAllowed, Code::DuplicateSecret]),
        ),
        door(
            Method::DELETE,
            "/v2/users/me/api-key",
            need,
            delete(delete_keys),
            says("keys, the short way", "Remove all your personal keys").gives::<KeysRemoved>(200, "Removed"),
        ),
    ]
}

/// `has_<provider>_key` for each provider, and the keys without their secrets.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only its schema is used")]
struct KeyStatus {
    has_openai_key: bool,
    has_anthropic_key: bool,
    has_google_key: bool,
    has_xai_key: bool,
    has_azure_key: bool,
    has_huggingface_key: bool,
    has_openrouter_key: bool,
    has_groq_key: bool,
    has_mistral_key: bool,
    has_fireworks_key: bool,
    has_ollama_key: bool,
    has_lmstudio_key: bool,
    has_custom_key: bool,
    keys: Vec<KeyLineView>,
}

/// One personal key.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only its schema is used")]
struct KeyLineView {
    #[schema(pattern = "@provider")]
    provider: String,
    /// `sk-ant-…b123`.
    masked: String,
    #[schema(pattern = "@key-status")]
    status: String,
    checked_at: Option<String>,
}

/// What the scripts of users look for.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only its schema is used")]
struct KeysSaved {
    message: String,
}

/// What the scripts of users look for, and how many keys went.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only its schema is used")]
struct KeysRemoved {
    message: String,
    removed: u64,
}

/// One field for each provider: `openai_api_key`, `groq_api_key` …; an empty
/// text or `null` removes the key.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "only its schema is used")]
struct KeyFields {
    #[schema(max_length = 500)]
    openai_api_key: Option<String>,
    #[schema(max_length = 500)]
    anthropic_api_key: Option<String>,
    #[schema(max_length = 500)]
    google_api_key: Option<String>,
    #[schema(max_length = 500)]
    xai_api_key: Option<String>,
    #[schema(max_length = 500)]
    openrouter_api_key: Option<String>,
    #[schema(max_length = 500)]
    groq_api_key: Option<String>,
    #[schema(max_length = 500)]
    mistral_api_key: Option<String>,
    #[schema(max_length = 500)]
    fireworks_api_key: Option<String>,
    #[schema(max_length = 500)]
    huggingface_api_key: Option<String>,
    #[schema(max_length = 500)]
    azure_api_key: Option<String>,
    azure_endpoint: Option<String>,
}

async fn get_status(State(app): State<Arc<App>>, Authenticated(caller): Authenticated) -> Result<Response, Failure> {
    let keys = short_keys::status(&app, &caller).await?;
    let mut answer = Map::new();
    for provider in ProviderId::all() {
        let has_key = keys.iter().any(|key| key.provider == provider);
        answer.insert(format!("has_{provider}_key"), has_key.into());
    }
    let lines: Vec<Value> = keys
        .iter()
        .map(|key| {
            json!({
                "provider": key.provider,
                "masked": key.masked,
                "status": key.status,
                "checked_at": key.checked_at,
            })
        })
        .collect();
    answer.insert("keys".into(), lines.into());
    Ok(axum::Json(answer).into_response())
}

async fn patch_keys(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
    Json(fields): Json<BTreeMap<String, Option<String>>>,
) -> Result<Response, Failure> {
    short_keys::patch(&app, &caller, fields).await?;
    Ok(axum::Json(json!({"message": "API keys updated successfully"})).into_response())
}

async fn delete_keys(State(app): State<Arc<App>>, Authenticated(caller): Authenticated) -> Result<Response, Failure> {
    let removed = short_keys::remove_all(&app, &caller).await?;
    Ok(axum::Json(json!({"message": "API keys removed successfully", "removed": removed})).into_response())
}
