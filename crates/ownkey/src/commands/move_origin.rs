//! `ownkey credential move-origin`: keys follow a server that moved, without
//! being typed again.

use app::origin_moves::{self, Move, Moved};
use domain::{Origin, ProviderId};
use serde_json::json;

use super::output;
use crate::Failure;
use crate::cli::MoveOrigin;
use crate::transport::Transport;

pub(super) async fn run(transport: &Transport, command: MoveOrigin, as_json: bool) -> Result<(), Failure> {
    let (app, caller) = transport.in_house().ok_or_else(|| {
        Failure::new("Keys are sealed to a new origin where the master key is. Run it there, without OWNKEY_URL.")
    })?;
    let provider: ProviderId = command.provider.parse().map_err(Failure::new)?;
    let from = url::Url::parse(&command.from).ok().as_ref().and_then(Origin::of);
    let from = from
        .ok_or_else(|| Failure::new(format!("--from is “{}”; write it like https://api.example.com.", command.from)))?;
    let order = Move { provider, from, to: command.to, is_dry: command.dry_run };
    let moved = origin_moves::run(app, caller, &order).await?;
    if as_json {
        let rows: Vec<_> = moved.iter().map(|row| json_of(row, order.is_dry)).collect();
        output::json(&json!({"dry_run": order.is_dry, "keys": rows}));
    } else if moved.is_empty() {
        output::line(&format!("No {provider} key was saved for {}.", order.from));
    } else {
        let heads = ["ID", "NAME", "KEY", "ENDPOINT", "RESULT"];
        output::table(&heads, &moved.iter().map(|row| row_of(row, order.is_dry)).collect::<Vec<_>>());
    }
    match moved.iter().filter(|row| row.problem.is_some()).count() {
        0 => Ok(()),
        stayed => Err(Failure::new(format!("{stayed} keys stayed where they were; the list says why."))),
    }
}

fn result(row: &Moved, is_dry: bool) -> String {
    match row.problem {
        Some(problem) => format!("stayed: {problem}"),
        None if is_dry => "would move".to_owned(),
        None => "moved; not checked yet".to_owned(),
    }
}

fn row_of(row: &Moved, is_dry: bool) -> Vec<String> {
    vec![
        row.credential.id.to_string(),
        row.credential.name.clone(),
        row.credential.masked.clone(),
        row.endpoint.clone(),
        result(row, is_dry),
    ]
}

fn json_of(row: &Moved, is_dry: bool) -> serde_json::Value {
    json!({
        "id": row.credential.id,
        "name": row.credential.name,
        "masked": row.credential.masked,
        "endpoint": row.endpoint,
        "has_moved": row.problem.is_none() && !is_dry,
        "detail": result(row, is_dry),
    })
}
