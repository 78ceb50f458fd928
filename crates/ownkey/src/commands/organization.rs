//! `ownkey organization …`

use http::Method;
use serde_json::{Map, Value, json};

use super::{encoded, output};
use crate::Failure;
use crate::cli::{Member, Organization, Rules};
use crate::transport::Transport;

pub(super) async fn run(transport: &Transport, command: Organization, as_json: bool) -> Result<(), Failure> {
    match command {
        Organization::Add { name, slug, rules } => {
            let mut body = written(rules);
            body.insert("name".into(), name.into());
            body.extend(slug.map(|slug| ("slug".to_owned(), slug.into())));
            let made = transport.call(Method::POST, "/v2/organizations", Some(&body.into())).await?;
            shown(&made, as_json);
        }
        Organization::List => {
            let list = transport.call(Method::GET, "/v2/organizations?limit=500", None).await?;
            if as_json {
                output::json(&list);
                return Ok(());
            }
            let members = ["slug", "name", "role", "suspended", "id"];
            let rows = output::rows(&list, |row| members.iter().map(|member| output::text(row, member)).collect());
            output::table(&["SLUG", "NAME", "ROLE", "SUSPENDED", "ID"], &rows);
        }
        Organization::Show { organization } => {
            shown(&transport.call(Method::GET, &path(&organization), None).await?, as_json);
        }
        Organization::Set { organization, name, suspended, rules } => {
            let mut body = written(rules);
            body.extend(name.map(|name| ("name".to_owned(), name.into())));
            body.extend(suspended.map(|suspended| ("suspended".to_owned(), suspended.into())));
            shown(&transport.call(Method::PATCH, &path(&organization), Some(&body.into())).await?, as_json);
        }
        Organization::Remove { organization, confirm } => {
            transport.call(Method::DELETE, &format!("{}?confirm={confirm}", path(&organization)), None).await?;
            done(as_json, "Deleted. Usage and audit keep its id.");
        }
        Organization::Member(command) => member(transport, command, as_json).await?,
    }
    Ok(())
}

async fn member(transport: &Transport, command: Member, as_json: bool) -> Result<(), Failure> {
    match command {
        Member::List { organization } => {
            let list = members(transport, &organization).await?;
            if as_json {
                output::json(&list);
                return Ok(());
            }
            let columns = ["email", "display_name", "role", "user_id"];
            let rows = output::rows(&list, |row| columns.iter().map(|column| output::text(row, column)).collect());
            output::table(&["E-MAIL", "NAME", "ROLE", "ID"], &rows);
        }
        Member::Add { organization, email, role } => {
            let body = json!({"email": email, "role": role});
            let path = format!("{}/invitations", path(&organization));
            let invited = transport.call(Method::POST, &path, Some(&body)).await?;
            if as_json {
                output::json(&invited);
            } else {
                output::line(&output::text(&invited, "link"));
            }
        }
        Member::Set { organization, email, role } => {
            let one = path_of_member(transport, &organization, &email).await?;
            let member = transport.call(Method::PATCH, &one, Some(&json!({"role": role}))).await?;
            if as_json {
                output::json(&member);
            } else {
                output::line(&format!("{email} is {role}."));
            }
        }
        Member::Remove { organization, email } => {
            let one = path_of_member(transport, &organization, &email).await?;
            transport.call(Method::DELETE, &one, None).await?;
            done(as_json, &format!("{email} is no member any more."));
        }
    }
    Ok(())
}

async fn members(transport: &Transport, organization: &str) -> Result<Value, Failure> {
    transport.call(Method::GET, &format!("{}/members?limit=500", path(organization)), None).await
}

async fn path_of_member(transport: &Transport, organization: &str, email: &str) -> Result<String, Failure> {
    let list = members(transport, organization).await?;
    let is_meant = |member: &&Value| output::text(member, "email").eq_ignore_ascii_case(email.trim());
    let found = list["data"].as_array().into_iter().flatten().find(is_meant);
    let found = found.ok_or_else(|| {
        Failure::new(format!(
            "{email} is no member. Invite them: ownkey organization member add {organization} {email}"
        ))
    })?;
    Ok(format!("{}/members/{}", path(organization), encoded(&output::text(found, "user_id"))))
}

fn path(organization: &str) -> String {
    format!("/v2/organizations/{}", encoded(organization))
}

/// What is said of the rules, and nothing else.
fn written(rules: Rules) -> Map<String, Value> {
    let mut body = Map::new();
    body.extend(rules.order.map(|order| ("order".to_owned(), order.into())));
    body.extend(rules.fallback.map(|fallback| ("fallback".to_owned(), fallback.into())));
    body.extend(rules.personal_keys.map(|may| ("personal_keys_allowed".to_owned(), may.into())));
    body.extend(rules.markup.map(|points| ("markup_basis_points".to_owned(), points.into())));
    if !rules.providers.is_empty() {
        body.insert("allowed_providers".into(), rules.providers.into());
    }
    body
}

fn shown(organization: &Value, as_json: bool) {
    if as_json {
        return output::json(organization);
    }
    for member in ["slug", "name", "id", "role", "suspended"] {
        output::line(&format!("{member}: {}", output::text(organization, member)));
    }
    for (name, value) in organization["rules"].as_object().into_iter().flatten() {
        output::line(&format!("{name}: {value}"));
    }
}

pub(super) fn done(as_json: bool, sentence: &str) {
    if as_json {
        output::json(&json!({"done": true}));
    } else {
        output::line(sentence);
    }
}
