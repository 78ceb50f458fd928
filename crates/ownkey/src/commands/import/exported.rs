//! A file that `ownkey export` made, here or on another server.

use app::transfer::{self, ExportedKey};
use domain::credential::Scope;
use serde_json::{Map, Value, json};
use store::MasterKeys;

use super::{Candidate, Content, Line, Outcome};
use crate::Failure;
use crate::cli::{Import, Place};
use crate::config::environment::Environment;
use crate::config::{self, master_key};
use crate::transport::Transport;

/// The keys of the file that are the acting user's to take.
pub(super) fn read(
    text: &str,
    command: &Import,
    scope: Option<Scope>,
    transport: &Transport,
    environment: &Environment,
    place: &Place,
) -> Result<Content, Failure> {
    let export = transfer::parse(text)?;
    let keys = master_keys(command, transport, environment, place)?;
    let owner = owner(command, &export.credentials, transport.acting_email());
    let mut content = Content::default();
    for key in export.credentials {
        let target = scope.unwrap_or(key.scope);
        let of_somebody_else = key.scope == Scope::Personal && key.owner != owner;
        if of_somebody_else {
            let whose = key.owner.clone().unwrap_or_default();
            let reason = format!("it is {whose}'s; take it with --owner {whose}");
            content.left_out.push(line(&key, Outcome::Skipped(reason)));
            continue;
        }
        match transfer::secret(&key, keys.as_ref()) {
            Err(problem) => content.left_out.push(line(&key, Outcome::Failed(problem))),
            Ok(None) if !key.masked.is_empty() => {
                let reason = "the file has no secret for it (export with --plain-fernet)".to_owned();
                content.left_out.push(line(&key, Outcome::Skipped(reason)));
            }
            Ok(secret) => content.candidates.push(candidate(key, target, secret)),
        }
    }
    // The first of a provider becomes its primary one.
    content.candidates.sort_by_key(|candidate| candidate.more.get("is_primary") != Some(&Value::Bool(true)));
    Ok(content)
}

/// The keys that the secrets may be under: those of the file named, else this
/// server's own.
fn master_keys(
    command: &Import,
    transport: &Transport,
    environment: &Environment,
    place: &Place,
) -> Result<Option<MasterKeys>, Failure> {
    if let Some(path) = &command.master_key_file {
        let found = master_key::of_file(path).map_err(|problem| Failure::configuration(problem.to_string()))?;
        return Ok(Some(found.keys));
    }
    if transport.in_house().is_none() {
        return Ok(None);
    }
    let found = master_key::existing(environment, &config::data_dir(place, environment))?;
    Ok(found.map(|found| found.keys))
}

/// Whose personal keys are taken: those asked for, else one's own, else those of
/// the only owner in the file.
fn owner(command: &Import, keys: &[ExportedKey], own: Option<&str>) -> Option<String> {
    let mut owners: Vec<&String> = keys.iter().filter_map(|key| key.owner.as_ref()).collect();
    owners.sort();
    owners.dedup();
    let has =
        |wanted: &str| owners.iter().find(|owner| owner.eq_ignore_ascii_case(wanted)).map(|owner| (*owner).clone());
    if let Some(wanted) = &command.owner {
        return has(wanted);
    }
    own.and_then(has).or_else(|| if let [only] = owners.as_slice() { Some((*only).clone()) } else { None })
}

fn candidate(key: ExportedKey, scope: Scope, secret: Option<String>) -> Candidate {
    let mut more = Map::new();
    more.insert("note".to_owned(), json!(key.note));
    more.insert("settings".to_owned(), json!(key.settings));
    more.insert("priority".to_owned(), json!(key.priority));
    more.insert("is_primary".to_owned(), json!(key.is_primary));
    more.insert("expires_at".to_owned(), json!(key.expires_at));
    more.insert("rotate_after".to_owned(), json!(key.rotate_after));
    Candidate {
        from: key.name.clone(),
        provider: key.provider,
        scope,
        name: Some(key.name),
        endpoint: Some(key.endpoint),
        masked: key.masked,
        key: secret,
        more,
        is_active: key.is_active,
    }
}

fn line(key: &ExportedKey, outcome: Outcome) -> Line {
    Line {
        from: key.name.clone(),
        provider: key.provider.to_string(),
        masked: key.masked.clone(),
        endpoint: key.endpoint.clone(),
        outcome,
    }
}
