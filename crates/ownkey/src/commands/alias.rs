//! `ownkey alias …`

use http::Method;
use serde_json::{Value, json};

use super::{encoded, output};
use crate::Failure;
use crate::cli::Alias;
use crate::transport::Transport;

pub(super) async fn run(transport: &Transport, command: Alias, as_json: bool) -> Result<(), Failure> {
    match command {
        Alias::List { suggested: true } => {
            let list = transport.call(Method::GET, "/v2/model-aliases/suggestions", None).await?;
            shown(&list, as_json, show_suggestions);
        }
        Alias::List { suggested: false } => shown(&all(transport).await?, as_json, show_list),
        Alias::Add { name, targets, weighted, scope } => {
            let targets = targets.iter().map(|target| read_target(target)).collect::<Result<Vec<_>, _>>()?;
            let mode = if weighted { "weighted" } else { "ordered" };
            let known = all(transport).await?;
            let alias = match find(&known, &name, Some(&scope)) {
                Some(known) => {
                    let body = json!({"mode": mode, "targets": targets});
                    transport.call(Method::PATCH, &path(known), Some(&body)).await?
                }
                None => {
                    let body = json!({"alias": name, "scope": scope, "mode": mode, "targets": targets});
                    transport.call(Method::POST, "/v2/model-aliases", Some(&body)).await?
                }
            };
            shown(&alias, as_json, show_one);
        }
        Alias::Delete { alias } => {
            let known = all(transport).await?;
            let known = find(&known, &alias, None)
                .ok_or_else(|| Failure::new(format!("There is no alias “{alias}” of yours. See: ownkey alias list")))?;
            transport.call(Method::DELETE, &path(known), None).await?;
            if as_json {
                output::json(&json!({"deleted": known["id"]}));
            } else {
                output::line("Deleted. Calls that name it find what else has the name, or nothing.");
            }
        }
    }
    Ok(())
}

async fn all(transport: &Transport) -> Result<Value, Failure> {
    transport.call(Method::GET, "/v2/model-aliases?limit=500", None).await
}

/// The alias of this name or id; the caller's own before everybody's.
fn find<'a>(list: &'a Value, name: &str, scope: Option<&str>) -> Option<&'a Value> {
    let is_meant = |alias: &&Value| {
        (alias["alias"] == name || alias["id"] == name) && scope.is_none_or(|scope| alias["scope"] == scope)
    };
    list["data"].as_array()?.iter().find(is_meant)
}

fn path(alias: &Value) -> String {
    format!("/v2/model-aliases/{}", encoded(&output::text(alias, "id")))
}

/// `provider/model`, or `provider/model=weight`.
fn read_target(text: &str) -> Result<Value, Failure> {
    let (target, weight) = match text.rsplit_once('=') {
        Some((target, weight)) => {
            let weight: u32 = weight.parse().map_err(|_| {
                Failure::new(format!("The weight of “{target}” is no number. Write it like openai/gpt-5-mini=3."))
            })?;
            (target, weight)
        }
        None => (text, 1),
    };
    let (provider, model) = target.split_once('/').ok_or_else(|| {
        Failure::new(format!("“{target}” does not say whose model it is. Write it like openai/gpt-5-mini."))
    })?;
    Ok(json!({"provider": provider, "model": model, "weight": weight}))
}

fn shown(value: &Value, as_json: bool, in_words: fn(&Value)) {
    if as_json { output::json(value) } else { in_words(value) }
}

fn show_list(list: &Value) {
    let rows = output::rows(list, |alias| {
        let is_active = if alias["is_active"] == true { "yes" } else { "no key" };
        vec![
            output::text(alias, "alias"),
            output::text(alias, "scope"),
            output::text(alias, "mode"),
            is_active.to_owned(),
            targets_of(alias),
        ]
    });
    if rows.is_empty() {
        return output::line("No alias yet. Make one: ownkey alias add fast openai/gpt-5-mini groq/openai/gpt-oss-20b");
    }
    output::table(&["ALIAS", "SCOPE", "MODE", "CALLABLE", "STANDS FOR"], &rows);
}

fn show_suggestions(list: &Value) {
    for alias in list["data"].as_array().into_iter().flatten() {
        output::line(&format!("ownkey alias add {} {}", output::text(alias, "alias"), targets_of(alias)));
    }
}

fn show_one(alias: &Value) {
    output::line(&format!("{} stands for {}", output::text(alias, "alias"), targets_of(alias)));
    let shadows: Vec<&str> = alias["shadows"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    if !shadows.is_empty() {
        output::line(&format!("The name no longer means {}.", shadows.join(", ")));
    }
}

/// `openai/gpt-5-mini=3`, the weights only where they count.
fn targets_of(alias: &Value) -> String {
    let is_weighted = alias["mode"] == "weighted";
    let written = |target: &Value| {
        let weight = if is_weighted { format!("={}", output::text(target, "weight")) } else { String::new() };
        format!("{}/{}{weight}", output::text(target, "provider"), output::text(target, "model"))
    };
    let targets: Vec<String> = alias["targets"].as_array().into_iter().flatten().map(written).collect();
    targets.join(" ")
}
