//! Every answer that a test sees is held against the OpenAPI document: a status
//! or a code that a door does not say it can answer with fails the test.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use http::{HeaderMap, Method, StatusCode, Uri};
use serde_json::Value;
use web::openapi::answers::Refusals;

/// One described door.
struct Known {
    method: Method,
    path: Vec<&'static str>,
    successes: Vec<u16>,
    refusals: Refusals,
    statuses: BTreeMap<String, Vec<app::Code>>,
}

static DOORS: LazyLock<Vec<Known>> = LazyLock::new(|| {
    let document = web::openapi::document();
    let doors = web::router::doors();
    let mut known: Vec<Known> = doors.iter().filter_map(|door| known(door, &document)).collect();
    // A door whose path has fewer names goes before one that matches by chance.
    known.sort_by_key(|door| door.path.iter().filter(|part| part.starts_with('{')).count());
    known
});

fn known(door: &web::router::Door, document: &Value) -> Option<Known> {
    let refusals = Refusals::of(door, door.described.as_ref()?);
    let path = web::openapi::path_of(door);
    let method = door.method.as_str().to_ascii_lowercase();
    let responses = document["paths"][&path][&method]["responses"].as_object()?;
    let is_own = |(_, response): &(&String, &Value)| response.get("$ref").is_none();
    let successes = responses.iter().filter(is_own).filter_map(|(status, _)| status.parse().ok()).collect();
    let path = door.path.split('/').skip(1).collect();
    Some(Known { method: door.method.clone(), path, successes, statuses: refusals.by_status(), refusals })
}

/// Panics when the door at this address does not say that it answers so.
pub(crate) fn check_status(method: &Method, address: &str, status: StatusCode) {
    let Some(door) = door_at(method, address) else { return };
    let said = status.as_u16();
    let is_refusal =
        |described: &String| described == status.as_str() || (described == "4XX" && status.is_client_error());
    assert!(
        door.successes.contains(&said) || door.statuses.keys().any(is_refusal),
        "{method} {address} answered {said}, which its description does not have: add the code to `refuses`"
    );
}

/// Panics when the door at this address does not say that it refuses with the
/// code of this body.
pub(crate) fn check_code(method: &Method, address: &str, headers: &HeaderMap, body: &[u8]) {
    let is_problem = headers.get("content-type").is_some_and(|kind| kind == "application/problem+json");
    let Some(door) = door_at(method, address).filter(|_| is_problem) else { return };
    let problem: Value = serde_json::from_slice(body).unwrap_or(Value::Null);
    let code = problem["code"].as_str().unwrap_or_default();
    assert!(
        door.refusals.contain(code),
        "{method} {address} refused with {code:?}, which its description does not have: add it to `refuses`"
    );
}

fn door_at(method: &Method, address: &str) -> Option<&'static Known> {
    let uri: Uri = address.parse().ok()?;
    let uri = web::paths::canonical(&uri).unwrap_or(uri);
    let parts: Vec<&str> = uri.path().split('/').skip(1).collect();
    DOORS.iter().find(|door| door.method == *method && matches(&door.path, &parts))
}

fn matches(pattern: &[&str], parts: &[&str]) -> bool {
    match (pattern, parts) {
        ([], []) => true,
        ([rest], [_, ..]) if rest.starts_with("{*") => true,
        ([first, pattern @ ..], [part, parts @ ..]) => {
            (first == part || (first.starts_with('{') && !part.is_empty())) && matches(pattern, parts)
        }
        _ => false,
    }
}
