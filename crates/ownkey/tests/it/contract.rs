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
    for reference in references(&document) {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(document.pointer(pointer).is_some(), "{reference} leads nowhere");
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

/// A new door is complete before it is merged: with a summary, a schema for what
/// it gives, and an example of what it takes. Its refusals follow from its row;
/// what else it says is checked against the document in every test, see testkit.
#[test]
fn every_door_is_described_completely() {
    let doors = web::router::doors();
    let gaps: Vec<String> = doors.iter().flat_map(web::openapi::gaps).collect();
    assert!(gaps.is_empty(), "{}", gaps.join("\n"));
    let is_described = |path: &str| path.starts_with("/v") || path.starts_with("/api/") || path.starts_with("/health/");
    let silent = doors.iter().filter(|door| door.described.is_none() && is_described(door.path));
    let silent: Vec<_> = silent.map(|door| format!("{} {}", door.method, door.path)).collect();
    assert!(silent.is_empty(), "without a description: {silent:?}");
    let document = web::openapi::document();
    let strings = strings(&document);
    let unknown: Vec<_> = strings.iter().filter(|text| text.starts_with('@')).collect();
    assert!(unknown.is_empty(), "patterns that openapi/words.rs does not know: {unknown:?}");
}

fn strings(value: &Value) -> Vec<&str> {
    match value {
        Value::Object(members) => members.values().flat_map(strings).collect(),
        Value::Array(items) => items.iter().flat_map(strings).collect(),
        Value::String(text) => vec![text],
        _ => Vec::new(),
    }
}

#[test]
fn the_refusals_of_a_door_follow_from_what_it_needs_and_takes() {
    let document = web::openapi::document();
    let statuses = |path: &str, method: &str| -> Vec<String> {
        document["paths"][path][method]["responses"].as_object().unwrap().keys().cloned().collect()
    };
    let saving = statuses("/v2/credentials", "post").join(" ");
    assert_eq!(saving, "200 201 400 401 403 404 409 413 415 421 422 431 500 503 507");
    assert_eq!(statuses("/v2/users/me", "get").join(" "), "200 401 403 421 422 431 500 503");
    assert_eq!(statuses("/health/live", "get").join(" "), "200 431 500");
    let calling = statuses("/v1/chat/completions", "post").join(" ");
    assert_eq!(calling, "200 400 401 402 403 404 409 413 415 421 422 429 431 4XX 500 502 503 504 507 529");
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
