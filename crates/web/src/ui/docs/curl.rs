//! An operation as a line for the terminal, with this server's own address.

use serde_json::Value;

use super::operation::Operation;
use super::schema;

/// The line, ready to paste.
pub(super) fn example(operation: &Operation<'_>, document: &Value, url: &str) -> String {
    let mut path = operation.path.to_owned();
    let mut query = Vec::new();
    for parameter in operation.parameters(document).filter(|parameter| parameter["required"] == true) {
        let name = parameter["name"].as_str().unwrap_or_default();
        if parameter["in"] == "path" {
            path = path.replace(&format!("{{{name}}}"), &format!("${}", name.to_uppercase()));
        } else if parameter["in"] == "query" {
            query.push(format!("{name}=${}", name.to_uppercase()));
        }
    }
    let query = if query.is_empty() { String::new() } else { format!("?{}", query.join("&")) };
    let method = if operation.method == "GET" { String::new() } else { format!("-X {} ", operation.method) };
    let mut lines = vec![format!("curl {method}\"{url}{path}{query}\"")];
    if operation.is_guarded() {
        lines.push("-H \"Authorization: Bearer $OWNKEY_TOKEN\"".to_owned());
    }
    for (kind, media) in operation.value["requestBody"]["content"].as_object().into_iter().flatten() {
        let example = schema::follow(document, &media["example"]);
        if kind == "application/json" {
            lines.push("-H \"Content-Type: application/json\"".to_owned());
            lines.push(format!("-d {}", quoted(&example.to_string())));
        } else {
            let fields = example.as_object().into_iter().flatten();
            lines.extend(fields.map(|(name, value)| {
                format!("--data-urlencode {}", quoted(&format!("{name}={}", value.as_str().unwrap_or_default())))
            }));
        }
    }
    lines.join(" \\\n  ")
}

/// A text as a shell takes it, unchanged.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}
