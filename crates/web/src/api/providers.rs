//! `/v2/providers`: what is known of each provider before any key is there.

use std::sync::Arc;

use app::{App, models};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use domain::access::Need;
use domain::credential_kind::Field;
use domain::provider::{PROVIDERS, Provider, ProviderId, ProviderKind};
use http::Method;
use llm::presets::{self, Preset};
use serde::Serialize;
use utoipa::ToSchema;

use super::paging::List;
use crate::openapi::says;
use crate::rim::Failure;
use crate::router::{Door, door};

pub(crate) fn doors() -> Vec<Door> {
    vec![door(
        Method::GET,
        "/v2/providers",
        Need::CallModels,
        get(list_providers),
        says("provider keys", "The providers: key formats, where to get a key, default endpoints")
            .gives_list::<List<ProviderView>, ProviderView>(200, "The registry"),
    )]
}

/// One field of a credential.
#[derive(Serialize, ToSchema)]
struct FieldView {
    /// Its name in `POST /v2/credentials`; `settings.x` is a member of `settings`.
    name: &'static str,
    /// What people call it.
    label: &'static str,
    /// Whether it must be given.
    required: bool,
    /// Whether it is never shown again.
    secret: bool,
    /// What one looks like.
    example: &'static str,
}

impl From<Field> for FieldView {
    fn from(field: Field) -> Self {
        let Field { name, label, required, secret, example } = field;
        Self { name, label, required, secret, example }
    }
}

#[derive(Serialize, ToSchema)]
struct ProviderView {
    #[schema(pattern = "@provider")]
    id: &'static str,
    /// What people call it.
    display_name: &'static str,
    description: &'static str,
    /// A service, or a server on this network.
    #[schema(pattern = "^(external|local)$")]
    kind: &'static str,
    /// What opens it.
    #[schema(pattern = "@credential-kind")]
    credential_kind: &'static str,
    /// What to ask for, in the order in which people have it at hand.
    fields: Vec<FieldView>,
    needs_key: bool,
    /// How its keys begin; hints, never rules.
    key_prefixes: &'static [&'static str],
    /// A made-up key.
    key_example: &'static str,
    /// Where a person gets a key.
    get_key_url: Option<&'static str>,
    docs_url: Option<&'static str>,
    /// Where calls go unless a key says otherwise.
    default_endpoint: Option<String>,
    /// The environment variables that are read.
    env: Vec<&'static str>,
    /// A model to start with.
    recommended_model: Option<&'static str>,
    /// Endpoints that people have, to fill into the form; only of `custom`.
    presets: Vec<PresetView>,
}

/// An endpoint that people have. A suggestion: everything can be changed.
#[derive(Serialize, ToSchema)]
struct PresetView {
    /// Its id, which is also a good slug.
    id: &'static str,
    /// The name people know.
    display_name: &'static str,
    /// Where it listens.
    api_base: &'static str,
    needs_key: bool,
    /// Whether it runs on somebody's own machine, where the operator has to allow it.
    is_local: bool,
    /// Where a person gets a key.
    get_key_url: Option<&'static str>,
    /// The environment variable its own tools read the key from.
    env: Option<&'static str>,
    /// What is different with it.
    note: Option<&'static str>,
}

impl From<&'static Preset> for PresetView {
    fn from(preset: &'static Preset) -> Self {
        Self {
            id: &preset.id,
            display_name: &preset.display_name,
            api_base: &preset.base_url,
            needs_key: preset.needs_key,
            is_local: preset.is_local,
            get_key_url: preset.key_url.as_deref(),
            env: preset.key_variable.as_deref(),
            note: preset.note.as_deref(),
        }
    }
}

async fn list_providers(State(app): State<Arc<App>>) -> Result<Response, Failure> {
    let data: Vec<ProviderView> = PROVIDERS.iter().map(|provider| view(&app, provider)).collect();
    let count = data.len() as i64;
    Ok(axum::Json(List { data, count }).into_response())
}

fn view(app: &App, provider: &'static Provider) -> ProviderView {
    let link = |url: &'static str| (!url.is_empty()).then_some(url);
    ProviderView {
        id: provider.name,
        display_name: provider.display_name,
        description: provider.description,
        kind: match provider.kind {
            ProviderKind::External => "external",
            ProviderKind::Local => "local",
        },
        credential_kind: provider.id.credential_kind().as_str(),
        fields: provider.id.credential_fields().into_iter().map(FieldView::from).collect(),
        needs_key: provider.needs_key,
        key_prefixes: provider.key_prefixes,
        key_example: provider.key_example,
        get_key_url: link(provider.key_url),
        docs_url: link(provider.docs_url),
        default_endpoint: app.settings.default_base(provider.id).map(str::to_owned),
        env: provider.key_variables.iter().chain(provider.base_variables).copied().collect(),
        recommended_model: models::recommended(app, provider.id),
        presets: match provider.id {
            ProviderId::Custom => presets::builtin().iter().map(PresetView::from).collect(),
            _ => Vec::new(),
        },
    }
}
