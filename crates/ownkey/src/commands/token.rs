//! `ownkey token …`

use http::Method;
use serde_json::{Value, json};

use super::{encoded, output};
use crate::Failure;
use crate::cli::Token;
use crate::transport::Transport;

pub(super) async fn run(transport: &Transport, command: Token, as_json: bool) -> Result<(), Failure> {
    match command {
        Token::Create { name, scopes, team, models, policy, params } => {
            let models = (!models.is_empty()).then_some(models);
            let body = json!({
                "name": name, "scopes": scopes, "team_id": team, "models": models, "policy": policy, "params": params,
            });
            let token = transport.call(Method::POST, "/v2/tokens", Some(&body)).await?;
            if as_json {
                output::json(&token);
            } else {
                output::line(&output::text(&token, "token"));
            }
        }
        Token::List => {
            let list = transport.call(Method::GET, "/v2/tokens?limit=500", None).await?;
            if as_json {
                output::json(&list);
            } else {
                show_list(&list);
            }
        }
        Token::Edit { id, name, scopes, models, all_models, params, expires } => {
            let mut body = serde_json::Map::new();
            if let Some(name) = name {
                body.insert("name".to_owned(), json!(name));
            }
            if !scopes.is_empty() {
                body.insert("scopes".to_owned(), json!(scopes));
            }
            if !models.is_empty() || all_models {
                body.insert("models".to_owned(), if all_models { Value::Null } else { json!(models) });
            }
            if let Some(params) = params {
                body.insert("params".to_owned(), json!(params));
            }
            if let Some(expires) = expires {
                body.insert("expires_at".to_owned(), if expires == "never" { Value::Null } else { json!(expires) });
            }
            let path = format!("/v2/tokens/{}", encoded(&id));
            let token = transport.call(Method::PATCH, &path, Some(&Value::Object(body))).await?;
            if as_json {
                output::json(&token);
            } else {
                output::line(&format!("{}  {}", output::text(&token, "masked"), output::text(&token, "name")));
            }
        }
        Token::Rotate { id, grace } => {
            let path = format!("/v2/tokens/{}/rotate", encoded(&id));
            let token = transport.call(Method::POST, &path, Some(&json!({"grace_seconds": grace}))).await?;
            if as_json {
                output::json(&token);
            } else {
                output::line(&output::text(&token, "token"));
            }
        }
        Token::Revoke { id } => {
            transport.call(Method::DELETE, &format!("/v2/tokens/{}", encoded(&id)), None).await?;
            if as_json {
                output::json(&json!({"revoked": id}));
            } else {
                output::line("Revoked. Clients that use it are refused from now on.");
            }
        }
    }
    Ok(())
}

fn show_list(list: &Value) {
    let rows = output::rows(list, |token| {
        vec![
            output::text(token, "id"),
            output::text(token, "name"),
            output::text(token, "masked"),
            output::text(token, "expires_at"),
            output::text(token, "last_used_at"),
        ]
    });
    if rows.is_empty() {
        return output::line("No gateway tokens yet. Make one: ownkey token create laptop");
    }
    output::table(&["ID", "NAME", "TOKEN", "EXPIRES", "LAST USED"], &rows);
}
