//! `ownkey budget …`

use http::Method;
use serde_json::{Number, Value, json};

use super::{encoded, output};
use crate::Failure;
use crate::cli::Budget;
use crate::transport::Transport;

pub(super) async fn run(transport: &Transport, command: Budget, as_json: bool) -> Result<(), Failure> {
    match command {
        Budget::List => {
            let list = all(transport).await?;
            if as_json {
                output::json(&list);
            } else {
                show_list(&list);
            }
        }
        Budget::Set { amount, token, user, team, organization, soft, counts_personal } => {
            let owner = [("token", token), ("user", user), ("team", team), ("organization", organization)];
            let owner = owner.into_iter().find_map(|(kind, id)| Some((kind, id?)));
            let mut body = amount;
            if !soft.is_empty() {
                body["soft_percents"] = json!(soft);
            }
            if let Some(counts_personal) = counts_personal {
                body["counts_personal"] = counts_personal.into();
            }
            let budget = set(transport, body, owner).await?;
            if as_json {
                output::json(&budget);
            } else {
                output::line(&format!("{} may spend ${} {}.", whose(&budget), budget["limit"], each(&budget)));
            }
        }
        Budget::Remove { id } => {
            transport.call(Method::DELETE, &format!("/v2/budgets/{}", encoded(&id)), None).await?;
            if as_json {
                output::json(&json!({"removed": id}));
            } else {
                output::line("Lifted. What was spent stays in the books.");
            }
        }
    }
    Ok(())
}

/// Makes a budget, or changes the one that there is for the owner and period.
async fn set(transport: &Transport, mut body: Value, owner: Option<(&str, String)>) -> Result<Value, Failure> {
    let owner = match owner {
        Some(owner) => owner,
        None => {
            let me = transport.call(Method::GET, "/v2/users/me", None).await?;
            ("user", output::text(&me, "id"))
        }
    };
    let path = format!("/v2/budgets?limit=500&owner_kind={}&owner_id={}", owner.0, encoded(&owner.1));
    let known = transport.call(Method::GET, &path, None).await?;
    let known = known["data"].as_array().into_iter().flatten().filter(|known| known["period"] == body["period"]);
    // An owner's own before an admin's: where only the latter may be changed, the server says so.
    let known = known.min_by_key(|known| known["set_by"] != "owner");
    if let (Some(known), Some(fields)) = (known, body.as_object_mut()) {
        fields.remove("period");
        let path = format!("/v2/budgets/{}", output::text(known, "id"));
        return transport.call(Method::PATCH, &path, Some(&body)).await;
    }
    body["owner_kind"] = owner.0.into();
    body["owner_id"] = owner.1.into();
    transport.call(Method::POST, "/v2/budgets", Some(&body)).await
}

async fn all(transport: &Transport) -> Result<Value, Failure> {
    transport.call(Method::GET, "/v2/budgets?limit=500", None).await
}

fn whose(budget: &Value) -> String {
    format!("{} {}", output::text(budget, "owner_kind"), output::text(budget, "owner_name"))
}

fn each(budget: &Value) -> String {
    match output::text(budget, "period").as_str() {
        "total" => "in all".to_owned(),
        period => format!("a {period}"),
    }
}

fn show_list(list: &Value) {
    let rows = output::rows(list, |budget| {
        let dollars = |field: &str| format!("${}", budget[field]);
        vec![
            output::text(budget, "id"),
            whose(budget),
            format!("{} {}", dollars("limit"), each(budget)),
            dollars("spent"),
            dollars("left"),
            output::text(budget, "resets_at"),
            output::text(budget, "set_by"),
        ]
    });
    if rows.is_empty() {
        return output::line("No budgets yet. Set one: ownkey budget set 5/month");
    }
    output::table(&["ID", "WHOSE", "LIMIT", "SPENT", "LEFT", "BEGINS ANEW", "SET BY"], &rows);
}

/// An amount for each window, as people write it: `5/month`, `0.50/day`, `100/total`.
///
/// # Errors
/// Says how to write it.
pub(crate) fn amount(text: &str) -> Result<Value, String> {
    let wrong = || format!("{text} is no budget; write dollars and a period, such as 5/month, 0.50/day or 100/total");
    let (limit, period) = text.trim_start_matches('$').split_once('/').ok_or_else(wrong)?;
    let limit: Number = limit.parse().map_err(|_| wrong())?;
    let is_known = matches!(period, "day" | "week" | "month" | "total");
    if is_known { Ok(json!({"limit": limit, "period": period})) } else { Err(wrong()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_is_dollars_and_a_period() {
        assert_eq!(amount("5/month"), Ok(json!({"limit": 5, "period": "month"})));
        assert_eq!(amount("$0.50/day").map(|amount| amount["limit"].to_string()), Ok("0.5".to_owned()));
        for wrong in ["5", "5/year", "/day", "five/day", "5/month/day"] {
            assert!(amount(wrong).is_err(), "{wrong}");
        }
    }
}
