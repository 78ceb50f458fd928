//! What Ownkey knows of a client's body, whatever its wire.

use std::borrow::Cow;

use bytes::Bytes;
use serde_json::Value;
use thiserror::Error;

use crate::json_scan::{self, Object, RawText, ScanError, Splice};

/// The longest model name taken, in characters.
const MAX_MODEL_LENGTH: usize = 512;

/// Why a body was refused.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{message}")]
pub struct RequestError {
    /// The sentence for the client.
    pub message: String,
    /// The field it is about.
    pub param: Option<&'static str>,
    /// `invalid_json`, `invalid_request` or `unsupported_parameter`.
    pub code: &'static str,
}

impl RequestError {
    /// A field that is missing or has the wrong shape. A full sentence.
    #[must_use]
    pub fn invalid(param: &'static str, message: impl Into<String>) -> Self {
        Self { message: message.into(), param: Some(param), code: "invalid_request" }
    }
}

/// What Ownkey knows of a client's body.
#[derive(Debug, Clone)]
pub struct ClientRequest<'a> {
    object: Object<'a>,
    limit: Option<u64>,
    without: Vec<String>,
    /// The model as the client names it.
    pub model: Cow<'a, str>,
    /// Whether the answer comes in pieces.
    pub stream: bool,
    /// Whether the client wants the usage at the end of its stream.
    pub include_usage: bool,
    /// The client wants its stream as one JSON array.
    pub wants_array: bool,
    /// The longest answer it asks for.
    pub max_tokens: Option<u64>,
    /// About how many characters the prompt has, tools included and data of
    /// images and files left out. For estimates.
    pub prompt_characters: u64,
    /// Whether its messages may hold calls; `false`: none does.
    pub(super) may_hold_calls: bool,
}

impl<'a> ClientRequest<'a> {
    /// A request as its wire read it.
    #[must_use]
    pub const fn new(object: Object<'a>, model: Cow<'a, str>, stream: bool) -> Self {
        Self {
            object,
            limit: None,
            without: Vec::new(),
            model,
            stream,
            include_usage: false,
            wants_array: false,
            max_tokens: None,
            prompt_characters: 0,
            may_hold_calls: true,
        }
    }

    /// The body as it came.
    #[must_use]
    pub const fn object(&self) -> &Object<'a> {
        &self.object
    }

    /// The limit that Ownkey sets where the client set none.
    #[must_use]
    pub fn limit(&self) -> Option<u64> {
        self.limit.filter(|_| self.max_tokens.is_none())
    }

    /// Sends this limit in place of none, so that a budget is kept; `None`: none.
    pub const fn limit_to(&mut self, max_tokens: Option<u64>) {
        self.limit = max_tokens;
    }

    /// How many answers it asks for.
    #[must_use]
    pub fn choices(&self) -> u64 {
        let of_gemini =
            |config: &[u8]| serde_json::from_slice::<Value>(config).ok()?.get("candidateCount").and_then(Value::as_u64);
        let candidates = self.object.get("generationConfig").and_then(of_gemini);
        // Of `best_of` answers all are paid for.
        [self.number("n"), self.number("best_of"), candidates].into_iter().flatten().fold(1, u64::max)
    }

    /// A field that is a whole number.
    #[must_use]
    pub fn number(&self, field: &str) -> Option<u64> {
        serde_json::from_slice(self.object.get(field)?).ok()
    }

    /// Whether the client sent `field` and it was not left out yet.
    #[must_use]
    pub fn may_leave_out(&self, field: &str) -> bool {
        self.without.is_empty() && self.object.get(field).is_some()
    }

    /// What all calls of this conversation have in common, where the client says
    /// so: the provider's cache of their prompts hangs on it.
    #[must_use]
    pub fn conversation(&self) -> Option<Cow<'a, str>> {
        ["prompt_cache_key", "safety_identifier", "user"]
            .into_iter()
            .find_map(|field| RawText::of_value(self.object.get(field)?).map(|text| text.text()))
            .filter(|text| !text.is_empty())
    }

    /// Leaves a field out: a custom endpoint named it in its refusal.
    pub fn leave_out(&mut self, field: &str) {
        self.without.push(field.to_owned());
    }

    /// Whether `field` is left out.
    #[must_use]
    pub fn is_left_out(&self, field: &str) -> bool {
        self.without.iter().any(|without| without == field)
    }

    /// The body without the fields that are left out, and their names.
    pub(super) fn without_left_out(&self) -> (Splice<'_, 'a>, Vec<String>) {
        let (mut splice, mut dropped) = (Splice::new(&self.object), Vec::new());
        for member in self.object.members().iter().filter(|member| self.is_left_out(&member.name)) {
            splice.remove(&member.name);
            dropped.push(member.name.to_string());
        }
        (splice, dropped)
    }

    /// Whether it is a body of Responses sent where chat completions are asked
    /// for, as Cursor does for newer models: `input` in place of `messages`. The
    /// answer is wanted as a chat: see [`super::choice::passes`].
    #[must_use]
    pub fn is_responses_shaped(&self) -> bool {
        self.object.get("input").is_some() && self.object.get("messages").is_none()
    }

    /// Whether functions come with it.
    #[must_use]
    pub fn has_tools(&self) -> bool {
        self.object.get("tools").is_some_and(|tools| !matches!(tools.trim_ascii(), b"null" | b"[]"))
    }
}

