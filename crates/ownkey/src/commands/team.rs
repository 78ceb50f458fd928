//! `ownkey team …`

use http::Method;
use serde_json::{Map, Value, json};

use super::organization::done;
use super::{encoded, output};
use crate::Failure;
use crate::cli::{Team, TeamMember};
use crate::transport::Transport;

pub(super) async fn run(transport: &Transport, command: Team, as_json: bool) -> Result<(), Failure> {
    match command {
        Team::Add { organization, name, models, markup } => {
            let mut body = Map::new();
            body.insert("organization_id".into(), organization.into());
            body.insert("name".into(), name.into());
            body.extend(markup.map(|points| ("markup_basis_points".to_owned(), points.into())));
            if !models.is_empty() {
                body.insert("models".into(), models.into());
            }
            shown(&transport.call(Method::POST, "/v2/teams", Some(&body.into())).await?, as_json);
        }
        Team::List { organization } => {
            let of = organization.map(|named| format!("&organization_id={}", encoded(&named))).unwrap_or_default();
            let list = transport.call(Method::GET, &format!("/v2/teams?limit=500{of}"), None).await?;
            if as_json {
                output::json(&list);
                return Ok(());
            }
            let columns = ["slug", "name", "suspended", "organization_id", "id"];
            let rows = output::rows(&list, |row| columns.iter().map(|column| output::text(row, column)).collect());
            output::table(&["SLUG", "NAME", "SUSPENDED", "ORGANIZATION", "ID"], &rows);
        }
        Team::Set { team, name, suspended, markup } => {
            let mut body = Map::new();
            body.extend(name.map(|name| ("name".to_owned(), name.into())));
            body.extend(suspended.map(|suspended| ("suspended".to_owned(), suspended.into())));
            body.extend(markup.map(|points| ("markup_basis_points".to_owned(), points.into())));
            shown(&transport.call(Method::PATCH, &path(&team), Some(&body.into())).await?, as_json);
        }
        Team::Remove { team, confirm } => {
            transport.call(Method::DELETE, &format!("{}?confirm={confirm}", path(&team)), None).await?;
            done(as_json, "Deleted. Usage and audit keep its id.");
        }
        Team::Member(command) => member(transport, command, as_json).await?,
    }
    Ok(())
}

async fn member(transport: &Transport, command: TeamMember, as_json: bool) -> Result<(), Failure> {
    let one = |team: &str, user: &str| format!("{}/members/{}", path(team), encoded(user));
    match command {
        TeamMember::List { team } => {
            let list = transport.call(Method::GET, &format!("{}/members?limit=500", path(&team)), None).await?;
            if as_json {
                output::json(&list);
                return Ok(());
            }
            let columns = ["email", "display_name", "role", "user_id"];
            let rows = output::rows(&list, |row| columns.iter().map(|column| output::text(row, column)).collect());
            output::table(&["E-MAIL", "NAME", "ROLE", "ID"], &rows);
        }
        TeamMember::Set { team, user, role } => {
            transport.call(Method::PUT, &one(&team, &user), Some(&json!({"role": role}))).await?;
            done(as_json, "They are in the team.");
        }
        TeamMember::Remove { team, user } => {
            transport.call(Method::DELETE, &one(&team, &user), None).await?;
            done(as_json, "They are out of the team.");
        }
    }
    Ok(())
}

fn path(team: &str) -> String {
    format!("/v2/teams/{}", encoded(team))
}

fn shown(team: &Value, as_json: bool) {
    if as_json {
        return output::json(team);
    }
    for member in ["slug", "name", "id", "organization_id", "models", "markup_basis_points", "suspended"] {
        output::line(&format!("{member}: {}", output::text(team, member)));
    }
}
