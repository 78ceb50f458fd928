//! Reading a provider's list of models. The lists agree on little more than an
//! id, so every other field is taken where it is found and left out where not.
//! Lists are bounded: size, count and the length of ids.

mod dialect;

use std::collections::HashSet;

use domain::ProviderId;
use domain::model::ListedModel;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

/// The longest list that is read, in bytes.
pub const MAX_LIST_BYTES: usize = 4 * 1024 * 1024;
/// The most models in a list.
pub const MAX_MODELS: usize = 10_000;
/// The longest id, in characters.
const MAX_ID_LENGTH: usize = 256;

/// Why a list was not read. `Display` is a full sentence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ListProblem {
    /// Not JSON, or not a list of models.
    #[error("The provider's list of models is not in a form Ownkey can read, so the last known list is kept.")]
    Malformed,
    /// Over one of the limits.
    #[error("The provider's list of models is longer than Ownkey reads, so the last known list is kept.")]
    TooLong,
}

/// `{"data": […]}` as OpenAI's, or `{"models": […]}`.
#[derive(Deserialize)]
struct Document<'a> {
    #[serde(borrow)]
    data: Option<Vec<&'a RawValue>>,
    #[serde(borrow)]
    models: Option<Vec<&'a RawValue>>,
}

/// Reads the answer of a provider's list call. Entries without a usable id are
/// left out, repeated ones too.
///
/// # Errors
/// The answer is no list, or over a limit.
pub fn read(provider: ProviderId, body: &[u8]) -> Result<Vec<ListedModel>, ListProblem> {
    if body.len() > MAX_LIST_BYTES {
        return Err(ListProblem::TooLong);
    }
    let entries = entries_of(body)?;
    if entries.len() > MAX_MODELS {
        return Err(ListProblem::TooLong);
    }
    let mut seen = HashSet::new();
    let mut models = Vec::with_capacity(entries.len());
    for entry in entries {
        let entry: Map<String, Value> = serde_json::from_str(entry.get()).map_err(|_| ListProblem::Malformed)?;
        if let Some(model) = dialect::model(provider, &entry)
            && is_usable_id(&model.id)
            && seen.insert(model.id.clone())
        {
            models.push(model);
        }
    }
    Ok(models)
}

fn entries_of(body: &[u8]) -> Result<Vec<&RawValue>, ListProblem> {
    if body.trim_ascii_start().starts_with(b"[") {
        return serde_json::from_slice(body).map_err(|_| ListProblem::Malformed);
    }
    let document: Document<'_> = serde_json::from_slice(body).map_err(|_| ListProblem::Malformed)?;
    document.data.or(document.models).ok_or(ListProblem::Malformed)
}

/// Where a list goes on; `None`: it is whole. Google gives a token, Anthropic the
/// last id.
#[must_use]
pub fn next_page(body: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct Page {
        #[serde(rename = "nextPageToken")]
        token: Option<String>,
        has_more: Option<bool>,
        last_id: Option<String>,
    }
    let page: Page = serde_json::from_slice(body).ok()?;
    let last = page.last_id.filter(|_| page.has_more == Some(true));
    page.token.or(last).filter(|token| !token.is_empty())
}

fn is_usable_id(id: &str) -> bool {
    !id.trim().is_empty() && id.chars().count() <= MAX_ID_LENGTH && !id.chars().any(char::is_control)
}

#[cfg(test)]
mod tests;