/// A body for the provider: of a long one the client's own bytes, with only what
/// is edited between them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prepared {
    /// What to send, piece after piece.
    pub pieces: Vec<Bytes>,
    /// The client's fields that are not in them.
    pub dropped: Vec<String>,
}

impl Prepared {
    /// A body in one piece.
    #[must_use]
    pub fn of(body: Bytes, dropped: Vec<String>) -> Self {
        Self { pieces: vec![body], dropped }
    }

    /// All of it in one piece.
    #[must_use]
    pub fn body(&self) -> Bytes {
        match &*self.pieces {
            [whole] => whole.clone(),
            pieces => pieces.concat().into(),
        }
    }
}

/// The top level of a body, checked.
///
/// # Errors
/// [`RequestError`], for what is no JSON object, or names a field twice.
pub(crate) fn scanned(body: &[u8]) -> Result<Object<'_>, RequestError> {
    json_scan::scan(body).map_err(|problem| RequestError {
        message: problem.to_string(),
        param: None,
        code: if matches!(problem, ScanError::Duplicate(_)) { "invalid_request" } else { "invalid_json" },
    })
}

/// The model that a body names.
///
/// # Errors
/// [`RequestError`] about `model`.
pub(crate) fn model_of<'a>(object: &Object<'a>) -> Result<Cow<'a, str>, RequestError> {
    let missing = || RequestError::invalid("model", "The field `model` is missing. Name the model to ask.");
    let no_text = || RequestError::invalid("model", "`model` is not a string. Send the model's name as text.");
    let value = object.get("model").ok_or_else(missing)?;
    checked_model(RawText::of_value(value).ok_or_else(no_text)?.text())
}

/// Whether a body asks for a stream.
///
/// # Errors
/// [`RequestError`] about `stream`.
pub(crate) fn asks_for_stream(object: &Object<'_>) -> Result<bool, RequestError> {
    let invalid = || RequestError::invalid("stream", "`stream` is not a boolean. Send true or false.");
    boolean(object.get("stream")).ok_or_else(invalid)
}

/// Absent and null are false; `None` is neither that nor a boolean.
pub(crate) fn boolean(value: Option<&[u8]>) -> Option<bool> {
    match value {
        None | Some(b"null" | b"false") => Some(false),
        Some(b"true") => Some(true),
        Some(_) => None,
    }
}

/// A model's name as it may be: not empty, not endless, without control
/// characters.
///
/// # Errors
/// [`RequestError`] about `model`.
pub(crate) fn checked_model(name: Cow<'_, str>) -> Result<Cow<'_, str>, RequestError> {
    let length = name.chars().count();
    if name.trim().is_empty() {
        return Err(RequestError::invalid("model", "`model` is empty. Name the model to ask."));
    }
    if length > MAX_MODEL_LENGTH {
        let message = format!("`model` is {length} characters long; at most {MAX_MODEL_LENGTH} are taken.");
        return Err(RequestError::invalid("model", message));
    }
    if name.chars().any(char::is_control) {
        return Err(RequestError::invalid("model", "`model` contains a control character. Send the plain name."));
    }
    Ok(name)
}
