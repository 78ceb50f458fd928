//! `ownkey usage`

use std::path::Path;

use http::Method;
use serde_json::{Value, json};

use super::{encoded, file, output};
use crate::Failure;
use crate::cli::{Usage, UsageCommand};
use crate::transport::Transport;

const MEMBERS: [&str; 8] =
    ["key", "requests", "failed", "unknown", "estimated", "input_tokens", "output_tokens", "client_cost"];

pub(super) async fn run(transport: &Transport, command: Usage, as_json: bool) -> Result<(), Failure> {
    if let Some(UsageCommand::Reconcile { file, provider, credential }) = command.command {
        return reconcile(transport, &file, &provider, credential.as_deref(), as_json).await;
    }
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

/// The largest export that is read.
const FILE_BYTES: u64 = 7 * 1024 * 1024;

async fn reconcile(
    transport: &Transport,
    path: &Path,
    provider: &str,
    credential: Option<&str>,
    as_json: bool,
) -> Result<(), Failure> {
    let is_too_large = format!("is larger than {FILE_BYTES} bytes. Export fewer days.");
    let mut body = json!({"provider": provider, "csv": file::read(path, FILE_BYTES, &is_too_large)?});
    if let Some(credential) = credential {
        body["credential_id"] = json!(credential);
    }
    let found = transport.call(Method::POST, "/v2/usage/reconcile", Some(&body)).await?;
    if as_json {
        output::json(&found);
        return Ok(());
    }
    let lines = found.get("differences").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let members = ["day", "model", "provider_cost", "ledger_cost", "difference", "attempts", "unknown", "estimated"];
    let rows: Vec<Vec<String>> =
        lines.iter().map(|line| members.iter().map(|member| output::text(line, member)).collect()).collect();
    if rows.is_empty() {
        output::line("The bill and the ledger agree.");
    } else {
        let heads =
            ["DAY", "MODEL", "PROVIDER BILLS $", "LEDGER HAS $", "DIFFERENCE $", "CALLS", "UNKNOWN", "ESTIMATED"];
        output::table(&heads, &rows);
    }
    let said = |member| output::text(&found, member);
    output::line(&format!(
        "{} to {}: the provider bills ${}, the ledger has ${}; {} lines agree. {} calls, {} of unknown cost, {} estimated; {} lines of the file could not be read.",
        said("from"),
        said("to"),
        said("provider_total"),
        said("ledger_total"),
        said("agreeing"),
        said("attempts"),
        said("unknown"),
        said("estimated"),
        said("skipped_lines"),
    ));
    Ok(())
}
