//! `contract/`: what the outside relies on. Each file is made again and
//! compared; `UPDATE_CONTRACT=1` writes it.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

use app::Code;
use app::error::Error;
use serde_json::Value;
use web::problem::{Dialect, facts_of, status_in};

/// Compares a contract file with what the code says, or writes it.
#[expect(clippy::disallowed_methods, reason = "the switch that writes the files is an environment variable")]
pub(crate) fn check(name: &str, made: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../contract").join(name);
    if std::env::var_os("UPDATE_CONTRACT").is_some() {
        std::fs::write(&path, made).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    let changed = kept.lines().zip(made.lines()).find(|(kept, made)| kept != made);
    assert!(
        kept == made,
        "contract/{name} differs from the code, first here: {changed:?}. If the change is meant, run the test with UPDATE_CONTRACT=1 and look at the diff."
    );
}

#[test]
fn the_openapi_document_is_the_contract() {
    let document = web::openapi::document();
    check("openapi.json", &format!("{document:#}\n"));
}

#[test]
fn the_environment_variables_are_the_contract() {
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_ownkey")).args(["config", "variables"]).output();
    check("env.md", &String::from_utf8(output.unwrap().stdout).unwrap());
}

#[test]
fn the_errors_are_the_contract() {
    let mut page = String::from(
        "# Errors\n\n\
         A stable code, what it is on each wire, and whether the same request may succeed later, unchanged.\n\
         On the OpenAI wire `invalid_gateway_token` has the code `invalid_api_key`.\n\
         `provider_rejected` has the provider's own status.\n\n\
         | code | status | OpenAI type | Anthropic type | Google status | retry? | title |\n|---|---|---|---|---|---|---|\n",
    );
    for &code in Code::ALL {
        let facts = facts_of(code);
        let (own, wire) = (facts.status, status_in(&Error::new(code, ""), Dialect::OpenAi));
        let status =
            if own == wire { own.as_str().to_owned() } else { format!("{} (wires: {})", own.as_str(), wire.as_str()) };
        let retry = if facts.retry { "yes" } else { "no" };
        let (openai, anthropic, google) = (facts.openai, facts.anthropic, facts.google);
        writeln!(page, "| `{code}` | {status} | `{openai}` | `{anthropic}` | `{google}` | {retry} | {} |", facts.title)
            .unwrap();
    }
    check("errors.md", &page);
}

#[test]
fn every_reference_of_the_document_leads_somewhere() {
    let document = web::openapi::document();
    let mut references = BTreeSet::new();
    collect_references(&document, &mut references);
    assert!(references.len() > 10, "{references:?}");
    for reference in references {
        let pointer = reference.strip_prefix('#').expect("references stay inside the document");
        assert!(document.pointer(pointer).is_some(), "{reference} leads nowhere");
    }
}

fn collect_references(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            found.extend(members.get("$ref").and_then(Value::as_str).map(str::to_owned));
            members.values().for_each(|value| collect_references(value, found));
        }
        Value::Array(values) => values.iter().for_each(|value| collect_references(value, found)),
        _ => {}
    }
}

#[test]
fn every_described_door_is_in_the_document_once_and_whole() {
    let document = web::openapi::document();
    assert_eq!(document["openapi"], "3.1.0");
    let mut ids = BTreeSet::new();
    let mut described = 0;
    for door in web::router::doors().iter().filter(|door| door.described.is_some()) {
        described += 1;
        let method = door.method.as_str().to_ascii_lowercase();
        let path = door.path.replace("{*", "{");
        let operation = &document["paths"][&path][&method];
        assert!(operation.is_object(), "{method} {path} is not described");
        let id = operation["operationId"].as_str().expect("an id").to_owned();
        assert!(ids.insert(id.clone()), "{id} is there twice");
        let summary = operation["summary"].as_str().unwrap_or("");
        assert!(!summary.is_empty(), "{method} {path} has no summary");
        let answers = operation["responses"].as_object().expect("answers");
        assert!(answers.keys().any(|status| status.starts_with('2')), "{method} {path} never succeeds");
        let in_path = operation["parameters"]
            .as_array()
            .map_or(0, |parameters| parameters.iter().filter(|parameter| parameter["in"] == "path").count());
        assert_eq!(in_path, path.matches('{').count(), "{method} {path}");
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            assert!(parameter["schema"].is_object(), "{method} {path}: {parameter}");
        }
    }
    let paths = document["paths"].as_object().expect("paths");
    let operations: usize = paths.values().map(|methods| methods.as_object().expect("methods").len()).sum();
    assert_eq!(operations, described, "the document describes what is not there");
}

#[tokio::test]
async fn the_server_gives_the_same_document() {
    let house = testkit::House::start().await;
    let served = house.nobody().get("/openapi.json").await.expect(200).json();
    assert_eq!(served, web::openapi::document());
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
