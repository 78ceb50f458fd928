//! What clients ask, and how they are answered.

mod gemini;
mod openai;

use bytes::Bytes;
use domain::provider::WireName;
use domain::usage::estimated_tokens;

use super::provider::{self, Dialect};
use super::{EmbeddingAnswer, EmbeddingRequest, Encoding};
use crate::parameters::Unsupported;
use crate::wire::{ClientRequest, Fitting, Prepared, RequestError, UrlWords};

pub use openai::fit_answer;

/// The form of a client's question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// OpenAI's `/v1/embeddings`.
    OpenAi,
    /// Google's `:embedContent`: one text.
    GeminiOne,
    /// Google's `:batchEmbedContents`: a list of them.
    GeminiMany,
}

impl Form {
    /// The wire whose words refusals and errors use.
    #[must_use]
    pub const fn wire(self) -> WireName {
        match self {
            Self::OpenAi => WireName::OpenAiChat,
            Self::GeminiOne | Self::GeminiMany => WireName::Gemini,
        }
    }

    /// Whether the client's bytes can be passed to this provider.
    #[must_use]
    pub const fn passes_to(self, dialect: Dialect) -> bool {
        matches!(
            (self, dialect),
            (Self::OpenAi, Dialect::OpenAi | Dialect::Mistral) | (Self::GeminiOne | Self::GeminiMany, Dialect::Gemini)
        )
    }

    /// Reads as much of a body as Ownkey has to know.
    ///
    /// # Errors
    /// [`RequestError`], naming the field that is missing or malformed.
    pub fn read<'a>(self, body: &'a [u8], url: Option<UrlWords<'a>>) -> Result<ClientRequest<'a>, RequestError> {
        match self {
            Self::OpenAi => openai::read(body),
            Self::GeminiOne => gemini::read(body, url, false),
            Self::GeminiMany => gemini::read(body, url, true),
        }
    }

    /// Reads the whole body.
    ///
    /// # Errors
    /// [`RequestError`], for what does not have the shape of the API reference.
    pub fn to_neutral(self, request: &ClientRequest<'_>) -> Result<EmbeddingRequest, RequestError> {
        match self {
            Self::OpenAi => openai::to_neutral(request),
            Self::GeminiOne => gemini::to_neutral(request, false),
            Self::GeminiMany => gemini::to_neutral(request, true),
        }
    }

    /// The path and body for a provider that [`Form::passes_to`] says takes the
    /// client's bytes.
    ///
    /// # Errors
    /// [`Unsupported`], for a field that the provider cannot take.
    pub fn prepare(self, request: &ClientRequest<'_>, fitting: &mut Fitting<'_>) -> Result<Prepared, Unsupported> {
        match self {
            Self::OpenAi => openai::prepare(request, fitting),
            Self::GeminiOne | Self::GeminiMany => Ok(gemini::prepare(request, fitting.target.model)),
        }
    }

    /// The path below the provider's endpoint for what [`Form::prepare`] made.
    #[must_use]
    pub fn path(self, dialect: Dialect, model: &str) -> String {
        match self {
            Self::GeminiOne => crate::wire::gemini::embedding_path(model, false),
            Self::OpenAi | Self::GeminiMany => provider::path(dialect, model),
        }
    }

    /// Writes the answer. Where the provider counted nothing, what OpenAI's
    /// format demands is estimated.
    #[must_use]
    pub fn encode_answer(self, answer: &EmbeddingAnswer, request: &EmbeddingRequest) -> Bytes {
        match self {
            Self::OpenAi => {
                let estimate = || request.input.iter().map(super::Input::characters).sum();
                let prompt = answer.usage.map_or_else(|| estimated_tokens(estimate()), |usage| usage.prompt);
                openai::encode_answer(answer, request.encoding, prompt)
            }
            Self::GeminiOne => gemini::encode_answer(answer, false),
            Self::GeminiMany => gemini::encode_answer(answer, true),
        }
    }
}

/// The encoding that a client of OpenAI's format asked for.
fn encoding_of(word: Option<&str>) -> Option<Encoding> {
    match word {
        None | Some("float") => Some(Encoding::Float),
        Some("base64") => Some(Encoding::Base64),
        Some(_) => None,
    }
}
