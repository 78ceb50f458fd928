//! Saving one key of a file, through the same door as a typed one.

use app::transfer;
use domain::Timestamp;
use http::Method;
use serde_json::{Value, json};

use super::super::{encoded, output};
use super::{Candidate, Line, Outcome};
use crate::transport::Transport;
use crate::{Failure, ambient};

/// Saves it, or in a dry run says what would become of it.
pub(super) async fn one(transport: &Transport, mut candidate: Candidate, is_dry: bool) -> Result<Line, Failure> {
    if is_saved(transport, &candidate).await? {
        return Ok(Line::of(&candidate, Outcome::Duplicate));
    }
    if is_dry {
        return Ok(Line::of(&candidate, Outcome::Imported(None)));
    }
    let note = settle(transport, &mut candidate).await?;
    let outcome = match transport.call(Method::POST, "/v2/credentials", Some(&body(&mut candidate))).await {
        Ok(saved) => {
            if !candidate.is_active {
                let door = format!("/v2/credentials/{}/deactivate", encoded(&output::text(&saved, "id")));
                transport.call(Method::POST, &door, None).await?;
            }
            Outcome::Imported(note)
        }
        Err(failure) => Outcome::Failed(failure.sentence),
    };
    Ok(Line::of(&candidate, outcome))
}

/// Whether the very key is there; without a key, its endpoint. Over HTTP the
/// masks have to tell.
async fn is_saved(transport: &Transport, candidate: &Candidate) -> Result<bool, Failure> {
    let Some(key) = &candidate.key else {
        let is_it = |row: &Value| row.get("api_base").and_then(Value::as_str) == candidate.endpoint.as_deref();
        return Ok(saved_keys(transport, candidate).await?.iter().any(is_it));
    };
    if let Some((app, caller)) = transport.in_house() {
        let endpoint = candidate.endpoint.as_deref();
        return Ok(transfer::is_saved(app, caller, candidate.scope, candidate.provider, endpoint, key).await?);
    }
    let has_tail = candidate.masked.chars().rev().take_while(|c| *c != '…').count() == 4;
    let is_it = |key: &Value| output::text(key, "masked") == candidate.masked;
    Ok(has_tail && saved_keys(transport, candidate).await?.iter().any(is_it))
}

/// The stored keys of the candidate's scope and provider.
async fn saved_keys(transport: &Transport, candidate: &Candidate) -> Result<Vec<Value>, Failure> {
    let path = format!("/v2/credentials?limit=500&scope={}&provider={}", candidate.scope, candidate.provider);
    let list = transport.call(Method::GET, &path, None).await?;
    let rows = list.get("data").and_then(Value::as_array).cloned().unwrap_or_default();
    // Local servers of the environment have no row of their own.
    let is_a_row = |key: &Value| key.get("created_by").is_some_and(|by| !by.is_null());
    Ok(rows.into_iter().filter(is_a_row).collect())
}

/// Fits it to where it goes: a key that is there stays the first one, an expiry
/// that has passed is not set again, the default endpoint is not spelled out.
async fn settle(transport: &Transport, candidate: &mut Candidate) -> Result<Option<String>, Failure> {
    let wants_to_be_first = candidate.more.get("is_primary") == Some(&Value::Bool(true));
    if wants_to_be_first && !saved_keys(transport, candidate).await?.is_empty() {
        candidate.more.insert("is_primary".to_owned(), Value::Bool(false));
    }
    let default = transport.in_house().and_then(|(app, _)| app.settings.default_base(candidate.provider));
    if candidate.endpoint.as_deref().is_some_and(|endpoint| Some(endpoint) == default) {
        candidate.endpoint = None;
    }
    let expiry = candidate.more.get("expires_at").and_then(Value::as_str).and_then(Timestamp::parse);
    if expiry.is_some_and(|at| at <= ambient::clock().now()) {
        candidate.more.remove("expires_at");
        candidate.is_active = false;
        return Ok(Some("it had expired, so it is switched off".to_owned()));
    }
    Ok((!candidate.is_active).then(|| "it was switched off, and is".to_owned()))
}

fn body(candidate: &mut Candidate) -> Value {
    let mut body = json!({
        "provider": candidate.provider,
        "scope": candidate.scope,
        "name": candidate.name,
        "api_base": candidate.endpoint,
        "api_key": candidate.key.take(),
    });
    if let Some(members) = body.as_object_mut() {
        members.extend(std::mem::take(&mut candidate.more));
    }
    body
}
