//! `ownkey credential …`

use std::io::{IsTerminal, Read};

use http::Method;
use serde_json::{Value, json};

use super::{encoded, output};
use crate::Failure;
use crate::cli::{Credential, CredentialAdd, KeySource};
use crate::config::environment::Environment;
use crate::transport::Transport;

pub(super) async fn run(
    transport: &Transport,
    command: Credential,
    environment: &Environment,
    as_json: bool,
) -> Result<(), Failure> {
    let post = Method::POST;
    match command {
        Credential::Add(add) => {
            let mut body = new_credential(&add, environment)?;
            if let Some(named) = &add.organization {
                let path = format!("/v2/organizations/{}", encoded(named));
                let found = transport.call(Method::GET, &path, None).await?;
                body["organization_id"] = found["id"].clone();
            }
            let saved = transport.call(post, "/v2/credentials?check=sync", Some(&body)).await?;
            show(&saved, as_json);
        }
        Credential::List { provider } => {
            let filter = provider.map(|provider| format!("&provider={}", encoded(&provider))).unwrap_or_default();
            let list = transport.call(Method::GET, &format!("/v2/credentials?limit=500{filter}"), None).await?;
            show_list(&list, as_json);
        }
        Credential::Check { id } => {
            show(&transport.call(post, &format!("{}/check", door(&id)), None).await?, as_json);
        }
        Credential::Activate { id } => {
            show(&transport.call(post, &format!("{}/activate", door(&id)), None).await?, as_json);
        }
        Credential::Deactivate { id } => {
            show(&transport.call(post, &format!("{}/deactivate", door(&id)), None).await?, as_json);
        }
        Credential::MakePrimary { id } => {
            show(&transport.call(post, &format!("{}/make-primary", door(&id)), None).await?, as_json);
        }
        Credential::MoveOrigin(command) => super::move_origin::run(transport, command, as_json).await?,
        Credential::Spread { provider, spread: Some(spread), scope } => {
            let body = json!({"scope": scope, "spread": spread});
            let door = format!("/v2/spreads/{}", encoded(&provider));
            show_spread(&transport.call(Method::PUT, &door, Some(&body)).await?, as_json);
        }
        Credential::Spread { provider, spread: None, scope } => {
            let list = transport.call(Method::GET, "/v2/spreads", None).await?;
            show_spread(&settled(&list, &provider, &scope)?, as_json);
        }
        Credential::Rotate(rotate) => {
            let key = read_key(&rotate.key, "New key: ", environment)?;
            let body = json!({"api_key": key.unwrap_or_default(), "grace_seconds": rotate.grace});
            let path = format!("{}/rotate?force={}", door(&rotate.id), rotate.force);
            let rotated = transport.call(post, &path, Some(&body)).await?;
            show(&rotated, as_json);
            if let Some(former) = rotated.get("former").filter(|former| former.is_object() && !as_json) {
                let end = output::text(former, "expires_at");
                output::line(&format!("The key before steps in until {end}: {}", output::text(former, "id")));
            }
        }
        Credential::Delete { id, confirm } => delete(transport, &id, confirm, as_json).await?,
    }
    Ok(())
}

fn door(id: &str) -> String {
    format!("/v2/credentials/{}", encoded(id))
}

/// Says what uses the key, and asks when somebody is there to answer.
async fn delete(transport: &Transport, id: &str, confirm: bool, as_json: bool) -> Result<(), Failure> {
    let mut confirm = confirm;
    if !confirm && !as_json && std::io::stdin().is_terminal() {
        let impact = transport.call(Method::GET, &format!("{}/impact", door(id)), None).await?;
        show_impact(&impact);
        output::line("Destroy this key's secret? Type yes to do it:");
        let mut answer = String::new();
        std::io::stdin()
            .read_line(&mut answer)
            .map_err(|error| Failure::new(format!("The answer cannot be read: {error}.")))?;
        if answer.trim() != "yes" {
            return Err(Failure::new("Nothing was deleted."));
        }
        confirm = true;
    }
    transport.call(Method::DELETE, &format!("{}?confirm={confirm}", door(id)), None).await?;
    if as_json {
        output::json(&json!({"deleted": id}));
    } else {
        output::line("Deleted. Its secret is destroyed; its usage stays.");
    }
    Ok(())
}

fn show_impact(impact: &Value) {
    let text = |member| output::text(impact, member);
    output::line(&format!(
        "{} calls in 24 hours, {} in 30 days ({} USD), the last one: {}",
        text("calls_24h"),
        text("calls_30d"),
        text("cost_30d"),
        text("last_used_at")
    ));
    for used in impact.get("tokens").and_then(Value::as_array).into_iter().flatten() {
        output::line(&format!("  token {}: {} calls", output::text(used, "name"), output::text(used, "calls_30d")));
    }
    if impact.get("is_selected_in_chat") == Some(&Value::Bool(true)) {
        output::line("It is the key you chat with: you will have to choose another.");
    }
}

