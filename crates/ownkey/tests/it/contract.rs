//! `contract/`: what the outside relies on. Each file is made again and
//! compared; `UPDATE_CONTRACT=1` writes it.

use std::collections::HashSet;
use std::fmt::Write;
use std::path::Path;

use serde_json::Value;
use web::problem::{self, Dialect};

/// Compares a contract file with what the code says, or writes it.
#[expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "the switch that writes the files is an environment variable"
)]
pub(crate) fn check(name: &str, made: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../contract").join(name);
    if std::env::var_os("UPDATE_CONTRACT").is_some() {
        std::fs::write(&path, made).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        kept == made,
        "contract/{name} differs from the code. If the change is meant, run the test with UPDATE_CONTRACT=1 and look at the diff."
    );
}

#[test]
fn the_openapi_document_is_the_one_kept() {
    check("openapi.json", &format!("{:#}\n", web::openapi::document()));
}

#[test]
fn the_table_of_errors_is_the_one_kept() {
    let mut table = String::from(
        "# Errors\n\nMade from the code: one row for each stable code. `detail` (or `message`) is always a plain sentence.\n\n\
         | code | status | title | OpenAI type | Anthropic type | Google status | retry? |\n|---|---|---|---|---|---|---|\n",
    );
    for &code in app::Code::ALL {
        let facts = problem::facts_of(code);
        writeln!(
            table,
            "| `{code}` | {} | {} | `{}` | `{}` | `{}` | {} |",
            statuses(code),
            facts.title,
            facts.openai,
            facts.anthropic,
            facts.google,
            if facts.retry { "yes" } else { "no" },
        )
        .unwrap();
    }
    check("errors.md", &table);
}

/// The status of a code, and the one the wires have for it where that differs.
fn statuses(code: app::Code) -> String {
    let own = problem::facts_of(code).status;
    let wire = problem::status_in(&app::Error::new(code, ""), Dialect::OpenAi);
    let anthropic = problem::status_in(&app::Error::new(code, ""), Dialect::Anthropic);
    if own != wire {
        format!("{} ({} on the wires)", own.as_str(), wire.as_str())
    } else if own != anthropic {
        format!("{} ({} in Anthropic's words)", own.as_str(), anthropic.as_str())
    } else {
        own.as_str().to_owned()
    }
}

#[test]
fn the_page_of_variables_is_the_one_kept() {
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_ownkey")).args(["config", "variables"]).output();
    check("env.md", &String::from_utf8(output.unwrap().stdout).unwrap());
}

#[test]
fn every_described_door_is_in_the_document_and_every_reference_resolves() {
    let document = web::openapi::document();
    let mut ids = HashSet::new();
    for door in web::router::doors().iter().filter(|door| door.described.is_some()) {
        let path = door.path.replace("{*", "{");
        let operation = &document["paths"][&path][door.method.as_str().to_lowercase()];
        let id = operation["operationId"].as_str().unwrap_or_else(|| panic!("{} {path} is missing", door.method));
        assert!(ids.insert(id.to_owned()), "two doors are called {id}");
    }
    let schemas = document["components"]["schemas"].as_object().unwrap();
    for reference in references(&document) {
        let name = reference.strip_prefix("#/components/schemas/").unwrap();
        assert!(schemas.contains_key(name), "{reference} leads nowhere");
    }
}

fn references(value: &Value) -> Vec<String> {
    match value {
        Value::Object(members) => members
            .iter()
            .flat_map(|(name, member)| match (name.as_str(), member) {
                ("$ref", Value::String(reference)) => vec![reference.clone()],
                _ => references(member),
            })
            .collect(),
        Value::Array(items) => items.iter().flat_map(references).collect(),
        _ => Vec::new(),
    }
}

#[test]
fn each_list_of_the_document_is_a_list_of_its_own_things() {
    let document = web::openapi::document();
    for (path, schema, item) in [
        ("/v2/credentials", "ListOfCredentialView", "CredentialView"),
        ("/v2/tokens", "ListOfTokenView", "TokenView"),
        ("/v2/llm-models", "ListOfModelView", "ModelView"),
        ("/v2/usage/events", "CursorPageOfEventView", "EventView"),
        ("/v2/audit-events", "CursorPageOfAuditView", "AuditView"),
    ] {
        let answer = &document["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]["schema"];
        assert_eq!(answer["$ref"], format!("#/components/schemas/{schema}"), "{path}");
        let items = &document["components"]["schemas"][schema]["properties"]["data"]["items"];
        assert_eq!(items["$ref"], format!("#/components/schemas/{item}"), "{path}");
    }
}

#[test]
fn the_document_describes_only_doors_that_are_there() {
    let document = web::openapi::document();
    let methods = |path: &Value| path.as_object().map_or(0, serde_json::Map::len);
    let operations: usize = document["paths"].as_object().unwrap().values().map(methods).sum();
    let described = web::router::doors().iter().filter(|door| door.described.is_some()).count();
    assert_eq!(operations, described);
}
