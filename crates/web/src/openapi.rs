//! The OpenAPI document, made from the table of doors: a door that is there is
//! described, and nothing else is.

use std::collections::BTreeMap;

use domain::access::Need;
use serde_json::{Map, Value, json};
use utoipa::openapi::RefOr;
use utoipa::openapi::path::{Parameter, ParameterIn};
use utoipa::openapi::schema::Schema;
use utoipa::{IntoParams, PartialSchema, ToSchema};

use crate::router::{self, Door};

/// What the document says of one door.
pub struct Described {
    tag: &'static str,
    summary: &'static str,
    parameters: Vec<Parameter>,
    body: Option<(&'static str, Shape)>,
    answers: Vec<Answer>,
}

/// One status, what it means, and the shape of its JSON body, if it has one.
struct Answer {
    status: u16,
    what: &'static str,
    shape: Option<Shape>,
}

/// A type's schema, and those it refers to.
struct Shape {
    name: String,
    schema: RefOr<Schema>,
    others: Vec<(String, RefOr<Schema>)>,
}

impl Shape {
    fn of<T: ToSchema + PartialSchema>() -> Self {
        let mut others = Vec::new();
        T::schemas(&mut others);
        Self { name: T::name().into_owned(), schema: T::schema(), others }
    }
}

/// Starts a description.
pub(crate) fn says(tag: &'static str, summary: &'static str) -> Described {
    Described { tag, summary, parameters: Vec::new(), body: None, answers: Vec::new() }
}

impl Described {
    /// The query parameters.
    pub(crate) fn query<T: IntoParams>(mut self) -> Self {
        self.parameters = T::into_params(|| Some(ParameterIn::Query));
        self
    }

    /// A JSON body.
    pub(crate) fn takes<T: ToSchema>(mut self) -> Self {
        self.body = Some(("application/json", Shape::of::<T>()));
        self
    }

    /// A form body.
    pub(crate) fn takes_form<T: ToSchema>(mut self) -> Self {
        self.body = Some(("application/x-www-form-urlencoded", Shape::of::<T>()));
        self
    }

    /// A JSON answer.
    pub(crate) fn gives<T: ToSchema>(mut self, status: u16, what: &'static str) -> Self {
        self.answers.push(Answer { status, what, shape: Some(Shape::of::<T>()) });
        self
    }

    /// A JSON answer that is a list `L` of `T`; a schema of its own, named after both.
    pub(crate) fn gives_list<L: ToSchema, T: ToSchema>(mut self, status: u16, what: &'static str) -> Self {
        let mut list = Shape::of::<L>();
        let item = Shape::of::<T>();
        list.name = format!("{}Of{}", list.name, item.name);
        list.others.push((item.name, item.schema));
        list.others.extend(item.others);
        self.answers.push(Answer { status, what, shape: Some(list) });
        self
    }

    /// An answer of another type, or without a body.
    pub(crate) fn gives_other(mut self, status: u16, what: &'static str) -> Self {
        self.answers.push(Answer { status, what, shape: None });
        self
    }
}

/// The whole document.
#[must_use]
pub fn document() -> Value {
    let mut schemas = BTreeMap::new();
    let mut paths: BTreeMap<String, Map<String, Value>> = BTreeMap::new();
    for door in router::doors() {
        if let Some(described) = &door.described {
            let operation = operation(&door, described, &mut schemas);
            let path = door.path.replace("{*", "{");
            paths.entry(path).or_default().insert(door.method.as_str().to_ascii_lowercase(), operation);
        }
    }
    schemas.insert("Problem".to_owned(), problem_schema());
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Ownkey",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Keeps people's own LLM provider keys, and calls the models those keys open.",
        },
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "A gateway token (owk_…) or an access token from /v2/login/access-token.",
                },
            },
        },
    })
}

fn operation(door: &Door, described: &Described, schemas: &mut BTreeMap<String, Value>) -> Value {
    let mut operation = Map::new();
    operation.insert("tags".into(), json!([described.tag]));
    operation.insert("summary".into(), described.summary.into());
    operation.insert("operationId".into(), operation_id(door).into());
    if door.need != Need::Nothing {
        operation.insert("security".into(), json!([{"token": []}]));
    }
    let mut parameters: Vec<Value> = path_parameters(door.path);
    parameters.extend(described.parameters.iter().map(as_json));
    if !parameters.is_empty() {
        operation.insert("parameters".into(), parameters.into());
    }
    if let Some((kind, shape)) = &described.body {
        let schema = reference(shape, schemas);
        operation.insert("requestBody".into(), json!({"required": true, "content": {*kind: {"schema": schema}}}));
    }
    let mut answers = Map::new();
    for Answer { status, what, shape } in &described.answers {
        let mut answer = json!({"description": what});
        if let Some(shape) = shape {
            answer["content"] = json!({"application/json": {"schema": reference(shape, schemas)}});
        }
        answers.insert(status.to_string(), answer);
    }
    let problem = json!({"schema": {"$ref": "#/components/schemas/Problem"}});
    answers.insert(
        "default".into(),
        json!({
            "description": "A problem, said in a sentence",
            "content": {"application/problem+json": problem, "application/json": {"schema": {"type": "object"}}},
        }),
    );
    operation.insert("responses".into(), answers.into());
    Value::Object(operation)
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

fn path_parameters(path: &str) -> Vec<Value> {
    path.split('/')
        .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
        .map(|name| {
            json!({"name": name.trim_start_matches('*'), "in": "path", "required": true, "schema": {"type": "string"}})
        })
        .collect()
}

/// A reference to a shape, which is put among the components.
fn reference(shape: &Shape, schemas: &mut BTreeMap<String, Value>) -> Value {
    schemas.insert(shape.name.clone(), as_json(&shape.schema));
    for (name, schema) in &shape.others {
        schemas.insert(name.clone(), as_json(schema));
    }
    json!({"$ref": format!("#/components/schemas/{}", shape.name)})
}

fn as_json(value: &impl serde::Serialize) -> Value {
    serde_json::to_value(value).unwrap_or(Value::Null)
}

fn problem_schema() -> Value {
    json!({
        "type": "object",
        "description": "RFC 9457 problem details; detail is always a plain sentence.",
        "required": ["type", "title", "status", "detail", "code", "request_id"],
        "properties": {
            "type": {"type": "string"},
            "title": {"type": "string"},
            "status": {"type": "integer"},
            "detail": {"type": "string"},
            "code": {"type": "string", "enum": app::Code::ALL.iter().map(|code| code.as_str()).collect::<Vec<_>>()},
            "request_id": {"type": "string"},
            "instance": {"type": "string"},
            "errors": {"type": "array", "items": {"type": "object"}},
        },
    })
}
