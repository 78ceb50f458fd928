//! The OpenAPI document, made from the table of doors: a door that is there is
//! described, and nothing else is. What a door asks and can answer follows from
//! what it needs and takes; the rest it says itself.

pub mod answers;
mod components;
mod describe;
mod needs;
mod shape;
mod tags;
mod words;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use domain::access::Need;
use serde_json::{Map, Value, json};

use crate::router::{self, Door};
use answers::Refusals;

pub(crate) use describe::says;
pub use describe::{Described, gaps};
pub use tags::TAGS;

/// The whole document.
#[must_use]
pub fn document() -> Value {
    DOCUMENT.clone()
}

/// The document as it is served.
pub(crate) fn text() -> &'static str {
    &TEXT
}

static DOCUMENT: LazyLock<Value> = LazyLock::new(made);

static TEXT: LazyLock<String> = LazyLock::new(|| DOCUMENT.to_string());

/// The parts of the document that operations refer to.
#[derive(Default)]
struct Parts {
    schemas: BTreeMap<String, Value>,
    responses: BTreeMap<String, Value>,
}

fn made() -> Value {
    let mut parts = Parts::default();
    let mut paths: BTreeMap<String, Map<String, Value>> = BTreeMap::new();
    for door in router::doors() {
        if let Some(described) = &door.described {
            let operation = operation(&door, described, &mut parts);
            paths.entry(path_of(&door)).or_default().insert(door.method.as_str().to_ascii_lowercase(), operation);
        }
    }
    parts.schemas.extend(components::schemas());
    json!({
        "openapi": "3.1.0",
        "jsonSchemaDialect": "https://spec.openapis.org/oas/3.1/dialect/base",
        "info": {
            "title": "Ownkey",
            "version": env!("CARGO_PKG_VERSION"),
            "summary": "Whose key, whose money, proven.",
            "description": components::INTRODUCTION,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/", "description": "This server"}],
        "tags": TAGS.iter().map(|(name, words)| json!({"name": name, "description": words})).collect::<Vec<_>>(),
        "paths": paths,
        "components": {
            "schemas": parts.schemas,
            "responses": parts.responses,
            "parameters": components::parameters(),
            "headers": components::headers(),
            "securitySchemes": components::security_schemes(),
        },
    })
}

/// A door's path as the document writes it.
#[must_use]
pub fn path_of(door: &Door) -> String {
    door.path.replace("{*", "{")
}

fn operation(door: &Door, described: &Described, parts: &mut Parts) -> Value {
    let mut operation = Map::new();
    operation.insert("tags".into(), json!([described.tag]));
    operation.insert("summary".into(), described.summary.into());
    operation.insert("description".into(), description(door, described).into());
    operation.insert("operationId".into(), operation_id(door).into());
    operation.insert("security".into(), components::security_of(door.need));
    let mut parameters = path_parameters(door);
    parameters.extend(described.parameters.iter().map(shape::parameter));
    parameters.extend(described.header_names().iter().map(|name| components::reference("parameters", name)));
    operation.insert("parameters".into(), parameters.into());
    if let Some(body) = &described.body {
        let schema = shape::reference(&body.shape, &mut parts.schemas);
        let mut content = json!({"schema": schema});
        if let Some(example) = &body.example {
            content["example"] = example.clone();
        }
        let mut contents = json!({body.kind: content});
        if body.or_form {
            contents["multipart/form-data"] = json!({"schema": shape::reference(&body.shape, &mut parts.schemas)});
        }
        operation.insert("requestBody".into(), json!({"required": true, "content": contents}));
    }
    let mut responses = Map::new();
    for answer in &described.answers {
        responses.insert(answer.status.to_string(), answers::success(answer, described, &mut parts.schemas));
    }
    for (status, codes) in Refusals::of(door, described).by_status() {
        let (name, response) = answers::refusal(door, &status, &codes);
        parts.responses.insert(name.clone(), response);
        responses.entry(status).or_insert_with(|| components::reference("responses", &name));
    }
    operation.insert("responses".into(), responses.into());
    Value::Object(operation)
}

/// What the door does at length, and who may pass.
fn description(door: &Door, described: &Described) -> String {
    let mut words = vec![described.detail.unwrap_or(described.summary).to_owned()];
    if let Some(last) = words.last_mut().filter(|last| !last.ends_with('.')) {
        last.push('.');
    }
    words.push(needs::sentence(door.need).to_owned());
    words.join(" ")
}

fn operation_id(door: &Door) -> String {
    let words: Vec<String> = door
        .path
        .split(['/', '-', '.'])
        .map(|word| word.trim_matches(['{', '}', '*']).to_owned())
        .filter(|word| !word.is_empty())
        .collect();
    format!("{}_{}", door.method.as_str().to_ascii_lowercase(), words.join("_"))
}

/// The names in a path, with `{*` taken off.
pub(crate) fn names_in(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter_map(|part| Some(part.strip_prefix('{')?.strip_suffix('}')?.trim_start_matches('*')))
}

fn path_parameters(door: &Door) -> Vec<Value> {
    names_in(door.path)
        .map(|name| {
            let is_rest = door.path.ends_with(&format!("{{*{name}}}"));
            let schema = match name {
                _ if is_rest => json!({"type": "string", "minLength": 1, "maxLength": 300}),
                "provider" => shape::schema_of_words("@any-provider"),
                "organization" | "organization_id" => shape::schema_of_words("@slug"),
                "response_id" => json!({"type": "string", "pattern": "^[A-Za-z0-9_-]{1,200}$"}),
                _ => json!({"type": "string", "format": "uuid"}),
            };
            let words = match name {
                _ if is_rest => "A name; slashes in it may stand as they are.",
                "provider" => "A provider, in any spelling.",
                "organization" | "organization_id" => "An organization, by id or slug.",
                "response_id" => "The id of an answer, as its provider gave it.",
                _ => "An id.",
            };
            json!({"name": name, "in": "path", "required": true, "description": words, "schema": schema})
        })
        .collect()
}

/// Whether a door is one of the control API, which takes no unknown query
/// parameter.
#[must_use]
pub fn is_control(path: &str) -> bool {
    path.starts_with("/v2/") || path.starts_with("/api/")
}

/// Whether a door answers errors in a wire's words.
#[must_use]
pub fn is_wire(path: &str) -> bool {
    path.starts_with("/v1/") || path.starts_with("/v1beta/")
}

/// Whether anybody may pass a door.
const fn is_open(need: Need) -> bool {
    matches!(need, Need::Nothing)
}
