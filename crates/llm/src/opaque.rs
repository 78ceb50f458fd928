//! Calls whose words Ownkey does not read: they go to OpenAI-like providers as
//! they came, but for the model's name, and their answers pass as they come.
//!
//! Source: OpenAI's API reference, November 2026; rerank as Cohere and vLLM have
//! it.

mod passage;
mod usage;

use std::borrow::Cow;

use bytes::Bytes;
use domain::ProviderId;
use http::HeaderValue;

use crate::json_scan::{RawText, Splice, quoted};
use crate::multipart::{self, Form};
use crate::wire::client_request::{checked_model, scanned};
use crate::wire::{ClientRequest, RequestError, Target, azure};

pub use passage::passage;
pub use usage::inspect;

/// The longest address below a family.
const MAX_TAIL_BYTES: usize = 100;

/// What is asked, by the first word of its address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// `/completions`: texts that go on, without roles.
    Completions,
    /// `/audio/…`: speech and transcriptions.
    Audio,
    /// `/images/…`: pictures made and edited.
    Images,
    /// `/moderations`: whether a text is allowed.
    Moderations,
    /// `/rerank`: texts in the order of their use.
    Rerank,
}

impl Family {
    /// Its address, and what all addresses below it begin with.
    #[must_use]
    pub const fn root(self) -> &'static str {
        match self {
            Self::Completions => "/completions",
            Self::Audio => "/audio",
            Self::Images => "/images",
            Self::Moderations => "/moderations",
            Self::Rerank => "/rerank",
        }
    }

    /// Whether this provider may have it. Whether it does, it says itself.
    #[must_use]
    pub const fn is_for(self, provider: ProviderId) -> bool {
        match provider {
            ProviderId::Anthropic | ProviderId::Google => false,
            // Its OpenAI layer has no more than this of them.
            ProviderId::Ollama => matches!(self, Self::Completions),
            _ => true,
        }
    }

    /// Whether its tokens are those of texts, which the price lists price.
    #[must_use]
    pub const fn counts_text(self) -> bool {
        matches!(self, Self::Completions | Self::Moderations | Self::Rerank)
    }

    /// Whether this provider bills nothing for it.
    ///
    /// Source: OpenAI's guide to moderation, “free to use”.
    #[must_use]
    pub const fn is_free_at(self, provider: ProviderId) -> bool {
        matches!((self, provider), (Self::Moderations, ProviderId::OpenAi))
    }

    /// The model that OpenAI takes where none is named.
    #[must_use]
    pub const fn default_model(self) -> Option<&'static str> {
        match self {
            Self::Moderations => Some("omni-moderation-latest"),
            _ => None,
        }
    }
}

/// An address of a family.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// Its first word.
    pub family: Family,
    path: String,
}

impl Route {
    /// The address of `family` with `tail` below it; `None`: a tail with anything
    /// but plain words in it, which could lead elsewhere.
    #[must_use]
    pub fn new(family: Family, tail: Option<&str>) -> Option<Self> {
        let Some(tail) = tail else { return Some(Self { family, path: family.root().to_owned() }) };
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        let is_word = |word: &str| !word.is_empty() && word.bytes().all(is_plain);
        let fits = tail.len() <= MAX_TAIL_BYTES && tail.split('/').all(is_word);
        fits.then(|| Self { family, path: format!("{}/{tail}", family.root()) })
    }

    /// The path below the target's endpoint.
    #[must_use]
    pub fn path(&self, target: &Target<'_>) -> Cow<'static, str> {
        azure::path(target, self.path.clone())
    }
}

/// What a client sent.
#[derive(Debug, Clone)]
pub struct Request<'a> {
    content: Content<'a>,
    /// The model as the client names it, or the family's own.
    pub model: Cow<'a, str>,
    /// Whether the answer is to come in pieces.
    pub stream: bool,
}

#[derive(Debug, Clone)]
enum Content<'a> {
    Json(Box<ClientRequest<'a>>),
    Form(Form),
}

/// The type of a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Media {
    /// JSON, or nothing said.
    Json,
    /// A form with this boundary.
    Form(String),
}

impl Media {
    /// What a `content-type` says; `None`: neither of the two.
    #[must_use]
    pub fn of(content_type: Option<&str>) -> Option<Self> {
        let Some(text) = content_type else { return Some(Self::Json) };
        let kind = text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        let is_json = kind.is_empty()
            || kind == "application/json"
            || (kind.starts_with("application/") && kind.ends_with("+json"));
        if is_json { Some(Self::Json) } else { multipart::boundary(text).map(Self::Form) }
    }
}

