//! `ownkey import FILE`: provider keys of a `.env`, of LiteLLM or of another
//! server.

mod dot_env;
mod exported;
mod litellm;
mod save;

use std::path::Path;

use domain::ProviderId;
use domain::credential::Scope;
use serde_json::{Map, Value, json};

use super::output;
use crate::Failure;
use crate::cli::{Import, Place};
use crate::config::environment::Environment;
use crate::transport::Transport;

/// The largest file taken, in bytes.
const FILE_BYTES: u64 = 8 * 1024 * 1024;

/// A key that may be saved.
struct Candidate {
    /// Where in the file it is: a variable, or its name.
    from: String,
    provider: ProviderId,
    scope: Scope,
    /// What to call it; `None`: as its provider.
    name: Option<String>,
    /// Its endpoint; `None`: the provider's default on that server.
    endpoint: Option<String>,
    /// What may be shown of it.
    masked: String,
    /// The key; `None`: it needs none.
    key: Option<String>,
    /// Other members of the request.
    more: Map<String, Value>,
    is_active: bool,
}

/// What the file has: keys, and what is left out and why.
#[derive(Default)]
struct Content {
    candidates: Vec<Candidate>,
    left_out: Vec<Line>,
    notes: Vec<String>,
}

/// A line of the table: what became of one key.
struct Line {
    from: String,
    provider: String,
    masked: String,
    endpoint: String,
    outcome: Outcome,
}

enum Outcome {
    /// Saved, or in a dry run: would be.
    Imported(Option<String>),
    /// The same key is there already.
    Duplicate,
    /// Not a fault: nothing to import here.
    Skipped(String),
    /// Could not be imported.
    Failed(String),
}

pub(super) async fn run(
    transport: &Transport,
    command: &Import,
    environment: &Environment,
    place: &Place,
) -> Result<(), Failure> {
    let text = super::file::read(
        &command.file,
        FILE_BYTES,
        &format!("is larger than {FILE_BYTES} bytes; no list of keys is."),
    )?;
    let scope = command.scope.as_deref().map(parse_scope).transpose()?;
    let Content { candidates, left_out, notes } = if text.trim_start().starts_with('{') {
        exported::read(&text, command, scope, transport, environment, place)?
    } else if is_yaml(&command.file, &text) {
        litellm::read(&text, scope.unwrap_or(Scope::Personal), command.trust_endpoints, environment)?
    } else {
        dot_env::read(&text, scope.unwrap_or(Scope::Personal))
    };
    let mut lines = Vec::new();
    for candidate in candidates {
        lines.push(save::one(transport, candidate, command.dry_run).await?);
    }
    lines.extend(left_out);
    show(&lines, &notes, command.dry_run, place.json);
    let failed = lines.iter().filter(|line| matches!(line.outcome, Outcome::Failed(_))).count();
    match failed {
        0 => Ok(()),
        _ => Err(Failure::new(format!("{failed} keys were not imported; the list says why."))),
    }
}

fn parse_scope(text: &str) -> Result<Scope, Failure> {
    match text.parse() {
        Ok(scope @ (Scope::Personal | Scope::System)) => Ok(scope),
        _ => Err(Failure::new("The scope is personal or system.")),
    }
}

fn is_yaml(path: &Path, text: &str) -> bool {
    let by_name = path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml");
    by_name || text.lines().any(|line| line.trim_end() == "model_list:" || line.trim_end() == "litellm_settings:")
}

impl Line {
    fn of(candidate: &Candidate, outcome: Outcome) -> Self {
        Self {
            from: candidate.from.clone(),
            provider: candidate.provider.to_string(),
            masked: candidate.masked.clone(),
            endpoint: candidate.endpoint.clone().unwrap_or_else(|| "default".to_owned()),
            outcome,
        }
    }
}

impl Outcome {
    fn word(&self) -> &'static str {
        match self {
            Self::Imported(_) => "imported",
            Self::Duplicate => "duplicate",
            Self::Skipped(_) => "skipped",
            Self::Failed(_) => "failed",
        }
    }

    fn told(&self, is_dry: bool) -> String {
        match self {
            Self::Imported(_) if is_dry => "would be imported".to_owned(),
            Self::Imported(Some(note)) => format!("imported; {note}"),
            Self::Imported(None) => "imported".to_owned(),
            Self::Duplicate => "skipped: saved already".to_owned(),
            Self::Skipped(reason) => format!("skipped: {reason}"),
            Self::Failed(problem) => format!("NOT imported: {problem}"),
        }
    }
}

fn show(lines: &[Line], notes: &[String], is_dry: bool, as_json: bool) {
    if as_json {
        let rows: Vec<Value> = lines
            .iter()
            .map(|line| {
                json!({
                    "from": line.from,
                    "provider": line.provider,
                    "masked": line.masked,
                    "endpoint": line.endpoint,
                    "outcome": line.outcome.word(),
                    "detail": line.outcome.told(is_dry),
                })
            })
            .collect();
        return output::json(&json!({"dry_run": is_dry, "keys": rows, "notes": notes}));
    }
    if lines.is_empty() {
        output::line("There is no provider key in it.");
    } else {
        let row = |line: &Line| {
            vec![
                line.from.clone(),
                line.provider.clone(),
                line.masked.clone(),
                line.endpoint.clone(),
                line.outcome.told(is_dry),
            ]
        };
        output::table(&["FROM", "PROVIDER", "KEY", "ENDPOINT", "RESULT"], &lines.iter().map(row).collect::<Vec<_>>());
    }
    for note in notes {
        output::line(&format!("Note: {note}"));
    }
}
