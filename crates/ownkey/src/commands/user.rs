//! `ownkey user …`

use http::Method;
use serde_json::{Value, json};

use super::output;
use crate::Failure;
use crate::cli::User;
use crate::transport::Transport;

pub(super) async fn run(transport: &Transport, command: User, as_json: bool) -> Result<(), Failure> {
    match command {
        User::List => {
            let list = transport.call(Method::GET, "/v2/users?limit=500", None).await?;
            if as_json {
                output::json(&list);
                return Ok(());
            }
            let members = ["email", "display_name", "role", "is_active", "id"];
            let rows = output::rows(&list, |row| members.iter().map(|member| output::text(row, member)).collect());
            output::table(&["E-MAIL", "NAME", "ROLE", "ACTIVE", "ID"], &rows);
        }
        User::Add { email, admin } => {
            let body = json!({"email": email, "role": if admin { "admin" } else { "member" }});
            let invited = transport.call(Method::POST, "/v2/users", Some(&body)).await?;
            print_link(&invited, "invite_url", as_json);
        }
        User::ResetLink { email } => {
            let id = id_of(transport, &email).await?;
            let link = transport.call(Method::POST, &format!("/v2/users/{id}/reset-link"), None).await?;
            print_link(&link, "reset_url", as_json);
        }
        User::SetupLink => {
            return Err(Failure::new(
                "Somebody has an account already; set-up is over. Use `ownkey user add` or `user reset-link`.",
            ));
        }
        User::Activate { email } => switch(transport, &email, true, as_json).await?,
        User::Deactivate { email } => switch(transport, &email, false, as_json).await?,
    }
    Ok(())
}

fn print_link(answer: &Value, member: &str, as_json: bool) {
    if as_json {
        output::json(answer);
    } else {
        output::line(&output::text(answer, member));
    }
}

async fn switch(transport: &Transport, email: &str, is_active: bool, as_json: bool) -> Result<(), Failure> {
    let id = id_of(transport, email).await?;
    let body = json!({"is_active": is_active});
    let user = transport.call(Method::PATCH, &format!("/v2/users/{id}"), Some(&body)).await?;
    if as_json {
        output::json(&user);
    } else {
        output::line(&format!("{email} is {}.", if is_active { "active" } else { "switched off" }));
    }
    Ok(())
}

/// The id of the user with this address.
async fn id_of(transport: &Transport, email: &str) -> Result<String, Failure> {
    let wanted = email.trim().to_lowercase();
    for page in 0..20 {
        let list = transport.call(Method::GET, &format!("/v2/users?limit=500&skip={}", page * 500), None).await?;
        let users = list.get("data").and_then(Value::as_array).cloned().unwrap_or_default();
        let is_wanted = |user: &&Value| output::text(user, "email").to_lowercase() == wanted;
        if let Some(user) = users.iter().find(is_wanted) {
            return Ok(output::text(user, "id"));
        }
        if users.len() < 500 {
            break;
        }
    }
    Err(Failure::new(format!("There is no user {email}. `ownkey user list` shows who there is.")))
}
