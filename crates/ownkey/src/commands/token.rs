//! `ownkey token …`

use http::Method;
use serde_json::{Value, json};

use super::{encoded, output};
use crate::Failure;
use crate::cli::Token;
use crate::transport::Transport;

pub(super) async fn run(transport: &Transport, command: Token, as_json: bool) -> Result<(), Failure> {
    match command {
        Token::Create { name, scopes, models, policy } => {
            let models = (!models.is_empty()).then_some(models);
            let body = json!({"name": name, "scopes": scopes, "models": models, "policy": policy});
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