impl<'a> Request<'a> {
    /// The longest answer it asks for, in tokens.
    #[must_use]
    pub fn max_tokens(&self) -> Option<u64> {
        match &self.content {
            Content::Json(request) => request.number("max_tokens"),
            Content::Form(_) => None,
        }
    }

    /// How many answers it asks for.
    #[must_use]
    pub fn choices(&self) -> u64 {
        match &self.content {
            Content::Json(request) => request.choices(),
            Content::Form(_) => 1,
        }
    }

    /// Reads as much of a body as Ownkey has to know.
    ///
    /// # Errors
    /// [`RequestError`], naming the field that is missing or malformed.
    pub fn read(family: Family, media: &Media, body: &'a [u8]) -> Result<Self, RequestError> {
        match media {
            Media::Json => Self::of_json(family, body),
            Media::Form(boundary) => {
                let form = Form::read(body, boundary)?;
                let model = form.model.clone().map(Cow::Owned).or(family.default_model().map(Cow::Borrowed));
                let model = model.ok_or_else(no_model)?;
                Ok(Self { model, stream: form.stream, content: Content::Form(form) })
            }
        }
    }

    fn of_json(family: Family, body: &'a [u8]) -> Result<Self, RequestError> {
        let object = scanned(body)?;
        let model = match object.get("model").filter(|value| *value != b"null") {
            None => Cow::Borrowed(family.default_model().ok_or_else(no_model)?),
            Some(value) => {
                let text = RawText::of_value(value).ok_or_else(|| {
                    RequestError::invalid("model", "`model` is not a string. Send the model's name as text.")
                })?;
                checked_model(text.text())?
            }
        };
        // Speech says in its own way that its answer comes as events.
        let stream = object.get("stream") == Some(b"true") || object.get("stream_format") == Some(b"\"sse\"");
        let request = ClientRequest::new(object, model.clone(), stream);
        Ok(Self { content: Content::Json(Box::new(request)), model, stream })
    }

    /// What all calls of this conversation have in common, where the client says
    /// so.
    #[must_use]
    pub fn conversation(&self) -> Option<Cow<'a, str>> {
        match &self.content {
            Content::Json(request) => request.conversation(),
            Content::Form(_) => None,
        }
    }

    /// The client's bytes with this model, and what they are. `whole` is what was
    /// read; of a long one nothing is copied.
    #[must_use]
    pub fn with_model(&self, whole: &Bytes, model: &str) -> (Vec<Bytes>, Option<HeaderValue>) {
        match &self.content {
            Content::Json(request) => {
                let object = request.object();
                let mut splice = Splice::new(object);
                match object.get("model") {
                    Some(_) => splice.replace("model", quoted(model)),
                    None => splice.add("model", quoted(model)),
                }
                (splice.apply_over(whole), Some(HeaderValue::from_static("application/json")))
            }
            Content::Form(form) => (form.with_model(whole, model), HeaderValue::from_str(&form.content_type()).ok()),
        }
    }
}

fn no_model() -> RequestError {
    RequestError::invalid("model", "The field `model` is missing. Name the model to ask.")
}

/// The type of an answer, if it is one of those that are passed on; anything
/// else goes as bytes: a page would be one of ours to a browser.
#[must_use]
pub fn passed_type(content_type: &str) -> HeaderValue {
    const PASSED: [&str; 20] = [
        "application/json",
        "application/x-ndjson",
        "application/x-subrip",
        "audio/aac",
        "audio/flac",
        "audio/mp3",
        "audio/mpeg",
        "audio/ogg",
        "audio/opus",
        "audio/pcm",
        "audio/l16",
        "audio/wav",
        "audio/webm",
        "audio/x-wav",
        "image/jpeg",
        "image/png",
        "image/webp",
        "text/event-stream",
        "text/plain",
        "text/vtt",
    ];
    let kind = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let is_passed = PASSED.contains(&kind.as_str());
    let passed = Some(content_type).filter(|_| is_passed).and_then(|text| HeaderValue::from_str(text.trim()).ok());
    passed.unwrap_or(HeaderValue::from_static("application/octet-stream"))
}

#[cfg(test)]
mod tests;