fn new_credential(add: &CredentialAdd, environment: &Environment) -> Result<Value, Failure> {
    let provider: Option<domain::ProviderId> = add.provider.parse().ok();
    let may_lack_key = provider.is_some_and(|provider| !provider.facts().needs_key);
    let key = match &add.secret_ref {
        Some(_) => None,
        None => {
            let hint = if may_lack_key { " (empty: none)" } else { "" };
            read_key(&add.key, &format!("{} key{hint}: ", add.provider), environment)?
        }
    };
    let mut settings = serde_json::Map::new();
    if !add.deployments.is_empty() {
        settings.insert("deployments".to_owned(), json!(add.deployments));
    }
    if let Some(version) = &add.api_version {
        settings.insert("api_version".to_owned(), json!(version));
    }
    Ok(json!({
        "provider": add.provider,
        "scope": add.scope,
        "name": add.name,
        "api_base": add.api_base,
        "api_key": key,
        "secret_ref": add.secret_ref,
        "settings": settings,
    }))
}

/// What a list of spreads says of one provider and scope.
fn settled(list: &Value, provider: &str, scope: &str) -> Result<Value, Failure> {
    let provider: domain::ProviderId =
        provider.parse().map_err(|problem| Failure::new(format!("{provider} is no provider: {problem}.")))?;
    let scope: domain::credential::Scope =
        scope.parse().map_err(|problem| Failure::new(format!("{scope} is no scope: {problem}.")))?;
    let is_it = |one: &&Value| {
        output::text(one, "provider") == provider.as_str() && output::text(one, "scope") == scope.as_str()
    };
    let found = list.get("data").and_then(Value::as_array).and_then(|data| data.iter().find(is_it));
    let primary = || json!({"scope": scope.as_str(), "provider": provider.as_str(), "spread": "primary"});
    Ok(found.cloned().unwrap_or_else(primary))
}

fn show_spread(setting: &Value, as_json: bool) {
    if as_json {
        return output::json(setting);
    }
    let text = |member| output::text(setting, member);
    output::line(&format!("{}  {}  {}", text("provider"), text("scope"), text("spread")));
}

/// The key from where the command line says, never from its words.
fn read_key(source: &KeySource, prompt: &str, environment: &Environment) -> Result<Option<String>, Failure> {
    let key = if source.stdin {
        let mut text = String::new();
        std::io::stdin()
            .read_to_string(&mut text)
            .map_err(|error| Failure::new(format!("Standard input cannot be read: {error}.")))?;
        text
    } else if let Some(name) = &source.from_env {
        let value = environment.process_value(name).map(str::to_owned);
        value.ok_or_else(|| Failure::new(format!("The environment variable {name} is not set.")))?
    } else {
        rpassword::prompt_password(prompt).map_err(|error| {
            Failure::new(format!("The key cannot be asked for here ({error}). Use --stdin or --from-env NAME."))
        })?
    };
    Ok(Some(key.trim().to_owned()).filter(|key| !key.is_empty()))
}

fn show(credential: &Value, as_json: bool) {
    if as_json {
        return output::json(credential);
    }
    let text = |member| output::text(credential, member);
    output::line(&format!("{}  {}  {}  {}", text("id"), text("provider"), text("name"), text("masked")));
    let state =
        if credential.get("is_active") == Some(&Value::Bool(false)) { "inactive".to_owned() } else { text("status") };
    output::line(&format!("{state}: {}", text("status_reason")));
    if let Some(warning) = credential.get("warning").and_then(Value::as_str) {
        output::line(&format!("Note: {warning}"));
    }
}

fn show_list(list: &Value, as_json: bool) {
    if as_json {
        return output::json(list);
    }
    let rows = output::rows(list, |key| {
        let state = if key.get("is_active") == Some(&Value::Bool(false)) {
            "inactive".to_owned()
        } else {
            output::text(key, "status")
        };
        vec![
            output::text(key, "id"),
            output::text(key, "provider"),
            output::text(key, "name"),
            output::text(key, "scope"),
            output::text(key, "masked"),
            state,
            output::text(key, "origin"),
        ]
    });
    if !rows.is_empty() {
        output::table(&["ID", "PROVIDER", "NAME", "SCOPE", "KEY", "STATE", "SOURCE"], &rows);
    }
    // Servers on this machine that need no key are listed without anybody's doing.
    if output::rows(list, |key| vec![output::text(key, "origin")]).iter().all(|origin| origin == &["keyless"]) {
        output::line("No provider keys yet. Add one: ownkey credential add openai");
    }
}
