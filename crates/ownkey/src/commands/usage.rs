//! `ownkey usage`

use http::Method;
use serde_json::Value;

use super::{encoded, output};
use crate::Failure;
use crate::cli::Usage;
use crate::transport::Transport;

const MEMBERS: [&str; 8] =
    ["key", "requests", "failed", "unknown", "estimated", "input_tokens", "output_tokens", "client_cost"];

pub(super) async fn run(transport: &Transport, command: Usage, as_json: bool) -> Result<(), Failure> {
    let list = transport.call(Method::GET, &format!("/v2/usage?group_by={}", encoded(&command.by)), None).await?;
    if as_json {
        output::json(&list);
        return Ok(());
    }
    let rows = output::rows(&list, |line| MEMBERS.iter().map(|member| output::text(line, member)).collect());
    if command.csv {
        output::line(&MEMBERS.join(","));
        for row in rows {
            output::line(&row.iter().map(|cell| domain::csv::cell(cell)).collect::<Vec<_>>().join(","));
        }
    } else if rows.is_empty() {
        output::line("No calls yet.");
    } else {
        let key = command.by.to_uppercase();
        let heads = [&key, "REQUESTS", "FAILED", "UNKNOWN", "ESTIMATED", "TOKENS IN", "TOKENS OUT", "COST $"];
        let named = list.get("data").and_then(Value::as_array).into_iter().flatten().map(title);
        let rows: Vec<_> = rows.into_iter().zip(named).map(|(row, title)| with_title(row, title)).collect();
        output::table(&heads, &rows);
    }
    Ok(())
}

/// What a key is called, where the line is a key's.
fn title(line: &Value) -> Option<String> {
    let name = line.get("name").and_then(Value::as_str)?;
    let is_deleted = line.get("is_deleted") == Some(&Value::Bool(true));
    Some(if is_deleted { format!("{name} (deleted)") } else { name.to_owned() })
}

fn with_title(mut row: Vec<String>, title: Option<String>) -> Vec<String> {
    if let (Some(cell), Some(title)) = (row.first_mut(), title) {
        *cell = title;
    }
    row
}
